//! Whether a commit is on a second server before it is acknowledged.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::StoreError;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    names: String,
    #[diesel(sql_type = Text)]
    level: String,
    #[diesel(sql_type = BigInt)]
    standbys: i64,
    /// `NULL` for a user who may not see the state of standbys.
    #[diesel(sql_type = Nullable<BigInt>)]
    synchronous: Option<i64>,
}

const QUERY: &str = "
    SELECT current_setting('synchronous_standby_names') AS names,
           current_setting('synchronous_commit') AS level,
           count(*) AS standbys,
           sum((sync_state IN ('sync', 'quorum'))::int)::bigint AS synchronous
    FROM pg_stat_replication";

/// Checks that commits wait for a synchronous standby, and that one is connected.
///
/// # Errors
/// A [`StoreError::Setup`] that says what to set.
pub(super) fn require(conn: &mut PgConnection) -> Result<(), StoreError> {
    let row: Row = diesel::sql_query(QUERY).get_result(conn)?;
    match fault(&row) {
        None => Ok(()),
        Some(what) => Err(StoreError::Setup(format!("store.require_sync_standby is set, but {what}"))),
    }
}

fn fault(row: &Row) -> Option<String> {
    if row.names.trim().is_empty() {
        return Some(
            "synchronous_standby_names is empty: name a standby there, or turn the key off".to_owned(),
        );
    }
    if !["on", "remote_apply"].contains(&row.level.as_str()) {
        let level = &row.level;
        return Some(format!("synchronous_commit is {level}: set it to on or remote_apply"));
    }
    if row.standbys > 0 && row.synchronous.is_none() {
        return Some("the database's user can't see the standbys: grant it pg_read_all_stats".to_owned());
    }
    if row.synchronous.unwrap_or(0) == 0 {
        return Some(
            "no synchronous standby is connected: start one that synchronous_standby_names names".to_owned(),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(names: &str, level: &str, standbys: i64, synchronous: Option<i64>) -> Option<String> {
        fault(&Row { names: names.to_owned(), level: level.to_owned(), standbys, synchronous })
    }

    #[test]
    fn a_commit_must_wait_for_a_connected_standby() {
        let refused =
            |names, level, standbys, synchronous| said(names, level, standbys, synchronous).unwrap();
        assert!(refused("", "on", 1, Some(1)).contains("synchronous_standby_names is empty"));
        for level in ["local", "off", "remote_write"] {
            assert!(refused("*", level, 1, Some(1)).contains("synchronous_commit is"), "{level}");
        }
        assert!(refused("*", "on", 1, None).contains("pg_read_all_stats"));
        assert!(refused("*", "on", 0, None).contains("no synchronous standby"));
        assert!(refused("*", "on", 2, Some(0)).contains("no synchronous standby"));
        for level in ["on", "remote_apply"] {
            assert_eq!(said("*", level, 1, Some(1)), None);
        }
    }
}
