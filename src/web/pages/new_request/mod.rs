//! New requests: choose a type, fill in its form, check it, submit it. The same form changes what was sent back.
//!
//! The form ends in the same `Engine::submit` and `Engine::resubmit` as the API's calls. What was typed stays on
//! the page after every failed attempt, but for fields that are not public.

mod aside;
mod kept;
mod permission;
pub mod resubmit;
mod result;
mod rows;
pub mod types;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{ResponseError, web};
use askama::Template;

use crate::domain::code::Code;
use crate::domain::json;
use crate::domain::request_type::RequestType;
use crate::engine::queries::{Listing, Sort, SortBy, View};
use crate::engine::{AgainInput, DoorFault, EngineError, SubmissionInput, Submitted};
use crate::http::error::ApiError;
use crate::http::query::given_once;
use crate::web::form::{self, Entries, Form, Problem, Section};
use crate::web::form_key::{form_key, new_form_key};
use crate::web::html::filters;
use crate::web::parts::notices::Note;
use crate::web::parts::recorded::SAID_SUBMITTED;
use crate::web::sent_form::{SentForm, keeping};
use crate::web::sentences::submitting::{self, Tried};
use crate::web::{BASE, Icon, Nav, Page, PageError, PageRequest, Shell, Web, see_other, show};
use aside::Aside;
use kept::in_org;
use permission::{may_make, refuse_without_permission};
use resubmit::wish_for_changes;
use result::{FormResult, checked, sent_before};
use rows::{add_row, remove_row};
use types::summary_in_words;

#[derive(Template)]
#[template(path = "new.html")]
struct FormPage {
    shell: Shell,
    /// The request that it changes: the page of that.
    changes_url: Option<String>,
    type_name: String,
    title: String,
    summary: String,
    action: String,
    key: String,
    is_json: bool,
    has_json: bool,
    problems: Vec<Problem>,
    is_refused: bool,
    notices: Vec<Note>,
    sections: Vec<Section>,
    aside: Aside,
    /// The org of the form that was sent, to go back to with it.
    org: Option<String>,
}

/// A page with one type's form.
struct NewRequest<'a> {
    page: &'a PageRequest,
    request_type: Arc<RequestType>,
    /// The request that was sent back, if the form changes one.
    sent_back: Option<Box<View>>,
}

/// `GET /ui/new/{TYPE}`
pub async fn form(page: PageRequest, type_name: web::Path<String>) -> Page {
    may_make(&page)?;
    let new = NewRequest::of(&page, &type_name)?;
    let is_json = given_once(&page.http, "as").is_some_and(|kind| kind == "json");
    let form = new.form(is_json);
    let mut entries = form.begin();
    new.fill_in_entity(&mut entries).await?;
    new.page(&form, &entries, new.new_key(), FormResult::default()).await
}

/// `POST /ui/new/{TYPE}`
pub async fn submit(web: web::Data<Web>, type_name: web::Path<String>, form: SentForm) -> Page {
    let request_type = web.engine.rules().types.find(&type_name).cloned();
    let typed = request_type.map(|request_type| form.public_fields(&request_type)).unwrap_or_default();
    keeping(typed, submit_form(&type_name, form).await)
}

async fn submit_form(type_name: &str, form: SentForm) -> Page {
    let (page, bytes) = form.into_parts()?;
    let mut entries = form::read_entries(&bytes).ok_or(PageError::Unreadable)?;
    let checked = page.check_form(&entries.take("csrf"));
    let (wish, key) = (entries.take("do"), entries.take("key"));
    let is_json = entries.take("as") == "json";
    entries.take("type");
    if let Err(why) = checked {
        let new = may_make(&page).and_then(|()| NewRequest::of(&page, type_name));
        return match new {
            Ok(new) => new.keep(is_json, entries, why).await,
            Err(_) => Err(why),
        };
    }
    if may_make(&page).is_err() && wish == "submit" {
        refuse_without_permission(&page, type_name).await?;
    }
    let page = match wish.strip_prefix("org:") {
        Some(org) => in_org(page, org).await?,
        None => page,
    };
    may_make(&page)?;
    let new = NewRequest::of(&page, type_name)?;
    let key = form_key(key, page.engine());
    new.do_as_wished(&wish, is_json, entries, key).await
}

impl<'a> NewRequest<'a> {
    fn of(page: &'a PageRequest, type_name: &str) -> Result<Self, PageError> {
        let request_type = page.engine().rules().types.find(type_name).cloned().ok_or(PageError::NotFound)?;
        Ok(Self { page, request_type, sent_back: None })
    }

    /// What the button that was pressed asks for.
    async fn do_as_wished(&self, wish: &str, is_json: bool, mut entries: Entries, key: String) -> Page {
        let form = self.form(is_json);
        entries.remember_typed();
        match wish.split_once(':').unwrap_or((wish, "")) {
            ("submit", _) => self.submit(&form, entries, key).await,
            ("add", at) => {
                let focus = add_row(&form, &mut entries, at);
                self.page(&form, &entries, key, FormResult { focus, ..FormResult::default() }).await
            }
            ("remove", at) => {
                let focus = remove_row(&mut entries, at);
                self.page(&form, &entries, key, FormResult { focus, ..FormResult::default() }).await
            }
            ("org", _) => self.show_again(is_json, &entries, key).await,
            ("json" | "fields", _) => self.rewrite(&form, entries, key).await,
            _ => self.check(&form, entries, key).await,
        }
    }

    fn form(&self, is_json: bool) -> Form {
        Form::of(&self.request_type, self.page.engine().targets(), is_json)
    }

    fn new_key(&self) -> String {
        new_form_key(self.page.engine())
    }

    /// Most makers work in one place: what their last request belonged to is a good beginning.
    async fn fill_in_entity(&self, entries: &mut Entries) -> Result<(), PageError> {
        let actor = self.page.actor();
        let mut filter = self.page.engine().scope(actor)?;
        filter.maker = Some(self.page.engine().accounts_of(actor));
        let newest = Sort { by: SortBy::Start, descending: true };
        let listing = Listing { filter, sort: newest, limit: 1 };
        let listed = self.page.engine().walk_rows(actor, listing, None).await?;
        if let Some(newest) = listed.rows.first() {
            let entity = &newest.request.entity;
            entries.put("/entityInfo/tillId", entity.till_id.as_str());
            entries.put("/entityInfo/storeId", entity.store_id.as_str());
            entries.put("/entityInfo/zoneId", entity.zone_id.as_str());
            entries.put("/entityInfo/conceptId", entity.concept_id.as_str());
        }
        Ok(())
    }

    fn submitting<'s>(&'s self, body: &'s str, key: &'s str, reference: &'s str) -> SubmissionInput<'s> {
        SubmissionInput {
            actor: self.page.actor(),
            type_name: self.request_type.name.as_str(),
            body: Ok(body.as_bytes()),
            idempotency_key: Some(key),
            reference,
        }
    }

    /// Everything but the submission itself.
    async fn check(&self, form: &Form, mut entries: Entries, key: String) -> Page {
        form.drop_empty_rows(&mut entries);
        let mut result = self.dry_run(form, &entries).await?;
        match result.tried.as_ref().map(|tried| tried.admission.as_ref().err().cloned()) {
            Some(Some(why)) => result.refuse(Tried::Check, &why),
            Some(None) if result.faults.is_empty() => result.notice = Some(checked()),
            Some(None) | None => {}
        }
        form.refill_rows(&mut entries);
        self.page(form, &entries, key, result).await
    }

    /// What every check says of the form as it is.
    async fn dry_run(&self, form: &Form, entries: &Entries) -> Result<FormResult, PageError> {
        let filled = form.read(entries);
        let (body, reference) = (json::write(&filled.body), self.page.reference());
        let faults = [filled.faults, form.emptied(entries)].concat();
        let mut result = FormResult { faults, ..FormResult::default() };
        let (engine, submitting) = (self.page.engine(), self.submitting(&body, "", &reference));
        let tried = match &self.sent_back {
            Some(old) => engine.dry_run_resubmission(&submitting, &old.request).await,
            None => engine.dry_run(&submitting).await,
        };
        match tried {
            Ok(tried) => result.tried = Some(tried),
            Err(EngineError::Invalid(faults)) => result.add(form.place(&faults, entries)),
            Err(EngineError::NotAdmitted(why)) => result.refuse(Tried::Check, &why),
            Err(error) => return Err(error.into()),
        }
        Ok(result)
    }

    async fn submit(&self, form: &Form, mut entries: Entries, key: String) -> Page {
        form.drop_empty_rows(&mut entries);
        let filled = form.read(&entries);
        if !filled.faults.is_empty() {
            return self.refuse_unread(form, entries, key).await;
        }
        if !form.emptied(&entries).is_empty() {
            let result =
                FormResult { status: StatusCode::BAD_REQUEST, ..self.dry_run(form, &entries).await? };
            form.refill_rows(&mut entries);
            return self.page(form, &entries, key, result).await;
        }
        let (body, reference) = (json::write(&filled.body), self.page.reference());
        let error = match self.hand_over(self.submitting(&body, &key, &reference)).await {
            Ok(submitted) => {
                let id = submitted.view.request.id;
                return Ok(see_other(&format!("{BASE}/requests/{id}?said={SAID_SUBMITTED}")));
            }
            Err(error) => error,
        };
        let mut key = key;
        let mut result = FormResult::default();
        match error {
            EngineError::Invalid(faults) => {
                result.add(form.place(&faults, &entries));
                result.status = StatusCode::BAD_REQUEST;
            }
            EngineError::NotAdmitted(why) => {
                result = self.dry_run(form, &entries).await?;
                result.status = ApiError::from(EngineError::NotAdmitted(why.clone())).status_code();
                result.refuse(Tried::Submit, &why);
                if why.code == Code::IdempotencyKeyReused {
                    result.notice = Some(sent_before());
                    key = self.new_key();
                }
            }
            EngineError::PermissionMissing(_)
            | EngineError::NotFound
            | EngineError::Unreadable(_)
            | EngineError::Refused(_)
            | EngineError::Store(_) => match error.try_again_sentence() {
                Some(sentence) => result.notice_try_again(sentence),
                None => return Err(error.into()),
            },
        }
        self.count(&result);
        form.refill_rows(&mut entries);
        self.page(form, &entries, key, result).await
    }

    /// What is no JSON can't even be handed to the engine; it is kept as a refusal like any other.
    async fn refuse_unread(&self, form: &Form, mut entries: Entries, key: String) -> Page {
        let result = FormResult { status: StatusCode::BAD_REQUEST, ..self.dry_run(form, &entries).await? };
        let unread: Vec<DoorFault> = result.faults.iter().cloned().map(DoorFault::from).collect();
        let reference = self.page.reference();
        let refused = SubmissionInput { body: Err(&unread), ..self.submitting("", &key, &reference) };
        match self.hand_over(refused).await {
            Ok(_) | Err(EngineError::Unreadable(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.count(&result);
        form.refill_rows(&mut entries);
        self.page(form, &entries, key, result).await
    }

    /// The one write of the form: a new request, or the next revision of one.
    async fn hand_over(&self, input: SubmissionInput<'_>) -> Result<Submitted, EngineError> {
        let Some(old) = &self.sent_back else { return self.page.engine().submit(input).await };
        let SubmissionInput { actor, body, idempotency_key, reference, type_name: _ } = input;
        let old = View::clone(old);
        self.page.engine().resubmit(AgainInput { actor, old, body, idempotency_key, reference }).await
    }

    fn count(&self, result: &FormResult) {
        for fault in &result.faults {
            self.page.engine().metrics().refused(fault.code());
        }
        let status = result.status.as_u16();
        tracing::info!(faults = result.faults.len(), status, "a form was refused");
    }

    /// The same with the body as JSON, or back in its fields.
    async fn rewrite(&self, form: &Form, entries: Entries, key: String) -> Page {
        let other = self.form(!form.is_json);
        match form.rewritten(&other, &entries) {
            Some(rewritten) => self.page(&other, &rewritten, key, FormResult::default()).await,
            None => {
                let title = submitting::not_rewritten(form.is_json);
                let lines = vec![submitting::NOT_REWRITTEN.to_owned()];
                let notice = Note::answering("warn", Icon::Warn, title, lines);
                let result = FormResult { notice: Some(notice), ..FormResult::default() };
                self.page(form, &entries, key, result).await
            }
        }
    }

    fn action(&self) -> String {
        match &self.sent_back {
            Some(old) => format!("{BASE}/requests/{}/resubmit", old.request.id),
            None => format!("{BASE}/new/{}", self.request_type.name.as_str()),
        }
    }

    async fn page(&self, form: &Form, entries: &Entries, key: String, result: FormResult) -> Page {
        let found = &self.request_type;
        let mut sections = form.draw(entries);
        let problems = form::attach_faults(&mut sections, &result.faults);
        if let Some(at) = result.focus.as_deref().filter(|_| problems.is_empty()) {
            form::focus(&mut sections, at);
        }
        let name = found.name.as_str();
        let page = FormPage {
            shell: Shell::of(self.page, if self.sent_back.is_some() { Nav::Mine } else { Nav::New }).await?,
            type_name: name.to_owned(),
            title: found.title.clone(),
            summary: summary_in_words(found),
            action: self.action(),
            changes_url: self.sent_back.as_ref().map(|old| format!("{BASE}/requests/{}", old.request.id)),
            key,
            is_json: form.is_json,
            has_json: form.has_json,
            problems,
            is_refused: result.is_refused,
            notices: result
                .notice
                .into_iter()
                .chain(self.sent_back.as_ref().and_then(|old| wish_for_changes(old, &self.page.names())))
                .collect(),
            sections,
            org: result.org,
            aside: Aside::of(
                found,
                self.page.engine().targets(),
                result.tried.as_ref(),
                !result.faults.is_empty(),
            ),
        };
        show(result.status, &page)
    }
}
