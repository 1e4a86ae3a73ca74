//! What a schema wants at one place, in words.

/// What to write at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One of these values.
    OneOf(Vec<String>),
    /// Just this value.
    Exactly(String),
    /// A value of one of these kinds.
    Kinds(Vec<Kind>),
    /// The schema says no more than that it does not match.
    Unclear,
}

/// A kind of JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A number.
    Number,
    /// A whole number.
    WholeNumber,
    /// An object.
    Object,
    /// A list with items of these kinds; of any if there are none.
    List(Vec<Kind>),
    /// `true` or `false`.
    Truth,
    /// What the schema calls by another name, such as `null`.
    Other(String),
}

impl Wanted {
    /// A value of this kind.
    pub fn a(kind: Kind) -> Self {
        Self::Kinds(vec![kind])
    }

    /// `Write a string.`, with the reader's word for a string.
    pub fn sentence(&self, a_string: &str) -> String {
        match self {
            Self::OneOf(options) => format!("Write one of: {}.", options.join(", ")),
            Self::Exactly(value) => format!("Write {value}."),
            Self::Kinds(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(|kind| kind.one(a_string)).collect();
                format!("Write {}.", kinds.join(" or "))
            }
            Self::Unclear => "Write what the schema of this request type asks for here.".to_owned(),
        }
    }
}

impl Kind {
    fn one(&self, a_string: &str) -> String {
        match self {
            Self::Text => a_string.to_owned(),
            Self::Number => "a number".to_owned(),
            Self::WholeNumber => "a whole number".to_owned(),
            Self::Object => "an object".to_owned(),
            Self::List(items) if items.is_empty() => "a list".to_owned(),
            Self::List(items) => {
                let items: Vec<&str> = items.iter().map(Self::many).collect();
                format!("a list of {}", items.join(" or "))
            }
            Self::Truth => "true or false".to_owned(),
            Self::Other(name) => name.clone(),
        }
    }

    fn many(&self) -> &str {
        match self {
            Self::Text => "strings",
            Self::Number => "numbers",
            Self::WholeNumber => "whole numbers",
            Self::Object => "objects",
            Self::List(_) => "lists",
            Self::Truth => "true or false",
            Self::Other(name) => name,
        }
    }
}

/// What a value of the right kind has too much or too little of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A string must not be empty.
    NotEmpty,
    /// The least number of characters.
    CharsMin(u64),
    /// The greatest number of characters.
    CharsMax(u64),
    /// The least number.
    Min(String),
    /// The greatest number.
    Max(String),
    /// The number must be above this.
    Above(String),
    /// The number must be below this.
    Below(String),
    /// The number must be a multiple of this.
    MultipleOf(String),
    /// The least number of items.
    ItemsMin(u64),
    /// The greatest number of items.
    ItemsMax(u64),
    /// No item twice.
    UniqueItems,
    /// The least number of members.
    MembersMin(u64),
    /// The greatest number of members.
    MembersMax(u64),
    /// Members must have names that the schema allows.
    MemberNames,
    /// The string must match this pattern.
    Pattern(String),
    /// The string must have this format.
    Format(String),
    /// Nothing may be here.
    Nothing,
}

impl Limit {
    /// `Write at most 3 items.`, with the reader's word for a string.
    pub fn sentence(&self, a_string: &str) -> String {
        match self {
            Self::NotEmpty => format!("Write {a_string} that is not empty."),
            Self::CharsMin(limit) => format!("Write at least {limit} characters."),
            Self::CharsMax(limit) => format!("Write at most {limit} characters."),
            Self::Min(limit) => format!("Write a number of at least {limit}."),
            Self::Max(limit) => format!("Write a number of at most {limit}."),
            Self::Above(limit) => format!("Write a number above {limit}."),
            Self::Below(limit) => format!("Write a number below {limit}."),
            Self::MultipleOf(step) => format!("Write a multiple of {step}."),
            Self::ItemsMin(limit) => format!("Write at least {limit} items."),
            Self::ItemsMax(limit) => format!("Write at most {limit} items."),
            Self::UniqueItems => "Write every item once.".to_owned(),
            Self::MembersMin(limit) => format!("Write at least {limit} members."),
            Self::MembersMax(limit) => format!("Write at most {limit} members."),
            Self::MemberNames => "Give the members of this object names that the schema allows.".to_owned(),
            Self::Pattern(pattern) => format!("Write {a_string} that matches {pattern}."),
            Self::Format(format) => format!("Write {a_string} in the format {format}."),
            Self::Nothing => "Leave this member out.".to_owned(),
        }
    }
}
