//! TLS with targets: which authorities are trusted for which target, and which client certificate it is shown.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::domain::allowed_targets::{Scheme, Targets};

/// Where Linux distributions keep the system's certificates. The list is here because the usual
/// search prefers environment variables, and those must not change which authorities are trusted.
const SYSTEM_BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/cert.pem",
];

/// Why the way out can't be built.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The system has no certificate authorities, and an `https` target without `ca_file` needs them.
    #[error("the system has no certificate authorities, and the https target {host} names no ca_file")]
    NoAuthorities {
        /// The target's host.
        host: String,
    },
    /// A `ca_file` can't be read, or contains no certificate.
    #[error("ca_file {path} {trouble}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        trouble: String,
    },
    /// The TLS library refuses its own settings.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// The client that gets tokens can't be built.
    #[error("the client for token endpoints can't be set up")]
    TokenClient(#[from] reqwest::Error),
    /// The files of a client certificate can't be used.
    #[error("the credential {name} can't be used: {trouble}")]
    Credential {
        /// The credential's name.
        name: String,
        /// What is wrong with it.
        trouble: String,
    },
}

/// A client's certificates and its private key.
pub(super) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What is trusted for the targets with one `ca_file`, and the settings for calls there without a client certificate.
pub(super) struct Trust {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) plain: Arc<ClientConfig>,
}

/// What is trusted, by `ca_file`; the key `None` is for the system's authorities.
pub(super) struct Trusts(HashMap<Option<PathBuf>, Trust>);

impl Trusts {
    /// Reads the certificate authorities that the targets need.
    pub(super) fn new(targets: &Targets) -> Result<Self, EgressError> {
        let mut read = HashMap::new();
        for target in targets.list.iter().filter(|target| target.scheme == Scheme::Https) {
            if !read.contains_key(&target.ca_file) {
                let roots = match &target.ca_file {
                    Some(path) => roots_of_file(path)?,
                    None => system_roots(&target.host)?,
                };
                let roots = Arc::new(roots);
                let plain = Arc::new(client_config(&roots, None)?);
                read.insert(target.ca_file.clone(), Trust { roots, plain });
            }
        }
        Ok(Self(read))
    }

    /// What is trusted for the https targets with this `ca_file`.
    pub(super) fn of(&self, ca_file: Option<&PathBuf>) -> &Trust {
        self.0.get(&ca_file.cloned()).expect("`new` made settings for every https target")
    }
}

/// The settings for calls to targets that these authorities vouch for, by this client if there is one.
pub(super) fn client_config(
    roots: &Arc<RootCertStore>,
    identity: Option<Identity>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(Arc::clone(roots));
    let mut config = match identity {
        Some((certificates, key)) => config.with_client_auth_cert(certificates, key)?,
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // One attempt must not depend on what an earlier one left behind.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

fn roots_of_file(path: &Path) -> Result<RootCertStore, EgressError> {
    let fault = |trouble: String| EgressError::CaFile { path: path.to_owned(), trouble };
    let pem = std::fs::read(path).map_err(|error| fault(format!("can't be read: {error}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| fault(format!("is no PEM: {error}")))?;
        roots.add(certificate).map_err(|error| fault(format!("contains a bad certificate: {error}")))?;
    }
    if roots.is_empty() { Err(fault("contains no certificate".to_owned())) } else { Ok(roots) }
}

fn system_roots(host: &str) -> Result<RootCertStore, EgressError> {
    let bundle = SYSTEM_BUNDLES.into_iter().map(Path::new).find(|path| path.exists());
    let found = match bundle {
        Some(bundle) => rustls_native_certs::load_certs_from_paths(Some(bundle), None),
        None => rustls_native_certs::load_native_certs(),
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() { Err(EgressError::NoAuthorities { host: host.to_owned() }) } else { Ok(roots) }
}
