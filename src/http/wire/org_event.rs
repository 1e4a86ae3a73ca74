//! Events of an org and of no org.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::lists::CursorPagination;
use super::person::PersonBody;
use super::time::Instant;
use crate::engine::org_events::OrgEvent;

/// One page of events.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EventPage")]
pub struct OrgEventPage {
    /// The events, newest first.
    pub data: Vec<OrgEventBody>,
    /// Where the page is in its list.
    pub pagination: CursorPagination,
}

/// Something that happened to a request of the org, or to the whole server.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Event")]
pub struct OrgEventBody {
    /// The id of the event.
    #[schemars(extend("format" = "uuid"))]
    event_id: String,
    /// When: RFC 3339 in UTC with microseconds.
    at: Instant,
    /// What happened.
    #[serde(rename = "type")]
    event_type: String,
    /// Who did it; `system` for the server itself.
    actor: PersonBody,
    /// The name of the client that the call came through.
    via: Option<String>,
    /// The request that it is about; `null` for an event of no request.
    #[schemars(extend("format" = "uuid"))]
    request_id: Option<String>,
    /// The number of the event in the history of its request.
    #[schemars(range(min = 1))]
    seq: Option<i64>,
    /// The person's words, or a sentence of the server.
    message: Option<String>,
    /// The id under which the log has the call that caused it.
    reference: String,
    /// What else is recorded of an event of no request, such as which versions came into force. An event of a request
    /// has its details in the request's history.
    data: Option<Value>,
}

impl OrgEventBody {
    /// The body for one event.
    pub fn of(event: &OrgEvent) -> Self {
        Self {
            event_id: event.event_id.clone(),
            at: Instant::of(event.at),
            event_type: event.event_type.clone(),
            actor: PersonBody::of(&event.actor),
            via: event.via.clone(),
            request_id: event.request.map(|(id, _)| id.to_string()),
            seq: event.request.map(|(_, seq)| seq),
            message: event.message.clone(),
            reference: event.reference.clone(),
            data: event.data.clone(),
        }
    }
}
