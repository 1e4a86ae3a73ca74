//! From fields and their content to controls. What is not public is never written back into a page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::controls::{Control, EmptiedView, FieldView, Input, OptionView};
use super::entries::{Entries, leave_name, number_name, rows_name, typed_name};
use super::filled::pretty;
use super::parse::{YES, is_box};
use super::plan::{Choice, Field, Kind, Look, Rows, as_json, words};
use crate::domain::fault::pointer_to;
use crate::domain::json;
use crate::domain::pointer::steps_of;
use crate::domain::request_type::FieldClasses;
use crate::domain::submission::is_credential;
use crate::domain::wording::unquoted;
use crate::web::sentences::hints::{self, NotPublic};

/// With more options than this, a choice folds into a list.
const RADIOS_MAX: usize = 5;
/// Lines of a text area at most, before it scrolls.
const AREA_ROWS_MAX: usize = 20;

/// Makes the controls of one page.
pub struct FieldRenderer<'a> {
    entries: &'a Entries,
    classes: &'a FieldClasses,
    drawn: usize,
    /// What the page marks as filled in: each place once.
    marked: BTreeSet<String>,
}

impl<'a> FieldRenderer<'a> {
    /// Shows `entries`, but for what `classes` hide.
    pub fn of(entries: &'a Entries, classes: &'a FieldClasses) -> Self {
        Self { entries, classes, drawn: 0, marked: BTreeSet::new() }
    }

    /// One field with everything inside.
    pub fn field(&mut self, field: &Field, at: &str) -> FieldView {
        self.drawn += 1;
        let id = format!("f{}", self.drawn);
        let order = self.drawn;
        let hidden = self.hidden(field, at);
        let mut hint: Vec<String> = field.hint.clone();
        if let (Kind::Fixed(value), false) = (&field.kind, field.is_required) {
            hint.push(hints::sends(&unquoted(value)));
        }
        let emptied = self.emptied(hidden, at);
        hint.extend(hidden_hint(hidden, !emptied.is_empty()));
        if matches!(field.kind, Kind::TextOrNumber) {
            hint.push(hints::TEXT_OR_NUMBER.to_owned());
        }
        let control = self.control(field, at, &id, hidden);
        // A box always says one thing or the other.
        let is_certain = matches!(control, Control::Box { value: "true", .. } | Control::Fixed(_));
        FieldView {
            at: at.to_owned(),
            id,
            label: field.label.clone(),
            hint,
            wish: field.wish.clone(),
            order,
            has_focus: false,
            emptied,
            is_optional: !field.is_required && !is_certain,
            errors: Vec::new(),
            remove: None,
            control,
        }
    }

    fn control(&mut self, field: &Field, at: &str, id: &str, hidden: Hidden) -> Control {
        let written = if hidden == Hidden::No { self.entries.get(at) } else { "" };
        match &field.kind {
            Kind::Fixed(value) if field.is_required => Control::Fixed(unquoted(value)),
            Kind::Fixed(_) => Control::Box { value: YES, is_on: written == YES },
            Kind::Choice(options) => choice(options, field, id, written),
            Kind::Truth if is_box(field) => Control::Box { value: "true", is_on: written == "true" },
            Kind::Truth => {
                let options = [("true", "Yes"), ("false", "No")].map(|(key, label)| Choice {
                    key: key.to_owned(),
                    label: label.to_owned(),
                    value: Value::Null,
                });
                choice(&options, field, id, written)
            }
            Kind::Text(look) => line(*look, hidden, written),
            Kind::Number => Control::Input(Input { mode: "decimal", ..input(hidden, written) }),
            Kind::TextOrNumber => {
                let name = number_name(at);
                let is_number = self.entries.get(&name) == YES;
                Control::Input(Input { number: Some((name, is_number)), ..input(hidden, written) })
            }
            Kind::Group(fields, is_open) => Control::Group(self.group(at, fields, *is_open)),
            Kind::List(item, rows) => self.list(item, *rows, at),
            Kind::Lines(_) => area(written.to_owned(), 4, false, hidden),
            Kind::Json => area(self.json(at, hidden), 5, true, hidden),
        }
    }

    /// The fields of a group one after another.
    pub fn group(&mut self, at: &str, fields: &[Field], is_open: bool) -> Vec<FieldView> {
        let mut drawn: Vec<FieldView> =
            fields.iter().map(|field| self.field(field, &pointer_to(at, &field.name))).collect();
        if is_open {
            let others = as_json("", "More members", &json!({ "type": "object" })).optional();
            drawn.push(self.field(&others, at));
        }
        drawn
    }

    fn list(&mut self, item: &Field, bounds: Rows, at: &str) -> Control {
        let count = self.entries.rows(at).unwrap_or(0);
        let rows = (0..count).map(|row| {
            let row_at = pointer_to(at, &row.to_string());
            let mut view = self.field(item, &row_at);
            view.label = format!("{} {}", item.label, row + 1);
            view.remove = (count > bounds.min).then(|| format!("remove:{row_at}"));
            view
        });
        let rows = rows.collect();
        Control::List { rows, rows_name: rows_name(at), is_full: count >= bounds.max }
    }

    /// JSON as it was written, but for members that are hidden: those the maker writes again.
    fn json(&self, at: &str, hidden: Hidden) -> String {
        let written = self.entries.get(at);
        match hidden {
            Hidden::No => written.to_owned(),
            Hidden::Whole | Hidden::WholeSecret => String::new(),
            Hidden::Inside => json::read(written.as_bytes()).map_or_else(
                |_| String::new(),
                |mut value| {
                    without_hidden(&mut value, at, self.classes);
                    pretty(&value)
                },
            ),
        }
    }

    fn hidden(&self, field: &Field, at: &str) -> Hidden {
        let steps = steps_of(at);
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        if matches!(field.kind, Kind::Group(..) | Kind::List(..) | Kind::Fixed(_)) {
            return Hidden::No;
        }
        let is_secret_header = match steps.as_slice() {
            ["headers", row, "value"] => {
                let name = self.entries.get(&format!("/headers/{row}/name"));
                is_credential(name) || self.classes.hide_header(name)
            }
            ["headers", name] => is_credential(name) || self.classes.hide_header(name),
            _ => false,
        };
        if is_secret_header || self.classes.keep_secret(&steps) {
            Hidden::WholeSecret
        } else if self.classes.hide(&steps) {
            Hidden::Whole
        } else if self.classes.reach_into(&steps) {
            if matches!(field.kind, Kind::Json) { Hidden::Inside } else { Hidden::WholeSecret }
        } else {
            Hidden::No
        }
    }

    /// What was filled in at `at` or inside of it, now or before, and is not shown again.
    fn emptied(&mut self, hidden: Hidden, at: &str) -> Vec<EmptiedView> {
        let places = match hidden {
            Hidden::No => Vec::new(),
            Hidden::Whole | Hidden::WholeSecret => self.own(at),
            Hidden::Inside => self.inside(at),
        };
        // A place with its own field is also inside of the JSON for further members.
        let places = places.into_iter().filter(|place| self.marked.insert(place.clone()));
        let places: Vec<String> = places.collect();
        places.iter().map(|place| self.emptied_view(place, at)).collect()
    }

    /// What is hidden inside of JSON at `at`; all of it if it can't be read.
    fn inside(&self, at: &str) -> Vec<String> {
        let written = self.entries.get(at);
        let mut places = Vec::new();
        match json::read(written.as_bytes()) {
            Ok(value) => find_hidden(&value, at, self.classes, &mut places),
            Err(_) if written.trim().is_empty() => {}
            Err(_) => places.push(at.to_owned()),
        }
        for before in self.entries.typed_in(at).filter(|place| is_hidden(place, self.classes)) {
            if !places.iter().any(|place| place == before) {
                places.push(before.to_owned());
            }
        }
        places
    }

    /// The field itself, if it was filled in.
    fn own(&self, at: &str) -> Vec<String> {
        let was_filled = !self.entries.get(at).is_empty() || !self.entries.get(&typed_name(at)).is_empty();
        was_filled.then(|| at.to_owned()).into_iter().collect()
    }

    fn emptied_view(&self, place: &str, at: &str) -> EmptiedView {
        let leave_name = leave_name(place);
        let member = (place != at).then(|| words(steps_of(place).last().map_or("", String::as_str)));
        let label = hints::leave_out(member.as_deref());
        let is_left_out = !self.entries.get(&leave_name).is_empty();
        let was = self.entries.get(&typed_name(at));
        let was = if was.is_empty() { YES } else { was }.to_owned();
        EmptiedView { typed_name: typed_name(place), was, leave_name, label, is_left_out }
    }
}

/// What to know about a field that is not shown again.
fn hidden_hint(hidden: Hidden, was_filled: bool) -> Option<String> {
    let how_much = match hidden {
        Hidden::No => return None,
        Hidden::Whole | Hidden::WholeSecret => NotPublic::All,
        Hidden::Inside => NotPublic::Parts,
    };
    (!was_filled).then(|| hints::not_public(how_much).to_owned())
}

/// How much of a field is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    No,
    /// All of it; who types it sees it.
    Whole,
    /// All of it, and nobody may see it over the maker's shoulder.
    WholeSecret,
    /// Some of what is written in it.
    Inside,
}

fn choice(options: &[Choice], field: &Field, id: &str, written: &str) -> Control {
    let is_list = options.len() > RADIOS_MAX;
    let none = match (is_list, field.is_required) {
        (true, true) => Some("Choose…"),
        (_, false) => Some("Not given"),
        (false, true) => None,
    };
    let none = none.map(|label| ("", label));
    let all =
        none.into_iter().chain(options.iter().map(|option| (option.key.as_str(), option.label.as_str())));
    let view = |(number, (key, label)): (usize, (&str, &str))| OptionView {
        id: if number == 0 { id.to_owned() } else { format!("{id}-{number}") },
        key: key.to_owned(),
        label: label.to_owned(),
        is_chosen: key == written,
    };
    let views = all.enumerate().map(view).collect();
    if is_list { Control::Select(views) } else { Control::Radios(views) }
}

fn line(look: Look, hidden: Hidden, written: &str) -> Control {
    let is_long = look == Look::Long || written.contains('\n');
    match look {
        _ if hidden != Hidden::No => Control::Input(input(hidden, written)),
        _ if is_long => area(written.to_owned(), 3, false, hidden),
        // A browser empties a date field that holds anything else.
        Look::Date if written.is_empty() || is_date(written) => {
            Control::Input(Input { kind: "date", ..input(hidden, written) })
        }
        Look::Email => Control::Input(Input { mode: "email", ..input(hidden, written) }),
        Look::Line | Look::Long | Look::Date => Control::Input(input(hidden, written)),
    }
}

fn is_date(text: &str) -> bool {
    text.parse::<chrono::NaiveDate>().is_ok_and(|date| date.to_string() == text)
}

fn input(hidden: Hidden, written: &str) -> Input {
    let kind = if hidden == Hidden::WholeSecret { "password" } else { "text" };
    Input { kind, mode: "", value: written.to_owned(), number: None }
}

fn area(value: String, rows: usize, is_code: bool, hidden: Hidden) -> Control {
    let rows = value.lines().count().clamp(rows, AREA_ROWS_MAX);
    Control::Area { value, rows, is_code, is_secret: hidden != Hidden::No }
}

/// Whether the value at `at` is hidden.
fn is_hidden(at: &str, classes: &FieldClasses) -> bool {
    let steps = steps_of(at);
    classes.hide(&steps.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Notes where something hidden is inside of `value`, which is at `at`.
fn find_hidden(value: &Value, at: &str, classes: &FieldClasses, found: &mut Vec<String>) {
    if is_hidden(at, classes) {
        found.push(at.to_owned());
        return;
    }
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, inner)| find_hidden(inner, &pointer_to(at, name), classes, found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, inner)| {
                find_hidden(inner, &pointer_to(at, &index.to_string()), classes, found);
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes every hidden member out of `value`, which is at `at`.
fn without_hidden(value: &mut Value, at: &str, classes: &FieldClasses) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !is_hidden(&pointer_to(at, name), classes));
            for (name, member) in members.iter_mut() {
                without_hidden(member, &pointer_to(at, name), classes);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let item_at = pointer_to(at, &index.to_string());
                if is_hidden(&item_at, classes) {
                    *item = Value::Null;
                }
                without_hidden(item, &item_at, classes);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
