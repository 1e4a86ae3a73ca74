//! History: every request that the reader may see, by filter. Each filter is in the address, so that a person
//! can send what they see to another person.

mod filter_query;
mod lines;
mod view;

use actix_web::http::StatusCode;

use crate::domain::actor::Permission;
use crate::domain::ids::BEGINNING_CHARS_MIN;
use crate::domain::request::Request;
use crate::domain::zone::Zone;
use crate::engine::queries::{Filter, ListedRows, Listing, Position, RowView, Sort, SortBy};
use crate::http::query::{FILTER_PARAMETERS, Parameters};
use crate::http::{cursor, export};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::{BASE, Page, PageError, PageRequest, see_other, show};
use filter_query::{FilterQuery, SEARCH};
use view::HistoryView;

/// Rows on a page.
const ROWS: i64 = 50;

/// What the filters mean.
struct HistoryQuery {
    filter: Filter,
    sort: Sort,
    after: Option<String>,
    before: Option<String>,
}

/// Where a page begins or ends.
enum PageStart {
    First,
    After(Position),
    Before(Position),
}

/// Rows, and how to go back and on from them.
#[derive(Default)]
struct ResultPage {
    rows: Vec<RowView>,
    back: Option<String>,
    on: Option<String>,
}

/// `GET /ui/history`
pub async fn page(page: PageRequest) -> Page {
    let filter = page.engine().scope(page.actor())?;
    let known: Vec<&str> = FILTER_PARAMETERS.into_iter().chain([SEARCH, "after", "before"]).collect();
    let mut parameters = Parameters::of(&page.http, &known)?;
    let query = FilterQuery::of(&parameters);
    let known_types = page.engine().known_type_names().await?;
    let meaning = HistoryQuery::read(&mut parameters, filter, &known_types, page.when.zone());
    let shell = Shell::of(&page, Nav::History).await?;
    let may_export = page.actor().may(Permission::Audit);
    let rules = page.engine().rules();
    let view = HistoryView {
        shell,
        known_types: &known_types,
        types: &rules.types,
        query: &query,
        sort: meaning.sort,
        may_export,
    };
    if let Err(error) = parameters.finish() {
        return show(StatusCode::BAD_REQUEST, &view.refused(&error));
    }
    let same_beginning = begin_with(&page, &query).await?;
    match same_beginning.as_slice() {
        [] => show(StatusCode::OK, &view.of(walk(&page, meaning, &query).await?)),
        [one] => Ok(see_other(&format!("{BASE}/requests/{}", one.request.id))),
        _ => show(StatusCode::OK, &view.of_ids(&same_beginning)),
    }
}

/// `GET /ui/history/export`
pub async fn export(page: PageRequest) -> Page {
    let PageRequest { web, http, session, when } = page;
    Ok(export::answer(&web.engine, session.actor, &http, (web.offset, when.zone())).await?)
}

impl HistoryQuery {
    /// Reads the filters; what is wrong with them is kept in `parameters`.
    fn read(parameters: &mut Parameters, mut filter: Filter, types: &[String], zone: Zone) -> Self {
        parameters.narrow(&mut filter, types, zone);
        if let Some(subject) = parameters.text(SEARCH) {
            filter.subject = Some(subject.trim().to_owned());
        }
        let sort = parameters.sort();
        let text = |name| parameters.text(name).map(str::to_owned);
        Self { filter, sort, after: text("after"), before: text("before") }
    }
}

/// Requests whose ids begin with what is searched for. Nothing else looks like the beginning of an id.
async fn begin_with(page: &PageRequest, query: &FilterQuery) -> Result<Vec<RowView>, PageError> {
    let beginning = query.get(SEARCH).trim().to_ascii_lowercase();
    if beginning.len() < BEGINNING_CHARS_MIN {
        return Ok(Vec::new());
    }
    Ok(page.engine().find_by_beginning(page.actor(), &beginning, ROWS).await?)
}

async fn walk(
    page: &PageRequest,
    meaning: HistoryQuery,
    query: &FilterQuery,
) -> Result<ResultPage, PageError> {
    let HistoryQuery { filter, sort, after, before } = meaning;
    let bound = cursor::fingerprint(&format!("{filter:?}{sort:?}"));
    // Going back reads in the other direction, in which requests without an end would come first.
    let before = before.filter(|_| sort.by != SortBy::End);
    let place = match (&after, &before) {
        (Some(after), _) => PageStart::After(cursor::read_position(after, &bound)?),
        (None, Some(before)) => PageStart::Before(cursor::read_position(before, &bound)?),
        (None, None) => PageStart::First,
    };
    let is_back = matches!(place, PageStart::Before(_));
    let is_first = matches!(place, PageStart::First);
    let sort_walked = if is_back { Sort { descending: !sort.descending, ..sort } } else { sort };
    let listing = Listing { filter, sort: sort_walked, limit: ROWS };
    let from = match place {
        PageStart::First => None,
        PageStart::After(position) | PageStart::Before(position) => Some(position),
    };
    let ListedRows { mut rows, next } = page.engine().walk_rows(page.actor(), listing, from).await?;
    if is_back {
        rows.reverse();
    }
    let url = |name, position: &Position| {
        let cursor = cursor::write(&bound, position.at, &position.id.to_string());
        query.with(name, Some(cursor)).url()
    };
    let has_back = if is_back { next.is_some() } else { !is_first };
    let first = rows.first().map(|row| started(&row.request)).filter(|_| has_back);
    let on = if is_back { rows.last().map(|row| started(&row.request)) } else { next };
    let back = match sort.by {
        SortBy::Start | SortBy::Maker => first.as_ref().map(|position| url("before", position)),
        SortBy::End => has_back.then(|| query.url()),
    };
    Ok(ResultPage { back, on: on.map(|position| url("after", &position)), rows })
}

/// The position of a request in a list that is sorted by submission, or by maker.
fn started(request: &Request) -> Position {
    Position { at: Some(request.started_at.timestamp_micros()), id: request.id }
}
