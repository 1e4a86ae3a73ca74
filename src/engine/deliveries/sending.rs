//! The sender's side: claim, end, and what a subscription's failures add up to.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::room::{HandedOver, Room};
use crate::clock::Clock;
use crate::domain::delivery::{Delivery, DeliveryState, FAILING_FOR, Next, Taken, next};
use crate::domain::lifecycle::EventType;
use crate::engine::command::{WriteCommand, WriteReply};
use crate::engine::{Engine, EngineError};
use crate::store::deliveries::{self, DeliveryAttemptRow};
use crate::store::events::{self, EventRow};
use crate::store::failing_subscriptions::{self, FailingSubscriptionRow};
use crate::store::{AnyConnection, StoreError, from_micros, to_micros};

/// How one attempt to deliver ended.
#[derive(Clone, Debug)]
pub struct DeliveryEnding {
    /// The delivery, as it was claimed.
    pub delivery: Delivery,
    /// Where it was sent.
    pub url: String,
    /// Whether the subscriber took it.
    pub taken: Taken,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// A sentence for people.
    pub reason: String,
    /// The beginning of the answer's body.
    pub answer: String,
    /// How long it took.
    pub duration_ms: i64,
    /// How much of the next delay is left to chance, from 0 to 1000.
    pub jitter: u16,
}

/// A subscription that does not take what it is sent.
struct SubscriptionHealth {
    subscription: String,
    /// Since when every attempt failed.
    failing_since: DateTime<Utc>,
    /// Whether that has gone on for so long that people should look, or its subscriber wants no more.
    needs_people: bool,
}

impl Engine {
    /// Resolves when there may be something to deliver.
    pub async fn outbox_filled(&self) {
        self.inner.outbox_filled.notified().await;
    }

    /// How many writes of clients wait right now.
    pub fn waiting_clients(&self) -> usize {
        self.inner.writer.waiting_of_clients()
    }

    /// Turns changes into deliveries, and claims what is due and what there is room for.
    pub async fn hand_over(&self, rooms: Vec<Room>) -> Result<Vec<Delivery>, EngineError> {
        let reply = self.inner.writer.write_own(WriteCommand::HandOver(rooms)).await?;
        let WriteReply::HandedOver(HandedOver { claimed, has_more }) = reply else { return Ok(Vec::new()) };
        if has_more {
            self.inner.outbox_filled.notify_one();
        }
        Ok(claimed)
    }

    /// Gives up or forgets deliveries that nobody waits for any more.
    pub async fn tidy_deliveries(&self) -> Result<(), EngineError> {
        self.inner.writer.write_own(WriteCommand::TidyDeliveries).await?;
        Ok(())
    }

    /// Records how an attempt to deliver ended.
    pub async fn end_delivery(&self, ending: DeliveryEnding) -> Result<(), EngineError> {
        self.inner.writer.write_own(WriteCommand::EndDelivery(Box::new(ending))).await?;
        // What comes after it in its request may be due now.
        self.inner.outbox_filled.notify_one();
        Ok(())
    }

    /// The subscriptions that have failed for a day or want no more, as they were counted last.
    pub fn subscriptions_that_need_people(&self) -> Vec<String> {
        self.inner.troubled_subscriptions.lock().expect("nobody panics while holding the names").clone()
    }

    /// Counts the subscriptions in force that do not take what they are sent.
    pub async fn count_failing_subscriptions(&self) -> Result<(), EngineError> {
        let failing = self.failing_subscriptions().await?;
        let since = failing.iter().map(|found| (found.subscription.as_str(), found.failing_since));
        self.inner.metrics.set_failing_subscriptions(since, self.inner.clock.now());
        let troubled = failing.into_iter().filter(|found| found.needs_people);
        *self.inner.troubled_subscriptions.lock().expect("nobody panics while holding the names") =
            troubled.map(|found| found.subscription).collect();
        Ok(())
    }

    async fn failing_subscriptions(&self) -> Result<Vec<SubscriptionHealth>, EngineError> {
        let rows = self.inner.store.read(failing_subscriptions::list).await?;
        let (rules, now) = (self.rules(), self.inner.clock.now());
        let in_force = |row: &FailingSubscriptionRow| {
            rules.subscriptions.find(&row.subscription).is_some_and(|found| found.url == row.url)
        };
        let health = |row: FailingSubscriptionRow| {
            let failing_since = from_micros(row.failing_since)?;
            let needs_people = row.switched_off_at.is_some() || now - failing_since >= FAILING_FOR;
            Ok(SubscriptionHealth { subscription: row.subscription, failing_since, needs_people })
        };
        Ok(rows.into_iter().filter(in_force).map(health).collect::<Result<_, StoreError>>()?)
    }
}

/// Writes what follows an attempt. What a node reports that lost its lease changes nothing but the list of attempts.
pub(in crate::engine) fn end_delivery(
    conn: &mut AnyConnection,
    ending: &DeliveryEnding,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let follows = next(&ending.delivery, ending.taken, now, ending.jitter);
    let ended = match follows {
        Next::Delivered => ended(ending, DeliveryState::Delivered, now),
        Next::GiveUp => ended(ending, DeliveryState::GivenUp, now),
        Next::Again(wait) => {
            Delivery { state: DeliveryState::Waiting, due_at: now + wait, ..ending.delivery.clone() }
        }
    };
    deliveries::keep_attempt(conn, &attempt_row(ending, now))?;
    if !deliveries::settle(conn, &ended)? {
        return Ok(());
    }
    let name = &ending.delivery.subscription;
    match ending.taken {
        Taken::Yes => {
            if failing_subscriptions::remove(conn, name)? {
                deliveries::hurry(conn, name, now)?;
            }
        }
        Taken::NotYet => note_failure(conn, ending, None, now)?,
        Taken::NeverAgain => {
            note_failure(conn, ending, Some(now), now)?;
            let given_up = deliveries::give_up_all(conn, name, now)?;
            let data = json!({ "subscription": name, "url": ending.url, "givenUp": given_up });
            keep_event(conn, ending, (EventType::SubscriptionSwitchedOff, &data), (clock, now))?;
        }
    }
    if follows == Next::GiveUp {
        let Delivery { id, request, attempts, .. } = &ending.delivery;
        let data = json!({
            "delivery": id, "subscription": name, "request": request.to_string(), "attempts": attempts,
            "reason": ending.reason,
        });
        keep_event(conn, ending, (EventType::DeliveryGivenUp, &data), (clock, now))?;
    }
    Ok(())
}

fn ended(ending: &DeliveryEnding, state: DeliveryState, now: DateTime<Utc>) -> Delivery {
    Delivery { state, ended_at: Some(now), ..ending.delivery.clone() }
}

fn attempt_row(ending: &DeliveryEnding, now: DateTime<Utc>) -> DeliveryAttemptRow {
    DeliveryAttemptRow {
        org_id: ending.delivery.org.to_string(),
        delivery_id: ending.delivery.id.clone(),
        attempt: ending.delivery.attempts,
        ended_at: to_micros(now),
        duration_ms: ending.duration_ms,
        status: ending.status.map(i64::from),
        reason: ending.reason.clone(),
        answer: ending.answer.clone(),
    }
}

/// Since when a subscription fails is known from its first failure at this URL on.
fn note_failure(
    conn: &mut AnyConnection,
    ending: &DeliveryEnding,
    switched_off_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let known = failing_subscriptions::find(conn, &ending.delivery.subscription)?;
    let known = known.filter(|row| row.url == ending.url);
    let (since, was_off) =
        known.map_or((to_micros(now), None), |row| (row.failing_since, row.switched_off_at));
    failing_subscriptions::put(
        conn,
        &FailingSubscriptionRow {
            subscription: ending.delivery.subscription.clone(),
            url: ending.url.clone(),
            failing_since: since,
            switched_off_at: switched_off_at.map(to_micros).or(was_off),
        },
    )
}

/// Writes an event of the delivery's org: it names what no other org may know.
fn keep_event(
    conn: &mut AnyConnection,
    ending: &DeliveryEnding,
    (event_type, data): (EventType, &serde_json::Value),
    (clock, now): (&Clock, DateTime<Utc>),
) -> Result<(), StoreError> {
    let org_id = ending.delivery.org.to_string();
    let event = EventRow { org_id, ..EventRow::of_no_request(event_type, clock.new_id(), now, data) };
    events::insert(conn, &[event])
}
