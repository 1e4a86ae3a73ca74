//! Submit a request again: one step with the stored call. Nothing of the call is edited but its id.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::code::Code;
use crate::domain::json;
use crate::domain::policy::RuleOutcome;
use crate::domain::request_type::{ReasonRule, RequestType};
use crate::domain::submission::REASON;
use crate::engine::request_snapshot::RequestSnapshot;
use crate::engine::{AgainInput, EngineError};
use crate::http::error::{ApiError, ErrorItem};
use crate::web::form_key::{form_key, new_form_key};
use crate::web::html::filters;
use crate::web::pages::request::{load, render};
use crate::web::parts::call_view::CallView;
use crate::web::parts::came_from::{CameFrom, onto};
use crate::web::parts::format::{self, summary};
use crate::web::parts::notices::Note;
use crate::web::parts::recorded::{SAID_SUBMITTED, situation};
use crate::web::sent_form::{SentForm, keeping};
use crate::web::sentences::refused as refused_because;
use crate::web::sentences::submitting::{NOT_NOW, NOT_SUBMITTED};
use crate::web::{BASE, Icon, Nav, Page, PageRequest, Shell, see_other, show};

/// The field of the new id, as the API calls it.
const NEW_ID: &str = "newId";

#[derive(Template)]
#[template(path = "submit_again.html")]
struct AgainTemplate {
    shell: Shell,
    id: String,
    url: String,
    version: i64,
    title: String,
    /// Why the old request was submitted.
    old_reason: String,
    key: String,
    call: CallView,
    /// Whether every rule in force that takes a submission asks for people.
    is_always_checked: bool,
    new_id: Option<NewIdField>,
    reason: Option<ReasonField>,
    problem: Option<Note>,
    /// What each address carries along, so that the way leads back to the list.
    from: String,
}

/// The field for another id, if the type in force has one and the call carries it.
struct NewIdField {
    /// The id that the call carries, as this person may see it.
    current: String,
    typed: String,
    fault: String,
}

/// The field for the reason, unless the type in force takes none.
struct ReasonField {
    is_required: bool,
    typed: String,
    fault: String,
}

/// The form of the step.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct AgainForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    key: String,
    #[serde(default, rename = "newId")]
    new_id: String,
    #[serde(default)]
    reason: String,
}

/// What a form brought, and what is wrong with it.
#[derive(Default)]
struct FormInput {
    status: StatusCode,
    key: Option<String>,
    new_id: Typed,
    reason: Typed,
    problem: Option<Note>,
}

/// What somebody typed into a field, and what is wrong with it.
#[derive(Default)]
struct Typed {
    text: String,
    fault: String,
}

/// `GET /ui/requests/{id}/submit-again`
pub async fn step(page: PageRequest, id: web::Path<String>) -> Page {
    let snapshot = load(&page, &id).await?;
    if !snapshot.explained.can_submit_again {
        return render(&page, snapshot, StatusCode::OK, Vec::new());
    }
    step_page(&page, snapshot, FormInput::default())
}

/// `POST /ui/requests/{id}/submit-again`
pub async fn submit(id: web::Path<String>, form: SentForm) -> Page {
    let typed = [form.field(NEW_ID, "New id"), form.field(REASON, "Why")].concat();
    keeping(typed, submit_one(&id, form).await)
}

async fn submit_one(id: &str, form: SentForm) -> Page {
    let (page, mut form): (PageRequest, AgainForm) = form.open()?;
    page.check_form(&form.csrf)?;
    let key = form_key(std::mem::take(&mut form.key), page.engine());
    let snapshot = load(&page, id).await?;
    let typed = [(NEW_ID, &form.new_id), (REASON, &form.reason)];
    let wish: Map<String, Value> = typed
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text.as_str().into()))
        .collect();
    let (body, reference) = (json::write(&Value::Object(wish)), page.reference());
    let again = AgainInput {
        actor: page.actor(),
        old: snapshot.view,
        body: Ok(body.as_bytes()),
        idempotency_key: Some(&key),
        reference: &reference,
    };
    match page.engine().submit_again(again).await {
        Ok(submitted) => {
            let id = submitted.view.request.id;
            Ok(see_other(&format!("{BASE}/requests/{id}?said={SAID_SUBMITTED}")))
        }
        Err(error) => refused(&page, id, error, (key, form)).await,
    }
}

/// What the engine refused: the step again if this person can still take it, else the request as it is now.
async fn refused(page: &PageRequest, id: &str, error: EngineError, (key, form): (String, AgainForm)) -> Page {
    let snapshot = load(page, id).await?;
    let names = page.names();
    let why = match &error {
        EngineError::Refused(_) => Some(refused_because(&error, &situation(page, &snapshot, &names)).lines),
        EngineError::PermissionMissing(_)
        | EngineError::NotFound
        | EngineError::Unreadable(_)
        | EngineError::Invalid(_)
        | EngineError::NotAdmitted(_)
        | EngineError::Store(_) => None,
    };
    let (error, status) = page.take_refusal(error, "a form was refused")?;
    let note = match why {
        Some(lines) => Note::answering("warn", Icon::Warn, NOT_SUBMITTED, lines),
        None => note(&error, status),
    };
    if !snapshot.explained.can_submit_again {
        return render(page, snapshot, status, vec![note]);
    }
    let is_used = error.codes().contains(&Code::IdempotencyKeyReused);
    let typed = |name: &str, text: String| {
        let of_field = error.items().iter().find(|item| is_of(item, name));
        Typed { text, fault: of_field.map(|item| item.message.clone()).unwrap_or_default() }
    };
    let input = FormInput {
        status,
        key: (!is_used).then_some(key),
        new_id: typed(NEW_ID, form.new_id),
        reason: typed(REASON, form.reason),
        problem: Some(note),
    };
    step_page(page, snapshot, input)
}

fn is_of(item: &ErrorItem, name: &str) -> bool {
    item.field.as_deref().and_then(|field| field.strip_prefix('/')) == Some(name)
}

fn note(error: &ApiError, status: StatusCode) -> Note {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let lines = error.items().iter().map(|item| item.message.clone()).collect();
        return Note::answering("warn", Icon::Wait, NOT_NOW, lines);
    }
    let line = |item: &ErrorItem| match item.field.as_deref() {
        Some(_) if is_of(item, NEW_ID) => format!("New id: {}", item.message),
        Some(_) if is_of(item, REASON) => format!("Why: {}", item.message),
        Some(field) => format!("{} ({field})", item.message),
        None => item.message.clone(),
    };
    let lines = error.items().iter().map(line).collect();
    Note::answering("warn", Icon::Warn, NOT_SUBMITTED, lines)
}

fn step_page(page: &PageRequest, snapshot: RequestSnapshot, input: FormInput) -> Page {
    let RequestSnapshot { view, waiting, .. } = snapshot;
    let FormInput { status, key, new_id, reason, problem } = input;
    let it = &view.request;
    let current = page.engine().rules().types.find(it.request_type.as_str()).cloned();
    let template =
        AgainTemplate {
            shell: Shell::around(page, Nav::Elsewhere, waiting),
            id: it.id.to_string(),
            url: format!("{BASE}/requests/{}", it.id),
            from: onto(CameFrom::of(&page.http).as_ref(), ""),
            version: it.version,
            title: summary(it),
            old_reason: format::reason(it),
            key: key.unwrap_or_else(|| new_form_key(page.engine())),
            call: CallView::of(&view),
            is_always_checked: current.as_deref().is_some_and(is_always_checked),
            reason: current.as_deref().filter(|current| current.reason != ReasonRule::Off).map(|current| {
                let is_required = current.reason == ReasonRule::Required;
                ReasonField { is_required, typed: reason.text, fault: reason.fault }
            }),
            new_id: current
                .and_then(|current| current.repeat_key(&view.shown().0))
                .map(|current| NewIdField { current, typed: new_id.text, fault: new_id.fault }),
            problem,
        };
    show(status, &template)
}

fn is_always_checked(current: &RequestType) -> bool {
    current.policy.rules.iter().all(|rule| match rule.outcome {
        RuleOutcome::Stages(_) | RuleOutcome::Refuse { .. } => true,
        RuleOutcome::AutoApprove => false,
    })
}
