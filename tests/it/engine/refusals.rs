//! Refused submissions are kept, but no one can flood the table.

use chrono::TimeDelta;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::code::Code;
use countersign::domain::digest::Digest;
use countersign::engine::{DoorFault, EngineError, KeptRefusal, SubmissionInput};

use crate::on_both_stores;
use crate::support::node::{Node, actor, auditor, checker, maker, start};
use crate::support::stores::Database;

on_both_stores![
    a_refused_submission_is_kept_without_its_payload,
    a_person_gets_sixty_rows_a_minute_and_then_one_that_counts,
    refusals_are_walked_newest_first_each_once,
    refusals_are_seen_by_auditors_of_the_org_only,
];

async fn keep(node: &Node, actor: &Actor) -> Result<(), EngineError> {
    let fault = DoorFault { code: Code::PayloadInvalid, message: "Write a text.".to_owned(), field: None };
    let refused = SubmissionInput {
        actor,
        type_name: "ISSUE-BADGE",
        body: Err(&[fault]),
        idempotency_key: None,
        reference: "ref",
    };
    match node.engine.submit(refused).await {
        Err(EngineError::Unreadable(_)) => Ok(()),
        Err(error) => Err(error),
        Ok(submitted) => panic!("{submitted:?}"),
    }
}

async fn kept(node: &Node) -> Vec<KeptRefusal> {
    node.engine.refusals(&auditor(), None, 500).await.unwrap()
}

async fn a_refused_submission_is_kept_without_its_payload(database: Database) {
    let node = Node::open(database);
    let body = "{\"payload\": \"a secret\"}";
    let said = node.submit_body(&maker(), body).await;
    assert!(matches!(said, Err(EngineError::Invalid(_))));
    let rows = kept(&node).await;
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    assert_eq!((row.at, row.count, row.is_overflow), (start(), 1, false));
    assert_eq!((&row.actor.user_id[..], &row.request_type[..]), ("id-maker", "ISSUE-BADGE"));
    assert_eq!((&row.codes[..], &row.reference[..]), (&["payload_invalid".to_owned()][..], "ref-submit"));
    assert_eq!(row.digest, Some(Digest::of(body.as_bytes()).to_string()));
    assert!(!format!("{row:?}").contains("a secret"));
}

async fn a_person_gets_sixty_rows_a_minute_and_then_one_that_counts(database: Database) {
    let node = Node::open(database);
    let (author, other) = (maker(), actor("100", "other", &[Permission::Make]));
    for said in node.all_at_once((0..59).map(|_| keep(&node, &author))).await {
        said.unwrap();
    }
    assert_eq!(kept(&node).await.len(), 59);
    for said in node.all_at_once((0..8).map(|_| keep(&node, &author))).await {
        said.unwrap();
    }
    keep(&node, &author).await.unwrap();
    keep(&node, &other).await.unwrap();
    let count = |rows: &[KeptRefusal], name: &str, is_overflow: bool| {
        let mine = rows.iter().filter(|row| row.actor.user_id == name && row.is_overflow == is_overflow);
        mine.map(|row| row.count).collect::<Vec<i64>>()
    };
    let rows = kept(&node).await;
    assert_eq!(count(&rows, "id-maker", false), [1; 60]);
    assert_eq!(count(&rows, "id-maker", true), [8]);
    assert_eq!((count(&rows, "id-other", false), count(&rows, "id-other", true)), (vec![1], vec![]));

    node.clock.advance(TimeDelta::minutes(1));
    keep(&node, &author).await.unwrap();
    let rows = kept(&node).await;
    assert_eq!((count(&rows, "id-maker", false).len(), count(&rows, "id-maker", true)), (61, vec![8]));
}

async fn refusals_are_walked_newest_first_each_once(database: Database) {
    let node = Node::open(database);
    for number in 0..20 {
        keep(&node, &maker()).await.unwrap();
        // Some have the same time.
        node.clock.advance(TimeDelta::microseconds(i64::from(number % 3 == 0)));
    }
    let all = kept(&node).await;
    assert!(all.is_sorted_by(|one, next| (one.at, &one.id) > (next.at, &next.id)));
    for limit in [1, 3, 7, 20] {
        let mut walked: Vec<KeptRefusal> = Vec::new();
        loop {
            let after = walked.last().map(KeptRefusal::position);
            let page = node.engine.refusals(&auditor(), after, limit).await.unwrap();
            if page.is_empty() {
                break;
            }
            walked.extend(page);
        }
        assert_eq!(walked, all);
    }
}

async fn refusals_are_seen_by_auditors_of_the_org_only(database: Database) {
    let node = Node::open(database);
    keep(&node, &maker()).await.unwrap();
    let elsewhere = actor("200", "auditor", &[Permission::Audit]);
    assert!(node.engine.refusals(&elsewhere, None, 500).await.unwrap().is_empty());
    for other in [maker(), checker("anna")] {
        let said = node.engine.refusals(&other, None, 500).await;
        assert!(matches!(said, Err(EngineError::PermissionMissing(Permission::Audit))));
    }
    assert_eq!(kept(&node).await.len(), 1);
}
