//! A person says how an unknown outcome ended; the second of two equal words settles it.

use super::command::{Caller, WriteCommand};
use super::{Engine, EngineError, Origin, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::ids::RequestId;
use crate::domain::request::{Request, State};
use crate::domain::settlement::NewSettlementWord;

/// What a person says about an outcome.
pub struct SettlementInput {
    /// Who says it.
    pub actor: Actor,
    /// The request.
    pub id: RequestId,
    /// What they say.
    pub word: NewSettlementWord,
    /// Where the call came from.
    pub origin: Origin,
}

impl Engine {
    /// A person says how an unknown outcome ended: see [`may_settle`](crate::domain::policy::may_settle::may_settle).
    /// Returns the request as it is then: settled, if another person said the same.
    ///
    /// # Errors
    /// Those of [`find`](Engine::find), and what the rules forbid.
    pub async fn settle(&self, input: SettlementInput) -> Result<Request, EngineError> {
        let SettlementInput { actor, id, word, origin } = input;
        require(&actor, Permission::Check)?;
        let key = (actor.org.clone(), id);
        let by = Caller { key, actor: actor.clone(), origin };
        let command = WriteCommand::GiveSettlementWord { by, word };
        let (request, is_new) = self.write_for_reader(&actor, command).await?;
        if is_new {
            // The evidence may name anything, so the log does not have it.
            tracing::info!(request.id = %request.id, state = %request.state, "a person said how a request ended");
            if request.state != State::Unknown {
                self.inner.metrics.executed(request.request_type.as_str(), request.state.name());
            }
        }
        Ok(request)
    }
}
