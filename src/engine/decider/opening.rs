//! What the pages know of who read a request: kept beside the trail, and with a decision.

use super::Decider;
use crate::domain::conduct::Reading;
use crate::engine::command::{DecideCommand, Scope};
use crate::engine::openings::{ReadBefore, SWEPT_AT_ONCE};
use crate::store::openings::{self, OpeningRow};
use crate::store::{AnyConnection, StoreError, from_micros};

impl Decider {
    /// Keeps that somebody opened a request. Each new row pays for looking at a few others, so that what is left of
    /// requests that have ended goes away, and no end has to look for it.
    pub(super) fn run_note_opening(
        &mut self,
        conn: &mut AnyConnection,
        row: &OpeningRow,
    ) -> Result<(), StoreError> {
        if openings::note(conn, row)? {
            self.swept = openings::sweep(conn, &self.swept, SWEPT_AT_ONCE)?;
        }
        Ok(())
    }
}

/// How a checker came to read the revision that they decide; `None` if it is not known. Only whoever decides many at
/// once is known not to have opened one: a single decision is made on a page that shows it.
pub(super) fn reading(asked: &DecideCommand, revision: i64) -> Result<Option<Reading>, StoreError> {
    let opened = match asked.read_before {
        ReadBefore::Unknown => return Ok(None),
        ReadBefore::Opened { revision: opened, at } if opened == revision => Some(from_micros(at)?),
        ReadBefore::Opened { .. } | ReadBefore::NotOpened => None,
    };
    Ok(match (opened, &asked.scope) {
        (Some(at), _) => Some(Reading::Opened(at)),
        (None, Scope::Many) => Some(Reading::NotOpened),
        (None, Scope::One(_)) => None,
    })
}
