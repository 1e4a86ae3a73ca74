//! The header `Retry-After`: how long a target asks to be left alone.

use chrono::{DateTime, TimeDelta, Utc};

use super::exchange::TargetResponse;

/// No target keeps a request waiting longer.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// The longest time that the answer asks for, up to [`LONGEST`]; `None` if it asks for none, or in a way
/// that means nothing.
pub(super) fn retry_after(answer: &TargetResponse, now: DateTime<Utc>) -> Option<TimeDelta> {
    let asked = answer.values("retry-after").filter_map(|value| delay(value.trim(), now)).max()?;
    (asked > TimeDelta::zero()).then(|| asked.min(LONGEST))
}

/// Seconds, or the time from now until an HTTP date.
fn delay(value: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large to read asks for more than the longest.
        return Some(value.parse().ok().and_then(TimeDelta::try_seconds).unwrap_or(LONGEST));
    }
    let date: DateTime<Utc> = httpdate::parse_http_date(value).ok()?.into();
    Some(date - now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(values: &[&str]) -> Option<i64> {
        let headers = values.iter().map(|value| ("retry-after".to_owned(), (*value).to_owned())).collect();
        let answer = TargetResponse { status: 503, headers, body: vec![], cut: false };
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        retry_after(&answer, now).map(|delay| delay.num_seconds())
    }

    #[test]
    fn seconds_and_dates_are_read_and_what_means_nothing_is_ignored() {
        for (value, seconds) in [
            ("1", Some(1)),
            (" 120 ", Some(120)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("9999999999999999999999", Some(86_400)),
            ("0", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            // 1,700,000,000 is 22:13:20 on that day.
            ("Tue, 14 Nov 2023 22:14:20 GMT", Some(60)),
            ("Tuesday, 14-Nov-23 22:14:20 GMT", Some(60)),
            ("Tue Nov 14 22:14:20 2023", Some(60)),
            ("Tue, 14 Nov 2023 22:13:20 GMT", None),
            ("Mon, 13 Nov 2023 22:13:20 GMT", None),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
            ("Tue, 14 Nov 2023 22:14:20 CET", None),
        ] {
            assert_eq!(asked(&[value]), seconds, "{value:?}");
        }
        assert_eq!(asked(&["5", "soon", "7", "-9"]), Some(7));
        assert_eq!(asked(&[]), None);
    }

    proptest! {
        #[test]
        fn any_value_asks_for_nothing_or_for_up_to_a_day(value: String, number: u64) {
            for value in [value, number.to_string()] {
                prop_assert!(asked(&[&value]).is_none_or(|seconds| (1..=86_400).contains(&seconds)));
            }
        }
    }
}
