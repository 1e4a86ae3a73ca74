//! How a target is asked whether a call of which nobody knows the outcome was carried out, as data.

mod signs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use self::signs::ENDINGS;
pub use self::signs::Signs;
use super::classes::FieldClasses;
use super::parse::{Faults, Table};
use super::place::Place;
use super::schema::Schema;
use crate::domain::call::{CREDENTIAL_HEADER, Call, URL_BYTES_MAX};
use crate::domain::header_names::{is_credential, is_token, owner_of};
use crate::domain::path::{NamedCharacters, check_value, placeholders, template_fault};
use crate::domain::period;

const PROBE_FOR: TimeDelta = TimeDelta::hours(1);
const PROBE_FOR_MOST: TimeDelta = TimeDelta::days(7);

/// The most values that a probe takes from the call for its path, its query or its headers.
const VALUES_MAX: usize = 32;

/// A GET that asks the target of a call what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeRules {
    /// The path; `{name}` is replaced by a value of the call.
    pub path: String,
    /// Where the call has the values of the path.
    pub path_params: BTreeMap<String, Place>,
    /// Where the call has the values of the query.
    pub query: BTreeMap<String, Place>,
    /// Where the call has the values of headers.
    pub headers: BTreeMap<String, Place>,
    /// For how long the engine asks again, after the call's time limit.
    pub probe_for: TimeDelta,
    /// What an answer must have as proof that the call was carried out.
    pub happened: Signs,
    /// What an answer must have as proof that it was not.
    pub did_not_happen: Signs,
}

/// What the call is made of, as far as a probe may name its values.
pub(super) struct CallShape<'t> {
    /// Its path, with places for values.
    pub(super) path: &'t str,
    pub(super) query: Option<&'t Schema>,
    pub(super) body: Option<&'t Schema>,
    pub(super) classes: &'t FieldClasses,
}

impl ProbeRules {
    /// Reads `[probe]`. It can only ask with values that the call has and that are public.
    pub(super) fn read(root: &Table<'_>, call: &CallShape<'_>, faults: &mut Faults) -> Option<Self> {
        let probe = root.table("probe", faults)?;
        allow_members(&probe, faults);
        let path = probe.required_text("path", "the path of a GET, such as /v1/points/{id}.", faults);
        if let Some(wish) = path.and_then(template_fault) {
            faults.push(probe.at("path"), wish);
        }
        let path_params = read_values(&probe, "path_params", call, faults);
        check_path(&probe, path.unwrap_or_default(), &path_params, faults);
        let query = read_values(&probe, "query", call, faults);
        let headers = read_values(&probe, "headers", call, faults);
        check_headers(&probe, &headers, faults);
        let probe_for = probe.period("probe_for", faults).unwrap_or(PROBE_FOR);
        if probe_for < TimeDelta::minutes(1) || probe_for > PROBE_FOR_MOST {
            faults.push(probe.at("probe_for"), "Write a period from 1m to 7d.");
        }
        let happened = Signs::read(&probe, "happened", faults);
        let did_not_happen = Signs::read(&probe, "did_not_happen", faults);
        if happened.is_none() && did_not_happen.is_none() {
            faults.push("/probe", "Add at least one rule: happened_if_… or did_not_happen_if_….");
        }
        if !happened.is_none() && happened == did_not_happen {
            faults.push("/probe", "Write different rules: an answer can't show both.");
        }
        Some(Self {
            path: path?.to_owned(),
            path_params,
            query,
            headers,
            probe_for,
            happened,
            did_not_happen,
        })
    }

    /// The rules as a definition has them.
    pub(super) fn to_definition(&self) -> Value {
        let mut members = Map::new();
        members.insert("path".to_owned(), self.path.as_str().into());
        for (name, values) in
            [("path_params", &self.path_params), ("query", &self.query), ("headers", &self.headers)]
        {
            if !values.is_empty() {
                let written = values.iter().map(|(name, place)| (name.clone(), place.as_str().into()));
                members.insert(name.to_owned(), Value::Object(written.collect()));
            }
        }
        if self.probe_for != PROBE_FOR {
            members.insert("probe_for".to_owned(), period::text(self.probe_for).into());
        }
        self.happened.put_into(&mut members, "happened");
        self.did_not_happen.put_into(&mut members, "did_not_happen");
        Value::Object(members)
    }

    /// The GET that asks about `call`, which stands for the normalised `task`: to the same origin, with the same
    /// credentials.
    ///
    /// # Errors
    /// A clause: the call lacks a value, or has one that can't be in a path or makes the URL too long.
    pub fn call(&self, call: &Call, task: &Value) -> Result<Call, String> {
        let path_params = values(&self.path_params, task)?;
        for (name, value) in &path_params {
            let text = value.as_str().unwrap_or_default();
            check_value(text, &NamedCharacters::default())
                .map_err(|_| format!("the call's value for {name} can't be in a path"))?;
        }
        let mut headers = Map::new();
        headers.insert("accept".to_owned(), "application/json".into());
        for (name, value) in
            call.headers.iter().filter(|(name, _)| is_credential(name) || name == CREDENTIAL_HEADER)
        {
            headers.insert(name.clone(), value.as_str().into());
        }
        headers.extend(values(&self.headers, task)?);
        let probe = Call::from_task(&json!({
            "hostname": task["hostname"], "path": self.path, "method": "GET", "headers": headers,
            "pathParams": path_params, "queryParams": values(&self.query, task)?,
        }));
        let probe = probe.map_err(|_| "the probe can't be built from the call".to_owned())?;
        if probe.url.len() > URL_BYTES_MAX {
            return Err("the probe's URL would be too long".to_owned());
        }
        Ok(probe)
    }
}

/// The values of the call at these places, as texts.
fn values(places: &BTreeMap<String, Place>, task: &Value) -> Result<Map<String, Value>, String> {
    let text = |place: &Place| match place.find(task) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_)) | None => {
            Err(format!("the call has no value at {}", place.as_str()))
        }
    };
    places.iter().map(|(name, place)| Ok((name.clone(), text(place)?.into()))).collect()
}

fn allow_members(probe: &Table<'_>, faults: &mut Faults) {
    let rules = ["happened", "did_not_happen"]
        .iter()
        .flat_map(|prefix| ENDINGS.iter().map(move |ending| format!("{prefix}_if_{ending}")));
    let known: Vec<String> = ["path", "path_params", "query", "headers", "probe_for"]
        .into_iter()
        .map(str::to_owned)
        .chain(rules)
        .collect();
    probe.allow(&known.iter().map(String::as_str).collect::<Vec<_>>(), faults);
}

fn read_values(
    probe: &Table<'_>,
    name: &str,
    call: &CallShape<'_>,
    faults: &mut Faults,
) -> BTreeMap<String, Place> {
    let Some(table) = probe.table(name, faults) else { return BTreeMap::new() };
    if table.members().len() > VALUES_MAX {
        faults.push(probe.at(name), format!("Name at most {VALUES_MAX} values."));
    }
    let mut read = BTreeMap::new();
    for member in table.members().keys() {
        let Some(text) = table.text(member, faults) else { continue };
        let Some(place) = faults.take(&table.at(member), Place::parse(text)) else { continue };
        if let Some(wish) = place_fault(&place, call) {
            faults.push(table.at(member), wish);
        }
        read.insert(member.clone(), place);
    }
    read
}

/// What is wrong with a place from which a probe takes a value.
fn place_fault(place: &Place, call: &CallShape<'_>) -> Option<String> {
    if place.is_wide() || place.is_header() {
        return Some("Write a pointer to one value in /body, /queryParams or /pathParams.".to_owned());
    }
    let steps = place.steps();
    if call.classes.hide(&steps) || call.classes.reach_into(&steps) {
        return Some(
            "Name a field that is public: what a probe asks with ends in logs of the target.".to_owned(),
        );
    }
    let is_described = |schema: Option<&Schema>| {
        let properties = schema.and_then(|schema| schema.source().get("properties"));
        properties.and_then(Value::as_object).is_none_or(|named| named.contains_key(steps[1]))
    };
    let is_there = match steps[0] {
        "pathParams" => steps.len() == 2 && placeholders(call.path).any(|name| name == steps[1]),
        "queryParams" => call.query.is_some() && is_described(call.query),
        _ => call.body.is_some() && is_described(call.body),
    };
    (!is_there).then(|| "Name a value that the type's calls have, and describe it there.".to_owned())
}

fn check_path(probe: &Table<'_>, path: &str, path_params: &BTreeMap<String, Place>, faults: &mut Faults) {
    let names: Vec<&str> = placeholders(path).collect();
    for name in names.iter().filter(|name| !path_params.contains_key(**name)) {
        let wish =
            format!("Add path_params.{name}: where the call has this value, such as \"/body/{name}\".");
        faults.push(probe.at("path"), wish);
    }
    for name in path_params.keys().filter(|name| !names.contains(&name.as_str())) {
        faults.push(probe.at("path_params"), format!("Write {{{name}}} in the path, or leave {name} out."));
    }
}

fn check_headers(probe: &Table<'_>, headers: &BTreeMap<String, Place>, faults: &mut Faults) {
    for name in headers.keys() {
        let is_taken = owner_of(name).is_some() || is_credential(name) || name.eq_ignore_ascii_case("accept");
        if !is_token(name) || is_taken {
            let wish = format!("Name another header than {name}: it is none, or has a meaning already.");
            faults.push(probe.at("headers"), wish);
        }
    }
}
