//! Approve, reject, send back, withdraw: one step each, with the call, a message, and a button that says what happens.
//!
//! A decision carries the digest and the version that were on the screen. If the request moved, nothing is
//! decided, the message is kept, and the page says what changed.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::code::Code;
use crate::domain::findings::Level;
use crate::domain::request::{NewDecision, Verdict};
use crate::domain::words::{Words, WordsFault};
use crate::engine::explain::Explanation;
use crate::engine::request_snapshot::RequestSnapshot;
use crate::engine::{DecisionInput, EngineError};
use crate::http::query::escaped;
use crate::web::html::filters;
use crate::web::pages::request::{load, render};
use crate::web::pages::send_back::{NamedField, named_fields};
use crate::web::parts::approval_view::after_me;
use crate::web::parts::call_view::CallView;
use crate::web::parts::came_from::{CameFrom, onto, recorded_url};
use crate::web::parts::changes_view::ChangesView;
use crate::web::parts::comments::CommentLine;
use crate::web::parts::format::{self, summary};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::notices::{Note, warning_text};
use crate::web::sent_form::{SentForm, keeping};
use crate::web::{BASE, Icon, Page, PageError, PageRequest, see_other, show};

/// What a step is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Approve,
    Reject,
    SendBack,
    Withdraw,
}

impl Step {
    fn path(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::SendBack => "send-back",
            Self::Withdraw => "withdraw",
        }
    }

    fn title(self, is_last: bool) -> &'static str {
        match self {
            Self::Approve if is_last => "Approve and send",
            Self::Approve => "Approve",
            Self::Reject => "Reject",
            Self::SendBack => "Send back",
            Self::Withdraw => "Withdraw",
        }
    }
}

#[derive(Template)]
#[template(path = "step.html")]
struct StepTemplate {
    shell: Shell,
    step: Step,
    id: String,
    url: String,
    action: String,
    heading: &'static str,
    title: String,
    /// Why it was submitted, in the maker's words.
    reason: String,
    what: String,
    call: CallView,
    /// What people said about the present revision.
    comments: Vec<CommentLine>,
    changes: Option<ChangesView>,
    /// What of the submission can be named, in a step that names it.
    fields: Vec<NamedField>,
    /// Whether one is named.
    is_naming: bool,
    looks: Vec<String>,
    signed: Vec<String>,
    digest: String,
    version: i64,
    message: String,
    message_fault: String,
    button: String,
    problem: Option<Note>,
    /// Where to sign in again first, if this decision needs it.
    sign_in_again: Option<String>,
    /// What each address carries along, so that the way leads back to the list.
    from: String,
}

/// The form of a step.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct StepForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    version: String,
}

/// `GET /ui/requests/{id}/approve`
pub async fn approve_step(page: PageRequest, id: web::Path<String>) -> Page {
    first(&page, &id, Step::Approve).await
}

/// `GET /ui/requests/{id}/reject`
pub async fn reject_step(page: PageRequest, id: web::Path<String>) -> Page {
    first(&page, &id, Step::Reject).await
}

/// `GET /ui/requests/{id}/withdraw`
pub async fn withdraw_step(page: PageRequest, id: web::Path<String>) -> Page {
    first(&page, &id, Step::Withdraw).await
}

/// A step that nobody has sent yet.
pub(super) async fn first(page: &PageRequest, id: &str, step: Step) -> Page {
    let snapshot = load(page, id).await?;
    if !is_open(step, &snapshot) {
        // The page says why, in the words of the engine.
        return render(page, snapshot, StatusCode::OK, Vec::new());
    }
    step_page(page, step, snapshot, FormInput::default())
}

/// Whether this person can take the step now.
fn is_open(step: Step, snapshot: &RequestSnapshot) -> bool {
    match step {
        Step::Approve | Step::Reject => snapshot.explained.can_decide,
        Step::SendBack => snapshot.explained.can_send_back,
        Step::Withdraw => snapshot.explained.can_withdraw,
    }
}

/// What a form brought, and what is wrong with it.
#[derive(Default)]
pub(super) struct FormInput {
    pub(super) message: String,
    pub(super) fault: String,
    /// The members of the submission that were named.
    pub(super) fields: Vec<String>,
    pub(super) problem: Option<Note>,
    pub(super) status: StatusCode,
}

impl FormInput {
    /// The form again, with what is wrong with its message.
    fn with_fault(form: &StepForm, fault: WordsFault) -> Self {
        let (fault, status) = (fault.sentence(), StatusCode::UNPROCESSABLE_ENTITY);
        Self { message: form.message.clone(), fault, status, ..Self::default() }
    }
}

pub(super) fn step_page(page: &PageRequest, step: Step, snapshot: RequestSnapshot, input: FormInput) -> Page {
    let RequestSnapshot { view, explained, waiting, events, changes, .. } = snapshot;
    let it = &view.request;
    let shell = Shell::around(page, Nav::Elsewhere, waiting);
    let after = explained.progress.as_ref().and_then(after_me);
    let host = it.host.as_str();
    let warnings = it.terms.warnings.iter().map(|warning| warning.message.clone());
    let findings = explained.findings.iter().filter(|finding| finding.level == Level::Warning);
    let looks = warnings.chain(findings.map(warning_text));
    let mut looks: Vec<String> = looks.collect();
    looks.dedup();
    let signed = it.decisions.iter().map(|decision| {
        let stage = explained.progress.as_ref().and_then(|progress| progress.stages.get(decision.stage));
        let stage = stage.map_or_else(String::new, |stage| format!(" ({})", stage.name));
        format!("{}{stage}", decision.checker.user_name)
    });
    let url = format!("{BASE}/requests/{}", it.id);
    let from = CameFrom::of(&page.http);
    let template = StepTemplate {
        heading: step.title(after.is_none()),
        what: what(step, host, after.as_deref()),
        button: button(step, host, after.is_none()),
        action: match step {
            Step::Approve | Step::Reject => format!("{url}/decide"),
            Step::SendBack | Step::Withdraw => format!("{url}/{}", step.path()),
        },
        id: it.id.to_string(),
        title: summary(it),
        reason: format::reason(it),
        comments: CommentLine::of_revision(&events, it.revision, shell.when),
        changes: changes.as_ref().map(ChangesView::of),
        fields: if step == Step::SendBack { named_fields(&view, &input.fields) } else { Vec::new() },
        is_naming: !input.fields.is_empty(),
        looks,
        signed: signed.collect(),
        digest: it.digest.to_string(),
        version: it.version,
        message: input.message,
        message_fault: input.fault,
        problem: input.problem,
        sign_in_again: must_sign_in_again(step, &explained).then(|| {
            format!(
                "{BASE}/sign-in/again?to={}",
                escaped(&onto(from.as_ref(), &format!("{url}/{}", step.path())))
            )
        }),
        call: CallView::of(&view),
        from: onto(from.as_ref(), ""),
        url,
        step,
        shell,
    };
    show(input.status, &template)
}

/// Only an approval sends anything, so only an approval may need a sign-in of just now.
fn must_sign_in_again(step: Step, explained: &Explanation) -> bool {
    step == Step::Approve && explained.fresh_sign_in.as_ref().is_some_and(|fresh| !fresh.is_fresh)
}

fn what(step: Step, host: &str, after: Option<&[String]>) -> String {
    match (step, after) {
        (Step::Approve, None) => {
            "Yours is the last signature. When you approve, Countersign sends this call at once, one time:"
                .to_owned()
        }
        (Step::Approve, Some(stages)) => {
            let names: Vec<&str> = stages.iter().map(String::as_str).collect();
            let names = names.join(", ");
            format!(
                "You sign it, and nothing is sent now: after you, {names} must still agree. It is about this call:"
            )
        }
        (Step::Reject, _) => format!(
            "Nothing is sent to {host}, and you can’t undo it. The maker may submit a new one. It is about this call:"
        ),
        (Step::SendBack, _) => {
            "Nothing is sent, and nobody can decide it until its maker has changed it. All who signed \
             before sign again then. It is about this call:"
                .to_owned()
        }
        (Step::Withdraw, _) => {
            "It ends here and nothing is sent. The record stays, with your reason. It is about this call:"
                .to_owned()
        }
    }
}

fn button(step: Step, host: &str, is_last: bool) -> String {
    match step {
        Step::Approve if is_last => format!("Approve and send to {host}"),
        Step::Approve => "Approve, send nothing yet".to_owned(),
        Step::Reject => "Reject, send nothing".to_owned(),
        Step::SendBack => "Send back to its maker".to_owned(),
        Step::Withdraw => "Withdraw, send nothing".to_owned(),
    }
}

/// `POST /ui/requests/{id}/decide`
pub async fn decide(id: web::Path<String>, form: SentForm) -> Page {
    let message = form.message();
    keeping(message, decide_one(&id, form).await)
}

async fn decide_one(id: &str, form: SentForm) -> Page {
    let (page, form): (PageRequest, StepForm) = form.open()?;
    page.check_form(&form.csrf)?;
    let verdict = Verdict::parse(&form.decision).ok_or(PageError::Unreadable)?;
    let step = if verdict == Verdict::Approved { Step::Approve } else { Step::Reject };
    // Without what was on the screen, it is not known what this person read.
    let version = form.version.parse().map_err(|_| PageError::Unreadable)?;
    if form.digest.is_empty() {
        return Err(PageError::Unreadable);
    }
    let snapshot = load(&page, id).await?;
    let ballot = match NewDecision::new(verdict, &form.message, Some(form.digest.clone())) {
        Ok(ballot) => ballot.on_version(Some(version)),
        Err(fault) => {
            return step_page(&page, step, snapshot, FormInput::with_fault(&form, fault));
        }
    };
    let deciding = DecisionInput {
        actor: page.actor().clone(),
        request_type: snapshot.view.request.request_type.clone(),
        id: snapshot.view.request.id,
        decision: ballot,
        origin: page.origin(),
    };
    match page.engine().decide(deciding).await {
        Ok(decided) => {
            let _ =
                page.engine().await_outcome(decided, page.web.decision_wait, page.web.stopping.clone()).await;
            Ok(see_other(&recorded_url(&page.http, id, verdict.name())))
        }
        Err(error) => refused(&page, Submitted::of(step, id, &form.message), error).await,
    }
}

/// `POST /ui/requests/{id}/withdraw`
pub async fn withdraw(id: web::Path<String>, form: SentForm) -> Page {
    let reason = form.message();
    keeping(reason, withdraw_one(&id, form).await)
}

async fn withdraw_one(id: &str, form: SentForm) -> Page {
    let (page, form): (PageRequest, StepForm) = form.open()?;
    page.check_form(&form.csrf)?;
    let step = Step::Withdraw;
    let snapshot = load(&page, id).await?;
    let request_id = snapshot.view.request.id;
    let reason = match Words::new(&form.message) {
        Ok(reason) => reason,
        Err(fault) => return step_page(&page, step, snapshot, FormInput::with_fault(&form, fault)),
    };
    match page.engine().withdraw(page.actor(), request_id, reason, page.origin()).await {
        Ok(_) => Ok(see_other(&recorded_url(&page.http, id, "withdrawn"))),
        Err(error) => refused(&page, Submitted::of(step, id, &form.message), error).await,
    }
}

/// A step that a person sent.
pub(super) struct Submitted<'a> {
    pub(super) step: Step,
    pub(super) id: &'a str,
    pub(super) message: &'a str,
    pub(super) fields: Vec<String>,
}

impl<'a> Submitted<'a> {
    fn of(step: Step, id: &'a str, message: &'a str) -> Self {
        Self { step, id, message, fields: Vec::new() }
    }
}

/// What the engine refused: the same step again if this person can still take it, else the request as it is
/// now; the message is kept either way.
pub(super) async fn refused(page: &PageRequest, submitted: Submitted<'_>, error: EngineError) -> Page {
    let Submitted { step, id, message, fields } = submitted;
    let (error, status) = page.take_refusal(error, "a decision on a page was refused")?;
    let sentence = error.items().iter().map(|item| item.message.clone()).collect::<Vec<_>>().join(" ");
    let snapshot = load(page, id).await?;
    let (head, icon) = if status == StatusCode::SERVICE_UNAVAILABLE {
        ("Countersign can't do this right now; your words are still here.", Icon::Wait)
    } else {
        ("This was not recorded.", Icon::Warn)
    };
    // Other refusals name the decision that was recorded themselves.
    let moved = error.codes().contains(&Code::RequestMoved).then(|| moved(&snapshot)).flatten();
    let lines = std::iter::once(sentence).chain(moved).collect();
    let note = Note { is_new: true, ..Note::new("warn", icon, head, lines) };
    if is_open(step, &snapshot) {
        let problem = Some(note);
        let input =
            FormInput { message: message.to_owned(), fields, problem, status, ..FormInput::default() };
        return step_page(page, step, snapshot, input);
    }
    let note = Note { kept: message.into(), ..note };
    render(page, snapshot, status, vec![note])
}

/// Who did what last, for a person whose page was old.
fn moved(snapshot: &RequestSnapshot) -> Option<String> {
    let last = snapshot.view.request.last_decision()?;
    let words = if last.message.is_empty() { String::new() } else { format!(": “{}”", last.message) };
    Some(format!("{} {} this{words}", last.checker.user_name, last.verdict.name()))
}
