//! Needs me: what a person may decide now, by when it is due or in another order, with filters as links.

use std::collections::BTreeSet;

use crate::domain::policy::Risk;
use crate::domain::waiting::WaitingRequest;
use crate::engine::Engine;
use crate::engine::inbox::InboxPosition;
use crate::engine::inbox_order::InboxOrder;
use crate::engine::narrowed_inbox::{NarrowedPage, NarrowingLimits, PlaceInList, PreviousPage, WaitingList};
use crate::engine::queries::RowView;
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::web::html::Markup;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::chips::{Chip, Count, ListFilter};
use crate::web::parts::format::When;
use crate::web::parts::inbox_filter::{AmountRange, Due, FILTER_NAMES, InboxFilter, UnitChoice};
use crate::web::parts::layout::{COUNTED_MAX, Nav, Shell};
use crate::web::parts::list_controls::{AmountForm, ListControls, SelectAll, order_links, row_links};
use crate::web::parts::request_list::{ListTemplate, RequestRow, RowContext, RowGroup, RowReader};
use crate::web::sentences::{NO_AMOUNT, SWITCHED_OFF, labels, listing};
use crate::web::session::Session;
use crate::web::{BASE, Page, PageError, PageRequest, ok};

/// Rows on a page.
pub const ROWS: usize = 50;

/// How many requests of an inbox a page looks at, to say how many there are of each kind: as many as the rail
/// counts, and more if a filter is set, on a further page, and in another order than what is due.
const LOOKED_AT: usize = COUNTED_MAX + 1;
/// The same where more are needed: for a filter, a further page, or another order than what is due.
pub const LOOKED_AT_FURTHER: usize = 1_000;

/// `GET /ui/needs-me`
pub async fn needs_me(page: PageRequest) -> Page {
    let known: Vec<&str> = FILTER_NAMES.into_iter().chain(["after"]).collect();
    let mut parameters = Parameters::of(&page.http, &known)?;
    let filter = InboxFilter::read(&mut parameters);
    let problem = amount_problem(&parameters);
    let bound = bound_in(&page.session, Nav::NeedsMe, filter.order);
    let after = parameters.text("after").map(|after| position(after, &bound)).transpose()?.flatten();
    parameters.finish()?;
    let is_first = after.is_none() && !filter.is_set() && filter.order == InboxOrder::Due;
    let looked_at = if is_first { LOOKED_AT } else { LOOKED_AT_FURTHER };
    let limits = NarrowingLimits { shown: ROWS, looked_at };
    let at = (WaitingList::NeedsMe, PlaceInList { order: filter.order, after });
    let found = page.engine().waiting_page(page.actor(), at, limits, fitting(&filter, page.when)).await?;
    let shell = Shell::around(&page, Nav::NeedsMe, found.looked_at.clone());
    let from = CameFrom::list(Nav::NeedsMe, page.http.query_string());
    let context = RowContext::read(&page, &found.rows, RowReader::MayDecide, from).await?;
    let counts = Counts { page: &page, found: &found, filter: &filter };
    let groups = counts.groups(&context)?;
    let why_nothing = page.engine().why_nothing_needs(page.actor()).map(|_| SWITCHED_OFF.to_owned());
    let elsewhere = || listing::ELSEWHERE.to_owned();
    let has_filter = filter.is_set();
    let first = counts.url(&filter);
    let has_bulk = groups.iter().flat_map(|group| &group.rows).any(|row| row.can_bulk);
    let controls = counts.controls(problem, has_bulk);
    ok(&ListTemplate {
        lead: Markup::new(format!("{}{}", counts.lead(), counts.unread(&groups))),
        empty_title: listing::nothing_needs_you(has_filter),
        empty: why_nothing.unwrap_or_else(elsewhere),
        filters: counts.filters(),
        controls,
        place: counts.place(),
        previous: found.previous.as_ref().map(|previous| match previous {
            PreviousPage::First => first.clone(),
            PreviousPage::After(turn) => next_url(&bound, first.clone(), turn),
        }),
        next: found.next.as_ref().map(|turn| next_url(&bound, first.clone(), turn)),
        is_needs_me: true,
        has_bulk,
        whole: counts.url(&filter.cleared()),
        first,
        filter: filter.clone(),
        ..ListTemplate::plain(shell, &context.from, groups)
    })
}

/// What lets through what a filter does.
pub fn fitting(filter: &InboxFilter, when: When) -> impl Fn(&WaitingRequest) -> bool + Send + use<> {
    let filter = filter.clone();
    move |waiting| filter.fits(waiting, when)
}

/// What is wrong with the range of amounts that somebody wrote; empty if nothing is.
fn amount_problem(parameters: &Parameters) -> String {
    let is_wrong = |name| parameters.text(name).is_some_and(|text| AmountRange::read(text).is_none());
    if is_wrong("min") || is_wrong("max") { NO_AMOUNT.to_owned() } else { String::new() }
}

/// Every number of the page: all of them count what was looked at.
struct Counts<'a> {
    page: &'a PageRequest,
    found: &'a NarrowedPage,
    /// The page's own filter.
    filter: &'a InboxFilter,
}

impl Counts<'_> {
    fn url(&self, filter: &InboxFilter) -> String {
        CameFrom::list(Nav::NeedsMe, &filter.query()).url()
    }

    /// How many requests `filter` lets through, of those that were looked at.
    fn count(&self, filter: &InboxFilter) -> Count {
        let when = self.page.when;
        let looked_at = &self.found.looked_at;
        let count = looked_at.iter().filter(|waiting| filter.fits(waiting, when)).count();
        // The inbox is in the order of what is due, so what comes after what was looked at is due no earlier.
        let due_after = looked_at.last().map(|last| Due::of(last.due_at, last.sort_at(), when));
        let is_all = filter.due.is_some_and(|due| due_after.is_some_and(|after| due < after));
        Count::new(count, self.found.has_more && !is_all, filter.clone())
    }

    fn lead(&self) -> Markup {
        let all = self.count(&InboxFilter::default());
        let filtered = self.filter.is_set().then(|| self.count(self.filter));
        let mut lead = listing::needs_you(all, filtered);
        if self.filter.order != InboxOrder::Due && self.found.has_more {
            lead.push_str(&format!(" {}", listing::only_the_first(LOOKED_AT_FURTHER)));
        }
        Markup::new(lead)
    }

    /// ` 3 unread.`, or nothing; of what is on the page, and it says so where that is not all.
    fn unread(&self, groups: &[RowGroup]) -> String {
        let rows = groups.iter().flat_map(|group| &group.rows);
        let has_more_pages = self.found.previous.is_some() || self.found.next.is_some();
        match rows.filter(|row| row.is_unread).count() {
            0 => String::new(),
            count => {
                let count = format!(r#"<span data-n data-unread="1">{count}</span>"#);
                format!(" {}", listing::unread(&count, has_more_pages))
            }
        }
    }

    /// `51–93 of 93`; nothing if all are on the page.
    fn place(&self) -> Markup {
        let NarrowedPage { rows, before, previous, next, .. } = self.found;
        let Some(before) = before.filter(|_| previous.is_some() || next.is_some()) else {
            return Markup::default();
        };
        if rows.is_empty() {
            return Markup::default();
        }
        let all = self.count(self.filter);
        Markup::new(listing::place(before + 1, before + rows.len(), all))
    }

    fn chip(&self, name: &str, to: InboxFilter, is_current: bool) -> Chip {
        let count = self.count(&to);
        Chip { url: self.url(&to), name: name.to_owned(), count, is_current }
    }

    /// The names of the request types, each once.
    fn types(&self) -> Vec<&str> {
        let looked_at = self.found.looked_at.iter();
        let mut names: Vec<&str> = looked_at.map(|waiting| waiting.request_type.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What their amounts count, each once.
    fn units(&self) -> BTreeSet<UnitChoice> {
        let looked_at = self.found.looked_at.iter();
        let of = |waiting: &WaitingRequest| UnitChoice::of(waiting.amount, waiting.unit.as_ref());
        looked_at.filter_map(of).chain(self.filter.unit.clone()).collect()
    }

    fn controls(&self, problem: String, has_bulk: bool) -> ListControls {
        let (filter, url) = (self.filter, |filter: &InboxFilter| self.url(filter));
        let has_amounts = !self.units().is_empty() || filter.amounts.is_set() || !problem.is_empty();
        let is_offered = |order: &InboxOrder| match order {
            InboxOrder::Largest | InboxOrder::Smallest => has_amounts || *order == filter.order,
            InboxOrder::Due | InboxOrder::Newest | InboxOrder::Oldest | InboxOrder::Maker => true,
        };
        let orders: Vec<InboxOrder> = InboxOrder::ALL.into_iter().filter(is_offered).collect();
        if self.found.looked_at.len() < 2 {
            return ListControls::default();
        }
        let form = || AmountForm::of(filter, self.unit_chips(), problem, url);
        ListControls {
            orders: order_links(&orders, filter, url),
            rows: row_links(filter, url),
            amounts: has_amounts.then(form),
            select_all: has_bulk.then(|| self.select_all()),
        }
    }

    /// Links for what the amounts count, where there is a choice.
    fn unit_chips(&self) -> Vec<Chip> {
        let filter = self.filter;
        let with_unit = |unit| InboxFilter { unit, ..filter.clone() };
        let chip = |unit: UnitChoice| {
            let is_current = filter.unit.as_ref() == Some(&unit);
            let name = match &unit {
                UnitChoice::Of(unit) => unit.to_string(),
                UnitChoice::Unnamed => "No unit".to_owned(),
            };
            self.chip(&name, with_unit(Some(unit)), is_current)
        };
        let units = self.units();
        if units.len() < 2 && filter.unit.is_none() {
            return Vec::new();
        }
        let all = filter.unit.is_some().then(|| self.chip("All", with_unit(None), false));
        all.into_iter().chain(units.into_iter().map(chip)).collect()
    }

    /// The way to decide about everything that fits, or about as much as may be decided together.
    fn select_all(&self) -> SelectAll {
        let fitting = self.count(self.filter);
        let number = self.found.looked_at.iter().filter(|one| self.filter.fits(one, self.page.when)).count();
        let is_cut = number > Engine::BULK_MAX || self.found.has_more;
        let first = is_cut.then(|| number.min(Engine::BULK_MAX));
        let words = listing::select(first, fitting, self.filter.is_set());
        let from = CameFrom::list(Nav::NeedsMe, &self.filter.query());
        SelectAll { url: from.onto(&format!("{BASE}/bulk?all=1")), words: Markup::new(words) }
    }

    fn filters(&self) -> Vec<ListFilter> {
        let filter = self.filter;
        let rules = self.page.engine().rules();
        let with_due = |due| InboxFilter { due, ..filter.clone() };
        let due = Due::ALL.map(|one| self.chip(one.name(), with_due(Some(one)), filter.due == Some(one)));
        let with_risk = |risk| InboxFilter { risk, ..filter.clone() };
        let risks = [(Risk::High, "High"), (Risk::Medium, "Medium"), (Risk::Low, "Low")];
        let risk =
            risks.map(|(risk, name)| self.chip(name, with_risk(Some(risk)), filter.risk == Some(risk)));
        let with_type = |request_type| InboxFilter { request_type, ..filter.clone() };
        let types = self.types().into_iter().map(|name| {
            let title = rules.types.find(name).map_or(name, |known| known.title.as_str());
            let is_current = filter.request_type.as_deref() == Some(name);
            self.chip(title, with_type(Some(name.to_owned())), is_current)
        });
        let all = |is_set: bool, to| is_set.then(|| self.chip("All", to, false));
        [
            ("Due", all(filter.due.is_some(), with_due(None)), Vec::from(due)),
            ("Risk", all(filter.risk.is_some(), with_risk(None)), Vec::from(risk)),
            ("Type", all(filter.request_type.is_some(), with_type(None)), types.collect()),
        ]
        .into_iter()
        // A choice of one is no choice.
        .filter(|(_, all, chips)| {
            all.is_some() || chips.iter().filter(|chip| !chip.count.is_none()).count() > 1
        })
        .map(|(label, all, chips)| ListFilter { label, chips: all.into_iter().chain(chips).collect() })
        .collect()
    }

    /// The rows under the headings that go with their order.
    fn groups(&self, context: &RowContext<'_>) -> Result<Vec<RowGroup>, PageError> {
        match self.filter.order {
            InboxOrder::Due => self.by_due(context),
            InboxOrder::Largest | InboxOrder::Smallest => by_unit(context, &self.found.rows),
            InboxOrder::Newest | InboxOrder::Oldest | InboxOrder::Maker => unnamed(context, &self.found.rows),
        }
    }

    /// The rows by when they are due. A list of several pages has no numbers in its headings: they would count
    /// this page only.
    fn by_due(&self, context: &RowContext<'_>) -> Result<Vec<RowGroup>, PageError> {
        let when = self.page.when;
        let is_whole = self.found.previous.is_none() && self.found.next.is_none();
        let mut groups = Vec::new();
        for due in Due::ALL {
            let is_due =
                |row: &&RowView| Due::of(row.request.terms.due_at, row.request.sort_at(), when) == due;
            let rows = RequestRow::all(context, self.found.rows.iter().filter(is_due))?;
            if !rows.is_empty() {
                let of = InboxFilter { due: Some(due), ..self.filter.clone() };
                let count = is_whole.then(|| Count::new(rows.len(), false, of));
                groups.push(RowGroup { name: due.name().to_owned(), count, rows });
            }
        }
        Ok(groups)
    }
}

/// The rows of a list without headings.
pub fn unnamed(context: &RowContext<'_>, rows: &[RowView]) -> Result<Vec<RowGroup>, PageError> {
    let rows = RequestRow::all(context, rows)?;
    let group = |rows| RowGroup { name: String::new(), count: None, rows };
    Ok(if rows.is_empty() { Vec::new() } else { vec![group(rows)] })
}

/// Rows that are in the order of their units, under these where there are several.
pub fn by_unit(context: &RowContext<'_>, rows: &[RowView]) -> Result<Vec<RowGroup>, PageError> {
    let unit = |row: &RowView| UnitChoice::of(row.request.terms.amount, row.request.terms.unit.as_ref());
    let groups = rows.chunk_by(|one, other| unit(one) == unit(other));
    if groups.clone().count() < 2 {
        return unnamed(context, rows);
    }
    let named = |rows: &[RowView]| {
        let name = match rows.first().and_then(unit) {
            Some(UnitChoice::Of(unit)) => unit.to_string(),
            Some(UnitChoice::Unnamed) => labels::NO_UNIT.to_owned(),
            None => labels::NO_AMOUNT.to_owned(),
        };
        Ok(RowGroup { name, count: None, rows: RequestRow::all(context, rows)? })
    };
    groups.map(named).collect()
}

/// The next page of the list at `url`.
pub fn next_url(bound: &str, url: String, turn: &InboxPosition) -> String {
    let cursor = cursor::write(bound, Some(turn.at), &turn.id.to_string());
    format!("{url}{}after={cursor}", if url.contains('?') { '&' } else { '?' })
}

/// What a cursor is bound to: this list of this person.
pub fn bound_to(session: &Session, nav: Nav) -> String {
    cursor::fingerprint(&format!("{}{}{}", nav.path(), session.actor.org, session.actor.person.key()))
}

/// What a cursor is bound to where the list has several orders: it goes on in none but its own.
pub fn bound_in(session: &Session, nav: Nav, order: InboxOrder) -> String {
    cursor::fingerprint(&format!("{} {}", bound_to(session, nav), order.word()))
}

/// The position that a cursor names.
pub fn position(cursor: &str, bound: &str) -> Result<Option<InboxPosition>, PageError> {
    let position = cursor::read_position(cursor, bound)?;
    Ok(position.at.map(|at| InboxPosition { at, id: position.id }))
}
