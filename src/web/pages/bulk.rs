//! Many requests decided together: first what will happen to each and which are left out, then the result of
//! each.
//!
//! The page does the same as `PUT /bulk-decisions`: each request gets a separate decision, on the digest and
//! version that were on the screen.

use std::collections::{BTreeSet, HashMap};

use actix_web::http::StatusCode;
use askama::Template;

use crate::domain::actor::Permission;
use crate::domain::call_line::HeaderLine;
use crate::domain::ids::RequestId;
use crate::domain::person_key::PersonKey;
use crate::domain::request::{NewDecision, Verdict};
use crate::domain::words::WordsFault;
use crate::engine::explain::Explanation;
use crate::engine::queries::RowView;
use crate::engine::{BulkDecisionInput, BulkItem, BulkItemResult, BulkOutcome, Engine, require};
use crate::http::query::pairs;
use crate::web::html::{Markup, filters};
use crate::web::parts::approval_view::after_me;
use crate::web::parts::call_view::CallView;
use crate::web::parts::format::{StateWord, amount_words, number_of, reason_line, state_of, summary};
use crate::web::parts::icons::Icon;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::sent_form::{SentForm, keeping};
use crate::web::{BASE, Page, PageError, PageRequest, ok, show};

#[derive(Template)]
#[template(path = "bulk.html")]
struct ReviewTemplate {
    shell: Shell,
    heading: String,
    /// What is wrong with the form that was sent.
    fault: String,
    rows: Vec<Row>,
    /// How many may be decided.
    count: usize,
    sums: String,
    host: String,
    /// Whether any of them is sent with this signature.
    is_sending: bool,
    message: String,
    list_url: String,
}

/// One request before it is decided.
struct Row {
    id: String,
    url: String,
    title: String,
    /// The beginning of why it was submitted.
    reason: String,
    call: CallView,
    maker: String,
    amount: Markup,
    /// What the form carries of it: id, version and digest; nothing if it is left out.
    item: Option<String>,
    is_ticked: bool,
    what: StateWord,
}

impl ReviewTemplate {
    /// How many are ticked when the page comes.
    fn ticked(&self) -> usize {
        self.rows.iter().filter(|row| row.item.is_some() && row.is_ticked).count()
    }
}

#[derive(Template)]
#[template(path = "bulk_result.html")]
struct ResultTemplate {
    shell: Shell,
    heading: String,
    /// Whether any decision was recorded, and so a draft of its message is over.
    is_recorded: bool,
    rows: Vec<ResultRow>,
    list_url: String,
}

impl ResultTemplate {
    fn next(&self) -> String {
        let left = crate::web::parts::layout::counted(self.shell.waiting.len());
        format!("Needs me: {left} left")
    }
}

/// What became of one request.
struct ResultRow {
    url: String,
    title: String,
    call: Option<CallView>,
    state: StateWord,
    why: String,
}

/// The form of the review.
#[derive(Default)]
struct BulkForm {
    csrf: String,
    decision: String,
    message: String,
    items: Vec<(RequestId, i64, String)>,
    /// Everything that was on the page, ticked or not.
    shown: Vec<RequestId>,
}

/// `GET /ui/bulk?id=…&id=…`
pub async fn review(page: PageRequest) -> Page {
    require(page.actor(), Permission::Check)?;
    let pairs = pairs(page.http.query_string().as_bytes());
    let ids = ids_of(pairs.filter(|(name, _)| name == "id").map(|(_, id)| id));
    let ids = ids.ok_or(PageError::Unreadable)?;
    if ids.is_empty() {
        return Err(PageError::Message {
            status: StatusCode::BAD_REQUEST,
            title: "No request is ticked.".to_owned(),
            text: "Go back to the list and tick those that you want to decide together.".to_owned(),
        });
    }
    review_page(&page, ids, FormInput::default()).await
}

/// What a form brought, and what is wrong with it.
#[derive(Default)]
struct FormInput {
    message: String,
    fault: String,
    /// Those that stay ticked; all of them if there was no form.
    ticked: Option<BTreeSet<RequestId>>,
    status: StatusCode,
}

/// Up to as many as may be decided at once, each one once.
fn ids_of(texts: impl Iterator<Item = String>) -> Option<Vec<RequestId>> {
    let mut ids: Vec<RequestId> = Vec::new();
    for text in texts {
        let id = RequestId::parse(&text)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    (ids.len() <= Engine::BULK_MAX).then_some(ids)
}

async fn review_page(page: &PageRequest, ids: Vec<RequestId>, input: FormInput) -> Page {
    let known = page.engine().explain_many(page.actor(), ids).await?;
    if known.is_empty() {
        return Err(PageError::NotFound);
    }
    let shell = Shell::of(page, Nav::NeedsMe).await?;
    let may: Vec<&(RowView, Explanation)> = known.iter().filter(|one| left_out(one).is_none()).collect();
    let is_sending = may.iter().any(|(_, explained)| goes_on_to(explained).is_none());
    let (sums, host) = summed(&may, page.engine());
    let count = may.len();
    let template = ReviewTemplate {
        heading: format!("Review {} together", known.len()),
        fault: input.fault,
        rows: known.iter().map(|one| row(one, input.ticked.as_ref())).collect(),
        count,
        sums,
        host,
        is_sending,
        message: input.message,
        list_url: Nav::NeedsMe.url(),
        shell,
    };
    show(input.status, &template)
}

/// Why this one is not decided with the others.
fn left_out((row, explained): &(RowView, Explanation)) -> Option<String> {
    if let Some(why) = explained.why_not.first() {
        return Some(why.sentence.clone());
    }
    if !row.allows_bulk() {
        return Some("It is decided alone, on its own page.".to_owned());
    }
    // Who signs must have seen all of it.
    let is_cut = row.request.terms.call.headers.iter().any(HeaderLine::is_cut);
    is_cut.then(|| "It has a header that is too long to be read here. Decide it on its own page.".to_owned())
}

/// The stages that must still agree after this signature.
fn goes_on_to(explained: &Explanation) -> Option<Vec<String>> {
    explained.progress.as_ref().and_then(after_me)
}

fn row(one: &(RowView, Explanation), ticked: Option<&BTreeSet<RequestId>>) -> Row {
    let (found, explained) = one;
    let it = &found.request;
    let why = left_out(one);
    let what = match (&why, goes_on_to(explained)) {
        (Some(why), _) => word(Icon::No, "off", format!("Left out: {why}")),
        (None, None) => word(Icon::Send, "wait", "If you approve, it is sent at once".to_owned()),
        (None, Some(stages)) => {
            let names: Vec<&str> = stages.iter().map(String::as_str).collect();
            word(Icon::Wait, "wait", format!("If you approve, it waits for {}", names.join(", ")))
        }
    };
    Row {
        id: it.id.to_string(),
        url: format!("{BASE}/requests/{}", it.id),
        title: summary(it),
        reason: reason_line(it),
        call: CallView::for_list(found),
        maker: it.maker.user_name.clone(),
        amount: amount_words(it.terms.amount),
        item: why.is_none().then(|| format!("{} {} {}", it.id, it.version, it.digest)),
        is_ticked: ticked.is_none_or(|ticked| ticked.contains(&it.id)),
        what,
    }
}

fn word(icon: Icon, kind: &'static str, words: String) -> StateWord {
    StateWord { icon, kind, words }
}

/// `two makers, one host`, and the hosts by name.
fn summed(may: &[&(RowView, Explanation)], engine: &Engine) -> (String, String) {
    let makers: BTreeSet<PersonKey> = may.iter().map(|(row, _)| engine.key_of(&row.request.maker)).collect();
    let hosts: BTreeSet<&str> = may.iter().map(|(row, _)| row.request.host.as_str()).collect();
    let words = format!(
        "{}, {}, {}",
        number_of(may.len(), "request", "requests"),
        number_of(makers.len(), "maker", "makers"),
        number_of(hosts.len(), "host", "hosts"),
    );
    (words, hosts.into_iter().collect::<Vec<_>>().join(" and "))
}

/// `POST /ui/bulk`
pub async fn decide(form: SentForm) -> Page {
    let message = form.message();
    keeping(message, decide_all(form).await)
}

async fn decide_all(form: SentForm) -> Page {
    let (page, bytes) = form.into_parts()?;
    let form = read(&bytes).ok_or(PageError::Unreadable)?;
    page.check_form(&form.csrf)?;
    let verdict = Verdict::parse(&form.decision).ok_or(PageError::Unreadable)?;
    let ballot = match NewDecision::new(verdict, &form.message, None).map_err(WordsFault::sentence) {
        Ok(_) if form.items.is_empty() => Err("Tick at least one request.".to_owned()),
        read => read,
    };
    let ballot = match ballot {
        Ok(ballot) => ballot,
        Err(fault) => {
            let ticked = Some(form.items.iter().map(|(id, _, _)| *id).collect());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let input = FormInput { message: form.message, fault, ticked, status };
            return review_page(&page, form.shown, input).await;
        }
    };
    // Before the write: what is read after it could fail, and the decisions would stand all the same.
    let before = BeforeDecisions::read(&page, form.items.iter().map(|(id, _, _)| *id).collect()).await?;
    let item = |(id, version, digest): (RequestId, i64, String)| BulkItem {
        id,
        decision: NewDecision { digest: Some(digest), ..ballot.clone() }.on_version(Some(version)),
    };
    let deciding = BulkDecisionInput {
        actor: page.actor().clone(),
        items: form.items.into_iter().map(item).collect(),
        origin: page.origin(),
    };
    let results = page.engine().decide_many(deciding).await?;
    result_page(&page, verdict, results, before).await
}

/// What the page with the results needs of the store, as it was before the decisions.
struct BeforeDecisions {
    rows: Vec<RowView>,
    shell: Shell,
}

impl BeforeDecisions {
    async fn read(page: &PageRequest, ids: Vec<RequestId>) -> Result<Self, PageError> {
        let rows = page.engine().find_many(page.actor(), ids).await?;
        Ok(Self { rows, shell: Shell::of(page, Nav::NeedsMe).await? })
    }
}

/// The pairs of a form; `None` if it is none of ours.
fn read(body: &[u8]) -> Option<BulkForm> {
    let mut form = BulkForm::default();
    for (name, value) in pairs(body) {
        match name.as_str() {
            "csrf" => form.csrf = value,
            "decision" => form.decision = value,
            "message" => form.message = value,
            "shown" => form.shown.push(RequestId::parse(&value)?),
            "item" => {
                let mut parts = value.split(' ');
                let id = RequestId::parse(parts.next()?)?;
                let item = (id, parts.next()?.parse().ok()?, parts.next()?.to_owned());
                if form.items.iter().any(|(known, _, _)| *known == id) {
                    return None;
                }
                form.items.push(item);
            }
            _ => return None,
        }
    }
    let is_bounded = form.items.len() <= Engine::BULK_MAX && form.shown.len() <= Engine::BULK_MAX;
    is_bounded.then_some(form)
}

async fn result_page(
    page: &PageRequest,
    verdict: Verdict,
    results: Vec<BulkItemResult>,
    before: BeforeDecisions,
) -> Page {
    let is_refused = |one: &&BulkItemResult| matches!(one.outcome, BulkOutcome::Refused { .. });
    let refused = results.iter().filter(is_refused).count();
    let heading = format!("{} {}, {refused} not decided", results.len() - refused, verdict.name());
    let is_recorded = refused < results.len();
    let by_id = |row: RowView| (row.request.id, row);
    let mut found: HashMap<RequestId, RowView> = before.rows.into_iter().map(by_id).collect();
    let row = |one: BulkItemResult| {
        let row = found.remove(&one.id);
        result_row(one, row.as_ref())
    };
    let rows = results.into_iter().map(row).collect();
    let shell = Shell::of(page, Nav::NeedsMe).await.unwrap_or(before.shell);
    ok(&ResultTemplate { heading, is_recorded, rows, list_url: Nav::NeedsMe.url(), shell })
}

fn result_row(one: BulkItemResult, row: Option<&RowView>) -> ResultRow {
    let (state, why) = match one.outcome {
        BulkOutcome::Recorded { waits_for } | BulkOutcome::Repeated { waits_for } => {
            let word = one.state.map(|state| state_of(state, &waits_for));
            (word.unwrap_or_else(word_of_nothing), String::new())
        }
        BulkOutcome::Refused { sentence, .. } => (word(Icon::No, "off", "Not decided".to_owned()), sentence),
    };
    ResultRow {
        url: format!("{BASE}/requests/{}", one.id),
        title: row.map_or_else(|| one.id.to_string(), |row| summary(&row.request)),
        call: row.map(CallView::for_list),
        state,
        why,
    }
}

fn word_of_nothing() -> StateWord {
    word(Icon::Info, "off", "Recorded".to_owned())
}
