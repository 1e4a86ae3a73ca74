//! What helps to fill a form in: the parts of the form, what to write, and the limits before somebody breaks them.

use serde_json::Value;

use crate::domain::media_type::MediaType;
use crate::domain::wording::capitalised;

/// A part of the form of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormPart {
    /// The path and the body.
    What,
    /// The maker's reason.
    Why,
    Query,
    /// The target and the headers.
    Target,
    Entity,
}

impl FormPart {
    /// Its title, and what to know about it; empty if that is nothing.
    pub fn words(self) -> (&'static str, &'static str) {
        let kept = "Kept with the request, not sent to the target";
        match self {
            Self::What => ("What to do", ""),
            Self::Why => ("Why", kept),
            Self::Query => ("In the address", "Query parameters"),
            Self::Target => ("Where it is sent", ""),
            Self::Entity => ("Where it belongs", kept),
        }
    }
}

/// The hint of the maker's reason.
pub const REASON: &str = "Whoever decides reads this first.";

/// The hint of the header by which a target knows who calls.
pub const AUTHORIZATION: &str = "If the target asks for it, such as Basic … or Bearer ….";

/// The hint of a value that may be a text or a number.
pub const TEXT_OR_NUMBER: &str = "It is sent as a text unless you tick that it is a number.";

/// An example of what to write.
pub fn such_as(example: &str) -> String {
    format!("Such as {example}.")
}

/// The same for somebody who wrote something else.
pub fn write_such_as(example: &str) -> String {
    format!("Write something such as {example}.")
}

/// What a text must look like, where its schema says no more.
pub fn in_the_form(pattern: &str) -> String {
    format!("In the form {pattern}.")
}

/// What ticking a field sends that has one value.
pub fn sends(value: &str) -> String {
    format!("Sends {value}.")
}

/// What a body is that is no JSON.
pub fn text_of(media_type: &MediaType) -> String {
    format!("A text of the type {media_type}.")
}

/// What the headers' field says: how a body goes out, what the type takes, and which header is the engine's to fill.
pub fn headers(content_type: &str, taken: &[String], is_open: bool, key_header: Option<&str>) -> Vec<String> {
    let others = if is_open { ", and others by a pattern" } else { "" };
    let key = key_header.map(|name| format!("{name} is filled in with the request’s id."));
    [format!("A body goes out as {content_type}."), format!("This type takes {}{others}.", taken.join(", "))]
        .into_iter()
        .chain(key)
        .collect()
}

/// What the engine sends a call with, so that nobody writes it.
pub fn sent_with(credential: &str) -> String {
    format!("The call is sent with the credential {credential}.")
}

/// How much of a field is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPublic {
    All,
    Parts,
}

/// What to know about a field that is not shown again.
pub fn not_public(how_much: NotPublic) -> &'static str {
    match how_much {
        NotPublic::All => "Not public: this page never shows it again.",
        NotPublic::Parts => "Parts of it are not public: this page never shows those again.",
    }
}

/// The label of the box that leaves out what was filled in and is not shown again; `member` is what is inside of the
/// field.
pub fn leave_out(member: Option<&str>) -> String {
    member.map_or_else(|| "Leave it out".to_owned(), |member| format!("Leave out: {member}"))
}

/// The least and the greatest number of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub min: Option<u64>,
    pub max: Option<u64>,
}

impl Bounds {
    /// How long a text must be; `None` if there is no limit that people meet.
    pub fn of_characters(self) -> Option<String> {
        match (self.min.filter(|min| *min > 1), self.max) {
            (Some(min), Some(max)) if min == max => Some(format!("{min} characters.")),
            (Some(min), Some(max)) => Some(format!("{min} to {max} characters.")),
            (Some(min), None) => Some(format!("At least {min} characters.")),
            (None, Some(max)) => Some(format!("At most {max} characters.")),
            (None, None) => None,
        }
    }

    /// How many lines to write, one for each item.
    pub fn of_lines(self) -> String {
        let more = self.words().map(|words| format!(" {words}.")).unwrap_or_default();
        format!("One on each line.{more}")
    }

    /// How many rows to fill in; `None` if there is no limit that people meet.
    pub fn of_rows(self) -> Option<String> {
        self.words().map(|words| format!("{words}."))
    }

    /// `2 to 5`, `At most 5`; `None` if there is no limit that people meet.
    fn words(self) -> Option<String> {
        match (self.min.filter(|min| *min > 0), self.max) {
            (Some(min), Some(max)) if min == max => Some(format!("Exactly {min}")),
            (Some(min), Some(max)) => Some(format!("{min} to {max}")),
            (Some(min), None) => Some(format!("At least {min}")),
            (None, Some(max)) => Some(format!("At most {max}")),
            (None, None) => None,
        }
    }
}

/// The limits of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberLimits<'s> {
    pub is_whole: bool,
    pub at_least: Option<&'s Value>,
    pub above: Option<&'s Value>,
    pub at_most: Option<&'s Value>,
    pub below: Option<&'s Value>,
    pub multiple_of: Option<&'s Value>,
}

impl NumberLimits<'_> {
    /// `A whole number, at least 1, at most 5.`; `None` without limits.
    pub fn words(&self) -> Option<String> {
        let whole = self.is_whole.then(|| "a whole number".to_owned());
        let least = self.at_least.map(|limit| format!("at least {limit}"));
        let above = self.above.map(|limit| format!("above {limit}"));
        let most = self.at_most.map(|limit| format!("at most {limit}"));
        let below = self.below.map(|limit| format!("below {limit}"));
        let step = self.multiple_of.map(|step| format!("a multiple of {step}"));
        let all: Vec<String> = [whole, least, above, most, below, step].into_iter().flatten().collect();
        (!all.is_empty()).then(|| capitalised(&format!("{}.", all.join(", "))))
    }
}

/// How to write a value of these JSON types.
pub fn as_json(kinds: &[&str]) -> String {
    match kinds {
        ["object"] => r#"Written as JSON, such as {"name": "value", "number": 1}."#.to_owned(),
        ["array"] => r#"Written as JSON, such as ["one", "two"]."#.to_owned(),
        _ => r#"Written as JSON: a text in double quotes, a number, true, {…} or […]."#.to_owned(),
    }
}

/// A text in the format of this name.
pub fn example_of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "date-time" => "2026-11-22T10:30:00Z",
        "date" => "2026-11-22",
        "time" => "10:30:00Z",
        "duration" => "P3DT4H",
        "email" | "idn-email" => "name@example.com",
        "hostname" | "idn-hostname" => "www.example.com",
        "ipv4" => "192.0.2.7",
        "ipv6" => "2001:db8::7",
        "uri" | "iri" => "https://www.example.com/page",
        "uuid" => "0190b6f2-7a3c-7cc0-8000-000000000001",
        _ => return None,
    })
}
