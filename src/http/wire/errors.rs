//! The body of every error.

use schemars::JsonSchema;
use serde::Serialize;

use super::request::WarningBody;
use super::word::Word;
use crate::domain::code::Code;
use crate::http::error::ErrorItem;

/// The answer to every API call that was refused. All faults are listed at once.
#[derive(Serialize, JsonSchema)]
pub struct ErrorBody {
    /// Always `null`.
    data: (),
    /// What is wrong; at least one entry.
    #[schemars(length(min = 1))]
    errors: Vec<ErrorItemBody>,
    /// Always empty.
    #[schemars(length(max = 0))]
    warnings: Vec<WarningBody>,
}

/// One thing that is wrong.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ErrorItem")]
struct ErrorItemBody {
    code: Word<Code>,
    /// A sentence that says what to do.
    message: String,
    /// A JSON pointer into the body, or the name of a parameter or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The id under which the log has the call.
    reference: String,
}

impl ErrorBody {
    /// The body with these entries, under the reference of their call.
    pub fn new(items: &[ErrorItem], reference: &str) -> Self {
        let body = |item: &ErrorItem| ErrorItemBody {
            code: Word(item.code),
            message: item.message.clone(),
            field: item.field.clone(),
            reference: reference.to_owned(),
        };
        Self { data: (), errors: items.iter().map(body).collect(), warnings: Vec::new() }
    }
}
