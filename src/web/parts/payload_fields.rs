//! The fields of a request type as a table: what each may hold and who sees it. Read from the type's schemas.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::domain::fault::pointer_to;
use crate::domain::path::placeholders;
use crate::domain::request_type::{Place, RequestType, Schema, UnitRule};
use crate::domain::wording::unquoted;
use crate::web::sentences::type_facts::{
    LIMITS, LIST, NEEDED, SeenBy, TEXT_NEEDED, always, items_of, kinds, one_of, seen_by, used_as,
};

/// Fields that are shown; the definition has them all.
const FIELDS_MAX: usize = 200;

/// How deep schemas and their references are followed.
const DEPTH_MAX: usize = 12;

/// Values of an enumeration that are named.
const CHOICES_MAX: usize = 8;

/// One field.
pub struct FieldRow {
    /// Where it is in a task.
    pub pointer: String,
    /// What it may hold.
    pub kind: String,
    pub seen_by: &'static str,
    /// What else the type does with it.
    pub used_as: &'static str,
}

/// The fields of a type, in the order of its schemas.
pub fn rows(known: &RequestType) -> Vec<FieldRow> {
    let mut table = FieldTable { known, rows: Vec::new(), pointers: HashSet::new() };
    for name in placeholders(&known.path) {
        let documented = known.path_params.as_ref().is_some_and(|schema| schema.documents(name));
        if !documented {
            table.add(&pointer_to("/pathParams", name), TEXT_NEEDED.to_owned());
        }
    }
    let parts = [
        ("/pathParams", known.path_params.as_ref()),
        ("/queryParams", known.query.as_ref()),
        ("/headers", known.headers.described()),
        ("/body", known.body.as_ref()),
    ];
    for (at, schema) in parts {
        if let Some(schema) = schema {
            let whole = SchemaReader { root: schema.source(), depth: 0 };
            let is_path = at == "/pathParams";
            whole.add_fields(schema.source(), at, is_path, &mut table);
        }
    }
    let hidden = known.classes.masked.iter().chain(&known.classes.secret);
    let unit = known.unit.as_ref().and_then(UnitRule::place);
    let named = [known.subject.as_ref(), known.amount.as_ref(), unit];
    for place in hidden.chain(named.into_iter().flatten()) {
        let is_listed = |pointer: &String| place.is_header() && pointer.eq_ignore_ascii_case(place.as_str());
        if !table.pointers.contains(place.as_str()) && !table.pointers.iter().any(is_listed) {
            table.add(place.as_str(), String::new());
        }
    }
    table.rows
}

struct FieldTable<'a> {
    known: &'a RequestType,
    rows: Vec<FieldRow>,
    pointers: HashSet<String>,
}

impl FieldTable<'_> {
    fn add(&mut self, pointer: &str, kind: String) {
        if self.rows.len() < FIELDS_MAX && self.pointers.insert(pointer.to_owned()) {
            let row = FieldRow {
                pointer: pointer.to_owned(),
                kind,
                seen_by: seen_by(self.seen_by(pointer)),
                used_as: self.used_as(pointer),
            };
            self.rows.push(row);
        }
    }

    fn seen_by(&self, pointer: &str) -> SeenBy {
        let Ok(place) = Place::parse(pointer) else { return SeenBy::Everybody };
        let covers = |classes: &[Place]| classes.iter().any(|class| covers(class, &place));
        if covers(&self.known.classes.secret) {
            SeenBy::Nobody
        } else if covers(&self.known.classes.masked) {
            SeenBy::Deciders
        } else {
            SeenBy::Everybody
        }
    }

    fn used_as(&self, pointer: &str) -> &'static str {
        let is = |place: &Option<Place>| place.as_ref().is_some_and(|place| place.as_str() == pointer);
        let is_unit = self.known.unit.as_ref().is_some_and(|unit| unit.as_str() == pointer);
        used_as(is(&self.known.subject), is(&self.known.amount), is_unit)
    }
}

/// Whether `class` covers `place`; headers are the same in any case.
fn covers(class: &Place, place: &Place) -> bool {
    let is_same_header = class.is_header() && class.as_str().eq_ignore_ascii_case(place.as_str());
    is_same_header || class.covers(&place.steps())
}

/// A schema, for its references.
struct SchemaReader<'a> {
    root: &'a Value,
    depth: usize,
}

impl SchemaReader<'_> {
    fn add_fields(&self, schema: &Value, at: &str, is_needed: bool, table: &mut FieldTable<'_>) {
        let schema = Schema::resolve(self.root, schema);
        if self.depth > DEPTH_MAX {
            return;
        }
        let properties = schema.get("properties").and_then(Value::as_object).filter(|all| !all.is_empty());
        if let Some(properties) = properties {
            self.members(schema, properties, at, table);
            return;
        }
        let items = schema.get("items").map(|items| Schema::resolve(self.root, items));
        let with_members = items.filter(|items| items.get("properties").is_some());
        // The whole of a part has no place of its own.
        let is_part = at.matches('/').count() == 1;
        let needed = if is_needed { NEEDED } else { "" };
        match (with_members, is_part) {
            (Some(items), _) => {
                if !is_part {
                    table.add(at, format!("{LIST}{needed}"));
                }
                self.deeper().add_fields(items, &format!("{at}/*"), false, table);
            }
            (None, false) => table.add(at, format!("{}{needed}", self.kind(schema))),
            (None, true) => {}
        }
    }

    fn members(&self, schema: &Value, properties: &Map<String, Value>, at: &str, table: &mut FieldTable<'_>) {
        let required = schema.get("required").and_then(Value::as_array);
        for (name, member) in properties {
            let listed = required.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(name)));
            // A value for every place in the path is needed, whatever its schema says.
            let is_needed =
                listed || (at == "/pathParams" && placeholders(&table.known.path).any(|one| one == name));
            self.deeper().add_fields(member, &pointer_to(at, name), is_needed, table);
        }
    }

    /// The same for what is inside.
    fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..*self }
    }

    fn kind(&self, schema: &Value) -> String {
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            let shown: Vec<String> = choices.iter().take(CHOICES_MAX).map(unquoted).collect();
            return one_of(&shown, choices.len() > CHOICES_MAX);
        }
        if let Some(value) = schema.get("const") {
            return always(&unquoted(value));
        }
        let names: Vec<&str> = match schema.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut kind = kinds(&names);
        if let Some(items) = schema.get("items").filter(|_| names.contains(&"array")) {
            kind.push_str(&items_of(&self.kind(Schema::resolve(self.root, items))));
        }
        for limit in LIMITS {
            if let Some(value) = schema.get(limit.keyword) {
                kind.push_str(&limit.words(&unquoted(value)));
            }
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::web::sample;

    fn lines(known: &RequestType) -> Vec<String> {
        let line = |row: &FieldRow| {
            format!("{} | {} | {} | {}", row.pointer, row.kind, row.seen_by, row.used_as)
                .trim_end()
                .to_owned()
        };
        rows(known).iter().map(line).collect()
    }

    #[test]
    fn every_field_says_what_it_holds_who_sees_it_and_what_it_is_for() {
        insta::assert_snapshot!(lines(&sample::refund()).join("\n"), @r"
        /pathParams/order | text, like ^[0-9-]{4,20}$, needed | everybody who may read | subject
        /body/amount | number, above 0, to 5000, needed | everybody who may read | amount
        /body/currency | one of EUR, USD | everybody who may read |
        /body/iban | text, at most 34 characters | those who decide; masked for all others |
        /body/pin | text | nobody, once it is submitted |
        /body/lines | list | everybody who may read |
        /body/lines/*/sku | text | everybody who may read |
        /headers/authorization |  | nobody, once it is submitted |
        ");
    }

    #[test]
    fn a_described_header_is_one_field_and_hidden_in_whatever_case_it_is_named() {
        let known = RequestType::from_definition(&json!({
            "name": "PIN", "call": { "method": "POST", "path": "/pin" },
            "headers": { "required": ["X-Pin"], "properties": { "X-Pin": {}, "X-Shop": { "maxLength": 2 } } },
            "fields": { "secret": ["/headers/X-PIN"] },
        }))
        .unwrap();
        let expected = [
            "/headers/x-pin | text, needed | nobody, once it is submitted |",
            "/headers/x-shop | text, at most 2 characters | everybody who may read |",
        ];
        assert_eq!(lines(&known), expected);
    }

    #[test]
    fn references_are_followed_and_one_that_leads_to_itself_ends() {
        let known = RequestType::from_definition(&json!({
            "name": "TREE",
            "call": { "method": "POST", "path": "/trees/{tree}" },
            "body": {
                "$ref": "#/$defs/node",
                "$defs": { "node": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": { "type": ["string", "null"] },
                        "kinds": { "type": "array", "items": { "enum": [1, true, "a"] }, "maxItems": 3 },
                        "child": { "$ref": "#/$defs/node" },
                    },
                } },
            },
        }))
        .unwrap();
        let lines = lines(&known);
        assert_eq!(lines[0], "/pathParams/tree | text, needed | everybody who may read |");
        assert_eq!(lines[1], "/body/name | text or nothing, needed | everybody who may read |");
        assert_eq!(
            lines[2],
            "/body/kinds | list of: one of 1, true, a, at most 3 items | everybody who may read |"
        );
        assert_eq!(lines[3], "/body/child/name | text or nothing, needed | everybody who may read |");
        assert!(lines.len() <= FIELDS_MAX);
    }
}
