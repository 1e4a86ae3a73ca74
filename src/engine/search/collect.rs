//! The words of what waits to be indexed.

use std::collections::HashMap;

use crate::domain::policy::people::People;
use crate::domain::request::{Request, State};
use crate::domain::search::{WordSet, words_of};
use crate::engine::rule_book::RuleBook;
use crate::store::calls::CallRow;
use crate::store::records::PAGE_BYTES_MAX;
use crate::store::requests::Key;
use crate::store::search::index::Document;
use crate::store::search::remarks;
use crate::store::{AnyConnection, StoreError, calls, listing, requests};

/// Reads these requests and makes their words, of as many of the first as there is room for in memory.
pub(super) fn collect(
    conn: &mut AnyConnection,
    (book, people): (&RuleBook, &People),
    keys: &[Key],
) -> Result<Vec<Document>, StoreError> {
    // Before everything else, so that the words are at least as new as the version says.
    let versions = requests::versions(conn, keys)?;
    let (there, missing): (Vec<Key>, Vec<Key>) =
        keys.iter().cloned().partition(|key| versions.contains_key(key));
    let words = match words(conn, (book, people), &there) {
        Err(StoreError::Corrupt(_)) => one_by_one(conn, (book, people), &there)?,
        read => read?,
    };
    let missing = missing.into_iter().map(|key| Document { key, version: None, words: String::new() });
    let read = there.into_iter().zip(words).map(|(key, words)| {
        let version = versions.get(&key).copied();
        Document { key, version, words }
    });
    Ok(read.chain(missing).collect())
}

/// The words of the first of these requests, as many as there is room for.
fn words(
    conn: &mut AnyConnection,
    (book, people): (&RuleBook, &People),
    keys: &[Key],
) -> Result<Vec<String>, StoreError> {
    let mut requests = listing::load_requests(conn, keys)?;
    let place: HashMap<&Key, usize> = keys.iter().enumerate().map(|(at, key)| (key, at)).collect();
    requests.sort_by_key(|request| place.get(&key_of(request)).copied());
    if requests.len() < keys.len() {
        return Err(StoreError::Corrupt("a request that was there is gone".to_owned()));
    }
    let sizes = calls::read_bytes(conn, &requests)?;
    let mut sum = 0_i64;
    let fits = |request: &&Request| {
        let before = sum;
        sum = sum.saturating_add(sizes.get(&request.id).copied().unwrap_or_default());
        before == 0 || sum <= PAGE_BYTES_MAX
    };
    let room = requests.iter().take_while(fits).count();
    requests.truncate(room);
    let keys = &keys[..room];
    let mut calls = calls::list(conn, keys)?;
    let has_remarks = |request: &&Request| request.comments > 0 || request.state == State::Withdrawn;
    let remarked: Vec<Key> = requests.iter().filter(has_remarks).map(key_of).collect();
    let mut said: HashMap<Key, Vec<String>> = HashMap::new();
    for (key, text) in remarks::list(conn, &remarked)? {
        said.entry(key).or_default().push(text);
    }
    requests
        .iter()
        .map(|request| {
            let key = key_of(request);
            let missing = || StoreError::Corrupt(format!("{} has no call", request.id));
            let call = calls.remove(&key).ok_or_else(missing)?;
            let remarks = said.remove(&key).unwrap_or_default();
            words_of_one(conn, (book, people), (request, call, remarks))
        })
        .collect()
}

fn words_of_one(
    conn: &mut AnyConnection,
    (book, people): (&RuleBook, &People),
    (request, call, remarks): (&Request, CallRow, Vec<String>),
) -> Result<String, StoreError> {
    let pinned = book.pinned(conn, request)?;
    let task = call.unpack()?.task()?;
    // As somebody reads it who decides nothing about it.
    Ok(words_of(request, &pinned.shown(&task, false), &remarks, people).text())
}

/// The same, where one of them can't be read: that one is found by its id only.
fn one_by_one(
    conn: &mut AnyConnection,
    in_force: (&RuleBook, &People),
    keys: &[Key],
) -> Result<Vec<String>, StoreError> {
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        match words(conn, in_force, std::slice::from_ref(key)) {
            Ok(found) => all.extend(found),
            Err(StoreError::Corrupt(what)) => {
                tracing::error!(request.id = %key.1, what, "a request can't be read, and is indexed by its id only");
                all.push(WordSet::of_id(&key.0, key.1).text());
            }
            Err(other) => return Err(other),
        }
    }
    Ok(all)
}

fn key_of(request: &Request) -> Key {
    (request.org.clone(), request.id)
}
