//! Spans of time as people write them: one number and one unit, `24h`.

use chrono::TimeDelta;

/// Seconds in each unit.
const UNITS: [(char, i64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];

/// The longest period: ten years.
const SECONDS_MAX: i64 = 3650 * 86_400;

/// Reads `90s`, `15m`, `24h` or `2d`: more than nothing and at most ten years.
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

#[cfg(test)]
mod tests {
    use super::*;

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
