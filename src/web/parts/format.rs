//! Words that several pages use: times, states, sizes, people.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::domain::call_line::cut_after;
use crate::domain::policy::progress::Progress;
use crate::domain::policy::{Capacity, Risk};
use crate::domain::request::{Request, State};
use crate::web::html::{Markup, write_text};
use crate::web::parts::icons::Icon;
use crate::web::parts::who::Names;
use crate::web::sentences::states::{state_words, waits_for};
use crate::web::sentences::waiting_words;

pub use crate::web::parts::when::{Time, When, span};

/// `214 bytes`, `12.4 KB`.
pub fn size(bytes: usize) -> Markup {
    Markup::new(match bytes {
        1 => "1 byte".to_owned(),
        0..10_000 => format!("{} bytes", grouped(&bytes.to_string())),
        _ => format!("{}.{} KB", bytes / 1024, bytes % 1024 * 10 / 1024),
    })
}

/// Digits in groups of three with thin spaces; what is no plain number stays as it is.
pub fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("−", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `3 people`, `1 person`.
pub fn number_of(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// The groups or permissions in `words`, as a sentence lists them.
pub fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The summary of a request; its type's name if it has none.
pub fn summary(request: &Request) -> String {
    let summary = request.terms.summary.as_str();
    if summary.is_empty() { request.request_type.to_string() } else { summary.to_owned() }
}

/// Why a request was submitted, in the maker's words; empty if they said nothing.
pub fn reason(request: &Request) -> String {
    request.terms.reason.clone().unwrap_or_default()
}

/// The most characters of a reason that a row shows; the request's page has all of it.
const ROW_REASON_CHARS: usize = 240;

/// The beginning of [`reason`] on one line, for a row among others.
pub fn reason_line(request: &Request) -> String {
    let words = request.terms.reason.as_deref().unwrap_or_default();
    let words: Vec<&str> = words.split_whitespace().collect();
    cut_after(words.join(" "), ROW_REASON_CHARS)
}

/// A state in people's words, with its sign.
#[derive(Clone, Debug)]
pub struct StateWord {
    pub icon: Icon,
    /// Its colour: `wait`, `done`, `bad`, `odd` or `off`.
    pub kind: &'static str,
    pub words: String,
}

impl fmt::Display for StateWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<span class="st st-{}">{}"#, self.kind, self.icon)?;
        write_text(f, &self.words)?;
        f.write_str("</span>")
    }
}

impl HtmlSafe for StateWord {}

/// The state of a request in words.
pub fn state_label(request: &Request) -> StateWord {
    state_of(request.state, &request.waits_for)
}

/// A state in words; `waits` are the capacities in which people could decide.
pub fn state_of(state: State, waits: &[Capacity]) -> StateWord {
    let (icon, kind) = match state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => (Icon::Wait, "wait"),
        State::SentBack => (Icon::Undo, "wait"),
        State::Approved => (Icon::Send, "wait"),
        State::Executed => (Icon::Done, "done"),
        State::Failed => (Icon::Fail, "bad"),
        State::Unknown => (Icon::Question, "odd"),
        State::Rejected => (Icon::No, "bad"),
        State::Withdrawn => (Icon::Undo, "off"),
        State::Expired => (Icon::Hourglass, "off"),
    };
    StateWord { icon, kind, words: state_words(state, waits) }
}

/// The state of a request in words, which say whom it needs.
pub fn state_with(request: &Request, progress: Option<&Progress>, names: &Names) -> StateWord {
    let needed = progress.filter(|_| request.state.waits()).map(|progress| waiting_words(progress, names));
    match needed.filter(|needed| !needed.is_empty()) {
        Some(needed) => StateWord { words: waits_for(&needed), ..state_label(request) },
        None => state_label(request),
    }
}

/// The risk as bars and a word.
#[derive(Clone, Copy, Debug)]
pub struct RiskMark(pub Option<Risk>);

impl fmt::Display for RiskMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(risk) = self.0 else { return Ok(()) };
        let (level, word) = match risk {
            Risk::Low => (1, "Low"),
            Risk::Medium => (2, "Medium"),
            Risk::High => (3, "High"),
        };
        let bar = |at: usize| if level >= at { r#" class="on""# } else { "" };
        write!(
            f,
            r#"<span class="risk risk-{level}"><svg class="i" viewBox="0 0 16 16" aria-hidden="true"><rect{} x="1.5" y="9.5" width="3" height="5"/><rect{} x="6.5" y="5.5" width="3" height="9"/><rect{} x="11.5" y="1.5" width="3" height="13"/></svg>{word}<span class="sr"> risk</span></span>"#,
            bar(1),
            bar(2),
            bar(3)
        )
    }
}

impl HtmlSafe for RiskMark {}

/// A digest in groups of four digits.
#[derive(Clone, Debug)]
pub struct DigestWords(String);

impl DigestWords {
    /// Takes `sha256:…` or plain digits.
    pub fn of(digest: &str) -> Self {
        Self(digest.trim_start_matches("sha256:").to_owned())
    }

    fn groups(&self) -> Vec<&str> {
        self.0.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect()
    }

    /// The first and the last two groups.
    pub fn short(&self) -> String {
        match self.groups().as_slice() {
            [a, b, .., y, z] => format!("{a} {b} … {y} {z}"),
            few => few.join(" "),
        }
    }

    /// As the API writes it.
    pub fn plain(&self) -> String {
        format!("sha256:{}", self.0)
    }

    /// All of it, the ends in bold.
    pub fn full(&self) -> Markup {
        let text = |groups: &[&str]| Markup::text(&groups.join(" "));
        match self.groups().as_slice() {
            [a, b, middle @ .., y, z] => {
                let (first, middle, last) = (text(&[a, b]), text(middle), text(&[y, z]));
                Markup::new(format!("<b>{first}</b> {middle} <b>{last}</b>"))
            }
            few => text(few),
        }
    }
}
