//! A checker decides many requests in one API call.
//!
//! Each request gets its own command, digest and events, or its own refusal. The writer commits them together
//! with the writes of other callers, so they need not share one transaction. Nothing is lost by that: the same
//! call again finds what was recorded and does the rest.

use std::collections::HashMap;

use super::command::{Caller, Scope};
use super::openings::Door;
use super::{Engine, EngineError, Origin, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::code::Code;
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::policy::Capacity;
use crate::domain::request::{NewDecision, Request, State};
use crate::store::{AnyConnection, requests};

/// The decisions of one API call.
pub struct BulkDecisionInput {
    /// Who decides.
    pub actor: Actor,
    /// The requests, each once.
    pub items: Vec<BulkItem>,
    /// Which door they came through.
    pub door: Door,
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
    Recorded {
        /// The capacities that the request waits for now.
        waits_for: Vec<Capacity>,
    },
    /// It had been recorded before.
    Repeated {
        /// The capacities that the request waits for now.
        waits_for: Vec<Capacity>,
    },
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
        let BulkDecisionInput { actor, items, door, origin } = input;
        require(&actor, Permission::Check)?;
        let org = actor.org.clone();
        let ids: Vec<RequestId> = items.iter().map(|item| item.id).collect();
        // Before the writes: a read that fails after them must not hide what was recorded.
        let mut states = self.states_of(&org, ids.clone()).await?;
        let mut read_before = self.read_before(&actor, door, ids.clone()).await;
        let decisions = items.into_iter().map(|BulkItem { id, decision }| {
            let by = Caller { key: (org.clone(), id), actor: actor.clone(), origin: origin.clone() };
            self.write_decision(by, Scope::Many, (decision, read_before.remove(&id)))
        });
        let replies = futures_util::future::join_all(decisions).await;
        let mut outcomes = Vec::with_capacity(replies.len());
        let mut refused = Vec::new();
        for (id, reply) in ids.iter().zip(replies) {
            match &reply {
                Ok((request, _)) => drop(states.insert(*id, request.state)),
                Err(_) => refused.push(*id),
            }
            outcomes.push(outcome(reply)?);
        }
        if !refused.is_empty() {
            // A refused command may have recorded a deadline that had passed.
            match self.states_of(&org, refused).await {
                Ok(now) => states.extend(now),
                Err(error) => tracing::warn!(%error, "the states after a bulk decision were not read"),
            }
        }
        let results = ids.into_iter().zip(outcomes);
        Ok(results
            .map(|(id, outcome)| BulkItemResult { id, outcome, state: states.get(&id).copied() })
            .collect())
    }

    async fn states_of(
        &self,
        org: &OrgId,
        ids: Vec<RequestId>,
    ) -> Result<HashMap<RequestId, State>, EngineError> {
        let org = org.clone();
        let read = move |conn: &mut AnyConnection| {
            let mut states = HashMap::new();
            for id in ids {
                if let Some(row) = requests::find(conn, &org, id)? {
                    states.insert(id, requests::parse_state(&row.state)?);
                }
            }
            Ok(states)
        };
        Ok(self.inner.store.read(read).await?)
    }
}

fn outcome(reply: Result<(Request, bool), EngineError>) -> Result<BulkOutcome, EngineError> {
    let refused = |code, sentence: &str| Ok(BulkOutcome::Refused { code, sentence: sentence.to_owned() });
    match reply {
        Ok((request, true)) => Ok(BulkOutcome::Recorded { waits_for: request.waits_for }),
        Ok((request, false)) => Ok(BulkOutcome::Repeated { waits_for: request.waits_for }),
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
