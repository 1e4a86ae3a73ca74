//! Reads: one request, lists of requests. Nothing here changes anything.
//!
//! **Invariant:** the org of every read is the actor's, and a person who neither checks nor audits reads only
//! their own requests.

mod recorded;
#[cfg(test)]
mod tests;

use super::accounts::own_accounts;
use super::reader::{BoundedViews, Reader};
use super::{Engine, EngineError};
use crate::domain::actor::{Actor, Permission};
use crate::domain::ids::RequestId;
use crate::domain::policy::people::People;
use crate::domain::request::Request;
use crate::store::{AnyConnection, StoreError, listing, migrate};

pub use self::recorded::RecordedPage;
pub use super::views::{AnswerHead, AnswerView, AnsweredRow, RowView, View};
pub use crate::store::listing::{Filter, Position, Sort, SortBy};
pub use crate::store::writer::WriteHealth;

/// A page by number, or after a position.
#[derive(Clone, Debug)]
pub enum Page {
    /// Numbered from 0; comes with totals.
    Number(i64),
    /// After a row; costs the same at any depth and has no totals.
    After(Position),
}

/// A page of requests.
#[derive(Debug)]
pub struct Listed {
    /// In the asked order, whole: as many as there is room for.
    pub views: Vec<View>,
    /// Only of a numbered page: those after them that have a place on it and no room.
    pub left_out: Vec<AnsweredRow>,
    /// How many there are in all; only for numbered pages.
    pub total: Option<i64>,
    /// Where the list goes on after the last of `views`, if it does.
    pub next: Option<Position>,
}

/// A page of rows.
#[derive(Debug)]
pub struct ListedRows<R> {
    /// In the asked order.
    pub rows: Vec<R>,
    /// Where the next page begins, if there is one.
    pub next: Option<Position>,
}

/// What a numbered page or a cursor walks over.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Which requests.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// Rows on a page.
    pub limit: i64,
}

/// How the parts of the process are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreHealth {
    /// The database answers.
    pub answers: bool,
    /// Every migration of this version has run.
    pub is_current: bool,
}

impl Engine {
    /// The widest filter that `actor` may use.
    ///
    /// # Errors
    /// [`EngineError::PermissionMissing`] if the token grants none of the three permissions.
    pub fn scope(&self, actor: &Actor) -> Result<Filter, EngineError> {
        if !actor.sees_all() {
            super::require(actor, Permission::Make)?;
        }
        Ok(all_readable(actor, &self.inner.book.current().people))
    }

    /// One request, whole.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] if there is none that `actor` may read, and
    /// [`EngineError::PermissionMissing`] instead if their token grants no permission at all.
    pub async fn find(&self, actor: &Actor, id: RequestId) -> Result<View, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut _| {
            let record = listing::find(conn, &reader.actor.org, id)?;
            record.map(|record| reader.view(conn, record)).transpose()
        };
        let found = self.inner.store.read_by_key(read).await?;
        readable(actor, &self.inner.book.current().people, found)
    }

    /// The requests with these ids that `actor` may read, in this order, as rows: all in one read.
    pub async fn find_many(&self, actor: &Actor, ids: Vec<RequestId>) -> Result<Vec<RowView>, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut _| reader.find_many(conn, &ids);
        Ok(self.inner.store.read(read).await?)
    }

    /// One page of whole requests.
    pub async fn list(&self, actor: &Actor, listing: Listing, page: Page) -> Result<Listed, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut AnyConnection| match page {
            Page::Number(number) => numbered(conn, &reader, &listing, number),
            Page::After(position) => after(conn, &reader, &listing, Some(&position)),
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The first or the next page of a walk over whole requests.
    pub async fn walk(
        &self,
        actor: &Actor,
        listing: Listing,
        position: Option<Position>,
    ) -> Result<Listed, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut AnyConnection| after(conn, &reader, &listing, position.as_ref());
        Ok(self.inner.store.read(read).await?)
    }

    /// The first or the next page of a walk over rows: no call and no answer is read.
    pub async fn walk_rows(
        &self,
        actor: &Actor,
        listing: Listing,
        position: Option<Position>,
    ) -> Result<ListedRows<RowView>, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut AnyConnection| {
            let (page, next) = page_after(conn, &listing, position.as_ref())?;
            Ok(ListedRows { rows: reader.rows(conn, page)?, next })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The first `limit` requests whose ids begin with `beginning`: none if that is too short to say anything.
    pub async fn find_by_beginning(
        &self,
        actor: &Actor,
        beginning: &str,
        limit: i64,
    ) -> Result<Vec<RowView>, EngineError> {
        let filter = self.scope(actor)?;
        let Some(range) = RequestId::range_of(beginning) else { return Ok(Vec::new()) };
        let reader = self.reader_for(actor);
        let read = move |conn: &mut _| {
            let page = listing::between_ids(conn, &filter, range, limit)?;
            reader.rows(conn, page)
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// How the writer is doing.
    pub fn write_health(&self) -> WriteHealth {
        self.inner.writer.health()
    }

    /// Asks the database whether it is there and in shape.
    pub async fn store_health(&self) -> StoreHealth {
        match self.inner.store.read(migrate::is_pending).await {
            Ok(is_pending) => StoreHealth { answers: true, is_current: !is_pending },
            Err(error) => {
                tracing::warn!(%error, "the database does not answer");
                StoreHealth { answers: false, is_current: false }
            }
        }
    }
}

/// The filter for everything that [`Signer::may_read`](crate::domain::actor::Signer::may_read) lets `actor` read.
pub(super) fn all_readable(actor: &Actor, people: &People) -> Filter {
    let mut filter = Filter::all(actor.org.clone());
    filter.maker = (!actor.sees_all()).then(|| own_accounts(&actor.person, people));
    filter
}

pub(super) fn readable(actor: &Actor, people: &People, found: Option<View>) -> Result<View, EngineError> {
    let may_read = |found: &View| actor.may_read(people, &found.request.org, &found.request.maker);
    found.filter(may_read).ok_or_else(|| not_readable(actor))
}

/// Why `actor` gets no such request: it is not there for them. A token without any permission is told that
/// instead.
pub(super) fn not_readable(actor: &Actor) -> EngineError {
    if actor.permissions.is_empty() {
        return EngineError::PermissionMissing(Permission::Make);
    }
    EngineError::NotFound
}

/// The rows of a page after a position, and where the next page begins.
fn page_after(
    conn: &mut AnyConnection,
    listing: &Listing,
    position: Option<&Position>,
) -> Result<(Vec<Request>, Option<Position>), StoreError> {
    let Listing { filter, sort, limit } = listing;
    // One row more than asked for: is there a next page?
    let mut page = listing::page_after(conn, filter, *sort, position, limit + 1)?;
    let has_more = cut(&mut page, *limit);
    let next = page.last().filter(|_| has_more).map(|last| position_of(last, *sort));
    Ok((page, next))
}

/// Shortens a page that was read with one row more than it has; `true` if that row was there.
fn cut(page: &mut Vec<Request>, limit: i64) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = page.len() > limit;
    page.truncate(limit);
    has_more
}

/// A page after a position ends where there is no more room: the next one begins there.
fn after(
    conn: &mut AnyConnection,
    reader: &Reader,
    listing: &Listing,
    position: Option<&Position>,
) -> Result<Listed, StoreError> {
    let (page, next) = page_after(conn, listing, position)?;
    let BoundedViews { views, rest } = reader.bounded(conn, page)?;
    let next = if rest.is_empty() { next } else { last_of(&views, listing.sort) };
    Ok(Listed { views, left_out: Vec::new(), total: None, next })
}

/// A numbered page has the rows that its number says: those without room keep their place, as rows.
fn numbered(
    conn: &mut AnyConnection,
    reader: &Reader,
    listing: &Listing,
    number: i64,
) -> Result<Listed, StoreError> {
    let Listing { filter, sort, limit } = listing;
    let offset = number.saturating_mul(*limit);
    let total = listing::count(conn, filter)?;
    let mut page = Vec::new();
    if offset < total {
        page = listing::page_at(conn, filter, *sort, offset, limit + 1)?;
    }
    let has_more = cut(&mut page, *limit);
    let BoundedViews { views, rest } = reader.bounded(conn, page)?;
    let next = if has_more || !rest.is_empty() { last_of(&views, *sort) } else { None };
    Ok(Listed { views, left_out: reader.answered_rows(conn, rest)?, total: Some(total), next })
}

/// Where a list in this order goes on after `request`.
fn position_of(request: &Request, sort: Sort) -> Position {
    let at = match sort.by {
        SortBy::Start | SortBy::Maker => Some(request.started_at),
        SortBy::End => request.ended_at,
    };
    Position { at: at.map(crate::store::to_micros), id: request.id }
}

fn last_of(views: &[View], sort: Sort) -> Option<Position> {
    views.last().map(|last| position_of(&last.request, sort))
}
