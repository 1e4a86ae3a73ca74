//! A policy for people: who must agree in a clause, and each rule as the stages that are drawn.

use crate::domain::policy::people::People;
use crate::domain::policy::{Capacity, Mode, Rule, RuleOutcome};
use crate::web::parts::approval_view::{ApprovalView, SeatView, StageView};
use crate::web::parts::format::RiskMark;
use crate::web::sentences::policies::{self, seat_clause, seat_heading};

/// Boxes of one seat that are drawn.
const SLOTS_MAX: u32 = 8;

/// One rule, drawn.
pub struct RuleDrawing {
    /// Counted from 1.
    pub number: usize,
    pub name: String,
    /// When it applies, as the file says it; `None` for always.
    pub condition: Option<String>,
    pub risk: RiskMark,
    pub steps: Vec<Step>,
    pub notes: Vec<String>,
}

/// What is between two arrows.
pub struct Step {
    /// The heading over several boxes; empty for one box.
    pub head: String,
    pub nodes: Vec<Node>,
}

/// One box.
pub struct Node {
    pub name: String,
    /// The small words below.
    pub small: String,
    /// How many people sign in it.
    pub slots: u32,
    /// Refused, sent, or in between.
    pub kind: NodeKind,
}

/// How a box is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A person does something.
    Plain,
    /// It ends here, and nothing is sent.
    Refused,
    Sent,
}

impl Node {
    fn plain(name: impl Into<String>, small: impl Into<String>) -> Self {
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
        Self { head: String::new(), nodes: vec![node] }
    }
}

impl RuleDrawing {
    /// The rule at `number` of a type whose calls go to `host`.
    pub fn of(rule: &Rule, number: usize, people: &People, host: Option<&str>) -> Self {
        let sent =
            |small: String| Step::one(Node { kind: NodeKind::Sent, ..Node::plain("Sent once", small) });
        let to = policies::sent_to(host);
        let mut notes = Vec::new();
        let mut steps = vec![Step::one(Node::plain("Submitted", policies::how_it_begins(&rule.outcome)))];
        match &rule.outcome {
            RuleOutcome::Refuse { message } => {
                let refused =
                    Node { kind: NodeKind::Refused, ..Node::plain("Refused", format!("“{message}”")) };
                steps.push(Step::one(refused));
            }
            RuleOutcome::AutoApprove => steps.push(sent(to)),
            RuleOutcome::Stages(approval) => {
                let view = ApprovalView::unsigned(approval);
                let drawn = (1..).zip(&view.stages).map(|(number, stage)| stage_step(number, stage, people));
                steps.extend(drawn);
                steps.push(sent(to));
                notes = policies::approval_notes(approval);
            }
        }
        notes.extend(rule.decide_within.map(policies::decide_within));
        Self {
            number,
            name: rule.name.clone(),
            condition: rule.when.as_ref().map(|condition| condition.source().into()),
            risk: RiskMark(rule.risk),
            steps,
            notes,
        }
    }
}

fn stage_step(number: usize, stage: &StageView, people: &People) -> Step {
    if let ([seat], Mode::All) = (stage.seats.as_slice(), stage.mode) {
        let node = Node::plain(format!("{number}. {}", stage.name), seat_words(seat, people));
        return Step::one(Node { slots: seat.count.min(SLOTS_MAX), ..node });
    }
    let slots: fn(&SeatView) -> u32 = match stage.mode {
        Mode::All => |seat| seat.count.min(SLOTS_MAX),
        Mode::Any(_) => |_| 0,
    };
    let node = |seat: &SeatView| {
        let small = match stage.mode {
            Mode::All => seat_words(seat, people),
            Mode::Any(_) => who_words(&seat.who, people).unwrap_or_default(),
        };
        Node { slots: slots(seat), ..Node::plain(seat_heading(&seat.who), small) }
    };
    let head = policies::stage_heading(number, &stage.name, stage.mode);
    Step { head, nodes: stage.seats.iter().map(node).collect() }
}

/// How many people the people file has for it; nothing if only tokens say it.
fn who_words(who: &Capacity, people: &People) -> Option<String> {
    match who {
        Capacity::Group(name) => {
            let known = people.members(name);
            (known > 0).then(|| policies::known_people(known))
        }
        Capacity::ClaimedGroup(_) | Capacity::Permission(_) | Capacity::Account(_) => None,
    }
}

/// `one of Risk, 3 people`.
fn seat_words(seat: &SeatView, people: &People) -> String {
    let who = seat_clause(&seat.who, seat.count);
    who_words(&seat.who, people).map_or_else(|| who.clone(), |known| format!("{who}, {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Policy;
    use crate::domain::policy::people::PersonEntry;
    use crate::web::sample;
    use crate::web::sentences::policies::who_agrees;

    fn drawn(number: usize, people: &People) -> RuleDrawing {
        let refund = sample::refund();
        RuleDrawing::of(&refund.policy.rules[number - 1], number, people, Some("payments.example.com"))
    }

    /// A drawing on one line: `[Submitted: …] > [1. Risk: …]`.
    fn line(rule: &RuleDrawing) -> String {
        let node = |node: &Node| {
            format!(
                "[{}{}]",
                node.name,
                if node.small.is_empty() { String::new() } else { format!(": {}", node.small) }
            )
        };
        let step = |step: &Step| {
            let nodes: String = step.nodes.iter().map(node).collect();
            if step.head.is_empty() { nodes } else { format!("({} {nodes})", step.head) }
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
