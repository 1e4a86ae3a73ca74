//! Checks that need more than the type itself: targets, people, settings.

use crate::domain::allowed_targets::Targets;
use crate::domain::fault::DefinitionFault;
use crate::domain::policy::people::People;
use crate::domain::policy::{Capacity, Mode, RuleOutcome, Stage};
use crate::domain::request_type::RequestType;

/// What a type is checked against.
#[derive(Clone, Copy, Debug)]
pub struct LintContext<'a> {
    /// The people file.
    pub people: &'a People,
    /// Where calls may go; `None` if that is not known.
    pub targets: Option<&'a Targets>,
}

/// Every fault of a type that only its context shows.
pub fn check(read: &RequestType, around: LintContext<'_>) -> Vec<DefinitionFault> {
    let mut faults = Vec::new();
    if let (Some(target), Some(targets)) = (&read.target, around.targets)
        && targets.find(target).is_none()
    {
        let message = format!("Name a target of the configuration's list; {target} is not on it.");
        faults.push(fault("/call/target", message));
    }
    if read.recheck_at_execution && around.people.is_empty() {
        let wish = "Write false, or configure a people file (people.file): without one there is nothing to \
                    look at again.";
        faults.push(fault("/recheck_at_execution", wish));
    }
    if !around.people.is_empty() {
        for (pointer, stage) in stages(read) {
            faults.extend(unreachable(stage, &pointer, around.people));
        }
    }
    faults
}

/// Every stage with its JSON pointer.
fn stages(read: &RequestType) -> Vec<(String, &Stage)> {
    let mut found = Vec::new();
    for (number, rule) in read.policy.rules.iter().enumerate() {
        if let RuleOutcome::Stages(approval) = &rule.outcome {
            let pointer = |stage| format!("/policy/{number}/stages/{stage}");
            found.extend(approval.stages.iter().enumerate().map(|(at, stage)| (pointer(at), stage)));
        }
    }
    found
}

/// Why the stage cannot be filled, as far as the people file knows its groups. A group that the file does not
/// name may come from tokens.
fn unreachable(stage: &Stage, pointer: &str, people: &People) -> Option<DefinitionFault> {
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
        return Some(fault(pointer, message));
    }
    if named.iter().any(|group| !is_known(group)) {
        return None;
    }
    let short = groups.iter().enumerate().find(|(_, (group, count))| {
        stage.mode == Mode::All && people.members(group) < usize::try_from(*count).unwrap_or(usize::MAX)
    });
    if let Some((seat, (group, count))) = short {
        let active = people.members(group);
        let message = format!("Ask for fewer, or add people to {group}: {count} needed, {active} active.");
        return Some(fault(format!("{pointer}/seats/{seat}"), message));
    }
    let is_in = |groups: &[String]| groups.iter().any(|own| named.contains(&own.as_str()));
    let active = people.active_people().filter(|entry| is_in(&entry.groups)).count();
    let needed = usize::try_from(stage.people_needed()).unwrap_or(usize::MAX);
    let message =
        format!("Ask for fewer, or add people to {}: {needed} needed, {active} active.", named.join(" or "));
    (active < needed).then(|| fault(pointer, message))
}

fn fault(at: impl Into<String>, message: impl Into<String>) -> DefinitionFault {
    DefinitionFault::new(at, message)
}
