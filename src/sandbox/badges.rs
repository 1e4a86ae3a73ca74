//! The badge APIs: enrol customers (`issueBulk`) and let one earn a badge (`earn`).

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Number, Value, json};

use super::reply::{Refusal, Reply, Tally};
use super::state::{Badge, EarnType, Earned, Enrolment, Owner, State};
use super::{Call, text_of, whole_of};

const ISSUE: &str = "issueBulk";
const EARN: &str = "earn";

/// The mixed-case spellings only: `LOYALTY` is refused.
const OWNER_TYPES: [&str; 9] = [
    "Loyalty",
    "Loyalty_Promotion",
    "Referral_Campaigns",
    "Journeys",
    "Audience_Campaigns",
    "Rewards_Catalog",
    "Goodwill_Module",
    "Milestones",
    "Historical_Import",
];

/// Larger numbers are milliseconds: as seconds they would be after the year 5000.
const EPOCH_MS_MIN: f64 = 1e11;

/// Enrols customers for a badge; if one fails (1040), the others do not.
pub(super) fn issue_bulk(state: &mut State, call: &Call) -> Result<Reply, Refusal> {
    check_owner_type(call)?;
    let badge_id = mandatory(call, "badgeMetaId", 715, "Badge meta id is mandatory")?;
    let customers = customers(&call.body["customers"])?;
    let at = event_date(call, "issueEventDate", "issueEventDateISO")?;
    let badge = badge(state, call, &badge_id)?;
    let request_id = call.text("requestId");
    if let Some(id) = &request_id {
        refuse_used(state, call, ISSUE, id)?;
    }
    refuse_inactive(&badge)?;
    if !is_within(&badge, at) {
        let message = "Event date is not in duration of badge meta. Pass the issue event date.";
        return Err(Refusal::new(400, 816, message));
    }
    if let Some(id) = &request_id {
        state.use_up(call.till.org_id, ISSUE, id);
    }
    let before = state.enrolments.len();
    let issued: Vec<Value> =
        customers.iter().map(|customer| issue_one(state, call, &badge, (*customer, at))).collect();
    let body = succeeded(json!({
        "badgeMetaId": badge.id,
        "triggeredBy": triggered_by(call),
        "expiresOn": epoch(badge.expires_on),
        "issuedBadges": issued,
        "requestId": request_id,
    }));
    let work_done = state.enrolments.len() > before;
    Ok(Reply { work_done, ..Reply::done(200, body, Tally::succeeded(200), call.till) })
}

fn issue_one(state: &mut State, call: &Call, badge: &Badge, (customer, at): (i64, DateTime<Utc>)) -> Value {
    let active = state.enrolment(&badge.id, customer).filter(|enrolment| enrolment.expires_on > call.now);
    if let Some(active) = active {
        return json!({
            "customerId": customer,
            "issuedId": active.issued_id,
            "error": {
                "code": 1040,
                "message": "An active issue for the badge already exists.",
                "reference": null,
            },
            "status": "ACTIVE",
        });
    }
    let issued_id = state.new_id(call.now);
    state.enrol(Enrolment {
        customer_id: customer,
        badge_meta_id: badge.id.clone(),
        issued_id: issued_id.clone(),
        request_id: call.text("requestId"),
        org_id: call.till.org_id,
        triggered_by: triggered_by(call),
        issued_on: at,
        expires_on: badge.expires_on,
    });
    json!({"customerId": customer, "issuedId": issued_id, "error": null})
}

/// Lets one customer earn a badge that was claimed by the trigger.
pub(super) fn earn(state: &mut State, call: &Call) -> Result<Reply, Refusal> {
    let (owner, badge_id, customer_id, request_id) = earn_members(call)?;
    let at = event_date(call, "earnEventDate", "earnEventDateISO")?;
    let badge = badge(state, call, &badge_id)?;
    refuse_used(state, call, EARN, &request_id)?;
    refuse_inactive(&badge)?;
    if !badge.claims.contains(&owner) {
        return Err(Refusal::new(409, 810, "BadgeMeta needs to be claimed first"));
    }
    if at > call.now + TimeDelta::hours(24) {
        return Err(Refusal::new(400, 750, "Earn event date cannot be a future date"));
    }
    if !is_within(&badge, at) {
        return Err(not_live());
    }
    let issued_id = enrolment_to_earn(state, &badge, customer_id, at)?;
    state.use_up(call.till.org_id, EARN, &request_id);
    let earned_badge_id = state.new_id(call.now);
    let body = succeeded(json!({
        "badgeMetaId": badge.id,
        "customerId": customer_id,
        "earnedBadgeId": earned_badge_id,
        "expiresOn": epoch(badge.expires_on),
        "expiresOnISO": badge.expires_on.to_rfc3339_opts(SecondsFormat::Secs, true),
        "requestId": request_id,
        "issuedId": issued_id,
    }));
    state.earned.push(Earned {
        customer_id,
        badge_meta_id: badge.id,
        earned_badge_id,
        issued_id,
        request_id,
        org_id: call.till.org_id,
        earned_on: at,
    });
    Ok(Reply::done(200, body, Tally::succeeded(200), call.till))
}

fn earn_members(call: &Call) -> Result<(Owner, String, i64, String), Refusal> {
    check_owner_type(call)?;
    let badge_id = mandatory(call, "badgeMetaId", 715, "Badge meta id is mandatory")?;
    let customer_id = mandatory(call, "customerId", 812, "Customer id is mandatory")?;
    let customer_id =
        customer_id.parse().map_err(|_| Refusal::bad_request("customerId is not a whole number"))?;
    let request_id = mandatory(call, "requestId", 804, "Request id is mandatory")?;
    let trigger = &call.body["triggeredBy"];
    let owner_type =
        text_of(&trigger["ownerType"]).ok_or_else(|| Refusal::new(400, 716, "Owner type is mandatory"))?;
    let reference_id =
        text_of(&trigger["referenceId"]).ok_or_else(|| Refusal::new(400, 717, "Owner id is mandatory"))?;
    Ok((Owner { owner_type, reference_id }, badge_id, customer_id, request_id))
}

/// The enrolment that an ISSUE_EARN badge needs at the time of earning.
fn enrolment_to_earn(
    state: &State,
    badge: &Badge,
    customer_id: i64,
    at: DateTime<Utc>,
) -> Result<Option<String>, Refusal> {
    match badge.earn_type {
        EarnType::Earn => Ok(None),
        EarnType::IssueEarn => state
            .enrolment(&badge.id, customer_id)
            .filter(|enrolment| enrolment.issued_on <= at && at < enrolment.expires_on)
            .map(|enrolment| Some(enrolment.issued_id.clone()))
            .ok_or_else(|| Refusal::new(409, 811, "Badge issue is mandatory before earn")),
    }
}

fn succeeded(data: Value) -> Value {
    json!({"data": data, "errors": [], "warnings": []})
}

fn mandatory(call: &Call, member: &str, code: u32, message: &str) -> Result<String, Refusal> {
    call.text(member).ok_or_else(|| Refusal::new(400, code, message))
}

fn check_owner_type(call: &Call) -> Result<(), Refusal> {
    let value = &call.body["triggeredBy"]["ownerType"];
    if value.is_null() || value.as_str().is_some_and(|name| OWNER_TYPES.contains(&name)) {
        return Ok(());
    }
    let given = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Err(Refusal::bad_request(format!(
        "Invalid enum value: '{given}' for the field: 'ownerType'. The value must be one of: [{}].",
        OWNER_TYPES.join(", ")
    )))
}

fn customers(value: &Value) -> Result<Vec<i64>, Refusal> {
    let one = std::slice::from_ref(value);
    let ids = value.as_array().map_or(one, Vec::as_slice);
    if value.is_null() || ids.is_empty() {
        return Err(Refusal::new(400, 812, "Customer id is mandatory"));
    }
    let ids: Option<Vec<i64>> = ids.iter().map(whole_of).collect();
    ids.ok_or_else(|| Refusal::bad_request("JSON parse error: customers must be a list of whole numbers"))
}

fn badge(state: &State, call: &Call, id: &str) -> Result<Badge, Refusal> {
    let found = state.badge(call.till.org_id, id).cloned();
    found.ok_or_else(|| Refusal::new(404, 404, "Passed badge is not found"))
}

fn refuse_used(state: &State, call: &Call, operation: &'static str, request_id: &str) -> Result<(), Refusal> {
    if state.is_used(call.till.org_id, operation, request_id) {
        return Err(Refusal::new(400, 809, "Request with same requestId is not allowed"));
    }
    Ok(())
}

fn refuse_inactive(badge: &Badge) -> Result<(), Refusal> {
    if badge.active { Ok(()) } else { Err(not_live()) }
}

fn not_live() -> Refusal {
    Refusal::new(400, 815, "Badge meta is not live")
}

fn is_within(badge: &Badge, at: DateTime<Utc>) -> bool {
    badge.start_on <= at && at <= badge.expires_on
}

fn triggered_by(call: &Call) -> Value {
    let trigger = &call.body["triggeredBy"];
    if trigger.is_null() {
        return Value::Null;
    }
    json!({"ownerType": trigger["ownerType"], "referenceId": trigger["referenceId"]})
}

/// The time of the event: the ISO member wins, and absent means now.
fn event_date(call: &Call, epoch_member: &str, iso_member: &str) -> Result<DateTime<Utc>, Refusal> {
    let given = [iso_member, epoch_member].into_iter().find(|member| !call.body[*member].is_null());
    let Some(member) = given else { return Ok(call.now) };
    moment(&call.body[member])
        .ok_or_else(|| Refusal::bad_request(format!("JSON parse error: {member} is not a date")))
}

/// Epoch seconds, epoch milliseconds, or RFC 3339.
fn moment(value: &Value) -> Option<DateTime<Utc>> {
    if let Some(iso) = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok()) {
        return Some(iso.to_utc());
    }
    let epoch: f64 = text_of(value)?.parse().ok().filter(|epoch: &f64| epoch.is_finite())?;
    let seconds = if epoch.abs() < EPOCH_MS_MIN { epoch } else { epoch / 1e3 };
    DateTime::from_timestamp_micros((seconds * 1e6) as i64)
}

/// Epoch seconds with nine decimals, each of which must reach the client.
fn epoch(at: DateTime<Utc>) -> Number {
    let text = format!("{}.{:09}", at.timestamp(), at.timestamp_subsec_nanos());
    text.parse().expect("digits, a point and digits are a number")
}
