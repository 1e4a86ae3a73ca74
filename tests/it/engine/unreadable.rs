//! A row that can't be read stops itself only: the loop and the sweeps go on with the others.

use chrono::TimeDelta;
use countersign::domain::execution::ExecutionState;
use countersign::domain::request::{Request, State};
use countersign::store::compact_text::CompactText;
use diesel::connection::SimpleConnection;

use crate::on_both_stores;
use crate::support::claims::{LEASE, claim, claim_all};
use crate::support::node::{Node, PENDING_TTL, maker};
use crate::support::stores::{Database, bytes_in_sql};

on_both_stores![
    an_execution_that_can_not_be_read_is_set_aside_and_the_others_are_claimed,
    an_unreadable_row_of_the_queue_does_not_stop_the_others,
    a_lapsed_execution_that_can_not_be_read_does_not_stop_the_sweep,
    an_overdue_request_that_can_not_be_read_does_not_stop_the_sweep,
];

/// Columns of `requests`, each with a value that can't be read.
const DAMAGES: [(&str, &str); 2] = [
    // A version of the type that is not kept.
    ("type_version", "gone"),
    ("waits_for", "["),
];

/// Puts a value into a column of the request, whatever the database says; returns the one that was there.
fn put(node: &Node, request: &Request, column: &str, value: &str) -> String {
    let row = node.stored(request).request;
    let table = if node.database.is_postgres() { " ON requests" } else { "" };
    let dropped = format!("DROP TRIGGER IF EXISTS requests_revision_never_changes{table}");
    node.conn().batch_execute(&dropped).unwrap();
    let id = node.database.id(request.id);
    let value = match column {
        "type_version" => bytes_in_sql(node.database.is_postgres(), CompactText::of(value).as_bytes()),
        _ => format!("'{value}'"),
    };
    let sql = format!("UPDATE requests SET {column} = {value} WHERE request_id = {id}");
    assert_eq!(node.execute(&sql), Ok(1));
    match column {
        "type_version" => row.type_version.into(),
        "waits_for" => row.waits_for,
        other => panic!("{other} is not damaged here"),
    }
}

fn set_aside(node: &Node) -> usize {
    let text = node.engine.metrics().render(0);
    let counted = text.lines().find_map(|line| line.strip_prefix("countersign_executions_set_aside_total "));
    counted.unwrap().parse().unwrap()
}

async fn an_execution_that_can_not_be_read_is_set_aside_and_the_others_are_claimed(database: Database) {
    let node = Node::open(database);
    for (count, (column, value)) in DAMAGES.into_iter().enumerate() {
        let [first, damaged, last] = [node.approved().await, node.approved().await, node.approved().await];
        let whole = put(&node, &damaged, column, value);
        let claimed: Vec<_> = claim_all(&node.engine).await.iter().map(|one| one.held.key.1).collect();
        assert_eq!(claimed, [first.id, last.id], "{column}");
        assert_eq!(set_aside(&node), count + 1);
        let execution = node.stored(&damaged).execution.unwrap();
        let due_at = node.clock.now() + TimeDelta::minutes(1);
        assert_eq!((execution.state, execution.due_at), (ExecutionState::Queued, due_at));

        put(&node, &damaged, column, &whole);
        assert!(claim_all(&node.engine).await.is_empty());
        node.clock.advance(TimeDelta::minutes(1));
        assert_eq!(claim(&node.engine).await.held.key.1, damaged.id);
    }
}

async fn an_unreadable_row_of_the_queue_does_not_stop_the_others(database: Database) {
    let node = Node::open(database);
    let [damaged, whole] = [node.approved().await, node.approved().await];
    // No calendar has this instant.
    let id = node.database.id(damaged.id);
    let sql = format!("UPDATE executions SET queued_at = {} WHERE request_id = {id}", i64::MAX);
    assert_eq!(node.execute(&sql), Ok(1));
    let claimed: Vec<_> = claim_all(&node.engine).await.iter().map(|one| one.held.key.1).collect();
    assert_eq!(claimed, [whole.id]);
    node.clock.advance(LEASE);
    assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 2);
    assert_eq!(node.stored(&whole).execution.unwrap().state, ExecutionState::Queued);
    assert_eq!(set_aside(&node), 1);
}

async fn a_lapsed_execution_that_can_not_be_read_does_not_stop_the_sweep(database: Database) {
    let node = Node::open(database);
    for (count, (column, value)) in DAMAGES.into_iter().enumerate() {
        let [damaged, whole] = [node.approved().await, node.approved().await];
        for claimed in claim_all(&node.engine).await {
            assert_eq!(node.engine.start_attempt(&claimed.held).await.unwrap(), Some(1));
        }
        let was = put(&node, &damaged, column, value);
        node.clock.advance(LEASE);
        assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 2);
        assert_eq!(node.stored(&whole).read().state, State::Unknown, "{column}");
        assert_eq!(set_aside(&node), count + 1);
        assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 0, "it is left alone for a while");
        put(&node, &damaged, column, &was);
        node.clock.advance(TimeDelta::minutes(1));
        assert_eq!(node.engine.settle_lapsed(&[]).await.unwrap(), 1);
        assert_eq!(node.stored(&damaged).read().state, State::Unknown);
    }
}

async fn an_overdue_request_that_can_not_be_read_does_not_stop_the_sweep(database: Database) {
    let node = Node::open(database);
    let [damaged, whole] = [node.submit(&maker()).await, node.submit(&maker()).await];
    put(&node, &damaged, "waits_for", "[");
    node.clock.advance(PENDING_TTL);
    assert_eq!(node.engine.expire_overdue().await.unwrap(), 2);
    assert_eq!(node.stored(&whole).read().state, State::Expired);
    assert_eq!(set_aside(&node), 1);
    assert_eq!(node.engine.expire_overdue().await.unwrap(), 0, "it is left alone for a while");
}
