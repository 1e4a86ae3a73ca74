//! The table `decisions`: who decided what. Rows are only ever added.

use std::collections::HashMap;

use diesel::prelude::*;

use super::by_key::load_by_key;
use super::columns::{batch_insert, person};
use super::request_parts::OfRequest;
use super::requests::{Key, key_of};
use super::schema::decisions;
use super::stored_bytes::{StoredDigest, StoredId};
use super::{AnyConnection, StoreError, from_micros, json, to_micros};
use crate::domain::conduct::Reading;
use crate::domain::ids::OrgId;
use crate::domain::request::{Decision, Request, Verdict};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = decisions)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct DecisionRow {
    pub org_id: String,
    pub request_id: StoredId,
    pub revision: i64,
    pub person_key: String,
    pub iss: String,
    pub sub: String,
    pub user_id: String,
    pub user_name: String,
    pub verdict: String,
    pub message: String,
    pub digest: StoredDigest,
    pub decided_at: i64,
    pub number: i64,
    pub stage: i64,
    pub capacities: String,
    pub act: String,
    pub opened_at: Option<i64>,
    pub unopened: bool,
}

impl DecisionRow {
    /// The row for a decision on the present revision of `request`, the `number`th from 0; nothing is known yet of how
    /// the checker read it.
    pub fn new(request: &Request, decision: &Decision, number: usize) -> Self {
        let checker = decision.checker.clone();
        Self {
            org_id: request.org.to_string(),
            request_id: request.id.into(),
            revision: request.revision,
            person_key: checker.key().into_text(),
            iss: checker.iss,
            sub: checker.sub,
            user_id: checker.user_id,
            user_name: checker.user_name,
            verdict: decision.verdict.name().to_owned(),
            message: decision.message.clone(),
            digest: StoredDigest(decision.digest),
            decided_at: to_micros(decision.at),
            number: i64::try_from(number).unwrap_or(i64::MAX),
            stage: i64::try_from(decision.stage).unwrap_or(i64::MAX),
            capacities: json::write(&json::capacities(&decision.capacities)),
            act: json::write(&json::people(&decision.act)),
            opened_at: None,
            unopened: false,
        }
    }

    /// The same with how the checker came to read what they decided.
    pub fn was_read(&mut self, reading: Option<Reading>) {
        (self.opened_at, self.unopened) = match reading {
            Some(Reading::Opened(at)) => (Some(to_micros(at)), false),
            Some(Reading::NotOpened) => (None, true),
            None => (None, false),
        };
    }

    /// The decision.
    pub fn into_decision(self) -> Result<Decision, StoreError> {
        let verdict = Verdict::parse(&self.verdict)
            .ok_or_else(|| StoreError::Corrupt(format!("verdict {}", self.verdict)))?;
        Ok(Decision {
            checker: person!(self, iss, sub, user_id, user_name),
            verdict,
            message: self.message,
            at: from_micros(self.decided_at)?,
            digest: self.digest.0,
            stage: usize::try_from(self.stage).map_err(|_| StoreError::Corrupt("stage".to_owned()))?,
            capacities: json::read_capacities(json::read::<Vec<String>>(&self.capacities, "capacities")?)?,
            act: json::read_people(json::read(&self.act, "act")?),
        })
    }
}

/// The decisions on the named requests in the named revisions, in their order.
pub fn list(
    conn: &mut AnyConnection,
    named: &[(Key, i64)],
) -> Result<HashMap<Key, Vec<Decision>>, StoreError> {
    let keys: Vec<Key> = named.iter().map(|(key, _)| key.clone()).collect();
    let revisions: HashMap<&Key, i64> = named.iter().map(|(key, revision)| (key, *revision)).collect();
    let mut rows = rows(conn, &keys)?;
    rows.sort_by_key(|row| (row.number, row.decided_at));
    let mut decided: HashMap<Key, Vec<Decision>> = HashMap::new();
    for row in rows {
        let key = row.request();
        if revisions.get(&key) == Some(&row.revision) {
            decided.entry(key).or_default().push(row.into_decision()?);
        }
    }
    Ok(decided)
}

/// A checker's decision on a revision, and what the pages know of how they read it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = decisions)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct ReadingRow {
    pub request_id: StoredId,
    pub revision: i64,
    pub iss: String,
    pub sub: String,
    pub opened_at: Option<i64>,
    pub unopened: bool,
}

impl ReadingRow {
    /// How the checker came to read what they decided; `None` if nothing is known of it.
    pub fn reading(&self) -> Result<Option<Reading>, StoreError> {
        let opened = self.opened_at.map(from_micros).transpose()?.map(Reading::Opened);
        Ok(opened.or(self.unopened.then_some(Reading::NotOpened)))
    }
}

/// What the pages know of how the decisions on these requests of an org were read, in no order.
pub fn readings(
    conn: &mut AnyConnection,
    org: &OrgId,
    ids: Vec<StoredId>,
) -> Result<Vec<ReadingRow>, StoreError> {
    let of_these = decisions::org_id.eq(org.as_str()).and(decisions::request_id.eq_any(ids));
    let known = decisions::opened_at.is_not_null().or(decisions::unopened.eq(true));
    Ok(decisions::table.filter(of_these.and(known)).select(ReadingRow::as_select()).load(conn)?)
}

impl OfRequest for DecisionRow {
    fn request(&self) -> Key {
        key_of(&self.org_id, self.request_id)
    }
}

load_by_key!(pub(super) fn rows(ReadDecisions, decisions) -> DecisionRow);

batch_insert!(pub fn insert(InsertDecisions, decisions, DecisionRow), [
    org_id, request_id, revision, person_key, iss, sub, user_id, user_name, verdict, message, digest,
    decided_at, number, stage, capacities, act, opened_at, unopened,
]);
