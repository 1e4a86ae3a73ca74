//! The index catches up with what happened, whatever goes wrong, and one person finds what they may read.

use chrono::TimeDelta;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::ids::RequestId;
use countersign::domain::request::State;
use countersign::domain::search::{MATCHES_MAX, Query, WordSet};
use countersign::engine::Engine;
use countersign::engine::search::{Found, SearchInput, SearchPosition};
use countersign::store::search::index::{self, Document};
use countersign::store::search::queue;
use diesel::connection::{Connection, SimpleConnection};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::on_both_stores;
use crate::support::node::{Node, actor, auditor, checker, embedded, maker, rejection};
use crate::support::stores::Database;

on_both_stores![
    what_was_not_indexed_before_a_stop_is_indexed_after_it,
    a_write_that_fails_leaves_everything_in_the_queue,
    several_nodes_index_every_request_once,
    a_request_that_can_not_be_read_is_found_by_its_id_and_stops_no_other,
    the_lag_is_the_age_of_what_waits_longest,
    the_newest_ten_thousand_matches_are_looked_at,
];

fn input(words: &str, after: Option<SearchPosition>, limit: usize) -> SearchInput {
    SearchInput { query: Query::parse(words).unwrap(), states: Vec::new(), request_type: None, after, limit }
}

async fn finds(engine: &Engine, by: &Actor, words: &str) -> Vec<RequestId> {
    let found = engine.search_rows(by, input(words, None, 50)).await.unwrap();
    found.rows.into_iter().map(|row| row.request.id).collect()
}

fn waiting(node: &Node) -> usize {
    queue::oldest(&mut node.conn(), i64::MAX).unwrap().len()
}

async fn what_was_not_indexed_before_a_stop_is_indexed_after_it(database: Database) {
    let node = Node::open(database);
    let [first, second] = [node.submit(&maker()).await, node.submit(&maker()).await];
    node.decide(&checker("anna"), second.id, rejection()).await.unwrap();
    assert_eq!((waiting(&node), finds(&node.engine, &auditor(), "maker").await), (3, vec![]));
    // Whatever the first node knew is gone.
    let other = node.start_other();
    other.index_all().await.unwrap();
    assert_eq!(finds(&other, &auditor(), "maker").await, [second.id, first.id]);
    assert_eq!(finds(&other, &auditor(), "anna@example.com").await, [second.id]);
    assert_eq!(waiting(&node), 0);
}

async fn a_write_that_fails_leaves_everything_in_the_queue(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let (begin, end) = if node.database.is_postgres() {
        (
            "ALTER TABLE search_words ADD CONSTRAINT refuses CHECK (document < 0)",
            "ALTER TABLE search_words DROP CONSTRAINT refuses",
        )
    } else {
        (
            "CREATE TRIGGER refuses BEFORE INSERT ON search_documents BEGIN SELECT RAISE(ABORT, 'refused'); END",
            "DROP TRIGGER refuses",
        )
    };
    node.conn().batch_execute(begin).unwrap();
    assert!(node.engine.index_all().await.is_err());
    assert_eq!((waiting(&node), finds(&node.engine, &auditor(), "maker").await), (1, vec![]));
    node.conn().batch_execute(end).unwrap();
    node.engine.index_all().await.unwrap();
    assert_eq!((waiting(&node), finds(&node.engine, &auditor(), "maker").await), (0, vec![request.id]));
}

async fn several_nodes_index_every_request_once(database: Database) {
    let node = Node::open(database);
    let others = [node.start_other(), node.start_other()];
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(node.submit(&maker()).await.id);
    }
    let engines = [&node.engine, &others[0], &others[1]];
    for indexed in join_all(engines.map(Engine::index_all)).await {
        indexed.unwrap();
    }
    // One that met another at it left the rest to it.
    node.engine.index_all().await.unwrap();
    ids.reverse();
    for engine in engines {
        assert_eq!(finds(engine, &auditor(), "maker").await, ids);
    }
    assert_eq!(waiting(&node), 0);
}

async fn a_request_that_can_not_be_read_is_found_by_its_id_and_stops_no_other(database: Database) {
    let node = Node::open(database);
    let [first, damaged, last] =
        [node.submit(&maker()).await, node.submit(&maker()).await, node.submit(&maker()).await];
    let table = if node.database.is_postgres() { " ON calls" } else { "" };
    node.conn().batch_execute(&format!("DROP TRIGGER IF EXISTS calls_never_change{table}")).unwrap();
    let id = node.database.id(damaged.id);
    let nothing = no_call(&node);
    assert_eq!(node.execute(&format!("UPDATE calls SET packed = {nothing} WHERE request_id = {id}")), Ok(1));
    node.engine.index_all().await.unwrap();
    assert_eq!(finds(&node.engine, &auditor(), "maker").await, [last.id, first.id]);
    assert_eq!(finds(&node.engine, &auditor(), &damaged.id.to_string()).await, [damaged.id]);
    assert_eq!(waiting(&node), 0);
}

/// Bytes that no call is packed as.
fn no_call(node: &Node) -> String {
    crate::support::stores::bytes_in_sql(node.database.is_postgres(), b"nothing")
}

async fn the_lag_is_the_age_of_what_waits_longest(database: Database) {
    let node = Node::open(database);
    let lag = async || node.engine.search_rows(&auditor(), input("maker", None, 5)).await.unwrap().lag;
    assert_eq!(lag().await, TimeDelta::zero());
    node.submit(&maker()).await;
    node.clock.advance(TimeDelta::seconds(7));
    node.submit(&maker()).await;
    assert_eq!(lag().await, TimeDelta::seconds(7));
    node.engine.index_all().await.unwrap();
    assert_eq!((lag().await, node.engine.search_lag()), (TimeDelta::zero(), TimeDelta::zero()));
    let metrics = node.engine.metrics().render(0);
    assert!(metrics.contains("countersign_search_lag_seconds 0.0"), "{metrics}");
}

/// So many requests more than are looked at.
const MORE: usize = 40;

async fn the_newest_ten_thousand_matches_are_looked_at(database: Database) {
    let node = Node::with_rules(database, embedded());
    // The oldest one is the only one that is rejected.
    let oldest = node.submit(&maker()).await;
    node.decide(&checker("anna"), oldest.id, rejection()).await.unwrap();
    node.engine.index_all().await.unwrap();
    let like = node.submit(&maker()).await;
    node.engine.index_all().await.unwrap();
    let ids = copy_many(&node, &like.id.to_string(), MATCHES_MAX + MORE);
    let newest = *ids.last().unwrap();

    let page = node.engine.search_rows(&auditor(), input("common", None, 3)).await.unwrap();
    let first: Vec<RequestId> = page.rows.iter().map(|row| row.request.id).collect();
    assert_eq!((first[0], first.len(), page.is_cut), (newest, 3, false));
    let next = node.engine.search_rows(&auditor(), input("common", page.next, 2)).await.unwrap();
    let next: Vec<RequestId> = next.rows.iter().map(|row| row.request.id).collect();
    let expected: Vec<RequestId> = ids.iter().rev().skip(3).take(2).copied().collect();
    assert_eq!(next, expected);

    // A state is part of what is sought, so it does not matter how many others there are.
    let rejected = SearchInput { states: vec![State::Rejected], ..input("maker", None, 3) };
    let found = node.engine.search_rows(&auditor(), rejected).await.unwrap();
    assert_eq!((found.rows[0].request.id, found.rows.len(), found.is_cut), (oldest.id, 1, false));
    // A maker of one of them hears nothing of the others.
    let nobody = actor("100", "nobody", &[Permission::Make]);
    let found = node.engine.search_rows(&nobody, input("common", None, 3)).await.unwrap();
    assert_eq!((found.rows.len(), found.is_cut), (0, false));
    // A page that begins near the end ends there.
    let last = ids[ids.len() - MATCHES_MAX + 1];
    let place = SearchPosition::new(last, Some(i64::try_from(MATCHES_MAX - 1).unwrap()));
    let Found { rows, next, is_cut, .. } =
        node.engine.search_rows(&auditor(), input("common", Some(place), 3)).await.unwrap();
    let rows: Vec<RequestId> = rows.iter().map(|row| row.request.id).collect();
    assert_eq!((rows, next, is_cut), (vec![ids[ids.len() - MATCHES_MAX]], None, true));
}

/// Copies a request, and indexes the copies under one word. Returns their ids in their order.
fn copy_many(node: &Node, id: &str, copies: usize) -> Vec<RequestId> {
    let mut conn = node.conn();
    let like = node.database.id(RequestId::parse(id).unwrap());
    let columns = "request_type, type_version, state, version, attempts, digest, host, maker_iss, maker_sub, \
         maker_user_id, maker_user_name, maker_key, till_id, store_id, zone_id, concept_id, started_at, expires_at, \
         ended_at, terms, subject, waits_for, sort_at, execute_before, open_attempt, ambiguous, inferred, \
         settlement_words, probes, revision, send_backs, comments";
    let (numbers, number) = crate::store::numbered(&node.database, i64::try_from(copies).unwrap());
    conn.batch_execute(&format!(
        "INSERT INTO requests (org_id, request_id, {columns}) SELECT org_id, {number}, {columns} FROM {numbers}, requests \
             WHERE request_id = {like};
         INSERT INTO search_queue (org_id, request_id, at) SELECT '100', {number}, 0 FROM {numbers} ORDER BY i"
    ))
    .unwrap();
    let queued = queue::oldest(&mut conn, i64::MAX).unwrap();
    assert_eq!(queued.len(), copies);
    let document = |queued: queue::Queued| {
        let mut words = WordSet::of_id(&queued.key.0, queued.key.1);
        words.add("common");
        Document { words: words.text(), positions: vec![queued.position], key: queued.key }
    };
    let documents: Vec<Document> = queued.into_iter().map(document).collect();
    for chunk in documents.chunks(1_000) {
        let written = Connection::transaction(&mut conn, |conn| index::write(conn, chunk)).unwrap();
        assert_eq!(written, chunk.len());
    }
    (1..=copies).map(|number| RequestId::new(Uuid::from_u128(u128::try_from(number).unwrap()))).collect()
}
