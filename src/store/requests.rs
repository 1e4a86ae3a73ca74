//! The table `requests`: where each request stands.

use chrono::{DateTime, Utc};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::columns::{Column, Columns, batch_statement, push_update};
use super::schema::requests;
use super::{AnyConnection, StoreError, from_micros, terms, to_micros};
use crate::domain::actor::Person;
use crate::domain::digest::Digest;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::policy::Capacity;
use crate::domain::request::{Decision, Request, State};
use crate::domain::submission::EntityInfo;

/// Names one request; the order is the order in which rows are locked.
pub type Key = (OrgId, RequestId);

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = requests)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct RequestRow {
    pub org_id: String,
    pub request_id: String,
    pub request_type: String,
    pub type_version: String,
    pub state: String,
    pub version: i64,
    pub attempts: i64,
    pub digest: String,
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
}

impl From<&Request> for RequestRow {
    fn from(request: &Request) -> Self {
        let (maker, entity) = (request.maker.clone(), request.entity.clone());
        Self {
            org_id: request.org.to_string(),
            request_id: request.id.to_string(),
            request_type: request.request_type.to_string(),
            type_version: request.type_version.clone(),
            state: request.state.name().to_owned(),
            version: request.version,
            attempts: request.attempts,
            digest: request.digest.to_string(),
            host: request.host.clone(),
            maker_key: maker.key(),
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
            terms: terms::terms_value(&request.terms).to_string(),
            subject: request.terms.subject.clone(),
            waits_for: terms::waits_for_text(&request.waits_for),
            sort_at: to_micros(request.sort_at()),
            execute_before: request.execute_before.map(to_micros),
        }
    }
}

impl RequestRow {
    /// Who can help now.
    pub fn waits_for(&self) -> Result<Vec<Capacity>, StoreError> {
        terms::read_waits_for(&self.waits_for)
    }

    /// The request, with the decisions that stand in their own table.
    pub fn into_request(self, decisions: Vec<Decision>) -> Result<Request, StoreError> {
        Ok(Request {
            id: parse_id(&self.request_id)?,
            state: parse_state(&self.state)?,
            digest: parse_digest(&self.digest)?,
            org: OrgId::new(self.org_id),
            request_type: RequestTypeName::new(self.request_type),
            type_version: self.type_version,
            host: self.host,
            maker: Person {
                iss: self.maker_iss,
                sub: self.maker_sub,
                user_id: self.maker_user_id,
                user_name: self.maker_user_name,
            },
            entity: EntityInfo {
                till_id: self.till_id,
                store_id: self.store_id,
                zone_id: self.zone_id,
                concept_id: self.concept_id,
            },
            version: self.version,
            attempts: self.attempts,
            started_at: from_micros(self.started_at)?,
            expires_at: from_micros(self.expires_at)?,
            ended_at: self.ended_at.map(from_micros).transpose()?,
            execute_before: self.execute_before.map(from_micros).transpose()?,
            terms: terms::read_terms(&terms::read_json(&self.terms, "terms")?, self.subject)?,
            waits_for: terms::read_waits_for(&self.waits_for)?,
            decisions,
        })
    }
}

/// Reads a stored request id.
pub fn parse_id(text: &str) -> Result<RequestId, StoreError> {
    let id = Uuid::try_parse(text).map_err(|_| StoreError::Corrupt(format!("request id {text}")))?;
    Ok(RequestId::new(id))
}

/// Reads a stored state.
pub fn parse_state(text: &str) -> Result<State, StoreError> {
    State::parse(text).ok_or_else(|| StoreError::Corrupt(format!("state {text}")))
}

/// Reads a stored digest.
pub fn parse_digest(text: &str) -> Result<Digest, StoreError> {
    Digest::parse(text).ok_or_else(|| StoreError::Corrupt(format!("digest {text}")))
}

/// The orgs and the ids of `keys`, as texts: both are given to the database, so that its key serves.
pub fn key_texts(keys: &[Key]) -> (Vec<String>, Vec<String>) {
    let mut orgs: Vec<String> = keys.iter().map(|(org, _)| org.to_string()).collect();
    orgs.sort_unstable();
    orgs.dedup();
    (orgs, keys.iter().map(|(_, id)| id.to_string()).collect())
}

/// Keeps a statement from staying prepared: it is planned for the keys at hand, because a plan for any
/// keys, made while the table was small, may walk another index for good.
pub(super) fn planned_anew() -> SqlLiteral<Bool> {
    diesel::dsl::sql("TRUE")
}

/// Loads the named rows for a write, locked in key order so that two nodes can't deadlock.
pub fn lock(conn: &mut AnyConnection, keys: &[Key]) -> Result<Vec<RequestRow>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            let (orgs, ids) = key_texts(keys);
            Ok(requests::table
                .filter(requests::org_id.eq_any(orgs).and(requests::request_id.eq_any(ids)))
                .filter(planned_anew())
                .order((requests::org_id, requests::request_id))
                .for_update()
                .load(conn)?)
        }
        // The write lock is already ours; single-row statements are cached.
        AnyConnection::Sqlite(conn) => {
            let find = |(org, id): &Key| {
                requests::table
                    .find((org.as_str(), id.to_string()))
                    .first(conn)
                    .optional()
                    .map(Option::into_iter)
            };
            let rows = keys.iter().map(find).collect::<QueryResult<Vec<_>>>()?;
            Ok(rows.into_iter().flatten().collect())
        }
    }
}

batch_statement!(UpdateRequests, |out, columns| push_update(
    &mut out,
    (
        "requests",
        (
            "state = new.state, version = new.version, attempts = new.attempts, ended_at = new.ended_at, \
             waits_for = new.waits_for, execute_before = new.execute_before",
            "requests.org_id = new.org_id AND requests.request_id = new.request_id \
             AND requests.version = new.version_before",
        ),
    ),
    columns
));

/// A request that moved, and the version it had when it was loaded.
pub struct Moved {
    /// As it stands now.
    pub row: RequestRow,
    /// As it was loaded.
    pub version_before: i64,
}

/// Writes what moved.
///
/// # Errors
/// [`StoreError::Stale`] if somebody else wrote one of them since it was loaded.
pub fn save(conn: &mut AnyConnection, moved: &[Moved]) -> Result<(), StoreError> {
    let saved = match conn {
        AnyConnection::Postgres(conn) => {
            UpdateRequests(moved_columns(&moved.iter().collect::<Vec<_>>())).execute(conn)?
        }
        AnyConnection::Sqlite(conn) => {
            let mut saved = 0;
            for Moved { row, version_before } in moved {
                let key = (row.org_id.as_str(), row.request_id.as_str());
                let found = requests::table.find(key).filter(requests::version.eq(version_before));
                saved += diesel::update(found)
                    .set((
                        requests::state.eq(&row.state),
                        requests::version.eq(row.version),
                        requests::attempts.eq(row.attempts),
                        requests::ended_at.eq(row.ended_at),
                        requests::waits_for.eq(&row.waits_for),
                        requests::execute_before.eq(row.execute_before),
                    ))
                    .execute(conn)?;
            }
            saved
        }
    };
    if saved == moved.len() { Ok(()) } else { Err(StoreError::Stale) }
}

fn moved_columns<'a>(moved: &[&'a Moved]) -> Columns<'a> {
    vec![
        ("org_id", Column::text(moved, |moved| &moved.row.org_id)),
        ("request_id", Column::text(moved, |moved| &moved.row.request_id)),
        ("version_before", Column::number(moved, |moved| moved.version_before)),
        ("state", Column::text(moved, |moved| &moved.row.state)),
        ("version", Column::number(moved, |moved| moved.row.version)),
        ("attempts", Column::number(moved, |moved| moved.row.attempts)),
        ("ended_at", Column::nullable_number(moved, |moved| moved.row.ended_at)),
        ("waits_for", Column::text(moved, |moved| &moved.row.waits_for)),
        ("execute_before", Column::nullable_number(moved, |moved| moved.row.execute_before)),
    ]
}

pub(super) fn columns<'a>(rows: &[&'a RequestRow]) -> Columns<'a> {
    vec![
        ("org_id", Column::text(rows, |row| &row.org_id)),
        ("request_id", Column::text(rows, |row| &row.request_id)),
        ("request_type", Column::text(rows, |row| &row.request_type)),
        ("type_version", Column::text(rows, |row| &row.type_version)),
        ("state", Column::text(rows, |row| &row.state)),
        ("version", Column::number(rows, |row| row.version)),
        ("attempts", Column::number(rows, |row| row.attempts)),
        ("digest", Column::text(rows, |row| &row.digest)),
        ("host", Column::text(rows, |row| &row.host)),
        ("maker_iss", Column::text(rows, |row| &row.maker_iss)),
        ("maker_sub", Column::text(rows, |row| &row.maker_sub)),
        ("maker_user_id", Column::text(rows, |row| &row.maker_user_id)),
        ("maker_user_name", Column::text(rows, |row| &row.maker_user_name)),
        ("maker_key", Column::text(rows, |row| &row.maker_key)),
        ("till_id", Column::text(rows, |row| &row.till_id)),
        ("store_id", Column::text(rows, |row| &row.store_id)),
        ("zone_id", Column::text(rows, |row| &row.zone_id)),
        ("concept_id", Column::text(rows, |row| &row.concept_id)),
        ("started_at", Column::number(rows, |row| row.started_at)),
        ("expires_at", Column::number(rows, |row| row.expires_at)),
        ("ended_at", Column::nullable_number(rows, |row| row.ended_at)),
        ("terms", Column::text(rows, |row| &row.terms)),
        ("subject", Column::nullable_text(rows, |row| row.subject.as_deref())),
        ("waits_for", Column::text(rows, |row| &row.waits_for)),
        ("sort_at", Column::number(rows, |row| row.sort_at)),
        ("execute_before", Column::nullable_number(rows, |row| row.execute_before)),
    ]
}

/// One row, without a lock.
pub fn find(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Option<RequestRow>, StoreError> {
    Ok(requests::table.find((org.as_str(), id.to_string())).first(conn).optional()?)
}

/// Requests whose deadline has passed, over all orgs: waiting ones, then approved ones.
pub fn list_overdue(
    conn: &mut AnyConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    let now = to_micros(now);
    let mut rows: Vec<(String, String)> = requests::table
        .filter(requests::state.eq("AdminTask").and(requests::expires_at.le(now)))
        .order(requests::expires_at)
        .limit(limit)
        .select((requests::org_id, requests::request_id))
        .load(conn)?;
    rows.extend(
        requests::table
            .filter(requests::state.eq("approved").and(requests::execute_before.le(now)))
            .filter(requests::attempts.eq(0))
            .order(requests::execute_before)
            .limit(limit)
            .select((requests::org_id, requests::request_id))
            .load::<(String, String)>(conn)?,
    );
    rows.into_iter().map(|(org, id)| Ok((OrgId::new(org), parse_id(&id)?))).collect()
}

/// Waiting requests of a type on a subject, oldest first.
pub fn list_pending_on(
    conn: &mut AnyConnection,
    (org, request_type): (&str, &str),
    subject: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    Ok(requests::table
        .filter(requests::org_id.eq(org).and(requests::subject.eq(subject)))
        .filter(
            requests::request_type.eq(request_type).and(requests::state.eq_any(["AdminTask", "approved"])),
        )
        .order((requests::started_at, requests::request_id))
        .limit(limit)
        .select(requests::request_id)
        .load(conn)?)
}

/// How many requests are in `state` right now, over all orgs; for the gauges.
pub fn count_open(conn: &mut AnyConnection, state: State) -> Result<i64, StoreError> {
    Ok(requests::table.filter(requests::state.eq(state.name())).count().get_result(conn)?)
}
