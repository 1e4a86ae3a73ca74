//! A subscriber that was away for long has a long backlog, and a look at it costs no more than at a short one.

use countersign::domain::ids::RequestId;
use countersign::store::{AnyConnection, deliveries};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::numbered;
use crate::on_both_stores;
use crate::support::node::{Node, start};
use crate::support::stores::Database;

on_both_stores![a_look_at_a_long_backlog_reads_few_rows, an_earlier_event_of_a_request_goes_first];

/// Waiting deliveries, and what a look may read of them.
const BACKLOG: i64 = 5_000;
const READ_MAX: i64 = 100;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// One event each of many requests, all due at once; without statistics, as when they have just come.
fn fill(node: &Node, conn: &mut AnyConnection) {
    let (numbers, id) = numbered(&node.database, BACKLOG);
    conn.batch_execute(&insert(&format!("SELECT {id} AS id, i AS number, 3 AS seq FROM {numbers}"))).unwrap();
}

fn insert(ids: &str) -> String {
    format!(
        "INSERT INTO deliveries (org_id, delivery_id, subscription, request_id, seq, request_type, event_type,
             from_state, to_state, created_at, state, attempts, due_at)
         SELECT '100', 'd' || CAST(seq AS TEXT) || '-' || CAST(number AS TEXT), 'one', id, seq, 'T', 'submitted', NULL, 'AdminTask', 1, 'waiting', 0, 1
         FROM ({ids}) AS ids"
    )
}

async fn a_look_at_a_long_backlog_reads_few_rows(database: Database) {
    let node = Node::open(database);
    // With the settings of the writer, whose transactions look.
    let conn = &mut node.store.open_writer().unwrap();
    fill(&node, conn);
    if node.database.is_postgres() {
        conn.batch_execute("BEGIN").unwrap();
        assert_eq!(deliveries::list_due(conn, "one", start(), 4).unwrap().len(), 4);
        let read = "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::BIGINT AS number \
                    FROM pg_stat_xact_user_tables WHERE relname = 'deliveries' AND schemaname = current_schema()";
        let Number { number } = sql_query(read).get_result(conn).unwrap();
        conn.batch_execute("COMMIT").unwrap();
        assert!((4..READ_MAX).contains(&number), "{number} rows were read");
        return;
    }
    assert_eq!(deliveries::list_due(conn, "one", start(), 4).unwrap().len(), 4);
    let plan: Vec<Step> = sql_query(
        "EXPLAIN QUERY PLAN SELECT * FROM deliveries WHERE subscription = 'one' AND deliveries.state = 'waiting' \
         AND due_at <= 5 AND (SELECT seq FROM deliveries AS earlier WHERE earlier.subscription = deliveries.subscription \
         AND earlier.org_id = deliveries.org_id AND earlier.request_id = deliveries.request_id \
         AND earlier.seq < deliveries.seq AND earlier.ended_at IS NULL LIMIT 1) IS NULL \
         ORDER BY due_at, delivery_id",
    )
    .load(conn)
    .unwrap();
    let plan: Vec<String> = plan.into_iter().map(|step| step.detail).collect();
    assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{plan:?}");
    assert!(plan.iter().any(|step| step.contains("deliveries_due")), "{plan:?}");
    assert!(plan.iter().any(|step| step.contains("deliveries_open")), "{plan:?}");
}

async fn an_earlier_event_of_a_request_goes_first(database: Database) {
    let node = Node::open(database);
    let conn = &mut node.store.open_writer().unwrap();
    let id = node.database.id(RequestId::nil());
    for seq in [4, 3, 5] {
        conn.batch_execute(&insert(&format!("SELECT {id} AS id, 1 AS number, {seq} AS seq"))).unwrap();
    }
    let due = deliveries::list_due(conn, "one", start(), 9).unwrap();
    assert_eq!(due.iter().map(|delivery| delivery.seq).collect::<Vec<_>>(), [3]);
    conn.batch_execute("UPDATE deliveries SET state = 'delivered', ended_at = 2 WHERE seq = 3").unwrap();
    let due = deliveries::list_due(conn, "one", start(), 9).unwrap();
    assert_eq!(due.iter().map(|delivery| delivery.seq).collect::<Vec<_>>(), [4]);
}
