//! Who must agree to a request and who has: its stages on its page, and boxes in lists.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::policy::progress::{Progress, StageProgress};
use crate::domain::request::{State, Verdict};
use crate::web::html::filters;
use crate::web::parts::approval_view::{ApprovalView, OpenSlot, SignatureView, StageLine, StageView};
use crate::web::parts::format::Time;
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::states::{YOUR_BOX, after_the_stages, signed, signed_and_needed, you_are_last};
use crate::web::sentences::{
    OpenBox, Situation, box_words, member_lines, open_boxes, signed_as, waiting_words,
};

/// Everybody who must agree, the maker first, so that the four eyes are seen.
#[derive(Template)]
#[template(path = "_stages.html")]
pub struct Stages {
    maker: Who,
    submitted: Time,
    stages: Vec<StageLine>,
    host: String,
    end: &'static str,
    end_class: &'static str,
}

impl HtmlSafe for Stages {}

impl Stages {
    /// The stages of a request, as its reader sees them.
    pub fn of(seen: &Situation<'_>) -> Self {
        let Situation { request, explained, names, when, .. } = seen;
        let stages = explained.progress.as_ref().map(|progress| stage_lines(seen, progress));
        Self {
            maker: names.who(&request.maker),
            submitted: when.clock(request.started_at),
            stages: stages.unwrap_or_default(),
            host: request.host.clone(),
            end: after_the_stages(request.state),
            end_class: class_of_end(request.state),
        }
    }
}

fn class_of_end(state: State) -> &'static str {
    match state {
        State::Approved => "is-now",
        State::Executed => "is-done",
        State::ValidateMakerAccess
        | State::ValidatePayload
        | State::AdminTask
        | State::SentBack
        | State::Failed
        | State::Unknown
        | State::Rejected
        | State::Withdrawn
        | State::Expired => "",
    }
}

fn stage_lines(seen: &Situation<'_>, progress: &Progress) -> Vec<StageLine> {
    let views = ApprovalView::so_far(progress).stages;
    let lines = views.into_iter().zip(&progress.stages).enumerate();
    let mut lines: Vec<StageLine> = lines
        .map(|(number, (view, stage))| stage_line(seen, view, stage, open_slots(seen, number)))
        .collect();
    let is_waiting = seen.request.state.waits();
    if let Some(current) = lines.get_mut(progress.stage).filter(|line| is_waiting && line.class.is_empty()) {
        current.class = "is-now";
    }
    lines
}

/// The people whom a stage of a waiting request still needs, and who they could be.
fn open_slots(seen: &Situation<'_>, number: usize) -> (Vec<OpenSlot>, Vec<String>) {
    let Situation { request, explained, members, names, .. } = seen;
    let Some(progress) = explained.progress.as_ref().filter(|_| request.state.waits()) else {
        return (Vec::new(), Vec::new());
    };
    let boxes = open_boxes(progress, number);
    // The reader's own box first, and then those that stay open when they have signed.
    let after = explained.after_approval.as_ref().filter(|_| number == progress.stage);
    let slot = |one: &OpenBox| OpenSlot { words: box_words(one, names), is_mine: false };
    let slots = match after {
        Some(after) => {
            let mine = OpenSlot { words: YOUR_BOX.to_owned(), is_mine: true };
            std::iter::once(mine).chain(open_boxes(after, number).iter().map(slot)).collect()
        }
        None => boxes.iter().map(slot).collect(),
    };
    (slots, member_lines(&boxes, members))
}

/// One stage of a request. `view` and `progress` are of the same stage.
fn stage_line(
    seen: &Situation<'_>,
    view: StageView,
    progress: &StageProgress,
    (open, members): (Vec<OpenSlot>, Vec<String>),
) -> StageLine {
    let signature = |at: &usize| {
        let decision = seen.request.decisions.get(*at)?;
        Some(SignatureView {
            who: seen.names.who(&decision.checker),
            signed_as: signed_as(&decision.capacities, seen.names).trim_start().to_owned(),
            is_rejection: decision.verdict == Verdict::Rejected,
            at: seen.when.clock(decision.at),
        })
    };
    StageLine {
        count: signed(view.got, view.needed),
        class: if view.is_complete { "is-done" } else { "" },
        signatures: progress.decisions.iter().filter_map(signature).collect(),
        open,
        members,
        name: view.name,
    }
}

/// The small drawing of lists: one box for each person.
#[derive(Template)]
#[template(path = "_slots.html")]
pub struct Slots {
    /// A class for each box: signed, the reader's, or open.
    slots: Vec<&'static str>,
    words: String,
}

impl HtmlSafe for Slots {}

/// More boxes than this are no drawing.
const SLOTS_MAX: u32 = 8;

impl Slots {
    /// The boxes of a request that waits.
    pub fn of(progress: &Progress, may_sign: bool, names: &Names) -> Self {
        let stages = ApprovalView::so_far(progress).stages;
        let needed: u32 = stages.iter().map(|stage| stage.needed).sum();
        let got: u32 = stages.iter().map(|stage| stage.got).sum();
        let needed = needed.max(got + progress.people_missing);
        let slot = |at: u32| match at {
            at if at < got => "slot slot-on",
            at if at == got && may_sign => "slot slot-me",
            _ => "slot",
        };
        let words = match (may_sign, needed - got) {
            (true, 1) if needed > 1 => you_are_last(got, needed),
            _ => signed_and_needed(got, needed, &waiting_words(progress, names)),
        };
        Self { slots: (0..needed.min(SLOTS_MAX)).map(slot).collect(), words }
    }
}
