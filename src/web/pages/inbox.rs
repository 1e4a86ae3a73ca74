//! Needs me: what a person may decide now, by when it is due, with filters as links.

use crate::domain::policy::Risk;
use crate::domain::waiting::WaitingRequest;
use crate::engine::inbox::InboxPosition;
use crate::engine::narrowed_inbox::{NarrowedPage, NarrowingLimits, PreviousPage};
use crate::engine::queries::RowView;
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::web::html::Markup;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::inbox_filter::{Due, FILTER_NAMES, InboxFilter};
use crate::web::parts::layout::{COUNTED_MAX, Nav, Shell};
use crate::web::parts::request_list::{
    Chip, Count, ListFilter, ListTemplate, RequestRow, RowContext, RowGroup, RowReader,
};
use crate::web::sentences::SWITCHED_OFF;
use crate::web::session::Session;
use crate::web::{Page, PageError, PageRequest, ok};

/// Rows on a page.
pub const ROWS: usize = 50;

/// How many requests of an inbox a page looks at, to say how many there are of each kind: as many as the rail
/// counts, and more if a filter is set or on a further page.
const LOOKED_AT: usize = COUNTED_MAX + 1;
const LOOKED_AT_FURTHER: usize = 1_000;

/// `GET /ui/needs-me`
pub async fn needs_me(page: PageRequest) -> Page {
    let known: Vec<&str> = FILTER_NAMES.into_iter().chain(["after"]).collect();
    let mut parameters = Parameters::of(&page.http, &known)?;
    let filter = InboxFilter::read(&mut parameters);
    let after = position(&mut parameters, &page.session, Nav::NeedsMe)?;
    parameters.finish()?;
    let when = page.when;
    let fitting = filter.clone();
    let fits = move |waiting: &WaitingRequest| fitting.fits(waiting, when);
    let looked_at = if filter.is_set() || after.is_some() { LOOKED_AT_FURTHER } else { LOOKED_AT };
    let limits = NarrowingLimits { shown: ROWS, looked_at };
    let found = page.engine().needs_me_narrowed(page.actor(), after, limits, fits).await?;
    let shell = Shell::around(&page, Nav::NeedsMe, found.looked_at.clone());
    let from = CameFrom::list(Nav::NeedsMe, page.http.query_string());
    let context = RowContext::read(&page, &found.rows, RowReader::MayDecide, from).await?;
    let counts = Counts { page: &page, found: &found, filter: &filter };
    let groups = counts.groups(&context)?;
    let why_nothing = page.engine().why_nothing_needs(page.actor()).map(|_| SWITCHED_OFF.to_owned());
    let elsewhere = || "Requests that wait for other people in your groups are under My groups.".to_owned();
    let has_filter = filter.is_set();
    let first = counts.url(&filter);
    ok(&ListTemplate {
        lead: Markup::new(format!("{}{}", counts.lead(), counts.unread(&groups))),
        empty_title: if has_filter { "No request fits" } else { "Nothing needs you" },
        empty: why_nothing.unwrap_or_else(elsewhere),
        filters: counts.filters(),
        place: counts.place(),
        previous: found.previous.as_ref().map(|previous| match previous {
            PreviousPage::First => first.clone(),
            PreviousPage::After(turn) => next_url(&page.session, Nav::NeedsMe, first.clone(), turn),
        }),
        next: found.next.as_ref().map(|turn| next_url(&page.session, Nav::NeedsMe, first.clone(), turn)),
        is_needs_me: true,
        has_bulk: groups.iter().flat_map(|group| &group.rows).any(|row| row.can_bulk),
        first,
        filter: filter.clone(),
        ..ListTemplate::plain(shell, &context.from, groups)
    })
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
        if !self.filter.is_set() {
            return Markup::new(format!("For you to decide now: {all}."));
        }
        let fitting = self.count(self.filter);
        Markup::new(format!("For you to decide now: {all}. The filters let {fitting} of them through."))
    }

    /// ` 3 unread.`, or nothing; of what is on the page, and it says so where that is not all.
    fn unread(&self, groups: &[RowGroup]) -> String {
        let rows = groups.iter().flat_map(|group| &group.rows);
        let place = match (&self.found.previous, &self.found.next) {
            (None, None) => "",
            (Some(_), _) | (_, Some(_)) => " on this page",
        };
        match rows.filter(|row| row.is_unread).count() {
            0 => String::new(),
            count => format!(r#" <span data-n data-unread="1">{count}</span> unread{place}."#),
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
        Markup::new(format!("{}–{} of {all}", before + 1, before + rows.len()))
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

    /// The rows by when they are due. A list of several pages has no numbers in its headings: they would count
    /// this page only.
    fn groups(&self, context: &RowContext<'_>) -> Result<Vec<RowGroup>, PageError> {
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
                groups.push(RowGroup { name: due.name(), count, rows });
            }
        }
        Ok(groups)
    }
}

/// The next page of the list at `url`.
pub fn next_url(session: &Session, nav: Nav, url: String, turn: &InboxPosition) -> String {
    let cursor = cursor::write(&bound_to(session, nav), Some(turn.at), &turn.id.to_string());
    format!("{url}{}after={cursor}", if url.contains('?') { '&' } else { '?' })
}

/// What a cursor is bound to: this list of this person.
pub fn bound_to(session: &Session, nav: Nav) -> String {
    cursor::fingerprint(&format!("{}{}{}", nav.path(), session.actor.org, session.actor.person.key()))
}

/// The position after which the page begins.
pub fn position(
    parameters: &mut Parameters,
    session: &Session,
    nav: Nav,
) -> Result<Option<InboxPosition>, PageError> {
    let Some(text) = parameters.text("after") else { return Ok(None) };
    let position = cursor::read_position(text, &bound_to(session, nav))?;
    Ok(position.at.map(|at| InboxPosition { at, id: position.id }))
}
