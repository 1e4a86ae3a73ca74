//! Who is still needed: one box for each person, and the same in words.

use crate::domain::actor::Permission;
use crate::domain::policy::Capacity;
use crate::domain::policy::outlook::GroupMembers;
use crate::domain::policy::progress::{Progress, StageProgress};
use crate::engine::explain::Explanation;
use crate::web::parts::who::Names;
use crate::web::sentences::policies::number_word;
use crate::web::sentences::seats::{and_list, or_list, seat_name};

/// The most names of a group that a sentence tells.
const NAMES_MAX: usize = 4;

/// One person who is still needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBox {
    /// What they could sign as: any of these.
    pub who: Vec<Capacity>,
    /// Whether somebody has signed this part already.
    pub is_more: bool,
}

/// The people who are still needed for a stage of a request, one after another.
pub fn open_boxes(progress: &Progress, number: usize) -> Vec<OpenBox> {
    let Some(stage) = progress.stages.get(number).filter(|stage| !stage.is_complete) else {
        return Vec::new();
    };
    let is_last = number + 1 == progress.stages.len();
    let beyond = if is_last { progress.people_beyond_seats() } else { 0 };
    let mut boxes = of_seats(stage);
    let anybody: Vec<Capacity> = stage.seats.iter().map(|seat| seat.who.clone()).collect();
    boxes.extend((0..beyond).map(|_| OpenBox { who: anybody.clone(), is_more: true }));
    boxes
}

fn of_seats(stage: &StageProgress) -> Vec<OpenBox> {
    if let Some((of, got)) = stage.any {
        let who: Vec<Capacity> = stage.seats.iter().map(|seat| seat.who.clone()).collect();
        let one = OpenBox { who, is_more: got > 0 };
        return (got..of).map(|_| one.clone()).collect();
    }
    let of_seat = stage.seats.iter().flat_map(|seat| {
        let one = OpenBox { who: vec![seat.who.clone()], is_more: seat.got > 0 };
        (seat.got..seat.count).map(move |_| one.clone())
    });
    of_seat.collect()
}

/// What a box says: `Risk`, `Finance, Loyalty or Risk`.
pub fn box_words(one: &OpenBox, names: &Names) -> String {
    match one.who.as_slice() {
        [one] => seat_name(one, names),
        several => or_list(several, names),
    }
}

/// `Risk`, `two of Finance and a checker`, `one more of Finance, Loyalty or Risk`.
fn needs(boxes: &[OpenBox], names: &Names) -> String {
    let mut parts: Vec<(u32, &OpenBox)> = Vec::new();
    for one in boxes {
        match parts.iter_mut().find(|(_, known)| *known == one) {
            Some((count, _)) => *count += 1,
            None => parts.push((1, one)),
        }
    }
    let words: Vec<String> = parts.into_iter().map(|(count, one)| phrase(count, one, names)).collect();
    and_list(&words)
}

fn phrase(count: u32, OpenBox { who, is_more }: &OpenBox, names: &Names) -> String {
    let number = number_word(count);
    match (who.as_slice(), count, is_more) {
        ([Capacity::Permission(Permission::Check)], 1, true) => "one more checker".to_owned(),
        ([Capacity::Permission(Permission::Check)], 2.., true) => format!("{number} more checkers"),
        ([Capacity::Permission(Permission::Check)], 2.., false) => format!("{number} checkers"),
        ([one], 0 | 1, false) => seat_name(one, names),
        (several, _, true) => format!("{number} more of {}", or_list(several, names)),
        (several, _, false) => format!("{number} of {}", or_list(several, names)),
    }
}

/// What is needed from its current stage on: `one more of Finance or Risk, then Treasury`. Empty once it is nothing.
fn all_needs(progress: &Progress, names: &Names) -> String {
    let stages = (0..progress.stages.len()).map(|number| needs(&open_boxes(progress, number), names));
    stages.filter(|needed| !needed.is_empty()).collect::<Vec<_>>().join(", then ")
}

/// What is still needed once the reader has approved it; `None` if theirs is the last signature.
pub fn still_needed_after_mine(explained: &Explanation, names: &Names) -> Option<String> {
    let after = explained.after_approval.as_ref().filter(|after| !after.approved)?;
    let needed = all_needs(after, names);
    Some(if needed.is_empty() { "another person".to_owned() } else { needed })
}

/// `Finance and Treasury`: whoever its current stage needs now.
pub fn waiting_words(progress: &Progress, names: &Names) -> String {
    needs(&open_boxes(progress, progress.stage), names)
}

/// `It waits for Risk: Chen Wei, Uwe Haas.` Empty once nobody is needed.
pub fn waits_for(progress: &Progress, members: &[GroupMembers], names: &Names) -> String {
    let boxes = open_boxes(progress, progress.stage);
    if boxes.is_empty() {
        return String::new();
    }
    let needed = needs(&boxes, names);
    let told = members_of(&boxes, members);
    match (told.as_slice(), boxes.iter().all(|one| one.who.len() == 1 && one.who == boxes[0].who)) {
        ([(_, people)], true) => format!("It waits for {needed}: {people}."),
        (told, _) => {
            let people: String = told.iter().map(|(group, people)| format!(" {group}: {people}.")).collect();
            format!("It waits for {needed}.{people}")
        }
    }
}

/// The groups of these boxes of which the people file names somebody, each with who could sign: `Chen Wei, Uwe Haas`.
fn members_of(boxes: &[OpenBox], members: &[GroupMembers]) -> Vec<(String, String)> {
    let is_asked = |group: &str| {
        boxes.iter().flat_map(|one| &one.who).any(|who| match who {
            Capacity::Group(name) | Capacity::ClaimedGroup(name) => name == group,
            Capacity::Permission(_) | Capacity::Account(_) => false,
        })
    };
    let asked = members.iter().filter(|members| is_asked(&members.group) && !members.names.is_empty());
    asked.map(|members| (members.group.clone(), bounded(&members.names))).collect()
}

/// The people of one stage by group: `Risk: Chen Wei, Uwe Haas`.
pub fn member_lines(boxes: &[OpenBox], members: &[GroupMembers]) -> Vec<String> {
    members_of(boxes, members).into_iter().map(|(group, people)| format!("{group}: {people}")).collect()
}

/// `Chen Wei, Uwe Haas and 4 more`.
fn bounded(people: &[String]) -> String {
    match people.len().checked_sub(NAMES_MAX) {
        // One more name is as short as the words that leave it out.
        None | Some(0 | 1) => people.join(", "),
        Some(more) => format!("{} and {more} more", people[..NAMES_MAX].join(", ")),
    }
}
