//! How a test's server differs from the usual one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use countersign::clock::Clock;
use countersign::server::ExecutorMode;
use countersign::web::session::DemoPerson;
use tempfile::TempDir;

use super::noon;
use crate::support::people::{AUDIENCE, ISSUER, Person, SECRET};

pub(super) const TYPES: &str = "types";
pub(super) const TYPE_FILE: &str = "own.toml";
pub(super) const PEOPLE: &str = "people.toml";
pub(super) const SUBSCRIPTIONS: &str = "subscriptions.toml";

/// The secrets that subscriptions can name, by file.
pub const SIGNING_SECRETS: [(&str, &str); 2] = [
    ("first.secret", "whsec_dGhlIGZpcnN0IHNpZ25pbmcgc2VjcmV0"),
    ("second.secret", "whsec_dGhlIHNlY29uZCBzaWduaW5nIHNlY3Jl"),
];

/// What differs from the usual configuration.
pub struct AppOptions {
    pub mode: ExecutorMode,
    pub clock: Clock,
    pub(super) has_own_database: bool,
    pub(super) settings: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
    type_file: Option<String>,
    people_file: Option<String>,
    subscriptions_file: Option<String>,
    pub(super) more: String,
    secret_file: Option<(String, String)>,
    pub(super) demo: Vec<DemoPerson>,
    /// Where calls may go beside the sandbox and the recording target.
    pub(super) targets: Vec<SocketAddr>,
}

impl Default for AppOptions {
    fn default() -> Self {
        let options = Self {
            mode: ExecutorMode::Running,
            clock: Clock::fixed(noon()),
            has_own_database: false,
            settings: BTreeMap::new(),
            type_file: None,
            people_file: None,
            subscriptions_file: None,
            more: String::new(),
            secret_file: None,
            demo: Vec::new(),
            targets: Vec::new(),
        };
        options
            .set("server.listen", "\"127.0.0.1:0\"")
            .set("server.workers", 1)
            .set("server.shutdown_ms", 5_000)
            .set("store.read_connections", 4)
            .set("auth.hs256_secret", format!("{SECRET:?}"))
            .set("auth.issuer", format!("{ISSUER:?}"))
            .set("auth.audience", format!("{AUDIENCE:?}"))
    }
}

impl AppOptions {
    /// The executor runs only when the test says so, and decisions do not wait for it.
    pub fn stepped() -> Self {
        Self { mode: ExecutorMode::Stepped, ..Self::default() }.set("executor.decision_wait_ms", 0)
    }

    /// On a PostgreSQL database that no other test uses.
    #[must_use]
    pub fn in_own_database(self) -> Self {
        Self { has_own_database: true, ..self }
    }

    /// Sets a key; the value is TOML text.
    #[must_use]
    pub fn set(mut self, key: &'static str, value: impl ToString) -> Self {
        let (section, name) = key.split_once('.').unwrap();
        self.settings.entry(section).or_default().insert(name, value.to_string());
        self
    }

    /// A file of this name in the server's folder, as a credential's value may be in one.
    #[must_use]
    pub fn with_secret_file(self, name: &str, content: &str) -> Self {
        Self { secret_file: Some((name.to_owned(), content.to_owned())), ..self }
    }

    /// More of the configuration, after everything else. `{target}` stands for the recording target's address,
    /// `{sandbox}` for the sandbox's, and `{folder}` for the server's folder.
    #[must_use]
    pub fn with_more(self, text: &str) -> Self {
        Self { more: text.to_owned(), ..self }
    }

    /// One more type, or a changed one of the contract: a file in the server's own types folder.
    #[must_use]
    pub fn with_type(self, text: &str) -> Self {
        Self { type_file: Some(text.to_owned()), ..self }
    }

    /// Pages, which these people can sign in to by one click.
    #[must_use]
    pub fn with_pages(self, people: &[Person]) -> Self {
        Self { demo: people.iter().map(Person::signs_in).collect(), ..self }
    }

    /// Calls may go to these, too.
    #[must_use]
    pub fn with_targets(self, targets: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self { targets: targets.into_iter().collect(), ..self }
    }

    /// A people file.
    #[must_use]
    pub fn with_people(self, text: &str) -> Self {
        Self { people_file: Some(text.to_owned()), ..self }
    }

    /// A subscriptions' file; next to it are the files of [`SIGNING_SECRETS`].
    #[must_use]
    pub fn with_subscriptions(self, text: &str) -> Self {
        Self { subscriptions_file: Some(text.to_owned()), ..self }
    }

    /// Writes the files that were asked for, and names them in the settings.
    pub(super) fn with_files_in(mut self, folder: &TempDir) -> Self {
        if let Some(text) = self.type_file.take() {
            std::fs::create_dir(folder.path().join(TYPES)).unwrap();
            std::fs::write(folder.path().join(TYPES).join(TYPE_FILE), text).unwrap();
            self = self.set("types.dir", format!("{:?}", folder.path().join(TYPES).display().to_string()));
        }
        if let Some((name, content)) = self.secret_file.take() {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        if let Some(text) = self.people_file.take() {
            std::fs::write(folder.path().join(PEOPLE), text).unwrap();
            self = self.set("people.file", format!("{:?}", folder.path().join(PEOPLE).display().to_string()));
        }
        if let Some(text) = self.subscriptions_file.take() {
            let file = folder.path().join(SUBSCRIPTIONS);
            std::fs::write(&file, text).unwrap();
            for (name, secret) in SIGNING_SECRETS {
                std::fs::write(folder.path().join(name), secret).unwrap();
            }
            self = self.set("subscriptions.file", format!("{:?}", file.display().to_string()));
        }
        self
    }
}

pub(super) fn toml(options: &AppOptions, targets: &[(&str, SocketAddr)]) -> String {
    let mut text = String::new();
    for (section, keys) in &options.settings {
        text += &format!("[{section}]\n");
        for (key, value) in keys {
            text += &format!("{key} = {value}\n");
        }
    }
    for (label, address) in targets {
        text += &format!(
            "[[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = [{}]\nlabel = \"{label}\"\n\
             allow_cidrs = [\"127.0.0.1/32\"]\n",
            address.port()
        );
    }
    // A name on the list whose private addresses are not: the last one is the recorder's.
    if let Some((_, address)) = targets.last() {
        text += &format!(
            "[[targets]]\nscheme = \"http\"\nhost = \"localhost\"\nports = [{}]\nlabel = \"Unlisted\"\n",
            address.port()
        );
    }
    text + &options.more
}
