//! A row of an export: a request with everything that is recorded of it.

use chrono::FixedOffset;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::person::PersonBody;
use super::request::{DecisionBody, Headers, RequestBody};
use super::revision::RevisionSummaryBody;
use super::settlement::SettlementBody;
use super::time::Instant;
use super::trail::{TrailEntryBody, TriedBody};
use super::word::Word;
use crate::domain::lifecycle::EventKind;
use crate::domain::outcome::Outcome;
use crate::domain::policy::RuleOutcome;
use crate::domain::request::{Request, State};
use crate::domain::request_type::RequestType;
use crate::engine::queries::View;
use crate::engine::trail::{RecordedTrail, TrailEntry};

/// One line of an export as JSON Lines: the request as it is read, and all that happened to it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ExportedRequest")]
pub struct ExportedRequest {
    #[serde(flatten)]
    request: RequestBody,
    /// The version of the request type that applies.
    type_version: String,
    /// The amount, as a plain decimal.
    amount: Option<String>,
    /// What the amount counts, if that is known.
    unit: Option<String>,
    /// How the execution ended.
    outcome: Option<Word<Outcome>>,
    /// The name of the client that the submission came through.
    via: Option<String>,
    /// The stages of the rule, in their order.
    stages: Vec<ExportedStage>,
    /// Every event, the first one first: attempts to send, refused attempts, who did it and through which client.
    history: Vec<TrailEntryBody>,
    /// `true` if there were more events than an export holds; `GET /requests/{requestId}/history` has them all.
    history_omitted: bool,
}

/// A stage of the rule that applies to a request, and who signed it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedStage {
    /// The name.
    name: String,
    /// The user names of those who decided in it.
    decided_by: Vec<String>,
}

impl ExportedRequest {
    /// The line for one request.
    pub fn new(view: View, trail: &RecordedTrail, offset: FixedOffset) -> Self {
        let request = &view.request;
        Self {
            type_version: request.type_version.clone(),
            amount: request.terms.amount.map(|amount| amount.to_string()),
            unit: request.terms.unit.as_ref().map(ToString::to_string),
            outcome: outcome(request.state).map(Word),
            via: via(trail),
            stages: stages(request, &view.pinned),
            history: trail.entries.iter().map(TrailEntryBody::new).collect(),
            history_omitted: trail.is_cut,
            request: RequestBody::new(view, Headers::Masked, offset),
        }
    }
}

/// What a row of a CSV file has of the lists of a request: each as JSON.
pub struct ExportedLists {
    /// The stages of the rule.
    pub stages: String,
    /// Every decision.
    pub decisions: String,
    /// Every attempt to send: its beginning and its end.
    pub attempts: String,
    /// Every refused attempt, with what was tried.
    pub refused: String,
    /// What people said about an unknown outcome; empty if nobody did.
    pub settlement: String,
    /// Every revision, the present one last.
    pub revisions: String,
    /// Every comment.
    pub comments: String,
}

impl ExportedLists {
    /// The lists of one request.
    pub fn of(request: &Request, pinned: &RequestType, trail: &RecordedTrail) -> Self {
        let decisions: Vec<DecisionBody> = request.decisions.iter().map(DecisionBody::of).collect();
        Self {
            stages: written(&stages(request, pinned)),
            decisions: written(&decisions),
            attempts: written(&trail.entries.iter().filter_map(attempt).collect::<Vec<Value>>()),
            settlement: SettlementBody::of(request).as_ref().map(written).unwrap_or_default(),
            revisions: written(&RevisionSummaryBody::all(request)),
            comments: written(&trail.entries.iter().filter_map(comment).collect::<Vec<Value>>()),
            refused: written(&trail.entries.iter().filter_map(refused).collect::<Vec<Value>>()),
        }
    }
}

/// The client that the submission came through.
pub fn via(trail: &RecordedTrail) -> Option<String> {
    trail.entries.first().and_then(|first| first.via.clone())
}

/// How an execution ended that led to this state.
pub fn outcome(state: State) -> Option<Outcome> {
    match state {
        State::Executed => Some(Outcome::Executed),
        State::Failed => Some(Outcome::Failed),
        State::Unknown => Some(Outcome::Unknown),
        State::ValidateMakerAccess
        | State::ValidatePayload
        | State::AdminTask
        | State::SentBack
        | State::Approved
        | State::Rejected
        | State::Withdrawn
        | State::Expired => None,
    }
}

fn stages(request: &Request, pinned: &RequestType) -> Vec<ExportedStage> {
    let rule = pinned.policy.rule(&request.terms.rule).map(|rule| &rule.outcome);
    let Some(RuleOutcome::Stages(approval)) = rule else { return Vec::new() };
    let decided_by = |number| {
        let in_stage = request.decisions.iter().filter(move |decision| decision.stage == number);
        in_stage.map(|decision| decision.checker.user_name.clone()).collect()
    };
    let numbered = approval.stages.iter().enumerate();
    numbered
        .map(|(number, stage)| ExportedStage { name: stage.name.clone(), decided_by: decided_by(number) })
        .collect()
}

fn attempt(entry: &TrailEntry) -> Option<Value> {
    let attempt = entry.attempt?;
    let outcome = match entry.kind.as_ref()? {
        EventKind::AttemptEnded { outcome, .. } => Some(outcome.name()),
        EventKind::Ended { attempt, .. } => attempt.map(|attempt| attempt.outcome.name()),
        EventKind::LateAnswer { attempt, .. } => Some(attempt.outcome.name()),
        EventKind::Submitted(_)
        | EventKind::MakerAccessValidated
        | EventKind::PayloadValidated
        | EventKind::Decided { .. }
        | EventKind::AutoApproved { .. }
        | EventKind::Commented { .. }
        | EventKind::SentBack { .. }
        | EventKind::Resubmitted { .. }
        | EventKind::Withdrawn { .. }
        | EventKind::Expired
        | EventKind::AttemptStarted { .. }
        | EventKind::Refused { .. }
        | EventKind::SettlementWordGiven { .. }
        | EventKind::SubmittedAgain { .. }
        | EventKind::ProbeAsked
        | EventKind::Probed { .. } => None,
    };
    let at = Instant::of(entry.at);
    Some(json!({
        "attempt": attempt, "event": entry.event_type, "at": at, "attemptOutcome": outcome, "message": entry.message,
    }))
}

fn comment(entry: &TrailEntry) -> Option<Value> {
    let EventKind::Commented { message } = entry.kind.as_ref()? else { return None };
    let (actor, at) = (PersonBody::of(&entry.actor), Instant::of(entry.at));
    Some(json!({ "actor": actor, "at": at, "revision": entry.revision, "message": message }))
}

fn refused(entry: &TrailEntry) -> Option<Value> {
    let EventKind::Refused { code, message, tried } = entry.kind.as_ref()? else { return None };
    let (actor, at) = (PersonBody::of(&entry.actor), Instant::of(entry.at));
    let tried = tried.as_deref().map(TriedBody::of);
    Some(json!({
        "actor": actor, "via": entry.via, "at": at, "code": code.name(), "message": message, "tried": tried,
    }))
}

fn written(list: &impl Serialize) -> String {
    serde_json::to_string(list).expect("a body is JSON, and memory takes it")
}
