//! What is odd about how the decisions on a request came about, from its events and from what the pages know.

use std::collections::HashMap;

use crate::domain::actor::Signer;
use crate::domain::conduct::{OddDecision, Reading, Source, is_told_of_conduct, oddities};
use crate::domain::lifecycle::EventType;
use crate::domain::policy::people::People;
use crate::domain::request::{Request, Verdict};
use crate::store::events::EventRow;
use crate::store::{AnyConnection, StoreError, decisions, from_micros};

/// What is odd about the decisions on a request, of which these are all events; nothing for a reader who is not told.
pub(super) fn odd_decisions(
    conn: &mut AnyConnection,
    (signer, people): (&Signer, &People),
    request: &Request,
    events: &[EventRow],
) -> Result<Vec<OddDecision>, StoreError> {
    let decided: Vec<(&EventRow, Verdict)> =
        events.iter().filter_map(|row| Some((row, verdict_of(&row.event_type)?))).collect();
    if decided.is_empty() || !is_told_of_conduct(signer, people, request) {
        return Ok(Vec::new());
    }
    let mut readings: HashMap<(i64, String, String), Option<Reading>> = HashMap::new();
    for row in decisions::readings(conn, &request.org, vec![request.id.into()])? {
        let reading = row.reading()?;
        readings.insert((row.revision, row.iss, row.sub), reading);
    }
    let made_from: HashMap<i64, Source> = events
        .iter()
        .filter(|row| is_submission(&row.event_type))
        .map(|row| (row.revision(), source_of(row)))
        .collect();
    let mut odd = Vec::new();
    for (row, verdict) in decided {
        let key = (row.revision(), row.actor_iss.clone(), row.actor_sub.clone());
        let reading = readings.get(&key).copied().flatten();
        let made_from = made_from.get(&row.revision()).cloned().unwrap_or_default();
        let found = oddities((from_micros(row.at)?, reading), &made_from, &source_of(row));
        odd.extend(found.into_iter().map(|oddity| OddDecision {
            checker: row.actor(),
            verdict,
            revision: row.revision(),
            oddity,
        }));
    }
    Ok(odd)
}

/// The types of the events with which a checker decides.
pub(super) const DECIDED: [EventType; 4] =
    [EventType::ApprovalGiven, EventType::Approved, EventType::RejectionGiven, EventType::Rejected];

/// What a checker decided with an event of this type; `None` if it is no decision.
pub(super) fn verdict_of(event_type: &str) -> Option<Verdict> {
    let at = DECIDED.iter().position(|known| known.name() == event_type)?;
    Some(if at < 2 { Verdict::Approved } else { Verdict::Rejected })
}

/// Whether a maker submitted a revision with an event of this type.
fn is_submission(event_type: &str) -> bool {
    [EventType::Submitted, EventType::Resubmitted].iter().any(|known| known.name() == event_type)
}

fn source_of(row: &EventRow) -> Source {
    Source { address: row.actor_address.clone(), token_id: row.actor_token_id.as_ref().map(String::from) }
}
