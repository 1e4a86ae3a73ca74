//! Who must agree to a request and who has: its stages on its page, and boxes in lists.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::policy::progress::{Progress, StageProgress};
use crate::domain::request::{Request, State, Verdict};
use crate::web::html::filters;
use crate::web::parts::approval_view::{ApprovalView, SignatureView, StageLine, StageView};
use crate::web::parts::format::{Time, When, either, who_name};

/// Everybody who must agree, the maker first, so that the four eyes are seen.
#[derive(Template)]
#[template(path = "_stages.html")]
pub struct Stages {
    maker: String,
    submitted: Time,
    stages: Vec<StageLine>,
    host: String,
    end: &'static str,
    end_class: &'static str,
}

impl HtmlSafe for Stages {}

impl Stages {
    /// The stages of a request; `may_sign` says whether the reader may sign the current one.
    pub fn of(request: &Request, progress: Option<&Progress>, may_sign: bool, when: When) -> Self {
        let stages = progress.map(|progress| stage_lines(request, progress, may_sign, when));
        let (end, end_class) = end(request.state);
        Self {
            maker: request.maker.user_name.clone(),
            submitted: when.clock(request.started_at),
            stages: stages.unwrap_or_default(),
            host: request.host.clone(),
            end,
            end_class,
        }
    }
}

fn end(state: State) -> (&'static str, &'static str) {
    match state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => ("once, at once", ""),
        State::SentBack => ("waits for changes", ""),
        State::Approved => ("under way", "is-now"),
        State::Executed => ("done", "is-done"),
        State::Failed => ("failed", ""),
        State::Unknown => ("sent, outcome unknown", ""),
        State::Rejected | State::Withdrawn | State::Expired => ("not sent", ""),
    }
}

fn stage_lines(request: &Request, progress: &Progress, may_sign: bool, when: When) -> Vec<StageLine> {
    let views = ApprovalView::so_far(progress).stages;
    let lines = views.into_iter().zip(&progress.stages);
    let mut lines: Vec<StageLine> =
        lines.map(|(view, progress)| stage_line(request, view, progress, when)).collect();
    let is_waiting = request.state.waits();
    if let Some(current) = lines.get_mut(progress.stage).filter(|_| is_waiting) {
        if current.class.is_empty() {
            current.class = "is-now";
        }
        current.is_mine = may_sign;
    }
    lines
}

/// One stage of a request. `view` and `progress` are of the same stage.
fn stage_line(request: &Request, view: StageView, progress: &StageProgress, when: When) -> StageLine {
    let signature = |at: &usize| {
        let decision = request.decisions.get(*at)?;
        let names: Vec<String> = decision.capacities.iter().map(who_name).collect();
        Some(SignatureView {
            name: decision.checker.user_name.clone(),
            signed_as: names.join(", "),
            is_rejection: decision.verdict == Verdict::Rejected,
            at: when.clock(decision.at),
        })
    };
    let is_open = !view.is_complete && request.state.waits();
    StageLine {
        count: format!("{} of {}", view.got, view.needed),
        class: if view.is_complete { "is-done" } else { "" },
        signatures: progress.decisions.iter().filter_map(signature).collect(),
        open: if is_open { progress.needed.iter().map(who_name).collect() } else { Vec::new() },
        is_mine: false,
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
    pub fn of(progress: &Progress, may_sign: bool) -> Self {
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
            (true, 1) if needed > 1 => format!("{got} of {needed}, you are the last"),
            _ => {
                let who: Vec<String> = progress.waits_for().iter().map(who_name).collect();
                format!("{got} of {needed}, needs {}", either(&who))
            }
        };
        Self { slots: (0..needed.min(SLOTS_MAX)).map(slot).collect(), words }
    }
}
