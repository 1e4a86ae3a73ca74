//! The engine's transactions on the rows of one request. Each mirrors a function of `engine/decider` without its SQL;
//! what a command does is the product's own to say.

use chrono::{DateTime, Utc};
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::decision::NewDecision;
use countersign::domain::execution::{Execution, ExecutionState};
use countersign::domain::lifecycle::{CheckerDecision, Command, ProbeWish, SettlementCommand};
use countersign::domain::policy::bulk::DecisionMode;
use countersign::domain::probe::{ProbeEnd, ProbeVerdict, next_probe_at};
use countersign::domain::request::{State, Verdict};
use countersign::domain::sending::AttemptEnd;
use countersign::domain::settlement::{NewSettlementWord, SettledOutcome};
use countersign::domain::words::Words;

use crate::charter::Charter;
use crate::mutants::Mutant;
use crate::people::Account;
use crate::rows::Rows;
use crate::target::Kind;
use crate::time::{CALL_LIMIT, LEASE, Tick, at, ticks};

/// Fencing goes by tokens, so all workers may have one name.
const NODE: &str = "node";

/// What the engine answers a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Another one has the lease by now.
    Fenced,
    /// Nothing is to be sent: the request has ended, or the rules refuse it.
    Over,
    /// The attempt with this number has begun.
    Begun(u8),
    /// It is done.
    Recorded,
}

/// One transaction on one request.
pub struct Transaction<'a> {
    /// The rules.
    pub charter: &'a Charter,
    /// What the target is like, as the type says.
    pub kind: Kind,
    /// When.
    pub now: Tick,
    /// The rows, which nobody else changes meanwhile.
    pub rows: &'a mut Rows,
}

impl Transaction<'_> {
    /// `run_decide` and `begin`: a checker approves, and the first attempt may begin in the same transaction.
    pub fn approve(&mut self, begins: bool) -> Answer {
        let decision = NewDecision::new(Verdict::Approved, "fine", None).expect("an approval needs no words");
        let signer = Account::Anna.signer();
        let decide = Command::Decide(CheckerDecision {
            signer: &signer,
            decision: &decision,
            mode: DecisionMode::Single,
            policy: self.charter.policy(),
            approval_ttl: ticks(self.charter.bounds.approval_ttl),
        });
        if self.rows.transition(&decide, self.now) != Some(true) || !begins {
            return Answer::Over;
        }
        self.claim();
        let token = self.rows.own_execution().token;
        self.begin_as(token)
    }

    /// `run_expire`.
    pub fn expire(&mut self) {
        self.lapse();
        self.transition(&Command::Expire);
    }

    /// `run_withdraw`.
    pub fn withdraw(&mut self) {
        let reason = Words::new("a mistake").expect("these are words");
        let by = Account::Mara.person();
        self.transition(&Command::Withdraw { by, people: &self.charter.people, reason });
    }

    /// `claims::claim`, which does in SQL what `Execution::claim` does.
    pub fn claim(&mut self) {
        let until = at(self.now + LEASE);
        self.rows.own_execution().claim(NODE, until).expect("it is queued");
    }

    /// `claims::renew`.
    pub fn renew(&mut self, token: i64) {
        let renewed = at(self.now + LEASE);
        let execution = self.rows.own_execution();
        let is_held = execution.is_held_with(token);
        if let ExecutionState::Claimed { until, .. } = &mut execution.state
            && is_held
        {
            *until = renewed;
        }
    }

    /// `run_start_attempt`.
    pub fn begin(&mut self, token: i64) -> Answer {
        if self.charter.breaks(Mutant::NothingIsAskedBeforeAnAttempt) {
            return self.begin_unasked(token);
        }
        if !self.is_held(token) {
            return Answer::Fenced;
        }
        if self.charter.breaks(Mutant::DeadlineIsIgnored) {
            let now = std::mem::replace(&mut self.now, 0);
            let answer = self.begin_as(token);
            self.now = now;
            return answer;
        }
        if self.lapse() { Answer::Over } else { self.begin_as(token) }
    }

    /// A mutant's: the product sees a request that may be sent, whatever it is.
    fn begin_unasked(&mut self, token: i64) -> Answer {
        let request = &mut self.rows.request;
        let (state, deadline) = (request.state, request.execute_before);
        (request.state, request.execute_before, request.sending.is_open) = (State::Approved, None, false);
        let answer = self.begin_as(token);
        (self.rows.request.state, self.rows.request.execute_before) = (state, deadline);
        answer
    }

    fn begin_as(&mut self, token: i64) -> Answer {
        if self.rows.transition(&Command::StartAttempt, self.now).is_none() {
            return Answer::Over;
        }
        self.rows.open_attempt(token);
        Answer::Begun(u8::try_from(self.rows.request.sending.attempts).expect("there are few attempts"))
    }

    /// `run_end_attempt`.
    pub fn end(&mut self, token: i64, attempt: i64, outcome: AttemptOutcome) -> Answer {
        let is_under_way = self.rows.request.sending.attempt_under_way() == Some(attempt);
        if self.is_held(token) && is_under_way {
            return self.end_open(token, attempt, outcome);
        }
        match self.rows.attempt(attempt).filter(|row| row.token == token).map(|row| row.outcome) {
            None => Answer::Fenced,
            Some(known) if known == Some(outcome) => Answer::Recorded,
            Some(None | Some(AttemptOutcome::Ambiguous)) => self.late(attempt, outcome),
            Some(Some(_)) => Answer::Fenced,
        }
    }

    /// `end_open_attempt`.
    fn end_open(&mut self, token: i64, attempt: i64, outcome: AttemptOutcome) -> Answer {
        let is_believed = self.charter.breaks(Mutant::FirstRepeatAnswerIsDone);
        let had_it = outcome == AttemptOutcome::AlreadyDone;
        let judged = if had_it && is_believed { AttemptOutcome::Executed } else { outcome };
        let end = ending(attempt, judged);
        let command = Command::EndAttempt { end, rules: self.charter.sending(self.kind) };
        if self.rows.transition(&command, self.now).is_none() {
            return Answer::Over;
        }
        self.rows.end_attempt(attempt, outcome);
        if let Some(next) = self.rows.request.sending.next_attempt_at {
            self.release(token, next);
        }
        Answer::Recorded
    }

    /// `late_answer`.
    fn late(&mut self, attempt: i64, outcome: AttemptOutcome) -> Answer {
        let was_final = self.rows.request.state.is_final();
        if self.charter.breaks(Mutant::LateAnswerMovesAnEnd) && was_final {
            self.rows.request.state = State::Unknown;
        }
        let command = Command::RecordLateAnswer(ending(attempt, outcome));
        match self.rows.transition(&command, self.now) {
            None => return Answer::Over,
            Some(false) => return Answer::Recorded,
            Some(true) => {}
        }
        self.rows.end_attempt(attempt, outcome);
        if self.rows.request.state != State::Unknown {
            self.rows.settle_execution_as_its_request(self.now);
        }
        Answer::Recorded
    }

    /// `run_put_back`, of a claim whose holder has begun nothing.
    pub fn put_back(&mut self, token: i64) -> Answer {
        if !self.is_held(token) {
            return Answer::Fenced;
        }
        let due = at(self.now + 1);
        self.release(token, due);
        Answer::Recorded
    }

    /// `run_stop`.
    pub fn stop(&mut self, token: i64, unsent: Option<i64>) -> Answer {
        if !self.is_held(token) {
            return Answer::Fenced;
        }
        let reason = "It must not leave.".to_owned();
        if self.rows.transition(&Command::Stop { reason, unsent }, self.now).is_none() {
            return Answer::Over;
        }
        if let Some(attempt) = unsent {
            self.rows.end_attempt(attempt, AttemptOutcome::NotSent);
        }
        Answer::Recorded
    }

    /// `run_settle`: the sweep found a lease that has run out.
    pub fn recover(&mut self) {
        let (now, open) = (at(self.now), self.rows.request.sending.attempt_under_way());
        let execution = self.rows.own_execution();
        if !execution.is_lapsed(now) {
            return;
        }
        let token = execution.token;
        match open {
            None => self.release(token, now),
            Some(attempt) => drop(self.end_open(token, attempt, AttemptOutcome::Ambiguous)),
        }
    }

    /// `queue_probe`: the outcome has just become unknown.
    pub fn queue_probe(&mut self) {
        if self.kind.has_probe() {
            let due = self.now + CALL_LIMIT;
            let until = due + self.charter.bounds.probe_for;
            self.rows.own_execution().probe(at(due), at(until));
        }
    }

    /// `run_end_probe`.
    pub fn end_probe(&mut self, token: i64, told: ProbeVerdict) -> Answer {
        let is_own = |execution: &Execution| execution.token == token && !execution.is_queued();
        let execution = self.rows.own_execution();
        let until = execution.probe_until().filter(|_| is_own(execution));
        let Some(until) = until else { return Answer::Fenced };
        let is_guess = told == ProbeVerdict::CannotTell && self.charter.breaks(Mutant::CannotTellSettles);
        let verdict = if is_guess { ProbeVerdict::DidNotHappen } else { told };
        let next = next_probe_at(self.rows.request.sending.probes + 1, until, at(self.now), 1000);
        let end = ProbeEnd { verdict, reason: "It was asked.".to_owned(), is_last: false };
        if self.rows.transition(&Command::EndProbe { end, next }, self.now).is_none() {
            return Answer::Over;
        }
        match next.filter(|_| self.rows.request.state == State::Unknown) {
            Some(next) => self.release(token, next),
            None => self.rows.settle_execution_as_its_request(self.now),
        }
        Answer::Recorded
    }

    /// `run_ask_probe`.
    pub fn ask_probe(&mut self, by: Account) {
        let (now, probes) = (at(self.now), self.rows.request.sending.probes);
        let is_due = self.rows.execution.as_ref().is_some_and(|execution| {
            !execution.has_ended() && (probes == 0 || !execution.is_queued() || execution.due_at <= now)
        });
        let signer = by.signer();
        let wish = ProbeWish {
            signer: &signer,
            rules: self.charter.settlement(),
            has_probe: self.kind.has_probe(),
            is_due,
        };
        if self.rows.transition(&Command::AskProbe(wish), self.now) == Some(true) {
            self.rows.own_execution().ask_now(now, now);
        }
    }

    /// `run_settlement_word`.
    pub fn say(&mut self, by: Account, outcome: SettledOutcome) {
        let word = NewSettlementWord::new(outcome, "looked it up", None).expect("these are words");
        let signer = by.signer();
        let rules = self.charter.settlement();
        self.transition(&Command::Settle(SettlementCommand { signer: &signer, word: &word, rules }));
        if self.rows.request.state != State::Unknown {
            self.rows.settle_execution_as_its_request(self.now);
        }
    }

    /// The passing of the execution's deadline; whether it ended the request.
    fn lapse(&mut self) -> bool {
        let attempts = self.rows.request.sending.attempts;
        let forgets = self.charter.breaks(Mutant::LapseForgetsAttempts);
        if forgets && !self.rows.request.sending.is_open {
            self.rows.request.sending.attempts = 0;
        }
        let has_lapsed = self.transition(&Command::Lapse);
        self.rows.request.sending.attempts = attempts;
        has_lapsed
    }

    fn transition(&mut self, command: &Command<'_>) -> bool {
        self.rows.transition(command, self.now).unwrap_or(false)
    }

    fn release(&mut self, token: i64, due: DateTime<Utc>) {
        let released = self.rows.own_execution().release(token, due);
        assert!(released.is_ok() || self.charter.breaks(Mutant::NoFencing), "it is held");
    }

    fn is_held(&mut self, token: i64) -> bool {
        self.charter.breaks(Mutant::NoFencing) || self.rows.own_execution().is_held_with(token)
    }
}

fn ending(attempt: i64, outcome: AttemptOutcome) -> AttemptEnd {
    AttemptEnd { attempt, outcome, reason: "It ended.".to_owned(), retry_after: None }
}
