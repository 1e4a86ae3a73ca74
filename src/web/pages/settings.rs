//! What people set for themselves: the zone of their times, and the views that they saved.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use crate::domain::preferences::{SAVED_VIEWS_MAX, SavedView, ViewName};
use crate::domain::zone::Zone;
use crate::engine::preferences::ViewSaving;
use crate::http::body::UnreadBody;
use crate::http::query::given_once;
use crate::web::html::filters;
use crate::web::parts::came_from::{CameFrom, FROM};
use crate::web::parts::format::Time;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::sentences::labels::servers_zone;
use crate::web::sentences::{view_name_fault, views_are_full};
use crate::web::{Page, PageError, PageRequest, see_other, show};

/// The zone of the page as one of many to choose from.
pub struct ZoneChoice {
    /// Its name in the IANA database; empty for the server's.
    pub name: &'static str,
    /// What the list calls it.
    pub words: String,
    /// Whether it is the one in use.
    pub is_chosen: bool,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsTemplate {
    shell: Shell,
    zones: Vec<ZoneChoice>,
    /// What a clock there shows now.
    now: Time,
    saving: Option<Saving>,
}

/// A view that is to be saved.
struct Saving {
    /// The list, with its filter.
    from: CameFrom,
    name: String,
    /// Why it was not saved; empty before anybody tried.
    fault: String,
}

/// The form that names a view, or forgets one.
#[derive(Deserialize)]
pub struct ViewForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    name: String,
}

/// The form of the zone.
#[derive(Deserialize)]
pub struct ZoneForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    zone: String,
}

/// `GET /ui/settings`; with `from`, the name for a view of that list is asked for.
pub async fn page(page: PageRequest) -> Page {
    let from = given_once(&page.http, FROM).as_deref().and_then(CameFrom::read);
    let saving = from.map(|from| Saving { from, name: String::new(), fault: String::new() });
    render(&page, StatusCode::OK, saving).await
}

/// `POST /ui/settings/zone`
pub async fn zone(page: PageRequest, body: UnreadBody) -> Page {
    let form: ZoneForm = body.read_form(&page.http).await?;
    page.check_person(&form.csrf)?;
    let zone = Zone::parse(&form.zone);
    if zone.is_none() && !form.zone.is_empty() {
        return Err(PageError::NotFound);
    }
    page.engine().set_zone(page.actor(), zone).await?;
    Ok(see_other(&Nav::Settings.url()))
}

/// `POST /ui/settings/views`
pub async fn save_view(page: PageRequest, body: UnreadBody) -> Page {
    let form: ViewForm = body.read_form(&page.http).await?;
    page.check_form(&form.csrf)?;
    let from = CameFrom::read(&form.from).ok_or(PageError::NotFound)?.at_its_beginning();
    let fault = match ViewName::parse(&form.name) {
        None => view_name_fault(),
        Some(name) => {
            let view = SavedView { name, path: from.word() };
            match page.engine().save_view(page.actor(), view).await? {
                ViewSaving::Saved => return Ok(see_other(&from.url())),
                ViewSaving::Full => views_are_full(),
            }
        }
    };
    let saving = Saving { from, name: form.name, fault };
    render(&page, StatusCode::UNPROCESSABLE_ENTITY, Some(saving)).await
}

/// `POST /ui/settings/views/forget`
pub async fn forget_view(page: PageRequest, body: UnreadBody) -> Page {
    let form: ViewForm = body.read_form(&page.http).await?;
    page.check_form(&form.csrf)?;
    let name = ViewName::parse(&form.name).ok_or(PageError::NotFound)?;
    page.engine().forget_view(page.actor(), name).await?;
    Ok(see_other(&Nav::Settings.url()))
}

async fn render(page: &PageRequest, status: StatusCode, saving: Option<Saving>) -> Page {
    let (when, server) = (page.when, Zone::Offset(page.web.offset));
    let shell = Shell::of(page, Nav::Settings).await?;
    let choice = |name, words| ZoneChoice {
        name,
        words,
        is_chosen: page.session.zone.name().unwrap_or_default() == name,
    };
    let named = Zone::names().map(|name| choice(name, name.replace('_', " ")));
    let zones = std::iter::once(choice("", servers_zone(&server.to_string()))).chain(named).collect();
    show(status, &SettingsTemplate { shell, zones, now: when.moment(when.now()), saving })
}

impl SettingsTemplate {
    /// The most views of a person in an org.
    fn views_max(&self) -> usize {
        SAVED_VIEWS_MAX
    }

    /// The most characters of a view's name.
    fn name_chars_max(&self) -> usize {
        ViewName::CHARS_MAX
    }

    /// Whether there is something wrong with what was sent.
    fn has_fault(&self) -> bool {
        self.saving.as_ref().is_some_and(|saving| !saving.fault.is_empty())
    }
}
