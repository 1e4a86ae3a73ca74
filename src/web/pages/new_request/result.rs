//! What the checks said of a form.

use actix_web::http::StatusCode;

use crate::domain::fault::Fault;
use crate::engine::{AdmissionRefusal, DryRun};
use crate::web::Icon;
use crate::web::parts::notices::Note;

/// What the checks said of the form, and the status to answer with.
#[derive(Default)]
pub(super) struct FormResult {
    pub(super) status: StatusCode,
    pub(super) faults: Vec<Fault>,
    pub(super) is_refused: bool,
    pub(super) notice: Option<Note>,
    pub(super) tried: Option<DryRun>,
    /// Where the cursor is when the page comes.
    pub(super) focus: Option<String>,
    /// The org of the form that was sent, if its sender may go back there.
    pub(super) org: Option<String>,
}

impl FormResult {
    /// Adds the engine's faults, but for those at a place that could not even be read.
    pub(super) fn add(&mut self, faults: Vec<Fault>) {
        let unread: Vec<String> = self.faults.iter().map(|fault| fault.field.clone()).collect();
        let is_told =
            |fault: &Fault| unread.iter().any(|at| !at.is_empty() && fault.field.starts_with(at.as_str()));
        self.faults.extend(faults.into_iter().filter(|fault| !is_told(fault)));
    }

    pub(super) fn refuse(&mut self, title: &str, why: &AdmissionRefusal) {
        self.is_refused = true;
        let lines = vec!["Nothing was stored. What you wrote is still here.".to_owned()];
        self.notice = Some(Note::answering("bad", Icon::No, format!("{title}: {}", why.message), lines));
    }

    pub(super) fn notice_try_again(&mut self, sentence: &str) {
        self.status = StatusCode::SERVICE_UNAVAILABLE;
        self.is_refused = true;
        let lines = vec![sentence.to_owned(), "What you wrote is still here.".to_owned()];
        let head = "Countersign can't do this right now.";
        self.notice = Some(Note::answering("warn", Icon::Warn, head, lines));
    }
}

/// Nothing forbids it.
pub(super) fn checked() -> Note {
    let lines = vec!["Nothing was stored yet. What it becomes is shown beside the form.".to_owned()];
    Note::answering("ok", Icon::Done, "Nothing forbids it.", lines)
}
