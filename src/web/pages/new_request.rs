//! New requests: choose a type, fill in its form, check it, submit it.
//!
//! The form ends in the same `Engine::submit` as the API's call. What was typed stays on the page after every
//! failed attempt, but for fields that are not public.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, ResponseError, web};
use askama::Template;

use crate::domain::actor::Permission;
use crate::domain::code::Code;
use crate::domain::fault::Fault;
use crate::domain::json;
use crate::domain::policy::progress::StageProgress;
use crate::domain::policy::{Capacity, Mode, RuleOutcome};
use crate::domain::request_type::{Duplicates, RequestType};
use crate::domain::target::Targets;
use crate::engine::queries::{Listing, Sort, SortBy};
use crate::engine::{AdmissionRefusal, DoorFault, DryRun, EngineError, SubmissionInput};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::web::form::{self, Entries, Form, Problem, Section};
use crate::web::parts::call_view::CallView;
use crate::web::parts::format::{either, number_of, who_name};
use crate::web::parts::notices::Note;
use crate::web::session::{Session, check_form};
use crate::web::{BASE, Icon, Nav, Page, PageError, Shell, Text, Web, ok, see_other, show};

/// One type that can be chosen.
struct TypeView {
    name: String,
    title: Text,
    summary: Text,
    call: CallView,
}

#[derive(Template)]
#[template(path = "new_types.html")]
struct TypesPage {
    shell: Shell,
    types: Vec<TypeView>,
}

/// One stage of those who must agree.
struct StageView {
    name: Text,
    seats: Vec<Text>,
}

/// What stands beside the form.
struct Aside {
    why: &'static str,
    call: CallView,
    call_note: &'static str,
    summary: Option<Text>,
    agree: Text,
    stages: Vec<StageView>,
    findings: Vec<Text>,
    note: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "new.html")]
struct FormPage {
    shell: Shell,
    type_name: String,
    title: Text,
    summary: Text,
    action: String,
    key: String,
    is_json: bool,
    has_body: bool,
    problems: Vec<Problem>,
    is_refused: bool,
    notice: Option<Note>,
    sections: Vec<Section>,
    aside: Aside,
}

/// What came of the form so far.
#[derive(Default)]
struct Told {
    status: StatusCode,
    faults: Vec<Fault>,
    is_refused: bool,
    notice: Option<Note>,
    tried: Option<DryRun>,
}

/// One call about one type's form.
struct Visit<'a> {
    web: &'a Web,
    request: &'a HttpRequest,
    session: &'a Session,
    request_type: Arc<RequestType>,
}

/// `GET /ui/new`
pub async fn types(web: web::Data<Web>, request: HttpRequest) -> Page {
    let session = Session::of(&web, &request).await?;
    may_make(&session)?;
    let shell = Shell::of(&web, &request, &session, Nav::New).await?;
    let rules = web.engine.rules();
    let view = |found: &Arc<RequestType>| TypeView {
        name: found.name.to_string(),
        title: found.title.as_str().into(),
        summary: found.summary.template().into(),
        call: CallView::of_type(found, web.engine.targets()),
    };
    ok(&TypesPage { shell, types: rules.types.iter().map(view).collect() })
}

/// `GET /ui/new/{TYPE}`
pub async fn form(web: web::Data<Web>, request: HttpRequest, type_name: web::Path<String>) -> Page {
    let session = Session::of(&web, &request).await?;
    may_make(&session)?;
    let visit = Visit::of(&web, &request, &session, &type_name)?;
    let is_json = request.query_string().split('&').any(|pair| pair == "as=json");
    let form = visit.form(is_json);
    let mut entries = form.begin();
    visit.fill_in_entity(&mut entries).await?;
    visit.page(&form, &entries, visit.new_key(), Told::default()).await
}

/// `POST /ui/new/{TYPE}`
pub async fn submit(
    web: web::Data<Web>,
    request: HttpRequest,
    type_name: web::Path<String>,
    payload: web::Payload,
) -> Page {
    let body = Body::read(payload).await;
    let session = Session::of(&web, &request).await?;
    let bytes = body.form(&request)?;
    let mut entries = form::read_entries(&bytes).ok_or(PageError::Unreadable)?;
    check_form(&web, &request, &session, &entries.take("csrf"))?;
    let (wish, key) = (entries.take("do"), entries.take("key"));
    let is_json = entries.take("as") == "json";
    if may_make(&session).is_err() && wish == "submit" {
        let (actor, reference) = (&session.actor, reference(&request));
        // The engine refuses it before it looks at the body, and keeps the refusal.
        let body = Err(&[][..]);
        let refused = SubmissionInput {
            actor,
            type_name: &type_name,
            body,
            idempotency_key: None,
            reference: &reference,
        };
        match web.engine.submit(refused).await {
            Ok(_) | Err(EngineError::PermissionMissing(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    may_make(&session)?;
    let visit = Visit::of(&web, &request, &session, &type_name)?;
    let key = if is_key(&key) { key } else { visit.new_key() };
    let form = visit.form(is_json);
    match wish.split_once(':').unwrap_or((&wish, "")) {
        ("submit", _) => visit.submit(&form, entries, key).await,
        ("add", at) => {
            let rows = entries.rows(at).unwrap_or(0);
            entries.set_rows(at, rows + 1);
            visit.page(&form, &entries, key, Told::default()).await
        }
        ("remove", at) => {
            if let Some((at, row)) = at.rsplit_once('/')
                && let Ok(row) = row.parse()
            {
                entries.remove_row(at, row);
            }
            visit.page(&form, &entries, key, Told::default()).await
        }
        ("json" | "fields", _) => visit.rewrite(&form, entries, key).await,
        _ => visit.check(&form, entries, key).await,
    }
}

impl<'a> Visit<'a> {
    fn of(
        web: &'a Web,
        request: &'a HttpRequest,
        session: &'a Session,
        type_name: &str,
    ) -> Result<Self, PageError> {
        let request_type = web.engine.rules().types.find(type_name).cloned().ok_or(PageError::NotFound)?;
        Ok(Self { web, request, session, request_type })
    }

    fn form(&self, is_json: bool) -> Form {
        Form::of(&self.request_type, self.web.engine.targets(), is_json)
    }

    /// A key under which this form can become one request only, however often it is sent.
    fn new_key(&self) -> String {
        format!("form-{}", self.web.engine.clock().new_id())
    }

    /// Most makers work in one place: what their last request belonged to is a good beginning.
    async fn fill_in_entity(&self, entries: &mut Entries) -> Result<(), PageError> {
        let actor = &self.session.actor;
        let mut filter = self.web.engine.scope(actor)?;
        filter.maker = Some(actor.person.clone());
        let newest = Sort { by: SortBy::Start, descending: true };
        let listing = Listing { filter, sort: newest, limit: 1 };
        let listed = self.web.engine.walk(actor, listing, None).await?;
        if let Some(view) = listed.views.first() {
            let entity = &view.request.entity;
            entries.put("/entityInfo/tillId", entity.till_id.as_str());
            entries.put("/entityInfo/storeId", entity.store_id.as_str());
            entries.put("/entityInfo/zoneId", entity.zone_id.as_str());
            entries.put("/entityInfo/conceptId", entity.concept_id.as_str());
        }
        Ok(())
    }

    fn submitting<'s>(&'s self, body: &'s str, key: &'s str, reference: &'s str) -> SubmissionInput<'s> {
        SubmissionInput {
            actor: &self.session.actor,
            type_name: self.request_type.name.as_str(),
            body: Ok(body.as_bytes()),
            idempotency_key: Some(key),
            reference,
        }
    }

    /// Everything but the submission itself.
    async fn check(&self, form: &Form, mut entries: Entries, key: String) -> Page {
        form.drop_empty_rows(&mut entries);
        let mut told = self.dry_run(form, &entries).await?;
        match told.tried.as_ref().map(|tried| tried.admission.as_ref().err().cloned()) {
            Some(Some(why)) => told.refuse("It would be refused", &why),
            Some(None) if told.faults.is_empty() => told.notice = Some(checked(&self.request_type)),
            Some(None) | None => {}
        }
        form.refill_rows(&mut entries);
        self.page(form, &entries, key, told).await
    }

    /// What every check says of the form as it stands.
    async fn dry_run(&self, form: &Form, entries: &Entries) -> Result<Told, PageError> {
        let filled = form.read(entries);
        let (body, reference) = (json::write(&filled.body), reference(self.request));
        let mut told = Told { faults: filled.faults, ..Told::default() };
        match self.web.engine.dry_run(&self.submitting(&body, "", &reference)).await {
            Ok(tried) => told.tried = Some(tried),
            Err(EngineError::Invalid(faults)) => told.add(form.place(&faults, entries)),
            Err(EngineError::NotAdmitted(why)) => told.refuse("It would be refused", &why),
            Err(error) => return Err(error.into()),
        }
        Ok(told)
    }

    async fn submit(&self, form: &Form, mut entries: Entries, key: String) -> Page {
        form.drop_empty_rows(&mut entries);
        let filled = form.read(&entries);
        if !filled.faults.is_empty() {
            return self.refuse_unread(form, entries, key).await;
        }
        let (body, reference) = (json::write(&filled.body), reference(self.request));
        let submitted = self.web.engine.submit(self.submitting(&body, &key, &reference)).await;
        let error = match submitted {
            Ok(submitted) => return Ok(see_other(&format!("{BASE}/requests/{}", submitted.view.request.id))),
            Err(error) => error,
        };
        let mut key = key;
        let mut told = Told::default();
        match error {
            EngineError::Invalid(faults) => {
                told.add(form.place(&faults, &entries));
                told.status = StatusCode::BAD_REQUEST;
            }
            EngineError::NotAdmitted(why) => {
                told = self.dry_run(form, &entries).await?;
                told.status = ApiError::from(EngineError::NotAdmitted(why.clone())).status_code();
                told.refuse("It was not submitted", &why);
                if why.code == Code::IdempotencyKeyReused {
                    told.notice = Some(sent_before());
                    key = self.new_key();
                }
            }
            EngineError::Store(error) if error.is_busy() => told.notice_busy(),
            EngineError::PermissionMissing(_)
            | EngineError::NotFound
            | EngineError::Unreadable(_)
            | EngineError::Refused(_)
            | EngineError::Store(_) => return Err(error.into()),
        }
        self.count(&told);
        form.refill_rows(&mut entries);
        self.page(form, &entries, key, told).await
    }

    /// What is no JSON can't even be handed to the engine; it is kept as a refusal like any other.
    async fn refuse_unread(&self, form: &Form, mut entries: Entries, key: String) -> Page {
        let told = Told { status: StatusCode::BAD_REQUEST, ..self.dry_run(form, &entries).await? };
        let unread: Vec<DoorFault> = told.faults.iter().cloned().map(DoorFault::from).collect();
        let reference = reference(self.request);
        let refused = SubmissionInput { body: Err(&unread), ..self.submitting("", &key, &reference) };
        match self.web.engine.submit(refused).await {
            Ok(_) | Err(EngineError::Unreadable(_)) => {}
            Err(error) => return Err(error.into()),
        }
        self.count(&told);
        form.refill_rows(&mut entries);
        self.page(form, &entries, key, told).await
    }

    fn count(&self, told: &Told) {
        for fault in &told.faults {
            self.web.engine.metrics().refused(fault.code);
        }
        let status = told.status.as_u16();
        tracing::info!(faults = told.faults.len(), status, "a form was refused");
    }

    /// The same with the body as JSON, or back in its fields.
    async fn rewrite(&self, form: &Form, entries: Entries, key: String) -> Page {
        let other = self.form(!form.is_json);
        match form.rewritten(&other, &entries) {
            Some(rewritten) => self.page(&other, &rewritten, key, Told::default()).await,
            None => {
                let title = if form.is_json {
                    "The fields can’t hold this body."
                } else {
                    "A field holds text that is not JSON yet."
                };
                let lines = vec!["Nothing was changed.".to_owned()];
                let notice = new_note("warn", Icon::Warn, title, lines);
                let told = Told { notice: Some(notice), ..Told::default() };
                self.page(form, &entries, key, told).await
            }
        }
    }

    async fn page(&self, form: &Form, entries: &Entries, key: String, told: Told) -> Page {
        let found = &self.request_type;
        let mut sections = form.draw(entries);
        let problems = form::tell(&mut sections, &told.faults);
        let name = found.name.as_str();
        let page = FormPage {
            shell: Shell::of(self.web, self.request, self.session, Nav::New).await?,
            type_name: name.to_owned(),
            title: found.title.as_str().into(),
            summary: found.summary.template().into(),
            action: format!("{BASE}/new/{name}"),
            key,
            is_json: form.is_json,
            has_body: form.has_body(),
            problems,
            is_refused: told.is_refused,
            notice: told.notice,
            sections,
            aside: Aside::of(found, self.web.engine.targets(), told.tried.as_ref(), !told.faults.is_empty()),
        };
        show(told.status, &page)
    }
}

impl Told {
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
        self.notice = Some(new_note("bad", Icon::No, format!("{title}: {}", why.message), lines));
    }

    fn notice_busy(&mut self) {
        self.status = StatusCode::SERVICE_UNAVAILABLE;
        self.is_refused = true;
        let lines = vec!["What you wrote is still here. Submit it again in a moment.".to_owned()];
        let head = "Countersign is very busy. Nothing was stored.";
        self.notice = Some(new_note("warn", Icon::Warn, head, lines));
    }
}

fn checked(request_type: &RequestType) -> Note {
    let mut lines = vec!["Nothing was stored yet. What it becomes stands beside the form.".to_owned()];
    if request_type.hides_any() {
        lines.push("Before you submit it, type again what is not public.".to_owned());
    }
    new_note("ok", Icon::Done, "Nothing stands against it.", lines)
}

fn sent_before() -> Note {
    let head = "This form was sent before, and has become a request. Since then it was changed.";
    let line = "Look at My requests before you send it once more: submitting now makes a second request.";
    new_note("warn", Icon::Warn, head, vec![line.to_owned()])
}

/// A note that answers what the person has just done.
fn new_note(kind: &'static str, icon: Icon, head: impl Into<Text>, lines: Vec<String>) -> Note {
    Note { is_new: true, ..Note::new(kind, icon, head, lines) }
}

/// Whether the person may submit at all.
fn may_make(session: &Session) -> Result<(), PageError> {
    if session.actor.may(Permission::Make) {
        return Ok(());
    }
    Err(PageError::Told {
        status: StatusCode::FORBIDDEN,
        title: "You can’t submit requests.".to_owned(),
        text: format!(
            "Submitting needs the right {}. Ask whoever grants rights in your org.",
            Permission::Make.name()
        ),
    })
}

/// Keys that this page has not made are not used.
fn is_key(key: &str) -> bool {
    let id = key.strip_prefix("form-").unwrap_or_default();
    id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

impl Aside {
    fn of(request_type: &RequestType, targets: &Targets, tried: Option<&DryRun>, is_faulty: bool) -> Self {
        let note = match request_type.duplicates {
            Duplicates::Allow => None,
            Duplicates::Warn => {
                Some("If another request is open on the same subject, those who decide are told.")
            }
            Duplicates::Block => {
                Some("One at a time: while a request is open on a subject, a second one on it is refused.")
            }
        };
        match tried {
            Some(tried) => Self { note, ..Self::of_tried(tried) },
            None => {
                let (agree, stages) = of_policy(request_type);
                let call_note =
                    if is_faulty { "There are faults, so the call isn’t built yet." } else { "" };
                Self {
                    why: "Once everybody who must has agreed, this is sent, once:",
                    call: CallView::of_type(request_type, targets),
                    call_note,
                    summary: None,
                    agree,
                    stages,
                    findings: Vec::new(),
                    note,
                }
            }
        }
    }

    fn of_tried(tried: &DryRun) -> Self {
        let progress = tried.admission.as_ref().ok().and_then(|draft| draft.progress.as_ref());
        let (why, agree) = match &tried.admission {
            Ok(draft) if progress.is_some() => (
                "Once they have agreed, this is sent, once:",
                format!("By the rule “{}”, for what you wrote:", draft.request.terms.rule),
            ),
            Ok(draft) => (
                "This is sent at once when you submit it:",
                format!("Nobody. The rule “{}” lets it through.", draft.request.terms.rule),
            ),
            Err(_) => ("This would be sent, if it were not refused:", "It would be refused.".to_owned()),
        };
        let stages = progress.map(|progress| progress.stages.iter().map(StageView::of).collect());
        Self {
            why,
            call: CallView::of_draft(tried),
            call_note: if tried.request_type.hides_any() { "What is not public is hidden here." } else { "" },
            summary: Some(tried.summary.as_str().into()),
            agree: agree.into(),
            stages: stages.unwrap_or_default(),
            findings: tried.findings.iter().map(|finding| finding.sentence.as_str().into()).collect(),
            note: None,
        }
    }
}

/// What the policy says before anything is written: the stages, if they never depend on it.
fn of_policy(request_type: &RequestType) -> (Text, Vec<StageView>) {
    if let [rule] = request_type.policy.rules.as_slice()
        && let RuleOutcome::Stages(approval) = &rule.outcome
    {
        let view = |stage: &crate::domain::policy::Stage| {
            let any = match stage.mode {
                Mode::All => None,
                Mode::Any(number) => Some(number),
            };
            let seats: Vec<(&Capacity, u32)> =
                stage.seats.iter().map(|seat| (&seat.who, seat.count)).collect();
            StageView::new(&stage.name, any, &seats)
        };
        let stages = approval.stages.iter().map(view).collect();
        return ("Before anything is sent:".into(), stages);
    }
    ("That depends on what you write. “Check only” tells you.".into(), Vec::new())
}

impl StageView {
    fn of(stage: &StageProgress) -> Self {
        let seats: Vec<(&Capacity, u32)> = stage.seats.iter().map(|seat| (&seat.who, seat.count)).collect();
        Self::new(&stage.name, stage.any.map(|(needed, _)| needed), &seats)
    }

    fn new(name: &str, any: Option<u32>, seats: &[(&Capacity, u32)]) -> Self {
        let people = |count: u32| number_of(usize::try_from(count).unwrap_or(usize::MAX), "person", "people");
        let seats = match any {
            Some(count) => {
                let names: Vec<String> = seats.iter().map(|(who, _)| seat_name(who)).collect();
                vec![format!("{} from {}, not you", people(count), either(&names)).into()]
            }
            None => {
                let seat = |(who, count): &(&Capacity, u32)| {
                    format!("{} from {}, not you", people(*count), seat_name(who)).into()
                };
                seats.iter().map(seat).collect()
            }
        };
        Self { name: name.into(), seats }
    }
}

/// Where the people of a seat come from.
fn seat_name(who: &Capacity) -> String {
    match who {
        Capacity::Permission(Permission::Check) => "the checkers".to_owned(),
        Capacity::Group(_) | Capacity::ClaimedGroup(_) | Capacity::Permission(_) => who_name(who),
    }
}
