//! Reads a definition and reports every fault.

use chrono::TimeDelta;
use serde_json::{Map, Value};

use super::answer::AnswerRules;
use super::body::{BodyParts, read_body};
use super::bulk::read_bulk;
use super::canonical::sorted_top;
use super::classes::FieldClasses;
use super::counter::{CountBy, Counter, read_usage};
use super::credential::{read_credential, refuse_hidden_credential};
use super::definition_text::read_line;
use super::headers::HeaderRules;
use super::normalise::{Change, Normalisation};
use super::parse::{Faults, Table};
use super::path_characters::named_in;
use super::place::Place;
use super::probe::{CallShape, ProbeRules};
use super::schema::Schema;
use super::sending::{RepeatRules, RetryRules};
use super::summary::Summary;
use super::unit::UnitRule;
use super::{Duplicates, ReasonRule, RequestType};
use crate::domain::allowed_targets::Origin;
use crate::domain::digest::Digest;
use crate::domain::fault::{DefinitionFault, pointer_to};
use crate::domain::ids::RequestTypeName;
use crate::domain::json;
use crate::domain::path::{placeholders, template_fault};
use crate::domain::policy::Policy;

const MEMBERS: [&str; 25] = [
    "name",
    "title",
    "summary",
    "subject",
    "amount",
    "unit",
    "duplicates",
    "reason",
    "pending_ttl",
    "approval_ttl",
    "recheck_at_execution",
    "bulk",
    "call",
    "path_params",
    "query",
    "headers",
    "body",
    "normalise",
    "fields",
    "answer",
    "retry",
    "repeat",
    "probe",
    "usage",
    "policy",
];
const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "DELETE", "GET"];
const NAME_CHARS_MAX: usize = 64;

/// What `[call]` says.
struct CallParts {
    method: String,
    path: String,
    target: Option<Origin>,
    credential: Option<String>,
    total_timeout: Option<TimeDelta>,
}

impl RequestType {
    /// Reads a definition and fills in defaults.
    ///
    /// # Errors
    /// Every `type_invalid` fault there is, each with a pointer into the definition.
    pub fn from_definition(value: &Value) -> Result<Self, Vec<DefinitionFault>> {
        let mut faults = Faults::default();
        let read = read(value, &mut faults);
        match read {
            Some(mut read) if faults.0.is_empty() => {
                read.definition = json::write(&sorted_top(&read));
                read.version = Digest::of(read.definition.as_bytes()).to_string();
                Ok(read)
            }
            Some(_) | None => Err(faults.0),
        }
    }
}

fn read(value: &Value, faults: &mut Faults) -> Option<RequestType> {
    let root = Table::of(value, "", faults);
    root.allow(&MEMBERS, faults);
    let name = read_name(&root, faults);
    let title = read_line(&root, "title", faults).or(name).unwrap_or_default();
    let summary = read_summary(&root, title, faults);
    let call = read_call(&root, faults);
    let path = call.as_ref().map_or("", |call| call.path.as_str());
    let path_params = read_schema(&root, "path_params", faults);
    check_path_params(path_params.as_ref(), path, faults);
    let query = read_schema(&root, "query", faults);
    let BodyParts { body, media_type } = read_body(&root, faults);
    let usage = read_usage(&root, faults);
    let policy = read_policy(&root, &usage, faults);
    let subject = read_place(&root, "subject", faults);
    require_subject(subject.is_some(), &usage, faults);
    let duplicates = read_duplicates(&root, subject.is_some(), faults);
    let reason = root.word("reason", &ReasonRule::ALL, ReasonRule::name, faults);
    let amount = read_place(&root, "amount", faults);
    let unit = UnitRule::read(&root, root.get("amount").is_some(), faults);
    let normalise = read_normalise(&root, faults);
    let classes = read_classes(&root, faults);
    refuse_hidden((subject.as_ref(), amount.as_ref(), unit.as_ref()), &classes, faults);
    let answer = AnswerRules::read(&root, faults);
    let retry = RetryRules::read(&root, faults);
    let repeat = RepeatRules::read(&root, &classes, &answer, faults);
    let shape = CallShape { path, query: query.as_ref(), body: body.as_ref(), classes: &classes };
    let probe = ProbeRules::read(&root, &shape, faults);
    let headers = read_headers(&root, (call.as_ref(), repeat.as_ref()), &classes, faults);
    let recheck_at_execution = root.flag("recheck_at_execution", faults);
    let bulk = read_bulk(&root, faults);
    let pending_ttl = root.period("pending_ttl", faults);
    let approval_ttl = root.period("approval_ttl", faults);
    check_amount(&root, policy.as_ref(), faults);
    let CallParts { method, path, target, credential, total_timeout } = call?;
    Some(RequestType {
        name: RequestTypeName::new(name?),
        path_characters: named_in(&path, path_params.as_ref()),
        version: String::new(),
        title: title.to_owned(),
        summary: summary?,
        method,
        path,
        target,
        credential,
        total_timeout,
        pending_ttl,
        approval_ttl,
        duplicates,
        reason: reason.unwrap_or(ReasonRule::Optional),
        recheck_at_execution,
        bulk,
        subject,
        amount,
        unit,
        normalise,
        path_params,
        query,
        headers: headers?,
        body,
        media_type,
        classes,
        answer,
        retry,
        repeat,
        probe,
        usage,
        policy: policy?,
        definition: String::new(),
    })
}

fn require_subject(has_subject: bool, usage: &[Counter], faults: &mut Faults) {
    if !has_subject && usage.iter().any(|counter| counter.by == CountBy::Subject) {
        faults.push("/subject", "Add subject: a counter counts by it.");
    }
}

fn read_headers(
    root: &Table<'_>,
    (call, repeat): (Option<&CallParts>, Option<&RepeatRules>),
    classes: &FieldClasses,
    faults: &mut Faults,
) -> Option<HeaderRules> {
    let credential = call.and_then(|call| call.credential.as_deref());
    refuse_hidden_credential(credential, classes, faults);
    HeaderRules::read(root, (repeat.and_then(RepeatRules::key_header), credential), faults)
}

fn read_duplicates(root: &Table<'_>, has_subject: bool, faults: &mut Faults) -> Duplicates {
    let duplicates = root.word("duplicates", &Duplicates::ALL, Duplicates::name, faults);
    let duplicates = duplicates.unwrap_or(Duplicates::Allow);
    if !has_subject && duplicates != Duplicates::Allow {
        faults.push("/subject", "Add subject: duplicates are found by it.");
    }
    duplicates
}

fn read_policy(root: &Table<'_>, usage: &[Counter], faults: &mut Faults) -> Option<Policy> {
    let counters: Vec<&str> = usage.iter().map(|counter| counter.name.as_str()).collect();
    faults.merge(Policy::from_definition(root.get("policy"), &counters))
}

/// Everybody who reads a request sees its subject and its amount with its unit.
fn refuse_hidden(
    (subject, amount, unit): (Option<&Place>, Option<&Place>, Option<&UnitRule>),
    classes: &FieldClasses,
    faults: &mut Faults,
) {
    let unit = unit.and_then(UnitRule::place);
    for (name, place) in [("subject", subject), ("amount", amount), ("unit", unit)] {
        if place.is_some_and(|place| classes.hide(&place.steps())) {
            let wish = format!("Name a field that is public: everybody who reads a request sees its {name}.");
            faults.push(format!("/{name}"), wish);
        }
    }
}

fn check_amount(root: &Table<'_>, policy: Option<&Policy>, faults: &mut Faults) {
    let rule = policy.and_then(Policy::rule_on_amounts).filter(|_| root.get("amount").is_none());
    if let Some(rule) = rule {
        // Without one, a sum stays 0 and a limit on it would never refuse anything.
        faults.push(format!("/policy/{rule}/when"), "Add amount to the type: this condition looks at it.");
    }
}

fn read_name<'v>(root: &Table<'v>, faults: &mut Faults) -> Option<&'v str> {
    let wish = "capital letters, digits, - and _, at most 64, such as ISSUE-BADGE.";
    let name = root.required_text("name", wish, faults)?;
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let begins_well = !name.starts_with(['-', '_']);
    if !name.is_empty() && name.len() <= NAME_CHARS_MAX && begins_well && name.bytes().all(is_plain) {
        return Some(name);
    }
    faults.push("/name", format!("Write {wish}"));
    None
}

fn read_summary(root: &Table<'_>, title: &str, faults: &mut Faults) -> Option<Summary> {
    match read_line(root, "summary", faults) {
        Some(template) => faults.take("/summary", Summary::parse(template)),
        None => Summary::parse(&title.replace('{', "{{").replace('}', "}}")).ok(),
    }
}

fn read_call(root: &Table<'_>, faults: &mut Faults) -> Option<CallParts> {
    let Some(call) = root.table("call", faults) else {
        faults.push("/call", "Add [call] with method and path.");
        return None;
    };
    call.allow(&["method", "path", "target", "credential", "total_timeout"], faults);
    let method = call.required_text("method", "POST, PUT, PATCH, DELETE or GET.", faults);
    if method.is_some_and(|method| !METHODS.contains(&method)) {
        faults.push(call.at("method"), format!("Write one of: {}.", METHODS.join(", ")));
    }
    let path = call.required_text("path", "the path at the target, such as /v1/points/{id}.", faults);
    if let Some(wish) = path.and_then(template_fault) {
        faults.push(call.at("path"), wish);
    }
    let target = call.text("target", faults);
    let target = target.and_then(|target| {
        let read = Origin::parse(target).map_err(|trouble| format!("Write an origin; it {trouble}."));
        faults.take(&call.at("target"), read)
    });
    let credential = read_credential(&call, faults);
    let total_timeout = call.period("total_timeout", faults);
    Some(CallParts { method: method?.to_owned(), path: path?.to_owned(), target, credential, total_timeout })
}

/// The schema of the path's or the query's parameters.
fn read_schema(root: &Table<'_>, name: &str, faults: &mut Faults) -> Option<Schema> {
    let mut source = root.get(name)?.clone();
    let Some(members) = source.as_object_mut() else {
        faults.push(root.at(name), "Write a table: a JSON Schema.");
        return None;
    };
    if !members.contains_key("type") && !members.contains_key("$ref") {
        members.insert("type".to_owned(), "object".into());
    }
    if members.get("type").is_some_and(|kind| kind != "object") {
        faults.push(pointer_to(&root.at(name), "type"), "Write \"object\", or leave this out.");
        return None;
    }
    faults.merge(Schema::read(&source, &root.at(name)))
}

fn check_path_params(schema: Option<&Schema>, path: &str, faults: &mut Faults) {
    let properties = schema.and_then(|schema| schema.source().get("properties")).and_then(Value::as_object);
    let names: Vec<&str> = placeholders(path).collect();
    for name in properties.into_iter().flat_map(Map::keys).filter(|name| !names.contains(&name.as_str())) {
        let at = pointer_to("/path_params/properties", name);
        faults.push(at, format!("Write {{{name}}} in the path, or leave this out."));
    }
}

fn read_place(root: &Table<'_>, name: &str, faults: &mut Faults) -> Option<Place> {
    let place = root.text(name, faults)?;
    let place = faults.take(&root.at(name), Place::parse(place))?;
    if place.is_wide() || place.is_header() {
        faults.push(root.at(name), "Write a pointer to one value in /body, /queryParams or /pathParams.");
    }
    Some(place)
}

fn read_normalise(root: &Table<'_>, faults: &mut Faults) -> Vec<Normalisation> {
    let tables = root.tables("normalise", faults);
    tables.iter().filter_map(|table| read_normalisation(table, faults)).collect()
}

fn read_normalisation(table: &Table<'_>, faults: &mut Faults) -> Option<Normalisation> {
    table.allow(&["at", "to", "spelling"], faults);
    let at = table.required_text("at", "a pointer into the task, such as /body/customers.", faults)?;
    let at = faults.take(&table.at("at"), Place::parse(at))?;
    if at.is_header() {
        faults.push(table.at("at"), "Write a pointer into /body, /queryParams or /pathParams.");
    }
    let to = table.text("to", faults);
    let spelling: Vec<String> =
        table.texts("spelling", faults).into_iter().map(|(text, _)| text.to_owned()).collect();
    match (to, spelling.is_empty()) {
        (Some("list"), true) if table.get("spelling").is_none() => {
            Some(Normalisation { at, to: Change::List })
        }
        (None, false) => Some(Normalisation { at, to: Change::Spelling(spelling) }),
        _ => {
            faults
                .push(table.at("to"), "Write to = \"list\", or spelling = [\"One\", \"Two\"], and not both.");
            None
        }
    }
}

fn read_classes(root: &Table<'_>, faults: &mut Faults) -> FieldClasses {
    let Some(fields) = root.table("fields", faults) else { return FieldClasses::default() };
    fields.allow(&["masked", "secret"], faults);
    let mut places = |name: &str| {
        let texts = fields.texts(name, faults);
        texts.into_iter().filter_map(|(text, at)| faults.take(&at, Place::parse(text))).collect()
    };
    FieldClasses { masked: places("masked"), secret: places("secret") }
}
