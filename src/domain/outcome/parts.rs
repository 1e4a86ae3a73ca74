//! Answers that report on every part of a call.

use super::judgement::PartWarning;
use super::raw_json::{Unreadable, find, items, scalar};
use super::words::{CODE_CHARS_MAX, WORDS_CHARS_MAX, code, codes_of, shorten};
use crate::domain::request_type::Parts;
use crate::domain::wording::capitalised;

/// What the parts of an answer say.
pub(super) enum PartsResult {
    /// Every one failed: a clause.
    AllFailed(String),
    /// Some worked, or there is none: what is to be said of those that failed.
    SomeWorked(Vec<PartWarning>),
}

/// An answer that reports for each part: one that worked for some is executed, with warnings.
pub(super) fn judge_parts(body: &str, parts: &Parts) -> Result<PartsResult, Unreadable> {
    let items = match find(body, &parts.items)? {
        Some(list) => items(list)?,
        None => Vec::new(),
    };
    let mut failed: Vec<(&str, &str)> = Vec::new();
    for item in &items {
        // Only an object counts as an error.
        if let Some(error) = find(item.get(), &parts.error)?.filter(|error| error.starts_with('{')) {
            failed.push((item.get(), error));
        }
    }
    if !failed.is_empty() && failed.len() == items.len() {
        let codes = codes_of(failed.iter().map(|(_, error)| *error));
        return Ok(PartsResult::AllFailed(format!("every {} carries an error{codes}", parts.called)));
    }
    Ok(PartsResult::SomeWorked(failed.into_iter().map(|(item, error)| warning(item, error, parts)).collect()))
}

fn warning(item: &str, error: &str, parts: &Parts) -> PartWarning {
    // What can't be read of a sentence's parts is left out of the sentence.
    let text = |json: &str, steps: &[String]| {
        let found = find(json, steps).ok().flatten()?;
        scalar(found).ok().flatten()
    };
    let name = parts.name.as_ref().and_then(|steps| text(item, steps));
    let name = name.map(|name| shorten(&name, CODE_CHARS_MAX)).unwrap_or_else(|| "without a name".to_owned());
    let called = capitalised(&parts.called);
    let message = text(error, &["message".to_owned()]).map(|text| shorten(&text, WORDS_CHARS_MAX));
    let message = message.unwrap_or_else(|| "the target gave no message".to_owned());
    match code(error) {
        Some(code) => {
            PartWarning { message: format!("{called} {name} carries error {code}: {message}"), code }
        }
        None => PartWarning {
            message: format!("{called} {name} carries an error: {message}"),
            code: "error".to_owned(),
        },
    }
}
