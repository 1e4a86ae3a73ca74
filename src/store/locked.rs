//! Rows that are locked for a write by the keys of their requests.

use std::collections::HashSet;

use crate::domain::ids::{OrgId, RequestId};

/// The rows of some keys, locked for a write, and the keys of those that another transaction holds.
pub struct Locked<R> {
    /// The rows, in key order.
    pub rows: Vec<R>,
    /// Requests whose row is there, but held by somebody else. Never on SQLite.
    pub held: Vec<(OrgId, RequestId)>,
}

/// A function that loads rows for a write by the key of their request, locked in key order so that two
/// nodes can't deadlock. It waits for no row: one that another transaction holds is named in the result.
macro_rules! lock_by_key {
    ($vis:vis fn $lock:ident($table:ident) -> $row:ty) => {
        /// Loads the named rows for a write, locked in key order, but for those that somebody else holds.
        $vis fn $lock(
            conn: &mut $crate::store::AnyConnection,
            keys: &[$crate::store::requests::Key],
        ) -> Result<$crate::store::locked::Locked<$row>, $crate::store::StoreError> {
            use $crate::store::locked::{Locked, held_keys};
            match conn {
                $crate::store::AnyConnection::Postgres(conn) => {
                    let (orgs, ids) = $crate::store::requests::key_texts(keys);
                    let named = $table::table
                        .filter($table::org_id.eq_any(&orgs).and($table::request_id.eq_any(&ids)))
                        .filter($crate::store::requests::unprepared());
                    let rows: Vec<$row> = named
                        .clone()
                        .order(($table::org_id, $table::request_id))
                        .for_update()
                        .skip_locked()
                        .load(conn)?;
                    if rows.len() >= keys.len() {
                        return Ok(Locked { rows, held: Vec::new() });
                    }
                    let there = named.select(($table::org_id, $table::request_id)).load(conn)?;
                    let locked = rows.iter().map(|row| (row.org_id.as_str(), row.request_id.as_str()));
                    let held = held_keys(keys, &there, locked);
                    Ok(Locked { rows, held })
                }
                // The write lock is already ours; single-row statements are cached.
                $crate::store::AnyConnection::Sqlite(conn) => {
                    let find = |(org, id): &$crate::store::requests::Key| {
                        $table::table.find((org.as_str(), id.to_string())).get_result(conn).optional()
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
    there: &[(String, String)],
    locked: impl Iterator<Item = (&'r str, &'r str)>,
) -> Vec<(OrgId, RequestId)> {
    let locked: HashSet<(&str, &str)> = locked.collect();
    let there = there.iter().map(|(org, id)| (org.as_str(), id.as_str()));
    let held: HashSet<(&str, &str)> = there.filter(|key| !locked.contains(key)).collect();
    let is_held = |(org, id): &&(OrgId, RequestId)| held.contains(&(org.as_str(), id.to_string().as_str()));
    keys.iter().filter(is_held).cloned().collect()
}
