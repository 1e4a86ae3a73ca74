//! Who must agree by a policy, in words: its stages and seats, what happens before and after them, and what else a rule
//! says.

use chrono::TimeDelta;

use crate::domain::actor::Permission;
use crate::domain::period;
use crate::domain::policy::{Approval, Capacity, Mode, RuleOutcome, Seat, Stage};
use crate::domain::wording::capitalised;
use crate::web::parts::format::number_of;

/// Who must agree by a rule, as a clause: `one of Risk, then two of Finance and one of Operations`.
pub fn who_agrees(outcome: &RuleOutcome) -> String {
    match outcome {
        RuleOutcome::Refuse { .. } => "refused".to_owned(),
        RuleOutcome::AutoApprove => "nobody, checks only".to_owned(),
        RuleOutcome::Stages(approval) => {
            let stages: Vec<String> = approval.stages.iter().map(stage_clause).collect();
            let people = people_in_all(approval).map(|people| format!("; {people} in all"));
            format!("{}{}", stages.join(", then "), people.unwrap_or_default())
        }
    }
}

fn stage_clause(stage: &Stage) -> String {
    match stage.mode {
        Mode::All => {
            let seats: Vec<String> =
                stage.seats.iter().map(|Seat { who, count }| seat_clause(who, *count)).collect();
            seats.join(" and ")
        }
        Mode::Any(count) => {
            let names: Vec<&str> = stage.seats.iter().map(|seat| named(&seat.who, "all checkers")).collect();
            format!("any {} of {}", number_word(count), names.join(", "))
        }
    }
}

/// `two of Finance`.
pub fn seat_clause(who: &Capacity, count: u32) -> String {
    let number = number_word(count);
    match (who, count) {
        (Capacity::Permission(Permission::Check), 1) => format!("{number} checker"),
        (Capacity::Permission(Permission::Check), _) => format!("{number} checkers"),
        (Capacity::Permission(permission), _) => format!("{number} with {}", permission.name()),
        (Capacity::Account(name), _) => name.clone(),
        (Capacity::Group(name) | Capacity::ClaimedGroup(name), _) => format!("{number} of {name}"),
    }
}

/// The heading of a box for this seat alone.
pub fn seat_heading(who: &Capacity) -> &str {
    named(who, "Any checker")
}

fn named<'s>(who: &'s Capacity, checkers: &'s str) -> &'s str {
    match who {
        Capacity::Permission(Permission::Check) => checkers,
        Capacity::Group(_) | Capacity::ClaimedGroup(_) | Capacity::Permission(_) | Capacity::Account(_) => {
            who.name()
        }
    }
}

/// `at least four different people`, if the rule asks for more of them than its stages do.
fn people_in_all(approval: &Approval) -> Option<String> {
    let least = approval.min_distinct_people;
    (least > approval.people_needed()).then(|| format!("at least {} different people", number_word(least)))
}

/// `2 people from Finance, not you`: a line of a stage for the maker.
pub fn for_the_maker(count: u32, from: &str) -> String {
    let people = number_of(usize::try_from(count).unwrap_or(usize::MAX), "person", "people");
    format!("{people} from {from}, not you")
}

/// How a request of a rule begins: under the box of its submission.
pub fn how_it_begins(outcome: &RuleOutcome) -> &'static str {
    match outcome {
        RuleOutcome::Refuse { .. } => "by anyone who may",
        RuleOutcome::AutoApprove => "nobody has to agree",
        RuleOutcome::Stages(_) => "the maker never signs",
    }
}

/// Where the call goes; `None` for a type whose requests name the host themselves.
pub fn sent_to(host: Option<&str>) -> String {
    format!("to {}", host.unwrap_or(ANY_HOST))
}

/// The host of a type whose requests name it themselves.
pub const ANY_HOST: &str = "the host that the request names";

/// How the seats of a stage go together: `2. Finance: any two of these people`.
pub fn stage_heading(number: usize, name: &str, mode: Mode) -> String {
    let together = match mode {
        Mode::All => "side by side, each of them".to_owned(),
        Mode::Any(count) => format!("any {} of these people", number_word(count)),
    };
    format!("{number}. {name}: {together}")
}

/// How many people the people file has for a seat: `3 people`.
pub fn known_people(count: usize) -> String {
    number_of(count, "person", "people")
}

/// What else an approval asks for, a sentence each.
pub fn approval_notes(approval: &Approval) -> Vec<String> {
    let mut notes = vec![match approval.rejections {
        1 => "One rejection ends it.".to_owned(),
        more => format!("It ends after {more} rejections."),
    }];
    if let Some(people) = people_in_all(approval) {
        notes.push(format!("{} have approved in all.", capitalised(&people)));
    }
    if let Some(within) = approval.fresh_sign_in {
        notes.push(format!("Who approves has signed in within the last {}.", period::words(within)));
    }
    notes
}

/// Until when a rule wants a decision.
pub fn decide_within(within: TimeDelta) -> String {
    format!("It should be decided within {}; being late changes nothing.", period::words(within))
}

/// `two`; digits beyond six.
pub fn number_word(number: u32) -> String {
    const WORDS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
    let word = usize::try_from(number).ok().and_then(|number| WORDS.get(number.checked_sub(1)?));
    word.map_or_else(|| number.to_string(), |word| (*word).to_owned())
}
