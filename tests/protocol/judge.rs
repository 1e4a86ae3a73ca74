//! What happens to one request: the transaction, what is true at the target, and what an onlooker who sees both says.

use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::probe::ProbeVerdict;
use countersign::domain::request::State;
use countersign::domain::settlement::SettledOutcome;

use crate::case::{Case, Op, small};
use crate::charter::{ATTEMPTS_MAX, Charter};
use crate::engine::{Answer, Transaction};
use crate::faults::{Bits, Fault, Mark};
use crate::mutants::Mutant;
use crate::people::{Account, Human};
use crate::target::{Call, Kind};
use crate::time::{Tick, at, tick_from};

/// What came of it.
pub struct Judged {
    /// The request after it.
    pub case: Case,
    /// What the worker is told.
    pub answer: Answer,
    /// What its target answers.
    pub told: Option<AttemptOutcome>,
    /// What was reached.
    pub marks: Bits,
}

/// Does `op` to a request at `now`.
pub fn happen(charter: &Charter, before: &Case, op: Op, now: Tick) -> Judged {
    let mut judged =
        Judged { case: before.clone(), answer: Answer::Recorded, told: None, marks: Bits::default() };
    if let Op::Begin { token } = op {
        judge_begin(charter, before, &mut judged, (token, now));
    }
    carry_out(charter, &mut judged, op, now);
    if charter.breaks(Mutant::LastCommitIsLost) && op != Op::PowerCut && !matches!(op, Op::Rest) {
        keep_last_commit(before, &mut judged.case);
    }
    judge_op(before, &mut judged, op);
    judge_state(before, &mut judged.case);
    judged
}

fn carry_out(charter: &Charter, judged: &mut Judged, op: Op, now: Tick) {
    let Case { rows, target, .. } = &mut judged.case;
    let was_approved = rows.request.state == State::Approved;
    let mut engine = Transaction { charter, kind: target.kind, now, rows };
    match op {
        Op::Approve { begins, .. } => judged.answer = engine.approve(begins),
        Op::Expire => engine.expire(),
        Op::Withdraw => engine.withdraw(),
        Op::Claim { .. } => engine.claim(),
        Op::Renew { token } => engine.renew(token.into()),
        Op::Begin { .. } if charter.breaks(Mutant::NoAttemptRow) => judged.answer = Answer::Begun(1),
        Op::Begin { token } => judged.answer = engine.begin(token.into()),
        Op::HandOver { token, attempt } => hand_over(&mut judged.case, (token, attempt), now),
        Op::Work { attempt, work } => judged.told = Some(target.work(attempt, work)),
        Op::End { token, attempt, outcome } => {
            judged.answer = engine.end(token.into(), attempt.into(), outcome);
        }
        Op::PutBack { token } => judged.answer = engine.put_back(token.into()),
        Op::Stop { token, unsent } => judged.answer = engine.stop(token.into(), unsent.map(i64::from)),
        Op::Recover => engine.recover(),
        Op::EndProbe { token, told } => judged.answer = engine.end_probe(token.into(), told),
        Op::AskProbe => engine.ask_probe(Account::Bob),
        Op::Say { by, outcome } => engine.say(by, outcome),
        Op::PowerCut => cut_power(&mut judged.case, now),
        Op::Rest => judged.case.rest(),
    }
    if was_approved && judged.case.rows.request.state == State::Unknown {
        let Case { rows, target, .. } = &mut judged.case;
        Transaction { charter, kind: target.kind, now, rows }.queue_probe();
    }
}

/// Bytes leave.
fn hand_over(case: &mut Case, (token, attempt): (u8, u8), now: Tick) {
    let row = case.rows.attempt(attempt.into());
    if row.is_none_or(|row| row.token != i64::from(token)) {
        case.note(Fault::SentWithoutAttempt);
    }
    if !case.target.in_flight.is_empty() {
        case.note(Fault::RepeatedWhileAtWork);
    }
    case.target.take(Call { attempt, sent: now });
}

/// What a power cut leaves: the rows before the last commit, and no lease, because all processes are gone.
fn cut_power(case: &mut Case, now: Tick) {
    if let Some(before) = case.before.take() {
        case.rows = *before;
    }
    if let Some(execution) = &mut case.rows.execution
        && let countersign::domain::execution::ExecutionState::Claimed { until, .. } = &mut execution.state
    {
        *until = at(now);
    }
}

fn keep_last_commit(before: &Case, after: &mut Case) {
    if before.rows_key() != after.rows_key() {
        after.before = Some(Box::new(before.rows.clone()));
    }
}

/// Whether a worker may begin an attempt, judged without the product's rules; noted only if it does begin.
fn judge_begin(charter: &Charter, before: &Case, judged: &mut Judged, (token, now): (u8, Tick)) {
    let mut would = before.clone();
    let mut engine = Transaction { charter, kind: before.target.kind, now, rows: &mut would.rows };
    let Answer::Begun(attempt) = engine.begin(token.into()) else { return };
    let request = &before.rows.request;
    let mut note = |fault| judged.case.note(fault);
    if request.state != State::Approved {
        note(Fault::BegunAfterTheEnd);
    }
    if request.execute_before.is_some_and(|until| now >= tick_from(until)) {
        note(Fault::BegunAfterTheDeadline);
    }
    let execution = before.rows.execution.as_ref();
    if execution.is_none_or(|execution| execution.token != i64::from(token)) {
        note(Fault::BegunUnderALostLease);
    }
    let earlier = before.rows.attempts.iter();
    let may_be_done =
        earlier.clone().any(|row| matches!(row.outcome, None | Some(AttemptOutcome::Ambiguous)));
    if (may_be_done || before.target.done > 0) && !before.target.kind.recognises_repeat() {
        note(Fault::RepeatedBlindly);
    }
    if attempt == ATTEMPTS_MAX {
        judged.marks.note(Mark::ThreeAttempts as u32);
    }
}

/// What an onlooker says of what was just done.
fn judge_op(before: &Case, judged: &mut Judged, op: Op) {
    let (was, is) = (before.rows.request.state, judged.case.rows.request.state);
    let has_ended = was != is && is.is_final();
    mark(before, judged, op);
    match op {
        Op::Claim { is_paused: true } | Op::Approve { begins: true, is_paused: true } => {
            judged.case.note(Fault::TakenWhilePaused)
        }
        Op::Say { outcome, .. } if has_ended && !is_said_by_two(&judged.case, outcome) => {
            judged.case.note(Fault::SettledByOnePerson);
        }
        Op::EndProbe { told: ProbeVerdict::CannotTell, .. } if has_ended => {
            judged.case.note(Fault::SettledByAGuess);
        }
        Op::Approve { .. }
        | Op::Expire
        | Op::Withdraw
        | Op::Claim { .. }
        | Op::Renew { .. }
        | Op::Begin { .. }
        | Op::HandOver { .. }
        | Op::Work { .. }
        | Op::End { .. }
        | Op::PutBack { .. }
        | Op::Stop { .. }
        | Op::Recover
        | Op::EndProbe { .. }
        | Op::AskProbe
        | Op::Say { .. }
        | Op::PowerCut
        | Op::Rest => {}
    }
}

/// Whether the last words of two people say so, neither of them the maker.
fn is_said_by_two(case: &Case, outcome: SettledOutcome) -> bool {
    let says = |human: Human| {
        let words = case.rows.request.settlement.iter().rev();
        let own = words.map(|word| (Account::of(&word.by).human(), word.outcome));
        own.into_iter().find(|(by, _)| *by == human).is_some_and(|(_, said)| said == outcome)
    };
    says(Human::Anna) && says(Human::Bob)
}

/// What an onlooker says of how things are.
fn judge_state(before: &Case, case: &mut Case) {
    let (was, request) = (before.rows.request.state, case.rows.request.clone());
    let Case { target, rows, .. } = &*case;
    let is_settled_by_people = request.settling_word().is_some();
    let says_not_done = match request.state {
        State::Failed | State::Expired | State::Withdrawn | State::Rejected => !is_settled_by_people,
        State::Executed
        | State::Unknown
        | State::Approved
        | State::AdminTask
        | State::SentBack
        | State::ValidatePayload
        | State::ValidateMakerAccess => false,
    };
    let says_done = request.state == State::Executed && !is_settled_by_people;
    // Somebody outside used the id: "had it already" after an ambiguous attempt is believed, as the documents say.
    let is_deceived = target.kind == Kind::Stolen && request.sending.inferred;
    let open = rows.attempts.iter().filter(|row| row.outcome.is_none()).count();
    let sent = target.last_attempt;
    let found = [
        (Fault::DoneTwice, target.done > 1),
        (Fault::FailedButDone, says_not_done && target.done > 0),
        (Fault::ExecutedButNotDone, says_done && target.done == 0 && !is_deceived),
        (Fault::TwoAttemptsUnderWay, open > 1),
        (Fault::AnEndMoved, was.is_final() && request.state != was),
        (Fault::SentAndForgotten, sent > small(request.sending.attempts)),
        (Fault::SentAndForgotten, sent > 0 && request.state == State::Expired),
    ];
    for (fault, _) in found.into_iter().filter(|(_, is_so)| *is_so) {
        case.note(fault);
    }
}

/// Notes what was reached.
fn mark(before: &Case, judged: &mut Judged, op: Op) {
    let (was, after) = (before.rows.request.state, &judged.case.rows.request);
    let has_become = |state| was != after.state && after.state == state;
    let has_ended = was != after.state && after.state.is_final();
    let is_at_end = matches!(op, Op::End { .. });
    let (was_approved, was_unknown) = (was == State::Approved, was == State::Unknown);
    let sending = &after.sending;
    let is_true = (after.state == State::Executed) == (judged.case.target.done > 0);
    let is_late = is_at_end && before.rows.request.sending.attempt_under_way().is_none();
    let is_executed = is_at_end && was_approved && has_become(State::Executed);
    let had_it = matches!(op, Op::End { outcome: AttemptOutcome::AlreadyDone, .. });
    let is_recovered = matches!(op, Op::Recover) && before.rows.request.version == after.version;
    let was_open = before.rows.request.sending.is_open;
    let found = [
        (Mark::BegunWithTheDecision, matches!(op, Op::Approve { begins: true, .. })),
        (Mark::ExecutedAtOnce, is_executed && sending.attempts == 1),
        (Mark::ExecutedAfterARetry, is_executed && sending.attempts > 1 && sending.ambiguous == 0),
        (Mark::ExecutedAfterARepeat, is_executed && sending.ambiguous > 0),
        (Mark::HadItAlready, had_it && has_become(State::Unknown)),
        (Mark::Unknown, has_become(State::Unknown)),
        (Mark::SettledByPeople, matches!(op, Op::Say { .. }) && has_ended),
        (Mark::SettledWronglyByPeople, matches!(op, Op::Say { .. }) && has_ended && !is_true),
        (Mark::SettledByProbe, matches!(op, Op::EndProbe { .. }) && has_ended),
        (Mark::SettledByLateAnswer, is_late && was_unknown && has_ended),
        (Mark::LateAnswerMovedNothing, is_late && was.is_final() && judged.answer == Answer::Recorded),
        (Mark::Fenced, judged.answer == Answer::Fenced),
        (Mark::ClaimRecovered, is_recovered && !was_open),
        (Mark::AttemptRecovered, matches!(op, Op::Recover) && was_open),
        (Mark::LeaseRenewed, matches!(op, Op::Renew { .. }) && before.rows_key() != judged.case.rows_key()),
        (Mark::ExpiredUndecided, was == State::AdminTask && has_become(State::Expired)),
        (Mark::ExpiredUnsent, was_approved && has_become(State::Expired)),
        (Mark::LapsedAfterAttempts, matches!(op, Op::Expire) && was_approved && sending.attempts > 0),
        (Mark::Withdrawn, was_approved && has_become(State::Withdrawn)),
        (Mark::Stopped, matches!(op, Op::Stop { .. }) && has_ended),
    ];
    for (mark, _) in found.into_iter().filter(|(_, is_so)| *is_so) {
        judged.marks.note(mark as u32);
    }
}
