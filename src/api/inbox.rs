//! The lists about the reader: what they may decide, and what they decided.

use actix_web::HttpResponse;

use super::Api;
use crate::domain::actor::Actor;
use crate::domain::code::Code;
use crate::domain::fault::call::ParameterFault;
use crate::domain::ids::RequestId;
use crate::engine::inbox::{COUNTED_MAX, InboxPosition};
use crate::engine::inbox_order::{AmountFilter, InboxOrder};
use crate::engine::narrowed_inbox::{NarrowingLimits, PlaceInList};
use crate::http::HandlerResult;
use crate::http::cursor;
use crate::http::error::ApiError;
use crate::http::query::{INBOX_PARAMETERS, ListView, Parameters};
use crate::http::wire::{Headers, OneByOne, Pagination, ReasonBody, RequestBody, RequestPage};

/// `GET /requests?view=needs_me` and `view=decided_by_me`: a cursor, but no numbered pages.
pub(super) async fn list(
    api: &Api,
    actor: &Actor,
    mut parameters: Parameters,
    view: ListView,
) -> HandlerResult {
    let mut known = vec!["view", "limit", "after"];
    if view == ListView::NeedsMe {
        known.extend(INBOX_PARAMETERS);
    }
    parameters.only(&known, &ParameterFault::NotInThisView);
    let limit = usize::try_from(parameters.limit()).unwrap_or(1);
    let (order, filter) = parameters.inbox();
    let after = parameters.text("after").map(str::to_owned);
    parameters.finish()?;
    let mut bound = format!("{}{view:?}{}", actor.org, actor.person.key());
    let is_plain = order == InboxOrder::Due && filter == AmountFilter::default();
    if !is_plain {
        bound.push_str(&format!(" {order:?} {filter:?}"));
    }
    let bound = cursor::fingerprint(&bound);
    let after = after.map(|cursor| turn(&cursor, &bound)).transpose()?;
    let page = match view {
        ListView::DecidedByMe => api.engine.decided_by_me(actor, after, limit).await?,
        ListView::NeedsMe | ListView::Mine if is_plain => api.engine.needs_me(actor, after, limit).await?,
        ListView::NeedsMe | ListView::Mine => {
            let limits = NarrowingLimits { shown: limit, looked_at: COUNTED_MAX };
            let at = PlaceInList { order, after };
            api.engine.needs_me_whole(actor, at, limits, move |waiting| filter.fits(waiting)).await?
        }
    };
    let next = page.next.map(|turn| cursor::write(&bound, Some(turn.at), &turn.id.to_string()));
    let pagination = Pagination {
        number_of_elements: page.views.len(),
        count: page.count.map(count),
        next,
        ..Pagination::default()
    };
    let offset = api.offset;
    let body = move |view| RequestBody::new(view, Headers::Masked, offset);
    let data = OneByOne::new(page.views.into_iter().map(body));
    let why = match view {
        ListView::NeedsMe => api.engine.why_nothing_needs(actor),
        ListView::DecidedByMe | ListView::Mine => None,
    };
    let why_not = why.map(|why| vec![ReasonBody::of(why)]);
    Ok(HttpResponse::Ok().json(RequestPage { data, pagination, why_not }))
}

fn count(number: usize) -> String {
    if number > COUNTED_MAX { format!("{COUNTED_MAX}+") } else { number.to_string() }
}

fn turn(cursor: &str, bound: &str) -> Result<InboxPosition, ApiError> {
    let position = cursor::read_position(cursor, bound)?;
    let id: RequestId = position.id;
    match position.at {
        Some(at) => Ok(InboxPosition { at, id }),
        None => Err(ApiError::new(
            Code::CursorInvalid,
            "This cursor belongs to another list. Start again without it.",
        )),
    }
}
