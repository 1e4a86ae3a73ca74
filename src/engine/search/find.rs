//! What a person finds.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::actor::Actor;
use crate::domain::ids::{RequestId, RequestTypeName};
use crate::domain::request::{Request, State};
use crate::domain::search::{AccountKey, MATCHES_MAX, OrgKeys, Query, Sought, Term};
use crate::engine::queries::{Filter, RowView, View};
use crate::engine::reader::BoundedViews;
use crate::engine::{Engine, EngineError};
use crate::store::accounts::Accounts;
use crate::store::search::{backlogs, matches};
use crate::store::{AnyConnection, StoreError, listing};

/// What is searched for.
#[derive(Clone, Debug)]
pub struct SearchInput {
    /// The words.
    pub query: Query,
    /// Only these states; empty means all.
    pub states: Vec<State>,
    /// Only this type.
    pub request_type: Option<RequestTypeName>,
    /// Where the page begins.
    pub after: Option<SearchPosition>,
    /// Requests on a page.
    pub limit: usize,
}

/// A place in what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchPosition {
    /// The last request before it.
    pub id: RequestId,
    /// How many matches were looked at before it.
    looked_at: usize,
}

impl SearchPosition {
    /// The place after a request, as [`SearchPosition::looked_at`] and its id tell it.
    pub fn new(id: RequestId, looked_at: Option<i64>) -> Self {
        let looked_at = looked_at.and_then(|number| usize::try_from(number).ok());
        Self { id, looked_at: looked_at.unwrap_or(MATCHES_MAX) }
    }

    /// How many matches were looked at before it.
    pub fn looked_at(self) -> Option<i64> {
        i64::try_from(self.looked_at).ok()
    }
}

/// A page of what was found, the newest first.
#[derive(Debug)]
pub struct Found<R> {
    /// The requests.
    pub rows: Vec<R>,
    /// Where the next page begins, if there is one.
    pub next: Option<SearchPosition>,
    /// Whether there are more matches than [`MATCHES_MAX`], and they were not looked at.
    pub is_cut: bool,
    /// How far the index is behind.
    pub lag: TimeDelta,
}

/// Matches that are looked at with one question.
const CHUNK_MIN: usize = 64;
const CHUNK_MAX: usize = 2_000;

impl Engine {
    /// One page of what `actor` finds, as rows.
    ///
    /// # Errors
    /// [`EngineError::PermissionMissing`] for whoever may read nothing.
    pub async fn search_rows(
        &self,
        actor: &Actor,
        input: SearchInput,
    ) -> Result<Found<RowView>, EngineError> {
        let (search, reader) = (self.search(actor, input)?, self.reader_for(actor));
        let now = self.inner.clock.now();
        let read = move |conn: &mut AnyConnection| {
            let Page { found, next, is_cut } = search.page(conn)?;
            let requests = found.into_iter().map(|(request, _)| request).collect();
            let lag = lag(conn, now)?;
            Ok(Found { rows: reader.rows(conn, requests)?, next, is_cut, lag })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The same as whole requests: as many as there is room for.
    ///
    /// # Errors
    /// As [`Engine::search_rows`].
    pub async fn search_whole(&self, actor: &Actor, input: SearchInput) -> Result<Found<View>, EngineError> {
        let (search, reader) = (self.search(actor, input)?, self.reader_for(actor));
        let now = self.inner.clock.now();
        let read = move |conn: &mut AnyConnection| {
            let Page { found, mut next, is_cut } = search.page(conn)?;
            let (requests, places): (Vec<Request>, Vec<SearchPosition>) = found.into_iter().unzip();
            let BoundedViews { views, rest } = reader.bounded(conn, requests)?;
            if !rest.is_empty() {
                next = views.len().checked_sub(1).and_then(|last| places.get(last)).copied();
            }
            let lag = lag(conn, now)?;
            Ok(Found { rows: views, next, is_cut: is_cut && rest.is_empty(), lag })
        };
        Ok(self.inner.store.read(read).await?)
    }

    fn search(&self, actor: &Actor, input: SearchInput) -> Result<Search, EngineError> {
        let SearchInput { query, states, request_type, after, limit } = input;
        let mut filter = self.scope(actor)?;
        let keys = OrgKeys::of(&filter.org);
        let mut sought = vec![query.sought(&filter.org)];
        if let Some(maker) = &filter.maker {
            sought.push(Sought::Any(accounts(&keys, maker)));
        }
        if let Some(name) = &request_type {
            sought.push(Sought::One(Term::exact(keys.request_type(name))));
        }
        if !states.is_empty() {
            let state = |state: &State| Sought::One(Term::exact(keys.state(*state)));
            sought.push(Sought::Any(states.iter().map(state).collect()));
        }
        (filter.states, filter.request_type) = (states, request_type);
        Ok(Search { filter, sought: Sought::All(sought), after, limit })
    }
}

/// All requests of these accounts, and maybe others: which ones they are, the filter says.
fn accounts(keys: &OrgKeys, maker: &Accounts) -> Vec<Sought> {
    let Accounts { iss, sub, user_id, keys: own, listed } = maker;
    let own = own.iter().map(|key| AccountKey::Key(key));
    let listed =
        listed.iter().flat_map(|account| [AccountKey::AnySubject(account), AccountKey::AnyUserId(account)]);
    [AccountKey::Subject(iss, sub), AccountKey::UserId(iss, user_id)]
        .into_iter()
        .chain(own)
        .chain(listed)
        .map(|key| Sought::One(Term::exact(keys.account(key))))
        .collect()
}

/// What is searched for, and by whom.
struct Search {
    /// What the reader may see, narrowed.
    filter: Filter,
    sought: Sought,
    after: Option<SearchPosition>,
    limit: usize,
}

/// The requests of a page, each with the place behind it.
struct Page {
    found: Vec<(Request, SearchPosition)>,
    next: Option<SearchPosition>,
    is_cut: bool,
}

impl Search {
    fn page(&self, conn: &mut AnyConnection) -> Result<Page, StoreError> {
        let (mut places, is_cut) = self.walk(conn)?;
        let has_more = places.len() > self.limit;
        places.truncate(self.limit);
        let next = places.last().copied().filter(|_| has_more);
        let ids: Vec<RequestId> = places.iter().map(|place| place.id).collect();
        let requests = listing::find_all(conn, &self.filter.org, &ids)?;
        Ok(Page { found: requests.into_iter().zip(places).collect(), next, is_cut: is_cut && !has_more })
    }

    /// Looks at matches until there is one more than a page has; says whether it stopped before the last one.
    fn walk(&self, conn: &mut AnyConnection) -> Result<(Vec<SearchPosition>, bool), StoreError> {
        let mut looked_at = self.after.map_or(0, |after| after.looked_at.min(MATCHES_MAX));
        let mut found = Vec::new();
        let Some(mut place) = self.begin(conn)? else { return Ok((found, false)) };
        let mut chunk = (self.limit + 1).max(CHUNK_MIN);
        loop {
            let most = chunk.min(MATCHES_MAX - looked_at);
            if most == 0 {
                return Ok((found, !matches::newest(conn, &self.sought, place, 1)?.is_empty()));
            }
            let matched = matches::newest(conn, &self.sought, place, as_limit(most))?;
            let ids: Vec<RequestId> = matched.iter().map(|found| found.request_id.into()).collect();
            let fitting: HashSet<RequestId> = listing::among(conn, &self.filter, &ids)?.into_iter().collect();
            for one in &matched {
                (looked_at, place) = (looked_at + 1, one.document);
                let id = one.request_id.into();
                if fitting.contains(&id) {
                    found.push(SearchPosition { id, looked_at });
                }
                if found.len() > self.limit {
                    return Ok((found, false));
                }
            }
            if matched.len() < most {
                return Ok((found, false));
            }
            chunk = (chunk * 4).min(CHUNK_MAX);
        }
    }

    fn begin(&self, conn: &mut AnyConnection) -> Result<Option<i64>, StoreError> {
        match self.after {
            None => matches::beginning(conn).map(Some),
            Some(after) => matches::place_of(conn, &self.filter.org, after.id),
        }
    }
}

/// How far the index is behind at `now`.
fn lag(conn: &mut AnyConnection, now: DateTime<Utc>) -> Result<TimeDelta, StoreError> {
    let since = backlogs::waits_since(conn)?;
    Ok(since.map_or(TimeDelta::zero(), |since| (now - since).max(TimeDelta::zero())))
}

fn as_limit(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
