//! The note on top of a request's page that says what this person has just done there.

use crate::domain::lifecycle::EventKind;
use crate::domain::request::Verdict;
use crate::domain::settlement::SettlementWord;
use crate::engine::request_snapshot::RequestSnapshot;
use crate::engine::trail::TrailEntry;
use crate::http::query::given_once;
use crate::web::parts::notices::Note;
use crate::web::parts::who::Names;
use crate::web::sentences::{
    COMMENT_RECORDED, SENT_BACK_RECORDED, Situation, approval_recorded, probe_asked, rejection_recorded,
    submission_recorded, word_recorded,
};
use crate::web::{Icon, PageRequest};

/// What this person has just done, if the address says so and the record has it.
pub fn recorded(page: &PageRequest, snapshot: &RequestSnapshot) -> Option<Note> {
    let said = given_once(&page.http, "said")?;
    if said == SAID_HOW_IT_ENDED {
        return snapshot.explained.my_word.as_ref().map(note_of_word);
    }
    if said == SAID_TO_ASK {
        return is_asked(snapshot);
    }
    if said == SAID_COMMENTED {
        return is_commented(page, snapshot);
    }
    if said == SAID_SENT_BACK {
        return is_sent_back(page, snapshot);
    }
    let names = page.names();
    let seen = situation(page, snapshot, &names);
    if said == SAID_SUBMITTED {
        return is_submitted(page, snapshot, &seen);
    }
    let own = snapshot.explained.my_decision.as_ref().filter(|own| own.verdict.name() == said)?;
    let (head, lines) = match own.verdict {
        Verdict::Approved => approval_recorded(&seen),
        Verdict::Rejected => rejection_recorded(&seen),
    };
    Some(Note::answering("ink", Icon::Pen, head, lines))
}

/// A request as the person of this page sees it.
pub fn situation<'a>(
    page: &'a PageRequest,
    snapshot: &'a RequestSnapshot,
    names: &'a Names,
) -> Situation<'a> {
    Situation {
        request: &snapshot.view.request,
        explained: &snapshot.explained,
        members: &snapshot.members,
        reader: &page.actor().person,
        names,
        when: page.when,
    }
}

/// What the address of a page says after its request was submitted.
pub const SAID_SUBMITTED: &str = "submitted";

/// What the address of a page says after a word about an unknown outcome.
pub const SAID_HOW_IT_ENDED: &str = "how-it-ended";

/// The same after a wish that the target is asked.
pub const SAID_TO_ASK: &str = "ask";

/// The same after a comment.
pub const SAID_COMMENTED: &str = "commented";

/// The same after a request was sent back.
pub const SAID_SENT_BACK: &str = "sent-back";

/// The address alone says nothing: what was recorded last must be this person's own submission.
fn is_submitted(page: &PageRequest, snapshot: &RequestSnapshot, seen: &Situation<'_>) -> Option<Note> {
    let is_submission =
        |kind: &EventKind| matches!(kind, EventKind::Submitted(_) | EventKind::Resubmitted { .. });
    let mut submissions =
        snapshot.events.iter().rev().filter(|entry| entry.kind.as_ref().is_some_and(is_submission));
    submissions.next().filter(|last| last.actor == page.actor().person)?;
    let (head, lines) = submission_recorded(seen)?;
    Some(Note::answering("ink", Icon::Pen, head, lines))
}

fn is_commented(page: &PageRequest, snapshot: &RequestSnapshot) -> Option<Note> {
    let is_own = |entry: &&TrailEntry| {
        matches!(entry.kind, Some(EventKind::Commented { .. })) && entry.actor == page.actor().person
    };
    snapshot.events.iter().find(is_own)?;
    Some(Note::answering("ink", Icon::Note, COMMENT_RECORDED, Vec::new()))
}

fn is_sent_back(page: &PageRequest, snapshot: &RequestSnapshot) -> Option<Note> {
    let sent_back = snapshot.view.request.sent_back.as_ref()?;
    let is_own = sent_back.by == page.actor().person;
    let note = || Note::answering("ink", Icon::Undo, SENT_BACK_RECORDED, Vec::new());
    is_own.then(note)
}

fn is_asked(snapshot: &RequestSnapshot) -> Option<Note> {
    let was_asked = |entry: &TrailEntry| matches!(entry.kind, Some(EventKind::ProbeAsked));
    let note = || {
        let (head, line) = probe_asked();
        Note::answering("ink", Icon::Gear, head, vec![line.to_owned()])
    };
    snapshot.events.iter().any(was_asked).then(note)
}

fn note_of_word(own: &SettlementWord) -> Note {
    let (head, line) = word_recorded(own.settles);
    Note::answering("ink", Icon::Pen, head, vec![line.to_owned()])
}
