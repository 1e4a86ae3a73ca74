//! The list that a page was opened from: it goes along in the address, from page to step and back.

use std::fmt;

use actix_web::HttpRequest;

use crate::http::query::{escaped, given_once};
use crate::web::BASE;
use crate::web::parts::nav::Nav;

/// The parameter that carries it.
pub const FROM: &str = "from";

/// Longer queries are not carried along.
const QUERY_BYTES_MAX: usize = 600;

/// The parameters that say where in a list somebody is, or what they have just done.
const PLACES: [&str; 3] = ["after", "before", "said"];

/// The lists that a page can be opened from.
const LISTS: [Nav; 7] =
    [Nav::NeedsMe, Nav::MyGroups, Nav::Decided, Nav::Mine, Nav::History, Nav::Search, Nav::Unknown];

/// One of our own lists, with its filter and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameFrom {
    nav: Nav,
    query: String,
}

impl CameFrom {
    /// What the address of `http` carries; `None` if it names no list of ours.
    pub fn of(http: &HttpRequest) -> Option<Self> {
        Self::read(&given_once(http, FROM)?)
    }

    /// Reads what [`CameFrom::word`] writes, and nothing else.
    pub fn read(text: &str) -> Option<Self> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let nav = LISTS.into_iter().find(|nav| nav.path().strip_prefix('/') == Some(path))?;
        is_plain(query).then(|| Self { nav, query: query.to_owned() })
    }

    /// A list, with the query of its address.
    pub fn list(nav: Nav, query: &str) -> Self {
        let query = if is_plain(query) { query } else { "" };
        Self { nav, query: query.to_owned() }
    }

    pub fn nav(&self) -> Nav {
        self.nav
    }

    pub fn query(&self) -> &str {
        &self.query
    }

    /// The address of the list.
    pub fn url(&self) -> String {
        join(&self.nav.url(), &self.query)
    }

    /// Path and query below our own pages.
    pub fn word(&self) -> String {
        join(self.nav.path().trim_start_matches('/'), &self.query)
    }

    /// The same list and filter from its beginning: whoever comes back another day wants what is new.
    pub fn at_its_beginning(&self) -> Self {
        let is_place = |pair: &str| PLACES.contains(&pair.split('=').next().unwrap_or_default());
        let kept: Vec<&str> = self.query.split('&').filter(|pair| !is_place(pair)).collect();
        Self { nav: self.nav, query: kept.join("&") }
    }

    /// `url`, carrying it along, unless the way leads there anyway.
    pub fn onto(&self, url: &str) -> String {
        if self.query.is_empty() && matches!(self.nav, Nav::NeedsMe | Nav::Mine) {
            return url.to_owned();
        }
        let mark = if url.contains('?') { '&' } else { '?' };
        format!("{url}{mark}{FROM}={}", escaped(&self.word()))
    }
}

/// `url`, carrying along where its page was opened from.
pub fn onto(from: Option<&CameFrom>, url: &str) -> String {
    from.map_or_else(|| url.to_owned(), |from| from.onto(url))
}

/// The page of a request after something was recorded, carrying along where that form was opened from.
pub fn recorded_url(form: &HttpRequest, id: impl fmt::Display, said: &str) -> String {
    onto(CameFrom::of(form).as_ref(), &format!("{BASE}/requests/{id}?said={said}"))
}

fn join(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Only what our own lists write into their addresses.
fn is_plain(query: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~%&=+:,".contains(c);
    query.len() <= QUERY_BYTES_MAX && query.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_ours_is_read_back() {
        for text in
            ["needs-me", "needs-me?due=late&type=PAY%2DOUT&after=eyJhIjox", "mine", "history?userId=a%40b"]
        {
            let from = CameFrom::read(text).unwrap();
            assert_eq!(from.word(), text);
            assert_eq!(from.url(), format!("/ui/{text}"));
        }
        let from = CameFrom::list(Nav::NeedsMe, "due=late");
        assert_eq!(from.onto("/ui/requests/1"), "/ui/requests/1?from=needs%2Dme%3Fdue%3Dlate");
        assert_eq!(CameFrom::list(Nav::Mine, "").onto("/ui/requests/1"), "/ui/requests/1");
        assert_eq!(from.onto("/ui/requests/1?said=x"), "/ui/requests/1?said=x&from=needs%2Dme%3Fdue%3Dlate");
    }

    #[test]
    fn a_list_at_its_beginning_keeps_its_filter() {
        for (text, kept) in [
            ("needs-me?due=late&after=eyJhIjox&type=PAY", "needs-me?due=late&type=PAY"),
            ("history?before=x", "history"),
            ("mine", "mine"),
        ] {
            assert_eq!(CameFrom::read(text).unwrap().at_its_beginning().word(), kept);
        }
    }

    #[test]
    fn nothing_else_is_a_list_of_ours() {
        let long = format!("mine?after={}", "a".repeat(QUERY_BYTES_MAX));
        for text in [
            "",
            "/",
            "/needs-me",
            "//evil.example",
            "https://evil.example",
            "needs-me/../sign-out",
            "sign-out",
            "requests/1",
            "new",
            "needs-me#x",
            "needs-me?to=//evil.example",
            "needs-me?a=\"><script>",
            "needs-me?a=b c",
            "needs-me?ä",
            "javascript:alert(1)",
            &long,
        ] {
            assert_eq!(CameFrom::read(text), None, "{text:?}");
        }
        // A filter that is too long is left behind; the list stays.
        assert_eq!(CameFrom::list(Nav::History, &"a".repeat(QUERY_BYTES_MAX + 1)).word(), "history");
    }
}
