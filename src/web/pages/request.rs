//! One request, for whoever may read it: what would be sent, who must agree, what is odd, what happened.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use chrono::{DateTime, Utc};

use crate::domain::ids::RequestId;
use crate::domain::request::{Request, State};
use crate::domain::settlement::SettledOutcome;
use crate::engine::explain::Explanation;
use crate::engine::request_snapshot::{RequestSnapshot, SnapshotLimits};
use crate::http::query::escaped;
use crate::web::html::{Markup, filters};
use crate::web::pages::comment::CommentInput;
use crate::web::pages::request_types::version_url;
use crate::web::parts::amounts::{AmountCell, Places, amount_of};
use crate::web::parts::answer_view::AnswerBox;
use crate::web::parts::call_view::CallView;
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::changes_view::ChangesView;
use crate::web::parts::comments::CommentLine;
use crate::web::parts::event_text::{EventWords, describe_event};
use crate::web::parts::format::{
    self, DigestWords, RiskMark, StateWord, Time, When, state_label, state_with, summary,
};
use crate::web::parts::layout::{Nav, Shell};
use crate::web::parts::notices::Note;
use crate::web::parts::opened_by::OpenedBy;
use crate::web::parts::queue::{Queue, looked_at};
use crate::web::parts::recorded::{recorded, situation};
use crate::web::parts::request_list::SOON;
use crate::web::parts::revision_list::RevisionLine;
use crate::web::parts::settlement_view::{AttemptsBox, SettlementForm, SettlementPanel as Settlement};
use crate::web::parts::signature_view::Stages;
use crate::web::parts::who::{Names, Who};
use crate::web::sentences::calls::over_the_call;
use crate::web::sentences::{Answer, Look, Situation, looks, odd_looks, passed_checks};
use crate::web::{BASE, Page, PageError, PageRequest, show};

/// Another request on the same subject.
struct Other {
    url: String,
    title: String,
    state: StateWord,
    amount: AmountCell,
    maker: Who,
    when: Time,
}

impl Other {
    fn all(others: &[Request], names: &Names, when: When) -> Vec<Self> {
        let places = Places::of(others);
        others.iter().map(|other| Self::of(other, places, names, when)).collect()
    }

    fn of(request: &Request, places: Places, names: &Names, when: When) -> Self {
        Self {
            url: format!("{BASE}/requests/{}", request.id),
            title: summary(request),
            state: state_label(request),
            amount: AmountCell::of(&request.terms, places),
            maker: names.who(&request.maker),
            when: when.ago(request.started_at),
        }
    }
}

/// What the reader can do.
struct Acts {
    sentence: String,
    more: Vec<String>,
    can_decide: bool,
    /// Whether their seat is filled, so that they can reject it and no more.
    can_reject_only: bool,
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
    maker: Who,
    submitted: Time,
    links: Links,
    notes: Vec<Note>,
    why: &'static str,
    subject: String,
    amount: Markup,
    call: CallView,
    /// Who rejected it though it still waits.
    rejections: Vec<Look>,
    looks: Vec<Look>,
    /// What was checked and is as it should be, and what is only good to know.
    passed: Vec<Look>,
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
    opened_by: OpenedBy,
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

/// The same for a page that somebody opens to read the request: that they did is kept.
pub async fn opened(page: &PageRequest, id: &str) -> Result<RequestSnapshot, PageError> {
    let mut snapshot = load(page, id).await?;
    if let Some(new) = snapshot.new_opening.take() {
        page.engine().note_opening(new);
    }
    Ok(snapshot)
}

/// `GET /ui/requests/{id}`
pub async fn page(page: PageRequest, id: web::Path<String>) -> Page {
    let snapshot = opened(&page, &id).await?;
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
    let names = page.names();
    let is_own = names.is_one_person(&snapshot.view.request.maker, &page.actor().person);
    let nav = if snapshot.explained.can_decide {
        Nav::NeedsMe
    } else if is_own {
        Nav::Mine
    } else {
        Nav::Elsewhere
    };
    let queue = Queue::of(page, &snapshot.waiting, &snapshot.view.request, is_own);
    let shell = Shell::around(page, nav, snapshot.waiting.clone());
    let from = CameFrom::of(&page.http).map_or_else(String::new, |from| from.onto(""));
    let (when, seen) = (shell.when, situation(page, &snapshot, &names));
    let RequestSnapshot { view, events, changes, explained, others, .. } = &snapshot;
    let it = &view.request;
    notes.extend(Note::of(view, &names, when));
    let is_open = it.state.is_undecided();
    let mut all = looks((it, explained), &snapshot.open_on_subject, (&names, when));
    all.extend(odd_looks(&snapshot.odd_decisions, it, &names));
    let (rejections, all): (Vec<Look>, Vec<Look>) = all.into_iter().partition(|look| look.is_bad);
    let (noted, looks): (Vec<Look>, Vec<Look>) = all.into_iter().partition(|look| look.is_note);
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
        state: state_with(it, explained.progress.as_ref(), &names),
        risk: RiskMark(it.terms.risk),
        byline: if is_own { "You".to_owned() } else { String::new() },
        maker: names.who(&it.maker),
        submitted: when.ago(it.started_at),
        links: Links::of(it),
        notes,
        why: over_the_call(it),
        subject: it.terms.subject.clone().unwrap_or_default(),
        amount: amount_of(&it.terms),
        call: CallView::of(view),
        rejections,
        looks,
        passed: noted.into_iter().chain(passed_checks(it)).collect(),
        others: Other::all(others, &names, when),
        others_url: subject_url(it),
        answer: view.answer.as_ref().map(AnswerBox::of),
        revision: it.revision,
        revisions: RevisionLine::all(it, &names, when),
        changes: changes.as_ref().map(ChangesView::of),
        comments: CommentLine::all(events, &names, when),
        comment,
        events: events.iter().map(|entry| describe_event(entry, &names, when)).collect(),
        stages: Stages::of(&seen),
        acts: acts(&seen),
        decide_by: it.terms.due_at.filter(|_| is_open).map(|at| when.deadline(at)),
        decide_by_class: it.terms.due_at.map_or("", |at| urgency(at, when.now())),
        expires: is_open.then(|| when.moment(it.expires_at)),
        run_by: it.execute_before.filter(|_| it.state == State::Approved).map(|at| when.moment(at)),
        opened_by: OpenedBy::others(&snapshot.openings, (it, &page.actor().person), (&names, when)),
        queue,
        from,
        attempts: AttemptsBox::of(view, events, when),
        settlement: Settlement::of(view, form, (&seen, &shell.org)),
        has_fault,
        shell,
    };
    show(status, &template)
}

/// How near a deadline is, as a colour; none while there is time.
fn urgency(at: DateTime<Utc>, now: DateTime<Utc>) -> &'static str {
    if at < now {
        "st-bad"
    } else if at < now + SOON {
        "st-warn"
    } else {
        ""
    }
}

fn subject_url(request: &Request) -> String {
    let subject = request.terms.subject.as_deref().unwrap_or_default();
    format!("{BASE}/history?subject={}", escaped(subject))
}

fn acts(seen: &Situation<'_>) -> Acts {
    let Answer { sentence, more } = seen.answer();
    let Explanation { can_decide, can_withdraw, can_submit_again, .. } = *seen.explained;
    let Explanation { can_send_back, can_resubmit, can_comment, .. } = *seen.explained;
    Acts {
        sentence,
        more,
        can_decide,
        can_reject_only: seen.explained.seat.is_some() && !can_decide,
        can_send_back,
        can_resubmit,
        can_comment,
        can_withdraw,
        can_submit_again,
    }
}
