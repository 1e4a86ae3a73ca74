//! A call of a type with values made from its schemas, put through what every submission is put through: a type whose
//! every submission would be refused shows here, before it is in force.
//!
//! **Invariant:** a fault is reported only where the rules refuse, not where no sample could be made: what the schemas
//! themselves refuse is a note.

mod number;
mod pattern;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::actor::{Permission, Person, Signer};
use super::allowed_targets::{Origin, Scheme, Target, Targets};
use super::amount::Amount;
use super::credential::{AUTHORIZATION, Credential, CredentialKind, SecretSource};
use super::fault::{DefinitionFault, Fault, FaultKind};
use super::ids::{OrgId, RequestId};
use super::json;
use super::path::placeholders;
use super::policy::facts::Facts;
use super::policy::people::People;
use super::policy::usage::Usage;
use super::request_type::{Place, RequestType, Schema, UnitRule};
use super::submission::{BODY_BYTES_MAX, Submission, TASK, validate};
use super::unit::Unit;
use value::{Extent, Maker};

/// Stands for whatever a schema does not say.
const TEXT: &str = "1";

/// What an amount counts where no schema says it.
const UNIT: &str = "unit";

const HOST: &str = "sample.example";
const ID: &str = "019d0000-0000-7000-8000-000000000000";

/// A Monday at noon.
const NOON_SECONDS: i64 = 1_767_614_400;

/// What trying a type out has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// What refuses every submission.
    pub faults: Vec<DefinitionFault>,
    /// What could not be tried, and what may refuse a submission.
    pub notes: Vec<DefinitionFault>,
}

impl Tried {
    fn fault(&mut self, found: DefinitionFault) {
        if !self.faults.contains(&found) {
            self.faults.push(found);
        }
    }
}

/// Puts a sample of this type through the checks of a submission and its policy's conditions.
pub fn try_out(request_type: &RequestType, people: &People) -> Tried {
    let mut tried = Tried::default();
    for extent in [Extent::Least, Extent::Full] {
        match submission(request_type, extent) {
            Ok(sample) if extent == Extent::Full => evaluate(request_type, &sample, people, &mut tried),
            Ok(_) => {}
            Err(NoSample::NotMade(part)) => {
                let message = "No sample could be made of this schema; it was not tried.";
                tried.notes.push(DefinitionFault::new(part, message));
            }
            Err(NoSample::TooLarge) => tried.fault(DefinitionFault::new(
                "/body",
                format!("Ask for less: even the smallest body has more than the {BODY_BYTES_MAX} bytes that are read."),
            )),
            Err(NoSample::Refused(faults)) => faults.iter().for_each(|fault| note(fault, extent, &mut tried)),
        }
    }
    tried
}

/// Why there is no submission to go on with.
enum NoSample {
    /// The schema at this pointer of the definition gives no value.
    NotMade(&'static str),
    /// It would be larger than what is read.
    TooLarge,
    Refused(Vec<Fault>),
}

fn submission(request_type: &RequestType, extent: Extent) -> Result<Submission, NoSample> {
    let origin = request_type.target.clone().unwrap_or(Origin {
        scheme: Scheme::Https,
        host: HOST.to_owned(),
        port: Scheme::Https.default_port(),
    });
    let task = task(request_type, &origin, extent)?;
    let body = json::write(&json!({
        "entityInfo": {"tillId": TEXT, "storeId": TEXT, "zoneId": TEXT, "conceptId": TEXT},
        "payload": {"IntouchAPITask-Payload": task},
    }));
    if body.len() > BODY_BYTES_MAX {
        return Err(if extent == Extent::Least { NoSample::TooLarge } else { NoSample::NotMade("/body") });
    }
    let target = Target {
        scheme: origin.scheme,
        host: origin.host.clone(),
        ports: vec![origin.port],
        label: String::new(),
        allow_cidrs: Vec::new(),
        ca_file: None,
    };
    let id = RequestId::parse(ID).ok_or(NoSample::NotMade(""))?;
    let targets = Targets { list: vec![target], credentials: credential(request_type, &origin) };
    validate(request_type, &targets, id, body.as_bytes()).map_err(NoSample::Refused)
}

/// The credential of the type, as one that may go there: whether it is configured, a sample does not say.
fn credential(request_type: &RequestType, origin: &Origin) -> Vec<Credential> {
    let named = |name: &String| {
        let value = SecretSource::Variable(String::new());
        let kind = CredentialKind::Header { name: AUTHORIZATION.to_owned(), value };
        Credential { name: name.clone(), targets: vec![origin.clone()], kind }
    };
    request_type.credential.iter().map(named).collect()
}

fn task(request_type: &RequestType, origin: &Origin, extent: Extent) -> Result<Value, NoSample> {
    let mut path_params = made(request_type.path_params.as_ref(), Extent::Full, "/path_params")?;
    path_params.retain(|name, _| placeholders(&request_type.path).any(|placeholder| placeholder == name));
    for name in placeholders(&request_type.path) {
        path_params.entry(name).or_insert_with(|| TEXT.into());
    }
    let mut task = json!({
        "hostname": origin.to_string(),
        "path": request_type.path,
        "method": request_type.method,
        "pathParams": path_params,
        "headers": made(request_type.headers.described(), extent, "/headers")?,
    });
    if let Some(schema) = &request_type.query {
        task["queryParams"] = made(Some(schema), extent, "/query")?.into();
    }
    if let Some(schema) = &request_type.body {
        let made = Maker::new(schema.source(), extent).whole();
        task["body"] = made.ok_or(NoSample::NotMade("/body"))?;
    }
    if extent == Extent::Full {
        let unit = request_type.unit.as_ref().and_then(UnitRule::place);
        let named = [request_type.subject.as_ref(), request_type.amount.as_ref(), unit];
        for place in named.into_iter().flatten() {
            put(&mut task, place);
        }
    }
    numeric_amount(request_type, &mut task);
    named_unit(request_type, &mut task);
    Ok(task)
}

/// An object of this schema; an empty one if there is none.
fn made(schema: Option<&Schema>, extent: Extent, at: &'static str) -> Result<Map<String, Value>, NoSample> {
    let Some(schema) = schema else { return Ok(Map::new()) };
    match Maker::new(schema.source(), extent).whole() {
        Some(Value::Object(members)) => Ok(members),
        Some(_) | None => Err(NoSample::NotMade(at)),
    }
}

/// Puts a value where the type reads one and no schema describes any.
fn put(task: &mut Value, place: &Place) {
    let steps = place.steps();
    let Some((last, parents)) = steps.split_last() else { return };
    let mut inside = task;
    for step in parents {
        let Some(members) = inside.as_object_mut() else { return };
        inside = members.entry(*step).or_insert_with(|| json!({}));
    }
    if let Some(members) = inside.as_object_mut() {
        members.entry(*last).or_insert_with(|| TEXT.into());
    }
}

/// A text at the amount's place that is no number is replaced: the schema does not say that it must be one.
fn numeric_amount(request_type: &RequestType, task: &mut Value) {
    let Some(place) = &request_type.amount else { return };
    place.each(task, &mut |value, _| {
        if value.is_string() && Amount::from_json(value).is_err() {
            *value = TEXT.into();
        }
    });
}

/// A text at the unit's place that is no unit is replaced: the schema does not say that it must be one.
fn named_unit(request_type: &RequestType, task: &mut Value) {
    let Some(place) = request_type.unit.as_ref().and_then(UnitRule::place) else { return };
    place.each(task, &mut |value, _| {
        if value.is_string() && Unit::from_json(value).is_err() {
            *value = UNIT.into();
        }
    });
}

/// Says what a refused sample means.
fn note(fault: &Fault, extent: Extent, tried: &mut Tried) {
    let pointer = fault.field.strip_prefix(TASK).unwrap_or(&fault.field);
    let (part, rest) = match pointer.trim_start_matches('/').split_once('/') {
        Some((part, rest)) => (part, format!("/properties/{rest}")),
        None => (pointer.trim_start_matches('/'), String::new()),
    };
    let at = match part {
        "pathParams" if !rest.is_empty() => "/call/path".to_owned(),
        "queryParams" => format!("/query{rest}"),
        "headers" => format!("/headers{rest}"),
        "body" => format!("/body{rest}"),
        _ => "/call".to_owned(),
    };
    let sentence = fault.sentence();
    let is_least = extent == Extent::Least;
    // The subject may be a member that may be left out: a call without it is refused, and others are not.
    if is_least && matches!(fault.kind, FaultKind::NoSubject) {
        return;
    }
    let is_of_every_call = matches!(
        fault.kind,
        FaultKind::PathSegment
            | FaultKind::PathCharacter { .. }
            | FaultKind::QueryValue
            | FaultKind::Call { .. }
            | FaultKind::NoSubject
    );
    let is_too_long = matches!(fault.kind, FaultKind::UrlTooLong { .. } | FaultKind::HeadersTooLong { .. });
    if is_of_every_call || (is_least && is_too_long) {
        tried.fault(refused(at, &sentence));
    } else {
        tried.notes.push(DefinitionFault::new(at, format!("No sample could be tried: {sentence}")));
    }
}

fn refused(at: String, sentence: &str) -> DefinitionFault {
    DefinitionFault::new(at, format!("A call made from the schemas is refused: {sentence}"))
}

/// Evaluates every condition of the policy on the sample.
fn evaluate(request_type: &RequestType, sample: &Submission, people: &People, tried: &mut Tried) {
    let usage: BTreeMap<String, Usage> =
        request_type.usage.iter().map(|counter| (counter.name.clone(), Usage::default())).collect();
    let maker = maker();
    let facts = Facts {
        request_type: request_type.name.as_str(),
        org: TEXT,
        entity: &sample.entity,
        task: &sample.task,
        amount: sample.amount.as_ref(),
        subject: sample.subject.as_deref(),
        maker: &maker,
        people,
        now: DateTime::from_timestamp(NOON_SECONDS, 0).unwrap_or(DateTime::UNIX_EPOCH),
    };
    for (number, rule) in request_type.policy.rules.iter().enumerate() {
        let Some(condition) = &rule.when else { continue };
        let Err(why) = condition.holds(&facts, &usage) else { continue };
        let at = format!("/policy/{number}/when");
        if condition.names_payload() {
            let message =
                format!("With a sample, this can't be evaluated: {why}. Such a submission is refused.");
            tried.notes.push(DefinitionFault::new(at, message));
        } else {
            tried.fault(DefinitionFault::new(at, format!("Write what can be evaluated: {why}.")));
        }
    }
}

fn maker() -> Signer {
    let person = Person {
        iss: HOST.to_owned(),
        sub: "maker".to_owned(),
        user_id: "maker".to_owned(),
        user_name: "maker".to_owned(),
    };
    Signer {
        person,
        act: Vec::new(),
        permissions: vec![Permission::Make],
        groups: Vec::new(),
        has_unread_groups: false,
        org: OrgId::new(TEXT),
        signed_in_at: None,
    }
}
