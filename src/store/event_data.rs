//! What a kind of event keeps: in the columns for it, and in the JSON text in `events.data`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::json::{self, PersonJson};
use super::settlement_words::parse_outcome;
use super::{StoreError, from_micros, to_micros};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::lifecycle::{EventKind, GivenWord, Signature, Tried};
use crate::domain::outcome::Outcome;
use crate::domain::policy::Capacity;
use crate::domain::request::Verdict;

/// A submission or a resubmission. All else of it never changes, and stands in the row of the request or the revision.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SubmittedData {
    pub(super) waits_for: Vec<String>,
}

/// That a checker sent it back. The row's message says what is to be changed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SentBackData {
    pub(super) fields: Vec<String>,
    stage: usize,
    capacities: Vec<String>,
    act: Vec<PersonJson>,
}

impl SentBackData {
    /// What the checker signed as, with their `message`.
    pub(super) fn signature(self, message: String) -> Result<Signature, StoreError> {
        let Self { stage, capacities, act, fields: _ } = self;
        Ok(Signature {
            message,
            stage,
            capacities: json::read_capacities(&capacities)?,
            act: json::read_people(act),
        })
    }
}

/// A request that was submitted again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SubmittedAgainData {
    pub(super) repeated_by: String,
}

/// A decision.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DecidedData {
    pub(super) stage: usize,
    pub(super) capacities: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) act: Vec<PersonJson>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) waits_for: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) execute_before: Option<i64>,
}

/// An approval by a rule that needs no one.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AutoApprovedData {
    pub(super) rule: String,
    pub(super) execute_before: i64,
}

/// An attempt after which another one is to come.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AttemptEndedData {
    pub(super) attempt_outcome: String,
    pub(super) next_attempt_at: i64,
}

/// The end of an execution, or an answer that came late. The row's column has the attempt's number.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EndedData {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt_outcome: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) inferred: bool,
}

/// A person's word about an unknown outcome. The row's message is the evidence.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SettlementData {
    said: String,
    capacities: Vec<String>,
    act: Vec<PersonJson>,
}

impl SettlementData {
    /// What the person said, with their `evidence`.
    pub(super) fn into_word(self, evidence: String) -> Result<GivenWord, StoreError> {
        Ok(GivenWord {
            outcome: parse_outcome(&self.said)?,
            evidence,
            capacities: json::read_capacities(&self.capacities)?,
            act: json::read_people(self.act),
        })
    }
}

/// An answer to a probe.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProbedData {
    pub(super) verdict: String,
    #[serde(deserialize_with = "json::nullable")]
    pub(super) next_probe_at: Option<i64>,
}

/// A refused attempt.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusedData {
    pub(super) code: String,
    #[serde(deserialize_with = "json::nullable")]
    pub(super) tried: Option<TriedData>,
}

/// What was tried and refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TriedData {
    #[serde(deserialize_with = "json::nullable")]
    verdict: Option<String>,
    words: String,
    #[serde(deserialize_with = "json::nullable")]
    digest: Option<String>,
    #[serde(deserialize_with = "json::nullable")]
    outcome: Option<String>,
}

impl From<&Tried> for TriedData {
    fn from(tried: &Tried) -> Self {
        let Tried { verdict, words, digest, outcome } = tried.clone();
        Self {
            verdict: verdict.map(|verdict| verdict.name().to_owned()),
            words,
            digest,
            outcome: outcome.map(|outcome| outcome.name().to_owned()),
        }
    }
}

impl TryFrom<TriedData> for Tried {
    type Error = StoreError;

    fn try_from(data: TriedData) -> Result<Self, StoreError> {
        let TriedData { verdict, words, digest, outcome } = data;
        let corrupt = || StoreError::Corrupt("event: verdict".to_owned());
        let verdict = verdict.map(|name| Verdict::parse(&name).ok_or_else(corrupt)).transpose()?;
        let outcome = outcome.as_deref().map(parse_outcome).transpose()?;
        Ok(Self { verdict, words, digest, outcome })
    }
}

/// The column `events.data` for an event of this kind.
pub(super) fn write(kind: &EventKind) -> String {
    match kind {
        EventKind::Submitted(request) => {
            json::write(&SubmittedData { waits_for: json::capacities(&request.waits_for) })
        }
        EventKind::Resubmitted { new, .. } => {
            json::write(&SubmittedData { waits_for: json::capacities(&new.waits_for) })
        }
        EventKind::SentBack { signature, fields } => json::write(&SentBackData {
            fields: fields.clone(),
            stage: signature.stage,
            capacities: json::capacities(&signature.capacities),
            act: json::people(&signature.act),
        }),
        EventKind::Decided { signature, waits_for, execute_before, .. } => json::write(&DecidedData {
            stage: signature.stage,
            capacities: json::capacities(&signature.capacities),
            act: json::people(&signature.act),
            waits_for: json::capacities(waits_for),
            execute_before: execute_before.map(to_micros),
        }),
        EventKind::AutoApproved { rule, execute_before } => {
            json::write(&AutoApprovedData { rule: rule.clone(), execute_before: to_micros(*execute_before) })
        }
        EventKind::AttemptEnded { outcome, next_attempt_at, .. } => json::write(&AttemptEndedData {
            attempt_outcome: outcome.name().to_owned(),
            next_attempt_at: to_micros(*next_attempt_at),
        }),
        EventKind::Ended { attempt, inferred, .. } => {
            ended(attempt.map(|attempt| attempt.outcome), *inferred)
        }
        EventKind::LateAnswer { attempt, .. } => ended(Some(attempt.outcome), false),
        EventKind::Refused { code, tried, .. } => json::write(&RefusedData {
            code: code.name().to_owned(),
            tried: tried.as_deref().map(TriedData::from),
        }),
        EventKind::SettlementWordGiven { word, .. } => json::write(&SettlementData {
            said: word.outcome.name().to_owned(),
            capacities: json::capacities(&word.capacities),
            act: json::people(&word.act),
        }),
        EventKind::SubmittedAgain { newer } => {
            json::write(&SubmittedAgainData { repeated_by: newer.to_string() })
        }
        EventKind::Probed { verdict, next_probe_at, .. } => json::write(&ProbedData {
            verdict: verdict.name().to_owned(),
            next_probe_at: next_probe_at.map(to_micros),
        }),
        EventKind::MakerAccessValidated
        | EventKind::PayloadValidated
        | EventKind::ProbeAsked
        | EventKind::Commented { .. }
        | EventKind::Withdrawn { .. }
        | EventKind::Expired
        | EventKind::AttemptStarted { .. } => "{}".to_owned(),
    }
}

fn ended(outcome: Option<AttemptOutcome>, inferred: bool) -> String {
    json::write(&EndedData { attempt_outcome: outcome.map(|outcome| outcome.name().to_owned()), inferred })
}

/// What a kind of event puts into the columns for it.
#[derive(Default)]
pub(super) struct KindColumns {
    pub(super) message: Option<String>,
    pub(super) attempt: Option<i64>,
    pub(super) outcome: Option<Outcome>,
}

impl KindColumns {
    pub(super) fn of(kind: &EventKind) -> Self {
        let said = |message: &str| Self { message: Some(message.to_owned()), ..Self::default() };
        match kind {
            EventKind::Submitted(request) => {
                Self { message: request.terms.reason.clone(), ..Self::default() }
            }
            EventKind::Resubmitted { new, .. } => {
                Self { message: new.terms.reason.clone(), ..Self::default() }
            }
            EventKind::SentBack { signature, .. } => said(&signature.message),
            EventKind::Commented { message } => said(message),
            EventKind::MakerAccessValidated
            | EventKind::PayloadValidated
            | EventKind::ProbeAsked
            | EventKind::Expired
            | EventKind::SubmittedAgain { .. } => Self::default(),
            EventKind::Probed { reason, settles, .. } => Self { outcome: *settles, ..said(reason) },
            EventKind::Decided { signature, .. } => said(&signature.message),
            EventKind::AutoApproved { rule, .. } => said(&format!("The rule {rule} needs no one to agree.")),
            EventKind::Withdrawn { reason } => said(reason),
            EventKind::AttemptStarted { attempt } => Self { attempt: Some(*attempt), ..Self::default() },
            EventKind::AttemptEnded { attempt, reason, .. } => {
                Self { attempt: Some(*attempt), ..said(reason) }
            }
            EventKind::Ended { attempt, outcome, reason, .. } => Self {
                attempt: attempt.map(|attempt| attempt.attempt),
                outcome: Some(*outcome),
                ..said(reason)
            },
            EventKind::LateAnswer { attempt, reason, settles } => {
                Self { attempt: Some(attempt.attempt), outcome: *settles, ..said(reason) }
            }
            EventKind::Refused { message, .. } => said(message),
            // The column says how an execution ended, and a proposal ends none.
            EventKind::SettlementWordGiven { word, settles } => {
                Self { outcome: settles.then(|| word.outcome.outcome()), ..said(&word.evidence) }
            }
        }
    }
}

impl DecidedData {
    /// What the checker signed as, with their `message`.
    pub(super) fn signature(self, message: String) -> Result<Signature, StoreError> {
        Ok(Signature {
            message,
            stage: self.stage,
            capacities: json::read_capacities(&self.capacities)?,
            act: json::read_people(self.act),
        })
    }

    /// The capacities that can sign next.
    pub(super) fn waits_for(&self) -> Result<Vec<Capacity>, StoreError> {
        json::read_capacities(&self.waits_for)
    }

    /// Until when the approved call must have left.
    pub(super) fn execute_before(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.execute_before.map(from_micros).transpose()
    }
}
