//! The trail of one request.

use schemars::JsonSchema;
use serde::Serialize;

use super::DigestText;
use super::entity::EntityBody;
use super::person::PersonBody;
use super::time::Instant;
use super::word::Word;
use crate::domain::attempt::AttemptOutcome;
use crate::domain::code::Code;
use crate::domain::lifecycle::{EventKind, EventType, Tried};
use crate::domain::outcome::Outcome;
use crate::domain::probe::ProbeVerdict;
use crate::domain::request::{State, Verdict};
use crate::domain::settlement::SettledOutcome;
use crate::engine::trail::TrailEntry;

/// One event in the life of a request.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "HistoryEntry")]
pub struct TrailEntryBody {
    /// The number of the event within the request, counted from 1.
    #[schemars(range(min = 1))]
    seq: i64,
    /// The revision of the request that was the present one after it, counted from 1.
    #[schemars(range(min = 1))]
    revision: i64,
    /// The id of the event.
    #[schemars(extend("format" = "uuid"))]
    event_id: String,
    /// When: RFC 3339 in UTC with microseconds.
    at: Instant,
    #[serde(rename = "type")]
    #[schemars(with = "Word<EventType>")]
    event_type: String,
    /// Who did it; `system` for the server itself.
    actor: PersonBody,
    /// The name of the client that the call came through.
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<String>,
    /// The state before it.
    from: Option<Word<State>>,
    /// The state after it.
    to: Option<Word<State>>,
    /// The person's words, or a sentence of the server.
    message: Option<String>,
    digest: Option<DigestText>,
    /// The id under which the log has the call that caused it.
    reference: String,
    /// The number of the attempt, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    attempt: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Word<Outcome>>,
    /// What the attempt came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt_outcome: Option<Word<AttemptOutcome>>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Instant>,
    /// Only `true`: the target's answer to a repeat shows that it had done the work before.
    #[serde(skip_serializing_if = "Option::is_none")]
    inferred: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_info: Option<EntityBody>,
    /// Whether the maker may submit it.
    #[serde(rename = "ValidateMakerAccess_Output", skip_serializing_if = "Option::is_none")]
    maker_access: Option<bool>,
    /// Whether the task is valid.
    #[serde(rename = "ValidatePayload_Output", skip_serializing_if = "Option::is_none")]
    payload: Option<bool>,
    /// The version of the request type that applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    type_version: Option<String>,
    /// Why a command on the request was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Word<Code>>,
    /// What was tried and refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    tried: Option<TriedBody>,
    /// The rule that needs no approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// The stage of a decision, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    stage: Option<usize>,
    /// The groups and permissions that the checker signed as.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_as: Option<Vec<String>>,
    /// Of a request that was sent back: the members of the submission that it is about, as JSON pointers.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<String>>,
    /// How a person said that an unknown outcome ended. The message is their evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement: Option<Word<SettledOutcome>>,
    /// Of a submission: the request that it submits again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    repeat_of: Option<String>,
    /// The request as which this one was submitted again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uuid"))]
    repeated_by: Option<String>,
    /// What the target said when it was asked what became of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<Word<ProbeVerdict>>,
    /// When it is asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_probe_at: Option<Instant>,
}

/// A refused decision, withdrawal, comment, wish for changes or word about an unknown outcome, as it was sent.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Tried")]
pub struct TriedBody {
    /// `null` if it was no decision.
    decision: Option<Word<Verdict>>,
    /// The person's words.
    message: String,
    /// The digest that they named; it need not be one.
    digest: Option<String>,
    /// How they said that the outcome ended; absent if they did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement: Option<Word<SettledOutcome>>,
}

impl TriedBody {
    /// The body for what was tried.
    pub fn of(tried: &Tried) -> Self {
        let Tried { verdict, words, digest, outcome } = tried.clone();
        Self { decision: verdict.map(Word), message: words, digest, settlement: outcome.map(Word) }
    }
}

impl TrailEntryBody {
    /// One entry of the trail; a submission also names the entity.
    pub fn new(entry: &TrailEntry) -> Self {
        let mut body = Self {
            seq: entry.seq,
            revision: entry.revision,
            event_id: entry.event_id.clone(),
            at: Instant::of(entry.at),
            event_type: entry.event_type.clone(),
            actor: PersonBody::of(&entry.actor),
            via: entry.via.clone(),
            from: entry.from.map(Word),
            to: entry.to.map(Word),
            message: entry.message.clone(),
            digest: Some(DigestText(entry.digest.to_string())),
            reference: entry.reference.clone(),
            attempt: entry.attempt,
            outcome: entry.outcome.map(Word),
            attempt_outcome: None,
            next_attempt_at: None,
            inferred: None,
            entity_info: None,
            maker_access: None,
            payload: None,
            type_version: None,
            code: None,
            tried: None,
            rule: None,
            stage: None,
            signed_as: None,
            fields: None,
            settlement: None,
            repeat_of: None,
            repeated_by: None,
            probe: None,
            next_probe_at: None,
        };
        if let Some(kind) = &entry.kind {
            body.add(kind);
        }
        body
    }

    /// Adds what only events of this kind have.
    fn add(&mut self, kind: &EventKind) {
        match kind {
            EventKind::Submitted(new) => {
                self.entity_info = Some(EntityBody::of(&new.entity));
                self.type_version = Some(new.type_version.clone());
                self.repeat_of = new.repeat_of.map(|id| id.to_string());
            }
            EventKind::SubmittedAgain { newer } => self.repeated_by = Some(newer.to_string()),
            EventKind::MakerAccessValidated => self.maker_access = Some(true),
            EventKind::PayloadValidated => self.payload = Some(true),
            // As in a decision: stages count from 1, and a capacity goes by its name.
            EventKind::Decided { signature, .. } => {
                self.stage = Some(signature.stage + 1);
                self.signed_as = Some(signature.capacities.iter().map(|one| one.name().to_owned()).collect());
            }
            EventKind::SentBack { signature, fields } => {
                self.stage = Some(signature.stage + 1);
                self.signed_as = Some(signature.capacities.iter().map(|one| one.name().to_owned()).collect());
                self.fields = Some(fields.clone());
            }
            EventKind::Resubmitted { new, .. } => {
                self.entity_info = Some(EntityBody::of(&new.entity));
                self.type_version = Some(new.type_version.clone());
            }
            EventKind::AutoApproved { rule, .. } => self.rule = Some(rule.clone()),
            EventKind::Refused { code, tried, .. } => {
                self.code = Some(Word(*code));
                self.tried = tried.as_deref().map(TriedBody::of);
            }
            EventKind::AttemptEnded { outcome, next_attempt_at, .. } => {
                self.attempt_outcome = Some(Word(*outcome));
                self.next_attempt_at = Some(Instant::of(*next_attempt_at));
            }
            EventKind::Ended { attempt, inferred, .. } => {
                self.attempt_outcome = attempt.map(|attempt| Word(attempt.outcome));
                self.inferred = inferred.then_some(true);
            }
            EventKind::LateAnswer { attempt, .. } => self.attempt_outcome = Some(Word(attempt.outcome)),
            EventKind::SettlementWordGiven { word, .. } => {
                self.settlement = Some(Word(word.outcome));
                self.signed_as = Some(word.capacities.iter().map(|one| one.name().to_owned()).collect());
            }
            EventKind::Probed { verdict, next_probe_at, .. } => {
                self.probe = Some(Word(*verdict));
                self.next_probe_at = next_probe_at.map(Instant::of);
            }
            EventKind::Commented { .. }
            | EventKind::Withdrawn { .. }
            | EventKind::Expired
            | EventKind::AttemptStarted { .. }
            | EventKind::ProbeAsked => {}
        }
    }
}
