//! What one person is told about one request: may they decide, why not, what is still needed, and findings.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::admission::{usage_in, usage_key};
use super::counting::{CounterRows, MakerKeys, usage_of};
use super::reader::Reader;
use super::reason::Reason;
use super::rule_book::approval_of;
use super::submit_again::offers_again;
use super::views::{RowView, View};
use super::{Engine, EngineError};
use crate::domain::actor::Actor;
use crate::domain::code::Code;
use crate::domain::findings::{Finding, FindingCode, Level, hidden_characters};
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::{may_withdraw, refusal_of};
use crate::domain::look_alikes::look_alikes;
use crate::domain::policy::Approval;
use crate::domain::policy::fresh::FreshSignIn;
use crate::domain::policy::may_decide::{may_decide, must_wait};
use crate::domain::policy::may_settle::{SettlementRules, may_ask_for_probe, may_settle};
use crate::domain::policy::progress::{PolicyInForce, Progress, progress};
use crate::domain::policy::shortage::{Shortage, shortage};
use crate::domain::policy::usage::Usage;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{Counted, Decision, Request};
use crate::domain::request_type::{CountBy, Counter, RequestType};
use crate::domain::rules::Rules;
use crate::domain::settlement::{SettledOutcome, SettlementWord};
use crate::store::attempts::{self, AttemptRow};
use crate::store::usage::UsageKey;
use crate::store::{AnyConnection, StoreError, requests, to_micros, usage};

/// What a person is told about a request beyond its body.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Whether they may decide now.
    pub can_decide: bool,
    /// Why not.
    pub why_not: Vec<Reason>,
    /// Whether they may withdraw it now.
    pub can_withdraw: bool,
    /// Why they may not say now how its unknown outcome ended; `None` if they may.
    pub why_not_settle: Option<Reason>,
    /// Whether they may want the target to be asked now what became of the call.
    pub can_probe: bool,
    /// Their own latest word about it.
    pub my_word: Option<SettlementWord>,
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

/// The most open requests on one subject that are named.
const OTHERS_MAX: i64 = 5;

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

    /// The requests with these ids that `actor` may read, in this order, each with its explanation: all in
    /// one read. Calls are not read, so findings about the call itself are left out.
    pub async fn explain_many(
        &self,
        actor: &Actor,
        ids: Vec<RequestId>,
    ) -> Result<Vec<(RowView, Explanation)>, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut AnyConnection| read_many(conn, &reader, &ids);
        let explain = |(row, stored): (RowView, Vec<Finding>)| {
            let explanation = self.explanation(actor, (&row.request, &row.pinned), stored)?;
            Ok((row, explanation))
        };
        self.inner.store.read(read).await?.into_iter().map(explain).collect()
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
        let why_not = match &verdict {
            Some(Ok(_)) => Vec::new(),
            Some(Err(why)) => {
                let refusal = refusal_of(request, why.clone());
                vec![Reason { code: refusal.code(), sentence: refusal.sentence() }]
            }
            None => vec![Reason {
                code: Code::RequestClosed,
                sentence: "A rule of the policy let it through; there is nothing to decide.".to_owned(),
            }],
        };
        let waits = must_wait(request.state, request.expires_at, now).is_ok();
        let missing =
            approval.filter(|_| waits).and_then(|approval| shortage(&request.context(), &policy(approval)));
        findings.extend(missing.map(|missing| nobody_can_sign(&missing)));
        findings.extend(look_alikes(&rules.people, request));
        let own = |decision: &&Decision| rules.people.is_one_person(&decision.checker, &actor.person);
        let own_word = |word: &&SettlementWord| rules.people.is_one_person(&word.by, &actor.person);
        let settlement = SettlementRules { approval, people: &rules.people };
        let why_not_settle = may_settle(signer, request, &settlement).err();
        let can_probe = pinned.probe.is_some() && may_ask_for_probe(signer, request, &settlement).is_ok();
        Ok(Explanation {
            can_decide: why_not.is_empty(),
            why_not,
            can_withdraw: may_withdraw(&actor.person, &rules.people, request, now).is_ok(),
            why_not_settle: why_not_settle.map(|why| Reason { code: why.code(), sentence: why.sentence() }),
            can_probe,
            my_word: request.settlement.iter().rev().find(own_word).cloned(),
            can_submit_again: offers_again(&rules, signer, request),
            my_decision: request.decisions.iter().find(own).cloned(),
            fresh_sign_in: approval.and_then(|approval| FreshSignIn::of(approval, signer, now)),
            progress: approval.map(|approval| progress(&request.context(), &policy(approval))),
            findings,
        })
    }
}

fn read_many(
    conn: &mut AnyConnection,
    reader: &Reader,
    ids: &[RequestId],
) -> Result<Vec<(RowView, Vec<Finding>)>, StoreError> {
    let found = reader.find_many(conn, ids)?;
    let mut findings = StoredFindings::under(&reader.rules);
    let explain = |row: RowView| {
        let stored = findings.of(conn, &row.request, &row.pinned)?;
        Ok((row, stored))
    };
    found.into_iter().map(explain).collect()
}

/// Findings that depend on other rows: open requests on the same subject, and counters. Each row is read
/// once, however many requests ask for it.
pub(super) struct StoredFindings {
    /// Who is whom now.
    rules: Arc<Rules>,
    /// By type and subject.
    open: HashMap<(String, String), Vec<String>>,
    usage: HashMap<UsageKey, Option<Usage>>,
}

impl StoredFindings {
    pub(super) fn under(rules: &Arc<Rules>) -> Self {
        Self { rules: Arc::clone(rules), open: HashMap::new(), usage: HashMap::new() }
    }

    pub(super) fn of(
        &mut self,
        conn: &mut AnyConnection,
        request: &Request,
        pinned: &RequestType,
    ) -> Result<Vec<Finding>, StoreError> {
        let own = request.id.to_string();
        let others = self.open_on_subject(conn, request)?;
        let mut findings: Vec<Finding> =
            others.iter().filter(|id| **id != own).map(|id| subject_finding(id)).collect();
        findings.extend(self.used_up(conn, request, pinned)?);
        findings.extend(late_answers(conn, request)?);
        findings.extend(late_probe(request));
        Ok(findings)
    }

    fn open_on_subject(
        &mut self,
        conn: &mut AnyConnection,
        request: &Request,
    ) -> Result<&[String], StoreError> {
        let is_open = request.state.is_open();
        let Some(subject) = request.terms.subject.as_deref().filter(|_| is_open) else { return Ok(&[]) };
        let name = request.request_type.as_str();
        Ok(match self.open.entry((name.to_owned(), subject.to_owned())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let at = (request.org.as_str(), name);
                unknown.insert(requests::list_pending_on(conn, at, subject, OTHERS_MAX)?)
            }
        })
    }

    /// Counters of an open request that have come as far as its type wants checkers to know.
    fn used_up(
        &mut self,
        conn: &mut AnyConnection,
        request: &Request,
        pinned: &RequestType,
    ) -> Result<Vec<Finding>, StoreError> {
        if !request.state.waits() || request.terms.counted.is_empty() {
            return Ok(Vec::new());
        }
        let keys = MakerKeys::of((&request.maker, &request.terms.maker_act), &self.rules.people);
        let rows = |counter: &Counter| {
            let counted = request.terms.counted.iter().find(|counted| counted.counter == counter.name)?;
            CounterRows::of(counter, counted.window_start, (&keys, Some(&counted.who)))
        };
        let counters: Vec<CounterRows> = pinned.usage.iter().filter_map(rows).collect();
        let key = |counted: &Counted| usage_key(request.org.as_str(), request.request_type.as_str(), counted);
        let wanted: BTreeSet<UsageKey> = counters.iter().flat_map(CounterRows::all).map(key).collect();
        let unread: Vec<UsageKey> = wanted.into_iter().filter(|key| !self.usage.contains_key(key)).collect();
        self.usage.extend(unread.iter().map(|key| (key.clone(), Some(Usage::default()))));
        for row in usage::find_all(conn, &unread)? {
            self.usage.insert(row.key(), usage_in(Some(&row)));
        }
        let used = usage_of(&counters, |counted| self.usage.get(&key(counted)).copied().flatten());
        let nearly = |counter: &Counter| nearly_used_up(counter, *used.get(&counter.name)?);
        Ok(pinned.usage.iter().filter_map(nearly).collect())
    }
}

/// What a probe brought that was under way when people settled the outcome, if it says otherwise.
fn late_probe(request: &Request) -> Option<Finding> {
    let settled = request.settling_word()?.outcome;
    let what = match (settled, request.sending.last_probe?) {
        (SettledOutcome::Failed, ProbeVerdict::Happened) => "was carried out",
        (SettledOutcome::Executed, ProbeVerdict::DidNotHappen) => "was not carried out",
        (SettledOutcome::Executed, ProbeVerdict::Happened | ProbeVerdict::CannotTell)
        | (SettledOutcome::Failed, ProbeVerdict::DidNotHappen | ProbeVerdict::CannotTell) => return None,
    };
    Some(Finding {
        code: FindingCode::LateAnswer,
        level: Level::Warning,
        sentence: format!(
            "The target was asked while people settled the outcome. It said that the call {what}."
        ),
        pointer: None,
    })
}

/// What attempts brought that were still under way when another one settled the outcome.
fn late_answers(conn: &mut AnyConnection, request: &Request) -> Result<Vec<Finding>, StoreError> {
    let (Some(ended_at), Some(decisive)) = (request.ended_at, request.sending.outcome_attempt) else {
        return Ok(Vec::new());
    };
    let is_settled_by_people = request.settling_word().is_some();
    if request.sending.attempts < 2 && !is_settled_by_people {
        return Ok(Vec::new());
    }
    let attempts = attempts::list(conn, &request.org, request.id)?;
    let is_other = |row: &AttemptRow| is_settled_by_people || row.attempt != decisive;
    let late = attempts
        .into_iter()
        .filter(|row| is_other(row) && row.ended_at.is_some_and(|at| at > to_micros(ended_at)));
    let before = if is_settled_by_people {
        "people settled the outcome".to_owned()
    } else {
        format!("attempt {decisive} settled the outcome")
    };
    let finding = |row: AttemptRow| Finding {
        code: FindingCode::LateAnswer,
        level: Level::Warning,
        sentence: format!(
            "Attempt {} was still under way when {before}. It ended afterwards: {}",
            row.attempt,
            row.reason.unwrap_or_default(),
        ),
        pointer: None,
    };
    Ok(late.map(finding).collect())
}

/// The finding for a counter that has come as far as its type says.
pub(super) fn nearly_used_up(counter: &Counter, usage: Usage) -> Option<Finding> {
    let is_far = counter.warn_count.is_some_and(|warn| usage.count >= warn)
        || counter.warn_sum.is_some_and(|warn| usage.sum >= warn);
    is_far.then(|| limit_finding(counter, usage))
}

fn limit_finding(counter: &Counter, usage: Usage) -> Finding {
    let whose = match counter.by {
        CountBy::Maker => "this maker",
        CountBy::Subject => "this subject",
    };
    Finding {
        code: FindingCode::LimitNearlyUsedUp,
        level: Level::Warning,
        sentence: format!(
            "With this request the counter {} of {whose} is at {} requests and {} in its window.",
            counter.name, usage.count, usage.sum
        ),
        pointer: None,
    }
}

fn nobody_can_sign(missing: &Shortage) -> Finding {
    Finding {
        code: FindingCode::NobodyCanSign,
        level: Level::Warning,
        sentence: missing.sentence(),
        pointer: None,
    }
}

fn subject_finding(id: &str) -> Finding {
    Finding {
        code: FindingCode::SubjectPending,
        level: Level::Warning,
        sentence: format!("The request {id} is open for the same subject, too."),
        pointer: None,
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
