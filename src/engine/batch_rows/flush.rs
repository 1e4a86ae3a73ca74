//! A batch's changed rows are written back.

use super::{BatchRows, ExecutionEntry};
use crate::domain::execution::Execution;
use crate::store::executions::{self, ExecutionUpdate};
use crate::store::requests::{self, RequestRow, RequestUpdate};
use crate::store::{
    AnyConnection, StoreError, answers, attempts, calls, decisions, events, outbox, revisions, send_backs,
    settlement_words, submission_keys, submissions, usage,
};

impl BatchRows<'_> {
    /// Writes everything that changed. Parents before children, for the foreign keys; what was sent back before the
    /// request that it is a part of, for the trigger; and what ended before what is submitted, for an id that passes from
    /// one to the other.
    pub(in crate::engine) fn flush(&mut self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        write_all(conn, std::mem::take(&mut self.send_backs), send_backs::insert)?;
        write_all(conn, std::mem::take(&mut self.replaced), revisions::insert)?;
        write_all(conn, self.moved_requests(), requests::save)?;
        write_all(conn, std::mem::take(&mut self.new_calls), calls::insert)?;
        let new = std::mem::take(&mut self.submissions);
        if !new.is_empty() {
            submissions::insert(conn, &new.iter().map(|submission| &**submission).collect::<Vec<_>>())?;
        }
        write_all(conn, std::mem::take(&mut self.new_client_keys), submission_keys::insert)?;
        let counted = self.counted.iter().filter_map(|key| self.usage.get(key).cloned());
        write_all(conn, counted.collect(), usage::save)?;
        write_all(conn, std::mem::take(&mut self.decisions), decisions::insert)?;
        write_all(conn, std::mem::take(&mut self.settlement_words), settlement_words::insert)?;
        let (new, moved) = self.moved_executions();
        write_all(conn, new, executions::insert)?;
        write_all(conn, moved, executions::save)?;
        write_all(conn, std::mem::take(&mut self.new_attempts), attempts::insert)?;
        write_all(conn, std::mem::take(&mut self.ended_attempts), attempts::end)?;
        write_all(conn, std::mem::take(&mut self.answers), answers::insert)?;
        write_all(conn, std::mem::take(&mut self.outbox), outbox::insert)?;
        write_all(conn, std::mem::take(&mut self.events), events::insert)
    }

    fn moved_requests(&self) -> Vec<RequestUpdate> {
        let moved = self.requests.values().filter(|entry| entry.request.version != entry.version_before);
        moved
            .map(|entry| RequestUpdate {
                row: RequestRow::from(&entry.request),
                version_before: entry.version_before,
                revision_before: entry.revision_before,
            })
            .collect()
    }

    fn moved_executions(&self) -> (Vec<Execution>, Vec<ExecutionUpdate>) {
        let (mut new, mut moved) = (Vec::new(), Vec::new());
        for ExecutionEntry { execution, before } in self.executions.values() {
            let execution = execution.clone();
            match before {
                None => new.push(execution),
                Some(before) if *before != execution => {
                    moved.push(ExecutionUpdate { execution, token_before: before.token });
                }
                Some(_) => {}
            }
        }
        (new, moved)
    }
}

fn write_all<R>(
    conn: &mut AnyConnection,
    rows: Vec<R>,
    write: fn(&mut AnyConnection, &[R]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if rows.is_empty() { Ok(()) } else { write(conn, &rows) }
}
