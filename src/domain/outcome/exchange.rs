//! What happened on the wire.

use std::fmt;

/// Number of headers of an answer that are kept. The rules of a type are applied to all of them before.
pub const KEPT_HEADERS_MAX: usize = 100;

/// A target's HTTP response.
#[derive(Clone, PartialEq, Eq)]
pub struct TargetResponse {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case with their values, repeated headers as often as they came.
    pub headers: Vec<(String, String)>,
    /// The body as it came, not decompressed.
    pub body: Vec<u8>,
    /// Whether the body was longer than the limit; `body` then ends there.
    pub cut: bool,
}

impl TargetResponse {
    /// The answer with its first [`KEPT_HEADERS_MAX`] headers only.
    pub fn with_kept_headers(mut self) -> Self {
        self.headers.truncate(KEPT_HEADERS_MAX);
        self
    }

    /// The values of a header, whose name is given in any case.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}

/// Shows sizes only: headers and bodies may contain secrets, and this ends up in logs.
impl fmt::Debug for TargetResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("cut", &self.cut)
            .finish()
    }
}

/// How much of a call and of its answer went over the connection, in bytes of HTTP: those of TLS do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireBytes {
    /// Bytes of the call that the connection took.
    pub sent: u64,
    /// How many the call has, with its head.
    pub whole: u64,
    /// Bytes that came back.
    pub received: u64,
}

/// A sentence for people.
impl fmt::Display for WireBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, whole, received } = self;
        match sent {
            0 => write!(f, "It is not known how many of its {whole} bytes had left")?,
            sent if sent >= whole => write!(f, "All of its {whole} bytes had left")?,
            sent => write!(f, "{sent} of its {whole} bytes had left")?,
        }
        match received {
            0 => write!(f, ", and none came back."),
            received => write!(f, ", and {received} came back."),
        }
    }
}

/// What happened on the wire. A `reason` is a clause without capital and full stop that names the stage
/// and the kind of error, never what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Certainly no byte of the call left.
    NotSent {
        /// Why.
        reason: String,
    },
    /// Bytes left (or may have left), and no full answer came.
    NoFullAnswer {
        /// Why.
        reason: String,
        /// What had come until then, if there was at least a status.
        partial: Option<TargetResponse>,
        /// How far it went.
        bytes: WireBytes,
    },
    /// A full answer came, or one that was cut at the limit.
    Answered(TargetResponse),
}
