//! The table `usage_counters`: how much is pending and executed, per maker or subject and window.
//!
//! Rows are created before they are locked, and locked in key order, so that two nodes neither miss each
//! other's first row nor deadlock.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment};
use diesel::sql_types::{Array, BigInt, Text};

use super::columns::static_query_id;
use super::schema::usage_counters;
use super::{AnyConnection, StoreError};

/// One counter's row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = usage_counters)]
pub struct UsageRow {
    /// The org.
    pub org_id: String,
    /// The type that declares the counter.
    pub request_type: String,
    /// The counter's name in the type.
    pub counter: String,
    /// Its maker or subject.
    pub who: String,
    /// Where the window begins, in microseconds since 1970.
    pub window_start: i64,
    /// Number of requests in it.
    pub count: i64,
    /// The sum of their amounts, as an exact decimal.
    pub sum: String,
}

/// The primary key; rows are locked in its order.
pub type UsageKey = (String, String, String, String, i64);

impl UsageRow {
    /// The primary key.
    pub fn key(&self) -> UsageKey {
        (
            self.org_id.clone(),
            self.request_type.clone(),
            self.counter.clone(),
            self.who.clone(),
            self.window_start,
        )
    }
}

/// The row of each key, created if it is missing, and locked. `keys` are sorted.
pub fn lock(conn: &mut AnyConnection, keys: &[UsageKey]) -> Result<Vec<UsageRow>, StoreError> {
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let found = match lock_one(conn, key)? {
            Some(row) => row,
            None => {
                make(conn, key)?;
                lock_one(conn, key)?.ok_or(StoreError::Stale)?
            }
        };
        rows.push(found);
    }
    Ok(rows)
}

fn make(conn: &mut AnyConnection, key: &UsageKey) -> Result<(), StoreError> {
    let (org_id, request_type, counter, who, window_start) = key.clone();
    let row = UsageRow { org_id, request_type, counter, who, window_start, count: 0, sum: "0".to_owned() };
    match conn {
        AnyConnection::Postgres(conn) => {
            diesel::insert_into(usage_counters::table).values(&row).on_conflict_do_nothing().execute(conn)?
        }
        AnyConnection::Sqlite(conn) => {
            diesel::insert_or_ignore_into(usage_counters::table).values(&row).execute(conn)?
        }
    };
    Ok(())
}

fn lock_one(conn: &mut AnyConnection, key: &UsageKey) -> Result<Option<UsageRow>, StoreError> {
    let (org, request_type, counter, who, start) = key;
    let found = usage_counters::table.find((org, request_type, counter, who, start));
    Ok(match conn {
        AnyConnection::Postgres(conn) => found.for_update().get_result(conn).optional()?,
        // The write lock is already ours.
        AnyConnection::Sqlite(conn) => found.get_result(conn).optional()?,
    })
}

/// The rows of these keys as far as they exist, without a lock: on PostgreSQL with one statement.
pub fn find_all(conn: &mut AnyConnection, keys: &[UsageKey]) -> Result<Vec<UsageRow>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    match conn {
        AnyConnection::Postgres(conn) => Ok(FindAll::new(keys).load(conn)?),
        AnyConnection::Sqlite(conn) => {
            let mut rows = Vec::new();
            for (org, request_type, counter, who, start) in keys {
                let found = usage_counters::table.find((org, request_type, counter, who, start));
                rows.extend(found.get_result::<UsageRow>(conn).optional()?);
            }
            Ok(rows)
        }
    }
}

/// Joins the keys, as columns side by side, to the primary key.
struct FindAll<'a> {
    texts: [Vec<&'a String>; 4],
    starts: Vec<i64>,
}

impl<'a> FindAll<'a> {
    fn new(keys: &'a [UsageKey]) -> Self {
        let texts = |of: fn(&UsageKey) -> &String| keys.iter().map(of).collect::<Vec<_>>();
        Self {
            texts: [texts(|key| &key.0), texts(|key| &key.1), texts(|key| &key.2), texts(|key| &key.3)],
            starts: keys.iter().map(|key| key.4).collect(),
        }
    }
}

impl QueryFragment<Pg> for FindAll<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT u.org_id, u.request_type, u.counter, u.who, u.window_start, u.count, u.sum FROM unnest(",
        );
        for texts in &self.texts {
            out.push_bind_param::<Array<Text>, _>(texts)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<Array<BigInt>, _>(&self.starts)?;
        out.push_sql(
            ") AS k (org_id, request_type, counter, who, window_start) \
             JOIN usage_counters u USING (org_id, request_type, counter, who, window_start)",
        );
        Ok(())
    }
}

static_query_id!(FindAll);

impl Query for FindAll<'_> {
    type SqlType = usage_counters::SqlType;
}

impl RunQueryDsl<PgConnection> for FindAll<'_> {}

/// Writes new counts; the rows are locked.
pub fn save(conn: &mut AnyConnection, rows: &[UsageRow]) -> Result<(), StoreError> {
    for row in rows {
        let key = (&row.org_id, &row.request_type, &row.counter, &row.who, row.window_start);
        diesel::update(usage_counters::table.find(key))
            .set((usage_counters::count.eq(row.count), usage_counters::sum.eq(&row.sum)))
            .execute(conn)?;
    }
    Ok(())
}
