//! Whole requests: with what will be sent and what came back. How much of them is read is limited in bytes.

use std::collections::HashMap;

use diesel::prelude::*;

use super::answers::{self, AnswerRow, ShownAttempts};
use super::calls::{self, CallRow};
use super::requests::{Key, key_columns};
use super::schema;
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError};
use crate::domain::ids::RequestId;
use crate::domain::request::Request;

/// A request with what will be sent and what came back.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its current state.
    pub request: Request,
    /// What will be sent.
    pub call: CallRow,
    /// What came back.
    pub answer: Option<AnswerRow>,
}

/// Longest answer that a list includes, in bytes; longer ones are left out and marked.
pub const LIST_ANSWER_BYTES_MAX: i64 = 16 * 1024;

/// The most that a page of a list reads of calls and answers, in bytes; its first request is whole in any case.
pub const PAGE_BYTES_MAX: i64 = 4 * 1024 * 1024;

/// The first requests of a page, whole, and those for which it has no room.
#[derive(Debug)]
pub struct BoundedPage {
    /// As many as [`PAGE_BYTES_MAX`] allows, in the page's order.
    pub records: Vec<Record>,
    /// The others, in the page's order.
    pub rest: Vec<Request>,
}

/// One request, with its whole answer.
pub fn whole(conn: &mut AnyConnection, request: Request) -> Result<Record, StoreError> {
    let call = calls::find(conn, &(request.org.clone(), request.id))?;
    let answer = answers::shown(conn, &request)?;
    Ok(Record { request, call, answer })
}

/// The requests of a page, whole, with short answers, as long as there is room for them.
pub fn bounded(conn: &mut AnyConnection, mut page: Vec<Request>) -> Result<BoundedPage, StoreError> {
    let sizes = sizes(conn, &page)?;
    let mut sum = 0_i64;
    let mut room = 0;
    for request in &page {
        sum = sum.saturating_add(sizes.get(&request.id).copied().unwrap_or_default());
        if room > 0 && sum > PAGE_BYTES_MAX {
            break;
        }
        room += 1;
    }
    let rest = page.split_off(room);
    Ok(BoundedPage { records: complete(conn, page)?, rest })
}

/// What a list would read of each request, in bytes, by id. The database knows it without reading the bytes.
fn sizes(conn: &mut AnyConnection, page: &[Request]) -> Result<HashMap<RequestId, i64>, StoreError> {
    if page.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sizes = calls::read_bytes(conn, page)?;
    let shown = ShownAttempts::of(conn, page)?;
    if shown.is_empty() {
        return Ok(sizes);
    }
    let (orgs, ids) = key_columns(&shown.keys);
    let answers = schema::answers::table
        .filter(schema::answers::org_id.eq_any(orgs).and(schema::answers::request_id.eq_any(ids)))
        .filter(schema::answers::attempt.eq_any(shown.numbers()))
        .select((
            schema::answers::request_id,
            schema::answers::attempt,
            schema::answers::body_bytes,
            schema::answers::head_bytes,
        ));
    for (id, attempt, body_bytes, others) in answers.load::<(StoredId, i64, i64, i64)>(conn)? {
        if !shown.has(id, attempt) {
            continue;
        }
        let body_bytes = if body_bytes > LIST_ANSWER_BYTES_MAX { 0 } else { body_bytes };
        *sizes.entry(id.into()).or_default() += body_bytes + others;
    }
    Ok(sizes)
}

fn keys<'a>(requests: impl Iterator<Item = &'a Request>) -> Vec<Key> {
    requests.map(|request| (request.org.clone(), request.id)).collect()
}

/// Adds what is in the other tables, keeping the page's order; of answers, the short ones.
fn complete(conn: &mut AnyConnection, page: Vec<Request>) -> Result<Vec<Record>, StoreError> {
    if page.is_empty() {
        return Ok(Vec::new());
    }
    let mut calls = calls::list(conn, &keys(page.iter()))?;
    let shown = ShownAttempts::of(conn, &page)?;
    let answered =
        if shown.is_empty() { Vec::new() } else { answers::list(conn, &shown, LIST_ANSWER_BYTES_MAX)? };
    let mut answers: HashMap<_, AnswerRow> =
        answered.into_iter().map(|row| (RequestId::from(row.request_id), row)).collect();
    page.into_iter()
        .map(|request| {
            let key = (request.org.clone(), request.id);
            let call =
                calls.remove(&key).ok_or_else(|| StoreError::Corrupt(format!("{} has no call", key.1)))?;
            let answer = answers.remove(&key.1);
            Ok(Record { request, call, answer })
        })
        .collect()
}
