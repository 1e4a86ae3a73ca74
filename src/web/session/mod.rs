//! Who is signed in: cookies, forms, and the ways to sign in.
//!
//! **Invariants:** a session's secret is made here, a new one at every sign-in, and never taken from a browser;
//! nothing changes by a GET but who is signed in and who opened which request; no token, code or secret is logged or shown.

pub mod cookie;
mod csrf;
mod demo;
mod form_page;
mod made_for;
mod return_to;

use actix_web::HttpRequest;

pub use csrf::{check_browser, check_form, check_person, check_start, is_from_own_page};
pub use demo::DemoPerson;
pub use form_page::{form_page, note_form_page};
pub use made_for::{MadeFor, NotFor};
pub use return_to::ReturnTo;

use super::{PageError, Web};
use crate::auth::oidc::Provider;
use crate::domain::actor::Actor;
use crate::domain::ids::OrgId;
use crate::domain::preferences::{Preferences, SavedView};
use crate::domain::zone::Zone;
use crate::engine::sessions::{LiveSession, SessionId, Use};

/// How people sign in.
#[derive(Debug, Default)]
pub enum SignIn {
    /// Not at all: there are no pages.
    #[default]
    Off,
    /// By one click, as one of these people. Only the demo has them.
    Demo(Vec<DemoPerson>),
    /// With an identity provider.
    Oidc(Box<Provider>),
}

/// A person who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Which session.
    pub id: SessionId,
    /// Who it is, in which org, and when the person signed in.
    pub actor: Actor,
    /// What every form of this session carries: the org and the account of its page, and the session's token.
    pub csrf: String,
    /// The org and the account of every page of this session, as it is now.
    pub made_for: MadeFor,
    token: String,
    /// Every org that the sign-in granted.
    pub orgs: Vec<OrgId>,
    /// Feed position when this page was read; later changes may be missing from it.
    pub position: String,
    /// The zone in which the person reads times.
    pub zone: Zone,
    /// The views that they saved in this org.
    pub views: Vec<SavedView>,
    /// As the engine knows it.
    pub live: LiveSession,
}

impl Session {
    /// The session of this HTTP request.
    ///
    /// # Errors
    /// [`PageError::SignIn`] if nobody is signed in.
    pub async fn of(web: &Web, request: &HttpRequest) -> Result<Self, PageError> {
        Self::find(web, request, Use::Page).await
    }

    /// The same for what a page does without the person, such as an event stream: it does not count as use of
    /// the session.
    pub async fn in_background(web: &Web, request: &HttpRequest) -> Result<Self, PageError> {
        Self::find(web, request, Use::Background).await
    }

    async fn find(web: &Web, request: &HttpRequest, counts_as: Use) -> Result<Self, PageError> {
        if matches!(*web.sign_in, SignIn::Off) {
            return Err(PageError::off());
        }
        let nobody = || PageError::sign_in(request);
        let secret = cookie::secret(request, cookie::SESSION).ok_or_else(nobody)?;
        let live =
            web.engine.find_session(cookie::session_id(&secret), counts_as).await?.ok_or_else(nobody)?;
        let actor = live.actor(request.peer_addr().map(|address| address.ip().to_string()));
        let span = tracing::Span::current();
        span.record("org", actor.org.as_str());
        span.record("actor", actor.person.user_id.as_str());
        let position = web.engine.current_position(&actor.org);
        let (made_for, token) = (MadeFor::of(&actor), secret.form_token());
        let Preferences { zone, views } = live.preferences.clone();
        let zone = zone.unwrap_or(Zone::Offset(web.offset));
        Ok(Self {
            position,
            id: live.id,
            actor,
            csrf: made_for.mark(&token),
            made_for,
            token,
            orgs: live.granted.orgs.clone(),
            zone,
            views,
            live,
        })
    }
}
