//! What went wrong, as a page: what is true, what it means, the one next step.

use std::fmt;

use actix_web::http::header::RETRY_AFTER;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

use super::parts::error_view::{BareErrorPage, ErrorView, FramedErrorPage};
use super::sent_form::Typed;
use super::sentences::errors::{self, NotDone};
use super::session::{NotFor, ReturnTo, form_page};
use super::{Icon, Nav, PageRequest, Shell, Web, assets};
use crate::domain::code::Code;
use crate::engine::{Engine, EngineError};
use crate::http::error::ApiError;

/// Why a page could not be shown, or a form not be carried out.
#[derive(Debug)]
pub enum PageError {
    /// Nobody is signed in. After signing in, the browser comes back to the page that was asked for.
    SignIn {
        /// Whether a form was sent, which is lost now.
        is_form: bool,
    },
    /// The form is not one of this session's, or comes from another site.
    Form,
    /// The form was made for somebody else, or for another org, than are signed in now.
    NotFor(NotFor),
    /// It does not exist, or this person may not see it.
    NotFound,
    /// The call can't be read.
    Unreadable,
    /// The engine refused it, or a parameter is wrong.
    Refused(ApiError),
    /// A message for this case alone.
    Message {
        /// The status.
        status: StatusCode,
        /// What is true.
        title: String,
        /// What it means and what to do.
        text: String,
    },
    /// Any of them, after a form was sent: what was written is shown.
    Kept {
        /// What went wrong.
        error: Box<Self>,
        /// What was written.
        typed: Vec<Typed>,
    },
}

/// What a page says of an error.
pub struct ErrorWords {
    /// Beside the title.
    pub icon: Icon,
    /// What is true.
    pub title: String,
    /// What it means and what to do.
    pub lines: Vec<String>,
}

impl ErrorWords {
    fn new(icon: Icon, (title, line): (impl Into<String>, impl Into<String>)) -> Self {
        Self { icon, title: title.into(), lines: vec![line.into()] }
    }
}

impl PageError {
    /// Nobody is signed in.
    pub fn sign_in(request: &HttpRequest) -> Self {
        Self::SignIn { is_form: is_form(request) }
    }

    /// A refusal with a message for this case alone.
    pub fn forbidden(words: (&str, &str)) -> Self {
        Self::message(StatusCode::FORBIDDEN, words)
    }

    /// A message for this case alone: what is true, and what it means.
    pub fn message(status: StatusCode, (title, text): (&str, &str)) -> Self {
        Self::Message { status, title: title.to_owned(), text: text.to_owned() }
    }

    /// There is no way to sign in, and so there are no pages.
    pub fn off() -> Self {
        Self::message(StatusCode::NOT_FOUND, errors::NO_PAGES)
    }

    /// Something broke here; the cause is for the log only.
    pub fn broken(cause: String) -> Self {
        Self::Refused(ApiError::internal(cause))
    }

    /// The answer, as a page: with everything around it that this person's pages have, if somebody is signed in.
    pub async fn answer(&self, request: &HttpRequest, web: Option<&web::Data<Web>>) -> HttpResponse {
        if let Self::SignIn { is_form: false } = self {
            return super::see_other(&ReturnTo::of(request).sign_in_url());
        }
        self.note(web);
        let signed_in = self.signed_in(request, web).await;
        let page = signed_in.as_ref().map(|(page, _)| page);
        let view = ErrorView::of(self, self.words(request, page), request, page);
        let html = match signed_in {
            Some((_, shell)) => FramedErrorPage { shell, view: &view }.render(),
            None => {
                let environment = web.map_or("", |web| web.environment.as_str());
                let (style, script) = (&assets::STYLE.path, &assets::SCRIPT.path);
                BareErrorPage { environment, style, script, view: &view }.render()
            }
        };
        let html = html.unwrap_or_else(|_| view.words.title.clone());
        let mut response = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, Engine::BUSY_RETRY_AFTER.as_secs().to_string()));
        }
        response.content_type("text/html; charset=utf-8").body(html)
    }

    /// Who is signed in, and what their pages have around them. A server that fails is asked no more.
    async fn signed_in(
        &self,
        request: &HttpRequest,
        web: Option<&web::Data<Web>>,
    ) -> Option<(PageRequest, Shell)> {
        if self.status_code().is_server_error() || self.status_code() == StatusCode::UNAUTHORIZED {
            return None;
        }
        let page = PageRequest::of(web?.clone(), request.clone()).await.ok()?;
        let shell = Shell::of(&page, Nav::Elsewhere).await.ok()?;
        Some((page, shell))
    }

    /// What was written in the form that led here.
    pub fn typed(&self) -> &[Typed] {
        if let Self::Kept { typed, .. } = self { typed } else { &[] }
    }

    /// Without what was written.
    pub fn bare(&self) -> &Self {
        if let Self::Kept { error, .. } = self { error.bare() } else { self }
    }

    /// Logs and counts it, as the API does.
    fn note(&self, web: Option<&web::Data<Web>>) {
        let status = self.status_code().as_u16();
        match self {
            Self::Kept { error, .. } => error.note(web),
            Self::Refused(error) => {
                for code in error.codes() {
                    if let Some(web) = web {
                        web.engine.metrics().refused(code);
                    }
                }
                match error.cause() {
                    Some(cause) => tracing::error!(cause, "a page failed here"),
                    None => tracing::info!(codes = %error, status, "a page was refused"),
                }
            }
            Self::SignIn { .. }
            | Self::Form
            | Self::NotFor(_)
            | Self::NotFound
            | Self::Unreadable
            | Self::Message { .. } => {
                tracing::info!(error = %self, status, "a page was refused");
            }
        }
    }

    /// What a page says of it. `page` is who is signed in, if that is known.
    pub fn words(&self, request: &HttpRequest, page: Option<&PageRequest>) -> ErrorWords {
        match self {
            Self::Kept { error, .. } => error.words(request, page),
            Self::SignIn { .. } => ErrorWords::new(Icon::Key, errors::SIGNED_OUT),
            Self::Form => ErrorWords::new(Icon::Warn, errors::FOREIGN_FORM),
            Self::NotFor(why) => {
                let actor = page.map(PageRequest::actor);
                let words = match why {
                    NotFor::Org { made_for } => errors::not_for_org(actor.map(|now| &now.org), made_for),
                    NotFor::Account | NotFor::Unknown => {
                        let name = page.map(|page| page.name_of(&page.actor().person));
                        errors::not_for_person(name.as_deref())
                    }
                };
                ErrorWords::new(Icon::Warn, words)
            }
            Self::NotFound => ErrorWords::new(Icon::Info, errors::NOT_FOUND),
            Self::Unreadable => ErrorWords::new(Icon::Warn, errors::UNREADABLE),
            Self::Message { title, text, .. } => ErrorWords::new(Icon::Info, (title.as_str(), text.as_str())),
            Self::Refused(error) => {
                let is_permission = error.codes().contains(&Code::PermissionMissing);
                let why = match self.status_code() {
                    StatusCode::SERVICE_UNAVAILABLE => NotDone::NotNow,
                    StatusCode::INTERNAL_SERVER_ERROR => NotDone::Broken,
                    _ if is_permission && !is_form(request) => NotDone::NotYourPage,
                    _ => NotDone::Refused,
                };
                let lines = error.items().iter().map(|item| item.message.clone()).collect();
                ErrorWords { icon: Icon::Warn, title: errors::not_done(why).to_owned(), lines }
            }
        }
    }
}

/// Whether a form was sent, and not just a page asked for.
fn is_form(request: &HttpRequest) -> bool {
    request.method() != Method::GET && request.method() != Method::HEAD
}

impl ReturnTo {
    /// The page that was asked for, or the page of the form that was sent.
    pub fn of(request: &HttpRequest) -> Self {
        if is_form(request) {
            return form_page(request);
        }
        Self::read(request.uri().path_and_query().map_or("", |asked| asked.as_str()))
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn { .. } => f.write_str("not signed in"),
            Self::Form => f.write_str("the form was not accepted"),
            Self::NotFor(NotFor::Org { .. }) => f.write_str("the form was made for another org"),
            Self::NotFor(NotFor::Account | NotFor::Unknown) => {
                f.write_str("the form was made for another person")
            }
            Self::NotFound => f.write_str("not found"),
            Self::Unreadable => f.write_str("unreadable"),
            Self::Refused(error) => error.fmt(f),
            Self::Message { title, .. } => f.write_str(title),
            Self::Kept { error, .. } => error.fmt(f),
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn { is_form: false } => StatusCode::SEE_OTHER,
            Self::SignIn { is_form: true } => StatusCode::UNAUTHORIZED,
            Self::Form => StatusCode::FORBIDDEN,
            Self::NotFor(_) => StatusCode::CONFLICT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Refused(error) => error.status_code(),
            Self::Message { status, .. } => *status,
            Self::Kept { error, .. } => error.status_code(),
        }
    }

    /// Rendered again, as a page, by the middleware that knows the server.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<EngineError> for PageError {
    fn from(error: EngineError) -> Self {
        Self::from(ApiError::from(error))
    }
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        if error.status_code() == StatusCode::NOT_FOUND { Self::NotFound } else { Self::Refused(error) }
    }
}
