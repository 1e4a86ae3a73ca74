//! What happened to a request, in people's words: one line per event, for the request's page and its trail.

use crate::domain::actor::Person;
use crate::domain::lifecycle::EventKind;
use crate::domain::outcome::Outcome;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::Verdict;
use crate::domain::settlement::SettledOutcome;
use crate::engine::trail::TrailEntry;
use crate::web::parts::format::{DigestWords, Time, When};
use crate::web::parts::icons::Icon;
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::events::{tried_to, what_happened};

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
        let what = tried_to(tried.verdict, tried.outcome);
        Some(Self { what, words: tried.words.clone(), digest: tried.digest.clone().unwrap_or_default() })
    }
}

/// How an event is drawn, before it is joined with who, what and when.
struct Drawing {
    icon: Icon,
    /// Whether the engine did it, whoever caused it.
    by_engine: bool,
    is_quote: bool,
    is_decision: bool,
}

/// The words for an event of a request.
pub fn describe_event(entry: &TrailEntry, names: &Names, when: When) -> EventWords {
    let Drawing { icon, by_engine, is_quote, is_decision } =
        entry.kind.as_ref().map_or_else(|| plain(Icon::Info), drawing);
    let what = match &entry.kind {
        Some(kind) => what_happened(kind, entry.from, (names, when)),
        None => format!("recorded {}", entry.event_type),
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

/// How an event is drawn.
fn drawing(kind: &EventKind) -> Drawing {
    match kind {
        EventKind::Submitted(_) | EventKind::Resubmitted { .. } => plain(Icon::Pen),
        // The maker caused it and is named in the entry; the check is the engine's.
        EventKind::MakerAccessValidated | EventKind::PayloadValidated => {
            Drawing { by_engine: true, ..plain(Icon::Gear) }
        }
        EventKind::Decided { verdict: Verdict::Approved, .. } => decision(Icon::Done),
        EventKind::Decided { verdict: Verdict::Rejected, .. } => decision(Icon::No),
        EventKind::AutoApproved { .. } => plain(Icon::Gear),
        EventKind::Commented { .. } => quoted(Icon::Note),
        EventKind::SentBack { .. } | EventKind::Withdrawn { .. } => quoted(Icon::Undo),
        EventKind::Expired => plain(Icon::Hourglass),
        EventKind::AttemptStarted { .. } => plain(Icon::Send),
        EventKind::AttemptEnded { .. } => plain(Icon::Wait),
        EventKind::Ended { outcome, .. } => plain(of_outcome(*outcome)),
        EventKind::LateAnswer { settles, .. } => plain(settles.map_or(Icon::Question, of_outcome)),
        EventKind::Refused { .. } => plain(Icon::Warn),
        EventKind::SettlementWordGiven { settles: false, .. } => quoted(Icon::Question),
        EventKind::SettlementWordGiven { word, settles: true } => quoted(match word.outcome {
            SettledOutcome::Executed => Icon::Done,
            SettledOutcome::Failed => Icon::Fail,
        }),
        EventKind::SubmittedAgain { .. } => plain(Icon::Copy),
        EventKind::ProbeAsked => plain(Icon::Question),
        EventKind::Probed { verdict, .. } => plain(match verdict {
            ProbeVerdict::Happened => Icon::Done,
            ProbeVerdict::DidNotHappen => Icon::Fail,
            ProbeVerdict::CannotTell => Icon::Question,
        }),
    }
}

fn of_outcome(outcome: Outcome) -> Icon {
    match outcome {
        Outcome::Executed => Icon::Done,
        Outcome::Failed => Icon::Fail,
        Outcome::Unknown => Icon::Question,
    }
}

fn plain(icon: Icon) -> Drawing {
    Drawing { icon, by_engine: false, is_quote: false, is_decision: false }
}

fn quoted(icon: Icon) -> Drawing {
    Drawing { is_quote: true, ..plain(icon) }
}

fn decision(icon: Icon) -> Drawing {
    Drawing { is_decision: true, ..quoted(icon) }
}

#[cfg(test)]
mod tests;
