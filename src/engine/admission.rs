//! Whether a submission is admitted, and under which terms: the policy's rule, enough people to sign,
//! limits, duplicates.
//!
//! A type without counters needs nothing but the submission; its rule is chosen before the write. With
//! counters, a subject that must be alone, or an `Idempotency-Key`, it is chosen inside the writing
//! transaction, on locked rows, so that no batch and no second node can slip past.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::counting::{CounterRows, MakerKeys, usage_of};
use super::error::AdmissionRefusal;
use super::idempotency::ClientKey;
use crate::clock::Clock;
use crate::domain::actor::{Person, Signer};
use crate::domain::amount::Amount;
use crate::domain::code::Code;
use crate::domain::execution::Execution;
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::{NewRequest, NewRevision, submit};
use crate::domain::policy::facts::Facts;
use crate::domain::policy::people::People;
use crate::domain::policy::progress::{DecisionContext, PolicyInForce, progress};
use crate::domain::policy::shortage::shortage;
use crate::domain::policy::usage::Usage;
use crate::domain::policy::{Capacity, Rule, RuleChoice, RuleOutcome};
use crate::domain::request::{Counted, Request, State, Terms};
use crate::domain::request_type::{Counter, RequestType};
use crate::domain::rules::Rules;
use crate::domain::submission::Submission;
use crate::store::calls::CallRow;
use crate::store::events::{EventRow, Origin};
use crate::store::outbox::OutboxRow;
use crate::store::requests::{Key, RequestRow};
use crate::store::stored_call::StoredCall;
use crate::store::submissions::NewSubmission;
use crate::store::usage::{UsageKey, UsageRow};
use crate::store::{joined_events, to_micros};

/// Deadlines where a type names none.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// How long a request may wait for its decisions.
    pub pending_ttl: chrono::TimeDelta,
    /// How long an approved call may wait for its turn.
    pub approval_ttl: chrono::TimeDelta,
}

/// A submission without fault, before its rule is chosen.
pub(super) struct PreparedSubmission {
    pub(super) maker: Signer,
    pub(super) origin: Origin,
    pub(super) id: RequestId,
    pub(super) now: DateTime<Utc>,
    pub(super) request_type: Arc<RequestType>,
    pub(super) submission: Submission,
    /// The rules that may apply; none until [`PreparedSubmission::look`].
    pub(super) choice: RuleChoice,
    pub(super) rules: Arc<Rules>,
    pub(super) deadlines: Deadlines,
    pub(super) client_key: Option<ClientKey>,
    /// The rows of its counters.
    pub(super) counters: Vec<CounterRows>,
    pub(super) ground: Ground,
}

/// What a submission builds on.
pub(super) enum Ground {
    /// Nothing: it is a new request.
    New,
    /// It submits another request again.
    Repeat(Key),
    /// It is the next revision of this request, as the maker read it.
    Revision(Box<Request>),
}

impl Ground {
    /// The request that it changes.
    pub(super) fn key(&self) -> Option<Key> {
        match self {
            Self::New => None,
            Self::Repeat(key) => Some(key.clone()),
            Self::Revision(sent_back) => Some((sent_back.org.clone(), sent_back.id)),
        }
    }
}

/// The stored rows that an admission depends on.
#[derive(Default)]
pub(super) struct StoredContext {
    /// The type's counters by name, before this request is counted.
    pub(super) usage: BTreeMap<String, Usage>,
    /// Other requests of the type that wait or are approved for the same subject.
    pub(super) pending: Vec<RequestId>,
}

/// A submission with its terms: everything that is written but the call.
pub(super) struct Admitted {
    pub(super) request: Request,
    pub(super) events: Vec<EventRow>,
    pub(super) execution: Option<Execution>,
    /// Whether somebody is told of it.
    is_told: bool,
}

impl Admitted {
    /// The request, and its rows.
    pub(super) fn with_call(self, call: CallRow) -> (Request, NewSubmission) {
        let Self { request, events, execution, is_told } = self;
        let row = RequestRow::from(&request);
        let outbox = is_told.then(|| OutboxRow::of_submission(&row));
        (request, NewSubmission { request: row, call, events, outbox, execution })
    }
}

impl PreparedSubmission {
    /// Its call's row. Compressing it is work that the writer's thread must not do.
    pub(super) fn call_row(&self) -> CallRow {
        let Submission { call_bytes, task, label, .. } = &self.submission;
        let stored = StoredCall::new(call_bytes.clone(), task);
        CallRow::new((&(self.maker.org.clone(), self.id), self.revision()), &stored, label)
    }

    /// The number of the revision that it becomes.
    pub(super) fn revision(&self) -> i64 {
        match &self.ground {
            Ground::New | Ground::Repeat(_) => 1,
            Ground::Revision(sent_back) => sent_back.revision + 1,
        }
    }

    /// The maker of the request that it becomes, and the accounts behind them. Whoever resubmits it through another
    /// account stays behind it for good, and so do those behind its earlier revisions.
    fn behind(&self) -> (&Person, Vec<Person>) {
        let Ground::Revision(sent_back) = &self.ground else {
            return (&self.maker.person, self.maker.act.clone());
        };
        let mut act = sent_back.terms.maker_act.clone();
        let now = std::iter::once(&self.maker.person).chain(&self.maker.act);
        for person in now.filter(|person| **person != sent_back.maker) {
            if !act.contains(person) {
                act.push(person.clone());
            }
        }
        (&sent_back.maker, act)
    }

    /// The rows of the counters that count what it takes the place of.
    pub(super) fn given_back(&self) -> Vec<UsageKey> {
        match &self.ground {
            Ground::New | Ground::Repeat(_) => Vec::new(),
            Ground::Revision(sent_back) => {
                sent_back.terms.counted.iter().map(|counted| self.usage_key(counted)).collect()
            }
        }
    }

    /// The amount that those rows count.
    pub(super) fn amount_given_back(&self) -> Option<Amount> {
        match &self.ground {
            Ground::New | Ground::Repeat(_) => None,
            Ground::Revision(sent_back) => sent_back.terms.amount,
        }
    }

    /// Whether its admission depends on stored rows.
    pub(super) fn needs_locks(&self) -> bool {
        self.client_key.is_some()
            || !self.request_type.usage.is_empty()
            || self.must_be_alone()
            || !matches!(self.ground, Ground::New)
    }

    /// The rows in which it counts.
    pub(super) fn counted(&self) -> Vec<Counted> {
        self.counters.iter().flat_map(CounterRows::own).cloned().collect()
    }

    /// What its counters contain before it: see [`usage_of`].
    pub(super) fn usage(&self, find: impl Fn(&UsageKey) -> Option<Usage>) -> BTreeMap<String, Usage> {
        usage_of(&self.counters, |counted| find(&self.usage_key(counted)))
    }

    /// Every row of its counters, as far as they exist.
    pub(super) fn read_rows(&self) -> Vec<UsageKey> {
        self.counters.iter().flat_map(CounterRows::all).map(|counted| self.usage_key(counted)).collect()
    }

    /// The rows to lock before its rule is chosen.
    pub(super) fn locks(&self) -> Vec<UsageKey> {
        let mut counted = self.counted();
        counted.extend(self.subject_lock());
        counted.iter().map(|counted| self.usage_key(counted)).collect()
    }

    fn usage_key(&self, counted: &Counted) -> UsageKey {
        usage_key(self.maker.org.as_str(), self.request_type.name.as_str(), counted)
    }

    /// Chooses the rule and makes the rows of a new request.
    pub(super) fn admit(&self, stored: &StoredContext, ids: &Clock) -> Result<Admitted, AdmissionRefusal> {
        let expires_at = self.now + self.request_type.pending_ttl.unwrap_or(self.deadlines.pending_ttl);
        let (revision, auto_approved) = self.admit_revision(stored, (self.now, expires_at))?;
        let NewRevision { type_version, entity, digest, host, terms, waits_for } = revision;
        let new = NewRequest {
            org: self.maker.org.clone(),
            id: self.id,
            request_type: self.request_type.name.clone(),
            type_version,
            maker: self.maker.person.clone(),
            entity,
            digest,
            host,
            expires_at,
            terms,
            waits_for,
            repeat_of: match &self.ground {
                Ground::Repeat((_, id)) => Some(*id),
                Ground::New | Ground::Revision(_) => None,
            },
        };
        Ok(self.rows(new, auto_approved, ids))
    }

    /// Chooses the rule for what is submitted, of a request whose deadlines began at the first of these times and end at
    /// the second; and says until when its call must be sent, if the rule approves it without anybody.
    pub(super) fn admit_revision(
        &self,
        stored: &StoredContext,
        (started_at, expires_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(NewRevision, Option<DateTime<Utc>>), AdmissionRefusal> {
        let warnings = self.check_duplicates(&stored.pending)?;
        let rule = self.rule(stored)?;
        let (waits_for, is_auto) = self.who_signs(rule)?;
        let due_at = rule.decide_within.map(|within| (started_at + within).min(expires_at));
        let submission = &self.submission;
        let revision = NewRevision {
            type_version: self.request_type.version.clone(),
            entity: submission.entity.clone(),
            digest: submission.digest,
            host: submission.call.authority(),
            terms: Terms {
                rule: rule.name.clone(),
                summary: submission.summary.clone(),
                reason: submission.reason.clone().map(String::from),
                risk: rule.risk,
                due_at,
                subject: submission.subject.clone(),
                repeat_key: self.request_type.repeat_key(&submission.task),
                amount: submission.amount,
                unit: submission.unit.clone(),
                maker_act: self.behind().1,
                counted: self.counted(),
                warnings,
                call: self.request_type.call_line(&submission.task, &submission.call, &submission.label),
            },
            waits_for,
        };
        let ttl = self.request_type.approval_ttl.unwrap_or(self.deadlines.approval_ttl);
        Ok((revision, is_auto.then(|| self.now + ttl)))
    }

    fn rows(&self, new: NewRequest, auto_approved: Option<DateTime<Utc>>, ids: &Clock) -> Admitted {
        let happened = submit(new.clone(), auto_approved, self.now);
        let request = happened.iter().fold(Request::new(new, self.now), Request::apply);
        let events = joined_events::rows(&request, &happened, &self.origin, || ids.new_id());
        let execution = auto_approved.map(|_| {
            let (org, id) = (request.org.clone(), request.id);
            Execution::queued(org, id, &request.host, self.now, ids.due_now())
        });
        let (org, name) = (request.org.as_str(), request.request_type.as_str());
        let is_told = self.rules.subscriptions.cover(org, name);
        Admitted { request, events, execution, is_told }
    }

    /// Evaluates everything that the policy asks of the submission. What is left are comparisons of counters.
    pub(super) fn look(&mut self) {
        let facts = Facts {
            request_type: self.request_type.name.as_str(),
            org: self.maker.org.as_str(),
            entity: &self.submission.entity,
            task: &self.submission.task,
            amount: self.submission.amount.as_ref(),
            subject: self.submission.subject.as_deref(),
            maker: &self.maker,
            people: &self.rules.people,
            now: self.now,
        };
        self.choice = self.request_type.policy.look(&facts);
    }

    fn rule(&self, stored: &StoredContext) -> Result<&Rule, AdmissionRefusal> {
        let chosen =
            self.request_type.policy.choose(&self.choice, &stored.usage, self.submission.amount.as_ref());
        chosen.map_err(|refused| AdmissionRefusal { code: refused.code(), message: refused.sentence() })
    }

    /// Who can sign in the first stage, and whether the rule approves without anybody.
    fn who_signs(&self, rule: &Rule) -> Result<(Vec<Capacity>, bool), AdmissionRefusal> {
        let RuleOutcome::Stages(approval) = &rule.outcome else { return Ok((Vec::new(), true)) };
        let policy = PolicyInForce { approval, people: &self.rules.people };
        let (maker, act) = self.behind();
        let context = DecisionContext {
            org: &self.maker.org,
            maker,
            maker_act: &act,
            state: State::AdminTask,
            expires_at: self.now,
            decisions: &[],
        };
        if let Some(missing) = shortage(&context, &policy) {
            let why = missing.clause();
            return Err(AdmissionRefusal {
                code: Code::StageUnfillable,
                message: format!(
                    "Nobody could complete this request: {why}. Ask whoever keeps the people file."
                ),
            });
        }
        Ok((progress(&context, &policy).waits_for().to_vec(), false))
    }
}

/// The rows of the type's counters for a submission: looked up once.
pub(super) fn counters_of(
    request_type: &RequestType,
    (maker, people): (&Signer, &People),
    subject: Option<&str>,
    now: DateTime<Utc>,
) -> Vec<CounterRows> {
    if request_type.usage.is_empty() {
        return Vec::new();
    }
    let keys = MakerKeys::of((&maker.person, &maker.act), people);
    let rows = |counter: &Counter| {
        let window = counter.window.num_microseconds().filter(|window| *window > 0)?;
        let now = to_micros(now);
        CounterRows::of(counter, now - now.rem_euclid(window), (&keys, subject))
    };
    request_type.usage.iter().filter_map(rows).collect()
}

/// The key of a counter's row.
pub(super) fn usage_key(org: &str, request_type: &str, counted: &Counted) -> UsageKey {
    let Counted { counter, who, window_start } = counted.clone();
    (org.to_owned(), request_type.to_owned(), counter, who, window_start)
}

/// What a counter's row contains: nothing if it is not there, `None` if it can't be read.
pub(super) fn usage_in(row: Option<&UsageRow>) -> Option<Usage> {
    row.map_or(Some(Usage::default()), |row| Usage::parse(row.count, &row.sum))
}
