//! The index catches up with what happened, whatever goes wrong, and one person finds what they may read.

use chrono::TimeDelta;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::ids::RequestId;
use countersign::domain::request::State;
use countersign::domain::search::{MATCHES_MAX, Query, WordSet};
use countersign::engine::Engine;
use countersign::engine::search::{Found, SearchInput, SearchPosition};
use countersign::store::search::backlogs::{self, BacklogRow};
use countersign::store::search::index::{self, Document};
use countersign::store::search::schema::search_documents;
use countersign::store::to_micros;
use diesel::connection::{Connection, SimpleConnection};
use diesel::prelude::*;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::on_both_stores;
use crate::support::node::{Node, actor, auditor, badge, checker, embedded, maker, rejection, submit_to};
use crate::support::stores::Database;

on_both_stores![
    what_was_not_indexed_before_a_stop_is_indexed_after_it,
    a_node_that_indexes_everything_leaves_no_backlog_in_the_store,
    a_backlog_of_many_orgs_and_pages_is_walked_to_its_end,
    a_write_that_fails_leaves_everything_in_the_backlog,
    what_changes_between_reading_and_writing_is_read_again,
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

/// Whether the store knows of a backlog.
fn has_backlog(node: &Node) -> bool {
    backlogs::waits_since(&mut node.conn()).unwrap().is_some()
}

/// So long after a node's last sign of life others take over what it had to index.
const ABANDONED_AFTER: TimeDelta = TimeDelta::seconds(61);

async fn what_was_not_indexed_before_a_stop_is_indexed_after_it(database: Database) {
    let node = Node::open(database);
    let [first, second] = [node.submit(&maker()).await, node.submit(&maker()).await];
    node.decide(&checker("anna"), second.id, rejection()).await.unwrap();
    assert_eq!((has_backlog(&node), finds(&node.engine, &auditor(), "maker").await), (true, vec![]));
    // Whatever the first node knew is gone; for another one it might still be there.
    let other = node.start_other();
    other.index_all().await.unwrap();
    assert_eq!(finds(&other, &auditor(), "maker").await, []);
    node.clock.advance(ABANDONED_AFTER);
    other.index_all().await.unwrap();
    let mut found = finds(&other, &auditor(), "maker").await;
    found.sort();
    assert_eq!(found, [first.id, second.id]);
    assert_eq!(finds(&other, &auditor(), "anna@example.com").await, [second.id]);
    assert!(!has_backlog(&node));
}

async fn a_node_that_indexes_everything_leaves_no_backlog_in_the_store(database: Database) {
    let node = Node::open(database);
    for _ in 0..3 {
        let request = node.submit(&maker()).await;
        assert!(has_backlog(&node));
        node.engine.index_all().await.unwrap();
        assert!(!has_backlog(&node));
        // Nothing but the change itself says that there is something to do again.
        node.decide(&checker("anna"), request.id, rejection()).await.unwrap();
        assert!(has_backlog(&node));
        node.engine.index_all().await.unwrap();
        assert!(!has_backlog(&node));
        assert_eq!(finds(&node.engine, &auditor(), &request.id.to_string()).await, [request.id]);
    }
}

async fn a_backlog_of_many_orgs_and_pages_is_walked_to_its_end(database: Database) {
    let node = Node::with_rules(database, embedded());
    let like = node.submit(&maker()).await;
    node.engine.index_all().await.unwrap();
    // More than one part of a walk meets, at one instant, and of more orgs than one part asks for.
    copy(&node, &like.id.to_string(), ("'100'", 2_500));
    copy(&node, &like.id.to_string(), ("'other-' || i", 300));
    let row = BacklogRow { node: "gone".to_owned(), since: to_micros(node.clock.now()), renewed_at: 0 };
    backlogs::put(&mut node.conn(), &row).unwrap();
    node.engine.index_all().await.unwrap();
    assert!(!has_backlog(&node));
    let documents: i64 = search_documents::table.count().get_result(&mut node.conn()).unwrap();
    assert_eq!(documents, 2_801);
}

async fn a_write_that_fails_leaves_everything_in_the_backlog(database: Database) {
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
    assert_eq!((has_backlog(&node), finds(&node.engine, &auditor(), "maker").await), (true, vec![]));
    node.conn().batch_execute(end).unwrap();
    node.engine.index_all().await.unwrap();
    assert_eq!(
        (has_backlog(&node), finds(&node.engine, &auditor(), "maker").await),
        (false, vec![request.id])
    );
}

async fn what_changes_between_reading_and_writing_is_read_again(database: Database) {
    let node = Node::open(database);
    let [old, rolled_back] = [node.submit(&maker()).await, node.submit(&maker()).await];
    let document = |id, version, word: &str| {
        let mut words = WordSet::of_id(&maker().org, id);
        words.add(word);
        Document { key: (maker().org.clone(), id), version, words: words.text() }
    };
    let mut conn = node.conn();
    let mut write = |documents: &[Document]| {
        Connection::transaction(&mut conn, |conn| index::write(conn, documents)).unwrap().unwrap()
    };
    let later = Some(old.version + 1);
    assert_eq!(write(&[document(old.id, later, "early")]), [(maker().org.clone(), old.id)]);
    assert_eq!(write(&[document(old.id, None, "early")]), [(maker().org.clone(), old.id)]);
    assert_eq!(write(&[document(RequestId::nil(), None, "early")]), []);
    assert_eq!(finds(&node.engine, &auditor(), "early").await, []);
    let both = [document(old.id, Some(old.version), "right"), document(rolled_back.id, Some(0), "wrong")];
    assert_eq!(write(&both), [(maker().org.clone(), rolled_back.id)]);
    assert_eq!(finds(&node.engine, &auditor(), "right").await, [old.id]);
    assert_eq!(finds(&node.engine, &auditor(), "wrong").await, []);
}

async fn several_nodes_index_every_request_once(database: Database) {
    let node = Node::open(database);
    let others = [node.start_other(), node.start_other()];
    let mut ids = Vec::new();
    let engines = [&node.engine, &others[0], &others[1]];
    // Each has a part of them to index.
    for engine in engines.iter().cycle().take(21) {
        ids.push(submit_to(engine, &maker(), &badge(None)).await.unwrap().request.id);
    }
    for indexed in join_all(engines.map(Engine::index_all)).await {
        indexed.unwrap();
    }
    // One that met another at it tries again later.
    for engine in engines {
        engine.index_all().await.unwrap();
    }
    assert!(!has_backlog(&node));
    for engine in engines {
        let mut found = finds(engine, &auditor(), "maker").await;
        // They stand in the order in which they were indexed.
        found.sort();
        assert_eq!(found, ids);
    }
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
    assert!(!has_backlog(&node));
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
    copy(node, id, ("'100'", copies));
    let ids: Vec<RequestId> =
        (1..=copies).map(|number| RequestId::new(Uuid::from_u128(u128::try_from(number).unwrap()))).collect();
    let document = |id: &RequestId| {
        let mut words = WordSet::of_id(&maker().org, *id);
        words.add("common");
        Document { key: (maker().org.clone(), *id), version: Some(1), words: words.text() }
    };
    let documents: Vec<Document> = ids.iter().map(document).collect();
    let mut conn = node.conn();
    for chunk in documents.chunks(1_000) {
        let changed = Connection::transaction(&mut conn, |conn| index::write(conn, chunk)).unwrap().unwrap();
        assert_eq!(changed, []);
    }
    ids
}

/// Copies a request so many times, in version 1, into the orgs that this expression of `i` names.
fn copy(node: &Node, id: &str, (org, copies): (&str, usize)) {
    let like = node.database.id(RequestId::parse(id).unwrap());
    let columns = "request_type, type_version, state, attempts, digest, host, maker_iss, maker_sub, \
         maker_user_id, maker_user_name, maker_key, till_id, store_id, zone_id, concept_id, started_at, expires_at, \
         ended_at, terms, subject, waits_for, sort_at, execute_before, open_attempt, ambiguous, inferred, \
         settlement_words, probes, revision, send_backs, comments";
    let (numbers, number) = crate::store::numbered(&node.database, i64::try_from(copies).unwrap());
    let statement = format!(
        "INSERT INTO requests (org_id, request_id, version, {columns}) SELECT {org}, {number}, 1, {columns} \
             FROM {numbers}, requests WHERE request_id = {like}"
    );
    assert_eq!(node.execute(&statement), Ok(copies));
}
