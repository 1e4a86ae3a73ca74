//! The results of a call that decides many requests.

use schemars::JsonSchema;
use serde::Serialize;

use super::word::{Vocabulary, Word};
use crate::domain::code::Code;
use crate::domain::request::State;
use crate::engine::{BulkItemResult, BulkOutcome};

/// The result of one decision of a bulk call.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BulkResult")]
pub struct BulkResultBody {
    /// The request.
    #[schemars(extend("format" = "uuid"))]
    request_id: String,
    outcome: Word<ResultOutcome>,
    /// The state of the request after it; `null` if there is no such request.
    state: Option<Word<State>>,
    /// Only of a refused decision: the code that the same decision gets when it is made alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Word<Code>>,
    /// Only of a refused decision: a sentence that explains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// How one decision of a bulk call ended.
enum ResultOutcome {
    Recorded,
    Repeated,
    Refused,
}

impl Vocabulary for ResultOutcome {
    const SCHEMA: &'static str = "BulkOutcome";
    const DESCRIPTION: &'static str = "`recorded`: the decision is new. `repeated`: it was recorded before. `refused`: it was not recorded.";

    fn words() -> Vec<&'static str> {
        [Self::Recorded, Self::Repeated, Self::Refused].iter().map(Self::word).collect()
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Repeated => "repeated",
            Self::Refused => "refused",
        }
    }
}

impl BulkResultBody {
    /// The body for one result.
    pub fn of(result: BulkItemResult) -> Self {
        let BulkItemResult { id, outcome, state } = result;
        let (outcome, code, message) = match outcome {
            BulkOutcome::Recorded { .. } => (ResultOutcome::Recorded, None, None),
            BulkOutcome::Repeated { .. } => (ResultOutcome::Repeated, None, None),
            BulkOutcome::Refused { code, sentence } => (ResultOutcome::Refused, Some(code), Some(sentence)),
        };
        Self {
            request_id: id.to_string(),
            outcome: Word(outcome),
            state: state.map(Word),
            code: code.map(Word),
            message,
        }
    }
}
