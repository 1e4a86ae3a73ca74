//! Who may say how an unknown outcome ended.
//!
//! Words ask this inside the transaction that records them, whichever way they came in, and pages and API ask it to
//! explain. Nothing here can be switched off.

use std::collections::BTreeSet;

use super::capacities::{SeatHint, capacities, seat_hint};
use super::people::{Behind, People};
use super::{Approval, Capacity};
use crate::domain::actor::{Permission, Signer};
use crate::domain::code::Code;
use crate::domain::request::Request;
use crate::domain::state::State;

/// The most words that one person gives on one request: each is kept.
pub const WORDS_PER_PERSON_MAX: usize = 5;

/// What is in force for the settlement of a request.
#[derive(Clone, Copy, Debug)]
pub struct SettlementRules<'a> {
    /// The approval that was pinned when the request was submitted; `None` if its rule asks for nobody.
    pub approval: Option<&'a Approval>,
    /// The people as they are now.
    pub people: &'a People,
}

/// Why somebody may not say how an outcome ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyNotSettle {
    /// It belongs to another org.
    OtherOrg,
    /// Their token does not grant `CanCheckRequest`.
    PermissionMissing,
    /// The people file has switched them off.
    PersonInactive,
    /// They submitted it, or stand behind its maker.
    Maker,
    /// Its call is under way, or is still to be sent.
    AttemptUnderWay,
    /// Its outcome is not unknown.
    NotUnknown {
        /// Its state.
        state: State,
    },
    /// They have no seat in any stage of its policy.
    NoSeat {
        /// The names of the stages; none if the rule asks for nobody.
        stages: Vec<String>,
        /// Why not even though somebody might think so.
        hint: Option<SeatHint>,
    },
    /// The type does not say how to ask the target.
    NoProbe,
    /// They have changed their word as often as words are kept.
    TooManyWords,
    /// Something has happened to the request since they read it.
    Moved {
        /// The version that they read.
        seen: i64,
        /// Its version now.
        version: i64,
    },
}

impl WhyNotSettle {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            // Requests of other orgs are not even found.
            Self::OtherOrg => Code::NotFound,
            Self::PermissionMissing => Code::PermissionMissing,
            Self::PersonInactive => Code::PersonInactive,
            Self::Maker => Code::MakerIsChecker,
            Self::AttemptUnderWay => Code::AttemptUnderWay,
            Self::NotUnknown { .. } => Code::NothingToSettle,
            Self::NoSeat { .. } => Code::NotInStage,
            Self::NoProbe => Code::NoProbe,
            Self::TooManyWords => Code::TooManyWords,
            Self::Moved { .. } => Code::RequestMoved,
        }
    }

    /// A sentence that says why not and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::OtherOrg => "This request belongs to another org. Ask a checker of that org.".to_owned(),
            Self::PermissionMissing => format!(
                "Your token does not grant {}, so you can't settle outcomes. Ask an administrator for it.",
                Permission::Check.name(),
            ),
            Self::PersonInactive => {
                "The people file has switched your account off, so you can't settle outcomes. Ask the operator."
                    .to_owned()
            }
            Self::Maker => {
                "You submitted this request, so you can't settle its outcome. Ask two checkers.".to_owned()
            }
            Self::AttemptUnderWay => {
                "The call of this request is being sent, or is to be sent, so there is nothing to settle yet. \
                 Wait for its outcome."
                    .to_owned()
            }
            Self::NotUnknown { state } => format!(
                "This request is {state}, and only an unknown outcome can be settled. Your call changed nothing."
            ),
            Self::NoSeat { hint: Some(SeatHint::Spelling(spelling)), .. } => format!(
                "You have no seat in the approval of this request. The people file lists your account as {spelling}, \
                 which is not how your token spells it, so it gives you no group. Ask whoever keeps the file to \
                 write it as your token does."
            ),
            Self::NoSeat { hint: Some(SeatHint::ServiceAccount), .. } => {
                "A service account settles an outcome only where a seat names it. Ask a person who has a seat."
                    .to_owned()
            }
            Self::NoSeat { stages, hint: None } => format!(
                "You have no seat in any stage of this request's approval ({}). Ask one who does.",
                stages.join(", ")
            ),
            Self::NoProbe => {
                "The type of this request does not say how to ask its target. Ask it yourself, then say what it told you."
                    .to_owned()
            }
            Self::TooManyWords => format!(
                "You have said {WORDS_PER_PERSON_MAX} times how this request ended, and no more words are kept. \
                 Your last word counts; ask another checker."
            ),
            Self::Moved { seen, version } => format!(
                "You read version {seen} of this request, and by now it is version {version}. Your call changed \
                 nothing. Read the request again before you say how it ended.",
            ),
        }
    }
}

/// Whether `signer` is one of those who may settle outcomes of `request`, whatever its state: everybody behind them.
///
/// # Errors
/// Why not.
pub fn may_have_a_word<'s>(
    signer: &'s Signer,
    request: &Request,
    people: &People,
) -> Result<Behind<'s>, WhyNotSettle> {
    if signer.org != request.org {
        return Err(WhyNotSettle::OtherOrg);
    }
    if !signer.may(Permission::Check) {
        return Err(WhyNotSettle::PermissionMissing);
    }
    if !people.is_active(&signer.person, &signer.act) {
        return Err(WhyNotSettle::PersonInactive);
    }
    let own = signer.behind(people);
    if own.overlaps(&request.context().behind_maker(people)) { Err(WhyNotSettle::Maker) } else { Ok(own) }
}

/// Whether `signer` may say now how `request` ended, and what they would sign as.
///
/// Everybody with a seat in any stage may, whether they signed it or not; any checker if its rule asks for nobody.
///
/// # Errors
/// Why not.
pub fn may_settle(
    signer: &Signer,
    request: &Request,
    rules: &SettlementRules<'_>,
) -> Result<Vec<Capacity>, WhyNotSettle> {
    let capacities = may_ask_for_probe(signer, request, rules)?;
    let people = rules.people;
    let own = signer.behind(people);
    let is_own = |behind: Behind<'_>| behind.overlaps(&own);
    let said = request.settlement.iter().filter(|word| is_own(people.behind(&word.by, &word.act)));
    if said.count() >= WORDS_PER_PERSON_MAX { Err(WhyNotSettle::TooManyWords) } else { Ok(capacities) }
}

/// Whether `signer` may want the target to be asked what became of the call, and as what: as [`may_settle`], however
/// often they have said how it ended.
///
/// # Errors
/// Why not.
pub fn may_ask_for_probe(
    signer: &Signer,
    request: &Request,
    rules: &SettlementRules<'_>,
) -> Result<Vec<Capacity>, WhyNotSettle> {
    may_have_a_word(signer, request, rules.people)?;
    must_be_unknown(request)?;
    seats_of(signer, rules)
}

fn must_be_unknown(request: &Request) -> Result<(), WhyNotSettle> {
    match request.state {
        State::Approved => Err(WhyNotSettle::AttemptUnderWay),
        State::Unknown if request.sending.is_open => Err(WhyNotSettle::AttemptUnderWay),
        State::Unknown => Ok(()),
        State::ValidateMakerAccess
        | State::ValidatePayload
        | State::AdminTask
        | State::SentBack
        | State::Executed
        | State::Failed
        | State::Rejected
        | State::Withdrawn
        | State::Expired => Err(WhyNotSettle::NotUnknown { state: request.state }),
    }
}

/// Every capacity that they hold in any stage.
fn seats_of(signer: &Signer, rules: &SettlementRules<'_>) -> Result<Vec<Capacity>, WhyNotSettle> {
    let people = rules.people;
    let Some(approval) = rules.approval else {
        if people.is_service(&signer.person, &signer.act) {
            let hint = Some(SeatHint::ServiceAccount);
            return Err(WhyNotSettle::NoSeat { stages: Vec::new(), hint });
        }
        return Ok(vec![Capacity::Permission(Permission::Check)]);
    };
    let held: BTreeSet<Capacity> =
        approval.stages.iter().flat_map(|stage| capacities(signer, stage, people)).collect();
    if held.is_empty() {
        let stages = approval.stages.iter().map(|stage| stage.name.clone()).collect();
        let hint = approval.stages.iter().find_map(|stage| seat_hint(signer, stage, people));
        return Err(WhyNotSettle::NoSeat { stages, hint });
    }
    Ok(held.into_iter().collect())
}
