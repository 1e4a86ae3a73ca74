//! A list of requests as a page: rows in groups, filters as links, and the way to the next page.

use std::collections::{HashMap, HashSet};

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::TimeDelta;

use crate::domain::ids::RequestId;
use crate::domain::request::State;
use crate::engine::flags::RowFindings;
use crate::engine::queries::RowView;
use crate::web::html::{Markup, filters};
use crate::web::parts::amounts::{Addend, AmountCell, Places};
use crate::web::parts::call_view::CallView;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::chips::{Count, ListFilter};
use crate::web::parts::format::{RiskMark, StateWord, Time, reason_line, state_label, state_of, summary};
use crate::web::parts::icons::Icon;
use crate::web::parts::inbox_filter::{Due, InboxFilter, UnitChoice};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::list_controls::ListControls;
use crate::web::parts::signature_view::Slots;
use crate::web::sentences::listing::{self, flag};
use crate::web::{BASE, PageError, PageRequest};

/// What is due within this time is due soon.
pub const SOON: TimeDelta = TimeDelta::hours(2);

/// One request in a list.
#[derive(Template)]
#[template(path = "_row.html")]
pub struct RequestRow {
    id: String,
    url: String,
    risk: RiskMark,
    title: String,
    /// The beginning of why it was submitted.
    reason: String,
    call: CallView,
    maker: String,
    /// The account of the maker; empty if it says no more than the name.
    account: String,
    age: Time,
    amount: AmountCell,
    addend: Addend,
    flags: Vec<String>,
    revision: i64,
    slots: Option<Slots>,
    state: StateWord,
    state_more: String,
    due: Option<Time>,
    due_class: &'static str,
    /// By what the numbers of the page count it.
    counted: CountedAs,
    /// Whether it may be reviewed together with others.
    pub can_bulk: bool,
    is_bulk_list: bool,
    /// Whether the reader has not opened it yet in its present revision.
    pub is_unread: bool,
}

/// What filters ask of a row, as their words in the address.
struct CountedAs {
    due: &'static str,
    risk: &'static str,
    request_type: String,
    unit: String,
}

impl HtmlSafe for RequestRow {}

/// What the reader of a row can do about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RowReader {
    MayDecide,
    Reads,
}

/// What the rows of one list have in common.
pub struct RowContext<'a> {
    pub page: &'a PageRequest,
    pub reader: RowReader,
    /// What is known of the rows beside each other.
    pub findings: HashMap<RequestId, RowFindings>,
    /// Those that the reader has not opened yet.
    pub unread: HashSet<RequestId>,
    /// The list that the rows' pages lead back to.
    pub from: CameFrom,
    /// The room that their amounts need.
    places: Places,
}

impl<'a> RowContext<'a> {
    /// Reads what a checker should look at twice about `rows`.
    pub async fn read(
        page: &'a PageRequest,
        rows: &[RowView],
        reader: RowReader,
        from: CameFrom,
    ) -> Result<Self, PageError> {
        let findings = page.engine().findings_of_rows(rows).await?;
        let unread = if marks_unread(from.nav()) {
            page.engine().unread(page.actor(), rows).await?.into_iter().collect()
        } else {
            HashSet::new()
        };
        let places = Places::of(rows.iter().map(|row| &row.request));
        Ok(Self { findings, unread, page, reader, from, places })
    }
}

/// Whether a list marks what its reader has not opened yet: what they submitted or decided themselves, they know.
fn marks_unread(nav: Nav) -> bool {
    match nav {
        Nav::NeedsMe | Nav::MyGroups | Nav::Unknown => true,
        Nav::Decided
        | Nav::Mine
        | Nav::New
        | Nav::History
        | Nav::Search
        | Nav::OrgTrail
        | Nav::Refusals
        | Nav::Pairs
        | Nav::Deliveries
        | Nav::Types
        | Nav::Settings
        | Nav::Elsewhere => false,
    }
}

impl RequestRow {
    /// The row of one request.
    fn of(context: &RowContext<'_>, row: &RowView) -> Result<Self, PageError> {
        let (request, when) = (&row.request, context.page.when);
        let waits = request.state.waits();
        let names = context.page.names();
        let maker = names.who(&request.maker);
        let may_decide = context.reader == RowReader::MayDecide;
        let progress = if waits { context.page.engine().progress_of(row)? } else { None };
        let due = request.state.is_undecided().then(|| match request.terms.due_at {
            Some(due) => when.due(due),
            None => when.expires(request.expires_at),
        });
        let due_class = match request.terms.due_at {
            Some(due) if due < when.now() => "is-late",
            Some(due) if due < when.now() + SOON => "is-soon",
            Some(_) | None => "",
        };
        let last = request
            .last_decision()
            .map(|decision| format!("{} by {}", decision.verdict.name(), names.name(&decision.checker)));
        let known = context.findings.get(&request.id);
        let findings = known.map(|known| known.findings.as_slice()).unwrap_or_default();
        let unit = UnitChoice::of(request.terms.amount, request.terms.unit.as_ref());
        Ok(Self {
            id: request.id.to_string(),
            url: context.from.onto(&format!("{BASE}/requests/{}", request.id)),
            risk: RiskMark(request.terms.risk),
            title: summary(request),
            reason: reason_line(request),
            call: CallView::for_list(row),
            maker: maker.name,
            account: maker.account,
            age: when.ago(request.started_at),
            amount: AmountCell::of(&request.terms, context.places),
            addend: Addend::of(&request.terms, &row.pinned.title),
            flags: flags(row, known),
            revision: request.revision,
            slots: progress.as_ref().map(|progress| Slots::of(progress, may_decide, &names)),
            state: state_label(request),
            state_more: last.unwrap_or_default(),
            due,
            due_class,
            counted: CountedAs {
                due: Due::of(request.terms.due_at, request.sort_at(), when).word(),
                risk: request.terms.risk.map_or("", |risk| risk.name()),
                request_type: request.request_type.to_string(),
                unit: unit.map(|unit| unit.word().to_owned()).unwrap_or_default(),
            },
            can_bulk: may_decide && row.alone_because(findings).is_none(),
            is_bulk_list: may_decide,
            is_unread: context.unread.contains(&request.id),
        })
    }

    /// The rows of several requests.
    pub fn all<'v>(
        context: &RowContext<'_>,
        rows: impl IntoIterator<Item = &'v RowView>,
    ) -> Result<Vec<Self>, PageError> {
        rows.into_iter().map(|row| Self::of(context, row)).collect()
    }
}

/// The most flags that a row names; a number stands for the others.
const FLAGS_SHOWN: usize = 2;

/// What a checker should look at twice, in a few words each.
fn flags(row: &RowView, known: Option<&RowFindings>) -> Vec<String> {
    let warned = row.request.terms.warnings.iter().map(|warning| warning.code.as_finding());
    let findings = known.map(|known| known.findings.as_slice()).unwrap_or_default();
    let found = findings.iter().filter(|finding| finding.is_warning()).map(|finding| finding.code);
    let mut words: Vec<String> = Vec::new();
    for flag in warned.chain(found).map(flag) {
        if !words.iter().any(|word| word == flag) {
            words.push(flag.to_owned());
        }
    }
    if known.is_some_and(|known| known.is_unread) {
        words.push(listing::TOO_LONG.to_owned());
    }
    let more = words.len().saturating_sub(FLAGS_SHOWN);
    if more > 0 {
        words.truncate(FLAGS_SHOWN);
        words.push(listing::more(more));
    }
    words
}

/// Rows under one heading; without a name, there is no heading.
pub struct RowGroup {
    pub name: String,
    /// How many requests it has in all; `None` on a list of several pages.
    pub count: Option<Count>,
    pub rows: Vec<RequestRow>,
}

/// A page with a list of requests.
#[derive(Template)]
#[template(path = "list.html")]
pub struct ListTemplate {
    pub shell: Shell,
    pub title: &'static str,
    pub lead: Markup,
    /// Heading and text of an empty list.
    pub empty_title: &'static str,
    pub empty: String,
    pub groups: Vec<RowGroup>,
    pub filters: Vec<ListFilter>,
    pub controls: ListControls,
    /// What narrows the list, and in which order it is.
    pub filter: InboxFilter,
    /// `51–93 of 93`; empty where nothing is known of it.
    pub place: Markup,
    /// Where the page before and the next one are.
    pub previous: Option<String>,
    pub next: Option<String>,
    pub is_needs_me: bool,
    pub has_bulk: bool,
    /// What of the news belongs to this list.
    pub news: &'static str,
    pub as_of: Time,
    /// The list from its beginning, with its filter, and without.
    pub first: String,
    pub whole: String,
    /// The list, with its filter and place, for what it leads to.
    pub from: String,
}

impl ListTemplate {
    /// A list without filters.
    pub fn plain(shell: Shell, from: &CameFrom, groups: Vec<RowGroup>) -> Self {
        let (when, nav) = (shell.when, from.nav());
        Self {
            title: nav.name(),
            lead: Markup::default(),
            empty_title: "",
            empty: String::new(),
            groups,
            filters: Vec::new(),
            controls: ListControls::default(),
            filter: InboxFilter::default(),
            place: Markup::default(),
            previous: None,
            next: None,
            is_needs_me: false,
            has_bulk: false,
            news: match nav {
                Nav::NeedsMe | Nav::MyGroups => "new",
                Nav::Unknown => "unknown",
                Nav::Decided
                | Nav::Mine
                | Nav::New
                | Nav::Settings
                | Nav::History
                | Nav::Search
                | Nav::OrgTrail
                | Nav::Refusals
                | Nav::Pairs
                | Nav::Deliveries
                | Nav::Types
                | Nav::Elsewhere => "",
            },
            as_of: when.exact(when.now()),
            first: nav.url(),
            whole: nav.url(),
            from: from.word(),
            shell,
        }
    }

    /// The sign of each state, for a row that changes while it is looked at.
    fn signs(&self) -> Vec<(&'static str, Icon)> {
        State::ALL.into_iter().map(|state| (state.name(), state_of(state, &[]).icon)).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset};

    use super::*;
    use crate::domain::zone::Zone;
    use crate::web::parts::format::When;

    #[test]
    fn the_last_column_says_whether_a_time_is_due_or_expires() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let when = When::at(now, Zone::Offset(FixedOffset::east_opt(0).unwrap()));
        let after = |milliseconds: i64| now + TimeDelta::milliseconds(milliseconds);
        for (milliseconds, due, expires) in [
            (-86_400_000, "1 day overdue", "expired"),
            (-61_000, "1 min overdue", "expired"),
            (-999, "due now", "expires now"),
            (0, "due now", "expires now"),
            (999, "due now", "expires now"),
            (1_000, "due in 1 s", "expires in 1 s"),
            (7_200_000, "due in 2 h", "expires in 2 h"),
            (86_399_000, "due in 23 h 59 min", "expires in 23 h 59 min"),
        ] {
            assert_eq!(when.due(after(milliseconds)).words(), due, "{milliseconds}");
            assert_eq!(when.expires(after(milliseconds)).words(), expires, "{milliseconds}");
        }
        assert!(when.due(after(90_000_000)).words().starts_with("due "));
        assert!(when.expires(after(90_000_000)).to_string().contains(r#" data-tick="expires">expires "#));
    }
}
