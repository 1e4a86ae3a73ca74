//! One request.

use std::collections::BTreeMap;

use chrono::FixedOffset;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::DigestText;
use super::person::{PersonBody, UserId};
use super::revision::RevisionSummaryBody;
use super::settlement::SettlementBody;
use super::target::{TargetResponseBody, is_false};
use super::time::{Instant, LocalTime};
use super::word::Word;
use crate::domain::outcome::PartWarning;
use crate::domain::policy::Risk;
use crate::domain::request::{Decision, Request, State, Verdict};
use crate::engine::queries::{AnsweredRow, View};

/// How the headers of a task are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// As sent: only the maker gets this, once, in the answer to their submission.
    AsSent,
    /// Credentials as `Basic ••••`.
    Masked,
}

/// A request.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Request")]
pub struct RequestBody {
    /// The id that the server gave it.
    #[schemars(extend("format" = "uuid"))]
    request_id: String,
    /// The maker's user id.
    user_id: UserId,
    /// The maker's name.
    user_name: String,
    /// The name of its type, in lower case.
    // No enumeration: requests outlive the types that they were submitted under.
    #[schemars(regex(pattern = "^[a-z0-9_-]+$"), extend("examples" = ["issue-badge"]))]
    request_type: String,
    state: Word<State>,
    /// When it was submitted, in the server's configured offset.
    start_time: LocalTime,
    /// When it came to its end, in the server's configured offset.
    end_time: Option<LocalTime>,
    /// When it was submitted: RFC 3339 in UTC with microseconds.
    #[serde(rename = "startTimeISO")]
    start_time_iso: Instant,
    /// When it came to its end: RFC 3339 in UTC with microseconds.
    #[serde(rename = "endTimeISO")]
    end_time_iso: Option<Instant>,
    digest: DigestText,
    /// The number of the present revision, counted from 1: everything here is about that one. From the second one on a
    /// decision must name its digest.
    #[schemars(range(min = 1))]
    revision: i64,
    /// Every revision, the present one last.
    revisions: Vec<RevisionSummaryBody>,
    /// How many comments there are on it; absent if there are none. The history has them.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    comments: i64,
    /// Rises with every event of the request.
    #[schemars(range(min = 0))]
    version: i64,
    /// One sentence about the call, without masked and secret fields.
    summary: String,
    /// Why it was submitted, in the maker's words.
    reason: Option<String>,
    /// The rule of the type's approval policy that applies.
    rule: String,
    risk: Option<Word<Risk>>,
    /// What the request is about, such as a customer.
    subject: Option<String>,
    /// When the rule wants it decided. A later decision counts as well; the inbox is sorted by it.
    due_at: Option<Instant>,
    /// When the request expires if it is not decided.
    decide_before: Instant,
    /// When an approved call expires if it was not sent.
    execute_before: Option<Instant>,
    /// How often an attempt to send the call has begun.
    #[schemars(range(min = 0))]
    attempts: i64,
    /// When the next attempt is due, while the last one brought no end.
    next_attempt_at: Option<Instant>,
    /// Why another attempt is to come: a sentence about the last one.
    next_attempt_reason: Option<String>,
    /// Whether it is only known to be done because the target recognised a repeat of the call, or said so to a probe.
    inferred: bool,
    /// How often the target was asked what became of the call; absent if it was not.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    probes: i64,
    /// Only of an expired request: the state in which it expired, `AdminTask`, `sent_back` or `approved`.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_from: Option<Word<State>>,
    /// Whether its type and rule allow to decide it together with others. A type may also keep out what has a warning
    /// when it is decided.
    bulk_allowed: bool,
    call: CallBody,
    details: Details,
    /// `true` if a numbered page has no room for the task and the target's response; otherwise absent. The
    /// request alone has them, and so has the page that `next` leads to.
    #[serde(skip_serializing_if = "is_false")]
    details_omitted: bool,
    /// Every decision on the present revision, the first one first. `details` has the last one.
    decisions: Vec<DecisionBody>,
    /// Only of a request about whose unknown outcome people said something.
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement: Option<SettlementBody>,
    /// Warnings about the submission, and the parts of an executed call that the target reported as failed.
    warnings: Vec<WarningBody>,
    /// Only of a request that submits another one again: that one's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    repeat_of: Option<String>,
    /// Only of a request that was submitted again: the newer one's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    repeated_by: Option<String>,
}

/// The HTTP call that is sent once the request is approved.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Call")]
pub(super) struct CallBody {
    /// The HTTP method.
    pub(super) method: String,
    /// The absolute URL, without what this reader may not see. Of a request with `detailsOmitted`, a URL of more
    /// than 2000 characters is cut and ends with `…`.
    #[schemars(extend("format" = "uri"))]
    pub(super) url: String,
    /// The host and port.
    pub(super) host: String,
    /// The operator's name for the target, such as Production.
    pub(super) label: String,
}

/// A note attached to an answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Warning")]
pub(super) struct WarningBody {
    /// A code of the server or of the target.
    code: String,
    /// A sentence about it.
    message: String,
}

/// A checker's recorded decision.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RecordedDecision")]
pub(super) struct DecisionBody {
    /// Who decided.
    actor: PersonBody,
    decision: Word<Verdict>,
    /// The checker's words.
    message: String,
    /// When: RFC 3339 in UTC with microseconds.
    at: Instant,
    digest: DigestText,
    /// The stage that was current, counted from 1.
    #[schemars(range(min = 1))]
    stage: usize,
    /// The groups and permissions that the checker signed as.
    signed_as: Vec<String>,
}

/// The input and output of each step that the request has reached. A request that was approved automatically
/// has no `AdminTask`.
#[derive(Serialize, JsonSchema)]
#[schemars(extend("dependentRequired" = {
    "AdminTask-Payload": ["AdminTask_Output", "ValidateCheckerAccess_Output"],
}))]
struct Details {
    /// Absent only where the request says `detailsOmitted`.
    #[serde(rename = "IntouchAPITask-Payload", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Task>")]
    task: Option<Value>,
    /// Whether the maker may submit it.
    #[serde(rename = "ValidateMakerAccess_Output")]
    maker_access: bool,
    /// Whether the task is valid.
    #[serde(rename = "ValidatePayload_Output")]
    payload: bool,
    #[serde(flatten)]
    decision: Option<DecisionDetails>,
    #[serde(rename = "IntouchAPITask_Output", skip_serializing_if = "Option::is_none")]
    response: Option<TargetResponseBody>,
}

#[derive(Serialize, JsonSchema)]
struct DecisionDetails {
    #[serde(rename = "AdminTask-Payload")]
    payload: LastDecision,
    #[serde(rename = "AdminTask_Output")]
    output: Word<Verdict>,
    /// Whether the checker may decide it.
    #[serde(rename = "ValidateCheckerAccess_Output")]
    checker_access: bool,
}

/// The last decision, as its checker sent it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LastDecision {
    action_decision: Word<Verdict>,
    /// The checker's words.
    action_message: String,
}

/// The call as it will be sent. Only the answer to the submission shows credentials as they were sent;
/// everywhere else they are masked, as in `Basic ••••`.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only describes the JSON that the engine keeps")]
pub(super) struct Task {
    /// Scheme, host and port.
    hostname: String,
    /// The path, with its placeholders.
    path: String,
    /// The HTTP method.
    method: String,
    /// The values of the placeholders.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_params: Option<BTreeMap<String, String>>,
    /// The query: texts, or what the request type describes, lists included.
    #[serde(skip_serializing_if = "Option::is_none")]
    query_params: Option<Map<String, Value>>,
    /// The body: an object, or what the request type describes; a string may be a text that is sent as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// The headers.
    headers: BTreeMap<String, String>,
}

impl RequestBody {
    /// The body for `view`, with local times in `offset`.
    pub fn new(view: View, headers: Headers, offset: FixedOffset) -> Self {
        let (task, url) = visible(&view, headers);
        let of_response = view.answer.as_ref().map(|answer| answer.warnings.clone()).unwrap_or_default();
        let about = About {
            bulk_allowed: view.allows_bulk(),
            call: CallBody { method: view.method, url, host: view.request.host.clone(), label: view.label },
            of_response,
        };
        let body = Self::of(view.request, about, offset);
        let response = view.answer.map(TargetResponseBody::of);
        Self { details: Details { task: Some(task), response, ..body.details }, ..body }
    }

    /// The body for a request of which a page has no room for more.
    pub fn without_details(answered: AnsweredRow, offset: FixedOffset) -> Self {
        let AnsweredRow { row, answer } = answered;
        let line = &row.request.terms.call;
        let about = About {
            bulk_allowed: row.allows_bulk(),
            call: CallBody {
                method: line.method.clone(),
                url: row.shown_url().to_owned(),
                host: row.request.host.clone(),
                label: line.label.clone(),
            },
            of_response: answer.map(|answer| answer.warnings).unwrap_or_default(),
        };
        Self { details_omitted: true, ..Self::of(row.request, about, offset) }
    }

    /// Everything but the task and the target's response.
    fn of(request: Request, about: About, offset: FixedOffset) -> Self {
        let About { bulk_allowed, call, of_response } = about;
        let own = request.terms.warnings.iter().map(|own| WarningBody::new(own.code.name(), &own.message));
        let warnings =
            own.chain(of_response.iter().map(|part| WarningBody::new(&part.code, &part.message))).collect();
        Self {
            request_id: request.id.to_string(),
            user_id: UserId::of(&request.maker.user_id),
            user_name: request.maker.user_name.clone(),
            request_type: request.request_type.lower(),
            state: Word(request.state),
            start_time: LocalTime::of(request.started_at, offset),
            end_time: request.ended_at.map(|at| LocalTime::of(at, offset)),
            start_time_iso: Instant::of(request.started_at),
            end_time_iso: request.ended_at.map(Instant::of),
            digest: DigestText(request.digest.to_string()),
            revision: request.revision,
            revisions: RevisionSummaryBody::all(&request),
            comments: request.comments,
            version: request.version,
            summary: request.terms.summary.clone(),
            reason: request.terms.reason.clone(),
            rule: request.terms.rule.clone(),
            risk: request.terms.risk.map(Word),
            subject: request.terms.subject.clone(),
            due_at: request.terms.due_at.map(Instant::of),
            decide_before: Instant::of(request.expires_at),
            execute_before: request.execute_before.map(Instant::of),
            attempts: request.sending.attempts,
            next_attempt_at: request.sending.next_attempt_at.map(Instant::of),
            next_attempt_reason: request.sending.next_attempt_reason.clone(),
            inferred: request.sending.inferred,
            probes: request.sending.probes,
            expired_from: expired_from(&request).map(Word),
            bulk_allowed,
            call,
            details: Details {
                task: None,
                maker_access: true,
                payload: true,
                decision: DecisionDetails::of(&request),
                response: None,
            },
            details_omitted: false,
            decisions: request.decisions.iter().map(DecisionBody::of).collect(),
            settlement: SettlementBody::of(&request),
            warnings,
            repeat_of: request.repeat_of.map(|id| id.to_string()),
            repeated_by: request.repeated_by.map(|id| id.to_string()),
        }
    }
}

/// What a body has that is not the request's own.
struct About {
    bulk_allowed: bool,
    call: CallBody,
    of_response: Vec<PartWarning>,
}

/// The task and the URL as the reader may see them.
fn visible(view: &View, headers: Headers) -> (Value, String) {
    match headers {
        Headers::AsSent => view.as_the_maker_sent_it(),
        Headers::Masked => view.shown(),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn expired_from(request: &Request) -> Option<State> {
    let from = match (request.execute_before, &request.sent_back) {
        (Some(_), _) => State::Approved,
        (None, Some(_)) => State::SentBack,
        (None, None) => State::AdminTask,
    };
    (request.state == State::Expired).then_some(from)
}

impl WarningBody {
    fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }
}

impl DecisionBody {
    pub(super) fn of(decision: &Decision) -> Self {
        Self {
            actor: PersonBody::of(&decision.checker),
            decision: Word(decision.verdict),
            message: decision.message.clone(),
            at: Instant::of(decision.at),
            digest: DigestText(decision.digest.to_string()),
            stage: decision.stage + 1,
            signed_as: decision.capacities.iter().map(|who| who.name().to_owned()).collect(),
        }
    }
}

impl DecisionDetails {
    /// The contract knows one decision: the last.
    fn of(request: &Request) -> Option<Self> {
        let Decision { verdict, message, .. } = request.last_decision()?;
        let payload = LastDecision { action_decision: Word(*verdict), action_message: message.clone() };
        Some(Self { payload, output: Word(*verdict), checker_access: true })
    }
}
