//! Needs me: what a person may decide now, by when it is due, with filters as links.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::policy::Risk;
use crate::domain::waiting::WaitingRequest;
use crate::engine::inbox::{InboxPosition, NarrowedPage, NarrowingLimits};
use crate::engine::queries::RowView;
use crate::http::cursor;
use crate::http::query::{Parameters, escaped};
use crate::web::parts::format::{When, number_of};
use crate::web::parts::layout::{COUNTED_MAX, Nav, Shell};
use crate::web::parts::request_list::{Chip, ListFilter, ListTemplate, RequestRow, RowGroup, RowReader};
use crate::web::sentences::SWITCHED_OFF;
use crate::web::session::Session;
use crate::web::{Page, PageError, PageRequest, ok};

/// Rows on a page.
pub const ROWS: usize = 50;

/// How many requests of an inbox a page looks at, to say how many there are of each kind: as many as the rail
/// counts, and more if a filter is set.
const LOOKED_AT: usize = COUNTED_MAX + 1;
const LOOKED_AT_FILTERED: usize = 400;

/// What narrows the inbox.
#[derive(Clone, Default)]
struct InboxFilter {
    due: Option<Due>,
    risk: Option<Risk>,
    request_type: Option<String>,
}

/// When a request should be decided.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Late,
    Today,
    Later,
}

impl Due {
    const ALL: [Self; 3] = [Self::Late, Self::Today, Self::Later];

    /// The word in the address.
    fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Today => "today",
            Self::Later => "later",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Late => "Overdue",
            Self::Today => "Due today",
            Self::Later => "Due later",
        }
    }

    /// By the time that its rule sets, if it sets one, and by its position in the inbox.
    fn of(due_at: Option<DateTime<Utc>>, sort_at: DateTime<Utc>, when: When) -> Self {
        let now = when.now();
        match due_at {
            Some(due) if due < now => Self::Late,
            _ if sort_at < now + TimeDelta::days(1) => Self::Today,
            _ => Self::Later,
        }
    }
}

impl InboxFilter {
    fn read(parameters: &mut Parameters) -> Self {
        let due = parameters.word("due", &Due::ALL.map(|due| (due.word(), due)));
        let risk =
            parameters.word("risk", &[Risk::Low, Risk::Medium, Risk::High].map(|risk| (risk.name(), risk)));
        Self { due, risk, request_type: parameters.text("type").map(str::to_owned) }
    }

    fn is_set(&self) -> bool {
        self.due.is_some() || self.risk.is_some() || self.request_type.is_some()
    }

    fn fits(&self, waiting: &WaitingRequest, when: When) -> bool {
        self.due.is_none_or(|due| Due::of(waiting.due_at, waiting.sort_at(), when) == due)
            && self.risk.is_none_or(|risk| waiting.risk == Some(risk))
            && self.request_type.as_deref().is_none_or(|name| waiting.request_type.as_str() == name)
    }

    fn url(&self) -> String {
        let mut pairs = Vec::new();
        pairs.extend(self.due.map(|due| format!("due={}", due.word())));
        pairs.extend(self.risk.map(|risk| format!("risk={}", risk.name())));
        pairs.extend(self.request_type.as_ref().map(|name| format!("type={}", escaped(name))));
        if pairs.is_empty() {
            Nav::NeedsMe.url()
        } else {
            format!("{}?{}", Nav::NeedsMe.url(), pairs.join("&"))
        }
    }
}

/// `GET /ui/needs-me`
pub async fn needs_me(page: PageRequest) -> Page {
    let mut parameters = Parameters::of(&page.http, &["after", "due", "risk", "type"])?;
    let filter = InboxFilter::read(&mut parameters);
    let after = position(&mut parameters, &page.session, Nav::NeedsMe)?;
    parameters.finish()?;
    let when = page.when;
    let fitting = filter.clone();
    let fits = move |waiting: &WaitingRequest| fitting.fits(waiting, when);
    let is_first = after.is_none();
    let has_filter = filter.is_set();
    let limits =
        NarrowingLimits { shown: ROWS, looked_at: if has_filter { LOOKED_AT_FILTERED } else { LOOKED_AT } };
    let found = page.engine().needs_me_narrowed(page.actor(), after, limits, fits).await?;
    let shell = if is_first {
        let waiting = found.looked_at.iter().map(|waiting| waiting.id).collect();
        Shell::around(&page, Nav::NeedsMe, waiting)
    } else {
        Shell::of(&page, Nav::NeedsMe).await?
    };
    let NarrowedPage { rows, looked_at, has_more, next } = found;
    let why_nothing = page.engine().why_nothing_needs(page.actor()).map(|_| SWITCHED_OFF.to_owned());
    let elsewhere = || "Requests that wait for other people in your groups are under My groups.".to_owned();
    let counts = Counts { looked_at: &looked_at, has_more, when };
    let groups = by_due(&page, &rows)?;
    ok(&ListTemplate {
        lead: lead(looked_at.len(), has_more, has_filter.then_some(rows.len())),
        empty_title: if has_filter { "No request fits" } else { "Nothing needs you" },
        empty: why_nothing.unwrap_or_else(elsewhere),
        filters: filters(&page, &counts, &filter),
        has_filter,
        next: next.map(|turn| next_url(&page.session, Nav::NeedsMe, filter.url(), &turn)),
        is_needs_me: true,
        has_bulk: groups.iter().flat_map(|group| &group.rows).any(|row| row.can_bulk),
        ..ListTemplate::plain(shell, Nav::NeedsMe, groups)
    })
}

fn lead(count: usize, has_more: bool, fitting: Option<usize>) -> String {
    let waiting = if has_more {
        format!("More than {count} requests")
    } else {
        number_of(count, "request", "requests")
    };
    match fitting {
        Some(fitting) if has_more => {
            format!("{waiting} you may decide now. {fitting} of the first {count} fit; More looks further.")
        }
        Some(fitting) => format!("{waiting} you may decide now, of which {fitting} fit."),
        None => format!("{waiting} you may decide now."),
    }
}

/// The beginning of the inbox, to say how many requests each filter would show.
struct Counts<'a> {
    looked_at: &'a [WaitingRequest],
    has_more: bool,
    when: When,
}

impl Counts<'_> {
    fn chip(&self, name: &str, to: &InboxFilter, is_current: bool) -> Chip {
        let count = self.looked_at.iter().filter(|waiting| to.fits(waiting, self.when)).count();
        let count = format!("{count}{}", if self.has_more { "+" } else { "" });
        Chip { url: to.url(), name: name.to_owned(), count, is_current }
    }

    /// The names of the request types, each once.
    fn types(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.looked_at.iter().map(|waiting| waiting.request_type.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn filters(page: &PageRequest, counts: &Counts<'_>, filter: &InboxFilter) -> Vec<ListFilter> {
    let rules = page.engine().rules();
    let with_due = |due| InboxFilter { due, ..filter.clone() };
    let mut due = vec![counts.chip("All", &with_due(None), filter.due.is_none())];
    due.extend(Due::ALL.map(|one| counts.chip(one.name(), &with_due(Some(one)), filter.due == Some(one))));
    let with_risk = |risk| InboxFilter { risk, ..filter.clone() };
    let mut risks = vec![counts.chip("All", &with_risk(None), filter.risk.is_none())];
    for (risk, name) in [(Risk::High, "High"), (Risk::Medium, "Medium"), (Risk::Low, "Low")] {
        risks.push(counts.chip(name, &with_risk(Some(risk)), filter.risk == Some(risk)));
    }
    let with_type =
        |name: Option<&str>| InboxFilter { request_type: name.map(str::to_owned), ..filter.clone() };
    let mut types = vec![counts.chip("All", &with_type(None), filter.request_type.is_none())];
    for name in counts.types() {
        let title = rules.types.find(name).map_or(name, |known| known.title.as_str());
        types.push(counts.chip(title, &with_type(Some(name)), filter.request_type.as_deref() == Some(name)));
    }
    // A choice of one is no choice.
    let is_offered = |chips: &[Chip]| {
        chips.iter().any(|chip| chip.is_current && chip.name != "All")
            || chips.iter().skip(1).filter(|chip| !chip.count.starts_with('0')).count() > 1
    };
    let all = [("Due", due), ("Risk", risks), ("Type", types)];
    all.into_iter()
        .filter(|(_, chips)| is_offered(chips))
        .map(|(label, chips)| ListFilter { label, chips })
        .collect()
}

fn by_due(page: &PageRequest, rows: &[RowView]) -> Result<Vec<RowGroup>, PageError> {
    let when = page.when;
    let mut groups = Vec::new();
    for due in Due::ALL {
        let fitting =
            rows.iter().filter(|row| Due::of(row.request.terms.due_at, row.request.sort_at(), when) == due);
        let rows = RequestRow::all(page, fitting, RowReader::MayDecide)?;
        if !rows.is_empty() {
            groups.push(RowGroup { name: due.name(), rows });
        }
    }
    Ok(groups)
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
