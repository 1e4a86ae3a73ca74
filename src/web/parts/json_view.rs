//! JSON as a page shows it: every digit and every member as it is sent, laid out over lines, with masked
//! values and odd characters marked.

use std::fmt::{self, Write};

use askama::filters::HtmlSafe;
use serde_json::Value;

use crate::domain::media_type::is_json;
use crate::domain::request_type::DOTS;
use crate::web::html::write_html;

/// Bytes of a body that a page shows; the rest is on another page.
pub const SHOWN_BYTES_MAX: usize = 16 * 1024;

/// A body: JSON laid out, or a text as it is.
#[derive(Clone, Debug)]
pub struct Body {
    html: String,
    /// How many bytes are sent.
    pub bytes: usize,
    /// What it is: `JSON`, or its `content-type`.
    pub kind: String,
    /// Whether its layout is ours, so that it is sent without.
    pub is_laid_out: bool,
    /// Whether only its beginning is shown.
    pub is_cut: bool,
}

impl Body {
    /// The beginning of `body`, of which `bytes` are sent.
    pub fn of(body: &Value, bytes: usize) -> Self {
        let mut writer = Writer { html: String::new(), shown: 0, max: SHOWN_BYTES_MAX };
        let is_cut = writer.value(body, 0).is_err();
        Self { html: writer.html, bytes, kind: "JSON".to_owned(), is_laid_out: true, is_cut }
    }

    /// The beginning of the body of a call with this `content-type`, of which `bytes` are sent.
    pub fn of_call(body: &Value, content_type: Option<&str>, bytes: usize) -> Self {
        match (body, content_type) {
            (Value::String(text), Some(content_type)) if !is_json(content_type) => {
                let mut writer = Writer { html: String::new(), shown: 0, max: SHOWN_BYTES_MAX };
                let is_cut = writer.text(text).is_err();
                Self { html: writer.html, bytes, kind: content_type.to_owned(), is_laid_out: false, is_cut }
            }
            _ => Self::of(body, bytes),
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.html)
    }
}

impl HtmlSafe for Body {}

/// As much as a page shows is written.
struct Enough;

struct Writer {
    html: String,
    shown: usize,
    max: usize,
}

/// Objects and lists up to this many characters stay on one line.
const LINE_CHARS: usize = 72;

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Enough> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => self.text(&value.to_string()),
            Value::String(text) if text.contains(DOTS) => {
                self.html.push_str(r#"<span class="mask">"#);
                self.string(text)?;
                self.html.push_str("</span>");
                Ok(())
            }
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                let is_short = is_short(value);
                self.list(['[', ']'], is_short, depth, items.iter().map(|item| (None, item)))
            }
            Value::Object(members) => {
                let is_short = is_short(value);
                let members = members.iter().map(|(name, member)| (Some(name.as_str()), member));
                self.list(['{', '}'], is_short, depth, members)
            }
        }
    }

    fn list<'v>(
        &mut self,
        [open, close]: [char; 2],
        is_short: bool,
        depth: usize,
        items: impl Iterator<Item = (Option<&'v str>, &'v Value)>,
    ) -> Result<(), Enough> {
        self.html.push(open);
        let mut is_empty = true;
        for (name, item) in items {
            if !is_empty {
                self.html.push(',');
            }
            is_empty = false;
            self.space(is_short, depth + 1);
            if let Some(name) = name {
                self.html.push_str(r#"<span class="k">"#);
                self.string(name)?;
                self.html.push_str("</span>: ");
            }
            self.value(item, depth + 1)?;
        }
        if !is_empty {
            self.space(is_short, depth);
        }
        self.html.push(close);
        Ok(())
    }

    fn space(&mut self, is_short: bool, depth: usize) {
        if is_short {
            self.html.push(' ');
        } else {
            self.html.push('\n');
            self.html.extend(std::iter::repeat_n("  ", depth));
        }
    }

    /// The text as JSON writes it. Escapes that JSON needs are shown; what is odd beyond them is drawn.
    fn string(&mut self, text: &str) -> Result<(), Enough> {
        self.text(&Value::from(text).to_string())
    }

    fn text(&mut self, text: &str) -> Result<(), Enough> {
        let room = self.max - self.shown;
        if text.len() <= room {
            self.shown += text.len();
            return self.write(text);
        }
        let end = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        self.shown = self.max;
        self.write(&text[..end])?;
        Err(Enough)
    }

    fn write(&mut self, text: &str) -> Result<(), Enough> {
        write_html(&mut self.html, text).map_err(|fmt::Error| Enough)
    }
}

/// Whether it fits on a line and contains no list or object with members.
fn is_short(value: &Value) -> bool {
    let is_flat = |item: &Value| match item {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    let flat = match value {
        Value::Array(items) => items.len() <= LINE_CHARS && items.iter().all(is_flat),
        Value::Object(members) => members.len() <= 3 && members.values().all(is_flat),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    let mut length = Counter(0);
    flat && write!(length, "{value}").is_ok() && length.0 <= LINE_CHARS
}

/// Counts characters and gives up beyond a line.
struct Counter(usize);

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.chars().count();
        if self.0 > LINE_CHARS { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What a person reads: without elements, entities resolved.
    fn read(html: &str) -> String {
        let mut text = String::new();
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            text.push_str(&rest[..at]);
            rest = rest[at..].split_once('>').map_or("", |(_, rest)| rest);
        }
        text.push_str(rest);
        for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
            text = text.replace(entity, c);
        }
        text
    }

    #[test]
    fn digits_and_members_stand_as_they_are_sent() {
        let body: Value = serde_json::from_str(r#"{"b":1.50,"a":[1,2],"deep":{"x":{"y":"<b>"}}}"#).unwrap();
        let shown = Body::of(&body, 0);
        assert_eq!(
            read(&shown.to_string()),
            "{\n  \"b\": 1.50,\n  \"a\": [ 1, 2 ],\n  \"deep\": {\n    \"x\": { \"y\": \"<b>\" }\n  }\n}"
        );
        assert!(!shown.to_string().contains("<b>"));
    }

    #[test]
    fn a_large_body_shows_its_beginning_and_says_so() {
        let body = json!({ "text": "é".repeat(100_000) });
        let shown = Body::of(&body, 200_000);
        assert!(shown.is_cut);
        assert!(shown.to_string().len() < SHOWN_BYTES_MAX + 200);
        assert!(!Body::of(&json!({ "text": "short" }), 16).is_cut);
    }

    #[test]
    fn masked_values_and_odd_characters_are_marked() {
        let shown = Body::of(&json!({ "pin": DOTS, "note": "a\u{200b}b" }), 0).to_string();
        assert!(shown.contains(r#"<span class="mask">"#), "{shown}");
        assert!(shown.contains("U+200B"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_person_reads_the_same_json_that_is_sent(texts in proptest::collection::vec("[a-z<>&\"'\\\\/ é日]{0,12}", 0..6)) {
            let body = json!({ "list": texts, "inner": { "of": texts.first() } });
            let again: Value = serde_json::from_str(&read(&Body::of(&body, 0).to_string())).unwrap();
            prop_assert_eq!(again, body);
        }
    }
}
