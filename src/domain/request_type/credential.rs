//! The credential that calls of a type are sent with: its name in `[call]`, and whether the configuration has it.

use super::RequestType;
use super::classes::FieldClasses;
use super::parse::{Faults, Table};
use crate::domain::allowed_targets::Targets;
use crate::domain::call::CREDENTIAL_HEADER;
use crate::domain::credential::{NAME_CHARS_MAX, is_name};
use crate::domain::fault::DefinitionFault;
use crate::domain::header_names::folded;

const AT: &str = "/call/credential";

/// Reads `credential` of `[call]`.
pub(super) fn read_credential(call: &Table<'_>, faults: &mut Faults) -> Option<String> {
    let name = call.text("credential", faults)?;
    if !is_name(name) {
        let wish = format!(
            "Write the name of a credential: lower-case letters, digits and hyphens, at most {NAME_CHARS_MAX}."
        );
        faults.push(call.at("credential"), wish);
    }
    Some(name.to_owned())
}

/// Which credential a call is sent with is a part of what people sign, so no class may hide it.
pub(super) fn refuse_hidden_credential(
    credential: Option<&str>,
    classes: &FieldClasses,
    faults: &mut Faults,
) {
    if credential.is_some() && classes.hide_header(CREDENTIAL_HEADER) {
        let wish =
            "Name single headers: everybody who reads a request sees with which credential its call is sent.";
        faults.push("/fields", wish);
    }
}

impl RequestType {
    /// Why calls of this type could not be sent with its credential; `None` if they can be, or have none.
    pub fn credential_fault(&self, targets: &Targets) -> Option<DefinitionFault> {
        let name = self.credential.as_deref()?;
        let Some(credential) = targets.credential(name) else {
            let message = format!(
                "Configure the credential {name} ([[credentials]]), or name one that is configured; there is none of \
                 this name."
            );
            return Some(DefinitionFault::new(AT, message));
        };
        if let Some(target) = self.target.as_ref().filter(|target| !credential.may_go_to(target)) {
            let message =
                format!("Add {target} to the targets of the credential {name}: it may not go there.");
            return Some(DefinitionFault::new(AT, message));
        }
        let set = credential.header()?;
        let described = self.headers.named();
        let same = described.iter().find(|header| folded(header) == folded(set))?;
        let message = format!("Leave {same} out of [headers]: the credential {name} sets it.");
        self.headers.is_described(same).then(|| DefinitionFault::new(AT, message))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::allowed_targets::{Origin, Scheme, Target};
    use crate::domain::credential::{Credential, CredentialKind, SecretSource};

    fn definition(more: Value) -> Value {
        let mut definition = json!({
            "name": "X", "call": { "method": "POST", "path": "/x", "credential": "core-banking" },
        });
        for (name, value) in more.as_object().unwrap() {
            definition[name] = value.clone();
        }
        definition
    }

    fn fields(definition: &Value) -> Vec<String> {
        let faults = RequestType::from_definition(definition).unwrap_err();
        faults.into_iter().map(|fault| fault.field).collect()
    }

    fn targets(name: &str, header: &str, origins: &[&str]) -> Targets {
        let target = Target {
            scheme: Scheme::Https,
            host: "core.example.com".to_owned(),
            ports: vec![443],
            label: String::new(),
            allow_cidrs: Vec::new(),
            ca_file: None,
        };
        let value = SecretSource::Variable("A".to_owned());
        let credential = Credential {
            name: name.to_owned(),
            targets: origins.iter().map(|origin| Origin::parse(origin).unwrap()).collect(),
            kind: CredentialKind::Header { name: header.to_owned(), value },
        };
        Targets { list: vec![target], credentials: vec![credential] }
    }

    #[test]
    fn the_credential_is_a_part_of_the_definition_and_so_of_the_version() {
        let read = RequestType::from_definition(&definition(json!({}))).unwrap();
        assert_eq!(read.credential.as_deref(), Some("core-banking"));
        let again: Value = serde_json::from_str(read.definition()).unwrap();
        assert_eq!(again["call"]["credential"], "core-banking");
        assert_eq!(RequestType::from_definition(&again).unwrap().version, read.version);
        let versions: Vec<String> = [json!("core-banking"), json!("other"), Value::Null]
            .into_iter()
            .map(|name| {
                let mut other = definition(json!({}));
                other["call"]["credential"] = name.clone();
                if name.is_null() {
                    other["call"].as_object_mut().unwrap().shift_remove("credential");
                }
                RequestType::from_definition(&other).unwrap().version
            })
            .collect();
        assert_eq!(versions[0], read.version);
        assert!(versions[1] != read.version && versions[2] != read.version && versions[1] != versions[2]);
    }

    #[test]
    fn a_type_with_a_credential_describes_and_hides_none() {
        let mut odd = definition(json!({}));
        odd["call"]["credential"] = "Core Banking".into();
        assert_eq!(fields(&odd), ["/call/credential"]);
        for name in ["Authorization", "X-Api-Key", "cookie"] {
            let mut described = json!({ "headers": { "properties": {} } });
            described["headers"]["properties"][name] = json!({ "type": "string" });
            assert_eq!(fields(&definition(described)), [format!("/headers/properties/{name}")]);
        }
        let required = json!({ "headers": { "required": ["Authorization"] } });
        assert_eq!(fields(&definition(required)), ["/headers/required/0"]);
        for hidden in ["/headers/*", "/headers/x-countersign-credential"] {
            assert_eq!(
                fields(&definition(json!({ "fields": { "secret": [hidden] } }))),
                ["/fields"],
                "{hidden}"
            );
        }
        let open = definition(json!({ "headers": { "patternProperties": { "^x-": {} } } }));
        let open = RequestType::from_definition(&open).unwrap();
        assert!(!open.headers.may_take("authorization") && !open.headers.may_take("x-api-key"));
        assert!(open.headers.may_take("x-other") && open.headers.may_take("accept"));
    }

    #[test]
    fn a_credential_must_be_configured_and_go_where_the_type_goes() {
        let read = |more: Value| RequestType::from_definition(&definition(more)).unwrap();
        let message = |read: &RequestType, targets: &Targets| {
            read.credential_fault(targets).map(|fault| (fault.field, fault.message))
        };
        let (plain, here) = (read(json!({})), ["https://core.example.com"]);
        assert_eq!(message(&plain, &targets("core-banking", "a", &here)), None);
        let (field, sentence) = message(&plain, &targets("other", "a", &here)).unwrap();
        assert_eq!(field, "/call/credential");
        assert!(
            sentence.starts_with("Configure the credential core-banking ([[credentials]])"),
            "{sentence}"
        );
        let mut call = definition(json!({}))["call"].clone();
        call["target"] = "https://core.example.com".into();
        let pinned = read(json!({ "call": call }));
        assert_eq!(message(&pinned, &targets("core-banking", "a", &here)), None);
        let (_, sentence) = message(&pinned, &targets("core-banking", "a", &["https://b.example"])).unwrap();
        assert!(sentence.starts_with("Add https://core.example.com to the targets"), "{sentence}");
        let described = read(json!({ "headers": { "properties": { "X-Bank-Key": {} } } }));
        let (_, sentence) = message(&described, &targets("core-banking", "x-bank-key", &here)).unwrap();
        assert!(sentence.starts_with("Leave x-bank-key out of [headers]"), "{sentence}");
    }
}
