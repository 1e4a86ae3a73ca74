//! What every page has around it: who is signed in, in which org and environment, and where they can go.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::Method;
use serde::Deserialize;

use crate::domain::actor::{Actor, Permission};
use crate::domain::preferences::SavedView;
use crate::domain::waiting::WaitingRequest;
use crate::http::body::UnreadBody;
use crate::http::query::{escaped, given_once};
use crate::web::parts::call_view::is_production;
use crate::web::parts::came_from::{CameFrom, FROM};
use crate::web::parts::format::When;
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::Acting;
use crate::web::session::ReturnTo;
use crate::web::{BASE, Page, PageError, PageRequest, assets, see_other};

pub use crate::web::parts::nav::Nav;

/// One line of the rail.
pub struct RailItem {
    pub url: String,
    pub name: &'static str,
    pub is_current: bool,
    /// How many there are, and under which name the script finds the number.
    pub count: Option<(&'static str, String)>,
}

/// A part of the rail.
pub struct RailPart {
    pub name: &'static str,
    pub items: Vec<RailItem>,
}

/// A saved view in the rail.
pub struct ViewLink {
    pub name: String,
    pub url: String,
    /// Whether the page shows it, at whatever place in its list.
    pub is_current: bool,
}

/// What every page has around it.
pub struct Shell {
    /// Who is signed in.
    pub name: String,
    /// Their account; empty if it says no more than the name.
    pub account: String,
    pub org: String,
    /// The other orgs that the person may switch to.
    pub orgs: Vec<String>,
    /// The name of the environment; empty for none.
    pub environment: String,
    /// Whether the environment is the real one.
    pub is_production: bool,
    /// What every form carries.
    pub csrf: String,
    /// The org and the account that the page is made for: words kept in a browser belong to them.
    pub made_for: String,
    /// The first requests that the person may decide now, in the order of the inbox.
    pub waiting: Vec<WaitingRequest>,
    pub rail: Vec<RailPart>,
    /// The views that the person saved in this org.
    pub views: Vec<ViewLink>,
    /// The place of the page, with its query.
    pub list: CameFrom,
    /// What was searched for; empty elsewhere.
    pub searched: String,
    /// `light`, `dark`, or empty for the system's own.
    pub theme: &'static str,
    /// Path and query of the page, to come back to.
    pub here: String,
    pub style: &'static str,
    pub script: &'static str,
    /// Whether the person sees more than their own requests.
    pub sees_all: bool,
    /// Whether files of the rules can't be used.
    pub rules_stale: bool,
    /// What people are called on the page.
    pub names: Names,
    pub when: When,
    /// Feed position from which the page subscribes to changes.
    pub position: String,
}

/// The cookie with the theme; it holds no secret.
pub const THEME_COOKIE: &str = "countersign-theme";

impl Shell {
    /// As whom the person of this page acts, where they sign nothing.
    pub fn acting(&self) -> Acting {
        Acting::of(Who { name: self.name.clone(), account: self.account.clone() }, &self.org)
    }

    /// Everything around a page, with `nav` marked in the rail.
    pub async fn of(page: &PageRequest, nav: Nav) -> Result<Self, PageError> {
        let waiting = if page.actor().may(Permission::Check) {
            page.engine().waiting(page.actor(), COUNTED_MAX + 1).await?
        } else {
            Vec::new()
        };
        Ok(Self::around(page, nav, waiting))
    }

    /// The same, where the page knows itself what this person may decide now: at least the first of it.
    pub fn around(page: &PageRequest, nav: Nav, mut waiting: Vec<WaitingRequest>) -> Self {
        let PageRequest { web, http, session, when } = page;
        let actor = &session.actor;
        let (names, list) = (page.names(), CameFrom::list(nav, http.query_string()));
        let who = names.who(&actor.person);
        waiting.truncate(COUNTED_MAX + 1);
        let theme = match http.cookie(THEME_COOKIE).as_ref().map(|cookie| cookie.value().to_owned()) {
            Some(value) if value == "dark" => "dark",
            Some(value) if value == "light" => "light",
            Some(_) | None => "",
        };
        Self {
            name: who.name,
            account: who.account,
            names,
            org: actor.org.to_string(),
            orgs: session.orgs.iter().filter(|org| **org != actor.org).map(ToString::to_string).collect(),
            environment: web.environment.clone(),
            is_production: is_production(&web.environment),
            csrf: session.csrf.clone(),
            made_for: session.made_for.to_string(),
            rail: rail(actor, nav, waiting.len()),
            views: views(&session.views, &list),
            list,
            searched: given_once(http, "q").filter(|_| nav == Nav::Search).unwrap_or_default(),
            waiting,
            theme,
            here: here(http),
            style: &assets::STYLE.path,
            script: &assets::SCRIPT.path,
            sees_all: actor.sees_all(),
            rules_stale: !web.engine.stale_rules().is_empty(),
            position: session.position.clone(),
            when: *when,
        }
    }
}

impl Shell {
    /// Where the list of this page gets a name to be found by.
    pub fn save_view_url(&self) -> String {
        format!("{}?{FROM}={}", Nav::Settings.url(), escaped(&self.list.at_its_beginning().word()))
    }

    /// Whether this is the page of the person's settings.
    pub fn is_settings(&self) -> bool {
        self.list.nav() == Nav::Settings
    }

    /// How many requests the person may decide now, as the rail says it.
    pub fn waiting_count(&self) -> String {
        counted(self.waiting.len())
    }
}

/// Where a form of this page leads back to: a form's own address has no page.
fn here(request: &HttpRequest) -> String {
    let is_page = request.method() == Method::GET;
    let path = request.uri().path_and_query().filter(|_| is_page);
    path.map_or_else(|| BASE.to_owned(), ToString::to_string)
}

/// `POST /ui/theme`
pub async fn theme(page: PageRequest, body: UnreadBody) -> Page {
    let form: ThemeForm = body.read_form(&page.http).await?;
    page.check_person(&form.csrf)?;
    let cookie = Cookie::build(THEME_COOKIE, form.theme.clone()).path(BASE).http_only(true);
    let mut cookie = cookie.same_site(SameSite::Lax).max_age(Duration::days(365)).finish();
    if !["light", "dark"].contains(&form.theme.as_str()) {
        cookie.make_removal();
    }
    let mut response = see_other(ReturnTo::read(&form.to).as_str());
    response.add_cookie(&cookie).map_err(|error| PageError::broken(error.to_string()))?;
    Ok(response)
}

/// What the form of the colours brings.
#[derive(Deserialize)]
pub struct ThemeForm {
    csrf: String,
    theme: String,
    to: String,
}

/// A number up to which the rail counts.
pub const COUNTED_MAX: usize = 99;

/// `7`, or `99+`.
pub fn counted(count: usize) -> String {
    if count > COUNTED_MAX { format!("{COUNTED_MAX}+") } else { count.to_string() }
}

fn views(saved: &[SavedView], list: &CameFrom) -> Vec<ViewLink> {
    let here = list.at_its_beginning();
    let link = |view: &SavedView| {
        let list = CameFrom::read(&view.path)?;
        Some(ViewLink { name: view.name.as_str().to_owned(), url: list.url(), is_current: list == here })
    };
    saved.iter().filter_map(link).collect()
}

fn rail(actor: &Actor, nav: Nav, waiting: usize) -> Vec<RailPart> {
    let item = |to: Nav| RailItem {
        url: to.url(),
        name: to.name(),
        is_current: to == nav,
        count: (to == Nav::NeedsMe).then(|| ("needs_me", counted(waiting))),
    };
    let mut parts = Vec::new();
    let mut part = |name, places: &[Nav]| {
        parts.push(RailPart { name, items: places.iter().copied().map(item).collect() });
    };
    if actor.may(Permission::Check) {
        part("Decide", &[Nav::NeedsMe, Nav::MyGroups, Nav::Decided]);
    }
    if actor.may(Permission::Make) {
        part("Submit", &[Nav::New, Nav::Mine]);
    }
    if actor.may(Permission::Audit) {
        part(
            "Prove",
            &[
                Nav::History,
                Nav::Unknown,
                Nav::OrgTrail,
                Nav::Refusals,
                Nav::Pairs,
                Nav::Deliveries,
                Nav::Types,
            ],
        );
    } else if has_any_permission(actor) {
        part("Prove", &[Nav::History, Nav::Unknown, Nav::Types]);
    }
    parts
}

/// Whether anything at all is granted to this person.
pub fn has_any_permission(actor: &Actor) -> bool {
    Permission::ALL.into_iter().any(|permission| actor.may(permission))
}
