//! Brings the database to the present shape, and tells whether it is there.

use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
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
///
/// Only reads. The library's own question creates its table first, which a read connection refuses.
pub fn is_pending(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let known = match conn {
        AnyConnection::Postgres(_) => versions::<Pg>(&POSTGRES)?,
        AnyConnection::Sqlite(_) => versions::<Sqlite>(&SQLITE)?,
    };
    let ran: Vec<Row> = diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(conn)?;
    Ok(!known.iter().all(|version| ran.iter().any(|row| row.version == *version)))
}

fn versions<DB: Backend>(source: &EmbeddedMigrations) -> Result<Vec<String>, StoreError> {
    let migrations = MigrationSource::<DB>::migrations(source);
    let migrations = migrations.map_err(|error| StoreError::Setup(format!("migration: {error}")))?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn up(conn: &mut AnyConnection) -> Result<usize, StoreError> {
    let ran = match conn {
        AnyConnection::Postgres(conn) => conn.run_pending_migrations(POSTGRES).map(|done| done.len()),
        AnyConnection::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(|done| done.len()),
    };
    ran.map_err(|error| StoreError::Setup(format!("migration: {error}")))
}

#[cfg(test)]
mod tests {
    use super::super::{Opener, Purpose, StoreUrl};
    use super::*;

    fn open(url: &str, purpose: Purpose) -> AnyConnection {
        Opener { url: StoreUrl::parse(url).unwrap(), purpose }.open().unwrap()
    }

    fn is_pending_on_a_read_connection(url: &str) -> bool {
        is_pending(&mut open(url, Purpose::Read)).unwrap()
    }

    /// Runs everything, asks; forgets that it ran, asks again.
    fn check(url: &str) {
        let mut writer = open(url, Purpose::Write);
        run(&mut writer).unwrap();
        assert!(!is_pending_on_a_read_connection(url));
        writer.batch_execute("DELETE FROM __diesel_schema_migrations").unwrap();
        assert!(is_pending_on_a_read_connection(url));
    }

    #[test]
    fn a_read_connection_tells_whether_migrations_are_pending_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        check(&format!("sqlite://{}", folder.path().join("test.db").display()));
    }
}
