//! What a delivery tells: the change, and the request that it happened to.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::actor::Person;
use crate::domain::delivery::Delivery;
use crate::domain::lifecycle::{Event, EventKind, EventType};
use crate::domain::request::Request;
use crate::engine::rule_book::{RuleBook, approval_of};
use crate::engine::{Engine, EngineError};
use crate::store::{AnyConnection, StoreError, calls, events, listing};

/// Everything that an event for a subscriber is written from.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The delivery.
    pub delivery: Delivery,
    /// The request as it is now, but with the revision that the change was about.
    pub request: Request,
    /// When the change happened.
    pub at: DateTime<Utc>,
    /// Who made the change.
    pub by: Person,
    /// The name of the stage in which a decision was made.
    pub stage: Option<String>,
    /// The id under which the log has the API call that led to the change.
    pub reference: String,
    /// The task, with every field hidden that is not public.
    pub task: Value,
}

impl Engine {
    /// What a delivery tells.
    ///
    /// # Errors
    /// Of the store; [`StoreError::Corrupt`] if a row is missing or can't be read.
    pub async fn notice(&self, delivery: &Delivery) -> Result<Notice, EngineError> {
        let (delivery, book) = (delivery.clone(), self.inner.book.clone());
        let read = move |conn: &mut AnyConnection| notice(conn, &book, delivery);
        Ok(self.inner.store.read_by_key(read).await?)
    }
}

fn notice(conn: &mut AnyConnection, book: &RuleBook, delivery: Delivery) -> Result<Notice, StoreError> {
    let missing = |what: &str| StoreError::Corrupt(format!("{} has no {what}", delivery.request));
    let (org, id) = (&delivery.org, delivery.request);
    let request = listing::find_request(conn, org, id)?.ok_or_else(|| missing("row"))?;
    // A submission has several events; the first says who submitted it.
    let seq = if delivery.step.event_type == EventType::Submitted { 1 } else { delivery.seq };
    let row = events::find(conn, org, id, seq)?.ok_or_else(|| missing("such event"))?;
    let own_reference = row.reference.clone();
    let reference =
        events::last_reference(conn, org, id, delivery.seq)?.unwrap_or_else(|| own_reference.into());
    let event = row.into_event(&request)?;
    // A change of an earlier revision, which is sent late, is about what was submitted then.
    let request = request.as_revision(event.revision).ok_or_else(|| missing("such revision"))?;
    let pinned = book.pinned(conn, &request)?;
    let task = calls::find_revision(conn, &(org.clone(), id), event.revision)?.unpack()?.task()?;
    let stage = match stage_of(&event) {
        Some(stage) => approval_of(&pinned, &request)?.and_then(|found| found.stages.get(stage)),
        None => None,
    };
    Ok(Notice {
        at: event.at,
        stage: stage.map(|stage| stage.name.clone()),
        by: event.by,
        reference,
        task: pinned.shown(&task, false),
        request,
        delivery,
    })
}

/// The stage of a decision.
fn stage_of(event: &Event) -> Option<usize> {
    match &event.kind {
        EventKind::Decided { signature, .. } | EventKind::SentBack { signature, .. } => Some(signature.stage),
        EventKind::Submitted(_)
        | EventKind::MakerAccessValidated
        | EventKind::PayloadValidated
        | EventKind::AutoApproved { .. }
        | EventKind::Commented { .. }
        | EventKind::Resubmitted { .. }
        | EventKind::Withdrawn { .. }
        | EventKind::Expired
        | EventKind::AttemptStarted { .. }
        | EventKind::AttemptEnded { .. }
        | EventKind::Ended { .. }
        | EventKind::LateAnswer { .. }
        | EventKind::Refused { .. }
        | EventKind::SettlementWordGiven { .. }
        | EventKind::SubmittedAgain { .. }
        | EventKind::ProbeAsked
        | EventKind::Probed { .. } => None,
    }
}
