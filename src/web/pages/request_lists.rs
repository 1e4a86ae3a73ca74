//! Lists beside the inbox: my groups, what I decided, what I submitted, unknown outcomes.

use crate::domain::request::State;
use crate::engine::inbox::InboxRows;
use crate::engine::queries::{Listing, RowView, Sort, SortBy};
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::web::html::Markup;
use crate::web::pages::inbox::{ROWS, bound_to, next_url, position};
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::request_list::{ListTemplate, RequestRow, RowContext, RowGroup, RowReader};
use crate::web::{Page, PageRequest, ok};

/// A list's place in the rail, and what it says of itself.
struct ListKind {
    nav: Nav,
    lead: &'static str,
    empty_title: &'static str,
    empty: &'static str,
}

const MY_GROUPS: ListKind = ListKind {
    nav: Nav::MyGroups,
    lead: "What waits for one of your groups, also where somebody else must decide.",
    empty_title: "Nothing waits for your groups",
    empty: "",
};

const DECIDED: ListKind = ListKind {
    nav: Nav::Decided,
    lead: "What you approved or rejected, the latest first.",
    empty_title: "You have decided nothing yet",
    empty: "",
};

const MINE: ListKind = ListKind {
    nav: Nav::Mine,
    lead: "What you submitted, the latest first.",
    empty_title: "You have submitted nothing yet",
    empty: "New request shows what can be asked for.",
};

const UNKNOWN: ListKind = ListKind {
    nav: Nav::Unknown,
    lead: "The call left, and no full answer came back: it may or may not have happened. Ask the target, \
           then settle it.",
    empty_title: "Every outcome is known",
    empty: "",
};

/// `GET /ui/my-groups`
pub async fn my_groups(page: PageRequest) -> Page {
    let mut parameters = Parameters::of(&page.http, &["after"])?;
    let after = position(&mut parameters, &page.session, Nav::MyGroups)?;
    parameters.finish()?;
    let found = page.engine().for_my_capacities(page.actor(), after, ROWS).await?;
    inbox_page(&page, MY_GROUPS, found).await
}

/// `GET /ui/decided`
pub async fn decided(page: PageRequest) -> Page {
    let mut parameters = Parameters::of(&page.http, &["after"])?;
    let after = position(&mut parameters, &page.session, Nav::Decided)?;
    parameters.finish()?;
    let found = page.engine().decided_rows(page.actor(), after, ROWS).await?;
    inbox_page(&page, DECIDED, found).await
}

/// `GET /ui/mine`
pub async fn mine(page: PageRequest) -> Page {
    newest_first(&page, MINE).await
}

/// `GET /ui/unknown`
pub async fn unknown(page: PageRequest) -> Page {
    newest_first(&page, UNKNOWN).await
}

async fn inbox_page(page: &PageRequest, kind: ListKind, found: InboxRows) -> Page {
    let next = found.next.map(|turn| next_url(&page.session, kind.nav, kind.nav.url(), &turn));
    rendered(page, kind, &found.rows, next).await
}

async fn newest_first(page: &PageRequest, kind: ListKind) -> Page {
    let mut filter = page.engine().scope(page.actor())?;
    if kind.nav == Nav::Mine {
        filter.maker = Some(page.engine().accounts_of(page.actor()));
    } else {
        filter.states = vec![State::Unknown];
    }
    let parameters = Parameters::of(&page.http, &["after"])?;
    let after = parameters.text("after").map(str::to_owned);
    parameters.finish()?;
    let sort = Sort { by: SortBy::Start, descending: true };
    let listing = Listing { filter, sort, limit: i64::try_from(ROWS).unwrap_or(50) };
    let bound = bound_to(&page.session, kind.nav);
    let after = after.map(|cursor| cursor::read_position(&cursor, &bound)).transpose()?;
    let found = page.engine().walk_rows(page.actor(), listing, after).await?;
    let next = found.next.map(|position| {
        let cursor = cursor::write(&bound, position.at, &position.id.to_string());
        format!("{}?after={cursor}", kind.nav.url())
    });
    rendered(page, kind, &found.rows, next).await
}

async fn rendered(page: &PageRequest, kind: ListKind, rows: &[RowView], next: Option<String>) -> Page {
    let shell = Shell::of(page, kind.nav).await?;
    let from = CameFrom::list(kind.nav, page.http.query_string());
    let context = RowContext::read(page, rows, RowReader::Reads, from).await?;
    let rows = RequestRow::all(&context, rows)?;
    let groups = if rows.is_empty() { Vec::new() } else { vec![RowGroup { name: "", count: None, rows }] };
    // The list only goes on; the way back is to its beginning.
    let is_further = page.http.query_string().contains("after=");
    ok(&ListTemplate {
        lead: Markup::text(kind.lead),
        empty_title: kind.empty_title,
        empty: kind.empty.to_owned(),
        previous: is_further.then(|| kind.nav.url()),
        next,
        ..ListTemplate::plain(shell, &context.from, groups)
    })
}
