//! A second submission on a subject that has an open request: allowed, warned of, or refused.

use super::admission::PreparedSubmission;
use super::error::AdmissionRefusal;
use crate::domain::code::Code;
use crate::domain::findings::{Warning, WarningCode};
use crate::domain::ids::RequestId;
use crate::domain::request::Counted;
use crate::domain::request_type::Duplicates;

/// A counter's name that no type can declare: its row only keeps two nodes from looking at one subject
/// at the same time.
const SUBJECT_LOCK: &str = "=subject";

impl PreparedSubmission {
    /// Whether other open requests on its subject matter.
    pub(super) fn must_be_alone(&self) -> bool {
        self.request_type.duplicates != Duplicates::Allow && self.submission.subject.is_some()
    }

    /// The lock that keeps two nodes from submitting on its subject at the same time.
    pub(super) fn subject_lock(&self) -> Option<Counted> {
        let subject = self.submission.subject.clone().filter(|_| self.must_be_alone())?;
        Some(Counted { counter: SUBJECT_LOCK.to_owned(), who: subject, window_start: 0 })
    }

    /// What the type says about `pending`, the open requests on the same subject.
    pub(super) fn check_duplicates(&self, pending: &[RequestId]) -> Result<Vec<Warning>, AdmissionRefusal> {
        let Some(other) = pending.first() else { return Ok(Vec::new()) };
        match self.request_type.duplicates {
            Duplicates::Allow => Ok(Vec::new()),
            Duplicates::Block => Err(AdmissionRefusal {
                code: Code::DuplicatePending,
                message: format!(
                    "The request {other} is still open for the same subject. Wait for it, or withdraw it first."
                ),
            }),
            Duplicates::Warn => Ok(vec![Warning {
                code: WarningCode::DuplicatePending,
                message: format!("The request {other} is still open for the same subject."),
            }]),
        }
    }
}
