//! Submissions: checked against their request type, normalised, and resolved to one exact call.
//!
//! **Invariant:** every fault is reported at once, and what is accepted has a call and a digest.

mod again;
mod header_mask;
mod headers;
mod path_params;
mod query;
mod reason;
mod sameness;
#[cfg(test)]
mod tests;
mod written;

use serde_json::{Map, Value};

use super::allowed_targets::{Origin, Target, Targets};
use super::amount::Amount;
use super::call::{CREDENTIAL_HEADER, Call};
use super::digest::Digest;
use super::fault::wanted::{Kind, Limit, Wanted};
use super::fault::{Fault, FaultKind, pointer_to};
use super::ids::RequestId;
use super::json::{self, FAULTS_MAX, Reading};
use super::path::placeholders;
use super::request_type::{Lists, REPEAT_ID_CHARS_MAX, RepeatRules, RequestType, Schema};
use super::unit::Unit;
use super::words::Words;

pub use super::entity::EntityInfo;
pub use super::header_names::is_credential;
pub use again::{AgainWish, StoredSubmission};
pub use header_mask::mask_headers;
pub use query::QUERY_PARAMETERS_MAX;
pub use reason::REASON;
pub use sameness::means_the_same;
pub use written::{entity_members, written};

/// Maximum length of an id in `entityInfo`.
pub const ENTITY_ID_CHARS_MAX: usize = 128;

/// The largest body of a submission that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

const ENTITY: &str = "/entityInfo";
const PAYLOAD: &str = "/payload";
/// Where the task is in a submission.
pub const TASK: &str = "/payload/IntouchAPITask-Payload";

/// The members of a submission.
pub const ROOT_MEMBERS: [&str; 3] = ["entityInfo", "payload", REASON];
const ENTITY_MEMBERS: [&str; 4] = ["tillId", "storeId", "zoneId", "conceptId"];
const PAYLOAD_MEMBERS: [&str; 1] = ["IntouchAPITask-Payload"];
const TASK_MEMBERS: [&str; 7] =
    ["hostname", "path", "method", "pathParams", "queryParams", "body", "headers"];

type Object = Map<String, Value>;

/// A submission without fault.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The entities that it is about.
    pub entity: EntityInfo,
    /// Why it is submitted, in the maker's words. No part of the call.
    pub reason: Option<Words>,
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
    /// The subject, if its type names one.
    pub subject: Option<String>,
    /// The amount, if its type names one.
    pub amount: Option<Amount>,
    /// What the amount counts, if that is known.
    pub unit: Option<Unit>,
    /// One sentence about it; masked and secret fields are not in it.
    pub summary: String,
}

/// Reads the body of a submission of this type, which becomes the request `id`.
///
/// # Errors
/// One `unreadable` fault, or every `payload_invalid` and `target_not_allowed` fault there is, up to
/// [`FAULTS_MAX`].
pub fn validate(
    request_type: &RequestType,
    targets: &Targets,
    id: RequestId,
    body: &[u8],
) -> Result<Submission, Vec<Fault>> {
    let Reading { mut value, mut faults } = json::examine(body).map_err(|not_json| vec![not_json.into()])?;
    let entity = check_envelope(&value, &mut faults);
    let reason = value.as_object().map_or(Ok(None), |root| reason::read(root, request_type.reason));
    let reason = reason.unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    let task = value.pointer_mut(TASK).and_then(Value::as_object_mut);
    let target = task.and_then(|task| check_frame(request_type, targets, task, &mut faults));
    if let Some(task) = value.pointer_mut(TASK).filter(|task| task.is_object()) {
        check_data(request_type, task, &mut faults);
    }
    let (Some(task), Some(target), true) = (value.pointer_mut(TASK), target, faults.is_empty()) else {
        faults.truncate(FAULTS_MAX);
        return Err(faults);
    };
    let mut task = task.take();
    headers::complete(request_type, &mut task);
    if let Some(name) = request_type.key_header() {
        // A part of the task, so that it is in what people are shown, in the call and in the digest.
        task["headers"][name] = id.to_string().into();
    }
    if let Some(credential) = &request_type.credential {
        // Which one, by its name: the same goes for it.
        task["headers"][CREDENTIAL_HEADER] = credential.as_str().into();
    }
    let call = Call::from_task(&task)
        .map_err(|reason| vec![Fault::new(TASK, FaultKind::Call { sentence: reason })])?;
    let limits: Vec<Fault> =
        call.limit_faults().into_iter().map(|(at, kind)| Fault::new(format!("{TASK}{at}"), kind)).collect();
    if !limits.is_empty() {
        return Err(limits);
    }
    let call_bytes = call.to_bytes();
    let digest = Digest::of(&call_bytes);
    let subject = request_type.subject_of(&task);
    let subject = subject.map_err(|sentence| vec![Fault::new(TASK, FaultKind::Subject { sentence })])?;
    let (amount, unit) = (request_type.amount_of(&task), request_type.unit_of(&task));
    let summary = request_type.summary_of(&task);
    let label = target.label.clone();
    Ok(Submission { entity, reason, task, call, call_bytes, digest, label, subject, amount, unit, summary })
}

/// Checks everything around the task.
fn check_envelope(value: &Value, faults: &mut Vec<Fault>) -> EntityInfo {
    let Some(root) = value.as_object() else {
        faults.push(Fault::new("", FaultKind::NotASubmission));
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
        let kind = FaultKind::EntityId { chars_max: ENTITY_ID_CHARS_MAX };
        faults.push(Fault::new(pointer_to(ENTITY, name), kind));
    }
    id.unwrap_or_default().to_owned()
}

/// Checks what is the same for every type: where the call goes, and its headers. Returns the target if it
/// is allowed.
fn check_frame<'t>(
    request_type: &RequestType,
    targets: &'t Targets,
    task: &Object,
    faults: &mut Vec<Fault>,
) -> Option<&'t Target> {
    refuse_unknown(task, TASK, &TASK_MEMBERS, faults);
    let target = check_hostname(request_type, targets, task, faults);
    check_exact(task, "path", &request_type.path, faults);
    check_exact(task, "method", &request_type.method, faults);
    check_path_params(task, request_type, faults);
    check_query(task, request_type, faults);
    let pointer = pointer_to(TASK, "headers");
    if let Some(headers) = required_object(task, &pointer, "headers", faults) {
        headers::check(request_type, headers, &pointer, faults);
        if let Some(credential) = request_type.credential.as_ref().and_then(|name| targets.credential(name)) {
            headers::refuse_set_by(credential, headers, &pointer, faults);
        }
    }
    target
}

fn check_hostname<'t>(
    request_type: &RequestType,
    targets: &'t Targets,
    task: &Object,
    faults: &mut Vec<Fault>,
) -> Option<&'t Target> {
    let pointer = pointer_to(TASK, "hostname");
    let Some(hostname) = task.get("hostname").and_then(Value::as_str) else {
        faults.push(Fault::new(pointer, FaultKind::NoHostname));
        return None;
    };
    let target = match Origin::parse(hostname) {
        Ok(origin) => {
            allowed_target(request_type, targets, &origin).map_err(|kind| Fault::new(pointer, kind))
        }
        Err(clause) => Err(Fault::new(pointer, FaultKind::Hostname { clause })),
    };
    target.map_err(|fault| faults.push(fault)).ok()
}

fn allowed_target<'t>(
    request_type: &RequestType,
    targets: &'t Targets,
    origin: &Origin,
) -> Result<&'t Target, FaultKind> {
    if let Some(pinned) = request_type.target.as_ref().filter(|pinned| *pinned != origin) {
        return Err(FaultKind::NotTheTarget { target: pinned.to_string() });
    }
    let missing = || FaultKind::TargetNotAllowed { origin: origin.to_string() };
    let target = targets.find(origin).ok_or_else(missing)?;
    match &request_type.credential {
        Some(name) if !targets.credential(name).is_some_and(|known| known.may_go_to(origin)) => {
            let (credential, origin) = (name.clone(), origin.to_string());
            Err(FaultKind::CredentialNotForTarget { credential, origin })
        }
        Some(_) | None => Ok(target),
    }
}

fn check_exact(task: &Object, name: &str, wanted: &str, faults: &mut Vec<Fault>) {
    if task.get(name).and_then(Value::as_str) != Some(wanted) {
        let kind = FaultKind::NotTheTypes { name: name.to_owned(), value: wanted.to_owned() };
        faults.push(Fault::new(pointer_to(TASK, name), kind));
    }
}

fn check_path_params(task: &Object, request_type: &RequestType, faults: &mut Vec<Fault>) {
    let pointer = pointer_to(TASK, "pathParams");
    let none = Object::new();
    let params = optional_object(task.get("pathParams"), &pointer, faults).unwrap_or(&none);
    let names: Vec<&str> = placeholders(&request_type.path).collect();
    refuse_unknown(params, &pointer, &names, faults);
    path_params::check(request_type, params, &pointer, faults);
}

fn check_query(task: &Object, request_type: &RequestType, faults: &mut Vec<Fault>) {
    let pointer = pointer_to(TASK, "queryParams");
    let Some(query) = optional_object(task.get("queryParams"), &pointer, faults) else { return };
    query::check(request_type, query, &pointer, faults);
}

/// Normalises the task in place, applies the type's schemas to it, and checks what the type reads from it.
fn check_data(request_type: &RequestType, task: &mut Value, faults: &mut Vec<Fault>) {
    let mut wrapped = Vec::new();
    for normalisation in &request_type.normalise {
        normalisation.apply(task, &mut wrapped);
    }
    let parts = [
        ("pathParams", request_type.path_params.as_ref()),
        ("queryParams", request_type.query.as_ref()),
        ("body", request_type.body.as_ref()),
    ];
    for (name, schema) in parts {
        let root = format!("/{name}");
        let lists = Lists { root: &root, all: &request_type.normalise, wrapped: &wrapped };
        check_part(task.get(name), schema, &lists, faults);
    }
    if request_type.body.is_none() {
        check_free_body(&request_type.method, task.get("body"), faults);
    }
    check_meaning(request_type, task, faults);
}

fn check_part(value: Option<&Value>, schema: Option<&Schema>, lists: &Lists<'_>, faults: &mut Vec<Fault>) {
    let Some(schema) = schema else { return };
    let pointer = format!("{TASK}{}", lists.root);
    let is_body = lists.root == "/body";
    let nothing = Value::Object(Object::new());
    let value = match value {
        // That query and path are objects was checked with the frame.
        Some(value) if is_body || value.is_object() => value,
        Some(_) => return,
        None if is_body => {
            return faults.push(Fault::new(pointer, FaultKind::Missing { wanted: schema.wanted() }));
        }
        None => &nothing,
    };
    for fault in schema.faults(value, &pointer, lists) {
        if faults.iter().all(|known| known.field != fault.field) {
            faults.push(fault);
        }
    }
}

/// Checks the body of a type that describes none: it is an object or absent. What a GET or DELETE with a body means is
/// unclear to many servers, so it has none.
fn check_free_body(method: &str, body: Option<&Value>, faults: &mut Vec<Fault>) {
    let kind = match body {
        Some(_) if matches!(method, "GET" | "DELETE") => FaultKind::NoBody { method: method.to_owned() },
        Some(Value::Object(_)) | None => return,
        Some(_) => wrong(Kind::Object),
    };
    faults.push(Fault::new(pointer_to(TASK, "body"), kind));
}

/// Checks the subject, the amount with its unit and the id of a repeat, unless they have another fault.
fn check_meaning(request_type: &RequestType, task: &Value, faults: &mut Vec<Fault>) {
    if !faults.is_empty() {
        return;
    }
    if let Some(place) = &request_type.subject {
        let fault = match request_type.subject_of(task) {
            Ok(None) if request_type.needs_subject() => Some(FaultKind::NoSubject),
            Ok(_) => None,
            Err(sentence) => Some(FaultKind::Subject { sentence }),
        };
        faults.extend(fault.map(|fault| Fault::new(format!("{TASK}{}", place.as_str()), fault)));
    }
    if let Some(place) = &request_type.amount
        && let Some(Err(sentence)) = place.find(task).map(Amount::from_json)
    {
        faults.push(Fault::new(format!("{TASK}{}", place.as_str()), FaultKind::Amount { sentence }));
    }
    if let Some(rule) = &request_type.unit
        && let (Some(place), Err(sentence)) = (rule.place(), rule.read_from(task))
    {
        faults.push(Fault::new(format!("{TASK}{}", place.as_str()), FaultKind::Unit { sentence }));
    }
    if let Some(RepeatRules::AlreadyDone(already)) = &request_type.repeat
        && let Some(id) = request_type.repeat_key(task)
        && id.chars().count() > REPEAT_ID_CHARS_MAX
    {
        let limit = FaultKind::Limit(Limit::CharsMax(REPEAT_ID_CHARS_MAX as u64));
        faults.push(Fault::new(format!("{TASK}{}", already.id.as_str()), limit));
    }
}

fn refuse_unknown(object: &Object, pointer: &str, known: &[&str], faults: &mut Vec<Fault>) {
    for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
        let allowed = known.iter().map(|name| (*name).to_owned()).collect();
        faults.push(Fault::new(pointer_to(pointer, name), FaultKind::Unknown { allowed }));
    }
}

fn wrong(kind: Kind) -> FaultKind {
    FaultKind::Wrong { wanted: Wanted::a(kind) }
}

/// The member `name` of `parent`, which is at `pointer`.
fn required_object<'v>(
    parent: &'v Object,
    pointer: &str,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Option<&'v Object> {
    let Some(value) = parent.get(name) else {
        faults.push(Fault::new(pointer, FaultKind::Missing { wanted: Wanted::a(Kind::Object) }));
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
        faults.push(Fault::new(pointer, wrong(Kind::Object)));
    }
    object
}
