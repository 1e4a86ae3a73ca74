//! Submitting again: the submission that a stored call becomes, with the same id for the target or a new one.

use serde_json::Value;

use super::{EntityInfo, REASON, TASK, entity_members, written};
use crate::domain::call::CREDENTIAL_HEADER;
use crate::domain::fault::call::{MemberFault, MemberKind};
use crate::domain::fault::{Fault, pointer_to};
use crate::domain::json;
use crate::domain::request_type::{REPEAT_ID_CHARS_MAX, RepeatRules, RequestType};

/// The member with the new id.
const NEW_ID: &str = "newId";

/// What a maker asks for who submits a request again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgainWish {
    /// The id to write in place of the one by which the target recognises a repeat; `None` keeps that.
    pub new_id: Option<String>,
    /// Why it is submitted again. The old reason was for the old request, and is not repeated.
    pub reason: Option<String>,
}

/// What is stored of a submission.
#[derive(Clone, Copy, Debug)]
pub struct StoredSubmission<'a> {
    /// The entities that it was about.
    pub entity: &'a EntityInfo,
    /// The normalised task with its headers as sent.
    pub task: &'a Value,
    /// Its type in the version that was in force.
    pub pinned: &'a RequestType,
}

impl AgainWish {
    /// Reads the body `{}`, or one with a new id or a reason.
    ///
    /// # Errors
    /// Every fault of the body.
    pub fn read(body: &[u8]) -> Result<Self, Vec<Fault>> {
        let value = json::read(body)?;
        let Some(members) = value.as_object() else {
            return Err(vec![Fault::new("", MemberFault::NotAnObject)]);
        };
        let unknown = members.keys().filter(|name| ![NEW_ID, REASON].contains(&name.as_str()));
        let mut faults: Vec<Fault> =
            unknown.map(|name| Fault::new(pointer_to("", name), MemberFault::Unknown)).collect();
        let new_id = match members.get(NEW_ID).map(new_id).transpose() {
            Ok(new_id) => new_id,
            Err(kind) => {
                faults.push(fault(kind));
                None
            }
        };
        let reason = match members.get(REASON).map(Value::as_str) {
            Some(None) => {
                faults.push(Fault::new(pointer_to("", REASON), MemberFault::Wrong(MemberKind::Text)));
                None
            }
            Some(Some(reason)) => Some(reason.to_owned()),
            None => None,
        };
        if faults.is_empty() { Ok(Self { new_id, reason }) } else { Err(faults) }
    }

    /// The body of a submission that asks for the stored call once more. Nothing of it changes but the id, if there is
    /// a new one; `current` is the type in force now, by which the submission will be judged.
    ///
    /// # Errors
    /// A new id, where the type has none or the call does not carry one.
    pub fn body(&self, stored: StoredSubmission<'_>, current: &RequestType) -> Result<Vec<u8>, Fault> {
        let StoredSubmission { entity, task, pinned } = stored;
        let mut task = task.clone();
        if let Some(headers) = task.get_mut("headers").and_then(Value::as_object_mut) {
            // The engine filled it with the id of the request that was. The new one gets its own.
            pinned.key_header().map(|name| headers.shift_remove(name));
            // With which credential it is sent, the type in force says.
            headers.shift_remove(CREDENTIAL_HEADER);
        }
        if let Some(new_id) = &self.new_id {
            replace_id(&mut task, current, new_id)?;
        }
        let reason = self.reason.as_deref().map(Value::from);
        Ok(json::write(&written(entity_members(entity), task, reason)).into_bytes())
    }

    /// The faults of that submission, as whoever sent this wish reads them: a fault of the new id is at its member.
    pub fn blamed(&self, faults: Vec<Fault>, current: &RequestType) -> Vec<Fault> {
        let place = place_of_id(current).filter(|_| self.new_id.is_some());
        let at = place.map(|place| format!("{TASK}{}", place.as_str()));
        let moved = |fault: Fault| {
            if Some(&fault.field) == at.as_ref() {
                Fault { field: pointer_to("", NEW_ID), ..fault }
            } else {
                fault
            }
        };
        faults.into_iter().map(moved).collect()
    }
}

fn fault(kind: MemberFault) -> Fault {
    Fault::new(pointer_to("", NEW_ID), kind)
}

fn new_id(value: &Value) -> Result<String, MemberFault> {
    let id = value.as_str().ok_or(MemberFault::Wrong(MemberKind::Text))?;
    let fits = (1..=REPEAT_ID_CHARS_MAX).contains(&id.chars().count()) && !id.chars().any(char::is_control);
    if fits { Ok(id.to_owned()) } else { Err(MemberFault::NewId { chars_max: REPEAT_ID_CHARS_MAX }) }
}

fn place_of_id(current: &RequestType) -> Option<&crate::domain::request_type::Place> {
    match current.repeat.as_ref()? {
        RepeatRules::AlreadyDone(already) => Some(&already.id),
        RepeatRules::KeyHeader(_) => None,
    }
}

/// Writes the new id where the call carries its id: a number in place of a number, if it is one.
fn replace_id(task: &mut Value, current: &RequestType, new_id: &str) -> Result<(), Fault> {
    let place = place_of_id(current).ok_or_else(|| fault(MemberFault::NoIdInType))?;
    let was_number = match place.find(task) {
        Some(Value::Number(_)) => true,
        Some(Value::String(_)) => false,
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            return Err(fault(MemberFault::NoIdInCall));
        }
    };
    let number = json::read(new_id.as_bytes()).ok().filter(|value| was_number && value.is_number());
    let id = number.unwrap_or_else(|| new_id.into());
    place.each(task, &mut |value, _| *value = id.clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request_type(more: Value) -> RequestType {
        let mut definition = json!({
            "name": "A", "call": { "method": "POST", "path": "/a" },
            "body": { "type": "object", "properties": { "id": {}, "n": {} } },
        });
        for (name, value) in more.as_object().unwrap() {
            definition[name] = value.clone();
        }
        RequestType::from_definition(&definition).unwrap()
    }

    fn by_id() -> RequestType {
        request_type(json!({
            "repeat": { "id": "/body/id", "already_if": { "status": 409, "at": "/code", "equals": "TWICE" } },
        }))
    }

    fn wish(new_id: &str) -> AgainWish {
        AgainWish { new_id: Some(new_id.to_owned()), reason: None }
    }

    /// The task of the submission that this stored task becomes.
    fn again(
        wish: &AgainWish,
        task: &Value,
        (pinned, current): (&RequestType, &RequestType),
    ) -> Result<Value, String> {
        let entity = EntityInfo {
            till_id: "1".into(),
            store_id: "2".into(),
            zone_id: "3".into(),
            concept_id: "4".into(),
        };
        let stored = StoredSubmission { entity: &entity, task, pinned };
        let body =
            wish.body(stored, current).map_err(|fault| format!("{}: {}", fault.field, fault.sentence()))?;
        let body = json::read(&body).unwrap();
        assert_eq!(
            body["entityInfo"],
            json!({ "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" })
        );
        Ok(body["payload"]["IntouchAPITask-Payload"].clone())
    }

    #[test]
    fn a_wish_is_an_empty_object_or_one_with_a_new_id() {
        assert_eq!(AgainWish::read(b"{}"), Ok(AgainWish::default()));
        assert_eq!(AgainWish::read(br#"{"newId": "R-2"}"#), Ok(wish("R-2")));
        let long = json!({ "newId": "x".repeat(REPEAT_ID_CHARS_MAX + 1) }).to_string();
        for (body, fields) in [
            ("", vec![""]),
            ("[]", vec![""]),
            ("null", vec![""]),
            (r#"{"newID": "R-2"}"#, vec!["/newID"]),
            (r#"{"newId": 7}"#, vec!["/newId"]),
            (r#"{"newId": null}"#, vec!["/newId"]),
            (r#"{"newId": ""}"#, vec!["/newId"]),
            ("{\"newId\": \"a\\u0000\"}", vec!["/newId"]),
            (r#"{"newId": "a", "newId": "b"}"#, vec!["/newId"]),
            (r#"{"a": 1, "newId": []}"#, vec!["/a", "/newId"]),
            (long.as_str(), vec!["/newId"]),
        ] {
            let faults = AgainWish::read(body.as_bytes()).unwrap_err();
            assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), fields, "{body}");
        }
    }

    #[test]
    fn a_stored_call_is_submitted_digit_by_digit_as_it_was() {
        let task = json::read(br#"{"headers": {"a": "1"}, "body": {"id": "R-1", "n": 1.50e3, "z": [1.0]}}"#)
            .unwrap();
        let same = again(&AgainWish::default(), &task, (&by_id(), &by_id())).unwrap();
        assert_eq!(json::write(&same), json::write(&task));
    }

    #[test]
    fn a_new_id_takes_the_place_of_the_old_one_and_nothing_else_moves() {
        let both = (&by_id(), &by_id());
        let task = json::read(br#"{"body": {"z": 1, "id": "R-1", "n": "R-1"}}"#).unwrap();
        let moved = again(&wish("R-2"), &task, both).unwrap();
        assert_eq!(json::write(&moved), r#"{"body":{"z":1,"id":"R-2","n":"R-1"}}"#);
        // A number stays a number; what is none is judged by the type's schema.
        for (new, written) in [("18", json!(18)), ("R-2", json!("R-2"))] {
            assert_eq!(
                again(&wish(new), &json!({ "body": { "id": 17 } }), both).unwrap()["body"]["id"],
                written
            );
        }
        assert_eq!(again(&wish("18"), &json!({ "body": { "id": "17" } }), both).unwrap()["body"]["id"], "18");
    }

    #[test]
    fn a_new_id_needs_a_place_in_the_type_in_force_and_in_the_call() {
        let (with, without) = (by_id(), request_type(json!({})));
        let header = request_type(json!({ "repeat": { "key_header": "Idempotency-Key" } }));
        let task = json!({ "body": { "id": "R-1" } });
        for current in [&without, &header] {
            let refused = again(&wish("R-2"), &task, (&with, current)).unwrap_err();
            assert!(refused.starts_with("/newId: Leave it out"), "{refused}");
            assert_eq!(again(&AgainWish::default(), &task, (&with, current)), Ok(task.clone()));
        }
        for lacking in [json!({}), json!({ "body": {} }), json!({ "body": { "id": null } })] {
            let refused = again(&wish("R-2"), &lacking, (&with, &with)).unwrap_err();
            assert!(refused.starts_with("/newId: Leave it out"), "{refused}");
        }
    }

    #[test]
    fn the_header_that_the_engine_filled_is_left_to_the_engine() {
        let header = request_type(json!({ "repeat": { "key_header": "Idempotency-Key" } }));
        let task = json!({ "headers": { "a": "1", "Idempotency-Key": "0190", "b": "2" } });
        let freed = again(&AgainWish::default(), &task, (&header, &header)).unwrap();
        assert_eq!(json::write(&freed), r#"{"headers":{"a":"1","b":"2"}}"#);
        // What a maker wrote while the type had no such header stays, and is refused where it has one now.
        let without = request_type(json!({}));
        assert_eq!(again(&AgainWish::default(), &task, (&without, &header)), Ok(task));
    }

    #[test]
    fn only_a_fault_of_the_new_id_is_told_at_its_member() {
        let faults = || {
            ["/body/id", "/body/n"].map(|at| Fault::new(format!("{TASK}{at}"), MemberFault::Unknown)).to_vec()
        };
        let fields = |wish: &AgainWish| -> Vec<String> {
            wish.blamed(faults(), &by_id()).into_iter().map(|fault| fault.field).collect()
        };
        assert_eq!(fields(&wish("R-2")), ["/newId".to_owned(), format!("{TASK}/body/n")]);
        assert_eq!(fields(&AgainWish::default())[0], format!("{TASK}/body/id"));
    }
}
