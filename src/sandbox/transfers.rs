//! Transfers from accounts: a target that can be asked what became of a call.

use actix_web::HttpRequest;
use serde_json::{Value, json};

use super::reply::{Refusal, Reply, Tally};
use super::state::{State, Transfer};
use super::till::Till;

/// Makes a transfer. A reference names one transfer of an account.
pub(super) fn make(
    state: &mut State,
    till: &'static Till,
    http: &HttpRequest,
    body: &[u8],
) -> Result<Reply, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("JSON parse error: {error}")))?;
    let (Some(amount), Some(reference)) = (body["amount"].as_number(), body["reference"].as_str()) else {
        return Err(Refusal::bad_request("amount and reference are required"));
    };
    let account = account(http);
    if state.transfers.iter().any(|known| known.is_of(till.org_id, &account) && known.reference == reference)
    {
        return Err(Refusal::new(409, 409, "The account has a transfer with this reference"));
    }
    let made = Transfer {
        org_id: till.org_id,
        account,
        amount: amount.to_string(),
        reference: reference.to_owned(),
    };
    let answer = json!({ "amount": made.amount, "reference": made.reference });
    state.transfers.push(made);
    Ok(Reply::done(201, answer, Tally::default(), till))
}

/// The transfers of an account with a reference.
pub(super) fn list(state: &State, till: &'static Till, http: &HttpRequest, reference: &str) -> Reply {
    let account = account(http);
    let found = state
        .transfers
        .iter()
        .filter(|known| known.is_of(till.org_id, &account) && known.reference == reference);
    let found: Vec<&Transfer> = found.collect();
    Reply { work_done: false, ..Reply::done(200, json!({ "transfers": found }), Tally::default(), till) }
}

fn account(http: &HttpRequest) -> String {
    http.match_info().get("account").unwrap_or_default().to_owned()
}
