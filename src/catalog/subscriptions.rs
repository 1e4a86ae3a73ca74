//! The subscriptions' file: which outside systems are told of changes, and the secrets that sign what they get.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::file::{Document, Placed};
use crate::domain::allowed_targets::Targets;
use crate::domain::call::{Call, URL_BYTES_MAX};
use crate::domain::fault::{DefinitionFault, pointer_to};
use crate::domain::ids::{OrgId, RequestTypeName};
use crate::domain::secret::Secret;
use crate::domain::subscription::{EventFormat, SUBSCRIPTIONS_MAX, Subscription};

const MEMBERS: [&str; 6] = ["name", "org", "url", "types", "format", "secrets"];
const NAME_CHARS_MAX: usize = 64;
/// Two while a secret is changed.
const SECRETS_MAX: usize = 2;
/// The lengths that Standard Webhooks asks for.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const SECRET_PREFIX: &str = "whsec_";

/// What a file is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The folder of the file: secrets' files are named from there.
    pub folder: &'a Path,
    /// Where calls may go; `None` if that is not known.
    pub targets: Option<&'a Targets>,
    /// The names of all types; `None` if they are not known.
    pub types: Option<&'a BTreeSet<String>>,
}

/// A subscriptions' file.
#[derive(Debug)]
pub struct Read {
    /// The entries without fault, in order.
    pub good: Vec<Subscription>,
    /// The entries with a fault, by their names as far as they can be read.
    pub faulty: Vec<Option<String>>,
    /// Whether it is a list of entries at all.
    pub is_readable: bool,
    /// Every fault with its line.
    pub faults: Vec<Placed>,
    /// What people should look at, though it can be used.
    pub warnings: Vec<Placed>,
}

/// Reads the text of a subscriptions' file: `[[subscriptions]]` tables.
pub fn read(text: &str, around: Around<'_>) -> Read {
    let document = match Document::read(text) {
        Ok(document) => document,
        Err(fault) => {
            let (good, faulty, warnings) = (Vec::new(), Vec::new(), Vec::new());
            return Read { good, faulty, is_readable: false, faults: vec![fault], warnings };
        }
    };
    let mut reading = Reading {
        around,
        faults: Vec::new(),
        warnings: Vec::new(),
        faulty: Vec::new(),
        names: BTreeSet::new(),
    };
    let found = reading.file(&document.value);
    let is_readable = found.is_some();
    let placed = |found: &[DefinitionFault]| found.iter().map(|fault| document.place(fault)).collect();
    Read {
        good: found.unwrap_or_default(),
        is_readable,
        faults: placed(&reading.faults),
        warnings: placed(&reading.warnings),
        faulty: reading.faulty,
    }
}

struct Reading<'a> {
    around: Around<'a>,
    faults: Vec<DefinitionFault>,
    warnings: Vec<DefinitionFault>,
    faulty: Vec<Option<String>>,
    names: BTreeSet<String>,
}

impl Reading<'_> {
    /// The entries without fault; `None` if it is no list of entries.
    fn file(&mut self, value: &Value) -> Option<Vec<Subscription>> {
        for name in members(value).filter(|name| *name != "subscriptions") {
            self.fault(&pointer_to("", name), "Leave this out; write [[subscriptions]] tables only.");
        }
        let listed =
            value.get("subscriptions").map_or(Some(&[][..]), |list| list.as_array().map(Vec::as_slice));
        let Some(listed) = listed else {
            self.fault("/subscriptions", "Write [[subscriptions]] tables.");
            return None;
        };
        if listed.len() > SUBSCRIPTIONS_MAX {
            self.fault("/subscriptions", &format!("Write at most {SUBSCRIPTIONS_MAX} of them."));
            return None;
        }
        let one = |(index, entry)| self.sound_subscription(entry, &format!("/subscriptions/{index}"));
        Some(listed.iter().enumerate().filter_map(one).collect())
    }

    fn sound_subscription(&mut self, entry: &Value, at: &str) -> Option<Subscription> {
        let faults_before = self.faults.len();
        let found = self.subscription(entry, at);
        if self.faults.len() == faults_before {
            return found;
        }
        self.faulty.push(entry.get("name").and_then(Value::as_str).map(str::to_owned));
        None
    }

    fn subscription(&mut self, entry: &Value, at: &str) -> Option<Subscription> {
        for name in members(entry).filter(|name| !MEMBERS.contains(name)) {
            let wish = format!("Leave this out; allowed here: {}.", MEMBERS.join(", "));
            self.fault(&pointer_to(at, name), &wish);
        }
        let name = self.name(entry, at);
        let org = self.text(entry, at, "org", "Add org: the org whose requests it is about.");
        let url = self.url(entry, at);
        let types = self.types(entry, at);
        let format = self.format(entry, at);
        let secrets = self.secrets(entry, at);
        Some(Subscription { name: name?, org: OrgId::new(org?), url: url?, types, format: format?, secrets })
    }

    fn name(&mut self, entry: &Value, at: &str) -> Option<String> {
        let name = self.text(entry, at, "name", "Add name: what it is called, once in this file.")?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.len() > NAME_CHARS_MAX || !name.chars().all(is_plain) {
            let wish = format!("Write at most {NAME_CHARS_MAX} letters, digits, - and _.");
            self.fault(&pointer_to(at, "name"), &wish);
            return None;
        }
        if !self.names.insert(name.clone()) {
            self.fault(&pointer_to(at, "name"), "Write another name; a subscription above has this one.");
        }
        Some(name)
    }

    fn url(&mut self, entry: &Value, at: &str) -> Option<String> {
        let url = self.text(entry, at, "url", "Add url: where events are sent.")?;
        if url.len() > URL_BYTES_MAX {
            self.fault(&pointer_to(at, "url"), &format!("Write at most {URL_BYTES_MAX} bytes."));
            return None;
        }
        let call = Call { method: "POST".to_owned(), url, headers: Vec::new(), body: Vec::new() };
        let origin = match call.split_url() {
            Ok((origin, path)) if is_sendable(path) => origin,
            Ok(_) => {
                self.fault(&pointer_to(at, "url"), "Write the path in printable ASCII, without a fragment.");
                return None;
            }
            Err(trouble) => {
                self.fault(&pointer_to(at, "url"), &format!("Write a whole URL with a path: {trouble}."));
                return None;
            }
        };
        if self.around.targets.is_some_and(|targets| targets.find(&origin).is_none()) {
            let wish = format!("Name a target of the configuration's list; {origin} is not on it.");
            self.fault(&pointer_to(at, "url"), &wish);
        }
        Some(call.url)
    }

    fn types(&mut self, entry: &Value, at: &str) -> Vec<RequestTypeName> {
        let Some(value) = entry.get("types") else { return Vec::new() };
        let text = |item: &Value| item.as_str().filter(|text| !text.is_empty()).map(RequestTypeName::new);
        let types = value.as_array().and_then(|items| items.iter().map(text).collect::<Option<Vec<_>>>());
        let Some(types) = types.filter(|types| !types.is_empty()) else {
            let wish = "Write a list of names of request types, or leave it out for all of them.";
            self.fault(&pointer_to(at, "types"), wish);
            return Vec::new();
        };
        let is_unknown =
            |name: &RequestTypeName| self.around.types.is_some_and(|known| !known.contains(name.as_str()));
        for (index, name) in types.iter().enumerate().filter(|(_, name)| is_unknown(name)) {
            let wish = format!("Name a request type; there is no {name}, so nothing is told of it.");
            self.warnings.push(DefinitionFault::new(format!("{at}/types/{index}"), wish));
        }
        types
    }

    fn format(&mut self, entry: &Value, at: &str) -> Option<EventFormat> {
        let format = entry.get("format").and_then(Value::as_str).and_then(EventFormat::parse);
        if format.is_none() {
            let names = EventFormat::ALL.map(|format| format!("\"{}\"", format.name()));
            self.fault(&pointer_to(at, "format"), &format!("Write one of {}.", names.join(", ")));
        }
        format
    }

    fn secrets(&mut self, entry: &Value, at: &str) -> Vec<Secret> {
        let at = pointer_to(at, "secrets");
        let listed = entry.get("secrets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if !(1..=SECRETS_MAX).contains(&listed.len()) {
            let wish = "Write one or two sources: { env = \"NAME\" } or { file = \"path\" }.";
            self.fault(&at, wish);
        }
        let one = |(index, source)| self.secret(source, &format!("{at}/{index}"));
        listed.iter().enumerate().filter_map(one).collect()
    }

    fn secret(&mut self, source: &Value, at: &str) -> Option<Secret> {
        let text = |name| source.get(name).and_then(Value::as_str);
        let found = match (text("env"), text("file"), members(source).count()) {
            (Some(name), None, 1) => std::env::var(name).map_err(|_| format!("Set the variable {name}.")),
            (None, Some(file), 1) => std::fs::read_to_string(self.around.folder.join(file))
                .map_err(|error| format!("Make the file {file} readable: {error}.")),
            _ => Err("Write { env = \"NAME\" } or { file = \"path\" }.".to_owned()),
        };
        let checked = found.and_then(|text| match text.trim() {
            text if is_signing_secret(text) => Ok(Secret::new(text)),
            _ => Err(format!(
                "Put {SECRET_PREFIX} and base64 of {} to {} random bytes there.",
                SECRET_BYTES.start(),
                SECRET_BYTES.end()
            )),
        });
        checked.map_err(|wish| self.fault(at, &wish)).ok()
    }

    fn text(&mut self, entry: &Value, at: &str, name: &str, wish: &str) -> Option<String> {
        let text = entry.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.fault(&pointer_to(at, name), wish);
        }
        text.map(str::to_owned)
    }

    fn fault(&mut self, at: &str, message: &str) {
        self.faults.push(DefinitionFault::new(at, message));
    }
}

fn members(value: &Value) -> impl Iterator<Item = &str> {
    value.as_object().into_iter().flat_map(|members| members.keys().map(String::as_str))
}

fn is_sendable(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

fn is_signing_secret(text: &str) -> bool {
    let bytes = text.strip_prefix(SECRET_PREFIX).and_then(|text| STANDARD.decode(text).ok());
    bytes.is_some_and(|bytes| SECRET_BYTES.contains(&bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.secret"), format!("{SECRET}\n")).unwrap();
        std::fs::write(folder.path().join("short.secret"), "whsec_MDEy").unwrap();
        folder
    }

    fn read_in(folder: &Path, text: &str) -> Result<Vec<Subscription>, Vec<Placed>> {
        let read = read(text, Around { folder, targets: None, types: None });
        if read.faults.is_empty() { Ok(read.good) } else { Err(read.faults) }
    }

    #[test]
    fn one_fault_leaves_the_other_subscriptions_readable() {
        let folder = folder();
        let other = GOOD.replace("\"feed\"", "\"other\"");
        let names = |text: &str| {
            let read = read(text, Around { folder: folder.path(), targets: None, types: None });
            let good = read.good.into_iter().map(|found| found.name).collect::<Vec<_>>();
            (good, read.faulty, read.is_readable)
        };
        let feed = Some("feed".to_owned());
        let faulty = GOOD.replace("90001\"", "\"");
        assert_eq!(names(&format!("{faulty}{other}")), (vec!["other".to_owned()], vec![feed.clone()], true));
        assert_eq!(names(&format!("{GOOD}{GOOD}{other}")).1, [feed]);
        assert_eq!(names(&GOOD.replace("name =", "names =")), (vec![], vec![None], true));
        for text in ["[[subscriptions]", "subscriptions = 1"] {
            assert_eq!(names(text), (vec![], vec![], false), "{text}");
        }
    }

    const GOOD: &str = r#"
[[subscriptions]]
name = "feed"
org = "90001"
url = "https://hooks.example/in?x=1"
types = ["ISSUE-BADGE"]
format = "requestWorkflowEvent"
secrets = [{ file = "a.secret" }]
"#;

    #[test]
    fn a_subscription_is_read_with_its_secret() {
        let folder = folder();
        let read = read_in(folder.path(), GOOD).unwrap();
        let [one] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!((one.name.as_str(), one.org.as_str()), ("feed", "90001"));
        assert_eq!(one.url, "https://hooks.example/in?x=1");
        assert_eq!((one.types.len(), one.format), (1, EventFormat::RequestWorkflowEvent));
        assert_eq!(one.secrets[0].expose(), SECRET);
        assert!(!format!("{one:?}").contains(SECRET));
        assert!(read_in(folder.path(), "").unwrap().is_empty());
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_no_secret() {
        let folder = folder();
        let rows = [
            ("name = \"feed\"", "name = \"a b\"", 3, "letters, digits"),
            ("name = \"feed\"", "", 2, "Add name"),
            ("org = \"90001\"", "org = 7", 4, "Add org"),
            ("url = \"https://hooks.example/in?x=1\"", "url = \"hooks.example\"", 5, "whole URL"),
            ("url = \"https://hooks.example/in?x=1\"", "url = \"https://hooks.example/a b\"", 5, "ASCII"),
            ("types = [\"ISSUE-BADGE\"]", "types = []", 6, "names of request types"),
            ("format = \"requestWorkflowEvent\"", "format = \"xml\"", 7, "\"countersign\""),
            ("secrets = [{ file = \"a.secret\" }]", "secrets = []", 8, "one or two"),
            ("a.secret", "short.secret", 8, "random bytes"),
            ("a.secret", "gone.secret", 8, "readable"),
            ("{ file = \"a.secret\" }", "{ env = \"COUNTERSIGN_NOT_SET_ANYWHERE\" }", 8, "Set the variable"),
            ("secrets =", "colour = 1\nsecrets =", 8, "Leave this out"),
        ];
        for (good, bad, line, wish) in rows {
            let faults = read_in(folder.path(), &GOOD.replace(good, bad)).unwrap_err();
            let is_told = |fault: &Placed| fault.line == line && fault.message.contains(wish);
            assert!(faults.iter().any(is_told), "{bad}: {faults:?}");
            assert!(faults.iter().all(|fault| !fault.message.contains("whsec_M")), "{faults:?}");
        }
        let long = GOOD.replace("in?x=1", &"x".repeat(URL_BYTES_MAX));
        assert!(read_in(folder.path(), &long).unwrap_err()[0].message.contains("at most 8192 bytes"));
        let whole = GOOD.replace("in?x=1", &"x".repeat(URL_BYTES_MAX - "https://hooks.example/".len()));
        assert_eq!(read_in(folder.path(), &whole).unwrap().len(), 1);
        let twice = read_in(folder.path(), &format!("{GOOD}{GOOD}")).unwrap_err();
        assert!(twice[0].message.contains("another name"), "{twice:?}");
    }

    #[test]
    fn a_type_that_does_not_exist_is_a_warning_with_its_line() {
        let folder = folder();
        let known = BTreeSet::from(["ISSUE-BADGE".to_owned()]);
        let around = Around { folder: folder.path(), targets: None, types: Some(&known) };
        assert!(read(GOOD, around).warnings.is_empty());
        let found = read(&GOOD.replace("[\"ISSUE-BADGE\"]", "[\"ISSUE-BADGE\", \"issue-badge\"]"), around);
        let [warning] = found.warnings.as_slice() else { panic!("{found:?}") };
        assert_eq!((warning.line, warning.field.as_str()), (6, "subscriptions.0.types.1"));
        assert_eq!((found.good.len(), found.faults.len()), (1, 0), "it can be used");
    }

    #[test]
    fn a_url_that_is_not_on_the_allow_list_is_a_fault() {
        let folder = folder();
        let targets = Targets::default();
        let around = Around { folder: folder.path(), targets: Some(&targets), types: None };
        let faults = read(GOOD, around).faults;
        assert!(faults[0].message.contains("not on it"), "{faults:?}");
    }
}
