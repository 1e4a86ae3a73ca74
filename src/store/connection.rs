//! One connection type over both databases, and how each is opened.
#![expect(missing_docs, reason = "diesel generates undocumented items for `AnyConnection`")]

use std::fmt;
use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::ManageConnection;

use super::{StoreError, bounds};
use crate::fault_points::{Sabotage, sabotage};

/// A connection to the database that the URL's scheme chose.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// Where the store is. The derived `establish` would take any text for a SQLite file, so the URL's scheme
/// decides here.
#[derive(Clone)]
pub enum StoreUrl {
    /// `sqlite://PATH`
    Sqlite(PathBuf),
    /// `postgres://…`, passed to libpq as it is.
    Postgres(String),
}

impl StoreUrl {
    /// Reads `sqlite://PATH`, `postgres://…` or `postgresql://…`.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        match url.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(url.to_owned())),
            _ => Err(StoreError::Setup("store.url must begin with sqlite:// or postgres://".to_owned())),
        }
    }
}

/// Without the password that a PostgreSQL URL may contain.
impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://***"),
        }
    }
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Only reads; SQLite refuses writes on it.
    Read,
    /// The writer's.
    Write,
}

/// Opens connections; also r2d2's manager for the read pool.
#[derive(Clone, Debug)]
pub struct Opener {
    /// The database.
    pub url: StoreUrl,
    /// What the connections are for.
    pub purpose: Purpose,
}

impl Opener {
    /// A new connection, set up and checked.
    pub fn open(&self) -> Result<AnyConnection, StoreError> {
        match &self.url {
            StoreUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                set_up_sqlite(&mut conn, self.purpose)?;
                Ok(AnyConnection::Sqlite(conn))
            }
            StoreUrl::Postgres(url) => {
                let mut conn = PgConnection::establish(&bounds::with_parameters(url))?;
                set_up_postgres(&mut conn, self.purpose)?;
                Ok(AnyConnection::Postgres(conn))
            }
        }
    }
}

/// WAL with `synchronous=FULL`: with NORMAL, a power cut loses acknowledged commits.
fn set_up_sqlite(conn: &mut SqliteConnection, purpose: Purpose) -> Result<(), StoreError> {
    conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;")?;
    if sabotage(Sabotage::SynchronousNormal) {
        conn.batch_execute("PRAGMA synchronous = NORMAL;")?;
    }
    // Without this, `REPLACE` deletes a row without firing the delete triggers.
    conn.batch_execute("PRAGMA recursive_triggers = ON;")?;
    let journal: String = pragma(conn, "journal_mode = WAL")?;
    if journal != "wal" {
        return Err(StoreError::Setup(format!("SQLite journal mode is {journal}, but must be WAL")));
    }
    if pragma_number(conn, "synchronous")? < 2 && !sabotage(Sabotage::SynchronousNormal) {
        return Err(StoreError::Setup("SQLite runs with synchronous below FULL".to_owned()));
    }
    if purpose == Purpose::Read {
        conn.batch_execute("PRAGMA query_only = ON;")?;
    }
    Ok(())
}

fn set_up_postgres(conn: &mut PgConnection, purpose: Purpose) -> Result<(), StoreError> {
    bounds::bound(conn)?;
    if purpose == Purpose::Write && only_reads(conn)? {
        return Err(StoreError::ReadOnly);
    }
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        if pg_setting(conn, setting)? == "off" {
            return Err(StoreError::Setup(format!(
                "PostgreSQL runs with {setting} off: commits can be lost"
            )));
        }
    }
    // A plan that scans a small table, where scans are switched off, looks so dear that PostgreSQL would compile it,
    // which takes far longer than the plan.
    conn.batch_execute("SET jit = off")?;
    let settings = match purpose {
        // Repeatable read: SQLite's read transactions see one instant anyway. Custom plans: a plan made while
        // a table was small would keep scanning all of it.
        Purpose::Read => {
            "SET default_transaction_read_only = on; \
             SET default_transaction_isolation = 'repeatable read'; \
             SET plan_cache_mode = force_custom_plan"
        }
        // Writes always find their rows by key, whatever the statistics of a new table suggest.
        Purpose::Write => "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off",
    };
    Ok(conn.batch_execute(settings)?)
}

/// Bounds how long a statement on this connection may take, on PostgreSQL.
pub fn limit_statements(conn: &mut AnyConnection, most: std::time::Duration) -> Result<(), StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => {
            Ok(conn.batch_execute(&format!("SET statement_timeout = {}", most.as_millis().max(1)))?)
        }
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

/// Whether this is a standby, or a database that was set to only read.
fn only_reads(conn: &mut PgConnection) -> QueryResult<bool> {
    let asked = "current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery()";
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(asked)).get_result(conn)
}

fn pragma(conn: &mut SqliteConnection, statement: &str) -> QueryResult<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        journal_mode: String,
    }
    diesel::sql_query(format!("PRAGMA {statement}")).get_result::<Row>(conn).map(|row| row.journal_mode)
}

fn pragma_number(conn: &mut SqliteConnection, name: &str) -> QueryResult<i32> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        synchronous: i32,
    }
    diesel::sql_query(format!("PRAGMA {name}")).get_result::<Row>(conn).map(|row| row.synchronous)
}

fn pg_setting(conn: &mut PgConnection, name: &str) -> QueryResult<String> {
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(&format!("current_setting('{name}')")))
        .get_result(conn)
}

impl ManageConnection for Opener {
    type Connection = AnyConnection;
    type Error = StoreError;

    fn connect(&self) -> Result<AnyConnection, StoreError> {
        self.open()
    }

    fn is_valid(&self, conn: &mut AnyConnection) -> Result<(), StoreError> {
        match conn {
            AnyConnection::Postgres(conn) => Ok(conn.batch_execute("SELECT 1")?),
            // A file does not hang up.
            AnyConnection::Sqlite(_) => Ok(()),
        }
    }

    fn has_broken(&self, conn: &mut AnyConnection) -> bool {
        is_broken(conn)
    }
}

/// Whether a connection must be discarded: it died, or a transaction was left open in it.
pub fn is_broken(conn: &mut AnyConnection) -> bool {
    use diesel::r2d2::R2D2Connection;
    match conn {
        AnyConnection::Postgres(conn) => conn.is_broken(),
        AnyConnection::Sqlite(conn) => conn.is_broken(),
    }
}
