//! A database for one test alone, on SQLite or on PostgreSQL, gone when the test ends.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use countersign::domain::ids::RequestId;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use tempfile::TempDir;

/// Runs every listed case, an `async fn(Database)` of the module, on both databases.
///
/// A case is one test per database: `sqlite::a_case` and `postgres::a_case`.
#[macro_export]
macro_rules! on_both_stores {
    [$($case:ident),+ $(,)?] => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
                async fn $case() {
                    super::$case($crate::support::stores::Database::sqlite()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
                async fn $case() {
                    super::$case($crate::support::stores::Database::postgres()).await;
                }
            )+
        }
    };
}

/// An empty database; dropping it removes it.
pub struct Database {
    /// What `Store::open` takes.
    pub url: String,
    _place: Place,
}

/// Where the database is, and how it goes away.
enum Place {
    File { _directory: TempDir },
    Schema { _schema: Schema },
}

impl Database {
    /// A SQLite file in a directory of its own.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("the temporary directory takes another one");
        let url = format!("sqlite://{}", directory.path().join("test.db").display());
        Self { url, _place: Place::File { _directory: directory } }
    }

    /// A schema of its own on the server that `TEST_POSTGRES_URL` names.
    ///
    /// # Panics
    /// Without that variable: a test that skips quietly is green and proves nothing.
    pub fn postgres() -> Self {
        let server = env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| {
            panic!(
                "TEST_POSTGRES_URL is not set. Run the tests beside a PostgreSQL of their own: \
                 scripts/with-postgres cargo test --test it"
            )
        });
        let schema = Schema::create(server);
        let joint = if schema.server.contains('?') { '&' } else { '?' };
        let url = format!("{}{joint}options=-csearch_path%3D{}", schema.server, schema.name);
        Self { url, _place: Place::Schema { _schema: schema } }
    }

    /// Whether it is on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self._place, Place::Schema { .. })
    }

    /// An id as it is written in a statement.
    pub fn id(&self, id: RequestId) -> String {
        bytes_in_sql(self.is_postgres(), id.uuid().as_bytes())
    }
}

/// Bytes as they are written in a statement.
pub fn bytes_in_sql(is_postgres: bool, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if is_postgres { format!("'\\x{digits}'::bytea") } else { format!("x'{digits}'") }
}

struct Schema {
    server: String,
    name: String,
}

impl Schema {
    fn create(server: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // The process id keeps two runs on one server apart.
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let schema = Self { server, name };
        // What an earlier run with the same process id may have left behind.
        schema.execute(&format!("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}", schema.name));
        schema
    }

    fn execute(&self, sql: &str) {
        let mut conn = PgConnection::establish(&self.server).expect("TEST_POSTGRES_URL can be connected to");
        conn.batch_execute(sql).expect("its user may create and drop schemas");
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A failed test may have left a transaction open; the server ends with the run anyway.
        if !std::thread::panicking() {
            self.execute(&format!("SET lock_timeout = '10s'; DROP SCHEMA {} CASCADE", self.name));
        }
    }
}
