//! People settle an unknown outcome.

use super::Decider;
use crate::domain::lifecycle::{Command, SettlementCommand};
use crate::domain::policy::may_settle::SettlementRules;
use crate::domain::request::State;
use crate::domain::settlement::NewSettlementWord;
use crate::engine::batch_rows::BatchRows;
use crate::engine::command::{Caller, WriteReply};
use crate::engine::rule_book::approval_of;
use crate::store::{AnyConnection, StoreError};

impl Decider {
    /// The one place where a person's word about an outcome is weighed, whichever door it came through.
    pub(super) fn run_settlement_word(
        &mut self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        (by, word): (&Caller, &NewSettlementWord),
    ) -> Result<WriteReply, StoreError> {
        let (Some(request), Some(pinned)) = (rows.request(&by.key), rows.pinned(&by.key)) else {
            return Ok(WriteReply::NotFound);
        };
        let approval = approval_of(&pinned, request)?.cloned();
        // Comments and refused attempts in between do not make it another request.
        let version = rows.version_read(conn, &by.key, word.version)?;
        let rules = self.shared.book.current();
        let command = Command::Settle(SettlementCommand {
            signer: &by.actor.signer,
            word: &NewSettlementWord { version, ..word.clone() },
            rules: SettlementRules { approval: approval.as_ref(), people: &rules.people },
        });
        let reply = self.run_for_person(rows, by, &command)?;
        if rows.request(&by.key).is_some_and(|request| request.state != State::Unknown) {
            rows.settle_execution_as_its_request(&by.key);
        }
        Ok(reply)
    }
}
