//! Lists of requests: what needs me, my groups, what I decided, what I submitted, unknown outcomes.

use actix_web::{HttpRequest, web};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::findings::WarningCode;
use crate::domain::policy::Risk;
use crate::domain::request::{Request, State};
use crate::domain::waiting::WaitingRequest;
use crate::engine::inbox::{InboxPage, InboxPosition, NarrowedPage, NarrowingLimits};
use crate::engine::queries::{Listing, Page as ListPage, Sort, SortBy, View};
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::web::html::Text;
use crate::web::parts::call_view::CallView;
use crate::web::parts::format::{AmountWords, RiskMark, StateWord, Time, When, state_word};
use crate::web::parts::layout::{COUNTED_MAX, Nav, Shell};
use crate::web::parts::signature_view::Slots;
use crate::web::session::Session;
use crate::web::{BASE, Page, PageError, Web, ok};

/// Rows on a page.
const ROWS: usize = 50;

/// How many requests of an inbox a page looks at, to say how many there are of each kind: as many as the rail
/// counts, and more once somebody looks for one kind.
const LOOKED_AT: usize = COUNTED_MAX + 1;
const LOOKED_AT_FOR_A_KIND: usize = 400;

/// What is due within this time is due soon.
const SOON: TimeDelta = TimeDelta::hours(2);

/// One request in a list.
#[derive(Template)]
#[template(path = "_row.html")]
pub struct Row {
    id: String,
    url: String,
    risk: RiskMark,
    title: Text,
    call: CallView,
    maker: Text,
    age: Time,
    amount: AmountWords,
    flags: Vec<Text>,
    slots: Option<Slots>,
    state: StateWord,
    state_more: Text,
    due: Option<Time>,
    due_class: &'static str,
    /// Whether it may be reviewed together with others.
    can_bulk: bool,
    is_bulk_list: bool,
}

impl askama::filters::HtmlSafe for Row {}

/// Rows under one heading.
struct Group {
    name: &'static str,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListTemplate {
    shell: Shell,
    title: &'static str,
    lead: String,
    empty_title: &'static str,
    empty: String,
    groups: Vec<Group>,
    filters: Vec<Filter>,
    has_filter: bool,
    next: Option<String>,
    is_needs_me: bool,
    has_bulk: bool,
    as_of: Time,
    here: String,
}

/// One way to narrow the list: a link.
struct Filter {
    label: &'static str,
    chips: Vec<Chip>,
}

struct Chip {
    url: String,
    name: Text,
    count: String,
    is_current: bool,
}

/// What narrows a list of what needs me.
#[derive(Clone, Default)]
struct Narrow {
    due: Option<Due>,
    risk: Option<Risk>,
    request_type: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Late,
    Today,
    Later,
}

impl Due {
    const ALL: [Self; 3] = [Self::Late, Self::Today, Self::Later];

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

    /// When it is due, if its rule says so, and its turn.
    fn of(due_at: Option<DateTime<Utc>>, sort_at: DateTime<Utc>, when: When) -> Self {
        let now = when.now();
        match due_at {
            Some(due) if due < now => Self::Late,
            _ if sort_at < now + TimeDelta::days(1) => Self::Today,
            _ => Self::Later,
        }
    }
}

/// `GET /ui/needs-me`
pub async fn needs_me(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    let mut parameters = Parameters::of(&request, &["after", "due", "risk", "type"])?;
    let narrow = narrow(&mut parameters);
    let after = after(&mut parameters, &session, Nav::NeedsMe)?;
    parameters.finish()?;
    let when = When::at(web.engine.clock().now(), web.offset);
    let fitting = narrow.clone();
    let wanted = move |waiting: &WaitingRequest| fits(waiting, &fitting, when);
    let is_first = after.is_none();
    let has_filter = narrow.due.is_some() || narrow.risk.is_some() || narrow.request_type.is_some();
    let looked_at = if has_filter { LOOKED_AT_FOR_A_KIND } else { LOOKED_AT };
    let limits = NarrowingLimits { shown: ROWS, looked_at };
    let found = web.engine.needs_me_narrowed(&session.actor, after, limits, wanted).await?;
    let shell = if is_first {
        let waiting = found.looked_at.iter().map(|waiting| waiting.id).collect();
        Shell::around(&web, &request, &session, (Nav::NeedsMe, waiting))
    } else {
        Shell::of(&web, &request, &session, Nav::NeedsMe).await?
    };
    let NarrowedPage { views, looked_at, has_more, next } = found;
    let filters = filters(&web, (&looked_at, has_more), &narrow, when);
    let next = next.map(|turn| next_url(&session, Nav::NeedsMe, &turn, &narrow));
    let lead = lead(looked_at.len(), has_more, has_filter.then_some(views.len()));
    let groups = by_due(&web, views, when)?;
    let has_bulk = groups.iter().flat_map(|group| &group.rows).any(|row| row.can_bulk);
    ok(&ListTemplate {
        title: Nav::NeedsMe.name(),
        lead,
        empty_title: if has_filter { "No request fits" } else { "Nothing needs you" },
        empty: "Requests that wait for other people in your groups stand under My groups.".to_owned(),
        groups,
        filters,
        has_filter,
        next,
        is_needs_me: true,
        has_bulk,
        as_of: when.exact(when.now()),
        here: Nav::NeedsMe.url(),
        shell,
    })
}

fn lead(count: usize, has_more: bool, fitting: Option<usize>) -> String {
    let number = if has_more { format!("More than {count}") } else { count.to_string() };
    let word = if number == "1" { "request" } else { "requests" };
    match fitting {
        Some(fitting) if has_more => {
            format!(
                "{number} {word} you may decide now. {fitting} of the first {count} fit; More looks further."
            )
        }
        Some(fitting) => format!("{number} {word} you may decide now, of which {fitting} fit."),
        None => format!("{number} {word} you may decide now."),
    }
}

fn narrow(parameters: &mut Parameters) -> Narrow {
    let due = parameters.word("due", &Due::ALL.map(|due| (due.word(), due)));
    let risk =
        parameters.word("risk", &[Risk::Low, Risk::Medium, Risk::High].map(|risk| (risk.name(), risk)));
    Narrow { due, risk, request_type: parameters.text("type").map(str::to_owned) }
}

fn fits(waiting: &WaitingRequest, narrow: &Narrow, when: When) -> bool {
    narrow.due.is_none_or(|due| Due::of(waiting.due_at, waiting.sort_at(), when) == due)
        && narrow.risk.is_none_or(|risk| waiting.risk == Some(risk))
        && narrow.request_type.as_deref().is_none_or(|name| waiting.request_type.as_str() == name)
}

fn filters(
    web: &Web,
    (looked_at, has_more): (&[WaitingRequest], bool),
    narrow: &Narrow,
    when: When,
) -> Vec<Filter> {
    let rules = web.engine.rules();
    let chip = |name: &str, to: Narrow, is_current: bool| {
        let count = looked_at.iter().filter(|waiting| fits(waiting, &to, when)).count();
        let count = format!("{count}{}", if has_more { "+" } else { "" });
        Chip { url: filter_url(&to), name: name.into(), count, is_current }
    };
    let with_due = |due| Narrow { due, ..narrow.clone() };
    let mut due = vec![chip("All", with_due(None), narrow.due.is_none())];
    due.extend(Due::ALL.map(|one| chip(one.name(), with_due(Some(one)), narrow.due == Some(one))));
    let with_risk = |risk| Narrow { risk, ..narrow.clone() };
    let mut risks = vec![chip("All", with_risk(None), narrow.risk.is_none())];
    for (risk, name) in [(Risk::High, "High"), (Risk::Medium, "Medium"), (Risk::Low, "Low")] {
        risks.push(chip(name, with_risk(Some(risk)), narrow.risk == Some(risk)));
    }
    let mut names: Vec<&str> = looked_at.iter().map(|waiting| waiting.request_type.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let with_type = |name: Option<&str>| Narrow { request_type: name.map(str::to_owned), ..narrow.clone() };
    let mut types = vec![chip("All", with_type(None), narrow.request_type.is_none())];
    for name in names {
        let title = rules.types.find(name).map_or(name, |known| known.title.as_str());
        types.push(chip(title, with_type(Some(name)), narrow.request_type.as_deref() == Some(name)));
    }
    // A choice of one is no choice.
    let offered = |chips: &[Chip]| {
        chips.iter().any(|chip| chip.is_current && chip.name.raw() != "All")
            || chips.iter().skip(1).filter(|chip| !chip.count.starts_with('0')).count() > 1
    };
    let all = [("Due", due), ("Risk", risks), ("Type", types)];
    all.into_iter()
        .filter(|(_, chips)| offered(chips))
        .map(|(label, chips)| Filter { label, chips })
        .collect()
}

fn filter_url(narrow: &Narrow) -> String {
    let mut pairs = Vec::new();
    pairs.extend(narrow.due.map(|due| format!("due={}", due.word())));
    pairs.extend(narrow.risk.map(|risk| format!("risk={}", risk.name())));
    pairs.extend(narrow.request_type.as_ref().map(|name| format!("type={}", escaped(name))));
    if pairs.is_empty() { Nav::NeedsMe.url() } else { format!("{}?{}", Nav::NeedsMe.url(), pairs.join("&")) }
}

/// A value in a query.
pub fn escaped(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn next_url(session: &Session, nav: Nav, turn: &InboxPosition, narrow: &Narrow) -> String {
    let cursor = cursor::write(&bound(session, nav), Some(turn.at), &turn.id.to_string());
    let base = if nav == Nav::NeedsMe { filter_url(narrow) } else { nav.url() };
    format!("{base}{}after={cursor}", if base.contains('?') { '&' } else { '?' })
}

fn bound(session: &Session, nav: Nav) -> String {
    cursor::fingerprint(&format!("{}{}{}", nav.path(), session.actor.org, session.actor.person.key()))
}

fn after(
    parameters: &mut Parameters,
    session: &Session,
    nav: Nav,
) -> Result<Option<InboxPosition>, PageError> {
    let Some(text) = parameters.text("after") else { return Ok(None) };
    let position = cursor::read_position(text, &bound(session, nav))?;
    Ok(position.at.map(|at| InboxPosition { at, id: position.id }))
}

fn by_due(web: &Web, views: Vec<View>, when: When) -> Result<Vec<Group>, PageError> {
    let mut groups: Vec<Group> = Vec::new();
    for due in Due::ALL {
        let fitting = views
            .iter()
            .filter(|view| Due::of(view.request.terms.due_at, view.request.sort_at(), when) == due);
        let rows =
            fitting.map(|view| row(web, view, when, Reader::MayDecide)).collect::<Result<Vec<_>, _>>()?;
        if !rows.is_empty() {
            groups.push(Group { name: due.name(), rows });
        }
    }
    Ok(groups)
}

/// What the reader of a row can do about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    MayDecide,
    Reads,
}

fn row(web: &Web, view: &View, when: When, reader: Reader) -> Result<Row, PageError> {
    let request = &view.request;
    let waits = request.state.waits();
    let may_decide = reader == Reader::MayDecide;
    let progress = if waits { web.engine.progress_of(view)? } else { None };
    let due = waits.then(|| request.terms.due_at.unwrap_or(request.expires_at));
    let due_class = match request.terms.due_at {
        Some(due) if due < when.now() => "is-late",
        Some(due) if due < when.now() + SOON => "is-soon",
        Some(_) | None => "",
    };
    let last = request
        .last_decision()
        .map(|decision| format!("{} by {}", decision.verdict.name(), decision.checker.user_name));
    Ok(Row {
        id: request.id.to_string(),
        url: format!("{BASE}/requests/{}", request.id),
        risk: RiskMark(request.terms.risk),
        title: title(request),
        call: CallView::for_list(view),
        maker: request.maker.user_name.as_str().into(),
        age: when.ago(request.started_at),
        amount: AmountWords::of(request.terms.amount),
        flags: request.terms.warnings.iter().map(|warning| flag(warning.code).into()).collect(),
        slots: progress.as_ref().map(|progress| Slots::of(progress, may_decide)),
        state: state_word(request),
        state_more: last.unwrap_or_default().into(),
        due: due.map(|due| when.left(due)),
        due_class,
        can_bulk: may_decide && view.allows_bulk(),
        is_bulk_list: may_decide,
    })
}

/// The request in a sentence; its type's name if the sentence is empty.
pub fn title(request: &Request) -> Text {
    let summary = request.terms.summary.as_str();
    if summary.is_empty() { request.request_type.as_str().into() } else { summary.into() }
}

/// A warning in two words.
fn flag(code: WarningCode) -> &'static str {
    match code {
        WarningCode::DuplicatePending => "another waits for the same subject",
    }
}

/// `GET /ui/my-groups`
pub async fn my_groups(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    let mut parameters = Parameters::of(&request, &["after"])?;
    let after = after(&mut parameters, &session, Nav::MyGroups)?;
    parameters.finish()?;
    let found = web.engine.for_my_capacities(&session.actor, after, ROWS).await?;
    let words = Words {
        lead: "What waits for one of your groups, also where somebody else must decide.",
        empty_title: "Nothing waits for your groups",
        empty: "",
    };
    turns(&web, &request, &session, (Nav::MyGroups, words), found).await
}

/// `GET /ui/decided`
pub async fn decided(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    let mut parameters = Parameters::of(&request, &["after"])?;
    let after = after(&mut parameters, &session, Nav::Decided)?;
    parameters.finish()?;
    let found = web.engine.decided_by_me(&session.actor, after, ROWS).await?;
    let words = Words {
        lead: "What you approved or rejected, the latest first.",
        empty_title: "You have decided nothing yet",
        empty: "",
    };
    turns(&web, &request, &session, (Nav::Decided, words), found).await
}

struct Words {
    lead: &'static str,
    empty_title: &'static str,
    empty: &'static str,
}

async fn turns(
    web: &Web,
    request: &HttpRequest,
    session: &Session,
    (nav, words): (Nav, Words),
    found: InboxPage,
) -> Page {
    let next = found.next.map(|turn| next_url(session, nav, &turn, &Narrow::default()));
    plain(web, request, session, (nav, words), (found.views, next)).await
}

/// `GET /ui/mine`
pub async fn mine(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    let words = Words {
        lead: "What you submitted, the latest first.",
        empty_title: "You have submitted nothing yet",
        empty: "New request shows what can be asked for.",
    };
    listed(&web, &request, &session, (Nav::Mine, words)).await
}

/// `GET /ui/unknown`
pub async fn unknown(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    let words = Words {
        lead: "The call left, and no full answer came back: it may or may not have happened. Ask the target.",
        empty_title: "Every outcome is known",
        empty: "",
    };
    listed(&web, &request, &session, (Nav::Unknown, words)).await
}

async fn listed(web: &Web, request: &HttpRequest, session: &Session, (nav, words): (Nav, Words)) -> Page {
    let mut filter = web.engine.scope(&session.actor)?;
    if nav == Nav::Mine {
        filter.maker = Some(session.actor.person.clone());
    } else {
        filter.states = vec![State::Unknown];
    }
    let parameters = Parameters::of(request, &["after"])?;
    let after = parameters.text("after").map(str::to_owned);
    parameters.finish()?;
    let sort = Sort { by: SortBy::Start, descending: true };
    let listing = Listing { filter, sort, limit: i64::try_from(ROWS).unwrap_or(50) };
    let found = match after {
        Some(cursor) => {
            let position = cursor::read_position(&cursor, &bound(session, nav))?;
            web.engine.list(&session.actor, listing, ListPage::After(position)).await?
        }
        None => web.engine.walk(&session.actor, listing, None).await?,
    };
    let next = found.next.map(|position| {
        let cursor = cursor::write(&bound(session, nav), position.at, &position.id.to_string());
        format!("{}?after={cursor}", nav.url())
    });
    plain(web, request, session, (nav, words), (found.views, next)).await
}

async fn plain(
    web: &Web,
    request: &HttpRequest,
    session: &Session,
    (nav, words): (Nav, Words),
    (views, next): (Vec<View>, Option<String>),
) -> Page {
    let shell = Shell::of(web, request, session, nav).await?;
    let when = shell.when;
    let rows = views.iter().map(|view| row(web, view, when, Reader::Reads)).collect::<Result<Vec<_>, _>>()?;
    let groups = if rows.is_empty() { Vec::new() } else { vec![Group { name: "", rows }] };
    ok(&ListTemplate {
        title: nav.name(),
        lead: words.lead.to_owned(),
        empty_title: words.empty_title,
        empty: words.empty.to_owned(),
        groups,
        filters: Vec::new(),
        has_filter: false,
        next,
        is_needs_me: false,
        has_bulk: false,
        as_of: when.exact(when.now()),
        here: nav.url(),
        shell,
    })
}
