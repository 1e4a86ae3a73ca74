//! What a submission accepts is what goes out: from the maker's task to the parts of HTTP, and back.

use http_body_util::BodyExt;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::exchange::build_request;
use super::*;
use crate::domain::ids::RequestId;
use crate::domain::json;
use crate::domain::request_type::RequestType;
use crate::domain::submission::validate;

type Pairs = Vec<(String, String)>;

/// A type's `[body]`, and a body for it with the bytes that it stands for.
fn body() -> impl Strategy<Value = (Option<Value>, Option<Value>, Vec<u8>)> {
    let number =
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?".prop_map(|digits| json::read(digits.as_bytes()).unwrap());
    let scalar = || {
        prop_oneof![
            number.clone(),
            any::<String>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from)
        ]
    };
    let object = prop::collection::btree_map("[a-z]{1,4}", scalar(), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()));
    let list = prop::collection::vec(scalar(), 0..4).prop_map(Value::from);
    let kinds = json!(["object", "array", "string", "number", "boolean", "null"]);
    let any_json = prop_oneof![object, list, scalar(), Just(Value::Null)];
    let media_type = prop::option::of(Just("application/x.y+json"));
    let as_json = (any_json, media_type).prop_map(move |(body, media_type)| {
        let mut rules = json!({ "type": kinds });
        if let Some(media_type) = media_type {
            rules["media_type"] = media_type.into();
        }
        let bytes = json::write(&body).into_bytes();
        (Some(rules), Some(body), bytes)
    });
    let media_type =
        prop::sample::select(vec!["text/plain", "application/xml", "application/x-www-form-urlencoded"]);
    let as_text = (any::<String>(), media_type).prop_map(|(text, media_type)| {
        (Some(json!({ "media_type": media_type })), Some(text.as_str().into()), text.into_bytes())
    });
    prop_oneof![Just((None, None, Vec::new())), as_json, as_text]
}

/// A query with its pairs; the names say whether a parameter is a list.
fn query() -> impl Strategy<Value = (Value, Pairs)> {
    let texts = prop::collection::btree_map("t[a-z &=é]{0,5}", any::<String>(), 0..3);
    let lists = prop::collection::btree_map("l[a-c]", prop::collection::vec(any::<String>(), 0..4), 0..3);
    (texts, lists).prop_map(|(texts, lists)| {
        let mut pairs: Pairs = texts.clone().into_iter().collect();
        pairs.extend(
            lists.iter().flat_map(|(name, items)| items.iter().map(|item| (name.clone(), item.clone()))),
        );
        let texts = texts.into_iter().map(|(name, text)| (name, Value::from(text)));
        let lists = lists.into_iter().map(|(name, items)| (name, Value::from(items)));
        (Value::Object(texts.chain(lists).collect()), pairs)
    })
}

/// The pairs of a query as it is on the wire.
fn pairs_of(query: &str) -> Pairs {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (decode(name), decode(value))).unwrap();
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn bytes_of(request: hyper::Request<http_body_util::Full<bytes::Bytes>>) -> Vec<u8> {
    let collected = futures_util::FutureExt::now_or_never(request.into_body().collect());
    collected.unwrap().unwrap().to_bytes().to_vec()
}

proptest! {
    #[test]
    fn what_a_submission_accepts_is_what_goes_out_part_by_part(
        method in prop::sample::select(vec!["POST", "PUT", "PATCH", "DELETE", "GET"]),
        (rules, body, bytes) in body(), (query, pairs) in query(),
        headers in prop::collection::btree_map("X-[A-Za-z]{1,3}", "([!-~]([ -~]{0,8}[!-~])?)?", 0..3),
    ) {
        let list = json!({"type": "array", "items": {"type": "string"}});
        let mut definition = json!({
            "name": "ANY", "call": {"method": method, "path": "/any"},
            "query": {"properties": {"la": list, "lb": list, "lc": list}},
            "headers": {"patternProperties": {"^x-[a-z]{1,3}$": {}}},
        });
        if let Some(rules) = rules {
            definition["body"] = rules;
        }
        let mut lower: Vec<String> = headers.keys().map(|name| name.to_ascii_lowercase()).collect();
        lower.sort();
        lower.dedup();
        prop_assume!(lower.len() == headers.len());
        let sent: Map<String, Value> = headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let mut task = json!({
            "hostname": "https://a.example", "path": "/any", "method": method, "queryParams": query, "headers": sent,
        });
        if let Some(body) = body {
            task["body"] = body;
        }
        let submission = json!({
            "entityInfo": {"tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4"},
            "payload": {"IntouchAPITask-Payload": task},
        });
        let read = RequestType::from_definition(&definition).unwrap();
        let targets = Targets::of(vec![target(Scheme::Https, "a.example", 443)]);
        let taken = validate(&read, &targets, RequestId::nil(), json::write(&submission).as_bytes()).unwrap();
        let stored = Call::from_bytes(&taken.call_bytes).unwrap();
        let (_, path) = stored.split_url().unwrap();
        let request = build_request(&stored, ("a.example", path), &[], None).unwrap();
        prop_assert_eq!(request.method().as_str(), method);
        prop_assert_eq!(request.uri().path(), "/any");
        prop_assert_eq!(pairs_of(request.uri().query().unwrap_or_default()), pairs);
        for (name, value) in &headers {
            prop_assert_eq!(request.headers()[name.as_str()].as_bytes(), value.as_bytes());
        }
        let own = ["host", "user-agent", "content-length", "content-type"];
        prop_assert_eq!(request.headers().keys().filter(|name| !own.contains(&name.as_str())).count(), headers.len());
        let content_type = request.headers().get("content-type").map(|value| value.to_str().unwrap());
        prop_assert_eq!(content_type.is_some(), taken.task.get("body").is_some());
        prop_assert!(content_type.is_none_or(|content_type| read.media_type.accepts(content_type)));
        prop_assert_eq!(bytes_of(request), bytes);
    }
}
