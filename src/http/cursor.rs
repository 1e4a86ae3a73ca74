//! Opaque cursors: the position after which a list continues, bound to the org, the filters and the order.
//!
//! A cursor is not a secret and grants nothing: a forged one still shows only rows of the reader's org.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::ApiError;
use crate::domain::code::Code;
use crate::domain::digest::Digest;
use crate::domain::ids::RequestId;
use crate::engine::queries::Position;

const FINGERPRINT_CHARS: usize = 16;

/// A short digest of what a cursor is bound to.
pub fn fingerprint(bound_to: &str) -> String {
    Digest::of(bound_to.as_bytes()).to_string().chars().rev().take(FINGERPRINT_CHARS).collect()
}

/// Writes a cursor.
pub fn write(fingerprint: &str, at: Option<i64>, id: &str) -> String {
    let at = at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    URL_SAFE_NO_PAD.encode(format!("{fingerprint} {at} {id}"))
}

/// The time and the id of the last row before the cursor.
pub fn read(cursor: &str, expected_fingerprint: &str) -> Result<(Option<i64>, String), ApiError> {
    let refused = || {
        let message = "This cursor belongs to another list. Start again without it.";
        ApiError::at(Code::CursorInvalid, "after", message)
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    let parts: Vec<&str> = text.split(' ').collect();
    let [found, at, id] = parts.as_slice() else { return Err(refused()) };
    let id = RequestId::parse(id).ok_or_else(refused)?;
    if *found != expected_fingerprint {
        return Err(refused());
    }
    let at = match *at {
        "-" => None,
        at => Some(at.parse().map_err(|_| refused())?),
    };
    Ok((at, id.to_string()))
}

/// Reads a cursor over requests.
pub fn read_position(cursor: &str, expected_fingerprint: &str) -> Result<Position, ApiError> {
    let (at, id) = read(cursor, expected_fingerprint)?;
    let id = RequestId::parse(&id).ok_or_else(ApiError::not_found)?;
    Ok(Position { at, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190b6f2-7a3c-7cc0-8000-000000000001";

    #[test]
    fn a_cursor_is_read_back_only_for_the_list_it_was_made_for() {
        let cursor = write("abc", Some(5), ID);
        assert_eq!(read(&cursor, "abc").unwrap(), (Some(5), ID.to_owned()));
        assert!(read(&cursor, "abd").is_err());
        assert!(read("nonsense", "abc").is_err());
        assert!(read("", "abc").is_err());
    }
}
