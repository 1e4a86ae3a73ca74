//! A policy for people: who must agree in a clause, and each rule as the stages that are drawn.

use crate::domain::actor::Permission;
use crate::domain::period;
use crate::domain::policy::people::People;
use crate::domain::policy::{Approval, Capacity, Mode, Rule, RuleOutcome, Seat, Stage};
use crate::domain::wording::capitalised;
use crate::web::html::Text;
use crate::web::parts::format::{RiskMark, number_of};

/// Boxes of one seat that are drawn.
const SLOTS_MAX: u32 = 8;

/// One rule, drawn.
pub struct RuleDrawing {
    /// Counted from 1.
    pub number: usize,
    /// Its name.
    pub name: Text,
    /// When it applies, as the file says it; `None` for always.
    pub condition: Option<Text>,
    /// How much is at stake.
    pub risk: RiskMark,
    /// One after another.
    pub steps: Vec<Step>,
    /// What else it says.
    pub notes: Vec<String>,
}

/// What stands between two arrows.
pub struct Step {
    /// What stands over several boxes; empty for one box.
    pub head: Text,
    /// The boxes.
    pub nodes: Vec<Node>,
}

/// One box.
pub struct Node {
    /// Its words.
    pub name: Text,
    /// The small words below.
    pub small: Text,
    /// How many people sign in it.
    pub slots: u32,
    /// Refused, sent, or in between.
    pub kind: NodeKind,
}

/// How a box is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Somebody does something.
    Plain,
    /// It ends here, and nothing is sent.
    Refused,
    /// It is sent.
    Sent,
}

impl Node {
    fn plain(name: impl Into<Text>, small: impl Into<Text>) -> Self {
        Self { name: name.into(), small: small.into(), slots: 0, kind: NodeKind::Plain }
    }

    /// The class beside `node`.
    pub fn class(&self) -> &'static str {
        match self.kind {
            NodeKind::Plain => "",
            NodeKind::Refused => " node-no",
            NodeKind::Sent => " node-end",
        }
    }
}

impl Step {
    fn one(node: Node) -> Self {
        Self { head: Text::default(), nodes: vec![node] }
    }
}

impl RuleDrawing {
    /// The rule at `number` of a type whose calls go to `host`.
    pub fn of(rule: &Rule, number: usize, people: &People, host: Option<&str>) -> Self {
        let sent =
            |small: String| Step::one(Node { kind: NodeKind::Sent, ..Node::plain("Sent once", small) });
        let to =
            host.map_or_else(|| "to the host that the request names".to_owned(), |host| format!("to {host}"));
        let mut notes = Vec::new();
        let mut steps = Vec::new();
        match &rule.outcome {
            RuleOutcome::Refuse { message } => {
                steps.push(Step::one(Node::plain("Submitted", "by anyone who may")));
                let refused =
                    Node { kind: NodeKind::Refused, ..Node::plain("Refused", format!("“{message}”")) };
                steps.push(Step::one(refused));
            }
            RuleOutcome::AutoApprove => {
                steps.push(Step::one(Node::plain("Submitted", "nobody has to agree")));
                steps.push(sent(to));
            }
            RuleOutcome::Stages(approval) => {
                steps.push(Step::one(Node::plain("Submitted", "the maker never signs")));
                let drawn =
                    (1..).zip(&approval.stages).map(|(number, stage)| stage_step(number, stage, people));
                steps.extend(drawn);
                steps.push(sent(to));
                notes = approval_notes(approval);
            }
        }
        if let Some(within) = rule.decide_within {
            notes.push(format!(
                "It should be decided within {}; being late changes nothing.",
                period::words(within)
            ));
        }
        Self {
            number,
            name: rule.name.as_str().into(),
            condition: rule.when.as_ref().map(|condition| condition.source().into()),
            risk: RiskMark(rule.risk),
            steps,
            notes,
        }
    }
}

fn approval_notes(approval: &Approval) -> Vec<String> {
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

fn stage_step(number: usize, stage: &Stage, people: &People) -> Step {
    if let ([seat], Mode::All) = (stage.seats.as_slice(), stage.mode) {
        let node = Node::plain(format!("{number}. {}", stage.name), seat_words(seat, people));
        return Step::one(Node { slots: seat.count.min(SLOTS_MAX), ..node });
    }
    let (head, slots): (String, fn(&Seat) -> u32) = match stage.mode {
        Mode::All => ("side by side, each of them".to_owned(), |seat| seat.count.min(SLOTS_MAX)),
        Mode::Any(count) => (format!("any {} of these people", number_word(count)), |_| 0),
    };
    let node = |seat: &Seat| {
        let small = match stage.mode {
            Mode::All => seat_words(seat, people),
            Mode::Any(_) => who_words(&seat.who, people).unwrap_or_default(),
        };
        Node { slots: slots(seat), ..Node::plain(name_of(&seat.who), small) }
    };
    Step {
        head: format!("{number}. {}: {head}", stage.name).into(),
        nodes: stage.seats.iter().map(node).collect(),
    }
}

/// `one of Risk, 3 people`.
fn seat_words(seat: &Seat, people: &People) -> String {
    let who = seat_clause(seat);
    who_words(&seat.who, people).map_or_else(|| who.clone(), |known| format!("{who}, {known}"))
}

/// How many people the people file has for it; nothing if only tokens tell.
fn who_words(who: &Capacity, people: &People) -> Option<String> {
    match who {
        Capacity::Group(name) => {
            let known = people.members(name);
            (known > 0).then(|| number_of(known, "person", "people"))
        }
        Capacity::ClaimedGroup(_) | Capacity::Permission(_) => None,
    }
}

fn name_of(who: &Capacity) -> &str {
    match who {
        Capacity::Permission(Permission::Check) => "Any checker",
        Capacity::Group(_) | Capacity::ClaimedGroup(_) | Capacity::Permission(_) => who.name(),
    }
}

/// Who must agree by a rule, as a clause: `one of Risk, then two of Finance and one of Operations`.
pub fn who_agrees(outcome: &RuleOutcome) -> String {
    match outcome {
        RuleOutcome::Refuse { .. } => "refused".to_owned(),
        RuleOutcome::AutoApprove => "nobody, checks only".to_owned(),
        RuleOutcome::Stages(approval) => {
            let stages: Vec<String> = approval.stages.iter().map(stage_clause).collect();
            let people =
                people_in_all(approval).map(|people| format!("; {people} in all")).unwrap_or_default();
            format!("{}{people}", stages.join(", then "))
        }
    }
}

/// `at least four people`, if the rule asks for more of them than its stages do.
fn people_in_all(approval: &Approval) -> Option<String> {
    let least = approval.min_distinct_people;
    (least > approval.people_needed()).then(|| format!("at least {} different people", number_word(least)))
}

fn stage_clause(stage: &Stage) -> String {
    match stage.mode {
        Mode::All => stage.seats.iter().map(seat_clause).collect::<Vec<_>>().join(" and "),
        Mode::Any(count) => {
            let names: Vec<&str> = stage.seats.iter().map(|seat| plural_of(&seat.who)).collect();
            format!("any {} of {}", number_word(count), names.join(", "))
        }
    }
}

fn seat_clause(seat: &Seat) -> String {
    let number = number_word(seat.count);
    match (&seat.who, seat.count) {
        (Capacity::Permission(Permission::Check), 1) => format!("{number} checker"),
        (Capacity::Permission(Permission::Check), _) => format!("{number} checkers"),
        (Capacity::Permission(permission), _) => format!("{number} with {}", permission.name()),
        (Capacity::Group(name) | Capacity::ClaimedGroup(name), _) => format!("{number} of {name}"),
    }
}

fn plural_of(who: &Capacity) -> &str {
    match who {
        Capacity::Permission(Permission::Check) => "all checkers",
        Capacity::Group(_) | Capacity::ClaimedGroup(_) | Capacity::Permission(_) => who.name(),
    }
}

fn number_word(number: u32) -> String {
    const WORDS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
    let word = usize::try_from(number).ok().and_then(|number| WORDS.get(number.checked_sub(1)?));
    word.map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Policy;
    use crate::domain::policy::people::PersonEntry;
    use crate::web::sample;

    fn drawn(number: usize, people: &People) -> RuleDrawing {
        let refund = sample::refund();
        RuleDrawing::of(&refund.policy.rules[number - 1], number, people, Some("payments.example.com"))
    }

    /// A drawing on one line: `[Submitted: …] > [1. Risk: …]`.
    fn line(rule: &RuleDrawing) -> String {
        let node = |node: &Node| {
            format!(
                "[{}{}]",
                node.name.raw(),
                if node.small.is_empty() { String::new() } else { format!(": {}", node.small.raw()) }
            )
        };
        let step = |step: &Step| {
            let nodes: String = step.nodes.iter().map(node).collect();
            if step.head.is_empty() { nodes } else { format!("({} {nodes})", step.head.raw()) }
        };
        rule.steps.iter().map(step).collect::<Vec<_>>().join(" > ")
    }

    #[test]
    fn a_policy_in_words_names_who_and_how_many() {
        let refund = sample::refund();
        let words: Vec<String> = refund.policy.rules.iter().map(|rule| who_agrees(&rule.outcome)).collect();
        assert_eq!(
            words,
            [
                "refused",
                "one of Risk, then two of Finance and one of Operations; at least five different people in all",
                "nobody, checks only",
                "any two of Finance, all checkers",
            ]
        );
        assert_eq!(who_agrees(&Policy::one_checker().rules[0].outcome), "one checker");
    }

    #[test]
    fn stages_follow_one_another_and_seats_of_one_stage_stand_side_by_side() {
        let rule = drawn(2, &People::none());
        assert_eq!(
            line(&rule),
            "[Submitted: the maker never signs] > [1. Risk: one of Risk] > \
             (2. Finance and Operations: side by side, each of them [Finance: two of Finance]\
             [Operations: one of Operations]) > [Sent once: to payments.example.com]"
        );
        let slots: Vec<u32> = rule.steps.iter().flat_map(|step| &step.nodes).map(|node| node.slots).collect();
        assert_eq!(slots, [0, 1, 2, 1, 0]);
        assert_eq!(
            rule.notes,
            [
                "One rejection ends it.",
                "At least five different people have approved in all.",
                "Who approves has signed in within the last 10 minutes.",
                "It should be decided within 4 hours; being late changes nothing.",
            ]
        );
    }

    #[test]
    fn a_limit_refuses_and_a_small_sum_asks_for_nobody() {
        assert_eq!(
            line(&drawn(1, &People::none())),
            "[Submitted: by anyone who may] > [Refused: “Nobody refunds more than 10000 a day.”]"
        );
        assert_eq!(
            line(&drawn(3, &People::none())),
            "[Submitted: nobody has to agree] > [Sent once: to payments.example.com]"
        );
    }

    #[test]
    fn members_that_the_people_file_knows_are_counted() {
        let entry = |name: &str| PersonEntry {
            name: name.to_owned(),
            accounts: vec![name.to_owned()],
            groups: vec!["Finance".to_owned()],
            active: true,
            owners: Vec::new(),
        };
        let people = People::new(vec![entry("anna"), entry("bob")]).unwrap();
        assert_eq!(
            line(&drawn(4, &people)),
            "[Submitted: the maker never signs] > (1. Two of: any two of these people [Finance: 2 people]\
             [Any checker]) > [Sent once: to payments.example.com]"
        );
    }
}
