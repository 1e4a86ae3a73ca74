//! Opening a store: which database, by how many processes, and in which mode.

use std::thread;

use countersign::store::{AnyConnection, Store, StoreError};
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::on_both_stores;
use crate::support::node::{Node, maker};
use crate::support::stores::Database;

on_both_stores![stored_rows_are_there_after_opening_again, a_read_connection_does_not_write];

async fn stored_rows_are_there_after_opening_again(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let stored = node.stored(&request);
    let Node { engine, store, database, .. } = node;
    drop((engine, store));
    // The engine's thread closes a SQLite file a moment after the engine is dropped.
    let store = loop {
        match Store::open(&database.url, 1) {
            Ok(store) => break store,
            Err(StoreError::Setup(sentence)) if sentence.contains("stop it first") => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    };
    let mut conn = store.read_connection().unwrap();
    let found = countersign::store::requests::find(&mut conn, &request.org, request.id).unwrap();
    assert_eq!(found, Some(stored.request));
}

async fn a_read_connection_does_not_write(database: Database) {
    let node = Node::open(database);
    let mut conn = node.store.read_connection().unwrap();
    assert!(sql_query("DELETE FROM calls").execute(&mut *conn).is_err());
    assert!(sql_query("CREATE TABLE more (id BIGINT)").execute(&mut *conn).is_err());
}

#[test]
fn opening_one_postgres_database_several_times_at_once_works() {
    let database = Database::postgres();
    thread::scope(|scope| {
        let opening: Vec<_> =
            (0..4).map(|_| scope.spawn(|| Store::open(&database.url, 1).map(drop))).collect();
        for opened in opening {
            opened.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_sqlite_file_is_opened_by_one_process_at_a_time() {
    let database = Database::sqlite();
    let first = Store::open(&database.url, 1).unwrap();
    let shared = first.clone();
    drop(first);
    let path = database.url.strip_prefix("sqlite://").unwrap();
    let sentence = format!("{path}: another countersign is using this database; stop it first");
    for _ in 0..2 {
        let refused = Store::open(&database.url, 1).map(drop).unwrap_err();
        assert!(matches!(&refused, StoreError::Setup(said) if *said == sentence), "{refused}");
    }
    drop(shared);
    Store::open(&database.url, 1).map(drop).unwrap();
}

#[cfg(unix)]
#[test]
fn a_sqlite_file_is_the_same_file_under_another_name() {
    let database = Database::sqlite();
    let _first = Store::open(&database.url, 1).unwrap();
    let path = database.url.strip_prefix("sqlite://").unwrap();
    let link = format!("{path}.link");
    std::os::unix::fs::symlink(path, &link).unwrap();
    let refused = Store::open(&format!("sqlite://{link}"), 1).map(drop).unwrap_err();
    assert!(refused.to_string().contains("stop it first"), "{refused}");
}

#[test]
fn sqlite_runs_with_wal_and_flushes_every_commit() {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        journal_mode: String,
        #[diesel(sql_type = BigInt)]
        synchronous: i64,
        #[diesel(sql_type = BigInt)]
        foreign_keys: i64,
    }
    let pragmas = "SELECT journal_mode, synchronous, foreign_keys
                   FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys";
    let database = Database::sqlite();
    let store = Store::open(&database.url, 1).unwrap();
    let check = |conn: &mut AnyConnection| {
        let row: Row = sql_query(pragmas).get_result(conn).unwrap();
        assert_eq!((&row.journal_mode[..], row.synchronous, row.foreign_keys), ("wal", 2, 1));
    };
    check(&mut store.open_writer().unwrap());
    check(&mut store.read_connection().unwrap());
}

#[test]
fn a_postgres_that_may_lose_commits_is_refused() {
    let database = Database::postgres();
    let url = format!("{}%20-csynchronous_commit%3Doff", database.url);
    let refused = Store::open(&url, 1).map(drop).unwrap_err();
    assert_eq!(refused.to_string(), "PostgreSQL runs with synchronous_commit off: commits can be lost");
}

#[test]
fn the_scheme_chooses_and_any_other_is_refused() {
    for url in ["", "countersign.db", "sqlite:countersign.db", "sqlite://", "mysql://a/b", "file:///a"] {
        let refused = Store::open(url, 1).map(drop).unwrap_err();
        assert!(matches!(refused, StoreError::Setup(_)), "{url}: {refused}");
    }
}
