//! The operations that end an unknown outcome.

use serde_json::{Value, json};

use super::answers::success;
use super::bodies::{body, closed, words};
use super::operation::{MOVING, Operation, given};
use super::schemas;
use crate::domain::actor::Permission;
use crate::domain::policy::may_settle::WORDS_PER_PERSON_MAX;
use crate::domain::settlement::SettledOutcome;
use crate::http::wire::{Data, RequestBody};

/// `POST /requests/{requestId}/settle`
pub(super) fn settle() -> Operation {
    Operation {
        id: "settleRequest".to_owned(),
        tag: "Deciding",
        summary: "Say how an unknown outcome ended.".to_owned(),
        description: format!(
            "Needs the permission `{}` and a seat in any stage of the request's approval, whether the person signed \
             it or not; any checker may if its rule needs no approval. The maker can't. The latest word of each \
             person counts, and each person has at most {WORDS_PER_PERSON_MAX}. When two people say the same, the \
             request is `executed` or `failed`; until then it stays `unknown`. If the same word is sent again, the \
             answer is the request in its current state.",
            Permission::Check.name()
        ),
        parameters: given(&["requestId", "org"]),
        body: Some(settlement_body()),
        success: success(
            "The request with what was said about it.",
            &schemas::of::<Data<RequestBody>>(),
            &[],
        ),
        refused: MOVING,
        special: None,
    }
}

/// `POST /requests/{requestId}/probe`
pub(super) fn probe() -> Operation {
    Operation {
        id: "probeRequest".to_owned(),
        tag: "Deciding",
        summary: "Have the target asked what became of a call.".to_owned(),
        description: "Needs what a word about an unknown outcome needs, and a type with a `[probe]`. The target is asked \
                      soon, and the answer of this call does not wait for it. While it is being asked, or is to be \
                      asked for the first time, this changes nothing."
            .to_owned(),
        parameters: given(&["requestId", "org"]),
        body: Some(probe_body()),
        success: success("The request.", &schemas::of::<Data<RequestBody>>(), &[]),
        refused: MOVING,
        special: None,
    }
}

/// The request body of a word about an unknown outcome.
fn settlement_body() -> Value {
    let example =
        json!({ "outcome": "executed", "evidence": "The target's log has it as transaction 77120." });
    body("How the request ended.", "SettlementInput", &[("settle", example)])
}

/// The request body of a wish that the target is asked.
fn probe_body() -> Value {
    body("An empty object.", "ProbeInput", &[("probe", json!({}))])
}

/// The schema of such a word.
pub(super) fn settlement() -> Value {
    let mut input = closed(json!({
        "outcome": {
            "type": "string",
            "enum": SettledOutcome::ALL.map(SettledOutcome::name),
            "description": "Whether the target did what was asked.",
        },
        "evidence": words("How the person knows it. Something of it can be seen."),
    }));
    input["properties"]["version"] = json!({
        "type": "integer",
        "minimum": 1,
        "description": "The version of the request that the person read.",
    });
    input
}
