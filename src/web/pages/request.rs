//! One request, for whoever may read it: what would be sent, who must agree, what is odd, what happened.

use actix_web::http::StatusCode;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::domain::actor::Permission;
use crate::domain::findings::{Finding, Level};
use crate::domain::ids::RequestId;
use crate::domain::json;
use crate::domain::request::{Request, State, Verdict};
use crate::engine::explain::Explanation;
use crate::engine::queries::View;
use crate::engine::request_snapshot::{RequestSnapshot, SnapshotLimits};
use crate::web::html::Text;
use crate::web::pages::inbox::{escaped, title};
use crate::web::parts::answer_view::AnswerBox;
use crate::web::parts::call_view::CallView;
use crate::web::parts::event_text::{EventWords, told};
use crate::web::parts::format::{
    AmountWords, DigestWords, RiskMark, StateWord, Time, When, number_of, state_word,
};
use crate::web::parts::layout::{COUNTED_MAX, Nav, Shell};
use crate::web::parts::notices::Note;
use crate::web::parts::signature_view::Stages;
use crate::web::session::Session;
use crate::web::{BASE, Page, PageError, Web, show};

/// One thing that was checked.
struct Check {
    is_warning: bool,
    sentence: Text,
    pointer: Text,
}

impl Check {
    fn look(&self) -> Text {
        with_field(self.sentence.raw(), self.pointer.raw())
    }
}

/// What a finding says, and about which field.
pub fn look(finding: &Finding) -> Text {
    with_field(&finding.sentence, finding.pointer.as_deref().unwrap_or_default())
}

fn with_field(sentence: &str, pointer: &str) -> Text {
    if pointer.is_empty() { sentence.into() } else { format!("{sentence} ({pointer})").into() }
}

/// Another request on the same subject.
struct Other {
    url: String,
    title: Text,
    state: StateWord,
    amount: AmountWords,
    maker: Text,
    when: Time,
}

impl Other {
    fn of(request: &Request, when: When) -> Self {
        Self {
            url: format!("{BASE}/requests/{}", request.id),
            title: title(request),
            state: state_word(request),
            amount: AmountWords::of(request.terms.amount),
            maker: request.maker.user_name.as_str().into(),
            when: when.ago(request.started_at),
        }
    }
}

/// The queue that the reader works through.
struct Queue {
    list: &'static str,
    list_url: String,
    place: String,
    previous: Option<String>,
    next: Option<String>,
}

/// What the reader can do.
struct Acts {
    sentence: Text,
    more: Vec<Text>,
    can_decide: bool,
    can_withdraw: bool,
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestTemplate {
    shell: Shell,
    id: String,
    url: String,
    etag: String,
    title: Text,
    type_title: Text,
    type_url: Option<String>,
    version: DigestWords,
    rule: Text,
    state: StateWord,
    risk: RiskMark,
    byline: String,
    maker: Text,
    submitted: Time,
    notes: Vec<Note>,
    why: &'static str,
    subject: Text,
    amount: AmountWords,
    call: CallView,
    looks: Vec<Text>,
    checks: Vec<Check>,
    others: Vec<Other>,
    others_url: String,
    answer: Option<AnswerBox>,
    events: Vec<EventWords>,
    stages: Stages,
    acts: Acts,
    decide_by: Option<Time>,
    decide_by_class: &'static str,
    expires: Option<Time>,
    run_by: Option<Time>,
    queue: Queue,
}

/// Other requests that are named.
const OTHERS_SHOWN: usize = 5;

/// Reads one request and what its page shows beside it.
pub async fn know(web: &Web, session: &Session, id: &str) -> Result<RequestSnapshot, PageError> {
    let id = RequestId::parse(id).ok_or(PageError::NotFound)?;
    let beside = SnapshotLimits { waiting: COUNTED_MAX + 1, others: OTHERS_SHOWN };
    let known = web.engine.open(&session.actor, id, beside).await?;
    let span = tracing::Span::current();
    span.record("request.id", tracing::field::display(id));
    Ok(known)
}

/// `GET /ui/requests/{id}`
pub async fn page(web: web::Data<Web>, request: HttpRequest, id: web::Path<String>) -> Page {
    let session = Session::of(&web, &request).await?;
    let known = know(&web, &session, &id).await?;
    let notes = recorded(&request, &known).into_iter().collect();
    render(&web, &request, &session, known, (StatusCode::OK, notes)).await
}

/// What this person has just done, if the address says so and the record has it.
fn recorded(request: &HttpRequest, known: &RequestSnapshot) -> Option<Note> {
    let said = Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?;
    let (_, said) = said.iter().find(|(name, _)| name == "said")?;
    let own = known.explained.my_decision.as_ref().filter(|own| own.verdict.name() == said)?;
    let head = match own.verdict {
        Verdict::Approved => "Your approval is recorded.",
        Verdict::Rejected => "Your rejection is recorded.",
    };
    Some(Note { is_new: true, ..Note::new("ink", crate::web::Icon::Pen, head, Vec::new()) })
}

/// The page of a request, with notes on top of what stands.
pub async fn render(
    web: &Web,
    request: &HttpRequest,
    session: &Session,
    known: RequestSnapshot,
    (status, mut notes): (StatusCode, Vec<Note>),
) -> Page {
    let is_own = known.view.request.maker.is_same_person(&session.actor.person);
    let nav = if known.explained.can_decide {
        Nav::NeedsMe
    } else if is_own {
        Nav::Mine
    } else {
        Nav::Elsewhere
    };
    let RequestSnapshot { view, events, explained, waiting, others } = known;
    let shell = Shell::around(web, request, session, (nav, waiting));
    let queue = queue(&shell, session, &view.request);
    let when = shell.when;
    let it = &view.request;
    if let Some(note) = Note::of(&view, when) {
        notes.push(note);
    }
    let in_force = web.engine.rules();
    let is_known = in_force.types.find(it.request_type.as_str()).is_some();
    let is_open = it.state.waits();
    let checks = checks(&view, &explained);
    let page = RequestTemplate {
        id: it.id.to_string(),
        url: format!("{BASE}/requests/{}", it.id),
        etag: it.version.to_string(),
        title: title(it),
        type_title: view.pinned.title.as_str().into(),
        type_url: is_known.then(|| format!("{BASE}/types/{}", escaped(it.request_type.as_str()))),
        version: DigestWords::of(&it.type_version),
        rule: it.terms.rule.as_str().into(),
        state: state_word(it),
        risk: RiskMark(it.terms.risk),
        byline: if is_own { "You".to_owned() } else { String::new() },
        maker: it.maker.user_name.as_str().into(),
        submitted: when.ago(it.started_at),
        notes,
        why: why(it.state),
        subject: it.terms.subject.clone().unwrap_or_default().into(),
        amount: AmountWords::of(it.terms.amount),
        call: CallView::of(&view),
        looks: checks.iter().filter(|check| check.is_warning).map(Check::look).collect(),
        checks,
        others: others.iter().map(|other| Other::of(&other.request, when)).collect(),
        others_url: subject_url(it),
        answer: view.answer.as_ref().map(AnswerBox::of),
        events: events.iter().map(|entry| told(entry, when)).collect(),
        stages: Stages::of(it, explained.progress.as_ref(), explained.can_decide, when),
        acts: acts(it, &explained),
        decide_by: it.terms.due_at.filter(|_| is_open).map(|at| when.left(at)),
        decide_by_class: if it.terms.due_at.is_some_and(|at| at < when.now()) { "st-bad" } else { "st-warn" },
        expires: is_open.then(|| when.exact(it.expires_at)),
        run_by: it.execute_before.filter(|_| it.state == State::Approved).map(|at| when.exact(at)),
        queue,
        shell,
    };
    show(status, &page)
}

fn why(state: State) -> &'static str {
    match state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => {
            "If it is approved, exactly this is sent, once:"
        }
        State::Approved => "Exactly this is sent, once:",
        State::Executed | State::Unknown => "This was sent, once:",
        State::Failed => "This was approved:",
        State::Rejected | State::Withdrawn | State::Expired => "This was never sent:",
    }
}

fn subject_url(request: &Request) -> String {
    let subject = request.terms.subject.as_deref().unwrap_or_default();
    format!("{BASE}/history?subject={}", escaped(subject))
}

fn checks(view: &View, explained: &Explanation) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for warning in &view.request.terms.warnings {
        let sentence = warning.message.as_str().into();
        checks.push(Check { is_warning: true, sentence, pointer: Text::default() });
    }
    for finding in &explained.findings {
        let sentence = Text::from(finding.sentence.as_str());
        if checks.iter().any(|check| check.sentence == sentence && finding.pointer.is_none()) {
            continue;
        }
        let pointer = finding.pointer.clone().unwrap_or_default().into();
        checks.push(Check { is_warning: finding.level == Level::Warning, sentence, pointer });
    }
    for passed in ["The maker may submit this type.", "The payload fits the type’s schema."] {
        checks.push(Check { is_warning: false, sentence: passed.into(), pointer: Text::default() });
    }
    let rule = &view.request.terms.rule;
    let sentence = format!("Who must agree: rule {rule} of the type’s policy.");
    checks.push(Check { is_warning: false, sentence: sentence.into(), pointer: Text::default() });
    checks
}

fn queue(shell: &Shell, session: &Session, request: &Request) -> Queue {
    let may_check = session.actor.may(Permission::Check);
    let list = Nav::home(&session.actor);
    let at = shell.waiting.iter().position(|id| *id == request.id);
    let url = |id: &RequestId| format!("{BASE}/requests/{id}");
    let all = crate::web::parts::layout::counted(shell.waiting.len());
    Queue {
        list: list.name(),
        list_url: list.url(),
        place: match at {
            Some(at) => format!("{} of {all}", at + 1),
            None if may_check && !shell.waiting.is_empty() => {
                format!("{} may be decided by you", number_of(shell.waiting.len(), "request", "requests"))
            }
            None => String::new(),
        },
        previous: at.and_then(|at| shell.waiting.get(at.checked_sub(1)?)).map(url),
        next: match at {
            Some(at) => shell.waiting.get(at + 1).map(url),
            None => shell.waiting.first().map(url),
        },
    }
}

fn acts(request: &Request, explained: &Explanation) -> Acts {
    let is_waiting = request.state.waits();
    let mut more = Vec::new();
    let sentence = if explained.can_decide {
        let after = explained.progress.as_ref().and_then(crate::web::parts::signature_view::after_me);
        match after {
            None => "You may decide, and you have no part in this request. Yours is the last signature."
                .to_owned(),
            Some(stages) => {
                let names: Vec<String> = stages.iter().map(|stage| stage.raw().to_owned()).collect();
                format!(
                    "You may decide, and you have no part in this request. After you, {} must still agree: \
                     nothing is sent now.",
                    names.join(", ")
                )
            }
        }
    } else if let Some(own) = explained.my_decision.as_ref() {
        let did = match own.verdict {
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
        };
        format!("You {did} this. Nobody signs twice.")
    } else {
        explained.why_not.first().map(|why| why.sentence.clone()).unwrap_or_default()
    };
    if is_waiting && !explained.can_decide {
        let needed: Vec<String> = explained
            .progress
            .iter()
            .flat_map(|progress| progress.stages.get(progress.stage))
            .flat_map(|stage| stage.still_needed(0))
            .collect();
        if !needed.is_empty() {
            more.push(Text::from(format!("It waits for {}.", needed.join(", "))));
        }
    }
    Acts {
        sentence: sentence.into(),
        more,
        can_decide: explained.can_decide,
        can_withdraw: explained.can_withdraw,
    }
}

/// `GET /ui/requests/{id}/body`: the whole body, where the page shows only its beginning.
pub async fn body(web: web::Data<Web>, request: HttpRequest, id: web::Path<String>) -> Page {
    let session = Session::of(&web, &request).await?;
    let id = RequestId::parse(&id).ok_or(PageError::NotFound)?;
    let view = web.engine.find(&session.actor, id).await?;
    let (task, _) = view.shown();
    let text = task.get("body").map(json::write).unwrap_or_default();
    // Plain text, whatever it holds: a browser must not take it for a page.
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}
