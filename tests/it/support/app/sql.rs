//! What a test asks the database, past the server.

use countersign::store::AnyConnection;
use diesel::prelude::*;

use super::App;

impl App {
    /// Texts from the database, of a column `text`.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            text: String,
        }
        let rows: Vec<Row> = diesel::sql_query(sql).load(&mut self.database()).unwrap();
        rows.into_iter().map(|row| row.text).collect()
    }

    /// The tables of the database that have this text in a row, as text or as bytes.
    pub fn tables_with(&self, wanted: &str) -> Vec<String> {
        let hex: String = wanted.bytes().map(|byte| format!("{byte:02x}")).collect();
        let (tables, is_sqlite) = match self.database() {
            AnyConnection::Sqlite(_) => ("SELECT name AS text FROM sqlite_master WHERE type = 'table'", true),
            AnyConnection::Postgres(_) => (
                "SELECT table_name::text AS text FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'",
                false,
            ),
        };
        let has_it = |table: &String| {
            let condition = if is_sqlite {
                let columns = self.texts(&format!("SELECT name AS text FROM pragma_table_info('{table}')"));
                let parts =
                    columns.iter().map(|name| format!("instr(CAST(\"{name}\" AS BLOB), x'{hex}') > 0"));
                parts.collect::<Vec<_>>().join(" OR ")
            } else {
                format!("position('{wanted}' in t::text) > 0 OR position('{hex}' in t::text) > 0")
            };
            self.count(&format!("SELECT count(*) AS number FROM \"{table}\" t WHERE {condition}")) > 0
        };
        self.texts(tables).into_iter().filter(has_it).collect()
    }

    /// A number from the database.
    pub fn count(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            number: i64,
        }
        diesel::sql_query(sql).get_result::<Row>(&mut self.database()).unwrap().number
    }
}
