//! Query parameters: each known one at most once, an empty one counts as absent, all faults at once.

use actix_web::HttpRequest;
use chrono::{DateTime, Days, NaiveDate, Utc};

use super::error::ApiError;
use crate::domain::amount::Amount;
use crate::domain::fault::Fault;
use crate::domain::fault::call::ParameterFault;
use crate::domain::ids::RequestTypeName;
use crate::domain::request::State;
use crate::domain::unit::Unit;
use crate::domain::zone::Zone;
use crate::engine::inbox_order::{AmountFilter, InboxOrder};
use crate::engine::queries::{Filter, Sort, SortBy};

/// Rows on a page by default.
pub const LIMIT_DEFAULT: i64 = 20;
/// The most rows on a page.
pub const LIMIT_MAX: i64 = 500;
/// The longest value of a parameter, in characters.
pub const VALUE_CHARS_MAX: usize = 512;

/// The parameters that filter and order a list of requests.
pub const FILTER_PARAMETERS: [&str; 12] = [
    "userId",
    "sortBy",
    "sortOrder",
    "conceptId",
    "zoneId",
    "storeId",
    "tillId",
    "startDate",
    "endDate",
    "states",
    "requestType",
    "subject",
];

/// The parameters that only the inbox takes.
pub const INBOX_PARAMETERS: [&str; 4] = ["order", "amountFrom", "amountTo", "unit"];

/// A list about its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListView {
    /// What they may decide now.
    NeedsMe,
    /// What they submitted.
    Mine,
    /// What they decided.
    DecidedByMe,
}

/// Names and values of a query string, or of the body of a form, in their order.
pub fn pairs(encoded: &[u8]) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(encoded).into_owned()
}

/// The value of a query parameter that is given exactly once.
pub fn given_once(request: &HttpRequest, name: &str) -> Option<String> {
    let mut values = pairs(request.query_string().as_bytes()).filter(|(given, _)| given == name);
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}

/// A value as it is written into a query or a path.
pub fn escaped(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The parameters of one call.
pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Parameters {
    /// Parses the query; names that are not `known` are faults.
    pub fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, ApiError> {
        let mut parameters = Self { pairs: Vec::new(), faults: Vec::new() };
        for (name, value) in pairs(request.query_string().as_bytes()) {
            if !known.contains(&name.as_str()) {
                parameters.fault(&name, ParameterFault::Unknown);
            } else if parameters.pairs.iter().any(|(given, _)| *given == name) {
                parameters.fault(&name, ParameterFault::Repeated);
            } else if value.chars().any(char::is_control) || value.chars().count() > VALUE_CHARS_MAX {
                parameters.fault(&name, ParameterFault::NotShort);
            } else {
                parameters.pairs.push((name, value));
            }
        }
        Ok(parameters)
    }

    /// A parameter's value, unless it is absent or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Adds a fault at a parameter.
    pub fn fault(&mut self, name: &str, fault: ParameterFault) {
        self.faults.push(Fault::new(name, fault));
    }

    /// A whole number in a range.
    pub fn number(&mut self, name: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let value = self.text(name)?;
        // The library also takes a plus sign.
        let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
        match value.parse() {
            Ok(number) if is_plain && range.contains(&number) => Some(number),
            _ => {
                let (from, to) = range.into_inner();
                self.fault(name, ParameterFault::NotInRange { from, to });
                None
            }
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let value = self.text(name)?.to_owned();
        let found = words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let allowed = words.iter().map(|(word, _)| (*word).to_owned()).collect();
            self.fault(name, ParameterFault::NotOneOf { allowed });
        }
        found
    }

    /// The number of rows on a page.
    pub fn limit(&mut self) -> i64 {
        self.number("limit", 1..=LIMIT_MAX).unwrap_or(LIMIT_DEFAULT)
    }

    /// Narrows `filter` as the parameters ask.
    pub fn narrow(&mut self, filter: &mut Filter, types: &[String], zone: Zone) {
        let text = |name| self.text(name).map(str::to_owned);
        filter.user_id = text("userId");
        filter.concept_id = text("conceptId");
        filter.zone_id = text("zoneId");
        filter.store_id = text("storeId");
        filter.till_id = text("tillId");
        filter.subject = text("subject");
        filter.states = self.states();
        let known: Vec<(&str, &str)> = types.iter().map(|name| (name.as_str(), name.as_str())).collect();
        filter.request_type = self.word("requestType", &known).map(RequestTypeName::new);
        (filter.started_from, filter.started_before) = self.days(zone);
    }

    /// The first instant of `startDate` in `zone`, and the first one after `endDate`.
    pub fn days(&mut self, zone: Zone) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        let (first, last) = (self.day("startDate"), self.day("endDate"));
        if let (Some(first), Some(last)) = (first, last)
            && last < first
        {
            self.fault("endDate", ParameterFault::EndsBeforeItBegins { begin: "startDate" });
        }
        let last = last.and_then(|day| day.checked_add_days(Days::new(1)));
        (first.map(|day| zone.first_instant(day)), last.map(|day| zone.first_instant(day)))
    }

    /// The order: newest first by default, accounts from the first one on.
    pub fn sort(&mut self) -> Sort {
        let words = [("startDate", SortBy::Start), ("endDate", SortBy::End), ("maker", SortBy::Maker)];
        let by = self.word("sortBy", &words).unwrap_or(SortBy::Start);
        let descending = self.word("sortOrder", &[("asc", false), ("desc", true)]);
        Sort { by, descending: descending.unwrap_or(by != SortBy::Maker) }
    }

    /// The list about the reader, if the query names one.
    pub fn view(&mut self) -> Option<ListView> {
        let views = [
            ("needs_me", ListView::NeedsMe),
            ("mine", ListView::Mine),
            ("decided_by_me", ListView::DecidedByMe),
        ];
        self.word("view", &views)
    }

    /// The order of an inbox, and what it is narrowed by.
    pub fn inbox(&mut self) -> (InboxOrder, AmountFilter) {
        let order = self.word("order", &InboxOrder::ALL.map(|order| (order.word(), order)));
        let (from, to) = (self.amount("amountFrom"), self.amount("amountTo"));
        if from.zip(to).is_some_and(|(from, to)| to < from) {
            self.fault("amountTo", ParameterFault::EndsBeforeItBegins { begin: "amountFrom" });
        }
        let unit = self.text("unit").map(Unit::parse).transpose();
        let unit = unit.unwrap_or_else(|sentence| {
            self.fault("unit", ParameterFault::NotAUnit { sentence });
            None
        });
        (order.unwrap_or_default(), AmountFilter { from, to, unit })
    }

    fn amount(&mut self, name: &str) -> Option<Amount> {
        let read = Amount::parse(self.text(name)?);
        if read.is_err() {
            self.fault(name, ParameterFault::NotAnAmount);
        }
        read.ok()
    }

    /// Adds a fault at each of these that is given.
    pub fn without(&mut self, names: &[&str], fault: &ParameterFault) {
        for name in names.iter().filter(|name| self.text(name).is_some()).collect::<Vec<_>>() {
            self.fault(name, fault.clone());
        }
    }

    /// Adds a fault at every other parameter that is given.
    pub fn only(&mut self, known: &[&str], fault: &ParameterFault) {
        let given = self.pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, _)| name.clone());
        for name in given.filter(|name| !known.contains(&name.as_str())).collect::<Vec<_>>() {
            self.fault(&name, fault.clone());
        }
    }

    fn states(&mut self) -> Vec<State> {
        let value = self.text("states").unwrap_or_default().to_owned();
        let mut states = Vec::new();
        if !value.is_empty() && value.split(',').all(str::is_empty) {
            self.fault("states", ParameterFault::NoWords);
        }
        for name in value.split(',').filter(|name| !name.is_empty()) {
            match State::parse(name) {
                Some(state) => states.push(state),
                None => {
                    let allowed = State::ALL.iter().map(|state| state.name().to_owned()).collect();
                    self.fault("states", ParameterFault::NotAListOf { allowed });
                }
            }
        }
        states
    }

    fn day(&mut self, name: &str) -> Option<NaiveDate> {
        let value = self.text(name)?;
        let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok();
        // Ten characters: the library also takes years before 0 and after 9999, with their sign.
        let is_plain = |day: &NaiveDate| value.len() == 10 && day.format("%Y-%m-%d").to_string() == value;
        let day = day.filter(is_plain);
        if day.is_none() {
            self.fault(name, ParameterFault::NotADate);
        }
        day
    }

    /// All faults, if there are any.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.faults.is_empty() { Ok(()) } else { Err(ApiError::faults(self.faults)) }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use chrono::FixedOffset;

    use super::*;
    use crate::domain::ids::OrgId;

    fn is_accepted(query: &str) -> bool {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let known: Vec<&str> = FILTER_PARAMETERS.into_iter().chain(["limit"]).collect();
        let Ok(mut parameters) = Parameters::of(&request, &known) else { return false };
        let mut filter = Filter::all(OrgId::new("90001"));
        parameters.narrow(
            &mut filter,
            &["ISSUE-BADGE".to_owned()],
            Zone::Offset(FixedOffset::east_opt(0).unwrap()),
        );
        parameters.sort();
        parameters.limit();
        parameters.finish().is_ok()
    }

    #[test]
    fn a_filter_that_can_find_nothing_is_refused() {
        for query in ["startDate=2026-03-01&endDate=2026-02-28", "endDate=0001-01-01&startDate=9999-12-31"] {
            assert!(!is_accepted(query), "{query}");
        }
        assert!(is_accepted("startDate=2026-03-01&endDate=2026-03-01"));
        for states in [",", ",,,", "%2C"] {
            assert!(!is_accepted(&format!("states={states}")), "{states}");
        }
        assert!(is_accepted("states=failed,"));
    }

    #[test]
    fn an_empty_parameter_counts_as_absent() {
        assert!(is_accepted("userId=&sortBy=&sortOrder=&startDate=&endDate=&states=&requestType=&limit="));
    }

    #[test]
    fn a_day_and_a_number_have_one_spelling() {
        assert!(is_accepted("startDate=2024-02-29&endDate=9999-12-31&limit=500"));
        for day in ["2023-02-29", "24-2-29", "2024-2-29", "%2B10000-01-01", "-0001-01-01", "2024-02-29T00:00"]
        {
            assert!(!is_accepted(&format!("startDate={day}")), "{day}");
        }
        for number in ["0", "501", "%2B5", "-1", "5.0", "x", "99999999999999999999"] {
            assert!(!is_accepted(&format!("limit={number}")), "{number}");
        }
    }

    #[test]
    fn unknown_and_repeated_parameters_and_control_characters_are_refused() {
        for query in [
            "x=1",
            "tillId=1&tillId=1",
            "tillId=%00",
            "tillId=%0A",
            "states=nonsense",
            "requestType=issue-badge",
        ] {
            assert!(!is_accepted(query), "{query}");
        }
        assert!(!is_accepted(&format!("tillId={}", "x".repeat(VALUE_CHARS_MAX + 1))));
    }
}
