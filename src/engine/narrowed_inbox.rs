//! An inbox by filter and in an order, a page at a time, with the numbers that a person finds their way by.

use super::inbox::{InboxPage, InboxPosition, InboxReader};
use super::inbox_order::{InboxOrder, InboxPlace, InboxSorter};
use super::views::RowView;
use super::{Engine, EngineError, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::ids::RequestId;
use crate::domain::request::Request;
use crate::domain::waiting::WaitingRequest;
use crate::store::{AnyConnection, StoreError, inbox as stored};

/// A page of an inbox, narrowed.
#[derive(Debug)]
pub struct NarrowedPage {
    /// What fits, in the order that was asked for.
    pub rows: Vec<RowView>,
    /// Everything that was looked at, fitting or not: what is due first, in that order.
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

/// Which requests that wait a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingList {
    /// Those that the reader may decide now.
    NeedsMe,
    /// Those that wait for one of their capacities, whoever made or decided them.
    MyGroups,
}

/// A page of a list: in which order, and after which request.
#[derive(Clone, Debug, Default)]
pub struct PlaceInList {
    /// The order. All but [`InboxOrder::Due`] end with what was looked at.
    pub order: InboxOrder,
    /// The request before the page; none for the first page.
    pub after: Option<InboxPosition>,
}

impl Engine {
    /// A page of a list of what waits, narrowed by `fits`.
    pub async fn waiting_page(
        &self,
        actor: &Actor,
        (list, at): (WaitingList, PlaceInList),
        limits: NarrowingLimits,
        fits: impl Fn(&WaitingRequest) -> bool + Send + 'static,
    ) -> Result<NarrowedPage, EngineError> {
        require(actor, Permission::Check)?;
        let inbox = self.inbox_reader(actor);
        let read = move |conn: &mut AnyConnection| {
            let Stretch { looked_at, has_more, page } = inbox.narrow(conn, (list, &at), limits, &fits)?;
            let Narrowed { found, before, previous, next } = page;
            let rows = inbox.rows(conn, found.iter())?;
            Ok(NarrowedPage { rows, looked_at, has_more, before, previous, next })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// The first requests of what needs `actor`, in an order, of those that fit.
    pub async fn first_that_need_me(
        &self,
        actor: &Actor,
        order: InboxOrder,
        limits: NarrowingLimits,
        fits: impl Fn(&WaitingRequest) -> bool + Send + 'static,
    ) -> Result<Vec<RequestId>, EngineError> {
        require(actor, Permission::Check)?;
        let inbox = self.inbox_reader(actor);
        let at = PlaceInList { order, after: None };
        let read = move |conn: &mut AnyConnection| {
            let Stretch { page, .. } = inbox.narrow(conn, (WaitingList::NeedsMe, &at), limits, &fits)?;
            Ok(page.found.into_iter().map(|waiting| waiting.id).collect())
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// A page of what needs `actor`, narrowed by `fits`, whole.
    pub async fn needs_me_whole(
        &self,
        actor: &Actor,
        at: PlaceInList,
        limits: NarrowingLimits,
        fits: impl Fn(&WaitingRequest) -> bool + Send + 'static,
    ) -> Result<InboxPage, EngineError> {
        require(actor, Permission::Check)?;
        let inbox = self.inbox_reader(actor);
        let read = move |conn: &mut AnyConnection| {
            let found = inbox.narrow(conn, (WaitingList::NeedsMe, &at), limits, &fits)?;
            let fitting = found.looked_at.iter().filter(|waiting| fits(waiting)).count();
            let count =
                at.after.is_none().then_some(if found.has_more { limits.looked_at + 1 } else { fitting });
            let page = inbox.page(conn, &found.page.found, limits.shown)?;
            Ok(InboxPage { count, next: page.next.or(found.page.next), ..page })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// Waiting requests in an order, and the place of a request among them, whether it is one of them or was.
    pub fn in_order(
        &self,
        order: InboxOrder,
        waiting: Vec<WaitingRequest>,
        request: &Request,
    ) -> (Vec<WaitingRequest>, usize) {
        let rules = self.rules();
        let mut sorter = InboxSorter::new(order, &rules.people);
        let own = sorter.place_of_request(request);
        let sorted = sorter.sorted(&waiting);
        let at = sorted.partition_point(|(place, _)| *place < own);
        (sorted.into_iter().map(|(_, waiting)| waiting.clone()).collect(), at)
    }
}

/// What of an inbox was looked at, and the page within it.
struct Stretch {
    looked_at: Vec<WaitingRequest>,
    has_more: bool,
    page: Narrowed,
}

impl InboxReader {
    fn narrow(
        &self,
        conn: &mut AnyConnection,
        (list, PlaceInList { order, after }): (WaitingList, &PlaceInList),
        NarrowingLimits { shown, looked_at: look_at }: NarrowingLimits,
        fits: &impl Fn(&WaitingRequest) -> bool,
    ) -> Result<Stretch, StoreError> {
        let mut looked_at = self.stretch(conn, list, None, look_at + 1)?;
        let has_more = looked_at.len() > look_at;
        looked_at.truncate(look_at);
        let mut sorter = InboxSorter::new(*order, &self.reader.rules.people);
        let is_by_due = *order == InboxOrder::Due;
        let is_beyond = |after: &InboxPosition| {
            has_more && looked_at.last().is_none_or(|last| *after >= InboxPosition::of(last))
        };
        let page = match after.as_ref().filter(|after| is_by_due && is_beyond(after)) {
            None => {
                let after = after.as_ref().map(|after| self.find_place(conn, &mut sorter, &looked_at, after));
                let after = after.transpose()?.flatten();
                let all = sorter.sorted(&looked_at);
                // In another order nobody knows what comes after what was looked at.
                narrowed(&all, after.as_ref(), (shown, has_more && is_by_due), fits)
            }
            Some(after) => {
                let mut further = self.stretch(conn, list, Some(after.clone()), look_at + 1)?;
                let goes_on = further.len() > look_at;
                further.truncate(look_at);
                let page = narrowed(&sorter.sorted(&further), None, (shown, goes_on), fits);
                Narrowed { before: None, previous: Some(PreviousPage::First), ..page }
            }
        };
        Ok(Stretch { looked_at, has_more, page })
    }

    fn stretch(
        &self,
        conn: &mut AnyConnection,
        list: WaitingList,
        after: Option<InboxPosition>,
        wanted: usize,
    ) -> Result<Vec<WaitingRequest>, StoreError> {
        match list {
            WaitingList::NeedsMe => self.walk(conn, after, wanted),
            WaitingList::MyGroups => self.for_capacities(conn, after.as_ref(), wanted),
        }
    }

    /// Where the request before a page stands, or stood before it left the list.
    fn find_place(
        &self,
        conn: &mut AnyConnection,
        sorter: &mut InboxSorter<'_>,
        looked_at: &[WaitingRequest],
        after: &InboxPosition,
    ) -> Result<Option<InboxPlace>, StoreError> {
        if let Some(known) = looked_at.iter().find(|waiting| waiting.id == after.id) {
            return Ok(Some(sorter.place(known)));
        }
        let left = stored::as_waiting(conn, &self.reader.actor.org, after.id)?;
        Ok(left.map(|left| sorter.place(&left)))
    }
}

/// What of a stretch of an inbox is on a page.
struct Narrowed {
    found: Vec<WaitingRequest>,
    before: Option<usize>,
    previous: Option<PreviousPage>,
    next: Option<InboxPosition>,
}

/// The first `limit` requests of `stretch` after a place that fit. `goes_on` says whether there is more after it.
fn narrowed(
    stretch: &[(InboxPlace, &WaitingRequest)],
    after: Option<&InboxPlace>,
    (limit, goes_on): (usize, bool),
    fits: &impl Fn(&WaitingRequest) -> bool,
) -> Narrowed {
    let fitting: Vec<&(InboxPlace, &WaitingRequest)> =
        stretch.iter().filter(|(_, waiting)| fits(waiting)).collect();
    let start = fitting.partition_point(|(place, _)| after.is_some_and(|after| place <= after));
    let end = fitting.len().min(start + limit);
    let position = |at: usize| InboxPosition::of(fitting[at].1);
    let previous = (start > 0).then(|| match start.checked_sub(limit + 1) {
        Some(last_before) => PreviousPage::After(position(last_before)),
        None => PreviousPage::First,
    });
    let last = if end < fitting.len() {
        fitting[start..end].last().map(|(_, last)| *last)
    } else {
        stretch.last().filter(|_| goes_on).map(|(_, last)| *last)
    };
    Narrowed {
        found: fitting[start..end].iter().map(|(_, waiting)| (*waiting).clone()).collect(),
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
    use crate::domain::amount::Amount;
    use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
    use crate::domain::policy::people::People;

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
            started_at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            amount: Some(Amount::from(number * 7919 % 5)),
            unit: None,
            due_at: None,
            // Two at a time expire together, so that the id decides.
            expires_at: DateTime::from_timestamp(1_800_000_000 + number / 2, 0).unwrap(),
            decisions: Vec::new(),
        }
    }

    type Placed<'w> = (InboxPlace, &'w WaitingRequest);

    /// The page after a position.
    fn page_after(
        stretch: &[Placed<'_>],
        after: Option<&InboxPosition>,
        limit: usize,
        fits: &impl Fn(&WaitingRequest) -> bool,
    ) -> Narrowed {
        let place =
            |after: &InboxPosition| stretch.iter().find(|(_, one)| one.id == after.id).unwrap().0.clone();
        narrowed(stretch, after.map(place).as_ref(), (limit, false), fits)
    }

    /// The pages of a stretch from its beginning to its end, with what each says is before it.
    fn pages(stretch: &[Placed<'_>], limit: usize, fits: &impl Fn(&WaitingRequest) -> bool) -> Vec<Narrowed> {
        let mut pages = vec![page_after(stretch, None, limit, fits)];
        while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
            pages.push(page_after(stretch, Some(&next), limit, fits));
        }
        pages
    }

    #[test]
    fn pages_follow_each_other_without_a_gap_and_lead_back_the_same_way() {
        let ids = |page: &Narrowed| page.found.iter().map(|waiting| waiting.id).collect::<Vec<_>>();
        let any: fn(&WaitingRequest) -> bool = |_| true;
        let rare: fn(&WaitingRequest) -> bool = |waiting| waiting.request_type.as_str() == "RARE";
        let people = People::none();
        for (count, limit, fits, order) in [0, 1, 2, 3, 4, 7, 12]
            .into_iter()
            .flat_map(|count| [1, 2, 3, 50].map(|limit| (count, limit)))
            .flat_map(|(count, limit)| [(count, limit, any), (count, limit, rare)])
            .flat_map(|(count, limit, fits)| InboxOrder::ALL.map(|order| (count, limit, fits, order)))
        {
            let all: Vec<WaitingRequest> = (0..count).map(waiting).collect();
            let stretch = InboxSorter::new(order, &people).sorted(&all);
            let pages = pages(&stretch, limit, &fits);
            let walked: Vec<RequestId> = pages.iter().flat_map(ids).collect();
            let expected: Vec<RequestId> =
                stretch.iter().filter(|(_, waiting)| fits(waiting)).map(|(_, waiting)| waiting.id).collect();
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
                    Some(PreviousPage::First) => page_after(&stretch, None, limit, &fits),
                    Some(PreviousPage::After(turn)) => page_after(&stretch, Some(turn), limit, &fits),
                };
                assert_eq!(ids(&back), ids(&pages[at - 1]), "{count} by {limit}");
            }
        }
    }

    #[test]
    fn what_goes_on_after_a_stretch_has_a_next_page_even_if_nothing_in_it_fits() {
        let all: Vec<WaitingRequest> = (0..4).map(waiting).collect();
        let people = People::none();
        let stretch = InboxSorter::new(InboxOrder::Due, &people).sorted(&all);
        let page = narrowed(&stretch, None, (2, true), &|_| false);
        assert!(page.found.is_empty());
        assert_eq!(page.next, Some(InboxPosition::of(&all[3])));
    }
}
