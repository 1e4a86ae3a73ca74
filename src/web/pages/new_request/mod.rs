//! New requests: choose a type, fill in its form, check it, submit it.
//!
//! The form ends in the same `Engine::submit` as the API's call. What was typed stays on the page after every
//! failed attempt, but for fields that are not public.

mod aside;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{ResponseError, web};
use askama::Template;

use crate::domain::actor::Permission;
use crate::domain::code::Code;
use crate::domain::fault::Fault;
use crate::domain::json;
use crate::domain::request_type::RequestType;
use crate::engine::queries::{Listing, Sort, SortBy};
use crate::engine::{AdmissionRefusal, DoorFault, DryRun, EngineError, SubmissionInput};
use crate::http::error::ApiError;
use crate::http::query::given_once;
use crate::web::form::{self, Entries, Form, Problem, Section};
use crate::web::form_key::{form_key, new_form_key};
use crate::web::html::filters;
use crate::web::parts::call_view::CallView;
use crate::web::parts::notices::Note;
use crate::web::sent_form::{SentForm, keeping};
use crate::web::{BASE, Icon, Nav, Page, PageError, PageRequest, Shell, Web, ok, see_other, show};
use aside::Aside;

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

#[derive(Template)]
#[template(path = "new.html")]
struct FormPage {
    shell: Shell,
    type_name: String,
    title: String,
    summary: String,
    action: String,
    key: String,
    is_json: bool,
    has_json: bool,
    problems: Vec<Problem>,
    is_refused: bool,
    notice: Option<Note>,
    sections: Vec<Section>,
    aside: Aside,
}

/// What the checks said of the form, and the status to answer with.
#[derive(Default)]
struct FormResult {
    status: StatusCode,
    faults: Vec<Fault>,
    is_refused: bool,
    notice: Option<Note>,
    tried: Option<DryRun>,
}

/// A page with one type's form.
struct NewRequest<'a> {
    page: &'a PageRequest,
    request_type: Arc<RequestType>,
}

/// `GET /ui/new`
pub async fn types(page: PageRequest) -> Page {
    may_make(&page)?;
    let shell = Shell::of(&page, Nav::New).await?;
    let rules = page.engine().rules();
    let view = |found: &Arc<RequestType>| TypeView {
        name: found.name.to_string(),
        title: found.title.clone(),
        summary: found.summary.template().into(),
        call: CallView::of_type(found, page.engine().targets()),
    };
    ok(&TypesPage { shell, types: rules.types.iter().map(view).collect() })
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
    page.check_form(&entries.take("csrf"))?;
    let (wish, key) = (entries.take("do"), entries.take("key"));
    let is_json = entries.take("as") == "json";
    if may_make(&page).is_err() && wish == "submit" {
        refuse_without_permission(&page, type_name).await?;
    }
    may_make(&page)?;
    let new = NewRequest::of(&page, type_name)?;
    let key = form_key(key, page.engine());
    let form = new.form(is_json);
    match wish.split_once(':').unwrap_or((&wish, "")) {
        ("submit", _) => new.submit(&form, entries, key).await,
        ("add", at) => {
            let rows = entries.rows(at).unwrap_or(0);
            entries.set_rows(at, rows + 1);
            new.page(&form, &entries, key, FormResult::default()).await
        }
        ("remove", at) => {
            if let Some((at, row)) = at.rsplit_once('/')
                && let Ok(row) = row.parse()
            {
                entries.remove_row(at, row);
            }
            new.page(&form, &entries, key, FormResult::default()).await
        }
        ("json" | "fields", _) => new.rewrite(&form, entries, key).await,
        _ => new.check(&form, entries, key).await,
    }
}

impl<'a> NewRequest<'a> {
    fn of(page: &'a PageRequest, type_name: &str) -> Result<Self, PageError> {
        let request_type = page.engine().rules().types.find(type_name).cloned().ok_or(PageError::NotFound)?;
        Ok(Self { page, request_type })
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
            Some(Some(why)) => result.refuse("It would be refused", &why),
            Some(None) if result.faults.is_empty() => result.notice = Some(checked(&self.request_type)),
            Some(None) | None => {}
        }
        form.refill_rows(&mut entries);
        self.page(form, &entries, key, result).await
    }

    /// What every check says of the form as it is.
    async fn dry_run(&self, form: &Form, entries: &Entries) -> Result<FormResult, PageError> {
        let filled = form.read(entries);
        let (body, reference) = (json::write(&filled.body), self.page.reference());
        let mut result = FormResult { faults: filled.faults, ..FormResult::default() };
        match self.page.engine().dry_run(&self.submitting(&body, "", &reference)).await {
            Ok(tried) => result.tried = Some(tried),
            Err(EngineError::Invalid(faults)) => result.add(form.place(&faults, entries)),
            Err(EngineError::NotAdmitted(why)) => result.refuse("It would be refused", &why),
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
        let (body, reference) = (json::write(&filled.body), self.page.reference());
        let submitted = self.page.engine().submit(self.submitting(&body, &key, &reference)).await;
        let error = match submitted {
            Ok(submitted) => return Ok(see_other(&format!("{BASE}/requests/{}", submitted.view.request.id))),
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
                result.refuse("It was not submitted", &why);
                if why.code == Code::IdempotencyKeyReused {
                    result.notice = Some(Note::sent_before());
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
        match self.page.engine().submit(refused).await {
            Ok(_) | Err(EngineError::Unreadable(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.count(&result);
        form.refill_rows(&mut entries);
        self.page(form, &entries, key, result).await
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
                let title = if form.is_json {
                    "The fields can’t hold this body."
                } else {
                    "A field holds text that is not JSON yet."
                };
                let lines = vec!["Nothing was changed.".to_owned()];
                let notice = Note::answering("warn", Icon::Warn, title, lines);
                let result = FormResult { notice: Some(notice), ..FormResult::default() };
                self.page(form, &entries, key, result).await
            }
        }
    }

    async fn page(&self, form: &Form, entries: &Entries, key: String, result: FormResult) -> Page {
        let found = &self.request_type;
        let mut sections = form.draw(entries);
        let problems = form::attach_faults(&mut sections, &result.faults);
        let name = found.name.as_str();
        let page = FormPage {
            shell: Shell::of(self.page, Nav::New).await?,
            type_name: name.to_owned(),
            title: found.title.clone(),
            summary: found.summary.template().into(),
            action: format!("{BASE}/new/{name}"),
            key,
            is_json: form.is_json,
            has_json: form.has_json,
            problems,
            is_refused: result.is_refused,
            notice: result.notice,
            sections,
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

impl FormResult {
    /// Adds the engine's faults, but for those at a place that could not even be read.
    fn add(&mut self, faults: Vec<Fault>) {
        let unread: Vec<String> = self.faults.iter().map(|fault| fault.field.clone()).collect();
        let is_told =
            |fault: &Fault| unread.iter().any(|at| !at.is_empty() && fault.field.starts_with(at.as_str()));
        self.faults.extend(faults.into_iter().filter(|fault| !is_told(fault)));
    }

    fn refuse(&mut self, title: &str, why: &AdmissionRefusal) {
        self.is_refused = true;
        let lines = vec!["Nothing was stored. What you wrote is still here.".to_owned()];
        self.notice = Some(Note::answering("bad", Icon::No, format!("{title}: {}", why.message), lines));
    }

    fn notice_try_again(&mut self, sentence: &str) {
        self.status = StatusCode::SERVICE_UNAVAILABLE;
        self.is_refused = true;
        let lines = vec![sentence.to_owned(), "What you wrote is still here.".to_owned()];
        let head = "Countersign can't do this right now.";
        self.notice = Some(Note::answering("warn", Icon::Warn, head, lines));
    }
}

fn checked(request_type: &RequestType) -> Note {
    let mut lines = vec!["Nothing was stored yet. What it becomes is shown beside the form.".to_owned()];
    if request_type.hides_any() {
        lines.push("Before you submit it, type again what is not public.".to_owned());
    }
    Note::answering("ok", Icon::Done, "Nothing forbids it.", lines)
}

/// Whether the person may submit at all.
fn may_make(page: &PageRequest) -> Result<(), PageError> {
    if page.actor().may(Permission::Make) {
        return Ok(());
    }
    Err(PageError::Message {
        status: StatusCode::FORBIDDEN,
        title: "You can’t submit requests.".to_owned(),
        text: format!(
            "Submitting needs the permission {}. Ask whoever grants permissions in your org.",
            Permission::Make.name()
        ),
    })
}

/// Lets the engine refuse a submission before it looks at the body, and keep the refusal.
async fn refuse_without_permission(page: &PageRequest, type_name: &str) -> Result<(), PageError> {
    let reference = page.reference();
    let refused = SubmissionInput {
        actor: page.actor(),
        type_name,
        body: Err(&[]),
        idempotency_key: None,
        reference: &reference,
    };
    match page.engine().submit(refused).await {
        Ok(_) | Err(EngineError::PermissionMissing(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
