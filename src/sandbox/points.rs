//! Points redemption of v1.1: always HTTP 200; headers and body have the outcome.

use serde_json::{Value, json};

use super::reply::{Refusal, Reply, Tally};
use super::state::{Customer, Redemption, State};
use super::{Call, text_of, whole_of};

const REFERENCE: &str = "external_reference_number";
const TRANSACTION: &str = "transaction_number";

/// The identifiers of v1.1, and ours.
const IDENTIFIERS: [(&str, &str); 5] = [
    ("mobile", "mobile"),
    ("email", "email"),
    ("external_id", "externalId"),
    ("id", "id"),
    ("user_id", "id"),
];

/// Redeems points once per reference number and per transaction number.
pub(super) fn redeem(state: &mut State, call: &Call) -> Result<Reply, Refusal> {
    let redeem = single(&call.body["root"]["redeem"])?;
    let points = whole_of(&redeem["points_redeemed"])
        .filter(|points| *points > 0)
        .ok_or_else(|| Refusal::bad_request("points_redeemed must be a whole number above 0"))?;
    let org_id = call.till.org_id;
    let Some(customer) = customer(state, org_id, &redeem["customer"]) else {
        return Ok(failed(call, 816, "Customer not found", &item(None, redeem)));
    };
    let item = item(Some(customer), redeem);
    let numbers = [REFERENCE, TRANSACTION].map(|kind| (kind, text_of(&redeem[kind])));
    let used = numbers.iter().filter_map(|(kind, number)| Some((*kind, number.as_deref()?)));
    if used.clone().any(|(kind, number)| state.is_used(org_id, kind, number)) {
        return Ok(failed(call, 744, "Reference number already exists", &item));
    }
    let customer_id = customer.id;
    used.for_each(|(kind, number)| state.use_up(org_id, kind, number));
    let [(_, external_reference_number), (_, transaction_number)] = numbers;
    state.redemptions.push(Redemption {
        customer_id,
        org_id,
        points,
        external_reference_number,
        transaction_number,
    });
    let body = answer(("true", 200, "SUCCESS"), (800, "Points redeemed successfully"), &item, points);
    Ok(Reply::done(200, body, Tally::succeeded(800), call.till))
}

/// One redemption: an object, or a list of one.
fn single(redeem: &Value) -> Result<&Value, Refusal> {
    let one = redeem.as_array().map_or(std::slice::from_ref(redeem), Vec::as_slice);
    match one {
        [redeem] if redeem.is_object() => Ok(redeem),
        _ => Err(Refusal::bad_request("root.redeem must hold exactly one redemption")),
    }
}

fn customer<'a>(state: &'a State, org_id: u64, given: &Value) -> Option<&'a Customer> {
    let named = IDENTIFIERS.iter().find_map(|(theirs, ours)| Some((*ours, text_of(&given[*theirs])?)));
    let (identifier, value) = named?;
    state.customer(org_id, identifier, &value)
}

/// The part of an answer that repeats the redemption.
fn item(customer: Option<&Customer>, redeem: &Value) -> Value {
    let own = |name: &str| customer.and_then(|customer| customer.identifiers.get(name));
    json!({
        "mobile": own("mobile"),
        "email": own("email"),
        "external_id": own("externalId"),
        "user_id": own("id"),
        "points_redeemed": text_of(&redeem["points_redeemed"]),
        "redemption_purpose": "",
    })
}

fn failed(call: &Call, code: u32, message: &str, item: &Value) -> Reply {
    let status = ("false", 500, "All requests have failed due to errors");
    let body = answer(status, (code, message), item, 0);
    Reply { work_done: false, ..Reply::done(200, body, Tally::failed(code), call.till) }
}

fn answer(status: (&str, u32, &str), item_status: (u32, &str), item: &Value, redeemed: i64) -> Value {
    let (success, code, message) = status;
    let (item_code, item_message) = item_status;
    let mut points = item.clone();
    points["redeemed_value"] = json!(redeemed);
    points["side_effects"] = json!({"effect": []});
    points["item_status"] = json!({"success": success, "code": item_code, "message": item_message});
    json!({"response": {
        "status": {"success": success, "code": code, "message": message},
        "responses": {"points": points},
    }})
}
