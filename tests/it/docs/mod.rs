//! The documents are true: their tables say what the code says, their examples load, their shell blocks run, and their
//! links lead somewhere.

mod links;
mod policy;
mod shell;
mod tables;

use countersign::domain::code::Code;
use countersign::http::error::status;

/// Every error code: its name, its status, its meaning.
fn codes() -> Vec<(&'static str, u16, &'static str)> {
    Code::ALL.map(|code| (code.name(), status(code).as_u16(), code.meaning())).to_vec()
}

/// One fenced block: the words behind its fence, and its text.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        found.push((info.to_owned(), text.join("\n") + "\n"));
    }
    found
}
