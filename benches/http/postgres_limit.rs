//! PostgreSQL's limit: `pgbench` with 64 clients.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use countersign::store::{Opener, Purpose, StoreUrl, migrate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::limit::{Column, FRESH_DIGITS, Table, Values};
use crate::types::ORG;

const SCHEMA: &str = "bench_limit";
/// Stands in the text of a row where the digits of its copy go.
const FRESH: &str = "<fresh>";
/// Each transaction takes so many numbers.
const NUMBERS: usize = 64;

/// How long its clients may take to connect: that counts in its time, but not in its rate.
const CONNECTING: Duration = Duration::from_secs(2);

const COLUMNS: &str = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns AS c \
     WHERE c.table_schema = current_schema() AND c.table_name NOT LIKE 'search%' \
     AND EXISTS (SELECT 1 FROM information_schema.columns AS i \
         WHERE i.table_schema = c.table_schema AND i.table_name = c.table_name AND i.column_name = 'request_id') \
     ORDER BY c.table_name <> 'requests', c.table_name, c.ordinal_position";

pub struct PostgresLimit {
    url: String,
    folder: PathBuf,
    inserts: Vec<Insert>,
}

/// The rows of one submission in one table.
struct Insert {
    into: String,
    rows: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

impl PostgresLimit {
    /// A schema of its own; `conn` is to the server's.
    pub fn prepare(conn: &mut PgConnection, url: &str, folder: &Path, id: &str) -> anyhow::Result<Self> {
        let columns: Vec<Column> = diesel::sql_query(COLUMNS).load(conn)?;
        let mut inserts = Vec::new();
        for table in Table::all(columns) {
            let rows = rows(conn, &table, id)?;
            if !rows.is_empty() {
                inserts.push(Insert { into: format!("\"{}\" ({})", table.name, table.names()), rows });
            }
        }
        conn.batch_execute(&format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}"))?;
        let joint = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{joint}options=-csearch_path%3D{SCHEMA}");
        let mut own = Opener { url: StoreUrl::parse(&url)?, purpose: Purpose::Write }.open()?;
        migrate::run(&mut own)?;
        own.batch_execute(&format!("CREATE SEQUENCE bench_ids INCREMENT {NUMBERS}"))?;
        Ok(Self { url, folder: folder.to_owned(), inserts })
    }

    pub fn rate(&self, per_transaction: usize, span: Duration) -> anyhow::Result<f64> {
        ensure!(per_transaction <= NUMBERS, "{per_transaction} are too many");
        let script = self.folder.join(format!("pgbench-{per_transaction}.sql"));
        std::fs::write(&script, self.script(per_transaction))?;
        let mut command = Command::new(pgbench());
        let seconds = (span + CONNECTING).as_secs().to_string();
        command.args(["-n", "-c", "64", "-j", "2", "-T", &seconds]);
        let output =
            command.arg("-f").arg(script).arg(&self.url).output().context("pgbench does not start")?;
        let (out, errors) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "pgbench: {out}{errors}");
        let rate = out.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        let transactions: f64 = rate.with_context(|| format!("pgbench: {out}"))?.parse()?;
        Ok(transactions * per_transaction as f64)
    }

    /// One message to the server, and so one transaction.
    fn script(&self, per_transaction: usize) -> String {
        let inserts = self.inserts.iter().flat_map(|insert| insert.statements(per_transaction));
        let inserts: String = inserts.map(|statement| format!(" \\;\n{statement}")).collect();
        format!("SELECT nextval('bench_ids'){inserts};\n")
    }
}

impl Insert {
    /// The text of a row is there once, whatever the number of copies: reading a long text would cost the database
    /// more than the rows do.
    fn statements(&self, copies: usize) -> Vec<String> {
        let into = &self.into;
        let copy = |row: &String, number: &str| {
            let fresh = format!("lpad(to_hex(currval('bench_ids') + {number}), {FRESH_DIGITS}, '0')");
            row.replace(FRESH, &fresh)
        };
        if copies == 1 {
            let rows: Vec<String> = self.rows.iter().map(|row| format!("({})", copy(row, "0"))).collect();
            return vec![format!("INSERT INTO {into} VALUES {}", rows.join(", "))];
        }
        let series = format!("generate_series(0, {}) AS number", copies - 1);
        let many = |row| format!("INSERT INTO {into} SELECT {} FROM {series}", copy(row, "number"));
        self.rows.iter().map(many).collect()
    }
}

/// Beside the server's programs, or on the path: only some of them may be linked from the directory.
fn pgbench() -> PathBuf {
    let programs = std::env::var_os("TEST_POSTGRES_PROGRAMS").map(PathBuf::from).unwrap_or_default();
    let beside = programs.join("pgbench");
    if beside.is_file() { beside } else { PathBuf::from("pgbench") }
}

/// The rows of a request in a table, as an insert lists their values.
fn rows(conn: &mut PgConnection, table: &Table, id: &str) -> QueryResult<Vec<String>> {
    let values = table.values(&Values {
        kept: |column| format!("quote_nullable({column}::text)"),
        fresh_id: |column| {
            let rest = format!("quote_nullable(substr(encode({column}, 'hex'), {FRESH_DIGITS} + 1))");
            format!("'decode({FRESH} || ' || {rest} || ', ''hex'')'")
        },
        fresh_text: |column| format!("'{FRESH} || ' || quote_nullable(substr({column}, {FRESH_DIGITS} + 1))"),
    });
    let sql = format!(
        "SELECT concat_ws(', ', {values}) AS row FROM \"{}\" \
         WHERE org_id = '{ORG}' AND request_id = decode(replace('{id}', '-', ''), 'hex')",
        table.name
    );
    let rows: Vec<Row> = diesel::sql_query(sql).load(conn)?;
    Ok(rows.into_iter().map(|row| row.row).collect())
}
