//! From a JSON Schema to the fields of a form. The schema stays the judge: this only chooses controls.

use serde_json::Value;

use super::entries::ROWS_MAX;
use super::hints::Hints;
use super::schema_types::kinds;
use crate::domain::fault::pointer_to;
use crate::domain::json;
use crate::domain::request_type::Schema;
use crate::web::sentences::hints;

/// How deep objects and lists become groups of fields; what is deeper is written as JSON.
const DEPTH_MAX: usize = 8;
/// Fields of one form; an object that would go beyond is written as JSON.
const FIELDS_MAX: usize = 200;
/// Options of one choice; with more it is a text.
const OPTIONS_MAX: usize = 500;
/// Rows that a form shows before anybody adds one.
const ROWS_AT_FIRST_MAX: usize = 10;
/// Longer texts get room for several lines.
const LINE_CHARS: u64 = 120;

/// Keywords under which an object may have members that `properties` does not name.
const OPEN: [&str; 9] = [
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "patternProperties",
    "additionalProperties",
    "dependentSchemas",
    "unevaluatedProperties",
];

/// Member names that mean a text of some length, where the schema sets no limit.
const LONG_NAMES: [&str; 8] =
    ["note", "notes", "comment", "comments", "description", "message", "reason", "remarks"];

/// One field of a form, or a group of them.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub label: String,
    /// What helps to fill it in.
    pub hint: Vec<String>,
    /// What to write, in the words of its schema; empty if it has none.
    pub wish: String,
    /// Whether the member must be there.
    pub is_required: bool,
    /// Whether `null` is allowed.
    pub is_nullable: bool,
    /// Its content in a new form.
    pub default: Option<Value>,
    pub kind: Kind,
}

/// What kind of control a field is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The only value that is allowed; nobody writes it.
    Fixed(Value),
    Choice(Vec<Choice>),
    Truth,
    Text(Look),
    /// A number, taken digit by digit as it is written.
    Number,
    /// A text, or a number if the maker says so: a long id must not become a number because it looks like one.
    TextOrNumber,
    /// An object: its members, and whether others may be added as JSON.
    Group(Vec<Field>, bool),
    /// A list, a row for each item.
    List(Box<Field>, Rows),
    /// A list of texts or numbers, one on each line.
    Lines(Box<Field>),
    /// Whatever has no control of its own, as JSON.
    Json,
}

/// How many rows a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// In a new form.
    pub at_first: usize,
    /// At least; fewer can't be made with the page's buttons.
    pub min: usize,
    /// At most; more can't be made with the page's buttons.
    pub max: usize,
}

impl Rows {
    /// What the list's schema says.
    fn of(schema: &Value) -> Self {
        let number = |name: &str| schema.get(name).and_then(Value::as_u64);
        let count = |name: &str| number(name).map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let min = count("minItems").unwrap_or(0);
        let max = count("maxItems").unwrap_or(ROWS_MAX).min(ROWS_MAX);
        Self { at_first: min.min(ROWS_AT_FIRST_MAX), min, max }
    }

    /// A list without limits of its own.
    pub fn any() -> Self {
        Self { at_first: 0, min: 0, max: ROWS_MAX }
    }
}

/// The fields inside a field.
pub enum Inside<'f> {
    /// None: it is one value.
    Nothing,
    /// The members of a group.
    Members(&'f [Field]),
    /// The same field once for each row of a list.
    Rows(&'f Field),
}

impl Kind {
    /// The fields inside.
    pub fn inside(&self) -> Inside<'_> {
        match self {
            Self::Group(fields, _) => Inside::Members(fields),
            Self::List(item, _) => Inside::Rows(item),
            Self::Fixed(_)
            | Self::Choice(_)
            | Self::Truth
            | Self::Text(_)
            | Self::Number
            | Self::TextOrNumber
            | Self::Lines(_)
            | Self::Json => Inside::Nothing,
        }
    }

    /// Rows that a new form shows of a list; none of anything else.
    fn rows_at_first(&self) -> usize {
        if let Self::List(_, rows) = self { rows.at_first } else { 0 }
    }
}

/// How a text is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// On one line.
    Line,
    /// On several.
    Long,
    Date,
    Email,
}

/// One option of a choice.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What the browser sends.
    pub key: String,
    /// What people read.
    pub label: String,
    /// What goes into the task.
    pub value: Value,
}

impl Choice {
    fn of(value: &Value) -> Self {
        let key = value.as_str().map_or_else(|| json::write(value), str::to_owned);
        Self { label: key.clone(), key, value: value.clone() }
    }
}

impl Field {
    /// A field of our own, outside of any schema.
    pub fn own(name: &str, label: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            label: label.to_owned(),
            hint: Vec::new(),
            wish: String::new(),
            is_required: true,
            is_nullable: false,
            default: None,
            kind,
        }
    }

    /// Rows that a new form shows of a list.
    pub fn rows_at_first(&self) -> usize {
        usize::from(self.is_required).max(self.kind.rows_at_first())
    }

    /// The most rows of the list at `wanted`, if it is this field at `at` or inside of it; none of anything else.
    pub fn rows_max(&self, at: &str, wanted: &str) -> usize {
        if let (Kind::List(_, rows), true) = (&self.kind, at == wanted) {
            return rows.max;
        }
        let Some(rest) = wanted.strip_prefix(at).and_then(|rest| rest.strip_prefix('/')) else { return 0 };
        match self.kind.inside() {
            Inside::Nothing => 0,
            Inside::Members(fields) => {
                let inner = fields.iter().map(|field| field.rows_max(&pointer_to(at, &field.name), wanted));
                inner.max().unwrap_or(0)
            }
            Inside::Rows(item) => {
                let row = rest.split('/').next().unwrap_or_default();
                item.rows_max(&pointer_to(at, row), wanted)
            }
        }
    }

    /// The same, but it may be left out.
    pub fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }

    /// The same with one more sentence of help.
    pub fn with_hint(mut self, hint: &str) -> Self {
        self.hint.push(hint.to_owned());
        self
    }
}

/// The fields for the member `name` that `source` describes. The object itself is always there.
pub fn of_schema(name: &str, label: &str, source: &Value) -> Field {
    let mut planner = Planner { root: source, left: FIELDS_MAX };
    let mut field = planner.field(name, source, true, 0);
    if source.get("title").is_none() {
        label.clone_into(&mut field.label);
    }
    field
}

/// A field for the value that `source` describes, as JSON.
pub fn as_json(name: &str, label: &str, source: &Value) -> Field {
    let (kinds, _) = kinds(Schema::resolve(source, source));
    let hint = hints::as_json(&kinds);
    Field { hint: vec![hint], ..Field::own(name, label, Kind::Json) }
}

struct Planner<'s> {
    root: &'s Value,
    left: usize,
}

impl<'s> Planner<'s> {
    fn field(&mut self, name: &str, source: &'s Value, is_required: bool, depth: usize) -> Field {
        self.left = self.left.saturating_sub(1);
        let schema = Schema::resolve(self.root, source);
        let (kinds, is_nullable) = kinds(schema);
        let kind = self.kind(name, schema, &kinds, depth);
        let keyword = |name: &str| source.get(name).or_else(|| schema.get(name));
        let text = |name: &str| keyword(name).and_then(Value::as_str).map(str::to_owned);
        let hints = Hints { schema, description: text("description"), kinds: &kinds };
        let (hint, wish) = (hints.of(&kind), hints.wish());
        Field {
            name: name.to_owned(),
            label: text("title").filter(|title| !title.is_empty()).unwrap_or_else(|| words(name)),
            hint,
            wish,
            is_required,
            is_nullable,
            default: keyword("default").cloned(),
            kind,
        }
    }

    fn kind(&mut self, name: &str, schema: &'s Value, kinds: &[&str], depth: usize) -> Kind {
        if let Some(value) = schema.get("const") {
            return Kind::Fixed(value.clone());
        }
        if let Some(options) = schema.get("enum").and_then(Value::as_array) {
            return choice(options);
        }
        match kinds {
            ["string"] => Kind::Text(look(name, schema)),
            ["boolean"] => Kind::Truth,
            ["number" | "integer"] | ["integer", "number"] => Kind::Number,
            ["number" | "integer", "string"] | ["integer", "number", "string"] => Kind::TextOrNumber,
            ["object"] => self.group(schema, depth),
            ["array"] => self.list(name, schema, depth),
            _ => Kind::Json,
        }
    }

    fn group(&mut self, schema: &'s Value, depth: usize) -> Kind {
        let properties = schema.get("properties").and_then(Value::as_object);
        let Some(properties) = properties.filter(|all| !all.is_empty()) else { return Kind::Json };
        if depth >= DEPTH_MAX || properties.len() > self.left {
            return Kind::Json;
        }
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map_or_else(Vec::new, |all| all.iter().filter_map(Value::as_str).collect());
        let mut fields: Vec<Field> = properties
            .iter()
            .map(|(name, inner)| self.field(name, inner, required.contains(&name.as_str()), depth + 1))
            .collect();
        for name in required.into_iter().filter(|name| !properties.contains_key(*name)) {
            fields.push(Field {
                hint: vec![hints::as_json(&[])],
                ..Field::own(name, &words(name), Kind::Json)
            });
        }
        let is_open = |keyword: &&str| schema.get(*keyword).is_some_and(|value| *value != Value::Bool(false));
        Kind::Group(fields, OPEN.iter().any(is_open))
    }

    fn list(&mut self, name: &str, schema: &'s Value, depth: usize) -> Kind {
        let items = schema.get("items").filter(|items| items.is_object());
        let Some(items) = items.filter(|_| schema.get("prefixItems").is_none()) else { return Kind::Json };
        if depth >= DEPTH_MAX || self.left == 0 {
            return Kind::Json;
        }
        let mut item = self.field(name, items, true, depth + 1);
        if matches!(item.kind, Kind::Truth) {
            // A box that is not ticked and a row that is not filled in would be the same.
            item.kind = choice(&[true.into(), false.into()]);
        }
        match item.kind {
            Kind::Text(Look::Line | Look::Email) | Kind::Number => Kind::Lines(Box::new(item)),
            Kind::Json | Kind::Fixed(_) => Kind::Json,
            Kind::Choice(_)
            | Kind::Truth
            | Kind::Text(Look::Long | Look::Date)
            | Kind::TextOrNumber
            | Kind::Group(..)
            | Kind::List(..)
            | Kind::Lines(_) => Kind::List(Box::new(item), Rows::of(schema)),
        }
    }
}

fn choice(options: &[Value]) -> Kind {
    let options: Vec<Choice> = options.iter().map(Choice::of).collect();
    let mut keys: Vec<&str> = options.iter().map(|option| option.key.as_str()).collect();
    keys.sort_unstable();
    let is_clear = keys.windows(2).all(|two| two[0] != two[1]) && !keys.contains(&"");
    match options.as_slice() {
        [only] => Kind::Fixed(only.value.clone()),
        some if is_clear && !some.is_empty() && some.len() <= OPTIONS_MAX => Kind::Choice(options),
        _ => Kind::Json,
    }
}

fn look(name: &str, schema: &Value) -> Look {
    match (schema.get("format").and_then(Value::as_str), schema.get("maxLength").and_then(Value::as_u64)) {
        (Some("date"), _) => Look::Date,
        (Some("email"), _) => Look::Email,
        (Some(_), _) => Look::Line,
        (None, Some(limit)) => {
            if limit > LINE_CHARS {
                Look::Long
            } else {
                Look::Line
            }
        }
        (None, None) => {
            let name = words(name).to_lowercase();
            let last = name.rsplit(' ').next().unwrap_or_default();
            if LONG_NAMES.contains(&last) { Look::Long } else { Look::Line }
        }
    }
}

/// `points_redeemed` and `badgeMetaId` as people write them.
pub fn words(name: &str) -> String {
    let mut words = String::new();
    let mut before = None;
    for c in name.chars() {
        if matches!(c, '_' | '-' | '.' | ' ') {
            words.push(' ');
        } else if c.is_uppercase()
            && before.is_some_and(|before: char| before.is_lowercase() || before.is_numeric())
        {
            words.push(' ');
            words.extend(c.to_lowercase());
        } else if before.is_none() {
            words.extend(c.to_uppercase());
        } else {
            words.push(c);
        }
        before = Some(c);
    }
    if words.trim().is_empty() { name.to_owned() } else { words }
}
