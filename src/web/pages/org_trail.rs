//! What happened in the org and to the whole server, newest first, for auditors.

use askama::Template;

use crate::domain::actor::Person;
use crate::domain::lifecycle::EventType;
use crate::engine::org_events::{EventFilter, OrgEvent, Place};
use crate::http::cursor;
use crate::http::query::{Parameters, escaped};
use crate::web::html::filters;
use crate::web::pages::inbox::bound_to;
use crate::web::parts::format::{Time, When};
use crate::web::parts::json_view::Body;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::{event_type_name, is_done_by_the_engine, what_they_did};
use crate::web::{BASE, Page, PageRequest, ok};

/// Rows on a page.
const ROWS: usize = 50;

/// The filters, as they are in the address; those of `GET /trail` of the API.
const FILTERS: [&str; 4] = ["type", "userId", "startDate", "endDate"];

#[derive(Template)]
#[template(path = "org_trail.html")]
struct OrgTrailTemplate {
    shell: Shell,
    types: Vec<TypeChoice>,
    user_id: String,
    start_date: String,
    end_date: String,
    has_filter: bool,
    rows: Vec<EventLine>,
    next: Option<String>,
}

/// One type to narrow the list to.
struct TypeChoice {
    name: &'static str,
    title: &'static str,
    is_chosen: bool,
}

/// One event.
struct EventLine {
    who: Who,
    /// Goes on after the name.
    what: String,
    /// The person's words, or a sentence about it; empty if there is none.
    words: String,
    request_url: Option<String>,
    /// What else is recorded of an event of no request.
    data: Option<Body>,
    via: String,
    reference: String,
    at: Time,
}

/// `GET /ui/trail`
pub async fn list(page: PageRequest) -> Page {
    let mut parameters = Parameters::of(&page.http, &["type", "userId", "startDate", "endDate", "after"])?;
    let (first, before) = parameters.days(page.when.zone());
    let filter = EventFilter {
        from: first.map(|at| at.timestamp_micros()),
        before: before.map(|at| at.timestamp_micros()),
        event_type: parameters.word("type", &EventType::ALL.map(|known| (known.name(), known))),
        user_id: parameters.text("userId").map(str::to_owned),
    };
    let given = |name: &str| parameters.text(name).unwrap_or_default().to_owned();
    let [_, user_id, start_date, end_date] = FILTERS.map(given);
    let address = address_of(&parameters);
    let after = parameters.text("after").map(str::to_owned);
    parameters.finish()?;
    let bound = cursor::fingerprint(&format!("{} {filter:?}", bound_to(&page.session, Nav::OrgTrail)));
    let after = after.map(|after| cursor::read(&after, &bound)).transpose()?;
    let after = after.and_then(|(number, id)| Place::parse(&id, number.unwrap_or(0)));
    let chosen = filter.event_type;
    let has_filter = filter != EventFilter::default();
    let (events, next) = page.engine().org_events(page.actor(), filter, (after, ROWS)).await?;
    let next = next.map(|Place { id, number }| {
        let joint = if address.contains('?') { '&' } else { '?' };
        format!("{address}{joint}after={}", cursor::write(&bound, Some(number), &id.to_string()))
    });
    let names = Names::of(page.engine());
    let rows = events.into_iter().map(|event| line(event, &names, page.when)).collect();
    let shell = Shell::of(&page, Nav::OrgTrail).await?;
    ok(&OrgTrailTemplate {
        types: types(chosen),
        user_id,
        start_date,
        end_date,
        has_filter,
        rows,
        next,
        shell,
    })
}

/// The address of the list with its filters.
fn address_of(parameters: &Parameters) -> String {
    let set = FILTERS.into_iter().filter_map(|name| Some((name, parameters.text(name)?)));
    let pairs: Vec<String> = set.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let joint = if pairs.is_empty() { "" } else { "?" };
    format!("{}{joint}{}", Nav::OrgTrail.url(), pairs.join("&"))
}

fn types(chosen: Option<EventType>) -> Vec<TypeChoice> {
    let choice = |known: EventType| TypeChoice {
        name: known.name(),
        title: event_type_name(known),
        is_chosen: Some(known) == chosen,
    };
    EventType::ALL.into_iter().map(choice).collect()
}

fn line(event: OrgEvent, names: &Names, when: When) -> EventLine {
    let event_type = EventType::parse(&event.event_type);
    let is_by_engine =
        event.actor.iss == Person::system().iss || event_type.is_some_and(is_done_by_the_engine);
    let what = event_type.map(what_they_did);
    let data = event.data.as_ref().filter(|data| data.as_object().is_none_or(|data| !data.is_empty()));
    EventLine {
        who: if is_by_engine { Who::called("Countersign") } else { names.who(&event.actor) },
        what: what.map_or_else(|| format!("recorded {}", event.event_type), str::to_owned),
        words: event.message.unwrap_or_default(),
        request_url: event.request.map(|(id, _)| format!("{BASE}/requests/{id}")),
        data: data.map(|data| Body::of(data, 0)),
        via: event.via.unwrap_or_default(),
        reference: event.reference,
        at: when.to_the_millisecond(event.at),
    }
}
