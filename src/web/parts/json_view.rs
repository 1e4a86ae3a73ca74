//! JSON as a page shows it: every digit and every member as it is sent, laid out over lines, with hidden
//! values and odd characters marked. A long one is shown in pieces.

use std::fmt::{self, Write};

use askama::filters::HtmlSafe;
use serde_json::Value;

use crate::web::html::write_html;

/// Bytes of a body, as it is laid out, that one page shows.
pub const SHOWN_BYTES_MAX: usize = 16 * 1024;

/// One piece of a body: JSON laid out, or a text as it is.
#[derive(Clone, Debug)]
pub struct Body {
    html: String,
    /// How many bytes are sent.
    pub bytes: usize,
    /// What it is: `JSON`, or its `content-type`.
    pub kind: String,
    /// Whether its layout is ours, so that it is sent without.
    pub is_laid_out: bool,
    /// Which piece of it this is, from 1.
    pub number: usize,
    /// How many pieces there are.
    pub pieces: usize,
    /// Whether there is more of it.
    pub is_cut: bool,
}

/// A value as its reader may see it.
#[derive(Clone, Copy)]
pub struct Shown<'v> {
    pub value: &'v Value,
    /// The value itself: where the two differ, something is hidden. `None` where nothing ever is.
    pub whole: Option<&'v Value>,
}

impl<'v> Shown<'v> {
    /// A value of which nothing is hidden.
    pub fn open(value: &'v Value) -> Self {
        Self { value, whole: None }
    }

    /// Whether what is here stands for something else. A text that only looks like a mask does not.
    fn is_hidden(self) -> bool {
        self.whole.is_some_and(|whole| whole != self.value)
    }
}

impl Body {
    /// The beginning of a body of which nothing is hidden, and `bytes` are sent.
    pub fn of(body: &Value, bytes: usize) -> Self {
        let (writer, pieces) = laid_out(Shown::open(body), 1);
        Self::new(writer, (pieces, 1), bytes)
    }

    /// A piece of a JSON body of which `bytes` are sent; `None` if it has no such piece.
    pub fn piece(body: Shown<'_>, (bytes, number): (usize, usize)) -> Option<Self> {
        let (writer, pieces) = laid_out(body, number);
        (1..=pieces).contains(&number).then(|| Self::new(writer, (pieces, number), bytes))
    }

    /// The same of a body that is no JSON.
    pub fn piece_of_text(
        body: Shown<'_>,
        content_type: &str,
        (bytes, number): (usize, usize),
    ) -> Option<Self> {
        let mut writer = Writer::of_piece(number);
        let class = if body.is_hidden() { "mask" } else { "" };
        writer.put(body.value.as_str().unwrap_or_default(), class);
        let pieces = writer.pieces();
        let text = (1..=pieces).contains(&number).then(|| Self::new(writer, (pieces, number), bytes))?;
        Some(Self { kind: content_type.to_owned(), is_laid_out: false, ..text })
    }

    fn new(writer: Writer, (pieces, number): (usize, usize), bytes: usize) -> Self {
        let kind = "JSON".to_owned();
        Self { html: writer.html, bytes, kind, is_laid_out: true, number, pieces, is_cut: number < pieces }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.html)
    }
}

impl HtmlSafe for Body {}

fn laid_out(body: Shown<'_>, number: usize) -> (Writer, usize) {
    let mut writer = Writer::of_piece(number);
    writer.value(body, 0);
    let pieces = writer.pieces();
    (writer, pieces)
}

/// Lays a value out, and keeps what is in one piece of it.
struct Writer {
    html: String,
    /// How far the layout has come, in bytes.
    at: usize,
    /// Where the piece begins and ends.
    from: usize,
    to: usize,
}

/// Objects and lists up to this many characters stay on one line.
const LINE_CHARS: usize = 72;

impl Writer {
    fn of_piece(number: usize) -> Self {
        let from = number.saturating_sub(1).saturating_mul(SHOWN_BYTES_MAX);
        Self { html: String::new(), at: 0, from, to: from.saturating_add(SHOWN_BYTES_MAX) }
    }

    fn pieces(&self) -> usize {
        self.at.div_ceil(SHOWN_BYTES_MAX).max(1)
    }

    fn value(&mut self, shown: Shown<'_>, depth: usize) {
        match shown.value {
            Value::String(text) if shown.is_hidden() => {
                self.string(text, "mask");
                self.put(" hidden", "hid");
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => self.put(&shown.value.to_string(), ""),
            Value::String(text) => self.string(text, ""),
            Value::Array(items) => {
                let whole = shown.whole.and_then(Value::as_array);
                let item = |(at, value)| (None, Shown { value, whole: whole.and_then(|all| all.get(at)) });
                let is_short = is_short(shown.value);
                self.list(["[", "]"], is_short, depth, items.iter().enumerate().map(item));
            }
            Value::Object(members) => {
                let whole = shown.whole.and_then(Value::as_object);
                let member = |(name, value): (&String, _)| {
                    (Some(name.clone()), Shown { value, whole: whole.and_then(|all| all.get(name)) })
                };
                let is_short = is_short(shown.value);
                self.list(["{", "}"], is_short, depth, members.iter().map(member));
            }
        }
    }

    fn list<'v>(
        &mut self,
        [open, close]: [&str; 2],
        is_short: bool,
        depth: usize,
        items: impl Iterator<Item = (Option<String>, Shown<'v>)>,
    ) {
        self.put(open, "");
        let mut is_empty = true;
        for (name, item) in items {
            if !is_empty {
                self.put(",", "");
            }
            is_empty = false;
            self.space(is_short, depth + 1);
            if let Some(name) = name {
                self.string(&name, "k");
                self.put(": ", "");
            }
            self.value(item, depth + 1);
        }
        if !is_empty {
            self.space(is_short, depth);
        }
        self.put(close, "");
    }

    fn space(&mut self, is_short: bool, depth: usize) {
        if is_short {
            self.put(" ", "");
        } else {
            self.put(&format!("\n{:1$}", "", 2 * depth), "");
        }
    }

    /// The text as JSON writes it. Escapes that JSON needs are shown; what is odd beyond them is drawn.
    fn string(&mut self, text: &str, class: &str) {
        self.put(&Value::from(text).to_string(), class);
    }

    /// What of `text` is in the piece. A character belongs to the piece in which it begins.
    fn put(&mut self, text: &str, class: &str) {
        let within = |edge: usize| {
            let edge = edge.saturating_sub(self.at).min(text.len());
            (edge..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
        };
        let part = &text[within(self.from)..within(self.to)];
        self.at += text.len();
        if part.is_empty() {
            return;
        }
        if !class.is_empty() {
            self.html.push_str(&format!(r#"<span class="{class}">"#));
        }
        write_html(&mut self.html, part).expect("a string takes every write");
        if !class.is_empty() {
            self.html.push_str("</span>");
        }
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

    /// Every piece of a body, as a person reads it.
    fn pieces(body: Shown<'_>) -> Vec<String> {
        let piece = |number| Body::piece(body, (0, number)).map(|piece| read(&piece.to_string()));
        (1..).map_while(piece).collect()
    }

    #[test]
    fn the_pieces_of_a_body_are_all_of_it_each_character_once() {
        let lines: Vec<Value> = (0..3_000)
            .map(|number| json!({ "n": number, "text": "日本語 é 🎉", "deep": [[number]] }))
            .collect();
        let body = Value::Array(lines);
        let found = pieces(Shown::open(&body));
        assert!(found.len() > 5, "{}", found.len());
        assert!(found.iter().all(|piece| piece.len() < SHOWN_BYTES_MAX + 4 && !piece.is_empty()));
        assert_eq!(serde_json::from_str::<Value>(&found.concat()).unwrap(), body);
        assert_eq!(Body::piece(Shown::open(&body), (0, 1)).unwrap().pieces, found.len());
        assert!(Body::piece(Shown::open(&body), (0, found.len() + 1)).is_none());
        assert!(Body::piece(Shown::open(&body), (0, 0)).is_none());
    }

    #[test]
    fn odd_characters_are_marked_in_every_piece() {
        let body = json!({ "text": format!("{}\u{202e}evil", "x".repeat(3 * SHOWN_BYTES_MAX)) });
        let last = Body::piece(Shown::open(&body), (0, 4)).unwrap();
        assert!(last.to_string().contains("U+202E") && !last.to_string().contains('\u{202e}'));
        let text = Body::piece_of_text(Shown::open(&body["text"]), "text/plain", (0, 4)).unwrap();
        assert!(text.to_string().contains("U+202E") && !text.is_laid_out, "{text}");
    }

    #[test]
    fn what_is_hidden_is_marked_by_its_place_and_not_by_looking_like_dots() {
        let whole =
            json!({ "pin": "4711", "shop": "•••• Bank", "card": { "number": 4711 }, "note": "a\u{200b}b" });
        let mut shown = whole.clone();
        (shown["pin"], shown["card"]) = ("••••".into(), "••••".into());
        let html = Body::piece(Shown { value: &shown, whole: Some(&whole) }, (0, 1)).unwrap().to_string();
        assert_eq!(html.matches(r#"<span class="mask">"#).count(), 2, "{html}");
        assert_eq!(html.matches(" hidden</span>").count(), 2, "a mask says that it is one: {html}");
        assert!(html.contains("&quot;•••• Bank&quot;"), "{html}");
        assert!(html.contains("U+200B"), "{html}");
        let open = Body::of(&shown, 0).to_string();
        assert!(!open.contains("mask"), "{open}");
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
