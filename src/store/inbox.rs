//! Requests by the capacities they wait for, and by who decided them. A page costs the same however many
//! requests wait.

use std::collections::HashMap;

use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool};

use super::accounts::Accounts;
use super::columns::lower;
use super::compact_text::CompactText;
use super::decisions as decided;
use super::listing;
use super::schema::{decisions, requests};
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, from_micros, terms, to_micros};
use crate::domain::actor::Person;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::request::{Request, VERSION_ON_ARRIVAL};
use crate::domain::waiting::WaitingRequest;

/// Where a page of an inbox begins: after the row with this sort time (or time of decision) and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InboxPosition {
    /// In microseconds.
    pub at: i64,
    /// The row's id.
    pub id: RequestId,
}

impl InboxPosition {
    /// The position of a waiting request.
    pub fn of(waiting: &WaitingRequest) -> Self {
        Self { at: to_micros(waiting.sort_at()), id: waiting.id }
    }
}

/// The different sets of capacities that the org's requests wait for; as few as the policies have stages.
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

type WaitingRow =
    (StoredId, String, CompactText, (i64, i64), (i64, i64), String, (String, String, String, String));

/// What is read of a waiting request.
macro_rules! waiting_columns {
    () => {
        (
            requests::request_id,
            requests::request_type,
            requests::type_version,
            (requests::version, requests::revision),
            (requests::started_at, requests::expires_at),
            requests::terms,
            (requests::maker_iss, requests::maker_sub, requests::maker_user_id, requests::maker_user_name),
        )
    };
}

/// Requests that wait for `set`, in their order, without those that `accounts` made or have decided.
pub fn waiting_for(
    conn: &mut AnyConnection,
    (org, set): (&OrgId, &str),
    accounts: &Accounts,
    after: Option<&InboxPosition>,
    limit: i64,
) -> Result<Vec<WaitingRequest>, StoreError> {
    let Accounts { iss, sub, keys, listed, user_id: _ } = accounts.clone();
    // Only ids of one issuer are one person: an id of another one's is another person's, unless it is listed.
    let on_present = decisions::org_id
        .eq(requests::org_id)
        .and(decisions::request_id.eq(requests::request_id))
        .and(decisions::revision.eq(requests::revision));
    let own = on_present.and(
        decisions::person_key
            .eq_any(keys.clone())
            .or(decisions::iss.eq(iss.clone()).and(decisions::sub.eq(sub.clone())))
            .or(decisions::sub.eq_any(listed.clone()))
            .or(decisions::user_id.eq_any(listed.clone())),
    );
    let mut query = requests::table
        .filter(requests::org_id.eq(org.to_string()).and(requests::waits_for.eq(set.to_owned())))
        .filter(sql::<Bool>("state = 'AdminTask'"))
        .filter(requests::maker_key.ne_all(keys))
        .filter(requests::maker_iss.ne(iss).or(requests::maker_sub.ne(sub)))
        .filter(requests::maker_sub.ne_all(listed.clone()))
        .filter(requests::maker_user_id.ne_all(listed))
        // Most have just arrived, and then there are no decisions to look for.
        .filter(requests::version.le(VERSION_ON_ARRIVAL).or(not(exists(decisions::table.filter(own)))))
        .order((requests::sort_at, requests::request_id))
        .limit(limit)
        .select(waiting_columns!())
        .into_boxed();
    if let Some(InboxPosition { at, id }) = after {
        query = query
            .filter(requests::sort_at.ge(*at))
            .filter(requests::sort_at.gt(*at).or(requests::request_id.gt(StoredId::from(*id))));
    }
    let rows: Vec<WaitingRow> = query.load(conn)?;
    let mut found = Vec::with_capacity(rows.len());
    let mut with_decisions = Vec::new();
    for row in rows {
        let (version, revision) = row.3;
        let waiting = waiting(org, row)?;
        if version > VERSION_ON_ARRIVAL {
            with_decisions.push(((org.clone(), waiting.id), revision));
        }
        found.push(waiting);
    }
    if !with_decisions.is_empty() {
        let mut by_key = decided::list(conn, &with_decisions)?;
        for waiting in &mut found {
            let key = (org.clone(), waiting.id);
            waiting.decisions = by_key.remove(&key).unwrap_or_default();
        }
    }
    Ok(found)
}

fn waiting(org: &OrgId, row: WaitingRow) -> Result<WaitingRequest, StoreError> {
    let (id, request_type, type_version, _, (started_at, expires_at), terms, maker) = row;
    let (iss, sub, user_id, user_name) = maker;
    let terms = terms::read_brief(&terms)?;
    Ok(WaitingRequest {
        org: org.clone(),
        id: id.into(),
        request_type: RequestTypeName::new(request_type),
        type_version: type_version.into(),
        rule: terms.rule,
        risk: terms.risk,
        maker: Person { iss, sub, user_id, user_name },
        maker_act: terms.maker_act,
        started_at: from_micros(started_at)?,
        amount: terms.amount,
        unit: terms.unit,
        due_at: terms.due_at,
        expires_at: from_micros(expires_at)?,
        decisions: Vec::new(),
    })
}

/// What an inbox would need of this request if it waited, without its decisions.
pub fn as_waiting(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
) -> Result<Option<WaitingRequest>, StoreError> {
    let named = requests::org_id.eq(org.as_str()).and(requests::request_id.eq(StoredId::from(id)));
    let found = requests::table.filter(named).select(waiting_columns!());
    found.first::<WaitingRow>(conn).optional()?.map(|row| waiting(org, row)).transpose()
}

/// Requests that one of these accounts decided: the latest decision first, or the oldest.
pub fn decided_by(
    conn: &mut AnyConnection,
    org: &OrgId,
    accounts: &Accounts,
    after: Option<&InboxPosition>,
    (limit, is_oldest_first): (i64, bool),
) -> Result<Vec<(InboxPosition, Request)>, StoreError> {
    let Accounts { iss, sub, keys, listed, user_id: _ } = accounts.clone();
    // Each way to find them has its index, and is walked in the order of the page.
    let page = || decided_page(org, after, (limit, is_oldest_first));
    let mut rows: Vec<(i64, StoredId)> = page().filter(decisions::person_key.eq_any(keys)).load(conn)?;
    let same_sub = decisions::iss.eq(iss).and(lower(decisions::sub).eq(sub.to_ascii_lowercase()));
    rows.extend(page().filter(same_sub).load::<(i64, StoredId)>(conn)?);
    if !listed.is_empty() {
        let subs: Vec<String> = listed.iter().map(|account| account.to_ascii_lowercase()).collect();
        let by_sub = lower(decisions::sub).eq_any(subs).and(decisions::sub.eq_any(listed.clone()));
        rows.extend(page().filter(by_sub).load::<(i64, StoredId)>(conn)?);
        rows.extend(page().filter(decisions::user_id.eq_any(listed)).load::<(i64, StoredId)>(conn)?);
    }
    rows.sort_unstable_by(|one, other| if is_oldest_first { one.cmp(other) } else { other.cmp(one) });
    rows.dedup();
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let position = |(at, id): (i64, StoredId)| InboxPosition { at, id: id.into() };
    let positions: Vec<InboxPosition> = rows.into_iter().map(position).collect();
    let ids: Vec<RequestId> = positions.iter().map(|position| position.id).collect();
    let found = listing::find_all(conn, org, &ids)?;
    let by_id: HashMap<RequestId, Request> = found.into_iter().map(|found| (found.id, found)).collect();
    // One request comes twice if two accounts of this person decided it.
    let whole = |position: InboxPosition| by_id.get(&position.id).cloned().map(|found| (position, found));
    Ok(positions.into_iter().filter_map(whole).collect())
}

type Any = <AnyConnection as diesel::Connection>::Backend;
type DecidedPage<'a> = decisions::BoxedQuery<'a, Any, (BigInt, Binary)>;

fn decided_page<'a>(
    org: &OrgId,
    after: Option<&InboxPosition>,
    (limit, is_oldest_first): (i64, bool),
) -> DecidedPage<'a> {
    let mut query = decisions::table
        .filter(decisions::org_id.eq(org.to_string()))
        .limit(limit)
        .select((decisions::decided_at, decisions::request_id))
        .into_boxed();
    query = if is_oldest_first {
        query.order((decisions::decided_at.asc(), decisions::request_id.asc()))
    } else {
        query.order((decisions::decided_at.desc(), decisions::request_id.desc()))
    };
    if let Some(InboxPosition { at, id }) = after {
        let id = StoredId::from(*id);
        query = if is_oldest_first {
            query
                .filter(decisions::decided_at.ge(*at))
                .filter(decisions::decided_at.gt(*at).or(decisions::request_id.gt(id)))
        } else {
            query
                .filter(decisions::decided_at.le(*at))
                .filter(decisions::decided_at.lt(*at).or(decisions::request_id.lt(id)))
        };
    }
    query
}
