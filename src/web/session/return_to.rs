//! Where the browser goes after signing in: one of our own pages, and nothing else.

use std::fmt;

use crate::http::query::escaped;
use crate::web::BASE;

/// Path and query of one of our own pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

/// Longer addresses than our own pages have.
const BYTES_MAX: usize = 1_000;

impl ReturnTo {
    /// The page that `text` names, or the first page if it names none of ours.
    pub fn read(text: &str) -> Self {
        if is_own(text) { Self(text.to_owned()) } else { Self::home() }
    }

    /// The first page.
    pub fn home() -> Self {
        Self(BASE.to_owned())
    }

    /// Whether it is the first page.
    pub fn is_home(&self) -> bool {
        self.0 == BASE
    }

    /// The sign-in page, from which the browser goes on here.
    pub fn sign_in_url(&self) -> String {
        format!("{BASE}/sign-in?to={}", escaped(&self.0))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Only what no browser can read as another host, as a step upwards, or as a second header.
fn is_own(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(BASE) else { return false };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_plain_path = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    let is_plain_query = |c: char| c.is_ascii_alphanumeric() || "-._~%&=+:,!*'();@/?".contains(c);
    let is_page = path.is_empty() || path.starts_with('/');
    let climbs = path.contains("//") || path.split('/').any(|part| part == "." || part == "..");
    // A return to signing in or out would go round in a circle.
    let is_circle = path.starts_with("/sign-");
    text.len() <= BYTES_MAX
        && is_page
        && !climbs
        && !is_circle
        && path.chars().all(is_plain_path)
        && query.chars().all(is_plain_query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_our_own_pages_is_returned_to() {
        for text in [
            "/ui",
            "/ui?a=b",
            "/ui/needs-me",
            "/ui/requests/0190b6f2-7a3c-7cc0-8000-000000000001/approve",
            "/ui/history?subject=a%20b&states=AdminTask,approved&after=x%2Fy",
            "/ui/new/ISSUE-BADGE?subject=//not-a-host",
        ] {
            assert_eq!(ReturnTo::read(text).as_str(), text);
        }
    }

    #[test]
    fn nothing_else_is() {
        let long = format!("/ui/{}", "a".repeat(1_000));
        for text in [
            "",
            "/",
            "/uix",
            "/other",
            "ui",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/ui",
            "http:evil.example",
            "javascript:alert(1)",
            "/ui//evil.example",
            "/ui/../..//evil.example",
            "/ui/..",
            "/ui/./x",
            "/ui/%2e%2e/%2f%2fevil.example",
            "/ui/\\evil.example",
            "/ui?a=\\",
            "/ui@evil.example",
            "/ui:evil.example",
            "/ui/x#y",
            "/ui/a\r\nset-cookie: a=b",
            "/ui/a\tb",
            "/ui/ä",
            "/ui?ä",
            " /ui",
            "/ui ",
            "/ui/sign-in",
            "/ui/sign-out",
            "/ui/sign-in?to=/ui",
            &long,
        ] {
            assert_eq!(ReturnTo::read(text), ReturnTo::home(), "{text:?}");
        }
    }
}
