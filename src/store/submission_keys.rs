//! The table `submission_keys`: the request of each client's `Idempotency-Key`.

use diesel::prelude::*;

use super::schema::submission_keys;
use super::stored_bytes::{StoredDigest, StoredId};
use super::{AnyConnection, StoreError};

/// One row; never changed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = submission_keys)]
pub struct SubmissionKeyRow {
    /// The org; keys of different orgs are unrelated.
    pub org_id: String,
    /// The client's key.
    pub key: String,
    /// The request.
    pub request_id: StoredId,
    /// Who submitted it.
    pub person_key: String,
    /// SHA-256 over the type's name and the body as received.
    pub digest: StoredDigest,
}

/// The key's row, if it was used before.
pub fn find(conn: &mut AnyConnection, org: &str, key: &str) -> Result<Option<SubmissionKeyRow>, StoreError> {
    Ok(submission_keys::table.find((org, key)).get_result(conn).optional()?)
}

/// Adds keys.
///
/// # Errors
/// A unique violation if another node used one of them in the meantime.
pub fn insert(conn: &mut AnyConnection, rows: &[SubmissionKeyRow]) -> Result<(), StoreError> {
    for row in rows {
        diesel::insert_into(submission_keys::table).values(row).execute(conn)?;
    }
    Ok(())
}
