//! `[gateway]`: through which programs API calls must come.

use toml::{Table, Value};

use super::layers::{Setting, Source};
use super::{ConfigFault, parse::Reader};
use crate::domain::client::{AccessGroup, CallKind, DEFAULT_GROUP, is_client_name};

/// `[gateway]`: through which programs API calls must come.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Whether there is a gate at all.
    pub mode: GatewayMode,
    /// How long the token of an OAuth client is good.
    pub token_ttl_seconds: u32,
    /// The access groups beside the default one.
    pub groups: Vec<AccessGroup>,
}

/// Whether there is a gate at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayMode {
    /// Nobody asks for a client.
    Off,
    /// Every API call needs one.
    Required,
}

impl GatewayMode {
    /// The value in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Required => "required",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Off, Self::Required].into_iter().find(|mode| mode.name() == text)
    }
}

impl GatewayConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            mode: reader.parsed("gateway.mode", "write off or required", GatewayMode::parse),
            token_ttl_seconds: reader.integer("gateway.token_ttl_seconds"),
            groups: groups(reader),
        }
    }
}

fn groups(reader: &mut Reader) -> Vec<AccessGroup> {
    let Some(Setting { value, source }) = reader.take("gateway.groups") else { return Vec::new() };
    let Value::Array(entries) = value else {
        let shown = value.to_string();
        reader.fault(ConfigFault::refused("gateway.groups", &shown, &source, "write a list of tables"));
        return Vec::new();
    };
    let mut groups: Vec<AccessGroup> = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        let path = format!("gateway.groups[{index}]");
        match Entry::read(&path, entry, &source) {
            Ok(group) if groups.iter().any(|other| other.name == group.name) => {
                let text = format!("{path} (from {source}): there is a group {} already", group.name);
                reader.fault(ConfigFault::new(text));
            }
            Ok(group) => groups.push(group),
            Err(faults) => faults.into_iter().for_each(|fault| reader.fault(fault)),
        }
    }
    groups
}

/// One table of the list while it is parsed; keys that remain at the end are unknown.
struct Entry<'a> {
    path: &'a str,
    table: Table,
    source: &'a Source,
    faults: Vec<ConfigFault>,
}

impl<'a> Entry<'a> {
    fn read(path: &'a str, entry: Value, source: &'a Source) -> Result<AccessGroup, Vec<ConfigFault>> {
        let Value::Table(table) = entry else {
            return Err(vec![ConfigFault::refused(path, &entry.to_string(), source, "write a table")]);
        };
        let mut entry = Self { path, table, source, faults: Vec::new() };
        let name = entry.member("name", "write a name of visible ASCII other than default", group_name);
        if name.is_none() && entry.faults.is_empty() {
            entry.faults.push(ConfigFault::new(format!("{path}.name (from {source}): it is missing")));
        }
        let types = entry.member("types", "write a list of request types such as ISSUE-BADGE", texts);
        let calls =
            entry.member("calls", "write a list of submit, decide, withdraw, comment, read and audit", calls);
        for key in entry.table.keys() {
            entry.faults.push(ConfigFault::unknown_key(&format!("{path}.{key}"), source));
        }
        match name {
            Some(name) if entry.faults.is_empty() => Ok(AccessGroup { name, types, calls }),
            Some(_) | None => Err(entry.faults),
        }
    }

    fn member<T>(&mut self, key: &str, advice: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.table.remove(key)?;
        let read = read(&value);
        if read.is_none() {
            let path = format!("{}.{key}", self.path);
            self.faults.push(ConfigFault::refused(&path, &value.to_string(), self.source, advice));
        }
        read
    }
}

fn group_name(value: &Value) -> Option<String> {
    value.as_str().filter(|name| is_client_name(name) && *name != DEFAULT_GROUP).map(str::to_owned)
}

/// An empty list would allow nothing, which nobody means.
fn texts(value: &Value) -> Option<Vec<String>> {
    let texts: Option<Vec<String>> =
        value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty() && texts.iter().all(|text| !text.is_empty()))
}

fn calls(value: &Value) -> Option<Vec<CallKind>> {
    texts(value)?.iter().map(|name| CallKind::parse(name)).collect()
}

/// The groups as they are printed.
pub(super) fn shown(groups: &[AccessGroup]) -> Value {
    let list = |items: Vec<&str>| Value::Array(items.into_iter().map(Value::from).collect());
    let table = |group: &AccessGroup| {
        let mut table = Table::new();
        table.insert("name".into(), group.name.as_str().into());
        if let Some(types) = &group.types {
            table.insert("types".into(), list(types.iter().map(String::as_str).collect()));
        }
        if let Some(calls) = &group.calls {
            table.insert("calls".into(), list(calls.iter().map(|call| call.name()).collect()));
        }
        Value::Table(table)
    };
    Value::Array(groups.iter().map(table).collect())
}
