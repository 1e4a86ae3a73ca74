//! A database that exists for one test.

use countersign::clock::Clock;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tempfile::TempDir;

use crate::support::On;

/// A database that exists for one test.
pub enum Database {
    Sqlite(String),
    Postgres { url: String, schema: String, server: String },
}

impl Database {
    pub fn new(on: On, folder: &TempDir) -> Self {
        match on {
            On::Sqlite => Self::Sqlite(format!("sqlite://{}", folder.path().join("test.db").display())),
            On::Postgres => {
                let server = std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| {
                    panic!(
                        "TEST_POSTGRES_URL names no PostgreSQL server. Run the tests as \
                         `scripts/with-postgres cargo test`, which starts one for them."
                    )
                });
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
            Self::Sqlite(url) | Self::Postgres { url, .. } => url,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { schema, server, .. } = self
            && let Ok(mut conn) = PgConnection::establish(server)
        {
            // The whole server goes away after the tests; a schema that stays is only untidy.
            let _ = conn.batch_execute(&format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}
