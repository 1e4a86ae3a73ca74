//! Changed rules: what is pinned to a request, and what is checked again before its call is sent.

use countersign::domain::request::State;

use crate::on_both_stores;
use crate::support::claims::claim;
use crate::support::node::{Node, approval, checker, refused_code};
use crate::support::pay_out::type_file;
use crate::support::payments::{PEOPLE, decide_payment, in_group, one_stage, payment, payment_rules};
use crate::support::stores::Database;

on_both_stores![
    a_running_request_keeps_the_version_it_was_submitted_under,
    signers_are_checked_again_before_the_call_is_sent,
];

async fn a_running_request_keeps_the_version_it_was_submitted_under(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", &one_stage("Risk")), None));
    node.engine.put_in_force((*node.engine.rules()).clone()).await.unwrap();
    let old = payment(&node, "a", 1).await;
    let changed = payment_rules(&type_file("", &one_stage("Finance")), None);
    node.engine.put_in_force(changed.clone()).await.unwrap();
    let new = payment(&node, "b", 1).await;
    assert_ne!(old.type_version, new.type_version);
    // Another process never had the old version in force; it reads it from the store.
    let other = node.start_other_with(changed);
    for engine in [&node.engine, &other] {
        let fay = in_group("fay", "Finance");
        assert_eq!(refused_code(decide_payment(engine, &fay, old.id, approval()).await), "not_in_stage");
    }
    decide_payment(&other, &in_group("rita", "Risk"), old.id, approval()).await.unwrap();
    decide_payment(&other, &in_group("fay", "Finance"), new.id, approval()).await.unwrap();
}

async fn signers_are_checked_again_before_the_call_is_sent(database: Database) {
    let file = type_file("recheck_at_execution = true", &one_stage("Risk"));
    let node = Node::with_rules(database, payment_rules(&file, Some(PEOPLE)));
    let changes: [(&str, &str, &str); 4] = [
        ("accounts = [\"sub-maker\"]", "accounts = [\"sub-maker\"]\nactive = false", "maker"),
        ("accounts = [\"sub-rita\", \"sub-rita-two\"]", "active = false\naccounts = [\"sub-rita\"]", "rita"),
        (
            "accounts = [\"sub-rita\", \"sub-rita-two\"]\ngroups = [\"Risk\"]",
            "accounts = [\"sub-rita\"]",
            "rita",
        ),
        (
            "accounts = [\"sub-maker\"]",
            "accounts = [\"sub-maker\", \"sub-x\"]\n[[people]]\nname = \"Y\"\naccounts = [\"sub-y\"]",
            "",
        ),
    ];
    for (at, (before, after, who)) in changes.into_iter().enumerate() {
        node.engine.put_in_force(payment_rules(&file, Some(PEOPLE))).await.unwrap();
        let request = payment(&node, &format!("c{at}"), 1).await;
        decide_payment(&node.engine, &checker("rita"), request.id, approval()).await.unwrap();
        node.engine.put_in_force(payment_rules(&file, Some(&PEOPLE.replace(before, after)))).await.unwrap();
        let claimed = claim(&node.engine).await;
        let started = node.engine.start_attempt(&claimed.held).await.unwrap();
        assert_eq!(started.is_some(), who.is_empty(), "{after}");
        let found = node.stored(&request);
        if who.is_empty() {
            assert_eq!(found.read().state, State::Approved);
        } else {
            assert_eq!((found.read().state, found.attempts.len()), (State::Failed, 0));
            let message = found.events.last().unwrap().message.clone().unwrap();
            assert!(message.contains(who), "{message}");
        }
    }
}
