//! The JSON texts in columns, and the parts they share: people, capacities, warnings.
//!
//! **Invariant:** what is written is read back as the same value. A text that lacks a member or has one
//! too many is [`StoreError::Corrupt`]. Only where a struct says so, a member that has nothing to say is left out.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::StoreError;
use crate::domain::actor::Person;
use crate::domain::policy::Capacity;

/// A value as the text of a column.
pub(super) fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("structs of texts and numbers are JSON")
}

/// The value of a column's text; `what` names the column. The text itself stays out of the log.
pub(super) fn read<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt(format!("JSON of {what}")))
}

/// The same of a text that was packed.
pub(super) fn read_bytes<T: DeserializeOwned>(text: &[u8], what: &str) -> Result<T, StoreError> {
    serde_json::from_slice(text).map_err(|_| StoreError::Corrupt(format!("JSON of {what}")))
}

/// Reads a member that may be `null` but not missing: serde alone takes both for `None`.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

/// A person.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PersonJson {
    iss: String,
    sub: String,
    user_id: String,
    user_name: String,
}

impl From<&Person> for PersonJson {
    fn from(person: &Person) -> Self {
        let Person { iss, sub, user_id, user_name } = person.clone();
        Self { iss, sub, user_id, user_name }
    }
}

impl From<PersonJson> for Person {
    fn from(json: PersonJson) -> Self {
        let PersonJson { iss, sub, user_id, user_name } = json;
        Self { iss, sub, user_id, user_name }
    }
}

/// People, in their order.
pub(super) fn people(people: &[Person]) -> Vec<PersonJson> {
    people.iter().map(PersonJson::from).collect()
}

/// What [`people`] wrote.
pub(super) fn read_people(people: Vec<PersonJson>) -> Vec<Person> {
    people.into_iter().map(Person::from).collect()
}

/// Capacities by their names.
pub(super) fn capacities(capacities: &[Capacity]) -> Vec<String> {
    capacities.iter().map(Capacity::to_string).collect()
}

/// What [`capacities`] wrote.
pub(super) fn read_capacities<S: AsRef<str>>(
    names: impl IntoIterator<Item = S>,
) -> Result<Vec<Capacity>, StoreError> {
    let capacity = |name: S| {
        let name = name.as_ref();
        Capacity::parse(name).ok_or_else(|| StoreError::Corrupt(format!("capacity {name}")))
    };
    names.into_iter().map(capacity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        #[serde(deserialize_with = "nullable")]
        at: Option<i64>,
    }

    #[test]
    fn a_null_is_none_and_a_missing_member_is_an_error() {
        assert_eq!(write(&Sample { at: None }), r#"{"at":null}"#);
        assert_eq!(read::<Sample>(r#"{"at":null}"#, "sample").unwrap(), Sample { at: None });
        assert!(matches!(read::<Sample>("{}", "sample"), Err(StoreError::Corrupt(_))));
    }
}
