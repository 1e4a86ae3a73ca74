//! From fields and what stands in them to HTML. What is not public is never written back into a page.

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::Value;

use super::entries::{Entries, number_name, rows_name};
use super::filled::pretty;
use super::parse::{YES, is_box};
use super::plan::{Choice, Field, Kind, Look};
use crate::domain::fault::{Fault, pointer_to};
use crate::domain::json;
use crate::domain::pointer::steps_of;
use crate::domain::request_type::FieldClasses;
use crate::domain::submission::is_credential;
use crate::domain::wording::unquoted;
use crate::web::{Icon, Text};

/// With more options than this, a choice folds into a list.
const RADIOS_MAX: usize = 5;
/// Lines of a text area at most, before it scrolls.
const AREA_ROWS_MAX: usize = 20;

/// A field as it stands on a page.
#[derive(Template)]
#[template(path = "_field.html")]
pub struct FieldView {
    /// Where it lies in the form.
    pub at: String,
    /// What its fault links to.
    pub id: String,
    /// What people call it.
    pub label: Text,
    hint: Vec<Text>,
    is_optional: bool,
    errors: Vec<Text>,
    /// What takes this row out of its list.
    remove: Option<String>,
    control: Control,
}

/// A control with what stands in it.
enum Control {
    /// Nobody writes it.
    Fixed(Text),
    Box {
        value: &'static str,
        is_on: bool,
    },
    Radios(Vec<OptionView>),
    Select(Vec<OptionView>),
    Input(Input),
    Area {
        value: String,
        rows: usize,
        is_code: bool,
        is_secret: bool,
    },
    Group(Vec<FieldView>),
    List {
        rows: Vec<FieldView>,
        rows_name: String,
        is_full: bool,
    },
}

struct Input {
    kind: &'static str,
    mode: &'static str,
    value: String,
    /// The mark that it is a number, and whether it is set.
    number: Option<(String, bool)>,
}

struct OptionView {
    id: String,
    key: String,
    label: Text,
    is_chosen: bool,
}

impl HtmlSafe for FieldView {}

impl FieldView {
    /// The ids of what describes the control.
    fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-h", self.id));
        let error = (!self.errors.is_empty()).then(|| format!("{}-e", self.id));
        hint.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }

    fn is_wrong(&self) -> bool {
        !self.errors.is_empty()
    }

    fn inner(&self) -> &[Self] {
        match &self.control {
            Control::Group(fields) | Control::List { rows: fields, .. } => fields,
            Control::Fixed(_)
            | Control::Box { .. }
            | Control::Radios(_)
            | Control::Select(_)
            | Control::Input(_)
            | Control::Area { .. } => &[],
        }
    }

    fn inner_mut(&mut self) -> &mut [Self] {
        match &mut self.control {
            Control::Group(fields) | Control::List { rows: fields, .. } => fields,
            Control::Fixed(_)
            | Control::Box { .. }
            | Control::Radios(_)
            | Control::Select(_)
            | Control::Input(_)
            | Control::Area { .. } => &mut [],
        }
    }

    /// The deepest field that `pointer` is or lies in.
    fn find(&self, pointer: &str) -> Option<&str> {
        let rest = pointer.strip_prefix(self.at.as_str())?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        let mut deeper = self.inner().iter().filter_map(|field| field.find(pointer));
        Some(deeper.next().unwrap_or(&self.id))
    }

    fn tell(&mut self, id: &str, sentence: &Text) -> Option<Text> {
        if self.id == id {
            if !self.errors.contains(sentence) {
                self.errors.push(sentence.clone());
            }
            return Some(self.label.clone());
        }
        self.inner_mut().iter_mut().find_map(|field| field.tell(id, sentence))
    }
}

/// One line of the summary of what is wrong.
pub struct Problem {
    /// The control to go to; empty if there is none.
    pub id: String,
    /// The field's label; empty if there is none.
    pub label: Text,
    /// What to do.
    pub sentence: Text,
}

/// Puts a fault at its field, and says it for the summary.
pub fn tell<'v>(fields: impl Iterator<Item = &'v mut FieldView>, fault: &Fault) -> Problem {
    let sentence = sentence(&fault.message);
    for field in fields {
        let Some(id) = field.find(&fault.field).map(str::to_owned) else { continue };
        let at = at_of(field, &fault.field);
        let inside = fault.field.strip_prefix(at.as_str()).unwrap_or_default().trim_start_matches('/');
        let sentence: Text = match inside.parse::<usize>() {
            _ if inside.is_empty() => sentence.into(),
            Ok(item) => format!("Item {}: {sentence}", item + 1).into(),
            Err(_) => format!("{inside}: {sentence}").into(),
        };
        let label = field.tell(&id, &sentence).unwrap_or_default();
        return Problem { id, label, sentence };
    }
    // Nothing on the page is about it: its pointer says at least where it would be.
    let place = fault.field.rsplit('/').next().filter(|name| !name.is_empty());
    let sentence = place.map_or_else(|| sentence.clone(), |place| format!("{place}: {sentence}"));
    Problem { id: String::new(), label: Text::default(), sentence: sentence.into() }
}

/// The engine's sentence for people who see fields and no members: "Add this member. Write a string."
fn sentence(message: &str) -> String {
    let message = match message.strip_prefix("Add this member. ") {
        Some("Write a string.") => "Fill this in.".to_owned(),
        Some(wish) => format!("Fill this in. {wish}"),
        None => message.to_owned(),
    };
    match message.strip_suffix("Write a number.") {
        Some(before) => format!("{before}Write a number such as 1240.00: digits, a point, no spaces."),
        None => message.replace("Write a string", "Write a text"),
    }
}

/// Where the deepest field that `pointer` is or lies in lies.
fn at_of(field: &FieldView, pointer: &str) -> String {
    let inner = field.inner().iter().find(|inner| inner.find(pointer).is_some());
    inner.map_or_else(|| field.at.clone(), |inner| at_of(inner, pointer))
}

/// Draws the fields of one page.
pub struct Drawing<'a> {
    entries: &'a Entries,
    classes: &'a FieldClasses,
    drawn: usize,
}

impl<'a> Drawing<'a> {
    /// Draws what stands in `entries`, but for what `classes` hide.
    pub fn of(entries: &'a Entries, classes: &'a FieldClasses) -> Self {
        Self { entries, classes, drawn: 0 }
    }

    /// One field with everything inside.
    pub fn field(&mut self, field: &Field, at: &str) -> FieldView {
        self.drawn += 1;
        let id = format!("f{}", self.drawn);
        let hidden = self.hidden(field, at);
        let mut hint: Vec<Text> = field.hint.iter().map(|hint| hint.as_str().into()).collect();
        if let (Kind::Fixed(value), false) = (&field.kind, field.is_required) {
            hint.push(format!("Sends {}.", unquoted(value)).into());
        }
        hint.extend(self.told_of_hidden(hidden, at));
        let control = self.control(field, at, &id, hidden);
        // A box always says one thing or the other.
        let is_certain = matches!(control, Control::Box { value: "true", .. } | Control::Fixed(_));
        FieldView {
            at: at.to_owned(),
            id,
            label: field.label.as_str().into(),
            hint,
            is_optional: !field.is_required && !is_certain,
            errors: Vec::new(),
            remove: None,
            control,
        }
    }

    fn control(&mut self, field: &Field, at: &str, id: &str, hidden: Hidden) -> Control {
        let written = if hidden == Hidden::No { self.entries.get(at) } else { "" };
        match &field.kind {
            Kind::Fixed(value) if field.is_required => Control::Fixed(unquoted(value).into()),
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
            Kind::List(item, _) => self.list(item, at),
            Kind::Lines(_) => area(written.to_owned(), 4, (false, hidden)),
            Kind::Json => area(self.json(at, hidden), 5, (true, hidden)),
        }
    }

    /// The fields of a group one after another.
    pub fn group(&mut self, at: &str, fields: &[Field], is_open: bool) -> Vec<FieldView> {
        let mut drawn: Vec<FieldView> =
            fields.iter().map(|field| self.field(field, &pointer_to(at, &field.name))).collect();
        if is_open {
            let others = super::plan::as_json("", "More members").optional();
            drawn.push(self.field(&others, at));
        }
        drawn
    }

    fn list(&mut self, item: &Field, at: &str) -> Control {
        let count = self.entries.rows(at).unwrap_or(0);
        let rows = (0..count).map(|row| {
            let row_at = pointer_to(at, &row.to_string());
            let mut view = self.field(item, &row_at);
            view.label = format!("{} {}", item.label, row + 1).into();
            view.remove = Some(format!("remove:{row_at}"));
            view
        });
        let rows = rows.collect();
        Control::List { rows, rows_name: rows_name(at), is_full: count >= super::entries::ROWS_MAX }
    }

    /// JSON as it was written, but for members that are hidden: those the maker writes again.
    fn json(&self, at: &str, hidden: Hidden) -> String {
        let written = self.entries.get(at);
        match hidden {
            Hidden::No => written.to_owned(),
            Hidden::Whole => String::new(),
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
        if is_secret_header || self.classes.hide(&steps) {
            Hidden::Whole
        } else if self.classes.reach_into(&steps) {
            if matches!(field.kind, Kind::Json) { Hidden::Inside } else { Hidden::Whole }
        } else {
            Hidden::No
        }
    }

    fn told_of_hidden(&self, hidden: Hidden, at: &str) -> Option<Text> {
        let was_written = !self.entries.get(at).is_empty();
        let told = match (hidden, was_written) {
            (Hidden::No, _) => return None,
            (Hidden::Whole, false) => "Not public: this page never shows it again.",
            (Hidden::Whole, true) => "Type it again: what is not public is not kept between two attempts.",
            (Hidden::Inside, false) => "Parts of it are not public: this page never shows those again.",
            (Hidden::Inside, true) => {
                "Type the parts again that are not public: they are not kept between two attempts."
            }
        };
        Some(told.into())
    }
}

/// How much of a field is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hidden {
    No,
    Whole,
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
        label: label.into(),
        is_chosen: key == written,
    };
    let views = all.enumerate().map(view).collect();
    if is_list { Control::Select(views) } else { Control::Radios(views) }
}

fn line(look: Look, hidden: Hidden, written: &str) -> Control {
    let is_long = look == Look::Long || written.contains('\n');
    match look {
        _ if hidden != Hidden::No => Control::Input(input(hidden, written)),
        _ if is_long => area(written.to_owned(), 3, (false, hidden)),
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
    let kind = if hidden == Hidden::No { "text" } else { "password" };
    Input { kind, mode: "", value: written.to_owned(), number: None }
}

fn area(value: String, rows: usize, (is_code, hidden): (bool, Hidden)) -> Control {
    let rows = value.lines().count().clamp(rows, AREA_ROWS_MAX);
    Control::Area { value, rows, is_code, is_secret: hidden != Hidden::No }
}

/// Takes every hidden member out of `value`, which lies at `at`.
fn without_hidden(value: &mut Value, at: &str, classes: &FieldClasses) {
    let is_hidden = |at: &str| {
        let steps = steps_of(at);
        classes.hide(&steps.iter().map(String::as_str).collect::<Vec<_>>())
    };
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !is_hidden(&pointer_to(at, name)));
            for (name, member) in members.iter_mut() {
                without_hidden(member, &pointer_to(at, name), classes);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let item_at = pointer_to(at, &index.to_string());
                if is_hidden(&item_at) {
                    *item = Value::Null;
                }
                without_hidden(item, &item_at, classes);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
