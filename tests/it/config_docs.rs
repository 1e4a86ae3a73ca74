//! README's tables say what the code says; where they do not, the test prints what to paste.

use countersign::config::{KEYS, TARGET_KEYS};
use countersign::domain::code::Code;
use countersign::http::error::status;

use crate::support::read;

/// `| `key` | `default` | meaning |`, one row per key, those of `[[targets]]` last;
/// a key that is not set has no default.
fn configuration_rows() -> Vec<String> {
    let rows = KEYS.iter().chain(TARGET_KEYS).map(|key| {
        let default = key.default.map(|default| format!(" `{default}`")).unwrap_or_default();
        format!("| `{}` |{default} | {} |", key.name, key.meaning)
    });
    rows.collect()
}

/// `| `code` | status | meaning |`, one row per code.
fn error_rows() -> Vec<String> {
    let row = |code: Code| format!("| `{code}` | {} | {} |", status(code).as_u16(), code.meaning());
    Code::ALL.map(row).to_vec()
}

/// The table's rows between `<!-- name -->` and `<!-- /name -->`, without its head.
fn rows_in(text: &str, name: &str) -> Option<Vec<String>> {
    let (_, rest) = text.split_once(&format!("<!-- {name} -->"))?;
    let (table, _) = rest.split_once(&format!("<!-- /{name} -->"))?;
    let rows = table.lines().map(str::trim).filter(|line| line.starts_with("| `"));
    Some(rows.map(str::to_owned).collect())
}

/// Nothing, or what is wrong and the whole table to paste.
fn complaint(text: &str, name: &str, head: &str, expected: &[String]) -> Option<String> {
    let found = rows_in(text, name);
    if found.as_deref() == Some(expected) {
        return None;
    }
    let columns = head.matches('|').count() - 1;
    let rule = format!("|{}", "---|".repeat(columns));
    let what = if found.is_some() { "differs from the code" } else { "is missing" };
    let table = format!("{head}\n{rule}\n{}", expected.join("\n"));
    Some(format!("README's table `{name}` {what}; paste:\n\n<!-- {name} -->\n{table}\n<!-- /{name} -->\n"))
}

#[test]
fn the_readme_lists_every_configuration_key() {
    let wrong =
        complaint(&read("README.md"), "configuration", "| key | default | meaning |", &configuration_rows());
    assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
}

#[test]
fn the_readme_lists_every_error_code() {
    let wrong = complaint(&read("README.md"), "errors", "| code | status | meaning |", &error_rows());
    assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
}

#[test]
fn a_table_that_differs_or_is_missing_is_complained_about() {
    let expected = ["| `a` | `1` | First. |".to_owned(), "| `b` | | Second. |".to_owned()];
    let head = "| key | default | meaning |";
    let good = format!("x\n<!-- t -->\n{head}\n|---|---|---|\n{}\n<!-- /t -->\ny", expected.join("\n"));
    assert_eq!(complaint(&good, "t", head, &expected), None);
    let told = complaint(&good.replace("First", "Other"), "t", head, &expected).unwrap();
    assert!(told.contains("differs") && told.contains(&expected.join("\n")), "{told}");
    let told = complaint("nothing here", "t", head, &expected).unwrap();
    assert!(told.contains("is missing") && told.contains("<!-- /t -->"), "{told}");
}
