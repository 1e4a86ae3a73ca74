//! Faults in the parts of an API call that are not a submission: its members and its query parameters.

use crate::domain::search::QueryFault;
use crate::domain::words::WordsFault;

/// What a member of a body must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A text.
    Text,
    /// A whole number of at least 1.
    Count,
    /// An object.
    Object,
    /// A list.
    List,
}

impl MemberKind {
    fn noun(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Count => "a whole number of at least 1",
            Self::Object => "an object",
            Self::List => "a list",
        }
    }
}

/// A fault in a member of a decision, a withdrawal, a list of decisions, or of what is submitted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberFault {
    /// The body is no object.
    NotAnObject,
    /// It must be there.
    Required(MemberKind),
    /// It is of another kind.
    Wrong(MemberKind),
    /// No member has this name.
    Unknown,
    /// It is no decision.
    NotAVerdict,
    /// The only action is `AdminTask`.
    NotAdminTask,
    /// It is no id of a request.
    NotARequestId,
    /// A request is listed twice.
    RequestTwice,
    /// The list is empty or too long.
    RequestCount {
        /// The greatest number.
        max: usize,
    },
    /// The person's words are missing or can't be kept.
    Words(WordsFault),
    /// It is not how an outcome is settled.
    NotASettledOutcome,
    /// It is no id by which a target could recognise a repeat.
    NewId {
        /// The greatest number of characters.
        chars_max: usize,
    },
    /// There are too many pointers.
    FieldCount {
        /// The greatest number.
        max: usize,
    },
    /// It is no JSON pointer to a part of a submission.
    NotASubmissionPointer,
    /// A pointer is listed twice.
    FieldTwice,
    /// The request's type takes no reason.
    NoReasonInType,
    /// The request's type names no id by which its target recognises a repeat.
    NoIdInType,
    /// The call does not carry the id that its type names.
    NoIdInCall,
}

impl MemberFault {
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::NotAnObject => "Send a JSON object.".to_owned(),
            Self::Required(kind) => format!("This is required. Write {}.", kind.noun()),
            Self::Wrong(kind) => format!("Write {}.", kind.noun()),
            Self::Unknown => "This member is unknown. Leave it out.".to_owned(),
            Self::FieldCount { max } => format!("Name at most {max} members."),
            Self::NotASubmissionPointer => "Write a JSON pointer into the submission, such as \
                 /payload/IntouchAPITask-Payload/body/amount."
                .to_owned(),
            Self::FieldTwice => "Name each member once.".to_owned(),
            Self::NotAVerdict => "Write approved or rejected.".to_owned(),
            Self::NotAdminTask => "Write AdminTask.".to_owned(),
            Self::NotARequestId => "Write the id of a request.".to_owned(),
            Self::RequestTwice => "Name each request once.".to_owned(),
            Self::RequestCount { max } => format!("Name 1 to {max} requests."),
            Self::Words(fault) => fault.sentence(),
            Self::NotASettledOutcome => "Write executed or failed.".to_owned(),
            Self::NewId { chars_max } => {
                format!("Write an id of 1 to {chars_max} characters, no control characters.")
            }
            Self::NoReasonInType => "Leave it out: requests of this type take no reason.".to_owned(),
            Self::NoIdInType => {
                "Leave it out: the calls of this request type carry no id by which the target \
                                 recognises a repeat."
                    .to_owned()
            }
            Self::NoIdInCall => {
                "Leave it out: this call carries no id that could be replaced. Submit a new request instead."
                    .to_owned()
            }
        }
    }
}

/// A fault in a query parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterFault {
    /// No parameter has this name.
    Unknown,
    /// It is given twice.
    Repeated,
    /// It is too long or has control characters.
    NotShort,
    /// It is no whole number in this range.
    NotInRange {
        /// The least number.
        from: i64,
        /// The greatest number.
        to: i64,
    },
    /// It is none of these words.
    NotOneOf {
        /// The words.
        allowed: Vec<String>,
    },
    /// An item is not one of these words.
    NotAListOf {
        /// The words.
        allowed: Vec<String>,
    },
    /// It is not an id.
    NotAnId,
    /// It is not a date.
    NotADate,
    /// It is not a format of an export.
    NotAnExport,
    /// Two ways to choose a page are given at once.
    TwoPages,
    /// The requested list does not take it.
    NotInThisView,
    /// Only the inbox takes it.
    OnlyForInbox,
    /// It is no amount.
    NotAnAmount,
    /// It is no unit; the sentence is `domain::unit`'s.
    NotAUnit {
        /// What to write.
        sentence: String,
    },
    /// A time ends before it begins.
    EndsBeforeItBegins {
        /// The parameter with the beginning.
        begin: &'static str,
    },
    /// The list of words has none.
    NoWords,
    /// The view has the reader's own requests only, and this names someone else.
    NotTheReader,
    /// Only CSV has it.
    OnlyForCsv,
    /// It is no text that can be searched for.
    Query(QueryFault),
}

impl ParameterFault {
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Unknown => "This parameter is unknown. Leave it out.".to_owned(),
            Self::Repeated => "Give this parameter once.".to_owned(),
            Self::NotShort => "Write a short text without control characters.".to_owned(),
            Self::NotInRange { from, to } => format!("Write a whole number from {from} to {to}."),
            Self::NotOneOf { allowed } => format!("Write one of {}.", allowed.join(", ")),
            Self::NotAListOf { allowed } => {
                format!("Write a list of these, separated by commas: {}.", allowed.join(", "))
            }
            Self::NotAnId => "Write an id: 36 characters with four hyphens.".to_owned(),
            Self::NotADate => "Write a date as YYYY-MM-DD.".to_owned(),
            Self::NotAnExport => "Write csv or jsonl.".to_owned(),
            Self::TwoPages => "Give either after or PageNo.".to_owned(),
            Self::EndsBeforeItBegins { begin } => {
                format!(
                    "Nothing can be found: this is before {begin}. Write a later one, or leave one of them out."
                )
            }
            Self::Query(fault) => fault.sentence(),
            Self::NoWords => "Name at least one, or leave it out.".to_owned(),
            Self::NotTheReader => {
                "Nothing can be found: this view has only your own requests. Leave it out.".to_owned()
            }
            Self::OnlyForCsv => "Leave it out: only format=csv has a byte order mark.".to_owned(),
            Self::NotInThisView => "Leave it out: this view does not take it.".to_owned(),
            Self::OnlyForInbox => "Leave it out: only view=needs_me takes it.".to_owned(),
            Self::NotAnAmount => "Write a plain decimal number such as 1000.50.".to_owned(),
            Self::NotAUnit { sentence } => sentence.clone(),
        }
    }
}
