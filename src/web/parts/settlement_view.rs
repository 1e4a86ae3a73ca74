//! An unknown outcome on its request's page: the attempts to the millisecond, what to ask the target for, and what
//! people said.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::domain::lifecycle::EventKind;
use crate::domain::request::State;
use crate::domain::settlement::{SettledOutcome, SettlementWord};
use crate::engine::queries::View;
use crate::engine::trail::TrailEntry;
use crate::web::parts::format::{Time, When};
use crate::web::parts::icons::Icon;
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::{Acting, Situation, settling, signed_as, why_not_settle};

/// What was sent when, and what to look for at the target.
pub struct AttemptsBox {
    pub host: String,
    pub title: &'static str,
    pub lines: Vec<AttemptLine>,
    pub asks: Vec<AskFor>,
}

/// One thing that is certain about an attempt.
pub struct AttemptLine {
    pub icon: Icon,
    pub what: String,
    pub at: Time,
    /// `+30.0 s`; empty for a beginning.
    pub after: String,
}

/// One text by which the target can find the call.
pub struct AskFor {
    /// Of the element that holds the text.
    pub id: String,
    pub label: String,
    pub text: String,
}

/// What people said about the outcome, and the form for one who may say more.
pub struct SettlementPanel {
    pub is_unknown: bool,
    pub words: Vec<WordLine>,
    /// The form, if the reader may say now how it ended.
    pub form: Option<SettlementForm>,
    /// Why they may not; empty if they may, or once it is settled.
    pub why_not: String,
    /// What the engine does to find out; empty if the type does not say how.
    pub probe: String,
    /// Whether the reader may want the target to be asked now.
    pub can_probe: bool,
    /// As whom they would say how it ended.
    pub acting: Acting,
}

/// What one person said.
pub struct WordLine {
    pub icon: Icon,
    pub who: Who,
    pub said: &'static str,
    pub signed_as: String,
    pub evidence: String,
    pub at: Time,
}

/// What a form of a word brought, and what is wrong with it.
#[derive(Clone, Default)]
pub struct SettlementForm {
    pub outcome: Option<SettledOutcome>,
    pub evidence: String,
    pub outcome_fault: String,
    pub evidence_fault: String,
}

impl SettlementForm {
    pub fn has_fault(&self) -> bool {
        !self.outcome_fault.is_empty() || !self.evidence_fault.is_empty()
    }

    pub fn is_chosen(&self, outcome: &SettledOutcome) -> bool {
        self.outcome == Some(*outcome)
    }
}

impl AttemptsBox {
    /// `None` where the outcome is known.
    pub fn of(view: &View, events: &[TrailEntry], when: When) -> Option<Self> {
        if view.request.state != State::Unknown {
            return None;
        }
        let mut begun: Vec<(i64, DateTime<Utc>)> = Vec::new();
        let mut lines = Vec::new();
        for entry in events {
            let at = when.to_the_millisecond(entry.at);
            if let Some(what) = probe_words(entry, when) {
                lines.push(AttemptLine { icon: Icon::Gear, what, at, after: String::new() });
                continue;
            }
            let Some((attempt, is_start)) = attempt_of(entry) else { continue };
            if is_start {
                begun.push((attempt, entry.at));
                let what = settling::attempt_began(attempt);
                lines.push(AttemptLine { icon: Icon::Send, what, at, after: String::new() });
            } else {
                let start = begun.iter().find(|(number, _)| *number == attempt).map(|(_, at)| *at);
                let after = start.map_or_else(String::new, |start| elapsed(start, entry.at));
                let what = settling::attempt_ended(attempt, entry.message.as_deref().unwrap_or_default());
                lines.push(AttemptLine { icon: Icon::Question, what, at, after });
            }
        }
        let title = settling::attempts_title(begun.len());
        Some(Self { host: view.request.host.clone(), title, lines, asks: asks(view, &begun) })
    }
}

/// What the target said when it was asked, and when it is asked again.
fn probe_words(entry: &TrailEntry, when: When) -> Option<String> {
    let EventKind::Probed { reason, next_probe_at, .. } = entry.kind.as_ref()? else { return None };
    Some(settling::probed(reason, next_probe_at.map(|next| when.clock(next))))
}

/// The attempt that an event is about, and whether it began then.
fn attempt_of(entry: &TrailEntry) -> Option<(i64, bool)> {
    match entry.kind.as_ref()? {
        EventKind::AttemptStarted { attempt } => Some((*attempt, true)),
        EventKind::AttemptEnded { attempt, .. } => Some((*attempt, false)),
        EventKind::Ended { attempt, .. } => attempt.map(|attempt| (attempt.attempt, false)),
        EventKind::LateAnswer { attempt, .. } => Some((attempt.attempt, false)),
        EventKind::Submitted(_)
        | EventKind::MakerAccessValidated
        | EventKind::PayloadValidated
        | EventKind::Decided { .. }
        | EventKind::AutoApproved { .. }
        | EventKind::Commented { .. }
        | EventKind::SentBack { .. }
        | EventKind::Resubmitted { .. }
        | EventKind::Withdrawn { .. }
        | EventKind::Expired
        | EventKind::Refused { .. }
        | EventKind::SettlementWordGiven { .. }
        | EventKind::SubmittedAgain { .. }
        | EventKind::ProbeAsked
        | EventKind::Probed { .. } => None,
    }
}

fn elapsed(start: DateTime<Utc>, end: DateTime<Utc>) -> String {
    let millis = (end - start).num_milliseconds().max(0);
    if millis < 1_000 {
        format!("+{millis} ms")
    } else {
        format!("+{}.{} s", millis / 1_000, millis % 1_000 / 100)
    }
}

/// Attempts whose beginning is named.
const MOMENTS_SHOWN: usize = 3;

fn asks(view: &View, begun: &[(i64, DateTime<Utc>)]) -> Vec<AskFor> {
    let request = &view.request;
    let ask = |label: &str, text: String| (label.to_owned(), text);
    let mut asks: Vec<(String, String)> = Vec::new();
    if let Some(repeat) = &view.pinned.repeat {
        // As this reader may see it.
        asks.extend(repeat.id_of(&view.shown().0).map(|id| ask("Reference", id)));
        asks.extend(repeat.key_header().map(|name| ask(name, request.id.to_string())));
    }
    asks.extend(request.terms.subject.clone().map(|subject| ask("Subject", subject)));
    for (attempt, at) in begun.iter().rev().take(MOMENTS_SHOWN).rev() {
        let label = settling::sent_at(*attempt, begun.len() == 1);
        asks.push((label, at.to_rfc3339_opts(SecondsFormat::Millis, true)));
    }
    let numbered = asks.into_iter().enumerate();
    numbered.map(|(number, (label, text))| AskFor { id: format!("ask-{number}"), label, text }).collect()
}

impl SettlementPanel {
    /// `None` where there is nothing to settle and never was.
    pub fn of(view: &View, form: SettlementForm, (seen, org): (&Situation<'_>, &str)) -> Option<Self> {
        let Situation { request, explained, names, when, .. } = *seen;
        let is_unknown = request.state == State::Unknown;
        if !is_unknown && request.settlement.is_empty() {
            return None;
        }
        let why_not = explained.settling_forbidden.as_ref().filter(|_| is_unknown);
        Some(Self {
            is_unknown,
            words: request.settlement.iter().map(|word| word_line(word, names, when)).collect(),
            form: explained.why_not_settle.is_none().then_some(form),
            why_not: why_not.map(why_not_settle).unwrap_or_default(),
            probe: if is_unknown { probe_state(view) } else { String::new() },
            can_probe: explained.can_probe && request.sending.probes > 0,
            acting: Acting::signing(seen.reader, &explained.settles_as, (names, org)),
        })
    }
}

/// `Countersign asked the target twice, and it could not tell.`
fn probe_state(view: &View) -> String {
    let asked = view.pinned.probe.as_ref().map(|_| view.request.sending.probes);
    asked.map(settling::probes).unwrap_or_default()
}

fn word_line(word: &SettlementWord, names: &Names, when: When) -> WordLine {
    let icon = match word.outcome {
        SettledOutcome::Executed => Icon::Done,
        SettledOutcome::Failed => Icon::Fail,
    };
    WordLine {
        icon,
        said: settling::said(word.outcome),
        who: names.who(&word.by),
        signed_as: signed_as(&word.capacities, names).trim_start().to_owned(),
        evidence: word.evidence.clone(),
        at: when.ago(word.at),
    }
}
