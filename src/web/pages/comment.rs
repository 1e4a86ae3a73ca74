//! Comment on a request, from its page.

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Deserialize;

use crate::domain::lifecycle::words_of_comment;
use crate::web::pages::request::{PageForms, load, render_with};
use crate::web::parts::came_from::recorded_url;
use crate::web::parts::notices::Note;
use crate::web::parts::recorded::{SAID_COMMENTED, situation};
use crate::web::sent_form::{SentForm, keeping};
use crate::web::sentences::refused;
use crate::web::{Page, PageRequest, see_other};

/// The form of a comment.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CommentForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    message: String,
}

/// What a form of a comment brought, and what is wrong with it.
#[derive(Default)]
pub struct CommentInput {
    /// What was typed.
    pub words: String,
    /// Empty if nothing is wrong.
    pub fault: String,
}

/// `POST /ui/requests/{id}/comments`
pub async fn comment(id: web::Path<String>, form: SentForm) -> Page {
    let words = form.message();
    keeping(words, comment_on(&id, form).await)
}

async fn comment_on(id: &str, form: SentForm) -> Page {
    let (page, form): (PageRequest, CommentForm) = form.open()?;
    page.check_form(&form.csrf)?;
    let snapshot = load(&page, id).await?;
    let words = match words_of_comment(&form.message) {
        Ok(words) => words,
        Err(fault) => {
            let comment = CommentInput { words: form.message, fault: fault.sentence() };
            let answer = (StatusCode::UNPROCESSABLE_ENTITY, Vec::new());
            return render_with(&page, snapshot, answer, PageForms { comment, ..PageForms::default() });
        }
    };
    let request = snapshot.view.request.id;
    let error = match page.engine().comment(page.actor(), request, words, page.origin()).await {
        Ok(_) => {
            let to = recorded_url(&page.http, id, SAID_COMMENTED);
            return Ok(see_other(&format!("{to}#comments")));
        }
        Err(error) => error,
    };
    let snapshot = load(&page, id).await?;
    let names = page.names();
    let why = refused(&error, &situation(&page, &snapshot, &names));
    let (_, status) = page.take_refusal(error, "a comment on a page was refused")?;
    let note = Note::answering("warn", why.icon, why.head, why.lines);
    let note =
        if snapshot.explained.can_comment { note } else { Note { kept: form.message.clone(), ..note } };
    let comment = CommentInput { words: form.message, fault: String::new() };
    render_with(&page, snapshot, (status, vec![note]), PageForms { comment, ..PageForms::default() })
}
