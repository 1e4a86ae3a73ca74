//! Brings the database to the present shape, and tells whether it is there.

use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{AnyConnection, StoreError};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// An arbitrary number that all countersign nodes share: one migrates, the others wait for it.
const POSTGRES_LOCK: i64 = 0x636f_756e_7465_7273;

/// Runs what is pending; returns how many ran. Safe to call from several processes at once.
pub fn run(conn: &mut AnyConnection) -> Result<usize, StoreError> {
    let AnyConnection::Postgres(pg) = conn else { return up(conn) };
    pg.batch_execute(&format!("SELECT pg_advisory_lock({POSTGRES_LOCK})"))?;
    let ran = up(conn);
    if let AnyConnection::Postgres(pg) = conn {
        pg.batch_execute(&format!("SELECT pg_advisory_unlock({POSTGRES_LOCK})"))?;
    }
    ran
}

/// Takes every migration back. Only tests do this.
pub fn revert_all(conn: &mut AnyConnection) -> Result<usize, StoreError> {
    let reverted = match conn {
        AnyConnection::Postgres(conn) => conn.revert_all_migrations(POSTGRES).map(|done| done.len()),
        AnyConnection::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(|done| done.len()),
    };
    reverted.map_err(|error| StoreError::Setup(format!("migration: {error}")))
}

/// Whether anything is still to run.
pub fn is_pending(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    let pending = match conn {
        AnyConnection::Postgres(conn) => conn.has_pending_migration(POSTGRES),
        AnyConnection::Sqlite(conn) => conn.has_pending_migration(SQLITE),
    };
    pending.map_err(|error| StoreError::Setup(format!("migration: {error}")))
}

fn up(conn: &mut AnyConnection) -> Result<usize, StoreError> {
    let ran = match conn {
        AnyConnection::Postgres(conn) => conn.run_pending_migrations(POSTGRES).map(|done| done.len()),
        AnyConnection::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(|done| done.len()),
    };
    ran.map_err(|error| StoreError::Setup(format!("migration: {error}")))
}
