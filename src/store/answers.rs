//! The table `answers`: the raw answers of targets.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::columns::batch_insert;
use super::requests::{Key, key_texts, parse_id};
use super::schema::answers;
use super::{AnyConnection, StoreError, json};
use crate::domain::ids::RequestId;
use crate::domain::outcome::{PartWarning, TargetResponse};
use crate::domain::request::Request;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = answers)]
pub struct AnswerRow {
    /// The org.
    pub org_id: String,
    /// The request.
    pub request_id: String,
    /// The attempt it answers.
    pub attempt: i64,
    /// The HTTP status.
    pub status: i64,
    /// JSON: a list of `[name, value]`.
    pub headers: String,
    /// The body; empty if left out of a list.
    pub body: Vec<u8>,
    /// Length of the body in bytes.
    pub body_bytes: i64,
    /// Whether the answer was longer than the limit.
    pub cut: bool,
    /// JSON: a list of `{code, message}`.
    pub warnings: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WarningJson {
    code: String,
    message: String,
}

impl AnswerRow {
    /// The row of the answer to an attempt for the request `key`. Of very many headers, the first are kept.
    pub fn new(key: &Key, attempt: i64, answer: TargetResponse, warnings: &[PartWarning]) -> Self {
        let warning = |PartWarning { code, message }: &PartWarning| WarningJson {
            code: code.clone(),
            message: message.clone(),
        };
        let answer = answer.with_kept_headers();
        Self {
            org_id: key.0.to_string(),
            request_id: key.1.to_string(),
            attempt,
            status: i64::from(answer.status),
            headers: json::write(&answer.headers),
            body_bytes: i64::try_from(answer.body.len()).unwrap_or(i64::MAX),
            body: answer.body,
            cut: answer.cut,
            warnings: json::write(&warnings.iter().map(warning).collect::<Vec<_>>()),
        }
    }

    /// The headers as they came, names in lower case.
    pub fn headers(&self) -> Result<Vec<(String, String)>, StoreError> {
        json::read(&self.headers, "headers")
    }

    /// Parts that failed although the whole succeeded.
    pub fn warnings(&self) -> Result<Vec<PartWarning>, StoreError> {
        read_warnings(&self.warnings)
    }
}

fn read_warnings(text: &str) -> Result<Vec<PartWarning>, StoreError> {
    let warnings: Vec<WarningJson> = json::read(text, "warnings")?;
    let warning = |WarningJson { code, message }| PartWarning { code, message };
    Ok(warnings.into_iter().map(warning).collect())
}

/// What a list without answers says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerHead {
    /// The HTTP status.
    pub status: i64,
    /// Parts that failed although the whole succeeded.
    pub warnings: Vec<PartWarning>,
}

/// The heads of the answers to those of `requests` that were sent, by request.
pub fn heads(
    conn: &mut AnyConnection,
    requests: &[Request],
) -> Result<HashMap<RequestId, AnswerHead>, StoreError> {
    let shown = ShownAttempts::of(conn, requests)?;
    if shown.is_empty() {
        return Ok(HashMap::new());
    }
    let (orgs, ids) = key_texts(&shown.keys);
    let rows: Vec<(String, i64, i64, String)> = answers::table
        .filter(answers::org_id.eq_any(orgs).and(answers::request_id.eq_any(ids)))
        .filter(answers::attempt.eq_any(shown.numbers()))
        .select((answers::request_id, answers::attempt, answers::status, answers::warnings))
        .load(conn)?;
    let head = |(id, _, status, warnings): (String, i64, i64, String)| {
        Ok((parse_id(&id)?, AnswerHead { status, warnings: read_warnings(&warnings)? }))
    };
    rows.into_iter().filter(|(id, attempt, ..)| shown.has(id, *attempt)).map(head).collect()
}

/// Which attempt's answer is shown of each request: that of the attempt that decided the outcome, and before that
/// the latest one that was answered.
pub struct ShownAttempts {
    /// The requests that have one.
    pub keys: Vec<Key>,
    by_id: HashMap<String, i64>,
}

impl ShownAttempts {
    /// Those of `requests`; those without an attempt have none.
    pub fn of(conn: &mut AnyConnection, requests: &[Request]) -> Result<Self, StoreError> {
        let sent = requests.iter().filter(|request| request.sending.attempts > 0);
        let keys: Vec<Key> = sent.clone().map(|request| (request.org.clone(), request.id)).collect();
        let mut by_id = HashMap::new();
        let mut undecided = Vec::new();
        for request in sent {
            match request.sending.outcome_attempt {
                Some(attempt) => drop(by_id.insert(request.id.to_string(), attempt)),
                None if request.sending.attempts == 1 => drop(by_id.insert(request.id.to_string(), 1)),
                None => undecided.push((request.org.clone(), request.id)),
            }
        }
        if !undecided.is_empty() {
            let (orgs, ids) = key_texts(&undecided);
            let answered: Vec<(String, i64)> = answers::table
                .filter(answers::org_id.eq_any(orgs).and(answers::request_id.eq_any(ids)))
                .order(answers::attempt.asc())
                .select((answers::request_id, answers::attempt))
                .load(conn)?;
            by_id.extend(answered);
        }
        Ok(Self { keys, by_id })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Whether it is this attempt's answer that is shown of the request.
    pub fn has(&self, request_id: &str, attempt: i64) -> bool {
        self.by_id.get(request_id) == Some(&attempt)
    }

    /// The attempts' numbers.
    pub fn numbers(&self) -> Vec<i64> {
        let mut numbers: Vec<i64> = self.by_id.values().copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// The answer that is shown of one request, whole; `None` if there is none.
pub fn shown(conn: &mut AnyConnection, request: &Request) -> Result<Option<AnswerRow>, StoreError> {
    let shown = ShownAttempts::of(conn, std::slice::from_ref(request))?;
    let Some(attempt) = shown.numbers().pop() else { return Ok(None) };
    let key = (request.org.as_str(), request.id.to_string(), attempt);
    Ok(answers::table.find(key).get_result(conn).optional()?)
}

/// The answers that are shown; bodies of more than `bytes_max` stay in the table.
pub fn list(
    conn: &mut AnyConnection,
    shown: &ShownAttempts,
    bytes_max: i64,
) -> Result<Vec<AnswerRow>, StoreError> {
    let (orgs, ids) = key_texts(&shown.keys);
    let named = answers::org_id.eq_any(orgs).and(answers::request_id.eq_any(ids));
    let named = named.and(answers::attempt.eq_any(shown.numbers()));
    let mut rows: Vec<AnswerRow> =
        answers::table.filter(named.clone().and(answers::body_bytes.le(bytes_max))).load(conn)?;
    type WithoutBody = (String, String, i64, i64, String, i64, bool, String);
    let large: Vec<WithoutBody> = answers::table
        .filter(named.and(answers::body_bytes.gt(bytes_max)))
        .select((
            answers::org_id,
            answers::request_id,
            answers::attempt,
            answers::status,
            answers::headers,
            answers::body_bytes,
            answers::cut,
            answers::warnings,
        ))
        .load(conn)?;
    rows.extend(large.into_iter().map(
        |(org_id, request_id, attempt, status, headers, body_bytes, cut, warnings)| AnswerRow {
            org_id,
            request_id,
            attempt,
            status,
            headers,
            body: Vec::new(),
            body_bytes,
            cut,
            warnings,
        },
    ));
    rows.retain(|row| shown.has(&row.request_id, row.attempt));
    Ok(rows)
}

batch_insert!(pub fn insert(InsertAnswers, answers, AnswerRow), [
    org_id, request_id, attempt, status, headers, body, body_bytes, cut, warnings,
]);
