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

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::actor::Person;
    use crate::domain::ids::{OrgId, RequestId, RequestTypeName};

    fn waiting(number: i64) -> WaitingRequest {
        WaitingRequest {
            org: OrgId::new("100"),
            id: RequestId::parse(&format!("0190b6f2-7a3c-7cc0-8000-{number:012}")).unwrap(),
            request_type: RequestTypeName::new(if number % 3 == 0 { "RARE" } else { "ONE" }),
            type_version: String::new(),
            rule: String::new(),
            risk: None,
            maker: Person::system(),
            maker_act: Vec::new(),
            due_at: None,
            // Two at a time expire together, so that the id decides.
            expires_at: DateTime::from_timestamp(1_800_000_000 + number / 2, 0).unwrap(),
            decisions: Vec::new(),
        }
    }

    /// The pages of a stretch from its beginning to its end, with what each says is before it.
    fn pages(
        stretch: &[WaitingRequest],
        limit: usize,
        fits: &impl Fn(&WaitingRequest) -> bool,
    ) -> Vec<Narrowed> {
        let mut pages = vec![narrowed(stretch, None, (limit, false), fits)];
        while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
            pages.push(narrowed(stretch, Some(&next), (limit, false), fits));
        }
        pages
    }

    #[test]
    fn pages_follow_each_other_without_a_gap_and_lead_back_the_same_way() {
        let ids = |page: &Narrowed| page.found.iter().map(|waiting| waiting.id).collect::<Vec<_>>();
        let any: fn(&WaitingRequest) -> bool = |_| true;
        let rare: fn(&WaitingRequest) -> bool = |waiting| waiting.request_type.as_str() == "RARE";
        for (count, limit, fits) in [0, 1, 2, 3, 4, 7, 12]
            .into_iter()
            .flat_map(|count| [1, 2, 3, 50].map(|limit| (count, limit)))
            .flat_map(|(count, limit)| [(count, limit, any), (count, limit, rare)])
        {
            let stretch: Vec<WaitingRequest> = (0..count).map(waiting).collect();
            let pages = pages(&stretch, limit, &fits);
            let walked: Vec<RequestId> = pages.iter().flat_map(ids).collect();
            let expected: Vec<RequestId> =
                stretch.iter().filter(|waiting| fits(waiting)).map(|waiting| waiting.id).collect();
            assert_eq!(walked, expected, "{count} by {limit}");
            let mut before = 0;
            for (at, page) in pages.iter().enumerate() {
                assert_eq!(page.before, Some(before), "{count} by {limit}");
                before += page.found.len();
                let back = match &page.previous {
                    None => {
                        assert_eq!(at, 0, "{count} by {limit}");
                        continue;
                    }
                    Some(PreviousPage::First) => narrowed(&stretch, None, (limit, false), &fits),
                    Some(PreviousPage::After(turn)) => narrowed(&stretch, Some(turn), (limit, false), &fits),
                };
                assert_eq!(ids(&back), ids(&pages[at - 1]), "{count} by {limit}");
            }
        }
    }

    #[test]
    fn what_goes_on_after_a_stretch_has_a_next_page_even_if_nothing_in_it_fits() {
        let stretch: Vec<WaitingRequest> = (0..4).map(waiting).collect();
        let page = narrowed(&stretch, None, (2, true), &|_| false);
        assert!(page.found.is_empty());
        assert_eq!(page.next, Some(InboxPosition::of(&stretch[3])));
    }
}
