//! A delivery: an event on its way to a subscriber.

use schemars::JsonSchema;
use serde::Serialize;

use super::lists::CursorPagination;
use super::time::Instant;
use super::word::Word;
use crate::domain::delivery::DeliveryState;
use crate::domain::lifecycle::EventType;
use crate::domain::request::State;
use crate::engine::deliveries::{DeliveryAttempt, DeliveryView};

/// One page of deliveries.
#[derive(Serialize, JsonSchema)]
pub struct DeliveryPage {
    /// The deliveries, newest first.
    pub data: Vec<DeliveryBody>,
    /// Where the page is in its list.
    pub pagination: CursorPagination,
}

/// One event on its way to one subscriber.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Delivery")]
pub struct DeliveryBody {
    /// The id of the delivery, which the subscriber gets as `webhook-id` and as the event's `eventId`.
    #[schemars(extend("format" = "uuid"))]
    delivery_id: String,
    /// The name of the subscription.
    subscription: String,
    /// The request that changed.
    #[schemars(extend("format" = "uuid"))]
    request_id: String,
    /// The request's type.
    request_type: String,
    /// The change.
    change: ChangeBody,
    state: Word<DeliveryState>,
    /// When it was put on its way, or sent again by an auditor: RFC 3339 in UTC with microseconds.
    created_at: Instant,
    /// When the next attempt is due; only while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Instant>,
    /// When it was delivered or given up.
    ended_at: Option<Instant>,
    /// How its attempts ended, in their order. One that is under way, or was cut off, is not among them.
    attempts: Vec<DeliveryAttemptBody>,
}

/// What happened to the request.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeliveredChange")]
struct ChangeBody {
    /// The number of the change in its request.
    #[schemars(range(min = 1))]
    seq: i64,
    #[serde(rename = "type")]
    event_type: Word<EventType>,
    /// The state before; `null` for a submission.
    from: Option<Word<State>>,
    /// The state after.
    to: Word<State>,
}

/// How one attempt to deliver ended.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeliveryAttempt")]
struct DeliveryAttemptBody {
    /// The number of the attempt, counted from 1.
    #[schemars(range(min = 1))]
    attempt: i64,
    /// When it ended: RFC 3339 in UTC with microseconds.
    ended_at: Instant,
    /// How long it took.
    #[schemars(range(min = 0))]
    duration_ms: i64,
    /// The status of the answer; `null` if there was none.
    status: Option<i64>,
    /// A sentence for people.
    reason: String,
    /// The beginning of the answer's body, as text.
    answer: String,
}

impl DeliveryBody {
    /// The body of one delivery.
    pub fn of(view: &DeliveryView) -> Self {
        let delivery = &view.delivery;
        let is_waiting = delivery.state == DeliveryState::Waiting;
        Self {
            delivery_id: delivery.id.clone(),
            subscription: delivery.subscription.clone(),
            request_id: delivery.request.to_string(),
            request_type: delivery.request_type.to_string(),
            change: ChangeBody {
                seq: delivery.seq,
                event_type: Word(delivery.step.event_type),
                from: delivery.step.from.map(Word),
                to: Word(delivery.step.to),
            },
            state: Word(delivery.state),
            created_at: Instant::of(delivery.created_at),
            next_attempt_at: is_waiting.then(|| Instant::of(delivery.due_at)),
            ended_at: delivery.ended_at.map(Instant::of),
            attempts: view.attempts.iter().map(DeliveryAttemptBody::of).collect(),
        }
    }
}

impl DeliveryAttemptBody {
    fn of(attempt: &DeliveryAttempt) -> Self {
        Self {
            attempt: attempt.number,
            ended_at: Instant::of(attempt.ended_at),
            duration_ms: attempt.duration_ms,
            status: attempt.status,
            reason: attempt.reason.clone(),
            answer: attempt.answer.clone(),
        }
    }
}
