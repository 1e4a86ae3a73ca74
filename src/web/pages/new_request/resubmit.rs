//! The form in which a maker changes what was sent back to them, filled in with what they had submitted.

use actix_web::http::StatusCode;
use actix_web::web;

use super::NewRequest;
use super::permission::may_make;
use super::result::FormResult;
use crate::engine::queries::View;
use crate::engine::request_snapshot::RequestSnapshot;
use crate::web::form::{self, Entries, Form};
use crate::web::form_key::form_key;
use crate::web::pages::request::{load, render};
use crate::web::parts::notices::Note;
use crate::web::parts::who::Names;
use crate::web::sent_form::{SentForm, keeping, public_fields};
use crate::web::sentences::outcomes::{self, NoteWords};
use crate::web::sentences::submitting;
use crate::web::{Icon, Page, PageError, PageRequest};

/// `GET /ui/requests/{id}/resubmit`
pub async fn step(page: PageRequest, id: web::Path<String>) -> Page {
    may_make(&page)?;
    let snapshot = load(&page, &id).await?;
    if !snapshot.explained.can_resubmit {
        // The page says why, in the words of the engine.
        return render(&page, snapshot, StatusCode::OK, Vec::new());
    }
    let new = changing(&page, snapshot)?;
    let (form, entries, notice) = filled_in(&new)?;
    new.page(&form, &entries, new.new_key(), FormResult { notice, ..FormResult::default() }).await
}

/// `POST /ui/requests/{id}/resubmit`
pub async fn submit(id: web::Path<String>, form: SentForm) -> Page {
    let (page, bytes) = form.into_parts()?;
    let mut entries = form::read_entries(&bytes).ok_or(PageError::Unreadable)?;
    let checked = page.check_form(&entries.take("csrf"));
    let (wish, key) = (entries.take("do"), entries.take("key"));
    let (is_json, type_name) = (entries.take("as") == "json", entries.take("type"));
    if let Err(why) = checked {
        let typed = page.engine().rules().types.find(&type_name).cloned();
        let typed = typed.map(|known| public_fields(&bytes, &known)).unwrap_or_default();
        return keeping(typed, keep(&page, &id, (entries, is_json), why).await);
    }
    may_make(&page)?;
    let snapshot = load(&page, &id).await?;
    let key = form_key(key, page.engine());
    let new = changing(&page, snapshot)?;
    keeping(public_fields(&bytes, &new.request_type), new.do_as_wished(&wish, is_json, entries, key).await)
}

/// A form that was not made for whoever is signed in now: the form again, if they can resubmit the request.
async fn keep(page: &PageRequest, id: &str, (entries, is_json): (Entries, bool), why: PageError) -> Page {
    match load(page, id).await {
        Ok(snapshot) if snapshot.explained.can_resubmit => {
            changing(page, snapshot)?.keep(is_json, entries, why).await
        }
        Ok(_) | Err(_) => Err(why),
    }
}

fn changing(page: &PageRequest, snapshot: RequestSnapshot) -> Result<NewRequest<'_>, PageError> {
    let new = NewRequest::of(page, snapshot.view.request.request_type.as_str())?;
    Ok(NewRequest { sent_back: Some(Box::new(snapshot.view)), ..new })
}

/// The form with what was submitted, but for what this person may not see again. Where the fields can't hold it, the body
/// is JSON; and where not even that can, the form is empty and says so.
fn filled_in(new: &NewRequest<'_>) -> Result<(Form, Entries, Option<Note>), PageError> {
    let old = new.sent_back.as_ref().ok_or(PageError::NotFound)?;
    let (submission, hidden_at) = old.submission().without_hidden();
    let hidden = (!hidden_at.is_empty()).then(|| {
        let (head, line) = submitting::HIDDEN_IS_EMPTY;
        Note::new("ink", Icon::Lock, head, vec![line.to_owned()])
    });
    for is_json in [false, true] {
        let form = new.form(is_json);
        if let Some(mut entries) = form.filled_with(&submission) {
            form.mark_hidden(&hidden_at, &mut entries);
            return Ok((form, entries, hidden));
        }
    }
    let form = new.form(false);
    let entries = form.begin();
    let (head, line) = submitting::FIELDS_ARE_EMPTY;
    Ok((form, entries, Some(Note::new("warn", Icon::Warn, head, vec![line.to_owned()]))))
}

/// Who wants what changed.
pub(super) fn wish_for_changes(old: &View, names: &Names) -> Option<Note> {
    let sent_back = old.request.sent_back.as_ref()?;
    let NoteWords { head, lines } = outcomes::wish_for_changes(sent_back, names);
    Some(Note::new("warn", Icon::Undo, head, lines))
}
