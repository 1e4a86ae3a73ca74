//! A submission is stored with all its rows, and is read as it was sent.

use countersign::domain::call::Call;
use countersign::domain::digest::Digest;
use countersign::domain::json;
use countersign::domain::request::State;
use countersign::engine::SubmissionInput;
use countersign::engine::trail::Trail;
use countersign::store::calls::{self, CallRow};
use countersign::store::compact_text::CompactText;
use countersign::store::{AnyConnection, to_micros};
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::json;

use crate::on_both_stores;
use crate::support::node::{
    ISSUE_BADGE, Node, PENDING_TTL, approval, auditor, badge, body_with, checker, key, maker, person, start,
};
use crate::support::stores::Database;

on_both_stores![
    a_submission_of_every_type_is_found_again_whole,
    a_submission_comes_with_its_three_events_and_who_caused_them,
    every_character_survives,
    submissions_of_one_batch_do_not_mix,
];

const EXAMPLES: [(&str, &str); 6] = [
    ("ISSUE-BADGE", ISSUE_BADGE),
    ("EARN-BADGE", include_str!("../fixtures/contract/earn-badge.request.json")),
    ("CUSTOMER-STATUS-CHANGE", include_str!("../fixtures/contract/customer-status-change.request.json")),
    ("POINTS-REDEMPTION", include_str!("../fixtures/contract/points-redemption.request.json")),
    ("GOODWILL-POINTS", include_str!("../fixtures/contract/goodwill-points.request.json")),
    ("RETRO-TRANSACTION", include_str!("../fixtures/contract/retro-transaction.request.json")),
];

fn call_row(node: &Node, request: &countersign::domain::request::Request) -> CallRow {
    let mut conn = node.store.read_connection().unwrap();
    let mut rows = calls::list(&mut conn, &[key(request)]).unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(&key(request)).unwrap()
}

async fn a_submission_of_every_type_is_found_again_whole(database: Database) {
    let node = Node::open(database);
    for (type_name, body) in EXAMPLES {
        let actor = maker();
        let submitting = SubmissionInput {
            actor: &actor,
            type_name,
            body: Ok(body.as_bytes()),
            idempotency_key: None,
            reference: "ref",
        };
        let said = node.engine.submit(submitting).await.unwrap().view;
        let found = node.engine.find(&maker(), said.request.id).await.unwrap();
        assert_eq!(found.request, said.request);
        assert_eq!(json::write(&found.task), json::write(&said.task));
        assert_eq!((&found.method, &found.url, &found.label), (&said.method, &said.url, &said.label));
        assert!(found.answer.is_none());
        let stored = node.stored(&found.request);
        assert_eq!((stored.read(), stored.folded()), (said.request.clone(), said.request.clone()));

        let row = call_row(&node, &found.request);
        let stored_call = row.unpack().unwrap();
        assert_eq!(Digest::of(&stored_call.call), found.request.digest);
        let call = Call::from_bytes(&stored_call.call).unwrap();
        assert_eq!((&call.method, &call.url), (&found.method, &found.url));
        assert_eq!(call.authority(), found.request.host);
        let shown = json::read(stored_call.echo().as_bytes()).unwrap();
        assert_eq!(Call::from_task(&shown).unwrap().digest(), found.request.digest);
    }
}

async fn a_submission_comes_with_its_three_events_and_who_caused_them(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    assert_eq!((request.state, request.version, request.sending.attempts), (State::AdminTask, 3, 0));
    assert_eq!((request.started_at, request.expires_at), (start(), start() + PENDING_TTL));
    let stored = node.stored(&request);
    assert_eq!(stored.event_types(), ["submitted", "maker_access_validated", "payload_validated"]);
    let moves: Vec<_> = stored.events.iter().map(|row| (row.seq, row.to_state.as_deref())).collect();
    assert_eq!(
        moves,
        [
            (Some(1), Some("ValidateMakerAccess")),
            (Some(2), Some("ValidatePayload")),
            (Some(3), Some("AdminTask"))
        ]
    );
    for row in &stored.events {
        assert_eq!(row.clone().into_event(&request).unwrap().by, person("maker"));
        assert_eq!(
            (row.at, row.format, row.reference.to_string()),
            (to_micros(start()), 1, "ref-submit".to_owned())
        );
        let token_id = maker().token_id.as_deref().map(CompactText::of);
        assert_eq!((&row.actor_token_id, &row.actor_address), (&token_id, &maker().source_address));
    }
    assert!(stored.decisions.is_empty() && stored.execution.is_none());
    let Trail { view, entries, .. } = node.engine.trail(&auditor(), request.id).await.unwrap();
    assert_eq!((&view.request, entries.len()), (&request, stored.events.len()));
    for (entry, row) in entries.into_iter().zip(stored.events) {
        assert_eq!((&entry.event_id, &entry.event_type), (&row.event_id.to_string(), &row.event_type));
        assert_eq!(entry.digest, request.digest);
        assert_eq!(entry.kind, Some(row.into_event(&request).unwrap().kind));
    }
}

async fn every_character_survives(database: Database) {
    let node = Node::open(database);
    let odd = "{\"NULL\",','}\\ \u{e9}e\u{301} \u{1f600} %_ $1 ;--";
    let mut actor = maker();
    actor.signer.person.user_name = odd.to_owned();
    actor.token_id = None;
    actor.source_address = None;
    let said = node.submit_body(&actor, &body_with("/entityInfo/tillId", json!(odd))).await.unwrap();
    let found = node.engine.find(&actor, said.request.id).await.unwrap().request;
    assert_eq!((&found.entity.till_id, &found.maker.user_name), (&odd.to_owned(), &odd.to_owned()));
    let stored = node.stored(&found);
    assert_eq!(stored.folded(), found);
    assert!(stored.events.iter().all(|row| row.actor_token_id.is_none() && row.actor_address.is_none()));
}

async fn submissions_of_one_batch_do_not_mix(database: Database) {
    let node = Node::open(database);
    let bodies: Vec<String> = (0..40).map(|number| badge(Some(&format!("id-{number}")))).collect();
    let actor = maker();
    let said = node.all_at_once(bodies.iter().map(|body| node.submit_body(&actor, body))).await;
    for (number, said) in said.into_iter().enumerate() {
        let said = said.unwrap();
        let found = node.engine.find(&actor, said.request.id).await.unwrap();
        assert_eq!(found.request, said.request);
        assert_eq!(found.task["body"]["requestId"], format!("id-{number}"));
        assert_eq!(Digest::of(&call_row(&node, &found.request).unpack().unwrap().call), found.request.digest);
        assert_eq!(node.stored(&found.request).folded(), found.request);
    }
}

/// Whether a connection waits for the table `calls`.
fn is_waited_for(conn: &mut AnyConnection) -> bool {
    #[derive(QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = BigInt)]
        waiting: i64,
    }
    let sql = "SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted AND relation = 'calls'::regclass";
    sql_query(sql).get_result::<Waiting>(conn).unwrap().waiting > 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reader_sees_one_instant_although_a_decision_falls_between_his_tables() {
    let node = Node::open(Database::postgres());
    let request = node.submit(&maker()).await;
    // A reader reads `requests` first; here it is blocked before it reads the other tables.
    let (mut gate, mut conn) = (node.conn(), node.conn());
    gate.batch_execute("BEGIN; LOCK TABLE calls").unwrap();
    let engine = node.engine.clone();
    let reader = tokio::spawn(async move { engine.find(&auditor(), request.id).await });
    while !is_waited_for(&mut conn) {
        tokio::task::yield_now().await;
    }
    let decided = node.decide(&checker("anna"), request.id, approval()).await.unwrap();
    gate.batch_execute("COMMIT").unwrap();
    let found = reader.await.unwrap().unwrap().request;
    assert_eq!(found, request);
    assert_eq!(node.engine.find(&auditor(), request.id).await.unwrap().request, decided);
}
