//! Rules of a type about sending again: after a call that was not carried out, and after one of which
//! nobody knows whether it was.

use chrono::TimeDelta;

use serde_json::Value;

use super::{Place, RequestType};
use super::answer::Steps;

/// How a call that was *not sent* or *not done* is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryRules {
    /// The delay before the second attempt; it doubles with each one more.
    pub first_delay: TimeDelta,
    /// No delay is longer.
    pub longest_delay: TimeDelta,
    /// The most attempts in all; `None` for no limit but the deadline. Repeats count, too.
    pub attempts: Option<i64>,
}

impl Default for RetryRules {
    fn default() -> Self {
        Self { first_delay: TimeDelta::seconds(1), longest_delay: TimeDelta::minutes(5), attempts: None }
    }
}

/// By what the target recognises a repeat, so that an ambiguous call may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepeatRules {
    /// By this header (in lower case), which carries the request's id.
    KeyHeader(String),
    /// By an id in the call itself; a repeat gets an answer that says so.
    AlreadyDone(AlreadyDoneAnswer),
}

impl RequestType {
    /// By what the target recognises a repeat of this task's call: the id in it.
    pub fn repeat_key(&self, task: &Value) -> Option<String> {
        let RepeatRules::AlreadyDone(answer) = self.repeat.as_ref()? else { return None };
        match answer.id.find(task)? {
            Value::String(text) => (!text.is_empty()).then(|| text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// The answer of a target that had the call already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlreadyDoneAnswer {
    /// Where the call carries its id.
    pub id: Place,
    /// The status of the answer.
    pub status: u16,
    /// Where the answer's body has the code.
    pub at: Steps,
    /// The code, as the text of a JSON number or string.
    pub equals: String,
}
