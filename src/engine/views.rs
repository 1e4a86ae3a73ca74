//! A request as its readers get it: whole, or as a row of a list.

use std::sync::Arc;

use serde_json::Value;

use super::rule_book::approval_of;
use crate::domain::call::Call;
use crate::domain::findings::Finding;
use crate::domain::lifecycle::alone_because;
use crate::domain::outcome::PartWarning;
use crate::domain::policy::bulk::AloneBecause;
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::revision_changes::ComparedSubmission;
use crate::domain::submission::{Submission, mask_headers};

pub use crate::store::answers::AnswerHead;

/// A request as a reader gets it.
#[derive(Clone, Debug)]
pub struct View {
    /// The request itself.
    pub request: Request,
    /// The normalised task with its headers as sent: mask them before anybody else reads them.
    pub task: Value,
    /// The method that will be sent.
    pub method: String,
    /// The absolute URL that will be sent to.
    pub url: String,
    /// The target's label at submission.
    pub label: String,
    /// What the target answered.
    pub answer: Option<AnswerView>,
    /// The type in the version that the request is pinned to, for what may be shown of the task.
    pub pinned: Arc<RequestType>,
    /// Whether the reader may see masked fields: they are one of those who decide.
    pub sees_masked: bool,
}

/// What of a view may change after it was read.
pub(super) struct ChangingPart {
    pub(super) request: Request,
    pub(super) answer: Option<AnswerView>,
    pub(super) sees_masked: bool,
}

impl View {
    /// A submission that has just been taken.
    pub(super) fn of_submission(
        request: Request,
        submission: Submission,
        request_type: Arc<RequestType>,
    ) -> Self {
        Self {
            request,
            task: submission.task,
            method: submission.call.method,
            url: submission.call.url,
            label: submission.label,
            answer: None,
            pinned: request_type,
            sees_masked: true,
        }
    }

    /// The same view, brought up to date.
    pub(super) fn with(self, changed: ChangingPart) -> Self {
        let ChangingPart { request, answer, sees_masked } = changed;
        Self { request, answer, sees_masked, ..self }
    }

    /// The same request after a change that this reader made, as the commit left it. Call and label never
    /// change; an answer is never replaced, but may have come since this view was read.
    #[must_use]
    pub fn after(self, request: Request) -> Self {
        Self { request, ..self }
    }

    /// Whether an attempt was made and this view does not have its answer.
    pub fn lacks_answer(&self) -> bool {
        self.request.sending.attempts > 0 && self.answer.is_none()
    }

    /// The task and the URL as this reader may see them: credentials, masked and secret fields are hidden.
    pub fn shown(&self) -> (Value, String) {
        let (task, url) = self.with_fields_hidden(self.sees_masked);
        (mask_headers(&task), url)
    }

    /// The task and the URL for the maker's own eyes, once: only secret fields are hidden.
    pub fn as_the_maker_sent_it(&self) -> (Value, String) {
        self.with_fields_hidden(true)
    }

    /// What was submitted, in clear and as this reader may see it.
    pub fn submission(&self) -> ComparedSubmission {
        let request = &self.request;
        ComparedSubmission::new(&request.entity, request.terms.reason.as_deref(), &self.task, &self.shown().0)
    }

    /// Whether type and rule allow to decide the request together with others.
    pub fn allows_bulk(&self) -> bool {
        alone(&self.request, &self.pinned, &[]).is_none()
    }

    fn with_fields_hidden(&self, sees_masked: bool) -> (Value, String) {
        if !self.pinned.hides_any() {
            return (self.task.clone(), self.url.clone());
        }
        let task = self.pinned.shown(&self.task, sees_masked);
        let url = Call::shown_url(&task);
        (task, url)
    }
}

/// A request as a list shows it that reads no calls: one line of its call, and nothing of the answer.
#[derive(Clone, Debug)]
pub struct RowView {
    /// The request itself.
    pub request: Request,
    /// The type in the version that the request is pinned to.
    pub pinned: Arc<RequestType>,
    /// Whether the reader may see masked fields.
    pub sees_masked: bool,
}

impl RowView {
    /// The URL as this reader may see it.
    pub fn shown_url(&self) -> &str {
        self.request.terms.call.url_for(self.sees_masked)
    }

    /// Whether type and rule allow to decide the request together with others.
    pub fn allows_bulk(&self) -> bool {
        self.alone_because(&[]).is_none()
    }

    /// Why the request can't be decided together with others, with these findings; `None` if it can.
    pub fn alone_because(&self, findings: &[Finding]) -> Option<AloneBecause> {
        alone(&self.request, &self.pinned, findings)
    }
}

/// A row, and how its target answered.
#[derive(Clone, Debug)]
pub struct AnsweredRow {
    /// The row.
    pub row: RowView,
    /// The answer's status and warnings, if there is an answer.
    pub answer: Option<AnswerHead>,
}

/// One without stages, or with an unreadable rule, is decided with no one.
fn alone(request: &Request, pinned: &RequestType, findings: &[Finding]) -> Option<AloneBecause> {
    let Some(approval) = approval_of(pinned, request).ok().flatten() else { return Some(AloneBecause::Type) };
    alone_because(request, pinned.bulk, approval, is_flagged(request, findings))
}

/// Whether a checker is warned of something about `request`, of which these are the findings.
pub(super) fn is_flagged(request: &Request, findings: &[Finding]) -> bool {
    !request.terms.warnings.is_empty() || findings.iter().any(Finding::is_warning)
}

/// What the target answered.
#[derive(Clone, Debug)]
pub struct AnswerView {
    /// The HTTP status.
    pub status: i64,
    /// Names in lower case with their values; values of one name in the order received.
    pub headers: Vec<(String, String)>,
    /// The body; `None` where a list leaves it out for its size.
    pub body: Option<Vec<u8>>,
    /// How many bytes the body has.
    pub body_bytes: i64,
    /// Whether the answer went on past the cap.
    pub cut: bool,
    /// Parts that did not work although the whole did.
    pub warnings: Vec<PartWarning>,
}
