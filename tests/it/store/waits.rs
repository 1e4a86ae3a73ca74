//! Every wait on PostgreSQL is bounded.

use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl};
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::support::stores::Database;

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    setting: String,
}

fn open(url: &str, purpose: Purpose) -> AnyConnection {
    Opener { url: StoreUrl::parse(url).unwrap(), purpose }.open().unwrap()
}

fn setting(conn: &mut AnyConnection, name: &str) -> String {
    let asked = sql_query(format!("SELECT current_setting('{name}') AS setting"));
    asked.get_result::<Setting>(conn).unwrap().setting
}

#[test]
fn a_connection_bounds_locks_statements_and_open_transactions() {
    let database = Database::postgres();
    for purpose in [Purpose::Read, Purpose::Write] {
        let conn = &mut open(&database.url, purpose);
        let limits = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"];
        assert_eq!(limits.map(|name| setting(conn, name)), ["2s", "15s", "30s"], "{purpose:?}");
    }
}

#[test]
fn a_limit_that_the_operators_url_sets_is_kept() {
    let database = Database::postgres();
    let conn = &mut open(&format!("{}%20-clock_timeout%3D7s", database.url), Purpose::Write);
    assert_eq!(setting(conn, "lock_timeout"), "7s");
    assert_eq!(setting(conn, "statement_timeout"), "15s");
}

#[test]
fn a_session_that_only_reads_is_no_writer() {
    let database = Database::postgres();
    let url = format!("{}%20-cdefault_transaction_read_only%3Don", database.url);
    let opened = Opener { url: StoreUrl::parse(&url).unwrap(), purpose: Purpose::Write }.open().map(drop);
    let sentence = "the database only reads right now: it is a standby, or read-only is set";
    assert_eq!(opened.unwrap_err().to_string(), sentence);
    open(&url, Purpose::Read).batch_execute("SELECT 1").unwrap();
}
