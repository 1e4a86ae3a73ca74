//! What the checks said of a form.

use actix_web::http::StatusCode;

use crate::domain::fault::Fault;
use crate::engine::{AdmissionRefusal, DryRun};
use crate::web::Icon;
use crate::web::parts::notices::Note;
use crate::web::sentences::submitting::{self, Tried};

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

    pub(super) fn refuse(&mut self, tried: Tried, why: &AdmissionRefusal) {
        self.is_refused = true;
        let lines = vec![submitting::NOT_STORED.to_owned()];
        let head = submitting::refused(tried, &why.message);
        self.notice = Some(Note::answering("bad", Icon::No, head, lines));
    }

    pub(super) fn notice_try_again(&mut self, sentence: &str) {
        self.status = StatusCode::SERVICE_UNAVAILABLE;
        self.is_refused = true;
        let lines = vec![sentence.to_owned(), submitting::STILL_HERE.to_owned()];
        self.notice = Some(Note::answering("warn", Icon::Warn, submitting::NOT_NOW, lines));
    }
}

/// Nothing forbids it.
pub(super) fn checked() -> Note {
    let (head, line) = submitting::CHECKED;
    Note::answering("ok", Icon::Done, head, vec![line.to_owned()])
}

/// It was submitted before with other contents.
pub(super) fn sent_before() -> Note {
    let (head, line) = submitting::SENT_BEFORE;
    Note::answering("warn", Icon::Warn, head, vec![line.to_owned()])
}
