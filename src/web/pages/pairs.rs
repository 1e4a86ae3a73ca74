//! Makers and checkers: who decided whose requests, how often and how fast, for auditors.

use actix_web::HttpRequest;
use askama::Template;
use chrono::{DateTime, Days, TimeDelta, Utc};

use crate::domain::zone::Zone;
use crate::engine::pairs::{DECISIONS_MAX, PAIRS_MAX, Pair, Pairs, RANGE_MAX};
use crate::http::export::csv_file;
use crate::http::query::{Parameters, escaped};
use crate::web::html::filters;
use crate::web::parts::format::{Time, number_of, span};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::pairs::{self as words, OddWay};
use crate::web::{Page, PageError, PageRequest, ok};

/// How many days are looked at unless the address says otherwise, today included.
const DAYS: u64 = 30;

/// The most days that are looked at, as the engine has it.
const DAYS_MAX: u64 = RANGE_MAX.num_days().unsigned_abs();

/// The columns of the file.
pub const CSV_COLUMNS: [&str; 14] = [
    "makerUserId",
    "makerUserName",
    "checkerUserId",
    "checkerUserName",
    "approved",
    "rejected",
    "medianSeconds",
    "slowestSeconds",
    "withinSecondsOfOpening",
    "notOpened",
    "sameAddress",
    "sameToken",
    "startDate",
    "endDate",
];

#[derive(Template)]
#[template(path = "pairs.html")]
struct PairsTemplate {
    shell: Shell,
    range: DayRange,
    decisions: String,
    pairs: String,
    /// Since when decisions were looked at, if there are older ones in the range.
    since: Option<Time>,
    rows: Vec<PairLine>,
    export_url: String,
}

impl PairsTemplate {
    fn decisions_max(&self) -> usize {
        DECISIONS_MAX
    }
}

/// One pair.
struct PairLine {
    maker: Who,
    checker: Who,
    maker_url: String,
    checker_url: String,
    /// `12 approved, 1 rejected`.
    decided: String,
    median: String,
    slowest: String,
    odd: Vec<OddCount>,
}

/// How often something was odd.
struct OddCount {
    /// `3 within 5 s of opening it`.
    words: String,
    /// Whether it is more than good to know: behind a proxy everybody has one address, and many decide together.
    is_warning: bool,
}

/// The days that are looked at, from the first one to the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DayRange {
    from: DateTime<Utc>,
    before: DateTime<Utc>,
    zone: Zone,
    /// Whether more days were asked for than are looked at.
    is_cut: bool,
}

impl DayRange {
    /// What the parameters ask for, as far as it is looked at.
    fn read(http: &HttpRequest, (now, zone): (DateTime<Utc>, Zone)) -> Result<Self, PageError> {
        let mut parameters = Parameters::of(http, &["startDate", "endDate"])?;
        let given = parameters.days(zone);
        parameters.finish()?;
        Ok(Self::of(given, (now, zone)))
    }

    fn of(
        (from, before): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
        (now, zone): (DateTime<Utc>, Zone),
    ) -> Self {
        let tomorrow = zone.first_instant(zone.day(now) + Days::new(1));
        let before =
            before.unwrap_or_else(|| tomorrow.max(from.map_or(tomorrow, |from| from + TimeDelta::days(1))));
        // By the calendar: a day on which the clocks change is no 24 hours.
        let last = zone.day(before - TimeDelta::seconds(1));
        let days_before = |days: u64| zone.first_instant(last - Days::new(days));
        let from = from.unwrap_or_else(|| days_before(DAYS - 1));
        let first = days_before(DAYS_MAX - 1);
        Self { from: from.max(first), before, zone, is_cut: from < first }
    }

    fn day(&self, at: DateTime<Utc>) -> String {
        self.zone.day(at).to_string()
    }

    fn first(&self) -> String {
        self.day(self.from)
    }

    fn last(&self) -> String {
        self.day(self.before - TimeDelta::seconds(1))
    }

    fn query(&self) -> String {
        format!("startDate={}&endDate={}", self.first(), self.last())
    }
}

/// `GET /ui/pairs`
pub async fn list(page: PageRequest) -> Page {
    let range = DayRange::read(&page.http, (page.when.now(), page.when.zone()))?;
    let Pairs { pairs, count, decisions, since } =
        page.engine().pairs(page.actor(), (range.from, range.before)).await?;
    let names = Names::of(page.engine());
    ok(&PairsTemplate {
        decisions: number_of(decisions, "decision", "decisions"),
        pairs: words::pairs(count, PAIRS_MAX),
        since: since.map(|at| page.when.exact(at)),
        rows: pairs.iter().map(|pair| line(pair, &names, &range)).collect(),
        export_url: format!("{}/export?{}", Nav::Pairs.url(), range.query()),
        range,
        shell: Shell::of(&page, Nav::Pairs).await?,
    })
}

/// `GET /ui/pairs/export`
pub async fn export(page: PageRequest) -> Page {
    let range = DayRange::read(&page.http, (page.when.now(), page.when.zone()))?;
    let found = page.engine().pairs(page.actor(), (range.from, range.before)).await?;
    let rows = found.pairs.iter().map(|pair| cells(pair, &range));
    Ok(csv_file(page.actor().org.as_str(), ("pairs", &range.last()), &CSV_COLUMNS, rows))
}

fn line(Pair { maker, checker, tally }: &Pair, names: &Names, range: &DayRange) -> PairLine {
    let decided = [(tally.approved, "approved"), (tally.rejected, "rejected")];
    let decided = decided.into_iter().filter(|(count, _)| *count > 0);
    let odd = [
        (tally.at_once, OddWay::AtOnce, true),
        (tally.same_token, OddWay::SameToken, true),
        (tally.not_opened, OddWay::NotOpened, false),
        (tally.same_address, OddWay::SameAddress, false),
    ];
    let odd = odd.into_iter().filter(|(count, ..)| *count > 0);
    let odd = odd.map(|(count, way, is_warning)| OddCount { words: words::odd(count, way), is_warning });
    PairLine {
        maker_url: format!("{}?userId={}", Nav::History.url(), escaped(&maker.user_id)),
        checker_url: format!(
            "{}?userId={}&{}",
            Nav::OrgTrail.url(),
            escaped(&checker.user_id),
            range.query()
        ),
        maker: names.who(maker),
        checker: names.who(checker),
        decided: decided.map(|(count, did)| format!("{count} {did}")).collect::<Vec<_>>().join(", "),
        median: span(tally.median()),
        slowest: span(tally.slowest()),
        odd: odd.collect(),
    }
}

fn cells(Pair { maker, checker, tally }: &Pair, range: &DayRange) -> [String; CSV_COLUMNS.len()] {
    [
        maker.user_id.clone(),
        maker.user_name.clone(),
        checker.user_id.clone(),
        checker.user_name.clone(),
        tally.approved.to_string(),
        tally.rejected.to_string(),
        tally.median().num_seconds().to_string(),
        tally.slowest().num_seconds().to_string(),
        tally.at_once.to_string(),
        tally.not_opened.to_string(),
        tally.same_address.to_string(),
        tally.same_token.to_string(),
        range.first(),
        range.last(),
    ]
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;
    use crate::domain::conduct::Oddity;
    use crate::domain::pairs::PairTally;
    use crate::domain::request::Verdict;
    use crate::web::sample;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn range(from: Option<&str>, before: Option<&str>) -> DayRange {
        let zone = Zone::Offset(FixedOffset::east_opt(3_600).unwrap());
        DayRange::of((from.map(at), before.map(at)), (at("2026-11-30T23:30:00Z"), zone))
    }

    #[test]
    fn thirty_days_with_today_are_looked_at_unless_the_address_says_otherwise() {
        let days = |range: DayRange| (range.first(), range.last(), range.is_cut);
        let expected = |first: &str, last: &str, is_cut| (first.to_owned(), last.to_owned(), is_cut);
        // In the zone of the pages it is the next day already.
        assert_eq!(days(range(None, None)), expected("2026-11-02", "2026-12-01", false));
        let first = Some("2026-11-09T23:00:00Z");
        assert_eq!(days(range(first, None)), expected("2026-11-10", "2026-12-01", false));
        let end = Some("2026-03-31T23:00:00Z");
        assert_eq!(days(range(None, end)), expected("2026-03-02", "2026-03-31", false));
        assert_eq!(
            days(range(Some("2027-01-09T23:00:00Z"), None)),
            expected("2027-01-10", "2027-01-10", false)
        );
    }

    #[test]
    fn days_are_counted_by_the_calendar_where_the_clocks_change() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        // Summer time ended on 25 October.
        let range = DayRange::of((None, None), (at("2026-11-10T12:00:00Z"), zone));
        assert_eq!((range.first(), range.last()), ("2026-10-12".to_owned(), "2026-11-10".to_owned()));
        assert_eq!(range.from, at("2026-10-11T22:00:00Z"));
    }

    #[test]
    fn more_than_366_days_are_never_looked_at() {
        let wide = range(Some("2020-01-01T23:00:00Z"), Some("2026-11-30T23:00:00Z"));
        assert_eq!(
            (wide.first(), wide.last(), wide.is_cut),
            ("2025-11-30".to_owned(), "2026-11-30".to_owned(), true)
        );
        assert_eq!(wide.before - wide.from, RANGE_MAX);
    }

    fn pair() -> Pair {
        let mut tally = PairTally::default();
        tally.add(Verdict::Approved, TimeDelta::seconds(42), &[Oddity::AtOnce(TimeDelta::zero())]);
        tally.add(Verdict::Approved, TimeDelta::hours(2), &[Oddity::SameAddress("10.0.0.7".to_owned())]);
        Pair { maker: sample::person(sample::HOSTILE), checker: sample::person("=cmd|' /C calc'!A0"), tally }
    }

    #[test]
    fn a_pair_is_told_in_words_that_need_no_heading() {
        let range = range(None, None);
        let line = line(&pair(), &Names::as_spelled(), &range);
        assert_eq!(
            (line.decided.as_str(), line.median.as_str(), line.slowest.as_str()),
            ("2 approved", "42 s", "2 h")
        );
        let odd: Vec<(&str, bool)> =
            line.odd.iter().map(|odd| (odd.words.as_str(), odd.is_warning)).collect();
        assert_eq!(odd, [("1 within 5 s of opening it", true), ("1 from the maker’s address", false)]);
        let html = PairsTemplate {
            shell: sample::shell(),
            range,
            decisions: String::new(),
            pairs: String::new(),
            since: None,
            rows: vec![line],
            export_url: String::new(),
        };
        sample::assert_harmless(&html.render().unwrap());
    }
}
