//! SQLite's limit: one thread with prepared statements, on a second file.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl, migrate};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;

use crate::limit::{Column, FRESH_DIGITS, Table, Values};
use crate::types::ORG;

const COLUMNS: &str = "SELECT t.name AS table_name, c.name AS column_name \
     FROM served.sqlite_schema AS t, pragma_table_info(t.name, 'served') AS c \
     WHERE t.type = 'table' AND t.name NOT LIKE 'search%' \
         AND EXISTS (SELECT 1 FROM pragma_table_info(t.name, 'served') AS i WHERE i.name = 'request_id') \
     ORDER BY t.name <> 'requests', t.name, c.cid";

pub struct SqliteLimit {
    conn: AnyConnection,
    /// For each table what copies the rows, up to the copy's own digits, and from there on.
    inserts: Vec<(String, String)>,
    copies: u64,
}

impl SqliteLimit {
    /// A file of its own, set up as the server sets up its; the rows to copy are in tables of this connection.
    pub fn prepare(url: &str, folder: &Path, id: &str) -> anyhow::Result<Self> {
        let own = format!("sqlite://{}", folder.join("limit.db").display());
        let mut conn = Opener { url: StoreUrl::parse(&own)?, purpose: Purpose::Write }.open()?;
        migrate::run(&mut conn)?;
        let served = url.strip_prefix("sqlite://").context("no SQLite")?;
        conn.batch_execute(&format!("PRAGMA temp_store = MEMORY; ATTACH '{served}' AS served"))?;
        let columns: Vec<Column> = diesel::sql_query(COLUMNS).load(&mut conn)?;
        let mut inserts = Vec::new();
        for table in Table::all(columns) {
            let name = &table.name;
            let keep = format!(
                "CREATE TEMP TABLE \"kept_{name}\" AS SELECT * FROM served.\"{name}\" \
                 WHERE org_id = '{ORG}' AND request_id = unhex('{id}', '-')"
            );
            conn.batch_execute(&keep)?;
            let has_rows = format!("EXISTS (SELECT 1 FROM temp.\"kept_{name}\")");
            if diesel::select(sql::<Bool>(&has_rows)).get_result(&mut conn)? {
                inserts.push(insert(&table));
            }
        }
        conn.batch_execute("DETACH served")?;
        Ok(Self { conn, inserts, copies: 0 })
    }

    pub fn rate(&mut self, per_transaction: usize, span: Duration) -> anyhow::Result<f64> {
        let (began, before) = (Instant::now(), self.copies);
        while began.elapsed() < span {
            self.transaction(per_transaction)?;
        }
        Ok((self.copies - before) as f64 / began.elapsed().as_secs_f64())
    }

    fn transaction(&mut self, copies: usize) -> anyhow::Result<()> {
        self.conn.batch_execute("BEGIN IMMEDIATE")?;
        for _ in 0..copies {
            self.copies += 1;
            let fresh = format!("{:0FRESH_DIGITS$x}", self.copies);
            let AnyConnection::Sqlite(conn) = &mut self.conn else { anyhow::bail!("no SQLite") };
            for (before, after) in &self.inserts {
                CopyRows { before, fresh: &fresh, after }.execute(conn)?;
            }
        }
        Ok(self.conn.batch_execute("COMMIT")?)
    }
}

fn insert(table: &Table) -> (String, String) {
    let values = table.values(&Values {
        kept: str::to_owned,
        fresh_id: |column| format!("unhex(fresh || substr(hex({column}), {FRESH_DIGITS} + 1))"),
        fresh_text: |column| format!("fresh || substr({column}, {FRESH_DIGITS} + 1)"),
    });
    let (name, names) = (&table.name, table.names());
    let before = format!("INSERT INTO main.\"{name}\" ({names}) SELECT {values} FROM (SELECT ");
    (before, format!(" AS fresh), temp.\"kept_{name}\""))
}

/// `diesel::sql_query` would be prepared anew for each row.
struct CopyRows<'a> {
    before: &'a str,
    fresh: &'a str,
    after: &'a str,
}

impl QueryFragment<Sqlite> for CopyRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(self.before);
        out.push_bind_param::<Text, _>(self.fresh)?;
        out.push_sql(self.after);
        Ok(())
    }
}

/// Found again by its text.
impl QueryId for CopyRows<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<SqliteConnection> for CopyRows<'_> {}
