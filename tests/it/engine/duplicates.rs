//! A second open request on the same subject.

use countersign::domain::actor::Permission;
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::request::State;
use futures_util::future::join_all;

use crate::on_both_stores;
use crate::support::claims::{begin, ends};
use crate::support::node::{Node, actor, approval, badge, checker, maker, submit_to};
use crate::support::pay_out::type_file;
use crate::support::payments::{
    decide_payment, payment, payment_body, payment_rules, refused_admission, submit_payment,
};
use crate::support::stores::Database;

on_both_stores![
    a_second_request_on_a_subject_is_refused_until_the_first_has_ended,
    two_at_once_on_one_subject_are_never_both_admitted,
    a_second_request_on_a_subject_is_admitted_with_a_warning,
    a_request_whose_outcome_is_unknown_is_still_open,
    a_request_whose_outcome_is_unknown_is_a_finding_of_the_next,
    an_id_by_which_a_target_recognises_a_repeat_belongs_to_one_open_request,
    two_at_once_with_one_id_are_never_both_admitted,
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

async fn a_request_whose_outcome_is_unknown_is_still_open(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("duplicates = \"block\"", ""), None));
    let first = payment(&node, "a", 1).await;
    decide_payment(&node.engine, &checker("anna"), first.id, approval()).await.unwrap();
    let held = begin(&node.engine, 1).await;
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Ambiguous).await);
    assert_eq!(node.stored(&first).read().state, State::Unknown);
    let second = submit_payment(&node.engine, &maker(), &payment_body("a", 2), None).await;
    assert_eq!(refused_admission(second), "duplicate_pending");
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Executed).await);
    payment(&node, "a", 2).await;
}

async fn a_request_whose_outcome_is_unknown_is_a_finding_of_the_next(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("duplicates = \"warn\"", ""), None));
    let anna = checker("anna");
    let first = payment(&node, "a", 1).await;
    decide_payment(&node.engine, &anna, first.id, approval()).await.unwrap();
    let held = begin(&node.engine, 1).await;
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Ambiguous).await);
    let second = payment(&node, "a", 2).await;
    let is_found = async || {
        let view = node.engine.find(&anna, second.id).await.unwrap();
        let found = node.engine.explain(&anna, &view).await.unwrap().findings;
        found.iter().any(|finding| finding.code.name() == "subject_pending")
    };
    assert!(is_found().await);
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Failed).await);
    assert!(!is_found().await);
}

/// The badge with this id, for this host.
fn badge_at(id: &str, host: &str) -> String {
    badge(Some(id)).replace("https://api.example.com", host)
}

async fn an_id_by_which_a_target_recognises_a_repeat_belongs_to_one_open_request(database: Database) {
    let node = Node::open(database);
    let author = maker();
    let body = badge_at("one", "https://api.example.com");
    let is_refused = async || {
        assert_eq!(refused_admission(node.submit_body(&author, &body).await), "repeat_key_in_use");
    };
    let first = node.submit_body(&author, &body).await.unwrap().request;
    is_refused().await;
    // Another id, another host, another org: the target can tell them apart.
    node.submit_body(&author, &badge_at("two", "https://api.example.com")).await.unwrap();
    node.submit_body(&author, &badge_at("one", "https://other.example.com")).await.unwrap();
    node.submit_body(&actor("200", "maker", &[Permission::Make]), &body).await.unwrap();

    node.withdraw(&author, first.id).await.unwrap();
    let second = node.submit_body(&author, &body).await.unwrap().request;
    node.decide(&checker("anna"), second.id, approval()).await.unwrap();
    is_refused().await;
    let held = begin(&node.engine, 1).await;
    is_refused().await;
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Executed).await);
    node.submit_body(&author, &body).await.unwrap();
}

async fn two_at_once_with_one_id_are_never_both_admitted(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let (body, author) = (badge(Some("one")), maker());
    let submit = |engine| {
        let (author, body) = (&author, &body);
        async move { submit_to(engine, author, body).await }
    };
    let here = (0..4).map(|_| submit(&node.engine));
    let there = (0..4).map(|_| submit(&other));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    let (admitted, refused): (Vec<_>, Vec<_>) = here.into_iter().chain(there).partition(Result::is_ok);
    assert_eq!(admitted.len(), 1);
    for said in refused {
        assert_eq!(refused_admission(said), "repeat_key_in_use");
    }
}
