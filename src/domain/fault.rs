//! One thing wrong with what was sent, told so that the sender can mend it.

use super::code::Code;
pub use super::pointer::pointer_to;

/// A fault in a payload, a query or a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A stable word; `payload_invalid` unless the fault has a code of its own.
    pub code: Code,
    /// A JSON pointer into the body, or the parameter's or header's name; empty for the whole body.
    pub field: String,
    /// A sentence that says what to do.
    pub message: String,
}

impl Fault {
    /// A `payload_invalid` fault at `field`.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Code::PayloadInvalid, field: field.into(), message: message.into() }
    }

    /// A fault with a code of its own at `field`.
    pub fn new(code: Code, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, field: field.into(), message: message.into() }
    }
}

/// A fault in a definition: in a type file or the people file. It is never sent to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionFault {
    /// A JSON pointer into the definition; empty for the whole.
    pub field: String,
    /// A sentence that says what to write instead.
    pub message: String,
}

impl DefinitionFault {
    /// A fault at `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}
