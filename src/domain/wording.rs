//! How values and words are put into sentences.

use serde_json::Value;

/// The words with a capital letter at the front.
pub fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A JSON value in a sentence: a string without quotes, anything else as JSON writes it.
pub fn unquoted(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
