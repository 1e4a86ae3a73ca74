//! Who may submit.

use crate::domain::actor::Permission;
use crate::engine::{EngineError, SubmissionInput};
use crate::web::sentences::errors;
use crate::web::{PageError, PageRequest};

/// Whether the person may submit at all.
pub(super) fn may_make(page: &PageRequest) -> Result<(), PageError> {
    if page.actor().may(Permission::Make) {
        return Ok(());
    }
    let (title, text) = errors::no_maker();
    Err(PageError::forbidden((title, &text)))
}

/// Lets the engine refuse a submission before it looks at the body, and keep the refusal.
pub(super) async fn refuse_without_permission(page: &PageRequest, type_name: &str) -> Result<(), PageError> {
    let reference = page.reference();
    let refused = SubmissionInput {
        actor: page.actor(),
        type_name,
        body: Err(&[]),
        idempotency_key: None,
        reference: &reference,
    };
    match page.engine().submit(refused).await {
        Ok(_) | Err(EngineError::PermissionMissing(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
