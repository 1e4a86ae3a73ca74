//! The maker withdraws their waiting request.

use super::command::{Caller, WriteCommand};
use super::{Engine, EngineError, Origin};
use crate::domain::actor::Actor;
use crate::domain::ids::RequestId;
use crate::domain::request::Request;
use crate::domain::words::Words;

impl Engine {
    /// The maker withdraws their request: see [`may_withdraw`](crate::domain::lifecycle::may_withdraw).
    ///
    /// # Errors
    /// Those of [`find`](Engine::find), and what the rules forbid.
    pub async fn withdraw(
        &self,
        actor: &Actor,
        id: RequestId,
        reason: Words,
        origin: Origin,
    ) -> Result<Request, EngineError> {
        let key = (actor.org.clone(), id);
        let command = WriteCommand::Withdraw { by: Caller { key, actor: actor.clone(), origin }, reason };
        let (request, is_new) = self.write_for_reader(actor, command).await?;
        if is_new {
            tracing::info!(request.id = %request.id, "a request was withdrawn");
        }
        Ok(request)
    }
}
