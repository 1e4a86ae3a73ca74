//! Client certificates: TLS settings from their files, made again when the files have changed.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::domain::credential::ClientCertificate;
use crate::executor::tls::{Identity, client_config};

/// The time of the last change and the length of each of the two files.
type Stamp = [(SystemTime, u64); 2];

/// Which settings: by the target's `ca_file` and the credential's name.
type Key = (Option<PathBuf>, String);

/// Settings, and of which files.
type Made = (Stamp, Arc<ClientConfig>);

/// The settings that were made last.
#[derive(Clone, Default)]
pub(super) struct Certificates(Arc<Mutex<HashMap<Key, Made>>>);

impl Certificates {
    /// The TLS settings of a call with this certificate to a target that is trusted by `roots`.
    ///
    /// # Errors
    /// A clause that names the file.
    pub(super) async fn config(
        &self,
        (name, files): (&str, &ClientCertificate),
        (ca_file, roots): (Option<PathBuf>, Arc<RootCertStore>),
    ) -> Result<Arc<ClientConfig>, String> {
        let (kept, key, files) = (self.clone(), (ca_file, name.to_owned()), files.clone());
        let making = tokio::task::spawn_blocking(move || kept.config_here(key, &files, &roots)).await;
        making.unwrap_or_else(|_| Err("the reader failed".to_owned()))
    }

    fn config_here(
        &self,
        key: Key,
        files: &ClientCertificate,
        roots: &Arc<RootCertStore>,
    ) -> Result<Arc<ClientConfig>, String> {
        let stamp = [stamp(&files.certificates)?, stamp(&files.key)?];
        let mut kept = self.0.lock().map_err(|_| "its settings are gone".to_owned())?;
        if let Some((_, config)) = kept.get(&key).filter(|(known, _)| *known == stamp) {
            return Ok(Arc::clone(config));
        }
        let config = client_config(roots, Some(read(files)?));
        let config = Arc::new(config.map_err(|error| unfit(files, &error))?);
        kept.insert(key, (stamp, Arc::clone(&config)));
        Ok(config)
    }
}

/// Reads both files, and sees that they belong together.
pub(super) fn read(files: &ClientCertificate) -> Result<Identity, String> {
    let pem = |path: &Path| fs::read(path).map_err(|error| unreadable(path, &error.to_string()));
    let certificates =
        CertificateDer::pem_slice_iter(&pem(&files.certificates)?).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|_| unreadable(&files.certificates, "it is no PEM"))?;
    if certificates.is_empty() {
        return Err(unreadable(&files.certificates, "it holds no certificate"));
    }
    // Without what the parser says: it may repeat a part of the file.
    let key = PrivateKeyDer::from_pem_slice(&pem(&files.key)?);
    let key = key.map_err(|_| unreadable(&files.key, "it holds no private key in PEM"))?;
    client_config(&Arc::new(RootCertStore::empty()), Some((certificates.clone(), key.clone_key())))
        .map_err(|error| unfit(files, &error))?;
    Ok((certificates, key))
}

fn stamp(path: &Path) -> Result<(SystemTime, u64), String> {
    let stamp = fs::metadata(path).and_then(|found| Ok((found.modified()?, found.len())));
    stamp.map_err(|error| unreadable(path, &error.to_string()))
}

fn unreadable(path: &Path, why: &str) -> String {
    format!("the file {} can't be read: {why}", path.display())
}

fn unfit(files: &ClientCertificate, error: &rustls::Error) -> String {
    let (certificates, key) = (files.certificates.display(), files.key.display());
    format!("the files {certificates} and {key} can't be used together: {error}")
}
