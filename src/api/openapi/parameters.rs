//! The parameters: headers, query, path.

use serde_json::{Map, Value, json};

use super::component;
use crate::domain::delivery::DeliveryState;
use crate::domain::lifecycle::EventType;
use crate::domain::request::State;
use crate::domain::request_type::RequestTypes;
use crate::domain::search::{QUERY_CHARS_MAX, QUERY_WORDS_MAX};
use crate::engine::inbox_order::InboxOrder;
use crate::http::query::{FILTER_PARAMETERS, LIMIT_DEFAULT, LIMIT_MAX, VALUE_CHARS_MAX};
use crate::http::wire::NO_CONTROL;

/// The header with the token, as the contract spells it.
pub(super) const TOKEN_HEADER: &str = "X-CAP-UI-AUTH-TOKEN";
/// The header with the token of an OAuth client, as the contract spells it.
pub(super) const OAUTH_HEADER: &str = "X-CAP-API-OAUTH-TOKEN";
/// The header with the org, as the contract spells it.
pub(super) const ORG_HEADER: &str = "X-CAP-API-AUTH-ORG-ID";
/// The header with the reference, as the contract spells it.
pub(super) const REFERENCE_HEADER: &str = "X-CAP-REQUEST-ID";

/// Every parameter that more than one operation has, by the name that [`of`] takes.
pub(super) fn components(types: &RequestTypes) -> Map<String, Value> {
    let mut all = headers();
    let types: Vec<String> = types.iter().map(|known| known.name.to_string()).collect();
    let mut add = |name: &str, schema: Value, description: &str| {
        all.insert(name.to_owned(), query(name, schema, description));
    };
    add("userId", short_text(), "Only requests of the maker with this user id.");
    add(
        "sortBy",
        words(&["startDate", "endDate", "maker"]),
        "What to sort by. With `endDate`, requests that have not ended come last. `maker` is the maker's account; those of one \
         account are sorted by `startDate`. The default is `startDate`.",
    );
    add(
        "sortOrder",
        words(&["asc", "desc"]),
        "The direction. The default is `desc`, newest first, and `asc` for `maker`.",
    );
    add("conceptId", short_text(), "Only requests about this concept.");
    add("zoneId", short_text(), "Only requests about this zone.");
    add("storeId", short_text(), "Only requests about this store.");
    add("tillId", short_text(), "Only requests about this till.");
    add(
        "startDate",
        day(),
        "Only requests submitted on this day or later, in the server's configured offset.",
    );
    add(
        "endDate",
        day(),
        "Only requests submitted on this day or earlier, in the server's configured offset.",
    );
    add("states", states(), "Only requests in one of these states, separated by commas.");
    add(
        "requestType",
        words(&types.iter().map(String::as_str).collect::<Vec<_>>()),
        "Only requests of this type.",
    );
    add("subject", short_text(), "Only requests about this subject, compared exactly.");
    add(
        "since",
        number(1, i64::from(i32::MAX), None),
        "The earlier revision to compare with. The default is the one before.",
    );
    add(
        "view",
        words(&["needs_me", "mine", "decided_by_me"]),
        "A list about the reader: the requests that they may decide now, submitted, or decided. `needs_me` and \
         `decided_by_me` accept only `limit` and `after`, and `needs_me` its own order and filters.",
    );
    add(
        "order",
        words(&InboxOrder::ALL.map(InboxOrder::word)),
        "Only with `view=needs_me`: its order. The default is `due`. By amount, requests are ordered within each unit, \
         and those without an amount come last. Any other order than `due` has the 1000 requests that are due first.",
    );
    add("amountFrom", amount(), "Only with `view=needs_me`: requests with at least this amount.");
    add("amountTo", amount(), "Only with `view=needs_me`: requests with at most this amount.");
    add("unit", short_text(), "Only with `view=needs_me`: requests whose amounts have this unit.");
    add("limit", number(1, LIMIT_MAX, Some(LIMIT_DEFAULT)), "The number of rows on a page.");
    add(
        "PageNo",
        number(0, i64::from(i32::MAX), None),
        "The page, counted from 0. Not together with `after`.",
    );
    add(
        "after",
        short_text(),
        "`pagination.next` of the page before, with the same filters and order. The answer then has no totals.",
    );
    all
}

fn headers() -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |key: &str, name: &str, required: bool, description: &str| {
        let schema = json!({ "type": "string" });
        let parameter = json!({
            "name": name, "in": "header", "required": required, "description": description, "schema": schema,
        });
        all.insert(key.to_owned(), parameter);
    };
    add("org", ORG_HEADER, true, "The org. The token must grant it.");
    let optional = "The org. It may be left out if the token grants exactly one.";
    add("orgOrOnly", ORG_HEADER, false, optional);
    let reference = "The caller's id for this call: 1 to 128 letters, digits and `._-:`. It is returned in the \
                     answer and written to the log. Any other value is replaced by a new id.";
    add("reference", REFERENCE_HEADER, false, reference);
    let trace = "The W3C trace context of the caller. It is returned in the answer.";
    add("traceparent", "traceparent", false, trace);
    let prefer = "With `respond-async` the answer does not wait for the target.";
    add("prefer", "Prefer", false, prefer);
    let key = "1 to 255 visible ASCII characters, unique in the org as long as the request is kept. If the same \
               person sends the same body with it again, the answer is the request in its current state; any \
               other use is answered with 409.";
    all.insert(
        "idempotencyKey".to_owned(),
        json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "description": key,
            "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
        }),
    );
    let id = "The id that the server gave the request.";
    all.insert(
        "revision".to_owned(),
        json!({
            "name": "revision", "in": "path", "required": true, "description": "The number of the revision, from 1.",
            "schema": { "type": "integer", "minimum": 1 },
        }),
    );
    let delivery = "The id of the delivery.";
    for (name, description) in [("requestId", id), ("deliveryId", delivery)] {
        all.insert(
            name.to_owned(),
            json!({
                "name": name, "in": "path", "required": true, "description": description,
                "schema": { "type": "string", "format": "uuid" },
            }),
        );
    }
    all
}

/// References to parameters.
pub(super) fn of(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| component("parameters", name)).collect()
}

/// References to the parameters that filter and order a list of requests.
pub(super) fn filters() -> Vec<Value> {
    of(&FILTER_PARAMETERS)
}

/// The parameters that filter a list of deliveries.
pub(super) fn delivery_filters() -> Vec<Value> {
    let names = DeliveryState::ALL.map(DeliveryState::name);
    let id = "^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$";
    let id = json!({ "type": "string", "pattern": id });
    vec![
        query("subscription", short_text(), "Only deliveries to the subscription of this name."),
        query("state", words(&names), "Only deliveries in this state."),
        query("requestId", id, "Only deliveries about this request."),
    ]
}

/// What is searched for.
pub(super) fn search_words() -> Value {
    json!({
        "name": "q", "in": "query", "required": true,
        "description": format!(
            "The words: at least one letter or digit, and at most {QUERY_WORDS_MAX} words. Every word must be there, the \
             last one as the beginning of one. Letter case, width and diacritics make no difference; no sign has a \
             meaning of its own."
        ),
        "schema": { "type": "string", "maxLength": QUERY_CHARS_MAX, "pattern": NO_CONTROL },
    })
}

/// The format of an export.
pub(super) fn format() -> Value {
    json!({
        "name": "format", "in": "query", "required": true,
        "description": "The format: `csv` with a header line, or `jsonl` with one request per line.",
        "schema": { "type": "string", "enum": ["csv", "jsonl"] },
    })
}

/// The parameters that filter a list of events.
pub(super) fn event_filters() -> Vec<Value> {
    let names = EventType::ALL.map(EventType::name);
    let days = "in the server's configured offset.";
    vec![
        query("startDate", day(), &format!("Only events of this day or later, {days}")),
        query("endDate", day(), &format!("Only events of this day or earlier, {days}")),
        query("type", words(&names), "Only events of this type."),
        query("userId", short_text(), "Only what the person with this user id did."),
    ]
}

/// Whether a CSV file begins with a byte order mark.
pub(super) fn bom() -> Value {
    query(
        "bom",
        words(&["true", "false"]),
        "Whether a CSV file begins with a byte order mark, as some spreadsheets want.",
    )
}

fn query(name: &str, schema: Value, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "required": false,
        "description": format!("{description} An empty value counts as absent."),
        "schema": schema,
    })
}

fn short_text() -> Value {
    json!({ "type": "string", "maxLength": VALUE_CHARS_MAX, "pattern": NO_CONTROL })
}

fn amount() -> Value {
    json!({ "type": "string", "maxLength": 64, "pattern": r"^(?:-?[0-9]+(?:\.[0-9]+)?)?$" })
}

fn words(words: &[&str]) -> Value {
    let words: Vec<&str> = words.iter().copied().chain([""]).collect();
    json!({ "type": "string", "enum": words })
}

fn day() -> Value {
    json!({ "anyOf": [{ "type": "string", "format": "date" }, { "type": "string", "const": "" }] })
}

fn number(from: i64, to: i64, default: Option<i64>) -> Value {
    let mut integer = json!({ "type": "integer", "minimum": from, "maximum": to });
    if let Some(default) = default {
        integer["default"] = default.into();
    }
    json!({ "anyOf": [integer, { "type": "string", "const": "" }] })
}

/// A list of states separated by commas; an entry may be empty.
fn states() -> Value {
    let names: Vec<&str> = State::ALL.iter().map(|state| state.name()).collect();
    let one = names.join("|");
    json!({
        "type": "string",
        "maxLength": VALUE_CHARS_MAX,
        "pattern": format!("^(?:{one})?(?:,(?:{one})?)*$"),
        "examples": ["AdminTask,failed,approved"],
    })
}
