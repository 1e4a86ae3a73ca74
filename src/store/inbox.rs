//! Who waits for whom: requests by what they wait for, and by who decided them. A page costs the same
//! however much waits.

use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::listing::{self, Record};
use super::requests::RequestRow;
use super::schema::{decisions, requests};
use super::{AnyConnection, StoreError};
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::request::Request;

/// Where a page of an inbox begins: after the row with this turn (or time of decision) and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// In microseconds.
    pub at: i64,
    /// The row's id.
    pub id: RequestId,
}

/// Whose inbox: accounts (`sub` or user id) that are one person.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// As tokens name them.
    pub names: Vec<String>,
}

/// The different things that open requests of the org wait for; as few as the policies have stages.
pub fn waiting_sets(conn: &mut AnyConnection, org: &OrgId) -> Result<Vec<String>, StoreError> {
    let mut sets: Vec<String> = Vec::new();
    loop {
        let last = sets.last().cloned().unwrap_or_default();
        let next = requests::table
            .filter(requests::org_id.eq(org.as_str()))
            // A literal, because a partial index serves no other.
            .filter(sql::<Bool>("state = 'AdminTask'"))
            .filter(requests::waits_for.gt(last))
            .order(requests::waits_for)
            .select(requests::waits_for)
            .first::<String>(conn)
            .optional()?;
        match next {
            Some(next) => sets.push(next),
            None => return Ok(sets),
        }
    }
}

/// Requests that wait for `set`, in turn, without those that `accounts` made or have decided.
pub fn waiting_for(
    conn: &mut AnyConnection,
    (org, set): (&OrgId, &str),
    accounts: &Accounts,
    after: Option<&Turn>,
    limit: i64,
) -> Result<Vec<Request>, StoreError> {
    let own = decisions::org_id.eq(requests::org_id).and(decisions::request_id.eq(requests::request_id)).and(
        decisions::sub.eq_any(accounts.names.clone()).or(decisions::user_id.eq_any(accounts.names.clone())),
    );
    let mut query = requests::table
        .filter(requests::org_id.eq(org.to_string()).and(requests::waits_for.eq(set.to_owned())))
        .filter(sql::<Bool>("state = 'AdminTask'"))
        .filter(requests::maker_sub.ne_all(accounts.names.clone()))
        .filter(requests::maker_user_id.ne_all(accounts.names.clone()))
        .filter(not(exists(decisions::table.filter(own))))
        .order((requests::turn_at, requests::request_id))
        .limit(limit)
        .select(RequestRow::as_select())
        .into_boxed();
    if let Some(Turn { at, id }) = after {
        query = query
            .filter(requests::turn_at.ge(*at))
            .filter(requests::turn_at.gt(*at).or(requests::request_id.gt(id.to_string())));
    }
    let rows = query.load(conn)?;
    listing::with_decisions(conn, rows)
}

/// Requests that one of `keys` decided, the latest decision first.
pub fn decided_by(
    conn: &mut AnyConnection,
    org: &OrgId,
    keys: &[String],
    after: Option<&Turn>,
    limit: i64,
) -> Result<Vec<(Turn, Record)>, StoreError> {
    let mut query = decisions::table
        .filter(decisions::org_id.eq(org.to_string()).and(decisions::person_key.eq_any(keys.to_vec())))
        .order((decisions::decided_at.desc(), decisions::request_id.desc()))
        .limit(limit)
        .select((decisions::decided_at, decisions::request_id))
        .into_boxed();
    if let Some(Turn { at, id }) = after {
        query = query
            .filter(decisions::decided_at.le(*at))
            .filter(decisions::decided_at.lt(*at).or(decisions::request_id.lt(id.to_string())));
    }
    let found: Vec<(i64, String)> = query.load(conn)?;
    let mut records = Vec::with_capacity(found.len());
    for (at, id) in found {
        let id = super::requests::parse_id(&id)?;
        if let Some(record) = listing::find(conn, org, id)? {
            records.push((Turn { at, id }, record));
        }
    }
    Ok(records)
}
