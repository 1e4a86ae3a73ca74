//! The words of one request.

use serde_json::Value;

use super::WordSet;
use crate::domain::actor::Person;
use crate::domain::amount::Amount;
use crate::domain::policy::people::People;
use crate::domain::request::Request;

/// The members of a task whose values are searched. Headers never are.
const SEARCHED: [&str; 3] = ["body", "pathParams", "queryParams"];

/// What a request is found by: its id, its subject, the names and accounts of its maker and its checkers, its amount, its
/// host, why it was submitted, what people said about it, and the values of its call.
///
/// `shown` is its task as somebody reads it who may see public fields only; `remarks` are comments and the like. What
/// comes first is found in any case, see [`WordSet`].
pub fn words_of(request: &Request, shown: &Value, remarks: &[String], people: &People) -> WordSet {
    let mut words = WordSet::new(&request.org);
    let org = words.org().clone();
    words.add_key(org.id(request.id));
    words.add_key(org.request_type(&request.request_type));
    words.add_key(org.state(request.state));
    org.maker(&request.maker).into_iter().for_each(|key| words.add_key(key));
    words.add(request.terms.subject.as_deref().unwrap_or_default());
    for person in people_of(request) {
        let name = people.name_of(person).unwrap_or_default();
        [name, &person.user_name, &person.user_id, &person.sub].iter().for_each(|text| words.add(text));
    }
    words.add(&request.host);
    spellings(request.terms.amount).iter().for_each(|amount| words.add(amount));
    sayings(request).for_each(|text| words.add(text));
    remarks.iter().for_each(|text| words.add(text));
    for member in SEARCHED {
        if let Some(value) = shown.get(member) {
            add_values(&mut words, value);
        }
    }
    words
}

/// The maker, and whoever decided about a revision, sent one back or settled the outcome.
fn people_of(request: &Request) -> impl Iterator<Item = &Person> {
    let earlier = request.earlier.iter();
    let decisions = request.decisions.iter().chain(earlier.clone().flat_map(|earlier| &earlier.decisions));
    let sent_back = request.sent_back.iter().chain(earlier.filter_map(|earlier| earlier.sent_back.as_ref()));
    std::iter::once(&request.maker)
        .chain(decisions.map(|decision| &decision.checker))
        .chain(sent_back.map(|sent_back| &sent_back.by))
        .chain(request.settlement.iter().map(|word| &word.by))
}

/// Reasons, messages and evidence.
fn sayings(request: &Request) -> impl Iterator<Item = &str> {
    let earlier = request.earlier.iter();
    let terms = std::iter::once(&request.terms).chain(earlier.clone().map(|earlier| &earlier.terms));
    let decisions = request.decisions.iter().chain(earlier.clone().flat_map(|earlier| &earlier.decisions));
    let sent_back = request.sent_back.iter().chain(earlier.filter_map(|earlier| earlier.sent_back.as_ref()));
    terms
        .filter_map(|terms| terms.reason.as_deref())
        .chain(decisions.map(|decision| decision.message.as_str()))
        .chain(sent_back.map(|sent_back| sent_back.message.as_str()))
        .chain(request.settlement.iter().map(|word| word.evidence.as_str()))
}

/// An amount with and without cents: `1240` and `1240.00`.
fn spellings(amount: Option<Amount>) -> Vec<String> {
    let Some(plain) = amount.map(|amount| amount.to_string()) else { return Vec::new() };
    let (whole, parts) = plain.split_once('.').unwrap_or((&plain, ""));
    vec![format!("{whole}.{parts:0<2}"), plain]
}

/// Strings and numbers, however deep they are.
fn add_values(words: &mut WordSet, value: &Value) {
    match value {
        Value::String(text) => words.add(text),
        Value::Number(number) => words.add(&number.to_string()),
        Value::Array(values) => values.iter().for_each(|value| add_values(words, value)),
        Value::Object(members) => members.values().for_each(|value| add_values(words, value)),
        Value::Null | Value::Bool(_) => {}
    }
}
