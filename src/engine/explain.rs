//! What one person is told about one request: may he decide, why not, what is still needed, what is odd.

use super::admission::usage_key;
use super::queries::View;
use super::rule_book::approval_of;
use super::{Engine, EngineError};
use crate::domain::actor::Actor;
use crate::domain::code::Code;
use crate::domain::findings::{Finding, FindingCode, Level, hidden_characters};
use crate::domain::lifecycle::{may_withdraw, refusal_of};
use crate::domain::policy::Approval;
use crate::domain::policy::fresh::FreshSignIn;
use crate::domain::policy::may_decide::may_decide;
use crate::domain::policy::progress::{PolicyInForce, Progress, progress};
use crate::domain::policy::usage::Usage;
use crate::domain::request::{Decision, Request};
use crate::domain::request_type::{CountBy, Counter, RequestType};
use crate::store::{AnyConnection, StoreError, requests, usage};

/// Why somebody can't decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A stable word.
    pub code: Code,
    /// A sentence that says what stands.
    pub sentence: String,
}

/// What a person is told about a request beyond its body.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Whether he may decide now.
    pub can_decide: bool,
    /// Why not.
    pub why_not: Vec<Reason>,
    /// Whether they may withdraw it now.
    pub can_withdraw: bool,
    /// His own decision.
    pub my_decision: Option<Decision>,
    /// What each stage has and needs; `None` if the rule asks for nobody.
    pub progress: Option<Progress>,
    /// What its rule asks of the sign-in of those who approve, and whether his will do; `None` if it asks
    /// for nothing. Has no say in `can_decide`: he can sign in again.
    pub fresh_sign_in: Option<FreshSignIn>,
    /// What is odd about it.
    pub findings: Vec<Finding>,
}

/// Other open requests on the subject that are named.
const OTHERS_MAX: i64 = 5;

impl Engine {
    /// What each stage of a request has and needs; `None` if its rule asks for nobody.
    ///
    /// # Errors
    /// If the version that the request is pinned to has no such rule.
    pub fn progress_of(&self, view: &View) -> Result<Option<Progress>, EngineError> {
        let Some(approval) = approval_of(view.pinned.as_deref(), &view.request)? else { return Ok(None) };
        let rules = self.inner.book.current();
        let policy = PolicyInForce { approval, people: &rules.people };
        Ok(Some(progress(&view.request.context(), &policy)))
    }

    /// What `actor` is told about a request beyond it.
    pub async fn explain(&self, actor: &Actor, view: &View) -> Result<Explanation, EngineError> {
        let (request, pinned) = (view.request.clone(), view.pinned.clone());
        let read = move |conn: &mut AnyConnection| oddities(conn, &request, pinned.as_deref());
        let odd = self.inner.store.read(read).await?;
        Ok(self.explained(actor, view, odd)?)
    }

    /// The same, with what is odd about it already read.
    pub(super) fn explained(
        &self,
        actor: &Actor,
        view: &View,
        odd: Vec<Finding>,
    ) -> Result<Explanation, StoreError> {
        let approval = approval_of(view.pinned.as_deref(), &view.request)?;
        let rules = self.inner.book.current();
        let policy = |approval| PolicyInForce { approval, people: &rules.people };
        let (signer, now) = (&actor.signer, self.inner.clock.now());
        let verdict = approval
            .map(|approval: &Approval| may_decide(signer, &view.request.context(), &policy(approval), now));
        let why_not = match &verdict {
            Some(Ok(_)) => Vec::new(),
            Some(Err(why)) => {
                let refusal = refusal_of(&view.request, why.clone());
                vec![Reason { code: refusal.code(), sentence: refusal.sentence() }]
            }
            None => vec![Reason {
                code: Code::RequestClosed,
                sentence: "A rule of the policy let it through; there is nothing to decide.".to_owned(),
            }],
        };
        let own = |decision: &&Decision| decision.checker.is_same_person(&actor.person);
        let mut findings = hidden_characters(&view.task);
        findings.extend(odd);
        Ok(Explanation {
            can_decide: why_not.is_empty(),
            why_not,
            can_withdraw: may_withdraw(&actor.person, &view.request, now).is_ok(),
            my_decision: view.request.decisions.iter().find(own).cloned(),
            fresh_sign_in: approval.and_then(|approval| FreshSignIn::of(approval, signer, now)),
            progress: approval.map(|approval| progress(&view.request.context(), &policy(approval))),
            findings,
        })
    }
}

/// What is odd about a request for what stands beside it.
pub(super) fn oddities(
    conn: &mut AnyConnection,
    request: &Request,
    pinned: Option<&RequestType>,
) -> Result<Vec<Finding>, StoreError> {
    let others = others_on_subject(conn, request)?;
    let mut odd: Vec<Finding> = others.iter().map(|id| subject_finding(id)).collect();
    odd.extend(used_up(conn, request, pinned)?);
    Ok(odd)
}

fn others_on_subject(conn: &mut AnyConnection, request: &Request) -> Result<Vec<String>, StoreError> {
    let Some(subject) = request.terms.subject.as_deref().filter(|_| request.state.is_open()) else {
        return Ok(Vec::new());
    };
    let at = (request.org.as_str(), request.request_type.as_str());
    let mut found = requests::list_pending_on(conn, at, subject, OTHERS_MAX)?;
    found.retain(|id| *id != request.id.to_string());
    Ok(found)
}

/// Counters of an open request that have come as far as its type wants checkers to know.
fn used_up(
    conn: &mut AnyConnection,
    request: &Request,
    pinned: Option<&RequestType>,
) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    if !request.state.waits() {
        return Ok(findings);
    }
    let counters = pinned.map(|pinned| pinned.usage.as_slice()).unwrap_or_default();
    for counted in &request.terms.counted {
        let Some(counter) = counters.iter().find(|counter| counter.name == counted.counter) else { continue };
        let key = usage_key(request.org.as_str(), request.request_type.as_str(), counted);
        let Some(row) = usage::find(conn, &key)? else { continue };
        let Some(usage) = Usage::parse(row.count, &row.sum) else { continue };
        findings.extend(nearly_used_up(counter, usage));
    }
    Ok(findings)
}

/// What checkers are told of a counter that has come as far as its type says.
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
            "With this request the counter {} of {whose} stands at {} requests and {} in its window.",
            counter.name, usage.count, usage.sum
        ),
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
