//! One request, for whoever may read it: what would be sent, who must agree, what is odd, what happened.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::call::body_text;
use crate::domain::findings::Level;
use crate::domain::ids::RequestId;
use crate::domain::request::{Request, State, Verdict};
use crate::domain::settlement::SettledOutcome;
use crate::engine::explain::Explanation;
use crate::engine::queries::View;
use crate::engine::request_snapshot::{RequestSnapshot, SnapshotLimits};
use crate::http::query::escaped;
use crate::web::html::{Markup, filters};
use crate::web::pages::comment::CommentInput;
use crate::web::pages::request_types::version_url;
use crate::web::parts::answer_view::AnswerBox;
use crate::web::parts::call_view::CallView;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::changes_view::ChangesView;
use crate::web::parts::comments::CommentLine;
use crate::web::parts::event_text::{EventWords, describe_event};
use crate::web::parts::format::{
    self, DigestWords, RiskMark, StateWord, Time, When, amount_words, state_label, summary,
};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::notices::{Note, with_field};
use crate::web::parts::queue::{Queue, looked_at};
use crate::web::parts::recorded::recorded;
use crate::web::parts::revision_list::RevisionLine;
use crate::web::parts::settlement_view::{AttemptsBox, SettlementForm, SettlementPanel as Settlement};
use crate::web::parts::signature_view::Stages;
use crate::web::{BASE, Page, PageError, PageRequest, show};

/// One thing that was checked.
struct Check {
    is_warning: bool,
    sentence: String,
    pointer: String,
}

impl Check {
    fn warning_text(&self) -> String {
        with_field(&self.sentence, &self.pointer)
    }
}

/// Another request on the same subject.
struct Other {
    url: String,
    title: String,
    state: StateWord,
    amount: Markup,
    maker: String,
    when: Time,
}

impl Other {
    fn of(request: &Request, when: When) -> Self {
        Self {
            url: format!("{BASE}/requests/{}", request.id),
            title: summary(request),
            state: state_label(request),
            amount: amount_words(request.terms.amount),
            maker: request.maker.user_name.clone(),
            when: when.ago(request.started_at),
        }
    }
}

/// What the reader can do.
struct Acts {
    sentence: String,
    more: Vec<String>,
    can_decide: bool,
    can_send_back: bool,
    can_resubmit: bool,
    can_comment: bool,
    can_withdraw: bool,
    can_submit_again: bool,
}

/// The requests that this one is linked with: the one that it submits again, and the newer one.
struct Links {
    older: Option<String>,
    newer: Option<String>,
}

impl Links {
    fn of(request: &Request) -> Self {
        let url = |id: RequestId| format!("{BASE}/requests/{id}");
        Self { older: request.repeat_of.map(url), newer: request.repeated_by.map(url) }
    }
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestTemplate {
    shell: Shell,
    id: String,
    url: String,
    etag: String,
    title: String,
    /// Why it was submitted, in the maker's words.
    reason: String,
    type_title: String,
    type_url: String,
    version: DigestWords,
    rule: String,
    state: StateWord,
    risk: RiskMark,
    byline: String,
    maker: String,
    submitted: Time,
    links: Links,
    notes: Vec<Note>,
    why: &'static str,
    subject: String,
    amount: Markup,
    call: CallView,
    looks: Vec<String>,
    checks: Vec<Check>,
    others: Vec<Other>,
    others_url: String,
    answer: Option<AnswerBox>,
    revision: i64,
    revisions: Vec<RevisionLine>,
    changes: Option<ChangesView>,
    comments: Vec<CommentLine>,
    comment: CommentInput,
    events: Vec<EventWords>,
    stages: Stages,
    acts: Acts,
    decide_by: Option<Time>,
    decide_by_class: &'static str,
    expires: Option<Time>,
    run_by: Option<Time>,
    queue: Queue,
    /// What each address carries along, so that the way leads back to the list.
    from: String,
    attempts: Option<AttemptsBox>,
    settlement: Option<Settlement>,
    has_fault: bool,
}

/// Other requests that are named.
const OTHERS_SHOWN: usize = 5;

/// Reads one request and what its page shows beside it.
pub async fn load(page: &PageRequest, id: &str) -> Result<RequestSnapshot, PageError> {
    let id = RequestId::parse(id).ok_or(PageError::NotFound)?;
    let waiting = looked_at(CameFrom::of(&page.http).as_ref());
    let limits = SnapshotLimits { waiting, others: OTHERS_SHOWN };
    let snapshot = page.engine().open(page.actor(), id, limits).await?;
    tracing::Span::current().record("request.id", tracing::field::display(id));
    Ok(snapshot)
}

/// `GET /ui/requests/{id}`
pub async fn page(page: PageRequest, id: web::Path<String>) -> Page {
    let snapshot = load(&page, &id).await?;
    let notes = recorded(&page, &snapshot).into_iter().collect();
    render(&page, snapshot, StatusCode::OK, notes)
}

/// The page of a request, with notes on top.
pub fn render(page: &PageRequest, snapshot: RequestSnapshot, status: StatusCode, notes: Vec<Note>) -> Page {
    render_with(page, snapshot, (status, notes), PageForms::default())
}

/// What the forms of the page brought.
#[derive(Default)]
pub struct PageForms {
    /// The form about its outcome.
    pub settlement: SettlementForm,
    /// The form of a comment.
    pub comment: CommentInput,
}

/// The same with what a form brought.
pub fn render_with(
    page: &PageRequest,
    snapshot: RequestSnapshot,
    (status, mut notes): (StatusCode, Vec<Note>),
    PageForms { settlement: form, comment }: PageForms,
) -> Page {
    let is_own = page.engine().is_one_person(&snapshot.view.request.maker, &page.actor().person);
    let nav = if snapshot.explained.can_decide {
        Nav::NeedsMe
    } else if is_own {
        Nav::Mine
    } else {
        Nav::Elsewhere
    };
    let RequestSnapshot { view, events, changes, explained, waiting, others } = snapshot;
    let queue = Queue::of(page, &waiting, &view.request, is_own);
    let shell = Shell::around(page, nav, waiting);
    let from = CameFrom::of(&page.http).map_or_else(String::new, |from| from.onto(""));
    let when = shell.when;
    let it = &view.request;
    if let Some(note) = Note::of(&view, when) {
        notes.push(note);
    }
    let is_open = it.state.is_undecided();
    let checks = checks(&view, &explained);
    let has_fault = form.has_fault() || !comment.fault.is_empty();
    let template = RequestTemplate {
        id: it.id.to_string(),
        url: format!("{BASE}/requests/{}", it.id),
        etag: it.version.to_string(),
        title: summary(it),
        reason: format::reason(it),
        type_title: view.pinned.title.clone(),
        type_url: version_url(it),
        version: DigestWords::of(&it.type_version),
        rule: it.terms.rule.clone(),
        state: state_label(it),
        risk: RiskMark(it.terms.risk),
        byline: if is_own { "You".to_owned() } else { String::new() },
        maker: it.maker.user_name.clone(),
        submitted: when.ago(it.started_at),
        links: Links::of(it),
        notes,
        why: why(it),
        subject: it.terms.subject.clone().unwrap_or_default(),
        amount: amount_words(it.terms.amount),
        call: CallView::of(&view),
        looks: checks.iter().filter(|check| check.is_warning).map(Check::warning_text).collect(),
        checks,
        others: others.iter().map(|other| Other::of(other, when)).collect(),
        others_url: subject_url(it),
        answer: view.answer.as_ref().map(AnswerBox::of),
        revision: it.revision,
        revisions: RevisionLine::all(it, when),
        changes: changes.as_ref().map(ChangesView::of),
        comments: CommentLine::all(&events, when),
        comment,
        events: events.iter().map(|entry| describe_event(entry, when)).collect(),
        stages: Stages::of(it, explained.progress.as_ref(), explained.can_decide, when),
        acts: acts(it, &explained),
        decide_by: it.terms.due_at.filter(|_| is_open).map(|at| when.left(at)),
        decide_by_class: if it.terms.due_at.is_some_and(|at| at < when.now()) { "st-bad" } else { "st-warn" },
        expires: is_open.then(|| when.exact(it.expires_at)),
        run_by: it.execute_before.filter(|_| it.state == State::Approved).map(|at| when.exact(at)),
        queue,
        from,
        attempts: AttemptsBox::of(&view, &events, when),
        settlement: Settlement::of(&view, &explained, form, when),
        has_fault,
        shell,
    };
    show(status, &template)
}

fn why(request: &Request) -> &'static str {
    match request.state {
        State::ValidateMakerAccess | State::ValidatePayload | State::AdminTask => {
            "If it is approved, exactly this is sent, once:"
        }
        State::SentBack => "This was sent back for changes, and is not sent as it is:",
        State::Approved if request.sending.attempts > 0 => "Exactly this is sent:",
        State::Approved => "Exactly this is sent, once:",
        State::Executed | State::Unknown if request.sending.attempts > 1 => {
            "This was sent, in several attempts:"
        }
        State::Executed | State::Unknown => "This was sent, once:",
        State::Failed => "This was approved:",
        State::Rejected | State::Withdrawn | State::Expired if request.sending.attempts > 0 => {
            "This was not carried out:"
        }
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
        let sentence = warning.message.clone();
        checks.push(Check { is_warning: true, sentence, pointer: String::new() });
    }
    for finding in &explained.findings {
        let sentence = finding.sentence.clone();
        if checks.iter().any(|check| check.sentence == sentence && finding.pointer.is_none()) {
            continue;
        }
        let pointer = finding.pointer.clone().unwrap_or_default();
        checks.push(Check { is_warning: finding.level == Level::Warning, sentence, pointer });
    }
    for passed in ["The maker may submit this type.", "The payload fits the type’s schema."] {
        checks.push(Check { is_warning: false, sentence: passed.into(), pointer: String::new() });
    }
    let rule = &view.request.terms.rule;
    let sentence = format!("Who must agree: rule {rule} of the type’s policy.");
    checks.push(Check { is_warning: false, sentence, pointer: String::new() });
    checks
}

fn acts(request: &Request, explained: &Explanation) -> Acts {
    let is_waiting = request.state.waits();
    let mut more = Vec::new();
    let sentence = if explained.can_decide {
        let after = explained.progress.as_ref().and_then(crate::web::parts::approval_view::after_me);
        match after {
            None => "You may decide, and you have no part in this request. Yours is the last signature."
                .to_owned(),
            Some(stages) => {
                let names: Vec<String> = stages.iter().map(|stage| stage.to_owned()).collect();
                format!(
                    "You may decide, and you have no part in this request. After you, {} must still agree: \
                     nothing is sent now.",
                    names.join(", ")
                )
            }
        }
    } else if explained.can_resubmit {
        "It came back to you. Change and resubmit it, or withdraw it.".to_owned()
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
            more.push(format!("It waits for {}.", needed.join(", ")));
        }
    }
    let Explanation { can_decide, can_withdraw, can_submit_again, .. } = *explained;
    let Explanation { can_send_back, can_resubmit, can_comment, .. } = *explained;
    Acts {
        sentence,
        more,
        can_decide,
        can_send_back,
        can_resubmit,
        can_comment,
        can_withdraw,
        can_submit_again,
    }
}

/// `GET /ui/requests/{id}/body`: the whole body, where the page shows only its beginning.
pub async fn body(page: PageRequest, id: web::Path<String>) -> Page {
    let id = RequestId::parse(&id).ok_or(PageError::NotFound)?;
    Ok(body_of(&page.engine().find(page.actor(), id).await?))
}

/// The whole body of a call. Plain text, whatever it holds: a browser must not take it for a page.
pub fn body_of(view: &View) -> HttpResponse {
    let text = body_text(&view.shown().0).unwrap_or_default();
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}
