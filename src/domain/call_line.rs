//! The line that a list shows of a call.

/// The most characters of a URL that a line has; a longer one is cut and ends with [`CUT`].
pub const URL_CHARS_MAX: usize = 2_000;

/// The most characters of a header's value that a line has.
pub const HEADER_CHARS_MAX: usize = 200;

/// What a cut text ends with; no URL and no header has this character.
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
    /// The headers that are not ordinary, in sent order.
    pub headers: Vec<HeaderLine>,
}

/// One header in a line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HeaderLine {
    /// Its name, as it was sent.
    pub name: String,
    /// Its value as those who decide see it; see [`HEADER_CHARS_MAX`].
    pub value: String,
    /// Its value as everybody else sees it, if that differs.
    pub masked_value: Option<String>,
}

impl HeaderLine {
    /// The value for a reader who sees masked fields, or does not.
    pub fn value_for(&self, sees_masked: bool) -> &str {
        self.masked_value.as_deref().filter(|_| !sees_masked).unwrap_or(&self.value)
    }

    /// Whether the value is longer than a line has it.
    pub fn is_cut(&self) -> bool {
        self.value.ends_with(CUT)
    }

    /// A value as a line has it.
    pub fn cut(value: String) -> String {
        cut_after(value, HEADER_CHARS_MAX)
    }
}

impl CallLine {
    /// The URL for a reader who sees masked fields, or does not.
    pub fn url_for(&self, sees_masked: bool) -> &str {
        self.masked_url.as_deref().filter(|_| !sees_masked).unwrap_or(&self.url)
    }

    /// A URL as a line has it.
    pub fn cut(url: String) -> String {
        cut_after(url, URL_CHARS_MAX)
    }
}

/// The first `chars_max` characters of a text, with [`CUT`] after them if that is not all of it.
pub fn cut_after(mut text: String, chars_max: usize) -> String {
    if let Some((at, _)) = text.char_indices().nth(chars_max) {
        text.truncate(at);
        text.push(CUT);
    }
    text
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
