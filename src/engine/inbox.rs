//! What a person may decide now, and what they have decided.
//!
//! **Invariant:** the inbox has exactly the requests that [`may_decide`] allows the person to decide now.

use std::collections::{BTreeSet, HashSet};

use super::accounts::{accounts_behind, accounts_of};
use super::change_feed::{Change, WaitedFor};
use super::reader::{BoundedViews, Reader};
use super::reason::Reason;
use super::rule_book::approval_under;
use super::views::{RowView, View};
use super::{Engine, EngineError, require};
use crate::domain::actor::{Actor, Permission, Person, Signer};
use crate::domain::ids::RequestId;
use crate::domain::policy::Capacity;
use crate::domain::policy::may_decide::{WhyNot, may_decide};
use crate::domain::policy::people::People;
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::request::Request;
use crate::domain::waiting::WaitingRequest;
use crate::store::accounts::Accounts;
use crate::store::inbox;
use crate::store::listing;
use crate::store::{AnyConnection, StoreError};

pub use crate::store::inbox::InboxPosition;

/// Up to this number an inbox is counted exactly.
pub const COUNTED_MAX: usize = 1_000;

/// Rows read at once: the number wanted, within these limits.
const CHUNK_MIN: i64 = 20;
const CHUNK_MAX: i64 = 256;

/// A page of an inbox.
#[derive(Debug)]
pub struct InboxPage {
    /// What is due first comes first: as many as there is room for.
    pub views: Vec<View>,
    /// Number of requests in all; [`COUNTED_MAX`] + 1 means "more". `None` where not counted.
    pub count: Option<usize>,
    /// Where the next page begins, if there is one.
    pub next: Option<InboxPosition>,
}

/// A page of rows of an inbox.
#[derive(Debug)]
pub struct InboxRows {
    /// In the list's order.
    pub rows: Vec<RowView>,
    /// Where the next page begins, if there is one.
    pub next: Option<InboxPosition>,
}

/// Requests that a person has decided, each with its place, and where the next page begins.
type DecidedRows = (Vec<(InboxPosition, Request)>, Option<InboxPosition>);

/// The person whose inbox is read, and what that needs to know of them.
pub(super) struct InboxReader {
    pub(super) reader: Reader,
    signer: Signer,
    /// Everything that they could sign as.
    capacities: Vec<Capacity>,
    accounts: Accounts,
    is_active: bool,
    now: chrono::DateTime<chrono::Utc>,
}

impl Engine {
    /// What `actor` may decide now.
    pub async fn needs_me(
        &self,
        actor: &Actor,
        after: Option<InboxPosition>,
        limit: usize,
    ) -> Result<InboxPage, EngineError> {
        require(actor, Permission::Check)?;
        let inbox = self.inbox_reader(actor);
        let read = move |conn: &mut AnyConnection| {
            let is_first = after.is_none();
            let wanted = if is_first { COUNTED_MAX + 1 } else { limit + 1 };
            let found = inbox.walk(conn, after, wanted.max(limit + 1))?;
            let count = is_first.then_some(found.len());
            Ok(InboxPage { count, ..inbox.page(conn, &found, limit)? })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The first `max` requests that `actor` may decide now, in the inbox's order.
    pub async fn waiting(&self, actor: &Actor, max: usize) -> Result<Vec<WaitingRequest>, EngineError> {
        require(actor, Permission::Check)?;
        let inbox = self.inbox_reader(actor);
        Ok(self.inner.store.read(move |conn: &mut AnyConnection| inbox.first(conn, max)).await?)
    }

    /// What `actor` has decided, the latest first, whole.
    pub async fn decided_by_me(
        &self,
        actor: &Actor,
        after: Option<InboxPosition>,
        limit: usize,
    ) -> Result<InboxPage, EngineError> {
        require(actor, Permission::Check)?;
        let inbox = self.inbox_reader(actor);
        let read = move |conn: &mut AnyConnection| {
            let (page, mut next) = inbox.decided(conn, after.as_ref(), (limit, false))?;
            let (mut positions, requests): (Vec<_>, Vec<_>) = page.into_iter().unzip();
            let BoundedViews { views, rest } = inbox.reader.bounded(conn, requests)?;
            if !rest.is_empty() {
                positions.truncate(views.len());
                next = positions.pop();
            }
            Ok(InboxPage { views, count: None, next })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// What `actor` has decided as rows: the latest decision first, or the oldest.
    pub async fn decided_rows(
        &self,
        actor: &Actor,
        after: Option<InboxPosition>,
        (limit, is_oldest_first): (usize, bool),
    ) -> Result<InboxRows, EngineError> {
        require(actor, Permission::Check)?;
        let inbox = self.inbox_reader(actor);
        let read = move |conn: &mut AnyConnection| {
            let (page, next) = inbox.decided(conn, after.as_ref(), (limit, is_oldest_first))?;
            let requests = page.into_iter().map(|(_, request)| request).collect();
            Ok(InboxRows { rows: inbox.reader.rows(conn, requests)?, next })
        };
        Ok(self.inner.store.read(read).await?)
    }

    pub(super) fn inbox_reader(&self, actor: &Actor) -> InboxReader {
        let reader = self.reader_for(actor);
        let signer = actor.signer.clone();
        let people = &reader.rules.people;
        let capacities = capacities_of(actor, people);
        let accounts = accounts_behind(&signer, people);
        let is_active = people.is_active(&signer.person, &signer.act);
        InboxReader { reader, signer, capacities, accounts, is_active, now: self.inner.clock.now() }
    }

    /// Why `actor` can decide nothing at all now, whatever waits: `None` if their inbox says what they can.
    pub fn why_nothing_needs(&self, actor: &Actor) -> Option<Reason> {
        let rules = self.inner.book.current();
        let is_active = rules.people.is_active(&actor.person, &actor.act);
        (!is_active).then(|| Reason {
            code: WhyNot::PersonInactive.code(),
            sentence: WhyNot::PersonInactive.sentence(),
        })
    }
}

/// Everything that somebody could sign as; a service account only as itself.
fn capacities_of(actor: &Actor, people: &People) -> Vec<Capacity> {
    let ids = BTreeSet::from([&actor.person.sub, &actor.person.user_id]);
    let own = ids.into_iter().filter(|id| people.is_account_of(id, &actor.person));
    let own = own.map(|id| Capacity::Account(id.clone()));
    if people.is_service(&actor.person, &actor.act) {
        return own.collect();
    }
    let listed = people.groups_of(&actor.person).into_iter().map(|group| Capacity::Group(group.to_owned()));
    let claimed = actor.groups.iter().cloned().map(Capacity::ClaimedGroup);
    own.chain(listed)
        .chain(claimed)
        .chain(actor.permissions.iter().copied().map(Capacity::Permission))
        .collect()
}

impl Engine {
    /// Whether `actor` may read a request that has just changed.
    pub fn may_read_change(&self, actor: &Actor, change: &Change) -> bool {
        actor.may_read(&self.inner.book.current().people, &change.org, &change.maker)
    }

    /// Whether a request that has just changed may wait for `actor`. Answered without reading it, so they may
    /// have decided it before; only the inbox knows.
    pub fn may_wait_for(&self, actor: &Actor, change: &Change) -> bool {
        let rules = self.inner.book.current();
        let people = &rules.people;
        let is_own = |person: &Person| people.is_one_person(person, &actor.person);
        let is_open = change.state.waits() && actor.may(Permission::Check);
        let is_active = people.is_active(&actor.person, &actor.act);
        if !is_open || !is_active || change.org != actor.org || is_own(&change.maker) || is_own(&change.by) {
            return false;
        }
        fit(&capacities_of(actor, people), &change.waits_for)
    }

    /// Whether a request that may wait for `actor` now did not before the decision that has just changed it: a stage ended,
    /// and the next one is theirs.
    pub fn has_begun_to_wait_for(&self, actor: &Actor, change: &Change) -> bool {
        let rules = self.inner.book.current();
        let people = &rules.people;
        let Some(WaitedFor { capacities, decided_by }) = &change.waited_for else { return false };
        let has_decided = decided_by.iter().any(|person| people.is_one_person(person, &actor.person));
        !has_decided && !fit(&capacities_of(actor, people), capacities)
    }
}

/// Whether somebody with these capacities can help where these are wanted.
fn fit(capacities: &[Capacity], wanted: &[Capacity]) -> bool {
    wanted.iter().any(|wanted| capacities.iter().any(|own| own.fits(wanted)))
}

impl InboxReader {
    /// The first `wanted` requests that they may decide.
    pub(super) fn first(
        &self,
        conn: &mut AnyConnection,
        wanted: usize,
    ) -> Result<Vec<WaitingRequest>, StoreError> {
        self.walk(conn, None, wanted)
    }

    /// Up to `wanted` requests that they may decide, of all that wait for one of their capacities.
    pub(super) fn walk(
        &self,
        conn: &mut AnyConnection,
        after: Option<InboxPosition>,
        wanted: usize,
    ) -> Result<Vec<WaitingRequest>, StoreError> {
        let mut found: Vec<WaitingRequest> = Vec::new();
        if !self.is_active {
            return Ok(found);
        }
        for set in inbox::waiting_sets(conn, &self.reader.actor.org)? {
            if self.has_one_of(&set) {
                found.extend(self.walk_set(conn, &set, after.clone(), wanted)?);
            }
        }
        found.sort_by_cached_key(InboxPosition::of);
        let mut seen = HashSet::new();
        found.retain(|waiting| seen.insert(waiting.id));
        found.truncate(wanted);
        Ok(found)
    }

    /// Up to `wanted` requests that wait for one of their capacities, whoever made or decided them.
    pub(super) fn for_capacities(
        &self,
        conn: &mut AnyConnection,
        after: Option<&InboxPosition>,
        wanted: usize,
    ) -> Result<Vec<WaitingRequest>, StoreError> {
        let anybody = Accounts::default();
        let rows = i64::try_from(wanted).unwrap_or(CHUNK_MAX);
        let mut found = Vec::new();
        for set in inbox::waiting_sets(conn, &self.reader.actor.org)? {
            if self.has_one_of(&set) {
                let at = (&self.reader.actor.org, set.as_str());
                found.extend(inbox::waiting_for(conn, at, &anybody, after, rows)?);
            }
        }
        found.sort_by_cached_key(InboxPosition::of);
        found.truncate(wanted);
        Ok(found)
    }

    fn walk_set(
        &self,
        conn: &mut AnyConnection,
        set: &str,
        mut after: Option<InboxPosition>,
        wanted: usize,
    ) -> Result<Vec<WaitingRequest>, StoreError> {
        let mut found = Vec::new();
        loop {
            let at = (&self.reader.actor.org, set);
            let rows = i64::try_from(wanted - found.len()).unwrap_or(CHUNK_MAX).clamp(CHUNK_MIN, CHUNK_MAX);
            let chunk = inbox::waiting_for(conn, at, &self.accounts, after.as_ref(), rows)?;
            let is_last = i64::try_from(chunk.len()).unwrap_or(rows) < rows;
            after = chunk.last().map(InboxPosition::of);
            for waiting in chunk {
                if self.may_decide(conn, &waiting)? {
                    found.push(waiting);
                }
            }
            if is_last || found.len() >= wanted {
                return Ok(found);
            }
        }
    }

    fn has_one_of(&self, set: &str) -> bool {
        let mut wanted = set.lines().filter_map(Capacity::parse);
        wanted.any(|wanted| self.capacities.iter().any(|own| own.fits(&wanted)))
    }

    fn may_decide(&self, conn: &mut AnyConnection, waiting: &WaitingRequest) -> Result<bool, StoreError> {
        let WaitingRequest { type_version, rule, .. } = waiting;
        let pinned = self.reader.book.version_of(conn, type_version)?;
        let Some(approval) = approval_under(&pinned, rule)? else { return Ok(false) };
        let policy = PolicyInForce { approval, people: &self.reader.rules.people };
        Ok(may_decide(&self.signer, &waiting.context(), &policy, self.now).is_ok())
    }

    /// The first of what was found, whole: up to `limit`, and as many as there is room for; not counted.
    pub(super) fn page(
        &self,
        conn: &mut AnyConnection,
        found: &[WaitingRequest],
        limit: usize,
    ) -> Result<InboxPage, StoreError> {
        let page = self.requests(conn, found.iter().take(limit))?;
        let BoundedViews { views, rest } = self.reader.bounded(conn, page)?;
        let has_more = !rest.is_empty() || found.len() > limit;
        let last = views.last().filter(|_| has_more).map(|last| last.request.id);
        let last = last.and_then(|id| found.iter().find(|waiting| waiting.id == id));
        Ok(InboxPage { next: last.map(InboxPosition::of), views, count: None })
    }

    /// The requests, as rows.
    pub(super) fn rows<'a>(
        &self,
        conn: &mut AnyConnection,
        page: impl Iterator<Item = &'a WaitingRequest>,
    ) -> Result<Vec<RowView>, StoreError> {
        let requests = self.requests(conn, page)?;
        self.reader.rows(conn, requests)
    }

    fn requests<'a>(
        &self,
        conn: &mut AnyConnection,
        page: impl Iterator<Item = &'a WaitingRequest>,
    ) -> Result<Vec<Request>, StoreError> {
        let ids: Vec<RequestId> = page.map(|waiting| waiting.id).collect();
        listing::find_all(conn, &self.reader.actor.org, &ids)
    }

    /// Up to `limit` requests that they have decided, and where the next page begins.
    fn decided(
        &self,
        conn: &mut AnyConnection,
        after: Option<&InboxPosition>,
        (limit, is_oldest_first): (usize, bool),
    ) -> Result<DecidedRows, StoreError> {
        let rows = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let own = accounts_of(&self.reader.actor.person, &self.reader.rules.people);
        let mut found =
            inbox::decided_by(conn, &self.reader.actor.org, &own, after, (rows, is_oldest_first))?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|(position, _)| position.clone());
        Ok((found, next))
    }
}
