//! Writes the canonical form of a definition, whose digest is the type's version.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::body::definition_of;
use super::bulk::bulk_definition;
use super::classes::FieldClasses;
use super::counter::usage_definition;
use super::normalise::Normalisation;
use super::place::Place;
use super::schema::{Schema, canonical, sorted};
use super::{ReasonRule, RequestType};
use crate::domain::period;

/// The canonical form: defaults filled in, and without anything that has no meaning.
pub(super) fn sorted_top(read: &RequestType) -> Value {
    let mut all = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            all.insert(name.to_owned(), value);
        }
    };
    let place = |place: &Option<Place>| place.as_ref().map(|place| Value::from(place.as_str()));
    let span = |period: Option<TimeDelta>| period.map(|period| Value::from(period::text(period)));
    let schema = |schema: &Option<Schema>| schema.as_ref().map(|schema| canonical(schema.source()));
    put("amount", place(&read.amount));
    put("answer", read.answer.to_definition().map(|answer| sorted(&answer)));
    put("approval_ttl", span(read.approval_ttl));
    put("body", schema(&read.body).map(|body| definition_of(body, &read.media_type)));
    put("bulk", read.bulk.map(bulk_definition));
    put("call", Some(call_definition(read)));
    put("duplicates", Some(read.duplicates.name().into()));
    put("fields", fields_definition(&read.classes));
    put("headers", read.headers.described().map(|schema| canonical(schema.source())));
    put("name", Some(read.name.as_str().into()));
    let normalise: Vec<Value> = read.normalise.iter().map(Normalisation::to_definition).collect();
    put("normalise", (!normalise.is_empty()).then_some(normalise.into()));
    put("path_params", schema(&read.path_params));
    put("pending_ttl", span(read.pending_ttl));
    put("policy", Some(sorted(&read.policy.to_definition())));
    put("probe", read.probe.as_ref().map(|probe| sorted(&probe.to_definition())));
    put("query", schema(&read.query));
    let reason = read.reason;
    put("reason", (reason != ReasonRule::Optional).then(|| reason.name().into()));
    put("recheck_at_execution", Some(read.recheck_at_execution.into()));
    put("repeat", read.repeat.as_ref().map(|repeat| sorted(&repeat.to_definition())));
    put("retry", read.retry.to_definition());
    put("subject", place(&read.subject));
    put("summary", Some(read.summary.template().into()));
    put("title", Some(read.title.as_str().into()));
    put("unit", read.unit.as_ref().map(|unit| unit.as_str().into()));
    put("usage", usage_definition(&read.usage));
    Value::Object(all)
}

fn call_definition(read: &RequestType) -> Value {
    let mut call = json!({ "method": read.method, "path": read.path });
    if let Some(target) = &read.target {
        call["target"] = target.to_string().into();
    }
    if let Some(credential) = &read.credential {
        call["credential"] = credential.as_str().into();
    }
    if let Some(timeout) = read.total_timeout {
        call["total_timeout"] = period::text(timeout).into();
    }
    call
}

fn fields_definition(classes: &FieldClasses) -> Option<Value> {
    let mut fields = Map::new();
    for (name, places) in [("masked", &classes.masked), ("secret", &classes.secret)] {
        let texts: BTreeSet<&str> = places.iter().map(Place::as_str).collect();
        if !texts.is_empty() {
            fields.insert(name.to_owned(), texts.into_iter().collect());
        }
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}
