//! Faults that only a submission written into the fields of a page can have.

use crate::domain::bad_place::BadPlace;
use crate::domain::json::NotJson;

/// A fault in a field of a page's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormFault {
    /// The text of a field for JSON is not JSON.
    NotJson(NotJson),
    /// The field was filled in once, and is not shown again; now it is empty.
    Emptied,
    /// A field for further members has something else than an object.
    NotMembers,
    /// A field for further members names one that has its own field.
    HasItsField {
        /// The member.
        name: String,
    },
    /// A header has two rows.
    HeaderTwice,
    /// The type has changed since the form was opened and lacks this field now.
    Gone {
        /// The field.
        name: String,
    },
    /// The call would be larger than one that the API takes.
    TooLarge {
        /// The most bytes.
        bytes_max: usize,
    },
}

impl FormFault {
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::NotJson(why) => format!("This is not JSON yet: {}", where_not_json(why)),
            Self::Emptied => {
                "You had filled this in. Type it again, or tick that you leave it out.".to_owned()
            }
            Self::NotMembers => r#"Write a JSON object, such as {"name": "value"}."#.to_owned(),
            Self::HasItsField { name } => format!("Leave {name} out here; it has a field of its own."),
            Self::HeaderTwice => "Write this header once.".to_owned(),
            Self::TooLarge { bytes_max } => {
                format!("Write less: a submission has at most {} KiB.", bytes_max / 1024)
            }
            Self::Gone { name } => {
                format!("{name} is no part of this type any more. Look the whole form through again.")
            }
        }
    }
}

/// Where the text stops being JSON, for people who wrote it by hand.
fn where_not_json(NotJson { reason, place }: &NotJson) -> String {
    match place {
        None => format!("{reason}."),
        Some(BadPlace { line, found: None, .. }) => {
            format!("it ends too early, in line {line}. A quote or a bracket is still open.")
        }
        Some(BadPlace { line, column, found: Some(found) }) => format!(
            "“{found}” is not expected in line {line}, column {column}. Write names and texts in double quotes, a comma \
             between two members, and none after the last."
        ),
    }
}
