//! What went wrong, as a page: what is true, what it means, the one next step.

use std::fmt;

use actix_web::http::header::RETRY_AFTER;
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::sent_form::Typed;
use super::{BASE, Icon, Web, assets};
use crate::engine::{Engine, EngineError};
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::web::html::filters;

/// Why a page could not be shown, or a form not be carried out.
#[derive(Debug)]
pub enum PageError {
    /// Nobody is signed in; after signing in, the browser comes back to `to`.
    SignIn {
        /// Path and query of the page that was asked for.
        to: String,
        /// Whether a form was sent, which is lost now.
        is_form: bool,
    },
    /// The form is not one of this session's, or comes from another site.
    Form,
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

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    environment: &'a str,
    style: &'static str,
    script: &'static str,
    icon: Icon,
    title: String,
    text: Vec<String>,
    link: Option<(String, &'static str)>,
    reference: String,
    /// What was written, by the ids of its fields.
    typed: Vec<(String, &'a Typed)>,
}

impl PageError {
    /// Nobody is signed in.
    pub fn sign_in(request: &HttpRequest) -> Self {
        let is_form = request.method() != Method::GET && request.method() != Method::HEAD;
        let to = if is_form {
            // The page of the form; a decision's form is on two pages, and the request is above both.
            request.path().trim_end_matches("/decide").to_owned()
        } else {
            request.uri().path_and_query().map(ToString::to_string).unwrap_or_default()
        };
        Self::SignIn { to, is_form }
    }

    /// A refusal with a message for this case alone.
    pub fn forbidden(title: &str, text: &str) -> Self {
        Self::Message { status: StatusCode::FORBIDDEN, title: title.to_owned(), text: text.to_owned() }
    }

    /// There is no way to sign in, and so there are no pages.
    pub fn off() -> Self {
        Self::Message {
            status: StatusCode::NOT_FOUND,
            title: "There are no pages here.".to_owned(),
            text: "Nobody can sign in: the operators have named no identity provider (web.oidc_issuer)."
                .to_owned(),
        }
    }

    /// Something broke here; the cause is for the log only.
    pub fn broken(cause: String) -> Self {
        Self::Refused(ApiError::internal(cause))
    }

    /// The answer, as a page.
    pub fn answer(&self, request: &HttpRequest, web: Option<&Web>) -> HttpResponse {
        if let Self::SignIn { to, is_form: false } = self {
            return super::see_other(&sign_in_url(to));
        }
        let reference = reference(request);
        self.note(web);
        let page = self.page(web, &reference);
        let html = page.render().unwrap_or_else(|_| page.title.to_string());
        let mut response = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, Engine::BUSY_RETRY_AFTER.as_secs().to_string()));
        }
        response.content_type("text/html; charset=utf-8").body(html)
    }

    /// Logs and counts it, as the API does.
    fn note(&self, web: Option<&Web>) {
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
            Self::SignIn { .. } | Self::Form | Self::NotFound | Self::Unreadable | Self::Message { .. } => {
                tracing::info!(error = %self, status, "a page was refused");
            }
        }
    }

    fn page<'a>(&'a self, web: Option<&'a Web>, reference: &str) -> ErrorPage<'a> {
        if let Self::Kept { error, typed } = self {
            let with_id = |(at, one)| (format!("typed-{at}"), one);
            let typed = typed.iter().enumerate().map(with_id).collect();
            return ErrorPage { typed, ..error.page(web, reference) };
        }
        let (icon, title, text) = self.words();
        let home = || Some((BASE.to_owned(), "Back to the start"));
        let link = match self {
            Self::SignIn { to, .. } => Some((sign_in_url(to), "Sign in and go back there")),
            Self::Form
            | Self::NotFound
            | Self::Unreadable
            | Self::Refused(_)
            | Self::Message { .. }
            | Self::Kept { .. } => home(),
        };
        ErrorPage {
            environment: web.map_or("", |web| web.environment.as_str()),
            style: &assets::STYLE.path,
            script: &assets::SCRIPT.path,
            icon,
            title,
            text,
            link,
            reference: reference.to_owned(),
            typed: Vec::new(),
        }
    }

    fn words(&self) -> (Icon, String, Vec<String>) {
        let message = |icon, title: &str, text: &str| (icon, title.to_owned(), vec![text.to_owned()]);
        match self {
            Self::Kept { error, .. } => error.words(),
            Self::SignIn { .. } => message(
                Icon::Key,
                "You were signed out. Nothing was recorded.",
                "Sign in and go back to where you were. Copy what you wrote, if it is shown here.",
            ),
            Self::Form => message(
                Icon::Warn,
                "This form is too old, or comes from another place. Nothing was recorded.",
                "Go back, read the page again, and send the form from there.",
            ),
            Self::NotFound => message(
                Icon::Info,
                "There is no such thing for you.",
                "It does not exist, or it belongs to another org.",
            ),
            Self::Unreadable => message(Icon::Warn, "This call can't be read. Nothing was recorded.", ""),
            Self::Message { title, text, .. } => message(Icon::Info, title, text),
            Self::Refused(error) => {
                let title = match self.status_code() {
                    StatusCode::SERVICE_UNAVAILABLE => "Countersign can't do this right now.",
                    StatusCode::INTERNAL_SERVER_ERROR => "Something broke here.",
                    _ => "This was not done.",
                };
                (
                    Icon::Warn,
                    title.to_owned(),
                    error.items().iter().map(|item| item.message.clone()).collect(),
                )
            }
        }
    }
}

/// The sign-in page, from which the browser goes on to `to`.
fn sign_in_url(to: &str) -> String {
    let to = percent_encoding::utf8_percent_encode(to, percent_encoding::NON_ALPHANUMERIC);
    format!("{BASE}/sign-in?to={to}")
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignIn { .. } => f.write_str("not signed in"),
            Self::Form => f.write_str("the form was not accepted"),
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
            Self::SignIn { is_form: false, .. } => StatusCode::SEE_OTHER,
            Self::SignIn { is_form: true, .. } => StatusCode::UNAUTHORIZED,
            Self::Form => StatusCode::FORBIDDEN,
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
