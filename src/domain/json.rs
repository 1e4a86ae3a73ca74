//! Reads JSON strictly and writes it back: member order and every digit of a number survive.
//!
//! `serde_json` checks the grammar first. The walk over the checked text then builds the value and
//! finds what the grammar allows but readers understand differently: members named twice, deep nesting.
//!
//! **Invariant:** text from outside becomes a [`Value`] only here. A plain `serde_json::from_str`
//! reads an object with one of its private member names as a number, and keeps the last of two
//! members with one name without a word.

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::bad_place::BadPlace;
use super::fault::{Fault, FaultKind, pointer_to};

/// Maximum depth of nested objects and lists; the outermost counts.
pub const DEPTH_MAX: usize = 32;

/// Maximum number of faults that are reported at once; a text with more is not an honest mistake.
pub const FAULTS_MAX: usize = 100;

/// Names to which `serde_json` gives a meaning, so that other readers would see another value.
const RESERVED_NAMES: [&str; 2] = ["$serde_json::private::Number", "$serde_json::private::RawValue"];

/// A value and what is wrong with it.
#[derive(Debug)]
pub struct Reading {
    /// The value: the first of members with one name, and `null` for what is nested too deeply.
    pub value: Value,
    /// Members named twice, reserved names and nesting over [`DEPTH_MAX`], in the order of the text.
    pub faults: Vec<Fault>,
}

/// Why a text is not JSON in UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// What the parser says, as a clause.
    pub reason: String,
    /// Where the text stops being JSON, if it is at one place.
    pub place: Option<BadPlace>,
}

impl From<NotJson> for Fault {
    fn from(NotJson { reason, .. }: NotJson) -> Self {
        Self::new("", FaultKind::NotJson { reason })
    }
}

/// Reads one JSON value and nothing after it.
///
/// # Errors
/// One `unreadable` fault if this is not UTF-8 or not JSON, otherwise every `payload_invalid` fault of
/// [`Reading::faults`].
pub fn read(text: &[u8]) -> Result<Value, Vec<Fault>> {
    let Reading { value, faults } = examine(text).map_err(|not_json| vec![not_json.into()])?;
    if faults.is_empty() { Ok(value) } else { Err(faults) }
}

/// Reads like [`read`], but returns the value beside its faults, so that a caller can report them
/// together with its own.
///
/// # Errors
/// [`NotJson`] if this is not UTF-8 or not JSON.
pub fn examine(text: &[u8]) -> Result<Reading, NotJson> {
    let text = std::str::from_utf8(text).map_err(|_| unreadable("it is not UTF-8"))?;
    serde_json::from_str::<&RawValue>(text)
        .map_err(|error| NotJson { reason: error.to_string(), place: Some(BadPlace::of(&error, text)) })?;
    let mut walk = Walk { text, at: 0, path: Vec::new(), faults: Vec::new() };
    let value = walk.value()?;
    Ok(Reading { value, faults: walk.faults })
}

/// Writes a value without white space, members in their order, numbers digit by digit.
pub fn write(value: &Value) -> String {
    serde_json::to_string(value).expect("a value in memory has text keys only, and a string takes every byte")
}

fn unreadable(reason: &str) -> NotJson {
    NotJson { reason: reason.to_owned(), place: None }
}

/// One pass over text whose grammar was checked; each byte is read a fixed number of times.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    /// The names and indices down to here; a pointer is built from them only for a fault.
    path: Vec<String>,
    faults: Vec<Fault>,
}

impl<'a> Walk<'a> {
    fn value(&mut self) -> Result<Value, NotJson> {
        match self.peek() {
            b'{' | b'[' if self.path.len() >= DEPTH_MAX => Ok(self.too_deep()),
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => Ok(Value::String(self.string()?)),
            _ => self.scalar(),
        }
    }

    fn object(&mut self) -> Result<Value, NotJson> {
        let mut members = Map::new();
        self.at += 1;
        while self.next_before(b'}') {
            let name = self.string()?;
            self.skip(b':');
            self.path.push(name);
            let value = self.value()?;
            let reserved = self.path.last().is_some_and(|name| RESERVED_NAMES.contains(&name.as_str()));
            if reserved {
                self.fault(FaultKind::Reserved);
            } else if self.path.last().is_some_and(|name| members.contains_key(name)) {
                self.fault(FaultKind::Repeated);
            }
            let name = self.path.pop().expect("the name was pushed above");
            if !reserved {
                members.entry(name).or_insert(value);
            }
        }
        Ok(Value::Object(members))
    }

    fn list(&mut self) -> Result<Value, NotJson> {
        let mut items = Vec::new();
        self.at += 1;
        while self.next_before(b']') {
            self.path.push(items.len().to_string());
            items.push(self.value()?);
            self.path.pop();
        }
        Ok(Value::Array(items))
    }

    /// A string, which the grammar check passed over without looking at its surrogates.
    fn string(&mut self) -> Result<String, NotJson> {
        let token = self.token(string_length(self.rest()));
        serde_json::from_str(token).map_err(|_| unreadable("a string holds half of a surrogate pair"))
    }

    fn scalar(&mut self) -> Result<Value, NotJson> {
        let length = self.rest().find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(self.rest().len());
        match self.token(length) {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            digits => {
                let number: Number = digits.parse().map_err(|_| unreadable("a number is malformed"))?;
                Ok(Value::Number(number))
            }
        }
    }

    /// Notes the fault and steps over the whole object or list without looking inside.
    fn too_deep(&mut self) -> Value {
        self.fault(FaultKind::TooDeep { max: DEPTH_MAX });
        let mut open = 0_usize;
        loop {
            match self.peek() {
                b'"' => self.at += string_length(self.rest()),
                bracket => {
                    open += usize::from(matches!(bracket, b'{' | b'['));
                    open -= usize::from(matches!(bracket, b'}' | b']'));
                    self.at += 1;
                }
            }
            if open == 0 {
                return Value::Null;
            }
        }
    }

    /// Steps to the next member or item, or over the closing bracket.
    fn next_before(&mut self, closing: u8) -> bool {
        self.skip(b',');
        let more = self.peek() != closing;
        self.at += usize::from(!more);
        more
    }

    /// Steps over `byte` if it comes next.
    fn skip(&mut self, byte: u8) {
        self.at += usize::from(self.peek() == byte);
    }

    /// The next byte that is not white space; the grammar check guarantees that there is one.
    fn peek(&mut self) -> u8 {
        let blank =
            self.rest().bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += blank;
        self.text.as_bytes()[self.at]
    }

    fn token(&mut self, length: usize) -> &'a str {
        let token = &self.text[self.at..self.at + length];
        self.at += length;
        token
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fault(&mut self, kind: FaultKind) {
        if self.faults.len() < FAULTS_MAX {
            let pointer: String = self.path.iter().map(|name| pointer_to("", name)).collect();
            self.faults.push(Fault::new(pointer, kind));
        }
    }
}

/// How many bytes the string at the start of `text` takes, both quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let closing = text.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |inner| inner + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn faults(text: &str) -> Vec<(&'static str, String)> {
        read(text.as_bytes())
            .unwrap_err()
            .into_iter()
            .map(|fault| (fault.code().name(), fault.field))
            .collect()
    }

    fn rewritten(text: &str) -> String {
        write(&read(text.as_bytes()).unwrap())
    }

    fn invalid(field: &str) -> (&'static str, String) {
        ("payload_invalid", field.to_owned())
    }

    #[test]
    fn what_is_no_json_is_one_unreadable_fault() {
        let texts: [&[u8]; 16] = [
            b"",
            b" ",
            b"{",
            b"[1,]",
            b"{\"a\":1,}",
            b"{a:1}",
            b"01",
            b"1.",
            b"+1",
            b"NaN",
            b"\"\t\"",
            b"\"\xff\"",
            b"{} {}",
            b"\xef\xbb\xbf{}",
            br#"["\ud800"]"#,
            br#"{"\udc00":{"a":1,"a":2}}"#,
        ];
        for text in texts {
            let faults = read(text).unwrap_err();
            assert_eq!(faults.len(), 1, "{}", String::from_utf8_lossy(text));
            assert_eq!((faults[0].code().name(), faults[0].field.as_str()), ("unreadable", ""));
        }
    }

    #[test]
    fn members_named_twice_are_found_at_any_depth_and_behind_escapes() {
        let text = r#"{"a":[{"b":1,"c":2,"\u0062":3}], "x/y":{"~":{"k":1}, "~":{"k":1,"k":2}}, "a":0}"#;
        assert_eq!(
            faults(text),
            [invalid("/a/0/b"), invalid("/x~1y/~0/k"), invalid("/x~1y/~0"), invalid("/a")]
        );
    }

    #[test]
    fn the_first_of_several_members_is_kept_beside_the_fault() {
        let reading = examine(br#"{"a":1,"a":2}"#).unwrap();
        assert_eq!((write(&reading.value).as_str(), reading.faults.len()), (r#"{"a":1}"#, 1));
    }

    #[test]
    fn nesting_is_allowed_up_to_its_limit_and_reported_once_beyond_it() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(rewritten(&nested(DEPTH_MAX)), nested(DEPTH_MAX));
        assert_eq!(faults(&nested(DEPTH_MAX + 1)), [invalid(&"/0".repeat(DEPTH_MAX))]);
        assert_eq!(faults(&nested(100_000)), [invalid(&"/0".repeat(DEPTH_MAX))]);
    }

    #[test]
    fn the_walk_goes_on_behind_what_lies_too_deep() {
        let deep = format!("{}{{\"]\\\"\":[{{}}]}}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        let text = format!(r#"{{"deep":{deep},"a":1,"a":2}}"#);
        let pointer = format!("/deep{}", "/0".repeat(DEPTH_MAX - 1));
        assert_eq!(faults(&text), [invalid(&pointer), invalid("/a")]);
    }

    #[test]
    fn names_that_other_readers_would_take_for_numbers_are_refused() {
        for name in RESERVED_NAMES {
            assert_eq!(faults(&format!(r#"{{"a":[{{"{name}":"1"}}]}}"#)), [invalid(&format!("/a/0/{name}"))]);
        }
        let escaped = r#"{"\u0024serde_json::private::Number":"1"}"#;
        assert_eq!(faults(escaped), [invalid("/$serde_json::private::Number")]);
    }

    #[test]
    fn order_and_digits_survive_while_space_escapes_and_exponents_are_normalised() {
        let text = "{ \"z\": [ -0, 0.10, 1E400, 1e-7 , 12345678901234567890123 ],\n\"a\" : \"\\u0041\\/\" }";
        assert_eq!(rewritten(text), r#"{"z":[-0,0.10,1e+400,1e-7,12345678901234567890123],"a":"A/"}"#);
    }

    #[test]
    fn faults_are_reported_up_to_a_limit() {
        let many = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(30_000));
        assert_eq!(faults(&many).len(), FAULTS_MAX);
    }

    #[test]
    fn a_full_size_text_of_any_shape_is_read_in_one_pass() {
        let half = 100_000;
        let long_name = "n".repeat(half);
        let shapes = [
            format!("[{}1]", "1,".repeat(half)),
            format!("[{}]", vec!["{}"; half / 2].join(",")),
            format!("{}1", " ".repeat(2 * half)),
            "9".repeat(2 * half),
            format!("{{\"{long_name}\":[{}1]}}", "[{}],".repeat(half / 5)),
            format!("[\"{}\"]", "\\\"".repeat(half)),
        ];
        for text in shapes {
            assert!(read(text.as_bytes()).is_ok());
        }
    }

    fn number() -> impl Strategy<Value = String> {
        "-?(0|[1-9][0-9]{0,60})(\\.[0-9]{1,60})?([eE][+-]?[0-9]{1,30})?"
    }

    fn json() -> impl Strategy<Value = String> {
        let string = any::<String>().prop_map(|text| write(&Value::String(text)));
        let leaf = prop_oneof![number(), string.clone(), Just("null".into()), Just("true".into())];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            let members = prop::collection::btree_map("[a-z\\\\/~ ]{0,4}", inner.clone(), 0..6);
            let object = members.prop_map(|members| {
                let name = |name| write(&Value::String(name));
                let members = members.into_iter().rev().map(|(n, value)| format!(" {} : {value}", name(n)));
                format!("{{{}\n}}", members.collect::<Vec<_>>().join("\t,"))
            });
            let list =
                prop::collection::vec(inner, 0..6).prop_map(|items| format!("[ {}\r]", items.join(" , ")));
            prop_oneof![object, list]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_and_written_alike(text in json()) {
            let once = rewritten(&text);
            prop_assert_eq!(&rewritten(&once), &once);
        }

        #[test]
        fn a_number_keeps_its_digits(text in number()) {
            let plain = |text: &str| text.to_lowercase().replace("e+", "e");
            prop_assert_eq!(plain(&rewritten(&text)), plain(&text));
        }

        #[test]
        fn reading_agrees_with_the_library_on_what_is_json(text in "[\\[\\]{}:,\"\\\\ a0-9.e-]{0,12}") {
            let readable = serde_json::from_str::<serde_json::value::Value>(&text).is_ok();
            prop_assert_eq!(examine(text.as_bytes()).is_ok(), readable);
        }
    }
}
