//! The operations around a request that is not right yet, or was not: comments, sending back, resubmitting, revisions,
//! submitting again.

use serde_json::{Value, json};

use super::answers::success;
use super::bodies::{body, closed, input_reference, words};
use super::operation::{MOVING, Operation, READING_ONE, given};
use super::schemas;
use crate::domain::actor::Permission;
use crate::domain::lifecycle::COMMENTS_MAX;
use crate::domain::request_type::{REPEAT_ID_CHARS_MAX, RequestTypes};
use crate::domain::revision::{NewSendBack, REVISIONS_MAX};
use crate::domain::submission::REASON;
use crate::http::wire::{Data, NO_CONTROL, RequestBody, RevisionBody};

/// `POST /requests/{requestId}/comments`
pub(super) fn comment() -> Operation {
    let example = json!({ "message": "Which receipt is this for?" });
    Operation {
        id: "commentOnRequest".to_owned(),
        tag: "Deciding",
        summary: "Comment on a request.".to_owned(),
        description: format!(
            "Everybody who may read a request may comment on it until it ends, {COMMENTS_MAX} times in all. A comment \
             decides nothing, and does not make the request another one for those who have read it. The history has \
             the comments.",
        ),
        parameters: given(&["requestId", "org"]),
        body: Some(body("The comment.", "CommentInput", &[("comment", example)])),
        success: success("The request.", &schemas::of::<Data<RequestBody>>(), &[]),
        refused: MOVING,
        special: None,
    }
}

/// `POST /requests/{requestId}/send-back`
pub(super) fn send_back() -> Operation {
    let example = json!({
        "message": "The receipt says 21 EUR.",
        "fields": ["/payload/IntouchAPITask-Payload/body/amount"],
    });
    Operation {
        id: "sendRequestBack".to_owned(),
        tag: "Deciding",
        summary: "Send a request back to its maker for changes.".to_owned(),
        description: format!(
            "Whoever may reject the request now may send it back instead; it needs the permission `{}`. The request is \
             `sent_back` then: nobody decides it until its maker resubmits it, and its deadline goes on. It has at most \
             {REVISIONS_MAX} revisions. If the same call is sent again, the answer is the request in its current state.",
            Permission::Check.name()
        ),
        parameters: given(&["requestId", "org"]),
        body: Some(body("What is to be changed.", "SendBackInput", &[("sendBack", example)])),
        success: success("The request.", &schemas::of::<Data<RequestBody>>(), &[]),
        refused: MOVING,
        special: None,
    }
}

/// `POST /requests/{requestId}/resubmit`
pub(super) fn resubmit(types: &RequestTypes) -> Operation {
    let inputs: Vec<Value> = types.iter().map(|request_type| input_reference(request_type)).collect();
    let description = "The request in the state `AdminTask`, or `approved` if its rule needs no approval.";
    Operation {
        id: "resubmitRequest".to_owned(),
        tag: "Making",
        summary: "Resubmit a request that was sent back.".to_owned(),
        description: format!(
            "Only the maker can do this, and needs the permission `{}`. The body is a submission of the request's own \
             type, and is judged as a new one is: by the type, rules, people and limits in force now. It becomes the \
             next revision of the same request, with its own digest; the request keeps its deadlines, and needs all \
             approvals again. A refused call changes nothing, but auditors see the refusal.",
            Permission::Make.name()
        ),
        parameters: given(&["requestId", "org", "idempotencyKey"]),
        body: Some(json!({
            "description": "The submission in place of the one that was sent back.",
            "required": true,
            "content": { "application/json": { "schema": { "anyOf": inputs } } },
        })),
        success: success(description, &schemas::of::<Data<RequestBody>>(), &["Idempotent-Replayed"]),
        refused: MOVING,
        special: None,
    }
}

/// `GET /requests/{requestId}/revisions/{revision}`
pub(super) fn revision() -> Operation {
    Operation {
        id: "getRequestRevision".to_owned(),
        tag: "Reading",
        summary: "Read one revision of a request, and what changed in it.".to_owned(),
        description: "What the maker submitted in this revision, the decisions on it, and each member that differs from \
                      the revision before it, or from `since`. Of a member that the reader may not see, they learn only \
                      that it changed."
            .to_owned(),
        parameters: given(&["requestId", "revision", "since", "orgOrOnly"]),
        body: None,
        success: success("The revision.", &schemas::of::<Data<RevisionBody>>(), &[]),
        refused: READING_ONE,
        special: None,
    }
}

/// The schema of a comment.
pub(super) fn comment_input() -> Value {
    closed(json!({ "message": words("The comment. Something of it can be seen.") }))
}

/// The schema of a wish for changes.
pub(super) fn send_back_input() -> Value {
    let mut input =
        closed(json!({ "message": words("What is to be changed. Something of it can be seen.") }));
    input["properties"]["fields"] = json!({
        "type": "array",
        "maxItems": NewSendBack::FIELDS_MAX,
        "uniqueItems": true,
        "items": {
            "type": "string",
            "maxLength": NewSendBack::POINTER_CHARS_MAX,
            "pattern": r"^/(entityInfo|payload|reason)(/([^~/\u0000-\u001f\u007f-\u009f]|~[01])*)*$",
        },
        "description": "The members of the submission that it is about, as JSON pointers.",
    });
    input["properties"]["digest"] = json!({
        "type": "string",
        "description": "The digest that the checker read; compared with the request's.",
    });
    input["properties"]["version"] = json!({
        "type": "integer",
        "minimum": 1,
        "description": "The version of the request that the checker read.",
    });
    input
}

/// `POST /requests/{requestId}/submit-again`
pub(super) fn submit_again() -> Operation {
    let description = "The new request in the state `AdminTask`, or `approved` if its rule needs no approval. \
                       Credentials, masked and secret fields are masked.";
    Operation {
        id: "submitRequestAgain".to_owned(),
        tag: "Making",
        summary: "Submit a request again.".to_owned(),
        description: format!(
            "Makes a new request of the stored call of one that is `failed`, `rejected`, `withdrawn` or `expired`. \
             The type, rules, people and targets in force now judge it, and it needs new approvals. Only the maker \
             can do this, once, and needs the permission `{}`. A call that carries an id by which its target \
             recognises a repeat keeps the id unless `newId` is sent. Faults that are not about `newId` point into \
             the stored call, as if it were the body of a submission. A refused call makes no request, but auditors \
             see the refusal.",
            Permission::Make.name()
        ),
        parameters: given(&["requestId", "org", "idempotencyKey"]),
        body: Some(again_body()),
        success: success(description, &schemas::of::<Data<RequestBody>>(), &["Idempotent-Replayed"]),
        refused: MOVING,
        special: None,
    }
}

/// The request body of what is submitted again.
fn again_body() -> Value {
    let examples = [
        ("same", json!({})),
        ("otherId", json!({ "newId": "4711-b", REASON: "The first one was cancelled." })),
    ];
    body(
        "Why, and what is to differ from the stored call: nothing, or its id.",
        "SubmitAgainInput",
        &examples,
    )
}

/// The schema of what is submitted again.
pub(super) fn again_input() -> Value {
    let new_id = json!({
        "type": "string", "minLength": 1, "maxLength": REPEAT_ID_CHARS_MAX, "pattern": NO_CONTROL,
        "description": "The id to write in place of the one by which the target recognises a repeat; only for types \
                        that name one. Without it the id stays, so that the target does the work once.",
    });
    let reason =
        words("Why it is submitted again. The first reason is not repeated; a type may require one.");
    let properties = json!({ "newId": new_id, REASON: reason });
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
