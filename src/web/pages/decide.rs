//! One step, one decision: what happens, the call, the words, and the button that says it.
//!
//! A decision carries the digest and the version that were on the screen. If the request moved, nothing is
//! decided, nothing typed is lost, and the page says what changed.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::code::Code;
use crate::domain::findings::Level;
use crate::domain::request::{NewDecision, Verdict};
use crate::engine::explain::Explanation;
use crate::engine::request_snapshot::RequestSnapshot;
use crate::engine::{DecisionInput, EngineError, Origin};
use crate::http::error::ApiError;
use crate::http::middleware::reference;
use crate::web::html::Text;
use crate::web::pages::inbox::{escaped, title};
use crate::web::pages::request::{know, look, render};
use crate::web::parts::call_view::CallView;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::notices::Note;
use crate::web::parts::signature_view::after_me;
use crate::web::session::{Session, check_form};
use crate::web::{BASE, Icon, Page, PageError, Web, see_other, show};

/// What a step is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Approve,
    Reject,
    Withdraw,
}

impl Step {
    fn path(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }

    fn title(self, is_last: bool) -> &'static str {
        match self {
            Self::Approve if is_last => "Approve and send",
            Self::Approve => "Approve",
            Self::Reject => "Reject",
            Self::Withdraw => "Take it back",
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
    title: Text,
    what: Text,
    call: CallView,
    looks: Vec<Text>,
    signed: Vec<Text>,
    digest: String,
    version: i64,
    message: Text,
    message_fault: Text,
    button: Text,
    problem: Option<Note>,
    /// Where to sign in again first, if this decision needs it.
    sign_in_again: Option<String>,
}

/// A form of a step, as it came.
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
pub async fn approve(web: web::Data<Web>, request: HttpRequest, id: web::Path<String>) -> Page {
    first(&web, &request, &id, Step::Approve).await
}

/// `GET /ui/requests/{id}/reject`
pub async fn reject(web: web::Data<Web>, request: HttpRequest, id: web::Path<String>) -> Page {
    first(&web, &request, &id, Step::Reject).await
}

/// `GET /ui/requests/{id}/withdraw`
pub async fn withdraw(web: web::Data<Web>, request: HttpRequest, id: web::Path<String>) -> Page {
    first(&web, &request, &id, Step::Withdraw).await
}

async fn first(web: &Web, request: &HttpRequest, id: &str, step: Step) -> Page {
    let session = Session::of(web, request).await?;
    let known = know(web, &session, id).await?;
    let is_possible = match step {
        Step::Approve | Step::Reject => known.explained.can_decide,
        Step::Withdraw => known.explained.can_withdraw,
    };
    if !is_possible {
        // The page says why, in the words of the engine.
        return render(web, request, &session, known, (StatusCode::OK, Vec::new())).await;
    }
    step_page(web, request, &session, (step, known), Filled::default()).await
}

/// What a form brought, and what is wrong with it.
#[derive(Default)]
struct Filled {
    message: String,
    fault: String,
    problem: Option<Note>,
    status: StatusCode,
}

async fn step_page(
    web: &Web,
    request: &HttpRequest,
    session: &Session,
    (step, known): (Step, RequestSnapshot),
    filled: Filled,
) -> Page {
    let RequestSnapshot { view, explained, waiting, .. } = known;
    let it = &view.request;
    let shell = Shell::around(web, request, session, (Nav::Elsewhere, waiting));
    let after = explained.progress.as_ref().and_then(after_me);
    let host = it.host.as_str();
    let warnings = it.terms.warnings.iter().map(|warning| Text::from(warning.message.as_str()));
    let findings = explained.findings.iter().filter(|finding| finding.level == Level::Warning);
    let looks = warnings.chain(findings.map(look));
    let mut looks: Vec<Text> = looks.collect();
    looks.dedup();
    let signed = it.decisions.iter().map(|decision| {
        let stage = explained.progress.as_ref().and_then(|progress| progress.stages.get(decision.stage));
        let stage = stage.map_or_else(String::new, |stage| format!(" ({})", stage.name));
        Text::from(format!("{}{stage}", decision.checker.user_name))
    });
    let url = format!("{BASE}/requests/{}", it.id);
    let page = StepTemplate {
        heading: step.title(after.is_none()),
        what: what(step, host, after.as_deref()).into(),
        button: button(step, host, after.is_none()).into(),
        action: match step {
            Step::Approve | Step::Reject => format!("{url}/decide"),
            Step::Withdraw => format!("{url}/withdraw"),
        },
        id: it.id.to_string(),
        title: title(it),
        looks,
        signed: signed.collect(),
        digest: it.digest.to_string(),
        version: it.version,
        message: filled.message.into(),
        message_fault: filled.fault.into(),
        problem: filled.problem,
        sign_in_again: must_sign_in_again(step, &explained)
            .then(|| format!("{BASE}/sign-in/again?to={}", escaped(&format!("{url}/{}", step.path())))),
        call: CallView::of(&view),
        url,
        step,
        shell,
    };
    show(filled.status, &page)
}

/// Only an approval sends anything, so only an approval may need a sign-in of just now.
fn must_sign_in_again(step: Step, explained: &Explanation) -> bool {
    step == Step::Approve && explained.fresh_sign_in.as_ref().is_some_and(|fresh| !fresh.is_fresh)
}

fn what(step: Step, host: &str, after: Option<&[Text]>) -> String {
    match (step, after) {
        (Step::Approve, None) => {
            "Yours is the last signature. When you approve, Countersign sends this call at once, one time:"
                .to_owned()
        }
        (Step::Approve, Some(stages)) => {
            let names: Vec<&str> = stages.iter().map(Text::raw).collect();
            let names = names.join(", ");
            format!(
                "You sign it, and nothing is sent now: after you, {names} must still agree. It is about this call:"
            )
        }
        (Step::Reject, _) => format!(
            "Nothing is sent to {host}, and you can’t take it back. The maker may submit a new one. It is about this call:"
        ),
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
        Step::Withdraw => "Take it back, send nothing".to_owned(),
    }
}

/// `POST /ui/requests/{id}/decide`
pub async fn decide(
    web: web::Data<Web>,
    request: HttpRequest,
    id: web::Path<String>,
    form: web::Form<StepForm>,
) -> Page {
    let session = Session::of(&web, &request).await?;
    check_form(&web, &request, &session, &form.csrf)?;
    let verdict = Verdict::parse(&form.decision).ok_or(PageError::Unreadable)?;
    let step = if verdict == Verdict::Approved { Step::Approve } else { Step::Reject };
    // Without what was on the screen nobody knows what this person read.
    let version = form.version.parse().map_err(|_| PageError::Unreadable)?;
    if form.digest.is_empty() {
        return Err(PageError::Unreadable);
    }
    let known = know(&web, &session, &id).await?;
    let ballot = match NewDecision::new(verdict, &form.message, Some(form.digest.clone())) {
        Ok(ballot) => ballot.on_version(Some(version)),
        Err(sentence) => {
            let filled = Filled {
                message: form.message.clone(),
                fault: sentence,
                status: StatusCode::UNPROCESSABLE_ENTITY,
                problem: None,
            };
            return step_page(&web, &request, &session, (step, known), filled).await;
        }
    };
    let deciding = DecisionInput {
        actor: session.actor.clone(),
        request_type: known.view.request.request_type.clone(),
        id: known.view.request.id,
        decision: ballot,
        origin: Origin::of(&session.actor, &reference(&request)),
    };
    match web.engine.decide(deciding).await {
        Ok(decided) => {
            let mut stopping = web.stopping.clone();
            tokio::select! {
                waited = web.engine.await_outcome(decided, web.decision_wait) => waited?,
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
            }
            Ok(see_other(&format!("{BASE}/requests/{}?said={}", *id, verdict.name())))
        }
        Err(error) => refused(&web, &request, &session, (step, &id, &form.message), error).await,
    }
}

/// `POST /ui/requests/{id}/withdraw`
pub async fn take_back(
    web: web::Data<Web>,
    request: HttpRequest,
    id: web::Path<String>,
    form: web::Form<StepForm>,
) -> Page {
    let session = Session::of(&web, &request).await?;
    check_form(&web, &request, &session, &form.csrf)?;
    let known = know(&web, &session, &id).await?;
    let origin = Origin::of(&session.actor, &reference(&request));
    match web.engine.withdraw(&session.actor, known.view.request.id, &form.message, origin).await {
        Ok(_) => Ok(see_other(&format!("{BASE}/requests/{}?said=withdrawn", *id))),
        Err(EngineError::Invalid(faults)) => {
            let fault = faults.first().map(|fault| fault.message.clone()).unwrap_or_default();
            let filled = Filled {
                message: form.message.clone(),
                fault,
                status: StatusCode::UNPROCESSABLE_ENTITY,
                problem: None,
            };
            step_page(&web, &request, &session, (Step::Withdraw, known), filled).await
        }
        Err(error) => refused(&web, &request, &session, (Step::Withdraw, &id, &form.message), error).await,
    }
}

/// What the engine refused: the same step again if it is still open to this person, else the request as it
/// stands; the words are kept either way.
async fn refused(
    web: &Web,
    request: &HttpRequest,
    session: &Session,
    (step, id, message): (Step, &str, &str),
    error: EngineError,
) -> Page {
    let error = ApiError::from(error);
    let status = actix_web::ResponseError::status_code(&error);
    if status == StatusCode::NOT_FOUND || error.cause().is_some() {
        return Err(error.into());
    }
    for code in error.codes() {
        web.engine.metrics().refused(code);
    }
    tracing::info!(codes = %error, status = status.as_u16(), "a decision on a page was refused");
    let sentence = error.items().iter().map(|item| item.message.clone()).collect::<Vec<_>>().join(" ");
    let known = know(web, session, id).await?;
    let (head, icon) = if status == StatusCode::SERVICE_UNAVAILABLE {
        ("Countersign is very busy. Nothing was recorded; your words are still here.", Icon::Wait)
    } else {
        ("This was not recorded.", Icon::Warn)
    };
    let is_open = match step {
        Step::Approve | Step::Reject => known.explained.can_decide,
        Step::Withdraw => known.explained.can_withdraw,
    };
    // Other refusals name the decision that stands themselves.
    let moved = error.codes().contains(&Code::RequestMoved).then(|| moved(&known)).flatten();
    let lines = std::iter::once(sentence).chain(moved).collect();
    let note = Note { is_new: true, ..Note::new("warn", icon, head, lines) };
    if is_open {
        let problem = Some(note);
        let filled = Filled { message: message.to_owned(), fault: String::new(), problem, status };
        return step_page(web, request, session, (step, known), filled).await;
    }
    let note = Note { kept: message.into(), ..note };
    render(web, request, session, known, (status, vec![note])).await
}

/// Who did what last, for somebody whose page was old.
fn moved(known: &RequestSnapshot) -> Option<String> {
    let last = known.view.request.last_decision()?;
    let words = if last.message.is_empty() { String::new() } else { format!(": “{}”", last.message) };
    Some(format!("{} {} this{words}", last.checker.user_name, last.verdict.name()))
}
