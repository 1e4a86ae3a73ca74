//! Approve, reject, send back, withdraw: one step each, with the call, a message, and a button that says what happens.
//!
//! A decision carries the digest and the version that were on the screen. If the request moved, nothing is
//! decided, the message is kept, and the page says what changed.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::request::{Decision, NewDecision, Request, Verdict};
use crate::domain::words::{Words, WordsFault};
use crate::engine::explain::Explanation;
use crate::engine::openings::Door;
use crate::engine::request_snapshot::RequestSnapshot;
use crate::engine::{DecisionInput, EngineError};
use crate::http::query::escaped;
use crate::web::html::filters;
use crate::web::pages::request::{load, opened, render};
use crate::web::pages::send_back::{NamedField, named_fields};
use crate::web::parts::call_view::CallView;
use crate::web::parts::came_from::{CameFrom, onto, recorded_url};
use crate::web::parts::changes_view::ChangesView;
use crate::web::parts::comments::CommentLine;
use crate::web::parts::format::{self, summary};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::notices::Note;
use crate::web::parts::recorded::situation;
use crate::web::parts::who::{Names, Who};
use crate::web::sent_form::{SentForm, keeping};
use crate::web::sentences::{self, Acting, Look, Step, StepWords, looks, odd_looks, signed_as};
use crate::web::{BASE, Page, PageError, PageRequest, see_other, show};

/// The last part of the address of a step.
fn path_of(step: Step) -> &'static str {
    match step {
        Step::Approve => "approve",
        Step::Reject => "reject",
        Step::SendBack => "send-back",
        Step::Withdraw => "withdraw",
    }
}

/// Who approved before.
struct Signed {
    who: Who,
    /// ` for Risk`.
    signed_as: String,
}

#[derive(Template)]
#[template(path = "step.html")]
struct StepTemplate {
    shell: Shell,
    step: Step,
    id: String,
    url: String,
    action: String,
    words: StepWords,
    title: String,
    /// Why it was submitted, in the maker's words.
    reason: String,
    call: CallView,
    /// What people said about the present revision.
    comments: Vec<CommentLine>,
    changes: Option<ChangesView>,
    /// What of the submission can be named, in a step that names it.
    fields: Vec<NamedField>,
    /// Whether one is named.
    is_naming: bool,
    looks: Vec<Look>,
    /// Who approved it before.
    signed: Vec<Signed>,
    /// As whom and as what the reader is about to act.
    acting: Acting,
    digest: String,
    version: i64,
    message: String,
    message_fault: String,
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
    let snapshot = opened(page, id).await?;
    if !is_open(step, &snapshot) {
        // The page says why, in the words of the engine.
        return render(page, snapshot, StatusCode::OK, Vec::new());
    }
    step_page(page, step, snapshot, FormInput::default())
}

/// Whether this person can take the step now.
fn is_open(step: Step, snapshot: &RequestSnapshot) -> bool {
    match step {
        Step::Approve => snapshot.explained.can_decide,
        // Whoever's seat is filled may still say no.
        Step::Reject => snapshot.explained.seat.is_some(),
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
    let RequestSnapshot { view, explained, waiting, events, changes, open_on_subject, odd_decisions, .. } =
        snapshot;
    let it = &view.request;
    let shell = Shell::around(page, Nav::Elsewhere, waiting);
    let names = &shell.names.clone();
    let mut looks = looks((it, &explained), &open_on_subject, (names, shell.when));
    looks.extend(odd_looks(&odd_decisions, it, names));
    looks.retain(|look| !look.is_note);
    let url = format!("{BASE}/requests/{}", it.id);
    let from = CameFrom::of(&page.http);
    let template = StepTemplate {
        words: step.words(it, &explained, names),
        acting: acting(step, page, &explained, &shell),
        action: match step {
            Step::Approve | Step::Reject => format!("{url}/decide"),
            Step::SendBack | Step::Withdraw => format!("{url}/{}", path_of(step)),
        },
        id: it.id.to_string(),
        title: summary(it),
        reason: format::reason(it),
        comments: CommentLine::of_revision(&events, it.revision, (names, shell.when)),
        changes: changes.as_ref().map(ChangesView::of),
        fields: if step == Step::SendBack { named_fields(&view, &input.fields) } else { Vec::new() },
        is_naming: !input.fields.is_empty(),
        looks,
        signed: signed(it, names),
        digest: it.digest.to_string(),
        version: it.version,
        message: input.message,
        message_fault: input.fault,
        problem: input.problem,
        sign_in_again: must_sign_in_again(step, &explained).then(|| {
            format!(
                "{BASE}/sign-in/again?to={}",
                escaped(&onto(from.as_ref(), &format!("{url}/{}", path_of(step))))
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

/// Those who approved the present revision. Whoever rejected it is something to look at.
fn signed(request: &Request, names: &Names) -> Vec<Signed> {
    let approvals = request.decisions.iter().filter(|decision| decision.verdict == Verdict::Approved);
    let signed = |decision: &Decision| Signed {
        who: names.who(&decision.checker),
        signed_as: signed_as(&decision.capacities, names),
    };
    approvals.map(signed).collect()
}

fn acting(step: Step, page: &PageRequest, explained: &Explanation, shell: &Shell) -> Acting {
    let (reader, around) = (&page.actor().person, (&shell.names, shell.org.as_str()));
    let seat = explained.seat.as_ref().map(|seat| seat.capacities.as_slice()).unwrap_or_default();
    match step {
        Step::Approve | Step::Reject | Step::SendBack => Acting::signing(reader, seat, around),
        Step::Withdraw => shell.acting(),
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
        door: Door::Pages,
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
    let snapshot = load(page, id).await?;
    let names = page.names();
    let why = sentences::refused(&error, &situation(page, &snapshot, &names));
    let (_, status) = page.take_refusal(error, "a decision on a page was refused")?;
    let note = Note::answering("warn", why.icon, why.head, why.lines);
    if is_open(step, &snapshot) {
        let problem = Some(note);
        let input =
            FormInput { message: message.to_owned(), fields, problem, status, ..FormInput::default() };
        return step_page(page, step, snapshot, input);
    }
    let note = Note { kept: message.into(), ..note };
    render(page, snapshot, status, vec![note])
}
