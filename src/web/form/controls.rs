//! Controls on a page.

use askama::Template;
use askama::filters::HtmlSafe;

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
    /// What to write, in the words of its schema; empty if it has none.
    pub wish: String,
    /// Its place among the fields of the page.
    pub order: usize,
    /// Whether the cursor is here when the page comes.
    pub has_focus: bool,
    /// What was filled in here, or inside of it, and is not shown again.
    pub emptied: Vec<EmptiedView>,
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

/// Something that was filled in and is not shown again: it is typed again, or left out on purpose.
pub struct EmptiedView {
    /// The name of the mark that it was filled in.
    pub typed_name: String,
    /// The name under which the browser sent the field, so that a script can take it over.
    pub was: String,
    /// The name of the box that leaves it out.
    pub leave_name: String,
    pub label: String,
    pub is_left_out: bool,
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

    pub(super) fn inner(&self) -> &[Self] {
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

    pub(super) fn inner_mut(&mut self) -> &mut [Self] {
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

    /// Puts the cursor here when the page comes: into the first control that takes it.
    pub fn take_focus(&mut self) -> bool {
        if matches!(self.control, Control::Fixed(_)) {
            return false;
        }
        self.has_focus = self.inner().is_empty();
        self.has_focus || self.inner_mut().iter_mut().any(Self::take_focus)
    }

    /// The field at exactly this place, or inside of this one.
    pub fn find_mut(&mut self, at: &str) -> Option<&mut Self> {
        if self.at == at {
            return Some(self);
        }
        self.inner_mut().iter_mut().find_map(|inner| inner.find_mut(at))
    }
}
