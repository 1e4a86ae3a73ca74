//! A list of requests as a page: rows in groups, filters as links, and the way to the next page.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::TimeDelta;

use crate::domain::findings::WarningCode;
use crate::engine::queries::RowView;
use crate::web::html::{Markup, filters};
use crate::web::parts::call_view::CallView;
use crate::web::parts::format::{RiskMark, StateWord, Time, amount_words, reason_line, state_label, summary};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::signature_view::Slots;
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
    amount: Markup,
    flags: Vec<&'static str>,
    revision: i64,
    slots: Option<Slots>,
    state: StateWord,
    state_more: String,
    due: Option<Time>,
    due_class: &'static str,
    /// Whether it may be reviewed together with others.
    pub can_bulk: bool,
    is_bulk_list: bool,
}

impl HtmlSafe for RequestRow {}

/// What the reader of a row can do about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RowReader {
    MayDecide,
    Reads,
}

impl RequestRow {
    /// The row of one request.
    pub fn of(page: &PageRequest, row: &RowView, reader: RowReader) -> Result<Self, PageError> {
        let (request, when) = (&row.request, page.when);
        let waits = request.state.waits();
        let names = page.names();
        let maker = names.who(&request.maker);
        let may_decide = reader == RowReader::MayDecide;
        let progress = if waits { page.engine().progress_of(row)? } else { None };
        let due = request.state.is_undecided().then(|| request.terms.due_at.unwrap_or(request.expires_at));
        let due_class = match request.terms.due_at {
            Some(due) if due < when.now() => "is-late",
            Some(due) if due < when.now() + SOON => "is-soon",
            Some(_) | None => "",
        };
        let last = request
            .last_decision()
            .map(|decision| format!("{} by {}", decision.verdict.name(), names.name(&decision.checker)));
        Ok(Self {
            id: request.id.to_string(),
            url: format!("{BASE}/requests/{}", request.id),
            risk: RiskMark(request.terms.risk),
            title: summary(request),
            reason: reason_line(request),
            call: CallView::for_list(row),
            maker: maker.name,
            account: maker.account,
            age: when.ago(request.started_at),
            amount: amount_words(request.terms.amount),
            flags: request.terms.warnings.iter().map(|warning| flag(warning.code)).collect(),
            revision: request.revision,
            slots: progress.as_ref().map(|progress| Slots::of(progress, may_decide, &names)),
            state: state_label(request),
            state_more: last.unwrap_or_default(),
            due: due.map(|due| when.left(due)),
            due_class,
            can_bulk: may_decide && row.allows_bulk(),
            is_bulk_list: may_decide,
        })
    }

    /// The rows of several requests.
    pub fn all<'v>(
        page: &PageRequest,
        rows: impl IntoIterator<Item = &'v RowView>,
        reader: RowReader,
    ) -> Result<Vec<Self>, PageError> {
        rows.into_iter().map(|row| Self::of(page, row, reader)).collect()
    }
}

/// A warning in a few words.
fn flag(code: WarningCode) -> &'static str {
    match code {
        WarningCode::DuplicatePending => "another waits for the same subject",
    }
}

/// Rows under one heading; without a name, there is no heading.
pub struct RowGroup {
    pub name: &'static str,
    pub rows: Vec<RequestRow>,
}

/// One way to narrow the list, with a link for each choice.
pub struct ListFilter {
    pub label: &'static str,
    pub chips: Vec<Chip>,
}

/// A link to the list with one filter set.
pub struct Chip {
    pub url: String,
    pub name: String,
    /// How many requests it would show.
    pub count: String,
    pub is_current: bool,
}

/// A page with a list of requests.
#[derive(Template)]
#[template(path = "list.html")]
pub struct ListTemplate {
    pub shell: Shell,
    pub title: &'static str,
    pub lead: String,
    /// Heading and text of an empty list.
    pub empty_title: &'static str,
    pub empty: String,
    pub groups: Vec<RowGroup>,
    pub filters: Vec<ListFilter>,
    pub has_filter: bool,
    /// Where the next page is.
    pub next: Option<String>,
    pub is_needs_me: bool,
    pub has_bulk: bool,
    pub as_of: Time,
    pub here: String,
}

impl ListTemplate {
    /// A list without filters.
    pub fn plain(shell: Shell, nav: Nav, groups: Vec<RowGroup>) -> Self {
        let when = shell.when;
        Self {
            title: nav.name(),
            lead: String::new(),
            empty_title: "",
            empty: String::new(),
            groups,
            filters: Vec::new(),
            has_filter: false,
            next: None,
            is_needs_me: false,
            has_bulk: false,
            as_of: when.exact(when.now()),
            here: nav.url(),
            shell,
        }
    }
}
