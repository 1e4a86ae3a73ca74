//! The note on top of a page: what is true first, then what it means, then the next step.

use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{Request, State};
use crate::domain::revision::SentBack;
use crate::domain::settlement::SettlementWord;
use crate::engine::queries::View;
use crate::web::parts::changes_view::field_label;
use crate::web::parts::format::{When, number_of};
use crate::web::parts::icons::Icon;
use crate::web::parts::who::Names;

/// A note on top of a page.
pub struct Note {
    /// `warn`, `bad`, `odd`, `ok`, `ink` or nothing.
    pub kind: &'static str,
    pub icon: Icon,
    /// What is true.
    pub head: String,
    pub lines: Vec<String>,
    /// What a person wrote and what was not recorded.
    pub kept: String,
    /// Whether it answers what this person has just done: then it takes the focus.
    pub is_new: bool,
}

impl Note {
    /// A note that answers what the person has just done.
    pub fn answering(kind: &'static str, icon: Icon, head: impl Into<String>, lines: Vec<String>) -> Self {
        Self { is_new: true, ..Self::new(kind, icon, head, lines) }
    }

    /// A new-request form was submitted before with other contents.
    pub fn sent_before() -> Self {
        let head = "This form was sent before, and has become a request. Since then it was changed.";
        let line = "Look at My requests before you send it once more: submitting now makes a second request.";
        Self::answering("warn", Icon::Warn, head, vec![line.to_owned()])
    }

    /// A note without a kept message.
    pub fn new(kind: &'static str, icon: Icon, head: impl Into<String>, lines: Vec<String>) -> Self {
        Self { kind, icon, head: head.into(), lines, kept: String::new(), is_new: false }
    }

    /// The note for a request that no longer waits.
    pub fn of(view: &View, names: &Names, when: When) -> Option<Self> {
        let request = &view.request;
        match request.state {
            State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => None,
            State::SentBack => sent_back(request, names),
            State::Approved => Some(approved(request, when)),
            State::Executed => Some(executed(view, names)),
            State::Failed => Some(failed(view, names)),
            State::Unknown => Some(unknown(request)),
            State::Rejected => Some(rejected(request, names)),
            State::Withdrawn => {
                let head = format!("{} withdrew it. Nothing was sent.", names.name(&request.maker));
                Some(Self::new("", Icon::Undo, head, Vec::new()))
            }
            State::Expired => Some(expired(request, when)),
        }
    }
}

fn sent_back(request: &Request, names: &Names) -> Option<Note> {
    let sent_back = request.sent_back.as_ref()?;
    let head = format!("{} sent it back for changes.", names.name(&sent_back.by));
    let mut lines = what_to_change(sent_back);
    lines.push(format!("Nobody can decide it until {} resubmits it.", names.name(&request.maker)));
    Some(Note::new("warn", Icon::Undo, head, lines))
}

/// What the checker wants changed: their words, and the members that they named.
pub fn what_to_change(sent_back: &SentBack) -> Vec<String> {
    let named: Vec<String> = sent_back.fields.iter().map(|field| field_label(field)).collect();
    let named = (!named.is_empty()).then(|| format!("It is about: {}.", named.join(", ")));
    std::iter::once(format!("“{}”", sent_back.message)).chain(named).collect()
}

fn approved(request: &Request, when: When) -> Note {
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
    Note::new("ink", Icon::Send, head, lines)
}

fn executed(view: &View, names: &Names) -> Note {
    if let Some(word) = view.request.settling_word() {
        return settled("ok", Icon::Done, "Done: two people say that it happened.", (word, names));
    }
    if view.request.sending.inferred && view.request.sending.probes > 0 {
        let head = "Done: the target says so.";
        let line =
            "Its answer to the call was lost. Asked what became of it, it said that it was carried out.";
        return Note::new("ok", Icon::Done, head, vec![line.to_owned()]);
    }
    if view.request.sending.inferred {
        let head = "Done: the target says that it had this call already.";
        let line =
            "An earlier attempt got no clear answer. The answer to its repeat shows that it was carried out.";
        return Note::new("ok", Icon::Done, head, vec![line.to_owned()]);
    }
    let status = view.answer.as_ref().map_or_else(String::new, |answer| format!(" {}", answer.status));
    let warnings = view.answer.as_ref().map_or(0, |answer| answer.warnings.len());
    let part = number_of(warnings, "part", "parts");
    let lines = match warnings {
        0 => Vec::new(),
        _ => vec![format!("{part} did not work, the rest did. The answer below says which.")],
    };
    Note::new("ok", Icon::Done, format!("Done: the target answered{status}."), lines)
}

/// Two people settled it: what the second one said.
fn settled(kind: &'static str, icon: Icon, head: &str, (word, names): (&SettlementWord, &Names)) -> Note {
    let line = format!("{} confirmed it: “{}”", names.name(&word.by), word.evidence);
    Note::new(kind, icon, head, vec![line])
}

fn failed(view: &View, names: &Names) -> Note {
    if let Some(word) = view.request.settling_word() {
        return settled("bad", Icon::Fail, "Failed: two people say that it did not happen.", (word, names));
    }
    if view.request.sending.last_probe == Some(ProbeVerdict::DidNotHappen) {
        let head = "Failed: the target says that it did not happen.";
        let line =
            "Its answer to the call was lost. Asked what became of it, it said that it was not carried out.";
        return Note::new("bad", Icon::Fail, head, vec![line.to_owned()]);
    }
    let was_tried = view.request.sending.attempts > 0;
    let (head, line) = match view.answer.as_ref().map(|answer| answer.status) {
        Some(status) => (
            format!("Failed: the target answered {status}, and refused it."),
            "The approvals are used up; the maker may submit it again.",
        ),
        None if was_tried => (
            "Failed: the call was not carried out.".to_owned(),
            "Nothing happened at the target. What happened, below, says why.",
        ),
        None => (
            "Failed: the call never left.".to_owned(),
            "Nothing happened at the target. What happened, below, says why.",
        ),
    };
    Note::new("bad", Icon::Fail, head, vec![line.to_owned()])
}

fn unknown(request: &Request) -> Note {
    let head = "The call left, but no answer came back that says what became of it. It may or may not have happened.";
    let line = format!(
        "Countersign does not send it again, because that could do it twice. Ask {} what it did; then two people \
         settle it here.",
        request.host
    );
    Note::new("odd", Icon::Question, head, vec![line])
}

fn rejected(request: &Request, names: &Names) -> Note {
    let last = request.last_decision();
    let by = last.map_or_else(|| "A checker".to_owned(), |decision| names.name(&decision.checker));
    let words = last.map(|decision| format!("“{}”", decision.message));
    Note::new("bad", Icon::No, format!("{by} rejected it. Nothing was sent."), words.into_iter().collect())
}

fn expired(request: &Request, when: When) -> Note {
    let at = when.moment(request.ended_at.unwrap_or(request.expires_at));
    let why = match request.execute_before {
        Some(_) => "It was approved, but could not be sent in time.",
        None if request.sent_back.is_some() => {
            "It was sent back for changes, and was not resubmitted and decided in time."
        }
        None => "Nobody decided in time.",
    };
    let head = format!("Expired at {}. {why}", at.words());
    let line = "It can’t be decided any more, and nothing was sent. The maker may submit it again.";
    Note::new("", Icon::Hourglass, head, vec![line.to_owned()])
}
