//! People.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::actor::Person;

/// A user id: a plain number is written as a number, anything else as a string.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum UserId {
    Number(u64),
    Text(String),
}

impl UserId {
    /// The contract's user ids are numbers; ids of other identity providers stay strings.
    pub(super) fn of(text: &str) -> Self {
        let is_plain =
            text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
        match text.parse() {
            Ok(number) if is_plain => Self::Number(number),
            _ => Self::Text(text.to_owned()),
        }
    }
}

/// A person as their token names them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Person")]
pub(super) struct PersonBody {
    user_id: UserId,
    /// The name, often an e-mail address.
    user_name: String,
    /// The `sub` claim of their token: unique at their identity provider.
    sub: String,
}

impl PersonBody {
    pub(super) fn of(person: &Person) -> Self {
        Self {
            user_id: UserId::of(&person.user_id),
            user_name: person.user_name.clone(),
            sub: person.sub.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_number_is_written_as_a_number() {
        assert_eq!(UserId::of("400001"), UserId::Number(400_001));
        for text in ["007", "", "u-1", "99999999999999999999999"] {
            assert_eq!(UserId::of(text), UserId::Text(text.to_owned()));
        }
    }
}
