//! Which requests a list has: a page, a count. A page costs the same at any depth, and reads no calls and no
//! answers; `store::records` adds them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::accounts::Accounts;
use super::columns::lower;
use super::records::{self, Record};
use super::request_parts::complete;
use super::requests::{self as rows, Key, RequestRow};
use super::schema::requests;
use super::stored_bytes::StoredId;
use super::{AnyConnection, StoreError, to_micros};
use crate::domain::caseless;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::request::{Request, State};

/// Selects requests of one org.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The org; there is no listing over orgs.
    pub org: OrgId,
    /// Only what this person submitted.
    pub maker: Option<Accounts>,
    /// The maker's user id, in whatever spelling.
    pub user_id: Option<String>,
    /// The four entities.
    pub concept_id: Option<String>,
    /// See `concept_id`.
    pub zone_id: Option<String>,
    /// See `concept_id`.
    pub store_id: Option<String>,
    /// See `concept_id`.
    pub till_id: Option<String>,
    /// Only these states; empty means all.
    pub states: Vec<State>,
    /// Only this type.
    pub request_type: Option<RequestTypeName>,
    /// Submitted at or after.
    pub started_from: Option<DateTime<Utc>>,
    /// Submitted before.
    pub started_before: Option<DateTime<Utc>>,
    /// Only about this subject.
    pub subject: Option<String>,
}

impl Filter {
    /// Everything in `org`.
    pub fn all(org: OrgId) -> Self {
        Self {
            org,
            maker: None,
            user_id: None,
            concept_id: None,
            zone_id: None,
            store_id: None,
            till_id: None,
            states: Vec::new(),
            request_type: None,
            started_from: None,
            started_before: None,
            subject: None,
        }
    }
}

/// What a list is ordered by; ties by id in the same direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// By submission.
    Start,
    /// By end; requests that have not ended come last in both directions.
    End,
    /// By the maker's account, and those of one account by submission.
    Maker,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The time to sort by.
    pub by: SortBy,
    /// Newest first.
    pub descending: bool,
}

/// Where a page begins: after the row with this time and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The row's sort time in microseconds, or that of its submission; `None` for a row that has not ended.
    pub at: Option<i64>,
    /// The row's id.
    pub id: RequestId,
}

type Any = <AnyConnection as diesel::Connection>::Backend;
type Boxed<'a> = requests::BoxedQuery<'a, Any>;

fn filtered<'a>(filter: &Filter) -> Boxed<'a> {
    let mut query = requests::table.filter(requests::org_id.eq(filter.org.to_string())).into_boxed();
    if let Some(accounts) = &filter.maker {
        query = of_maker(query, accounts.clone());
    }
    if let Some(id) = &filter.user_id {
        // The key of an account ends with its user id as people read it, under whatever issuer.
        let ending = format!("%\n{}", like_text(&caseless::folded(id)));
        query = query.filter(requests::maker_key.like(ending).escape('\\'));
    }
    if let Some(id) = &filter.concept_id {
        query = query.filter(requests::concept_id.eq(id.clone()));
    }
    if let Some(id) = &filter.zone_id {
        query = query.filter(requests::zone_id.eq(id.clone()));
    }
    if let Some(id) = &filter.store_id {
        query = query.filter(requests::store_id.eq(id.clone()));
    }
    if let Some(id) = &filter.till_id {
        query = query.filter(requests::till_id.eq(id.clone()));
    }
    if !filter.states.is_empty() {
        let names: Vec<&str> = filter.states.iter().map(|state| state.name()).collect();
        query = query.filter(requests::state.eq_any(names));
    }
    if let Some(name) = &filter.request_type {
        query = query.filter(requests::request_type.eq(name.to_string()));
    }
    if let Some(subject) = &filter.subject {
        query = query.filter(requests::subject.eq(subject.clone()));
    }
    if let Some(from) = filter.started_from {
        query = query.filter(requests::started_at.ge(to_micros(from)));
    }
    if let Some(before) = filter.started_before {
        query = query.filter(requests::started_at.lt(to_micros(before)));
    }
    query
}

fn of_maker(query: Boxed<'_>, accounts: Accounts) -> Boxed<'_> {
    let in_any_spelling = accounts.in_any_spelling();
    let Accounts { iss, sub, user_id, keys, listed } = accounts;
    let joined =
        requests::maker_sub.eq_any(listed.clone()).or(requests::maker_user_id.eq_any(listed.clone()));
    if !in_any_spelling {
        let same = requests::maker_sub.eq(sub).or(requests::maker_user_id.eq(user_id));
        return query.filter(requests::maker_iss.eq(iss).and(same).or(joined));
    }
    let same_sub = requests::maker_iss.eq(iss).and(lower(requests::maker_sub).eq(sub.to_ascii_lowercase()));
    let own = requests::maker_key.eq_any(keys).or(same_sub);
    if listed.is_empty() { query.filter(own) } else { query.filter(own.or(joined)) }
}

/// The text as a pattern of LIKE that matches nothing else.
fn like_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Number of requests.
pub fn count(conn: &mut AnyConnection, filter: &Filter) -> Result<i64, StoreError> {
    Ok(filtered(filter).select(count_star()).get_result(conn)?)
}

/// A page by number: the database still walks over the rows that `offset` skips.
pub fn page_at(
    conn: &mut AnyConnection,
    filter: &Filter,
    sort: Sort,
    offset: i64,
    limit: i64,
) -> Result<Vec<Request>, StoreError> {
    let mut query = filtered(filter).offset(offset).limit(limit);
    query = match (sort.by, sort.descending) {
        (SortBy::Start, _) => by_start(query, sort.descending),
        (SortBy::Maker, _) => by_maker(query, sort.descending),
        (SortBy::End, false) => {
            query.order((requests::ended_at.is_null(), requests::ended_at.asc(), requests::request_id.asc()))
        }
        (SortBy::End, true) => query.order((
            requests::ended_at.is_null(),
            requests::ended_at.desc(),
            requests::request_id.desc(),
        )),
    };
    let page = query.load(conn)?;
    complete(conn, page)
}

/// A page after a position (from the beginning if there is none).
pub fn page_after(
    conn: &mut AnyConnection,
    filter: &Filter,
    sort: Sort,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<Request>, StoreError> {
    let page = match sort.by {
        SortBy::Start => {
            let query = by_start(filtered(filter), sort.descending).limit(limit);
            match after.and_then(|position| position.at.map(|at| (at, StoredId::from(position.id)))) {
                Some((at, id)) if sort.descending => query
                    .filter(requests::started_at.le(at))
                    .filter(requests::started_at.lt(at).or(requests::request_id.lt(id)))
                    .load(conn)?,
                Some((at, id)) => query
                    .filter(requests::started_at.ge(at))
                    .filter(requests::started_at.gt(at).or(requests::request_id.gt(id)))
                    .load(conn)?,
                None => query.load(conn)?,
            }
        }
        SortBy::End => page_by_end(conn, filter, sort.descending, after, limit)?,
        SortBy::Maker => page_by_maker(conn, filter, sort.descending, after, limit)?,
    };
    complete(conn, page)
}

/// Requests with ids between two, both included, in the order of their ids.
pub fn between_ids(
    conn: &mut AnyConnection,
    filter: &Filter,
    (first, last): (RequestId, RequestId),
    limit: i64,
) -> Result<Vec<Request>, StoreError> {
    let range = requests::request_id.between(StoredId::from(first), StoredId::from(last));
    let query = filtered(filter).filter(range).order(requests::request_id.asc()).limit(limit);
    let page = query.load(conn)?;
    complete(conn, page)
}

/// Those of these requests that the filter lets through, in no order.
pub fn among(
    conn: &mut AnyConnection,
    filter: &Filter,
    ids: &[RequestId],
) -> Result<Vec<RequestId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<StoredId> = ids.iter().map(|id| (*id).into()).collect();
    let found = filtered(filter).filter(requests::request_id.eq_any(ids)).select(requests::request_id);
    Ok(found.load::<StoredId>(conn)?.into_iter().map(RequestId::from).collect())
}

fn by_start(query: Boxed<'_>, descending: bool) -> Boxed<'_> {
    if descending {
        query.order((requests::started_at.desc(), requests::request_id.desc()))
    } else {
        query.order((requests::started_at.asc(), requests::request_id.asc()))
    }
}

fn by_maker(query: Boxed<'_>, descending: bool) -> Boxed<'_> {
    let (maker, start, id) = (requests::maker_key, requests::started_at, requests::request_id);
    if descending {
        query.order((maker.desc(), start.desc(), id.desc()))
    } else {
        query.order((maker.asc(), start.asc(), id.asc()))
    }
}

/// A request keeps its maker, so that its id says where the page begins.
fn page_by_maker(
    conn: &mut AnyConnection,
    filter: &Filter,
    descending: bool,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<RequestRow>, StoreError> {
    let query = by_maker(filtered(filter), descending).limit(limit);
    let Some(id) = after.map(|after| StoredId::from(after.id)) else { return Ok(query.load(conn)?) };
    let (maker, start) = (requests::maker_key, requests::started_at);
    let last = requests::table.filter(requests::org_id.eq(filter.org.to_string()));
    let last = last.filter(requests::request_id.eq(id)).select((maker, start));
    let Some((key, at)) = last.first::<(String, i64)>(conn).optional()? else { return Ok(Vec::new()) };
    let rest = if descending {
        let later = start.lt(at).or(start.eq(at).and(requests::request_id.lt(id)));
        query.filter(maker.le(key.clone())).filter(maker.lt(key).or(later))
    } else {
        let later = start.gt(at).or(start.eq(at).and(requests::request_id.gt(id)));
        query.filter(maker.ge(key.clone())).filter(maker.gt(key).or(later))
    };
    Ok(rest.load(conn)?)
}

/// First the requests that have ended, then the others: two walks over one index.
fn page_by_end(
    conn: &mut AnyConnection,
    filter: &Filter,
    descending: bool,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<RequestRow>, StoreError> {
    let mut page = match after {
        Some(Position { at: None, .. }) => Vec::new(),
        Some(Position { at: Some(at), id }) => ended(conn, filter, descending, Some((*at, *id)), limit)?,
        None => ended(conn, filter, descending, None, limit)?,
    };
    let missing = limit - i64::try_from(page.len()).unwrap_or(limit);
    if missing > 0 {
        let after =
            after.filter(|position| position.at.is_none()).map(|position| StoredId::from(position.id));
        let query = filtered(filter).filter(requests::ended_at.is_null()).limit(missing);
        let rest: Vec<RequestRow> = match (descending, after) {
            (false, Some(id)) => {
                query.filter(requests::request_id.gt(id)).order(requests::request_id.asc()).load(conn)?
            }
            (true, Some(id)) => {
                query.filter(requests::request_id.lt(id)).order(requests::request_id.desc()).load(conn)?
            }
            (false, None) => query.order(requests::request_id.asc()).load(conn)?,
            (true, None) => query.order(requests::request_id.desc()).load(conn)?,
        };
        page.extend(rest);
    }
    Ok(page)
}

fn ended(
    conn: &mut AnyConnection,
    filter: &Filter,
    descending: bool,
    after: Option<(i64, RequestId)>,
    limit: i64,
) -> Result<Vec<RequestRow>, StoreError> {
    let mut query = filtered(filter).filter(requests::ended_at.is_not_null()).limit(limit);
    query = if descending {
        query.order((requests::ended_at.desc(), requests::request_id.desc()))
    } else {
        query.order((requests::ended_at.asc(), requests::request_id.asc()))
    };
    if let Some((at, id)) = after.map(|(at, id)| (at, StoredId::from(id))) {
        query = if descending {
            query
                .filter(requests::ended_at.le(at))
                .filter(requests::ended_at.lt(at).assume_not_null().or(requests::request_id.lt(id)))
        } else {
            query
                .filter(requests::ended_at.ge(at))
                .filter(requests::ended_at.gt(at).assume_not_null().or(requests::request_id.gt(id)))
        };
    }
    Ok(query.load(conn)?)
}

/// One request, whole.
pub fn find(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Option<Record>, StoreError> {
    find_request(conn, org, id)?.map(|request| records::whole(conn, request)).transpose()
}

/// One request with its decisions, and nothing of its call or its answer.
pub fn find_request(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
) -> Result<Option<Request>, StoreError> {
    let page = rows::find(conn, org, id)?.into_iter().collect();
    Ok(complete(conn, page)?.pop())
}

/// The named requests with their decisions, in no order.
pub fn load_requests(conn: &mut AnyConnection, keys: &[Key]) -> Result<Vec<Request>, StoreError> {
    let rows = rows::load(conn, keys)?;
    complete(conn, rows)
}

/// The named requests in this order.
pub fn find_all(
    conn: &mut AnyConnection,
    org: &OrgId,
    ids: &[RequestId],
) -> Result<Vec<Request>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<StoredId> = ids.iter().map(|id| (*id).into()).collect();
    let named = requests::org_id.eq(org.as_str()).and(requests::request_id.eq_any(&ids));
    let mut page: Vec<RequestRow> = requests::table.filter(named).load(conn)?;
    let place: HashMap<StoredId, usize> = ids.into_iter().enumerate().map(|(at, id)| (id, at)).collect();
    page.sort_by_key(|row| place.get(&row.request_id).copied());
    complete(conn, page)
}
