//! What other tables have of a request: decisions, words about its outcome, and its earlier revisions.

use std::collections::HashMap;

use super::decisions::DecisionRow;
use super::requests::{Key, RequestRow};
use super::send_backs::SendBackRow;
use super::{AnyConnection, StoreError, decisions, revisions, send_backs, settlement_words};
use crate::domain::request::{Decision, Request, VERSION_ON_ARRIVAL};
use crate::domain::revision::{Revision, SentBack};
use crate::domain::settlement::SettlementWord;

/// What a request has beside its own row. None of it, right after its submission.
#[derive(Clone, Debug, Default)]
pub struct RequestParts {
    /// The decisions on the present revision, in their order.
    pub decisions: Vec<Decision>,
    /// What people said about its unknown outcome, in their order.
    pub settlement: Vec<SettlementWord>,
    /// The revisions before the present one, in their order.
    pub earlier: Vec<Revision>,
    /// How the present revision was sent back.
    pub sent_back: Option<SentBack>,
}

/// The requests of these rows, in their order, with everything that other tables have of them. Only those tables are
/// read that have something.
pub fn complete(conn: &mut AnyConnection, page: Vec<RequestRow>) -> Result<Vec<Request>, StoreError> {
    if page.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Key> = page.iter().map(RequestRow::key).collect();
    let with = |is_there: fn(&RequestRow) -> bool| -> Vec<Key> {
        let those = page.iter().zip(&keys).filter(|(row, _)| is_there(row));
        those.map(|(_, key)| key.clone()).collect()
    };
    let mut decided = by_key(decisions::rows(conn, &with(|row| row.version > VERSION_ON_ARRIVAL))?);
    let sent_back = with(|row| row.send_backs > 0);
    let mut send_backs = by_key(send_backs::rows(conn, &sent_back)?);
    let mut earlier = by_key(revisions::rows(conn, &with(|row| row.revision > 1))?);
    let mut said = settlement_words::list(conn, &page)?;
    let whole = |(row, key): (RequestRow, &Key)| {
        let (mut decisions, mut sent_back) =
            (decided.remove(key).unwrap_or_default(), send_backs.remove(key).unwrap_or_default());
        let earlier = earlier.remove(key).unwrap_or_default().into_iter().map(|revision| {
            let number = revision.revision;
            let decisions = decisions_on(&mut decisions, number)?;
            revision.into_revision(decisions, sent_back_at(&mut sent_back, number)?)
        });
        let mut earlier: Vec<Revision> = earlier.collect::<Result<_, StoreError>>()?;
        earlier.sort_unstable_by_key(|revision| revision.number);
        let number = row.revision;
        row.into_request(RequestParts {
            decisions: decisions_on(&mut decisions, number)?,
            settlement: said.remove(key).unwrap_or_default(),
            earlier,
            sent_back: sent_back_at(&mut sent_back, number)?,
        })
    };
    page.into_iter().zip(&keys).map(whole).collect()
}

/// A row of a table that has rows of requests.
pub(super) trait OfRequest {
    /// Names the request.
    fn request(&self) -> Key;
}

fn by_key<R: OfRequest>(rows: Vec<R>) -> HashMap<Key, Vec<R>> {
    let mut found: HashMap<Key, Vec<R>> = HashMap::new();
    for row in rows {
        found.entry(row.request()).or_default().push(row);
    }
    found
}

fn decisions_on(rows: &mut Vec<DecisionRow>, revision: i64) -> Result<Vec<Decision>, StoreError> {
    let mut on: Vec<DecisionRow> = rows.extract_if(.., |row| row.revision == revision).collect();
    on.sort_by_key(|row| (row.number, row.decided_at));
    on.into_iter().map(DecisionRow::into_decision).collect()
}

fn sent_back_at(rows: &mut Vec<SendBackRow>, revision: i64) -> Result<Option<SentBack>, StoreError> {
    let found = rows.iter().position(|row| row.revision == revision);
    found.map(|at| rows.swap_remove(at).into_sent_back()).transpose()
}
