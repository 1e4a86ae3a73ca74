//! The filters of the history as they are in its address: each link changes one of them and keeps the others.

use crate::http::query::{FILTER_PARAMETERS, Parameters, escaped};
use crate::web::parts::layout::Nav;

/// The search field: an id, the beginning of one, or a subject.
pub const SEARCH: &str = "q";

/// The filters as they are in the address.
#[derive(Clone, Debug, Default)]
pub struct FilterQuery(Vec<(&'static str, String)>);

impl FilterQuery {
    /// Those that are given.
    pub fn of(parameters: &Parameters) -> Self {
        let names = FILTER_PARAMETERS.into_iter().chain([SEARCH]);
        Self(names.filter_map(|name| Some((name, parameters.text(name)?.to_owned()))).collect())
    }

    /// The value of a filter; empty if it is not set.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(given, _)| *given == name).map_or("", |(_, value)| value)
    }

    /// The same with one more or one less.
    pub fn with(&self, name: &'static str, value: Option<String>) -> Self {
        let others = self.0.iter().filter(|(given, _)| *given != name).cloned();
        Self(others.chain(value.map(|value| (name, value))).collect())
    }

    fn pairs(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The address of the list.
    pub fn url(&self) -> String {
        if self.0.is_empty() {
            Nav::History.url()
        } else {
            format!("{}?{}", Nav::History.url(), self.pairs())
        }
    }

    /// The address of the same rows as a file.
    pub fn export_url(&self, format: &'static str) -> String {
        let search = self.get(SEARCH).trim();
        let subject = if search.is_empty() { self.get("subject") } else { search };
        let subject = Some(subject.to_owned()).filter(|subject| !subject.is_empty());
        let same = self.with(SEARCH, None).with("subject", subject).with("format", Some(format.to_owned()));
        format!("{}/export?{}", Nav::History.url(), same.pairs())
    }

    /// Whether anything narrows the list.
    pub fn has_filter(&self) -> bool {
        self.0.iter().any(|(name, _)| !["sortBy", "sortOrder"].contains(name))
    }
}

#[cfg(test)]
impl FilterQuery {
    /// The filters of a test.
    pub fn for_test(pairs: &[(&'static str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_takes_the_rows_that_are_seen_and_nothing_else() {
        let query = FilterQuery::for_test(&[("q", " 77-1 "), ("subject", "other"), ("states", "failed")]);
        assert_eq!(query.export_url("csv"), "/ui/history/export?states=failed&subject=77%2D1&format=csv");
    }
}
