//! An operation of the document, and the statuses with which kinds of calls can be refused.

use serde_json::{Value, json};

use super::answers::{HEAD_TOO_LARGE, refusal_name};
use super::{component, members, parameters};

/// Statuses with which a read can be refused.
pub(super) const READING: &[u16] = &[400, 401, 403, 429, 498, 500, 503];
/// Statuses with which a read of one request can be refused.
pub(super) const READING_ONE: &[u16] = &[400, 401, 403, 404, 429, 498, 500, 503];
/// Statuses with which a submission can be refused.
pub(super) const SUBMITTING: &[u16] = &[400, 401, 403, 408, 409, 413, 415, 429, 498, 500, 503];
/// Statuses with which a call for operators can be refused.
pub(super) const OPERATING: &[u16] = &[HEAD_TOO_LARGE];
/// Statuses with which a bulk decision can be refused as a whole.
pub(super) const MOVING_MANY: &[u16] = &[400, 401, 403, 408, 413, 415, 429, 498, 500, 503];
/// Statuses with which a command on one request can be refused.
pub(super) const MOVING: &[u16] = &[400, 401, 403, 404, 408, 409, 413, 415, 429, 498, 500, 503];
/// Statuses with which a client gets no token.
pub(super) const TOKENS: &[u16] = &[400, 404, 408, 413, 415, 429, 500, 503];

/// An operation before it is put into the document's shape.
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) tag: &'static str,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
    pub(super) success: Value,
    pub(super) refused: &'static [u16],
    /// An answer that is no success and has another body than an error.
    pub(super) special: Option<(&'static str, Value)>,
}

impl Operation {
    /// The operation in the document.
    pub(super) fn render(self) -> Value {
        let mut responses = members(json!({ "200": self.success }));
        let refused = self.refused.iter();
        responses.extend(
            refused.map(|&status| (status.to_string(), component("responses", refusal_name(status)))),
        );
        responses.extend(self.special.map(|(status, answer)| (status.to_owned(), answer)));
        let mut operation = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            "parameters": self.parameters,
            "responses": responses,
        });
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        if ["Clients", "Operating"].contains(&self.tag) {
            operation["security"] = json!([]);
        }
        operation
    }
}

/// References to these parameters and to those that every operation has.
pub(super) fn given(names: &[&str]) -> Vec<Value> {
    parameters::of(&[names, &["reference", "traceparent"]].concat())
}
