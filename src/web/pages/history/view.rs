//! The page of the history: the form of the filters, the rows, and the links to other pages.

use askama::Template;

use super::filter_query::{FilterQuery, SEARCH};
use super::lines::{Line, Lines};
use super::{ROWS, ResultPage};
use crate::domain::request::State;
use crate::domain::request_type::RequestTypes;
use crate::engine::queries::{RowView, Sort, SortBy};
use crate::http::error::{ApiError, ErrorItem};
use crate::web::html::filters;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::sentences::listing;
use crate::web::sentences::states::STATES;

/// The fields of the form beside the type: name, label, and kind.
const FIELDS: [(&str, &str, &str); 3] =
    [("userId", "Maker’s user id", "text"), ("startDate", "From", "date"), ("endDate", "To", "date")];

/// Ids that few people filter by.
const MORE_FIELDS: [(&str, &str, &str); 4] = [
    ("conceptId", "Concept", "text"),
    ("zoneId", "Zone", "text"),
    ("storeId", "Store", "text"),
    ("tillId", "Till", "text"),
];

/// Parameters that the form keeps without showing them.
const HIDDEN: [&str; 3] = ["states", "sortBy", "sortOrder"];

#[derive(Template)]
#[template(path = "history.html")]
pub struct HistoryTemplate {
    shell: Shell,
    lead: String,
    problems: Vec<Problem>,
    search: Field,
    fields: Vec<Field>,
    more: Vec<Field>,
    types: Vec<TypeChoice>,
    hidden: Vec<(&'static str, String)>,
    states: Vec<Link>,
    sorts: Vec<Link>,
    exports: Vec<Link>,
    rows: Vec<Line>,
    /// Whether the last column has the time of the end instead of the beginning.
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
    value: String,
    problem: String,
}

/// Something wrong with a filter.
struct Problem {
    /// Where; empty for a filter without a field.
    field: String,
    sentence: String,
}

struct TypeChoice {
    name: String,
    title: String,
    is_chosen: bool,
}

/// What is around the rows.
pub struct HistoryView<'a> {
    pub shell: Shell,
    /// The names of all types that are or were in force.
    pub known_types: &'a [String],
    /// The types in force.
    pub types: &'a RequestTypes,
    pub query: &'a FilterQuery,
    pub sort: Sort,
    pub may_export: bool,
}

impl HistoryView<'_> {
    /// The rows that fit.
    pub fn of(self, found: ResultPage) -> HistoryTemplate {
        let lines = self.lines();
        let sort = self.sort;
        let lead = self.lead();
        let (back, on) = listing::turning(sort.by, sort.descending);
        let mut page = self.around(lead);
        page.rows = lines.all(&found.rows);
        page.back = found.back.map(|url| (back, url));
        page.on = found.on.map(|url| (on, url));
        page
    }

    /// Several requests whose ids begin alike.
    pub fn of_ids(self, rows: &[RowView]) -> HistoryTemplate {
        let lines = self.lines();
        let may_be_more = rows.len() >= usize::try_from(ROWS).unwrap_or(0);
        let lead = listing::ids_that_begin(lines.query.get(SEARCH), may_be_more);
        let mut page = self.around(lead);
        page.exports.clear();
        page.rows = lines.all(rows);
        page
    }

    /// No rows: a filter can't be read.
    pub fn refused(self, error: &ApiError) -> HistoryTemplate {
        let mut page = self.around(listing::NOT_SEARCHED.into());
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
                None => problem.sentence = format!("{name}: {message}"),
            }
            page.problems.push(problem);
        }
        page
    }

    fn lines(&self) -> Lines {
        let query = self.shell.here.split_once('?').map_or("", |(_, query)| query);
        Lines {
            names: self.shell.names.clone(),
            sort: self.sort,
            when: self.shell.when,
            query: self.query.clone(),
            from: CameFrom::list(Nav::History, query),
        }
    }

    fn lead(&self) -> String {
        listing::history(self.shell.sees_all)
    }

    fn around(self, lead: String) -> HistoryTemplate {
        let Self { shell, known_types, types, query, sort, may_export } = self;
        let field = |&(name, label, kind): &(&'static str, &'static str, &'static str)| Field {
            name,
            label,
            kind,
            value: query.get(name).into(),
            problem: String::new(),
        };
        let search = [query.get(SEARCH), query.get("subject")].into_iter().find(|text| !text.is_empty());
        let hidden = HIDDEN.map(|name| (name, query.get(name).to_owned()));
        let file = |(name, format)| Link { url: query.export_url(format), name, is_current: false };
        HistoryTemplate {
            lead,
            problems: Vec::new(),
            search: Field {
                value: search.unwrap_or_default().into(),
                ..field(&(SEARCH, "Id or subject", "search"))
            },
            fields: FIELDS.iter().map(field).collect(),
            more: MORE_FIELDS.iter().map(field).collect(),
            types: type_choices(known_types, types, query.get("requestType")),
            hidden: hidden.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            states: states(query),
            sorts: sorts(query, sort),
            exports: if may_export {
                [("Export as CSV", "csv"), ("JSON lines", "jsonl")].map(file).into()
            } else {
                Vec::new()
            },
            rows: Vec::new(),
            is_by_end: sort.by == SortBy::End,
            has_filter: query.has_filter(),
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

/// Every type that requests may be of: those in force by title, then those that were.
fn type_choices(known_types: &[String], types: &RequestTypes, chosen: &str) -> Vec<TypeChoice> {
    let is_chosen = |name: &str| name == chosen;
    let choice = |known: &std::sync::Arc<crate::domain::request_type::RequestType>| TypeChoice {
        name: known.name.to_string(),
        title: known.title.clone(),
        is_chosen: is_chosen(known.name.as_str()),
    };
    let past = known_types.iter().filter(|name| types.find(name).is_none()).map(|name| TypeChoice {
        name: name.clone(),
        title: listing::past_type(name),
        is_chosen: is_chosen(name),
    });
    types.iter().map(choice).chain(past).collect()
}

fn states(query: &FilterQuery) -> Vec<Link> {
    let chosen: Vec<&str> = query.get("states").split(',').filter(|name| !name.is_empty()).collect();
    let link = |name, value: Option<&str>, is_current| Link {
        url: query.with("states", value.map(str::to_owned)).url(),
        name,
        is_current,
    };
    let one =
        |(name, state): (&'static str, State)| link(name, Some(state.name()), chosen.contains(&state.name()));
    std::iter::once(link("Any state", None, chosen.is_empty())).chain(STATES.map(one)).collect()
}

fn sorts(query: &FilterQuery, sort: Sort) -> Vec<Link> {
    let all = [
        ("Newest first", Sort { by: SortBy::Start, descending: true }),
        ("Oldest first", Sort { by: SortBy::Start, descending: false }),
        ("Last ended first", Sort { by: SortBy::End, descending: true }),
        ("By maker’s account", Sort { by: SortBy::Maker, descending: false }),
    ];
    let link = |(name, to): (&'static str, Sort)| {
        let (by, usual) = match to.by {
            SortBy::Start => (None, true),
            SortBy::End => (Some("endDate".to_owned()), true),
            SortBy::Maker => (Some("maker".to_owned()), false),
        };
        let word = if to.descending { "desc" } else { "asc" };
        let order = (to.descending != usual).then(|| word.to_owned());
        Link { url: query.with("sortBy", by).with("sortOrder", order).url(), name, is_current: to == sort }
    };
    all.map(link).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::sample;

    const NEWEST: Sort = Sort { by: SortBy::Start, descending: true };

    fn lines(query: &FilterQuery) -> Lines {
        let from = CameFrom::list(Nav::History, "");
        Lines {
            names: crate::web::parts::who::Names::as_spelled(),
            sort: NEWEST,
            when: sample::when(),
            query: query.clone(),
            from,
        }
    }

    fn page() -> HistoryTemplate {
        let query = FilterQuery::for_test(&[("states", "executed"), ("q", sample::HOSTILE)]);
        let field = |name, kind| Field {
            name,
            label: "Field",
            kind,
            value: query.get("q").into(),
            problem: String::new(),
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
            states: states(&query),
            sorts: sorts(&query, NEWEST),
            exports: Vec::new(),
            rows: lines(&query).all(&[sample::row()]),
            is_by_end: false,
            has_filter: true,
            back: None,
            on: Some(("Older", "/ui/history?after=x".to_owned())),
        }
    }

    #[test]
    fn a_chip_changes_one_filter_and_keeps_the_others() {
        let query = FilterQuery::for_test(&[("userId", "m 1&x"), ("states", "failed")]);
        let links = states(&query);
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
        let links =
            sorts(&FilterQuery::for_test(&[("sortOrder", "asc")]), Sort { descending: false, ..NEWEST });
        let current: Vec<&str> = links.iter().filter(|link| link.is_current).map(|link| link.name).collect();
        assert_eq!(current, ["Oldest first"]);
        assert_eq!(links[0].url, "/ui/history");
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
