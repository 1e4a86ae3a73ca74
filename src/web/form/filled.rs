//! From JSON to the content of the fields: defaults of a schema, and a body that was written as JSON.

use serde_json::{Map, Value};

use super::entries::{Entries, ROWS_MAX, number_name};
use super::parse::YES;
use super::plan::{Field, Inside, Kind};
use crate::domain::fault::pointer_to;

/// Puts into `entries` what a new form contains: defaults, and the first rows of lists.
pub fn begin(field: &Field, at: &str, entries: &mut Entries) {
    if let Some(default) = &field.default {
        let mut filled = entries.clone();
        if fill(field, at, default, &mut filled) {
            *entries = filled;
            return;
        }
    }
    match field.kind.inside() {
        Inside::Members(fields) => {
            for field in fields {
                begin(field, &pointer_to(at, &field.name), entries);
            }
        }
        Inside::Rows(item) => {
            let rows = field.rows_at_first();
            entries.set_rows(at, rows);
            for row in 0..rows {
                begin(item, &pointer_to(at, &row.to_string()), entries);
            }
        }
        Inside::Nothing => {}
    }
}

/// Gives lists back the empty rows that a new form shows, behind those that are filled in.
pub fn refill_rows(field: &Field, at: &str, entries: &mut Entries) {
    match field.kind.inside() {
        Inside::Members(fields) => {
            for field in fields {
                refill_rows(field, &pointer_to(at, &field.name), entries);
            }
        }
        Inside::Rows(item) => {
            let rows = entries.rows(at).unwrap_or(0);
            for row in 0..rows {
                refill_rows(item, &pointer_to(at, &row.to_string()), entries);
            }
            let wanted = field.rows_at_first();
            for row in rows..wanted {
                begin(item, &pointer_to(at, &row.to_string()), entries);
            }
            entries.set_rows(at, rows.max(wanted));
        }
        Inside::Nothing => {}
    }
}

/// Puts `value` into the fields of `field`; `false` if they can't hold it.
pub fn fill(field: &Field, at: &str, value: &Value, entries: &mut Entries) -> bool {
    if value.is_null() && field.is_nullable && field.is_required {
        return !matches!(field.kind, Kind::Group(..) | Kind::List(..) | Kind::Lines(_) | Kind::Fixed(_));
    }
    match (&field.kind, value) {
        (Kind::Fixed(only), _) => {
            if !field.is_required {
                entries.put(at, YES);
            }
            only == value
        }
        (Kind::Choice(options), _) => {
            let chosen = options.iter().find(|option| option.value == *value);
            chosen.inspect(|option| entries.put(at, option.key.as_str())).is_some()
        }
        (Kind::Truth, Value::Bool(truth)) => {
            entries.put(at, truth.to_string());
            true
        }
        (Kind::Text(_) | Kind::TextOrNumber, Value::String(text)) => {
            entries.put(at, text.as_str());
            !text.is_empty() && !text.contains('\r')
        }
        (Kind::Number | Kind::TextOrNumber, Value::Number(number)) => {
            if matches!(field.kind, Kind::TextOrNumber) {
                entries.put(number_name(at), YES);
            }
            entries.put(at, number.to_string());
            true
        }
        (Kind::Group(fields, is_open), Value::Object(members)) => {
            fill_group(&Group { fields, is_open: *is_open }, at, members, entries)
        }
        (Kind::List(item, _), Value::Array(items)) => {
            entries.set_rows(at, items.len());
            let mut rows = items.iter().enumerate();
            let holds =
                rows.all(|(row, value)| fill(item, &pointer_to(at, &row.to_string()), value, entries));
            holds && items.len() <= ROWS_MAX
        }
        (Kind::Lines(item), Value::Array(items)) => lines(item, items).is_some_and(|lines| {
            entries.put(at, lines);
            true
        }),
        (Kind::Json, _) => {
            entries.put(at, pretty(value));
            true
        }
        (
            Kind::Truth
            | Kind::Text(_)
            | Kind::Number
            | Kind::TextOrNumber
            | Kind::Group(..)
            | Kind::List(..)
            | Kind::Lines(_),
            _,
        ) => false,
    }
}

/// The fields of an object, and whether other members may be written as JSON beside them.
struct Group<'a> {
    fields: &'a [Field],
    is_open: bool,
}

fn fill_group(group: &Group<'_>, at: &str, members: &Map<String, Value>, entries: &mut Entries) -> bool {
    let mut others = members.clone();
    let mut holds = true;
    for field in group.fields {
        if let Some(value) = others.shift_remove(&field.name) {
            holds &= fill(field, &pointer_to(at, &field.name), &value, entries);
        }
    }
    if group.is_open && !others.is_empty() {
        entries.put(at, pretty(&others.into()));
        return holds;
    }
    holds && others.is_empty()
}

fn lines(item: &Field, items: &[Value]) -> Option<String> {
    let line = |value: &Value| match (&item.kind, value) {
        (Kind::Number, Value::Number(number)) => Some(number.to_string()),
        (Kind::Text(_), Value::String(text)) => {
            let fits = !text.trim().is_empty() && !text.contains(['\n', '\r']);
            fits.then(|| text.clone())
        }
        _ => None,
    };
    Some(items.iter().map(line).collect::<Option<Vec<_>>>()?.join("\n"))
}

/// JSON for people, digit by digit.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
