//! Reads: one request, lists of requests. Nothing here changes anything.
//!
//! **Invariant:** the org of every read is the actor's, and a person who neither checks nor audits reads only
//! their own requests.

use std::sync::Arc;

use serde_json::Value;

use super::rule_book::{RuleBook, approval_of};
use super::{Engine, EngineError};
use crate::domain::actor::{Actor, Permission};
use crate::domain::call::Call;
use crate::domain::ids::RequestId;
use crate::domain::json;
use crate::domain::outcome::PartWarning;
use crate::domain::policy::masked_fields::sees_masked_fields;
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::request::Request;
use crate::domain::request_type::RequestType;
use crate::domain::rules::Rules;
use crate::domain::submission::{Submission, mask_headers};
use crate::store::answers::AnswerRow;
use crate::store::listing::{self, LIST_ANSWER_BYTES_MAX, Record};
use crate::store::{AnyConnection, StoreError, migrate};

pub use crate::store::listing::{Filter, Position, Sort, SortBy};
pub use crate::store::writer::WriteHealth;

/// A request as a reader gets it.
#[derive(Clone, Debug)]
pub struct View {
    /// The request itself.
    pub request: Request,
    /// The normalised task with its headers as sent: mask them before anybody else reads them.
    pub task: Value,
    /// The method that will be sent.
    pub method: String,
    /// The absolute URL that will be sent to.
    pub url: String,
    /// The target's label at submission.
    pub label: String,
    /// What the target answered.
    pub answer: Option<AnswerView>,
    /// The type in the version that the request is pinned to, for what may be shown of the task.
    pub pinned: Arc<RequestType>,
    /// Whether the reader may see masked fields: they are one of those who decide.
    pub sees_masked: bool,
}

impl View {
    /// A submission that has just been taken.
    pub(super) fn of_submission(
        request: Request,
        submission: Submission,
        request_type: Arc<RequestType>,
    ) -> Self {
        Self {
            request,
            task: submission.task,
            method: submission.call.method,
            url: submission.call.url,
            label: submission.label,
            answer: None,
            pinned: request_type,
            sees_masked: true,
        }
    }
}

impl View {
    /// The task and the URL as this reader may see them: credentials, masked and secret fields are hidden.
    pub fn shown(&self) -> (Value, String) {
        let (task, url) = self.with_fields_hidden(self.sees_masked);
        (mask_headers(&task), url)
    }

    /// The URL as this reader may see it.
    pub fn shown_url(&self) -> String {
        if self.pinned.hides_any() {
            url_of(&self.pinned.shown(&self.task, self.sees_masked))
        } else {
            self.url.clone()
        }
    }

    /// The task and the URL for the maker's own eyes, once: only secret fields are hidden.
    pub fn as_the_maker_sent_it(&self) -> (Value, String) {
        self.with_fields_hidden(true)
    }

    fn with_fields_hidden(&self, sees_masked: bool) -> (Value, String) {
        if !self.pinned.hides_any() {
            return (self.task.clone(), self.url.clone());
        }
        let task = self.pinned.shown(&self.task, sees_masked);
        let url = url_of(&task);
        (task, url)
    }
}

/// The URL of a task in which fields are hidden; only its origin where the rest can't be built.
pub(super) fn url_of(task: &Value) -> String {
    Call::from_task(task)
        .map_or_else(|_| task["hostname"].as_str().unwrap_or_default().to_owned(), |call| call.url)
}

/// What the target answered.
#[derive(Clone, Debug)]
pub struct AnswerView {
    /// The HTTP status.
    pub status: i64,
    /// Names in lower case with their values; values of one name in the order received.
    pub headers: Vec<(String, String)>,
    /// The body; `None` where a list leaves it out for its size.
    pub body: Option<Vec<u8>>,
    /// How many bytes the body has.
    pub body_bytes: i64,
    /// Whether the answer went on past the cap.
    pub cut: bool,
    /// Parts that did not work although the whole did.
    pub warnings: Vec<PartWarning>,
}

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
    /// In the asked order.
    pub views: Vec<View>,
    /// How many there are in all; only for numbered pages.
    pub total: Option<i64>,
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
        Ok(all_readable(actor))
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
        readable(actor, self.inner.store.read(read).await?)
    }

    /// The requests with these ids that `actor` may read, in this order: all in one read.
    pub async fn find_many(&self, actor: &Actor, ids: Vec<RequestId>) -> Result<Vec<View>, EngineError> {
        let reader = self.reader_for(actor);
        let read = move |conn: &mut _| reader.find_many(conn, &ids);
        Ok(self.inner.store.read(read).await?)
    }

    /// One page of requests.
    pub async fn list(&self, actor: &Actor, listing: Listing, page: Page) -> Result<Listed, EngineError> {
        let Listing { filter, sort, limit } = listing;
        let reader = self.reader_for(actor);
        let read = move |conn: &mut _| {
            // One row more than asked for: is there a next page?
            let (rows, total) = match &page {
                Page::Number(number) => {
                    let offset = number.saturating_mul(limit);
                    let total = listing::count(conn, &filter)?;
                    let rows = if offset < total {
                        listing::page_at(conn, &filter, sort, offset, limit + 1)?
                    } else {
                        Vec::new()
                    };
                    (rows, Some(total))
                }
                Page::After(position) => {
                    (listing::page_after(conn, &filter, sort, Some(position), limit + 1)?, None)
                }
            };
            reader.listed(conn, Rows { rows, total, sort, limit })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The first or the next page of a walk over everything, for exports.
    pub async fn walk(
        &self,
        actor: &Actor,
        listing: Listing,
        after: Option<Position>,
    ) -> Result<Listed, EngineError> {
        let Listing { filter, sort, limit } = listing;
        let reader = self.reader_for(actor);
        let read = move |conn: &mut _| {
            let rows = listing::page_after(conn, &filter, sort, after.as_ref(), limit + 1)?;
            reader.listed(conn, Rows { rows, total: None, sort, limit })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The first `limit` requests whose ids begin with `beginning`: none if that is too short to say anything.
    pub async fn find_by_beginning(
        &self,
        actor: &Actor,
        beginning: &str,
        limit: i64,
    ) -> Result<Vec<View>, EngineError> {
        let filter = self.scope(actor)?;
        let Some(range) = RequestId::range_of(beginning) else { return Ok(Vec::new()) };
        let reader = self.reader_for(actor);
        let read = move |conn: &mut _| {
            let rows = listing::between_ids(conn, &filter, range, limit)?;
            rows.into_iter().map(|record| reader.view(conn, record)).collect()
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
pub(super) fn all_readable(actor: &Actor) -> Filter {
    let mut filter = Filter::all(actor.org.clone());
    filter.maker = (!actor.sees_all()).then(|| actor.person.clone());
    filter
}

pub(super) fn readable(actor: &Actor, found: Option<View>) -> Result<View, EngineError> {
    let may_read = |found: &View| actor.may_read(&found.request.org, &found.request.maker);
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

/// The rows of a page, and one more if there is a next page.
struct Rows {
    rows: Vec<Record>,
    total: Option<i64>,
    sort: Sort,
    limit: i64,
}

fn position(request: &Request, sort: Sort) -> Position {
    let at = match sort.by {
        SortBy::Start => Some(request.started_at),
        SortBy::End => request.ended_at,
    };
    Position { at: at.map(crate::store::to_micros), id: request.id }
}

/// Who reads, and the rules in force while the read runs.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) actor: Actor,
    pub(super) rules: Arc<Rules>,
    pub(super) book: RuleBook,
}

impl Engine {
    pub(super) fn reader_for(&self, actor: &Actor) -> Reader {
        Reader { actor: actor.clone(), rules: self.inner.book.current(), book: self.inner.book.clone() }
    }
}

impl Reader {
    /// The requests with these ids that the reader may read, in this order.
    pub(super) fn find_many(
        &self,
        conn: &mut AnyConnection,
        ids: &[RequestId],
    ) -> Result<Vec<View>, StoreError> {
        let records = listing::find_all(conn, &self.actor.org, ids)?;
        let views = records.into_iter().map(|record| self.view(conn, record));
        let mut views = views.collect::<Result<Vec<View>, StoreError>>()?;
        views.retain(|view| self.actor.may_read(&view.request.org, &view.request.maker));
        Ok(views)
    }

    fn listed(&self, conn: &mut AnyConnection, page: Rows) -> Result<Listed, StoreError> {
        let Rows { mut rows, total, sort, limit } = page;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|row| position(&row.request, sort));
        let views = rows.into_iter().map(|record| self.view(conn, record)).collect::<Result<_, _>>()?;
        Ok(Listed { views, total, next })
    }

    /// The record as this reader gets it.
    pub(super) fn view(&self, conn: &mut AnyConnection, record: Record) -> Result<View, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("{}: {what}", record.call.request_id));
        let call = Call::from_bytes(&record.call.call).map_err(|_| corrupt("call"))?;
        let task = json::read(record.call.echo.as_bytes()).map_err(|_| corrupt("echo"))?;
        let pinned = self.book.pinned(conn, &record.request)?;
        Ok(View {
            sees_masked: self.sees_masked(&record.request, &pinned)?,
            pinned,
            request: record.request,
            task,
            method: call.method,
            url: call.url,
            label: record.call.label,
            answer: record.answer.map(answer_view).transpose()?,
        })
    }

    fn sees_masked(&self, request: &Request, pinned: &RequestType) -> Result<bool, StoreError> {
        let Some(approval) = approval_of(pinned, request)? else { return Ok(false) };
        let policy = PolicyInForce { approval, people: &self.rules.people };
        Ok(sees_masked_fields(&self.actor, &request.context(), &policy))
    }
}

fn answer_view(row: AnswerRow) -> Result<AnswerView, StoreError> {
    let is_left_out = row.body.is_empty() && row.body_bytes > LIST_ANSWER_BYTES_MAX;
    Ok(AnswerView {
        status: row.status,
        headers: row.headers()?,
        warnings: row.warnings()?,
        body: (!is_left_out).then_some(row.body),
        body_bytes: row.body_bytes,
        cut: row.cut,
    })
}
