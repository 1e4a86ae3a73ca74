//! The trail: the recorded events of one request.

use chrono::{DateTime, Utc};

use super::conduct::odd_decisions;
use super::queries::readable;
use super::views::View;
use super::{Engine, EngineError};
use crate::domain::actor::{Actor, Person};
use crate::domain::conduct::OddDecision;
use crate::domain::digest::Digest;
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::EventKind;
use crate::domain::outcome::Outcome;
use crate::domain::request::{Request, State};
use crate::store::events::{self, EventRow};
use crate::store::listing;
use crate::store::{AnyConnection, StoreError, from_micros};

/// One recorded event of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailEntry {
    /// The event's id.
    pub event_id: String,
    /// The request's events are numbered from 1.
    pub seq: i64,
    /// The revision of the request that was the present one after it.
    pub revision: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The name of its type, as stored.
    pub event_type: String,
    /// Who caused it.
    pub actor: Person,
    /// The name of the client that the call came through.
    pub via: Option<String>,
    /// The state before; `None` for the first event.
    pub from: Option<State>,
    /// The state after.
    pub to: Option<State>,
    /// What the person wrote, or a sentence about it.
    pub message: Option<String>,
    /// The digest of the call that it was about.
    pub digest: Digest,
    /// The attempt that it was about.
    pub attempt: Option<i64>,
    /// How the execution ended.
    pub outcome: Option<Outcome>,
    /// The id under which the log has the API call.
    pub reference: String,
    /// What happened; `None` for an event that this version can't read. One such row must not hide the
    /// others, so what its columns say is shown all the same.
    pub kind: Option<EventKind>,
}

/// The first events of a request, for exports.
#[derive(Debug, Default)]
pub struct RecordedTrail {
    /// The events, oldest first.
    pub entries: Vec<TrailEntry>,
    /// Whether there are more.
    pub is_cut: bool,
}

impl RecordedTrail {
    /// Reads the first `max` events.
    pub(super) fn read(conn: &mut AnyConnection, request: &Request, max: i64) -> Result<Self, StoreError> {
        let mut rows = events::first(conn, &request.org, request.id, max.saturating_add(1))?;
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let is_cut = rows.len() > max;
        rows.truncate(max);
        Ok(Self { entries: entries(rows, request)?, is_cut })
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let text = |entry: &TrailEntry| {
            // A decision has its words twice, and a refused attempt those of the person beside the engine's.
            let tried = match &entry.kind {
                Some(EventKind::Refused { tried, .. }) => tried.as_ref().map_or(0, |tried| tried.words.len()),
                Some(_) | None => 0,
            };
            2 * entry.message.as_ref().map_or(0, String::len) + tried + 512
        };
        self.entries.iter().map(text).sum()
    }
}

/// One request and its events.
#[derive(Debug)]
pub struct Trail {
    /// The request as the reader may see it.
    pub view: View,
    /// Its events, oldest first.
    pub entries: Vec<TrailEntry>,
    /// What is odd about its decisions: empty for a reader who is not told.
    pub odd_decisions: Vec<OddDecision>,
}

impl TrailEntry {
    /// The entry of an event that is stored under `event_id`.
    #[cfg(test)]
    pub(crate) fn of(
        request: &crate::domain::request::Request,
        event: &crate::domain::lifecycle::Event,
        event_id: uuid::Uuid,
    ) -> Self {
        let row = EventRow::new(request, event, event_id, &events::Origin::default());
        Self::new(row, request).expect("the row of an event can be read")
    }

    /// The entry of an event of `request`.
    fn new(row: EventRow, request: &Request) -> Result<Self, StoreError> {
        let state = |name: Option<&str>| name.and_then(State::parse);
        Ok(Self {
            at: from_micros(row.at)?,
            seq: row.seq.unwrap_or_default(),
            from: state(row.from_state.as_deref()),
            to: state(row.to_state.as_deref()),
            digest: row.digest.map_or_else(|| request.digest_of(row.revision()), |digest| digest.0),
            revision: row.revision(),
            outcome: row.outcome.as_deref().and_then(Outcome::parse),
            attempt: row.attempt,
            message: row.message.clone(),
            actor: row.actor(),
            via: row.via.clone(),
            kind: row.clone().into_event(request).ok().map(|event| event.kind),
            event_id: row.event_id.to_string(),
            event_type: row.event_type,
            reference: row.reference.into(),
        })
    }
}

impl Engine {
    /// One request's events in order.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] if there is no such request that `actor` may read.
    pub async fn trail(&self, actor: &Actor, id: RequestId) -> Result<Trail, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut _| {
            let Some(record) = listing::find(conn, &reader.actor.org, id)? else {
                return Ok((None, Vec::new(), Vec::new()));
            };
            let rows = events::list(conn, &reader.actor.org, id)?;
            let asking = (&reader.actor.signer, &reader.rules.people);
            let odd = odd_decisions(conn, asking, &record.request, &rows)?;
            let entries = entries(rows, &record.request)?;
            Ok((Some(reader.view(conn, record)?), entries, odd))
        };
        let (found, entries, odd_decisions) = self.inner.store.read(read).await?;
        let view = readable(actor, &self.inner.book.current().people, found)?;
        Ok(Trail { view, entries, odd_decisions })
    }
}

/// The entries of these rows of one request, in their order.
pub(super) fn entries(rows: Vec<EventRow>, request: &Request) -> Result<Vec<TrailEntry>, StoreError> {
    rows.into_iter().map(|row| TrailEntry::new(row, request)).collect()
}
