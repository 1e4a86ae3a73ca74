//! The table `requests`: the current state of each request.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::by_key::{load_by_key, lock_by_key};
use super::columns::{Columns, batch_update, columns, person};
use super::compact_text::CompactText;
use super::request_parts::RequestParts;
use super::schema::requests;
use super::stored_bytes::{StoredDigest, StoredId};
pub use super::terms::BriefTerms;
use super::{AnyConnection, StoreError, from_micros, terms, to_micros};
use crate::domain::actor::Person;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::policy::Capacity;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{Request, State};
use crate::domain::sending::Sending;
use crate::domain::submission::EntityInfo;

/// The states of [`State::is_open`].
pub(super) const OPEN_STATES: [&str; 4] = ["AdminTask", "sent_back", "approved", "unknown"];

/// Names one request; rows are locked in this order.
pub type Key = (OrgId, RequestId);

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = requests)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct RequestRow {
    pub org_id: String,
    pub request_id: StoredId,
    pub request_type: String,
    pub type_version: CompactText,
    pub state: String,
    pub version: i64,
    pub attempts: i64,
    pub digest: StoredDigest,
    pub host: String,
    pub maker_iss: String,
    pub maker_sub: String,
    pub maker_user_id: String,
    pub maker_user_name: String,
    pub maker_key: String,
    pub till_id: String,
    pub store_id: String,
    pub zone_id: String,
    pub concept_id: String,
    pub started_at: i64,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
    pub terms: String,
    pub subject: Option<String>,
    pub waits_for: String,
    pub sort_at: i64,
    pub execute_before: Option<i64>,
    pub repeat_key: Option<String>,
    pub open_attempt: bool,
    pub ambiguous: i64,
    pub next_attempt_at: Option<i64>,
    pub next_attempt_reason: Option<String>,
    pub outcome_attempt: Option<i64>,
    pub inferred: bool,
    pub settlement_words: i64,
    pub repeat_of: Option<StoredId>,
    pub repeated_by: Option<StoredId>,
    pub probes: i64,
    pub last_probe: Option<String>,
    pub revision: i64,
    pub revised_at: Option<i64>,
    pub send_backs: i64,
    pub comments: i64,
}

impl From<&Request> for RequestRow {
    fn from(request: &Request) -> Self {
        let (maker, entity) = (request.maker.clone(), request.entity.clone());
        let sending = &request.sending;
        Self {
            org_id: request.org.to_string(),
            request_id: request.id.into(),
            request_type: request.request_type.to_string(),
            type_version: CompactText::of(&request.type_version),
            state: request.state.name().to_owned(),
            version: request.version,
            attempts: sending.attempts,
            digest: StoredDigest(request.digest),
            host: request.host.clone(),
            maker_key: maker.key().into_text(),
            maker_iss: maker.iss,
            maker_sub: maker.sub,
            maker_user_id: maker.user_id,
            maker_user_name: maker.user_name,
            till_id: entity.till_id,
            store_id: entity.store_id,
            zone_id: entity.zone_id,
            concept_id: entity.concept_id,
            started_at: to_micros(request.started_at),
            expires_at: to_micros(request.expires_at),
            ended_at: request.ended_at.map(to_micros),
            terms: terms::write(&request.terms),
            subject: request.terms.subject.clone(),
            waits_for: terms::write_waits_for(&request.waits_for),
            sort_at: to_micros(request.sort_at()),
            execute_before: request.execute_before.map(to_micros),
            repeat_key: request.terms.repeat_key.clone(),
            open_attempt: sending.is_open,
            ambiguous: sending.ambiguous,
            next_attempt_at: sending.next_attempt_at.map(to_micros),
            next_attempt_reason: sending.next_attempt_reason.clone(),
            outcome_attempt: sending.outcome_attempt,
            inferred: sending.inferred,
            settlement_words: i64::try_from(request.settlement.len()).unwrap_or(i64::MAX),
            repeat_of: request.repeat_of.map(StoredId::from),
            repeated_by: request.repeated_by.map(StoredId::from),
            probes: sending.probes,
            last_probe: sending.last_probe.map(|verdict| verdict.name().to_owned()),
            revision: request.revision,
            revised_at: request.revised_at.map(to_micros),
            send_backs: request.revision - 1 + i64::from(request.sent_back.is_some()),
            comments: request.comments,
        }
    }
}

impl RequestRow {
    /// Who submitted it.
    pub fn maker(&self) -> Person {
        person!(self, maker_iss, maker_sub, maker_user_id, maker_user_name)
    }

    /// What an inbox needs of its terms.
    pub fn brief_terms(&self) -> Result<BriefTerms, StoreError> {
        terms::read_brief(&self.terms)
    }

    /// The capacities that can sign now.
    pub fn waits_for(&self) -> Result<Vec<Capacity>, StoreError> {
        terms::read_waits_for(&self.waits_for)
    }

    /// Names it.
    pub fn key(&self) -> Key {
        key_of(&self.org_id, self.request_id)
    }

    /// The request, with its rows of the other tables.
    pub fn into_request(self, parts: RequestParts) -> Result<Request, StoreError> {
        let RequestParts { decisions, settlement, earlier, sent_back } = parts;
        let maker = self.maker();
        Ok(Request {
            id: self.request_id.into(),
            state: parse_state(&self.state)?,
            digest: self.digest.0,
            org: OrgId::new(self.org_id),
            request_type: RequestTypeName::new(self.request_type),
            type_version: self.type_version.into(),
            host: self.host,
            maker,
            entity: EntityInfo {
                till_id: self.till_id,
                store_id: self.store_id,
                zone_id: self.zone_id,
                concept_id: self.concept_id,
            },
            version: self.version,
            sending: Sending {
                attempts: self.attempts,
                is_open: self.open_attempt,
                ambiguous: self.ambiguous,
                next_attempt_at: self.next_attempt_at.map(from_micros).transpose()?,
                next_attempt_reason: self.next_attempt_reason,
                outcome_attempt: self.outcome_attempt,
                inferred: self.inferred,
                probes: self.probes,
                last_probe: self.last_probe.as_deref().map(parse_verdict).transpose()?,
            },
            revision: self.revision,
            revised_at: self.revised_at.map(from_micros).transpose()?,
            sent_back,
            earlier,
            comments: self.comments,
            started_at: from_micros(self.started_at)?,
            expires_at: from_micros(self.expires_at)?,
            ended_at: self.ended_at.map(from_micros).transpose()?,
            execute_before: self.execute_before.map(from_micros).transpose()?,
            terms: terms::read(&self.terms, self.subject, self.repeat_key)?,
            waits_for: terms::read_waits_for(&self.waits_for)?,
            decisions,
            settlement,
            repeat_of: self.repeat_of.map(RequestId::from),
            repeated_by: self.repeated_by.map(RequestId::from),
        })
    }
}

/// Reads a stored state.
pub fn parse_state(text: &str) -> Result<State, StoreError> {
    State::parse(text).ok_or_else(|| StoreError::Corrupt(format!("state {text}")))
}

/// Reads what a target said to a probe.
pub(super) fn parse_verdict(text: &str) -> Result<ProbeVerdict, StoreError> {
    ProbeVerdict::parse(text).ok_or_else(|| StoreError::Corrupt(format!("probe {text}")))
}

/// The orgs and the ids of `keys`: with both, the database can use its primary key.
pub fn key_columns(keys: &[Key]) -> (Vec<String>, Vec<StoredId>) {
    let mut orgs: Vec<String> = keys.iter().map(|(org, _)| org.to_string()).collect();
    orgs.sort_unstable();
    orgs.dedup();
    (orgs, keys.iter().map(|(_, id)| (*id).into()).collect())
}

/// A request's key, from its columns.
pub(super) fn key_of(org_id: &str, request_id: StoredId) -> Key {
    (OrgId::new(org_id.to_owned()), request_id.into())
}

/// The versions of the named requests that are there.
pub fn versions(conn: &mut AnyConnection, keys: &[Key]) -> Result<HashMap<Key, i64>, StoreError> {
    let (orgs, ids) = key_columns(keys);
    let rows: Vec<(String, StoredId, i64)> = requests::table
        .filter(requests::org_id.eq_any(orgs).and(requests::request_id.eq_any(ids)))
        .select((requests::org_id, requests::request_id, requests::version))
        .load(conn)?;
    Ok(rows.into_iter().map(|(org, id, version)| (key_of(&org, id), version)).collect())
}

lock_by_key!(pub fn lock(LockRequests, NamedRequests, requests) -> RequestRow);

/// A function that updates requests: the columns that may change at any time, and `also`.
macro_rules! update_requests {
    ($update:ident($statement:ident, $one:ident), also [$($also:ident),*]) => {
        batch_update!(
            fn $update($statement, $one, requests, RequestRow),
            key [org_id, request_id], fence version, only if "TRUE",
            set [
                state, version, attempts, ended_at, waits_for, execute_before, open_attempt, ambiguous, next_attempt_at,
                next_attempt_reason, outcome_attempt, inferred, settlement_words, repeated_by, probes, last_probe,
                send_backs, comments $(, $also)*
            ]
        );
    };
}

update_requests!(update_rows(UpdateRequests, UpdateRequest), also []);

// What a revision is: it changes with the revision's number, and never without.
update_requests!(
    revise_rows(ReviseRequests, ReviseRequest),
    also [
        type_version, digest, host, till_id, store_id, zone_id, concept_id, terms, subject, repeat_key, sort_at,
        revision, revised_at
    ]
);

/// A request that changed, and what it was when it was loaded.
pub struct RequestUpdate {
    /// Its new state.
    pub row: RequestRow,
    /// The version it was loaded with.
    pub version_before: i64,
    /// The revision that it was loaded with.
    pub revision_before: i64,
}

/// Writes what changed.
///
/// # Errors
/// [`StoreError::Stale`] if another node wrote one of them since it was loaded.
pub fn save(conn: &mut AnyConnection, updates: &[RequestUpdate]) -> Result<(), StoreError> {
    let (mut moved, mut revised) = (Vec::new(), Vec::new());
    for RequestUpdate { row, version_before, revision_before } in updates {
        let is_revised = row.revision != *revision_before;
        (if is_revised { &mut revised } else { &mut moved }).push((row, *version_before));
    }
    let mut written = if moved.is_empty() { 0 } else { update_rows(conn, &moved)? };
    if !revised.is_empty() {
        written += revise_rows(conn, &revised)?;
    }
    if written == updates.len() { Ok(()) } else { Err(StoreError::Stale) }
}

/// The columns of a new request; those about attempts and their outcome have their defaults.
pub(super) fn columns<'a>(rows: &[&'a RequestRow]) -> Columns<'a> {
    columns!(
        rows,
        [
            org_id,
            request_id,
            request_type,
            type_version,
            state,
            version,
            attempts,
            digest,
            host,
            maker_iss,
            maker_sub,
            maker_user_id,
            maker_user_name,
            maker_key,
            till_id,
            store_id,
            zone_id,
            concept_id,
            started_at,
            expires_at,
            ended_at,
            terms,
            subject,
            waits_for,
            sort_at,
            execute_before,
            repeat_key,
            repeat_of,
        ]
    )
}

/// One row, without a lock.
pub fn find(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Option<RequestRow>, StoreError> {
    Ok(load(conn, &[(org.clone(), id)])?.pop())
}

load_by_key!(pub(super) fn load(ReadRequests, requests) -> RequestRow);

/// Requests whose deadline has passed, over all orgs: undecided ones, then approved ones.
pub fn list_overdue(
    conn: &mut AnyConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let now = to_micros(now);
    let mut rows: Vec<(String, StoredId)> = Vec::new();
    // Each has an index of its own.
    for undecided in [State::AdminTask, State::SentBack] {
        let found = requests::table
            .filter(requests::state.eq(undecided.name()).and(requests::expires_at.le(now)))
            .order(requests::expires_at)
            .limit(limit)
            .select((requests::org_id, requests::request_id));
        rows.extend(found.load::<(String, StoredId)>(conn)?);
    }
    rows.extend(
        requests::table
            .filter(requests::state.eq("approved").and(requests::execute_before.le(now)))
            .filter(requests::open_attempt.eq(false))
            .order(requests::execute_before)
            .limit(limit)
            .select((requests::org_id, requests::request_id))
            .load::<(String, StoredId)>(conn)?,
    );
    Ok(rows.into_iter().map(|(org, id)| (OrgId::new(org), id.into())).collect())
}

/// Waiting requests of a type on a subject, oldest first.
pub fn list_pending_on(
    conn: &mut AnyConnection,
    (org, request_type): (&str, &str),
    subject: &str,
    limit: i64,
) -> Result<Vec<RequestId>, StoreError> {
    let found: Vec<StoredId> = requests::table
        .filter(requests::org_id.eq(org).and(requests::subject.eq(subject)))
        .filter(requests::request_type.eq(request_type).and(requests::state.eq_any(OPEN_STATES)))
        .order((requests::started_at, requests::request_id))
        .limit(limit)
        .select(requests::request_id)
        .load(conn)?;
    Ok(found.into_iter().map(RequestId::from).collect())
}

/// Number of requests in `state`, over all orgs; for the gauges.
pub fn count_open(conn: &mut AnyConnection, state: State) -> Result<i64, StoreError> {
    Ok(requests::table.filter(requests::state.eq(state.name())).count().get_result(conn)?)
}
