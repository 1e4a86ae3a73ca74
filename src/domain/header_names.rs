//! Names of headers: which are well formed, and which a maker may not set.

use super::call::ENGINE_HEADERS;

/// Headers that belong to the connection, in lower case: a wrong one lets a second call slip in.
pub const CONNECTION_HEADERS: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Headers that say how the body is framed, written and sent: a wrong one lets a second call slip in, too.
const FRAMING_HEADERS: [&str; 3] = ["content-length", "content-encoding", "expect"];

/// Belongs to `traceparent`, which the engine sets.
const TRACE_STATE: &str = "tracestate";

/// A compressed answer would hide from the engine whether the target did what was asked.
const ACCEPT_ENCODING: &str = "accept-encoding";

/// Headers whose values are credentials.
const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// To what a header belongs that no maker may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderOwner {
    /// The engine sets it.
    Engine,
    /// It steers the connection or frames the body.
    Connection,
    /// It asks for a compressed answer.
    Compression,
}

/// To what this header belongs, in whatever case it is written; `None` if a maker may set it.
pub fn owner_of(name: &str) -> Option<HeaderOwner> {
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    if ENGINE_HEADERS.iter().any(is) || is(&TRACE_STATE) {
        Some(HeaderOwner::Engine)
    } else if CONNECTION_HEADERS.iter().chain(&FRAMING_HEADERS).any(is) {
        Some(HeaderOwner::Connection)
    } else if is(&ACCEPT_ENCODING) {
        Some(HeaderOwner::Compression)
    } else {
        None
    }
}

/// Whether HTTP allows this name.
pub fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether the value of this header is a credential.
pub fn is_credential(name: &str) -> bool {
    CREDENTIALS.iter().any(|known| known.eq_ignore_ascii_case(name))
}
