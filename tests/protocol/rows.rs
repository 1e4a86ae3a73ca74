//! What the store keeps of one request, and the engine's one way to change it: `transition`, then `take_in`, with the
//! execution that follows its request. Mirrors `engine/batch_rows`.

use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::execution::Execution;
use countersign::domain::lifecycle::{Command, transition};
use countersign::domain::request::{Request, State};

use crate::time::{Tick, at};

/// A row of the table `attempts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptRow {
    /// The token of the claim under which it began.
    pub token: i64,
    /// How it ended, once that is known.
    pub outcome: Option<AttemptOutcome>,
}

impl AttemptRow {
    /// What is certain is never written again, so nobody asks any more how certain it is or who wrote it.
    pub fn as_it_matters(&self) -> Self {
        match self.outcome {
            None | Some(AttemptOutcome::Ambiguous) => *self,
            Some(
                AttemptOutcome::Executed
                | AttemptOutcome::Failed
                | AttemptOutcome::NotSent
                | AttemptOutcome::NotDone
                | AttemptOutcome::AlreadyDone,
            ) => Self { token: 0, outcome: Some(AttemptOutcome::NotSent) },
        }
    }
}

/// The rows of one request.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The product's request.
    pub request: Request,
    /// The product's execution, once the request is approved.
    pub execution: Option<Execution>,
    /// Its attempts, the first one first.
    pub attempts: Vec<AttemptRow>,
}

impl Rows {
    /// Does what the rules say of a command; whether anything happened. `None` if they refuse it.
    pub fn transition(&mut self, command: &Command<'_>, now: Tick) -> Option<bool> {
        let events = transition(&self.request, command, at(now)).ok()?;
        for event in &events {
            let before = self.request.state;
            self.request.take_in(event);
            self.keep_execution(before, now);
        }
        Some(!events.is_empty())
    }

    /// An execution comes with the approval, and ends with its request.
    fn keep_execution(&mut self, before: State, now: Tick) {
        let after = self.request.state;
        if before == State::AdminTask && after == State::Approved {
            let (org, host) = (self.request.org.clone(), &self.request.host);
            self.execution = Some(Execution::queued(org, self.request.id, host, at(now), at(now)));
        }
        if before == State::Approved {
            let closed = self.own_execution().close_with_request((before, after), at(now));
            closed.expect("it ends once, with its request");
        }
    }

    /// An execution that ended as unknown, or whose target is asked, ends as its request has by now.
    pub fn settle_execution_as_its_request(&mut self, now: Tick) {
        let state = self.request.state;
        if let Some(execution) = &mut self.execution {
            execution.settle_with_request(state, at(now));
        }
    }

    /// Opens the attempt that the request has just begun.
    pub fn open_attempt(&mut self, token: i64) {
        self.attempts.push(AttemptRow { token, outcome: None });
    }

    /// Records how an attempt ended.
    pub fn end_attempt(&mut self, attempt: i64, outcome: AttemptOutcome) {
        if let Some(row) = self.attempt_mut(attempt) {
            row.outcome = Some(outcome);
        }
    }

    /// The row of an attempt.
    pub fn attempt(&self, attempt: i64) -> Option<AttemptRow> {
        self.attempts.get(usize::try_from(attempt - 1).ok()?).copied()
    }

    fn attempt_mut(&mut self, attempt: i64) -> Option<&mut AttemptRow> {
        self.attempts.get_mut(usize::try_from(attempt - 1).ok()?)
    }

    /// The execution of a request that was approved.
    pub fn own_execution(&mut self) -> &mut Execution {
        self.execution.as_mut().expect("the request was approved")
    }
}
