//! Changes of customers and transactions: status change, goodwill points, retro claims.

use serde_json::json;

use super::Call;
use super::reply::{Refusal, Reply, Tally};
use super::state::{Created, State, Status};

const SOURCES: [&str; 10] = [
    "INSTORE",
    "E_COMMERCE",
    "NEWSLETTER",
    "CAMPAIGNS",
    "NCA",
    "WECHAT",
    "MARTJACK",
    "FACEBOOK",
    "WEB_ENGAGE",
    "MOBILE_APP",
];

const IDENTIFIERS: [&str; 8] =
    ["mobile", "email", "externalId", "cardnumber", "cardExternalId", "wechat", "fbid", "martjackId"];

const GOODWILL_MEMBERS: [&str; 9] = [
    "referenceId",
    "reason",
    "baseType",
    "programId",
    "awardingTillId",
    "earningEntityType",
    "earningEntityId",
    "points",
    "source",
];

const RETRO_MEMBERS: [&str; 4] = ["oldType", "newType", "transactionId", "customerId"];

const GOODWILL_ID_FIRST: u64 = 38;
const RETRO_ID_FIRST: u64 = 2_000_000_001;

/// Gives a customer, looked up by an identifier, a new status.
pub(super) fn change_status(state: &mut State, call: &Call) -> Result<Reply, Refusal> {
    let source = query(call, "source");
    if !SOURCES.contains(&source) {
        return Err(Refusal::new(400, 8003, "Invalid source"));
    }
    let identifier = query(call, "identifierName");
    if !IDENTIFIERS.contains(&identifier) {
        return Err(Refusal::new(400, 8013, "Invalid identifier"));
    }
    require(call, &["reason", "label"])?;
    let customer = state.customer(call.till.org_id, identifier, query(call, "identifierValue"));
    let Some(customer_id) = customer.map(|customer| customer.id) else {
        return Err(Refusal::new(404, 8015, "Customer not found for the given identifiers"));
    };
    state.statuses.push(Status {
        customer_id,
        org_id: call.till.org_id,
        label: call.text("label").unwrap_or_default(),
        reason: call.text("reason").unwrap_or_default(),
        source: source.to_owned(),
    });
    let body = json!({"createdId": customer_id, "warnings": []});
    Ok(Reply::done(200, body, Tally::succeeded(200), call.till))
}

/// Credits goodwill points; the answer's headers count nothing.
pub(super) fn award_goodwill(state: &mut State, call: &Call) -> Result<Reply, Refusal> {
    require(call, &GOODWILL_MEMBERS)?;
    let created_id = create(&mut state.goodwill, GOODWILL_ID_FIRST, call);
    let body = json!({"createdId": created_id, "warnings": []});
    Ok(Reply::done(201, body, Tally::default(), call.till))
}

/// Assigns an anonymous transaction to a customer.
pub(super) fn retro_transaction(state: &mut State, call: &Call) -> Result<Reply, Refusal> {
    require(call, &RETRO_MEMBERS)?;
    for (member, only) in [("oldType", "NOT_INTERESTED"), ("newType", "REGULAR")] {
        if call.body[member] != only {
            return Err(Refusal::bad_request(format!("{member} must be {only}")));
        }
    }
    let created_id = create(&mut state.retro, RETRO_ID_FIRST, call);
    let body = json!({"createdId": created_id, "warnings": [], "errors": []});
    Ok(Reply { line_items: Some(1), ..Reply::done(201, body, Tally::succeeded(200), call.till) })
}

fn query<'a>(call: &'a Call, name: &str) -> &'a str {
    call.query.get(name).map_or("", String::as_str)
}

fn require(call: &Call, members: &[&str]) -> Result<(), Refusal> {
    let missing: Vec<&str> = members.iter().copied().filter(|member| call.text(member).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Refusal::bad_request(format!("Mandatory: {}", missing.join(", "))))
}

fn create(list: &mut Vec<Created>, first: u64, call: &Call) -> u64 {
    let created_id = first + list.len() as u64;
    list.push(Created { created_id, org_id: call.till.org_id, body: call.body.clone() });
    created_id
}
