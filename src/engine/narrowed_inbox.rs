//! An inbox by filter, a page at a time, with the numbers that a person finds their way by.

use super::inbox::InboxPosition;
use super::views::RowView;
use super::{Engine, EngineError, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::waiting::WaitingRequest;
use crate::store::AnyConnection;

/// A page of an inbox, narrowed.
#[derive(Debug)]
pub struct NarrowedPage {
    /// What fits; what is due first comes first.
    pub rows: Vec<RowView>,
    /// Everything that was looked at, fitting or not, from the inbox's beginning and in its order.
    pub looked_at: Vec<WaitingRequest>,
    /// Whether there is more than was looked at.
    pub has_more: bool,
    /// How many fit before the first of `rows`; `None` where the page is beyond what was looked at.
    pub before: Option<usize>,
    /// Where the page before begins.
    pub previous: Option<PreviousPage>,
    /// Where the next page begins, if there is one.
    pub next: Option<InboxPosition>,
}

/// Where the page before another one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreviousPage {
    /// At the beginning of the list.
    First,
    /// After this request.
    After(InboxPosition),
}

/// How much of an inbox a narrowed page reads.
#[derive(Clone, Copy, Debug)]
pub struct NarrowingLimits {
    /// The most requests on the page.
    pub shown: usize,
    /// The most requests looked at for it.
    pub looked_at: usize,
}

impl Engine {
    /// A page of what `actor` may decide now, narrowed by `fits`.
    pub async fn needs_me_narrowed(
        &self,
        actor: &Actor,
        after: Option<InboxPosition>,
        limits: NarrowingLimits,
        fits: impl Fn(&WaitingRequest) -> bool + Send + 'static,
    ) -> Result<NarrowedPage, EngineError> {
        let NarrowingLimits { shown: limit, looked_at: look_at } = limits;
        require(actor, Permission::Check)?;
        let inbox = self.inbox_reader(actor);
        let read = move |conn: &mut AnyConnection| {
            let mut looked_at = inbox.walk(conn, None, look_at + 1)?;
            let has_more = looked_at.len() > look_at;
            looked_at.truncate(look_at);
            let is_beyond = |after: &InboxPosition| {
                has_more && looked_at.last().is_none_or(|last| *after >= InboxPosition::of(last))
            };
            let deep = after.as_ref().filter(|after| is_beyond(after));
            let page = match deep {
                None => narrowed(&looked_at, after.as_ref(), (limit, has_more), &fits),
                Some(_) => {
                    let mut further = inbox.walk(conn, after.clone(), look_at + 1)?;
                    let goes_on = further.len() > look_at;
                    further.truncate(look_at);
                    let page = narrowed(&further, None, (limit, goes_on), &fits);
                    Narrowed { before: None, previous: Some(PreviousPage::First), ..page }
                }
            };
            let Narrowed { found, before, previous, next } = page;
            let rows = inbox.rows(conn, found.iter())?;
            Ok(NarrowedPage { rows, looked_at, has_more, before, previous, next })
        };
        Ok(self.inner.store.read(read).await?)
    }
}

/// What of a stretch of an inbox is on a page.
struct Narrowed {
    found: Vec<WaitingRequest>,
    before: Option<usize>,
    previous: Option<PreviousPage>,
    next: Option<InboxPosition>,
}

/// The first `limit` requests of `stretch` after a position that fit. `goes_on` says whether there is more after it.
fn narrowed(
    stretch: &[WaitingRequest],
    after: Option<&InboxPosition>,
    (limit, goes_on): (usize, bool),
    fits: &impl Fn(&WaitingRequest) -> bool,
) -> Narrowed {
    let fitting: Vec<&WaitingRequest> = stretch.iter().filter(|waiting| fits(waiting)).collect();
    let is_before =
        |waiting: &&WaitingRequest| after.is_some_and(|after| InboxPosition::of(waiting) <= *after);
    let start = fitting.partition_point(is_before);
    let end = fitting.len().min(start + limit);
    let previous = (start > 0).then(|| match start.checked_sub(limit + 1) {
        Some(last_before) => PreviousPage::After(InboxPosition::of(fitting[last_before])),
        None => PreviousPage::First,
    });
    let last = if end < fitting.len() {
        fitting[start..end].last().copied()
    } else {
        stretch.last().filter(|_| goes_on)
    };
    Narrowed {
        found: fitting[start..end].iter().map(|waiting| (*waiting).clone()).collect(),
        before: Some(start),
        previous,
        next: last.map(InboxPosition::of),
    }
}
