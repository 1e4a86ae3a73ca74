//! A second open request on the same subject.

use futures_util::future::join_all;

use crate::on_both_stores;
use crate::support::node::{Node, maker};
use crate::support::pay_out::type_file;
use crate::support::payments::{payment, payment_body, payment_rules, refused_admission, submit_payment};
use crate::support::stores::Database;

on_both_stores![
    a_second_request_on_a_subject_is_refused_until_the_first_has_ended,
    two_at_once_on_one_subject_are_never_both_admitted,
    a_second_request_on_a_subject_is_admitted_with_a_warning,
];

async fn a_second_request_on_a_subject_is_refused_until_the_first_has_ended(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("duplicates = \"block\"", ""), None));
    let first = payment(&node, "a", 1).await;
    payment(&node, "b", 1).await;
    let second = submit_payment(&node.engine, &maker(), &payment_body("a", 2), None).await;
    assert_eq!(refused_admission(second), "duplicate_pending");
    node.withdraw(&maker(), first.id).await.unwrap();
    payment(&node, "a", 2).await;
}

async fn two_at_once_on_one_subject_are_never_both_admitted(database: Database) {
    let rules = payment_rules(&type_file("duplicates = \"block\"", ""), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let (body, author) = (payment_body("a", 1), maker());
    let here = (0..4).map(|_| submit_payment(&node.engine, &author, &body, None));
    let there = (0..4).map(|_| submit_payment(&other, &author, &body, None));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    assert_eq!(here.iter().chain(&there).filter(|said| said.is_ok()).count(), 1);
}

async fn a_second_request_on_a_subject_is_admitted_with_a_warning(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("duplicates = \"warn\"", ""), None));
    let first = payment(&node, "a", 1).await;
    assert!(first.terms.warnings.is_empty());
    let second = payment(&node, "a", 2).await;
    assert_eq!(second.terms.warnings[0].code.name(), "duplicate_pending");
    assert!(second.terms.warnings[0].message.contains(&first.id.to_string()));
}
