//! The path of a type, with places for values.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use super::value::{MARKS, NamedCharacters, ValueFault, check_text, shown};
use crate::domain::deceptive::is_deceptive;

/// Maximum length of a template.
pub const TEMPLATE_BYTES_MAX: usize = 2048;

/// Stands for a value while the rest is checked.
const SOME_VALUE: &str = "x";

/// The names in curly braces in a path, in order: `{id}` in `/badges/{id}/claim`.
pub fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// What to write instead of this template; `None` if it is sound: then the values between its slashes can be told
/// apart again, and no server reads it as another path.
pub fn template_fault(path: &str) -> Option<String> {
    let names: Vec<&str> = placeholders(path).collect();
    let is_word = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    let distinct: BTreeSet<&&str> = names.iter().collect();
    let braces = |path: &str, brace: char| path.matches(brace).count();
    let sentence = if path.len() > TEMPLATE_BYTES_MAX {
        return Some(format!("Write at most {TEMPLATE_BYTES_MAX} bytes."));
    } else if !path.starts_with('/') {
        "Write a path that begins with a slash."
    } else if !names.iter().all(|name| is_word(name))
        || braces(path, '{') != names.len()
        || braces(path, '}') != names.len()
        || distinct.len() != names.len()
    {
        "Close every brace: {name} stands for a value from pathParams, each name once, of letters, digits and \
         _-. only."
    } else if path.contains("}{") {
        "Write something between two values: it must be clear where the one ends."
    } else {
        let bare = names
            .iter()
            .fold(path.to_owned(), |path, name| path.replacen(&format!("{{{name}}}"), SOME_VALUE, 1));
        return bare_fault(&bare);
    };
    Some(sentence.to_owned())
}

/// The same for a path without places.
fn bare_fault(path: &str) -> Option<String> {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if segment.is_empty() && !is_last {
            return Some("Write one slash, not two: some servers read two as one.".to_owned());
        }
        if !segment.is_empty()
            && let Some(sentence) = segment_fault(segment)
        {
            return Some(sentence);
        }
    }
    None
}

fn segment_fault(segment: &str) -> Option<String> {
    if let Some(found) = segment.chars().find(|c| !is_written(*c)) {
        let which = format!("{}, {MARKS} without ; and escapes such as %20 only", "ASCII letters, digits");
        return Some(format!("Leave out {}: a path has {which}.", shown(found)));
    }
    if !has_sound_escapes(segment) {
        return Some(
            "Write % and two hexadecimal digits, the bytes of UTF-8, or leave the % out.".to_owned(),
        );
    }
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    if decoded.contains(';') {
        return Some("Leave out %3B: some servers decode it, and cut a path there.".to_owned());
    }
    // The author names what a segment has by writing it; what no value may have is not a matter of names.
    let named = decoded.chars().filter(|c| !"/\\%?#".contains(*c) && !is_deceptive(*c)).collect();
    match check_text(&decoded, &NamedCharacters(named)) {
        Ok(()) => None,
        Err(ValueFault::Shape) => {
            Some("Leave out . and .. as parts of the path, however they are escaped.".to_owned())
        }
        Err(ValueFault::Character(found)) => Some(format!(
            "Leave out {}, also escaped: some servers decode a path before they read it.",
            shown(found)
        )),
    }
}

fn is_written(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '%' || (c != ';' && MARKS.contains(c))
}

fn has_sound_escapes(segment: &str) -> bool {
    let is_escape = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    segment.split('%').skip(1).all(is_escape) && percent_decode_str(segment).decode_utf8().is_ok()
}
