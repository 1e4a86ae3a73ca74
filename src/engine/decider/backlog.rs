//! What the store knows of this node's backlog: that there is one, and since when.

use std::time::{Duration, Instant};

use super::Decider;
use crate::engine::batch_rows::BatchRows;
use crate::engine::command::WriteReply;
use crate::store::search::backlogs::{self, BacklogRow};
use crate::store::search::index::{self, Document};
use crate::store::{AnyConnection, StoreError, to_micros};

/// How often the row is written again while requests change: each change is committed with a row that is no older. A row
/// that is much older may be taken over by another node.
const RENEWED_FOR: Duration = Duration::from_secs(5);

/// This node's row in `search_backlogs`.
#[derive(Default)]
pub(super) struct BacklogMark {
    /// When it was written last; `None` if it is not there.
    written: Option<Instant>,
    /// When the running batch writes it.
    writing: Option<Instant>,
    /// Whether the running batch takes over another node's.
    has_taken: bool,
    /// Whether the running batch indexes what the indexer has in hand.
    has_indexed: bool,
}

impl BacklogMark {
    /// Whether a change can be committed without writing it.
    pub(super) fn is_fresh(&self) -> bool {
        self.written.is_some_and(|at| at.elapsed() < RENEWED_FOR)
    }

    pub(super) fn forget_batch(&mut self) {
        (self.writing, self.has_taken, self.has_indexed) = (None, false, false);
    }

    pub(super) fn committed(&mut self) {
        if let Some(at) = self.writing.take() {
            self.written = Some(at);
        }
    }
}

impl Decider {
    /// Indexes these requests. Those that changed in between wait again.
    pub(super) fn run_index(
        &mut self,
        conn: &mut AnyConnection,
        documents: &[Document],
    ) -> Result<WriteReply, StoreError> {
        let Some(changed) = index::write(conn, documents)? else { return Ok(WriteReply::Indexed(false)) };
        self.shared.backlog.add_changed(changed);
        self.mark.has_indexed = true;
        Ok(WriteReply::Indexed(true))
    }

    /// What another node had to index is this node's from now on.
    pub(super) fn run_take_backlog(
        &mut self,
        conn: &mut AnyConnection,
        row: &BacklogRow,
    ) -> Result<(), StoreError> {
        if backlogs::take(conn, row)? {
            self.shared.backlog.leave_out(row.since);
            self.mark.has_taken = true;
        }
        Ok(())
    }

    /// Adds what the batch changed to the backlog, and sees to it that the store knows of it.
    pub(super) fn keep_backlog(
        &mut self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
    ) -> Result<(), StoreError> {
        let is_due = !rows.unindexed.is_empty() && !self.mark.is_fresh();
        self.shared.backlog.add(std::mem::take(&mut rows.unindexed));
        if !is_due && !self.mark.has_taken && !self.mark.has_indexed {
            return Ok(());
        }
        // As it is after the commit.
        let Some(since) = self.shared.backlog.since(self.mark.has_indexed) else {
            self.mark.written = None;
            return backlogs::remove(conn, &self.node);
        };
        let at = Instant::now();
        let renewed_at = to_micros(rows.database_now(conn)?);
        backlogs::put(conn, &BacklogRow { node: self.node.clone(), since, renewed_at })?;
        self.mark.writing = Some(at);
        Ok(())
    }
}
