//! What narrows *Needs me*, as its address says it.

use chrono::{DateTime, Utc};

use crate::domain::policy::Risk;
use crate::domain::waiting::WaitingRequest;
use crate::http::query::{Parameters, escaped, pairs};
use crate::web::parts::format::When;

/// The parameters of an [`InboxFilter`].
pub const FILTER_NAMES: [&str; 3] = ["due", "risk", "type"];

const RISKS: [Risk; 3] = [Risk::Low, Risk::Medium, Risk::High];

/// What narrows the inbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboxFilter {
    pub due: Option<Due>,
    pub risk: Option<Risk>,
    pub request_type: Option<String>,
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
        Self { due, risk, request_type: parameters.text("type").map(str::to_owned) }
    }

    /// The filter of a query that leads back; what can't be read in it narrows nothing.
    pub fn of_query(query: &str) -> Self {
        let mut filter = Self::default();
        for (name, value) in pairs(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "due" => filter.due = Due::ALL.into_iter().find(|due| due.word() == value),
                "risk" => filter.risk = RISKS.into_iter().find(|risk| risk.name() == value),
                "type" => filter.request_type = Some(value),
                _ => {}
            }
        }
        filter
    }

    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    pub fn fits(&self, waiting: &WaitingRequest, when: When) -> bool {
        self.due.is_none_or(|due| Due::of(waiting.due_at, waiting.sort_at(), when) == due)
            && self.risk.is_none_or(|risk| waiting.risk == Some(risk))
            && self.request_type.as_deref().is_none_or(|name| waiting.request_type.as_str() == name)
    }

    /// The query that says the same; empty if nothing is narrowed.
    pub fn query(&self) -> String {
        let mut pairs = Vec::new();
        pairs.extend(self.due.map(|due| format!("due={}", due.word())));
        pairs.extend(self.risk.map(|risk| format!("risk={}", risk.name())));
        pairs.extend(self.request_type.as_ref().map(|name| format!("type={}", escaped(name))));
        pairs.join("&")
    }

    pub fn due_word(&self) -> &'static str {
        self.due.map_or("", Due::word)
    }

    pub fn risk_word(&self) -> &'static str {
        self.risk.map_or("", Risk::name)
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
        };
        assert_eq!(InboxFilter::of_query(&filter.query()), filter);
        assert_eq!(InboxFilter::default().query(), "");
        assert!(!InboxFilter::of_query("due=soon&risk=&after=x&other=1").is_set());
    }
}
