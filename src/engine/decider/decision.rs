//! A checker decides; the maker withdraws.

use chrono::{DateTime, Utc};

use super::opening::reading;
use super::{Decider, current, expire};
use crate::domain::actor::Actor;
use crate::domain::lifecycle::{CheckerDecision, Command, Refusal};
use crate::domain::policy::bulk::DecisionMode;
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::words::Words;
use crate::engine::batch_rows::BatchRows;
use crate::engine::command::{Caller, DecideCommand, Scope, WriteReply};
use crate::engine::flags::is_flagged_now;
use crate::engine::rule_book::approval_of;
use crate::store::refusals::ROWS_PER_MINUTE_MAX;
use crate::store::{AnyConnection, StoreError};

impl Decider {
    /// The one place where a decision is made, whichever door it came through.
    pub(super) fn run_decide(
        &mut self,
        conn: &mut AnyConnection,
        rows: &mut BatchRows<'_>,
        asked: &DecideCommand,
        is_retry: bool,
    ) -> Result<WriteReply, StoreError> {
        let DecideCommand { by, scope, decision, read_before: _ } = asked;
        let Some(request) = rows.request(&by.key).filter(|found| scope.covers(found)) else {
            return Ok(WriteReply::NotFound);
        };
        let Some(pinned) = rows.pinned(&by.key) else { return Ok(WriteReply::NotFound) };
        let Some(approval) = approval_of(&pinned, request)?.cloned() else {
            return Ok(WriteReply::Refused(Refusal::Closed { state: request.state }));
        };
        // Comments and refused attempts in between do not make it another request.
        let version = rows.version_read(conn, &by.key, decision.version)?;
        let decision = &decision.clone().on_version(version);
        let rules = self.shared.book.current();
        let mode = match scope {
            Scope::One(_) => DecisionMode::Single,
            Scope::Many => {
                // What a checker is warned of is read only where it matters.
                let matters = pinned.bulk.is_some_and(|bulk| !bulk.flagged);
                let is_flagged = matters && is_flagged_now(conn, &rules, (request, &pinned), rows.now)?;
                DecisionMode::Bulk { rules: pinned.bulk, is_flagged }
            }
        };
        let command = Command::Decide(CheckerDecision {
            signer: &by.actor.signer,
            decision,
            mode,
            policy: PolicyInForce { approval: &approval, people: &rules.people },
            approval_ttl: pinned.approval_ttl.unwrap_or(self.shared.deadlines.approval_ttl),
        });
        let reading = reading(asked, request.revision)?;
        let reply = self.run_for_person(rows, by, &command)?;
        if let WriteReply::Current { is_new: true, .. } = &reply {
            rows.note_reading(&by.key, reading);
        }
        if reply.approves() {
            self.begin(conn, rows, &by.key)?;
        } else if is_retry {
            self.begin_again(conn, rows, &by.key)?;
        }
        Ok(reply)
    }

    pub(super) fn run_withdraw(
        &mut self,
        rows: &mut BatchRows<'_>,
        by: &Caller,
        reason: &Words,
    ) -> Result<WriteReply, StoreError> {
        let Caller { key, actor, .. } = by;
        let maker = rows.request(key).map(|found| &found.maker);
        let rules = self.shared.book.current();
        let people = &rules.people;
        let is_seen = maker.is_some_and(|maker| actor.may_read(people, &key.0, maker));
        let command = Command::Withdraw { by: actor.person.clone(), people, reason: reason.clone() };
        if is_seen { self.run_for_person(rows, by, &command) } else { Ok(WriteReply::NotFound) }
    }

    /// A person's command: first the deadline, then the rules; what they forbid is kept.
    pub(super) fn run_for_person(
        &mut self,
        rows: &mut BatchRows<'_>,
        by: &Caller,
        command: &Command<'_>,
    ) -> Result<WriteReply, StoreError> {
        expire(rows, &by.key)?;
        match rows.transition(&by.key, command, &by.origin)? {
            Ok(is_new) => Ok(current(rows, &by.key, is_new)),
            Err(refusal) => {
                if self.may_keep_refusal(&by.actor, rows.now) {
                    rows.record_refusal(by, command, &refusal)?;
                }
                Ok(WriteReply::Refused(refusal))
            }
        }
    }

    /// Refused attempts are kept up to a number per person and minute, so that no one can fill the trail.
    fn may_keep_refusal(&mut self, actor: &Actor, now: DateTime<Utc>) -> bool {
        let minute = now.timestamp() / 60;
        self.refused_lately.retain(|_, (at, _)| *at == minute);
        let person = format!("{}\n{}", actor.org, self.shared.book.current().people.key_of(&actor.person));
        let (_, count) = self.refused_lately.entry(person).or_insert((minute, 0));
        *count += 1;
        *count <= ROWS_PER_MINUTE_MAX
    }
}
