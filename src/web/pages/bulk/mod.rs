//! Many requests decided together: first what will happen to each and which are left out, then the result of
//! each.
//!
//! The page does the same as `PUT /bulk-decisions`: each request gets a separate decision, on the digest and
//! version that were on the screen.

mod result;
mod review;

use std::collections::BTreeSet;

use actix_web::http::StatusCode;

use crate::domain::actor::Permission;
use crate::domain::ids::RequestId;
use crate::domain::request::{NewDecision, Verdict};
use crate::domain::words::WordsFault;
use crate::engine::narrowed_inbox::NarrowingLimits;
use crate::engine::openings::Door;
use crate::engine::{BulkDecisionInput, BulkItem, Engine, require};
use crate::http::query::pairs;
use crate::web::pages::inbox::{LOOKED_AT_FURTHER, fitting};
use crate::web::parts::came_from::CameFrom;
use crate::web::parts::inbox_filter::InboxFilter;
use crate::web::parts::layout::Nav;
use crate::web::sent_form::{SentForm, keeping};
use crate::web::sentences::{errors, faults};
use crate::web::{Page, PageError, PageRequest, see_other};
use result::{BeforeDecisions, result_page};
use review::review_page;

/// The list that the form was opened from: its address, and what to carry along.
fn list_of(page: &PageRequest) -> CameFrom {
    CameFrom::of(&page.http).unwrap_or_else(|| CameFrom::list(Nav::NeedsMe, ""))
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

/// `GET /ui/bulk?id=…&id=…`, or `?all=1`: as many as may be decided at once of the list that it was opened from.
pub async fn review(page: PageRequest) -> Page {
    require(page.actor(), Permission::Check)?;
    let pairs: Vec<(String, String)> = pairs(page.http.query_string().as_bytes()).collect();
    let ids = if pairs.iter().any(|(name, value)| name == "all" && value == "1") {
        let all = all_of_list(&page).await?;
        if all.is_empty() {
            // The list says that nothing fits.
            return Ok(see_other(&list_of(&page).url()));
        }
        all
    } else {
        let ids = pairs.into_iter().filter(|(name, _)| name == "id").map(|(_, id)| id);
        ids_of(ids).ok_or(PageError::Unreadable)?
    };
    if ids.is_empty() {
        return Err(PageError::message(StatusCode::BAD_REQUEST, errors::NOTHING_TICKED));
    }
    review_page(&page, ids, FormInput::default()).await
}

/// The first requests of the list that the page was opened from, in its order and within its filter.
async fn all_of_list(page: &PageRequest) -> Result<Vec<RequestId>, PageError> {
    let filter = InboxFilter::of_query(list_of(page).query());
    let limits = NarrowingLimits { shown: Engine::BULK_MAX, looked_at: LOOKED_AT_FURTHER };
    let fits = fitting(&filter, page.when);
    Ok(page.engine().first_that_need_me(page.actor(), filter.order, limits, fits).await?)
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
        Ok(_) if form.items.is_empty() => Err(faults::TICK_ONE.to_owned()),
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
        door: Door::Pages,
        origin: page.origin(),
    };
    let results = page.engine().decide_many(deciding).await?;
    result_page(&page, verdict, results, before).await
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
