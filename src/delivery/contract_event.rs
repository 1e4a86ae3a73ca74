//! The contract's `requestWorkflowEvent`. Its names and spellings are the contract's; where that has no word,
//! ours is used: `unknown`, `withdrawn`, `expired`.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::domain::request::State;
use crate::engine::deliveries::Notice;

/// The type whose first event names the reason that its body gives.
const WITH_REASON: &str = "CUSTOMER-STATUS-CHANGE";

/// The event as JSON.
pub(super) fn write(notice: &Notice) -> Value {
    let Notice { delivery, request, .. } = notice;
    json!({
        "eventName": "requestWorkflowEvent",
        "eventId": delivery.id,
        "orgId": number_or_text(request.org.as_str()),
        "refId": format!("{}_{}", request.org, request.id),
        "apiRequestId": notice.reference,
        "createdAt": millis(delivery.created_at.max(notice.at)),
        "data": data(notice),
        "loyaltyEventId": null,
    })
}

fn data(notice: &Notice) -> Value {
    let Notice { delivery, request, task, .. } = notice;
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| data.insert(name.to_owned(), value);
    put("requestId", request.id.to_string().into());
    put("requestType", request.request_type.as_str().replace('-', "_").into());
    put("requesterId", number_or_text(&request.maker.user_id));
    let is_start = delivery.step.from.is_none();
    let decision = request.last_decision().filter(|_| !is_start);
    if let Some(decision) = decision {
        put("checkerId", number_or_text(&decision.checker.user_id));
    }
    put("currentRequestState", state(delivery.step.to).into());
    if let Some(before) = previous(delivery.step.from, decision.is_some()) {
        put("previousRequestState", before.into());
    }
    put("updateTime", millis(notice.at));
    if let Some(decision) = decision {
        put("comment", decision.message.as_str().into());
    }
    if is_start && request.request_type.as_str() == WITH_REASON {
        put("reason", task.pointer("/body/reason").cloned().unwrap_or(Value::Null));
    }
    put("requestAttributes", attributes(task));
    Value::Object(data)
}

/// `executed` is the contract's `approved`.
fn state(state: State) -> &'static str {
    match state {
        State::Executed => State::Approved.name(),
        State::ValidateMakerAccess
        | State::ValidatePayload
        | State::AdminTask
        | State::SentBack
        | State::Approved
        | State::Failed
        | State::Unknown
        | State::Rejected
        | State::Withdrawn
        | State::Expired => state.name(),
    }
}

/// The contract knows no state between the decision and the end. A request that nobody decided was never waiting.
fn previous(from: Option<State>, is_decided: bool) -> Option<&'static str> {
    match from? {
        State::Unknown => Some(State::Unknown.name()),
        State::Approved if !is_decided => None,
        State::ValidateMakerAccess
        | State::ValidatePayload
        | State::AdminTask
        | State::SentBack
        | State::Approved
        | State::Executed
        | State::Failed
        | State::Rejected
        | State::Withdrawn
        | State::Expired => Some(State::AdminTask.name()),
    }
}

/// Of the call: its query parameters, if there are any, and its body.
fn attributes(task: &Value) -> Value {
    let mut attributes = Map::new();
    let is_there = |value: &&Value| value.as_object().is_none_or(|members| !members.is_empty());
    if let Some(parameters) = task.get("queryParams").filter(is_there) {
        attributes.insert("queryParams".to_owned(), parameters.clone());
    }
    if let Some(body) = task.get("body") {
        attributes.insert("body".to_owned(), body.clone());
    }
    Value::Object(attributes)
}

/// Ids are numbers in the contract; ours need not be.
fn number_or_text(id: &str) -> Value {
    let number = id.parse::<i64>().ok().filter(|number| number.to_string() == id);
    number.map_or_else(|| id.into(), Value::from)
}

fn millis(at: DateTime<Utc>) -> Value {
    at.timestamp_millis().into()
}
