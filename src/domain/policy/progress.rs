//! How far the approvals have come, stage by stage.

use chrono::{DateTime, Utc};

use super::matching::Matching;
use super::people::{Behind, People};
use super::{Approval, Capacity, Mode, Stage};
use crate::domain::actor::Person;
use crate::domain::decision::Decision;
use crate::domain::ids::OrgId;
use crate::domain::state::{State, Verdict};

/// A request as the policy sees it.
#[derive(Clone, Copy, Debug)]
pub struct DecisionContext<'a> {
    /// The org it belongs to.
    pub org: &'a OrgId,
    /// Who submitted it.
    pub maker: &'a Person,
    /// Who acted for the maker.
    pub maker_act: &'a [Person],
    /// Its state.
    pub state: State,
    /// When deciding it ends.
    pub expires_at: DateTime<Utc>,
    /// The recorded decisions, in their order.
    pub decisions: &'a [Decision],
}

impl<'a> DecisionContext<'a> {
    /// Everybody behind the maker.
    pub fn behind_maker(&self, people: &People) -> Behind<'a> {
        people.behind(self.maker, self.maker_act)
    }
}

/// What is in force for a request: its rule's approval and the people file.
#[derive(Clone, Copy, Debug)]
pub struct PolicyInForce<'a> {
    /// The approval that was pinned when it was submitted.
    pub approval: &'a Approval,
    /// The people as they are now.
    pub people: &'a People,
}

/// How far a request's approval has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage that is current, or the last one if all are complete.
    pub stage: usize,
    /// Every stage in order.
    pub stages: Vec<StageProgress>,
    /// Whether everybody who is needed has approved.
    pub approved: bool,
    /// Whether the rejections end it.
    pub rejected: bool,
    /// Number of distinct people who are still missing for the minimum.
    pub people_missing: u32,
    /// Number of rejections that count.
    pub rejections: u32,
    /// Number of rejections that end it.
    pub rejections_needed: u32,
}

impl Progress {
    /// The capacities that could still help now, sorted; none once it is approved or rejected.
    pub fn waits_for(&self) -> &[Capacity] {
        let current = self.stages.get(self.stage).filter(|_| !self.approved && !self.rejected);
        current.map_or(&[], |stage| &stage.needed)
    }

    /// How many rejections after the next one would still be needed to end it: none if the next one ends it.
    pub fn rejections_after_next(&self) -> u32 {
        self.rejections_needed.saturating_sub(self.rejections.saturating_add(1))
    }

    /// How many people the minimum asks for beyond those whom the open seats ask for.
    pub fn people_beyond_seats(&self) -> u32 {
        let of_stage = |stage: &StageProgress| match stage.any {
            Some((of, got)) => of.saturating_sub(got),
            None => stage.seats.iter().map(|seat| seat.count.saturating_sub(seat.got)).sum(),
        };
        let asked: u32 = self.stages.iter().skip(self.stage).map(of_stage).sum();
        self.people_missing.saturating_sub(asked)
    }
}

/// How far a stage has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageProgress {
    /// Its name.
    pub name: String,
    /// Its seats in order.
    pub seats: Vec<SeatProgress>,
    /// With the mode `any`: how many people are asked for, and how many signed.
    pub any: Option<(u32, u32)>,
    /// The decisions that count for it, approvals and rejections, as indices into the context's.
    pub decisions: Vec<usize>,
    /// Whether it has all its signatures.
    pub is_complete: bool,
    /// The capacities that could still help it, sorted, whether it is current or not.
    pub needed: Vec<Capacity>,
}

/// How far a seat has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatProgress {
    /// What it asks for.
    pub who: Capacity,
    /// Number of signatures needed; 0 where the mode is `any`.
    pub count: u32,
    /// Number of signatures that there are.
    pub got: u32,
}

/// How far the decisions of `context` complete `policy`.
///
/// Each person counts once, and the maker never. An approval counts for the stage that was current when it
/// was given, and only with a capacity that fits one of its seats.
pub fn progress(context: &DecisionContext<'_>, policy: &PolicyInForce<'_>) -> Progress {
    let approval = policy.approval;
    let counted = counted(context, policy.people);
    let of = |stage: usize, verdict: Verdict| -> Vec<usize> {
        let numbers = counted.iter().copied();
        numbers.filter(|&at| is_for(&context.decisions[at], approval, stage, verdict)).collect()
    };
    let mut stages = Vec::new();
    let (mut people, mut rejections) = (0, 0);
    for (number, stage) in approval.stages.iter().enumerate() {
        let approvals = of(number, Verdict::Approved);
        let rejected = of(number, Verdict::Rejected);
        let before = people;
        people += count(&approvals);
        rejections += count(&rejected);
        let is_last = number + 1 == approval.stages.len();
        let minimum = if is_last { approval.min_distinct_people.saturating_sub(before) } else { 0 };
        let mut state = stage_progress(stage, &approvals, context, minimum);
        state.decisions.extend(rejected);
        state.decisions.sort_unstable();
        stages.push(state);
    }
    let current = stages.iter().position(|stage| !stage.is_complete);
    let rejections_needed = approval.rejections.max(1);
    let rejected = rejections >= rejections_needed;
    Progress {
        stage: current.unwrap_or(stages.len().saturating_sub(1)),
        approved: !stages.is_empty() && current.is_none() && !rejected,
        rejected,
        people_missing: approval.min_distinct_people.saturating_sub(people),
        rejections,
        rejections_needed,
        stages,
    }
}

/// The decisions that count: not the maker's, and only the first of each person.
fn counted(context: &DecisionContext<'_>, people: &People) -> Vec<usize> {
    let mut seen = vec![context.behind_maker(people)];
    let mut counted = Vec::new();
    for (at, decision) in context.decisions.iter().enumerate() {
        let behind = people.behind(&decision.checker, &decision.act);
        if !seen.iter().any(|other| other.overlaps(&behind)) {
            counted.push(at);
            seen.push(behind);
        }
    }
    counted
}

fn is_for(decision: &Decision, approval: &Approval, number: usize, verdict: Verdict) -> bool {
    let fits = |stage: &Stage| !fitting(stage, &decision.capacities).is_empty();
    decision.stage == number && decision.verdict == verdict && approval.stages.get(number).is_some_and(fits)
}

/// The seats of `stage` that somebody with these capacities may sign for.
fn fitting(stage: &Stage, capacities: &[Capacity]) -> Vec<usize> {
    let fits = |who: &Capacity| capacities.iter().any(|own| own.fits(who));
    (0..stage.seats.len()).filter(|&at| fits(&stage.seats[at].who)).collect()
}

fn stage_progress(
    stage: &Stage,
    approvals: &[usize],
    context: &DecisionContext<'_>,
    minimum: u32,
) -> StageProgress {
    let fits: Vec<Vec<usize>> =
        approvals.iter().map(|&at| fitting(stage, &context.decisions[at].capacities)).collect();
    let missing = minimum.saturating_sub(count(approvals));
    let mut state = match stage.mode {
        Mode::All => all_seats(stage, fits, missing),
        Mode::Any(of) => any_seats(stage, &fits, of, missing),
    };
    state.needed.sort();
    state.needed.dedup();
    // A stage that asks for nobody is never complete.
    let asks = stage.people_needed() > 0 && !stage.seats.is_empty();
    state.is_complete = asks && state.needed.is_empty();
    state.decisions = approvals.to_vec();
    state
}

/// Each person signs for one seat, and is moved to another if that makes room for somebody else.
fn all_seats(stage: &Stage, fits: Vec<Vec<usize>>, missing: u32) -> StageProgress {
    let owner_of: Vec<usize> = (stage.seats.iter().enumerate())
        .flat_map(|(at, seat)| std::iter::repeat_n(at, seat.count as usize))
        .collect();
    let places = |seats: &[usize]| -> Vec<usize> {
        (0..owner_of.len()).filter(|&place| seats.contains(&owner_of[place])).collect()
    };
    let mut matching = Matching::new(owner_of.len());
    for seats in fits {
        matching.add(places(&seats));
    }
    let empty = owner_of.len() - matching.size();
    // Whoever fills an empty place counts for the minimum as well; only if still more people are missing
    // may somebody sign whose seat is filled.
    let lets_more_in = missing as usize > empty;
    let has_room = |at: usize| places(&[at]).first().is_some_and(|&place| matching.has_room_at(place));
    let numbered = || stage.seats.iter().enumerate();
    let needed = numbered().filter(|(at, _)| lets_more_in || has_room(*at));
    let got = |at: usize| {
        let taken = owner_of.iter().zip(&matching.partner).filter(|(own, by)| **own == at && by.is_some());
        u32::try_from(taken.count()).unwrap_or(u32::MAX)
    };
    let seats =
        numbered().map(|(at, seat)| SeatProgress { who: seat.who.clone(), count: seat.count, got: got(at) });
    StageProgress {
        name: stage.name.clone(),
        seats: seats.collect(),
        any: None,
        decisions: Vec::new(),
        is_complete: false,
        needed: needed.map(|(_, seat)| seat.who.clone()).collect(),
    }
}

/// Each person counts; each seat lists everybody who could sign for it.
fn any_seats(stage: &Stage, fits: &[Vec<usize>], of: u32, missing: u32) -> StageProgress {
    let got = |at: usize| fits.iter().filter(|seats| seats.contains(&at)).count();
    let seats = stage.seats.iter().enumerate().map(|(at, seat)| SeatProgress {
        who: seat.who.clone(),
        count: 0,
        got: u32::try_from(got(at)).unwrap_or(u32::MAX),
    });
    let is_open = count(fits) < of || missing > 0;
    let whos = stage.seats.iter().map(|seat| seat.who.clone());
    StageProgress {
        name: stage.name.clone(),
        seats: seats.collect(),
        any: Some((of, count(fits))),
        decisions: Vec::new(),
        is_complete: false,
        needed: if is_open { whos.collect() } else { Vec::new() },
    }
}

fn count<T>(of: &[T]) -> u32 {
    u32::try_from(of.len()).unwrap_or(u32::MAX)
}
