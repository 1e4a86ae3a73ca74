//! Under what the requests of the model are admitted: the policy, who is who, the rules of sending, the deadlines.

use countersign::domain::digest::Digest;
use countersign::domain::entity::EntityInfo;
use countersign::domain::ids::{OrgId, RequestId, RequestTypeName};
use countersign::domain::lifecycle::{NewRequest, submit};
use countersign::domain::policy::may_settle::SettlementRules;
use countersign::domain::policy::people::People;
use countersign::domain::policy::progress::PolicyInForce;
use countersign::domain::policy::{Approval, Policy, RuleOutcome};
use countersign::domain::request::{Request, Terms};
use countersign::domain::request_type::RetryRules;
use countersign::domain::sending::SendingRules;

use crate::mutants::Mutant;
use crate::people::{Account, ORG, people};
use crate::target::Kind;
use crate::time::{CALL_LIMIT, RETRY_DELAY, Tick, at, ticks};

/// The most attempts that the type allows.
pub const ATTEMPTS_MAX: u8 = 3;
/// The host of every request.
pub const HOST: &str = "api.example.com";

/// How far the model goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The last tick of the clock.
    pub last_tick: Tick,
    /// The tick at which a request that waits for its decision expires.
    pub decide_before: Tick,
    /// How long an approved call may wait to be sent.
    pub approval_ttl: Tick,
    /// How long a target is asked what became of a call.
    pub probe_for: Tick,
    /// How many probes there may have been when somebody still asks for another one.
    pub probes_max: u8,
    /// The accounts that try to settle an outcome.
    pub speakers: &'static [Account],
    /// The most words on one request.
    pub words_max: usize,
    /// Whether the maker withdraws, the engine itself refuses to send, and workers put back what they claimed.
    pub has_ways_out: bool,
    /// Whether sending may be paused.
    pub has_pauses: bool,
    /// Whether workers renew their leases.
    pub has_renewals: bool,
}

/// What every request of a model is weighed by.
pub struct Charter {
    /// How far the model goes.
    pub bounds: Bounds,
    /// The rule that is broken.
    pub mutant: Option<Mutant>,
    /// Who is who.
    pub people: People,
    approval: Approval,
    retry: RetryRules,
}

impl Charter {
    /// The rules, with one of them broken or none.
    pub fn new(bounds: Bounds, mutant: Option<Mutant>) -> Self {
        let rule = Policy::one_checker().rules.remove(0);
        let RuleOutcome::Stages(approval) = rule.outcome else { unreachable!("it has a stage") };
        let waits = mutant != Some(Mutant::RepeatDoesNotWait);
        let delay = ticks(if waits { RETRY_DELAY } else { 0 });
        let attempts = Some(i64::from(ATTEMPTS_MAX));
        let retry = RetryRules { first_delay: delay, longest_delay: delay, attempts };
        Self { bounds, mutant, people: people(mutant), approval, retry }
    }

    /// Whether this rule is the broken one.
    pub fn breaks(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// The policy in force.
    pub fn policy(&self) -> PolicyInForce<'_> {
        PolicyInForce { approval: &self.approval, people: &self.people }
    }

    /// Who may settle.
    pub fn settlement(&self) -> SettlementRules<'_> {
        SettlementRules { approval: Some(&self.approval), people: &self.people }
    }

    /// What decides whether another attempt follows, at a target of this kind.
    pub fn sending(&self, kind: Kind) -> SendingRules<'_> {
        let waits = !self.breaks(Mutant::RepeatDoesNotWait);
        SendingRules {
            retry: &self.retry,
            recognises_repeat: kind.recognises_repeat() || self.breaks(Mutant::BlindRepeat),
            is_only_user: kind.is_only_user(),
            call_limit: if waits { ticks(CALL_LIMIT) } else { ticks(0) },
            jitter: 1000,
        }
    }

    /// A request that waits for its decision.
    pub fn submitted(&self) -> Request {
        let new = NewRequest {
            org: OrgId::new(ORG),
            id: RequestId::nil(),
            request_type: RequestTypeName::new("ISSUE-BADGE"),
            type_version: "1".to_owned(),
            maker: Account::Mara.person(),
            entity: EntityInfo::default(),
            digest: Digest::of(b"the call"),
            host: HOST.to_owned(),
            expires_at: at(self.bounds.decide_before),
            terms: Terms { rule: "default".to_owned(), ..Terms::default() },
            waits_for: Vec::new(),
            repeat_of: None,
        };
        Request::fold(&submit(new, None, at(0))).expect("a submission comes first")
    }
}
