//! The sources of configuration values and their precedence: defaults < file < environment < flags.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{
    ConfigFault, Flags,
    keys::{self, KEYS, Key, Kind, PREFIX},
};

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Not set; the default applies.
    Default,
    /// In the configuration file.
    File(PathBuf),
    /// In this environment variable.
    Environment(String),
    /// By this command line flag.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A value and its source.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub value: Value,
    pub source: Source,
}

/// The effective value of every key that is set, and the faults found while merging.
pub(super) struct Layers {
    pub settings: BTreeMap<&'static str, Setting>,
    pub faults: Vec<ConfigFault>,
}

impl Layers {
    pub fn merged(file: Option<&Path>, env: impl Iterator<Item = (String, String)>, flags: Flags) -> Self {
        let mut layers = Self { settings: BTreeMap::new(), faults: Vec::new() };
        layers.add_defaults();
        if let Some(path) = file {
            layers.add_file(path);
        }
        layers.add_environment(env);
        layers.add_flags(flags);
        layers
    }

    fn add_defaults(&mut self) {
        for key in KEYS {
            if let Some(value) = default_of(key) {
                self.set(key, value, Source::Default);
            }
        }
    }

    fn add_file(&mut self, path: &Path) {
        match read_table(path) {
            Ok(table) => self.add_table(table, &Source::File(path.to_owned())),
            Err(fault) => self.faults.push(fault),
        }
    }

    fn add_table(&mut self, table: Table, source: &Source) {
        for (name, value) in table {
            let is_section = KEYS.iter().any(|key| key.parts().0 == name);
            let Some(section) = value.as_table().filter(|_| is_section) else {
                self.set_named(&name, value, source);
                continue;
            };
            for (key, value) in section {
                self.set_named(&format!("{name}.{key}"), value.clone(), source);
            }
        }
    }

    fn add_environment(&mut self, env: impl Iterator<Item = (String, String)>) {
        for (name, text) in env.filter(|(name, _)| name.starts_with(PREFIX)) {
            let source = Source::Environment(name.clone());
            match KEYS.iter().find(|key| key.variable() == name) {
                Some(key) => self.set(key, typed(key.kind, text), source),
                None => self.faults.push(ConfigFault::unknown_key(&name, &source)),
            }
        }
    }

    fn add_flags(&mut self, flags: Flags) {
        let given = [
            ("server.listen", "--listen", flags.listen),
            ("store.url", "--database-url", flags.database_url),
            ("log.format", "--log-format", flags.log_format),
        ];
        for (name, flag, text) in given {
            if let Some(text) = text {
                self.set_named(name, Value::String(text), &Source::Flag(flag));
            }
        }
    }

    fn set_named(&mut self, name: &str, value: Value, source: &Source) {
        match keys::find(name) {
            Some(key) => self.set(key, value, source.clone()),
            None => self.faults.push(ConfigFault::unknown_key(name, source)),
        }
    }

    fn set(&mut self, key: &Key, value: Value, source: Source) {
        self.settings.insert(key.name, Setting { value, source });
    }
}

/// The default of a key, if it has one.
pub(super) fn default_of(key: &Key) -> Option<Value> {
    key.default.map(|text| text.parse().expect("a test reads every default"))
}

/// An environment variable's text as the key's kind. A text that does not fit stays a text, which the parser refuses.
fn typed(kind: Kind, text: String) -> Value {
    let value = match kind {
        Kind::Integer { .. } => text.parse().ok().map(Value::Integer),
        Kind::List => text.parse().ok(),
        Kind::Flag => text.parse().ok().map(Value::Boolean),
        Kind::Text => None,
    };
    value.unwrap_or(Value::String(text))
}

fn read_table(path: &Path) -> Result<Table, ConfigFault> {
    let text = fs::read_to_string(path)
        .map_err(|error| ConfigFault::new(format!("file {}: it cannot be read: {error}", path.display())))?;
    text.parse().map_err(|error| syntax_fault(path, &text, &error))
}

/// Names the line but does not show it: it may hold a secret.
fn syntax_fault(path: &Path, text: &str, error: &toml::de::Error) -> ConfigFault {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
    ConfigFault::new(format!("file {}, line {line}: {}", path.display(), error.message()))
}
