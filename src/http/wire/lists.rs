//! Pages of lists, and the rows of the list of refusals.

use std::cell::RefCell;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::DigestText;
use super::explained::ReasonBody;
use super::person::PersonBody;
use super::request::RequestBody;
use super::time::Instant;
use super::word::Word;
use crate::domain::code::Code;
use crate::domain::search::MATCHES_MAX;
use crate::engine::KeptRefusal;

/// One page of requests.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RequestPage")]
pub struct RequestPage {
    /// The requests.
    #[schemars(with = "Vec<RequestBody>")]
    pub data: OneByOne,
    /// Where the page is in its list.
    pub pagination: Pagination,
    /// In the inbox of somebody who can decide nothing at all now: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<Vec<ReasonBody>>,
}

/// Bodies that are made and written one after the other, so that a page is not in memory twice.
pub struct OneByOne(RefCell<Box<dyn Iterator<Item = RequestBody>>>);

impl OneByOne {
    /// The bodies of a page, in its order.
    pub fn new(bodies: impl Iterator<Item = RequestBody> + 'static) -> Self {
        Self(RefCell::new(Box::new(bodies)))
    }
}

impl Serialize for OneByOne {
    /// Writes what has not been written before: all bodies, the first time.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&mut *self.0.borrow_mut())
    }
}

/// The position of a page among all of its list.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("dependentRequired" = {
    "number": ["totalElements", "totalPages"],
    "totalElements": ["number"],
    "totalPages": ["number"],
}))]
pub struct Pagination {
    /// Number of requests in all; absent with `after` and in the views `needs_me` and `decided_by_me`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub total_elements: Option<i64>,
    /// Number of pages in all; absent with `after` and in the views `needs_me` and `decided_by_me`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub total_pages: Option<i64>,
    /// Number of requests on this page.
    pub number_of_elements: usize,
    /// The number of this page, counted from 0; absent with `after` and in the views `needs_me` and
    /// `decided_by_me`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub number: Option<i64>,
    /// Number of requests that the reader may decide, exact up to 1000, then `1000+`; only on the first page of
    /// the view `needs_me`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(?:[0-9]{1,4}|1000\+)$"))]
    pub count: Option<String>,
    /// The value of `after` for the next page; `null` on the last page. It continues after the last request
    /// whose details are not omitted.
    pub next: Option<String>,
}

/// One page of what a search found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SearchPage")]
pub struct SearchPage {
    /// The requests, newest first.
    #[schemars(with = "Vec<RequestBody>")]
    pub data: OneByOne,
    /// Where the page is in its list.
    pub pagination: CursorPagination,
    /// What is to be known of the search.
    pub search: SearchBody,
}

/// What is to be known of a search.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Search")]
pub struct SearchBody {
    /// How many matches are looked at, the newest first.
    matches_looked_at: usize,
    /// Whether the list ends here because so many matches were looked at, and there are more.
    is_cut: bool,
    /// For how many milliseconds the oldest change that is not indexed yet has waited; 0 if every change is.
    lag_ms: u64,
}

impl SearchBody {
    /// What is known of a page.
    pub fn new(is_cut: bool, lag: TimeDelta) -> Self {
        let lag_ms = u64::try_from(lag.num_milliseconds()).unwrap_or(0);
        Self { matches_looked_at: MATCHES_MAX, is_cut, lag_ms }
    }
}

/// One page of refusals.
#[derive(Serialize, JsonSchema)]
pub struct RefusalPage {
    /// The refusals, newest first.
    pub data: Vec<RefusalBody>,
    /// Where the page is in its list.
    pub pagination: CursorPagination,
}

/// The position of a page in a list without numbered pages.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CursorPagination {
    /// Number of entries on this page.
    pub number_of_elements: usize,
    /// The value of `after` for the next page; `null` on the last page.
    pub next: Option<String>,
}

/// A submission that was refused. Its payload is not kept, only its digest if it could be read.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Refusal")]
pub struct RefusalBody {
    /// The id of the entry.
    #[schemars(extend("format" = "uuid"))]
    refusal_id: String,
    /// When: RFC 3339 in UTC with microseconds.
    at: Instant,
    /// Who submitted it.
    actor: PersonBody,
    /// The request type as the path spelled it.
    request_type: String,
    /// Why it was refused.
    #[schemars(with = "Vec<Word<Code>>", length(min = 1))]
    codes: Vec<String>,
    digest: Option<DigestText>,
    /// Number of refusals that this entry counts.
    #[schemars(range(min = 1))]
    count: i64,
    /// The id under which the log has the call.
    reference: String,
}

impl RefusalBody {
    /// The body for one kept refusal.
    pub fn of(kept: &KeptRefusal) -> Self {
        Self {
            refusal_id: kept.id.clone(),
            at: Instant::of(kept.at),
            actor: PersonBody::of(&kept.actor),
            request_type: kept.request_type.clone(),
            codes: kept.codes.clone(),
            digest: kept.digest.clone().map(DigestText),
            count: kept.count,
            reference: kept.reference.clone(),
        }
    }
}
