//! Cells of a CSV file that people open in a spreadsheet: none of them becomes a formula.

/// What ends a cell or a line in some program: the separators that people choose, and every line break.
fn ends_a_cell(c: char) -> bool {
    matches!(
        c,
        ',' | ';' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
            ..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// What a spreadsheet takes for the beginning of a formula, also in full width.
fn begins_a_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
}

/// What some programs take away in front of a cell.
fn is_taken_away(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '\'' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
}

/// The cell as text: an apostrophe stands before everything that could begin a formula, whichever separator is taken,
/// and whether quotes count or not.
pub fn guarded(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut is_beginning = true;
    for c in cell.chars() {
        if is_beginning && begins_a_formula(c) {
            text.push('\'');
        }
        is_beginning = ends_a_cell(c) || is_beginning && is_taken_away(c);
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEPARATORS: [char; 3] = [',', ';', '\t'];

    #[test]
    fn whatever_could_begin_a_formula_is_made_text() {
        for (cell, text) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("plain = text", "plain = text"),
            ("see;=1+1;@SUM(1)", "see;'=1+1;'@SUM(1)"),
            ("a, -2", "a, '-2"),
            ("a\tb\t+1", "a\tb\t'+1"),
            ("two\r\n\"=1", "two\r\n\"'=1"),
            ("'=1", "''=1"),
            ("＝1", "'＝1"),
            ("\u{feff}@a", "\u{feff}'@a"),
            ("a-b=c@d+e", "a-b=c@d+e"),
            ("2026-03-01", "2026-03-01"),
            ("", ""),
        ] {
            assert_eq!(guarded(cell), text, "{cell:?}");
        }
    }

    /// The cells of a line as a program without quotes reads them.
    fn split(line: &str, separator: char) -> impl Iterator<Item = &str> {
        line.split([separator, '\n', '\r'])
    }

    fn is_formula(cell: &str) -> bool {
        cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"').starts_with(begins_a_formula)
    }

    proptest! {
        #[test]
        fn no_cell_is_a_formula_by_any_separator_quoted_or_not(
            cells in proptest::collection::vec("[-=+@,;\t\n\r\"' a-c\u{feff}＝\u{2028}]{0,12}", 1..5),
        ) {
            let guarded: Vec<String> = cells.iter().map(|cell| guarded(cell)).collect();
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            writer.write_record(&guarded).unwrap();
            let bytes = writer.into_inner().unwrap();
            let line = String::from_utf8(bytes.clone()).unwrap();
            for separator in SEPARATORS {
                for is_quoting in [true, false] {
                    let mut reader = csv::ReaderBuilder::new();
                    reader.has_headers(false).flexible(true).quoting(is_quoting).delimiter(separator as u8);
                    for record in reader.from_reader(&bytes[..]).records() {
                        for cell in &record.unwrap() {
                            prop_assert!(!is_formula(cell), "{:?} {} {:?}", separator, is_quoting, cell);
                        }
                    }
                }
                for cell in split(&line, separator) {
                    prop_assert!(!is_formula(cell), "{:?} {:?}", separator, cell);
                }
            }
            // Nothing but apostrophes was added.
            for (cell, guarded) in cells.iter().zip(&guarded) {
                prop_assert_eq!(cell.replace('\'', ""), guarded.replace('\'', ""));
            }
        }
    }
}
