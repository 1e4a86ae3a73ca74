//! The target of a call of which nobody knows the outcome is asked: by the executor, and on a person's wish.

use super::command::{Caller, WriteCommand, WriteReply};
use super::{Engine, EngineError, HeldLease, Origin, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::ids::RequestId;
use crate::domain::probe::ProbeEnd;
use crate::domain::request::Request;

impl Engine {
    /// Somebody who may settle the outcome wants the target to be asked now. Returns the request as it is then; the
    /// answer of the target comes later.
    ///
    /// # Errors
    /// Those of [`find`](Engine::find), and what the rules forbid.
    pub async fn ask_probe(
        &self,
        actor: &Actor,
        id: RequestId,
        origin: Origin,
    ) -> Result<Request, EngineError> {
        require(actor, Permission::Check)?;
        let by = Caller { key: (actor.org.clone(), id), actor: actor.clone(), origin };
        let (request, is_new) = self.write_for_reader(actor, WriteCommand::AskProbe(by)).await?;
        if is_new {
            tracing::info!(request.id = %request.id, "a person wants the target to be asked");
            self.wake();
        }
        Ok(request)
    }

    /// Records what the target said; `false` if another holder has the lease by now.
    pub async fn end_probe(&self, held: &HeldLease, end: ProbeEnd) -> Result<bool, EngineError> {
        let verdict = end.verdict;
        let command = WriteCommand::EndProbe { held: held.clone(), end, jitter: self.jitter() };
        let reply = self.inner.writer.write(command).await?;
        tracing::info!(request.id = %held.key.1, verdict = verdict.name(), "a target was asked about a call");
        Ok(matches!(reply, WriteReply::Done) || self.note_end(&held.key, reply))
    }
}
