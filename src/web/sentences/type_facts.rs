//! What the page of a type says: what holds for every request of it, and what its fields may hold.

use crate::domain::period;
use crate::domain::policy::bulk::BulkRules;
use crate::domain::request_type::{
    CountBy, Counter, Duplicates, ReasonRule, RepeatRules, RequestType, UnitRule,
};
use crate::engine::Deadlines;

/// What holds for every request of the type, whichever rule applies.
pub fn facts(known: &RequestType, deadlines: Deadlines) -> Vec<String> {
    let waits = known.pending_ttl.unwrap_or(deadlines.pending_ttl);
    let leaves = known.approval_ttl.unwrap_or(deadlines.approval_ttl);
    let mut facts = vec![
        format!("Waits at most {} for its decisions", period::words(waits)),
        format!("Leaves within {} of the last signature", period::words(leaves)),
    ];
    facts.extend(known.total_timeout.map(|time| format!("The call may take {}", period::words(time))));
    facts.extend(match known.duplicates {
        Duplicates::Allow => None,
        Duplicates::Warn => Some("A second open request on the same subject: the maker is warned".to_owned()),
        Duplicates::Block => Some("A second open request on the same subject: refused".to_owned()),
    });
    facts.extend(match known.reason {
        ReasonRule::Off => Some("Its makers give no reason".to_owned()),
        ReasonRule::Optional => None,
        ReasonRule::Required => Some("Its makers must say why".to_owned()),
    });
    facts.extend(known.unit.as_ref().map(unit_words));
    facts.extend(known.retry.attempts.map(|attempts| format!("Sent at most {attempts} times in all")));
    facts.extend(known.repeat.as_ref().map(repeat_words));
    if known.recheck_at_execution {
        facts.push("Permissions of those who signed are checked again right before sending".to_owned());
    }
    facts.extend(known.bulk.map(bulk_words));
    facts.extend(known.usage.iter().map(counter_words));
    facts
}

fn unit_words(unit: &UnitRule) -> String {
    match unit {
        UnitRule::Word(unit) => format!("Its amount is in {unit}"),
        UnitRule::At(place) => format!("Its amount is in what {} says", place.as_str()),
    }
}

fn bulk_words(rules: BulkRules) -> String {
    let more = match (rules.high_risk, rules.flagged) {
        (true, true) => "",
        (true, false) => ", unless there is something to look at twice",
        (false, true) => ", unless the risk is high",
        (false, false) => ", unless the risk is high or there is something to look at twice",
    };
    format!("May be decided together with others{more}")
}

fn repeat_words(repeat: &RepeatRules) -> String {
    match repeat {
        RepeatRules::KeyHeader(name) => {
            format!("The target recognises a repeat by the request's id in the header {name}")
        }
        RepeatRules::AlreadyDone(already) => {
            format!("The target recognises a repeat by {}, if the call has it", already.id.as_str())
        }
    }
}

fn counter_words(counter: &Counter) -> String {
    let whose = match counter.by {
        CountBy::Maker => "maker",
        CountBy::Subject => "subject",
    };
    format!(
        "Counts requests and amounts of each {whose} in windows of {} ({})",
        period::words(counter.window),
        counter.name
    )
}

/// Who sees a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBy {
    Everybody,
    /// It is masked.
    Deciders,
    /// It is secret.
    Nobody,
}

/// Who sees a field, in words.
pub fn seen_by(who: SeenBy) -> &'static str {
    match who {
        SeenBy::Everybody => "everybody who may read",
        SeenBy::Deciders => "those who decide; masked for all others",
        SeenBy::Nobody => "nobody, once it is submitted",
    }
}

/// What else the type does with a field; empty if that is nothing.
pub fn used_as(is_subject: bool, is_amount: bool, is_unit: bool) -> &'static str {
    match (is_subject, is_amount, is_unit) {
        (true, true, _) => "subject and amount",
        (true, false, true) => "subject and unit of the amount",
        (true, false, false) => "subject",
        (false, true, _) => "amount",
        (false, false, true) => "unit of the amount",
        (false, false, false) => "",
    }
}

/// What a field of the path may hold that no schema describes.
pub const TEXT_NEEDED: &str = "text, needed";

/// Said after what a field may hold that must be given.
pub const NEEDED: &str = ", needed";

/// What a field may hold: a list whose items have rows of their own.
pub const LIST: &str = "list";

/// What a field may hold: one of these, and more of them if they are too many to be named.
pub fn one_of(named: &[String], has_more: bool) -> String {
    format!("one of {}{}", named.join(", "), if has_more { ", …" } else { "" })
}

/// What a field may hold: this one value.
pub fn always(value: &str) -> String {
    format!("always {value}")
}

/// What a field may hold: values of these JSON types.
pub fn kinds(names: &[&str]) -> String {
    match names {
        [] => "anything".to_owned(),
        names => names.iter().copied().map(type_word).collect::<Vec<_>>().join(" or "),
    }
}

/// What the items of a list may hold; goes on after the list.
pub fn items_of(kind: &str) -> String {
    format!(" of: {kind}")
}

/// A limit as a schema has it, with the words around its value.
pub struct LimitWords {
    pub keyword: &'static str,
    before: &'static str,
    after: &'static str,
}

impl LimitWords {
    const fn of(keyword: &'static str, before: &'static str, after: &'static str) -> Self {
        Self { keyword, before, after }
    }

    /// Goes on after what a field may hold.
    pub fn words(&self, value: &str) -> String {
        format!(", {}{value}{}", self.before, self.after)
    }
}

/// Keywords that limit a value, in the order in which they are said.
pub const LIMITS: [LimitWords; 10] = [
    LimitWords::of("minimum", "from ", ""),
    LimitWords::of("exclusiveMinimum", "above ", ""),
    LimitWords::of("maximum", "to ", ""),
    LimitWords::of("exclusiveMaximum", "below ", ""),
    LimitWords::of("minLength", "at least ", " characters"),
    LimitWords::of("maxLength", "at most ", " characters"),
    LimitWords::of("minItems", "at least ", " items"),
    LimitWords::of("maxItems", "at most ", " items"),
    LimitWords::of("format", "as ", ""),
    LimitWords::of("pattern", "like ", ""),
];

fn type_word(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "whole number",
        "boolean" => "yes or no",
        "array" => "list",
        "null" => "nothing",
        other => other,
    }
}
