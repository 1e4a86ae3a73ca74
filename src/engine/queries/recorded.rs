//! Walks over requests with all that is recorded of them, for exports.

use super::{Listed, Listing, Position, after, page_after, position_of};
use crate::domain::actor::Actor;
use crate::domain::request::Request;
use crate::engine::reader::Reader;
use crate::engine::trail::RecordedTrail;
use crate::engine::views::{AnsweredRow, View};
use crate::engine::{Engine, EngineError};
use crate::store::{AnyConnection, StoreError};

/// Events of one request that are read; refused attempts have no end otherwise.
const EVENTS_MAX: i64 = 500;
/// A page ends after the request with which its events take more memory than this.
const EVENTS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A page of a walk: each row with its first events.
#[derive(Debug)]
pub struct RecordedPage<R> {
    /// In the asked order.
    pub rows: Vec<(R, RecordedTrail)>,
    /// Where the next page begins, if there is one.
    pub next: Option<Position>,
}

impl Engine {
    /// The first or the next page of a walk over whole requests with their events.
    pub async fn walk_recorded(
        &self,
        actor: &Actor,
        listing: Listing,
        position: Option<Position>,
    ) -> Result<RecordedPage<View>, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut AnyConnection| {
            let Listed { views, next, .. } = after(conn, &reader, &listing, position.as_ref())?;
            with_trails(conn, &listing, (views, next), |view| &view.request)
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The same over rows with the head of each answer.
    pub async fn walk_recorded_rows(
        &self,
        actor: &Actor,
        listing: Listing,
        position: Option<Position>,
    ) -> Result<RecordedPage<AnsweredRow>, EngineError> {
        let reader: Reader = self.reader_for(actor);
        let read = move |conn: &mut AnyConnection| {
            let (page, next) = page_after(conn, &listing, position.as_ref())?;
            let rows = reader.answered_rows(conn, page)?;
            with_trails(conn, &listing, (rows, next), |answered| &answered.row.request)
        };
        Ok(self.inner.store.read(read).await?)
    }
}

/// Adds the events, as long as there is room for them. What is left is read again by the next page.
fn with_trails<R>(
    conn: &mut AnyConnection,
    listing: &Listing,
    (page, next): (Vec<R>, Option<Position>),
    request_of: fn(&R) -> &Request,
) -> Result<RecordedPage<R>, StoreError> {
    let (mut rows, mut bytes) = (Vec::with_capacity(page.len()), 0);
    let mut left = page.into_iter();
    for row in left.by_ref() {
        let trail = RecordedTrail::read(conn, request_of(&row), EVENTS_MAX)?;
        bytes += trail.bytes();
        rows.push((row, trail));
        if bytes > EVENTS_BYTES_MAX {
            break;
        }
    }
    let is_whole = left.next().is_none();
    let last = rows.last().map(|(row, _)| position_of(request_of(row), listing.sort));
    Ok(RecordedPage { rows, next: if is_whole { next } else { last } })
}
