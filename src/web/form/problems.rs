//! Faults at their fields, in words for people who see fields and no members.

use super::controls::{Control, FieldView};
use super::plan::words;
use crate::domain::fault::form::FormFault;
use crate::domain::fault::wanted::{Limit, Wanted};
use crate::domain::fault::{Fault, FaultKind};
use crate::web::sentences::faults;

/// One line of the summary of what is wrong.
pub struct Problem {
    /// The control to go to; empty if there is none.
    pub id: String,
    /// The field's label, behind those of the row and the groups that it is in; empty if there is none.
    pub label: String,
    pub sentence: String,
    /// Its place among the fields of the page; what is about no field comes first.
    pub order: usize,
}

/// Puts a fault at its field, and says it for the summary.
pub fn attach_fault<'v>(fields: impl Iterator<Item = &'v mut FieldView>, fault: &Fault) -> Problem {
    for field in fields {
        if let Some(problem) = field.attach(fault) {
            return problem;
        }
    }
    // Nothing on the page is about it: its pointer says at least where it would be.
    let sentence = faults::anywhere(&fault.kind);
    let place = fault.field.rsplit('/').next().filter(|name| !name.is_empty());
    let sentence = place.map_or_else(|| sentence.clone(), |place| format!("{}: {sentence}", words(place)));
    Problem { id: String::new(), label: String::new(), sentence, order: 0 }
}

impl FieldView {
    /// Takes the fault in if it is about this field or one inside of it.
    fn attach(&mut self, fault: &Fault) -> Option<Problem> {
        let rest = fault.field.strip_prefix(self.at.as_str())?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        let is_list = matches!(self.control, Control::List { .. });
        if let Some(inner) = self.inner_mut().iter_mut().find_map(|inner| inner.attach(fault)) {
            // A row names its list.
            let label = if is_list { inner.label } else { format!("{}, {}", self.label, inner.label) };
            return Some(Problem { label, ..inner });
        }
        let inside = rest.trim_start_matches('/');
        let own = if inside.is_empty() { self.sentence(&fault.kind) } else { faults::anywhere(&fault.kind) };
        let sentence = match inside.parse::<usize>() {
            _ if inside.is_empty() || matches!(fault.kind, FaultKind::Form(FormFault::Emptied)) => own,
            Ok(item) => faults::of_item(item, &own),
            Err(_) => format!("{inside}: {own}"),
        };
        if !self.errors.contains(&sentence) {
            self.errors.push(sentence.clone());
        }
        Some(Problem { id: self.id.clone(), label: self.label.clone(), sentence, order: self.order })
    }

    /// What to do at this field.
    fn sentence(&self, fault: &FaultKind) -> String {
        if let FaultKind::Form(_) = fault {
            return faults::anywhere(fault);
        }
        match &self.control {
            Control::Select(_) | Control::Radios(_) => faults::CHOOSE.to_owned(),
            Control::List { .. } => faults::of_list(fault),
            Control::Fixed(_)
            | Control::Box { .. }
            | Control::Input(_)
            | Control::Area { .. }
            | Control::Group(_) => self.of_text(fault),
        }
    }

    fn of_text(&self, fault: &FaultKind) -> String {
        let is_about_nothing = matches!(
            fault,
            FaultKind::Missing { .. }
                | FaultKind::PathSegment
                | FaultKind::EntityId { .. }
                | FaultKind::NoSubject
                | FaultKind::NoHostname
                | FaultKind::Limit(Limit::NotEmpty)
        );
        let is_worded = matches!(
            fault,
            FaultKind::Limit(Limit::Pattern(_) | Limit::Format(_))
                | FaultKind::Wrong { wanted: Wanted::Unclear }
        );
        if is_about_nothing && self.is_empty() {
            let is_missing = matches!(fault, FaultKind::Missing { .. });
            return if is_missing { faults::anywhere(fault) } else { faults::FILL_IN.to_owned() };
        }
        if is_worded && !self.wish.is_empty() { self.wish.clone() } else { faults::anywhere(fault) }
    }

    /// Whether nothing is written in it, as far as the page shows it.
    fn is_empty(&self) -> bool {
        match &self.control {
            Control::Input(input) => input.value.is_empty(),
            Control::Area { value, .. } => value.is_empty(),
            Control::Fixed(_)
            | Control::Box { .. }
            | Control::Radios(_)
            | Control::Select(_)
            | Control::Group(_)
            | Control::List { .. } => false,
        }
    }
}
