//! Which headers a maker may set, and the one by which the target recognises a repeat.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::credential::Credential;
use super::super::fault::wanted::Limit;
use super::super::fault::{Fault, FaultKind, pointer_to};
use super::super::header_names::{
    HEADER_NAME_BYTES_MAX, HEADERS_MAX, HeaderOwner, folded, is_credential, is_steering, is_token, is_value,
    owner_of,
};
use super::super::request_type::RequestType;

const CONTENT_TYPE: &str = "content-type";

/// Checks the task's headers, which are at `pointer`, against what HTTP, the engine and the type say.
pub fn check(
    request_type: &RequestType,
    headers: &Map<String, Value>,
    pointer: &str,
    faults: &mut Vec<Fault>,
) {
    if headers.len() > HEADERS_MAX {
        let limit = Limit::MembersMax(HEADERS_MAX as u64);
        return faults.push(Fault::new(pointer, FaultKind::Limit(limit)));
    }
    let mut named = BTreeSet::new();
    let by_name: Vec<Option<FaultKind>> =
        headers.keys().map(|name| name_fault(request_type, name, &mut named)).collect();
    let taken = headers.iter().zip(&by_name).filter(|(_, fault)| fault.is_none());
    let taken: Map<String, Value> =
        taken.map(|((name, value), _)| (name.to_ascii_lowercase(), value.clone())).collect();
    let found = request_type.headers.faults(&taken).into_iter();
    let mut by_schema: BTreeMap<String, FaultKind> = found.map(|fault| (fault.field, fault.kind)).collect();
    for ((name, value), by_name) in headers.iter().zip(by_name) {
        let by_schema = by_schema.remove(&pointer_to("", &name.to_ascii_lowercase()));
        let is_wrong = !value.as_str().is_some_and(is_value);
        let kind = match (by_name, by_schema) {
            (Some(kind), _) | (None, Some(kind @ FaultKind::Unknown { .. })) => Some(kind),
            (None, _) if is_wrong => Some(FaultKind::HeaderValue),
            (None, None) if name.eq_ignore_ascii_case(CONTENT_TYPE) => media_type_fault(request_type, value),
            (None, kind) => kind,
        };
        faults.extend(kind.map(|kind| Fault::new(pointer_to(pointer, name), kind)));
    }
    // What is left is about headers that are not there.
    faults.extend(by_schema.into_iter().map(|(at, kind)| Fault::new(format!("{pointer}{at}"), kind)));
}

/// Why a body of this type can't be sent with this `content-type`.
fn media_type_fault(request_type: &RequestType, value: &Value) -> Option<FaultKind> {
    let own = &request_type.media_type;
    let fits = value.as_str().is_some_and(|content_type| own.accepts(content_type));
    (!fits).then(|| FaultKind::MediaType { media_type: own.to_string() })
}

/// Says of which media type a body is, if its maker did not; a part of the task, so that people are shown it.
pub fn complete(request_type: &RequestType, task: &mut Value) {
    let has_body = task.get("body").is_some();
    let headers = task.get_mut("headers").and_then(Value::as_object_mut).filter(|_| has_body);
    if let Some(headers) = headers
        && !headers.keys().any(|name| name.eq_ignore_ascii_case(CONTENT_TYPE))
    {
        headers.insert(CONTENT_TYPE.to_owned(), request_type.media_type.content_type().into());
    }
}

/// Refuses the header that the credential sets, also where its name says nothing of that.
pub fn refuse_set_by(
    credential: &Credential,
    headers: &Map<String, Value>,
    pointer: &str,
    faults: &mut Vec<Fault>,
) {
    let Some(set) = credential.header() else { return };
    for name in headers.keys().filter(|name| folded(name) == folded(set)) {
        let at = pointer_to(pointer, name);
        if faults.iter().all(|known| known.field != at) {
            faults
                .push(Fault::new(at, FaultKind::HeaderOfCredential { credential: credential.name.clone() }));
        }
    }
}

fn of_credential(request_type: &RequestType) -> FaultKind {
    FaultKind::HeaderOfCredential { credential: request_type.credential.clone().unwrap_or_default() }
}

/// Why a header of this name can't be taken, whatever its value; `named` has the names before it.
fn name_fault(request_type: &RequestType, name: &str, named: &mut BTreeSet<String>) -> Option<FaultKind> {
    let is_key = request_type.key_header().is_some_and(|key| folded(key) == folded(name));
    match owner_of(name) {
        _ if !is_token(name) || name.len() > HEADER_NAME_BYTES_MAX => Some(FaultKind::HeaderName),
        Some(HeaderOwner::Engine) => Some(FaultKind::HeaderOfEngine),
        Some(HeaderOwner::Connection) => Some(FaultKind::HeaderOfConnection),
        Some(HeaderOwner::Compression) => Some(FaultKind::HeaderOfCompression),
        None if is_key => Some(FaultKind::HeaderOfRepeats),
        None if is_credential(name) && request_type.credential.is_some() => Some(of_credential(request_type)),
        None if !named.insert(folded(name)) => Some(FaultKind::HeaderRepeated),
        None if request_type.headers.spells_otherwise(name) => {
            Some(FaultKind::Unknown { allowed: request_type.headers.named() })
        }
        None if is_steering(name) && !request_type.headers.names(name) => Some(FaultKind::HeaderSteers),
        None => None,
    }
}
