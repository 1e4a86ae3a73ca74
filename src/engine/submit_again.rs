//! The maker submits a request again: a new request of its stored call, judged as if they had sent it just now.

use std::sync::Arc;

use super::admission::Ground;
use super::idempotency::ClientKey;
use super::views::View;
use super::{DoorFault, Engine, EngineError, SubmissionInput, Submitted, require};
use crate::domain::actor::{Actor, Permission, Signer};
use crate::domain::call::Call;
use crate::domain::lifecycle::{NotRepeatable, Refusal, may_submit_again};
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::rules::Rules;
use crate::domain::submission::{AgainWish, StoredSubmission};
use crate::fault_points::{self, FaultPoint};
use crate::store::StoreError;

/// What a maker sends who submits a request again, or resubmits one that was sent back.
pub struct AgainInput<'a> {
    /// Who asks.
    pub actor: &'a Actor,
    /// The request, as they read it: what may have changed of it since is asked again.
    pub old: View,
    /// The body as it came, or why the door could not read what was sent.
    pub body: Result<&'a [u8], &'a [DoorFault]>,
    /// The client's own key for the new submission.
    pub idempotency_key: Option<&'a str>,
    /// The id under which the log has the call.
    pub reference: &'a str,
}

/// Whether the page of a request offers it: all that can be said before it is asked for.
pub(super) fn offers_again(rules: &Rules, signer: &Signer, request: &Request) -> bool {
    can_submit_type_of(rules, signer, request)
        && may_submit_again(&signer.person, &rules.people, request).is_ok()
}

/// Whether `signer` can submit anything of the type of `request` now.
pub(super) fn can_submit_type_of(rules: &Rules, signer: &Signer, request: &Request) -> bool {
    signer.may(Permission::Make)
        && rules.people.is_active(&signer.person, &signer.act)
        && rules.types.find(request.request_type.as_str()).is_some()
}

impl Engine {
    /// Makes a new request of the stored call of one that ended without being carried out, and links both. The new
    /// one goes the way of every submission: only the call is not sent once more.
    ///
    /// # Errors
    /// Those of [`submit`](Engine::submit), and what the rules say of the old request; the refusal is kept before
    /// this returns.
    pub async fn submit_again(&self, input: AgainInput<'_>) -> Result<Submitted, EngineError> {
        let AgainInput { actor, old, body, idempotency_key, reference } = input;
        let type_name = old.request.request_type.clone();
        let input =
            SubmissionInput { actor, type_name: type_name.as_str(), body, idempotency_key, reference };
        let submitted = match self.again_or_replay(&input, old).await {
            Ok(submitted) => submitted,
            Err(error) => {
                self.keep_refusal(&input, &error).await?;
                return Err(error);
            }
        };
        fault_points::pass(FaultPoint::SubmissionCommitted);
        if !submitted.is_replay {
            self.note_submitted(&submitted.view.request);
        }
        Ok(submitted)
    }

    async fn again_or_replay(
        &self,
        input: &SubmissionInput<'_>,
        old: View,
    ) -> Result<Submitted, EngineError> {
        require(input.actor, Permission::Make)?;
        let wish = AgainWish::read(input.body()?).map_err(EngineError::Invalid)?;
        let client_key = input.idempotency_key.map(|key| ClientKey::of_again(key, old.request.id, &wish));
        if let Some(client_key) = &client_key
            && let Some(view) = self.replayed(input.actor, client_key).await?
        {
            return Ok(Submitted { view, is_replay: true });
        }
        // Asked again on the locked row. Here it comes before every fault of a call that can't be submitted anyway.
        let rules = self.inner.book.current();
        let refused = may_submit_again(&input.actor.person, &rules.people, &old.request);
        let is_due = old.request.state.is_undecided() && self.inner.clock.now() >= old.request.expires_at;
        if let Err(refusal) = refused
            && !is_due
        {
            return Err(EngineError::Refused(refusal));
        }
        let gone = || EngineError::Refused(Refusal::NotRepeatable(NotRepeatable::TypeGone));
        let current = Arc::clone(rules.types.find(input.type_name).ok_or_else(gone)?);
        let body = body_of(&old, &current, &wish)?;
        let blamed = |error| match error {
            EngineError::Invalid(faults) => EngineError::Invalid(wish.blamed(faults, &current)),
            EngineError::PermissionMissing(_)
            | EngineError::NotFound
            | EngineError::Unreadable(_)
            | EngineError::NotAdmitted(_)
            | EngineError::Refused(_)
            | EngineError::Store(_) => error,
        };
        let asked = SubmissionInput { body: Ok(&body), ..*input };
        let mut prepared = self.check(&asked, client_key).map_err(blamed)?;
        prepared.ground = Ground::Repeat((old.request.org, old.request.id));
        let Submitted { view, is_replay } = self.store(input.actor, prepared).await?;
        // Whoever sends a call may see it once. This one was sent before, perhaps through another account.
        Ok(Submitted { view: View { sees_masked: false, ..view }, is_replay })
    }
}

/// The submission of the stored call. What people are shown of it must be the call that they approved.
fn body_of(old: &View, current: &RequestType, wish: &AgainWish) -> Result<Vec<u8>, EngineError> {
    let is_stored = Call::from_task(&old.task).is_ok_and(|call| call.digest() == old.request.digest);
    if !is_stored {
        let what = format!("{}: the stored call is not the one with its digest", old.request.id);
        return Err(StoreError::Corrupt(what).into());
    }
    let stored = StoredSubmission { entity: &old.request.entity, task: &old.task, pinned: &old.pinned };
    wish.body(stored, current).map_err(|fault| EngineError::Invalid(vec![fault]))
}
