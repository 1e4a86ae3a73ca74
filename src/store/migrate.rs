//! Brings the database to the current schema, and says whether it has it.
//!
//! Until the first release there is one migration per database, and it is edited in place. So that no
//! program works on tables it does not know, the migration's digest is kept in the database, and a
//! database with another one is refused.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::schema::schema_digest;
use super::{AnyConnection, StoreError, bounds};
use crate::domain::digest::Digest;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

const POSTGRES_SQL: &str = include_str!("../../migrations/postgres/2026-11-28-000001_initial/up.sql");
const SQLITE_SQL: &str = include_str!("../../migrations/sqlite/2026-11-28-000001_initial/up.sql");

/// An arbitrary number that all countersign nodes share: one migrates, the others wait for it.
const POSTGRES_LOCK: i64 = 0x636f_756e_7465_7273;

/// Which schema a database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Schema {
    /// None: no migration ran.
    Missing,
    /// The one that this program makes.
    Current,
    /// One that a later version of this program made.
    Newer,
    /// One that another program made.
    Other,
}

/// Runs what is pending; returns how many ran. Safe to call from several processes at once.
///
/// # Errors
/// A database with the schema of a later or of another unreleased version is a [`StoreError::Setup`].
pub fn run(conn: &mut AnyConnection) -> Result<usize, StoreError> {
    let AnyConnection::Postgres(pg) = conn else { return run_alone(conn) };
    bounds::unbound(pg)?;
    pg.batch_execute(&format!("SELECT pg_advisory_lock({POSTGRES_LOCK})"))?;
    let ran = run_alone(conn);
    if let AnyConnection::Postgres(pg) = conn {
        pg.batch_execute(&format!("SELECT pg_advisory_unlock({POSTGRES_LOCK})"))?;
        bounds::bound(pg)?;
    }
    ran
}

fn run_alone(conn: &mut AnyConnection) -> Result<usize, StoreError> {
    match schema_of(conn)? {
        Schema::Current => Ok(0),
        // In one transaction, so that no crash leaves the tables without their digest.
        Schema::Missing => conn.in_write_transaction(|conn| {
            // On SQLite another process may have done it since.
            if schema_of(conn)? == Schema::Current {
                return Ok(0);
            }
            let ran = up(conn)?;
            let digest = schema_digest::digest.eq(own_digest(conn));
            diesel::insert_into(schema_digest::table).values(digest).execute(conn)?;
            Ok(ran)
        }),
        Schema::Newer => Err(StoreError::Setup(
            "this database has the schema of a later version of countersign; start that version".to_owned(),
        )),
        Schema::Other => Err(StoreError::Setup(
            "this database was made by another unreleased version of countersign and can't be migrated; \
             start with an empty database"
                .to_owned(),
        )),
    }
}

/// Takes every migration back. Only tests do this.
pub fn revert_all(conn: &mut AnyConnection) -> Result<usize, StoreError> {
    let reverted = match conn {
        AnyConnection::Postgres(conn) => conn.revert_all_migrations(POSTGRES).map(|done| done.len()),
        AnyConnection::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(|done| done.len()),
    };
    reverted.map_err(|error| StoreError::Setup(format!("migration: {error}")))
}

/// Whether the database lacks a migration of this program or has another schema.
///
/// Only reads. The library's own question creates its table first, which a read connection refuses.
pub fn is_pending(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    if !has_table(conn, "__diesel_schema_migrations")? {
        return Ok(true);
    }
    let (known, ran) = (own_versions(conn)?, versions_run(conn)?);
    Ok(!known.iter().all(|version| ran.contains(version)) || schema_of(conn)? != Schema::Current)
}

fn schema_of(conn: &mut AnyConnection) -> Result<Schema, StoreError> {
    if has_table(conn, "__diesel_schema_migrations")? {
        let (known, ran) = (own_versions(conn)?, versions_run(conn)?);
        let has_all_of_ours = known.iter().all(|version| ran.contains(version));
        if has_all_of_ours && ran.len() > known.len() {
            return Ok(Schema::Newer);
        }
    }
    if has_table(conn, "schema_digest")? {
        let digest: Option<String> =
            schema_digest::table.select(schema_digest::digest).get_result(conn).optional()?;
        let is_own = digest.is_some_and(|digest| digest == own_digest(conn));
        return Ok(if is_own { Schema::Current } else { Schema::Other });
    }
    // The first schemas had no digest.
    let is_missing = !has_table(conn, "__diesel_schema_migrations")? || versions_run(conn)?.is_empty();
    Ok(if is_missing { Schema::Missing } else { Schema::Other })
}

/// The digest of the statements that make the schema, without comments and indentation.
fn own_digest(conn: &AnyConnection) -> String {
    let sql = match conn {
        AnyConnection::Postgres(_) => POSTGRES_SQL,
        AnyConnection::Sqlite(_) => SQLITE_SQL,
    };
    let lines = sql.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"));
    Digest::of(lines.collect::<Vec<_>>().join("\n").as_bytes()).to_string()
}

fn has_table(conn: &mut AnyConnection, name: &str) -> Result<bool, StoreError> {
    let sql = match conn {
        AnyConnection::Postgres(_) => format!("to_regclass('{name}') IS NOT NULL"),
        AnyConnection::Sqlite(_) => format!("EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '{name}')"),
    };
    Ok(diesel::select(diesel::dsl::sql::<Bool>(&sql)).get_result(conn)?)
}

/// The migrations of this program.
fn own_versions(conn: &AnyConnection) -> Result<Vec<String>, StoreError> {
    match conn {
        AnyConnection::Postgres(_) => versions::<Pg>(&POSTGRES),
        AnyConnection::Sqlite(_) => versions::<Sqlite>(&SQLITE),
    }
}

fn versions_run(conn: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let rows: Vec<Row> = diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(conn)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
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
    fn a_read_connection_says_whether_migrations_are_pending_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        check(&format!("sqlite://{}", folder.path().join("test.db").display()));
    }
}
