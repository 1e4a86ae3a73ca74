//! Ids and names that people take for somebody else's.

use super::actor::Person;
use super::caseless::{is_same, looks_of};
use super::findings::{Finding, FindingCode, Level};
use super::policy::people::People;
use super::request::Request;

/// The most findings of this kind on a request.
const FINDINGS_MAX: usize = 10;

/// Somebody who took part in a request, and in what role.
struct Party<'a> {
    role: &'static str,
    person: &'a Person,
}

impl Party<'_> {
    /// The texts by which people know them; the same text only once.
    fn texts(&self) -> Vec<(&'static str, &str)> {
        let Person { sub, user_id, user_name, .. } = self.person;
        let mut texts = vec![("user id", user_id.as_str())];
        for text in [("subject", sub.as_str()), ("name", user_name.as_str())] {
            if texts.iter().all(|(_, known)| !is_same(known, text.1)) {
                texts.push(text);
            }
        }
        texts
    }
}

/// Who took part in the request under an id or a name that looks like that of another person: one of the people
/// file, or one who took part as well.
pub fn look_alikes(people: &People, request: &Request) -> Vec<Finding> {
    let mut parties = vec![Party { role: "maker", person: &request.maker }];
    parties.extend(request.terms.maker_act.iter().map(|person| Party { role: "maker's agent", person }));
    parties.extend(
        request.decisions.iter().map(|decision| Party { role: "checker", person: &decision.checker }),
    );
    let mut found = Vec::new();
    for (at, party) in parties.iter().enumerate() {
        found.extend(like_somebody_listed(people, party));
        found.extend(parties[..at].iter().filter_map(|other| like_each_other(people, party, other)));
    }
    found.truncate(FINDINGS_MAX);
    found
}

fn like_somebody_listed(people: &People, party: &Party<'_>) -> Option<Finding> {
    party.texts().into_iter().find_map(|(what, text)| {
        let (own, name) = people.look_alike(party.person, text)?;
        Some(finding(&format!(
            "The {}'s {what} {text} looks like {own}, which the people file lists for {name}. It is not the same.",
            party.role
        )))
    })
}

fn like_each_other(people: &People, party: &Party<'_>, other: &Party<'_>) -> Option<Finding> {
    if people.is_one_person(party.person, other.person) {
        return None;
    }
    let alike = |one: &str, two: &str| {
        !is_same(one, two) && looks_of(one).iter().any(|look| looks_of(two).contains(look))
    };
    let texts = other.texts();
    party.texts().into_iter().find_map(|(what, text)| {
        let (_, known) = texts.iter().find(|(_, known)| alike(text, known))?;
        Some(finding(&format!(
            "The {}'s {what} {text} looks like the {}'s, {known}. It is not the same.",
            party.role, other.role
        )))
    })
}

fn finding(sentence: &str) -> Finding {
    Finding {
        code: FindingCode::LookAlike,
        level: Level::Warning,
        sentence: sentence.to_owned(),
        pointer: None,
        facts: None,
    }
}
