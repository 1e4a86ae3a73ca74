//! Who must agree: the stages and seats of an approval, with what is signed so far. Every page that shows them
//! takes them from here: the flow of a policy, the stages of a request, and what a form becomes.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::policy::progress::{Progress, SeatProgress, StageProgress};
use crate::domain::policy::{Approval, Capacity, Mode, Seat, Stage};
use crate::web::html::filters;
use crate::web::parts::format::{Time, either};
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::origin;
use crate::web::sentences::policies::for_the_maker;

/// The stages of an approval, one after another.
pub struct ApprovalView {
    pub stages: Vec<StageView>,
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
        Self { stages: approval.stages.iter().map(StageView::unsigned).collect() }
    }

    /// The stages of a request, with what is signed so far.
    pub fn so_far(progress: &Progress) -> Self {
        Self { stages: progress.stages.iter().map(StageView::signed).collect() }
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

    /// `2 people from Finance, not you`: a line for each seat, for the maker.
    pub fn lines_for_maker(&self) -> Vec<String> {
        match self.mode {
            Mode::All => self.seats.iter().map(|seat| for_the_maker(seat.count, &seat.origin())).collect(),
            Mode::Any(count) => {
                let names: Vec<String> = self.seats.iter().map(SeatView::origin).collect();
                vec![for_the_maker(count, &either(&names))]
            }
        }
    }
}

impl SeatView {
    /// Where its people come from.
    fn origin(&self) -> String {
        origin(&self.who, &Names::as_spelled())
    }
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
