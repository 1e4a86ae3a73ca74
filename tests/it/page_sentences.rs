//! The pages' sentences stand in one place: reads the sources of the pages and looks for any that stands elsewhere.

use std::path::{Path, PathBuf};

use crate::support::root;

/// Sentences that stand elsewhere, each with its file and why it must.
const ELSEWHERE: &[(&str, &str)] = &[];

/// The product's source files of the pages, without the sentences, tests, and samples.
fn page_sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if ["sentences", "sample", "tests"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            found.extend(page_sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            found.push((path, source));
        }
    }
    found
}

/// Every string literal of a source, in the words that it stands for; comments and unit tests have none.
fn literals(source: &str) -> Vec<String> {
    let product = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source);
    let mut found = Vec::new();
    let mut rest = product;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (before, token) = rest.split_at(at);
        if token.starts_with("//") {
            rest = token.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(text) = token.strip_prefix('"') {
            let (literal, after) = if let Some(marks) = raw_marks(before) {
                raw_literal(text, marks)
            } else {
                escaped_literal(text)
            };
            found.push(literal);
            rest = after;
        } else {
            rest = token.get(after_no_string(token)..).unwrap_or_default();
        }
    }
    found
}

/// How many bytes to go on by after a slash or a quotation mark of a character or a lifetime.
fn after_no_string(token: &str) -> usize {
    let mut chars = token.char_indices().skip(1);
    match (token.starts_with('\''), chars.next(), chars.next()) {
        // The character after the backslash can be a quotation mark itself.
        (true, Some((_, '\\')), Some((at, c))) => {
            let after = at + c.len_utf8();
            token[after..].find('\'').map_or(after, |more| after + more + 1)
        }
        (true, Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// The number of `#` if a raw literal begins after this; `None` for an ordinary one.
fn raw_marks(before: &str) -> Option<usize> {
    let bare = before.trim_end_matches('#');
    bare.ends_with('r').then(|| before.len() - bare.len())
}

fn raw_literal(text: &str, marks: usize) -> (String, &str) {
    let (literal, after) = text.split_once(&format!("\"{}", "#".repeat(marks))).unwrap();
    (literal.to_owned(), after)
}

fn escaped_literal(text: &str) -> (String, &str) {
    let (mut literal, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (literal, &text[at + 1..]),
            '\\' => match chars.next() {
                // A literal that goes on in the next line.
                Some((at, '\n')) => {
                    let line = text[at + 1..].trim_start();
                    let begin = text.len() - line.len();
                    chars = text.char_indices();
                    while chars.offset() < begin && chars.next().is_some() {}
                }
                Some((_, escaped)) => literal.push(escaped),
                None => {}
            },
            c => literal.push(c),
        }
    }
    (literal, "")
}

/// Whether people would read it as a sentence, or as what introduces one.
fn is_sentence(literal: &str) -> bool {
    let begins = literal.starts_with(|c: char| c.is_uppercase() || c == '{' || c == '“');
    let ends = literal.trim_end().ends_with(['.', '?', ':', '”']);
    begins && ends && literal.matches(' ').count() >= 3
}

#[test]
fn every_sentence_of_the_pages_stands_with_the_sentences() {
    let mut found = Vec::new();
    for (path, source) in page_sources(&root().join("src/web")) {
        let sentences = literals(&source).into_iter().filter(|literal| is_sentence(literal));
        let sentences = sentences.filter(|literal| !ELSEWHERE.iter().any(|(known, _)| known == literal));
        found.extend(sentences.map(|literal| format!("{}: {literal}", path.display())));
    }
    assert!(found.is_empty(), "move these to src/web/sentences: {found:#?}");
}

#[test]
fn a_planted_sentence_is_found() {
    for planted in [
        r#"let head = "Everybody needed has agreed.";"#,
        r#"Err("Why do you reject it?".to_owned())"#,
        r#"format!("{who} rejected it for {seat}.")"#,
        "let line = \"Look at My requests \\\n         before you send it.\";",
        "let quote = '\"'; let line = \"This is sent now, once:\";",
        "let quote = '\\''; let line = \"This is sent now, once:\";",
        "fn of<'a>(text: &'a str) -> Self { Self::new(r#\"It is no \"text\" at all.\"#) }",
        "// It isn't a \"comment.\nlet line = \"This is sent now, once:\";",
    ] {
        let found = literals(planted).iter().filter(|literal| is_sentence(literal)).count();
        assert_eq!(found, 1, "{planted}: {:?}", literals(planted));
    }
    for innocent in [
        "/// This is what a comment says.",
        "let url = \"https://example.com/a b c d\"; // \"This is what a comment says.\"",
        r#"let label = "Where it belongs";"#,
        r#"tracing::info!("a page was refused, and so on.");"#,
        r#"format!("{name}: {message}, {more} and {others}")"#,
        "#[cfg(test)]\nmod tests {\n    const SAID: &str = \"It waits for Chen Wei.\";\n}",
    ] {
        let found: Vec<String> =
            literals(innocent).into_iter().filter(|literal| is_sentence(literal)).collect();
        assert!(found.is_empty(), "{innocent}: {found:?}");
    }
}
