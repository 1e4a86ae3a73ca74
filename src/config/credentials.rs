//! Reads the named credentials: `[[credentials]]`. No value is kept, only where it is read from.

use std::fs::File;
use std::path::PathBuf;

use toml::{Table, Value};
use url::Url;

use super::web::is_loopback;
use super::{ConfigFault, layers::Setting, layers::Source, parse::Reader};
use crate::domain::allowed_targets::{Origin, Scheme, Targets};
use crate::domain::credential::{
    ClientCertificate, Credential, CredentialKind, OAuthClient, SecretSource, is_name,
};
use crate::domain::header_names::{HEADER_NAME_BYTES_MAX, folded, is_token, owner_of};
use crate::secrets;

/// The keys of which one says what kind a credential is.
const KINDS: [&str; 3] = ["header", "token_url", "client_cert_file"];

const NAME_ADVICE: &str = "write lower-case letters, digits and hyphens, at most 40";

/// The credentials that may go to these targets.
pub(super) fn read(reader: &mut Reader, targets: &Targets) -> Vec<Credential> {
    let Some(Setting { value, source }) = reader.take("credentials") else { return Vec::new() };
    let Value::Array(entries) = value else {
        reader.fault(ConfigFault::new(format!("credentials (from {source}): write a list of tables")));
        return Vec::new();
    };
    let mut read: Vec<Credential> = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        match Entry::read(index, entry, (&source, targets)) {
            Ok(credential) if read.iter().any(|other| other.name == credential.name) => {
                let text = format!(
                    "credentials[{index}] (from {source}): there is a credential {} already: write another name",
                    credential.name
                );
                reader.fault(ConfigFault::new(text));
            }
            Ok(credential) => read.push(credential),
            Err(faults) => faults.into_iter().for_each(|fault| reader.fault(fault)),
        }
    }
    read
}

/// One table of the list while it is parsed; keys that remain at the end are unknown. Faults show no value but those of
/// names and addresses: anything else may be a secret in a wrong place.
struct Entry<'a> {
    path: String,
    table: Table,
    source: &'a Source,
    targets: &'a Targets,
    faults: Vec<ConfigFault>,
}

impl<'a> Entry<'a> {
    fn read(
        index: usize,
        entry: Value,
        (source, targets): (&'a Source, &'a Targets),
    ) -> Result<Credential, Vec<ConfigFault>> {
        let path = format!("credentials[{index}]");
        let Value::Table(table) = entry else {
            return Err(vec![ConfigFault::new(format!("{path} (from {source}): write a table"))]);
        };
        let mut entry = Self { path, table, source, targets, faults: Vec::new() };
        let name = entry.required("name", NAME_ADVICE);
        if let Some(name) = name.as_deref().filter(|name| !is_name(name)) {
            entry.refuse("name", &format!("{name:?} is no name: {NAME_ADVICE}"));
        }
        let origins = entry.origins();
        let kind = entry.kind();
        let is_tls = matches!(kind, Some(CredentialKind::Certificate(_)));
        if let Some(plain) = origins.iter().find(|origin| is_tls && origin.scheme == Scheme::Http) {
            entry.refuse("targets", &format!("leave {plain} out: a client certificate needs https"));
        }
        for key in entry.table.keys() {
            entry.faults.push(ConfigFault::unknown_key(&format!("{}.{key}", entry.path), source));
        }
        match (name, kind) {
            (Some(name), Some(kind)) if entry.faults.is_empty() => {
                Ok(Credential { name, targets: origins, kind })
            }
            _ => Err(entry.faults),
        }
    }

    /// The origins that it may go to, each on the allow-list.
    fn origins(&mut self) -> Vec<Origin> {
        let advice = "write a list of targets such as [\"https://core.example.com\"]";
        let Some(value) = self.table.remove("targets") else {
            self.refuse("targets", &format!("it is missing: {advice}"));
            return Vec::new();
        };
        let texts: Option<Vec<&str>> =
            value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
            self.refuse("targets", advice);
            return Vec::new();
        };
        let mut origins = Vec::new();
        for text in texts {
            match Origin::parse(text) {
                Ok(origin) if self.targets.find(&origin).is_some() => origins.push(origin),
                Ok(origin) => {
                    self.refuse("targets", &format!("add {origin} to [[targets]], or leave it out here"));
                }
                Err(trouble) => self.refuse("targets", &format!("{text:?} {trouble}")),
            }
        }
        origins
    }

    fn kind(&mut self) -> Option<CredentialKind> {
        let given: Vec<&str> = KINDS.into_iter().filter(|key| self.table.contains_key(*key)).collect();
        match given[..] {
            ["header"] => self.header(),
            ["token_url"] => self.oauth(),
            ["client_cert_file"] => self.certificate(),
            _ => {
                // What belongs to a kind can't be judged without it.
                self.table.clear();
                let text = format!(
                    "{} (from {}): write one of header, token_url and client_cert_file, with what belongs to it",
                    self.path, self.source
                );
                self.faults.push(ConfigFault::new(text));
                None
            }
        }
    }

    fn header(&mut self) -> Option<CredentialKind> {
        let advice = "write the name of a header that calls may have, such as authorization";
        let name = self.required("header", advice)?.to_ascii_lowercase();
        let is_free = owner_of(&name).is_none() && folded(&name) != "content-type";
        if !is_token(&name) || name.len() > HEADER_NAME_BYTES_MAX || !is_free {
            self.refuse("header", advice);
        }
        let value = self.secret("value")?;
        Some(CredentialKind::Header { name, value })
    }

    fn oauth(&mut self) -> Option<CredentialKind> {
        let token_url = self.required("token_url", "write an https address");
        let is_safe = |text: &String| {
            Url::parse(text).is_ok_and(|url| {
                let is_plain =
                    url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
                is_plain && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)))
            })
        };
        if token_url.as_ref().is_some_and(|text| !is_safe(text)) {
            self.refuse("token_url", "write an https address, or http with a loopback host, without a user");
        }
        let client_id = self.required("client_id", "write the id of this client");
        let scope = self.optional("scope", "write a text");
        let secret = self.secret("client_secret");
        let client = OAuthClient { token_url: token_url?, client_id: client_id?, secret: secret?, scope };
        Some(CredentialKind::OAuth(client))
    }

    fn certificate(&mut self) -> Option<CredentialKind> {
        let certificates = self.pem_file("client_cert_file");
        let key = self.pem_file("client_key_file");
        Some(CredentialKind::Certificate(ClientCertificate { certificates: certificates?, key: key? }))
    }

    fn pem_file(&mut self, key: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.required(key, "write the path of a PEM file")?);
        if let Err(error) = File::open(&path) {
            self.refuse(key, &format!("write a file that can be read: {}: {error}", path.display()));
        }
        Some(path)
    }

    /// Where a secret is read from: `KEY_file` or `KEY_env`. It is read once here, so that a wrong one shows at the
    /// start.
    fn secret(&mut self, key: &str) -> Option<SecretSource> {
        let (file, variable) = (format!("{key}_file"), format!("{key}_env"));
        let path = self.optional(&file, "write the path of a file");
        let name = self.optional(&variable, "write the name of an environment variable");
        let (at, source) = match (path, name) {
            (Some(path), None) => (file, SecretSource::File(PathBuf::from(path))),
            (None, Some(name)) => (variable, SecretSource::Variable(name)),
            (Some(_), Some(_)) => {
                self.refuse(&file, &format!("leave it out, or leave {variable} out"));
                return None;
            }
            (None, None) => {
                self.refuse(
                    &file,
                    &format!("it is missing: write it, or {variable}; a value is never written here"),
                );
                return None;
            }
        };
        if let Err(trouble) = secrets::read(&source) {
            self.refuse(&at, &format!("name one that holds the secret: {trouble}"));
        }
        Some(source)
    }

    fn required(&mut self, key: &str, advice: &str) -> Option<String> {
        if !self.table.contains_key(key) {
            self.refuse(key, &format!("it is missing: {advice}"));
        }
        self.optional(key, advice)
    }

    fn optional(&mut self, key: &str, advice: &str) -> Option<String> {
        let value = self.table.remove(key)?;
        let text = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if text.is_none() {
            self.refuse(key, advice);
        }
        text
    }

    fn refuse(&mut self, key: &str, advice: &str) {
        let text = format!("{}.{key} (from {}): {advice}", self.path, self.source);
        self.faults.push(ConfigFault::new(text));
    }
}

/// A credential as it is printed: files and variables, never a value.
pub(super) fn table(credential: &Credential) -> Table {
    let mut table = Table::new();
    let mut put = |key: &str, value: Value| table.insert(key.to_owned(), value);
    put("name", credential.name.as_str().into());
    put("targets", credential.targets.iter().map(ToString::to_string).collect::<Vec<_>>().into());
    match &credential.kind {
        CredentialKind::Header { name, value } => {
            put("header", name.as_str().into());
            put_source(&mut table, "value", value);
        }
        CredentialKind::OAuth(OAuthClient { token_url, client_id, secret, scope }) => {
            put("token_url", token_url.as_str().into());
            put("client_id", client_id.as_str().into());
            if let Some(scope) = scope {
                put("scope", scope.as_str().into());
            }
            put_source(&mut table, "client_secret", secret);
        }
        CredentialKind::Certificate(ClientCertificate { certificates, key }) => {
            put("client_cert_file", certificates.display().to_string().into());
            put("client_key_file", key.display().to_string().into());
        }
    }
    table
}

fn put_source(table: &mut Table, key: &str, source: &SecretSource) {
    let (end, value) = match source {
        SecretSource::File(path) => ("file", path.display().to_string()),
        SecretSource::Variable(name) => ("env", name.clone()),
    };
    table.insert(format!("{key}_{end}"), value.into());
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::{Config, Flags};

    const TARGETS: &str = "[[targets]]\nscheme = \"https\"\nhost = \"core.example.com\"\n\
                           [[targets]]\nscheme = \"http\"\nhost = \"core.example.com\"\n";

    /// A folder with a secret, a certificate's file and a configuration.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            for (name, text) in
                [("secret", "Bearer hunter2\n"), ("bad", "hunter2\nhunter2"), ("pem", "hunter2")]
            {
                std::fs::write(folder.0.path().join(name), text).unwrap();
            }
            folder
        }

        /// Loads the targets and one credential for each of these texts; `DIR` stands for the folder.
        fn load(&self, credentials: &[&str]) -> Result<Config, String> {
            let mut text = TARGETS.to_owned();
            for credential in credentials {
                write!(text, "[[credentials]]\n{credential}\n").unwrap();
            }
            let dir = self.0.path().display().to_string();
            let file = self.0.path().join("c.toml");
            std::fs::write(&file, text.replace("DIR", &dir)).unwrap();
            let loaded = Config::load(Some(&file), std::iter::empty(), Flags::default());
            loaded.map_err(|errors| errors.to_string().replace(&dir, "DIR"))
        }
    }

    const HEADER: &str = "name = \"core-banking\"\ntargets = [\"https://core.example.com\"]\n\
                          header = \"X-Bank-Key\"\nvalue_file = \"DIR/secret\"";
    const OAUTH: &str = "name = \"ledger\"\ntargets = [\"https://core.example.com\", \"http://core.example.com\"]\n\
                         token_url = \"https://idp.example.com/token\"\nclient_id = \"c\"\n\
                         client_secret_env = \"PATH\"\nscope = \"a b\"";
    const CERTIFICATE: &str = "name = \"swift\"\ntargets = [\"https://core.example.com\"]\n\
                               client_cert_file = \"DIR/pem\"\nclient_key_file = \"DIR/pem\"";

    #[test]
    fn each_kind_is_read_and_printed_without_a_value_and_can_be_loaded_again() {
        let folder = Folder::new();
        let config = folder.load(&[HEADER, OAUTH, CERTIFICATE]).unwrap();
        let names: Vec<&str> = config.targets.credentials.iter().map(|known| known.name.as_str()).collect();
        assert_eq!(names, ["core-banking", "ledger", "swift"]);
        assert_eq!(config.targets.credentials[0].header(), Some("x-bank-key"));
        let printed = config.render_effective();
        let secret = std::env::var("PATH").unwrap();
        for text in [&printed, &format!("{config:?}")] {
            assert!(!text.contains("hunter2") && !text.contains(&secret), "{text}");
        }
        assert!(
            printed.contains("value_file = ") && printed.contains("client_secret_env = \"PATH\""),
            "{printed}"
        );
        let file = folder.0.path().join("again.toml");
        std::fs::write(&file, &printed).unwrap();
        let again = Config::load(Some(&file), std::iter::empty(), Flags::default()).unwrap();
        assert_eq!(format!("{config:?}"), format!("{again:?}"));
    }

    #[test]
    fn every_fault_of_every_credential_is_told_and_none_shows_a_value() {
        let folder = Folder::new();
        let faults = folder.load(&[
            "name = \"Core\"\ntargets = []\nheader = \"host\"\nvalue_file = \"DIR/none\"",
            "targets = [\"https://other.example.com\", \"core\"]\nheader = \"a\"",
            "name = \"a\"\ntargets = [\"https://core.example.com\"]\nheader = \"a\"\n\
             value = \"hunter2\"\nvalue_file = \"DIR/bad\"",
            "name = \"b\"\ntargets = [\"https://core.example.com\"]",
            "name = \"c\"\ntargets = [\"https://core.example.com\"]\nheader = \"a\"\n\
             value_file = \"DIR/secret\"\nvalue_env = \"A\"",
            "name = \"d\"\ntargets = [\"https://core.example.com\"]\ntoken_url = \"http://10.0.0.1/token\"",
            "name = \"e\"\ntargets = [\"http://core.example.com\"]\n\
             client_cert_file = \"DIR/pem\"\nclient_key_file = \"DIR/none\"",
            "name = \"f\"\ntargets = [\"https://core.example.com\"]\nheader = \"a\"\nvalue_env = \"NO_SUCH_VARIABLE\"",
            HEADER,
            HEADER,
        ]);
        let faults = faults.unwrap_err();
        assert!(!faults.contains("hunter2"), "{faults}");
        insta::assert_snapshot!(faults, @r#"
        the configuration can't be used:
          credentials[0].name (from file DIR/c.toml): "Core" is no name: write lower-case letters, digits and hyphens, at most 40
          credentials[0].targets (from file DIR/c.toml): write a list of targets such as ["https://core.example.com"]
          credentials[0].header (from file DIR/c.toml): write the name of a header that calls may have, such as authorization
          credentials[0].value_file (from file DIR/c.toml): name one that holds the secret: the file DIR/none can't be read: No such file or directory (os error 2)
          credentials[1].name (from file DIR/c.toml): it is missing: write lower-case letters, digits and hyphens, at most 40
          credentials[1].targets (from file DIR/c.toml): add https://other.example.com to [[targets]], or leave it out here
          credentials[1].targets (from file DIR/c.toml): "core" must begin with http:// or https://
          credentials[1].value_file (from file DIR/c.toml): it is missing: write it, or value_env; a value is never written here
          credentials[2].value_file (from file DIR/c.toml): name one that holds the secret: the file DIR/bad holds no secret that can be sent: it has characters that no header can have, or begins or ends with a space
          credentials[2].value (from file DIR/c.toml): there is no such key
          credentials[3] (from file DIR/c.toml): write one of header, token_url and client_cert_file, with what belongs to it
          credentials[4].value_file (from file DIR/c.toml): leave it out, or leave value_env out
          credentials[5].token_url (from file DIR/c.toml): write an https address, or http with a loopback host, without a user
          credentials[5].client_id (from file DIR/c.toml): it is missing: write the id of this client
          credentials[5].client_secret_file (from file DIR/c.toml): it is missing: write it, or client_secret_env; a value is never written here
          credentials[6].client_key_file (from file DIR/c.toml): write a file that can be read: DIR/none: No such file or directory (os error 2)
          credentials[6].targets (from file DIR/c.toml): leave http://core.example.com out: a client certificate needs https
          credentials[7].value_env (from file DIR/c.toml): name one that holds the secret: the environment variable NO_SUCH_VARIABLE is not set
          credentials[9] (from file DIR/c.toml): there is a credential core-banking already: write another name
        "#);
    }

    #[test]
    fn a_token_comes_from_https_or_from_this_machine() {
        let folder = Folder::new();
        let loads = |url: &str| folder.load(&[&OAUTH.replace("https://idp.example.com/token", url)]).is_ok();
        for url in
            ["https://idp.example.com/a/token?b=c", "http://127.0.0.1:9/token", "http://localhost/token"]
        {
            assert!(loads(url), "{url}");
        }
        for url in
            ["http://idp.example.com/token", "https://u:p@idp.example.com/token", "token", "ftp://localhost"]
        {
            assert!(!loads(url), "{url}");
        }
    }
}
