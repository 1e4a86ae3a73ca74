//! How many bytes a finished request takes in the database, in all and by table.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use countersign::store::AnyConnection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::load::{self, Work};
use crate::setting::Setting;

/// A half of them. So many that a page more or less is no matter.
const REQUESTS: i64 = 5_000;
const CLIENTS: usize = 64;
/// After so long comes a vacuum: some hundred requests are new then, so that the old versions of rows are about as large a
/// part of a table as PostgreSQL's own vacuum leaves in one of a database that has run for a while.
const SPAN: Duration = Duration::from_millis(250);
/// Less than this is no table of requests.
const SHOWN: f64 = 1.0;

/// With its indexes, and with what PostgreSQL keeps aside of it.
const POSTGRES_TABLES: &str = "SELECT relname::text AS name, pg_total_relation_size(oid) AS bytes, \
     pg_indexes_size(oid) AS indexes FROM pg_class \
     WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace";

const POSTGRES_FILLED: &str = "SELECT relname::text AS name FROM pg_class \
     WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND pg_relation_size(oid) > 0";

const SQLITE_TABLES: &str = "SELECT s.tbl_name AS name, sum(d.pgsize) AS bytes, \
     sum(CASE s.type WHEN 'index' THEN d.pgsize ELSE 0 END) AS indexes \
     FROM dbstat AS d JOIN sqlite_schema AS s ON s.name = d.name GROUP BY s.tbl_name";

/// The file without the pages that are free in it. What is still in its log counts as well.
const SQLITE_ALL: &str = "SELECT (pages.page_count - free.freelist_count) * size.page_size AS count \
     FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size";

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    indexes: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The sizes at one moment.
struct Sizes {
    all: i64,
    tables: BTreeMap<String, Table>,
}

impl Sizes {
    fn search(&self) -> i64 {
        self.tables.values().filter(|table| table.name.starts_with("search")).map(|table| table.bytes).sum()
    }
}

/// Fills a database that has no requests yet with finished ones, and prints by how much it grew for each of the second
/// half: PostgreSQL keeps earlier versions of rows until a vacuum, and reuses their room from then on. All of them are
/// indexed for search by then; how much that takes is printed beside it.
pub async fn print(setting: &Setting) -> anyhow::Result<()> {
    let conn = &mut setting.connection()?;
    ensure!(requests(conn)? == 0, "the database is not empty");
    fill(setting, conn, REQUESTS).await?;
    let (before, first) = (sizes(conn).await?, requests(conn)?);
    fill(setting, conn, first + REQUESTS).await?;
    let (after, count) = (sizes(conn).await?, (requests(conn)? - first) as f64);
    let each = |after: i64, before: i64| (after - before) as f64 / count;
    let search = each(after.search(), before.search());
    let all = each(after.all, before.all);
    println!("bytes a finished request, of {count}: {:.0}, and {search:.0} for search", all - search);
    for (name, table) in &after.tables {
        let before = before.tables.get(name).map_or((0, 0), |table| (table.bytes, table.indexes));
        let (bytes, indexes) = (each(table.bytes, before.0), each(table.indexes, before.1));
        if bytes >= SHOWN {
            println!("  {name:<30} {bytes:>7.0}, of that {indexes:>5.0} in indexes");
        }
    }
    Ok(())
}

async fn fill(setting: &Setting, conn: &mut AnyConnection, count: i64) -> anyhow::Result<()> {
    while requests(conn)? < count {
        load::run(&setting.callers, Work::Whole, CLIENTS, SPAN).await?;
        vacuum(conn)?;
    }
    Ok(())
}

fn requests(conn: &mut AnyConnection) -> anyhow::Result<i64> {
    one(conn, "SELECT count(*) AS count FROM requests")
}

fn one(conn: &mut AnyConnection, sql: &str) -> anyhow::Result<i64> {
    Ok(diesel::sql_query(sql).get_result::<Count>(conn)?.count)
}

/// Not the tables that are empty: PostgreSQL would take them for empty from then on.
fn vacuum(conn: &mut AnyConnection) -> anyhow::Result<()> {
    let AnyConnection::Postgres(conn) = conn else { return Ok(()) };
    let tables: Vec<Name> = diesel::sql_query(POSTGRES_FILLED).load(conn)?;
    for Name { name } in tables {
        conn.batch_execute(&format!("VACUUM \"{name}\""))?;
    }
    Ok(())
}

/// Once nothing waits for search.
async fn sizes(conn: &mut AnyConnection) -> anyhow::Result<Sizes> {
    while one(conn, "SELECT count(*) AS count FROM search_backlogs")? > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    vacuum(conn)?;
    let listing = match conn {
        AnyConnection::Postgres(_) => POSTGRES_TABLES,
        AnyConnection::Sqlite(_) => SQLITE_TABLES,
    };
    let tables: Vec<Table> = diesel::sql_query(listing).load(conn)?;
    let all = match conn {
        AnyConnection::Postgres(_) => tables.iter().map(|table| table.bytes).sum(),
        AnyConnection::Sqlite(_) => one(conn, SQLITE_ALL)?,
    };
    Ok(Sizes { all, tables: tables.into_iter().map(|table| (table.name.clone(), table)).collect() })
}
