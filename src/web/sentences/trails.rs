//! What the trail of a request says in short: where its digest stands, and its life in one sentence.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::request::{Decision, State, Verdict};
use crate::domain::revision::Revision;
use crate::domain::settlement::SettledOutcome;
use crate::engine::queries::View;
use crate::web::parts::format::{When, span};
use crate::web::parts::who::Names;

/// The digest that is made of what people see.
pub const WORKED_OUT: &str = "Worked out now from what people are shown";

/// Said instead of a digest where there is no call.
pub const NO_DIGEST: &str = "none: the call can't be read";

/// The digest of a decision: `Approved by Chen Wei`.
pub fn decided(decision: &Decision, names: &Names) -> String {
    let did = match decision.verdict {
        Verdict::Approved => "Approved",
        Verdict::Rejected => "Rejected",
    };
    format!("{did} by {}", names.name(&decision.checker))
}

/// The same of an earlier revision.
pub fn decided_before(revision: i64, decision: &Decision, names: &Names) -> String {
    format!("Revision {revision}, which was not sent: {}", decided(decision, names))
}

/// The digest of an attempt.
pub fn sent_in(attempt: i64) -> String {
    format!("Sent in attempt {attempt}")
}

/// `Pia submitted it on …; Aiko approved it 38 min later; the target answered 201.`
pub fn byline(view: &View, names: &Names, when: When) -> String {
    let it = &view.request;
    let mut parts =
        vec![format!("{} submitted it on {}", names.name(&it.maker), when.exact(it.started_at).words())];
    let mut since = it.started_at;
    let mut add = |who: &str, did: &str, at: DateTime<Utc>| {
        parts.push(format!("{who} {did} it {}", later(at - since)));
        since = at;
    };
    let present = it.present_revision();
    for Revision { number, submitted_at, decisions, sent_back, .. } in it.earlier.iter().chain([&present]) {
        if *number > 1 {
            add(&names.name(&it.maker), "resubmitted", *submitted_at);
        }
        for Decision { checker, verdict, at, .. } in decisions {
            add(&names.name(checker), verdict.name(), *at);
        }
        if let Some(sent_back) = sent_back {
            add(&names.name(&sent_back.by), "sent back", sent_back.at);
        }
    }
    parts.push(end(view, names, since));
    format!("{}.", parts.join("; "))
}

fn end(view: &View, names: &Names, since: DateTime<Utc>) -> String {
    let it = &view.request;
    let status = view.answer.as_ref().map(|answer| format!("the target answered {}", answer.status));
    let after = it.ended_at.map(|at| later(at - since)).unwrap_or_default();
    if let Some(word) = it.settling_word() {
        let by = names.name(&word.by);
        return match word.outcome {
            SettledOutcome::Executed => format!("{by} and another person settled that it was carried out"),
            SettledOutcome::Failed => format!("{by} and another person settled that it was not carried out"),
        };
    }
    match it.state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => "it waits".to_owned(),
        State::SentBack => "it waits for its maker to change it".to_owned(),
        State::Approved => "it is being sent".to_owned(),
        State::Executed => status.unwrap_or_else(|| "it was carried out".to_owned()),
        State::Failed => status.map_or_else(
            || "it failed before anything was sent".to_owned(),
            |answered| format!("{answered}: it failed"),
        ),
        State::Unknown => "the outcome is unknown".to_owned(),
        State::Rejected => "nothing was sent".to_owned(),
        State::Withdrawn => format!("the maker withdrew it {after}, and nothing was sent"),
        State::Expired => format!("it expired {after}, and nothing was sent"),
    }
}

fn later(time: TimeDelta) -> String {
    if time < TimeDelta::seconds(1) { "at once".to_owned() } else { format!("{} later", span(time)) }
}
