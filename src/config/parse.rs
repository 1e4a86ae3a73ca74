//! Parses the merged layers into typed values and collects every fault.

use std::collections::BTreeMap;

use toml::Value;

use super::{
    ConfigErrors, ConfigFault,
    keys::{self, Key, Kind},
    layers::{Layers, Setting, default_of},
    secret::without_password,
};

/// Parses key by key. A refused value is reported at the end; until then the default takes its place.
pub(super) struct Reader {
    settings: BTreeMap<&'static str, Setting>,
    faults: Vec<ConfigFault>,
}

impl Reader {
    pub fn new(layers: Layers) -> Self {
        Self { settings: layers.settings, faults: layers.faults }
    }

    /// Every fault found. Call it after every key of the table was parsed.
    pub fn finish(self) -> Result<(), ConfigErrors> {
        debug_assert!(self.settings.is_empty(), "keys that are never parsed: {:?}", self.settings.keys());
        if self.faults.is_empty() { Ok(()) } else { Err(ConfigErrors(self.faults)) }
    }

    /// Adds a fault that concerns more than one value.
    pub fn fault(&mut self, fault: ConfigFault) {
        self.faults.push(fault);
    }

    /// Whether a fault was found so far.
    pub fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Refuses the second of two keys that exclude each other, if both are set.
    pub fn at_most_one(&mut self, first: &str, second: &str) {
        if let (Some(one), Some(other)) = (self.settings.get(first), self.settings.get(second)) {
            let text = format!(
                "{second} (from {}): {first} is set too (from {}): set one of them",
                other.source, one.source
            );
            self.faults.push(ConfigFault::new(text));
        }
    }

    /// A whole number in the key's range.
    pub fn integer<T: TryFrom<i64>>(&mut self, name: &str) -> T {
        self.value(name, |key, value| {
            let Kind::Integer { min, max } = key.kind else {
                unreachable!("{name} is no number in the table")
            };
            let number = value.as_integer().filter(|number| (min..=max).contains(number));
            number
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| format!("write a number from {min} to {max}"))
        })
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str) -> bool {
        self.value(name, |_, value| value.as_bool().ok_or_else(|| "write true or false".to_owned()))
    }

    /// A text that is not empty.
    pub fn text(&mut self, name: &str) -> String {
        self.value(name, |_, value| some_text(value).map(str::to_owned))
    }

    /// A text that is not empty, if the key is set.
    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        self.optional(name, |_, value| some_text(value).map(str::to_owned))
    }

    /// A text that `parse` accepts; `advice` says what to write instead.
    pub fn parsed<T>(&mut self, name: &str, advice: &str, parse: impl Fn(&str) -> Option<T>) -> T {
        self.value(name, |_, value| value.as_str().and_then(&parse).ok_or_else(|| advice.to_owned()))
    }

    /// Like [`Reader::parsed`], for a key without a default.
    pub fn optional_parsed<T>(
        &mut self,
        name: &str,
        advice: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.optional(name, |_, value| value.as_str().and_then(&parse).ok_or_else(|| advice.to_owned()))
    }

    /// The value as it was set, for a list that another module parses.
    pub fn take(&mut self, name: &str) -> Option<Setting> {
        self.settings.remove(name)
    }

    fn value<T>(&mut self, name: &str, read: impl Fn(&Key, &Value) -> Result<T, String>) -> T {
        self.optional(name, &read).unwrap_or_else(|| {
            let key = keys::find(name).expect("only keys of the table are read");
            let default = default_of(key).expect("a key that is always there has a default");
            read(key, &default).expect("a test reads every default")
        })
    }

    fn optional<T>(&mut self, name: &str, read: impl Fn(&Key, &Value) -> Result<T, String>) -> Option<T> {
        let key = keys::find(name).expect("only keys of the table are read");
        let Setting { value, source } = self.settings.remove(name)?;
        match read(key, &value) {
            Ok(value) => Some(value),
            Err(advice) => {
                self.faults.push(ConfigFault::refused(name, &shown(key, &value), &source, &advice));
                None
            }
        }
    }
}

fn some_text(value: &Value) -> Result<&str, String> {
    value.as_str().filter(|text| !text.is_empty()).ok_or_else(|| "write a text that is not empty".to_owned())
}

/// The value as a message may show it.
fn shown(key: &Key, value: &Value) -> String {
    if let Some(text) = value.as_str().filter(|_| key.name == "store.url") {
        return Value::from(without_password(text)).to_string();
    }
    if key.secret { "***".to_owned() } else { value.to_string() }
}
