//! The operations for auditors.

use serde_json::json;

use super::answers::{answer, success};
use super::operation::{Operation, READING, READING_ONE, given};
use super::{parameters, schemas};
use crate::domain::actor::Permission;
use crate::http::wire::{Data, DeliveryBody, DeliveryPage, List, OrgEventPage, RefusalPage, TargetHostBody};

pub(super) fn export() -> Operation {
    let text = |description: &str| json!({ "schema": { "type": "string", "description": description } });
    let content = json!({
        "text/csv": text("A header line, then one line per request. Every cell is quoted. An apostrophe stands before \
                          whatever a spreadsheet could take for a formula, by any separator: JSON Lines are exact."),
        "application/x-ndjson": text("One request per line, whole: as it is read, with its amount, outcome, stages and every event."),
    });
    let mut parameters = vec![parameters::format(), parameters::bom()];
    parameters.extend(parameters::filters());
    parameters.extend(given(&["orgOrOnly"]));
    Operation {
        id: "exportRequests".to_owned(),
        tag: "Auditing",
        summary: "Export requests.".to_owned(),
        description: format!(
            "Streams every request of the org that matches the filters. Needs the permission `{}`. After an \
             error in the middle the connection is closed, so that an incomplete export can't look complete.",
            Permission::Audit.name()
        ),
        parameters,
        body: None,
        success: answer("The requests.", content, &["Content-Disposition"]),
        refused: READING,
        special: None,
    }
}

pub(super) fn refusals() -> Operation {
    Operation {
        id: "listRefusals".to_owned(),
        tag: "Auditing",
        summary: "List refused submissions.".to_owned(),
        description: format!("Newest first. Needs the permission `{}`.", Permission::Audit.name()),
        parameters: given(&["limit", "after", "orgOrOnly"]),
        body: None,
        success: success("One page of refusals.", &schemas::of::<RefusalPage>(), &[]),
        refused: READING,
        special: None,
    }
}

pub(super) fn trail() -> Operation {
    let mut parameters = parameters::event_filters();
    parameters.extend(given(&["limit", "after", "orgOrOnly"]));
    Operation {
        id: "listEvents".to_owned(),
        tag: "Auditing",
        summary: "List what happened.".to_owned(),
        description: format!(
            "The events of the org and those of the whole server, such as rules that came into force, newest first. \
             Needs the permission `{}`.",
            Permission::Audit.name()
        ),
        parameters,
        body: None,
        success: success("One page of events.", &schemas::of::<OrgEventPage>(), &[]),
        refused: READING,
        special: None,
    }
}

pub(super) fn deliveries() -> Operation {
    let mut parameters = parameters::delivery_filters();
    parameters.extend(given(&["limit", "after", "orgOrOnly"]));
    Operation {
        id: "listDeliveries".to_owned(),
        tag: "Auditing",
        summary: "List the events that were sent to subscribers.".to_owned(),
        description: format!(
            "Newest first, with their attempts and the answers to them. Needs the permission `{}`.",
            Permission::Audit.name()
        ),
        parameters,
        body: None,
        success: success("One page of deliveries.", &schemas::of::<DeliveryPage>(), &[]),
        refused: READING,
        special: None,
    }
}

pub(super) fn redeliver() -> Operation {
    Operation {
        id: "redeliver".to_owned(),
        tag: "Auditing",
        summary: "Send an event to its subscriber again.".to_owned(),
        description: format!(
            "A delivery that has ended is sent again at once, under the same id. One that is still on its way is \
             not changed. Needs the permission `{}`.",
            Permission::Audit.name()
        ),
        parameters: given(&["deliveryId", "org"]),
        body: None,
        success: success("The delivery.", &schemas::of::<Data<DeliveryBody>>(), &[]),
        refused: READING_ONE,
        special: None,
    }
}

pub(super) fn target_hosts() -> Operation {
    Operation {
        id: "listTargetHosts".to_owned(),
        tag: "Auditing",
        summary: "List the hosts that calls go to.".to_owned(),
        description: format!(
            "The hosts that the answering node has called or is calling, and those that are paused. Needs the \
             permission `{}`.",
            Permission::Audit.name()
        ),
        parameters: given(&["orgOrOnly"]),
        body: None,
        success: success("The hosts.", &schemas::of::<List<TargetHostBody>>(), &[]),
        refused: READING,
        special: None,
    }
}
