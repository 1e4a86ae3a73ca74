//! Rows of a form's lists come and go, and the cursor stays with them.

use crate::domain::fault::pointer_to;
use crate::web::form::{Entries, Form};

/// Adds a row to the list at `at`, if it has room; where the cursor goes.
pub(super) fn add_row(form: &Form, entries: &mut Entries, at: &str) -> Option<String> {
    let rows = entries.rows(at).unwrap_or(0);
    if !form.has_room(at, entries) {
        return Some(at.to_owned());
    }
    entries.set_rows(at, rows + 1);
    Some(pointer_to(at, &rows.to_string()))
}

/// Takes a row out; the cursor goes to the one behind it, to the last one, or to the list.
pub(super) fn remove_row(entries: &mut Entries, row_at: &str) -> Option<String> {
    let (at, row) = row_at.rsplit_once('/')?;
    let row: usize = row.parse().ok()?;
    entries.remove_row(at, row);
    let last = entries.rows(at)?.checked_sub(1);
    Some(last.map_or_else(|| at.to_owned(), |last| pointer_to(at, &row.min(last).to_string())))
}
