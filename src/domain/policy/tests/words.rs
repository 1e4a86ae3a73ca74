//! Every word of the policy language, and every fault.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::domain::entity::EntityInfo;
use crate::domain::policy::facts::Facts;
use crate::domain::policy::{Policy, PolicyRefusal, Risk, RuleOutcome};

fn policy(rules: &Value) -> Policy {
    Policy::from_definition(Some(rules), &["maker_day"]).unwrap()
}

/// The only rule's approval.
fn approval_of(rule: &Value) -> Approval {
    let policy = policy(&json!([rule]));
    let RuleOutcome::Stages(approval) = policy.rules[0].outcome.clone() else { panic!("{rule}") };
    approval
}

fn stage(stage: Value) -> Value {
    json!({ "name": "r", "stages": [stage] })
}

/// What is told about the policy, as `pointer: message`.
fn faults(rules: &Value) -> Vec<String> {
    let faults = Policy::from_definition(Some(rules), &["maker_day"]).expect_err(&rules.to_string());
    faults.into_iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect()
}

fn choose(policy: &Policy, groups: &[&str]) -> Result<String, PolicyRefusal> {
    let (task, usage) = (json!({ "body": {} }), BTreeMap::new());
    let facts = Facts {
        request_type: "ISSUE-BADGE",
        org: "100",
        entity: &EntityInfo::default(),
        task: &task,
        amount: None,
        subject: None,
        maker: &member("maker", groups),
        people: &People::none(),
        now: start(),
    };
    policy.choose(&policy.look(&facts), &usage, None).map(|rule| rule.name.clone())
}

#[test]
fn a_stage_with_a_wrong_mode_reports_the_faults_of_its_seats_too() {
    let rule = stage(json!({ "name": "s", "mode": "some", "seats": [{ "gruop": "Risk" }] }));
    let told = faults(&json!([rule]));
    assert!(told.iter().any(|fault| fault.starts_with("/policy/0/stages/0/mode: ")), "{told:?}");
    assert!(told.iter().any(|fault| fault.starts_with("/policy/0/stages/0/seats/0/gruop: ")), "{told:?}");
}

#[test]
fn a_type_without_a_policy_needs_one_checker_with_the_permission() {
    let policy = Policy::from_definition(None, &[]).unwrap();
    assert_eq!(policy, Policy::one_checker());
    let written = policy.to_definition();
    assert_eq!(Policy::from_definition(Some(&written), &[]), Ok(policy));
    let rule = json!({ "name": "default", "rejections": 1, "min_distinct_people": 1, "stages": [
        { "name": "Checker", "mode": "all", "seats": [{ "permission": "CanCheckRequest", "count": 1 }] }] });
    assert_eq!(written, json!([rule]));
}

#[test]
fn every_word_of_a_rule_is_read_and_written_back_in_one_spelling() {
    let rules = json!([
        { "name": "closed", "when": "usage.maker_day.count > 9", "refuse": "Ask the treasury." },
        { "name": "small", "when": "request.amount.below(10)", "auto_approve": true, "risk": "low" },
        { "name": "large", "risk": "high", "decide_within": "240m", "rejections": 2, "min_distinct_people": 5, "fresh_sign_in": "600s",
          "stages": [
            { "name": "Risk and Finance", "seats": [{ "group": "Risk" }, { "group": "Finance", "count": 2 }] },
            { "name": "Board", "any": 1, "seats": [{ "permission": "CanCheckRequest" }, { "group": "Board" }] } ] },
    ]);
    let read = policy(&rules);
    assert_eq!(read.rules[1].risk, Some(Risk::Low));
    assert_eq!(read.rule("large").unwrap().decide_within, Some(TimeDelta::hours(4)));
    assert!(read.uses_usage());
    let RuleOutcome::Stages(large) = &read.rules[2].outcome else { panic!() };
    assert_eq!((large.rejections, large.min_distinct_people), (2, 5));
    assert_eq!(large.fresh_sign_in, Some(TimeDelta::minutes(10)));
    assert_eq!(large.stages[0].people_needed(), 3);
    assert_eq!(large.stages[1].mode, Mode::Any(1));
    let written = read.to_definition();
    assert_eq!((&written[2]["decide_within"], &written[2]["fresh_sign_in"]), (&json!("4h"), &json!("10m")));
    assert_eq!(written[2]["stages"][0]["mode"], "all");
    assert_eq!(policy(&written).to_definition(), written);
}

#[test]
fn the_order_of_seats_and_the_spelling_of_defaults_do_not_change_the_meaning() {
    let one = stage(json!({ "name": "s", "seats": [{ "group": "B" }, { "group": "A", "count": 1 }] }));
    let other = stage(json!({ "name": "s", "mode": "all", "seats": [{ "group": "A" }, { "group": "B" }] }));
    assert_eq!(policy(&json!([one])).to_definition(), policy(&json!([other])).to_definition());
}

#[test]
fn the_people_whom_the_stages_need_are_the_least_minimum() {
    let mut rule = stage(json!({ "name": "s", "any": 3, "seats": [{ "group": "A" }] }));
    assert_eq!(approval_of(&rule).min_distinct_people, 3);
    rule["min_distinct_people"] = json!(2);
    assert_eq!(approval_of(&rule).min_distinct_people, 3);
}

#[test]
fn the_first_rule_whose_condition_holds_applies_and_none_is_a_refusal() {
    let mut rules = json!([
        { "name": "a", "when": "\"A\" in maker.groups", "auto_approve": true },
        { "name": "ab", "when": "\"A\" in maker.groups || \"B\" in maker.groups", "auto_approve": true },
        { "name": "no", "when": "\"C\" in maker.groups", "refuse": "Ask the treasury." },
        { "name": "broken", "when": "\"D\" in maker.groups && request.body.nothing == 1", "auto_approve": true },
    ]);
    let read = policy(&rules);
    assert_eq!(choose(&read, &["A"]).as_deref(), Ok("a"));
    assert_eq!(choose(&read, &["B"]).as_deref(), Ok("ab"));
    assert_eq!(choose(&read, &[]), Err(PolicyRefusal::NoRule));
    let refusal = choose(&read, &["C"]).unwrap_err();
    assert_eq!(
        (refusal.code().name(), refusal.sentence().as_str()),
        ("refused_by_rule", "Ask the treasury.")
    );
    let refusal = choose(&read, &["D"]).unwrap_err();
    assert_eq!(refusal.code().name(), "condition_failed");
    assert_eq!(
        refusal.sentence(),
        "The condition of rule broken can't be evaluated, so the request is refused: there is no nothing in \
         it; has() asks for it first."
    );
    // A rule behind a broken one is not reached.
    rules.as_array_mut().unwrap().push(json!({ "name": "always", "auto_approve": true }));
    assert_eq!(choose(&policy(&rules), &["D"]).unwrap_err().code().name(), "condition_failed");
}

#[test]
fn what_a_person_signs_as_is_read_from_its_own_spelling() {
    for who in [
        Capacity::Group("Risk: EU".to_owned()),
        Capacity::ClaimedGroup("Risk".to_owned()),
        Capacity::Permission(Permission::Check),
        Capacity::Account("svc:nightly".to_owned()),
    ] {
        assert_eq!(Capacity::parse(&who.to_string()), Some(who));
    }
    for text in ["Risk", "permission:CanDoAnything", "person:x", ""] {
        assert_eq!(Capacity::parse(text), None);
    }
}

#[test]
fn every_fault_of_a_rule_is_reported_with_its_pointer_and_what_to_write() {
    let seats = json!([{ "group": "Risk" }]);
    for (rule, told) in [
        (json!({ "auto_approve": true }), "/policy/0/name: Add a name."),
        (json!({ "name": " x", "auto_approve": true }), "/policy/0/name: Write a name of"),
        (json!({ "name": "r" }), "/policy/0: Write exactly one of refuse, auto_approve and stages."),
        (json!({ "name": "r", "auto_approve": true, "refuse": "x" }), "/policy/0: Write exactly one"),
        (json!({ "name": "r", "auto_approve": false }), "/policy/0/auto_approve: Write true"),
        (json!({ "name": "r", "refuse": " " }), "/policy/0/refuse: Say in at most"),
        (json!({ "name": "r", "refuse": 1 }), "/policy/0/refuse: Write a text."),
        (
            json!({ "name": "r", "auto_approve": true, "rejections": 1 }),
            "/policy/0/rejections: Leave this out",
        ),
        (
            json!({ "name": "r", "auto_approve": true, "colour": 1 }),
            "/policy/0/colour: Leave this out; known",
        ),
        (json!({ "name": "r", "auto_approve": true, "risk": "none" }), "/policy/0/risk: Write low"),
        (
            json!({ "name": "r", "auto_approve": true, "decide_within": "4 h" }),
            "/policy/0/decide_within: Write",
        ),
        (
            json!({ "name": "r", "stages": [{ "name": "s", "seats": seats }], "fresh_sign_in": "now" }),
            "/policy/0/fresh_sign_in: Write one number and one of s, m, h, d",
        ),
        (
            json!({ "name": "r", "auto_approve": true, "fresh_sign_in": "10m" }),
            "/policy/0/fresh_sign_in: Leave this out; it belongs to stages.",
        ),
        (
            json!({ "name": "r", "auto_approve": true, "decide_within": "0h" }),
            "/policy/0/decide_within: Write",
        ),
        (
            json!({ "name": "r", "auto_approve": true, "when": "1 +" }),
            "/policy/0/when: Write a CEL expression",
        ),
        (json!({ "name": "r", "stages": [] }), "/policy/0/stages: Write a list of at least one stage"),
        (
            json!({ "name": "r", "stages": [{ "name": "s", "seats": seats }], "rejections": 0 }),
            "/policy/0/rejections",
        ),
        (
            json!({ "name": "r", "stages": [{ "name": "s", "seats": seats }], "min_distinct_people": 21 }),
            "/policy/0/min_distinct_people: Write a whole number from 1 to 20.",
        ),
    ] {
        let faults = faults(&json!([rule]));
        assert!(faults.iter().any(|fault| fault.starts_with(told)), "{rule}: {faults:?}");
    }
    assert_eq!(faults(&json!([])).len(), 1);
    assert_eq!(faults(&json!({})).len(), 1);
    let twice = json!([{ "name": "r", "auto_approve": true }, { "name": "r", "auto_approve": true }]);
    assert_eq!(
        faults(&twice),
        [
            "/policy/1/name: Choose another name; r is taken above.",
            "/policy/1: Leave this rule out or move it up: r before it always applies.",
        ]
    );
}

#[test]
fn every_fault_of_a_stage_is_reported_with_its_pointer_and_what_to_write() {
    let seats = json!([{ "group": "Risk" }]);
    for (rule, told) in [
        (stage(json!({ "seats": seats })), "/policy/0/stages/0/name: Add a name."),
        (
            stage(json!({ "name": "s" })),
            "/policy/0/stages/0/seats: Add seats: this stage can never be filled",
        ),
        (
            stage(json!({ "name": "s", "seats": [] })),
            "/policy/0/stages/0/seats: Write a list of at least one",
        ),
        (stage(json!({ "name": "s", "seats": seats, "mode": "most" })), "/policy/0/stages/0/mode: Write"),
        (
            stage(json!({ "name": "s", "seats": seats, "mode": "any" })),
            "/policy/0/stages/0/any: Say how many",
        ),
        (
            stage(json!({ "name": "s", "seats": seats, "mode": "all", "any": 1 })),
            "/policy/0/stages/0/any: Write either",
        ),
        (
            stage(json!({ "name": "s", "seats": [{}] })),
            "/policy/0/stages/0/seats/0: Name one group, one permission or one account.",
        ),
        (
            stage(json!({ "name": "s", "seats": [{ "group": "A", "permission": "CanCheckRequest" }] })),
            "/policy/0/stages/0/seats/0: Name one group, one permission or one account.",
        ),
        (
            stage(json!({ "name": "s", "seats": [{ "account": "svc", "count": 2 }] })),
            "/policy/0/stages/0/seats/0/count: Write 1, or leave count out",
        ),
        (
            stage(json!({ "name": "s", "seats": [{ "account": "svc", "group": "A" }] })),
            "/policy/0/stages/0/seats/0: Name one group",
        ),
        (
            stage(json!({ "name": "s", "seats": [{ "group": "" }] })),
            "/policy/0/stages/0/seats/0/group: Write a group",
        ),
        (
            stage(json!({ "name": "s", "seats": [{ "permission": "CanFly" }] })),
            "/policy/0/stages/0/seats/0/permission: Write one of CanMakeRequest, CanCheckRequest",
        ),
        (
            stage(json!({ "name": "s", "seats": [{ "group": "A", "count": 1.5 }] })),
            "/policy/0/stages/0/seats/0/count",
        ),
        (
            stage(json!({ "name": "s", "any": 1, "seats": [{ "group": "A", "count": 1 }] })),
            "/policy/0/stages/0/seats/0/count: Leave count out",
        ),
        (
            stage(json!({ "name": "s", "seats": [{ "group": "A" }, { "group": "A" }] })),
            "/policy/0/stages/0/seats/1: Name A once",
        ),
        (
            json!({ "name": "r", "stages": [{ "name": "s", "seats": seats }, { "name": "s", "seats": seats }] }),
            "/policy/0/stages/1/name: Choose another name; s is taken above.",
        ),
    ] {
        let faults = faults(&json!([rule]));
        assert!(faults.iter().any(|fault| fault.starts_with(told)), "{rule}: {faults:?}");
    }
}

#[test]
fn every_fault_of_a_people_file_is_reported_with_its_pointer() {
    let told = |entries: Vec<PersonEntry>| {
        let faults = People::new(entries).unwrap_err();
        faults.into_iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect::<Vec<_>>()
    };
    assert_eq!(
        told(vec![entry("anna", &[]), entry("anna", &[])]),
        [
            "/people/1/name: Choose another name; anna is taken above.",
            "/people/1/accounts/0: Leave this account out; it is anna's.",
        ]
    );
    let nobody = PersonEntry { accounts: Vec::new(), name: String::new(), ..entry("x", &[" "]) };
    assert_eq!(told(vec![nobody]).len(), 3);
    assert!(told(vec![service("robot", &["anna"])])[0].starts_with("/people/0/owners/0: Name an entry"));
    assert_eq!(told(vec![service("one", &["two"]), service("two", &["one"]), entry("anna", &[])]).len(), 2);
}
