//! The whole body of a call: a piece at a time with its marks, and all of it as a file.
//!
//! Raw bytes are never a page: a character that turns the reading direction would make them read as something else.

use actix_web::http::header::{CONTENT_DISPOSITION, ContentDisposition, DispositionParam, DispositionType};
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::call::body_text;
use crate::domain::ids::RequestId;
use crate::engine::queries::View;
use crate::http::query::Parameters;
use crate::web::html::filters;
use crate::web::parts::call_view::{CallView, body_piece};
use crate::web::parts::curl::curl_of;
use crate::web::parts::format::summary;
use crate::web::parts::json_view::Body;
use crate::web::sentences::labels::BACK_TO_THE_REQUEST;
use crate::web::{BASE, Nav, Page, PageError, PageRequest, Shell, ok};

#[derive(Template)]
#[template(path = "body.html")]
struct BodyTemplate {
    shell: Shell,
    /// The page of which this is the body.
    back: String,
    back_words: &'static str,
    title: String,
    call: CallView,
    body: Body,
    previous: Option<String>,
    next: Option<String>,
    /// The address of the file.
    file: String,
}

/// `GET /ui/requests/{id}/body`
pub async fn of_request(page: PageRequest, id: web::Path<String>) -> Page {
    let id = RequestId::parse(&id).ok_or(PageError::NotFound)?;
    let view = page.engine().find(page.actor(), id).await?;
    piece(&page, &view, (format!("{BASE}/requests/{id}"), BACK_TO_THE_REQUEST)).await
}

/// `GET /ui/requests/{id}/body/file`
pub async fn file_of_request(page: PageRequest, id: web::Path<String>) -> Page {
    let id = RequestId::parse(&id).ok_or(PageError::NotFound)?;
    Ok(file(&page.engine().find(page.actor(), id).await?))
}

/// The page of one piece of a body; `back` is the page that it belongs to.
pub async fn piece(page: &PageRequest, view: &View, (back, back_words): (String, &'static str)) -> Page {
    let parameters = Parameters::of(&page.http, &["piece"])?;
    let number = match parameters.text("piece") {
        Some(text) => text.parse().map_err(|_| PageError::NotFound)?,
        None => 1,
    };
    parameters.finish()?;
    let body = body_piece(view, number).ok_or(PageError::NotFound)?;
    let url = |number: usize| format!("{back}/body?piece={number}");
    ok(&BodyTemplate {
        shell: Shell::of(page, Nav::Elsewhere).await?,
        title: summary(&view.request),
        call: CallView::of(view),
        previous: number.checked_sub(1).filter(|number| *number > 0).map(url),
        next: Some(number + 1).filter(|number| *number <= body.pieces).map(url),
        file: format!("{back}/body/file"),
        body,
        back,
        back_words,
    })
}

/// `GET /ui/requests/{id}/curl`
pub async fn curl(page: PageRequest, id: web::Path<String>) -> Page {
    let id = RequestId::parse(&id).ok_or(PageError::NotFound)?;
    let view = page.engine().find(page.actor(), id).await?;
    Ok(as_file(format!("request-{id}-curl.txt"), curl_of(&view)))
}

/// All of a body as this reader may see it, to be kept and not to be shown.
pub fn file(view: &View) -> HttpResponse {
    let text = body_text(&view.shown().0).unwrap_or_default();
    let kind = if CallView::is_body_json(&view.task) { "json" } else { "txt" };
    let masked = if CallView::hides_body(view) { "-values-hidden" } else { "" };
    as_file(format!("request-{}-body{masked}.{kind}", view.request.id), text)
}

fn as_file(name: String, text: String) -> HttpResponse {
    let as_file = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, as_file))
        .content_type("text/plain; charset=utf-8")
        .body(text)
}
