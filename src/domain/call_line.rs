//! The line that a list shows of a call.

/// The most characters of a URL that a line has; a longer one is cut and ends with [`CUT`].
pub const URL_CHARS_MAX: usize = 2_000;

/// What a cut URL ends with; no URL has this character.
pub const CUT: char = '…';

/// One line about a call. It is part of a request's terms, so that a list need not read calls.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CallLine {
    /// The HTTP method.
    pub method: String,
    /// The absolute URL as those who decide see it: secret fields are hidden. See [`URL_CHARS_MAX`].
    pub url: String,
    /// The absolute URL as everybody else sees it, if that differs: masked fields are hidden as well.
    pub masked_url: Option<String>,
    /// The target's label at submission.
    pub label: String,
}

impl CallLine {
    /// The URL for a reader who sees masked fields, or does not.
    pub fn url_for(&self, sees_masked: bool) -> &str {
        self.masked_url.as_deref().filter(|_| !sees_masked).unwrap_or(&self.url)
    }

    /// A URL as a line has it.
    pub fn cut(mut url: String) -> String {
        if let Some((at, _)) = url.char_indices().nth(URL_CHARS_MAX) {
            url.truncate(at);
            url.push(CUT);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_that_is_too_long_is_cut_and_says_so() {
        let long = "é".repeat(URL_CHARS_MAX);
        assert_eq!(CallLine::cut(long.clone()), long);
        assert_eq!(CallLine::cut(format!("{long}x")), format!("{long}{CUT}"));
    }
}
