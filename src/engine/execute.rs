//! The executor's side: claim, begin, end, renew, settle.

use chrono::TimeDelta;

use super::decider::{WriteCommand, WriteReply};
use super::rule_book::{RuleBook, approval_of};
use super::{Engine, EngineError};
use crate::domain::call::Call;
use crate::domain::digest::Digest;
use crate::domain::json;
use crate::domain::outcome::{Outcome, PartWarning, TargetResponse};
use crate::domain::policy::Approval;
use crate::domain::policy::people::People;
use crate::domain::policy::progress::{PolicyInForce, progress};
use crate::domain::request::{Request, Verdict};
use crate::domain::request_type::AnswerRules;
use crate::store::answers::AnswerRow;
use crate::store::executions::ExecutionRow;
use crate::store::requests::Key;
use crate::store::{AnyConnection, StoreError, executions, listing, requests};

/// How long a claimed execution is the claimer's without a renewal.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(15);

/// Interrupted executions settled in one sweep.
const SETTLE_MAX: i64 = 500;

/// Approvals that have waited longer than this for the executor are counted as overdue.
const OVERDUE_AFTER: TimeDelta = TimeDelta::seconds(60);

/// A claimed execution: its request and the fencing token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldLease {
    /// The request.
    pub key: Key,
    /// Every write must carry it; a later claim makes it void.
    pub token: i64,
}

/// What the executor needs to send a claimed execution.
#[derive(Debug)]
pub struct ClaimedExecution {
    /// The lease.
    pub held: HeldLease,
    /// The request, for its digest and for the log.
    pub request: Request,
    /// The digest that everybody signed whom the policy asks for; `None` if somebody is missing.
    pub approved: Option<Digest>,
    /// The call as bytes, exactly as approved.
    pub call: Vec<u8>,
    /// The echo that people were shown.
    pub echo: String,
    /// What the target's answer says about success.
    pub answer_rules: AnswerRules,
    /// How long the call may take in all; `None` for the configured time.
    pub total_timeout: Option<TimeDelta>,
}

impl ClaimedExecution {
    /// The call, if its bytes *and* the echo that people read still have the digest of the decision.
    ///
    /// # Errors
    /// A sentence that says which of them does not.
    pub fn verified_call(&self) -> Result<Call, String> {
        let approved = self.request.digest;
        if self.approved != Some(approved) {
            return Err("The request's digest is not the one that was approved.".to_owned());
        }
        if Digest::of(&self.call) != approved {
            return Err("The stored call is not the one that was approved.".to_owned());
        }
        let task =
            json::read(self.echo.as_bytes()).map_err(|_| "The stored echo can't be read.".to_owned())?;
        let shown = Call::from_task(&task)?;
        if shown.digest() != approved {
            return Err("The call that people were shown is not the one that was approved.".to_owned());
        }
        Call::from_bytes(&self.call)
    }
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// How.
    pub outcome: Outcome,
    /// A sentence for people.
    pub reason: String,
    pub(super) answer: Option<AnswerRow>,
}

impl Ending {
    /// An end without an answer.
    pub fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { outcome, reason: reason.into(), answer: None }
    }

    /// An end with what the target answered.
    #[must_use]
    pub fn with_answer(mut self, key: &Key, answer: TargetResponse, warnings: &[PartWarning]) -> Self {
        let headers: Vec<(String, String)> = answer.headers;
        let warnings: Vec<_> = warnings
            .iter()
            .map(|warning| serde_json::json!({"code": warning.code, "message": warning.message}))
            .collect();
        self.answer = Some(AnswerRow {
            org_id: key.0.to_string(),
            request_id: key.1.to_string(),
            attempt: 1,
            status: i64::from(answer.status),
            headers: serde_json::json!(headers).to_string(),
            body_bytes: i64::try_from(answer.body.len()).unwrap_or(i64::MAX),
            body: answer.body,
            cut: answer.cut,
            warnings: serde_json::json!(warnings).to_string(),
        });
        self
    }
}

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
        let answer = self.inner.writer.write(WriteCommand::Claim { limit, busy_hosts }).await?;
        let WriteReply::Claimed(rows) = answer else { return Ok(Vec::new()) };
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let book = self.inner.book.clone();
        let load = move |conn: &mut _| rows.into_iter().map(|row| load(conn, &book, row)).collect();
        Ok(self.inner.store.read(load).await?)
    }

    /// Records that bytes may leave from now on; `false` if the lease is somebody else's, or if the call
    /// must not leave any more: then its end is recorded.
    pub async fn start_attempt(&self, held: &HeldLease) -> Result<bool, EngineError> {
        let answer = self.inner.writer.write(WriteCommand::StartAttempt(held.clone())).await?;
        if let WriteReply::Stands { request, is_new: true } = &answer {
            self.inner.metrics.executed(request.request_type.as_str(), request.state.name());
            self.inner.outcomes.announce(&held.key);
        }
        Ok(matches!(answer, WriteReply::Done))
    }

    /// Puts a claimed execution back: nothing left.
    pub async fn release(&self, held: &HeldLease) -> Result<bool, EngineError> {
        self.fenced(WriteCommand::Release(held.clone())).await
    }

    /// Records how an execution ended; `false` if the lease is somebody else's by now.
    pub async fn end(&self, held: &HeldLease, ending: Ending) -> Result<bool, EngineError> {
        let command = WriteCommand::End { held: held.clone(), ending: Box::new(ending) };
        let answer = self.inner.writer.write(command).await?;
        let WriteReply::Stands { request, is_new } = answer else { return Ok(false) };
        if is_new {
            self.inner.metrics.executed(request.request_type.as_str(), request.state.name());
        }
        self.inner.outcomes.announce(&held.key);
        Ok(true)
    }

    async fn fenced(&self, command: WriteCommand) -> Result<bool, EngineError> {
        Ok(matches!(self.inner.writer.write(command).await?, WriteReply::Done))
    }

    /// Prolongs the leases of what is under way.
    pub async fn renew(&self, held: Vec<HeldLease>) -> Result<(), EngineError> {
        self.inner.writer.write(WriteCommand::Renew(held)).await?;
        Ok(())
    }

    /// At start: on an embedded database nobody else can hold a lease, so none is waited for.
    pub async fn recover(&self) -> Result<usize, EngineError> {
        if self.inner.store.is_exclusive() {
            self.inner.writer.write(WriteCommand::LapseAll).await?;
        }
        self.settle_lapsed(&[]).await
    }

    /// Settles executions whose lease has run out, but for those `under_way` in this process.
    pub async fn settle_lapsed(&self, under_way: &[Key]) -> Result<usize, EngineError> {
        let now = self.inner.clock.now();
        let rows = self.inner.store.read(move |conn| executions::list_lapsed(conn, now, SETTLE_MAX)).await?;
        let mut keys = rows.iter().map(ExecutionRow::key).collect::<Result<Vec<Key>, StoreError>>()?;
        keys.retain(|key| !under_way.contains(key));
        let found = keys.len();
        let settling = keys.iter().map(|key| self.inner.writer.write(WriteCommand::Settle(key.clone())));
        let answers = futures_util::future::join_all(settling).await;
        for (key, answer) in keys.iter().zip(answers) {
            if let WriteReply::Stands { request, is_new: true } = answer? {
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
    row: ExecutionRow,
) -> Result<ClaimedExecution, StoreError> {
    let key = row.key()?;
    let record = listing::find(conn, &key.0, key.1)?
        .ok_or_else(|| StoreError::Corrupt(format!("{} has an execution but no request", key.1)))?;
    let pinned = book.pinned(conn, &record.request)?;
    let approval = approval_of(pinned.as_deref(), &record.request)?;
    // A request from before versions were kept is read by the rules of its type as they are now.
    let request_type =
        pinned.clone().or_else(|| book.current().types.find(record.request.request_type.as_str()).cloned());
    Ok(ClaimedExecution {
        answer_rules: request_type.as_ref().map(|found| found.answer.clone()).unwrap_or_default(),
        total_timeout: request_type.and_then(|found| found.total_timeout),
        held: HeldLease { key, token: row.token },
        approved: approved_digest(&record.request, approval),
        request: record.request,
        call: record.call.call,
        echo: record.call.echo,
    })
}

/// The digest that everybody signed whom the rule asks for; `None` if they are not all there, or did not
/// sign the same. A rule that asks for nobody lets the request's own through.
fn approved_digest(request: &Request, approval: Option<&Approval>) -> Option<Digest> {
    let Some(approval) = approval else { return Some(request.digest) };
    let approvals = || request.decisions.iter().filter(|decision| decision.verdict == Verdict::Approved);
    let first = approvals().next()?.digest;
    let votes = request.votes();
    // Without the people file: whether it is asked again right before sending is the type's to say.
    let policy = PolicyInForce { approval, people: &People::none() };
    let is_whole = progress(&request.matter(&votes), &policy).approved;
    (is_whole && approvals().all(|decision| decision.digest == first)).then_some(first)
}
