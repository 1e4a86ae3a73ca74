//! Search: requests by words, with filters as links.

use actix_web::http::StatusCode;
use askama::Template;

use crate::domain::ids::RequestTypeName;
use crate::domain::search::Query;
use crate::engine::EngineError;
use crate::engine::queries::{Filter, RowView};
use crate::engine::search::{Found, SearchInput, SearchPosition};
use crate::http::cursor;
use crate::http::query::{Parameters, escaped};
use crate::web::html::filters;
use crate::web::pages::inbox::ROWS;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::request_list::{RequestRow, RowContext, RowReader};
use crate::web::sentences::listing::NEWEST_FIRST;
use crate::web::sentences::searching;
use crate::web::sentences::states::STATES;
use crate::web::{BASE, Page, PageError, PageRequest, see_other, show};

/// The parameters of the page.
const KNOWN: [&str; 4] = ["q", "states", "requestType", "after"];

#[derive(Template)]
#[template(path = "search.html")]
struct SearchTemplate {
    shell: Shell,
    /// What was written.
    text: String,
    lead: String,
    /// Why nothing can be searched for.
    problem: Option<String>,
    states: Vec<Link>,
    types: Vec<Link>,
    rows: Vec<RequestRow>,
    /// The search without its filters, if it has any.
    whole: Option<String>,
    /// Where the list begins, on a further page.
    first: Option<String>,
    next: Option<String>,
    /// What is to be known of the search, below the rows.
    notes: Vec<String>,
}

/// A link to the same search with another filter.
struct Link {
    url: String,
    name: String,
    is_current: bool,
}

/// What is searched for, as the address has it.
#[derive(Clone, Default)]
struct Address {
    text: String,
    states: String,
    request_type: String,
}

impl Address {
    fn url(&self) -> String {
        let given = [("q", &self.text), ("states", &self.states), ("requestType", &self.request_type)];
        let given = given.iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        format!("{}?{}", Nav::Search.url(), query.join("&"))
    }

    fn has_filter(&self) -> bool {
        !self.states.is_empty() || !self.request_type.is_empty()
    }
}

/// `GET /ui/search`
pub async fn page(page: PageRequest) -> Page {
    let mut parameters = Parameters::of(&page.http, &KNOWN)?;
    let text = |name| parameters.text(name).unwrap_or_default().to_owned();
    let (address, after) = (
        Address {
            text: text("q").trim().to_owned(),
            states: text("states"),
            request_type: text("requestType"),
        },
        Some(text("after")).filter(|after| !after.is_empty()),
    );
    let mut filter = page.engine().scope(page.actor())?;
    let known_types = page.engine().known_type_names().await?;
    parameters.narrow(&mut filter, &known_types, page.when.zone());
    parameters.finish()?;
    if address.text.is_empty() {
        return nothing(&page, &address, None).await;
    }
    let query = match Query::parse(&address.text) {
        Ok(query) => query,
        Err(fault) => return nothing(&page, &address, Some(searching::refused(fault))).await,
    };
    if let (Some(id), false) = (query.request_id(), address.has_filter()) {
        match page.engine().find(page.actor(), id).await {
            Ok(_) => return Ok(see_other(&format!("{BASE}/requests/{id}"))),
            Err(EngineError::NotFound) => {}
            Err(other) => return Err(other.into()),
        }
    }
    found(&page, &address, (query, filter, after)).await
}

/// The page without a search: nothing was written, or nothing that can be searched for.
async fn nothing(page: &PageRequest, address: &Address, problem: Option<String>) -> Page {
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let shell = Shell::of(page, Nav::Search).await?;
    let notes = vec![searching::searched(false, shell.sees_all)];
    show(
        status,
        &SearchTemplate {
            shell,
            text: address.text.clone(),
            lead: searching::NO_WORDS.to_owned(),
            problem,
            states: Vec::new(),
            types: Vec::new(),
            rows: Vec::new(),
            whole: None,
            first: None,
            next: None,
            notes,
        },
    )
}

async fn found(
    page: &PageRequest,
    address: &Address,
    (query, filter, after): (Query, Filter, Option<String>),
) -> Page {
    let Filter { states, request_type, .. } = filter;
    let bound = bound_to(page, address);
    let position = after.as_ref().map(|cursor| cursor::read_position(cursor, &bound)).transpose()?;
    let position = position.map(|position| SearchPosition::new(position.id, position.at));
    let input = SearchInput { query, states, request_type, after: position, limit: ROWS };
    let Found { rows: found, next, is_cut, lag } = page.engine().search_rows(page.actor(), input).await?;
    let next = next.map(|next| {
        let cursor = cursor::write(&bound, next.looked_at(), &next.id.to_string());
        format!("{}&after={cursor}", address.url())
    });
    let shell = Shell::of(page, Nav::Search).await?;
    let mut notes = vec![searching::searched(true, shell.sees_all)];
    notes.extend(is_cut.then(searching::cut));
    notes.extend(searching::behind(lag));
    show(
        StatusCode::OK,
        &SearchTemplate {
            shell,
            text: address.text.clone(),
            lead: NEWEST_FIRST.to_owned(),
            problem: None,
            states: states_of(address),
            types: types_of(page, address),
            rows: rows(page, &found).await?,
            whole: address
                .has_filter()
                .then(|| Address { text: address.text.clone(), ..Address::default() }.url()),
            first: after.map(|_| address.url()),
            next,
            notes,
        },
    )
}

async fn rows(page: &PageRequest, found: &[RowView]) -> Result<Vec<RequestRow>, PageError> {
    let from = CameFrom::list(Nav::Search, page.http.query_string());
    let context = RowContext::read(page, found, RowReader::Reads, from).await?;
    RequestRow::all(&context, found)
}

/// A cursor belongs to this search of this person.
fn bound_to(page: &PageRequest, address: &Address) -> String {
    let actor = page.actor();
    cursor::fingerprint(&format!("{}\n{}\n{}", actor.org, actor.person.key(), address.url()))
}

fn states_of(address: &Address) -> Vec<Link> {
    let link = |name: &str, value: &str| Link {
        url: Address { states: value.to_owned(), ..address.clone() }.url(),
        name: name.to_owned(),
        is_current: address.states == value,
    };
    let all = STATES.map(|(name, state)| link(name, state.name()));
    std::iter::once(link("Any", "")).chain(all).collect()
}

/// The types in force by title, and the one that is chosen.
fn types_of(page: &PageRequest, address: &Address) -> Vec<Link> {
    let rules = page.engine().rules();
    let link = |name: &str, title: &str| Link {
        url: Address { request_type: name.to_owned(), ..address.clone() }.url(),
        name: title.to_owned(),
        is_current: address.request_type == name,
    };
    let chosen = RequestTypeName::new(address.request_type.clone());
    let is_past = !address.request_type.is_empty() && rules.types.find(chosen.as_str()).is_none();
    let past = is_past.then(|| link(chosen.as_str(), chosen.as_str()));
    let types = rules.types.iter().map(|known| link(known.name.as_str(), &known.title));
    std::iter::once(link("", "Any")).chain(types).chain(past).collect()
}
