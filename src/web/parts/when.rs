//! Times of a page, as its reader's clock shows them, and counted from its own instant.

use std::fmt;

use askama::filters::HtmlSafe;
use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::zone::Zone;

/// The time of a page; every relative time on it is counted from here.
#[derive(Clone, Copy, Debug)]
pub struct When {
    now: DateTime<Utc>,
    zone: Zone,
}

/// How a day and a time of it are written.
const EXACT: &str = "%-d %b %Y, %H:%M";

/// A time on a page: words, and the exact instant behind them.
#[derive(Clone, Debug)]
pub struct Time {
    at: DateTime<Utc>,
    words: String,
    /// The same in UTC, shown beside it; nothing if that says no more.
    utc: Option<String>,
    /// How a script counts on from here: `ago`, `left`, `due` or `expires`; nothing for a time that stands.
    ticks: Option<&'static str>,
}

impl When {
    /// A page at `now`, with times of day in `zone`.
    pub fn at(now: DateTime<Utc>, zone: Zone) -> Self {
        Self { now, zone }
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
        Time { ticks: Some("ago"), ..Time::still(at, words) }
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
        Time { ticks: Some("due"), ..Time::still(at, words) }
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
        Time { ticks: Some("expires"), ..Time::still(at, words) }
    }

    /// Whether `at` is before the end of this day, where the reader is.
    pub fn is_today_or_before(self, at: DateTime<Utc>) -> bool {
        self.zone.day(at) <= self.zone.day(self.now)
    }

    /// `2026-12-21`, where the reader is.
    pub fn today(self) -> String {
        self.zone.day(self.now).to_string()
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
        Time { ticks: Some("left"), ..Time::still(at, words) }
    }

    /// `21 Dec 2026, 09:48`.
    pub fn exact(self, at: DateTime<Utc>) -> Time {
        Time::still(at, self.local(at, EXACT))
    }

    /// `21 Dec 2026, 09:48 UTC`, or `21 Dec 2026, 10:48 CET` with the time in UTC beside it: for a sentence, where no
    /// heading says the zone.
    pub fn moment(self, at: DateTime<Utc>) -> Time {
        let words = format!("{} {}", self.local(at, EXACT), self.zone.suffix(at));
        Time { utc: self.in_utc(at, "%H:%M UTC", "%-d %b, %H:%M UTC"), ..Time::still(at, words) }
    }

    /// `2026-12-21 09:48:11.301`, for trails; elsewhere than in UTC with that beside it.
    pub fn to_the_millisecond(self, at: DateTime<Utc>) -> Time {
        let utc = self.in_utc(at, "%H:%M:%S%.3f UTC", "%Y-%m-%d %H:%M:%S%.3f UTC");
        Time { utc, ..Time::still(at, self.local(at, "%Y-%m-%d %H:%M:%S%.3f")) }
    }

    /// `10:21`, with the day unless it is today's.
    pub fn clock(self, at: DateTime<Utc>) -> Time {
        let is_today = self.zone.day(at) == self.zone.day(self.now);
        Time::still(at, self.local(at, if is_today { "%H:%M" } else { "%-d %b, %H:%M" }))
    }

    /// `28 Nov 2026, 18:00 UTC, 23 h 59 min left`: a deadline, exact and as what is left of it.
    pub fn deadline(self, at: DateTime<Utc>) -> Time {
        let left = at - self.now;
        let exact = format!("{} {}", self.local(at, EXACT), self.zone.suffix(at));
        let words = if left < TimeDelta::zero() {
            format!("{exact}, {} overdue", span(-left))
        } else {
            format!("{exact}, {} left", span(left))
        };
        Time { utc: self.in_utc(at, "%H:%M UTC", "%-d %b, %H:%M UTC"), ..Time::still(at, words) }
    }

    /// The zone of every time of day on the page.
    pub fn zone(self) -> Zone {
        self.zone
    }

    /// `at` in UTC, with its day if that is another one there; nothing if the reader's clock shows the same.
    fn in_utc(self, at: DateTime<Utc>, time: &str, day_and_time: &str) -> Option<String> {
        let format = if at.date_naive() == self.zone.day(at) { time } else { day_and_time };
        (!self.zone.is_utc(at)).then(|| at.format(format).to_string())
    }

    fn day(self, at: DateTime<Utc>) -> String {
        self.local(at, "%a %-d %b, %H:%M")
    }

    fn local(self, at: DateTime<Utc>, form: &str) -> String {
        self.zone.show(at, form)
    }
}

impl Time {
    /// One that stays as it is.
    fn still(at: DateTime<Utc>, words: String) -> Self {
        Self { at, words, utc: None, ticks: None }
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
        write!(f, ">{}</time>", self.words)?;
        match &self.utc {
            Some(utc) => write!(f, r#" <span class="utc">{utc}</span>"#),
            None => Ok(()),
        }
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
