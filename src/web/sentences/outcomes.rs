//! The note on top of a request's page: how it stands or ended, what that means, and what comes next.

use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{Request, State};
use crate::domain::revision::SentBack;
use crate::domain::settlement::{SettledOutcome, SettlementWord};
use crate::engine::queries::View;
use crate::web::parts::changes_view::field_label;
use crate::web::parts::format::{When, number_of};
use crate::web::parts::who::Names;

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteWords {
    /// What is true.
    pub head: String,
    /// What it means, and the next step.
    pub lines: Vec<String>,
}

impl NoteWords {
    fn new(head: impl Into<String>, lines: Vec<String>) -> Self {
        Self { head: head.into(), lines }
    }

    fn one(head: impl Into<String>, line: impl Into<String>) -> Self {
        Self::new(head, vec![line.into()])
    }
}

/// How a request stands that can't be decided now, or how it ended; `None` while it waits.
pub fn how_it_stands(view: &View, names: &Names, when: When) -> Option<NoteWords> {
    let request = &view.request;
    Some(match request.state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => return None,
        State::SentBack => sent_back(request, names)?,
        State::Approved => approved(request, when),
        State::Executed => executed(view, names),
        State::Failed => failed(view, names),
        State::Unknown => unknown(request),
        State::Rejected => rejected(request, names),
        State::Withdrawn => {
            let head = format!("{} withdrew it. Nothing was sent.", names.name(&request.maker));
            NoteWords::new(head, Vec::new())
        }
        State::Expired => expired(request, when),
    })
}

fn sent_back(request: &Request, names: &Names) -> Option<NoteWords> {
    let sent_back = request.sent_back.as_ref()?;
    let head = format!("{} sent it back for changes.", names.name(&sent_back.by));
    let mut lines = what_to_change(sent_back);
    lines.push(format!("Nobody can decide it until {} resubmits it.", names.name(&request.maker)));
    Some(NoteWords::new(head, lines))
}

/// Who wants what changed, for the maker who is about to change it.
pub fn wish_for_changes(sent_back: &SentBack, names: &Names) -> NoteWords {
    NoteWords::new(format!("{} asks for changes.", names.name(&sent_back.by)), what_to_change(sent_back))
}

/// What the checker wants changed: their words, and the members that they named.
fn what_to_change(sent_back: &SentBack) -> Vec<String> {
    let named: Vec<String> = sent_back.fields.iter().map(|field| field_label(field)).collect();
    let named = (!named.is_empty()).then(|| format!("It is about: {}.", named.join(", ")));
    std::iter::once(format!("“{}”", sent_back.message)).chain(named).collect()
}

fn approved(request: &Request, when: When) -> NoteWords {
    let is_agreed = request.last_decision().is_some();
    let head = if is_agreed { "Everybody needed has agreed." } else { "Its rule asks for nobody." };
    let lines = match (request.sending.next_attempt_at, request.execute_before) {
        (Some(next), until) => {
            let next = when.moment(next);
            let until = until
                .map(|until| when.moment(until))
                .map_or_else(String::new, |until| format!(" It is tried until {}.", until.words()));
            vec![
                request.sending.next_attempt_reason.clone().unwrap_or_default(),
                format!("The next attempt is due at {}.{until}", next.words()),
            ]
        }
        (None, _) => vec![format!("The call is on its way to {}.", request.host)],
    };
    NoteWords::new(head, lines)
}

fn executed(view: &View, names: &Names) -> NoteWords {
    if let Some(word) = view.request.settling_word() {
        return settled(SettledOutcome::Executed, word, names);
    }
    if view.request.sending.inferred && view.request.sending.probes > 0 {
        let line =
            "Its answer to the call was lost. Asked what became of it, it said that it was carried out.";
        return NoteWords::one("Done: the target says so.", line);
    }
    if view.request.sending.inferred {
        let line =
            "An earlier attempt got no clear answer. The answer to its repeat shows that it was carried out.";
        return NoteWords::one("Done: the target says that it had this call already.", line);
    }
    let status = view.answer.as_ref().map_or_else(String::new, |answer| format!(" {}", answer.status));
    let warnings = view.answer.as_ref().map_or(0, |answer| answer.warnings.len());
    let part = number_of(warnings, "part", "parts");
    let lines = match warnings {
        0 => Vec::new(),
        _ => vec![format!("{part} did not work, the rest did. The answer below says which.")],
    };
    NoteWords::new(format!("Done: the target answered{status}."), lines)
}

/// Two people settled it: what the second one said.
fn settled(outcome: SettledOutcome, word: &SettlementWord, names: &Names) -> NoteWords {
    let head = match outcome {
        SettledOutcome::Executed => "Done: two people say that it happened.",
        SettledOutcome::Failed => "Failed: two people say that it did not happen.",
    };
    NoteWords::one(head, format!("{} confirmed it: “{}”", names.name(&word.by), word.evidence))
}

fn failed(view: &View, names: &Names) -> NoteWords {
    if let Some(word) = view.request.settling_word() {
        return settled(SettledOutcome::Failed, word, names);
    }
    if view.request.sending.last_probe == Some(ProbeVerdict::DidNotHappen) {
        let line =
            "Its answer to the call was lost. Asked what became of it, it said that it was not carried out.";
        return NoteWords::one("Failed: the target says that it did not happen.", line);
    }
    let was_tried = view.request.sending.attempts > 0;
    let nothing_happened = "Nothing happened at the target. What happened, below, says why.";
    match view.answer.as_ref().map(|answer| answer.status) {
        Some(status) => NoteWords::one(
            format!("Failed: the target answered {status}, and refused it."),
            "The approvals are used up; the maker may submit it again.",
        ),
        None if was_tried => NoteWords::one("Failed: the call was not carried out.", nothing_happened),
        None => NoteWords::one("Failed: the call never left.", nothing_happened),
    }
}

fn unknown(request: &Request) -> NoteWords {
    let head = "The call left, but no answer came back that says what became of it. It may or may not have happened.";
    let line = format!(
        "Countersign does not send it again, because that could do it twice. Ask {} what it did; then two people \
         settle it here.",
        request.host
    );
    NoteWords::one(head, line)
}

fn rejected(request: &Request, names: &Names) -> NoteWords {
    let last = request.last_decision();
    let by = last.map_or_else(|| "A checker".to_owned(), |decision| names.name(&decision.checker));
    let words = last.map(|decision| format!("“{}”", decision.message));
    NoteWords::new(format!("{by} rejected it. Nothing was sent."), words.into_iter().collect())
}

fn expired(request: &Request, when: When) -> NoteWords {
    let at = when.moment(request.ended_at.unwrap_or(request.expires_at));
    let why = match request.execute_before {
        Some(_) => "It was approved, but could not be sent in time.",
        None if request.sent_back.is_some() => {
            "It was sent back for changes, and was not resubmitted and decided in time."
        }
        None => "Nobody decided in time.",
    };
    let head = format!("Expired at {}. {why}", at.words());
    NoteWords::one(head, "It can’t be decided any more, and nothing was sent. The maker may submit it again.")
}
