//! Who may decide a request.
//!
//! Decisions ask this inside the transaction that records them, whichever way they came in, and pages and
//! API ask it to explain. Nothing here can be switched off.

use chrono::{DateTime, Utc};

use super::Capacity;
use super::capacities::{SeatHint, capacities, seat_hint};
use super::people::People;
use super::progress::{DecisionContext, PolicyInForce, StageProgress, progress};
use crate::domain::actor::{Permission, Signer};
use crate::domain::code::Code;
use crate::domain::decision::Decision;
use crate::domain::state::{State, Verdict};

/// The stage that somebody would sign, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningSeat {
    /// The current stage, from 0.
    pub stage: usize,
    /// Their capacities there, sorted; never none.
    pub capacities: Vec<Capacity>,
}

/// Why somebody may not decide a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// It belongs to another org.
    OtherOrg,
    /// Their token does not grant `CanCheckRequest`.
    PermissionMissing,
    /// The people file has switched them off.
    PersonInactive,
    /// They submitted it, or stand behind its maker.
    MakerIsChecker,
    /// They decided it before.
    AlreadyDecidedByYou,
    /// It does not wait for decisions.
    NotWaiting {
        /// Its state.
        state: State,
    },
    /// Its deadline has passed.
    Expired {
        /// The deadline.
        expires_at: DateTime<Utc>,
    },
    /// They have no capacity that the current stage asks for.
    NotInStage {
        /// The stage's name.
        stage: String,
        /// What it waits for, such as `Finance: 1 of 2`.
        needed: Vec<String>,
        /// Why not even though somebody might think so.
        hint: Option<SeatHint>,
    },
    /// Their seats are filled; they may still reject.
    NotNeeded {
        /// The stage's name.
        stage: String,
        /// What it waits for.
        needed: Vec<String>,
        /// What they would sign a rejection as.
        seat: SigningSeat,
    },
}

impl WhyNot {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            // Requests of other orgs are not even found.
            Self::OtherOrg => Code::NotFound,
            Self::PermissionMissing => Code::PermissionMissing,
            Self::PersonInactive => Code::PersonInactive,
            Self::MakerIsChecker => Code::MakerIsChecker,
            Self::AlreadyDecidedByYou => Code::AlreadyDecidedByYou,
            Self::NotWaiting { state: State::SentBack } => Code::RequestSentBack,
            Self::NotWaiting { .. } => Code::RequestClosed,
            Self::Expired { .. } => Code::RequestExpired,
            Self::NotInStage { .. } => Code::NotInStage,
            Self::NotNeeded { .. } => Code::NotNeeded,
        }
    }

    /// A sentence that says why not and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::OtherOrg => "This request belongs to another org. Ask a checker of that org.".to_owned(),
            Self::PermissionMissing => format!(
                "Your token does not grant {}, so you can't decide requests. Ask an administrator for it.",
                Permission::Check.name(),
            ),
            Self::PersonInactive => {
                "The people file has switched your account off, so you can't decide requests. Ask the operator."
                    .to_owned()
            }
            Self::MakerIsChecker => {
                "You submitted this request, so you can't decide it. Ask another checker, or withdraw it."
                    .to_owned()
            }
            Self::AlreadyDecidedByYou => {
                "You decided this request before, and nobody counts twice. Another person must decide now."
                    .to_owned()
            }
            Self::NotWaiting { state: State::SentBack } => {
                "This request was sent back to its maker for changes, so nobody decides it now. Your call changed \
                 nothing. Wait until it is resubmitted, and read it then."
                    .to_owned()
            }
            Self::NotWaiting { state } => {
                format!("This request is {state} and takes no more decisions. Your call changed nothing.")
            }
            Self::Expired { expires_at } => format!(
                "This request expired at {}. Nothing was sent; submit it again if it is still wanted.",
                expires_at.format("%Y-%m-%dT%H:%M:%SZ"),
            ),
            Self::NotInStage { stage, needed, hint: None } => format!(
                "Stage {stage} waits for {}, and you hold none of its seats. Ask one who does.",
                needed.join(", "),
            ),
            Self::NotInStage { stage, needed, hint: Some(SeatHint::Spelling(spelling)) } => format!(
                "Stage {stage} waits for {}. The people file lists your account as {spelling}, which is not how \
                 your token spells it, so it gives you no group. Ask whoever keeps the file to write it as your \
                 token does.",
                needed.join(", "),
            ),
            Self::NotInStage { stage, needed, hint: Some(SeatHint::ServiceAccount) } => format!(
                "Stage {stage} waits for {}. A service account decides only where a seat names it. Ask a person \
                 who holds a seat.",
                needed.join(", "),
            ),
            Self::NotNeeded { stage, needed, .. } => format!(
                "Your seat in stage {stage} is filled; it waits for {}. You can still reject the request.",
                needed.join(", "),
            ),
        }
    }
}

/// Whether `signer` may approve or reject the request now, and what they would sign as.
pub fn may_decide(
    signer: &Signer,
    context: &DecisionContext<'_>,
    policy: &PolicyInForce<'_>,
    now: DateTime<Utc>,
) -> Result<SigningSeat, WhyNot> {
    let people = policy.people;
    if signer.org != *context.org {
        return Err(WhyNot::OtherOrg);
    }
    if !signer.may(Permission::Check) {
        return Err(WhyNot::PermissionMissing);
    }
    if !people.is_active(&signer.person, &signer.act) {
        return Err(WhyNot::PersonInactive);
    }
    let own = signer.behind(people);
    if own.overlaps(&context.behind_maker(people)) {
        return Err(WhyNot::MakerIsChecker);
    }
    let is_own = |decision: &Decision| people.behind(&decision.checker, &decision.act).overlaps(&own);
    if context.decisions.iter().any(is_own) {
        return Err(WhyNot::AlreadyDecidedByYou);
    }
    must_wait(context.state, context.expires_at, now)?;
    seat_of(signer, context, policy)
}

/// Whether `signer` may decide this: as [`may_decide`], and a rejection also if their seat is filled.
pub fn may_say(
    verdict: Verdict,
    signer: &Signer,
    context: &DecisionContext<'_>,
    policy: &PolicyInForce<'_>,
    now: DateTime<Utc>,
) -> Result<SigningSeat, WhyNot> {
    match may_decide(signer, context, policy, now) {
        Err(WhyNot::NotNeeded { seat, .. }) if verdict == Verdict::Rejected => Ok(seat),
        answer => answer,
    }
}

/// Whether a request in this state can be decided at `now`: it waits, and its deadline is ahead.
pub fn must_wait(state: State, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), WhyNot> {
    let expired = WhyNot::Expired { expires_at };
    match state {
        State::AdminTask if now >= expires_at => Err(expired),
        State::AdminTask => Ok(()),
        State::Expired => Err(expired),
        State::SentBack if now >= expires_at => Err(expired),
        State::ValidateMakerAccess
        | State::ValidatePayload
        | State::SentBack
        | State::Withdrawn
        | State::Approved
        | State::Executed
        | State::Failed
        | State::Unknown
        | State::Rejected => Err(WhyNot::NotWaiting { state }),
    }
}

fn seat_of(
    signer: &Signer,
    context: &DecisionContext<'_>,
    policy: &PolicyInForce<'_>,
) -> Result<SigningSeat, WhyNot> {
    let progress = progress(context, policy);
    let closed = WhyNot::NotWaiting { state: context.state };
    let number = progress.stage;
    let (Some(stage), Some(state)) = (policy.approval.stages.get(number), progress.stages.get(number)) else {
        return Err(closed);
    };
    let capacities = capacities(signer, stage, policy.people);
    let (name, needed) = (stage.name.clone(), state.still_needed(progress.people_missing));
    if capacities.is_empty() {
        return Err(WhyNot::NotInStage {
            stage: name,
            needed,
            hint: seat_hint(signer, stage, policy.people),
        });
    }
    let helps = |own: &Capacity| progress.waits_for().iter().any(|wanted| own.fits(wanted));
    let is_needed = capacities.iter().any(helps);
    let seat = SigningSeat { stage: number, capacities };
    if is_needed { Ok(seat) } else { Err(WhyNot::NotNeeded { stage: name, needed, seat }) }
}

impl StageProgress {
    /// What the stage waits for, in words: `Finance: 1 of 2`.
    pub fn still_needed(&self, people_missing: u32) -> Vec<String> {
        if self.is_complete {
            return Vec::new();
        }
        let names: Vec<&str> = self.seats.iter().map(|seat| seat.who.name()).collect();
        let mut needed = Vec::new();
        match self.any {
            Some((of, got)) if got < of => needed.push(format!("any of {}: {got} of {of}", names.join(", "))),
            Some(_) => {}
            None => {
                let open = self.seats.iter().filter(|seat| seat.got < seat.count);
                needed
                    .extend(open.map(|seat| format!("{}: {} of {}", seat.who.name(), seat.got, seat.count)));
            }
        }
        if needed.is_empty() {
            let people = if people_missing == 1 { "person" } else { "people" };
            needed.push(format!("{people_missing} more {people} of {}", names.join(", ")));
        }
        needed
    }
}

/// Checks right before the execution, as far as the people file can tell, that everybody is active and
/// still has the capacity they signed as, and that no two of them turned out to be one person. A capacity
/// that a token claimed can't be looked up again and still counts. The error is a clause that says who
/// and why.
pub fn still_allowed(context: &DecisionContext<'_>, policy: &PolicyInForce<'_>) -> Result<(), String> {
    let people = policy.people;
    if !people.is_active(context.maker, context.maker_act) {
        return Err(format!("the maker, {}, is no longer active", context.maker.user_name));
    }
    let is_approval = |decision: &&Decision| decision.verdict == Verdict::Approved;
    let approvals: Vec<&Decision> = context.decisions.iter().filter(is_approval).collect();
    let mut seen = vec![(context.maker, context.behind_maker(people))];
    let mut approvals_now: Vec<Decision> = Vec::new();
    for &approval in &approvals {
        let Decision { checker, act, .. } = approval;
        let name = &checker.user_name;
        if !people.is_active(checker, act) {
            return Err(format!("{name}, who approved, is no longer active"));
        }
        let behind = people.behind(checker, act);
        if let Some((other, _)) = seen.iter().find(|(_, other)| other.overlaps(&behind)) {
            return Err(format!("{name}, who approved, is the same person as {}", other.user_name));
        }
        seen.push((checker, behind));
        approvals_now.push(Decision { capacities: still_held(approval, people), ..approval.clone() });
    }
    let mut pairs = approvals.iter().zip(&approvals_now);
    if let Some((approval, _)) = pairs.clone().find(|(_, now)| now.capacities.is_empty()) {
        return Err(has_lost(approval, &[]));
    }
    if progress(&DecisionContext { decisions: &approvals_now, ..*context }, policy).approved {
        return Ok(());
    }
    let lost = pairs.find(|(approval, now)| now.capacities.len() < approval.capacities.len());
    Err(lost.map_or_else(
        || "the approvals no longer complete the policy".to_owned(),
        |(approval, now)| has_lost(approval, &now.capacities),
    ))
}

fn still_held(approval: &Decision, people: &People) -> Vec<Capacity> {
    let listed = people.groups_of(&approval.checker);
    let is_service = people.is_service(&approval.checker, &approval.act);
    let holds = |who: &&Capacity| match who {
        Capacity::Account(account) => people.is_account_of(account, &approval.checker),
        Capacity::Group(name) => !is_service && listed.contains(name.as_str()),
        Capacity::ClaimedGroup(_) | Capacity::Permission(_) => !is_service,
    };
    approval.capacities.iter().filter(holds).cloned().collect()
}

fn has_lost(approval: &Decision, held: &[Capacity]) -> String {
    let lost: Vec<&str> =
        approval.capacities.iter().filter(|who| !held.contains(who)).map(Capacity::name).collect();
    let name = &approval.checker.user_name;
    if lost.is_empty() {
        return format!("{name} approved without a seat");
    }
    format!("{name}, who approved, is no longer in {}", lost.join(", "))
}
