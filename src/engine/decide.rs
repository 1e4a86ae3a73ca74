//! A checker decides one request, and may wait until its call was sent.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::command::{Caller, DecideCommand, Scope, WriteCommand, WriteReply};
use super::openings::{Door, ReadBefore};
use super::outcome_waiters::{Heard, RecordedEnd};
use super::queries::not_readable;
use super::views::View;
use super::{Engine, EngineError, Origin, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::ids::{RequestId, RequestTypeName};
use crate::domain::request::{NewDecision, Request, State};
use crate::fault_points::{self, FaultPoint};
use crate::store::executions;
use crate::store::requests::Key;

/// What a checker asks for.
pub struct DecisionInput {
    /// Who decides.
    pub actor: Actor,
    /// The type that the path names; a request of another type is not found.
    pub request_type: RequestTypeName,
    /// The request.
    pub id: RequestId,
    /// Their decision.
    pub decision: NewDecision,
    /// Which door it came through.
    pub door: Door,
    /// Where the call came from.
    pub origin: Origin,
}

/// A recorded decision, and what is still to come.
pub struct Decided {
    /// The request right after the decision, or as it is now if this was a repeat.
    pub request: Request,
    /// Resolves when the execution that this decision set off ends in this process.
    outcome: Option<oneshot::Receiver<Heard>>,
}

impl Decided {
    /// Whether an execution is under way whose outcome the caller may wait for.
    pub fn has_outcome(&self) -> bool {
        self.outcome.is_some()
    }
}

/// How often a waiting caller polls whether another node has ended the execution; never where there is no other.
const POLL_EVERY: Duration = Duration::from_secs(1);

impl Engine {
    /// A checker approves or rejects. Returns after the commit; the execution runs in the background.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] also if the request is of another type.
    pub async fn decide(&self, input: DecisionInput) -> Result<Decided, EngineError> {
        let DecisionInput { actor, request_type, id, decision, door, origin } = input;
        require(&actor, Permission::Check)?;
        let read_before = self.read_before(&actor, door, vec![id]).await.remove(&id);
        let key = (actor.org.clone(), id);
        // Before the write, so that an execution that ends at once is not missed.
        let outcome = self.inner.outcomes.subscribe(&key);
        let by = Caller { key, actor, origin };
        let (request, is_new) =
            self.write_decision(by, Scope::One(request_type), (decision, read_before)).await?;
        let waits = is_new && request.state == State::Approved;
        Ok(Decided { request, outcome: waits.then_some(outcome) })
    }

    /// The write of one decision, whichever door it came through; `true` if it is new.
    pub(super) async fn write_decision(
        &self,
        by: Caller,
        scope: Scope,
        (decision, read_before): (NewDecision, Option<ReadBefore>),
    ) -> Result<(Request, bool), EngineError> {
        let verdict = decision.verdict;
        let read_before = read_before.unwrap_or(ReadBefore::Unknown);
        let command = DecideCommand { by, scope, decision, read_before };
        let (request, is_new) = self.write_for_person(WriteCommand::Decide(command)).await?;
        fault_points::pass(FaultPoint::DecisionCommitted);
        if is_new {
            self.inner.metrics.decided(request.request_type.as_str(), verdict.name());
            tracing::info!(request.id = %request.id, state = %request.state, "a request was decided");
        }
        Ok((request, is_new))
    }

    /// A person's write: the request as it is now, and whether the write changed it.
    pub(super) async fn write_for_person(
        &self,
        command: WriteCommand,
    ) -> Result<(Request, bool), EngineError> {
        match self.inner.writer.write(command).await? {
            WriteReply::Current { request, is_new } => Ok((*request, is_new)),
            WriteReply::Refused(refusal) => Err(EngineError::Refused(refusal)),
            WriteReply::NotFound => Err(EngineError::NotFound),
            WriteReply::Done
            | WriteReply::Full
            | WriteReply::Claimed { .. }
            | WriteReply::AttemptStarted(_)
            | WriteReply::Fenced
            | WriteReply::HandedOver(_)
            | WriteReply::Indexed(_)
            | WriteReply::Replayed(_)
            | WriteReply::NotAdmitted(_) => Err(WriteReply::unexpected().into()),
        }
    }

    /// The same of somebody who may be told only of requests that they may read.
    pub(super) async fn write_for_reader(
        &self,
        actor: &Actor,
        command: WriteCommand,
    ) -> Result<(Request, bool), EngineError> {
        match self.write_for_person(command).await {
            Err(EngineError::NotFound) => Err(not_readable(actor)),
            written => written,
        }
    }

    /// Waits until the execution that `decided` set off has ended, or until its first attempt has and another one
    /// is to come; `wait` at most, and not during a shutdown.
    ///
    /// In this process the end is announced, and then usually known; on a shared database another node may have run
    /// it, so the row is polled as well. The decision is recorded, so a poll that fails is no error: the wait goes on.
    pub async fn await_outcome(
        &self,
        decided: Decided,
        wait: Duration,
        mut stopping: watch::Receiver<bool>,
    ) -> Option<Arc<RecordedEnd>> {
        tokio::select! {
            heard = self.await_end(decided, wait) => heard,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => None,
        }
    }

    async fn await_end(&self, decided: Decided, wait: Duration) -> Heard {
        let mut outcome = decided.outcome?;
        let key: Key = (decided.request.org, decided.request.id);
        let deadline = Instant::now() + wait;
        loop {
            let is_alone = self.inner.store.is_exclusive();
            let until = if is_alone { deadline } else { deadline.min(Instant::now() + POLL_EVERY) };
            if let Ok(announced) = timeout_at(until, &mut outcome).await {
                return announced.ok().flatten();
            }
            if Instant::now() >= deadline {
                return None;
            }
            match self.has_ended(&key).await {
                Ok(true) => return None,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "an execution was not polled"),
            }
        }
    }

    /// The request of `committed` with an end that was recorded since; as it was committed if that can't be shown.
    pub fn with_end(&self, actor: &Actor, committed: View, end: &RecordedEnd) -> View {
        let (request, answer) = (end.request.clone(), end.answer.clone());
        match self.reader_for(actor).changed(request, answer, &committed.pinned) {
            Ok(changed) => committed.with(changed),
            Err(error) => {
                tracing::warn!(%error, "a request is shown as it was committed: its end can't be shown");
                committed
            }
        }
    }

    /// The view `before` of a request as a write of this reader left it. What was submitted may have changed in between,
    /// and is read again then.
    pub async fn brought_up_to(&self, actor: &Actor, before: View, written: Request) -> View {
        if before.request.revision == written.revision {
            return before.after(written);
        }
        match self.find(actor, written.id).await {
            Ok(view) => view,
            Err(error) => {
                tracing::warn!(
                    ?error,
                    "a request is shown as it was before it was revised: it can't be read"
                );
                before
            }
        }
    }

    /// The request of `committed` as it is now; as it was committed if it can't be read.
    pub async fn read_again(&self, actor: &Actor, committed: View) -> View {
        let reader = self.reader_for(actor);
        let (id, pinned) = (committed.request.id, Arc::clone(&committed.pinned));
        let read = move |conn: &mut _| reader.changing_part(conn, id, &pinned);
        match self.inner.store.read_by_key(read).await {
            Ok(Some(changed)) => committed.with(changed),
            Ok(None) => committed,
            Err(error) => {
                tracing::warn!(%error, "a request is shown as it was committed: it could not be read again");
                committed
            }
        }
    }

    async fn has_ended(&self, key: &Key) -> Result<bool, EngineError> {
        let (org, id) = key.clone();
        let execution = self.inner.store.read_by_key(move |conn| executions::find(conn, &org, id)).await?;
        Ok(execution.is_none_or(|execution| execution.has_ended() || execution.is_put_back()))
    }
}
