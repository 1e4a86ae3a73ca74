//! One request with what its reader may do about it.

use schemars::JsonSchema;
use serde::Serialize;

use super::request::{DecisionBody, RequestBody};
use super::word::Word;
use crate::domain::code::Code;
use crate::domain::findings::{Finding, FindingCode, Level};
use crate::domain::policy::fresh::FreshSignIn;
use crate::domain::policy::progress::{Progress, SeatProgress, StageProgress};
use crate::domain::request::Request;
use crate::engine::explain::Explanation;
use crate::engine::reason::Reason;

/// A request, and what its reader may do about it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExplainedRequest")]
pub struct ExplainedBody {
    #[serde(flatten)]
    request: RequestBody,
    /// Whether the reader may decide it now.
    can_decide: bool,
    /// Why the reader may not decide it; empty if they may.
    why_not: Vec<ReasonBody>,
    /// Whether the reader may say now how its unknown outcome ended.
    can_settle: bool,
    /// Why the reader may not; empty if they may.
    why_not_settle: Vec<ReasonBody>,
    /// Whether the reader may send it back to its maker now.
    can_send_back: bool,
    /// Whether the reader may resubmit it now, as far as this request and their permissions say.
    can_resubmit: bool,
    /// Whether the reader may comment on it now.
    can_comment: bool,
    /// Whether the reader may submit it again, as far as this request and their permissions say.
    can_submit_again: bool,
    /// Whether the reader may want the target to be asked now what became of the call.
    can_probe: bool,
    /// The reader's own decision.
    my_decision: Option<DecisionBody>,
    /// What the rule asks of the sign-in of those who approve; `null` if it asks nothing.
    fresh_sign_in: Option<FreshSignInBody>,
    /// The stages in order; empty if the rule needs no approval.
    stages: Vec<StageBody>,
    /// What to look at twice.
    findings: Vec<FindingBody>,
}

/// Why the reader may not decide.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reason")]
pub struct ReasonBody {
    code: Word<Code>,
    /// A sentence that explains it.
    message: String,
}

/// What a rule asks of the sign-in of those who approve.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FreshSignIn")]
struct FreshSignInBody {
    /// Maximum age of the sign-in.
    #[schemars(range(min = 0))]
    within_seconds: i64,
    /// Whether the reader's sign-in is fresh enough.
    is_fresh: bool,
}

/// One step of the approval.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Stage")]
struct StageBody {
    /// The name that the policy gives it.
    name: String,
    /// Whether it has every signature that it needs.
    is_complete: bool,
    /// Whether the request waits in it.
    is_current: bool,
    /// The signatures that it needs.
    seats: Vec<SeatBody>,
    /// Number of people needed from any of the seats, instead of all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    any_of: Option<u32>,
    /// The decisions in this stage.
    decided_by: Vec<DecisionBody>,
    /// What is still needed, such as `Finance: 1 of 2`.
    needs: Vec<String>,
}

/// The signatures that a stage needs from one group or permission.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Seat")]
struct SeatBody {
    /// `group:`, `claim:` or `permission:` and its name.
    who: String,
    /// Number of people needed.
    count: u32,
    /// Number of people who have signed.
    got: u32,
}

/// Something about a request that a checker should look at twice.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Finding")]
struct FindingBody {
    code: Word<FindingCode>,
    level: Word<Level>,
    /// A sentence about it.
    message: String,
    /// A JSON pointer into the task; `null` if it is about the whole request.
    field: Option<String>,
}

impl ExplainedBody {
    /// `request` in the form `body`, and what its reader may do about it.
    pub fn new(body: RequestBody, request: &Request, explanation: Explanation) -> Self {
        let stages = explanation.progress.map(|progress| stages(request, &progress)).unwrap_or_default();
        Self {
            request: body,
            can_decide: explanation.can_decide,
            why_not: explanation.why_not.into_iter().map(ReasonBody::of).collect(),
            can_settle: explanation.why_not_settle.is_none(),
            can_probe: explanation.can_probe,
            why_not_settle: explanation.why_not_settle.into_iter().map(ReasonBody::of).collect(),
            can_send_back: explanation.can_send_back,
            can_resubmit: explanation.can_resubmit,
            can_comment: explanation.can_comment,
            can_submit_again: explanation.can_submit_again,
            my_decision: explanation.my_decision.as_ref().map(DecisionBody::of),
            fresh_sign_in: explanation.fresh_sign_in.as_ref().map(FreshSignInBody::of),
            stages,
            findings: explanation.findings.into_iter().map(FindingBody::of).collect(),
        }
    }
}

impl ReasonBody {
    /// The reason as clients read it.
    pub fn of(reason: Reason) -> Self {
        Self { code: Word(reason.code), message: reason.sentence }
    }
}

impl FreshSignInBody {
    fn of(asked: &FreshSignIn) -> Self {
        Self { within_seconds: asked.within.num_seconds(), is_fresh: asked.is_fresh }
    }
}

impl FindingBody {
    fn of(finding: Finding) -> Self {
        Self {
            code: Word(finding.code),
            level: Word(finding.level),
            message: finding.sentence,
            field: finding.pointer,
        }
    }
}

fn stages(request: &Request, progress: &Progress) -> Vec<StageBody> {
    let is_open = request.state.waits();
    let stage = |(at, stage): (usize, &StageProgress)| StageBody {
        name: stage.name.clone(),
        is_complete: stage.is_complete,
        is_current: is_open && at == progress.stage,
        seats: stage.seats.iter().map(SeatBody::of).collect(),
        any_of: stage.any.map(|(of, _)| of),
        decided_by: decisions(request, stage),
        needs: stage.still_needed(progress.people_missing),
    };
    progress.stages.iter().enumerate().map(stage).collect()
}

impl SeatBody {
    fn of(seat: &SeatProgress) -> Self {
        Self { who: seat.who.to_string(), count: seat.count, got: seat.got }
    }
}

fn decisions(request: &Request, stage: &StageProgress) -> Vec<DecisionBody> {
    let of_stage = stage.decisions.iter().filter_map(|at| request.decisions.get(*at));
    of_stage.map(DecisionBody::of).collect()
}
