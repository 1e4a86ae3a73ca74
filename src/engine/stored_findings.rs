//! What a checker should look at twice because of other rows: open requests on the subject, counters, late answers.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::admission::{usage_in, usage_key};
use super::counting::{CounterRows, MakerKeys, usage_of};
use crate::domain::findings::{Finding, FindingCode, FindingFacts, Level, UsageReached};
use crate::domain::ids::RequestId;
use crate::domain::policy::usage::Usage;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{Counted, Request};
use crate::domain::request_type::{CountBy, Counter, RequestType, UnitRule};
use crate::domain::rules::Rules;
use crate::domain::settlement::SettledOutcome;
use crate::store::attempts::{self, AttemptRow};
use crate::store::open_on_subjects::{OnSubject, list_pending_on_each};
use crate::store::usage::UsageKey;
use crate::store::{AnyConnection, StoreError, requests, to_micros, usage};

/// The most open requests on one subject that are named.
const OTHERS_MAX: i64 = 5;

/// Findings that depend on other rows: open requests on the same subject, and counters. Each row is read
/// once, however many requests ask for it.
pub(super) struct StoredFindings {
    /// Who is whom now.
    rules: Arc<Rules>,
    /// By type and subject.
    open: HashMap<OnSubject, Vec<RequestId>>,
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
        let others = self.open_on_subject(conn, request)?;
        let mut findings: Vec<Finding> =
            others.iter().filter(|id| **id != request.id).map(|id| subject_finding(*id)).collect();
        findings.extend(self.used_up(conn, request, pinned)?);
        findings.extend(late_answers(conn, request)?);
        findings.extend(late_probe(request));
        Ok(findings)
    }

    /// Reads for all of these requests of one org at once what is open on their subjects.
    pub(super) fn read_ahead<'r>(
        &mut self,
        conn: &mut AnyConnection,
        requests: impl Iterator<Item = &'r Request>,
    ) -> Result<(), StoreError> {
        let requests: Vec<&Request> = requests.collect();
        let Some(first) = requests.first() else { return Ok(()) };
        let asked: BTreeSet<OnSubject> = requests.iter().filter_map(|request| on_subject(request)).collect();
        let asked = asked.into_iter().collect();
        self.open.extend(list_pending_on_each(conn, first.org.as_str(), asked, OTHERS_MAX)?);
        Ok(())
    }

    fn open_on_subject(
        &mut self,
        conn: &mut AnyConnection,
        request: &Request,
    ) -> Result<&[RequestId], StoreError> {
        let Some(on) = on_subject(request) else { return Ok(&[]) };
        Ok(match self.open.entry(on) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let (name, subject) = unknown.key();
                let at = (request.org.as_str(), name.as_str());
                let found = requests::list_pending_on(conn, at, subject, OTHERS_MAX)?;
                unknown.insert(found)
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
        let nearly = |counter: &Counter| nearly_used_up(pinned, counter, *used.get(&counter.name)?);
        Ok(pinned.usage.iter().filter_map(nearly).collect())
    }
}

/// What an open request is about; `None` if it has ended or names nothing.
fn on_subject(request: &Request) -> Option<OnSubject> {
    let subject = request.terms.subject.clone().filter(|_| request.state.is_open())?;
    Some((request.request_type.to_string(), subject))
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
        facts: None,
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
        facts: None,
    };
    Ok(late.map(finding).collect())
}

/// The finding for a counter that has come as far as its type says.
pub(super) fn nearly_used_up(request_type: &RequestType, counter: &Counter, usage: Usage) -> Option<Finding> {
    let is_far = counter.warn_count.is_some_and(|warn| usage.count >= warn)
        || counter.warn_sum.is_some_and(|warn| usage.sum >= warn);
    is_far.then(|| limit_finding(request_type, counter, usage))
}

fn limit_finding(request_type: &RequestType, counter: &Counter, usage: Usage) -> Finding {
    let whose = match counter.by {
        CountBy::Maker => "this maker",
        CountBy::Subject => "this subject",
    };
    let reached = UsageReached {
        by: counter.by,
        window: counter.window,
        usage,
        warn_count: counter.warn_count,
        warn_sum: counter.warn_sum,
        unit: request_type.unit.as_ref().and_then(UnitRule::word).cloned(),
    };
    Finding {
        code: FindingCode::LimitNearlyUsedUp,
        level: Level::Warning,
        sentence: format!(
            "With this request the counter {} of {whose} is at {} requests and {} in its window.",
            counter.name, usage.count, usage.sum
        ),
        pointer: None,
        facts: Some(FindingFacts::Usage(reached)),
    }
}

fn subject_finding(id: RequestId) -> Finding {
    Finding {
        code: FindingCode::SubjectPending,
        level: Level::Warning,
        sentence: format!("The request {id} is open for the same subject, too."),
        pointer: None,
        facts: Some(FindingFacts::Open(id)),
    }
}
