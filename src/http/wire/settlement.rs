//! What people said about an unknown outcome.

use schemars::JsonSchema;
use serde::Serialize;

use super::person::PersonBody;
use super::time::Instant;
use super::word::Word;
use crate::domain::request::Request;
use crate::domain::settlement::{SettledOutcome, SettlementWord};

/// What people said about an unknown outcome, and whether that settled it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Settlement")]
pub(super) struct SettlementBody {
    /// How two people agreed that it ended; `null` as long as no two say the same.
    outcome: Option<Word<SettledOutcome>>,
    /// When they agreed: RFC 3339 in UTC with microseconds.
    settled_at: Option<Instant>,
    /// Every word, the first one first. The latest word of each person counts.
    words: Vec<SettlementWordBody>,
}

/// A person's word about an unknown outcome.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SettlementWord")]
pub(super) struct SettlementWordBody {
    /// Who said it.
    actor: PersonBody,
    outcome: Word<SettledOutcome>,
    /// How they know it.
    evidence: String,
    /// When: RFC 3339 in UTC with microseconds.
    at: Instant,
    /// The groups and permissions that they signed as.
    signed_as: Vec<String>,
}

impl SettlementBody {
    /// `None` if nobody has said anything.
    pub(super) fn of(request: &Request) -> Option<Self> {
        if request.settlement.is_empty() {
            return None;
        }
        let settling = request.settling_word();
        Some(Self {
            outcome: settling.map(|word| Word(word.outcome)),
            settled_at: settling.map(|word| Instant::of(word.at)),
            words: request.settlement.iter().map(SettlementWordBody::of).collect(),
        })
    }
}

impl SettlementWordBody {
    pub(super) fn of(word: &SettlementWord) -> Self {
        Self {
            actor: PersonBody::of(&word.by),
            outcome: Word(word.outcome),
            evidence: word.evidence.clone(),
            at: Instant::of(word.at),
            signed_as: word.capacities.iter().map(|who| who.name().to_owned()).collect(),
        }
    }
}
