//! Transactions that write. On SQLite they take the lock for writing before they read anything.

use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager};
use diesel::prelude::*;

use super::{AnyConnection, StoreError};

type Manager<C> = <C as Connection>::TransactionManager;

/// `BEGIN IMMEDIATE` on SQLite. A transaction that reads first and locks later is refused, without any wait, if
/// another connection wrote in between.
pub(super) fn begin(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        AnyConnection::Postgres(conn) => Manager::<PgConnection>::begin_transaction(conn),
        AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
    }
}

pub(super) fn commit(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        AnyConnection::Postgres(conn) => Manager::<PgConnection>::commit_transaction(conn),
        AnyConnection::Sqlite(conn) => Manager::<SqliteConnection>::commit_transaction(conn),
    }
}

pub(super) fn roll_back(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        AnyConnection::Postgres(conn) => Manager::<PgConnection>::rollback_transaction(conn),
        AnyConnection::Sqlite(conn) => Manager::<SqliteConnection>::rollback_transaction(conn),
    }
}

impl AnyConnection {
    /// Does some work that writes in one transaction, for a command beside a server.
    ///
    /// # Errors
    /// Those of the work, and of the database; then nothing is changed.
    pub fn in_write_transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        begin(self)?;
        match work(self) {
            Ok(done) => {
                commit(self)?;
                Ok(done)
            }
            Err(error) => {
                if let Err(rollback) = roll_back(self) {
                    tracing::warn!(error = %rollback, "a roll-back failed");
                }
                Err(error)
            }
        }
    }
}
