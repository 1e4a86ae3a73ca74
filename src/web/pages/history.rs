//! History: every request that the reader may see, by filter. Each filter stands in the address, so that what
//! somebody looks at can be sent to somebody else.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;

use crate::domain::actor::Permission;
use crate::domain::ids::BEGINNING_CHARS_MIN;
use crate::domain::request::{Request, State};
use crate::engine::queries::{Filter, Listed, Listing, Position, Sort, SortBy, View};
use crate::http::cursor;
use crate::http::error::{ApiError, ErrorItem};
use crate::http::export;
use crate::http::query::{FILTER_PARAMETERS, Parameters};
use crate::web::html::Text;
use crate::web::pages::inbox::{escaped, title};
use crate::web::parts::call_view::CallView;
use crate::web::parts::format::{AmountWords, StateWord, Time, When, state_word};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::session::Session;
use crate::web::{BASE, Page, PageError, Web, see_other, show};

/// Rows on a page.
const ROWS: i64 = 50;

/// The states as people search for them.
const STATES: [(&str, State); 8] = [
    ("Waiting", State::AdminTask),
    ("Being sent", State::Approved),
    ("Done", State::Executed),
    ("Failed", State::Failed),
    ("Outcome unknown", State::Unknown),
    ("Rejected", State::Rejected),
    ("Withdrawn", State::Withdrawn),
    ("Expired", State::Expired),
];

/// The fields of the form beside the type, and what stands above them.
const FIELDS: [(&str, &str, &str); 3] =
    [("userId", "Maker’s user id", "text"), ("startDate", "From", "date"), ("endDate", "To", "date")];

/// Ids that few people filter by.
const MORE_FIELDS: [(&str, &str, &str); 4] = [
    ("conceptId", "Concept", "text"),
    ("zoneId", "Zone", "text"),
    ("storeId", "Store", "text"),
    ("tillId", "Till", "text"),
];

/// What the form takes along without showing it.
const HIDDEN: [&str; 3] = ["states", "sortBy", "sortOrder"];

/// The search field: an id, the beginning of one, or a subject.
const SEARCH: &str = "q";

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryTemplate {
    shell: Shell,
    lead: Text,
    problems: Vec<Problem>,
    search: Field,
    fields: Vec<Field>,
    more: Vec<Field>,
    types: Vec<TypeChoice>,
    hidden: Vec<(&'static str, Text)>,
    states: Vec<Link>,
    sorts: Vec<Link>,
    exports: Vec<Link>,
    rows: Vec<Line>,
    /// Which time stands in the last column.
    is_by_end: bool,
    has_filter: bool,
    back: Option<(&'static str, String)>,
    on: Option<(&'static str, String)>,
}

/// A link to the same list in another way.
struct Link {
    url: String,
    name: &'static str,
    is_current: bool,
}

struct Field {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: Text,
    problem: Text,
}

/// Something wrong with a filter.
struct Problem {
    /// Where; empty for a filter without a field.
    field: String,
    sentence: Text,
}

struct TypeChoice {
    name: Text,
    title: Text,
    is_chosen: bool,
}

/// One request.
struct Line {
    url: String,
    title: Text,
    call: CallView,
    state: StateWord,
    amount: AmountWords,
    maker: Text,
    maker_url: String,
    decided_by: Text,
    at: Option<Time>,
}

/// The filters as they stand in the address.
#[derive(Clone, Debug, Default)]
struct Asked(Vec<(&'static str, String)>);

/// What the filters mean.
struct Wanted {
    filter: Filter,
    sort: Sort,
    after: Option<String>,
    before: Option<String>,
}

/// Where a page begins or ends.
enum Place {
    First,
    After(Position),
    Before(Position),
}

/// Rows, and how to go back and on from them.
#[derive(Default)]
struct Found {
    views: Vec<View>,
    back: Option<String>,
    on: Option<String>,
}

/// `GET /ui/history`
pub async fn page(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    let filter = web.engine.scope(&session.actor)?;
    let known: Vec<&str> = FILTER_PARAMETERS.into_iter().chain([SEARCH, "after", "before"]).collect();
    let mut parameters = Parameters::of(&request, &known)?;
    let asked = Asked::of(&parameters);
    let wanted = wanted(&mut parameters, filter, &web);
    let shell = Shell::of(&web, &request, &session, Nav::History).await?;
    let may_export = session.actor.may(Permission::Audit);
    let table = Table { shell, web: &web, asked: &asked, sort: wanted.sort, may_export };
    if let Err(error) = parameters.finish() {
        return show(StatusCode::BAD_REQUEST, &table.refused(&error));
    }
    let same_beginning = begin_with(&web, &session, &asked).await?;
    match same_beginning.as_slice() {
        [] => {
            let found = walk(&web, &session, wanted, &asked).await?;
            show(StatusCode::OK, &table.of(found))
        }
        [one] => Ok(see_other(&format!("{BASE}/requests/{}", one.request.id))),
        _ => show(StatusCode::OK, &table.of_ids(same_beginning)),
    }
}

/// `GET /ui/history/export`
pub async fn export(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    Ok(export::answer(&web.engine, session.actor, &request, web.offset)?)
}

/// Reads the filters; what is wrong with them is kept in `parameters`.
fn wanted(parameters: &mut Parameters, mut filter: Filter, web: &Web) -> Wanted {
    parameters.narrow(&mut filter, &web.engine.rules().types.names(), web.offset);
    if let Some(subject) = parameters.text(SEARCH) {
        filter.subject = Some(subject.trim().to_owned());
    }
    let sort = parameters.sort();
    let text = |name| parameters.text(name).map(str::to_owned);
    Wanted { filter, sort, after: text("after"), before: text("before") }
}

/// Requests whose ids begin with what is searched for. Ids of today do not look like anything else.
async fn begin_with(web: &Web, session: &Session, asked: &Asked) -> Result<Vec<View>, PageError> {
    let beginning = asked.get(SEARCH).trim().to_ascii_lowercase();
    if beginning.len() < BEGINNING_CHARS_MIN {
        return Ok(Vec::new());
    }
    Ok(web.engine.find_by_beginning(&session.actor, &beginning, ROWS).await?)
}

async fn walk(web: &Web, session: &Session, wanted: Wanted, asked: &Asked) -> Result<Found, PageError> {
    let Wanted { filter, sort, after, before } = wanted;
    let bound = cursor::fingerprint(&format!("{filter:?}{sort:?}"));
    // Backwards from a row goes by the other direction, in which what has not ended would come first.
    let before = before.filter(|_| sort.by == SortBy::Start);
    let place = match (&after, &before) {
        (Some(after), _) => Place::After(cursor::read_position(after, &bound)?),
        (None, Some(before)) => Place::Before(cursor::read_position(before, &bound)?),
        (None, None) => Place::First,
    };
    let is_back = matches!(place, Place::Before(_));
    let is_first = matches!(place, Place::First);
    let sort_walked = if is_back { Sort { descending: !sort.descending, ..sort } } else { sort };
    let listing = Listing { filter, sort: sort_walked, limit: ROWS };
    let from = match place {
        Place::First => None,
        Place::After(position) | Place::Before(position) => Some(position),
    };
    let Listed { mut views, next, .. } = web.engine.walk(&session.actor, listing, from).await?;
    if is_back {
        views.reverse();
    }
    let url = |name, position: &Position| {
        let cursor = cursor::write(&bound, position.at, &position.id.to_string());
        asked.with(name, Some(cursor)).url()
    };
    let has_back = if is_back { next.is_some() } else { !is_first };
    let first = views.first().map(|view| started(&view.request)).filter(|_| has_back);
    let on = if is_back { views.last().map(|view| started(&view.request)) } else { next };
    let back = match sort.by {
        SortBy::Start => first.as_ref().map(|position| url("before", position)),
        SortBy::End => has_back.then(|| asked.url()),
    };
    Ok(Found { back, on: on.map(|position| url("after", &position)), views })
}

/// Where a request stands in a list by its beginning.
fn started(request: &Request) -> Position {
    Position { at: Some(request.started_at.timestamp_micros()), id: request.id }
}

impl Asked {
    fn of(parameters: &Parameters) -> Self {
        let names = FILTER_PARAMETERS.into_iter().chain([SEARCH]);
        Self(names.filter_map(|name| Some((name, parameters.text(name)?.to_owned()))).collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(given, _)| *given == name).map_or("", |(_, value)| value)
    }

    /// The same with one more or one less.
    fn with(&self, name: &'static str, value: Option<String>) -> Self {
        let others = self.0.iter().filter(|(given, _)| *given != name).cloned();
        Self(others.chain(value.map(|value| (name, value))).collect())
    }

    fn query(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    fn url(&self) -> String {
        if self.0.is_empty() {
            Nav::History.url()
        } else {
            format!("{}?{}", Nav::History.url(), self.query())
        }
    }

    /// The address of the same rows as a file.
    fn export_url(&self, format: &'static str) -> String {
        let search = self.get(SEARCH).trim();
        let subject = if search.is_empty() { self.get("subject") } else { search };
        let subject = Some(subject.to_owned()).filter(|subject| !subject.is_empty());
        let same = self.with(SEARCH, None).with("subject", subject).with("format", Some(format.to_owned()));
        format!("{}/export?{}", Nav::History.url(), same.query())
    }

    fn has_filter(&self) -> bool {
        self.0.iter().any(|(name, _)| !["sortBy", "sortOrder"].contains(name))
    }
}

/// What stands around the rows.
struct Table<'a> {
    shell: Shell,
    web: &'a Web,
    asked: &'a Asked,
    sort: Sort,
    may_export: bool,
}

impl Table<'_> {
    /// The rows that fit.
    fn of(self, found: Found) -> HistoryTemplate {
        let (sort, when) = (self.sort, self.shell.when);
        let lead = self.lead();
        let (back, on) = match (sort.by, sort.descending) {
            (SortBy::Start, true) => ("Newer", "Older"),
            (SortBy::Start, false) => ("Older", "Newer"),
            (SortBy::End, _) => ("Back to the first page", "More"),
        };
        let asked = self.asked.clone();
        let mut page = self.around(lead);
        page.rows = found.views.iter().map(|view| line(view, sort, when, &asked)).collect();
        page.back = found.back.map(|url| (back, url));
        page.on = found.on.map(|url| (on, url));
        page
    }

    /// Several requests whose ids begin alike.
    fn of_ids(self, views: Vec<View>) -> HistoryTemplate {
        let (sort, when, asked) = (self.sort, self.shell.when, self.asked.clone());
        let more = if views.len() < usize::try_from(ROWS).unwrap_or(0) {
            ""
        } else {
            " There may be more: write more of the id."
        };
        let lead = format!(
            "These requests’ ids begin with {}. Other filters were left aside.{more}",
            asked.get(SEARCH)
        );
        let mut page = self.around(lead.into());
        page.exports.clear();
        page.rows = views.iter().map(|view| line(view, sort, when, &asked)).collect();
        page
    }

    /// No rows: a filter can't be read.
    fn refused(self, error: &ApiError) -> HistoryTemplate {
        let mut page = self.around("Nothing was searched for.".into());
        page.exports.clear();
        let all = page.fields.iter_mut().chain(&mut page.more).collect::<Vec<_>>();
        let mut fields: Vec<&mut Field> = all;
        for ErrorItem { message, field, .. } in error.items() {
            let (name, message) = (field.as_deref().unwrap_or_default(), message.as_str());
            let field = fields.iter_mut().find(|field| field.name == name);
            let mut problem = Problem { field: String::new(), sentence: message.into() };
            match field {
                Some(field) => {
                    field.problem = message.into();
                    problem.field = format!("f-{name}");
                }
                None => problem.sentence = format!("{name}: {message}").into(),
            }
            page.problems.push(problem);
        }
        page
    }

    fn lead(&self) -> Text {
        let whose = if self.shell.sees_all { "Every request of this org." } else { "What you submitted." };
        format!("{whose} Nothing here can be changed or removed.").into()
    }

    fn around(self, lead: Text) -> HistoryTemplate {
        let Self { shell, web, asked, sort, may_export } = self;
        let field = |&(name, label, kind): &(&'static str, &'static str, &'static str)| Field {
            name,
            label,
            kind,
            value: asked.get(name).into(),
            problem: Text::default(),
        };
        let search = [asked.get(SEARCH), asked.get("subject")].into_iter().find(|text| !text.is_empty());
        let hidden = HIDDEN.map(|name| (name, Text::from(asked.get(name))));
        let file = |(name, format)| Link { url: asked.export_url(format), name, is_current: false };
        HistoryTemplate {
            lead,
            problems: Vec::new(),
            search: Field {
                value: search.unwrap_or_default().into(),
                ..field(&(SEARCH, "Id or subject", "search"))
            },
            fields: FIELDS.iter().map(field).collect(),
            more: MORE_FIELDS.iter().map(field).collect(),
            types: types(web, asked.get("requestType")),
            hidden: hidden.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            states: states(asked),
            sorts: sorts(asked, sort),
            exports: if may_export {
                [("Export as CSV", "csv"), ("JSON lines", "jsonl")].map(file).into()
            } else {
                Vec::new()
            },
            rows: Vec::new(),
            is_by_end: sort.by == SortBy::End,
            has_filter: asked.has_filter(),
            back: None,
            on: None,
            shell,
        }
    }
}

impl HistoryTemplate {
    fn has_more(&self) -> bool {
        self.more.iter().any(|field| !field.value.is_empty())
    }
}

fn types(web: &Web, chosen: &str) -> Vec<TypeChoice> {
    let rules = web.engine.rules();
    let choice = |known: &std::sync::Arc<crate::domain::request_type::RequestType>| TypeChoice {
        name: known.name.as_str().into(),
        title: known.title.as_str().into(),
        is_chosen: known.name.as_str() == chosen,
    };
    rules.types.iter().map(choice).collect()
}

fn states(asked: &Asked) -> Vec<Link> {
    let chosen: Vec<&str> = asked.get("states").split(',').filter(|name| !name.is_empty()).collect();
    let link = |name, value: Option<&str>, is_current| Link {
        url: asked.with("states", value.map(str::to_owned)).url(),
        name,
        is_current,
    };
    let one =
        |(name, state): (&'static str, State)| link(name, Some(state.name()), chosen.contains(&state.name()));
    std::iter::once(link("Any state", None, chosen.is_empty())).chain(STATES.map(one)).collect()
}

fn sorts(asked: &Asked, sort: Sort) -> Vec<Link> {
    let all = [
        ("Newest first", Sort { by: SortBy::Start, descending: true }),
        ("Oldest first", Sort { by: SortBy::Start, descending: false }),
        ("Last ended first", Sort { by: SortBy::End, descending: true }),
    ];
    let link = |(name, to): (&'static str, Sort)| {
        let by = (to.by == SortBy::End).then(|| "endDate".to_owned());
        let order = (!to.descending).then(|| "asc".to_owned());
        Link { url: asked.with("sortBy", by).with("sortOrder", order).url(), name, is_current: to == sort }
    };
    all.map(link).into()
}

fn line(view: &View, sort: Sort, when: When, asked: &Asked) -> Line {
    let request = &view.request;
    let names: Vec<&str> =
        request.decisions.iter().map(|decision| decision.checker.user_name.as_str()).collect();
    let nobody = if request.state.waits() { "nobody yet" } else { "nobody" };
    let at = if sort.by == SortBy::End { request.ended_at } else { Some(request.started_at) };
    Line {
        url: format!("{BASE}/requests/{}", request.id),
        title: title(request),
        call: CallView::for_list(view),
        state: state_word(request),
        amount: AmountWords::of(request.terms.amount),
        maker: request.maker.user_name.as_str().into(),
        maker_url: asked.with("userId", Some(request.maker.user_id.clone())).url(),
        decided_by: if names.is_empty() { nobody.into() } else { names.join(", ").into() },
        at: at.map(|at| when.exact(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    fn asked(pairs: &[(&'static str, &str)]) -> Asked {
        Asked(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    const NEWEST: Sort = Sort { by: SortBy::Start, descending: true };

    fn page() -> HistoryTemplate {
        let asked = asked(&[("states", "executed"), ("q", sample::HOSTILE)]);
        let field = |name, kind| Field {
            name,
            label: "Field",
            kind,
            value: asked.get("q").into(),
            problem: Text::default(),
        };
        HistoryTemplate {
            shell: sample::shell(),
            lead: "Every request of this org.".into(),
            problems: Vec::new(),
            search: field("q", "search"),
            fields: vec![field("userId", "text")],
            more: vec![field("tillId", "text")],
            types: vec![TypeChoice { name: "REFUND".into(), title: sample::HOSTILE.into(), is_chosen: true }],
            hidden: vec![("states", "executed".into())],
            states: states(&asked),
            sorts: sorts(&asked, NEWEST),
            exports: Vec::new(),
            rows: vec![line(&sample::view(), NEWEST, sample::when(), &asked)],
            is_by_end: false,
            has_filter: true,
            back: None,
            on: Some(("Older", "/ui/history?after=x".to_owned())),
        }
    }

    #[test]
    fn a_chip_changes_one_filter_and_keeps_the_others() {
        let asked = asked(&[("userId", "m 1&x"), ("states", "failed")]);
        let links = states(&asked);
        assert_eq!(links[0].url, "/ui/history?userId=m%201%26x");
        let failed = links.iter().find(|link| link.is_current).unwrap();
        assert_eq!(
            (failed.name, failed.url.as_str()),
            ("Failed", "/ui/history?userId=m%201%26x&states=failed")
        );
        assert!(!links[0].is_current);
    }

    #[test]
    fn the_order_that_stands_is_no_link() {
        let links = sorts(&asked(&[("sortOrder", "asc")]), Sort { descending: false, ..NEWEST });
        let current: Vec<&str> = links.iter().filter(|link| link.is_current).map(|link| link.name).collect();
        assert_eq!(current, ["Oldest first"]);
        assert_eq!(links[0].url, "/ui/history");
    }

    #[test]
    fn an_export_takes_the_rows_that_are_seen_and_nothing_else() {
        let asked = asked(&[("q", " 77-1 "), ("subject", "other"), ("states", "failed")]);
        assert_eq!(asked.export_url("csv"), "/ui/history/export?states=failed&subject=77%2D1&format=csv");
    }

    #[test]
    fn a_row_shows_where_the_call_goes_and_what_is_hostile_is_harmless() {
        let html = page().render().unwrap();
        sample::assert_harmless(&html);
        assert!(html.contains("POST <b>payments.example.com</b><wbr>/orders/77-31902/refunds"), "{html}");
        assert_eq!(html.matches("<h1").count(), 1);
        assert!(html.contains("Done") && html.contains("Aiko Tanaka"));
    }

    #[test]
    fn an_auditor_who_wrote_a_wrong_day_is_led_to_the_field() {
        let mut page = page();
        page.fields[0].problem = "Write a date as YYYY-MM-DD.".into();
        page.problems =
            vec![Problem { field: "f-userId".to_owned(), sentence: "Write a date as YYYY-MM-DD.".into() }];
        let html = page.render().unwrap();
        assert!(html.contains("<title>Error: History"), "{html}");
        assert!(html.contains(r##"<a href="#f-userId">Write a date"##));
        assert!(html.contains(r#"id="f-userId" name="userId" type="text""#));
        assert!(html.contains(r#"aria-invalid="true" aria-describedby="e-userId""#));
    }
}
