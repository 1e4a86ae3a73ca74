//! The target of a call of which nobody knows the outcome is asked what became of it.

use super::{Decider, current, system_origin};
use crate::domain::lifecycle::{Command, ProbeWish};
use crate::domain::policy::may_settle::SettlementRules;
use crate::domain::probe::{ProbeEnd, next_probe_at};
use crate::domain::request::State;
use crate::engine::batch_rows::BatchRows;
use crate::engine::claimed_execution::HeldLease;
use crate::engine::command::{Caller, WriteReply};
use crate::engine::rule_book::approval_of;
use crate::store::requests::Key;
use crate::store::{AnyConnection, StoreError};

impl Decider {
    /// An outcome has just become unknown: its target is asked once it can't be at work any more, if the type says how.
    pub(super) fn queue_probe(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        key: &Key,
    ) -> Result<(), StoreError> {
        let Some(pinned) = rows.pinned(key) else { return Ok(()) };
        let Some(probe) = &pinned.probe else { return Ok(()) };
        let limit = pinned.total_timeout.unwrap_or(self.shared.sending.call);
        let (due_at, until) = (rows.database_now(conn)? + limit, rows.now + limit + probe.probe_for);
        if let Some(execution) = rows.execution(key) {
            execution.probe(due_at, until);
        }
        Ok(())
    }

    /// Records what the target said. Its answer is kept also if people have settled the outcome meanwhile; of a lease
    /// that was lost it is dropped, since the target is asked again anyway.
    pub(super) fn run_end_probe(
        &self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        held: &HeldLease,
        (end, jitter): (&ProbeEnd, u16),
    ) -> Result<WriteReply, StoreError> {
        let key = &held.key;
        let is_own = |rows: &mut BatchRows<'_>| {
            let execution = rows.execution(key)?;
            let is_own = execution.token == held.token && !execution.is_queued();
            execution.probe_until().filter(|_| is_own)
        };
        let (Some(until), Some(request)) = (is_own(rows), rows.request(key)) else {
            return Ok(WriteReply::Fenced);
        };
        let was_unknown = request.state == State::Unknown;
        let next =
            next_probe_at(request.sending.probes + 1, until, rows.now, jitter).filter(|_| !end.is_last);
        let command = Command::EndProbe { end: end.clone(), next };
        if let Err(refusal) = rows.transition(key, &command, &system_origin(key))? {
            return Ok(WriteReply::Refused(refusal));
        }
        if rows.request(key).is_some_and(|request| request.state != State::Unknown) {
            rows.settle_execution_as_its_request(key);
            return Ok(current(rows, key, was_unknown));
        }
        match next {
            Some(next) => {
                // The wait is what counts: the queue goes by the database's clock.
                let due_at = rows.database_now(conn)? + (next - rows.now);
                if let Some(execution) = rows.execution(key) {
                    execution.release(held.token, due_at)?;
                }
            }
            None => rows.settle_execution_as_its_request(key),
        }
        Ok(WriteReply::Done)
    }

    /// Whoever may settle the outcome wants the target to be asked now.
    pub(super) fn run_ask_probe(
        &mut self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        by: &Caller,
    ) -> Result<WriteReply, StoreError> {
        let key = &by.key;
        let now = rows.database_now(conn)?;
        let (Some(request), Some(pinned)) = (rows.request(key), rows.pinned(key)) else {
            return Ok(WriteReply::NotFound);
        };
        let (approval, probes) = (approval_of(&pinned, request)?.cloned(), request.sending.probes);
        // The first one is on its way, and must not come while the target may be at work.
        let is_due = rows.execution(key).is_some_and(|execution| {
            !execution.has_ended() && (probes == 0 || !execution.is_queued() || execution.due_at <= now)
        });
        let rules = self.shared.book.current();
        let command = Command::AskProbe(ProbeWish {
            signer: &by.actor.signer,
            rules: SettlementRules { approval: approval.as_ref(), people: &rules.people },
            has_probe: pinned.probe.is_some(),
            is_due,
        });
        let reply = self.run_for_person(rows, by, &command)?;
        if let WriteReply::Current { is_new: true, .. } = &reply {
            let until = rows.now;
            if let Some(execution) = rows.execution(key) {
                execution.ask_now(now, until);
            }
        }
        Ok(reply)
    }
}
