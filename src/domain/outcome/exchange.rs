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
    },
    /// A full answer came, or one that was cut at the limit.
    Answered(TargetResponse),
}
