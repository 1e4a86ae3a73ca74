//! The table `outbox`: changes whose subscribers still have to be found.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::columns::{Columns, batch_insert};
use super::events::{EventRow, parse_event_type};
use super::requests::{RequestRow, parse_state};
use super::schema::outbox;
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, from_micros};
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::ids::{OrgId, RequestTypeName};
use crate::domain::lifecycle::EventType;
use crate::domain::subscription::Step;

/// One row, without its position.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = outbox)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct OutboxRow {
    pub org_id: String,
    pub request_id: StoredId,
    pub seq: i64,
    pub request_type: String,
    pub event_type: String,
    pub from_state: Option<String>,
    pub to_state: String,
    pub at: i64,
}

impl OutboxRow {
    /// The change that an event made. An event of no request makes none.
    pub fn of_event(event: &EventRow, request_type: &RequestTypeName) -> Option<Self> {
        Some(Self {
            org_id: event.org_id.clone(),
            request_id: event.request_id?,
            seq: event.seq?,
            request_type: request_type.to_string(),
            event_type: event.event_type.clone(),
            from_state: event.from_state.clone(),
            to_state: event.to_state.clone()?,
            at: event.at,
        })
    }

    /// A submission, which is one change although it has several events.
    pub fn of_submission(request: &RequestRow) -> Self {
        Self {
            org_id: request.org_id.clone(),
            request_id: request.request_id,
            seq: request.version,
            request_type: request.request_type.clone(),
            event_type: EventType::Submitted.name().to_owned(),
            from_state: None,
            to_state: request.state.clone(),
            at: request.started_at,
        }
    }

    /// What happened.
    ///
    /// # Errors
    /// A word that this version does not know.
    pub fn step(&self) -> Result<Step, StoreError> {
        Ok(Step {
            event_type: parse_event_type(&self.event_type)?,
            from: self.from_state.as_deref().map(parse_state).transpose()?,
            to: parse_state(&self.to_state)?,
        })
    }

    /// The change on its way to a subscriber, under an id of its own, from `now` on by the database's clock.
    pub fn delivery(
        &self,
        id: String,
        subscription: &str,
        now: DateTime<Utc>,
    ) -> Result<Delivery, StoreError> {
        Ok(Delivery {
            org: OrgId::new(self.org_id.clone()),
            id,
            subscription: subscription.to_owned(),
            request: self.request_id.into(),
            seq: self.seq,
            request_type: RequestTypeName::new(self.request_type.clone()),
            step: self.step()?,
            created_at: from_micros(self.at)?.max(now),
            state: DeliveryState::Waiting,
            attempts: 0,
            due_at: now,
            ended_at: None,
        })
    }
}

batch_insert!(pub fn insert(InsertOutbox, outbox, OutboxRow), [
    org_id, request_id, seq, request_type, event_type, from_state, to_state, at,
]);

/// The columns of rows that a statement inserts together with others.
pub(super) fn columns_of<'a>(rows: &[&'a OutboxRow]) -> Columns<'a> {
    columns(rows)
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    is_mine: bool,
}

/// Whether this transaction is the only one that may take rows out, until it ends. Never waits.
pub fn is_alone(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    match conn {
        // The writer's transaction has the whole database.
        AnyConnection::Sqlite(_) => Ok(true),
        AnyConnection::Postgres(conn) => {
            // A database has one for each schema.
            let statement =
                "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema(), 1)) AS is_mine";
            Ok(diesel::sql_query(statement).get_result::<Lock>(conn)?.is_mine)
        }
    }
}

/// The oldest rows with their positions. The changes of one request are in their order: each is written under the
/// lock of its request.
pub fn oldest(conn: &mut AnyConnection, max: i64) -> Result<Vec<(i64, OutboxRow)>, StoreError> {
    Ok(outbox::table
        .order(outbox::position)
        .limit(max)
        .select((outbox::position, OutboxRow::as_select()))
        .load(conn)?)
}

/// Takes rows out.
pub fn remove(conn: &mut AnyConnection, positions: &[i64]) -> Result<(), StoreError> {
    diesel::delete(outbox::table.filter(outbox::position.eq_any(positions))).execute(conn)?;
    Ok(())
}
