//! The tables `preferences` and `saved_views`: what people set for themselves in the pages. Rows belong to an account
//! exactly as it is spelled.

use diesel::prelude::*;

use super::schema::{preferences, saved_views};
use super::{AnyConnection, StoreError};
use crate::domain::actor::Person;
use crate::domain::ids::OrgId;
use crate::domain::preferences::{Preferences, SAVED_VIEWS_MAX, SavedView, ViewName};
use crate::domain::zone::Zone;

/// Whose settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    iss: String,
    user_id: String,
}

impl Account {
    /// The account of this person.
    pub fn of(person: &Person) -> Self {
        Self { iss: person.iss.clone(), user_id: person.user_id.clone() }
    }
}

/// One write. Doing it a second time changes nothing more.
#[derive(Debug)]
pub enum PreferenceWrite {
    /// They read times in this zone, given by its name; in the server's if none.
    Zone(Account, Option<String>),
    /// They save a view in the org; one of this name gets the new path.
    Save(OrgId, Account, SavedView),
    /// They don't need the view of this name any more.
    Forget(OrgId, Account, ViewName),
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = saved_views)]
struct ViewRow {
    org_id: String,
    iss: String,
    user_id: String,
    name: String,
    path: String,
}

/// What an account set, as it is in the org. A zone that this version does not know, and a name that it does not take,
/// count as not set.
pub fn find(conn: &mut AnyConnection, org: &OrgId, account: &Account) -> Result<Preferences, StoreError> {
    let found = preferences::table.find((&account.iss, &account.user_id)).select(preferences::time_zone);
    let zone: Option<String> = found.first(conn).optional()?;
    let of_account = saved_views::iss.eq(&account.iss).and(saved_views::user_id.eq(&account.user_id));
    let rows: Vec<ViewRow> = saved_views::table
        .filter(saved_views::org_id.eq(org.as_str()).and(of_account))
        .order(saved_views::name)
        .limit(i64::try_from(SAVED_VIEWS_MAX).unwrap_or(i64::MAX))
        .load(conn)?;
    let views = rows.into_iter().filter_map(|row| {
        let name = ViewName::parse(&row.name)?;
        Some(SavedView { name, path: row.path })
    });
    Ok(Preferences { zone: zone.as_deref().and_then(Zone::parse), views: views.collect() })
}

/// Does one write inside the writer's transaction. False, and nothing done, if there are [`SAVED_VIEWS_MAX`] views.
pub fn write(conn: &mut AnyConnection, command: &PreferenceWrite) -> Result<bool, StoreError> {
    match command {
        PreferenceWrite::Zone(account, zone) => {
            let Account { iss, user_id } = account;
            diesel::delete(preferences::table.find((iss, user_id))).execute(conn)?;
            if let Some(zone) = zone {
                let values = (
                    preferences::iss.eq(iss),
                    preferences::user_id.eq(user_id),
                    preferences::time_zone.eq(zone),
                );
                diesel::insert_into(preferences::table).values(values).execute(conn)?;
            }
        }
        PreferenceWrite::Save(org, account, view) => {
            forget(conn, (org, account), &view.name)?;
            if find(conn, org, account)?.views.len() >= SAVED_VIEWS_MAX {
                return Ok(false);
            }
            let row = ViewRow {
                org_id: org.to_string(),
                iss: account.iss.clone(),
                user_id: account.user_id.clone(),
                name: view.name.as_str().to_owned(),
                path: view.path.clone(),
            };
            diesel::insert_into(saved_views::table).values(row).execute(conn)?;
        }
        PreferenceWrite::Forget(org, account, name) => forget(conn, (org, account), name)?,
    }
    Ok(true)
}

fn forget(
    conn: &mut AnyConnection,
    (org, account): (&OrgId, &Account),
    name: &ViewName,
) -> Result<(), StoreError> {
    let key = (org.as_str(), &account.iss, &account.user_id, name.as_str());
    diesel::delete(saved_views::table.find(key)).execute(conn)?;
    Ok(())
}
