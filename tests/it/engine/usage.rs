//! Limits over many requests: what counts, what is freed again, and two nodes at once.

use std::cell::Cell;

use chrono::TimeDelta;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::request::Request;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::on_both_stores;
use crate::support::claims::{begin, ends};
use crate::support::node::{Node, actor, approval, checker, maker, rejection};
use crate::support::pay_out::type_file;
use crate::support::payments::{
    LIMITED, PEOPLE, carry_out, decide_payment, payment, payment_body, payment_rules, refused_admission,
    submit_payment, tried_payment, usage,
};
use crate::support::stores::Database;

on_both_stores![
    a_limit_is_kept_within_one_batch,
    a_negative_amount_frees_nothing,
    no_interleaving_exceeds_a_limit,
    a_limit_is_kept_across_two_nodes,
    a_request_that_is_not_executed_frees_its_share,
    a_limit_that_is_nearly_used_up_is_a_finding,
    a_sum_that_overflows_the_counter_is_refused,
    a_new_window_starts_at_zero,
    a_limit_is_one_persons_under_every_account,
    a_limit_of_two_accounts_is_one_once_the_people_file_joins_them,
    two_people_have_a_limit_each,
];

async fn a_limit_is_kept_within_one_batch(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", LIMITED), None));
    let bodies: Vec<String> = (0..10).map(|number| payment_body(&format!("c{number}"), 30)).collect();
    let author = maker();
    let all = bodies.iter().map(|body| submit_payment(&node.engine, &author, body, None));
    let said = node.all_at_once(all).await;
    let (admitted, refused): (Vec<_>, Vec<_>) = said.into_iter().partition(Result::is_ok);
    assert_eq!((admitted.len(), refused.len()), (3, 7), "three times 30 fit under 100");
    assert!(refused.into_iter().all(|refused| refused_admission(refused) == "refused_by_rule"));
    assert_eq!(usage(&node), [(3, "90".to_owned())]);
}

/// Submissions at once: the amount of each, and which of two nodes it goes to.
fn crowd() -> impl Strategy<Value = Vec<(i64, bool)>> {
    proptest::collection::vec((1..60_i64, any::<bool>()), 1..16)
}

async fn no_interleaving_exceeds_a_limit(database: Database) {
    let rules = payment_rules(&type_file("", LIMITED), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let case = Cell::new(0);
    let play = async |crowd: Vec<(i64, bool)>| {
        // Each case has its own maker, and so its own counter.
        case.set(case.get() + 1);
        let author = actor("100", &format!("maker-{}", case.get()), &[Permission::Make]);
        let bodies: Vec<String> = crowd.iter().map(|(points, _)| payment_body("a", *points)).collect();
        let all = crowd.iter().zip(&bodies).map(|((_, is_here), body)| {
            submit_payment(if *is_here { &node.engine } else { &other }, &author, body, None)
        });
        let said = join_all(all).await;
        let admitted: Vec<i64> = crowd
            .iter()
            .zip(&said)
            .filter(|(_, said)| said.is_ok())
            .map(|((points, _), _)| *points)
            .collect();
        assert!(admitted.iter().sum::<i64>() <= 100 && admitted.len() <= 4, "{admitted:?} of {crowd:?}");
        let left = 100 - admitted.iter().sum::<i64>();
        let refused = crowd.iter().zip(&said).filter(|(_, said)| said.is_err());
        let is_needless = |points: i64| points <= left && admitted.len() < 4;
        assert!(!refused.map(|((points, _), _)| *points).any(is_needless), "{admitted:?} of {crowd:?}");
    };
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    block_in_place(|| {
        TestRunner::new(config).run(&crowd(), |crowd| {
            Handle::current().block_on(play(crowd));
            Ok(())
        })
    })
    .unwrap();
}

async fn a_negative_amount_frees_nothing(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", LIMITED), None));
    payment(&node, "a", -60).await;
    assert_eq!(usage(&node), [(1, "60".to_owned())]);
    assert_eq!(
        refused_admission(submit_payment(&node.engine, &maker(), &payment_body("b", 50), None).await),
        "refused_by_rule"
    );
    let kept = payment(&node, "c", 40).await;
    node.withdraw(&maker(), kept.id).await.unwrap();
    assert_eq!(usage(&node), [(1, "60".to_owned())]);
}

async fn a_limit_is_kept_across_two_nodes(database: Database) {
    let rules = payment_rules(&type_file("", LIMITED), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let bodies: Vec<String> = (0..10).map(|number| payment_body(&format!("c{number}"), 11)).collect();
    let author = maker();
    let here = bodies.iter().map(|body| submit_payment(&node.engine, &author, body, None));
    let there = bodies.iter().map(|body| submit_payment(&other, &author, body, None));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    let admitted = here.iter().chain(&there).filter(|said| said.is_ok()).count();
    assert_eq!(admitted, 4, "four in a day, whichever node they come in by");
    assert_eq!(usage(&node), [(4, "44".to_owned())]);
}

async fn a_request_that_is_not_executed_frees_its_share(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", LIMITED), None));
    let full = payment(&node, "a", 90).await;
    assert_eq!(
        refused_admission(submit_payment(&node.engine, &maker(), &payment_body("b", 20), None).await),
        "refused_by_rule"
    );
    node.withdraw(&maker(), full.id).await.unwrap();
    assert_eq!(usage(&node), [(0, "0".to_owned())]);

    let rejected = payment(&node, "c", 90).await;
    decide_payment(&node.engine, &checker("anna"), rejected.id, rejection()).await.unwrap();
    let failed = payment(&node, "d", 90).await;
    decide_payment(&node.engine, &checker("anna"), failed.id, approval()).await.unwrap();
    carry_out(&node, AttemptOutcome::Failed).await;
    let taken_back = payment(&node, "g", 90).await;
    decide_payment(&node.engine, &checker("anna"), taken_back.id, approval()).await.unwrap();
    node.withdraw(&maker(), taken_back.id).await.unwrap();
    let carried_out = payment(&node, "e", 30).await;
    decide_payment(&node.engine, &checker("anna"), carried_out.id, approval()).await.unwrap();
    carry_out(&node, AttemptOutcome::Executed).await;
    let unknown = payment(&node, "f", 40).await;
    decide_payment(&node.engine, &checker("anna"), unknown.id, approval()).await.unwrap();
    let held = begin(&node.engine, 1).await;
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Ambiguous).await);
    assert_eq!(usage(&node), [(2, "70".to_owned())], "what was done, or may have been, counts");
    // A late answer says that it was not done.
    assert!(ends(&node.engine, &held, 1, AttemptOutcome::Failed).await);
    assert_eq!(usage(&node), [(1, "30".to_owned())]);
}

async fn a_limit_that_is_nearly_used_up_is_a_finding(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", LIMITED), None));
    let anna = checker("anna");
    let is_warned = async |request: &Request| {
        let view = node.engine.find(&anna, request.id).await.unwrap();
        let found = node.engine.explain(&anna, &view).await.unwrap().findings;
        found.iter().any(|finding| finding.code.name() == "limit_nearly_used_up")
    };
    let first = payment(&node, "a", 79).await;
    assert!(!is_warned(&first).await);
    let second = payment(&node, "b", 1).await;
    assert!(is_warned(&first).await && is_warned(&second).await);
}

async fn a_sum_that_overflows_the_counter_is_refused(database: Database) {
    let free = LIMITED.replace("usage.day.sum.plus(request.amount).atMost(100) && ", "");
    let node = Node::with_rules(database, payment_rules(&type_file("", &free), None));
    let amount = format!("7{}", "0".repeat(28));
    let huge = payment_body("a", 1).replace("\"points\":1", &format!("\"points\":{amount}"));
    submit_payment(&node.engine, &maker(), &huge, None).await.unwrap();
    assert_eq!(
        refused_admission(submit_payment(&node.engine, &maker(), &huge, None).await),
        "condition_failed"
    );
    assert_eq!(usage(&node), [(1, amount)]);
}

async fn a_new_window_starts_at_zero(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", LIMITED), None));
    payment(&node, "a", 100).await;
    assert_eq!(
        refused_admission(submit_payment(&node.engine, &maker(), &payment_body("b", 1), None).await),
        "refused_by_rule"
    );
    let other = actor("100", "another", &[Permission::Make]);
    submit_payment(&node.engine, &other, &payment_body("b", 100), None).await.unwrap();
    node.clock.advance(TimeDelta::days(1));
    payment(&node, "b", 100).await;
}

/// A maker with this subject and this user id.
fn account(sub: &str, user_id: &str) -> Actor {
    let mut maker = actor("100", "anybody", &[Permission::Make]);
    (maker.signer.person.sub, maker.signer.person.user_id) = (sub.to_owned(), user_id.to_owned());
    maker
}

fn makes(name: &str) -> Actor {
    actor("100", name, &[Permission::Make])
}

/// What the first account leaves of the limit is all that the second has; what it gives back, too.
async fn share_a_limit(node: &Node, first: &Actor, second: &Actor) {
    let told = format!("{:?} {:?}", first.person, second.person);
    let (large, small) = (payment_body("a", 90), payment_body("b", 20));
    let kept = submit_payment(&node.engine, first, &large, None).await.unwrap().view.request;
    assert_eq!(tried_payment(&node.engine, second, &small).await, Some("refused_by_rule"), "{told}");
    let over = submit_payment(&node.engine, second, &small, None).await;
    assert_eq!(refused_admission(over), "refused_by_rule", "{told}");
    node.withdraw(first, kept.id).await.unwrap();
    assert_eq!(tried_payment(&node.engine, second, &small).await, None, "{told}");
    let kept = submit_payment(&node.engine, second, &small, None).await.unwrap().view.request;
    let over = submit_payment(&node.engine, first, &large, None).await;
    assert_eq!(refused_admission(over), "refused_by_rule", "{told}");
    node.withdraw(second, kept.id).await.unwrap();
}

async fn a_limit_is_one_persons_under_every_account(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", LIMITED), Some(PEOPLE)));
    for (first, second) in [
        (makes("rita"), makes("rita-two")),
        (makes("rita"), account("SUB-RITA", "id-other")),
        (makes("robot"), makes("rita")),
        (account("s-1", "u-1"), account("s-1", "u-2")),
        (account("s-3", "u-3"), account("s-4", "u-3")),
        (account("S-5", "u-5"), account("s-5", "u-6")),
        (account("s-7", "U-7"), account("s-8", "u-7")),
        (account("same", "same"), account("same", "u-9")),
    ] {
        share_a_limit(&node, &first, &second).await;
    }
}

async fn a_limit_of_two_accounts_is_one_once_the_people_file_joins_them(database: Database) {
    let limited = type_file("", LIMITED);
    let node = Node::with_rules(database, payment_rules(&limited, None));
    for name in ["rita", "rita-two"] {
        submit_payment(&node.engine, &makes(name), &payment_body("a", 40), None).await.unwrap();
    }
    node.engine.put_in_force(payment_rules(&limited, Some(PEOPLE))).await.unwrap();
    for name in ["rita", "rita-two"] {
        let (much, little) = (payment_body("b", 21), payment_body("b", 20));
        assert_eq!(tried_payment(&node.engine, &makes(name), &much).await, Some("refused_by_rule"));
        assert_eq!(tried_payment(&node.engine, &makes(name), &little).await, None);
    }
    // The checkers of what waited before are told how much is used up by both.
    let kept = submit_payment(&node.engine, &makes("rita"), &payment_body("b", 5), None).await.unwrap();
    let told = node.engine.explain(&checker("anna"), &kept.view).await.unwrap().findings;
    assert!(told.iter().any(|found| found.sentence.contains("85")), "{told:?}");
}

async fn two_people_have_a_limit_each(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", LIMITED), Some(PEOPLE)));
    for by in [makes("rita"), makes("rob"), account("s-1", "u-1"), account("s-2", "u-2")] {
        submit_payment(&node.engine, &by, &payment_body("a", 90), None).await.unwrap();
    }
}
