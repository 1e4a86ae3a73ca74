//! What a browser posted, or what a new form contains: values by name. A name is a JSON pointer into the
//! task. `rows:` before one is how many rows its list has, `number:` marks a text that is a number, `typed:` that
//! somebody filled in what no page shows again, and `leave:` that they leave it out now.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use crate::domain::fault::pointer_to;
use crate::domain::json;
use crate::http::query::pairs;

/// Fields of one post.
const FIELDS_MAX: usize = 2_000;
/// Rows of one list.
pub const ROWS_MAX: usize = 100;

const TYPED: &str = "typed:";
/// What can be before a field's name.
const MARKS: [&str; 4] = ["rows:", "number:", TYPED, "leave:"];

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

    /// Remembers what is filled in, under the name that it has in the browser: rows may move from now on.
    pub fn remember_typed(&mut self) {
        let filled: Vec<String> = self
            .0
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(name, _)| {
                name.starts_with('/').then_some(name.as_str()).or(name.strip_prefix(TYPED))
            })
            .map(str::to_owned)
            .collect();
        for name in filled {
            self.0.insert(typed_name(&name), name);
        }
    }

    /// The places at or inside of `at` that were filled in, now or before.
    pub fn typed_in<'e>(&'e self, at: &'e str) -> impl Iterator<Item = &'e str> {
        let names = self.0.keys().filter_map(|name| name.strip_prefix(TYPED));
        names.filter(move |name| is_inside(name, at))
    }

    /// Whether `at` was filled in before, is empty now, and was not left out on purpose.
    pub fn is_emptied(&self, at: &str) -> bool {
        self.0.contains_key(&typed_name(at))
            && self.get(&leave_name(at)).is_empty()
            && self.get(at).is_empty()
            && !self.is_in_json(at)
    }

    /// Whether `at` is a place in the JSON of a field around it.
    fn is_in_json(&self, at: &str) -> bool {
        let around = at.match_indices('/').skip(1).map(|(cut, _)| at.split_at(cut));
        let mut written = around.filter(|(outer, _)| !self.get(outer).trim().is_empty());
        // What can't be read is a fault itself.
        written.any(|(outer, inner)| match json::read(self.get(outer).as_bytes()) {
            Ok(value) => value.pointer(inner).is_some(),
            Err(_) => true,
        })
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

/// The name of the mark that a field was filled in that no page shows again.
pub fn typed_name(at: &str) -> String {
    format!("{TYPED}{at}")
}

/// The name of the box for a field that was filled in and is left out now.
pub fn leave_name(at: &str) -> String {
    format!("leave:{at}")
}

/// Whether a name only says something about a field.
pub fn is_mark(name: &str) -> bool {
    !name.starts_with('/') && MARKS.iter().any(|mark| name.starts_with(mark))
}

/// Whether a field's name is `at`, or is inside of it.
fn is_inside(name: &str, at: &str) -> bool {
    let pointer = MARKS.iter().find_map(|mark| name.strip_prefix(mark)).unwrap_or(name);
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

    #[test]
    fn what_was_typed_is_missed_wherever_its_row_moved_until_it_is_typed_again_or_left_out() {
        let mut entries = Entries::default();
        entries.set_rows("/body/l", 2);
        entries.put("/body/l/1/pin", "4711");
        entries.remember_typed();
        entries.remove_row("/body/l", 0);
        assert_eq!(entries.get("typed:/body/l/0/pin"), "/body/l/1/pin");
        assert!(!entries.is_emptied("/body/l/0/pin"));
        // The page does not show it again, and the browser sends it back empty.
        entries.put("/body/l/0/pin", "");
        assert!(entries.is_emptied("/body/l/0/pin") && !entries.is_emptied("/body/l/0/name"));
        entries.put("leave:/body/l/0/pin", "yes");
        assert!(!entries.is_emptied("/body/l/0/pin"));
    }

    #[test]
    fn what_was_typed_is_found_in_the_json_around_it() {
        let mut entries = Entries::default();
        entries.put("typed:/body/l/0/pin", "yes");
        for (json, is_emptied) in [(r#"{"l":[{"pin":1}]}"#, false), (r#"{"l":[{}]}"#, true), ("{", false)] {
            entries.put("/body", json);
            assert_eq!(entries.is_emptied("/body/l/0/pin"), is_emptied, "{json}");
        }
    }
}
