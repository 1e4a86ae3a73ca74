//! The way through a list of requests: back to it, and on to its neighbours, within its filter.

use crate::domain::actor::Permission;
use crate::domain::request::Request;
use crate::domain::waiting::WaitingRequest;
use crate::engine::inbox_order::InboxOrder;
use crate::web::parts::came_from::{CameFrom, onto};
use crate::web::parts::format::number_of;
use crate::web::parts::inbox_filter::InboxFilter;
use crate::web::parts::layout::{COUNTED_MAX, Nav};
use crate::web::{BASE, PageRequest};

/// How many requests of an inbox are looked at for a filtered way, and for one in another order than what is due, which
/// is made of all that the list looks at; without either, as many as the rail counts.
const LOOKED_AT_FILTERED: usize = 400;
const LOOKED_AT_ORDERED: usize = 1_000;

/// How many waiting requests a page must know to show the way that its address carries.
pub fn looked_at(from: Option<&CameFrom>) -> usize {
    let filter = from.map(|from| InboxFilter::of_query(from.query())).unwrap_or_default();
    if filter.order != InboxOrder::Due {
        LOOKED_AT_ORDERED + 1
    } else if filter.is_set() {
        LOOKED_AT_FILTERED + 1
    } else {
        COUNTED_MAX + 1
    }
}

/// The list that the reader works through.
pub struct Queue {
    pub list: &'static str,
    pub list_url: String,
    pub place: String,
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl Queue {
    /// The way from `request`. `waiting` are the first requests that the reader may decide now.
    pub fn of(page: &PageRequest, waiting: &[WaitingRequest], request: &Request, is_own: bool) -> Self {
        let from = CameFrom::of(&page.http);
        let nav = match &from {
            Some(from) => from.nav(),
            None if is_own => Nav::Mine,
            None => Nav::home(page.actor()),
        };
        let list_url = from.as_ref().map_or_else(|| nav.url(), CameFrom::url);
        let back = Self { list: nav.name(), list_url, place: String::new(), previous: None, next: None };
        if nav == Nav::NeedsMe && page.actor().may(Permission::Check) {
            back.through(page, from.as_ref(), waiting, request)
        } else {
            back
        }
    }

    /// The way through the inbox. From a request that has left it, the way goes on where it was.
    fn through(
        self,
        page: &PageRequest,
        from: Option<&CameFrom>,
        waiting: &[WaitingRequest],
        request: &Request,
    ) -> Self {
        let filter = from.map(|from| InboxFilter::of_query(from.query())).unwrap_or_default();
        let max = looked_at(from) - 1;
        let has_more = waiting.len() > max;
        let fitting = waiting.iter().take(max).filter(|waiting| filter.fits(waiting, page.when));
        let (fitting, at) = page.engine().in_order(filter.order, fitting.cloned().collect(), request);
        let all = if has_more { format!("{}+", fitting.len()) } else { fitting.len().to_string() };
        let is_in = fitting.get(at).is_some_and(|waiting| waiting.id == request.id);
        let url = |waiting: &WaitingRequest| onto(from, &format!("{BASE}/requests/{}", waiting.id));
        let next = if is_in { fitting.get(at + 1) } else { fitting.get(at).or(fitting.first()) };
        let place = if is_in {
            format!("{} of {all}", at + 1)
        } else if fitting.is_empty() {
            String::new()
        } else if has_more {
            format!("{all} left")
        } else {
            number_of(fitting.len(), "request left", "requests left")
        };
        let previous = at.checked_sub(1).and_then(|before| fitting.get(before)).map(url);
        Self { place, previous, next: next.map(url), ..self }
    }
}
