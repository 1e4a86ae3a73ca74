//! An earlier revision of a request: what was submitted, who decided on it, and why it was sent back.

use actix_web::web;
use askama::Template;

use crate::domain::ids::RequestId;
use crate::engine::ComparedRevision;
use crate::web::html::filters;
use crate::web::pages::body;
use crate::web::pages::request_types::version_url;
use crate::web::parts::call_view::CallView;
use crate::web::parts::changes_view::ChangesView;
use crate::web::parts::format::{self, DigestWords, summary};
use crate::web::parts::revision_list::RevisionLine;
use crate::web::parts::who::Who;
use crate::web::sentences::calls::NEVER_SENT;
use crate::web::sentences::labels;
use crate::web::{BASE, Nav, Page, PageError, PageRequest, Shell, ok, see_other};

#[derive(Template)]
#[template(path = "revision.html")]
struct RevisionTemplate {
    shell: Shell,
    /// The page of this revision.
    url: String,
    request_url: String,
    heading: String,
    title: String,
    reason: String,
    maker: Who,
    revision: RevisionLine,
    /// How many there are.
    count: i64,
    changes: Option<ChangesView>,
    call: CallView,
    why: &'static str,
    subject: String,
    type_title: String,
    type_url: String,
    type_version: DigestWords,
    rule: String,
}

async fn found(page: &PageRequest, path: web::Path<(String, String)>) -> Result<ComparedRevision, PageError> {
    let (id, number) = path.into_inner();
    let id = RequestId::parse(&id).ok_or(PageError::NotFound)?;
    let number: i64 = number.parse().map_err(|_| PageError::NotFound)?;
    Ok(page.engine().find_revision(page.actor(), id, (number, None)).await?)
}

/// `GET /ui/requests/{id}/revisions/{number}/body`
pub async fn body(page: PageRequest, path: web::Path<(String, String)>) -> Page {
    let ComparedRevision { view, .. } = found(&page, path).await?;
    let url = format!("{BASE}/requests/{}/revisions/{}", view.request.id, view.request.revision);
    body::piece(&page, &view, (url, labels::BACK_TO_THE_REVISION)).await
}

/// `GET /ui/requests/{id}/revisions/{number}/body/file`
pub async fn body_file(page: PageRequest, path: web::Path<(String, String)>) -> Page {
    Ok(body::file(&found(&page, path).await?.view))
}

/// `GET /ui/requests/{id}/revisions/{number}`
pub async fn page(page: PageRequest, path: web::Path<(String, String)>) -> Page {
    let ComparedRevision { request, view, changes } = found(&page, path).await?;
    let (url, number) = (format!("{BASE}/requests/{}", request.id), view.request.revision);
    if number == request.revision {
        return Ok(see_other(&url));
    }
    let shell = Shell::of(&page, Nav::Elsewhere).await?;
    let it = &view.request;
    ok(&RevisionTemplate {
        heading: labels::revision(number, &summary(it)),
        title: summary(it),
        reason: format::reason(it),
        maker: shell.names.who(&it.maker),
        revision: RevisionLine::of(it, &it.present_revision(), (&shell.names, shell.when)),
        count: request.revision,
        changes: changes.as_ref().map(ChangesView::of),
        call: CallView::of(&view),
        why: NEVER_SENT,
        subject: it.terms.subject.clone().unwrap_or_default(),
        type_title: view.pinned.title.clone(),
        type_url: version_url(it),
        type_version: DigestWords::of(&it.type_version),
        rule: it.terms.rule.clone(),
        url: format!("{url}/revisions/{number}"),
        request_url: url,
        shell,
    })
}
