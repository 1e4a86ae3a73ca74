//! Open requests on many subjects at once: for a list, which would else ask once a row.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text};

use super::requests::{OPEN_STATES, list_pending_on};
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError};
use crate::domain::ids::RequestId;

/// A request type and a subject.
pub type OnSubject = (String, String);

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    request_type: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Binary)]
    request_id: StoredId,
}

/// Walks the index of subjects once for each that is asked for, and no further than its limit.
fn statement() -> String {
    let open = OPEN_STATES.map(|state| format!("'{state}'")).join(", ");
    format!(
        "SELECT asked.request_type, asked.subject, found.request_id \
         FROM unnest($1, $2) AS asked (request_type, subject) CROSS JOIN LATERAL ( \
             SELECT r.started_at, r.request_id FROM requests r \
             WHERE r.org_id = $3 AND r.subject = asked.subject AND r.request_type = asked.request_type \
                 AND r.state IN ({open}) \
             ORDER BY r.started_at, r.request_id LIMIT $4) AS found \
         ORDER BY found.started_at, found.request_id"
    )
}

/// The same as [`list_pending_on`] for each of `asked`: one statement on PostgreSQL. On SQLite, which has no round trips
/// to save, one after another.
pub fn list_pending_on_each(
    conn: &mut AnyConnection,
    org: &str,
    asked: Vec<OnSubject>,
    limit: i64,
) -> Result<HashMap<OnSubject, Vec<RequestId>>, StoreError> {
    let conn = match conn {
        AnyConnection::Postgres(conn) => conn,
        AnyConnection::Sqlite(_) => {
            let listed = |(name, subject): OnSubject| {
                let found = list_pending_on(conn, (org, &name), &subject, limit)?;
                Ok(((name, subject), found))
            };
            return asked.into_iter().map(listed).collect();
        }
    };
    let (names, subjects): (Vec<&str>, Vec<&str>) =
        asked.iter().map(|(name, subject)| (name.as_str(), subject.as_str())).unzip();
    let rows: Vec<Found> = diesel::sql_query(statement())
        .bind::<Array<Text>, _>(names)
        .bind::<Array<Text>, _>(subjects)
        .bind::<Text, _>(org)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    let mut open: HashMap<OnSubject, Vec<RequestId>> = asked.into_iter().map(|on| (on, Vec::new())).collect();
    for Found { request_type, subject, request_id } in rows {
        open.entry((request_type, subject)).or_default().push(request_id.into());
    }
    Ok(open)
}
