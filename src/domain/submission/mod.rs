//! What a maker sends: checked against its request type, normalised, and resolved to one exact call.
//!
//! **Invariant:** every fault is told at once, and what is accepted has a call and a digest.

mod headers;
mod members;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::call::{Call, is_segment, placeholders};
use super::digest::Digest;
use super::fault::{Fault, pointer_to};
use super::json::{self, FAULTS_MAX, Reading};
use super::request_type::RequestType;
use super::target::{Origin, Target, Targets};

pub use headers::mask_headers;

/// How many characters an id in `entityInfo` may have.
pub const ENTITY_ID_CHARS_MAX: usize = 128;

const ENTITY: &str = "/entityInfo";
const PAYLOAD: &str = "/payload";
const TASK: &str = "/payload/IntouchAPITask-Payload";

const ROOT_MEMBERS: [&str; 2] = ["entityInfo", "payload"];
const ENTITY_MEMBERS: [&str; 4] = ["tillId", "storeId", "zoneId", "conceptId"];
const PAYLOAD_MEMBERS: [&str; 1] = ["IntouchAPITask-Payload"];
const TASK_MEMBERS: [&str; 7] =
    ["hostname", "path", "method", "pathParams", "queryParams", "body", "headers"];

type Object = Map<String, Value>;

/// The part of the organisation that a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityInfo {
    /// The till.
    pub till_id: String,
    /// The store.
    pub store_id: String,
    /// The zone.
    pub zone_id: String,
    /// The concept.
    pub concept_id: String,
}

/// A submission without fault.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What it is about.
    pub entity: EntityInfo,
    /// The task as people are shown it: normalised, members in sent order, header values in clear.
    pub task: Value,
    /// The call that `task` stands for.
    pub call: Call,
    /// `call` in its stored format.
    pub call_bytes: Vec<u8>,
    /// The digest of `call_bytes`.
    pub digest: Digest,
    /// The label of the target that `call` goes to.
    pub label: String,
}

/// Reads the body of a submission of this type.
///
/// # Errors
/// One `unreadable` fault, or every `payload_invalid` and `target_not_allowed` fault there is, up to
/// [`FAULTS_MAX`].
pub fn validate(
    request_type: &RequestType,
    targets: &Targets,
    body: &[u8],
) -> Result<Submission, Vec<Fault>> {
    let Reading { mut value, mut faults } = json::examine(body).map_err(|fault| vec![fault])?;
    let entity = check_envelope(&value, &mut faults);
    let task = value.pointer_mut(TASK).and_then(Value::as_object_mut);
    let target = task.and_then(|task| check_task(request_type, targets, task, &mut faults));
    let (Some(task), Some(target), true) = (value.pointer_mut(TASK), target, faults.is_empty()) else {
        faults.truncate(FAULTS_MAX);
        return Err(faults);
    };
    let task = task.take();
    let call = Call::from_task(&task).map_err(|reason| vec![Fault::invalid(TASK, reason)])?;
    let call_bytes = call.to_bytes();
    let digest = Digest::of(&call_bytes);
    Ok(Submission { entity, call, call_bytes, digest, label: target.label.clone(), task })
}

/// Checks everything around the task.
fn check_envelope(value: &Value, faults: &mut Vec<Fault>) -> EntityInfo {
    let Some(root) = value.as_object() else {
        faults.push(Fault::invalid("", "Send an object with the members entityInfo and payload."));
        return EntityInfo::default();
    };
    refuse_unknown(root, "", &ROOT_MEMBERS, faults);
    if let Some(payload) = required_object(root, PAYLOAD, "payload", faults) {
        refuse_unknown(payload, PAYLOAD, &PAYLOAD_MEMBERS, faults);
        required_object(payload, TASK, PAYLOAD_MEMBERS[0], faults);
    }
    let Some(entity) = required_object(root, ENTITY, "entityInfo", faults) else {
        return EntityInfo::default();
    };
    refuse_unknown(entity, ENTITY, &ENTITY_MEMBERS, faults);
    let [till_id, store_id, zone_id, concept_id] = ENTITY_MEMBERS.map(|name| entity_id(entity, name, faults));
    EntityInfo { till_id, store_id, zone_id, concept_id }
}

fn entity_id(entity: &Object, name: &str, faults: &mut Vec<Fault>) -> String {
    let good = |id: &&str| {
        !id.is_empty() && id.chars().count() <= ENTITY_ID_CHARS_MAX && !id.chars().any(char::is_control)
    };
    let id = entity.get(name).and_then(Value::as_str).filter(good);
    if id.is_none() {
        let wish = format!("Write a string of 1 to {ENTITY_ID_CHARS_MAX} characters, no control characters.");
        faults.push(Fault::invalid(pointer_to(ENTITY, name), wish));
    }
    id.unwrap_or_default().to_owned()
}

/// Checks the task and normalises its query and body in place; the target if it is allowed.
fn check_task<'t>(
    request_type: &RequestType,
    targets: &'t Targets,
    task: &mut Object,
    faults: &mut Vec<Fault>,
) -> Option<&'t Target> {
    refuse_unknown(task, TASK, &TASK_MEMBERS, faults);
    let target = check_hostname(task, targets, faults);
    check_exact(task, "path", &request_type.path, faults);
    check_exact(task, "method", &request_type.method, faults);
    check_path_params(task, &request_type.path, faults);
    check_query(task, request_type, faults);
    let pointer = pointer_to(TASK, "headers");
    if let Some(headers) = required_object(task, &pointer, "headers", faults) {
        headers::check(headers, &pointer, faults);
    }
    let pointer = pointer_to(TASK, "body");
    required_object(task, &pointer, "body", faults);
    if let Some(body) = task.get_mut("body").and_then(Value::as_object_mut) {
        members::check(&request_type.body, body, &pointer, faults);
    }
    target
}

fn check_hostname<'t>(task: &Object, targets: &'t Targets, faults: &mut Vec<Fault>) -> Option<&'t Target> {
    let pointer = pointer_to(TASK, "hostname");
    let Some(hostname) = task.get("hostname").and_then(Value::as_str) else {
        faults.push(Fault::invalid(pointer, "Write scheme, host and optional port as one string."));
        return None;
    };
    let target = match Origin::parse(hostname) {
        Ok(origin) => targets.find(&origin).ok_or_else(|| {
            let message = format!("Name a target that may be called; {origin} is not on the list.");
            Fault::new("target_not_allowed", pointer, message)
        }),
        Err(sentence) => Err(Fault::invalid(pointer, sentence)),
    };
    target.map_err(|fault| faults.push(fault)).ok()
}

fn check_exact(task: &Object, name: &str, wanted: &str, faults: &mut Vec<Fault>) {
    if task.get(name).and_then(Value::as_str) != Some(wanted) {
        let message = format!("Write {wanted}, the only {name} of this request type.");
        faults.push(Fault::invalid(pointer_to(TASK, name), message));
    }
}

fn check_path_params(task: &Object, path: &str, faults: &mut Vec<Fault>) {
    let pointer = pointer_to(TASK, "pathParams");
    let none = Object::new();
    let params = optional_object(task.get("pathParams"), &pointer, faults).unwrap_or(&none);
    let names: Vec<&str> = placeholders(path).collect();
    refuse_unknown(params, &pointer, &names, faults);
    for name in names {
        if !params.get(name).and_then(Value::as_str).is_some_and(is_segment) {
            let message = "Write a string for this part of the path, neither empty nor . nor .. alone.";
            faults.push(Fault::invalid(pointer_to(&pointer, name), message));
        }
    }
}

fn check_query(task: &mut Object, request_type: &RequestType, faults: &mut Vec<Fault>) {
    let pointer = pointer_to(TASK, "queryParams");
    optional_object(task.get("queryParams"), &pointer, faults);
    let Some(query) = task.get_mut("queryParams").and_then(Value::as_object_mut) else { return };
    let documented = |name: &str| request_type.query.iter().any(|member| member.name == name);
    for (name, _) in query.iter().filter(|(name, value)| !value.is_string() && !documented(name)) {
        faults.push(Fault::invalid(pointer_to(&pointer, name), "Write a string."));
    }
    members::check(&request_type.query, query, &pointer, faults);
}

fn refuse_unknown(object: &Object, pointer: &str, known: &[&str], faults: &mut Vec<Fault>) {
    let allowed = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
    for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("Leave this member out; allowed here: {allowed}.");
        faults.push(Fault::invalid(pointer_to(pointer, name), message));
    }
}

/// The member `name` of `parent`, which lies at `pointer`.
fn required_object<'v>(
    parent: &'v Object,
    pointer: &str,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Option<&'v Object> {
    let Some(value) = parent.get(name) else {
        faults.push(Fault::invalid(pointer, "Add this member. Write an object."));
        return None;
    };
    optional_object(Some(value), pointer, faults)
}

fn optional_object<'v>(
    value: Option<&'v Value>,
    pointer: &str,
    faults: &mut Vec<Fault>,
) -> Option<&'v Object> {
    let object = value?.as_object();
    if object.is_none() {
        faults.push(Fault::invalid(pointer, "Write an object."));
    }
    object
}
