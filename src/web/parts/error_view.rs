//! A page that says what went wrong: the words, what was written, and the ways on from there.

use actix_web::HttpRequest;
use askama::Template;

use crate::domain::actor::Actor;
use crate::http::middleware::reference;
use crate::web::html::filters;
use crate::web::page_error::ErrorWords;
use crate::web::parts::icons::Icon;
use crate::web::parts::layout::{Nav, Shell, has_any_permission};
use crate::web::sent_form::Typed;
use crate::web::sentences::errors::{self, WayOn};
use crate::web::session::ReturnTo;
use crate::web::{PageError, PageRequest};

/// The page of somebody who is signed in.
#[derive(Template)]
#[template(path = "error.html")]
pub struct FramedErrorPage<'a> {
    pub shell: Shell,
    pub view: &'a ErrorView<'a>,
}

/// The page of nobody.
#[derive(Template)]
#[template(path = "error_bare.html")]
pub struct BareErrorPage<'a> {
    pub environment: &'a str,
    pub style: &'static str,
    pub script: &'static str,
    pub view: &'a ErrorView<'a>,
}

/// What both pages show.
pub struct ErrorView<'a> {
    pub words: ErrorWords,
    /// What was written, by the ids of its fields.
    pub typed: Vec<(String, &'a Typed)>,
    pub link: Option<Way>,
    /// The way back to the org of the form.
    pub org: Option<OrgWay>,
    pub reference: String,
}

/// A link that leads on.
pub struct Way {
    pub icon: Icon,
    pub url: String,
    pub words: String,
}

/// A button that changes to another org of the session, and goes on to the page of the form.
pub struct OrgWay {
    pub org: String,
    pub to: String,
    pub csrf: String,
}

impl<'a> ErrorView<'a> {
    /// What is said of `error`, and where this person may go on.
    pub fn of(
        error: &'a PageError,
        mut words: ErrorWords,
        request: &HttpRequest,
        page: Option<&PageRequest>,
    ) -> Self {
        let with_id = |(at, one)| (format!("typed-{at}"), one);
        let actor = page.map(PageRequest::actor);
        words.lines.retain(|line| !line.is_empty());
        words.lines.extend(actor.and_then(without_permission));
        Self {
            words,
            typed: error.typed().iter().enumerate().map(with_id).collect(),
            link: way_on(error.bare(), request, actor),
            org: page.and_then(|page| way_to_org(error.bare(), request, page)),
            reference: reference(request),
        }
    }
}

/// Back to the org of the form that was sent.
fn way_to_org(error: &PageError, request: &HttpRequest, page: &PageRequest) -> Option<OrgWay> {
    let org = page.org_of_form(error)?;
    Some(OrgWay { org, to: ReturnTo::of(request).to_string(), csrf: page.session.csrf.clone() })
}

/// What to do for somebody who holds no permission.
fn without_permission(actor: &Actor) -> Option<String> {
    (!has_any_permission(actor)).then(|| errors::without_permission(&actor.org, &actor.person.user_id))
}

/// The first page that this person may open, unless this is that page.
fn way_on(error: &PageError, request: &HttpRequest, actor: Option<&Actor>) -> Option<Way> {
    if let PageError::SignIn { .. } = error {
        let words = errors::way_on(WayOn::SignIn);
        return Some(Way { icon: Icon::Key, url: ReturnTo::of(request).sign_in_url(), words });
    }
    let Some(actor) = actor else {
        let words = errors::way_on(WayOn::Start);
        return Some(Way { icon: Icon::Left, url: ReturnTo::home().to_string(), words });
    };
    if !has_any_permission(actor) {
        return None;
    }
    let home = Nav::home(actor);
    let words = errors::way_on(WayOn::List(home.name()));
    (request.path() != home.url()).then(|| Way { icon: Icon::Left, url: home.url(), words })
}
