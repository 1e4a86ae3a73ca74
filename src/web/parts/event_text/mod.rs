//! What happened to a request, in people's words: one line per event, for the request's page and its trail.

use crate::domain::actor::Person;
use crate::domain::attempt::AttemptOutcome;
use crate::domain::lifecycle::{AttemptResult, EventKind, GivenWord, Signature};
use crate::domain::outcome::Outcome;
use crate::domain::policy::Capacity;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{State, Verdict};
use crate::domain::settlement::SettledOutcome;
use crate::engine::trail::TrailEntry;
use crate::web::parts::changes_view::field_label;
use crate::web::parts::format::{DigestWords, Time, When};
use crate::web::parts::icons::Icon;
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::{seat_names, signed_as, why_forbidden};

/// The engine's own name where it did something itself.
const ENGINE: &str = "Countersign";

/// An event as a line of a page: *who* did *what*, *when*, and in which words.
#[derive(Clone, Debug)]
pub struct EventWords {
    pub icon: Icon,
    pub who: Who,
    /// Whether the engine did it, on its own or for a person's command.
    pub is_by_engine: bool,
    /// What it was; goes on after the name: `approved for Risk`.
    pub what: String,
    /// The person's words, or the engine's sentence about it.
    pub words: Option<String>,
    /// Whether the words are the person's own.
    pub is_quote: bool,
    pub at: Time,
    /// What they tried and wrote, where it was refused.
    pub tried: Option<TriedWords>,
    /// Whether a person approved or rejected.
    pub is_decision: bool,
    /// Whether it is a person's no.
    pub is_rejection: bool,
    /// The state before, as on the wire.
    pub from: Option<String>,
    /// The state after, as on the wire.
    pub to: Option<String>,
    /// The digest of the call that it was about.
    pub digest: Option<DigestWords>,
}

/// What was tried and refused, in people's words.
#[derive(Clone, Debug)]
pub struct TriedWords {
    /// `to approve`, `to withdraw`.
    pub what: &'static str,
    /// What they wrote; empty if they wrote nothing.
    pub words: String,
    /// The digest that they named; empty if they named none.
    pub digest: String,
}

impl TriedWords {
    fn of(kind: &EventKind) -> Option<Self> {
        let EventKind::Refused { tried: Some(tried), .. } = kind else { return None };
        let what = match (tried.verdict, tried.outcome) {
            (Some(Verdict::Approved), _) => "to approve",
            (Some(Verdict::Rejected), _) => "to reject",
            (None, Some(SettledOutcome::Executed)) => "to say that it happened",
            (None, Some(SettledOutcome::Failed)) => "to say that it did not happen",
            (None, None) => "to withdraw",
        };
        Some(Self { what, words: tried.words.clone(), digest: tried.digest.clone().unwrap_or_default() })
    }
}

/// What an event was, before it is joined with who and when.
struct EventDescription {
    icon: Icon,
    what: String,
    /// Whether the engine did it, whoever caused it.
    by_engine: bool,
    is_quote: bool,
    is_decision: bool,
}

/// The words for an event of a request.
pub fn describe_event(entry: &TrailEntry, names: &Names, when: When) -> EventWords {
    let EventDescription { icon, what, by_engine, is_quote, is_decision } = match &entry.kind {
        Some(kind) => what_happened(kind, entry.from, (names, when)),
        None => plain(Icon::Info, format!("recorded {}", entry.event_type)),
    };
    let is_by_engine = by_engine || entry.actor.iss == Person::system().iss;
    EventWords {
        icon,
        who: if is_by_engine { Who::called(ENGINE) } else { names.who(&entry.actor) },
        is_by_engine,
        what,
        words: said(entry),
        is_quote,
        tried: entry.kind.as_ref().and_then(TriedWords::of),
        at: when.ago(entry.at),
        is_decision,
        is_rejection: is_decision && is_no(&entry.kind),
        from: entry.from.map(|state| state.name().to_owned()),
        to: entry.to.map(|state| state.name().to_owned()),
        digest: Some(DigestWords::of(&entry.digest.to_string())),
    }
}

/// The person's words, or the engine's. What a client was told about a refusal is not for people.
fn said(entry: &TrailEntry) -> Option<String> {
    if matches!(entry.kind, Some(EventKind::Refused { .. })) {
        return None;
    }
    entry.message.as_deref().filter(|words| !words.trim().is_empty()).map(String::from)
}

fn is_no(kind: &Option<EventKind>) -> bool {
    matches!(kind, Some(EventKind::Decided { verdict: Verdict::Rejected, .. }))
}

fn what_happened(kind: &EventKind, from: Option<State>, (names, when): (&Names, When)) -> EventDescription {
    match kind {
        EventKind::Submitted(new) => match new.repeat_of {
            Some(older) => plain(Icon::Pen, format!("submitted request {older} again, as this one")),
            None => plain(Icon::Pen, "submitted it"),
        },
        EventKind::MakerAccessValidated => {
            checked("checked the maker’s permission to ask for this: it is there")
        }
        EventKind::PayloadValidated => checked("checked what was sent: it is what the type asks for"),
        EventKind::Decided { verdict, signature, leads_to, waits_for, .. } => {
            decided((*verdict, signature), (*leads_to, waits_for), names)
        }
        EventKind::AutoApproved { .. } => plain(Icon::Gear, "let it through; nobody had to agree"),
        EventKind::Commented { .. } => quoted(Icon::Note, "commented"),
        EventKind::SentBack { signature, fields } => sent_back(signature, fields, names),
        EventKind::Resubmitted { .. } => plain(Icon::Pen, "resubmitted it"),
        EventKind::Withdrawn { .. } => quoted(Icon::Undo, "withdrew it"),
        EventKind::Expired => plain(Icon::Hourglass, expired(from)),
        EventKind::AttemptStarted { attempt } => {
            plain(Icon::Send, format!("began attempt {attempt} to send it"))
        }
        EventKind::AttemptEnded { attempt, outcome, next_attempt_at, .. } => {
            let next = when.clock(*next_attempt_at);
            let next = next.words();
            let came_to = attempt_words(*outcome);
            plain(
                Icon::Wait,
                format!("recorded that attempt {attempt} {came_to}; the next one is due at {next}"),
            )
        }
        EventKind::Ended { outcome: Outcome::Executed, inferred: true, .. } => plain(
            Icon::Done,
            "recorded that it was done: the target says that it had the call already, from an earlier attempt",
        ),
        EventKind::Ended { attempt, outcome, .. } => ended(*attempt, *outcome),
        EventKind::LateAnswer { attempt, settles, .. } => late_answer(*attempt, *settles),
        EventKind::Refused { code, .. } => plain(
            Icon::Warn,
            format!("tried what the rules forbid: {}; nothing changed", why_forbidden(*code)),
        ),
        EventKind::SettlementWordGiven { word, settles } => settlement_word(word, *settles, names),
        EventKind::SubmittedAgain { newer } => {
            plain(Icon::Copy, format!("submitted it again, as request {newer}"))
        }
        EventKind::ProbeAsked => plain(Icon::Question, "wanted the target to be asked what became of it"),
        EventKind::Probed { verdict, next_probe_at, settles, .. } => {
            probed(*verdict, next_probe_at.map(|at| when.clock(at)), *settles)
        }
    }
}

fn plain(icon: Icon, what: impl Into<String>) -> EventDescription {
    EventDescription { icon, what: what.into(), by_engine: false, is_quote: false, is_decision: false }
}

/// The maker caused it and is named in the entry; the check is the engine's.
fn checked(what: &str) -> EventDescription {
    EventDescription { by_engine: true, ..plain(Icon::Gear, what) }
}

fn quoted(icon: Icon, what: impl Into<String>) -> EventDescription {
    EventDescription { is_quote: true, ..plain(icon, what) }
}

/// `approved it for Risk, acting through nightly-job; it still waits for Finance`.
fn decided(
    (verdict, signature): (Verdict, &Signature),
    (leads_to, waits_for): (State, &[Capacity]),
    names: &Names,
) -> EventDescription {
    let (icon, verb) = match verdict {
        Verdict::Approved => (Icon::Done, "approved it"),
        Verdict::Rejected => (Icon::No, "rejected it"),
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
    EventDescription { is_decision: true, ..quoted(icon, what) }
}

/// `sent it back for changes in body › amount, for Risk`.
fn sent_back(signature: &Signature, fields: &[String], names: &Names) -> EventDescription {
    let named: Vec<String> = fields.iter().map(|field| field_label(field)).collect();
    let named = if named.is_empty() { String::new() } else { format!(" in {}", named.join(", ")) };
    let comma = if signature.capacities.is_empty() { "" } else { "," };
    let signed = capacities_of(signature, names);
    quoted(Icon::Undo, format!("sent it back for changes{named}{comma}{signed}"))
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
fn settlement_word(word: &GivenWord, settles: bool, names: &Names) -> EventDescription {
    let (icon, happened) = match word.outcome {
        SettledOutcome::Executed => (Icon::Done, "it happened"),
        SettledOutcome::Failed => (Icon::Fail, "it did not happen"),
    };
    let (seats, act) = (signed_as(&word.capacities, names), acting_through(&word.act, names));
    let said = format!("said{seats}{act} that {happened}");
    if settles {
        quoted(icon, format!("{said}, as another person had: that settles it"))
    } else {
        quoted(Icon::Question, format!("{said}; another person must say the same"))
    }
}

/// `asked the target what became of it: it was done, so that is the outcome`.
fn probed(verdict: ProbeVerdict, next: Option<Time>, settles: Option<Outcome>) -> EventDescription {
    let (icon, said) = match verdict {
        ProbeVerdict::Happened => (Icon::Done, "it was done"),
        ProbeVerdict::DidNotHappen => (Icon::Fail, "it was not done"),
        ProbeVerdict::CannotTell => (Icon::Question, "it could not tell"),
    };
    let after = match (settles, next) {
        (Some(_), _) => ", so that is the outcome".to_owned(),
        (None, Some(at)) => format!("; it is asked again at {}", at.words()),
        (None, None) => String::new(),
    };
    plain(icon, format!("asked the target what became of it: {said}{after}"))
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

fn late_answer(attempt: AttemptResult, settles: Option<Outcome>) -> EventDescription {
    let AttemptResult { attempt, outcome } = attempt;
    let what = format!("learnt late that attempt {attempt} {}", attempt_words(outcome));
    match settles {
        Some(Outcome::Executed) => plain(Icon::Done, format!("{what}, so it was done")),
        Some(Outcome::Failed) => plain(Icon::Fail, format!("{what}, so it failed")),
        Some(Outcome::Unknown) | None => plain(Icon::Question, what),
    }
}

fn ended(attempt: Option<AttemptResult>, outcome: Outcome) -> EventDescription {
    match (outcome, attempt) {
        (Outcome::Executed, _) => plain(Icon::Done, "recorded that it was done"),
        (Outcome::Failed, Some(_)) => plain(Icon::Fail, "recorded that it failed"),
        (Outcome::Failed, None) => {
            plain(Icon::Fail, "recorded that it failed, and that nothing was carried out")
        }
        (Outcome::Unknown, _) => plain(Icon::Question, "recorded that the outcome is unknown"),
    }
}

#[cfg(test)]
mod tests;
