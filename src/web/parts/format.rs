//! Words that several pages use: times, states, sizes, people.

use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use crate::domain::amount::Amount;
use crate::domain::call_line::cut_after;
use crate::domain::policy::progress::Progress;
use crate::domain::policy::{Capacity, Risk};
use crate::domain::request::{Request, State};
use crate::web::html::{Markup, write_text};
use crate::web::parts::icons::Icon;
use crate::web::parts::who::Names;
use crate::web::sentences::{seat_names, waiting_words};

/// The time of a page; every relative time on it is counted from here.
#[derive(Clone, Copy, Debug)]
pub struct When {
    now: DateTime<Utc>,
    offset: FixedOffset,
}

/// A time on a page: words, and the exact instant behind them.
#[derive(Clone, Debug)]
pub struct Time {
    at: DateTime<Utc>,
    words: String,
    /// How a script counts on from here: `ago`, `left`, `due` or `expires`; nothing for a time that stands.
    ticks: Option<&'static str>,
}

impl When {
    /// A page at `now`, with times of day in `offset`.
    pub fn at(now: DateTime<Utc>, offset: FixedOffset) -> Self {
        Self { now, offset }
    }

    /// The instant of the page.
    pub fn now(self) -> DateTime<Utc> {
        self.now
    }

    /// `42 min ago`.
    pub fn ago(self, at: DateTime<Utc>) -> Time {
        let past = self.now - at;
        let words =
            if past < TimeDelta::minutes(1) { "just now".to_owned() } else { format!("{} ago", span(past)) };
        Time { at, words, ticks: Some("ago") }
    }

    /// `due in 1 h 12 min`, or `20 min overdue`.
    pub fn due(self, at: DateTime<Utc>) -> Time {
        let left = at - self.now;
        let words = if left.num_seconds() == 0 {
            "due now".to_owned()
        } else if left < TimeDelta::zero() {
            format!("{} overdue", span(-left))
        } else if left < TimeDelta::days(1) {
            format!("due in {}", span(left))
        } else {
            format!("due {}", self.day(at))
        };
        Time { at, words, ticks: Some("due") }
    }

    /// `expires in 1 h 12 min`, or `expired`.
    pub fn expires(self, at: DateTime<Utc>) -> Time {
        let left = at - self.now;
        let words = if left.num_seconds() == 0 {
            "expires now".to_owned()
        } else if left < TimeDelta::zero() {
            "expired".to_owned()
        } else if left < TimeDelta::days(1) {
            format!("expires in {}", span(left))
        } else {
            format!("expires {}", self.day(at))
        };
        Time { at, words, ticks: Some("expires") }
    }

    /// Whether `at` is before the end of this day, where the server is.
    pub fn is_today_or_before(self, at: DateTime<Utc>) -> bool {
        at.with_timezone(&self.offset).date_naive() <= self.now.with_timezone(&self.offset).date_naive()
    }

    /// `2026-12-21`, where the server is.
    pub fn today(self) -> String {
        self.local(self.now, "%F")
    }

    /// The instant of the page, for a script that counts on from it.
    pub fn machine(self) -> String {
        self.now.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// `1 h 12 min left`, or `20 min overdue`.
    pub fn left(self, at: DateTime<Utc>) -> Time {
        let left = at - self.now;
        let words = if left < TimeDelta::zero() {
            format!("{} overdue", span(-left))
        } else if left < TimeDelta::days(1) {
            format!("{} left", span(left))
        } else {
            self.day(at)
        };
        Time { at, words, ticks: Some("left") }
    }

    /// `21 Dec 2026, 09:48`.
    pub fn exact(self, at: DateTime<Utc>) -> Time {
        Time::still(at, self.local(at, "%-d %b %Y, %H:%M"))
    }

    /// `2026-12-21 09:48:11.301`, for trails.
    pub fn to_the_millisecond(self, at: DateTime<Utc>) -> Time {
        Time::still(at, self.local(at, "%Y-%m-%d %H:%M:%S%.3f"))
    }

    /// `10:21`, with the day unless it is today's.
    pub fn clock(self, at: DateTime<Utc>) -> Time {
        let is_today = self.local(at, "%F") == self.local(self.now, "%F");
        Time::still(at, self.local(at, if is_today { "%H:%M" } else { "%-d %b, %H:%M" }))
    }

    /// `28 Nov 2026, 18:00 UTC, 23 h 59 min left`: a deadline, exact and as what is left of it.
    pub fn deadline(self, at: DateTime<Utc>) -> Time {
        let left = at - self.now;
        let exact = format!("{} {}", self.local(at, "%-d %b %Y, %H:%M"), self.zone());
        let words = if left < TimeDelta::zero() {
            format!("{exact}, {} overdue", span(-left))
        } else {
            format!("{exact}, {} left", span(left))
        };
        Time::still(at, words)
    }

    /// The zone of every time of day on the page.
    pub fn zone(self) -> String {
        if self.offset.local_minus_utc() == 0 { "UTC".to_owned() } else { format!("UTC{}", self.offset) }
    }

    fn day(self, at: DateTime<Utc>) -> String {
        self.local(at, "%a %-d %b, %H:%M")
    }

    fn local(self, at: DateTime<Utc>, form: &str) -> String {
        at.with_timezone(&self.offset).format(form).to_string()
    }
}

impl Time {
    /// One that stays as it is.
    fn still(at: DateTime<Utc>, words: String) -> Self {
        Self { at, words, ticks: None }
    }

    /// The words alone.
    pub fn words(&self) -> &str {
        &self.words
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.at.format("%Y-%m-%d %H:%M:%S UTC");
        let machine = self.at.format("%Y-%m-%dT%H:%M:%SZ");
        write!(f, r#"<time datetime="{machine}" title="{exact}""#)?;
        if let Some(ticks) = self.ticks {
            write!(f, r#" data-tick="{ticks}""#)?;
        }
        write!(f, ">{}</time>", self.words)
    }
}

impl HtmlSafe for Time {}

/// `42 min`, `2 h 05 min`, `3 days`.
pub fn span(time: TimeDelta) -> String {
    let minutes = time.num_minutes();
    match (time.num_seconds(), minutes) {
        (seconds, 0) => format!("{seconds} s"),
        (_, 1..60) => format!("{minutes} min"),
        (_, 60..1440) if minutes % 60 == 0 => format!("{} h", minutes / 60),
        (_, 60..1440) => format!("{} h {:02} min", minutes / 60, minutes % 60),
        (_, 1440..2880) => "1 day".to_owned(),
        _ => format!("{} days", minutes / 1440),
    }
}

/// `214 bytes`, `12.4 KB`.
pub fn size(bytes: usize) -> Markup {
    Markup::new(match bytes {
        1 => "1 byte".to_owned(),
        0..10_000 => format!("{} bytes", grouped(&bytes.to_string())),
        _ => format!("{}.{} KB", bytes / 1024, bytes % 1024 * 10 / 1024),
    })
}

/// Digits in groups of three with thin spaces; what is no plain number stays as it is.
fn grouped(number: &str) -> String {
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

/// An amount as people read it: digits in groups; nothing if there is none. Its thin spaces are our own: in a
/// text from outside they would be drawn.
pub fn amount_words(amount: Option<Amount>) -> Markup {
    Markup::new(amount.map(|amount| grouped(&amount.to_string())).unwrap_or_default())
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
    let (icon, kind, words) = match state {
        State::ValidateMakerAccess | State::ValidatePayload => {
            (Icon::Wait, "wait", "Being checked".to_owned())
        }
        State::AdminTask => (Icon::Wait, "wait", waits_for(waits)),
        State::SentBack => (Icon::Undo, "wait", "Sent back for changes".to_owned()),
        State::Approved => (Icon::Send, "wait", "Approved, being sent".to_owned()),
        State::Executed => (Icon::Done, "done", "Done".to_owned()),
        State::Failed => (Icon::Fail, "bad", "Failed".to_owned()),
        State::Unknown => (Icon::Question, "odd", "Outcome unknown".to_owned()),
        State::Rejected => (Icon::No, "bad", "Rejected".to_owned()),
        State::Withdrawn => (Icon::Undo, "off", "Withdrawn".to_owned()),
        State::Expired => (Icon::Hourglass, "off", "Expired".to_owned()),
    };
    StateWord { icon, kind, words }
}

fn waits_for(waits: &[Capacity]) -> String {
    // Whether it takes one or all of them is not known here.
    let names = seat_names(waits, &Names::as_spelled());
    if names.is_empty() { "Waits".to_owned() } else { format!("Waits for {}", names.join(", ")) }
}

/// The state of a request in words, which say whom it needs.
pub fn state_with(request: &Request, progress: Option<&Progress>, names: &Names) -> StateWord {
    let needed = progress.filter(|_| request.state.waits()).map(|progress| waiting_words(progress, names));
    match needed.filter(|needed| !needed.is_empty()) {
        Some(needed) => StateWord { words: format!("Waits for {needed}"), ..state_label(request) },
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
