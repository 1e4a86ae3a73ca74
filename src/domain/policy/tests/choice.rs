//! A policy as a whole: what its rules may cost together, and what is left to decide in the write.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::domain::entity::EntityInfo;
use crate::domain::policy::facts::Facts;
use crate::domain::policy::usage::Usage;
use crate::domain::policy::{Policy, RuleChoice};

/// What is found of a submission with this body before the write.
fn look(policy: &Policy, body: &Value) -> RuleChoice {
    let task = json!({ "body": body });
    policy.look(&Facts {
        request_type: "X",
        org: "100",
        entity: &EntityInfo::default(),
        task: &task,
        amount: None,
        subject: None,
        maker: &checker("maker"),
        people: &People::none(),
        now: start(),
    })
}

/// The rule that applies with this many requests before, or the code of the refusal.
fn chosen(policy: &Policy, choice: &RuleChoice, count: i64) -> Result<String, &'static str> {
    let usage = BTreeMap::from([("day".to_owned(), Usage { count, ..Usage::default() })]);
    let rule = policy.choose(choice, &usage, None).map(|rule| rule.name.clone());
    rule.map_err(|refusal| refusal.code().name())
}

fn policy(rules: &[(&str, &str)]) -> Policy {
    let rule = |(name, when): &(&str, &str)| json!({"name": name, "when": when, "auto_approve": true});
    let rules: Vec<Value> = rules.iter().map(rule).collect();
    Policy::from_definition(Some(&rules.into()), &["day"]).unwrap()
}

#[test]
fn all_rules_of_a_policy_share_one_budget() {
    let asks: Vec<String> = (1..30).map(|number| format!("c == -{number}")).collect();
    let when = format!("request.body.l.exists(c, {})", asks.join(" || "));
    let body = json!({ "l": vec![1; 500] });
    let one = policy(&[("one", &when), ("rest", "true")]);
    assert_eq!(chosen(&one, &look(&one, &body), 0), Ok("rest".to_owned()));
    let many = policy(&[("one", &when), ("two", &when), ("three", &when), ("four", &when), ("rest", "true")]);
    assert_eq!(chosen(&many, &look(&many, &body), 0), Err("condition_failed"));
    let short = json!({ "l": [1] });
    assert_eq!(chosen(&many, &look(&many, &short), 0), Ok("rest".to_owned()));
}

#[test]
fn one_look_before_the_write_decides_by_the_counters_that_the_write_finds() {
    let read = policy(&[
        ("few", "request.body.n == 1 && usage.day.count < 3"),
        ("some", "request.body.n == 1 && usage.day.count < 5"),
        ("other", "request.body.n == 2"),
    ]);
    let choice = look(&read, &json!({"n": 1}));
    for (count, rule) in [(0, Ok("few")), (2, Ok("few")), (3, Ok("some")), (5, Err("no_rule_applies"))] {
        assert_eq!(chosen(&read, &choice, count), rule.map(str::to_owned), "{count}");
    }
    let choice = look(&read, &json!({"n": 2}));
    for count in [0, 9] {
        assert_eq!(chosen(&read, &choice, count), Ok("other".to_owned()));
    }
}
