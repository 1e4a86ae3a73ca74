//! Time zones of readers: when their days begin, and what their clocks show.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

/// The zone in which somebody reads times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The server's: an offset that is the same all year.
    Offset(FixedOffset),
    /// One of the IANA database, with summer time where there is one.
    Named(Tz),
}

impl Zone {
    /// The zone with this name in the IANA database, such as `Europe/Berlin`; `None` if there is none.
    pub fn parse(name: &str) -> Option<Self> {
        TZ_VARIANTS.iter().find(|zone| zone.name() == name).copied().map(Self::Named)
    }

    /// The names of all zones, in the order of the alphabet.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// The name in the IANA database; `None` for an offset.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Offset(_) => None,
            Self::Named(zone) => Some(zone.name()),
        }
    }

    /// What a clock there shows at `at`, in chrono's `format`.
    pub fn show(self, at: DateTime<Utc>, format: &str) -> String {
        match self {
            Self::Offset(offset) => at.with_timezone(&offset).format(format).to_string(),
            Self::Named(zone) => at.with_timezone(&zone).format(format).to_string(),
        }
    }

    /// What is written behind a time of day at `at`: `UTC`, `UTC+05:30`, or `CEST`.
    pub fn suffix(self, at: DateTime<Utc>) -> String {
        match self {
            Self::Offset(offset) if offset.local_minus_utc() == 0 => "UTC".to_owned(),
            Self::Offset(offset) => format!("UTC{offset}"),
            Self::Named(zone) => {
                let short = self.show(at, "%Z");
                // Some zones have no short name, but digits.
                let is_word = short.starts_with(|c: char| c.is_ascii_alphabetic());
                if is_word { short } else { format!("UTC{}", at.with_timezone(&zone).format("%:z")) }
            }
        }
    }

    /// Whether its clocks show UTC at `at`.
    pub fn is_utc(self, at: DateTime<Utc>) -> bool {
        self.show(at, "%z") == "+0000"
    }

    /// The day there at `at`.
    pub fn day(self, at: DateTime<Utc>) -> NaiveDate {
        match self {
            Self::Offset(offset) => at.with_timezone(&offset).date_naive(),
            Self::Named(zone) => at.with_timezone(&zone).date_naive(),
        }
    }

    /// The first instant of a day there: not always midnight, since some clocks skip it.
    pub fn first_instant(self, day: NaiveDate) -> DateTime<Utc> {
        let quarters = (0..=QUARTERS_SKIPPED).map(|quarter| day.and_time(NaiveTime::MIN) + QUARTER * quarter);
        let instant = |local: chrono::NaiveDateTime| match self {
            Self::Offset(offset) => {
                local.and_local_timezone(offset).earliest().map(|at| at.with_timezone(&Utc))
            }
            Self::Named(zone) => local.and_local_timezone(zone).earliest().map(|at| at.with_timezone(&Utc)),
        };
        let mut instants = quarters.filter_map(instant);
        // A zone that changed the side of the date line skipped the whole day: the next one's begin stands for it.
        instants.next().unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Clocks are put forward by a multiple of this.
const QUARTER: TimeDelta = TimeDelta::minutes(15);

/// How far the first instant of a day is looked for: a day, and two hours of a change of clocks.
const QUARTERS_SKIPPED: i32 = 26 * 4;

/// The name, or the offset.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(_) => f.write_str(&self.suffix(DateTime::UNIX_EPOCH)),
            Self::Named(zone) => f.write_str(zone.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_zone_is_found_by_its_exact_name() {
        assert_eq!(Zone::parse("Europe/Berlin").and_then(Zone::name), Some("Europe/Berlin"));
        for name in ["", "europe/berlin", "Europe/Berlin ", "Mars/Olympus", "../etc/passwd"] {
            assert_eq!(Zone::parse(name), None, "{name}");
        }
    }

    #[test]
    fn summer_time_is_told_from_winter_time() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        for (instant, clock, suffix) in
            [("2026-07-01T10:00:00Z", "12:00", "CEST"), ("2026-12-01T10:00:00Z", "11:00", "CET")]
        {
            assert_eq!(
                (berlin.show(at(instant), "%H:%M"), berlin.suffix(at(instant))),
                (clock.to_owned(), suffix.to_owned())
            );
        }
        let nepal = Zone::parse("Asia/Kathmandu").unwrap();
        assert_eq!(nepal.suffix(at("2026-07-01T10:00:00Z")), "UTC+05:45");
        let india = Zone::Offset("+05:30".parse().unwrap());
        assert_eq!(
            (india.suffix(at("2026-07-01T10:00:00Z")), india.to_string()),
            ("UTC+05:30".to_owned(), "UTC+05:30".to_owned())
        );
    }

    #[test]
    fn a_day_begins_when_its_clocks_say_so() {
        for (zone, day, begins) in [
            ("Europe/Berlin", "2026-07-01", "2026-06-30T22:00:00Z"),
            // The clocks went from 00:00 to 01:00 there.
            ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
            // Midnight came twice.
            ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
            // Samoa skipped the 30th.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ] {
            assert_eq!(Zone::parse(zone).unwrap().first_instant(day.parse().unwrap()), at(begins), "{zone}");
        }
    }

    proptest! {
        #[test]
        fn the_first_instant_of_a_day_is_on_it_and_the_one_before_is_not(
            zone in prop::sample::select(TZ_VARIANTS.to_vec()),
            days in 0..20_000_i64,
        ) {
            let zone = Zone::Named(zone);
            let day = zone.day(DateTime::UNIX_EPOCH + TimeDelta::days(days));
            let first = zone.first_instant(day);
            prop_assert!(zone.day(first) == day);
            prop_assert!(zone.day(first - TimeDelta::seconds(1)) < day);
        }
    }
}
