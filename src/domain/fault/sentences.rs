//! Sentences about calls that a type or the sender does not take.

use crate::domain::path;

pub const HEADER_NAME: &str = "Write a header name of letters, digits and !#$%&'*+-.^_`|~ only, at most 256.";

pub const HEADER_OF_COMPRESSION: &str =
    "Leave this header out; a compressed answer can't be read for its outcome.";

pub const HEADER_OF_REPEATS: &str = "Leave this header out; the engine fills it with the request's id, by which the target recognises a repeat.";

pub const HEADER_STEERS: &str = "Leave this header out: some servers let it change the method, path, host or sender of a call, and this request \
     type does not name it.";

pub fn path_segment(a_string: &str) -> String {
    let max = path::VALUE_BYTES_MAX;
    format!(
        "Write {a_string} of 1 to {max} bytes for this part of the path, neither . nor .. alone, nor before a ;."
    )
}

pub fn path_character(found: char) -> String {
    format!(
        "Leave out {}: this part of the path has letters, digits and {} only, unless the type's pattern names another \
         character.",
        path::shown(found),
        path::MARKS
    )
}

pub fn url_too_long(max: usize) -> String {
    format!("Shorten the path and the query: the whole URL has at most {max} bytes, escapes included.")
}

pub fn headers_too_long(max: usize) -> String {
    format!("Shorten the headers: all of them together have at most {max} bytes.")
}

pub fn media_type(media_type: &str) -> String {
    format!("Write {media_type}, the media type of this request type's body; its charset is utf-8.")
}

pub fn header_of_credential(credential: &str) -> String {
    format!("Leave this header out: calls of this type are sent with the credential {credential}.")
}

pub fn credential_not_for_target(credential: &str, origin: &str) -> String {
    format!("Name a target that the credential {credential} may go to; {origin} is none.")
}
