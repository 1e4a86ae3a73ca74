//! Send a request back to its maker: a step like rejecting it, which may name members of the submission.

use actix_web::http::StatusCode;
use actix_web::web;
use serde_json::Value;

use crate::domain::pointer::pointer_to;
use crate::domain::revision::NewSendBack;
use crate::domain::submission::TASK;
use crate::engine::queries::View;
use crate::http::query::pairs;
use crate::web::pages::decide::{FormInput, Submitted, first, refused, step_page};
use crate::web::pages::request::load;
use crate::web::parts::came_from::recorded_url;
use crate::web::parts::changes_view::{field_label, value_line};
use crate::web::parts::recorded::SAID_SENT_BACK;
use crate::web::sent_form::{SentForm, keeping};
use crate::web::sentences::Step;
use crate::web::sentences::labels::TO_BE_CHANGED;
use crate::web::{Page, PageError, PageRequest, see_other};

/// The name of the boxes of the form.
const FIELD: &str = "field";

/// The form of the step.
#[derive(Default)]
struct SendBackForm {
    csrf: String,
    message: String,
    digest: String,
    version: String,
    /// One for each box that is ticked.
    fields: Vec<String>,
}

fn read(form: &[u8]) -> SendBackForm {
    let mut read = SendBackForm::default();
    for (name, value) in pairs(form) {
        match name.as_str() {
            "csrf" => read.csrf = value,
            "message" => read.message = value,
            "digest" => read.digest = value,
            "version" => read.version = value,
            FIELD => read.fields.push(value),
            _ => {}
        }
    }
    read
}

/// A member of the submission that can be named.
pub(super) struct NamedField {
    pub(super) pointer: String,
    pub(super) label: String,
    /// What it is, on one line.
    pub(super) value: String,
    pub(super) is_chosen: bool,
}

/// The members that can be named, with those that are.
pub(super) fn named_fields(view: &View, chosen: &[String]) -> Vec<NamedField> {
    let mut found = Vec::new();
    let (task, _) = view.shown();
    for part in ["pathParams", "queryParams", "body", "headers"] {
        if let Some(value) = task.get(part) {
            add_leaves(&pointer_to(TASK, part), value, &mut found);
        }
    }
    let field = |(pointer, value): (String, String)| NamedField {
        label: field_label(&pointer),
        value,
        is_chosen: chosen.contains(&pointer),
        pointer,
    };
    found.into_iter().map(field).collect()
}

/// Adds every value that is no list and no object, as long as there is room.
fn add_leaves(at: &str, value: &Value, found: &mut Vec<(String, String)>) {
    if found.len() >= NewSendBack::FIELDS_MAX || at.chars().count() > NewSendBack::POINTER_CHARS_MAX {
        return;
    }
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| add_leaves(&pointer_to(at, name), value, found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| add_leaves(&pointer_to(at, &index.to_string()), value, found));
        }
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            found.push((at.to_owned(), value_line(scalar)));
        }
    }
}

/// `GET /ui/requests/{id}/send-back`
pub async fn step(page: PageRequest, id: web::Path<String>) -> Page {
    first(&page, &id, Step::SendBack).await
}

/// `POST /ui/requests/{id}/send-back`
pub async fn send_back(id: web::Path<String>, form: SentForm) -> Page {
    let message = [form.message(), form.fields_of(FIELD, TO_BE_CHANGED)].concat();
    keeping(message, send_one_back(&id, form).await)
}

async fn send_one_back(id: &str, form: SentForm) -> Page {
    let (page, bytes) = form.into_parts()?;
    let SendBackForm { csrf, message, digest, version, fields } = read(&bytes);
    page.check_form(&csrf)?;
    // Without what was on the screen, it is not known what this person read.
    let version = version.parse().map_err(|_| PageError::Unreadable)?;
    let snapshot = load(&page, id).await?;
    let wish = match NewSendBack::new(&message) {
        Ok(wish) => wish,
        Err(fault) => {
            let (fault, status) = (fault.sentence(), StatusCode::UNPROCESSABLE_ENTITY);
            let input = FormInput { message, fault, fields, status, problem: None };
            return step_page(&page, Step::SendBack, snapshot, input);
        }
    };
    let wish = wish.about(fields.clone()).map_err(|_| PageError::Unreadable)?;
    let wish = wish.on(Some(digest), Some(version));
    let request = snapshot.view.request.id;
    match page.engine().send_back(page.actor(), request, wish, page.origin()).await {
        Ok(_) => Ok(see_other(&recorded_url(&page.http, id, SAID_SENT_BACK))),
        Err(error) => {
            let submitted = Submitted { step: Step::SendBack, id, message: &message, fields };
            refused(&page, submitted, error).await
        }
    }
}
