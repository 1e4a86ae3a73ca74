//! Claiming: one statement that does what the domain says, and walks an index whatever the backlog is.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};
use countersign::domain::ids::RequestId;
use countersign::domain::slots::{DueCalls, Grant};
use countersign::store::claims::{self, Lease, NodeTime};
use countersign::store::{AnyConnection, executions, requests};
use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::Value;

use super::numbered;
use crate::on_both_stores;
use crate::support::claims::LEASE;
use crate::support::node::{Node, key};
use crate::support::stores::{Database, bytes_in_sql};

on_both_stores![
    a_claim_does_what_the_domain_says,
    a_renewal_extends_only_the_leases_that_are_held,
    what_is_due_is_counted_by_host_and_org,
    periodic_statements_walk_an_index_whatever_the_backlog_is,
    a_shared_database_tells_the_time_of_leases,
];

const HOST: &str = "api.example.com";

fn lease(node: &Node) -> Lease {
    Lease { node: "a node".to_owned(), now: node.clock.now(), lasts: LEASE }
}

fn time(node: &Node) -> NodeTime {
    NodeTime { now: node.clock.now(), injected: Some(node.clock.now()) }
}

async fn a_claim_does_what_the_domain_says(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let mut expected = node.stored(&request).execution.unwrap();
    let grants = [Grant { host: HOST.to_owned(), org: request.org.clone(), count: 5 }];
    for _ in 0..2 {
        let lease = lease(&node);
        expected.claim(&lease.node, lease.now + lease.lasts).unwrap();
        let claimed = claims::claim(&mut node.conn(), &grants, &lease).unwrap();
        assert_eq!(claimed, [expected.clone()]);
        assert_eq!(node.stored(&request).execution, Some(expected.clone()));
        // Neither claims what is claimed already.
        assert!(claims::claim(&mut node.conn(), &grants, &lease).unwrap().is_empty());
        assert!(expected.claim("another", lease.now).is_err());

        let due_at = node.clock.now() + TimeDelta::seconds(1);
        let token_before = expected.token;
        expected.release(token_before, due_at).unwrap();
        let update = executions::ExecutionUpdate { execution: expected.clone(), token_before };
        executions::save(&mut node.conn(), &[update]).unwrap();
        assert!(claims::claim(&mut node.conn(), &grants, &lease).unwrap().is_empty(), "it is not due");
        node.clock.advance(TimeDelta::seconds(1));
    }
}

async fn a_renewal_extends_only_the_leases_that_are_held(database: Database) {
    let node = Node::open(database);
    let [held, lost, queued] = [node.approved().await, node.approved().await, node.approved().await];
    let grants = [Grant { host: HOST.to_owned(), org: held.org.clone(), count: 2 }];
    assert_eq!(claims::claim(&mut node.conn(), &grants, &lease(&node)).unwrap().len(), 2);
    let before = [&held, &lost, &queued].map(|request| node.stored(request).execution.unwrap());
    node.clock.advance(TimeDelta::seconds(5));
    let leases = [(key(&held), 1), (key(&lost), 7), (key(&queued), 0)];
    assert_eq!(claims::renew(&mut node.conn(), &leases, time(&node), LEASE).unwrap(), 1);
    let after = [&held, &lost, &queued].map(|request| node.stored(request).execution.unwrap());
    assert_eq!(after[1..], before[1..]);
    let until = node.clock.now() + LEASE;
    assert!(after[0].is_lapsed(until) && !after[0].is_lapsed(until - TimeDelta::microseconds(1)));
}

async fn what_is_due_is_counted_by_host_and_org(database: Database) {
    let node = Node::open(database);
    fill(&node);
    let conn = &mut node.conn();
    let due = claims::list_due(conn, time(&node), &[], 8).unwrap();
    assert_eq!(due.now, node.clock.now());
    assert_eq!(due.calls.len(), PAIRS);
    assert!(due.calls.iter().all(|calls| calls.count == 8), "{:?}", due.calls);
    let full = ["host-1".to_owned(), "host-3".to_owned()];
    let others = claims::list_due(conn, time(&node), &full, 8).unwrap().calls;
    let expected = due.calls.iter().filter(|calls| !full.contains(&calls.host)).cloned();
    assert_eq!(others, expected.collect::<Vec<_>>());
    let early = NodeTime { injected: Some(node.clock.now() - TimeDelta::days(1)), ..time(&node) };
    assert!(claims::list_due(conn, early, &[], 8).unwrap().calls.is_empty());
}

async fn a_shared_database_tells_the_time_of_leases(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let grants = [Grant { host: HOST.to_owned(), org: request.org.clone(), count: 1 }];
    claims::claim(&mut node.conn(), &grants, &lease(&node)).unwrap();
    // This node's clock has stopped.
    let wrong = NodeTime { now: DateTime::UNIX_EPOCH, injected: None };
    let before = claims::database_now(&mut node.conn(), wrong).unwrap();
    assert_eq!(claims::renew(&mut node.conn(), &[(key(&request), 1)], wrong, LEASE).unwrap(), 1);
    let after = claims::database_now(&mut node.conn(), wrong).unwrap();
    let execution = node.stored(&request).execution.unwrap();
    assert!(!execution.is_lapsed(before + LEASE - TimeDelta::microseconds(1)));
    assert!(execution.is_lapsed(after + LEASE));
    if node.database.is_postgres() {
        assert!(before > DateTime::UNIX_EPOCH + TimeDelta::days(365 * 50), "{before}");
    } else {
        assert_eq!((before, after), (wrong.now, wrong.now), "the process is the database");
    }
}

/// Rows that wait, and the pairs of host and org that they are of.
const BACKLOG: i64 = 20_000;
const PAIRS: usize = 20;
/// Most rows that one statement may read: a twentieth of the backlog.
const READ_MAX: i64 = BACKLOG / 20;

/// Fills the queue past the engine: ten hosts, two orgs each, and a few that are claimed.
fn fill(node: &Node) {
    let conn = &mut node.conn();
    let now = countersign::store::to_micros(node.clock.now());
    // None of these has a request.
    let free = if node.database.is_postgres() {
        "ALTER TABLE executions DROP CONSTRAINT executions_org_id_request_id_fkey"
    } else {
        "PRAGMA foreign_keys = OFF"
    };
    let (numbers, id) = numbered(&node.database, BACKLOG);
    conn.batch_execute(free).unwrap();
    conn.batch_execute(&format!(
        "INSERT INTO executions (org_id, request_id, host, state, token, queued_at, due_at) \
         SELECT CAST(100 + i % 2 AS TEXT), {id}, 'host-' || CAST(i / 2 % 10 AS TEXT), 'queued', 0, \
         {now} - i, {now} - i FROM {numbers}"
    ))
    .unwrap();
    conn.batch_execute(&format!(
        "UPDATE executions SET state = 'claimed', node = 'a node', leased_until = {now}, token = 1 \
         WHERE ({now} - queued_at) % 100 = 77; ANALYZE executions"
    ))
    .unwrap();
}

/// Everything that runs every second or more often; `ran` hears of each when it is done.
fn run_periodic(node: &Node, conn: &mut AnyConnection, ran: &mut dyn FnMut(&mut AnyConnection, &str)) {
    let now = node.clock.now();
    let due = claims::list_due(conn, time(node), &["host-5".to_owned()], 8).unwrap();
    ran(conn, "list what is due");
    let grant = |calls: DueCalls| Grant { host: calls.host, org: calls.org, count: 4 };
    let grants: Vec<Grant> = due.calls.into_iter().map(grant).collect();
    let claimed = claims::claim(conn, &grants, &lease(node)).unwrap();
    ran(conn, "claim");
    assert_eq!(claimed.len(), 4 * (PAIRS - 2));
    let held: Vec<_> = claimed.iter().map(|execution| (execution.key(), execution.token)).collect();
    assert_eq!(claims::renew(conn, &held, time(node), LEASE).unwrap(), held.len());
    ran(conn, "renew");
    assert_eq!(executions::list_lapsed(conn, now, 50).unwrap().len(), 50);
    ran(conn, "list lapsed leases");
    assert_eq!(executions::count_overdue(conn, now - TimeDelta::days(1)).unwrap(), 0);
    ran(conn, "count what is overdue");
    assert!(requests::list_overdue(conn, now, 50).unwrap().is_empty());
    ran(conn, "list passed deadlines");
}

async fn periodic_statements_walk_an_index_whatever_the_backlog_is(database: Database) {
    let node = Node::open(database);
    fill(&node);
    let mut conn = node.conn();
    match &mut conn {
        AnyConnection::Postgres(_) => reads_few_rows(&node, &mut conn),
        AnyConnection::Sqlite(_) => plans_no_scan(&node, &mut conn),
    }
}

/// By what the server itself counts in a transaction.
fn reads_few_rows(node: &Node, conn: &mut AnyConnection) {
    #[derive(QueryableByName)]
    struct Reads {
        #[diesel(sql_type = BigInt)]
        by_scan: i64,
        #[diesel(sql_type = BigInt)]
        by_index: i64,
    }
    conn.batch_execute("BEGIN").unwrap();
    let (mut before, mut read) = (0, Vec::new());
    run_periodic(node, conn, &mut |conn, what| {
        let sql = "SELECT seq_tup_read AS by_scan, idx_tup_fetch AS by_index \
                   FROM pg_stat_xact_user_tables \
                   WHERE relname = 'executions' AND schemaname = current_schema()";
        let reads: Reads = diesel::sql_query(sql).get_result(conn).unwrap();
        assert_eq!(reads.by_scan, 0, "to {what}, rows were read without an index");
        read.push((what.to_owned(), reads.by_index - before));
        before = reads.by_index;
    });
    conn.batch_execute("COMMIT").unwrap();
    assert!(read.iter().all(|(_, rows)| *rows < READ_MAX), "{read:?}");
}

/// Collects the statements, and asks for the plan of each.
fn plans_no_scan(node: &Node, conn: &mut AnyConnection) {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let statements = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&statements);
    let AnyConnection::Sqlite(sqlite) = conn else { panic!("this is for SQLite") };
    sqlite.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            seen.lock().unwrap().push(query.to_string());
        }
    });
    run_periodic(node, conn, &mut |_, _| {});
    let statements = std::mem::take(&mut *statements.lock().unwrap());
    assert!(statements.len() > 5, "{statements:?}");
    for statement in &statements {
        let sql = format!("EXPLAIN QUERY PLAN {}", with_values(statement));
        let plan: Vec<Step> = diesel::sql_query(sql).load(conn).unwrap();
        for Step { detail } in plan.iter().filter(|step| step.detail.contains("executions")) {
            assert!(detail.contains(" INDEX ") || detail.contains(" PRIMARY KEY "), "{detail}: {statement}");
        }
        assert!(plan.iter().all(|step| !step.detail.contains("TEMP B-TREE")), "it sorts: {statement}");
    }
}

/// The statement with the values that were bound to it, for which SQLite chooses the plan.
fn with_values(statement: &str) -> String {
    let Some((sql, values)) = statement.split_once(" -- binds: ") else { return statement.to_owned() };
    let values: Vec<Value> = serde_json::from_str(&values.replace("\\u{10ffff}", "\u{10ffff}"))
        .unwrap_or_else(|error| panic!("{error}: {statement}"));
    let mut parts = sql.split('?');
    let mut text = parts.next().unwrap().to_owned();
    for (part, value) in parts.zip(values) {
        text += &match value {
            Value::String(value) => RequestId::parse(&value)
                .map_or_else(|| format!("'{value}'"), |id| bytes_in_sql(false, id.uuid().as_bytes())),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                value.to_string()
            }
        };
        text += part;
    }
    text
}
