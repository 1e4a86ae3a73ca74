//! Rows that are found by the keys of their requests, and locked for a write.

use std::collections::HashSet;

use super::stored_bytes::StoredId;
use crate::domain::ids::{OrgId, RequestId};

/// The rows of some keys, locked for a write, and the keys of those that another transaction holds.
pub struct Locked<R> {
    /// The rows, in key order.
    pub rows: Vec<R>,
    /// Requests whose row is there, but held by somebody else. Never on SQLite.
    pub held: Vec<(OrgId, RequestId)>,
}

/// Keys as two arrays side by side.
pub(super) struct Named {
    pub(super) orgs: Vec<String>,
    pub(super) ids: Vec<StoredId>,
}

impl Named {
    pub(super) fn new(keys: &[(OrgId, RequestId)]) -> Self {
        Self {
            orgs: keys.iter().map(|(org, _)| org.to_string()).collect(),
            ids: keys.iter().map(|(_, id)| (*id).into()).collect(),
        }
    }
}

/// A statement on PostgreSQL that finds rows by [`Named`] keys. It joins the arrays to the primary key, so that its plan
/// is right for any keys, and it can stay prepared.
macro_rules! named_rows {
    ($statement:ident, $table:ident, $columns:expr, $types:ty, $end:expr) => {
        struct $statement<'a>(&'a $crate::store::by_key::Named);

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $statement<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                use diesel::sql_types::{Array, Binary, Text};
                let table = stringify!($table);
                out.push_sql("SELECT ");
                diesel::query_builder::QueryFragment::<diesel::pg::Pg>::walk_ast($columns, out.reborrow())?;
                out.push_sql(" FROM unnest(");
                out.push_bind_param::<Array<Text>, _>(&self.0.orgs)?;
                out.push_sql(", ");
                out.push_bind_param::<Array<Binary>, _>(&self.0.ids)?;
                for text in [
                    ") AS named (org_id, request_id) JOIN ",
                    table,
                    " ON ",
                    table,
                    ".org_id = named.org_id AND ",
                    table,
                    ".request_id = named.request_id",
                    $end,
                ] {
                    out.push_sql(text);
                }
                Ok(())
            }
        }

        $crate::store::columns::static_query_id!($statement);

        impl diesel::query_builder::Query for $statement<'_> {
            type SqlType = $types;
        }

        impl diesel::RunQueryDsl<diesel::PgConnection> for $statement<'_> {}
    };
}
pub(super) use named_rows;

/// A function that loads rows by the key of their request, in no order, to be read only: one query on PostgreSQL,
/// cached single-request statements on SQLite.
macro_rules! load_by_key {
    ($vis:vis fn $load:ident($statement:ident, $table:ident) -> $row:ty) => {
        $crate::store::by_key::named_rows!($statement, $table, &$table::all_columns, $table::SqlType, "");

        /// The rows of the named requests, in no order.
        $vis fn $load(
            conn: &mut $crate::store::AnyConnection,
            keys: &[$crate::store::requests::Key],
        ) -> Result<Vec<$row>, $crate::store::StoreError> {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            match conn {
                $crate::store::AnyConnection::Postgres(conn) => {
                    Ok($statement(&$crate::store::by_key::Named::new(keys)).load(conn)?)
                }
                $crate::store::AnyConnection::Sqlite(conn) => {
                    let mut rows = Vec::with_capacity(keys.len());
                    for (org, id) in keys {
                        let id = $crate::store::stored_bytes::StoredId::from(*id);
                        let is_named = $table::org_id.eq(org.as_str()).and($table::request_id.eq(id));
                        rows.extend($table::table.filter(is_named).load::<$row>(conn)?);
                    }
                    Ok(rows)
                }
            }
        }
    };
}
pub(super) use load_by_key;

/// A function that loads rows for a write by the key of their request, locked in key order so that two
/// nodes can't deadlock. It waits for no row: one that another transaction holds is named in the result.
macro_rules! lock_by_key {
    ($vis:vis fn $lock:ident($statement:ident, $there:ident, $table:ident) -> $row:ty) => {
        $crate::store::by_key::named_rows!(
            $statement,
            $table,
            &$table::all_columns,
            $table::SqlType,
            concat!(
                " ORDER BY ", stringify!($table), ".org_id, ", stringify!($table), ".request_id FOR UPDATE OF ",
                stringify!($table), " SKIP LOCKED"
            )
        );

        $crate::store::by_key::named_rows!(
            $there,
            $table,
            &($table::org_id, $table::request_id),
            (diesel::sql_types::Text, diesel::sql_types::Binary),
            ""
        );

        /// Loads the named rows for a write, locked in key order, but for those that somebody else holds.
        $vis fn $lock(
            conn: &mut $crate::store::AnyConnection,
            keys: &[$crate::store::requests::Key],
        ) -> Result<$crate::store::by_key::Locked<$row>, $crate::store::StoreError> {
            use $crate::store::by_key::{Locked, Named, held_keys};
            match conn {
                $crate::store::AnyConnection::Postgres(conn) => {
                    let named = Named::new(keys);
                    let rows: Vec<$row> = $statement(&named).load(conn)?;
                    if rows.len() >= keys.len() {
                        return Ok(Locked { rows, held: Vec::new() });
                    }
                    let there = $there(&named).load(conn)?;
                    let locked = rows.iter().map(|row| (row.org_id.as_str(), row.request_id));
                    let held = held_keys(keys, &there, locked);
                    Ok(Locked { rows, held })
                }
                // The write lock is already ours; single-row statements are cached.
                $crate::store::AnyConnection::Sqlite(conn) => {
                    let find = |(org, id): &$crate::store::requests::Key| {
                        let id = $crate::store::stored_bytes::StoredId::from(*id);
                        $table::table.find((org.as_str(), id)).get_result(conn).optional()
                    };
                    let rows = keys.iter().map(find).collect::<QueryResult<Vec<_>>>()?;
                    Ok(Locked { rows: rows.into_iter().flatten().collect(), held: Vec::new() })
                }
            }
        }
    };
}
pub(super) use lock_by_key;

/// Those of `keys` that are there without being locked by us.
pub(super) fn held_keys<'r>(
    keys: &[(OrgId, RequestId)],
    there: &[(String, StoredId)],
    locked: impl Iterator<Item = (&'r str, StoredId)>,
) -> Vec<(OrgId, RequestId)> {
    let locked: HashSet<(&str, StoredId)> = locked.collect();
    let there = there.iter().map(|(org, id)| (org.as_str(), *id));
    let held: HashSet<(&str, StoredId)> = there.filter(|key| !locked.contains(key)).collect();
    let is_held = |(org, id): &&(OrgId, RequestId)| held.contains(&(org.as_str(), (*id).into()));
    keys.iter().filter(is_held).cloned().collect()
}
