//! What the page of search says.

use chrono::TimeDelta;

use crate::domain::search::{MATCHES_MAX, QueryFault};

/// Where nothing was written yet.
pub const NO_WORDS: &str = "Write what you look for into the field at the top of the page.";

/// Where nothing was found.
pub const NOTHING: &str = "No request that you may see has all of these words.";

/// A smaller delay is none that people notice.
const LAG_MIN: TimeDelta = TimeDelta::seconds(2);

/// What is searched, and what was: for a reader who sees every request of the org, or only their own.
pub fn searched(was_searched: bool, sees_all: bool) -> String {
    let what = if was_searched { "Searched" } else { "What is searched" };
    let whose = if sees_all { "in every request of this org" } else { "in your own requests" };
    format!(
        "{what}: id, subject, names and accounts of maker and checkers, amount, target host, reason, comments, \
         decisions and public fields of the body, {whose}. Every word must be there; the last one may be the beginning \
         of one."
    )
}

/// Which matches were looked at, where there are more than are looked at.
pub fn cut() -> String {
    let most = thousands(MATCHES_MAX);
    format!(
        "There are more matches than {most}: only the newest {most} were looked at. More words find older ones."
    )
}

/// How far the index is behind, if anybody would notice.
pub fn behind(lag: TimeDelta) -> Option<String> {
    let seconds = lag.num_seconds();
    let (number, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        _ => (seconds / 3_600, "h"),
    };
    (lag >= LAG_MIN)
        .then(|| format!("The index is {number} {unit} behind: the newest changes may not be found yet."))
}

/// Why nothing can be searched for.
pub fn refused(fault: QueryFault) -> String {
    fault.sentence()
}

fn thousands(number: usize) -> String {
    format!("{},{:03}", number / 1_000, number % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_delay_that_people_notice_is_told() {
        for (milliseconds, told) in [
            (0, None),
            (1_999, None),
            (3_400, Some("The index is 3 s behind")),
            (61_000, Some("The index is 1 min behind")),
            (7_300_000, Some("The index is 2 h behind")),
        ] {
            let words = behind(TimeDelta::milliseconds(milliseconds));
            let begins = words.as_deref().and_then(|words| words.split(':').next());
            assert_eq!(begins, told, "{milliseconds}");
        }
    }

    #[test]
    fn the_page_names_the_number_of_matches_that_are_looked_at() {
        assert!(cut().contains("newest 10,000 were"), "{}", cut());
    }
}
