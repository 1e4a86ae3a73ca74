//! An execution on loan to an executor: the lease, the call to send, and how it ended.

use chrono::TimeDelta;

use crate::domain::call::Call;
use crate::domain::digest::Digest;
use crate::domain::json;
use crate::domain::outcome::{Outcome, PartWarning, TargetResponse};
use crate::domain::request::Request;
use crate::domain::request_type::AnswerRules;
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
    /// The outcome.
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
        self.answer = Some(AnswerRow::new(key, 1, answer, warnings));
        self
    }
}
