//! Comments: what people say about a request that decides nothing.

use super::{EventKind, Refusal};
use crate::domain::request::Request;
use crate::domain::words::{Words, WordsFault};

/// The most comments on one request.
pub const COMMENTS_MAX: i64 = 100;

/// The words of a comment.
///
/// # Errors
/// They are no [`Words`], or nobody can see any of them.
pub fn words_of_comment(text: &str) -> Result<Words, WordsFault> {
    Words::new(text)
        .and_then(|words| if words.is_blank() { Err(WordsFault::CommentIsBlank) } else { Ok(words) })
}

/// Whether a comment on `request` is taken: until it ends, and as long as there is room. Everybody who may read the
/// request may comment on it.
///
/// # Errors
/// Why not.
pub fn may_comment(request: &Request) -> Result<(), Refusal> {
    if request.state.is_final() {
        return Err(Refusal::Closed { state: request.state });
    }
    if request.comments >= COMMENTS_MAX { Err(Refusal::TooManyComments) } else { Ok(()) }
}

/// What a comment does.
pub(super) fn comment(request: &Request, words: &Words) -> Result<EventKind, Refusal> {
    may_comment(request)?;
    Ok(EventKind::Commented { message: words.as_str().to_owned() })
}
