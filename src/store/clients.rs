//! The tables `clients` and `client_tokens`: which programs may call the API. Never a secret or a token, only what
//! was made of them.

use std::fmt;

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::dsl::max;
use diesel::prelude::*;

use super::schema::{client_tokens, clients};
use super::{AnyConnection, StoreError, json};
use crate::domain::client::{Client, ClientKind};
use crate::domain::ids::OrgId;

/// One row.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = clients)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct ClientRow {
    pub client_id: String,
    pub org_id: String,
    pub name: String,
    pub kind: String,
    pub secret: String,
    pub access_groups: String,
    pub changed: i64,
    pub created_at: i64,
    pub rotated_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub refusals: i64,
}

/// Without the hash of the secret.
impl fmt::Debug for ClientRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRow").field("name", &self.name).field("changed", &self.changed).finish()
    }
}

impl ClientRow {
    /// The client of this row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a column can't be read.
    pub fn client(&self) -> Result<Client, StoreError> {
        let corrupt = || StoreError::Corrupt("client: kind".to_owned());
        Ok(Client {
            id: self.client_id.clone(),
            org: OrgId::new(self.org_id.clone()),
            name: self.name.clone(),
            kind: ClientKind::parse(&self.kind).ok_or_else(corrupt)?,
            groups: json::read(&self.access_groups, "access_groups")?,
        })
    }
}

/// The column `access_groups`.
pub fn groups_text(groups: &[String]) -> String {
    json::write(&groups)
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = client_tokens)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct ClientTokenRow {
    pub token_digest: String,
    pub client_id: String,
    pub client_changed: i64,
    pub created_at: i64,
    pub expires_at: i64,
}

/// How often a client was used and refused since this was last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientUse {
    /// The client.
    pub client_id: String,
    /// When it was last used, if it was.
    pub last_used_at: Option<i64>,
    /// How many of its calls were refused.
    pub refusals: i64,
}

/// One write by a server.
#[derive(Debug)]
pub enum ClientWrite {
    /// A client gets a token.
    Issue(ClientTokenRow),
    /// Clients were used.
    Used(Vec<ClientUse>),
}

/// Tokens are kept for this long after they expire, so that a call with one can be told since when.
const KEPT_FOR: TimeDelta = TimeDelta::days(1);

/// Rows deleted with one new token.
const FORGET_MAX: i64 = 100;

/// Does one write inside the writer's transaction.
pub fn write(conn: &mut AnyConnection, command: &ClientWrite) -> Result<(), StoreError> {
    match command {
        ClientWrite::Issue(row) => issue(conn, row),
        ClientWrite::Used(uses) => uses.iter().try_for_each(|one| note_use(conn, one)),
    }
}

fn issue(conn: &mut AnyConnection, row: &ClientTokenRow) -> Result<(), StoreError> {
    forget(conn, row.created_at - KEPT_FOR.num_microseconds().unwrap_or(i64::MAX))?;
    if find_token(conn, &row.token_digest)?.is_none() {
        diesel::insert_into(client_tokens::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Times never move back.
fn note_use(conn: &mut AnyConnection, used: &ClientUse) -> Result<(), StoreError> {
    let client = clients::table.find(&used.client_id);
    if used.refusals > 0 {
        diesel::update(client).set(clients::refusals.eq(clients::refusals + used.refusals)).execute(conn)?;
    }
    if let Some(at) = used.last_used_at {
        let older = client.filter(clients::last_used_at.is_null().or(clients::last_used_at.lt(at)));
        diesel::update(older).set(clients::last_used_at.eq(at)).execute(conn)?;
    }
    Ok(())
}

/// Deletes some tokens that expired before `cutoff`.
fn forget(conn: &mut AnyConnection, cutoff: i64) -> Result<(), StoreError> {
    let old = client_tokens::table.filter(client_tokens::expires_at.lt(cutoff));
    let old = old.order(client_tokens::expires_at).select(client_tokens::token_digest).limit(FORGET_MAX);
    let digests: Vec<String> = old.load(conn)?;
    if !digests.is_empty() {
        let forgotten = client_tokens::table.filter(client_tokens::token_digest.eq_any(digests));
        diesel::delete(forgotten).execute(conn)?;
    }
    Ok(())
}

/// The number of the last change of any client; 0 if there is none.
pub fn last_change(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    let last: Option<i64> = clients::table.select(max(clients::changed)).get_result(conn)?;
    Ok(last.unwrap_or(0))
}

/// The number of a change that this transaction makes. No other change comes in between: on PostgreSQL it waits until
/// this transaction ends, so that the numbers come in the order of the commits.
pub fn next_change(conn: &mut AnyConnection) -> Result<i64, StoreError> {
    if let AnyConnection::Postgres(conn) = conn {
        // A database has one for each schema.
        conn.batch_execute("SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 2))")?;
    }
    Ok(last_change(conn)? + 1)
}

/// The clients that are not revoked, `limit` at most.
pub fn live(conn: &mut AnyConnection, limit: i64) -> Result<Vec<ClientRow>, StoreError> {
    let live = clients::table.filter(clients::revoked_at.is_null());
    Ok(live.order(clients::client_id).limit(limit).load(conn)?)
}

/// Every client, by name.
pub fn list(conn: &mut AnyConnection) -> Result<Vec<ClientRow>, StoreError> {
    Ok(clients::table.order(clients::name).load(conn)?)
}

/// The client of this name.
pub fn find_by_name(conn: &mut AnyConnection, name: &str) -> Result<Option<ClientRow>, StoreError> {
    Ok(clients::table.filter(clients::name.eq(name)).get_result(conn).optional()?)
}

/// How many clients are not revoked, and how many of them are of this kind and org.
pub fn count_live(conn: &mut AnyConnection, kind: &str, org: &str) -> Result<(i64, i64), StoreError> {
    let live = clients::table.filter(clients::revoked_at.is_null());
    let all = live.count().get_result(conn)?;
    let own = live.filter(clients::kind.eq(kind).and(clients::org_id.eq(org)));
    Ok((all, own.count().get_result(conn)?))
}

/// Adds a client.
///
/// # Errors
/// A unique violation if another change came first.
pub fn insert(conn: &mut AnyConnection, row: &ClientRow) -> Result<(), StoreError> {
    diesel::insert_into(clients::table).values(row).execute(conn)?;
    Ok(())
}

/// Replaces the secret of a client, and deletes its tokens.
///
/// # Errors
/// A unique violation if another change came first.
pub fn rotate(
    conn: &mut AnyConnection,
    id: &str,
    secret: &str,
    (changed, at): (i64, i64),
) -> Result<(), StoreError> {
    let new = (clients::secret.eq(secret), clients::changed.eq(changed), clients::rotated_at.eq(at));
    diesel::update(clients::table.find(id)).set(new).execute(conn)?;
    delete_tokens(conn, id)
}

/// Revokes a client, and deletes its tokens.
///
/// # Errors
/// A unique violation if another change came first.
pub fn revoke(conn: &mut AnyConnection, id: &str, (changed, at): (i64, i64)) -> Result<(), StoreError> {
    let new = (clients::changed.eq(changed), clients::revoked_at.eq(at));
    diesel::update(clients::table.find(id)).set(new).execute(conn)?;
    delete_tokens(conn, id)
}

fn delete_tokens(conn: &mut AnyConnection, client_id: &str) -> Result<(), StoreError> {
    let own = client_tokens::table.filter(client_tokens::client_id.eq(client_id));
    diesel::delete(own).execute(conn)?;
    Ok(())
}

/// The token with this digest, expired or not.
pub fn find_token(conn: &mut AnyConnection, digest: &str) -> Result<Option<ClientTokenRow>, StoreError> {
    Ok(client_tokens::table.find(digest).get_result(conn).optional()?)
}
