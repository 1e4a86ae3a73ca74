//! The time zone that `getHours` and its siblings may be given: a name, or an offset such as `+02:00`.

use cel::common::ast::{CallExpr, Expr, LiteralValue};
use chrono_tz::Tz;

/// Refuses a time zone that is written in the condition and that no evaluation would know.
///
/// # Errors
/// A sentence.
pub fn check(call: &CallExpr) -> Result<(), String> {
    let Some(Expr::Literal(zone)) = call.args.first().map(|zone| &zone.expr) else { return Ok(()) };
    match zone {
        LiteralValue::String(zone) if is_zone(zone.inner()) => Ok(()),
        LiteralValue::String(zone) => Err(format!(
            "Write a time zone that exists, such as \"Europe/Berlin\" or \"+02:00\"; {} is none.",
            zone.inner()
        )),
        LiteralValue::Boolean(_)
        | LiteralValue::Bytes(_)
        | LiteralValue::Double(_)
        | LiteralValue::Int(_)
        | LiteralValue::Null
        | LiteralValue::UInt(_) => {
            Err(format!("Write the time zone of {} as a string, such as \"Europe/Berlin\".", call.func_name))
        }
    }
}

/// As the library reads it, but for the empty name, which it takes for UTC.
fn is_zone(text: &str) -> bool {
    let Some((hours, minutes)) = text.split_once(':') else { return text.parse::<Tz>().is_ok() };
    let number = |digits: &str| {
        let is_plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| digits.parse::<u8>().ok()).flatten()
    };
    let hours = number(hours.strip_prefix(['+', '-']).unwrap_or(hours));
    hours.is_some_and(|hours| hours <= 23) && number(minutes).is_some_and(|minutes| minutes <= 59)
}

#[cfg(test)]
mod tests {
    use super::super::Condition;

    fn is_taken(zone: &str) -> bool {
        ["getHours", "getDayOfWeek", "getFullYear", "getMinutes"]
            .iter()
            .all(|name| Condition::parse(&format!("now.{name}({zone}) == 1"), &[]).is_ok())
    }

    #[test]
    fn a_time_zone_in_a_condition_exists() {
        for good in ["\"Europe/Berlin\"", "\"UTC\"", "\"+02:00\"", "\"-9:30\"", "\"Asia/Kolkata\"", ""] {
            assert!(is_taken(good), "{good}");
        }
        for bad in [
            "\"Europe/Berlim\"",
            "\"europe/berlin\"",
            "\"CET \"",
            "\"Mars/Olympus\"",
            "\"\"",
            "\"+25:00\"",
            "\"+02:60\"",
            "\"+02:\"",
            "\":30\"",
            "\"+2:0:0\"",
            "1",
            "true",
            "null",
        ] {
            assert!(!is_taken(bad), "{bad}");
        }
    }
}
