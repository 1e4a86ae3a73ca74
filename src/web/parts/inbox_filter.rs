//! What narrows *Needs me*, and in which order it is, as its address says it.

use chrono::{DateTime, Utc};

use crate::domain::amount::Amount;
use crate::domain::policy::Risk;
use crate::domain::unit::Unit;
use crate::domain::waiting::WaitingRequest;
use crate::engine::inbox_order::InboxOrder;
use crate::http::query::{Parameters, escaped, pairs};
use crate::web::parts::format::When;

/// The parameters of an [`InboxFilter`].
pub const FILTER_NAMES: [&str; 8] = ["due", "risk", "type", "min", "max", "unit", "order", "rows"];

const RISKS: [Risk; 3] = [Risk::Low, Risk::Medium, Risk::High];

/// What narrows the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxFilter {
    pub due: Option<Due>,
    pub risk: Option<Risk>,
    pub request_type: Option<String>,
    /// The smallest and the largest amount.
    pub amounts: AmountRange,
    pub unit: Option<UnitChoice>,
    pub order: InboxOrder,
    /// One line for each request instead of two.
    pub is_dense: bool,
}

/// Amounts between two, both included. One with neither end lets everything through, also what has no amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AmountRange {
    pub min: Option<Amount>,
    pub max: Option<Amount>,
}

impl AmountRange {
    pub fn is_set(self) -> bool {
        self.min.is_some() || self.max.is_some()
    }

    pub fn has(self, amount: Option<Amount>) -> bool {
        let is_in = |amount: Amount| {
            self.min.is_none_or(|min| amount >= min) && self.max.is_none_or(|max| amount <= max)
        };
        !self.is_set() || amount.is_some_and(is_in)
    }

    /// What people write into a field; `None` if it is no amount. Spaces between digits are read over.
    pub fn read(text: &str) -> Option<Amount> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        Amount::parse(&digits).ok()
    }
}

/// Only amounts that count this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitChoice {
    /// This unit.
    Of(Unit),
    /// Nothing that is known.
    Unnamed,
}

impl UnitChoice {
    /// What an amount counts; `None` if there is no amount.
    pub fn of(amount: Option<Amount>, unit: Option<&Unit>) -> Option<Self> {
        amount.map(|_| unit.cloned().map_or(Self::Unnamed, Self::Of))
    }

    /// The word in the address. No unit is written like the one for amounts without.
    pub fn word(&self) -> &str {
        match self {
            Self::Of(unit) => unit.as_str(),
            Self::Unnamed => "-",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        if word == "-" { Some(Self::Unnamed) } else { Unit::parse(word).ok().map(Self::Of) }
    }
}

/// When a request should be decided. The inbox has them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    Late,
    Today,
    Later,
}

impl Due {
    pub const ALL: [Self; 3] = [Self::Late, Self::Today, Self::Later];

    /// The word in the address.
    pub fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Today => "today",
            Self::Later => "later",
        }
    }

    /// The heading of its rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Late => "Overdue",
            Self::Today => "Due today",
            Self::Later => "Due later",
        }
    }

    /// By the time that its rule sets, if it sets one, and by its position in the inbox. Today ends at midnight.
    pub fn of(due_at: Option<DateTime<Utc>>, sort_at: DateTime<Utc>, when: When) -> Self {
        match due_at {
            Some(due) if due < when.now() => Self::Late,
            Some(_) | None if when.is_today_or_before(sort_at) => Self::Today,
            Some(_) | None => Self::Later,
        }
    }
}

impl InboxFilter {
    /// The filter of a page's own address; what is wrong with it is kept in `parameters`.
    pub fn read(parameters: &mut Parameters) -> Self {
        let due = parameters.word("due", &Due::ALL.map(|due| (due.word(), due)));
        let risk = parameters.word("risk", &RISKS.map(|risk| (risk.name(), risk)));
        let order = parameters.word("order", &InboxOrder::ALL.map(|order| (order.word(), order)));
        let is_dense = parameters.word("rows", &[("one", true), ("two", false)]).unwrap_or_default();
        let amount = |name| parameters.text(name).and_then(AmountRange::read);
        Self {
            due,
            risk,
            request_type: parameters.text("type").map(str::to_owned),
            amounts: AmountRange { min: amount("min"), max: amount("max") },
            unit: parameters.text("unit").and_then(UnitChoice::parse),
            order: order.unwrap_or_default(),
            is_dense,
        }
    }

    /// The filter of a query that leads back; what can't be read in it narrows nothing.
    pub fn of_query(query: &str) -> Self {
        let mut filter = Self::default();
        for (name, value) in pairs(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "due" => filter.due = Due::ALL.into_iter().find(|due| due.word() == value),
                "risk" => filter.risk = RISKS.into_iter().find(|risk| risk.name() == value),
                "type" => filter.request_type = Some(value),
                "min" => filter.amounts.min = AmountRange::read(&value),
                "max" => filter.amounts.max = AmountRange::read(&value),
                "unit" => filter.unit = UnitChoice::parse(&value),
                "order" => filter.order = InboxOrder::parse(&value).unwrap_or_default(),
                "rows" => filter.is_dense = value == "one",
                _ => {}
            }
        }
        filter
    }

    /// Whether anything is narrowed.
    pub fn is_set(&self) -> bool {
        let Self { due, risk, request_type, amounts, unit, order: _, is_dense: _ } = self;
        due.is_some() || risk.is_some() || request_type.is_some() || amounts.is_set() || unit.is_some()
    }

    /// The same order and rows with nothing narrowed.
    pub fn cleared(&self) -> Self {
        Self { order: self.order, is_dense: self.is_dense, ..Self::default() }
    }

    pub fn fits(&self, waiting: &WaitingRequest, when: When) -> bool {
        self.due.is_none_or(|due| Due::of(waiting.due_at, waiting.sort_at(), when) == due)
            && self.risk.is_none_or(|risk| waiting.risk == Some(risk))
            && self.request_type.as_deref().is_none_or(|name| waiting.request_type.as_str() == name)
            && self.amounts.has(waiting.amount)
            && (self.unit.is_none() || UnitChoice::of(waiting.amount, waiting.unit.as_ref()) == self.unit)
    }

    /// The query that says the same; empty if nothing is narrowed.
    pub fn query(&self) -> String {
        let mut pairs = Vec::new();
        pairs.extend(self.due.map(|due| format!("due={}", due.word())));
        pairs.extend(self.risk.map(|risk| format!("risk={}", risk.name())));
        pairs.extend(self.request_type.as_ref().map(|name| format!("type={}", escaped(name))));
        pairs.extend(self.amounts.min.map(|min| format!("min={min}")));
        pairs.extend(self.amounts.max.map(|max| format!("max={max}")));
        pairs.extend(self.unit.as_ref().map(|unit| format!("unit={}", escaped(unit.word()))));
        pairs.extend((self.order != InboxOrder::Due).then(|| format!("order={}", self.order.word())));
        pairs.extend(self.is_dense.then(|| "rows=one".to_owned()));
        pairs.join("&")
    }

    pub fn due_word(&self) -> &'static str {
        self.due.map_or("", Due::word)
    }

    pub fn risk_word(&self) -> &'static str {
        self.risk.map_or("", Risk::name)
    }

    pub fn unit_word(&self) -> &str {
        self.unit.as_ref().map_or("", UnitChoice::word)
    }

    pub fn min_word(&self) -> String {
        self.amounts.min.map(|min| min.to_string()).unwrap_or_default()
    }

    pub fn max_word(&self) -> String {
        self.amounts.max.map(|max| max.to_string()).unwrap_or_default()
    }

    pub fn type_word(&self) -> &str {
        self.request_type.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{FixedOffset, TimeDelta, TimeZone};

    use super::*;
    use crate::domain::zone::Zone;

    #[test]
    fn today_ends_at_midnight_where_the_reader_is() {
        let offset = FixedOffset::east_opt(2 * 3600).unwrap();
        // 21:00 UTC is 23:00 there.
        let now = Utc.with_ymd_and_hms(2026, 11, 30, 21, 0, 0).unwrap();
        let when = When::at(now, Zone::Offset(offset));
        let of = |hours: i64, minutes: i64| {
            let due = now + TimeDelta::hours(hours) + TimeDelta::minutes(minutes);
            Due::of(Some(due), due, when)
        };
        assert_eq!(of(0, -1), Due::Late);
        assert_eq!(of(0, 59), Due::Today);
        assert_eq!(of(1, 0), Due::Later);
        assert_eq!(of(23, 59), Due::Later, "that is tomorrow");
        // Nothing is overdue that only expires.
        assert_eq!(Due::of(None, now - TimeDelta::minutes(1), when), Due::Today);
    }

    #[test]
    fn a_query_leads_back_to_its_filter() {
        let filter = InboxFilter {
            due: Some(Due::Today),
            risk: Some(Risk::High),
            request_type: Some("PAY-OUT".to_owned()),
            amounts: AmountRange { min: AmountRange::read("-1"), max: AmountRange::read("12 500.50") },
            unit: UnitChoice::parse("%"),
            order: InboxOrder::Largest,
            is_dense: true,
        };
        let query = "due=today&risk=high&type=PAY%2DOUT&min=-1&max=12500.5&unit=%25&order=largest&rows=one";
        assert_eq!(filter.query(), query);
        assert_eq!(InboxFilter::of_query(&filter.cleared().query()), filter.cleared());
        assert_eq!(InboxFilter::of_query(&filter.query()), filter);
        assert_eq!(InboxFilter::default().query(), "");
        let nothing = "due=soon&risk=&after=x&other=1&min=x&max=1,5&unit=5&order=price&rows=three";
        assert_eq!(InboxFilter::of_query(nothing), InboxFilter::default());
    }

    #[test]
    fn a_range_of_amounts_has_its_ends_and_nothing_without_an_amount() {
        let amount = |text: &str| AmountRange::read(text).unwrap();
        let range = AmountRange { min: Some(amount("-1")), max: Some(amount("0.30")) };
        for (text, is_in) in [("-1", true), ("-1.01", false), ("0.3", true), ("0.31", false), ("0", true)] {
            assert_eq!(range.has(Some(amount(text))), is_in, "{text}");
        }
        assert!(!range.has(None) && AmountRange::default().has(None));
        for text in ["", "ten", "1,5", "1e3", "--1"] {
            assert_eq!(AmountRange::read(text), None, "{text}");
        }
    }
}
