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
use crate::secrets;

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
    /// Of secret keys, the files that their values are in.
    secret_files: BTreeMap<&'static str, Setting>,
    pub faults: Vec<ConfigFault>,
}

impl Layers {
    pub fn merged(file: Option<&Path>, env: impl Iterator<Item = (String, String)>, flags: Flags) -> Self {
        let mut layers =
            Self { settings: BTreeMap::new(), secret_files: BTreeMap::new(), faults: Vec::new() };
        layers.add_defaults();
        if let Some(path) = file {
            layers.add_file(path);
        }
        layers.add_environment(env);
        layers.add_secret_files();
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
            let of_file = |key: &&Key| key.secret && format!("{}_FILE", key.variable()) == name;
            let known = KEYS.iter().find(|key| key.variable() == name);
            match (known, KEYS.iter().find(of_file)) {
                (Some(key), _) => self.set(key, typed(key.kind, text), source),
                (None, Some(key)) => {
                    self.secret_files.insert(key.name, Setting { value: Value::String(text), source });
                }
                (None, None) => self.faults.push(ConfigFault::unknown_key(&name, &source)),
            }
        }
    }

    /// Reads the files of secret keys. A key that is set in both forms is refused: it is unclear which one counts.
    fn add_secret_files(&mut self) {
        for (name, Setting { value, source }) in std::mem::take(&mut self.secret_files) {
            let set = self.settings.get(name).filter(|setting| setting.source != Source::Default);
            if let Some(set) = set {
                let text = format!(
                    "{name}_file (from {source}): {name} is set too (from {}): set one of them",
                    set.source
                );
                self.faults.push(ConfigFault::new(text));
                continue;
            }
            let read = match value.as_str().filter(|path| !path.is_empty()).map(PathBuf::from) {
                Some(path) => secrets::read_file(&path).map(|secret| (secret, path)),
                None => Err("write the path of a file".to_owned()),
            };
            match read {
                Ok((secret, path)) => {
                    let value = Value::String(secret.expose().to_owned());
                    self.settings.insert(name, Setting { value, source: Source::File(path) });
                }
                Err(trouble) => {
                    self.faults.push(ConfigFault::new(format!("{name}_file (from {source}): {trouble}")));
                }
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
        match (keys::find(name), keys::find_by_file_form(name)) {
            (Some(key), _) => self.set(key, value, source.clone()),
            (None, Some(key)) => {
                self.secret_files.insert(key.name, Setting { value, source: source.clone() });
            }
            (None, None) => self.faults.push(ConfigFault::unknown_key(name, source)),
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

#[cfg(test)]
mod tests {
    use crate::config::{Config, Flags, KEYS, Secret};

    const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

    fn load(file: &str, env: &[(&str, &str)], flags: Flags) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().display().to_string();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, file.replace("DIR", &dir)).unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        std::fs::write(folder.path().join("short"), "hunter2").unwrap();
        std::fs::write(folder.path().join("url"), "postgres://u:hunter2@host/db\n").unwrap();
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), value.replace("DIR", &dir)));
        let loaded = Config::load(Some(&path), env.collect::<Vec<_>>().into_iter(), flags);
        loaded.map_err(|errors| errors.to_string().replace(&dir, "DIR"))
    }

    #[test]
    fn each_secret_may_be_in_a_file() {
        let secret: Vec<String> = KEYS.iter().filter_map(super::Key::file_form).collect();
        assert_eq!(secret, ["store.url_file", "auth.hs256_secret_file", "web.oidc_client_secret_file"]);
        let file = "[auth]\nhs256_secret_file = \"DIR/secret\"\n[store]\nurl_file = \"DIR/url\"";
        let of_client = [("COUNTERSIGN__WEB__OIDC_CLIENT_SECRET_FILE", "DIR/secret")];
        let config = load(file, &of_client, Flags::default()).unwrap();
        assert_eq!(config.auth.hs256_secret, Some(Secret::new(SECRET)));
        assert_eq!(config.store.url.expose(), "postgres://u:hunter2@host/db");
        assert_eq!(config.web.set.client_secret, Some(Secret::new(SECRET)));
        assert!(!config.render_effective().contains("hunter2"));
    }

    #[test]
    fn a_secret_in_both_forms_is_refused_and_a_flag_stands_above_both() {
        let file = "[auth]\nhs256_secret = \"hunter2\"\nhs256_secret_file = \"DIR/secret\"";
        let faults = load(file, &[], Flags::default()).unwrap_err();
        assert!(!faults.contains("hunter2"), "{faults}");
        let told = "auth.hs256_secret_file (from file DIR/c.toml): auth.hs256_secret is set too (from file DIR/c.toml): \
                    set one of them";
        assert!(faults.contains(told), "{faults}");
        let of_env = [("COUNTERSIGN__AUTH__HS256_SECRET", SECRET)];
        assert!(load("[auth]\nhs256_secret_file = \"DIR/secret\"", &of_env, Flags::default()).is_err());
        let flags = Flags { database_url: Some("sqlite://a.db".to_owned()), ..Flags::default() };
        let config = load("[store]\nurl_file = \"DIR/url\"", &[], flags).unwrap();
        assert_eq!(config.store.url.expose(), "sqlite://a.db");
    }

    #[test]
    fn a_file_that_can_not_be_used_is_named_with_its_key_and_never_shown() {
        let file = "[auth]\nhs256_secret_file = \"DIR/short\"\n[store]\nurl_file = \"DIR/none\"\n\
                    [web]\noidc_client_secret_file = 7\n[server]\nlisten_file = \"DIR/secret\"";
        let mut faults: Vec<String> = load(file, &[], Flags::default())
            .unwrap_err()
            .lines()
            .skip(1)
            .map(|line| line.trim().to_owned())
            .collect();
        faults.sort();
        insta::assert_snapshot!(faults.join("\n"), @r"
        auth.hs256_secret = *** (from file DIR/short): write a text of at least 32 bytes
        server.listen_file (from file DIR/c.toml): there is no such key
        store.url_file (from file DIR/c.toml): the file DIR/none can't be read: No such file or directory (os error 2)
        web.oidc_client_secret_file (from file DIR/c.toml): write the path of a file
        ");
        assert!(!faults.join("\n").contains("hunter2"), "{faults:?}");
    }
}
