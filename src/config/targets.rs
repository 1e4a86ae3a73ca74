//! Reads the allow-list: `[[targets]]`.

use std::{
    fs::File,
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

use ipnet::IpNet;
use toml::{Table, Value};

use super::{ConfigFault, layers::Setting, layers::Source, parse::Reader};
use crate::domain::allowed_targets::{Scheme, Target, Targets};

pub(super) fn read(reader: &mut Reader) -> Targets {
    let Some(Setting { value, source }) = reader.take("targets") else { return Targets::default() };
    let Value::Array(entries) = value else {
        reader.fault(ConfigFault::refused("targets", &value.to_string(), &source, "write a list of tables"));
        return Targets::default();
    };
    let mut read: Vec<(usize, Target)> = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        match Entry::read(index, entry, &source) {
            Ok(target) => {
                if let Some((first, _)) = read.iter().find(|(_, other)| overlap(other, &target)) {
                    let text = format!(
                        "targets[{index}] (from {source}): targets[{first}] already names this scheme, host and port"
                    );
                    reader.fault(ConfigFault::new(text));
                }
                read.push((index, target));
            }
            Err(faults) => faults.into_iter().for_each(|fault| reader.fault(fault)),
        }
    }
    Targets::of(read.into_iter().map(|(_, target)| target))
}

fn overlap(one: &Target, other: &Target) -> bool {
    one.scheme == other.scheme
        && one.host == other.host
        && one.ports.iter().any(|port| other.ports.contains(port))
}

/// One table of the list while it is parsed; keys that remain at the end are unknown.
struct Entry<'a> {
    path: String,
    table: Table,
    source: &'a Source,
    faults: Vec<ConfigFault>,
}

impl<'a> Entry<'a> {
    fn read(index: usize, entry: Value, source: &'a Source) -> Result<Target, Vec<ConfigFault>> {
        let path = format!("targets[{index}]");
        let Value::Table(table) = entry else {
            return Err(vec![ConfigFault::refused(&path, &entry.to_string(), source, "write a table")]);
        };
        let mut entry = Self { path, table, source, faults: Vec::new() };
        let scheme = entry.required("scheme", "write \"http\" or \"https\"", scheme);
        let host = entry.required("host", "write the exact host in lower case, without scheme or port", host);
        let ports = entry.optional("ports", "write a list of different ports from 1 to 65535", ports);
        let label = entry.optional("label", "write one word of at most 40 characters", label);
        let allow_cidrs =
            entry.optional("allow_cidrs", "write a list of networks such as \"10.0.0.0/8\"", networks);
        let ca_file = entry.ca_file(scheme);
        entry.refuse_unknown_keys();
        match (scheme, host) {
            (Some(scheme), Some(host)) if entry.faults.is_empty() => Ok(Target {
                scheme,
                host,
                ports: ports.unwrap_or_else(|| vec![default_port(scheme)]),
                label: label.unwrap_or_default(),
                allow_cidrs: allow_cidrs.unwrap_or_default(),
                ca_file,
            }),
            _ => Err(entry.faults),
        }
    }

    fn required<T>(&mut self, key: &str, advice: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        if !self.table.contains_key(key) {
            let text = format!("{}.{key} (from {}): it is missing: {advice}", self.path, self.source);
            self.faults.push(ConfigFault::new(text));
        }
        self.optional(key, advice, read)
    }

    fn optional<T>(&mut self, key: &str, advice: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.table.remove(key)?;
        let read = read(&value);
        if read.is_none() {
            self.refuse(key, &value, advice);
        }
        read
    }

    fn ca_file(&mut self, scheme: Option<Scheme>) -> Option<PathBuf> {
        let value = self.table.remove("ca_file")?;
        if scheme == Some(Scheme::Http) {
            self.refuse("ca_file", &value, "leave it out: http has no certificates");
        }
        let path = value.as_str().map(PathBuf::from);
        match path.as_ref().map(File::open) {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                self.refuse("ca_file", &value, &format!("write a file that can be read: {error}"))
            }
            None => self.refuse("ca_file", &value, "write the path of a PEM file"),
        }
        path
    }

    fn refuse(&mut self, key: &str, value: &Value, advice: &str) {
        let path = format!("{}.{key}", self.path);
        self.faults.push(ConfigFault::refused(&path, &value.to_string(), self.source, advice));
    }

    fn refuse_unknown_keys(&mut self) {
        for key in self.table.keys() {
            self.faults.push(ConfigFault::unknown_key(&format!("{}.{key}", self.path), self.source));
        }
    }
}

fn scheme(value: &Value) -> Option<Scheme> {
    match value.as_str()? {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        _ => None,
    }
}

fn default_port(scheme: Scheme) -> u16 {
    match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    }
}

/// A name in lower case, an IPv4 address, or an IPv6 address in brackets.
fn host(value: &Value) -> Option<String> {
    let host = value.as_str().filter(|host| host.len() <= 253)?;
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok() && host == host.to_ascii_lowercase(),
        None => host.parse::<Ipv4Addr>().is_ok() || is_name(host),
    };
    is_host.then(|| host.to_owned())
}

/// Accepts names only: resolvers take `127.1`, `0x7f.1` and `2130706433` for addresses, people do not.
fn is_name(host: &str) -> bool {
    let in_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(in_label);
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    host.split('.').all(is_label) && !is_number
}

fn ports(value: &Value) -> Option<Vec<u16>> {
    let mut ports = Vec::new();
    for port in value.as_array()? {
        let port = u16::try_from(port.as_integer()?).ok().filter(|port| *port > 0)?;
        if ports.contains(&port) {
            return None;
        }
        ports.push(port);
    }
    (!ports.is_empty()).then_some(ports)
}

fn label(value: &Value) -> Option<String> {
    let label = value.as_str()?;
    let is_word = !label.contains(|c: char| c.is_whitespace() || c.is_control());
    (is_word && label.chars().count() <= 40).then(|| label.to_owned())
}

fn networks(value: &Value) -> Option<Vec<IpNet>> {
    value.as_array()?.iter().map(|network| network.as_str()?.parse().ok()).collect()
}
