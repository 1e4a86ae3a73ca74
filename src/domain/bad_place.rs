//! Where a text stops being JSON, for people who wrote it by hand.

/// Where a text stops being JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPlace {
    /// The line, from 1.
    pub line: usize,
    /// The character of the line, from 1.
    pub column: usize,
    /// What is there; nothing if the text ends too early.
    pub found: Option<char>,
}

impl BadPlace {
    /// The place that the parser names. It counts bytes, and people count characters.
    pub fn of(error: &serde_json::Error, text: &str) -> Self {
        let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let at = line.floor_char_boundary(error.column().saturating_sub(1));
        let (before, behind) = line.split_at(at);
        let found = behind.chars().next().filter(|_| !error.is_eof());
        Self { line: error.line(), column: before.chars().count() + 1, found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json::examine;

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        for (text, line, column, found) in [
            ("{\"é€\": x}", 1, 8, Some('x')),
            ("{\n  b: 2}", 2, 3, Some('b')),
            ("[1, 2,]", 1, 7, Some(']')),
            ("{'a': 1}", 1, 2, Some('\'')),
            ("[1] 2", 1, 5, Some('2')),
        ] {
            let place = examine(text.as_bytes()).unwrap_err().place;
            assert_eq!(place, Some(BadPlace { line, column, found }), "{text}");
        }
        for text in ["", "{\"a\": [1, 2", "\"é"] {
            assert_eq!(
                examine(text.as_bytes()).unwrap_err().place.and_then(|place| place.found),
                None,
                "{text}"
            );
        }
        assert_eq!(examine(b"\xff").unwrap_err().place, None);
    }
}
