//! An idempotency key names one request, also when it is sent twice at once.

use countersign::domain::actor::Permission;
use countersign::domain::request::State;
use countersign::engine::Submitted;
use futures_util::future::join_all;

use crate::on_both_stores;
use crate::support::node::{Node, actor, checker, maker, rejection};
use crate::support::pay_out::type_file;
use crate::support::payments::{
    decide_payment, payment_body, payment_rules, refused_admission, submit_payment,
};
use crate::support::stores::Database;

on_both_stores![
    a_client_key_names_one_request,
    one_client_key_twice_at_once_is_one_request,
    a_client_key_is_answered_although_the_type_has_changed,
];

async fn a_client_key_names_one_request(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", ""), None));
    let body = payment_body("a", 1);
    let first = submit_payment(&node.engine, &maker(), &body, Some("key-1")).await.unwrap();
    assert!(!first.is_replay);
    let id = first.view.request.id;
    decide_payment(&node.engine, &checker("anna"), id, rejection()).await.unwrap();
    let again = submit_payment(&node.engine, &maker(), &body, Some("key-1")).await.unwrap();
    assert!(again.is_replay);
    assert_eq!((again.view.request.id, again.view.request.state), (id, State::Rejected));

    let other_body = submit_payment(&node.engine, &maker(), &payment_body("a", 2), Some("key-1")).await;
    assert_eq!(refused_admission(other_body), "idempotency_key_reused");
    let someone_else = actor("100", "somebody", &[Permission::Make]);
    assert_eq!(
        refused_admission(submit_payment(&node.engine, &someone_else, &body, Some("key-1")).await),
        "idempotency_key_reused"
    );
    let elsewhere = actor("200", "maker", &[Permission::Make]);
    assert!(!submit_payment(&node.engine, &elsewhere, &body, Some("key-1")).await.unwrap().is_replay);
    assert!(!submit_payment(&node.engine, &maker(), &body, Some("key-2")).await.unwrap().is_replay);
}

async fn one_client_key_twice_at_once_is_one_request(database: Database) {
    let rules = payment_rules(&type_file("", ""), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let (body, author) = (payment_body("a", 1), maker());
    let here = (0..5).map(|_| submit_payment(&node.engine, &author, &body, Some("key")));
    let there = (0..5).map(|_| submit_payment(&other, &author, &body, Some("key")));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    let said: Vec<Submitted> = here.into_iter().chain(there).map(Result::unwrap).collect();
    assert_eq!(said.iter().filter(|said| !said.is_replay).count(), 1);
    assert!(said.iter().all(|all| all.view.request.id == said[0].view.request.id));
}

async fn a_client_key_is_answered_although_the_type_has_changed(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", ""), None));
    let body = payment_body("a", 1);
    let first = submit_payment(&node.engine, &maker(), &body, Some("key")).await.unwrap();
    let stricter = type_file("", "").replace("type = \"number\"", "type = \"string\"");
    node.engine.put_in_force(payment_rules(&stricter, None)).await.unwrap();
    assert!(submit_payment(&node.engine, &maker(), &body, None).await.is_err());
    let again = submit_payment(&node.engine, &maker(), &body, Some("key")).await.unwrap();
    assert_eq!(again.view.request.id, first.view.request.id);
}
