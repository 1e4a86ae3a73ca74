//! Checks that need more than the type itself: targets, people, settings.

use crate::domain::allowed_targets::Targets;
use crate::domain::fault::DefinitionFault;
use crate::domain::policy::condition::{ITEMS_MAX, items_within_budget};
use crate::domain::policy::people::People;
use crate::domain::policy::shortage::cannot_be_filled;
use crate::domain::policy::{Capacity, Seat, Stage};
use crate::domain::request_type::RequestType;
use crate::domain::sample::try_out;

/// What a type is checked against.
#[derive(Clone, Copy, Debug)]
pub struct LintContext<'a> {
    /// The people file; `None` if it can't be read: what needs it is not checked.
    pub people: Option<&'a People>,
    /// Where calls may go; `None` if that is not known.
    pub targets: Option<&'a Targets>,
    /// Whether the credential that a type names must be among those of the targets.
    pub needs_credentials: bool,
}

/// What only the context of a type shows.
#[derive(Debug, Default)]
pub struct Linted {
    /// Every fault: the type can't be used.
    pub faults: Vec<DefinitionFault>,
    /// What people should look at, though the type can be used.
    pub warnings: Vec<DefinitionFault>,
}

/// Everything that only the context of a type shows.
pub fn check(read: &RequestType, around: LintContext<'_>) -> Linted {
    let nobody = People::none();
    let tried = try_out(read, around.people.unwrap_or(&nobody));
    let mut faults = read.unsendable();
    if let (Some(target), Some(targets)) = (&read.target, around.targets)
        && targets.find(target).is_none()
    {
        let message = format!("Name a target of the configuration's list; {target} is not on it.");
        faults.push(fault("/call/target", message));
    }
    faults.extend(
        around.targets.filter(|_| around.needs_credentials).and_then(|all| read.credential_fault(all)),
    );
    if read.recheck_at_execution && around.people.is_some_and(People::is_empty) {
        let wish = "Write false, or configure a people file (people.file): without one there is nothing to \
                    look at again.";
        faults.push(fault("/recheck_at_execution", wish));
    }
    // A sample would only say the same again.
    if faults.is_empty() {
        faults.extend(tried.faults);
    }
    if let Some(people) = around.people {
        for (pointer, stage) in read.policy.stages() {
            faults.extend(unlisted_accounts(stage, &pointer, people));
        }
    }
    let mut warnings = warnings(read, around.people);
    warnings.extend(tried.notes);
    Linted { faults, warnings }
}

/// Nobody being left who can sign is no fault: it must never keep a person in office.
fn warnings(read: &RequestType, people: Option<&People>) -> Vec<DefinitionFault> {
    let told = |(pointer, stage): (String, &Stage)| {
        let (seat, message) = cannot_be_filled(stage, people?)?;
        let at = seat.map_or_else(|| pointer.clone(), |seat| format!("{pointer}/seats/{seat}"));
        Some(fault(at, message))
    };
    let mut found: Vec<DefinitionFault> = read.policy.stages().filter_map(told).collect();
    if read.has_free_subject() == Some(true) {
        let wish = "Its schema takes any text, so one subject may be spelled in several ways, and each is counted for \
                    itself. Give it a pattern, a format or an enum.";
        found.push(fault("/subject", wish));
    }
    let conditions = read.policy.rules.iter().filter_map(|rule| rule.when.as_ref());
    if let Some(items) = items_within_budget(conditions, ITEMS_MAX) {
        let message = format!(
            "Ask less of each item: with a list of more than about {items} items the conditions take more steps than \
             they may, and the submission is refused."
        );
        found.push(fault("/policy", message));
    }
    found
}

/// The seats for accounts that no entry lists, letter by letter: nobody could take them.
fn unlisted_accounts(stage: &Stage, pointer: &str, people: &People) -> Vec<DefinitionFault> {
    let unlisted = |(number, seat): (usize, &Seat)| match &seat.who {
        Capacity::Account(account) if !people.lists(account) => {
            let message =
                format!("Name an account of the people file, as it is spelled there; {account} is none.");
            Some(fault(format!("{pointer}/seats/{number}/account"), message))
        }
        Capacity::Account(_) | Capacity::Group(_) | Capacity::ClaimedGroup(_) | Capacity::Permission(_) => {
            None
        }
    };
    stage.seats.iter().enumerate().filter_map(unlisted).collect()
}

fn fault(at: impl Into<String>, message: impl Into<String>) -> DefinitionFault {
    DefinitionFault::new(at, message)
}
