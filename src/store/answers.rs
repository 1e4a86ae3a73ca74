//! The table `answers`: the raw answers of targets. Headers and body are packed, each for itself: a list reads some
//! headers without their bodies.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::columns::batch_insert;
use super::requests::{Key, key_columns};
use super::schema::answers;
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, json, packing};
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
    pub request_id: StoredId,
    /// The attempt it answers.
    pub attempt: i64,
    /// The HTTP status.
    pub status: i64,
    /// JSON, packed: a list of `[name, value]`.
    headers: Vec<u8>,
    /// Packed; empty if left out of a list.
    body: Vec<u8>,
    /// Length of the headers' JSON and the warnings, in bytes.
    pub head_bytes: i64,
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
        let (headers, warnings) =
            (json::write(&answer.headers), json::write(&warnings.iter().map(warning).collect::<Vec<_>>()));
        Self {
            org_id: key.0.to_string(),
            request_id: key.1.into(),
            attempt,
            status: i64::from(answer.status),
            head_bytes: bytes(headers.len() + warnings.len()),
            headers: packing::pack(headers.as_bytes()),
            body_bytes: bytes(answer.body.len()),
            body: packing::pack(&answer.body),
            cut: answer.cut,
            warnings,
        }
    }

    /// The headers as they came, names in lower case.
    pub fn headers(&self) -> Result<Vec<(String, String)>, StoreError> {
        let headers = self.unpack(&self.headers, self.head_bytes)?;
        json::read_bytes(&headers, "headers")
    }

    /// The body; `None` if it was left out of a list.
    pub fn body(&self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.body.is_empty() { Ok(None) } else { self.unpack(&self.body, self.body_bytes).map(Some) }
    }

    fn unpack(&self, packed: &[u8], bytes_max: i64) -> Result<Vec<u8>, StoreError> {
        let unpacked = packing::unpack(packed, usize::try_from(bytes_max).unwrap_or(0));
        unpacked
            .ok_or_else(|| StoreError::Corrupt(format!("{}: an answer can't be unpacked", self.request_id)))
    }

    /// Parts that failed although the whole succeeded.
    pub fn warnings(&self) -> Result<Vec<PartWarning>, StoreError> {
        read_warnings(&self.warnings)
    }
}

fn bytes(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
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
    let (orgs, ids) = key_columns(&shown.keys);
    let rows: Vec<(StoredId, i64, i64, String)> = answers::table
        .filter(answers::org_id.eq_any(orgs).and(answers::request_id.eq_any(ids)))
        .filter(answers::attempt.eq_any(shown.numbers()))
        .select((answers::request_id, answers::attempt, answers::status, answers::warnings))
        .load(conn)?;
    let head = |(id, _, status, warnings): (StoredId, i64, i64, String)| {
        Ok((id.into(), AnswerHead { status, warnings: read_warnings(&warnings)? }))
    };
    rows.into_iter().filter(|(id, attempt, ..)| shown.has(*id, *attempt)).map(head).collect()
}

/// Which attempt's answer is shown of each request: that of the attempt that decided the outcome, and before that
/// the latest one that was answered.
pub struct ShownAttempts {
    /// The requests that have one.
    pub keys: Vec<Key>,
    by_id: HashMap<StoredId, i64>,
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
                Some(attempt) => drop(by_id.insert(request.id.into(), attempt)),
                None if request.sending.attempts == 1 => drop(by_id.insert(request.id.into(), 1)),
                None => undecided.push((request.org.clone(), request.id)),
            }
        }
        if !undecided.is_empty() {
            let (orgs, ids) = key_columns(&undecided);
            let answered: Vec<(StoredId, i64)> = answers::table
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
    pub fn has(&self, request_id: StoredId, attempt: i64) -> bool {
        self.by_id.get(&request_id) == Some(&attempt)
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
    let key = (request.org.as_str(), StoredId::from(request.id), attempt);
    Ok(answers::table.find(key).get_result(conn).optional()?)
}

/// The answers that are shown; bodies of more than `bytes_max` stay in the table.
pub fn list(
    conn: &mut AnyConnection,
    shown: &ShownAttempts,
    bytes_max: i64,
) -> Result<Vec<AnswerRow>, StoreError> {
    let (orgs, ids) = key_columns(&shown.keys);
    let named = answers::org_id.eq_any(orgs).and(answers::request_id.eq_any(ids));
    let named = named.and(answers::attempt.eq_any(shown.numbers()));
    let mut rows: Vec<AnswerRow> =
        answers::table.filter(named.clone().and(answers::body_bytes.le(bytes_max))).load(conn)?;
    type WithoutBody = (String, StoredId, i64, i64, Vec<u8>, i64, i64, bool, String);
    let large: Vec<WithoutBody> = answers::table
        .filter(named.and(answers::body_bytes.gt(bytes_max)))
        .select((
            answers::org_id,
            answers::request_id,
            answers::attempt,
            answers::status,
            answers::headers,
            answers::head_bytes,
            answers::body_bytes,
            answers::cut,
            answers::warnings,
        ))
        .load(conn)?;
    rows.extend(large.into_iter().map(
        |(org_id, request_id, attempt, status, headers, head_bytes, body_bytes, cut, warnings)| AnswerRow {
            org_id,
            request_id,
            attempt,
            status,
            headers,
            body: Vec::new(),
            head_bytes,
            body_bytes,
            cut,
            warnings,
        },
    ));
    rows.retain(|row| shown.has(row.request_id, row.attempt));
    Ok(rows)
}

batch_insert!(pub fn insert(InsertAnswers, answers, AnswerRow), [
    org_id, request_id, attempt, status, headers, body, head_bytes, body_bytes, cut, warnings,
]);
