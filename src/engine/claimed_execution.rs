//! An execution on loan to an executor: the lease, the call to send, and how it ended.

use std::time::Instant;

use chrono::TimeDelta;

use crate::domain::attempt::AttemptOutcome;
use crate::domain::call::Call;
use crate::domain::digest::Digest;
use crate::domain::execution::Purpose;
use crate::domain::json;
use crate::domain::outcome::{Judgement, PartWarning, TargetResponse};
use crate::domain::request::Request;
use crate::domain::request_type::{AnswerRules, ProbeRules, RepeatRules};
use crate::domain::sending::AttemptEnd;
use crate::store::answers::AnswerRow;
use crate::store::requests::Key;

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
    /// The digest that all required people signed; `None` if one is missing.
    pub approved: Option<Digest>,
    /// The call as bytes, exactly as approved.
    pub call: Vec<u8>,
    /// The echo that people were shown.
    pub echo: String,
    /// What the target's answer says about success.
    pub answer_rules: AnswerRules,
    /// How the target recognises a repeat.
    pub repeat: Option<RepeatRules>,
    /// How long the call may take in all; `None` for the configured time.
    pub total_timeout: Option<TimeDelta>,
    /// Its attempt, if that began with the approval.
    pub begun: Option<BegunAttempt>,
    /// What it was claimed for.
    pub purpose: Purpose,
    /// How the target is asked what became of the call.
    pub probe: Option<ProbeRules>,
    /// The credential that its type names.
    pub credential: Option<String>,
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
        let call = Call::from_bytes(&self.call)?;
        if call.credential() != self.credential.as_deref() {
            return Err("The stored call names another credential than its request type.".to_owned());
        }
        Ok(call)
    }
}

/// An attempt that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunAttempt {
    /// Its number.
    pub number: i64,
    /// When it began at the earliest. The time limit of the call counts from here: others take it for over once that
    /// has passed, also if this process was halted meanwhile.
    pub since: Instant,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// What the attempt came to.
    pub end: AttemptEnd,
    /// How much of the next delay is left to chance, from 0 to 1000.
    pub jitter: u16,
    pub(super) answer: Option<AnswerRow>,
}

impl Ending {
    /// An end without an answer.
    pub fn new(attempt: i64, outcome: AttemptOutcome, reason: impl Into<String>) -> Self {
        let end = AttemptEnd { attempt, outcome, reason: reason.into(), retry_after: None };
        Self { end, jitter: 0, answer: None }
    }

    /// The end that a judgement stands for.
    pub fn judged(attempt: i64, judgement: &Judgement) -> Self {
        let mut ending = Self::new(attempt, judgement.outcome, judgement.reason.clone());
        ending.end.retry_after = judgement.retry_after;
        ending
    }

    /// With what the target answered.
    #[must_use]
    pub fn with_answer(mut self, key: &Key, answer: TargetResponse, warnings: &[PartWarning]) -> Self {
        self.answer = Some(AnswerRow::new(key, self.end.attempt, answer, warnings));
        self
    }

    /// With so much of the next delay left to chance, from 0 to 1000.
    #[must_use]
    pub fn with_jitter(self, jitter: u16) -> Self {
        Self { jitter, ..self }
    }
}
