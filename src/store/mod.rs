//! Persistence: the only place that knows SQL, and which database it talks to.
//!
//! Writes go through the [`writer`] (one transaction for all waiting writes); reads use a pool of
//! read-only connections. **Invariant:** no rule is decided here; rows come out as domain values.

pub mod accounts;
pub mod answers;
pub mod attempts;
mod bounds;
pub mod by_key;
pub mod calls;
pub mod claims;
pub mod clients;
mod columns;
pub mod compact_text;
pub mod connection;
pub mod decided_events;
pub mod decisions;
pub mod deliveries;
mod event_data;
pub mod event_summaries;
pub mod events;
pub mod executions;
pub mod failing_subscriptions;
mod failure;
pub mod inbox;
pub mod joined_events;
mod json;
pub mod listing;
mod literal;
pub mod migrate;
pub mod open_on_subjects;
pub mod openings;
pub mod org_events;
mod origin;
pub mod outbox;
mod packing;
pub mod pauses;
pub mod preferences;
pub mod queue_ahead;
pub mod records;
pub mod refusals;
pub mod repeat_keys;
pub mod request_parts;
pub mod requests;
pub mod revisions;
pub mod rules_in_force;
pub mod schema;
mod schema_of_pages;
pub mod search;
pub mod send_backs;
pub mod sessions;
pub mod settlement_words;
mod standby;
pub mod stored_bytes;
pub mod stored_call;
mod stored_kind;
pub mod submission_keys;
pub mod submissions;
mod terms;
pub mod type_versions;
pub mod usage;
mod write_transaction;
pub mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager};
use diesel::r2d2::{Pool, PooledConnection};
use tokio::sync::Semaphore;

pub use connection::{AnyConnection, Opener, Purpose, StoreUrl};
pub use failure::Unavailable;

/// Why the store failed. The text of a database error goes to the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer changed the row after it was read.
    #[error("the row changed since it was read")]
    Stale,
    /// The database refused or failed.
    #[error("database: {0}")]
    Database(diesel::result::Error),
    /// No connection could be made.
    #[error("connection: {0}")]
    Connection(#[from] diesel::result::ConnectionError),
    /// No pooled connection became free in time.
    #[error("no connection: {0}")]
    Pool(String),
    /// The store can't be used as configured; the sentence is for the operator.
    #[error("{0}")]
    Setup(String),
    /// A row contains what this program never writes.
    #[error("unreadable row: {0}")]
    Corrupt(String),
    /// The database takes no changes: it is a standby, or it was set to only read.
    #[error("the database only reads right now: it is a standby, or read-only is set")]
    ReadOnly,
    /// The write queue is full.
    #[error("the write queue is full")]
    Busy,
    /// Another transaction held a row for too long; nothing was written.
    #[error("another transaction holds a row")]
    Held,
    /// The database is away, only reads, or is full; nothing was written.
    #[error("the database takes no writes")]
    Away,
    /// The connection was lost at the commit: the write may have happened.
    #[error("it is not known whether the write happened")]
    Unsure,
    /// The writer has stopped.
    #[error("the writer has stopped")]
    Stopped,
}

/// How long a read waits for a connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// A read connection out of the pool.
pub type ReadConnection = PooledConnection<Opener>;

/// The opened database: the pool of read connections, and what the writer needs to open its connection.
#[derive(Clone)]
pub struct Store {
    url: StoreUrl,
    reads: Pool<Opener>,
    /// A permit for each connection: whoever waits for one waits here, and takes no thread.
    room: Arc<Semaphore>,
    // Kept for the store's lifetime: a second process must not serve the same file.
    _lock: Option<Arc<File>>,
}

impl Store {
    /// Opens the store at `url`, creating a SQLite file that is missing, and migrates it.
    ///
    /// # Errors
    /// A second `open` of one SQLite file while the first lives is a [`StoreError::Setup`].
    pub fn open(url: &str, read_connections: u32) -> Result<Self, StoreError> {
        let url = StoreUrl::parse(url)?;
        let lock = match &url {
            StoreUrl::Sqlite(path) => Some(Arc::new(lock_file(path)?)),
            StoreUrl::Postgres(_) => None,
        };
        let mut conn = Opener { url: url.clone(), purpose: Purpose::Write }.open()?;
        migrate::run(&mut conn)?;
        let reads = Pool::builder()
            .max_size(read_connections)
            .min_idle(Some(1))
            .connection_timeout(CONNECTION_TIMEOUT)
            .build(Opener { url: url.clone(), purpose: Purpose::Read })
            .map_err(|error| StoreError::Pool(error.to_string()))?;
        let room = Arc::new(Semaphore::new(usize::try_from(read_connections).unwrap_or(1)));
        Ok(Self { url, reads, room, _lock: lock })
    }

    /// A connection for the writer.
    pub fn open_writer(&self) -> Result<AnyConnection, StoreError> {
        Opener { url: self.url.clone(), purpose: Purpose::Write }.open()
    }

    /// A read connection; blocks until one is free.
    pub fn read_connection(&self) -> Result<ReadConnection, StoreError> {
        self.reads.get().map_err(|error| StoreError::Pool(error.to_string()))
    }

    /// Runs `work` with a read connection, off the async workers.
    ///
    /// `work` sees the database as it was at one instant: a request and its decisions are in two tables,
    /// and another transaction may commit between two queries.
    pub async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.off_the_workers(|conn| conn.transaction(work)).await
    }

    /// The same for work that finds every row by a unique key. PostgreSQL keeps the plans of such statements: for
    /// them it can't choose wrongly, and making a plan costs more than the look-up.
    pub async fn read_by_key<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        self.off_the_workers(|conn| in_keyed_transaction(conn, work)).await
    }

    /// Runs `work` on a thread that may block, once there is a connection for it.
    async fn off_the_workers<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let pool_error = |error: &dyn std::fmt::Display| StoreError::Pool(error.to_string());
        let permit = tokio::time::timeout(CONNECTION_TIMEOUT, Arc::clone(&self.room).acquire_owned()).await;
        let permit = permit.map_err(|error| pool_error(&error))?.map_err(|error| pool_error(&error))?;
        let store = self.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let done = work(&mut *store.read_connection()?);
            drop(permit);
            done
        });
        reading.await.map_err(|error| pool_error(&error))?
    }

    /// Checks that a commit in the database at `url` waits for a second server. Asked before the store is
    /// opened: without a standby, the commit of a migration would wait for ever.
    ///
    /// # Errors
    /// A [`StoreError::Setup`] that says what to set.
    pub fn require_sync_standby(url: &str) -> Result<(), StoreError> {
        match (Opener { url: StoreUrl::parse(url)?, purpose: Purpose::Write }).open()? {
            AnyConnection::Postgres(mut conn) => standby::require(&mut conn),
            AnyConnection::Sqlite(_) => {
                Err(StoreError::Setup("store.require_sync_standby needs PostgreSQL".to_owned()))
            }
        }
    }

    /// Whether only this process can use the database; then every lease of an earlier process is void.
    pub fn is_exclusive(&self) -> bool {
        matches!(self.url, StoreUrl::Sqlite(_))
    }
}

/// One message, so that the settings cost no round trip. They end with the transaction.
const BEGIN_BY_KEY: &str =
    "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off";

fn in_keyed_transaction<T>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    match conn {
        AnyConnection::Sqlite(_) => return conn.transaction(work),
        AnyConnection::Postgres(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, BEGIN_BY_KEY)?;
        }
    }
    let done = work(conn);
    // An open transaction, or one that could not be ended, makes the pool discard the connection.
    let ended = match &done {
        Ok(_) => <AnyConnection as Connection>::TransactionManager::commit_transaction(conn),
        Err(_) => <AnyConnection as Connection>::TransactionManager::rollback_transaction(conn),
    };
    let done = done?;
    ended?;
    Ok(done)
}

/// Locks `PATH.lock`, with links resolved. The file is never deleted: otherwise two processes could lock
/// two different files. The database file is not locked itself, because closing it would drop SQLite's
/// own locks.
fn lock_file(path: &Path) -> Result<File, StoreError> {
    let setup = |what: String| StoreError::Setup(format!("{}: {what}", path.display()));
    let open = |path: &Path| File::options().create(true).truncate(false).write(true).open(path);
    drop(open(path).map_err(|error| setup(error.to_string()))?);
    let real = path.canonicalize().map_err(|error| setup(error.to_string()))?;
    let file =
        open(&PathBuf::from(format!("{}.lock", real.display()))).map_err(|error| setup(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(setup("another countersign is using this database; stop it first".to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(setup(error.to_string())),
    }
}

/// A time as both databases store it: microseconds since 1970 in UTC.
pub fn to_micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// The time that [`to_micros`] wrote.
pub fn from_micros(micros: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| StoreError::Corrupt(format!("time {micros} is out of range")))
}
