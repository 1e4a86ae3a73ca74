//! The execution of an approved request: queued, claimed under a lease, ended.
//!
//! **Invariant:** the fencing token only grows, an execution that has ended never moves, and only the
//! holder of the newest token releases a claim. Whoever ends one has asked [`Execution::is_held_with`] before, or
//! ends it with its request.

use chrono::{DateTime, Utc};

use super::ids::{OrgId, RequestId};
use super::outcome::Outcome;
use super::state::State;

/// What is to be sent, who is sending it, how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The org of its request.
    pub org: OrgId,
    /// Its request.
    pub request: RequestId,
    /// Where the call goes; calls to one host are limited.
    pub host: String,
    /// When the request was approved.
    pub queued_at: DateTime<Utc>,
    /// From when on it may be claimed.
    pub due_at: DateTime<Utc>,
    /// The fencing token: the number of claims so far.
    pub token: i64,
    /// Its state.
    pub state: ExecutionState,
    /// What whoever claims it does.
    pub purpose: Purpose,
}

/// What a claimed execution is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To send the call.
    Call,
    /// To ask the target what became of it.
    Probe {
        /// Until when it is asked again.
        until: DateTime<Utc>,
    },
}

/// The state of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutionState {
    /// Waits for a node to claim it.
    Queued,
    /// A node has the exclusive right to execute it.
    Claimed {
        /// The node.
        node: String,
        /// From this instant on the lease is void.
        until: DateTime<Utc>,
    },
    /// It is over.
    Ended {
        /// How it ended.
        outcome: Outcome,
        /// When.
        at: DateTime<Utc>,
    },
}

/// The execution's state does not allow the transition; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecutionRefusal {
    /// Only a queued execution can be claimed.
    #[error("the execution is not queued")]
    NotQueued,
    /// It is not claimed with this token.
    #[error("the execution is not held with this token")]
    NotHeld,
    /// It has ended.
    #[error("the execution has ended")]
    Ended,
}

impl Execution {
    /// A new execution: approved at `now` by the node's clock, due from `due_at` on by the database's.
    pub fn queued(
        org: OrgId,
        request: RequestId,
        host: &str,
        now: DateTime<Utc>,
        due_at: DateTime<Utc>,
    ) -> Self {
        let (host, state) = (host.to_owned(), ExecutionState::Queued);
        Self { org, request, host, queued_at: now, due_at, token: 0, state, purpose: Purpose::Call }
    }

    /// Names its request.
    pub fn key(&self) -> (OrgId, RequestId) {
        (self.org.clone(), self.request)
    }

    /// Leases it to `node` until an instant of the database's clock; the new token makes every earlier one void.
    ///
    /// The store claims with one statement that does the same; a contract test compares them.
    pub fn claim(&mut self, node: &str, until: DateTime<Utc>) -> Result<(), ExecutionRefusal> {
        match self.state {
            ExecutionState::Queued => {
                self.token += 1;
                self.state = ExecutionState::Claimed { node: node.to_owned(), until };
                Ok(())
            }
            ExecutionState::Claimed { .. } | ExecutionState::Ended { .. } => Err(ExecutionRefusal::NotQueued),
        }
    }

    /// Queues it again, to be claimed from `due_at` on.
    pub fn release(&mut self, token: i64, due_at: DateTime<Utc>) -> Result<(), ExecutionRefusal> {
        self.require_held(token)?;
        (self.state, self.due_at) = (ExecutionState::Queued, due_at);
        Ok(())
    }

    /// Ends it whoever holds it: no attempt will start any more, and one that is under way only adds to what is
    /// known.
    fn close(&mut self, outcome: Outcome, now: DateTime<Utc>) -> Result<(), ExecutionRefusal> {
        if self.has_ended() {
            return Err(ExecutionRefusal::Ended);
        }
        self.state = ExecutionState::Ended { outcome, at: now };
        Ok(())
    }

    /// A request that leaves `approved` takes its execution with it, whoever holds that.
    pub fn close_with_request(
        &mut self,
        (before, after): (State, State),
        now: DateTime<Utc>,
    ) -> Result<(), ExecutionRefusal> {
        if before != State::Approved || after == State::Approved {
            return Ok(());
        }
        let outcome = match after {
            State::Executed => Outcome::Executed,
            State::Unknown => Outcome::Unknown,
            State::Failed
            | State::Expired
            | State::Withdrawn
            | State::Rejected
            | State::ValidateMakerAccess
            | State::ValidatePayload
            | State::AdminTask
            | State::SentBack
            | State::Approved => Outcome::Failed,
        };
        self.close(outcome, now)
    }

    /// One that ended as unknown, or whose target is asked, ends as its request has by now.
    pub fn settle_with_request(&mut self, state: State, now: DateTime<Utc>) {
        if let Some(outcome) = Outcome::ALL.into_iter().find(|outcome| outcome.state() == state) {
            self.settle(outcome, now);
        }
    }

    /// The outcome of one that ended as unknown, or whose target is being asked, becomes known; one that ended
    /// otherwise stays as it is.
    fn settle(&mut self, outcome: Outcome, now: DateTime<Utc>) {
        match self.state {
            ExecutionState::Ended { outcome: Outcome::Executed | Outcome::Failed, .. } => {}
            ExecutionState::Ended { outcome: Outcome::Unknown, .. }
            | ExecutionState::Queued
            | ExecutionState::Claimed { .. } => self.state = ExecutionState::Ended { outcome, at: now },
        }
    }

    /// Queues one that ended as unknown again, for the target to be asked from `due_at` on until `until`; any other one
    /// stays as it is.
    pub fn probe(&mut self, due_at: DateTime<Utc>, until: DateTime<Utc>) {
        if let ExecutionState::Ended { outcome: Outcome::Unknown, .. } = self.state {
            self.purpose = Purpose::Probe { until };
            (self.state, self.due_at) = (ExecutionState::Queued, due_at);
        }
    }

    /// The target is to be asked at `due_at`, once if nothing else was to come.
    pub fn ask_now(&mut self, due_at: DateTime<Utc>, now: DateTime<Utc>) {
        match self.state {
            ExecutionState::Queued => self.due_at = due_at,
            ExecutionState::Ended { .. } => self.probe(due_at, now),
            ExecutionState::Claimed { .. } => {}
        }
    }

    /// Until when its target is asked what became of the call, if it is for that.
    pub fn probe_until(&self) -> Option<DateTime<Utc>> {
        match self.purpose {
            Purpose::Call => None,
            Purpose::Probe { until } => Some(until),
        }
    }

    /// Whether it is claimed with this fencing token.
    pub fn is_held_with(&self, token: i64) -> bool {
        match self.state {
            ExecutionState::Claimed { .. } => self.token == token,
            ExecutionState::Queued | ExecutionState::Ended { .. } => false,
        }
    }

    /// The fencing token with which this node has claimed it.
    pub fn token_of(&self, node: &str) -> Option<i64> {
        match &self.state {
            ExecutionState::Claimed { node: holder, .. } => (holder == node).then_some(self.token),
            ExecutionState::Queued | ExecutionState::Ended { .. } => None,
        }
    }

    /// Whether it is claimed and the lease has run out.
    pub fn is_lapsed(&self, now: DateTime<Utc>) -> bool {
        match self.state {
            ExecutionState::Claimed { until, .. } => until <= now,
            ExecutionState::Queued | ExecutionState::Ended { .. } => false,
        }
    }

    /// Whether it waits for another attempt, or was put back.
    pub fn is_put_back(&self) -> bool {
        match self.state {
            ExecutionState::Queued => self.token > 0,
            ExecutionState::Claimed { .. } | ExecutionState::Ended { .. } => false,
        }
    }

    /// Whether it waits to be claimed.
    pub fn is_queued(&self) -> bool {
        matches!(self.state, ExecutionState::Queued)
    }

    /// Whether it is over.
    pub fn has_ended(&self) -> bool {
        self.outcome().is_some()
    }

    /// How it ended.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.state {
            ExecutionState::Ended { outcome, .. } => Some(outcome),
            ExecutionState::Queued | ExecutionState::Claimed { .. } => None,
        }
    }

    fn require_held(&self, token: i64) -> Result<(), ExecutionRefusal> {
        if self.is_held_with(token) { Ok(()) } else { Err(ExecutionRefusal::NotHeld) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn queued() -> Execution {
        Execution::queued(OrgId::new("100"), RequestId::new(Uuid::nil()), "api.example.com", at(0), at(0))
    }

    fn claimed() -> Execution {
        let mut execution = queued();
        execution.claim("a", at(16)).unwrap();
        execution
    }

    #[test]
    fn a_claim_lasts_until_its_lease_runs_out() {
        let execution = claimed();
        assert!(execution.is_held_with(1) && !execution.is_held_with(0));
        assert!(!execution.is_lapsed(at(16) - TimeDelta::microseconds(1)));
        assert!(execution.is_lapsed(at(16)));
    }

    #[test]
    fn only_a_queued_execution_is_claimed() {
        let mut execution = claimed();
        assert_eq!(execution.claim("b", at(2)), Err(ExecutionRefusal::NotQueued));
        assert_eq!(execution, claimed());
    }

    #[test]
    fn a_released_execution_is_claimed_with_a_new_token() {
        let mut execution = claimed();
        execution.release(1, at(5)).unwrap();
        assert_eq!((&execution.state, execution.token), (&ExecutionState::Queued, 1));
        assert!(execution.due_at == at(5) && execution.is_put_back() && !queued().is_put_back());
        execution.claim("b", at(2)).unwrap();
        assert_eq!(execution.token, 2);
        assert_eq!(execution.release(1, at(3)), Err(ExecutionRefusal::NotHeld));
        assert!(execution.is_held_with(2));
    }

    #[test]
    fn an_execution_is_closed_queued_or_claimed() {
        for mut execution in [queued(), claimed()] {
            execution.close(Outcome::Failed, at(9)).unwrap();
            let ended = ExecutionState::Ended { outcome: Outcome::Failed, at: at(9) };
            assert_eq!(execution.state, ended);
            assert_eq!(execution.close(Outcome::Executed, at(10)), Err(ExecutionRefusal::Ended));
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Claim,
        Release(i64),
        Close(Outcome),
    }

    fn step() -> impl Strategy<Value = Step> {
        let outcome = proptest::sample::select(Outcome::ALL.to_vec());
        prop_oneof![
            4 => Just(Step::Claim),
            4 => (0..4_i64).prop_map(Step::Release),
            1 => outcome.prop_map(Step::Close),
        ]
    }

    proptest! {
        #[test]
        fn the_token_grows_an_end_is_final_and_a_stale_token_moves_nothing(
            steps in proptest::collection::vec(step(), 0..24)
        ) {
            let mut execution = queued();
            for (now, step) in (1..).zip(steps) {
                let before = execution.clone();
                let (done, token) = match step {
                    Step::Claim => (execution.claim("a", at(now)), None),
                    Step::Release(token) => (execution.release(token, at(now)), Some(token)),
                    Step::Close(outcome) => (execution.close(outcome, at(now)), None),
                };
                prop_assert!(execution.token >= before.token);
                prop_assert_eq!(done.is_ok(), execution != before);
                if before.has_ended() || token.is_some_and(|token| token != before.token) {
                    prop_assert!(done.is_err());
                }
                if matches!(step, Step::Claim) && done.is_ok() {
                    prop_assert_eq!(execution.token, before.token + 1);
                }
            }
        }
    }
}
