//! The executor's side: claim, begin, end, renew, settle.

use chrono::TimeDelta;

use super::claimed_execution::{ClaimedExecution, Ending, HeldLease};
use super::command::{WriteCommand, WriteReply};
use super::rule_book::{RuleBook, approval_of};
use super::{Engine, EngineError};
use crate::domain::digest::Digest;
use crate::domain::execution::Execution;
use crate::domain::policy::Approval;
use crate::domain::policy::people::People;
use crate::domain::policy::progress::{PolicyInForce, progress};
use crate::domain::request::{Request, Verdict};
use crate::store::requests::Key;
use crate::store::{AnyConnection, StoreError, executions, listing, requests};

/// The most interrupted executions settled in one sweep.
const SETTLE_MAX: i64 = 500;

/// Approvals that have waited longer than this for the executor are counted as overdue.
const OVERDUE_AFTER: TimeDelta = TimeDelta::seconds(60);

impl Engine {
    /// Resolves when an execution may have become due.
    pub async fn due(&self) {
        self.inner.due.notified().await;
    }

    /// Claims up to `limit` queued executions, none against `busy_hosts`.
    pub async fn claim(
        &self,
        limit: usize,
        busy_hosts: Vec<String>,
    ) -> Result<Vec<ClaimedExecution>, EngineError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let answer = self.inner.writer.write_own(WriteCommand::Claim { limit, busy_hosts }).await?;
        let WriteReply::Claimed(claimed) = answer else { return Ok(Vec::new()) };
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let book = self.inner.book.clone();
        let load = move |conn: &mut _| claimed.iter().map(|execution| load(conn, &book, execution)).collect();
        Ok(self.inner.store.read(load).await?)
    }

    /// Records that bytes may leave from now on; `false` if another holder has the lease, or if the call
    /// must not leave any more: then its end is recorded.
    pub async fn start_attempt(&self, held: &HeldLease) -> Result<bool, EngineError> {
        let answer = self.inner.writer.write_own(WriteCommand::StartAttempt(held.clone())).await?;
        if let WriteReply::Current { request, is_new: true } = &answer {
            self.inner.metrics.executed(request.request_type.as_str(), request.state.name());
            self.inner.outcomes.announce(&held.key);
        }
        Ok(matches!(answer, WriteReply::Done))
    }

    /// Puts a claimed execution back: nothing left.
    pub async fn release(&self, held: &HeldLease) -> Result<bool, EngineError> {
        self.fenced(WriteCommand::Release(held.clone())).await
    }

    /// Records how an execution ended; `false` if another holder has the lease by now.
    pub async fn end(&self, held: &HeldLease, ending: Ending) -> Result<bool, EngineError> {
        let command = WriteCommand::End { held: held.clone(), ending: Box::new(ending) };
        let answer = self.inner.writer.write_own(command).await?;
        let WriteReply::Current { request, is_new } = answer else { return Ok(false) };
        if is_new {
            self.inner.metrics.executed(request.request_type.as_str(), request.state.name());
        }
        self.inner.outcomes.announce(&held.key);
        Ok(true)
    }

    async fn fenced(&self, command: WriteCommand) -> Result<bool, EngineError> {
        Ok(matches!(self.inner.writer.write_own(command).await?, WriteReply::Done))
    }

    /// Prolongs the leases of what is under way.
    pub async fn renew(&self, held: Vec<HeldLease>) -> Result<(), EngineError> {
        self.inner.writer.write_own(WriteCommand::Renew(held)).await?;
        Ok(())
    }

    /// At start: on an embedded database no other process can hold a lease, so none is waited for.
    pub async fn recover(&self) -> Result<usize, EngineError> {
        if self.inner.store.is_exclusive() {
            self.inner.writer.write_own(WriteCommand::LapseAll).await?;
        }
        self.settle_lapsed(&[]).await
    }

    /// Settles executions whose lease has run out, but for those `under_way` in this process.
    pub async fn settle_lapsed(&self, under_way: &[Key]) -> Result<usize, EngineError> {
        let now = self.inner.clock.now();
        let lapsed =
            self.inner.store.read(move |conn| executions::list_lapsed(conn, now, SETTLE_MAX)).await?;
        let mut keys: Vec<Key> = lapsed.iter().map(Execution::key).collect();
        keys.retain(|key| !under_way.contains(key));
        let found = keys.len();
        let settling = keys.iter().map(|key| self.inner.writer.write_own(WriteCommand::Settle(key.clone())));
        let answers = futures_util::future::join_all(settling).await;
        for (key, answer) in keys.iter().zip(answers) {
            if let WriteReply::Current { request, is_new: true } = answer? {
                self.inner.metrics.executed(request.request_type.as_str(), request.state.name());
            }
            self.inner.outcomes.announce(key);
            self.inner.due.notify_one();
        }
        Ok(found)
    }

    /// Counts what is open right now into the gauges.
    pub async fn measure_open(&self) -> Result<(), EngineError> {
        let since = self.inner.clock.now() - OVERDUE_AFTER;
        let count = move |conn: &mut _| {
            let unknown = requests::count_open(conn, crate::domain::request::State::Unknown)?;
            Ok((unknown, executions::count_overdue(conn, since)?))
        };
        let (unknown, overdue) = self.inner.store.read(count).await?;
        self.inner.metrics.set_open(unknown, overdue);
        Ok(())
    }
}

fn load(
    conn: &mut AnyConnection,
    book: &RuleBook,
    execution: &Execution,
) -> Result<ClaimedExecution, StoreError> {
    let key = execution.key();
    let record = listing::find(conn, &key.0, key.1)?
        .ok_or_else(|| StoreError::Corrupt(format!("{} has an execution but no request", key.1)))?;
    let pinned = book.pinned(conn, &record.request)?;
    let approval = approval_of(&pinned, &record.request)?;
    Ok(ClaimedExecution {
        answer_rules: pinned.answer.clone(),
        total_timeout: pinned.total_timeout,
        held: HeldLease { key, token: execution.token },
        approved: approved_digest(&record.request, approval),
        request: record.request,
        call: record.call.call,
        echo: record.call.echo,
    })
}

/// The digest that all required people signed; `None` if one is missing, or if they signed different ones.
/// A rule that approves without anybody takes the request's own.
fn approved_digest(request: &Request, approval: Option<&Approval>) -> Option<Digest> {
    let Some(approval) = approval else { return Some(request.digest) };
    let approvals = || request.decisions.iter().filter(|decision| decision.verdict == Verdict::Approved);
    let first = approvals().next()?.digest;
    // Without the people file: whether it is asked again right before sending is the type's to say.
    let policy = PolicyInForce { approval, people: &People::none() };
    let is_whole = progress(&request.context(), &policy).approved;
    (is_whole && approvals().all(|decision| decision.digest == first)).then_some(first)
}
