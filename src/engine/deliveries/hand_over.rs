//! From the outbox to deliveries, and from there to the node that sends them.

use chrono::{DateTime, TimeDelta, Utc};

use super::room::{HandedOver, Room};
use crate::clock::Clock;
use crate::domain::delivery::{Delivery, OFFERED_FOR};
use crate::domain::subscription::{Subscription, Subscriptions};
use crate::engine::change_feed::ChangeKind;
use crate::store::events::EventRow;
use crate::store::failing_subscriptions::{self, FailingSubscriptionRow};
use crate::store::outbox::{self, OutboxRow};
use crate::store::{AnyConnection, StoreError, deliveries};

/// The most changes whose subscribers one look finds.
const LOOK_MAX: i64 = 500;

/// For how long a node has a delivery: longer than an attempt takes.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(20);

/// How long an ended delivery can be listed and sent again.
const KEPT_FOR: TimeDelta = TimeDelta::days(30);

/// The most ended deliveries that one look forgets.
const FORGET_MAX: i64 = 100;

/// The outbox row for an event, if it is a change that somebody is told of.
pub(in crate::engine) fn outboxed(
    subscriptions: &Subscriptions,
    event: &EventRow,
    request_type: &crate::domain::ids::RequestTypeName,
) -> Option<OutboxRow> {
    let is_change = event.event_type().is_ok_and(|event_type| ChangeKind::of(event_type).is_some());
    let is_told = is_change && subscriptions.cover(&event.org_id, request_type.as_str());
    if is_told { OutboxRow::of_event(event, request_type) } else { None }
}

/// Finds the subscribers of what is in the outbox, and claims what is due. Of several nodes one does this at a time,
/// so that the changes of a request become deliveries in their order; the others find nothing.
pub(in crate::engine) fn hand_over(
    conn: &mut AnyConnection,
    subscriptions: &Subscriptions,
    clock: &Clock,
    (now, rooms): (DateTime<Utc>, &[Room]),
) -> Result<HandedOver, StoreError> {
    if !outbox::is_alone(conn)? {
        return Ok(HandedOver { claimed: Vec::new(), has_more: true });
    }
    let switched_off = switched_off(conn, subscriptions)?;
    let is_on = |subscription: &&Subscription| !switched_off.contains(&subscription.name);
    let changes = outbox::oldest(conn, LOOK_MAX)?;
    let mut new = Vec::new();
    for (_, change) in &changes {
        let step = change.step()?;
        let covers = |subscription: &&Subscription| {
            subscription.covers(&change.org_id, &change.request_type) && subscription.format.tells_of(step)
        };
        for subscription in subscriptions.iter().filter(is_on).filter(covers) {
            new.push(change.delivery(clock.new_id().to_string(), &subscription.name, now)?);
        }
    }
    deliveries::insert(conn, &new)?;
    let positions: Vec<i64> = changes.iter().map(|(position, _)| *position).collect();
    if !positions.is_empty() {
        outbox::remove(conn, &positions)?;
    }
    deliveries::release_lapsed(conn, now)?;
    let has_more = changes.len() == usize::try_from(LOOK_MAX).unwrap_or(usize::MAX);
    Ok(HandedOver { claimed: claim(conn, rooms, now)?, has_more })
}

/// The subscriptions whose subscriber wants no more. One that has another URL by now is a new one.
fn switched_off(conn: &mut AnyConnection, subscriptions: &Subscriptions) -> Result<Vec<String>, StoreError> {
    let is_off = |row: &FailingSubscriptionRow| {
        let named = subscriptions.find(&row.subscription);
        row.switched_off_at.is_some() && named.is_some_and(|named| named.url == row.url)
    };
    let rows = failing_subscriptions::list(conn)?;
    Ok(rows.into_iter().filter(is_off).map(|row| row.subscription).collect())
}

fn claim(conn: &mut AnyConnection, rooms: &[Room], now: DateTime<Utc>) -> Result<Vec<Delivery>, StoreError> {
    let mut claimed = Vec::new();
    for room in rooms {
        let free = i64::try_from(room.free).unwrap_or(i64::MAX);
        for due in deliveries::list_due(conn, &room.subscription, now, free)? {
            claimed.extend(deliveries::claim(conn, &due, now + LEASE)?);
        }
    }
    Ok(claimed)
}

/// Gives up what waits for a subscription that is in no file any more, and forgets what ended long ago.
pub(in crate::engine) fn tidy(
    conn: &mut AnyConnection,
    subscriptions: &Subscriptions,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for name in deliveries::list_overdue(conn, now - OFFERED_FOR)? {
        if subscriptions.find(&name).is_none() {
            deliveries::give_up_all(conn, &name, now)?;
        }
    }
    deliveries::forget(conn, now - KEPT_FOR, FORGET_MAX)
}
