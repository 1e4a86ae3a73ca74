//! The way out: which origin and which address a call may go to, and a fresh connection to it.
//!
//! **Invariant:** a name is resolved once, every address is checked, and the connection goes to a checked
//! address, never to our own listener. There is no redirect, no proxy, no pool and no second try once a connection is open.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::domain::allowed_targets::{Origin, Scheme, Target, Targets};
use crate::domain::call::Call;
use crate::domain::outcome::Exchange;
use crate::executor::exchange::{self, AttemptProgress, Transport};
use crate::executor::names;
use crate::executor::own_listener::{OwnListener, is_lack_here};

/// How many addresses of one name are tried.
const ADDRESSES_TRIED_MAX: usize = 4;

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

/// How long a call may take and how much of an answer is kept.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For one DNS look-up.
    pub dns_ms: u64,
    /// For connecting to one address.
    pub connect_ms: u64,
    /// For all of it after the look-up: connecting, TLS, sending, the whole answer.
    pub total_ms: u64,
    /// How many bytes of an answer's body are kept; a longer one is cut.
    pub answer_bytes_max: usize,
}

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
}

/// Clears and sends calls.
pub struct Egress {
    targets: Arc<Targets>,
    limits: Limits,
    /// The TLS settings by `ca_file`; the key `None` is for the system's authorities.
    tls: HashMap<Option<PathBuf>, Arc<ClientConfig>>,
    /// Where no call may go; `None` in a process that does not serve.
    own: Option<OwnListener>,
}

/// Why a call is not cleared. Each reason is a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCleared {
    /// It must not go there.
    Refused(String),
    /// Its host has no address right now.
    NoAddress(String),
    /// This process has no descriptor or no memory left.
    NoRoomHere(String),
}

/// How a call went.
#[derive(Debug)]
pub struct Sent {
    /// What happened on the wire.
    pub exchange: Exchange,
    /// Whether its time was over before the answer was whole.
    pub has_timed_out: bool,
}

/// A call's way, checked: the origin is on the allow-list, and each address may be connected to.
#[derive(Debug)]
pub struct ClearedCall {
    origin: Origin,
    addresses: Vec<SocketAddr>,
    /// For the first address, so that a lack of descriptors shows before the attempt starts.
    socket: TcpSocket,
    /// For `https` only.
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    total_ms: u64,
    /// When the time limit of the whole call began; `None` if it begins with the sending.
    since: Option<Instant>,
}

impl ClearedCall {
    /// With a time limit that began when the attempt did: what is sent after it has passed, others take for not sent.
    #[must_use]
    pub fn since(self, since: Instant) -> Self {
        Self { since: Some(since), ..self }
    }

    /// With a limit of its own for the whole call, if there is one.
    #[must_use]
    pub fn within(mut self, total: Option<chrono::TimeDelta>) -> Self {
        let own = total.and_then(|total| u64::try_from(total.num_milliseconds()).ok());
        self.total_ms = own.unwrap_or(self.total_ms);
        self
    }

    /// The origin to which the call goes.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The addresses that will be tried, in this order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Egress {
    /// Reads the certificate authorities that the targets need.
    pub fn new(targets: Arc<Targets>, limits: Limits) -> Result<Self, EgressError> {
        let mut tls = HashMap::new();
        for target in targets.list.iter().filter(|target| target.scheme == Scheme::Https) {
            if !tls.contains_key(&target.ca_file) {
                let roots = match &target.ca_file {
                    Some(path) => roots_of_file(path)?,
                    None => system_roots(&target.host)?,
                };
                tls.insert(target.ca_file.clone(), Arc::new(client_config(roots)?));
            }
        }
        Ok(Self { targets, limits, tls, own: None })
    }

    /// Never calls this listener, whatever name leads to it.
    #[must_use]
    pub fn avoiding(mut self, own: OwnListener) -> Self {
        self.own = Some(own);
        self
    }

    /// Checks where a call would go: the allow-list, the name's addresses, each address. Nothing is
    /// connected yet.
    ///
    /// # Errors
    /// Why the call can't leave now, or must not.
    pub async fn clear(&self, call: &Call) -> Result<ClearedCall, NotCleared> {
        let (origin, _) = call.split_url().map_err(NotCleared::Refused)?;
        let target = self.targets.find(&origin);
        let target =
            target.ok_or_else(|| NotCleared::Refused(format!("{origin} is not on the allow-list")))?;
        let addresses = permitted(target, self.resolve(&origin).await?).map_err(NotCleared::Refused)?;
        for found in &addresses {
            let is_own = self.own.map_or(Ok(false), |own| own.is_at(*found));
            if is_own.map_err(|error| NotCleared::NoRoomHere(error.to_string()))? {
                let reason = format!("{} leads to {found}, where Countersign itself listens", target.host);
                return Err(NotCleared::Refused(reason));
            }
        }
        let tls = match origin.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(self.tls_for(target, &origin).map_err(NotCleared::Refused)?),
        };
        let socket = socket_for(&addresses).map_err(|error| NotCleared::NoRoomHere(error.to_string()))?;
        let total_ms = self.limits.total_ms;
        Ok(ClearedCall { origin, addresses, socket, tls, total_ms, since: None })
    }

    /// Sends the call once over one fresh connection and reads the answer.
    ///
    /// Besides the call's own headers go out `host`, `user-agent` and `content-length`, which are made
    /// here, and `own_headers` (names in lower case), which are the engine's.
    pub async fn send(&self, cleared: ClearedCall, call: &Call, own_headers: &[(String, String)]) -> Sent {
        let request = match call.split_url() {
            Ok((origin, path)) if origin == cleared.origin => {
                exchange::build_request(call, &origin.authority(), path, own_headers)
            }
            Ok(_) => Err("the call is not the one that was cleared".to_owned()),
            Err(reason) => Err(reason),
        };
        let request = match request {
            Ok(request) => request,
            Err(reason) => {
                return Sent { exchange: Exchange::NotSent { reason }, has_timed_out: false };
            }
        };
        let total_ms = cleared.total_ms;
        let until = cleared.since.unwrap_or_else(Instant::now) + Duration::from_millis(total_ms);
        let mut progress = AttemptProgress::until(until);
        let whole = async {
            let stream = self.connect(cleared, until, &mut progress).await?;
            exchange::run(stream, request, self.limits.answer_bytes_max, &mut progress).await
        };
        match timeout_at(until.into(), whole).await {
            Ok(Ok(())) => Sent { exchange: progress.end(None), has_timed_out: false },
            Ok(Err(reason)) if Instant::now() < until => {
                Sent { exchange: progress.end(Some(reason)), has_timed_out: false }
            }
            Ok(Err(_)) | Err(_) => {
                let reason = format!("the limit of {total_ms} ms passed while {}", progress.stage());
                Sent { exchange: progress.end(Some(reason)), has_timed_out: true }
            }
        }
    }

    async fn resolve(&self, origin: &Origin) -> Result<Vec<SocketAddr>, NotCleared> {
        if let Some(ip) = origin.literal() {
            return Ok(vec![SocketAddr::new(ip, origin.port)]);
        }
        let host = &origin.host;
        let dns_ms = self.limits.dns_ms;
        match timeout(Duration::from_millis(dns_ms), names::lookup(host, origin.port)).await {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) if is_lack_here(&error) => Err(NotCleared::NoRoomHere(error.kind().to_string())),
            Ok(Err(_)) => Err(NotCleared::NoAddress(format!("the name {host} could not be resolved"))),
            Err(_) => {
                Err(NotCleared::NoAddress(format!("the name {host} was not resolved within {dns_ms} ms")))
            }
        }
    }

    fn tls_for(
        &self,
        target: &Target,
        origin: &Origin,
    ) -> Result<(Arc<ClientConfig>, ServerName<'static>), String> {
        let config = self.tls.get(&target.ca_file).expect("`new` made settings for every https target");
        let name = match origin.literal() {
            Some(ip) => ServerName::from(ip),
            None => ServerName::try_from(origin.host.clone())
                .map_err(|_| format!("{} is not a name that a certificate can have", origin.host))?,
        };
        Ok((Arc::clone(config), name))
    }

    /// Connects to the first checked address that answers, and sets up TLS on it.
    async fn connect(
        &self,
        cleared: ClearedCall,
        until: Instant,
        progress: &mut AttemptProgress,
    ) -> Result<Box<dyn Transport>, String> {
        let ClearedCall { origin, addresses, socket, tls, .. } = cleared;
        let tcp = self.connect_tcp(socket, &addresses, progress).await?;
        forget_after(&tcp, until).map_err(|error| format!("the connection broke: {}", error.kind()))?;
        let Some((config, name)) = tls else {
            return Ok(Box::new(tcp));
        };
        progress.enter("setting up TLS");
        let connector = TlsConnector::from(config);
        match connector.connect(name, tcp).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(format!("TLS with {} failed: {error}", origin.authority())),
        }
    }

    async fn connect_tcp(
        &self,
        socket: TcpSocket,
        addresses: &[SocketAddr],
        progress: &mut AttemptProgress,
    ) -> Result<TcpStream, String> {
        progress.enter("connecting");
        let connect_ms = self.limits.connect_ms;
        let mut troubles = Vec::new();
        let mut reserved = Some(socket);
        for address in addresses {
            let socket = reserved.take().map_or_else(|| socket_for(&[*address]), Ok);
            let connecting = async { socket?.connect(*address).await };
            match timeout(Duration::from_millis(connect_ms), connecting).await {
                Ok(Ok(stream)) => {
                    // Only a latency matter: a call that is sent late is still sent.
                    stream.set_nodelay(true).ok();
                    return Ok(stream);
                }
                Ok(Err(error)) => troubles.push(format!("{} by {address}", error.kind())),
                Err(_) => troubles.push(format!("no connection to {address} within {connect_ms} ms")),
            }
        }
        Err(troubles.join(", "))
    }
}

/// Lets the kernel give up at `until` what it could not deliver. Else it goes on for many minutes, whether this process
/// lives or not, and a call could arrive long after everybody takes it for over.
#[cfg(target_os = "linux")]
fn forget_after(stream: &TcpStream, until: Instant) -> io::Result<()> {
    let left = until.saturating_duration_since(Instant::now()).as_millis().max(1);
    rustix::net::sockopt::set_tcp_user_timeout(stream, u32::try_from(left).unwrap_or(u32::MAX))?;
    Ok(())
}

/// Other systems have no such limit.
#[cfg(not(target_os = "linux"))]
fn forget_after(_: &TcpStream, _: Instant) -> io::Result<()> {
    Ok(())
}

/// A socket for the first of these addresses, of which there is at least one.
fn socket_for(addresses: &[SocketAddr]) -> io::Result<TcpSocket> {
    match addresses.first() {
        Some(SocketAddr::V6(_)) => TcpSocket::new_v6(),
        Some(SocketAddr::V4(_)) | None => TcpSocket::new_v4(),
    }
}

/// One denied address refuses the whole answer: it may have been planted to be picked.
pub(super) fn permitted(target: &Target, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, String> {
    if addresses.is_empty() {
        return Err(format!("the name {} has no address", target.host));
    }
    for address in &addresses {
        if let Err(class) = target.permits(address.ip()) {
            return Err(format!("{} has the address {}, of class {class}", target.host, address.ip()));
        }
    }
    addresses.truncate(ADDRESSES_TRIED_MAX);
    Ok(addresses)
}

fn client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
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
