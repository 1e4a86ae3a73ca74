//! Who must agree: the stages and seats of an approval, with what is signed so far. Every page that shows them
//! takes them from here: the flow of a policy, the stages of a request, and what a form becomes.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::actor::Permission;
use crate::domain::policy::progress::{Progress, SeatProgress, StageProgress};
use crate::domain::policy::{Approval, Capacity, Mode, RuleOutcome, Seat, Stage};
use crate::web::html::filters;
use crate::web::parts::format::{Time, either, number_of};
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::seat_name;

/// The stages of an approval, one after another.
pub struct ApprovalView {
    pub stages: Vec<StageView>,
    /// Different people who must have approved in all, if the rule asks for more of them than its stages do.
    pub people_in_all: Option<u32>,
}

/// One stage.
pub struct StageView {
    pub name: String,
    pub mode: Mode,
    pub seats: Vec<SeatView>,
    /// People who complete it.
    pub needed: u32,
    /// People who have signed.
    pub got: u32,
    pub is_complete: bool,
}

/// One group or permission out of which people sign.
pub struct SeatView {
    pub who: Capacity,
    pub count: u32,
}

impl ApprovalView {
    /// An approval that nobody has signed yet.
    pub fn unsigned(approval: &Approval) -> Self {
        let least = approval.min_distinct_people;
        Self {
            stages: approval.stages.iter().map(StageView::unsigned).collect(),
            people_in_all: (least > approval.people_needed()).then_some(least),
        }
    }

    /// The stages of a request, with what is signed so far.
    pub fn so_far(progress: &Progress) -> Self {
        Self { stages: progress.stages.iter().map(StageView::signed).collect(), people_in_all: None }
    }

    /// `one of Risk, then two of Finance and one of Operations`.
    fn clause(&self) -> String {
        let stages: Vec<String> = self.stages.iter().map(StageView::clause).collect();
        let people = self.people_in_all_words().map(|people| format!("; {people} in all"));
        format!("{}{}", stages.join(", then "), people.unwrap_or_default())
    }

    /// `at least four different people`.
    pub fn people_in_all_words(&self) -> Option<String> {
        self.people_in_all.map(|least| format!("at least {} different people", number_word(least)))
    }
}

impl StageView {
    fn unsigned(stage: &Stage) -> Self {
        let seat = |seat: &Seat| SeatView { who: seat.who.clone(), count: seat.count };
        Self {
            name: stage.name.clone(),
            mode: stage.mode,
            seats: stage.seats.iter().map(seat).collect(),
            needed: stage.people_needed(),
            got: 0,
            is_complete: false,
        }
    }

    fn signed(stage: &StageProgress) -> Self {
        let seat = |seat: &SeatProgress| SeatView { who: seat.who.clone(), count: seat.count };
        let (mode, needed, got) = match stage.any {
            Some((needed, got)) => (Mode::Any(needed), needed, got.min(needed)),
            None => {
                let sum = |count: fn(&SeatProgress) -> u32| stage.seats.iter().map(count).sum();
                (Mode::All, sum(|seat| seat.count), sum(|seat| seat.got))
            }
        };
        Self {
            name: stage.name.clone(),
            mode,
            seats: stage.seats.iter().map(seat).collect(),
            needed,
            got,
            is_complete: stage.is_complete,
        }
    }

    fn clause(&self) -> String {
        match self.mode {
            Mode::All => self.seats.iter().map(SeatView::clause).collect::<Vec<_>>().join(" and "),
            Mode::Any(count) => {
                let names: Vec<&str> = self.seats.iter().map(SeatView::plural).collect();
                format!("any {} of {}", number_word(count), names.join(", "))
            }
        }
    }

    /// `2 people from Finance, not you`: a line for each seat, for the maker.
    pub fn lines_for_maker(&self) -> Vec<String> {
        let people = |count: u32| number_of(usize::try_from(count).unwrap_or(usize::MAX), "person", "people");
        let line = |count: u32, from: &str| format!("{} from {from}, not you", people(count));
        match self.mode {
            Mode::All => self.seats.iter().map(|seat| line(seat.count, &seat.origin())).collect(),
            Mode::Any(count) => {
                let names: Vec<String> = self.seats.iter().map(SeatView::origin).collect();
                vec![line(count, &either(&names))]
            }
        }
    }
}

impl SeatView {
    /// `two of Finance`.
    pub fn clause(&self) -> String {
        let number = number_word(self.count);
        match (&self.who, self.count) {
            (Capacity::Permission(Permission::Check), 1) => format!("{number} checker"),
            (Capacity::Permission(Permission::Check), _) => format!("{number} checkers"),
            (Capacity::Permission(permission), _) => format!("{number} with {}", permission.name()),
            (Capacity::Account(name), _) => name.clone(),
            (Capacity::Group(name) | Capacity::ClaimedGroup(name), _) => format!("{number} of {name}"),
        }
    }

    /// The heading of a box for this seat alone.
    pub fn name(&self) -> &str {
        self.named("Any checker")
    }

    fn plural(&self) -> &str {
        self.named("all checkers")
    }

    /// Where its people come from.
    fn origin(&self) -> String {
        match &self.who {
            Capacity::Permission(Permission::Check) => "the checkers".to_owned(),
            Capacity::Group(_)
            | Capacity::ClaimedGroup(_)
            | Capacity::Permission(_)
            | Capacity::Account(_) => seat_name(&self.who, &Names::as_spelled()),
        }
    }

    fn named<'s>(&'s self, checkers: &'s str) -> &'s str {
        match &self.who {
            Capacity::Permission(Permission::Check) => checkers,
            Capacity::Group(_)
            | Capacity::ClaimedGroup(_)
            | Capacity::Permission(_)
            | Capacity::Account(_) => self.who.name(),
        }
    }
}

/// Who must agree by a rule, as a clause: `one of Risk, then two of Finance and one of Operations`.
pub fn who_agrees(outcome: &RuleOutcome) -> String {
    match outcome {
        RuleOutcome::Refuse { .. } => "refused".to_owned(),
        RuleOutcome::AutoApprove => "nobody, checks only".to_owned(),
        RuleOutcome::Stages(approval) => ApprovalView::unsigned(approval).clause(),
    }
}

/// `two`; digits beyond six.
pub fn number_word(number: u32) -> String {
    const WORDS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
    let word = usize::try_from(number).ok().and_then(|number| WORDS.get(number.checked_sub(1)?));
    word.map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// One stage in a list of stages: what is signed and what is open.
#[derive(Template)]
#[template(path = "_stage.html")]
pub struct StageLine {
    pub name: String,
    /// `1 of 2`; empty before anything is submitted.
    pub count: String,
    /// `is-done`, `is-now` or nothing.
    pub class: &'static str,
    pub signatures: Vec<SignatureView>,
    /// A box for each person who is still needed.
    pub open: Vec<OpenSlot>,
    /// Who they could be, by group: `Risk: Chen Wei, Uwe Haas`.
    pub members: Vec<String>,
}

/// The box of one person who is still needed.
pub struct OpenSlot {
    pub words: String,
    /// Whether the reader may sign here.
    pub is_mine: bool,
}

impl HtmlSafe for StageLine {}

/// One signature.
pub struct SignatureView {
    pub who: Who,
    /// `for Risk`: in which capacities.
    pub signed_as: String,
    pub is_rejection: bool,
    pub at: Time,
}

impl StageLine {
    /// A stage as its maker sees it before it is submitted.
    pub fn for_maker(stage: &StageView) -> Self {
        Self {
            name: stage.name.clone(),
            count: String::new(),
            class: "",
            signatures: Vec::new(),
            open: stage
                .lines_for_maker()
                .into_iter()
                .map(|words| OpenSlot { words, is_mine: false })
                .collect(),
            members: Vec::new(),
        }
    }
}
