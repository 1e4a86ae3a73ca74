//! The table `sessions`: who is signed in to the pages. Never the cookie's secret, only its digest.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::json::{self, PersonJson};
use super::schema::sessions;
use super::{AnyConnection, StoreError};
use crate::domain::actor::{Permission, Person};
use crate::domain::caseless;
use crate::domain::ids::OrgId;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct SessionRow {
    pub session_id: String,
    pub user_id: String,
    pub claims: String,
    pub org_id: String,
    pub signed_in_at: Option<i64>,
    pub created_at: i64,
    pub last_seen_at: i64,
    pub expires_at: i64,
    pub ended_at: Option<i64>,
}

/// What a sign-in granted: a token's claims, kept for as long as the session lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionGrant {
    /// Who signed in.
    pub person: Person,
    /// The orgs to choose from; never empty.
    pub orgs: Vec<OrgId>,
    /// The permissions.
    pub permissions: Vec<Permission>,
    /// The groups.
    pub groups: Vec<String>,
    /// Whether it names groups that can't be read.
    pub has_unread_groups: bool,
    /// Who acts through the sign-in, the nearest first.
    pub act: Vec<Person>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantJson {
    person: PersonJson,
    orgs: Vec<String>,
    permissions: Vec<String>,
    groups: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_unread_groups: bool,
    act: Vec<PersonJson>,
}

impl SessionGrant {
    /// The column `claims`.
    pub fn to_text(&self) -> String {
        json::write(&GrantJson {
            person: PersonJson::from(&self.person),
            orgs: self.orgs.iter().map(OrgId::to_string).collect(),
            permissions: self.permissions.iter().map(|permission| permission.name().to_owned()).collect(),
            groups: self.groups.clone(),
            has_unread_groups: self.has_unread_groups,
            act: json::people(&self.act),
        })
    }

    /// What [`SessionGrant::to_text`] wrote.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a member is missing or can't be read.
    pub fn from_text(text: &str) -> Result<Self, StoreError> {
        let GrantJson { person, orgs, permissions, groups, has_unread_groups, act } =
            json::read(text, "claims")?;
        let permission = |name: &String| {
            let known = Permission::ALL.into_iter().find(|known| known.name() == name);
            known.ok_or_else(|| StoreError::Corrupt(format!("permission {name}")))
        };
        Ok(Self {
            person: person.into(),
            orgs: orgs.into_iter().map(OrgId::new).collect(),
            permissions: permissions.iter().map(permission).collect::<Result<_, _>>()?,
            groups,
            has_unread_groups,
            act: json::read_people(act),
        })
    }
}

/// One write to the sessions. Doing it a second time changes nothing more.
#[derive(Debug)]
pub enum SessionWrite {
    /// Somebody has signed in.
    Open {
        /// Their session.
        row: Box<SessionRow>,
        /// The session that it replaces, which ends.
        replaces: Option<String>,
    },
    /// A session was used.
    Touch {
        /// The session.
        id: String,
        /// When.
        at: i64,
    },
    /// The person works in another of their orgs.
    Switch {
        /// The session.
        id: String,
        /// The org from now on.
        org: OrgId,
    },
    /// Somebody has signed out.
    End {
        /// The session.
        id: String,
        /// When.
        at: i64,
    },
}

/// Rows are kept for this long after they expire.
const KEPT_FOR: TimeDelta = TimeDelta::days(7);

/// Rows deleted with one sign-in.
const FORGET_MAX: i64 = 100;

/// Does one write inside the writer's transaction.
pub fn write(conn: &mut AnyConnection, command: &SessionWrite) -> Result<(), StoreError> {
    match command {
        SessionWrite::Open { row, replaces } => {
            if let Some(replaced) = replaces {
                end(conn, replaced, row.created_at)?;
            }
            if find(conn, &row.session_id)?.is_none() {
                insert(conn, *row.clone())?;
            }
            let cutoff = row.created_at - KEPT_FOR.num_microseconds().unwrap_or(i64::MAX);
            forget(conn, cutoff, FORGET_MAX)?;
        }
        SessionWrite::Touch { id, at } => touch(conn, id, *at)?,
        SessionWrite::Switch { id, org } => drop(switch_org(conn, id, org)?),
        SessionWrite::End { id, at } => drop(end(conn, id, *at)?),
    }
    Ok(())
}

/// One session, live or ended.
pub fn find(conn: &mut AnyConnection, id: &str) -> Result<Option<SessionRow>, StoreError> {
    Ok(sessions::table.find(id).get_result(conn).optional()?)
}

/// Adds a session.
pub fn insert(conn: &mut AnyConnection, row: SessionRow) -> Result<(), StoreError> {
    diesel::insert_into(sessions::table).values(row).execute(conn)?;
    Ok(())
}

/// Ends a session; `false` if there is no live one.
pub fn end(conn: &mut AnyConnection, id: &str, now: i64) -> Result<bool, StoreError> {
    let live = sessions::table.filter(sessions::session_id.eq(id).and(sessions::ended_at.is_null()));
    Ok(diesel::update(live).set(sessions::ended_at.eq(now)).execute(conn)? > 0)
}

/// Every live session of the people with this user id, in whatever spelling.
pub fn live_of(conn: &mut AnyConnection, user_id: &str, now: i64) -> Result<Vec<SessionRow>, StoreError> {
    // A session past its expiry has ended already.
    let live = sessions::table.filter(sessions::ended_at.is_null().and(sessions::expires_at.gt(now)));
    let mut spellings: Vec<String> = live.select(sessions::user_id).distinct().load(conn)?;
    spellings.retain(|other| caseless::is_same(other, user_id));
    Ok(live.filter(sessions::user_id.eq_any(spellings)).order(sessions::session_id).load(conn)?)
}

/// Records that a session was used; the time never moves back.
pub fn touch(conn: &mut AnyConnection, id: &str, now: i64) -> Result<(), StoreError> {
    let live = sessions::table.filter(sessions::session_id.eq(id).and(sessions::ended_at.is_null()));
    let older = live.filter(sessions::last_seen_at.lt(now));
    diesel::update(older).set(sessions::last_seen_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Switches a session to another org; `false` if there is no live one.
pub fn switch_org(conn: &mut AnyConnection, id: &str, org: &OrgId) -> Result<bool, StoreError> {
    let live = sessions::table.filter(sessions::session_id.eq(id).and(sessions::ended_at.is_null()));
    Ok(diesel::update(live).set(sessions::org_id.eq(org.as_str())).execute(conn)? > 0)
}

/// Deletes up to `limit` rows that expired before `cutoff`.
pub fn forget(conn: &mut AnyConnection, cutoff: i64, limit: i64) -> Result<usize, StoreError> {
    let old = sessions::table.filter(sessions::expires_at.lt(cutoff)).order(sessions::expires_at);
    let ids: Vec<String> = old.select(sessions::session_id).limit(limit).load(conn)?;
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(diesel::delete(sessions::table.filter(sessions::session_id.eq_any(ids))).execute(conn)?)
}
