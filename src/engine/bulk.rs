//! A checker decides many requests in one call.
//!
//! Each is a decision of its own: its own command, digest and events, its own refusal. The writer puts them
//! into transactions together as it does with those of different callers; all of them are not one
//! transaction. Nothing is lost by that: the same call again finds what was recorded and does the rest.

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

/// What a checker asks for.
pub struct BulkDecisionInput {
    /// Who decides.
    pub actor: Actor,
    /// The requests, each once.
    pub items: Vec<Item>,
    /// Where the call came from.
    pub origin: Origin,
}

/// One of the requests.
pub struct Item {
    /// The request.
    pub id: RequestId,
    /// What he says of it; names the digest that he read.
    pub ballot: NewDecision,
}

/// What became of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkItemResult {
    /// The request.
    pub id: RequestId,
    /// What became of the decision.
    pub outcome: Outcome,
    /// Where the request stands when all is told; `None` if there is none for him.
    pub state: Option<State>,
}

/// What became of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stands.
    Recorded,
    /// It stood already.
    Repeated,
    /// It was not recorded.
    Refused {
        /// A stable word.
        code: Code,
        /// A sentence that says what stands.
        sentence: String,
    },
}

impl Engine {
    /// The most requests in one call.
    pub const BULK_MAX: usize = 100;

    /// A checker decides many requests; what became of each, in the order asked. Does not wait for the
    /// executions.
    ///
    /// # Errors
    /// If the store fails at one of them, the whole call does: whether that one was recorded is not known.
    /// The others stand, and the same call again is safe.
    pub async fn decide_many(&self, deciding: BulkDecisionInput) -> Result<Vec<BulkItemResult>, EngineError> {
        let BulkDecisionInput { actor, items, origin } = deciding;
        require(&actor, Permission::Check)?;
        let org = actor.org.clone();
        let ids: Vec<RequestId> = items.iter().map(|item| item.id).collect();
        let decisions = items.into_iter().map(|Item { id, ballot }| {
            let by = Caller { key: (org.clone(), id), actor: actor.clone(), origin: origin.clone() };
            self.write_decision(by, Scope::Many, ballot)
        });
        let said = futures_util::future::join_all(decisions).await;
        let outcomes = said.into_iter().map(outcome).collect::<Result<Vec<_>, _>>()?;
        let asked = ids.clone();
        let read = move |conn: &mut AnyConnection| {
            let state = |id: &RequestId| state_of(requests::find(conn, &org, *id)?);
            asked.iter().map(state).collect::<Result<Vec<_>, StoreError>>()
        };
        let states = self.inner.store.read(read).await?;
        let told = ids.into_iter().zip(outcomes).zip(states);
        Ok(told.map(|((id, outcome), state)| BulkItemResult { id, outcome, state }).collect())
    }
}

fn state_of(row: Option<requests::RequestRow>) -> Result<Option<State>, StoreError> {
    row.map(|row| requests::parse_state(&row.state)).transpose()
}

fn outcome<T>(said: Result<(T, bool), EngineError>) -> Result<Outcome, EngineError> {
    let refused = |code, sentence: &str| Ok(Outcome::Refused { code, sentence: sentence.to_owned() });
    match said {
        Ok((_, true)) => Ok(Outcome::Recorded),
        Ok((_, false)) => Ok(Outcome::Repeated),
        Err(EngineError::Refused(refusal)) => refused(refusal.code(), &refusal.sentence()),
        Err(EngineError::NotFound) => {
            refused(Code::NotFound, "There is no such request for you: check the id and the org.")
        }
        Err(EngineError::Store(error)) if error.is_busy() => refused(
            Code::Busy,
            "Too much is waiting right now. This was not recorded; send it again shortly.",
        ),
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
        let pinned = self.pinned.as_deref();
        let approval = approval_of(pinned, &self.request).ok().flatten();
        let is_allowed_by_type = pinned.is_some_and(|pinned| pinned.bulk);
        approval.is_some_and(|approval| allows_bulk(is_allowed_by_type, self.request.terms.risk, approval))
    }
}
