//! The schema: the migrations of both databases make the same tables, and `schema.rs` describes them.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::engine::queries::StoreHealth;
use countersign::store::{AnyConnection, Opener, Purpose, Store, StoreError, StoreUrl, migrate};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Bool, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::on_both_stores;
use crate::support::node::{Node, maker};
use crate::support::stores::Database;

on_both_stores![
    the_migrations_run_up_down_and_up_again,
    the_tables_match_diesels_schema,
    an_opened_store_has_nothing_left_to_migrate,
    a_database_is_opened_again_and_again,
    a_database_with_another_schema_is_refused,
    a_database_of_a_later_version_is_refused,
    a_database_of_the_first_three_migrations_is_refused,
    a_node_reports_that_its_store_answers_and_is_current,
];

const SCHEMA: &str = concat!(
    include_str!("../../../src/store/schema.rs"),
    include_str!("../../../src/store/schema_of_pages.rs"),
    include_str!("../../../src/store/search/schema.rs")
);

/// The words of search are another kind of table in each database, and diesel knows none of them.
const WORDS: &str = "search_words";

#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    is_nullable: bool,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The names that this query finds, without diesel's own table.
fn names(conn: &mut AnyConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Name> = sql_query(sql).load(conn).unwrap();
    rows.into_iter().map(|row| row.name).filter(|name| !name.starts_with("__diesel")).collect()
}

fn tables(conn: &mut AnyConnection) -> Vec<String> {
    let sql = match conn {
        AnyConnection::Postgres(_) => {
            "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        }
        AnyConnection::Sqlite(_) => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        }
    };
    names(conn, sql).into_iter().filter(|name| !name.starts_with(WORDS)).collect()
}

/// Everything beside tables: functions and triggers.
fn helpers(conn: &mut AnyConnection) -> Vec<String> {
    let sql = match conn {
        AnyConnection::Postgres(_) => {
            "SELECT proname::text AS name FROM pg_proc
             WHERE pronamespace = current_schema()::regnamespace AND proname <> 'diesel_manage_updated_at'
                   AND proname <> 'diesel_set_updated_at'"
        }
        AnyConnection::Sqlite(_) => "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
    };
    names(conn, sql)
}

fn columns(conn: &mut AnyConnection, table: &str) -> Vec<Column> {
    let sql = match conn {
        AnyConnection::Postgres(_) => format!(
            "SELECT column_name::text AS name, data_type::text AS kind, is_nullable = 'YES' AS is_nullable
             FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = '{table}' ORDER BY ordinal_position"
        ),
        AnyConnection::Sqlite(_) => format!(
            "SELECT name, type AS kind, \"notnull\" = 0 AS is_nullable
             FROM pragma_table_info('{table}') ORDER BY cid"
        ),
    };
    sql_query(sql).load(conn).unwrap()
}

/// The tables of `schema.rs`, read from its text: the name that the database knows, and the columns.
fn declared() -> BTreeMap<String, Vec<Column>> {
    let mut tables = BTreeMap::new();
    for block in SCHEMA.split("diesel::table! {").skip(1) {
        let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
        let name = lines.next().unwrap().split(' ').next().unwrap();
        let mut renamed = None;
        let mut columns = Vec::new();
        for line in lines.take_while(|line| *line != "}") {
            if let Some(name) = line.strip_prefix("#[sql_name = \"") {
                renamed = name.strip_suffix("\"]");
                continue;
            }
            let (name, kind) = line.strip_suffix(',').unwrap().split_once(" -> ").unwrap();
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            columns.push(Column {
                name: renamed.take().unwrap_or(name).to_owned(),
                kind: inner.unwrap_or(kind).to_owned(),
                is_nullable: inner.is_some(),
            });
        }
        tables.insert(name.to_owned(), columns);
    }
    tables
}

/// Diesel's name for what a database calls a type.
fn diesel_type(column: &Column, declared: &str) -> String {
    match column.kind.as_str() {
        "text" | "TEXT" => "Text",
        "bytea" | "BLOB" => "Binary",
        "boolean" => "Bool",
        "bigint" => "BigInt",
        // SQLite has one integer; diesel keeps a truth value in it too.
        "INTEGER" if declared == "Bool" => "Bool",
        "INTEGER" => "BigInt",
        other => panic!("{} is {other}", column.name),
    }
    .to_owned()
}

async fn the_tables_match_diesels_schema(database: Database) {
    let node = Node::open(database);
    let mut conn = node.conn();
    let declared = declared();
    assert_eq!(tables(&mut conn), declared.keys().cloned().collect::<Vec<_>>());
    for (table, mut declared) in declared {
        let mut there = columns(&mut conn, &table);
        // Every statement names its columns: their order is the database's affair.
        for columns in [&mut there, &mut declared] {
            columns.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        }
        assert_eq!(there.len(), declared.len(), "{table}");
        for (column, declared) in there.iter_mut().zip(&declared) {
            column.kind = diesel_type(column, &declared.kind);
        }
        assert_eq!(there, declared, "{table}");
    }
}

async fn the_migrations_run_up_down_and_up_again(database: Database) {
    let node = Node::open(database);
    let mut conn = node.conn();
    let (all, all_helpers) = (tables(&mut conn), helpers(&mut conn));
    let before: Vec<_> = all.iter().map(|table| columns(&mut conn, table)).collect();
    let migrations = migration_names("sqlite").len();
    assert_eq!(migrate::revert_all(&mut conn).unwrap(), migrations);
    assert_eq!((tables(&mut conn), helpers(&mut conn)), (Vec::new(), Vec::new()));
    assert!(migrate::is_pending(&mut conn).unwrap());
    assert_eq!(migrate::run(&mut conn).unwrap(), migrations);
    assert_eq!((tables(&mut conn), helpers(&mut conn)), (all.clone(), all_helpers));
    assert_eq!(all.iter().map(|table| columns(&mut conn, table)).collect::<Vec<_>>(), before);
    drop(conn);
    // A connection that was open meanwhile goes on working.
    let request = node.submit(&maker()).await;
    assert_eq!(node.stored(&request).read(), request);
}

async fn an_opened_store_has_nothing_left_to_migrate(database: Database) {
    let store = Store::open(&database.url, 1).unwrap();
    assert!(!migrate::is_pending(&mut store.read_connection().unwrap()).unwrap());
    assert_eq!(migrate::run(&mut store.open_writer().unwrap()).unwrap(), 0);
}

async fn a_database_is_opened_again_and_again(database: Database) {
    for _ in 0..2 {
        drop(Store::open(&database.url, 1).unwrap());
    }
}

const REFUSED: &str = "this database was made by another unreleased version of countersign and can't be migrated; \
                       start with an empty database";

fn refusal(database: &Database) -> String {
    match Store::open(&database.url, 1).map(drop) {
        Err(StoreError::Setup(sentence)) => sentence,
        other => panic!("{other:?}"),
    }
}

async fn a_database_with_another_schema_is_refused(database: Database) {
    let store = Store::open(&database.url, 1).unwrap();
    let mut conn = store.open_writer().unwrap();
    conn.batch_execute("UPDATE schema_digest SET digest = 'sha256:of another text'").unwrap();
    assert!(migrate::is_pending(&mut conn).unwrap());
    drop((conn, store));
    assert_eq!(refusal(&database), REFUSED);
}

async fn a_database_of_a_later_version_is_refused(database: Database) {
    let store = Store::open(&database.url, 1).unwrap();
    let mut conn = store.open_writer().unwrap();
    conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20270101000001')").unwrap();
    assert!(migrate::is_pending(&mut conn).unwrap());
    drop((conn, store));
    let sentence = "this database has the schema of a later version of countersign; start that version";
    assert_eq!(refusal(&database), sentence);
}

/// The first schemas were made by three migrations, and kept no digest.
async fn a_database_of_the_first_three_migrations_is_refused(database: Database) {
    let url = StoreUrl::parse(&database.url).unwrap();
    let mut conn = Opener { url, purpose: Purpose::Write }.open().unwrap();
    conn.batch_execute(
        "CREATE TABLE __diesel_schema_migrations (
             version VARCHAR(50) PRIMARY KEY NOT NULL,
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
         );
         INSERT INTO __diesel_schema_migrations (version)
             VALUES ('20261121000001'), ('20261122000001'), ('20261122000002');
         CREATE TABLE requests (org_id TEXT NOT NULL, request_id TEXT NOT NULL);",
    )
    .unwrap();
    assert_eq!(refusal(&database), REFUSED);
    assert_eq!(tables(&mut conn), ["requests"]);
}

async fn a_node_reports_that_its_store_answers_and_is_current(database: Database) {
    let node = Node::open(database);
    let health = node.engine.store_health().await;
    assert_eq!(health, StoreHealth { answers: true, is_current: true });
    migrate::revert_all(&mut node.conn()).unwrap();
    let health = node.engine.store_health().await;
    assert_eq!(health, StoreHealth { answers: true, is_current: false });
}

fn migration_names(database: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let entries = folder.read_dir().unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(migration_names("postgres"), migration_names("sqlite"));
    for (database, name) in ["postgres", "sqlite"].map(|database| (database, migration_names(database))) {
        for name in name {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database).join(name);
            assert!(folder.join("up.sql").is_file() && folder.join("down.sql").is_file(), "{folder:?}");
        }
    }
}
