//! The tables `deliveries` and `delivery_attempts`: events on their way to subscribers.

use chrono::{DateTime, Utc};
use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;

use super::claims::first_of;
use super::columns::batch_insert;
use super::events::parse_event_type;
use super::literal::literal;
use super::requests::parse_state;
use super::schema::{deliveries, delivery_attempts};
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, from_micros, to_micros};
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::subscription::Step;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = deliveries)]
pub(super) struct DeliveryRow {
    org_id: String,
    delivery_id: String,
    subscription: String,
    request_id: StoredId,
    seq: i64,
    request_type: String,
    event_type: String,
    from_state: Option<String>,
    to_state: String,
    created_at: i64,
    state: String,
    attempts: i64,
    due_at: i64,
    leased_until: Option<i64>,
    ended_at: Option<i64>,
}

impl From<&Delivery> for DeliveryRow {
    /// A row without a lease.
    fn from(delivery: &Delivery) -> Self {
        let Step { event_type, from, to } = delivery.step;
        Self {
            org_id: delivery.org.to_string(),
            delivery_id: delivery.id.clone(),
            subscription: delivery.subscription.clone(),
            request_id: delivery.request.into(),
            seq: delivery.seq,
            request_type: delivery.request_type.to_string(),
            event_type: event_type.name().to_owned(),
            from_state: from.map(|state| state.name().to_owned()),
            to_state: to.name().to_owned(),
            created_at: to_micros(delivery.created_at),
            state: delivery.state.name().to_owned(),
            attempts: delivery.attempts,
            due_at: to_micros(delivery.due_at),
            leased_until: None,
            ended_at: delivery.ended_at.map(to_micros),
        }
    }
}

impl DeliveryRow {
    fn into_delivery(self) -> Result<Delivery, StoreError> {
        let state = DeliveryState::parse(&self.state);
        Ok(Delivery {
            org: OrgId::new(self.org_id),
            id: self.delivery_id,
            subscription: self.subscription,
            request: self.request_id.into(),
            seq: self.seq,
            request_type: RequestTypeName::new(self.request_type),
            step: Step {
                event_type: parse_event_type(&self.event_type)?,
                from: self.from_state.as_deref().map(parse_state).transpose()?,
                to: parse_state(&self.to_state)?,
            },
            created_at: from_micros(self.created_at)?,
            state: state.ok_or_else(|| StoreError::Corrupt(format!("delivery: {}", self.state)))?,
            attempts: self.attempts,
            due_at: from_micros(self.due_at)?,
            ended_at: self.ended_at.map(from_micros).transpose()?,
        })
    }
}

fn all(rows: Vec<DeliveryRow>) -> Result<Vec<Delivery>, StoreError> {
    rows.into_iter().map(DeliveryRow::into_delivery).collect()
}

batch_insert!(fn insert_rows(InsertDeliveries, deliveries, DeliveryRow), [
    org_id, delivery_id, subscription, request_id, seq, request_type, event_type, from_state, to_state, created_at,
    state, attempts, due_at, leased_until, ended_at,
]);

/// Puts deliveries on their way.
pub fn insert(conn: &mut AnyConnection, new: &[Delivery]) -> Result<(), StoreError> {
    let rows: Vec<DeliveryRow> = new.iter().map(DeliveryRow::from).collect();
    if rows.is_empty() { Ok(()) } else { insert_rows(conn, &rows) }
}

literal!(IsWaiting, "deliveries.state = 'waiting'");

/// Up to `max` deliveries of a subscription that are due at `now` and before which nothing of the same request is
/// open, the oldest first. Locks nothing.
///
/// The rows are walked in the order of an index, and the earlier one of each is looked up by a subquery of its own: as
/// `NOT EXISTS` it would be a join, which PostgreSQL plans without statistics so that it compares each with each.
pub fn list_due(
    conn: &mut AnyConnection,
    subscription: &str,
    now: DateTime<Utc>,
    max: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let earlier = diesel::alias!(deliveries as earlier);
    let before = earlier
        .filter(earlier.field(deliveries::subscription).eq(deliveries::subscription))
        .filter(earlier.field(deliveries::org_id).eq(deliveries::org_id))
        .filter(earlier.field(deliveries::request_id).eq(deliveries::request_id))
        .filter(earlier.field(deliveries::seq).lt(deliveries::seq))
        .filter(earlier.field(deliveries::ended_at).is_null())
        .select(earlier.field(deliveries::seq))
        .limit(1)
        .single_value();
    let due = IsWaiting.and(deliveries::due_at.le(to_micros(now)));
    let found = deliveries::table
        .filter(deliveries::subscription.eq(subscription).and(due))
        .filter(before.is_null())
        .order((deliveries::due_at, deliveries::delivery_id));
    match conn {
        AnyConnection::Postgres(conn) => all(found.limit(max).select(DeliveryRow::as_select()).load(conn)?),
        AnyConnection::Sqlite(conn) => {
            let found = found.select(DeliveryRow::as_select());
            all(first_of(found.load_iter::<_, DefaultLoadingMode>(conn)?, max)?)
        }
    }
}

/// Claims a delivery that was listed: another attempt begins. `None` if it is no longer as it was listed.
pub fn claim(
    conn: &mut AnyConnection,
    listed: &Delivery,
    until: DateTime<Utc>,
) -> Result<Option<Delivery>, StoreError> {
    let attempts = listed.attempts + 1;
    let found = diesel::update(deliveries::table.find((listed.org.as_str(), listed.id.as_str())))
        .filter(deliveries::state.eq(DeliveryState::Waiting.name()))
        .filter(deliveries::attempts.eq(listed.attempts))
        .set((
            deliveries::state.eq(DeliveryState::Claimed.name()),
            deliveries::attempts.eq(attempts),
            deliveries::leased_until.eq(to_micros(until)),
        ))
        .execute(conn)?;
    Ok((found == 1).then(|| Delivery { state: DeliveryState::Claimed, attempts, ..listed.clone() }))
}

/// Writes what became of a claimed delivery; `false` if another attempt has begun since.
pub fn settle(conn: &mut AnyConnection, delivery: &Delivery) -> Result<bool, StoreError> {
    let row = DeliveryRow::from(delivery);
    let found = diesel::update(deliveries::table.find((&row.org_id, &row.delivery_id)))
        .filter(deliveries::state.eq(DeliveryState::Claimed.name()))
        .filter(deliveries::attempts.eq(row.attempts))
        .set((
            deliveries::state.eq(&row.state),
            deliveries::due_at.eq(row.due_at),
            deliveries::leased_until.eq(None::<i64>),
            deliveries::ended_at.eq(row.ended_at),
        ))
        .execute(conn)?;
    Ok(found == 1)
}

/// Lets deliveries whose lease ran out wait again: the node that had them is gone.
pub fn release_lapsed(conn: &mut AnyConnection, now: DateTime<Utc>) -> Result<(), StoreError> {
    let lapsed =
        deliveries::state.eq(DeliveryState::Claimed.name()).and(deliveries::leased_until.le(to_micros(now)));
    diesel::update(deliveries::table.filter(lapsed))
        .set((deliveries::state.eq(DeliveryState::Waiting.name()), deliveries::leased_until.eq(None::<i64>)))
        .execute(conn)?;
    Ok(())
}

/// Ends every lease: the only process that could have one is starting.
pub fn lapse_all(conn: &mut AnyConnection, now: DateTime<Utc>) -> Result<(), StoreError> {
    let claimed = deliveries::table.filter(deliveries::state.eq(DeliveryState::Claimed.name()));
    diesel::update(claimed).set(deliveries::leased_until.eq(to_micros(now))).execute(conn)?;
    Ok(())
}

/// Makes what waits for another attempt due at once: the subscriber is there again.
pub fn hurry(conn: &mut AnyConnection, subscription: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    let now = to_micros(now);
    let waits = IsWaiting.and(deliveries::due_at.gt(now));
    diesel::update(deliveries::table.filter(deliveries::subscription.eq(subscription).and(waits)))
        .set(deliveries::due_at.eq(now))
        .execute(conn)?;
    Ok(())
}

/// Gives up everything that waits for a subscription; returns how many deliveries that were.
pub fn give_up_all(
    conn: &mut AnyConnection,
    subscription: &str,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let waits = IsWaiting;
    let given_up =
        (deliveries::state.eq(DeliveryState::GivenUp.name()), deliveries::ended_at.eq(to_micros(now)));
    Ok(diesel::update(deliveries::table.filter(deliveries::subscription.eq(subscription).and(waits)))
        .set(given_up)
        .execute(conn)?)
}

/// Lets an ended delivery wait again, due at once; `false` if it has not ended.
pub fn send_again(
    conn: &mut AnyConnection,
    (org, id): (&OrgId, &str),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let found = diesel::update(deliveries::table.find((org.as_str(), id)))
        .filter(deliveries::ended_at.is_not_null())
        .set((
            deliveries::state.eq(DeliveryState::Waiting.name()),
            deliveries::created_at.eq(to_micros(now)),
            deliveries::due_at.eq(to_micros(now)),
            deliveries::ended_at.eq(None::<i64>),
        ))
        .execute(conn)?;
    Ok(found == 1)
}

/// The names of subscriptions for which something has waited since before `since`.
pub fn list_overdue(conn: &mut AnyConnection, since: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
    Ok(deliveries::table
        .filter(IsWaiting.and(deliveries::created_at.lt(to_micros(since))))
        .select(deliveries::subscription)
        .distinct()
        .load(conn)?)
}

/// Deletes what ended before `before`, at most `max` deliveries.
pub fn forget(conn: &mut AnyConnection, before: DateTime<Utc>, max: i64) -> Result<(), StoreError> {
    let ended: Vec<(String, String)> = deliveries::table
        .filter(deliveries::ended_at.lt(to_micros(before)))
        .order(deliveries::ended_at)
        .limit(max)
        .select((deliveries::org_id, deliveries::delivery_id))
        .load(conn)?;
    for (org, id) in ended {
        diesel::delete(deliveries::table.find((org, id))).execute(conn)?;
    }
    Ok(())
}

/// One delivery.
pub fn find(conn: &mut AnyConnection, org: &OrgId, id: &str) -> Result<Option<Delivery>, StoreError> {
    let row: Option<DeliveryRow> = deliveries::table.find((org.as_str(), id)).get_result(conn).optional()?;
    row.map(DeliveryRow::into_delivery).transpose()
}

/// Which deliveries of an org are listed.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only those of this subscription.
    pub subscription: Option<String>,
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// Only those about this request.
    pub request: Option<RequestId>,
    /// Only those after the delivery of this id, in the order of the list.
    pub after: Option<String>,
}

/// The org's deliveries, the newest first: their ids are made in the order of time.
pub fn list(
    conn: &mut AnyConnection,
    org: &OrgId,
    filter: DeliveryFilter,
    max: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let DeliveryFilter { subscription, state, request, after } = filter;
    let mut query = deliveries::table
        .filter(deliveries::org_id.eq(org.to_string()))
        .order(deliveries::delivery_id.desc())
        .limit(max)
        .select(DeliveryRow::as_select())
        .into_boxed();
    if let Some(subscription) = subscription {
        query = query.filter(deliveries::subscription.eq(subscription));
    }
    if let Some(state) = state {
        query = query.filter(deliveries::state.eq(state.name()));
    }
    if let Some(request) = request {
        query = query.filter(deliveries::request_id.eq(StoredId::from(request)));
    }
    if let Some(after) = after {
        query = query.filter(deliveries::delivery_id.lt(after));
    }
    all(query.load(conn)?)
}

/// How one attempt to deliver ended.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = delivery_attempts)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct DeliveryAttemptRow {
    pub org_id: String,
    pub delivery_id: String,
    pub attempt: i64,
    pub ended_at: i64,
    pub duration_ms: i64,
    pub status: Option<i64>,
    pub reason: String,
    pub answer: String,
}

/// Keeps how an attempt ended. A second report of the same attempt changes nothing.
pub fn keep_attempt(conn: &mut AnyConnection, row: &DeliveryAttemptRow) -> Result<(), StoreError> {
    let key = (&row.org_id, &row.delivery_id, row.attempt);
    let known: Option<i64> =
        delivery_attempts::table.find(key).select(delivery_attempts::attempt).get_result(conn).optional()?;
    if known.is_none() {
        diesel::insert_into(delivery_attempts::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// How the attempts of these deliveries ended, in their order.
pub fn attempts_of(
    conn: &mut AnyConnection,
    org: &OrgId,
    ids: &[&str],
) -> Result<Vec<DeliveryAttemptRow>, StoreError> {
    Ok(delivery_attempts::table
        .filter(delivery_attempts::org_id.eq(org.as_str()).and(delivery_attempts::delivery_id.eq_any(ids)))
        .order((delivery_attempts::delivery_id, delivery_attempts::attempt))
        .load(conn)?)
}
