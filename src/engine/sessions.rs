//! Who is signed in to the pages: sessions are opened, found, and ended here.
//!
//! **Invariant:** the cookie's secret never comes here, only its digest; a session that is idle for too
//! long, too old or ended is no session.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::command::WriteCommand;
use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::domain::actor::{Actor, Person, Signer};
use crate::domain::digest::Digest;
use crate::domain::ids::OrgId;
use crate::domain::lifecycle::EventType;
use crate::domain::preferences::Preferences;
use crate::store::events::{self, EventRow};
use crate::store::preferences::{self, Account};
use crate::store::sessions::{self, SessionRow, SessionWrite};
use crate::store::{AnyConnection, StoreError, from_micros, to_micros};

pub use crate::store::sessions::SessionGrant;

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// How long a session may go unused.
    pub idle: TimeDelta,
    /// Maximum age of a session.
    pub max: TimeDelta,
}

/// Names a session: the digest of the secret in its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(Digest);

impl SessionId {
    /// The session of the cookie with this secret.
    pub fn of_secret(secret: &str) -> Self {
        Self(Digest::of(secret.as_bytes()))
    }

    fn text(self) -> String {
        self.0.to_string()
    }
}

/// A session that is good now.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// Which one.
    pub id: SessionId,
    /// What the sign-in granted.
    pub granted: SessionGrant,
    /// The org that the person works in.
    pub org: OrgId,
    /// When the person proved who they are, if that is known.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// When it ends, however much it is used.
    pub expires_at: DateTime<Utc>,
    /// What the person set for themselves, as it is in this org.
    pub preferences: Preferences,
}

impl LiveSession {
    /// The person as the engine asks who it is.
    pub fn actor(&self, source_address: Option<String>) -> Actor {
        Actor {
            signer: Signer {
                person: self.granted.person.clone(),
                org: self.org.clone(),
                permissions: self.granted.permissions.clone(),
                groups: self.granted.groups.clone(),
                has_unread_groups: self.granted.has_unread_groups,
                act: self.granted.act.clone(),
                signed_in_at: self.signed_in_at,
            },
            token_id: None,
            source_address,
            via: None,
        }
    }
}

/// A sign-in that is to become a session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session's id, made of a new secret.
    pub id: SessionId,
    /// What the sign-in granted.
    pub granted: SessionGrant,
    /// The org to begin in: one of those that are granted.
    pub org: OrgId,
    /// When the person proved who they are, if that is known.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// The session that this one takes the place of: it ends in the same transaction.
    pub replaces: Option<SessionId>,
}

/// Whether looking a session up counts as using it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Somebody asked for a page.
    Page,
    /// Something in the background, such as an open stream: the session may still run out.
    Background,
}

/// A session's use is recorded at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What happened to a session, for the trail of its org.
#[derive(Clone, Debug)]
pub(super) enum SessionEvent {
    /// It began there.
    SignedIn(SessionRow),
    /// It is over there.
    SignedOut(SessionRow, SignOut),
    /// Whoever runs the server ended it.
    Ended(SessionRow),
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignOut {
    /// The person signed out.
    Asked,
    /// Somebody signed in anew in the same browser.
    Replaced,
    /// The person works in another org.
    Switched,
}

impl SignOut {
    fn name(self) -> &'static str {
        match self {
            Self::Asked => "signOut",
            Self::Replaced => "signIn",
            Self::Switched => "switch",
        }
    }
}

impl SessionEvent {
    /// The event of the session's org: by the person, unless somebody else ended it.
    pub(super) fn row(self, id: Uuid, now: DateTime<Utc>) -> Result<EventRow, StoreError> {
        let whose =
            |session: &SessionRow| Ok::<_, StoreError>(SessionGrant::from_text(&session.claims)?.person);
        let (event_type, by, org_id, data) = match self {
            Self::SignedIn(session) => (EventType::SignedIn, whose(&session)?, session.org_id, json!({})),
            Self::SignedOut(session, how) => {
                (EventType::SignedOut, whose(&session)?, session.org_id, json!({ "how": how.name() }))
            }
            Self::Ended(session) => {
                let whose = whose(&session)?;
                let data = json!({ "userId": whose.user_id, "userName": whose.user_name });
                (EventType::SessionEnded, Person::system(), session.org_id, data)
            }
        };
        Ok(EventRow {
            org_id,
            actor_iss: by.iss,
            actor_sub: by.sub,
            actor_user_id: by.user_id,
            actor_user_name: by.user_name,
            ..EventRow::of_no_request(event_type, id, now, &data)
        })
    }
}

/// Ends every session of the people with this user id, with an event of each one's org; returns their number. A
/// command beside the servers calls this, whether they run or not.
pub fn end_sessions_of(conn: &mut AnyConnection, user_id: &str, clock: &Clock) -> Result<usize, StoreError> {
    let now = clock.now();
    conn.in_write_transaction(|conn| {
        let mut happened = Vec::new();
        for session in sessions::live_of(conn, user_id, to_micros(now))? {
            sessions::end(conn, &session.session_id, to_micros(now))?;
            happened.push(SessionEvent::Ended(session).row(clock.new_id(), now)?);
        }
        events::insert(conn, &happened)?;
        Ok(happened.len())
    })
}

impl Engine {
    /// Opens a session for somebody who has just signed in.
    pub async fn open_session(&self, new: NewSession) -> Result<LiveSession, EngineError> {
        let now = self.inner.clock.now();
        let NewSession { id, granted, org, signed_in_at, replaces } = new;
        let expires_at = now + self.inner.sessions.max;
        let row = SessionRow {
            session_id: id.text(),
            user_id: granted.person.user_id.clone(),
            claims: granted.to_text(),
            org_id: org.to_string(),
            signed_in_at: signed_in_at.map(to_micros),
            created_at: to_micros(now),
            last_seen_at: to_micros(now),
            expires_at: to_micros(expires_at),
            ended_at: None,
        };
        let replaces = replaces.map(SessionId::text);
        self.write_session(SessionWrite::Open { row: Box::new(row), replaces }).await?;
        tracing::info!(actor = granted.person.user_id, %org, "signed in");
        let preferences = Preferences::default();
        Ok(LiveSession { id, granted, org, signed_in_at, expires_at, preferences })
    }

    /// The session, if it is good now.
    ///
    /// Its use is recorded at most once a minute, in the background.
    pub async fn find_session(
        &self,
        id: SessionId,
        counts_as: Use,
    ) -> Result<Option<LiveSession>, EngineError> {
        let text = id.text();
        let found = self.inner.store.read_by_key(move |conn| {
            let Some(row) = sessions::find(conn, &text)? else { return Ok(None) };
            let (granted, org) = (SessionGrant::from_text(&row.claims)?, OrgId::new(row.org_id.clone()));
            let preferences = preferences::find(conn, &org, &Account::of(&granted.person))?;
            Ok(Some((row, granted, org, preferences)))
        });
        let Some((row, granted, org, preferences)) = found.await? else { return Ok(None) };
        let now = self.inner.clock.now();
        let last_seen_at = from_micros(row.last_seen_at)?;
        let expires_at = from_micros(row.expires_at)?;
        let limits = self.inner.sessions;
        // The limits of today's configuration apply to older sessions, too.
        let is_over = row.ended_at.is_some()
            || now >= expires_at
            || now >= from_micros(row.created_at)? + limits.max
            || now >= last_seen_at + limits.idle;
        if is_over {
            return Ok(None);
        }
        if counts_as == Use::Page && now >= last_seen_at + TOUCH_EVERY {
            let touch = SessionWrite::Touch { id: row.session_id, at: to_micros(now) };
            let engine = self.clone();
            tokio::spawn(async move {
                if let Err(error) = engine.write_session(touch).await {
                    tracing::warn!(%error, "the use of a session could not be recorded");
                }
            });
        }
        Ok(Some(LiveSession {
            id,
            granted,
            org,
            signed_in_at: row.signed_in_at.map(from_micros).transpose()?,
            expires_at,
            preferences,
        }))
    }

    /// Lets the person work in another of the orgs that the sign-in granted.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] if the org was not granted.
    pub async fn switch_org(&self, session: &LiveSession, org: &OrgId) -> Result<(), EngineError> {
        if !session.granted.orgs.contains(org) {
            return Err(EngineError::NotFound);
        }
        self.write_session(SessionWrite::Switch { id: session.id.text(), org: org.clone() }).await
    }

    /// Ends a session. One that is over stays over.
    pub async fn end_session(&self, id: SessionId) -> Result<(), EngineError> {
        let at = to_micros(self.inner.clock.now());
        self.write_session(SessionWrite::End { id: id.text(), at }).await
    }

    async fn write_session(&self, write: SessionWrite) -> Result<(), EngineError> {
        self.inner.writer.write(WriteCommand::Session(write)).await?;
        Ok(())
    }
}
