//! The rules of a type about headers and values of a 2xx answer.

use super::exchange::TargetResponse;
use super::raw_json::{Unreadable, find, items, scalar};
use super::scalars::are_equal;
use super::words::{WORDS_CHARS_MAX, codes_of, shorten};
use crate::domain::request_type::{AnswerRules, Steps};

/// What the answer says that failed, if anything: a clause.
pub(super) fn failure(
    answer: &TargetResponse,
    body: &str,
    rules: &AnswerRules,
) -> Result<Option<String>, Unreadable> {
    if let Some(what) = fail_header(answer, rules) {
        return Ok(Some(what));
    }
    for steps in &rules.failed_if_false {
        if says(body, steps, "false")? {
            return Ok(Some(format!("{} is false", steps.join("."))));
        }
    }
    for steps in &rules.failed_if_not_empty {
        let Some(list) = find(body, steps)? else { continue };
        let errors = items(list)?;
        if !errors.is_empty() {
            let codes = codes_of(errors.iter().map(|error| error.get()));
            return Ok(Some(format!("it lists {}{codes}", steps.join("."))));
        }
    }
    Ok(None)
}

/// What the answer lacks as proof that the call was carried out, if anything: a clause.
pub(super) fn missing_proof(body: &str, rules: &AnswerRules) -> Result<Option<String>, Unreadable> {
    for steps in &rules.done_if_true {
        if !says(body, steps, "true")? {
            return Ok(Some(format!("{} is not true", steps.join("."))));
        }
    }
    for steps in &rules.done_if_present {
        if find(body, steps)?.is_none_or(|value| value == "null") {
            return Ok(Some(format!("{} is missing", steps.join("."))));
        }
    }
    for rule in &rules.done_if_equals {
        if !find(body, &rule.at)?.is_some_and(|value| are_equal(value, &rule.equals)) {
            let wanted = shorten(&rule.equals, WORDS_CHARS_MAX);
            return Ok(Some(format!("{} is not {wanted}", rule.at.join("."))));
        }
    }
    Ok(None)
}

fn fail_header(answer: &TargetResponse, rules: &AnswerRules) -> Option<String> {
    rules.failed_if_header_above_zero.iter().find_map(|wanted| {
        let mut counts = answer.values(wanted).filter_map(|value| value.trim().parse::<f64>().ok());
        counts.find(|count| *count > 0.0).map(|count| format!("header {wanted} is {count}"))
    })
}

/// Whether the value at `steps` is this word, as a boolean or as a string in any case.
pub(super) fn says(body: &str, steps: &Steps, word: &str) -> Result<bool, Unreadable> {
    let Some(value) = find(body, steps)? else { return Ok(false) };
    Ok(scalar(value)?.is_some_and(|text| text.eq_ignore_ascii_case(word)))
}
