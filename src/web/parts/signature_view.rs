//! Who must agree and who has: the policy drawn as stages and slots. It shows what the engine says and weighs
//! nothing itself.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::policy::progress::{Progress, StageProgress};
use crate::domain::request::{Request, State, Verdict};
use crate::web::html::Text;
use crate::web::parts::format::{Time, When, either, who_name};

/// One signature.
pub struct SignatureView {
    /// Whose.
    pub name: Text,
    /// What he signed as.
    pub signed_as: Text,
    /// Whether he said no.
    pub is_rejection: bool,
    /// When.
    pub at: Time,
}

/// One stage.
pub struct StageView {
    /// Its name.
    pub name: Text,
    /// `1 of 2`.
    pub count: String,
    /// `is-done`, `is-now` or nothing.
    pub class: &'static str,
    /// Who has signed.
    pub sigs: Vec<SignatureView>,
    /// Who could still sign, by group.
    pub open: Vec<Text>,
    /// Whether the reader may sign here.
    pub is_mine: bool,
}

/// Everybody who must agree, the maker first, so that the four eyes are seen.
#[derive(Template)]
#[template(path = "_stages.html")]
pub struct Stages {
    maker: Text,
    submitted: Time,
    stages: Vec<StageView>,
    host: Text,
    end: &'static str,
    end_class: &'static str,
}

impl HtmlSafe for Stages {}

impl Stages {
    /// The stages of a request; `may_sign` says whether the reader may sign the current one.
    pub fn of(request: &Request, progress: Option<&Progress>, may_sign: bool, when: When) -> Self {
        let is_open = request.state.waits();
        let stages = progress.into_iter().flat_map(|progress| {
            progress.stages.iter().enumerate().map(move |(at, stage)| {
                let is_now = is_open && at == progress.stage;
                stage_view(request, stage, is_now, may_sign, when)
            })
        });
        let (end, end_class) = end(request.state);
        Self {
            maker: request.maker.user_name.as_str().into(),
            submitted: when.clock(request.started_at),
            stages: stages.collect(),
            host: request.host.as_str().into(),
            end,
            end_class,
        }
    }
}

fn end(state: State) -> (&'static str, &'static str) {
    match state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => ("once, at once", ""),
        State::Approved => ("under way", "is-now"),
        State::Executed => ("done", "is-done"),
        State::Failed => ("failed", ""),
        State::Unknown => ("sent, outcome unknown", ""),
        State::Rejected | State::Withdrawn | State::Expired => ("not sent", ""),
    }
}

fn stage_view(
    request: &Request,
    stage: &StageProgress,
    is_now: bool,
    may_sign: bool,
    when: When,
) -> StageView {
    let (needed, got) = counts(stage);
    let sig = |at: &usize| {
        let decision = request.decisions.get(*at)?;
        let names: Vec<String> = decision.capacities.iter().map(who_name).collect();
        Some(SignatureView {
            name: decision.checker.user_name.as_str().into(),
            signed_as: names.join(", ").into(),
            is_rejection: decision.verdict == Verdict::Rejected,
            at: when.clock(decision.at),
        })
    };
    let open = if stage.is_complete || !request.state.waits() {
        Vec::new()
    } else {
        stage.needed.iter().map(|who| Text::from(who_name(who))).collect()
    };
    StageView {
        name: stage.name.as_str().into(),
        count: format!("{got} of {needed}"),
        class: if stage.is_complete {
            "is-done"
        } else if is_now {
            "is-now"
        } else {
            ""
        },
        sigs: stage.decisions.iter().filter_map(sig).collect(),
        open,
        is_mine: is_now && may_sign,
    }
}

/// How many people a stage needs and has.
fn counts(stage: &StageProgress) -> (u32, u32) {
    match stage.any {
        Some((needed, got)) => (needed, got.min(needed)),
        None => {
            (stage.seats.iter().map(|seat| seat.count).sum(), stage.seats.iter().map(|seat| seat.got).sum())
        }
    }
}

/// The small drawing of lists: one box for each person.
#[derive(Template)]
#[template(path = "_slots.html")]
pub struct Slots {
    /// A class for each box: signed, the reader's, or open.
    slots: Vec<&'static str>,
    words: Text,
}

impl HtmlSafe for Slots {}

/// More boxes than this are no drawing.
const SLOTS_MAX: u32 = 8;

impl Slots {
    /// The boxes of a request that waits.
    pub fn of(progress: &Progress, may_sign: bool) -> Self {
        let all = progress.stages.iter().map(counts);
        let (needed, got) = all.fold((0, 0), |(needed, got), (n, g)| (needed + n, got + g));
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
        Self { slots: (0..needed.min(SLOTS_MAX)).map(slot).collect(), words: words.into() }
    }
}

/// Whether one more approval sends the call, and else what is needed after it.
pub fn after_me(progress: &Progress) -> Option<Vec<Text>> {
    let mut still = Vec::new();
    for (at, stage) in progress.stages.iter().enumerate().filter(|(_, stage)| !stage.is_complete) {
        let (needed, got) = counts(stage);
        let left = (needed - got.min(needed)).max(u32::from(!stage.is_complete));
        let left = if at == progress.stage { left - 1 } else { left };
        if left > 0 {
            still.push(Text::from(stage.name.as_str()));
        }
    }
    let total: u32 = progress.people_missing;
    if still.is_empty() && total > 1 {
        still.push(Text::from("another person"));
    }
    (!still.is_empty()).then_some(still)
}
