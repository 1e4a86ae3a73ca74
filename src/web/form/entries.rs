//! What a browser posted, or what a new form contains: values by name. A name is a JSON pointer into the
//! task; `rows:` before one is how many rows its list has, and `number:` marks a text that is a number.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use crate::domain::fault::pointer_to;
use crate::http::query::pairs;

/// Fields of one post.
const FIELDS_MAX: usize = 2_000;
/// Rows of one list.
pub const ROWS_MAX: usize = 100;

/// Values by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries(BTreeMap<String, String>);

/// Takes a form's body apart; `None` if it is none, names a field twice or holds too many.
pub fn read(body: &[u8]) -> Option<Entries> {
    // Bytes that are no text would be replaced, and the call would not be what the maker wrote.
    percent_decode(body).decode_utf8().ok()?;
    let mut entries = BTreeMap::new();
    for (name, value) in pairs(body) {
        // A browser writes every line break as two characters; in the task it is one.
        let value = value.replace("\r\n", "\n");
        if entries.len() == FIELDS_MAX || entries.insert(name, value).is_some() {
            return None;
        }
    }
    Some(Entries(entries))
}

impl Entries {
    /// The value of this name; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Takes a value out.
    pub fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    /// Puts a value in.
    pub fn put(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Forgets everything inside `at`.
    pub fn forget(&mut self, at: &str) {
        self.0.retain(|name, _| !is_inside(name, at));
    }

    /// Every name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many rows the list at `at` has; `None` if nothing says so.
    pub fn rows(&self, at: &str) -> Option<usize> {
        let rows = self.0.get(&rows_name(at))?;
        Some(rows.parse::<usize>().unwrap_or(0).min(ROWS_MAX))
    }

    /// Says how many rows the list at `at` has.
    pub fn set_rows(&mut self, at: &str, rows: usize) {
        self.put(rows_name(at), rows.min(ROWS_MAX).to_string());
    }

    /// Takes a row out of the list at `at`; those behind it move up.
    pub fn remove_row(&mut self, at: &str, row: usize) {
        let Some(rows) = self.rows(at).filter(|rows| row < *rows) else { return };
        for number in row..rows {
            let (from, to) = (pointer_to(at, &number.to_string()), pointer_to(at, &(number + 1).to_string()));
            self.0.retain(|name, _| !is_inside(name, &from));
            let moved: Vec<(String, String)> = self
                .0
                .iter()
                .filter(|(name, _)| is_inside(name, &to))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect();
            for (name, value) in moved {
                self.0.insert(name.replacen(&to, &from, 1), value);
            }
        }
        self.set_rows(at, rows - 1);
    }
}

/// The name under which the number of a list's rows is kept.
pub fn rows_name(at: &str) -> String {
    format!("rows:{at}")
}

/// The name of the mark that a text is a number.
pub fn number_name(at: &str) -> String {
    format!("number:{at}")
}

/// Whether a field's name is `at`, or is inside of it.
fn is_inside(name: &str, at: &str) -> bool {
    let pointer = name.strip_prefix("rows:").or_else(|| name.strip_prefix("number:")).unwrap_or(name);
    pointer.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_posted_form_is_read_exactly_or_not_at_all() {
        let entries = read(b"%2Fbody%2Fa=1+2%2B%0D%0A3&b&c=%F0%9F%8E%89=").unwrap();
        assert_eq!(entries.iter().collect::<Vec<_>>(), [("/body/a", "1 2+\n3"), ("b", ""), ("c", "🎉=")]);
        for bad in [b"a=1&a=2".as_slice(), b"a=%ff", b"a=\xff", b"%61=1&a=2"] {
            assert_eq!(read(bad), None, "{}", String::from_utf8_lossy(bad));
        }
        let many = (0..=FIELDS_MAX).map(|n| format!("n{n}=&")).collect::<String>();
        assert_eq!(read(many.as_bytes()), None);
    }

    #[test]
    fn a_removed_row_takes_everything_inside_with_it_and_the_others_move_up() {
        let mut entries = Entries::default();
        for row in 0..12 {
            entries.put(format!("/body/l/{row}/a"), format!("a{row}"));
        }
        entries.put("/body/l/2/in/0", "deep");
        entries.put("rows:/body/l/2/in", "1");
        entries.put("/body/lother/1", "stays");
        entries.set_rows("/body/l", 12);
        entries.remove_row("/body/l", 1);
        entries.remove_row("/body/l", 99);
        assert_eq!(entries.rows("/body/l"), Some(11));
        assert_eq!(entries.get("/body/l/0/a"), "a0");
        assert_eq!((entries.get("/body/l/1/a"), entries.get("/body/l/1/in/0")), ("a2", "deep"));
        assert_eq!((entries.rows("/body/l/1/in"), entries.rows("/body/l/2/in")), (Some(1), None));
        assert_eq!((entries.get("/body/l/10/a"), entries.get("/body/l/11/a")), ("a11", ""));
        assert_eq!(entries.get("/body/lother/1"), "stays");
    }
}
