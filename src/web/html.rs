//! The one way in which anything that came from outside becomes part of a page.
//!
//! Markup is escaped; characters that nobody sees, or that turn the reading direction, are drawn as a box
//! with their code point, so that what a checker reads is what is there.

use std::fmt::{self, Write};

use askama::filters::HtmlSafe;

use crate::domain::request_type::is_deceptive;

/// A text from outside, safe to print into a page and honest about what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Takes any text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it came.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same for a text area, where a person goes on writing: escaped, and nothing else changed.
    pub fn area(&self) -> Area<'_> {
        Area(&self.0)
    }

    /// The same for an attribute's value or a page's title, where no element can stand: drawn characters become
    /// `[U+200B]`.
    pub fn attr(&self) -> Attr<'_> {
        Attr(&self.0)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Right-to-left words must not move what stands beside them.
        let turns = !self.0.is_ascii() && self.0.chars().any(is_right_to_left);
        if turns {
            f.write_str("<bdi>")?;
        }
        write_html(f, &self.0)?;
        if turns { f.write_str("</bdi>") } else { Ok(()) }
    }
}

impl HtmlSafe for Text {}

/// See [`Text::attr`].
pub struct Attr<'a>(&'a str);

impl fmt::Display for Attr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if is_odd(c) {
                write!(f, "[U+{:04X}]", u32::from(c))?;
            } else {
                write_char(f, c)?;
            }
        }
        Ok(())
    }
}

impl HtmlSafe for Attr<'_> {}

/// See [`Text::area`].
pub struct Area<'a>(&'a str);

impl fmt::Display for Area<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A browser drops the first line break after the opening tag.
        if self.0.starts_with('\n') {
            f.write_char('\n')?;
        }
        self.0.chars().try_for_each(|c| write_char(f, c))
    }
}

impl HtmlSafe for Area<'_> {}

/// Writes `text` as HTML: escaped, odd characters drawn. Line breaks and tabs stay.
pub fn write_html(out: &mut impl Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while !rest.is_empty() {
        // Most of any text needs no care.
        let (plain, other) = rest.split_at(rest.bytes().position(needs_care).unwrap_or(rest.len()));
        out.write_str(plain)?;
        let mut chars = other.chars();
        if let Some(c) = chars.next() {
            if is_odd(c) { write_odd(out, c)? } else { write_char(out, c)? }
        }
        rest = chars.as_str();
    }
    Ok(())
}

/// Whether a byte may be, or begin, a character that is escaped or drawn. A byte that is plain stands for itself.
fn needs_care(byte: u8) -> bool {
    !matches!(byte, b' '..=b'~' | b'\n' | b'\t') || matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')
}

fn write_char(out: &mut impl Write, c: char) -> fmt::Result {
    match c {
        '&' => out.write_str("&amp;"),
        '<' => out.write_str("&lt;"),
        '>' => out.write_str("&gt;"),
        '"' => out.write_str("&quot;"),
        '\'' => out.write_str("&#39;"),
        c => out.write_char(c),
    }
}

fn write_odd(out: &mut impl Write, c: char) -> fmt::Result {
    write!(out, r#"<span class="odd-char">U+{:04X}"#, u32::from(c))?;
    if let Some(name) = name_of(c) {
        write!(out, " {name}")?;
    }
    out.write_str("</span>")
}

/// Whether a character is drawn instead of printed.
pub fn is_odd(c: char) -> bool {
    let is_layout = matches!(c, '\n' | '\r' | '\t');
    !is_layout && (is_deceptive(c) || is_unknown_look(c))
}

/// Private use, not characters, and spaces that look like another one.
fn is_unknown_look(c: char) -> bool {
    matches!(c,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{fffc}')
        || u32::from(c) & 0xfffe == 0xfffe
}

fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

fn name_of(c: char) -> Option<&'static str> {
    match c {
        '\0' => Some("null"),
        '\u{7f}' => Some("delete"),
        '\u{a0}' => Some("no-break space"),
        '\u{ad}' => Some("soft hyphen"),
        '\u{200b}' => Some("zero width space"),
        '\u{200c}' => Some("zero width non-joiner"),
        '\u{200d}' => Some("zero width joiner"),
        '\u{200e}' => Some("left-to-right mark"),
        '\u{200f}' => Some("right-to-left mark"),
        '\u{2028}' => Some("line separator"),
        '\u{2029}' => Some("paragraph separator"),
        '\u{202a}' => Some("left-to-right embedding"),
        '\u{202b}' => Some("right-to-left embedding"),
        '\u{202c}' => Some("end of direction"),
        '\u{202d}' => Some("left-to-right override"),
        '\u{202e}' => Some("right-to-left override"),
        '\u{2066}' => Some("left-to-right isolate"),
        '\u{2067}' => Some("right-to-left isolate"),
        '\u{2068}' => Some("first strong isolate"),
        '\u{2069}' => Some("end of isolate"),
        '\u{2060}' => Some("word joiner"),
        '\u{feff}' => Some("zero width no-break space"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_text() {
        let shown = Text::new(r#"<script>alert("x")</script>&'"#).to_string();
        assert_eq!(shown, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;");
    }

    #[test]
    fn what_nobody_sees_is_drawn_with_its_code_point() {
        let shown = Text::new("pay\u{200b}pal\u{202e}\u{7}").to_string();
        assert_eq!(
            shown,
            "pay<span class=\"odd-char\">U+200B zero width space</span>pal\
             <span class=\"odd-char\">U+202E right-to-left override</span><span class=\"odd-char\">U+0007</span>"
        );
        assert_eq!(Text::new("a\u{200b}\"").attr().to_string(), "a[U+200B]&quot;");
    }

    #[test]
    fn right_to_left_words_are_kept_apart_from_what_stands_beside_them() {
        assert_eq!(Text::new("שלום").to_string(), "<bdi>שלום</bdi>");
        assert_eq!(Text::new("Zoë 日本語 🎉").to_string(), "Zoë 日本語 🎉");
    }

    proptest! {
        #[test]
        fn no_text_brings_an_element_or_ends_an_attribute(text in "\\PC{0,40}|.{0,40}") {
            let own = |html: &str| html.replace("<bdi>", "").replace("</bdi>", "").replace("</span>", "")
                .replace("<span class=\"odd-char\">", "");
            let shown = own(&Text::new(text.clone()).to_string());
            prop_assert!(!shown.contains(['<', '>', '"', '\'']), "{shown}");
            let attr = Text::new(text).attr().to_string();
            prop_assert!(!attr.contains(['<', '>', '"', '\'']), "{attr}");
            prop_assert!(!shown.chars().chain(attr.chars()).any(is_odd));
        }

        #[test]
        fn every_character_is_shown_as_it_is_shown_alone(text in "\\PC{0,40}|.{0,40}|[ -~\u{200b}<&\n]{0,40}") {
            let mut whole = String::new();
            write_html(&mut whole, &text).unwrap();
            let mut alone = String::new();
            for c in text.chars() {
                if is_odd(c) { write_odd(&mut alone, c) } else { write_char(&mut alone, c) }.unwrap();
            }
            prop_assert_eq!(whole, alone);
        }
    }
}
