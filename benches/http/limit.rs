//! What the database alone does with the rows of one submission: the limit of every engine on it.
//!
//! The rows are those that the server stored for a submission, whatever tables they are in, but those of search,
//! which come and go beside the commands; each copy has ids of its own, which ascend as the server's do. They go into tables of the same schema beside the server's.

use std::path::Path;
use std::time::Duration;

use countersign::store::AnyConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::load;
use crate::postgres_limit::PostgresLimit;
use crate::setting::Setting;
use crate::sqlite_limit::SqliteLimit;

/// No two copies have the same in these columns: it begins with this many digits that are a copy's own.
const FRESH_IDS: [&str; 2] = ["request_id", "event_id"];
const FRESH_TEXTS: [&str; 1] = ["repeat_key"];
pub const FRESH_DIGITS: usize = 12;

pub enum Limit {
    Postgres(PostgresLimit),
    Sqlite(SqliteLimit),
}

impl Limit {
    /// Submits once, and takes the rows of that.
    pub async fn prepare(setting: &Setting, url: &str, folder: &Path) -> anyhow::Result<Self> {
        let id = load::submit_one(&setting.callers).await?;
        Ok(match &mut setting.connection()? {
            AnyConnection::Postgres(conn) => Self::Postgres(PostgresLimit::prepare(conn, url, folder, &id)?),
            AnyConnection::Sqlite(_) => Self::Sqlite(SqliteLimit::prepare(url, folder, &id)?),
        })
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "pgbench",
            Self::Sqlite(_) => "SQLite alone",
        }
    }

    /// How many submissions' rows a second, with so many in each transaction.
    pub fn rate(&mut self, per_transaction: usize, span: Duration) -> anyhow::Result<f64> {
        match self {
            Self::Postgres(limit) => limit.rate(per_transaction, span),
            Self::Sqlite(limit) => limit.rate(per_transaction, span),
        }
    }
}

/// A column of a table that has rows of requests.
#[derive(QueryableByName)]
pub struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

/// What a select takes of a column, by whether it has to be fresh.
pub struct Values {
    pub kept: fn(&str) -> String,
    pub fresh_id: fn(&str) -> String,
    pub fresh_text: fn(&str) -> String,
}

/// A table and its columns.
pub struct Table {
    pub name: String,
    columns: Vec<String>,
}

impl Table {
    /// Columns that follow each other are of one table.
    pub fn all(columns: Vec<Column>) -> Vec<Self> {
        let mut tables: Vec<Self> = Vec::new();
        for Column { table_name, column_name } in columns {
            match tables.last_mut() {
                Some(table) if table.name == table_name => table.columns.push(column_name),
                Some(_) | None => tables.push(Self { name: table_name, columns: vec![column_name] }),
            }
        }
        tables
    }

    /// The columns' names, as an insert lists them.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|name| format!("\"{name}\"")).collect();
        names.join(", ")
    }

    /// What a select takes of each column.
    pub fn values(&self, of: &Values) -> String {
        let value = |name: &String| {
            let value = match name.as_str() {
                id if FRESH_IDS.contains(&id) => of.fresh_id,
                text if FRESH_TEXTS.contains(&text) => of.fresh_text,
                _ => of.kept,
            };
            value(&format!("\"{name}\""))
        };
        self.columns.iter().map(value).collect::<Vec<_>>().join(", ")
    }
}
