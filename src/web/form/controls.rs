//! Controls on a page, and faults at them.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::fault::wanted::{self, Wanted};
use crate::domain::fault::{Fault, FaultKind};
use crate::web::{Icon, filters};

/// A field on a page.
#[derive(Template)]
#[template(path = "_field.html")]
pub struct FieldView {
    /// Its JSON pointer in the task.
    pub at: String,
    /// What its fault links to.
    pub id: String,
    pub label: String,
    pub hint: Vec<String>,
    pub is_optional: bool,
    pub errors: Vec<String>,
    /// What takes this row out of its list.
    pub remove: Option<String>,
    pub control: Control,
}

/// A control with its content.
pub enum Control {
    /// Nobody writes it.
    Fixed(String),
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

pub struct Input {
    pub kind: &'static str,
    pub mode: &'static str,
    pub value: String,
    /// The mark that it is a number, and whether it is set.
    pub number: Option<(String, bool)>,
}

pub struct OptionView {
    pub id: String,
    pub key: String,
    pub label: String,
    pub is_chosen: bool,
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

    /// The id of the innermost field that contains `pointer`.
    fn find(&self, pointer: &str) -> Option<&str> {
        let rest = pointer.strip_prefix(self.at.as_str())?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        let mut deeper = self.inner().iter().filter_map(|field| field.find(pointer));
        Some(deeper.next().unwrap_or(&self.id))
    }

    fn attach(&mut self, id: &str, sentence: &String) -> Option<String> {
        if self.id == id {
            if !self.errors.contains(sentence) {
                self.errors.push(sentence.clone());
            }
            return Some(self.label.clone());
        }
        self.inner_mut().iter_mut().find_map(|field| field.attach(id, sentence))
    }
}

/// One line of the summary of what is wrong.
pub struct Problem {
    /// The control to go to; empty if there is none.
    pub id: String,
    /// The field's label; empty if there is none.
    pub label: String,
    pub sentence: String,
}

/// Puts a fault at its field, and says it for the summary.
pub fn attach_fault<'v>(fields: impl Iterator<Item = &'v mut FieldView>, fault: &Fault) -> Problem {
    let sentence = sentence(&fault.kind);
    for field in fields {
        let Some(id) = field.find(&fault.field).map(str::to_owned) else { continue };
        let at = at_of(field, &fault.field);
        let inside = fault.field.strip_prefix(at.as_str()).unwrap_or_default().trim_start_matches('/');
        let sentence: String = match inside.parse::<usize>() {
            _ if inside.is_empty() => sentence,
            Ok(item) => format!("Item {}: {sentence}", item + 1),
            Err(_) => format!("{inside}: {sentence}"),
        };
        let label = field.attach(&id, &sentence).unwrap_or_default();
        return Problem { id, label, sentence };
    }
    // Nothing on the page is about it: its pointer says at least where it would be.
    let place = fault.field.rsplit('/').next().filter(|name| !name.is_empty());
    let sentence = place.map_or_else(|| sentence.clone(), |place| format!("{place}: {sentence}"));
    Problem { id: String::new(), label: String::new(), sentence }
}

/// What to do, for people who see fields and no members.
fn sentence(fault: &FaultKind) -> String {
    if let FaultKind::Missing { wanted } = fault {
        return match wanted {
            Wanted::Kinds(kinds) if *kinds == [wanted::Kind::Text] => "Fill this in.".to_owned(),
            Wanted::Kinds(_) | Wanted::OneOf(_) | Wanted::Exactly(_) | Wanted::Unclear => {
                format!("Fill this in. {}", wish(wanted))
            }
        };
    }
    if let FaultKind::Wrong { wanted } = fault { wish(wanted) } else { fault.sentence_calling(A_STRING) }
}

/// What people who fill in a form call a string.
const A_STRING: &str = "a text";

fn wish(wanted: &Wanted) -> String {
    if *wanted == Wanted::a(wanted::Kind::Number) {
        return "Write a number such as 1240.00: digits, a point, no spaces.".to_owned();
    }
    wanted.sentence(A_STRING)
}

/// JSON pointer of the innermost field that contains `pointer`.
fn at_of(field: &FieldView, pointer: &str) -> String {
    let inner = field.inner().iter().find(|inner| inner.find(pointer).is_some());
    inner.map_or_else(|| field.at.clone(), |inner| at_of(inner, pointer))
}
