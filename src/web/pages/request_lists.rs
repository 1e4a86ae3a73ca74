//! Lists beside the inbox: my groups, what I decided, what I submitted, unknown outcomes.

use crate::domain::request::State;
use crate::engine::inbox::InboxPosition;
use crate::engine::inbox_order::InboxOrder;
use crate::engine::narrowed_inbox::{NarrowingLimits, PlaceInList, WaitingList};
use crate::engine::queries::{Listing, RowView, Sort, SortBy};
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::web::html::Markup;
use crate::web::pages::inbox::{LOOKED_AT_FURTHER, ROWS, bound_in, by_unit, next_url, position, unnamed};
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::inbox_filter::InboxFilter;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::list_controls::{ListControls, order_links, row_links};
use crate::web::parts::request_list::{ListTemplate, RowContext, RowReader};
use crate::web::sentences::listing::{List, ListWords, of_list, only_the_first};
use crate::web::{Page, PageError, PageRequest, ok};

/// A list's place in the rail, and what it says of itself.
struct ListKind {
    nav: Nav,
    words: ListWords,
}

const MY_GROUPS: ListKind = ListKind { nav: Nav::MyGroups, words: of_list(List::MyGroups) };

const DECIDED: ListKind = ListKind { nav: Nav::Decided, words: of_list(List::Decided) };

const MINE: ListKind = ListKind { nav: Nav::Mine, words: of_list(List::Mine) };

const UNKNOWN: ListKind = ListKind { nav: Nav::Unknown, words: of_list(List::Unknown) };

/// The orders of a list of requests that may have ended. An order by amount would need an index over all that was ever
/// submitted.
const BY_AGE: [InboxOrder; 2] = [InboxOrder::Newest, InboxOrder::Oldest];

/// What a list's address asks for.
struct Asked {
    /// The order and the rows; nothing is narrowed.
    filter: InboxFilter,
    after: Option<String>,
    bound: String,
}

impl Asked {
    /// Reads the address of a list that has these orders, the first one by default.
    fn read(page: &PageRequest, nav: Nav, orders: &[InboxOrder]) -> Result<Self, PageError> {
        let mut parameters = Parameters::of(&page.http, &["after", "order", "rows"])?;
        let words: Vec<(&str, InboxOrder)> = orders.iter().map(|order| (order.word(), *order)).collect();
        let order = parameters.word("order", &words).or(orders.first().copied()).unwrap_or_default();
        let is_dense = parameters.word("rows", &[("one", true), ("two", false)]).unwrap_or_default();
        let after = parameters.text("after").map(str::to_owned);
        parameters.finish()?;
        let bound = bound_in(&page.session, nav, order);
        Ok(Self { filter: InboxFilter { order, is_dense, ..InboxFilter::default() }, after, bound })
    }

    fn position(&self) -> Result<Option<InboxPosition>, PageError> {
        self.after.as_deref().map_or(Ok(None), |after| position(after, &self.bound))
    }

    fn is_oldest_first(&self) -> bool {
        self.filter.order == InboxOrder::Oldest
    }
}

/// The address of the list `nav` in this order, where `default` is the one that needs no word.
fn url(nav: Nav, default: InboxOrder, filter: &InboxFilter) -> String {
    let is_plain = filter.order == default;
    let order = if is_plain { InboxOrder::Due } else { filter.order };
    CameFrom::list(nav, &InboxFilter { order, ..filter.clone() }.query()).url()
}

/// `GET /ui/my-groups`
pub async fn my_groups(page: PageRequest) -> Page {
    let asked = Asked::read(&page, Nav::MyGroups, &InboxOrder::ALL)?;
    let order = asked.filter.order;
    let looked_at = if order == InboxOrder::Due { ROWS } else { LOOKED_AT_FURTHER };
    let limits = NarrowingLimits { shown: ROWS, looked_at };
    let at = (WaitingList::MyGroups, PlaceInList { order, after: asked.position()? });
    let found = page.engine().waiting_page(page.actor(), at, limits, |_| true).await?;
    let first = url(Nav::MyGroups, InboxOrder::Due, &asked.filter);
    let next = found.next.as_ref().map(|turn| next_url(&asked.bound, first, turn));
    let is_cut = order != InboxOrder::Due && found.has_more;
    let mut lead = MY_GROUPS.words.lead.to_owned();
    if is_cut {
        lead.push_str(&format!(" {}", only_the_first(LOOKED_AT_FURTHER)));
    }
    rendered(&page, (MY_GROUPS, lead), (&InboxOrder::ALL, &asked), &found.rows, next).await
}

/// `GET /ui/decided`
pub async fn decided(page: PageRequest) -> Page {
    let asked = Asked::read(&page, Nav::Decided, &BY_AGE)?;
    let engine = page.engine();
    let found = engine.decided_rows(page.actor(), asked.position()?, (ROWS, asked.is_oldest_first())).await?;
    let first = url(Nav::Decided, BY_AGE[0], &asked.filter);
    let next = found.next.map(|turn| next_url(&asked.bound, first, &turn));
    let lead = DECIDED.words.lead.to_owned();
    rendered(&page, (DECIDED, lead), (&BY_AGE, &asked), &found.rows, next).await
}

/// `GET /ui/mine`
pub async fn mine(page: PageRequest) -> Page {
    by_age(&page, MINE).await
}

/// `GET /ui/unknown`
pub async fn unknown(page: PageRequest) -> Page {
    by_age(&page, UNKNOWN).await
}

async fn by_age(page: &PageRequest, kind: ListKind) -> Page {
    let mut filter = page.engine().scope(page.actor())?;
    if kind.nav == Nav::Mine {
        filter.maker = Some(page.engine().accounts_of(page.actor()));
    } else {
        filter.states = vec![State::Unknown];
    }
    let asked = Asked::read(page, kind.nav, &BY_AGE)?;
    let sort = Sort { by: SortBy::Start, descending: !asked.is_oldest_first() };
    let listing = Listing { filter, sort, limit: i64::try_from(ROWS).unwrap_or(50) };
    let after =
        asked.after.as_deref().map(|cursor| cursor::read_position(cursor, &asked.bound)).transpose()?;
    let found = page.engine().walk_rows(page.actor(), listing, after).await?;
    let first = url(kind.nav, BY_AGE[0], &asked.filter);
    let next = found.next.map(|position| {
        let cursor = cursor::write(&asked.bound, position.at, &position.id.to_string());
        format!("{first}{}after={cursor}", if first.contains('?') { '&' } else { '?' })
    });
    let lead = kind.words.lead.to_owned();
    rendered(page, (kind, lead), (&BY_AGE, &asked), &found.rows, next).await
}

async fn rendered(
    page: &PageRequest,
    (kind, lead): (ListKind, String),
    (orders, asked): (&[InboxOrder], &Asked),
    rows: &[RowView],
    next: Option<String>,
) -> Page {
    let shell = Shell::of(page, kind.nav).await?;
    let from = CameFrom::list(kind.nav, page.http.query_string());
    let context = RowContext::read(page, rows, RowReader::Reads, from).await?;
    let groups = match asked.filter.order {
        InboxOrder::Largest | InboxOrder::Smallest => by_unit(&context, rows)?,
        InboxOrder::Due | InboxOrder::Newest | InboxOrder::Oldest | InboxOrder::Maker => {
            unnamed(&context, rows)?
        }
    };
    let default = orders.first().copied().unwrap_or_default();
    let url = |filter: &InboxFilter| url(kind.nav, default, filter);
    let is_choice = asked.after.is_some() || next.is_some() || rows.len() > 1;
    let controls = ListControls {
        orders: if is_choice { order_links(orders, &asked.filter, url) } else { Vec::new() },
        rows: row_links(&asked.filter, url),
        ..ListControls::default()
    };
    let first = url(&asked.filter);
    ok(&ListTemplate {
        lead: Markup::text(&lead),
        empty_title: kind.words.empty_title,
        empty: kind.words.empty.to_owned(),
        // The list only goes on; the way back is to its beginning.
        previous: asked.after.is_some().then(|| first.clone()),
        next,
        controls,
        first,
        filter: asked.filter.clone(),
        ..ListTemplate::plain(shell, &context.from, groups)
    })
}
