//! What the program asks again and again reads no big table from end to end.

use std::sync::{Arc, Mutex};

use countersign::domain::ids::{OrgId, RequestId};
use countersign::domain::lifecycle::EventType;
use countersign::domain::request::State;
use countersign::store::decided_events::{self, Decisions};
use countersign::store::org_events::EventFilter;
use countersign::store::{
    AnyConnection, StoreError, event_summaries, executions, org_events, requests, sessions, to_micros,
};
use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Binary, Bool, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde_json::Value;

use crate::on_both_stores;
use crate::support::node::{Node, start};
use crate::support::stores::{Database, bytes_in_sql};

on_both_stores![
    no_periodic_query_reads_a_big_table_from_end_to_end,
    the_list_for_auditors_walks_an_index_whatever_is_asked,
    what_makers_and_checkers_are_counted_by_is_found_by_indexes,
];

/// Enough for the planner to prefer an index wherever there is one.
const ROWS: i64 = 20_000;

/// Rows as they are after a long time: nearly all have ended.
fn fill(conn: &mut AnyConnection) {
    let numbers = match conn {
        AnyConnection::Postgres(_) => format!("generate_series(1, {ROWS}) AS numbers (n)"),
        AnyConnection::Sqlite(_) => format!(
            "(WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})
              SELECT n FROM numbers) AS numbers"
        ),
    };
    let at = to_micros(start()) - ROWS * 1_000_000;
    // A time as the beginning of an id: twelve hexadecimal digits.
    let id = match conn {
        AnyConnection::Postgres(_) => "lpad(to_hex(at / 1000), 12, '0')",
        AnyConnection::Sqlite(_) => "printf('%012x', at / 1000)",
    };
    // After it the version, the variant, and a number.
    let id = match conn {
        AnyConnection::Postgres(_) => {
            format!("decode({id} || '70008000' || lpad(to_hex(n), 12, '0'), 'hex')")
        }
        AnyConnection::Sqlite(_) => format!("unhex({id} || '70008000' || printf('%012x', n))"),
    };
    let from = format!("(SELECT n, {at} + CAST(n AS BIGINT) * 1000000 AS at FROM {numbers}) AS times");
    conn.batch_execute(&format!(
        "INSERT INTO requests (org_id, request_id, request_type, type_version, state, version, attempts, digest, host,
             maker_iss, maker_sub, maker_user_id, maker_user_name, maker_key, till_id, store_id, zone_id, concept_id,
             started_at, expires_at, ended_at, terms, subject, waits_for, sort_at, execute_before)
         SELECT '100', {id}, 'T', {id}, CASE WHEN n % 1000 = 0 THEN 'unknown' WHEN n % 1000 = 1 THEN 'AdminTask'
                    WHEN n % 1000 = 2 THEN 'approved' ELSE 'executed' END,
                5, 0, {id}, 'h', 'i', 's', 'u', 'n', 'k', '', '', '', '', at, at + 100000000,
                CASE WHEN n % 1000 > 2 THEN at END, '{{}}', NULL, '', at, at + 100000000 FROM {from};
         INSERT INTO executions (org_id, request_id, host, state, token, node, leased_until, queued_at,
             due_at, ended_at, outcome)
         SELECT '100', {id}, 'h', CASE WHEN n % 1000 = 2 THEN 'queued' WHEN n % 1000 = 3 THEN 'claimed' ELSE 'ended' END,
                1, CASE WHEN n % 1000 = 3 THEN 'node' END, CASE WHEN n % 1000 = 3 THEN at END, at, at,
                CASE WHEN n % 1000 NOT IN (2, 3) THEN at END, CASE WHEN n % 1000 NOT IN (2, 3) THEN 'executed' END
         FROM {from};
         INSERT INTO events (org_id, event_id, request_id, seq, format, at, type, actor_iss, actor_sub, actor_user_id,
             actor_user_name, reference, data)
         SELECT '100', {id}, {id}, n, 1, at, CASE n % 5 WHEN 0 THEN 'submitted' WHEN 1 THEN 'maker_access_validated'
                    WHEN 2 THEN 'payload_validated' WHEN 3 THEN 'approved' ELSE 'executed' END,
                'i', 's', 'u', 'n', {id}, '{{}}' FROM {from};
         INSERT INTO events (org_id, event_id, format, at, type, actor_iss, actor_sub, actor_user_id, actor_user_name,
             reference, data)
         SELECT '', {id}, 1, at, CASE n % 2 WHEN 0 THEN 'rules_in_force' ELSE 'people_in_force' END,
                'countersign', 'system', 'system', 'system', {id}, '{{}}' FROM {from};
         INSERT INTO sessions (session_id, user_id, claims, org_id, created_at, last_seen_at, expires_at)
         SELECT 's' || n, 'u', '{{}}', '100', at, at, at + 1 FROM {from};
         ANALYZE"
    ))
    .unwrap();
}

/// EXPLAIN as a function: the column of its rows has a name with a space in it, which diesel can't read.
const PLAN: &str = "
    CREATE FUNCTION plan(statement text) RETURNS SETOF text LANGUAGE plpgsql
    AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || statement; END $$";

/// The statements that `work` sends, as diesel prints them, with their values.
fn sent(conn: &mut AnyConnection, work: impl FnOnce(&mut AnyConnection)) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            sink.lock().unwrap().push(query.to_string());
        }
    });
    work(conn);
    conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let seen = seen.lock().unwrap();
    seen.iter().filter(|query| query.contains("-- binds:")).cloned().collect()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    plan: String,
}

/// The plan of a statement that was sent with these values.
fn plan(conn: &mut AnyConnection, sent: &str) -> String {
    let (sql, binds) = sent.split_once("-- binds:").unwrap();
    let values: Vec<Value> = serde_json::from_str(binds.trim()).unwrap();
    let lines: Vec<Line> = match conn {
        AnyConnection::Postgres(conn) => {
            let mut sql = sql.to_owned();
            for (at, value) in values.iter().enumerate().rev() {
                sql = sql.replace(&format!("${}", at + 1), &literal(value));
            }
            sql_query("SELECT plan FROM plan($1) AS lines (plan)").bind::<Text, _>(sql).load(conn).unwrap()
        }
        AnyConnection::Sqlite(conn) => {
            let explained: BoxedSqlQuery<'_, diesel::sqlite::Sqlite, SqlQuery> =
                sql_query(format!("EXPLAIN QUERY PLAN {sql}")).into_boxed();
            let bound = values.iter().fold(explained, |query, value| match value {
                Value::String(text) => match RequestId::parse(text) {
                    Some(id) => query.bind::<Binary, _>(id.uuid().as_bytes().to_vec()),
                    None => query.bind::<Text, _>(text.clone()),
                },
                Value::Number(number) => query.bind::<BigInt, _>(number.as_i64().unwrap()),
                Value::Bool(flag) => query.bind::<Bool, _>(*flag),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    panic!("a value of another kind: {value}")
                }
            });
            let rows: Vec<Detail> = bound.load(conn).unwrap();
            rows.into_iter().map(|row| Line { plan: row.detail }).collect()
        }
    };
    lines.into_iter().map(|line| line.plan).collect::<Vec<_>>().join("\n")
}

#[derive(QueryableByName)]
struct Detail {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// A value as SQL; the program's own connections plan for the values at hand, too.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => RequestId::parse(text)
            .map_or_else(|| format!("'{text}'"), |id| bytes_in_sql(true, id.uuid().as_bytes())),
        Value::Number(number) => number.to_string(),
        Value::Array(values) => {
            format!("ARRAY[{}]", values.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Object(_) => panic!("a value of another kind: {value}"),
    }
}

type Query = fn(&mut AnyConnection) -> Result<(), StoreError>;

/// What is asked each second, each sweep, or with each sign-in; without the claim.
const PERIODIC: [(&str, Query); 7] = [
    ("the change feed's poll", |conn| {
        let types = [EventType::Approved, EventType::Executed];
        event_summaries::glance(
            conn,
            &OrgId::new("100"),
            (start() - chrono::TimeDelta::seconds(5), &types),
            5_000,
        )
        .map(drop)
    }),
    ("the change feed's poll for submissions", |conn| {
        let from = start() - chrono::TimeDelta::seconds(5);
        event_summaries::glance_submissions(conn, &OrgId::new("100"), from, 5_000).map(drop)
    }),
    ("the sweep of deadlines", |conn| requests::list_overdue(conn, start(), 500).map(drop)),
    ("the sweep of leases", |conn| executions::list_lapsed(conn, start(), 500).map(drop)),
    ("the gauge of unknown outcomes", |conn| requests::count_open(conn, State::Unknown).map(drop)),
    ("the gauge of overdue executions", |conn| executions::count_overdue(conn, start()).map(drop)),
    ("the expiry of sessions", |conn| {
        sessions::forget(conn, to_micros(start()) - 7 * 86_400_000_000, 100).map(drop)
    }),
];

async fn no_periodic_query_reads_a_big_table_from_end_to_end(database: Database) {
    let node = Node::open(database);
    fill(&mut node.conn());
    if node.database.is_postgres() {
        node.conn().batch_execute(PLAN).unwrap();
    }
    let mut conn = node.store.read_connection().unwrap();
    for (what, query) in PERIODIC {
        let statements = sent(&mut conn, |conn| query(conn).unwrap());
        assert!(!statements.is_empty(), "{what}");
        for statement in statements {
            let plan = plan(&mut conn, &statement);
            for table in ["requests", "executions", "events", "sessions"] {
                let scan = if node.database.is_postgres() {
                    plan.contains(&format!("Seq Scan on {table}"))
                } else {
                    // This index has the queued executions only, however many have ended.
                    plan.contains(&format!("SCAN {table}"))
                        && !plan.contains("SCAN executions USING COVERING INDEX executions_queued")
                };
                assert!(!scan, "{what}: {statement}\n{plan}");
            }
        }
    }
}

async fn the_list_for_auditors_walks_an_index_whatever_is_asked(database: Database) {
    let node = Node::open(database);
    fill(&mut node.conn());
    if node.database.is_postgres() {
        node.conn().batch_execute(PLAN).unwrap();
    }
    let mut conn = node.store.read_connection().unwrap();
    let from = to_micros(start()) - 3_600_000_000;
    let (user, system) = (Some("u".to_owned()), Some("system".to_owned()));
    let types = [EventType::Submitted, EventType::AttemptStarted, EventType::Refused, EventType::RulesStale]
        .map(Some);
    for event_type in [None].into_iter().chain(types) {
        for user_id in [None, user.clone(), system.clone(), Some("nobody".to_owned())] {
            for (from, before) in [(None, None), (Some(from), Some(from + 60_000_000))] {
                let filter = EventFilter { from, before, event_type, user_id: user_id.clone() };
                let statements = sent(&mut conn, |conn| {
                    org_events::newest(conn, &OrgId::new("100"), &filter, (None, 50)).map(drop).unwrap();
                });
                assert!(!statements.is_empty(), "{filter:?}");
                for statement in statements {
                    let plan = plan(&mut conn, &statement);
                    let is_scan = if node.database.is_postgres() {
                        plan.contains("Seq Scan on events")
                    } else {
                        plan.contains("SCAN events") || plan.contains("TEMP B-TREE")
                    };
                    assert!(!is_scan, "{filter:?}: {statement}\n{plan}");
                    let is_walk = statement.contains("ORDER BY");
                    let by_index =
                        ["events_by_type", "events_by_person", "events_begun", "events_of_no_request"];
                    assert!(
                        !is_walk || by_index.iter().any(|name| plan.contains(name)),
                        "{filter:?}: {statement}\n{plan}"
                    );
                }
            }
        }
    }
}

async fn what_makers_and_checkers_are_counted_by_is_found_by_indexes(database: Database) {
    let node = Node::open(database);
    fill(&mut node.conn());
    if node.database.is_postgres() {
        node.conn().batch_execute(PLAN).unwrap();
    }
    let mut conn = node.store.read_connection().unwrap();
    if node.database.is_postgres() {
        // As for everything that is read by key.
        conn.batch_execute("SET enable_seqscan = off").unwrap();
    }
    let (org, before) = (OrgId::new("100"), to_micros(start()));
    let statements = sent(&mut conn, |conn| {
        let types = [EventType::Approved, EventType::Rejected];
        let mut walk = Decisions::of(types, (before - 3_600_000_000, before));
        let mut times = Vec::new();
        for wanted in [60, 40, 1_000] {
            let rows = walk.next(conn, &org, wanted).unwrap();
            let ids: Vec<_> = rows.iter().filter_map(|row| row.request_id).collect();
            decided_events::makers(conn, &org, &ids[..20]).unwrap();
            decided_events::submitted(conn, &org, &ids[..20]).unwrap();
            times.extend(rows.iter().map(|row| row.at));
        }
        // One of five in an hour, each once, and the last one first.
        assert_eq!(times.len(), 720);
        assert!(times.is_sorted_by(|one, next| one > next));
        assert!(walk.next(conn, &org, 10).unwrap().is_empty());
    });
    for statement in statements {
        let plan = plan(&mut conn, &statement);
        for table in ["requests", "events"] {
            let scan = if node.database.is_postgres() { "Seq Scan on " } else { "SCAN " };
            assert!(!plan.contains(&format!("{scan}{table}")), "{statement}\n{plan}");
        }
        assert!(!statement.contains("ORDER BY") || plan.contains("events_by_type"), "{statement}\n{plan}");
    }
}
