//! The note on top of a page: what is true first, then what it means, then the next step.

use crate::domain::request::State;
use crate::engine::queries::View;
use crate::web::parts::format::When;
use crate::web::parts::icons::Icon;
use crate::web::parts::who::Names;
use crate::web::sentences::outcomes::{NoteWords, how_it_stands};

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

    /// A note without a kept message.
    pub fn new(kind: &'static str, icon: Icon, head: impl Into<String>, lines: Vec<String>) -> Self {
        Self { kind, icon, head: head.into(), lines, kept: String::new(), is_new: false }
    }

    /// The note for a request that no longer waits.
    pub fn of(view: &View, names: &Names, when: When) -> Option<Self> {
        let (kind, icon) = match view.request.state {
            State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => return None,
            State::SentBack => ("warn", Icon::Undo),
            State::Approved => ("ink", Icon::Send),
            State::Executed => ("ok", Icon::Done),
            State::Failed => ("bad", Icon::Fail),
            State::Unknown => ("odd", Icon::Question),
            State::Rejected => ("bad", Icon::No),
            State::Withdrawn => ("", Icon::Undo),
            State::Expired => ("", Icon::Hourglass),
        };
        let NoteWords { head, lines } = how_it_stands(view, names, when)?;
        Some(Self::new(kind, icon, head, lines))
    }
}
