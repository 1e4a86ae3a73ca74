//! Rules of a type about sending again: after a call that was not carried out, and after one of which
//! nobody knows whether it was.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::answer::{AnswerRules, Steps, pointer, read_steps, status_of};
use super::classes::FieldClasses;
use super::parse::{Faults, Table};
use super::place::Place;
use super::scalar::{read_scalar, scalar_value};
use crate::domain::amount::Amount;
use crate::domain::header_names::{is_credential, is_token, owner_of};
use crate::domain::period;

/// Maximum length of the id by which a target recognises a repeat.
pub const REPEAT_ID_CHARS_MAX: usize = 256;

const ATTEMPTS_MAX: i64 = 1000;

/// Says what the body is, so it can't carry a key.
const CONTENT_TYPE: &str = "content-type";

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

impl RetryRules {
    /// Reads `[retry]`.
    pub(super) fn read(root: &Table<'_>, faults: &mut Faults) -> Self {
        let default = Self::default();
        let Some(retry) = root.table("retry", faults) else { return default };
        retry.allow(&["first_delay", "longest_delay", "attempts"], faults);
        let first_delay = retry.period("first_delay", faults).unwrap_or(default.first_delay);
        if first_delay > TimeDelta::hours(1) {
            faults.push(retry.at("first_delay"), "Write a delay from 1s to 1h.");
        }
        let longest_delay = retry.period("longest_delay", faults).unwrap_or(default.longest_delay);
        if longest_delay < first_delay || longest_delay > TimeDelta::days(1) {
            let wish = format!("Write a delay from {} to 1d.", period::text(first_delay));
            faults.push(retry.at("longest_delay"), wish);
        }
        let attempts = retry
            .get("attempts")
            .map(|value| value.as_i64().filter(|attempts| (1..=ATTEMPTS_MAX).contains(attempts)));
        if attempts == Some(None) {
            faults.push(retry.at("attempts"), format!("Write a whole number from 1 to {ATTEMPTS_MAX}."));
        }
        Self { first_delay, longest_delay, attempts: attempts.flatten() }
    }

    /// The rules as a definition has them; `None` for the defaults.
    pub(super) fn to_definition(&self) -> Option<Value> {
        let default = Self::default();
        let mut members = Map::new();
        if let Some(attempts) = self.attempts {
            members.insert("attempts".to_owned(), attempts.into());
        }
        if self.first_delay != default.first_delay {
            members.insert("first_delay".to_owned(), period::text(self.first_delay).into());
        }
        if self.longest_delay != default.longest_delay {
            members.insert("longest_delay".to_owned(), period::text(self.longest_delay).into());
        }
        (!members.is_empty()).then_some(Value::Object(members))
    }
}

/// By what the target recognises a repeat, so that an ambiguous call may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepeatRules {
    /// By this header (as the type spells it), which carries the request's id.
    KeyHeader(String),
    /// By an id in the call itself; a repeat gets an answer that says so.
    AlreadyDone(AlreadyDoneAnswer),
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
    /// The code, as the text of a JSON string, number or boolean.
    pub equals: String,
}

impl RepeatRules {
    /// Reads `[repeat]`. What it names must be public and may not contradict the rules about answers.
    pub(super) fn read(
        root: &Table<'_>,
        classes: &FieldClasses,
        answer: &AnswerRules,
        faults: &mut Faults,
    ) -> Option<Self> {
        let repeat = root.table("repeat", faults)?;
        repeat.allow(&["key_header", "id", "already_if"], faults);
        let names_an_answer = repeat.get("id").is_some() || repeat.get("already_if").is_some();
        match (repeat.get("key_header").is_some(), names_an_answer) {
            (true, false) => read_key_header(&repeat, classes, faults).map(Self::KeyHeader),
            (false, true) => {
                let id = read_id(&repeat, classes, faults);
                let already = read_already(&repeat, id, faults)?;
                if answer.list_status(already.status) {
                    let wish = "Take this status out of the lists in [answer], which are asked first.";
                    faults.push(format!("{}/status", repeat.at("already_if")), wish);
                }
                Some(Self::AlreadyDone(already))
            }
            (true, true) | (false, false) => {
                faults.push("/repeat", "Write key_header, or id and already_if, and not both.");
                None
            }
        }
    }

    /// The rules as a definition has them.
    pub(super) fn to_definition(&self) -> Value {
        match self {
            Self::KeyHeader(name) => json!({ "key_header": name }),
            Self::AlreadyDone(AlreadyDoneAnswer { id, status, at, equals }) => json!({
                "id": id.as_str(),
                "already_if": { "status": status, "at": pointer(at), "equals": scalar_value(equals) },
            }),
        }
    }

    /// The header that carries the request's id.
    pub fn key_header(&self) -> Option<&str> {
        match self {
            Self::KeyHeader(name) => Some(name),
            Self::AlreadyDone(_) => None,
        }
    }

    /// The id that a normalised task carries, as text: one spelling for equal numbers, and none for an
    /// empty text. Two ids that differ only in control characters count as one, which is the strict reading.
    pub fn id_of(&self, task: &Value) -> Option<String> {
        let place = match self {
            Self::KeyHeader(_) => return None,
            Self::AlreadyDone(already) => &already.id,
        };
        let text = match place.find(task)? {
            Value::String(text) => text.clone(),
            number @ Value::Number(_) => {
                Amount::from_json(number).map_or_else(|_| number.to_string(), |amount| amount.to_string())
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let printable: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        (!printable.is_empty()).then_some(printable)
    }
}

fn read_key_header(repeat: &Table<'_>, classes: &FieldClasses, faults: &mut Faults) -> Option<String> {
    let name = repeat.text("key_header", faults)?;
    let at = repeat.at("key_header");
    if !is_token(name) || name.len() > REPEAT_ID_CHARS_MAX {
        faults.push(at, "Write the name of a header, such as \"Idempotency-Key\".");
    } else if owner_of(name).is_some() || is_credential(name) || name.eq_ignore_ascii_case(CONTENT_TYPE) {
        faults.push(at, "Name another header; this one already has a meaning.");
    } else if classes.hide_header(name) {
        faults.push(at, "Name a header that is public: it carries the request's id.");
    }
    Some(name.to_owned())
}

fn read_id(repeat: &Table<'_>, classes: &FieldClasses, faults: &mut Faults) -> Option<Place> {
    let wish = "a pointer to the id in the task, such as /body/requestId.";
    let text = repeat.required_text("id", wish, faults)?;
    let place = faults.take(&repeat.at("id"), Place::parse(text))?;
    if place.is_wide() || place.is_header() {
        let wish = "Write a pointer to one value in /body, /queryParams or /pathParams.";
        faults.push(repeat.at("id"), wish);
    } else if classes.hide(&place.steps()) {
        let wish = "Name a field that is public: the id is compared with those of other requests.";
        faults.push(repeat.at("id"), wish);
    }
    Some(place)
}

fn read_already(repeat: &Table<'_>, id: Option<Place>, faults: &mut Faults) -> Option<AlreadyDoneAnswer> {
    let Some(already) = repeat.table("already_if", faults) else {
        faults.push(repeat.at("already_if"), "Add already_if with status, at and equals.");
        return None;
    };
    already.allow(&["status", "at", "equals"], faults);
    let status = already.get("status").and_then(|status| status_of(status, 200));
    if status.is_none() {
        faults.push(already.at("status"), "Write the status of this answer, from 200 to 599.");
    }
    let at = read_steps(&already, "at", "a JSON pointer to the code in the answer's body.", faults);
    let equals = read_scalar(&already, "equals", faults);
    Some(AlreadyDoneAnswer { id: id?, status: status?, at: at?, equals: equals? })
}

#[cfg(test)]
mod tests {
    use super::super::RequestType;
    use super::*;

    fn read(more: Value) -> Result<RequestType, Vec<String>> {
        let mut definition = json!({"name": "A", "call": {"method": "POST", "path": "/a"}});
        for (name, value) in more.as_object().unwrap() {
            definition[name] = value.clone();
        }
        let fields = |faults: Vec<crate::domain::fault::DefinitionFault>| {
            faults.into_iter().map(|fault| fault.field).collect()
        };
        RequestType::from_definition(&definition).map_err(fields)
    }

    fn faults(more: Value) -> Vec<String> {
        read(more).unwrap_err()
    }

    fn by_id(at: &str) -> RequestType {
        read(json!({"repeat": {"id": at, "already_if": {"status": 400, "at": "/errors/0/code", "equals": 809}}}))
            .unwrap()
    }

    fn is_recognised(read: &RequestType, task: &Value) -> bool {
        read.recognises_repeat(read.repeat_key(task).as_deref())
    }

    #[test]
    fn delays_and_attempts_have_limits_and_defaults() {
        let retry = |retry: Value| read(json!({ "retry": retry }));
        let usual = retry(json!({})).unwrap();
        assert_eq!(usual.retry, RetryRules::default());
        let same = retry(json!({"first_delay": "1s", "longest_delay": "300s"})).unwrap();
        assert_eq!(same.version, usual.version);
        assert_eq!(same.version, read(json!({})).unwrap().version);
        let patient = retry(json!({"first_delay": "1h", "longest_delay": "1d", "attempts": 1000})).unwrap();
        assert_eq!(patient.retry.first_delay, TimeDelta::hours(1));
        assert_eq!((patient.retry.longest_delay, patient.retry.attempts), (TimeDelta::days(1), Some(1000)));
        for (wrong, fields) in [
            (json!({"first_delay": "61m", "longest_delay": "1d"}), vec!["/retry/first_delay"]),
            (json!({"first_delay": 5}), vec!["/retry/first_delay"]),
            (json!({"first_delay": "100ms"}), vec!["/retry/first_delay"]),
            (json!({"first_delay": "10m"}), vec!["/retry/longest_delay"]),
            (json!({"first_delay": "10s", "longest_delay": "9s"}), vec!["/retry/longest_delay"]),
            (json!({"longest_delay": "25h"}), vec!["/retry/longest_delay"]),
            (json!({"attempts": 0}), vec!["/retry/attempts"]),
            (json!({"attempts": 1001}), vec!["/retry/attempts"]),
            (json!({"attempts": "3"}), vec!["/retry/attempts"]),
            (json!({"attempts": 1.5}), vec!["/retry/attempts"]),
            (json!({"again": true}), vec!["/retry/again"]),
        ] {
            assert_eq!(faults(json!({ "retry": wrong })), fields, "{wrong}");
        }
    }

    #[test]
    fn a_repeat_is_recognised_in_exactly_one_way() {
        let already = json!({"status": 400, "at": "/errors/0/code", "equals": 809});
        for (wrong, fields) in [
            (json!({}), vec!["/repeat"]),
            (json!({"key_header": "K", "id": "/body/a"}), vec!["/repeat"]),
            (json!({"key_header": "K", "already_if": already}), vec!["/repeat"]),
            (json!({"id": "/body/a"}), vec!["/repeat/already_if"]),
            (json!({ "already_if": already }), vec!["/repeat/id"]),
            (json!({"id": "/body/*/a", "already_if": already}), vec!["/repeat/id"]),
            (json!({"id": "/headers/X", "already_if": already}), vec!["/repeat/id"]),
            (json!({"id": "body/a", "already_if": already}), vec!["/repeat/id"]),
            (json!({"id": 5, "already_if": already}), vec!["/repeat/id"]),
            (
                json!({"id": "/body/a", "already_if": {}}),
                vec!["/repeat/already_if/status", "/repeat/already_if/at", "/repeat/already_if/equals"],
            ),
            (
                json!({"id": "/body/a", "already_if": {"status": 199, "at": "a", "equals": null, "or": 1}}),
                vec![
                    "/repeat/already_if/or",
                    "/repeat/already_if/status",
                    "/repeat/already_if/at",
                    "/repeat/already_if/equals",
                ],
            ),
            (json!({"key_header": "K", "more": 1}), vec!["/repeat/more"]),
        ] {
            assert_eq!(faults(json!({ "repeat": wrong })), fields, "{wrong}");
        }
        for status in ["failed_if_status", "unknown_if_status", "not_done_if_status"] {
            let listed = json!({
                "answer": {status: [400]}, "repeat": {"id": "/body/a", "already_if": already},
            });
            assert_eq!(faults(listed), ["/repeat/already_if/status"]);
        }
    }

    #[test]
    fn a_key_header_is_a_public_header_without_another_meaning() {
        for name in [
            "",
            "Key:",
            "K K",
            "Schlüssel",
            "Host",
            "X-Countersign-Request-Id",
            "traceparent",
            "Tracestate",
            "Content-Length",
            "Transfer-Encoding",
            "Accept-Encoding",
            "Content-Type",
            "Authorization",
            "X-API-Key",
            "cookie",
        ] {
            assert_eq!(faults(json!({"repeat": {"key_header": name}})), ["/repeat/key_header"], "{name}");
        }
        for hidden in ["/headers/idempotency-key", "/headers/*"] {
            let definition = json!({
                "fields": {"masked": [hidden]}, "repeat": {"key_header": "Idempotency-Key"},
            });
            assert_eq!(faults(definition), ["/repeat/key_header"]);
        }
        let read = read(json!({"repeat": {"key_header": "Idempotency-Key"}})).unwrap();
        assert_eq!(read.key_header(), Some("Idempotency-Key"));
        assert!(is_recognised(&read, &json!({})));
        assert_eq!(read.repeat_key(&json!({"headers": {"Idempotency-Key": "1"}})), None);
    }

    #[test]
    fn an_id_of_a_repeat_is_public() {
        for hidden in ["/body/card", "/body/card/id", "/body/*"] {
            let definition = json!({
                "fields": {"secret": [hidden]},
                "repeat": {"id": "/body/card/id", "already_if": {"status": 400, "at": "/code", "equals": "X"}},
            });
            assert_eq!(faults(definition), ["/repeat/id"], "{hidden}");
        }
    }

    #[test]
    fn a_call_is_recognised_by_the_id_that_it_carries_and_by_none_that_it_lacks() {
        let read = by_id("/body/requestId");
        for (id, key) in [
            (json!("R-1"), Some("R-1")),
            (json!(" R-1"), Some(" R-1")),
            (json!(17), Some("17")),
            (json!(17.0), Some("17")),
            (json!("17"), Some("17")),
            (json!("a\u{0}b"), Some("a\u{fffd}b")),
            (json!(""), None),
            (json!(null), None),
            (json!(true), None),
            (json!(["R-1"]), None),
            (json!({"id": "R-1"}), None),
        ] {
            let task = json!({"body": {"requestId": id}});
            assert_eq!(read.repeat_key(&task).as_deref(), key, "{id}");
            assert_eq!(is_recognised(&read, &task), key.is_some(), "{id}");
        }
        assert!(!is_recognised(&read, &json!({"body": {}})));
        assert!(!is_recognised(&by_id("/body/a"), &json!({})));
        let blind = super::tests::read(json!({})).unwrap();
        assert!(!is_recognised(&blind, &json!({"body": {"requestId": "R-1"}})));
    }
}
