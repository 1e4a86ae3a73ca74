//! The pages: rendered on the server, and one of the ways into the engine, like the API.
//!
//! A handler takes a [`PageRequest`], reads its parameters, calls the engine once and renders one template.
//! **Invariant:** nothing here decides who may do what, and nothing here knows the store: pages ask the engine,
//! as the API does.
//! Everything that reads and every single decision works without script. A GET never changes a request: that somebody
//! opened one is kept beside it, by the engine and in the background.

pub mod assets;
mod form;
mod form_key;
pub mod headers;
mod html;
mod page_error;
pub mod page_request;
pub mod pages;
mod parts;
#[cfg(test)]
mod sample;
mod sent_form;
mod sentences;
pub mod session;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::LOCATION;
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::FixedOffset;
use tokio::sync::watch;

pub(crate) use html::filters;
pub use page_error::PageError;
pub use page_request::PageRequest;
pub(crate) use parts::icons::Icon;
pub(crate) use parts::layout::{Nav, Shell};

use crate::engine::Engine;
use crate::http::error::ApiError;
use pages::{
    body, bulk, comment, decide, deliveries, event_stream, history, inbox, new_request, org_trail, pairs,
    refusals, request, request_lists, request_types, revision, search, send_back, settings, settle, sign_in,
    submit_again, trail,
};
use parts::layout;
use session::SignIn;

/// Where the pages begin.
pub const BASE: &str = "/ui";

/// What a page's handler returns.
pub type Page = Result<HttpResponse, PageError>;

/// What the pages share.
#[derive(Clone)]
pub struct Web {
    /// Everything that is stored, and every rule.
    pub engine: Engine,
    /// How people sign in.
    pub sign_in: Arc<SignIn>,
    /// Scheme, host and port under which browsers know this server; the host that the browser named if absent.
    pub public_origin: Option<String>,
    /// A word for the header, such as Production; empty for none.
    pub environment: String,
    /// The offset in which times are written.
    pub offset: FixedOffset,
    /// How long the answer to a decision waits for the outcome.
    pub decision_wait: Duration,
    /// Turns true when the server is about to stop.
    pub stopping: watch::Receiver<bool>,
    /// The event streams that are open.
    pub live: Arc<event_stream::Live>,
}

/// Serves the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    let get_only = || async { Err::<HttpResponse, _>(ApiError::method_not_allowed("GET")) };
    let bare = web::resource("/").route(web::get().to(|| async { see_other(BASE) }));
    config.service(bare.default_service(web::to(get_only)));
    let pages = web::scope(BASE)
        .wrap(from_fn(headers::around_each_page))
        .route("", web::get().to(home))
        .route("/needs-me", web::get().to(inbox::needs_me))
        .route("/my-groups", web::get().to(request_lists::my_groups))
        .route("/decided", web::get().to(request_lists::decided))
        .route("/mine", web::get().to(request_lists::mine))
        .route("/unknown", web::get().to(request_lists::unknown))
        .route("/requests/{id}", web::get().to(request::page))
        .route("/requests/{id}/body", web::get().to(body::of_request))
        .route("/requests/{id}/body/file", web::get().to(body::file_of_request))
        .route("/requests/{id}/curl", web::get().to(body::curl))
        .route("/requests/{id}/approve", web::get().to(decide::approve_step))
        .route("/requests/{id}/reject", web::get().to(decide::reject_step))
        .route("/requests/{id}/withdraw", web::get().to(decide::withdraw_step))
        .route("/requests/{id}/withdraw", web::post().to(decide::withdraw))
        .route("/requests/{id}/decide", web::post().to(decide::decide))
        .route("/requests/{id}/send-back", web::get().to(send_back::step))
        .route("/requests/{id}/send-back", web::post().to(send_back::send_back))
        .route("/requests/{id}/resubmit", web::get().to(new_request::resubmit::step))
        .route("/requests/{id}/resubmit", web::post().to(new_request::resubmit::submit))
        .route("/requests/{id}/comments", web::post().to(comment::comment))
        .route("/requests/{id}/revisions/{number}", web::get().to(revision::page))
        .route("/requests/{id}/revisions/{number}/body", web::get().to(revision::body))
        .route("/requests/{id}/revisions/{number}/body/file", web::get().to(revision::body_file))
        .route("/requests/{id}/settle", web::post().to(settle::settle))
        .route("/requests/{id}/submit-again", web::get().to(submit_again::step))
        .route("/requests/{id}/submit-again", web::post().to(submit_again::submit))
        .route("/requests/{id}/probe", web::post().to(settle::probe))
        .route("/requests/{id}/trail", web::get().to(trail::page))
        .route("/bulk", web::get().to(bulk::review))
        .route("/bulk", web::post().to(bulk::decide))
        .route("/events", web::get().to(event_stream::events))
        .route("/theme", web::post().to(layout::theme))
        .route("/new", web::get().to(new_request::types::list))
        .route("/new/{type}", web::get().to(new_request::form))
        .route("/new/{type}", web::post().to(new_request::submit))
        .configure(sign_in::routes)
        .route("/search", web::get().to(search::page))
        .route("/history", web::get().to(history::page))
        .route("/history/export", web::get().to(history::export))
        .route("/trail", web::get().to(org_trail::list))
        .route("/refusals", web::get().to(refusals::list))
        .route("/pairs", web::get().to(pairs::list))
        .route("/pairs/export", web::get().to(pairs::export))
        .route("/deliveries", web::get().to(deliveries::list))
        .route("/deliveries/{id}/redeliver", web::post().to(deliveries::redeliver))
        .route("/settings", web::get().to(settings::page))
        .route("/settings/zone", web::post().to(settings::zone))
        .route("/settings/views", web::post().to(settings::save_view))
        .route("/settings/views/forget", web::post().to(settings::forget_view))
        .route("/types", web::get().to(request_types::list))
        .route("/types/{type}", web::get().to(request_types::page))
        .route("/assets/{file}", web::get().to(assets::serve))
        .default_service(web::to(|| async { Err::<HttpResponse, _>(PageError::NotFound) }));
    config.service(pages);
}

/// The first page for this person.
async fn home(page: PageRequest) -> Page {
    if !layout::has_any_permission(page.actor()) {
        return Err(PageError::forbidden(sentences::errors::NO_PERMISSION));
    }
    Ok(see_other(&format!("{BASE}{}", Nav::home(page.actor()).path())))
}

/// An answer that makes the browser get another page.
pub(crate) fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}

/// A page in full, with its status.
pub(crate) fn show(status: actix_web::http::StatusCode, page: &impl Template) -> Page {
    let html = page.render().map_err(|error| PageError::broken(format!("template: {error}")))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// A page with status 200.
pub(crate) fn ok(page: &impl Template) -> Page {
    show(actix_web::http::StatusCode::OK, page)
}
