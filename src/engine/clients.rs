//! Clients: the programs that may call the API. They are read here for the gate, and changed here for the command
//! line.
//!
//! **Invariant:** a secret or a token never comes here, only what was made of it.

use std::fmt;

use chrono::{DateTime, Utc};

use super::command::WriteCommand;
use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::domain::client::{Client, ClientKind};
use crate::domain::digest::Digest;
use crate::store::clients::{self, ClientRow, ClientTokenRow, ClientWrite};
use crate::store::{AnyConnection, StoreError, from_micros, to_micros};

pub use crate::store::clients::ClientUse;

/// Clients that a deployment may have; each server keeps all of them in memory.
pub const CLIENTS_MAX: i64 = 10_000;

/// OAuth clients that an org may have.
pub const OAUTH_CLIENTS_PER_ORG_MAX: i64 = 15;

/// A client, with what its secret is checked against.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredClient {
    /// The client.
    pub client: Client,
    /// The hash of its secret.
    pub secret: String,
    /// The number of its last change.
    pub changed: i64,
}

/// Without the hash.
impl fmt::Debug for StoredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredClient").field("client", &self.client).field("changed", &self.changed).finish()
    }
}

/// Every client that is not revoked.
#[derive(Clone, Debug)]
pub struct LiveClients {
    /// The number of the last change of any client.
    pub changed: i64,
    /// The clients.
    pub clients: Vec<StoredClient>,
}

/// A token of an OAuth client, expired or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientToken {
    /// The digest of the token.
    pub digest: Digest,
    /// Whose it is.
    pub client_id: String,
    /// The last change of the client before it was made; another one makes it bad.
    pub client_changed: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

impl Engine {
    /// The number of the last change of any client.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn last_client_change(&self) -> Result<i64, EngineError> {
        Ok(self.inner.store.read(clients::last_change).await?)
    }

    /// Every client that is not revoked, at one instant.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn live_clients(&self) -> Result<LiveClients, EngineError> {
        let read = |conn: &mut AnyConnection| {
            let changed = clients::last_change(conn)?;
            let rows = clients::live(conn, CLIENTS_MAX)?;
            let clients = rows.into_iter().map(StoredClient::try_from).collect::<Result<_, _>>()?;
            Ok(LiveClients { changed, clients })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The token with this digest, expired or not.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn client_token(&self, digest: Digest) -> Result<Option<ClientToken>, EngineError> {
        let text = digest.to_string();
        let row = self.inner.store.read_by_key(move |conn| clients::find_token(conn, &text)).await?;
        let token = |row: ClientTokenRow| -> Result<ClientToken, StoreError> {
            let (created_at, expires_at) = (from_micros(row.created_at)?, from_micros(row.expires_at)?);
            let ClientTokenRow { client_id, client_changed, .. } = row;
            Ok(ClientToken { digest, client_id, client_changed, created_at, expires_at })
        };
        Ok(row.map(token).transpose()?)
    }

    /// Keeps a new token.
    ///
    /// # Errors
    /// If it could not be written.
    pub async fn issue_client_token(&self, token: &ClientToken) -> Result<(), EngineError> {
        let row = ClientTokenRow {
            token_digest: token.digest.to_string(),
            client_id: token.client_id.clone(),
            client_changed: token.client_changed,
            created_at: to_micros(token.created_at),
            expires_at: to_micros(token.expires_at),
        };
        self.inner.writer.write(WriteCommand::Client(ClientWrite::Issue(row))).await?;
        Ok(())
    }

    /// Records when clients were used, and how often they were refused.
    ///
    /// # Errors
    /// If it could not be written.
    pub async fn record_client_uses(&self, uses: Vec<ClientUse>) -> Result<(), EngineError> {
        self.inner.writer.write_own(WriteCommand::Client(ClientWrite::Used(uses))).await?;
        Ok(())
    }
}

impl TryFrom<ClientRow> for StoredClient {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        Ok(Self { client: row.client()?, secret: row.secret, changed: row.changed })
    }
}

/// Why clients were not changed; the sentence is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ClientFault {
    /// The name is or was another client's.
    #[error("there is, or was, a client {0}; names are not used again")]
    NameTaken(String),
    /// There are too many.
    #[error("there are {CLIENTS_MAX} clients, and no more are kept; revoke one first")]
    TooMany,
    /// The org has too many.
    #[error("org {0} has {OAUTH_CLIENTS_PER_ORG_MAX} OAuth clients, and may have no more; revoke one first")]
    TooManyOfOrg(String),
    /// There is none.
    #[error("there is no client {0}, or it is revoked")]
    Unknown(String),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A client as an operator sees it.
#[derive(Clone, Debug)]
pub struct ListedClient {
    /// The client.
    pub client: Client,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last got a new secret.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last let through.
    pub last_used_at: Option<DateTime<Utc>>,
    /// How many of its calls were refused.
    pub refusals: i64,
}

impl TryFrom<ClientRow> for ListedClient {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        Ok(Self {
            client: row.client()?,
            created_at: from_micros(row.created_at)?,
            rotated_at: row.rotated_at.map(from_micros).transpose()?,
            revoked_at: row.revoked_at.map(from_micros).transpose()?,
            last_used_at: row.last_used_at.map(from_micros).transpose()?,
            refusals: row.refusals,
        })
    }
}

/// Every client, the revoked ones too, by name. For a command beside the servers.
///
/// # Errors
/// If the database can't be read.
pub fn list_clients(conn: &mut AnyConnection) -> Result<Vec<ListedClient>, StoreError> {
    clients::list(conn)?.into_iter().map(ListedClient::try_from).collect()
}

/// Adds a client whose secret has this hash. Every server knows it within a second.
///
/// # Errors
/// If the name is taken, or there are too many.
pub fn add_client(
    conn: &mut AnyConnection,
    client: &Client,
    secret: &str,
    clock: &Clock,
) -> Result<(), ClientFault> {
    change(conn, |conn, changed| {
        if clients::find_by_name(conn, &client.name)?.is_some() {
            return Ok(Err(ClientFault::NameTaken(client.name.clone())));
        }
        let (all, own) = clients::count_live(conn, client.kind.name(), client.org.as_str())?;
        if all >= CLIENTS_MAX {
            return Ok(Err(ClientFault::TooMany));
        }
        if client.kind == ClientKind::Oauth && own >= OAUTH_CLIENTS_PER_ORG_MAX {
            return Ok(Err(ClientFault::TooManyOfOrg(client.org.to_string())));
        }
        let row = ClientRow {
            client_id: client.id.clone(),
            org_id: client.org.to_string(),
            name: client.name.clone(),
            kind: client.kind.name().to_owned(),
            secret: secret.to_owned(),
            access_groups: clients::groups_text(&client.groups),
            changed,
            created_at: to_micros(clock.now()),
            rotated_at: None,
            revoked_at: None,
            last_used_at: None,
            refusals: 0,
        };
        clients::insert(conn, &row).map(Ok)
    })
}

/// The live client of this name.
///
/// # Errors
/// If there is none.
pub fn find_client(conn: &mut AnyConnection, name: &str) -> Result<Client, ClientFault> {
    let row = clients::find_by_name(conn, name)?.filter(|row| row.revoked_at.is_none());
    Ok(row.ok_or_else(|| ClientFault::Unknown(name.to_owned()))?.client()?)
}

/// Gives a client a new secret, of which this is the hash. The old one and its tokens stop on every server within a
/// second.
///
/// # Errors
/// If there is none of this name.
pub fn rotate_client(
    conn: &mut AnyConnection,
    name: &str,
    secret: &str,
    clock: &Clock,
) -> Result<(), ClientFault> {
    change_live(conn, name, |conn, id, changed| {
        clients::rotate(conn, id, secret, (changed, to_micros(clock.now())))
    })
}

/// Revokes a client for good. It and its tokens stop on every server within a second.
///
/// # Errors
/// If there is none of this name.
pub fn revoke_client(conn: &mut AnyConnection, name: &str, clock: &Clock) -> Result<(), ClientFault> {
    change_live(conn, name, |conn, id, changed| clients::revoke(conn, id, (changed, to_micros(clock.now()))))
}

fn change_live(
    conn: &mut AnyConnection,
    name: &str,
    work: impl FnOnce(&mut AnyConnection, &str, i64) -> Result<(), StoreError>,
) -> Result<(), ClientFault> {
    change(conn, |conn, changed| {
        match clients::find_by_name(conn, name)?.filter(|row| row.revoked_at.is_none()) {
            Some(row) => work(conn, &row.client_id, changed).map(Ok),
            None => Ok(Err(ClientFault::Unknown(name.to_owned()))),
        }
    })
}

/// Makes one change under the next number, so that no server overlooks it.
fn change(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection, i64) -> Result<Result<(), ClientFault>, StoreError>,
) -> Result<(), ClientFault> {
    conn.in_write_transaction(|conn| {
        let changed = clients::next_change(conn)?;
        work(conn, changed)
    })?
}
