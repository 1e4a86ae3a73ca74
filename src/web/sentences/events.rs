//! What happened to a request, as it goes on after the name of whoever did it: for its page and its trail.

use crate::domain::actor::Person;
use crate::domain::attempt::AttemptOutcome;
use crate::domain::lifecycle::{AttemptResult, EventKind, GivenWord, Signature};
use crate::domain::outcome::Outcome;
use crate::domain::policy::Capacity;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{State, Verdict};
use crate::domain::settlement::SettledOutcome;
use crate::web::parts::changes_view::field_label;
use crate::web::parts::format::{Time, When};
use crate::web::parts::who::Names;
use crate::web::sentences::forbidden::why_forbidden;
use crate::web::sentences::seats::{seat_names, signed_as};

/// What somebody tried that was refused: a decision, a word about how it ended, or else a withdrawal.
pub fn tried_to(verdict: Option<Verdict>, outcome: Option<SettledOutcome>) -> &'static str {
    match (verdict, outcome) {
        (Some(Verdict::Approved), _) => "to approve",
        (Some(Verdict::Rejected), _) => "to reject",
        (None, Some(SettledOutcome::Executed)) => "to say that it happened",
        (None, Some(SettledOutcome::Failed)) => "to say that it did not happen",
        (None, None) => "to withdraw",
    }
}

/// What an event was; `from` is the state before it.
pub fn what_happened(kind: &EventKind, from: Option<State>, (names, when): (&Names, When)) -> String {
    match kind {
        EventKind::Submitted(new) => match new.repeat_of {
            Some(older) => format!("submitted request {older} again, as this one"),
            None => "submitted it".to_owned(),
        },
        EventKind::MakerAccessValidated => {
            "checked the maker’s permission to ask for this: it is there".to_owned()
        }
        EventKind::PayloadValidated => "checked what was sent: it is what the type asks for".to_owned(),
        EventKind::Decided { verdict, signature, leads_to, waits_for, .. } => {
            decided((*verdict, signature), (*leads_to, waits_for), names)
        }
        EventKind::AutoApproved { .. } => "let it through; nobody had to agree".to_owned(),
        EventKind::Commented { .. } => "commented".to_owned(),
        EventKind::SentBack { signature, fields } => sent_back(signature, fields, names),
        EventKind::Resubmitted { .. } => "resubmitted it".to_owned(),
        EventKind::Withdrawn { .. } => "withdrew it".to_owned(),
        EventKind::Expired => expired(from).to_owned(),
        EventKind::AttemptStarted { attempt } => format!("began attempt {attempt} to send it"),
        EventKind::AttemptEnded { attempt, outcome, next_attempt_at, .. } => {
            let next = when.clock(*next_attempt_at);
            let (next, came_to) = (next.words(), attempt_words(*outcome));
            format!("recorded that attempt {attempt} {came_to}; the next one is due at {next}")
        }
        EventKind::Ended { outcome: Outcome::Executed, inferred: true, .. } => {
            "recorded that it was done: the target says that it had the call already, from an earlier attempt"
                .to_owned()
        }
        EventKind::Ended { attempt, outcome, .. } => ended(attempt.is_some(), *outcome).to_owned(),
        EventKind::LateAnswer { attempt, settles, .. } => late_answer(*attempt, *settles),
        EventKind::Refused { code, .. } => {
            format!("tried what the rules forbid: {}; nothing changed", why_forbidden(*code))
        }
        EventKind::SettlementWordGiven { word, settles } => settlement_word(word, *settles, names),
        EventKind::SubmittedAgain { newer } => format!("submitted it again, as request {newer}"),
        EventKind::ProbeAsked => "wanted the target to be asked what became of it".to_owned(),
        EventKind::Probed { verdict, next_probe_at, settles, .. } => {
            probed(*verdict, next_probe_at.map(|at| when.clock(at)), *settles)
        }
    }
}

/// `approved it for Risk, acting through nightly-job; it still waits for Finance`.
fn decided(
    (verdict, signature): (Verdict, &Signature),
    (leads_to, waits_for): (State, &[Capacity]),
    names: &Names,
) -> String {
    let verb = match verdict {
        Verdict::Approved => "approved it",
        Verdict::Rejected => "rejected it",
    };
    let mut what = format!("{verb}{}", capacities_of(signature, names));
    if leads_to == State::AdminTask {
        what.push_str(&match (verdict, waits_for) {
            (Verdict::Rejected, _) => "; that alone does not end it".to_owned(),
            (Verdict::Approved, []) => "; others must agree, too".to_owned(),
            (Verdict::Approved, waits) => {
                format!("; it now waits for {}", seat_names(waits, names).join(", "))
            }
        });
    }
    what
}

/// `sent it back for changes in body › amount, for Risk`.
fn sent_back(signature: &Signature, fields: &[String], names: &Names) -> String {
    let named: Vec<String> = fields.iter().map(|field| field_label(field)).collect();
    let named = if named.is_empty() { String::new() } else { format!(" in {}", named.join(", ")) };
    let comma = if signature.capacities.is_empty() { "" } else { "," };
    let signed = capacities_of(signature, names);
    format!("sent it back for changes{named}{comma}{signed}")
}

/// ` for Risk, acting through nightly-job`.
fn capacities_of(signature: &Signature, names: &Names) -> String {
    format!("{}{}", signed_as(&signature.capacities, names), acting_through(&signature.act, names))
}

/// `, acting through nightly-job`.
fn acting_through(act: &[Person], names: &Names) -> String {
    if act.is_empty() {
        return String::new();
    }
    let act: Vec<String> = act.iter().map(|person| names.name(person)).collect();
    format!(", acting through {}", act.join(", "))
}

/// `said for Risk that it happened; another person must say the same`.
fn settlement_word(word: &GivenWord, settles: bool, names: &Names) -> String {
    let happened = match word.outcome {
        SettledOutcome::Executed => "it happened",
        SettledOutcome::Failed => "it did not happen",
    };
    let (seats, act) = (signed_as(&word.capacities, names), acting_through(&word.act, names));
    let after = if settles {
        ", as another person had: that settles it"
    } else {
        "; another person must say the same"
    };
    format!("said{seats}{act} that {happened}{after}")
}

/// `asked the target what became of it: it was done, so that is the outcome`.
fn probed(verdict: ProbeVerdict, next: Option<Time>, settles: Option<Outcome>) -> String {
    let said = match verdict {
        ProbeVerdict::Happened => "it was done",
        ProbeVerdict::DidNotHappen => "it was not done",
        ProbeVerdict::CannotTell => "it could not tell",
    };
    let after = match (settles, next) {
        (Some(_), _) => ", so that is the outcome".to_owned(),
        (None, Some(at)) => format!("; it is asked again at {}", at.words()),
        (None, None) => String::new(),
    };
    format!("asked the target what became of it: {said}{after}")
}

fn expired(from: Option<State>) -> &'static str {
    match from {
        Some(State::SentBack) => {
            "ended it: it was sent back for changes, and was not resubmitted and decided in time. Nothing was sent"
        }
        Some(State::Approved) => "ended it: it was approved, but could not be sent in time. Nothing was sent",
        Some(
            State::ValidateMakerAccess
            | State::ValidatePayload
            | State::AdminTask
            | State::Executed
            | State::Failed
            | State::Unknown
            | State::Rejected
            | State::Withdrawn
            | State::Expired,
        )
        | None => "ended it: nobody decided in time. Nothing was sent",
    }
}

fn attempt_words(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Executed => "was carried out",
        AttemptOutcome::Failed => "was refused",
        AttemptOutcome::NotSent => "was not sent",
        AttemptOutcome::NotDone => "was not carried out",
        AttemptOutcome::AlreadyDone => "had reached the target before",
        AttemptOutcome::Ambiguous => "brought no clear answer",
    }
}

fn late_answer(attempt: AttemptResult, settles: Option<Outcome>) -> String {
    let AttemptResult { attempt, outcome } = attempt;
    let after = match settles {
        Some(Outcome::Executed) => ", so it was done",
        Some(Outcome::Failed) => ", so it failed",
        Some(Outcome::Unknown) | None => "",
    };
    format!("learnt late that attempt {attempt} {}{after}", attempt_words(outcome))
}

fn ended(was_tried: bool, outcome: Outcome) -> &'static str {
    match (outcome, was_tried) {
        (Outcome::Executed, _) => "recorded that it was done",
        (Outcome::Failed, true) => "recorded that it failed",
        (Outcome::Failed, false) => "recorded that it failed, and that nothing was carried out",
        (Outcome::Unknown, _) => "recorded that the outcome is unknown",
    }
}
