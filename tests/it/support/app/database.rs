//! A database that exists for one test.

use countersign::clock::Clock;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tempfile::TempDir;

use crate::support::On;

/// A database that exists for one test.
pub enum Database {
    Sqlite(String),
    Postgres {
        url: String,
        schema: String,
        server: String,
    },
    /// A whole database instead of a schema, for a test that changes its settings.
    OwnPostgres {
        url: String,
        name: String,
        server: String,
    },
}

impl Database {
    /// A PostgreSQL database that no other test uses.
    pub fn own_postgres() -> Self {
        let server = server();
        let name = format!("own_{}", Clock::system().new_id().simple());
        let mut conn = PgConnection::establish(&server).unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let (front, _) = server.rsplit_once('/').unwrap();
        Self::OwnPostgres { url: format!("{front}/{name}"), name, server }
    }

    /// Runs SQL in another database of the same server.
    pub fn administer(&self, sql: &str) {
        let Self::OwnPostgres { name, server, .. } = self else { panic!("not a database of its own") };
        let mut conn = PgConnection::establish(server).unwrap();
        conn.batch_execute(&sql.replace("{database}", name)).unwrap();
    }

    pub fn new(on: On, folder: &TempDir) -> Self {
        match on {
            On::Sqlite => Self::Sqlite(format!("sqlite://{}", folder.path().join("test.db").display())),
            On::Postgres => {
                let server = server();
                let schema = format!("journey_{}", Clock::system().new_id().simple());
                let mut conn = PgConnection::establish(&server).unwrap();
                conn.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
                let joint = if server.contains('?') { '&' } else { '?' };
                let url = format!("{server}{joint}options=-csearch_path%3D{schema}");
                Self::Postgres { url, schema, server }
            }
        }
    }

    pub fn url(&self) -> &str {
        match self {
            Self::Sqlite(url) | Self::Postgres { url, .. } | Self::OwnPostgres { url, .. } => url,
        }
    }
}

fn server() -> String {
    std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!(
            "TEST_POSTGRES_URL names no PostgreSQL server. Run the tests as \
             `scripts/with-postgres cargo test`, which starts one for them."
        )
    })
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::OwnPostgres { name, server, .. } = self
            && let Ok(mut conn) = PgConnection::establish(server)
        {
            let _ = conn.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
        if let Self::Postgres { schema, server, .. } = self
            && let Ok(mut conn) = PgConnection::establish(server)
        {
            // The whole server goes away after the tests; a schema that stays is only untidy.
            let _ = conn.batch_execute(&format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}
