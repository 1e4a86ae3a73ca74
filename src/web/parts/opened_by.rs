//! Who opened a request, for those who are told.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::domain::actor::Person;
use crate::domain::request::Request;
use crate::engine::openings::Opening;
use crate::web::parts::format::When;
use crate::web::parts::who::Names;

/// The most people that are named; a number stands for the others.
const NAMED: usize = 10;

/// `Chen Wei at 10:02, Finn Berg at 10:05 (revision 1)`; empty if nobody but the reader opened it.
pub struct OpenedBy(Vec<String>);

impl OpenedBy {
    /// Everybody but the reader.
    pub fn others(
        openings: &[Opening],
        (request, reader): (&Request, &Person),
        (names, when): (&Names, When),
    ) -> Self {
        let others = openings.iter().filter(|opening| !names.is_one_person(&opening.person, reader));
        let words = |opening: &Opening| {
            let (who, at) = (names.who(&opening.person), when.clock(opening.at));
            let earlier = Some(opening.revision).filter(|revision| *revision != request.revision);
            let of_earlier = earlier.map(|revision| format!(" (revision {revision})")).unwrap_or_default();
            format!("{who} at {at}{of_earlier}")
        };
        Self(others.map(words).collect())
    }

    /// Whether there is nobody to name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for OpenedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<&str> = self.0.iter().take(NAMED).map(String::as_str).collect();
        f.write_str(&named.join(", "))?;
        match self.0.len() - named.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl HtmlSafe for OpenedBy {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    fn opening(name: &str, revision: i64) -> Opening {
        Opening { person: sample::person(name), revision, at: sample::noon() }
    }

    fn words(openings: &[Opening]) -> String {
        let (view, reader) = (sample::view(), sample::person("Ruth"));
        OpenedBy::others(openings, (&view.request, &reader), (&Names::as_spelled(), sample::when()))
            .to_string()
    }

    #[test]
    fn everybody_but_the_reader_is_named_with_the_time_and_an_earlier_revision() {
        let revision = sample::view().request.revision;
        let html = words(&[opening("Chen", revision), opening("Ruth", revision), opening("Finn", 0)]);
        assert!(html.starts_with("Chen at <time ") && html.contains(", Finn at <time "), "{html}");
        assert!(html.ends_with("(revision 0)") && !html.contains("Ruth"), "{html}");
    }

    #[test]
    fn ten_are_named_and_the_others_counted() {
        let many: Vec<Opening> = (0..13).map(|number| opening(&format!("Checker {number}"), 1)).collect();
        let html = words(&many);
        assert!(html.ends_with(" and 3 more") && !html.contains("Checker 10"), "{html}");
        assert_eq!(words(&[]), "");
    }

    #[test]
    fn a_hostile_name_is_text() {
        sample::assert_harmless(
            &words(&[opening(sample::HOSTILE, 1)]).replace("[U+202E]", "").replace("[U+200B]", ""),
        );
    }
}
