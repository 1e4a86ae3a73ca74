//! From places of a submission to places of its form: they differ for headers, which are rows here.

use super::entries::{Entries, typed_name};
use super::parse::YES;
use super::{Form, HEADERS};
use crate::domain::fault::{Fault, FaultKind, pointer_to};
use crate::domain::pointer::unescaped;
use crate::domain::submission::{TASK, is_credential};

impl Form {
    /// Marks what was submitted at these places of a submission, and is not in `entries`, as filled in before.
    pub fn mark_hidden(&self, places: &[String], entries: &mut Entries) {
        for place in places {
            let at = place.strip_prefix(TASK).unwrap_or(place);
            let Some(name) = at.strip_prefix(HEADERS).and_then(|rest| rest.strip_prefix('/')) else {
                entries.put(typed_name(at), YES);
                continue;
            };
            let name = unescaped(name);
            // What a maker sent before the type named a credential is not asked for again.
            if self.request_type.credential.is_some() && is_credential(&name) {
                continue;
            }
            match self.own_headers.iter().find(|field| field.name.eq_ignore_ascii_case(&name)) {
                Some(own) => entries.put(typed_name(&pointer_to(HEADERS, &own.name)), YES),
                None => {
                    let row = entries.rows(HEADERS).unwrap_or(0);
                    entries.set_rows(HEADERS, row + 1);
                    entries.put(format!("{HEADERS}/{row}/name"), name);
                    entries.put(typed_name(&format!("{HEADERS}/{row}/value")), YES);
                }
            }
        }
    }

    /// Faults of the API's body with pointers as in the form.
    pub fn place(&self, faults: &[Fault], entries: &Entries) -> Vec<Fault> {
        let place = |fault: &Fault| {
            let at = fault.field.strip_prefix(TASK).unwrap_or(&fault.field);
            let field = match at.strip_prefix(HEADERS).and_then(|rest| rest.strip_prefix('/')) {
                Some(name) => self.place_header(name, &fault.kind, entries),
                None => at.to_owned(),
            };
            Fault { field, ..fault.clone() }
        };
        faults.iter().map(place).collect()
    }

    fn place_header(&self, name: &str, kind: &FaultKind, entries: &Entries) -> String {
        let name = unescaped(name);
        let is_named = |row: &usize| entries.get(&format!("{HEADERS}/{row}/name")) == name;
        let row = (0..entries.rows(HEADERS).unwrap_or(0)).find(is_named);
        let own = self.own_headers.iter().find(|field| field.name.eq_ignore_ascii_case(&name));
        match (own, row) {
            (Some(field), _) => pointer_to(HEADERS, &field.name),
            (None, Some(row)) if is_about_value(kind) => format!("{HEADERS}/{row}/value"),
            (None, Some(row)) => format!("{HEADERS}/{row}/name"),
            (None, None) => pointer_to(HEADERS, &name),
        }
    }
}

/// Whether a fault of a header is about what is written, and not that it is there.
fn is_about_value(fault: &FaultKind) -> bool {
    matches!(
        fault,
        FaultKind::HeaderValue
            | FaultKind::Limit(_)
            | FaultKind::Wrong { .. }
            | FaultKind::Missing { .. }
            | FaultKind::MediaType { .. }
    )
}
