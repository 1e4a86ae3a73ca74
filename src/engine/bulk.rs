//! A checker decides many requests in one API call.
//!
//! Each request gets its own command, digest and events, or its own refusal. The writer commits them together
//! with the writes of other callers, so they need not share one transaction. Nothing is lost by that: the same
//! call again finds what was recorded and does the rest.

use super::command::{Caller, Scope};
use super::{Engine, EngineError, Origin, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::code::Code;
use crate::domain::ids::RequestId;
use crate::domain::policy::bulk::allows_bulk;
use crate::domain::request::{NewDecision, State};
use crate::store::{AnyConnection, StoreError, requests};

use super::queries::View;
use super::rule_book::approval_of;

/// The decisions of one API call.
pub struct BulkDecisionInput {
    /// Who decides.
    pub actor: Actor,
    /// The requests, each once.
    pub items: Vec<BulkItem>,
    /// Where the call came from.
    pub origin: Origin,
}

/// One of the requests.
pub struct BulkItem {
    /// The request.
    pub id: RequestId,
    /// The decision; it names the digest that the checker read.
    pub decision: NewDecision,
}

/// The result for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkItemResult {
    /// The request.
    pub id: RequestId,
    /// What became of the decision.
    pub outcome: BulkOutcome,
    /// The request's state after all decisions; `None` if there is no such request for this person.
    pub state: Option<State>,
}

/// What became of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkOutcome {
    /// It is recorded.
    Recorded,
    /// It had been recorded before.
    Repeated,
    /// It was not recorded.
    Refused {
        /// A stable word.
        code: Code,
        /// A sentence for people.
        sentence: String,
    },
}

impl Engine {
    /// The most requests in one call.
    pub const BULK_MAX: usize = 100;

    /// A checker decides many requests; returns the result for each, in the order asked. Does not wait for
    /// the executions.
    ///
    /// # Errors
    /// If the store fails at one of them, the whole call fails: whether that one was recorded is unknown.
    /// The others are recorded, and the same call again is safe.
    pub async fn decide_many(&self, input: BulkDecisionInput) -> Result<Vec<BulkItemResult>, EngineError> {
        let BulkDecisionInput { actor, items, origin } = input;
        require(&actor, Permission::Check)?;
        let org = actor.org.clone();
        let ids: Vec<RequestId> = items.iter().map(|item| item.id).collect();
        let decisions = items.into_iter().map(|BulkItem { id, decision }| {
            let by = Caller { key: (org.clone(), id), actor: actor.clone(), origin: origin.clone() };
            self.write_decision(by, Scope::Many, decision)
        });
        let replies = futures_util::future::join_all(decisions).await;
        let outcomes = replies.into_iter().map(outcome).collect::<Result<Vec<_>, _>>()?;
        let asked = ids.clone();
        let read = move |conn: &mut AnyConnection| {
            let state = |id: &RequestId| state_of(requests::find(conn, &org, *id)?);
            asked.iter().map(state).collect::<Result<Vec<_>, StoreError>>()
        };
        let states = self.inner.store.read(read).await?;
        let results = ids.into_iter().zip(outcomes).zip(states);
        Ok(results.map(|((id, outcome), state)| BulkItemResult { id, outcome, state }).collect())
    }
}

fn state_of(row: Option<requests::RequestRow>) -> Result<Option<State>, StoreError> {
    row.map(|row| requests::parse_state(&row.state)).transpose()
}

fn outcome<T>(reply: Result<(T, bool), EngineError>) -> Result<BulkOutcome, EngineError> {
    let refused = |code, sentence: &str| Ok(BulkOutcome::Refused { code, sentence: sentence.to_owned() });
    match reply {
        Ok((_, true)) => Ok(BulkOutcome::Recorded),
        Ok((_, false)) => Ok(BulkOutcome::Repeated),
        Err(EngineError::Refused(refusal)) => refused(refusal.code(), &refusal.sentence()),
        Err(EngineError::NotFound) => {
            refused(Code::NotFound, "There is no such request for you: check the id and the org.")
        }
        Err(error) if error.try_again_sentence().is_some() => {
            refused(Code::Busy, error.try_again_sentence().unwrap_or_default())
        }
        Err(
            error @ (EngineError::PermissionMissing(_)
            | EngineError::Unreadable(_)
            | EngineError::Invalid(_)
            | EngineError::NotAdmitted(_)
            | EngineError::Store(_)),
        ) => Err(error),
    }
}

impl View {
    /// Whether the request may be decided together with others.
    pub fn allows_bulk(&self) -> bool {
        let approval = approval_of(&self.pinned, &self.request).ok().flatten();
        approval.is_some_and(|approval| allows_bulk(self.pinned.bulk, self.request.terms.risk, approval))
    }
}
