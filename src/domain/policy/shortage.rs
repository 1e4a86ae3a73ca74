//! Whether enough people are left to complete a request or a stage, as far as the people file can tell.
//!
//! Nothing here keeps somebody in office: a shortage is told, and refuses new submissions of its rule.

use super::matching::Matching;
use super::people::{Behind, People, PersonEntry};
use super::progress::{DecisionContext, PolicyInForce, StageProgress, progress};
use super::{Capacity, Mode, Stage};

/// The most people of whom a shortage says why they can't sign.
const PEOPLE_TOLD_MAX: usize = 5;

/// Nobody is left who could complete a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The stage's name.
    pub stage: String,
    /// The groups whose members are missing.
    pub groups: Vec<String>,
    /// Who is in these groups and can't sign, each with the reason: `Finn Berg is switched off`.
    pub people: Vec<String>,
}

impl Shortage {
    /// A clause that says what is missing.
    pub fn clause(&self) -> String {
        format!(
            "stage {} can't be filled now: the people file names too few active people of {} beside the maker \
             and those whom the other seats need",
            self.stage,
            self.groups.join(", "),
        )
    }

    /// Sentences that say what is missing, and who could help.
    pub fn sentence(&self) -> String {
        let people = match self.people.as_slice() {
            [] => String::new(),
            people => format!(" {}.", people.join(", ")),
        };
        format!(
            "Nobody is left who could complete stage {}.{people} Whoever keeps the people file can add somebody to {}.",
            self.stage,
            self.groups.join(" or "),
        )
    }
}

/// What is missing to complete a request that waits; `None` if enough people are left.
///
/// Counted are active people other than the maker and those who have decided, each of them once in the whole request.
/// A stage with a seat for a permission counts as fillable: no list says who has that permission.
pub fn shortage(context: &DecisionContext<'_>, policy: &PolicyInForce<'_>) -> Option<Shortage> {
    let PolicyInForce { approval, people } = *policy;
    let state = progress(context, policy);
    if people.is_empty() || state.approved || state.rejected {
        return None;
    }
    let bystanders = Bystanders::of(context, people);
    let is_free = |person: &Vec<&PersonEntry>| person.iter().all(|entry| bystanders.why_not(entry).is_none());
    let free: Vec<Vec<&PersonEntry>> = people.active_people().into_iter().filter(is_free).collect();
    let mut matching = Matching::new(free.len());
    for (number, stage) in approval.stages.iter().enumerate().skip(state.stage) {
        if !stage.seats.iter().all(|seat| matches!(seat.who, Capacity::Group(_))) {
            continue;
        }
        let is_last = number + 1 == approval.stages.len();
        let extra = if is_last { state.people_beyond_seats() } else { 0 };
        for (seats, count) in people_asked_for(stage, &state.stages[number], extra) {
            let members: Vec<usize> =
                (0..free.len()).filter(|&at| free[at].iter().any(|entry| is_in(entry, &seats))).collect();
            for _ in 0..count {
                if !matching.add(members.clone()) {
                    return Some(Shortage {
                        stage: stage.name.clone(),
                        groups: seats.iter().map(|who| who.name().to_owned()).collect(),
                        people: bystanders.told(&seats),
                    });
                }
            }
        }
    }
    None
}

/// The people who can't sign, whatever seat is free.
pub(super) struct Bystanders<'a> {
    people: &'a People,
    maker: Behind<'a>,
    decided: Vec<Behind<'a>>,
}

impl<'a> Bystanders<'a> {
    pub(super) fn of(context: &DecisionContext<'a>, people: &'a People) -> Self {
        let decided =
            context.decisions.iter().map(|decision| people.behind(&decision.checker, &decision.act));
        Self { people, maker: context.behind_maker(people), decided: decided.collect() }
    }

    /// Why this one can't; `None` if they might.
    pub(super) fn why_not(&self, entry: &PersonEntry) -> Option<&'static str> {
        if !entry.active {
            return Some("is switched off");
        }
        if self.people.is_behind(entry, &self.maker) {
            return Some("stands behind the maker");
        }
        let has_decided = self.decided.iter().any(|behind| self.people.is_behind(entry, behind));
        has_decided.then_some("has decided it")
    }

    /// Everybody of these groups, with why they can't sign.
    fn told(&self, seats: &[&Capacity]) -> Vec<String> {
        let members = self.people.entries().iter().filter(|entry| !entry.is_service() && is_in(entry, seats));
        let told = |entry: &PersonEntry| {
            let why = self.why_not(entry).unwrap_or("is needed for another seat");
            format!("{} {why}", entry.name)
        };
        members.take(PEOPLE_TOLD_MAX).map(told).collect()
    }
}

/// The seats of a stage, and how many more people each of them asks for.
fn people_asked_for<'s>(
    stage: &'s Stage,
    state: &StageProgress,
    extra: u32,
) -> Vec<(Vec<&'s Capacity>, u32)> {
    let anybody: Vec<&Capacity> = stage.seats.iter().map(|seat| &seat.who).collect();
    let mut asked: Vec<(Vec<&Capacity>, u32)> = match state.any {
        Some((of, got)) => vec![(anybody.clone(), of.saturating_sub(got))],
        None => {
            let seats = stage.seats.iter().zip(&state.seats);
            seats.map(|(seat, state)| (vec![&seat.who], state.count.saturating_sub(state.got))).collect()
        }
    };
    asked.push((anybody, extra));
    asked
}

fn is_in(entry: &PersonEntry, seats: &[&Capacity]) -> bool {
    seats.iter().any(|who| entry.groups.iter().any(|group| group == who.name()))
}

/// Why a stage can't be filled, whoever submits: the number of the seat, where it is one, and what to do. Says nothing
/// of groups that the people file does not name, where it names others of the stage: they may come from tokens.
pub fn cannot_be_filled(stage: &Stage, people: &People) -> Option<(Option<usize>, String)> {
    if people.is_empty() {
        return None;
    }
    let mut groups = Vec::new();
    for seat in &stage.seats {
        let Capacity::Group(group) = &seat.who else { return None };
        groups.push((group.as_str(), seat.count));
    }
    let is_known =
        |group: &str| people.entries().iter().any(|entry| entry.groups.iter().any(|own| own == group));
    let named: Vec<&str> = groups.iter().map(|(group, _)| *group).collect();
    if named.iter().all(|group| !is_known(group)) {
        let message = format!("Name a group of the people file; nobody is in {}.", named.join(" or "));
        return Some((None, message));
    }
    if named.iter().any(|group| !is_known(group)) {
        return None;
    }
    let short = groups.iter().enumerate().find(|(_, (group, count))| {
        stage.mode == Mode::All && people.members(group) < usize::try_from(*count).unwrap_or(usize::MAX)
    });
    if let Some((seat, (group, count))) = short {
        return Some((Some(seat), too_few(group, *count as usize, people.members(group))));
    }
    let is_in = |groups: &[String]| groups.iter().any(|own| named.contains(&own.as_str()));
    let active = people.active_people();
    let active = active.iter().filter(|person| person.iter().any(|entry| is_in(&entry.groups))).count();
    let needed = usize::try_from(stage.people_needed()).unwrap_or(usize::MAX);
    (active < needed).then(|| (None, too_few(&named.join(" or "), needed, active)))
}

fn too_few(groups: &str, needed: usize, active: usize) -> String {
    format!("Ask for fewer, or add people to {groups}: {needed} needed, {active} active.")
}
