//! Types with a credential: what a maker may not send, what the engine writes, and what the digest covers.

use super::*;
use crate::domain::code::Code;
use crate::domain::credential::{Credential, CredentialKind, SecretSource};
use crate::domain::request_type::credential_of;

fn request_type(credential: &str) -> RequestType {
    typed(json!({
        "name": "X", "call": { "method": "POST", "path": "/x", "credential": credential },
        "headers": { "patternProperties": { "^x-": {} } },
    }))
}

/// Both targets are allowed, and these credentials may go to the first one.
fn with_credentials(names: &[&str]) -> Targets {
    let credential = |name: &&str| Credential {
        name: (*name).to_owned(),
        targets: vec![Origin::parse("https://api.example.com").unwrap()],
        kind: CredentialKind::Header {
            name: "x-bank-key".to_owned(),
            value: SecretSource::Variable("A".to_owned()),
        },
    };
    Targets { credentials: names.iter().map(credential).collect(), ..targets() }
}

fn body(hostname: &str, headers: Value) -> Value {
    json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": hostname, "path": "/x", "method": "POST", "headers": headers, "body": {},
        }},
    })
}

fn submitted(credential: &str, hostname: &str, headers: Value) -> Result<Submission, Vec<Fault>> {
    let targets = with_credentials(&["core-banking", "other"]);
    let body = json::write(&body(hostname, headers));
    validate(&request_type(credential), &targets, id(), body.as_bytes())
}

const HERE: &str = "https://api.example.com";

#[test]
fn the_engine_writes_which_credential_and_the_digest_covers_it() {
    let one = submitted("core-banking", HERE, json!({ "x-a": "1" })).unwrap();
    assert_eq!(credential_of(&one.task), Some("core-banking"));
    assert_eq!(one.call.credential(), Some("core-banking"));
    assert_eq!(Call::from_task(&one.task).unwrap().digest(), one.digest);
    assert_eq!(Call::from_bytes(&one.call_bytes).unwrap(), one.call);
    let other = submitted("other", HERE, json!({ "x-a": "1" })).unwrap();
    assert_ne!(one.digest, other.digest);
}

#[test]
fn a_maker_sends_no_credential_of_their_own_in_any_spelling() {
    let sentence = "Leave this header out: calls of this type are sent with the credential core-banking.";
    for name in [
        "Authorization",
        "authorization",
        "X-Api-Key",
        "x_api_key",
        "Cookie",
        "Proxy-Authorization",
        "X-Bank_Key",
    ] {
        let faults = submitted("core-banking", HERE, json!({ name: "hunter2" })).unwrap_err();
        let [fault] = &faults[..] else { panic!("{name}: {faults:?}") };
        assert_eq!(
            (fault.field.as_str(), fault.code()),
            (format!("{TASK}/headers/{name}").as_str(), Code::PayloadInvalid)
        );
        assert_eq!(fault.sentence(), sentence, "{name}");
    }
    for name in ["x-countersign-credential", "X-Countersign_Credential"] {
        let faults = submitted("core-banking", HERE, json!({ name: "other" })).unwrap_err();
        assert_eq!(faults, [Fault::new(format!("{TASK}/headers/{name}"), FaultKind::HeaderOfEngine)]);
    }
}

#[test]
fn a_credential_goes_only_where_it_may() {
    let hostname = "http://internal-intouch-api.example:1900";
    let faults = submitted("core-banking", hostname, json!({})).unwrap_err();
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!(
        (fault.field.as_str(), fault.code()),
        (format!("{TASK}/hostname").as_str(), Code::TargetNotAllowed)
    );
    assert_eq!(
        fault.sentence(),
        format!("Name a target that the credential core-banking may go to; {hostname} is none.")
    );
    let unknown = submitted("unknown", HERE, json!({})).unwrap_err();
    assert_eq!(unknown[0].code(), Code::TargetNotAllowed);
}

#[test]
fn submitting_again_leaves_the_credential_to_the_type_in_force() {
    let one = submitted("core-banking", HERE, json!({ "x-a": "1" })).unwrap();
    let (pinned, current) = (request_type("core-banking"), request_type("other"));
    let stored = StoredSubmission { entity: &one.entity, task: &one.task, pinned: &pinned };
    let again = AgainWish::default().body(stored, &current).unwrap();
    let again = validate(&current, &with_credentials(&["other"]), id(), &again).unwrap();
    assert_eq!(credential_of(&again.task), Some("other"));
}
