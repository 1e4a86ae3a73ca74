//! `unit` of a definition: what the amount counts, as a word or as a pointer to where a task says it.

use serde_json::Value;

use super::parse::{Faults, Table};
use super::place::{Place, ROOTS};
use crate::domain::unit::Unit;

/// What the amount of a type counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitRule {
    /// The same for every request.
    Word(Unit),
    /// What each task says here.
    At(Place),
}

impl UnitRule {
    /// Reads `unit`; `has_amount` says whether there is anything that it could belong to.
    pub(super) fn read(root: &Table<'_>, has_amount: bool, faults: &mut Faults) -> Option<Self> {
        let text = root.text("unit", faults)?;
        if !has_amount {
            faults.push("/amount", "Add amount: unit says what it counts.");
        }
        let is_half_pointer =
            |root: &&str| text.strip_prefix(*root).is_some_and(|rest| rest.starts_with('/'));
        if ROOTS.iter().any(is_half_pointer) {
            faults.push("/unit", format!("Write a pointer with a slash in front: /{text}."));
            return None;
        }
        if !text.starts_with('/') {
            return faults.take("/unit", Unit::parse(text)).map(Self::Word);
        }
        let place = faults.take("/unit", Place::parse(text))?;
        if place.is_wide() || place.is_header() {
            faults.push("/unit", "Write a pointer to one value in /body, /queryParams or /pathParams.");
        }
        Some(Self::At(place))
    }

    /// The word or the pointer as it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Word(unit) => unit.as_str(),
            Self::At(place) => place.as_str(),
        }
    }

    /// Where a task says it.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Word(_) => None,
            Self::At(place) => Some(place),
        }
    }

    /// The word, if it is the same for every request.
    pub fn word(&self) -> Option<&Unit> {
        match self {
            Self::Word(unit) => Some(unit),
            Self::At(_) => None,
        }
    }

    /// What a task says; `None` if it says nothing.
    ///
    /// # Errors
    /// What to write, if what it says is no unit.
    pub fn read_from(&self, task: &Value) -> Result<Option<Unit>, String> {
        match self {
            Self::Word(unit) => Ok(Some(unit.clone())),
            Self::At(place) => place.find(task).map_or(Ok(None), Unit::from_json),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::request_type::RequestType;
    use crate::domain::unit::UNIT_CHARS_MAX;

    fn typed(more: Value) -> Result<RequestType, Vec<String>> {
        let mut definition =
            json!({"name": "X", "call": {"method": "POST", "path": "/x"}, "amount": "/body/sum"});
        for (name, value) in more.as_object().unwrap() {
            definition[name] = value.clone();
        }
        let read = RequestType::from_definition(&definition);
        read.map_err(|faults| faults.into_iter().map(|fault| fault.field).collect())
    }

    #[test]
    fn a_unit_is_a_word_or_a_pointer_and_part_of_the_version() {
        let plain = typed(json!({})).unwrap();
        assert!(plain.unit.is_none() && !plain.definition().contains("unit"));
        for unit in
            ["EUR", "points", "/body/currency", "/queryParams/unit", "/pathParams/currency", "/body/all/0/c"]
        {
            let read = typed(json!({ "unit": unit })).unwrap();
            assert_eq!(read.unit.as_ref().map(UnitRule::as_str), Some(unit));
            assert_ne!(read.version, plain.version);
            let again =
                RequestType::from_definition(&serde_json::from_str(read.definition()).unwrap()).unwrap();
            assert_eq!((again.version, again.unit), (read.version, read.unit), "{unit}");
        }
    }

    #[test]
    fn every_fault_of_a_unit_is_told_at_its_place() {
        let long = "x".repeat(UNIT_CHARS_MAX + 1);
        for unit in [
            json!(1),
            json!(null),
            json!(["EUR"]),
            json!({"at": "/body/c"}),
            json!(""),
            json!("5EUR"),
            json!("E R"),
            json!("€"),
            json!(long),
            json!("body/currency"),
            json!("/"),
            json!("/body"),
            json!("/hostname/x"),
            json!("/headers/X-Currency"),
            json!("/body/*/currency"),
        ] {
            assert_eq!(typed(json!({ "unit": unit })).unwrap_err(), ["/unit"], "{unit}");
        }
        for (more, expected) in [
            (json!({"unit": "/body/c", "fields": {"secret": ["/body/c"]}}), "/unit"),
            (
                json!({"unit": "/body/c", "fields": {"masked": ["/body/*"]}, "amount": "/pathParams/n"}),
                "/unit",
            ),
        ] {
            assert_eq!(typed(more.clone()).unwrap_err(), [expected], "{more}");
        }
        let alone = json!({"name": "X", "call": {"method": "POST", "path": "/x"}, "unit": "EUR"});
        assert_eq!(RequestType::from_definition(&alone).unwrap_err()[0].field, "/amount");
    }

    #[test]
    fn a_unit_that_is_not_there_is_never_made_up() {
        let read = typed(json!({"unit": "/body/currency"})).unwrap();
        let unit = |body: Value| read.unit_of(&json!({ "body": body })).map(|unit| unit.to_string());
        assert_eq!(unit(json!({"sum": 5, "currency": "EUR"})).as_deref(), Some("EUR"));
        for body in [
            json!({"sum": 5}),
            json!({"sum": 5, "currency": null}),
            json!({"sum": 5, "currency": 978}),
            json!({"currency": "EUR"}),
        ] {
            assert_eq!(unit(body.clone()), None, "{body}");
        }
        let word = typed(json!({"unit": "points"})).unwrap();
        assert_eq!(word.unit_of(&json!({"body": {"sum": 5}})).unwrap().as_str(), "points");
        assert_eq!(word.unit_of(&json!({"body": {}})), None, "of nothing");
    }
}
