//! How values become part of a page. No template can print one in another way.
//!
//! `askama.toml` names [`HtmlEscaper`], so every `{{ value }}` is escaped, and characters that are invisible or
//! that turn the reading direction are drawn as a box with their code point: what a checker reads is what is
//! there. An element is not possible in every place, so a template says with a filter where a value goes:
//!
//! | filter | where | deceptive characters |
//! |---|---|---|
//! | none | between elements | drawn |
//! | `attr` | an attribute, a page's title, an option | `[U+200B]` |
//! | `verbatim` | a `value` or `name` that the browser sends back | kept |
//! | `area` | the content of a text area | kept |
//! | `html` | between elements | HTML of our own: a type marked with [`HtmlSafe`] |
//!
//! A test reads every template and fails if an attribute holds a value without such a filter, or if `safe`
//! is used.

use std::fmt::{self, Display, Write};

use askama::filters::{Escaper, HtmlSafe};

use crate::domain::deceptive::is_deceptive;

/// Escapes and draws; see the head of this module.
#[derive(Clone, Copy, Debug)]
pub struct HtmlEscaper;

impl Escaper for HtmlEscaper {
    /// Right-to-left words are isolated, so that they don't move what follows them. askama hands a string over
    /// whole; a value that is written in parts is isolated part by part.
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        write_text(&mut dest, text)
    }

    /// A single character is part of a word that is written in pieces: isolated alone, it would be out of order.
    fn write_escaped_char<W: Write>(&self, mut dest: W, c: char) -> fmt::Result {
        if is_odd(c) { write_odd(&mut dest, c) } else { write_char(&mut dest, c) }
    }
}

/// Writes `text` as HTML between elements, for what builds HTML without a template.
pub fn write_text(out: &mut impl Write, text: &str) -> fmt::Result {
    let is_isolated = !text.is_ascii() && text.chars().any(is_right_to_left);
    if is_isolated {
        out.write_str("<bdi>")?;
    }
    write_html(out, text)?;
    if is_isolated { out.write_str("</bdi>") } else { Ok(()) }
}

/// HTML that this code wrote; never anything from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// Takes HTML in which every outside value is escaped already.
    pub fn new(html: String) -> Self {
        Self(html)
    }

    /// A text from outside, escaped and drawn.
    pub fn text(text: &str) -> Self {
        let mut html = String::with_capacity(text.len());
        write_text(&mut html, text).expect("a string takes every write");
        Self(html)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

/// The filters of the templates; see the head of this module.
pub mod filters {
    use std::fmt::Display;

    use askama::Values;
    use askama::filters::{HtmlSafe, Safe};

    use super::{Area, Attr, Verbatim};

    /// In an attribute, a title or an option.
    #[askama::filter_fn]
    pub fn attr<T: Display>(value: T, _: &dyn Values) -> askama::Result<Safe<Attr<T>>> {
        Ok(Safe(Attr(value)))
    }

    /// In a `value` or `name` that the browser sends back.
    #[askama::filter_fn]
    pub fn verbatim<T: Display>(value: T, _: &dyn Values) -> askama::Result<Safe<Verbatim<T>>> {
        Ok(Safe(Verbatim(value)))
    }

    /// Inside a text area.
    #[askama::filter_fn]
    pub fn area<T: Display>(value: T, _: &dyn Values) -> askama::Result<Safe<Area<T>>> {
        Ok(Safe(Area(value)))
    }

    /// HTML of our own, as it is.
    #[askama::filter_fn]
    pub fn html<T: HtmlSafe>(value: T, _: &dyn Values) -> askama::Result<Safe<T>> {
        Ok(Safe(value))
    }
}

/// See [`filters::attr`].
pub struct Attr<T>(T);

/// `value` as it goes into an attribute, for what builds HTML without a template.
pub fn in_attribute<T: Display>(value: T) -> Attr<T> {
    Attr(value)
}

impl<T: Display> Display for Attr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping { out: f, draws: true }, "{}", self.0)
    }
}

/// See [`filters::verbatim`].
pub struct Verbatim<T>(T);

impl<T: Display> Display for Verbatim<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping { out: f, draws: false }, "{}", self.0)
    }
}

/// See [`filters::area`].
pub struct Area<T>(T);

impl<T: Display> Display for Area<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A browser drops the first line break after the opening tag.
        f.write_char('\n')?;
        write!(Escaping { out: f, draws: false }, "{}", self.0)
    }
}

/// Escapes what is written into it, for places where no element is possible.
struct Escaping<W> {
    out: W,
    /// Whether odd characters become `[U+200B]`.
    draws: bool,
}

impl<W: Write> Write for Escaping<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Self { out, draws } = self;
        each_part(out, text, |out, c| {
            if *draws && is_odd(c) { write!(out, "[U+{:04X}]", u32::from(c)) } else { write_char(out, c) }
        })
    }
}

/// Writes `text` as HTML: escaped, odd characters drawn. Line breaks and tabs stay.
pub fn write_html(out: &mut impl Write, text: &str) -> fmt::Result {
    each_part(out, text, |out, c| if is_odd(c) { write_odd(out, c) } else { write_char(out, c) })
}

/// Writes `text`: plain stretches as they are, since most of any text needs no care, and each other character
/// by `care`.
fn each_part<W: Write>(out: &mut W, text: &str, care: impl Fn(&mut W, char) -> fmt::Result) -> fmt::Result {
    let mut rest = text;
    while !rest.is_empty() {
        let (plain, other) = rest.split_at(rest.bytes().position(needs_care).unwrap_or(rest.len()));
        out.write_str(plain)?;
        let mut chars = other.chars();
        if let Some(c) = chars.next() {
            care(out, c)?;
        }
        rest = chars.as_str();
    }
    Ok(())
}

/// Whether a byte may be, or begin, a character that is escaped or drawn. Any other byte is written as it is.
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
mod tests;
