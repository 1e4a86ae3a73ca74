//! Events that were sent to subscribers, for auditors; one that has ended can be sent again.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::delivery::DeliveryState;
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::EventType;
use crate::engine::deliveries::{DeliveryAttempt, DeliveryFilter, DeliveryView};
use crate::http::body::UnreadBody;
use crate::http::cursor;
use crate::http::query::Parameters;
use crate::web::html::filters;
use crate::web::pages::inbox::bound_to;
use crate::web::parts::format::{StateWord, Time, When};
use crate::web::parts::icons::Icon;
use crate::web::parts::layout::{Nav, Shell};
use crate::web::session::ReturnTo;
use crate::web::{BASE, Page, PageError, PageRequest, ok, see_other};

/// Rows on a page.
const ROWS: i64 = 50;

#[derive(Template)]
#[template(path = "deliveries.html")]
struct DeliveriesTemplate {
    shell: Shell,
    states: Vec<StateChip>,
    has_filter: bool,
    rows: Vec<DeliveryLine>,
    next: Option<String>,
}

/// One state to filter by.
struct StateChip {
    name: &'static str,
    url: String,
    is_current: bool,
}

/// One delivery in the list.
struct DeliveryLine {
    id: String,
    subscription: String,
    request_url: String,
    request_type: String,
    what: String,
    state: StateWord,
    /// What the last attempt came to; empty before the first.
    last: String,
    attempts: String,
    at: Time,
    can_be_sent_again: bool,
}

/// `GET /ui/deliveries`
pub async fn list(page: PageRequest) -> Page {
    let mut parameters = Parameters::of(&page.http, &["state", "after"])?;
    let state = parameters.word("state", &DeliveryState::ALL.map(|state| (state.name(), state)));
    let after = parameters.text("after").map(str::to_owned);
    parameters.finish()?;
    let url = url_of(state);
    let bound = bound_to(&page.session, Nav::Deliveries) + &url;
    let bound = cursor::fingerprint(&bound);
    let after = after.map(|after| cursor::read(&after, &bound)).transpose()?.map(|(_, id)| id);
    let filter = DeliveryFilter { state, after, ..DeliveryFilter::default() };
    let mut found = page.engine().deliveries(page.actor(), filter, ROWS + 1).await?;
    let has_more = found.len() > usize::try_from(ROWS).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    let next = found.last().filter(|_| has_more).map(|last| {
        let joint = if url.contains('?') { '&' } else { '?' };
        format!("{url}{joint}after={}", cursor::write(&bound, None, &last.delivery.id))
    });
    let shell = Shell::of(&page, Nav::Deliveries).await?;
    let rows = found.iter().map(|view| line(view, page.when)).collect();
    ok(&DeliveriesTemplate { states: chips(state), has_filter: state.is_some(), rows, next, shell })
}

/// What the form of a redelivery brings.
#[derive(Deserialize)]
pub struct RedeliverForm {
    csrf: String,
    to: String,
}

/// `POST /ui/deliveries/{id}/redeliver`
pub async fn redeliver(page: PageRequest, id: web::Path<String>, body: UnreadBody) -> Page {
    let form: RedeliverForm = body.read_form(&page.http).await?;
    page.check_form(&form.csrf)?;
    // Ids of deliveries are spelled like those of requests.
    let id = RequestId::parse(&id).ok_or(PageError::NotFound)?.to_string();
    page.engine().redeliver(page.actor(), &id).await?;
    Ok(see_other(ReturnTo::read(&form.to).as_str()))
}

fn url_of(state: Option<DeliveryState>) -> String {
    let list = Nav::Deliveries.url();
    state.map_or_else(|| list.clone(), |state| format!("{list}?state={}", state.name()))
}

fn chips(current: Option<DeliveryState>) -> Vec<StateChip> {
    let all = std::iter::once(None).chain(DeliveryState::ALL.into_iter().map(Some));
    let name = |state: Option<DeliveryState>| state.map_or("All", |state| words_of(state).2);
    let chip = |state| StateChip { name: name(state), url: url_of(state), is_current: state == current };
    all.map(chip).collect()
}

fn words_of(state: DeliveryState) -> (Icon, &'static str, &'static str) {
    match state {
        DeliveryState::Waiting => (Icon::Wait, "wait", "Waits"),
        DeliveryState::Claimed => (Icon::Send, "wait", "Being sent"),
        DeliveryState::Delivered => (Icon::Done, "done", "Delivered"),
        DeliveryState::GivenUp => (Icon::Fail, "bad", "Given up"),
    }
}

fn line(view: &DeliveryView, when: When) -> DeliveryLine {
    let delivery = &view.delivery;
    let (icon, kind, words) = words_of(delivery.state);
    let is_waiting = delivery.state == DeliveryState::Waiting && delivery.due_at > when.now();
    let words = if is_waiting {
        format!("{words}, next {}", when.left(delivery.due_at).words())
    } else {
        words.to_owned()
    };
    DeliveryLine {
        id: delivery.id.clone(),
        subscription: delivery.subscription.clone(),
        request_url: format!("{BASE}/requests/{}", delivery.request),
        request_type: delivery.request_type.to_string(),
        what: what(delivery.step.event_type),
        state: StateWord { icon, kind, words },
        last: view.attempts.last().map(last_words).unwrap_or_default(),
        attempts: delivery.attempts.to_string(),
        at: when.exact(delivery.created_at),
        can_be_sent_again: delivery.ended_at.is_some(),
    }
}

/// The change, in the words of its type.
fn what(event_type: EventType) -> String {
    crate::domain::wording::capitalised(&event_type.name().replace('_', " "))
}

fn last_words(attempt: &DeliveryAttempt) -> String {
    if attempt.answer.is_empty() {
        return attempt.reason.clone();
    }
    let beginning: String = attempt.answer.chars().take(100).collect();
    format!("{} “{beginning}”", attempt.reason)
}
