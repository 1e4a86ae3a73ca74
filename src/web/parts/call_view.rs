//! The call line and the call box: the same piece wherever a call is shown, so that it is always read alike.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::{Map, Value};

use crate::domain::allowed_targets::Targets;
use crate::domain::call::{CREDENTIAL_HEADER, body_text, content_type, values};
use crate::domain::call_line::HeaderLine;
use crate::domain::media_type::is_json;
use crate::domain::request_type::{RequestType, authorization_words};
use crate::engine::DryRun;
use crate::engine::queries::{RowView, View};
use crate::web::html::{Markup, filters, write_text};
use crate::web::parts::format::{DigestWords, number_of, size};
use crate::web::parts::json_view::{Body, Shown};
use crate::web::sentences::policies::ANY_HOST;

/// A call as a reader may see it: masked and secret fields are hidden.
#[derive(Clone, Debug)]
pub struct CallView {
    pub method: String,
    /// `https://`, say.
    pub scheme: String,
    /// Host, and port if it is not the scheme's own. Never cut.
    pub host: String,
    /// The path, escaped as it is sent.
    pub path: String,
    /// The query with its question mark; may be empty.
    pub query: String,
    /// The target's label, such as Production.
    pub label: String,
    pub query_pairs: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    /// Those of the headers that are not ordinary: who signs must see them.
    pub further_headers: Vec<(String, String)>,
    /// The name of the credential that the call is sent with. Its header is none of those above.
    pub credential: Option<String>,
    /// `authorization (hidden)`, if the call has one.
    pub authorization: Option<String>,
    /// The body; `None` for a call without one.
    pub body: Option<Body>,
    /// Whether values of the body are hidden from this reader.
    pub hides_body: bool,
    /// The digest of the whole call.
    pub digest: DigestWords,
}

impl CallView {
    /// The call of a request, as far as a list shows it: without headers and body.
    pub fn for_list(row: &RowView) -> Self {
        let digest = DigestWords::of(&row.request.digest.to_string());
        let line = &row.request.terms.call;
        let header =
            |header: &HeaderLine| (header.name.clone(), header.value_for(row.sees_masked).to_owned());
        let (further_headers, credential) = apart(line.headers.iter().map(header));
        Self {
            digest,
            further_headers,
            credential,
            ..Self::line_of(&line.method, row.shown_url(), &line.label)
        }
    }

    /// The call of a request.
    pub fn of(view: &View) -> Self {
        let (task, url) = view.shown();
        let sent = body_text(&view.task).map_or(0, |body| body.len());
        let digest = DigestWords::of(&view.request.digest.to_string());
        let line = Self::line_of(&view.method, &url, &view.label);
        let (further_headers, _) = apart(view.pinned.further_headers(&task));
        let authorization = authorization_words(&task);
        Self { digest, further_headers, authorization, ..line.with_parts((&task, &view.task), sent) }
    }

    /// The call that a draft would become.
    pub fn of_draft(tried: &DryRun) -> Self {
        let (task, url) = tried.shown();
        let digest = DigestWords::of(&tried.digest.to_string());
        let line = Self::line_of(&tried.method, &url, &tried.label);
        Self { digest, ..line.with_parts((&task, tried.task()), tried.body_bytes) }
    }

    /// What every request of a type becomes: its path with places for values, and the target if there is only
    /// one.
    pub fn of_type(found: &RequestType, targets: &Targets) -> Self {
        let mut origins = targets.origins();
        let only = origins.next().filter(|_| origins.next().is_none()).map(|(origin, _)| origin);
        let origin = found.target.as_ref().or(only.as_ref());
        let label = origin.and_then(|origin| targets.find(origin)).map_or("", |target| &target.label);
        let url = format!("{}{}", origin.map(ToString::to_string).unwrap_or_default(), found.path);
        let line = Self::line_of(&found.method, &url, label);
        let line = Self { credential: found.credential.clone(), ..line };
        if origin.is_some() { line } else { Self { host: ANY_HOST.to_owned(), ..line } }
    }

    fn line_of(method: &str, url: &str, label: &str) -> Self {
        let (scheme, rest) = match url.find("://") {
            Some(at) => url.split_at(at + "://".len()),
            None => ("", url),
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
        Self {
            method: method.to_owned(),
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            label: label.to_owned(),
            query_pairs: Vec::new(),
            headers: Vec::new(),
            further_headers: Vec::new(),
            credential: None,
            authorization: None,
            body: None,
            hides_body: false,
            digest: DigestWords::of(""),
        }
    }

    /// The parts of `task`, which shows what there is in `whole`.
    fn with_parts(self, (task, whole): (&Value, &Value), sent: usize) -> Self {
        let pairs = |name: &str| task.get(name).and_then(Value::as_object).map(pairs).unwrap_or_default();
        let (headers, credential) = apart(pairs("headers"));
        Self {
            query_pairs: task
                .get("queryParams")
                .and_then(Value::as_object)
                .map(query_pairs)
                .unwrap_or_default(),
            headers,
            credential,
            body: piece_of((task, whole), (sent, 1)),
            hides_body: task.get("body") != whole.get("body"),
            ..self
        }
    }

    /// Whether values of its body are hidden from the reader.
    pub fn hides_body(view: &View) -> bool {
        view.shown().0.get("body") != view.task.get("body")
    }

    /// Whether the body of a task is sent as JSON.
    pub fn is_body_json(task: &Value) -> bool {
        !matches!(task.get("body"), Some(Value::String(_))) || content_type(task).is_none_or(is_json)
    }

    /// The line for places of their own: the host breaks only where it is longer than the line.
    pub fn line(&self) -> Line<'_> {
        Line { call: self, is_small: false }
    }

    /// The line for lists.
    pub fn small_line(&self) -> Line<'_> {
        Line { call: self, is_small: true }
    }

    /// `2 further headers`; empty if all are ordinary.
    pub fn header_words(&self) -> String {
        match self.further_headers.len() {
            0 => String::new(),
            count => number_of(count, "further header", "further headers"),
        }
    }

    /// `Body 214 bytes, JSON`.
    pub fn body_words(&self) -> Markup {
        match &self.body {
            Some(body) => Markup::new(format!("Body {}, {}", size(body.bytes), Markup::text(&body.kind))),
            None => Markup::new("No body".to_owned()),
        }
    }
}

/// One piece of a call's body as its reader may see it; `None` if there is no such piece.
pub fn body_piece(view: &View, number: usize) -> Option<Body> {
    let sent = body_text(&view.task).map_or(0, |body| body.len());
    piece_of((&view.shown().0, &view.task), (sent, number))
}

fn piece_of((task, whole): (&Value, &Value), (sent, number): (usize, usize)) -> Option<Body> {
    let shown = task.get("body")?;
    let hidden = Shown { value: shown, whole: whole.get("body") };
    if CallView::is_body_json(task) {
        Body::piece(hidden, (sent, number))
    } else {
        Body::piece_of_text(hidden, content_type(task).unwrap_or_default(), (sent, number))
    }
}

/// The headers without the one that names the credential, and that name.
fn apart(headers: impl IntoIterator<Item = (String, String)>) -> (Vec<(String, String)>, Option<String>) {
    let all = headers.into_iter();
    let (naming, others): (Vec<_>, Vec<_>) = all.partition(|(name, _)| name == CREDENTIAL_HEADER);
    (others, naming.into_iter().next().map(|(_, value)| value))
}

fn pairs(members: &Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    members.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// A list has a pair for each item, as it is sent.
fn query_pairs(members: &Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = |(name, value)| -> Vec<(String, String)> {
        values(value).iter().map(|value| (String::clone(name), text(value))).collect()
    };
    members.iter().flat_map(pairs).collect()
}

/// See [`CallView::line`].
#[derive(Template)]
#[template(path = "_call_line.html")]
pub struct Line<'a> {
    call: &'a CallView,
    is_small: bool,
}

impl Line<'_> {
    fn is_production(&self) -> bool {
        is_production(&self.call.label)
    }

    /// The host with places where a line may break, after dots only.
    fn host(&self) -> Breakable<'_> {
        Breakable(&self.call.host, &['.'])
    }

    fn path(&self) -> Breakable<'_> {
        Breakable(&self.call.path, &['/'])
    }

    fn query(&self) -> Breakable<'_> {
        Breakable(&self.call.query, &['?', '&', '='])
    }
}

impl HtmlSafe for Line<'_> {}

/// Whether a label or an environment's word means the real thing, which is drawn solid.
pub fn is_production(word: &str) -> bool {
    ["production", "prod", "live"].iter().any(|known| word.trim().eq_ignore_ascii_case(known))
}

/// A text with places where a line may break: after each of these characters, which a name or a number has not.
struct Breakable<'a>(&'a str, &'static [char]);

impl fmt::Display for Breakable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.0.split_inclusive(self.1).peekable();
        while let Some(part) = parts.next() {
            write_text(f, part)?;
            if parts.peek().is_some() {
                f.write_str("<wbr>")?;
            }
        }
        Ok(())
    }
}

impl HtmlSafe for Breakable<'_> {}
