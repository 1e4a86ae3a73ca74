//! What every page's handler gets: what the pages share, the HTTP request, and who sent it.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, ResponseError, web};
use futures_util::future::LocalBoxFuture;

use super::parts::format::When;
use super::parts::who::Names;
use super::session::{NotFor, Session, check_form, check_person};
use super::{PageError, Web};
use crate::domain::actor::{Actor, Person};
use crate::domain::ids::OrgId;
use crate::engine::{Engine, EngineError, Origin};
use crate::http::error::ApiError;
use crate::http::middleware::reference;

/// An HTTP request for a page by a person who is signed in. A handler that takes one is never called
/// otherwise: the browser is sent to the sign-in page.
pub struct PageRequest {
    /// What the pages share.
    pub web: web::Data<Web>,
    /// The HTTP request.
    pub http: HttpRequest,
    /// Who is signed in.
    pub session: Session,
    /// The time of the page: every relative time on it is counted from here.
    pub when: When,
}

impl PageRequest {
    /// Finds out who is signed in.
    ///
    /// # Errors
    /// [`PageError::SignIn`] if nobody is.
    pub async fn of(web: web::Data<Web>, http: HttpRequest) -> Result<Self, PageError> {
        let session = Session::of(&web, &http).await?;
        let when = When::at(web.engine.clock().now(), session.zone);
        Ok(Self { web, http, session, when })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.web.engine
    }

    /// The person, in the org that they have chosen.
    pub fn actor(&self) -> &Actor {
        &self.session.actor
    }

    /// What people are called.
    pub fn names(&self) -> Names {
        Names::of(self.engine())
    }

    /// What this person is called.
    pub fn name_of(&self, person: &Person) -> String {
        self.names().name(person)
    }

    /// Refuses a form that was not sent from one of our own pages of this session, or that was made for somebody else or
    /// another org than are signed in now.
    ///
    /// # Errors
    /// [`PageError::Form`] or [`PageError::NotFor`].
    pub fn check_form(&self, csrf: &str) -> Result<(), PageError> {
        check_form(&self.web, &self.http, &self.session, csrf)
    }

    /// The same for a form that does the same in every org of the session.
    ///
    /// # Errors
    /// As [`Self::check_form`].
    pub fn check_person(&self, csrf: &str) -> Result<(), PageError> {
        check_person(&self.web, &self.http, &self.session, csrf)
    }

    /// The org of a form that was made for another one than this, if the session grants it.
    pub fn org_of_form(&self, why: &PageError) -> Option<String> {
        let PageError::NotFor(NotFor::Org { made_for }) = why else { return None };
        self.session.orgs.iter().any(|granted| granted.as_str() == made_for).then(|| made_for.clone())
    }

    /// Changes the org of the session, for its next pages.
    ///
    /// # Errors
    /// The session does not grant it.
    pub async fn change_org(&self, org: &OrgId) -> Result<(), PageError> {
        self.engine().switch_org(&self.session.live, org).await?;
        self.web.live.end(self.session.id);
        Ok(())
    }

    /// What the engine refused, for a page that shows it and keeps what was written; counted and logged as `event`.
    ///
    /// # Errors
    /// There is no such request, or the server failed: that is a page of its own.
    pub fn take_refusal(
        &self,
        error: EngineError,
        event: &'static str,
    ) -> Result<(ApiError, StatusCode), PageError> {
        let error = ApiError::from(error);
        let status = error.status_code();
        if status == StatusCode::NOT_FOUND || error.cause().is_some() {
            return Err(error.into());
        }
        for code in error.codes() {
            self.engine().metrics().refused(code);
        }
        tracing::info!(codes = %error, status = status.as_u16(), "{event}");
        Ok((error, status))
    }

    /// The reference under which the log has this HTTP request.
    pub fn reference(&self) -> String {
        reference(&self.http)
    }

    /// Where a command that this HTTP request brings comes from.
    pub fn origin(&self) -> Origin {
        Origin::of(self.actor(), &self.reference())
    }
}

impl FromRequest for PageRequest {
    type Error = PageError;
    type Future = LocalBoxFuture<'static, Result<Self, PageError>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (http, web) = (http.clone(), http.app_data::<web::Data<Web>>().cloned());
        Box::pin(async move {
            let web = web.ok_or_else(|| PageError::broken("the server has no pages".to_owned()))?;
            Self::of(web, http).await
        })
    }
}
