//! How the people of a request acted, where an auditor should look twice. Nothing is ever refused for it.

use chrono::{DateTime, TimeDelta, Utc};

use super::actor::{Person, Signer};
use super::policy::people::People;
use super::request::Request;
use super::state::Verdict;

/// Whoever decides sooner than this after they first opened a request has hardly read it.
pub const READ_AT_LEAST: TimeDelta = TimeDelta::seconds(5);

/// How a checker came to read what they decided in the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// They first opened its page then.
    Opened(DateTime<Utc>),
    /// They decided it together with others, and had not opened its page.
    NotOpened,
}

/// Where something was done from, as the trail keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The address of the connection.
    pub address: Option<String>,
    /// The id of the token; a sign-in to the pages has none.
    pub token_id: Option<String>,
}

/// What is odd about a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// It came this long after they first opened the request: too soon.
    AtOnce(TimeDelta),
    /// They decided it together with others, and had not opened it.
    NotOpened,
    /// Maker and checker acted from this address.
    SameAddress(String),
    /// Maker and checker acted by one token.
    SameToken,
}

/// A decision with something odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddDecision {
    /// Who decided.
    pub checker: Person,
    /// Approved or rejected.
    pub verdict: Verdict,
    /// The revision that they decided on.
    pub revision: i64,
    /// What is odd.
    pub oddity: Oddity,
}

/// What is odd about a decision at `at`, read as `reading` says; of what was submitted from `made_from`.
pub fn oddities(
    (at, reading): (DateTime<Utc>, Option<Reading>),
    made_from: &Source,
    decided_from: &Source,
) -> Vec<Oddity> {
    let hasty = match reading {
        Some(Reading::Opened(opened)) => {
            // The clocks of two nodes may differ a little.
            let after = (at - opened).max(TimeDelta::zero());
            (after < READ_AT_LEAST).then_some(Oddity::AtOnce(after))
        }
        Some(Reading::NotOpened) => Some(Oddity::NotOpened),
        None => None,
    };
    let same = |one: &Option<String>, other: &Option<String>| one.clone().filter(|_| one == other);
    let address = same(&made_from.address, &decided_from.address).map(Oddity::SameAddress);
    let token = same(&made_from.token_id, &decided_from.token_id).map(|_| Oddity::SameToken);
    hasty.into_iter().chain(address).chain(token).collect()
}

/// Whether somebody is told who opened a request and how its checkers acted: auditors, and whoever checks in its org
/// unless it is their own. Makers are not: an address, or when a checker reads, is none of what they need to know.
pub fn is_told_of_conduct(signer: &Signer, people: &People, request: &Request) -> bool {
    use super::actor::Permission::{Audit, Check};
    let is_checker = signer.may(Check) && !people.is_one_person(&signer.person, &request.maker);
    signer.org == request.org && (signer.may(Audit) || is_checker)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + milliseconds).unwrap()
    }

    fn from(address: &str) -> Source {
        Source { address: Some(address.to_owned()), token_id: None }
    }

    #[test]
    fn whoever_decides_within_five_seconds_of_opening_has_hardly_read_it() {
        for (opened, decided, is_odd) in [(0, 0, true), (0, 4_999, true), (0, 5_000, false), (900, 0, true)] {
            let reading = Some(Reading::Opened(at(opened)));
            let found = oddities((at(decided), reading), &from("10.0.0.7"), &from("10.0.0.8"));
            let expected = is_odd.then(|| Oddity::AtOnce(TimeDelta::milliseconds((decided - opened).max(0))));
            assert_eq!(found, Vec::from_iter(expected), "{opened} {decided}");
        }
    }

    #[test]
    fn who_decided_elsewhere_than_in_the_pages_is_accused_of_nothing() {
        assert_eq!(oddities((at(0), None), &from("10.0.0.7"), &from("10.0.0.8")), []);
        let found = oddities((at(0), Some(Reading::NotOpened)), &from("10.0.0.7"), &from("10.0.0.8"));
        assert_eq!(found, [Oddity::NotOpened]);
    }

    #[test]
    fn only_what_is_known_of_both_can_be_the_same() {
        let nothing = Source::default();
        assert_eq!(oddities((at(0), None), &nothing, &nothing), []);
        assert_eq!(oddities((at(0), None), &from("10.0.0.7"), &nothing), []);
        let token = |id: &str| Source { token_id: Some(id.to_owned()), ..from("10.0.0.7") };
        assert_eq!(
            oddities((at(0), None), &token("t"), &token("t")),
            [Oddity::SameAddress("10.0.0.7".to_owned()), Oddity::SameToken]
        );
        assert_eq!(
            oddities((at(0), None), &token("t"), &token("u")),
            [Oddity::SameAddress("10.0.0.7".to_owned())]
        );
    }
}
