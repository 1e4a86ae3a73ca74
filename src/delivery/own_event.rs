//! Countersign's own event: every change, with digest, stage and actor, and nothing of the payload.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use crate::domain::lifecycle::EventType;
use crate::domain::state::State;
use crate::engine::deliveries::Notice;

/// The event as JSON, in the form that Standard Webhooks recommends: type, timestamp, data.
pub(super) fn write(notice: &Notice) -> Value {
    let Notice { delivery, request, at, by, stage, reference, task: _ } = notice;
    let mut event = json!({
        "type": delivery.step.event_type.name(),
        "timestamp": at.to_rfc3339_opts(SecondsFormat::Micros, true),
        "data": {
            "eventId": delivery.id,
            "orgId": request.org.as_str(),
            "requestId": request.id.to_string(),
            "requestType": request.request_type.as_str(),
            "seq": delivery.seq,
            "state": delivery.step.to.name(),
            "previousState": delivery.step.from.map(State::name),
            "revision": request.revision,
            "digest": request.digest.to_string(),
            "stage": stage,
            "actor": { "userId": by.user_id, "userName": by.user_name },
            "reference": reference,
        },
    });
    if let Some(older) = request.repeat_of {
        event["data"]["repeatOf"] = older.to_string().into();
    }
    // An earlier change, which is sent late, did not know of it.
    if let Some(newer) = request.repeated_by
        && delivery.step.event_type == EventType::SubmittedAgain
    {
        event["data"]["repeatedBy"] = newer.to_string().into();
    }
    event
}
