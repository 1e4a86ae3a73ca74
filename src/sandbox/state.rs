//! The sandbox's state, as its administration shows it.

use std::collections::{HashMap, HashSet, VecDeque};

use actix_web::HttpRequest;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::faults::{Fault, Faults};

/// Maximum number of calls in the ledger; the counts continue.
const CALLS_KEPT: usize = 10_000;

/// The whole state, of all orgs.
#[derive(Serialize)]
pub(super) struct State {
    pub badges: Vec<Badge>,
    pub customers: Vec<Customer>,
    pub enrolments: Vec<Enrolment>,
    pub earned: Vec<Earned>,
    pub statuses: Vec<Status>,
    pub redemptions: Vec<Redemption>,
    pub goodwill: Vec<Created>,
    pub retro: Vec<Created>,
    pub transfers: Vec<Transfer>,
    pub faults: Faults,
    pub calls: Ledger,
    #[serde(skip)]
    latest_enrolment: HashMap<(String, i64), usize>,
    #[serde(skip)]
    used_references: HashSet<(u64, &'static str, String)>,
    #[serde(skip)]
    ids_made: u32,
}

impl State {
    /// A state with these badges and customers only.
    pub fn new(badges: Vec<Badge>, customers: Vec<Customer>) -> Self {
        Self {
            badges,
            customers,
            enrolments: Vec::new(),
            earned: Vec::new(),
            statuses: Vec::new(),
            redemptions: Vec::new(),
            goodwill: Vec::new(),
            retro: Vec::new(),
            transfers: Vec::new(),
            faults: Faults::default(),
            calls: Ledger::default(),
            latest_enrolment: HashMap::new(),
            used_references: HashSet::new(),
            ids_made: 0,
        }
    }

    /// A badge of this org; another org's badge is not found.
    pub fn badge(&self, org_id: u64, id: &str) -> Option<&Badge> {
        self.badges.iter().find(|badge| badge.org_id == org_id && badge.id == id)
    }

    /// A customer of this org by one of its identifiers.
    pub fn customer(&self, org_id: u64, identifier: &str, value: &str) -> Option<&Customer> {
        self.customers.iter().find(|customer| {
            customer.org_id == org_id && customer.identifiers.get(identifier).is_some_and(|own| own == value)
        })
    }

    /// The last enrolment of a customer for a badge, expired or not.
    pub fn enrolment(&self, badge_id: &str, customer_id: i64) -> Option<&Enrolment> {
        let at = *self.latest_enrolment.get(&(badge_id.to_owned(), customer_id))?;
        self.enrolments.get(at)
    }

    pub fn enrol(&mut self, enrolment: Enrolment) {
        let key = (enrolment.badge_meta_id.clone(), enrolment.customer_id);
        self.latest_enrolment.insert(key, self.enrolments.len());
        self.enrolments.push(enrolment);
    }

    /// Whether a reference was already used in this org for this purpose.
    pub fn is_used(&self, org_id: u64, kind: &'static str, reference: &str) -> bool {
        self.used_references.contains(&(org_id, kind, reference.to_owned()))
    }

    pub fn use_up(&mut self, org_id: u64, kind: &'static str, reference: &str) {
        self.used_references.insert((org_id, kind, reference.to_owned()));
    }

    /// A new id of 24 hex digits that begins with the time, as the targets' ids do.
    pub fn new_id(&mut self, now: DateTime<Utc>) -> String {
        self.ids_made += 1;
        format!("{:08x}c0de5a00{:08x}", now.timestamp() & 0xffff_ffff, self.ids_made)
    }
}

/// A badge's metadata.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Badge {
    pub id: String,
    pub org_id: u64,
    pub name: String,
    pub earn_type: EarnType,
    #[serde(serialize_with = "iso")]
    pub start_on: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    pub expires_on: DateTime<Utc>,
    pub active: bool,
    pub claims: Vec<Owner>,
}

/// Whether a customer must be enrolled before earning.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum EarnType {
    Earn,
    IssueEarn,
}

/// What triggered an issue, and who may let a badge be earned.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Owner {
    pub owner_type: String,
    pub reference_id: String,
}

/// A customer and the identifiers it is found by.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer {
    pub id: i64,
    pub org_id: u64,
    pub identifiers: HashMap<&'static str, String>,
}

/// A customer enrolled for a badge.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Enrolment {
    pub customer_id: i64,
    pub badge_meta_id: String,
    pub issued_id: String,
    /// The call that created it; `None` for initial contents.
    pub request_id: Option<String>,
    pub org_id: u64,
    pub triggered_by: Value,
    #[serde(serialize_with = "iso")]
    pub issued_on: DateTime<Utc>,
    #[serde(serialize_with = "iso")]
    pub expires_on: DateTime<Utc>,
}

/// A badge that a customer earned.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Earned {
    pub customer_id: i64,
    pub badge_meta_id: String,
    pub earned_badge_id: String,
    pub issued_id: Option<String>,
    pub request_id: String,
    pub org_id: u64,
    #[serde(serialize_with = "iso")]
    pub earned_on: DateTime<Utc>,
}

/// A change of a customer's status.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub customer_id: i64,
    pub org_id: u64,
    pub label: String,
    pub reason: String,
    pub source: String,
}

/// Points that were redeemed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Redemption {
    pub customer_id: i64,
    pub org_id: u64,
    pub points: i64,
    pub external_reference_number: Option<String>,
    pub transaction_number: Option<String>,
}

/// Goodwill points or a retro transaction: what was sent, and the id it got.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    pub created_id: u64,
    pub org_id: u64,
    pub body: Value,
}

/// A transfer from an account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transfer {
    pub org_id: u64,
    pub account: String,
    pub amount: String,
    pub reference: String,
}

impl Transfer {
    pub fn is_of(&self, org_id: u64, account: &str) -> bool {
        self.org_id == org_id && self.account == account
    }
}

/// Every call that arrived, whatever the result.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ledger {
    count: u64,
    work_done: u64,
    received: VecDeque<Received>,
}

impl Ledger {
    pub fn note(&mut self, received: Received) {
        self.count += 1;
        self.work_done += u64::from(received.work_done);
        if self.received.len() == CALLS_KEPT {
            self.received.pop_front();
        }
        self.received.push_back(received);
    }
}

/// One call that arrived.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Received {
    #[serde(serialize_with = "iso")]
    pub at: DateTime<Utc>,
    pub method: String,
    pub path: String,
    /// The header `X-Countersign-Request-Id`.
    pub countersign_request_id: Option<String>,
    /// The body's member of that name.
    #[serde(rename = "requestId")]
    pub body_request_id: Option<String>,
    /// `None` if the connection was closed instead.
    pub status: Option<u16>,
    pub work_done: bool,
    pub fault: Option<Fault>,
}

impl Received {
    /// A call without an answer and without an effect yet.
    pub fn of(http: &HttpRequest, at: DateTime<Utc>) -> Self {
        let header = http.headers().get("X-Countersign-Request-Id");
        Self {
            at,
            method: http.method().to_string(),
            path: http.path().to_owned(),
            countersign_request_id: header.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned()),
            body_request_id: None,
            status: None,
            work_done: false,
            fault: None,
        }
    }
}

fn iso<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}
