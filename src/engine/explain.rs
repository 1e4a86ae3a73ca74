//! What one person is told about one request: may they decide, why not, what is still needed, and findings.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::reader::Reader;
use super::reason::Reason;
use super::revision::offers_resubmission;
use super::rule_book::approval_of;
use super::stored_findings::StoredFindings;
use super::submit_again::offers_again;
use super::views::{RowView, View};
use super::{Engine, EngineError};
use crate::domain::actor::Actor;
use crate::domain::code::Code;
use crate::domain::findings::{Finding, FindingCode, Level, hidden_characters};
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::{may_comment, may_send_back, may_withdraw, refusal_of};
use crate::domain::look_alikes::look_alikes;
use crate::domain::policy::fresh::FreshSignIn;
use crate::domain::policy::may_decide::{SigningSeat, WhyNot, may_decide, must_wait};
use crate::domain::policy::may_settle::{SettlementRules, WhyNotSettle, may_ask_for_probe, may_settle};
use crate::domain::policy::outlook::{after_approval, later_capacities};
use crate::domain::policy::progress::{PolicyInForce, Progress, progress};
use crate::domain::policy::shortage::{Shortage, shortage};
use crate::domain::policy::{Approval, Capacity};
use crate::domain::request::{Decision, Request};
use crate::domain::request_type::RequestType;
use crate::domain::rules::Rules;
use crate::domain::settlement::SettlementWord;
use crate::store::{AnyConnection, StoreError};

/// What a person is told about a request beyond its body.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Whether they may decide now.
    pub can_decide: bool,
    /// Why not.
    pub why_not: Vec<Reason>,
    /// The same as a rule of the policy; `None` if they may, or if a rule let it through without anybody.
    pub forbidden: Option<WhyNot>,
    /// The seat that they could decide in: to approve and to reject, or only to reject where it is filled.
    pub seat: Option<SigningSeat>,
    /// What they could sign as in a later stage.
    pub later_seat: Vec<Capacity>,
    /// How far it would have come with their approval; `None` unless they may decide.
    pub after_approval: Option<Progress>,
    /// Whether they may withdraw it now.
    pub can_withdraw: bool,
    /// Why they may not say now how its unknown outcome ended; `None` if they may.
    pub why_not_settle: Option<Reason>,
    /// The same as a rule.
    pub settling_forbidden: Option<WhyNotSettle>,
    /// What they would say it as; empty if they may not.
    pub settles_as: Vec<Capacity>,
    /// Whether they may want the target to be asked now what became of the call.
    pub can_probe: bool,
    /// Their own latest word about it.
    pub my_word: Option<SettlementWord>,
    /// Whether they may send it back to its maker now.
    pub can_send_back: bool,
    /// Whether they may resubmit it now, as far as this request and their rights say.
    pub can_resubmit: bool,
    /// Whether they may comment on it now.
    pub can_comment: bool,
    /// Whether they may submit it again now, as far as this request and their rights say.
    pub can_submit_again: bool,
    /// Their own decision.
    pub my_decision: Option<Decision>,
    /// What each stage has and needs; `None` if the rule approves without anybody.
    pub progress: Option<Progress>,
    /// What the rule asks of an approver's sign-in, and whether this person's is recent enough; `None` if it
    /// asks for nothing. Does not count in `can_decide`: they can sign in again.
    pub fresh_sign_in: Option<FreshSignIn>,
    /// What a checker should look at twice.
    pub findings: Vec<Finding>,
}

/// One of several requests that are read together.
#[derive(Clone, Debug)]
pub struct ReadTogether {
    /// The request as a row.
    pub row: RowView,
    /// The request, whole; `None` where there is no room for its call.
    pub view: Option<View>,
    /// What the reader is told about it. Without its call, findings about that are left out.
    pub explained: Explanation,
}

impl Engine {
    /// What each stage of a request has and needs; `None` if its rule approves without anybody.
    ///
    /// # Errors
    /// If the version that the request is pinned to has no such rule.
    pub fn progress_of(&self, row: &RowView) -> Result<Option<Progress>, EngineError> {
        let Some(approval) = approval_of(&row.pinned, &row.request)? else { return Ok(None) };
        let rules = self.inner.book.current();
        let policy = PolicyInForce { approval, people: &rules.people };
        Ok(Some(progress(&row.request.context(), &policy)))
    }

    /// What `actor` is told about a request beyond its body.
    pub async fn explain(&self, actor: &Actor, view: &View) -> Result<Explanation, EngineError> {
        let (request, pinned) = (view.request.clone(), Arc::clone(&view.pinned));
        let rules = self.inner.book.current();
        let read = move |conn: &mut AnyConnection| StoredFindings::under(&rules).of(conn, &request, &pinned);
        let stored = self.inner.store.read(read).await?;
        Ok(self.explanation_of(actor, view, stored)?)
    }

    /// The requests with these ids that `actor` may read, in this order, each with its call and its explanation:
    /// all in one read. Calls are read as long as there is room for them; who decides must have read them.
    pub async fn explain_many(
        &self,
        actor: &Actor,
        ids: Vec<RequestId>,
    ) -> Result<Vec<ReadTogether>, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut AnyConnection| {
            let found = read_many(conn, &reader, &ids)?;
            let requests = found.iter().map(|(row, _)| row.request.clone()).collect();
            let views = reader.bounded(conn, requests)?.views;
            Ok((found, views))
        };
        let (found, views) = self.inner.store.read(read).await?;
        let mut views: HashMap<RequestId, View> =
            views.into_iter().map(|view| (view.request.id, view)).collect();
        let explain = |(row, stored): (RowView, Vec<Finding>)| {
            let view = views.remove(&row.request.id);
            let explained = match &view {
                Some(view) => self.explanation_of(actor, view, stored)?,
                None => self.explanation(actor, (&row.request, &row.pinned), stored)?,
            };
            Ok(ReadTogether { row, view, explained })
        };
        found.into_iter().map(explain).collect()
    }

    /// The explanation of one request, with the findings of other rows already read.
    pub(super) fn explanation_of(
        &self,
        actor: &Actor,
        view: &View,
        stored: Vec<Finding>,
    ) -> Result<Explanation, StoreError> {
        let mut findings = hidden_characters(&view.task);
        findings.extend(stored);
        self.explanation(actor, (&view.request, &view.pinned), findings)
    }

    fn explanation(
        &self,
        actor: &Actor,
        (request, pinned): (&Request, &RequestType),
        mut findings: Vec<Finding>,
    ) -> Result<Explanation, StoreError> {
        let approval = approval_of(pinned, request)?;
        let rules = self.inner.book.current();
        let policy = |approval| PolicyInForce { approval, people: &rules.people };
        let (signer, now) = (&actor.signer, self.inner.clock.now());
        let verdict = approval
            .map(|approval: &Approval| may_decide(signer, &request.context(), &policy(approval), now));
        let why_not = why_not(request, verdict.as_ref());
        let so_far = approval.map(|approval| progress(&request.context(), &policy(approval)));
        let later_seat = approval.zip(so_far.as_ref()).filter(|_| request.state.waits());
        let later_seat =
            later_seat.map(|(approval, so_far)| later_capacities(signer, so_far, &policy(approval)));
        let may = approval.zip(verdict.as_ref().and_then(|verdict| verdict.as_ref().ok()));
        let after_approval = may.map(|(approval, seat)| {
            after_approval((signer, seat), &request.context(), &policy(approval), now)
        });
        findings.extend(findings_of_people(&rules, request, pinned, now)?);
        let own = |decision: &&Decision| rules.people.is_one_person(&decision.checker, &actor.person);
        let own_word = |word: &&SettlementWord| rules.people.is_one_person(&word.by, &actor.person);
        let settlement = SettlementRules { approval, people: &rules.people };
        let (settles_as, settling_forbidden) = match may_settle(signer, request, &settlement) {
            Ok(own) => (own, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let why_not_settle =
            settling_forbidden.as_ref().map(|why| Reason { code: why.code(), sentence: why.sentence() });
        let can_probe = pinned.probe.is_some() && may_ask_for_probe(signer, request, &settlement).is_ok();
        Ok(Explanation {
            can_decide: why_not.is_empty(),
            why_not,
            seat: verdict.as_ref().and_then(seat_in),
            forbidden: verdict.and_then(Result::err),
            can_withdraw: may_withdraw(&actor.person, &rules.people, request, now).is_ok(),
            why_not_settle,
            settling_forbidden,
            settles_as,
            after_approval,
            later_seat: later_seat.unwrap_or_default(),
            can_probe,
            my_word: request.settlement.iter().rev().find(own_word).cloned(),
            can_send_back: approval
                .is_some_and(|approval| may_send_back(signer, request, &policy(approval), now).is_ok()),
            can_resubmit: offers_resubmission(&rules, signer, request, now),
            can_comment: may_comment(request).is_ok(),
            can_submit_again: offers_again(&rules, signer, request),
            my_decision: request.decisions.iter().find(own).cloned(),
            fresh_sign_in: approval.and_then(|approval| FreshSignIn::of(approval, signer, now)),
            progress: so_far,
            findings,
        })
    }
}

fn why_not(request: &Request, verdict: Option<&Result<SigningSeat, WhyNot>>) -> Vec<Reason> {
    match verdict {
        Some(Ok(_)) => Vec::new(),
        Some(Err(why)) => {
            let refusal = refusal_of(request, why.clone());
            vec![Reason { code: refusal.code(), sentence: refusal.sentence() }]
        }
        None => vec![Reason {
            code: Code::RequestClosed,
            sentence: "A rule of the policy let it through; there is nothing to decide.".to_owned(),
        }],
    }
}

/// The seat in which somebody could decide, if only to reject.
fn seat_in(verdict: &Result<SigningSeat, WhyNot>) -> Option<SigningSeat> {
    match verdict {
        Ok(seat) | Err(WhyNot::NotNeeded { seat, .. }) => Some(seat.clone()),
        Err(
            WhyNot::OtherOrg
            | WhyNot::PermissionMissing
            | WhyNot::PersonInactive
            | WhyNot::MakerIsChecker
            | WhyNot::AlreadyDecidedByYou
            | WhyNot::NotWaiting { .. }
            | WhyNot::Expired { .. }
            | WhyNot::NotInStage { .. },
        ) => None,
    }
}

/// Findings about the people of a request: who is left to sign it, and whose names look alike.
pub(super) fn findings_of_people(
    rules: &Rules,
    request: &Request,
    pinned: &RequestType,
    now: DateTime<Utc>,
) -> Result<Vec<Finding>, StoreError> {
    let waits = must_wait(request.state, request.expires_at, now).is_ok();
    let approval = approval_of(pinned, request)?.filter(|_| waits);
    let missing = approval.and_then(|approval| {
        shortage(&request.context(), &PolicyInForce { approval, people: &rules.people })
    });
    let missing = missing.map(|missing| nobody_can_sign(&missing));
    Ok(missing.into_iter().chain(look_alikes(&rules.people, request)).collect())
}

fn read_many(
    conn: &mut AnyConnection,
    reader: &Reader,
    ids: &[RequestId],
) -> Result<Vec<(RowView, Vec<Finding>)>, StoreError> {
    let found = reader.find_many(conn, ids)?;
    let mut findings = StoredFindings::under(&reader.rules);
    findings.read_ahead(conn, found.iter().map(|row| &row.request))?;
    let explain = |row: RowView| {
        let stored = findings.of(conn, &row.request, &row.pinned)?;
        Ok((row, stored))
    };
    found.into_iter().map(explain).collect()
}

fn nobody_can_sign(missing: &Shortage) -> Finding {
    Finding {
        code: FindingCode::NobodyCanSign,
        level: Level::Warning,
        sentence: missing.sentence(),
        pointer: None,
        facts: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use diesel::connection::{Connection, InstrumentationEvent};
    use serde_json::json;

    use super::*;
    use crate::engine::fixture::{Fixture, maker};

    /// The statements that it takes to read what a page says about these requests.
    fn statements(fixture: &Fixture, ids: &[RequestId]) -> usize {
        let reader = fixture.engine.reader_for(&maker());
        let mut conn = fixture.store.read_connection().unwrap();
        let counted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&counted);
        if let AnyConnection::Sqlite(sqlite) = &mut *conn {
            sqlite.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { .. } = event {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        assert_eq!(read_many(&mut conn, &reader, ids).unwrap().len(), ids.len());
        counted.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn many_requests_are_read_in_as_many_statements_as_one() {
        // On one subject and in one counter, which a checker is warned of.
        let fixture = Fixture::of_type(&json!({
            "name": "ONE", "title": "One", "subject": "/body/to",
            "call": { "method": "POST", "path": "/one" },
            "body": { "type": "object", "properties": { "to": { "type": "string" } } },
            "usage": [{ "name": "day", "by": "maker", "window": "1d", "warn_count": 1 }],
        }));
        let mut ids = Vec::new();
        for _ in 0..20 {
            ids.push(fixture.submit(&maker()).await);
        }
        let of_one = statements(&fixture, &ids[..1]);
        assert!(of_one > 0);
        assert_eq!(statements(&fixture, &ids), of_one);
    }
}
