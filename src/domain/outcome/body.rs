//! The body of an answer, where rules are to be applied to it.

use super::exchange::TargetResponse;
use super::raw_json::{Unreadable, check};

/// An empty body has no members, like this one.
const NO_MEMBERS: &str = "{}";

/// The body as JSON text: whole, not encoded, and valid from end to end, so that nothing is overlooked.
///
/// # Errors
/// A clause about the answer, if it can't be read.
pub(super) fn read(answer: &TargetResponse) -> Result<&str, Unreadable> {
    if answer.cut {
        return Err(Unreadable(format!("the answer was cut after {} bytes", answer.body.len())));
    }
    if answer.body.is_empty() {
        return Ok(NO_MEMBERS);
    }
    if is_encoded(answer) {
        return Err(Unreadable::new("the answer has a content encoding"));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| Unreadable::new("the answer is not UTF-8"))?;
    // Some targets put a byte order mark in front; RFC 8259 lets a reader pass over it.
    let json = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json = json.trim_matches([' ', '\t', '\n', '\r']);
    check(json)?;
    Ok(json)
}

fn is_encoded(answer: &TargetResponse) -> bool {
    let mut encodings = answer.values("content-encoding").flat_map(|value| value.split(','));
    encodings.any(|encoding| !matches!(encoding.trim().to_ascii_lowercase().as_str(), "" | "identity"))
}
