//! The types that a new request can have.

use std::sync::Arc;

use askama::Template;

use super::permission::may_make;
use crate::domain::request_type::RequestType;
use crate::web::form;
use crate::web::html::filters;
use crate::web::parts::call_view::CallView;
use crate::web::{Nav, Page, PageRequest, Shell, ok};

/// One type that can be chosen.
struct TypeView {
    name: String,
    title: String,
    summary: String,
    call: CallView,
}

#[derive(Template)]
#[template(path = "new_types.html")]
struct TypesPage {
    shell: Shell,
    types: Vec<TypeView>,
}

/// `GET /ui/new`
pub async fn list(page: PageRequest) -> Page {
    may_make(&page)?;
    let shell = Shell::of(&page, Nav::New).await?;
    let rules = page.engine().rules();
    let view = |found: &Arc<RequestType>| TypeView {
        name: found.name.to_string(),
        title: found.title.clone(),
        summary: summary_in_words(found),
        call: CallView::of_type(found, page.engine().targets()),
    };
    ok(&TypesPage { shell, types: rules.types.iter().map(view).collect() })
}

/// The summary with the names of its values: `Give [points] points to [customer]`.
pub(super) fn summary_in_words(request_type: &RequestType) -> String {
    let word = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        format!("[{}]", form::words(last).to_lowercase())
    };
    request_type.summary.with_words(word)
}
