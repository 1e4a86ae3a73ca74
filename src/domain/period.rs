//! Spans of time as people write them: one number and one unit, `24h`.

use chrono::TimeDelta;

/// Seconds in each unit.
const UNITS: [(char, i64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];

/// The longest period: ten years.
const SECONDS_MAX: i64 = 3650 * 86_400;

/// Reads `90s`, `15m`, `24h` or `2d`: more than zero and at most ten years.
pub fn parse(text: &str) -> Option<TimeDelta> {
    let (unit, factor) = UNITS.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
    let digits = text.strip_suffix(unit)?;
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = digits.parse().ok().filter(|_| is_plain)?;
    let seconds = number.checked_mul(factor)?;
    (1..=SECONDS_MAX).contains(&seconds).then(|| TimeDelta::seconds(seconds))
}

/// The one spelling of a period: in seconds.
pub fn text(period: TimeDelta) -> String {
    format!("{}s", period.num_seconds())
}

/// A period for people, in the largest unit that fits: `10 minutes`.
pub fn words(period: TimeDelta) -> String {
    let seconds = period.num_seconds();
    let units = [("day", 86_400), ("hour", 3600), ("minute", 60)];
    let (name, unit) = units.into_iter().find(|(_, unit)| seconds % unit == 0).unwrap_or(("second", 1));
    let number = seconds / unit;
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {name}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_written_in_the_largest_unit_that_fits() {
        for (written, told) in
            [("90s", "90 seconds"), ("60s", "1 minute"), ("120m", "2 hours"), ("1d", "1 day")]
        {
            assert_eq!(words(parse(written).unwrap()), told);
        }
    }

    #[test]
    fn one_number_and_one_unit_is_a_period() {
        for (written, seconds) in [("1s", 1), ("90s", 90), ("15m", 900), ("24h", 86_400), ("2d", 172_800)] {
            assert_eq!(parse(written), Some(TimeDelta::seconds(seconds)), "{written}");
            assert_eq!(parse(&text(TimeDelta::seconds(seconds))), Some(TimeDelta::seconds(seconds)));
        }
        for wrong in [
            "",
            "s",
            "1",
            "0s",
            "-1s",
            "+1s",
            "1.5h",
            "1h30m",
            " 1h",
            "1 h",
            "1w",
            "1H",
            "4000d",
            "99999999999999999999d",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
