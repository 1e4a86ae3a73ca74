//! The way out: which origin and which address a call may go to, and a fresh connection to it.
//!
//! **Invariant:** a name is resolved once, every address is checked, and the connection goes to a checked
//! address, never to our own listener. There is no redirect, no proxy, no pool and no second try once a connection is open.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::domain::allowed_targets::{Origin, Scheme, Target, Targets};
use crate::domain::call::Call;
use crate::domain::credential::Credential;
use crate::domain::outcome::Exchange;
use crate::executor::credentials::{Credentials, Ready};
use crate::executor::exchange::{self, AttemptProgress, Transport};
use crate::executor::names;
use crate::executor::own_listener::{OwnListener, is_lack_here};
pub use crate::executor::tls::EgressError;
use crate::executor::tls::Trusts;

/// How many addresses of one name are tried.
const ADDRESSES_TRIED_MAX: usize = 4;

/// The target does not accept the credentials of a call.
const UNAUTHORIZED: u16 = 401;

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

/// Clears and sends calls.
pub struct Egress {
    targets: Arc<Targets>,
    limits: Limits,
    tls: Trusts,
    credentials: Credentials,
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
    /// Its credential has no value right now.
    NoCredential(String),
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
    /// The credential that it is sent with; empty without one.
    credential: Ready,
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
    /// Reads the certificate authorities that the targets need, and tries the files of client certificates.
    pub fn new(targets: Arc<Targets>, limits: Limits) -> Result<Self, EgressError> {
        let (tls, credentials) = (Trusts::new(&targets)?, Credentials::new(&targets)?);
        Ok(Self { targets, limits, tls, credentials, own: None })
    }

    /// Never calls this listener, whatever name leads to it.
    #[must_use]
    pub fn avoiding(mut self, own: OwnListener) -> Self {
        self.own = Some(own);
        self
    }

    /// Checks where a call would go: the allow-list, its credential, the name's addresses, each address. Then it has
    /// the credential's value read. Nothing is connected to the target yet.
    ///
    /// # Errors
    /// Why the call can't leave now, or must not.
    pub async fn clear(&self, call: &Call) -> Result<ClearedCall, NotCleared> {
        let (origin, _) = call.split_url().map_err(NotCleared::Refused)?;
        let target = self.targets.find(&origin);
        let target =
            target.ok_or_else(|| NotCleared::Refused(format!("{origin} is not on the allow-list")))?;
        let credential = self.allowed_credential(call, &origin).map_err(NotCleared::Refused)?;
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
        let credential = match credential {
            Some(named) => self.ready(named, target).await.map_err(NotCleared::NoCredential)?,
            None => Ready::default(),
        };
        let socket = socket_for(&addresses).map_err(|error| NotCleared::NoRoomHere(error.to_string()))?;
        let total_ms = self.limits.total_ms;
        Ok(ClearedCall { origin, addresses, socket, tls, credential, total_ms, since: None })
    }

    /// The credential that a call names, if it may go there. The error is a clause.
    fn allowed_credential(&self, call: &Call, origin: &Origin) -> Result<Option<&Credential>, String> {
        let Some(name) = call.credential() else { return Ok(None) };
        let known = self.targets.credential(name);
        let known = known.ok_or_else(|| format!("the credential {name} is not configured"))?;
        if known.may_go_to(origin) {
            Ok(Some(known))
        } else {
            Err(format!("the credential {name} may not go to {origin}"))
        }
    }

    async fn ready(&self, credential: &Credential, target: &Target) -> Result<Ready, String> {
        let trust = || (target.ca_file.clone(), Arc::clone(&self.tls.of(target.ca_file.as_ref()).roots));
        let trust = (target.scheme == Scheme::Https).then(trust);
        self.credentials.ready(credential, trust).await
    }

    /// Sends the call once over one fresh connection and reads the answer.
    ///
    /// Besides the call's own headers go out `host`, `user-agent` and `content-length`, which are made
    /// here, and `own_headers` (names in lower case), which are the engine's. The credential takes the place of
    /// the header that names it; a token that the target does not accept is not used again.
    pub async fn send(&self, cleared: ClearedCall, call: &Call, own_headers: &[(String, String)]) -> Sent {
        let token = cleared.credential.token();
        let sent = self.send_once(cleared, call, own_headers).await;
        if let Some(token) = token.filter(|_| status_of(&sent.exchange) == Some(UNAUTHORIZED)) {
            self.credentials.was_refused(&token).await;
        }
        sent
    }

    async fn send_once(&self, cleared: ClearedCall, call: &Call, own_headers: &[(String, String)]) -> Sent {
        let request = match call.split_url() {
            Ok((origin, path)) if origin == cleared.origin => {
                let set = cleared.credential.header.as_ref();
                exchange::build_request(call, (&origin.authority(), path), own_headers, set)
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
        let config = &self.tls.of(target.ca_file.as_ref()).plain;
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
        let ClearedCall { origin, addresses, socket, tls, credential, .. } = cleared;
        let tcp = self.connect_tcp(socket, &addresses, progress).await?;
        forget_after(&tcp, until).map_err(|error| format!("the connection broke: {}", error.kind()))?;
        let Some((config, name)) = tls else {
            return Ok(Box::new(tcp));
        };
        progress.enter("setting up TLS");
        let connector = TlsConnector::from(credential.tls.unwrap_or(config));
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

/// The status of an answer, as far as one came.
fn status_of(exchange: &Exchange) -> Option<u16> {
    match exchange {
        Exchange::Answered(answer) => Some(answer.status),
        Exchange::NoFullAnswer { partial, .. } => partial.as_ref().map(|partial| partial.status),
        Exchange::NotSent { .. } => None,
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
