//! One thing wrong with what was sent, told so that the sender can mend it.

pub mod call;
pub mod form;
mod sentences;
pub mod wanted;

use self::call::{MemberFault, ParameterFault};
use self::form::FormFault;
use self::wanted::{Limit, Wanted};
use super::code::Code;
pub use super::pointer::pointer_to;

/// A fault in a payload, a query or a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer into the body, or the parameter's name; empty for the whole body.
    pub field: String,
    /// What is wrong.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault at `field`.
    pub fn new(field: impl Into<String>, kind: impl Into<FaultKind>) -> Self {
        Self { field: field.into(), kind: kind.into() }
    }

    /// The stable word for it.
    pub fn code(&self) -> Code {
        self.kind.code()
    }

    /// A sentence that says what to do.
    pub fn sentence(&self) -> String {
        self.kind.sentence()
    }
}

/// What is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The text is not JSON in UTF-8.
    NotJson {
        /// What the parser says.
        reason: String,
    },
    /// A member is named twice.
    Repeated,
    /// A member has a name that JSON libraries give a meaning of their own.
    Reserved,
    /// Objects and lists are nested too deep.
    TooDeep {
        /// The greatest depth.
        max: usize,
    },
    /// The body of a submission is no object.
    NotASubmission,
    /// A member that must be there is not.
    Missing {
        /// What to write.
        wanted: Wanted,
    },
    /// The value is of another kind, or not one of those allowed.
    Wrong {
        /// What to write.
        wanted: Wanted,
    },
    /// The value is of the right kind, but out of bounds.
    Limit(Limit),
    /// No member has this name here.
    Unknown {
        /// The names that are allowed.
        allowed: Vec<String>,
    },
    /// An id of the entity is missing, empty or too long.
    EntityId {
        /// The greatest number of characters.
        chars_max: usize,
    },
    /// There is no hostname.
    NoHostname,
    /// The hostname is no origin; the clause is `domain::target`'s.
    Hostname {
        /// What it must be like.
        clause: String,
    },
    /// The type has one target, and this is another.
    NotTheTarget {
        /// The type's target.
        target: String,
    },
    /// The target is not on the list.
    TargetNotAllowed {
        /// The target.
        origin: String,
    },
    /// Calls of the type are sent with a credential that may not go to this target.
    CredentialNotForTarget {
        /// The credential's name.
        credential: String,
        /// The target.
        origin: String,
    },
    /// The type has one value for this member.
    NotTheTypes {
        /// The member.
        name: String,
        /// Its value.
        value: String,
    },
    /// A part of the path is empty or too long, or a server could read it as a step: `.`, `..;x`.
    PathSegment,
    /// A part of the path has a character that it may not have, or brings one about.
    PathCharacter {
        /// The character.
        found: char,
    },
    /// What the request is about is not there.
    NoSubject,
    /// The subject has no spelling that others can be compared with; the sentence is `domain::request_type`'s.
    Subject {
        /// What to write.
        sentence: String,
    },
    /// The amount can't be held exactly; the sentence is `domain::amount`'s.
    Amount {
        /// What to write.
        sentence: String,
    },
    /// What the amount counts is named by no unit; the sentence is `domain::unit`'s.
    Unit {
        /// What to write.
        sentence: String,
    },
    /// The call can't be made from the task; the sentence is `domain::call`'s.
    Call {
        /// What is wrong.
        sentence: String,
    },
    /// The call's URL is too long to be sent.
    UrlTooLong {
        /// The greatest number of bytes.
        max: usize,
    },
    /// The call's headers are too long to be sent.
    HeadersTooLong {
        /// The greatest number of bytes, all headers together.
        max: usize,
    },
    /// A header has a name that HTTP does not allow.
    HeaderName,
    /// A header has a value that HTTP does not allow.
    HeaderValue,
    /// The engine sets this header.
    HeaderOfEngine,
    /// The header belongs to the connection.
    HeaderOfConnection,
    /// The header asks for a compressed answer.
    HeaderOfCompression,
    /// The engine fills this header with the request's id.
    HeaderOfRepeats,
    /// Calls of the type are sent with a credential, and this header is one, or the one that it sets.
    HeaderOfCredential {
        /// The credential's name.
        credential: String,
    },
    /// Some server lets the header change what a call does or who sends it, and the type does not name it.
    HeaderSteers,
    /// The header names another media type than the body has.
    MediaType {
        /// The type's media type.
        media_type: String,
    },
    /// A call with this method has a body only if its type describes one.
    NoBody {
        /// The method.
        method: String,
    },
    /// A query can't say this value, or the type does not describe it as a list.
    QueryValue,
    /// The query has too many parameters.
    QueryParameters {
        /// The greatest number.
        max: usize,
    },
    /// The header is there twice.
    HeaderRepeated,
    /// A member of another body than a submission's.
    Member(MemberFault),
    /// A query parameter.
    Parameter(ParameterFault),
    /// A field of a page's form.
    Form(FormFault),
}

impl FaultKind {
    /// The stable word for it; `payload_invalid` for most.
    pub fn code(&self) -> Code {
        match self {
            Self::NotJson { .. } => Code::Unreadable,
            Self::NotTheTarget { .. }
            | Self::TargetNotAllowed { .. }
            | Self::CredentialNotForTarget { .. } => Code::TargetNotAllowed,
            Self::Parameter(_) => Code::ParameterInvalid,
            Self::Repeated
            | Self::Reserved
            | Self::TooDeep { .. }
            | Self::NotASubmission
            | Self::Missing { .. }
            | Self::Wrong { .. }
            | Self::Limit(_)
            | Self::Unknown { .. }
            | Self::EntityId { .. }
            | Self::NoHostname
            | Self::Hostname { .. }
            | Self::NotTheTypes { .. }
            | Self::PathSegment
            | Self::PathCharacter { .. }
            | Self::NoSubject
            | Self::Subject { .. }
            | Self::Amount { .. }
            | Self::Unit { .. }
            | Self::Call { .. }
            | Self::UrlTooLong { .. }
            | Self::HeadersTooLong { .. }
            | Self::HeaderName
            | Self::HeaderValue
            | Self::HeaderOfEngine
            | Self::HeaderOfConnection
            | Self::HeaderOfCompression
            | Self::HeaderOfRepeats
            | Self::HeaderOfCredential { .. }
            | Self::HeaderSteers
            | Self::MediaType { .. }
            | Self::NoBody { .. }
            | Self::QueryValue
            | Self::QueryParameters { .. }
            | Self::HeaderRepeated
            | Self::Member(_)
            | Self::Form(_) => Code::PayloadInvalid,
        }
    }

    /// A sentence that says what to do, for readers of JSON.
    pub fn sentence(&self) -> String {
        self.sentence_calling("a string")
    }

    /// The same with the reader's word for a string: who fills in a form knows texts.
    pub fn sentence_calling(&self, a_string: &str) -> String {
        match self {
            Self::NotJson { reason } => format!("Send one JSON value in UTF-8. This is none: {reason}."),
            Self::Repeated => "Write this member once; it is unclear which one is meant.".to_owned(),
            Self::Reserved => "Give this member another name; this one is reserved.".to_owned(),
            Self::TooDeep { max } => format!("Nest objects and lists at most {max} deep."),
            Self::NotASubmission => "Send an object with the members entityInfo and payload.".to_owned(),
            Self::Missing { wanted } => format!("Add this member. {}", wanted.sentence(a_string)),
            Self::Wrong { wanted } => wanted.sentence(a_string),
            Self::Limit(limit) => limit.sentence(a_string),
            Self::Unknown { allowed } => {
                let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
                format!("Leave this member out; allowed here: {allowed}.")
            }
            Self::EntityId { chars_max } => {
                format!("Write {a_string} of 1 to {chars_max} characters, no control characters.")
            }
            Self::NoHostname => "Write scheme, host and optional port as one string.".to_owned(),
            Self::Hostname { clause } => clause.clone(),
            Self::NotTheTarget { target } => {
                format!("Write {target}, the only target of this request type.")
            }
            Self::TargetNotAllowed { origin } => {
                format!("Name a target that may be called; {origin} is not on the list.")
            }
            Self::CredentialNotForTarget { credential, origin } => {
                sentences::credential_not_for_target(credential, origin)
            }
            Self::NotTheTypes { name, value } => {
                format!("Write {value}, the only {name} of this request type.")
            }
            Self::PathSegment => sentences::path_segment(a_string),
            Self::PathCharacter { found } => sentences::path_character(*found),
            Self::NoSubject => {
                format!("Write {a_string} or a number: this is what the request is about.")
            }
            Self::Subject { sentence }
            | Self::Amount { sentence }
            | Self::Unit { sentence }
            | Self::Call { sentence } => sentence.clone(),
            Self::UrlTooLong { max } => sentences::url_too_long(*max),
            Self::HeadersTooLong { max } => sentences::headers_too_long(*max),
            Self::HeaderName => sentences::HEADER_NAME.to_owned(),
            Self::HeaderValue => format!(
                "Write {a_string} of visible ASCII characters, with spaces or tabs only between them."
            ),
            Self::HeaderOfEngine => "Leave this header out; the engine sets it.".to_owned(),
            Self::HeaderOfConnection => "Leave this header out; it belongs to the connection.".to_owned(),
            Self::HeaderOfCompression => sentences::HEADER_OF_COMPRESSION.to_owned(),
            Self::HeaderOfRepeats => sentences::HEADER_OF_REPEATS.to_owned(),
            Self::HeaderOfCredential { credential } => sentences::header_of_credential(credential),
            Self::HeaderSteers => sentences::HEADER_STEERS.to_owned(),
            Self::MediaType { media_type } => sentences::media_type(media_type),
            Self::NoBody { method } => {
                format!("Leave the body out: {method} has one only if the request type describes it.")
            }
            Self::QueryValue => format!(
                "Write {a_string}, a number, true or false, or a list of these if the request type describes one."
            ),
            Self::QueryParameters { max } => {
                format!("Write at most {max} parameters; a list counts once for each item.")
            }
            Self::HeaderRepeated => {
                "Write this header once; upper and lower case are the same, and so are - and _.".to_owned()
            }
            Self::Member(fault) => fault.sentence(),
            Self::Parameter(fault) => fault.sentence(),
            Self::Form(fault) => fault.sentence(),
        }
    }
}

impl From<MemberFault> for FaultKind {
    fn from(fault: MemberFault) -> Self {
        Self::Member(fault)
    }
}

impl From<ParameterFault> for FaultKind {
    fn from(fault: ParameterFault) -> Self {
        Self::Parameter(fault)
    }
}

impl From<FormFault> for FaultKind {
    fn from(fault: FormFault) -> Self {
        Self::Form(fault)
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

#[cfg(test)]
mod tests {
    use super::wanted::Kind;
    use super::*;

    #[test]
    fn a_reader_of_json_and_one_of_forms_get_their_own_word_for_a_string() {
        let wrong =
            FaultKind::Wrong { wanted: Wanted::Kinds(vec![Kind::Text, Kind::List(vec![Kind::Text])]) };
        assert_eq!(wrong.sentence(), "Write a string or a list of strings.");
        assert_eq!(wrong.sentence_calling("a text"), "Write a text or a list of strings.");
        let missing = FaultKind::Missing { wanted: Wanted::a(Kind::Object) };
        assert_eq!(missing.sentence(), "Add this member. Write an object.");
        let unknown = FaultKind::Unknown { allowed: Vec::new() };
        assert_eq!(unknown.sentence(), "Leave this member out; allowed here: nothing.");
    }

    #[test]
    fn a_fault_has_the_code_that_its_kind_has() {
        let codes = [
            FaultKind::NotJson { reason: "it is not UTF-8".to_owned() },
            FaultKind::TargetNotAllowed { origin: "https://a.example".to_owned() },
            ParameterFault::Unknown.into(),
            MemberFault::Unknown.into(),
        ]
        .map(|kind| Fault::new("", kind).code());
        let expected =
            [Code::Unreadable, Code::TargetNotAllowed, Code::ParameterInvalid, Code::PayloadInvalid];
        assert_eq!(codes, expected);
    }
}
