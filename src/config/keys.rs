//! Every configuration key: its default, its range and its meaning, in one table.
//!
//! The parser, `config.example.toml` and `docs/configuration.md` follow this table; tests compare them.

/// One configuration key.
#[derive(Debug)]
pub struct Key {
    /// `section.key`, as in the file; `orgs`, `targets` and `credentials` are whole lists.
    pub name: &'static str,
    /// The default as TOML text; `None` if the key has no default.
    pub default: Option<&'static str>,
    /// An example value as TOML text, for a key without a default.
    pub example: &'static str,
    /// One line of documentation.
    pub meaning: &'static str,
    /// Whether the value (of a database address: its password) is printed as `***`. Such a key has a second form,
    /// `section.key_file`: the file that the value is in.
    pub secret: bool,
    /// What kind of value the key takes.
    pub kind: Kind,
}

/// What kind of value a key takes. The environment's texts are read by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number within a range, both ends included.
    Integer {
        /// The smallest number that is accepted.
        min: i64,
        /// The largest number that is accepted.
        max: i64,
    },
    /// A text.
    Text,
    /// A TOML list.
    List,
    /// `true` or `false`.
    Flag,
}

impl Key {
    const fn text(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self { name, default: Some(default), example: "", meaning, secret: false, kind: Kind::Text }
    }

    const fn unset(name: &'static str, example: &'static str, meaning: &'static str) -> Self {
        Self { name, default: None, example, meaning, secret: false, kind: Kind::Text }
    }

    const fn number(
        name: &'static str,
        default: &'static str,
        (min, max): (i64, i64),
        meaning: &'static str,
    ) -> Self {
        let kind = Kind::Integer { min, max };
        Self { name, default: Some(default), example: "", meaning, secret: false, kind }
    }

    const fn list(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self { name, default: Some(default), example: "", meaning, secret: false, kind: Kind::List }
    }

    const fn flag(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self { name, default: Some(default), example: "", meaning, secret: false, kind: Kind::Flag }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The environment variable that sets the key: `COUNTERSIGN__SECTION__KEY`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_ascii_uppercase().replace('.', "__"))
    }

    /// The key with the file that the value is in, of a secret one.
    pub fn file_form(&self) -> Option<String> {
        self.secret.then(|| format!("{}_file", self.name))
    }

    /// The section and the name within it; the lists of orgs, targets and credentials have no section.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }
}

/// Prefix of every environment variable that is read.
pub const PREFIX: &str = "COUNTERSIGN__";

/// Every key, in the order of `config.example.toml`.
pub const KEYS: &[Key] = &[
    Key::text(
        "server.listen",
        r#""127.0.0.1:8080""#,
        "Address and port to listen on; port 0 takes a free one.",
    ),
    Key::number(
        "server.shutdown_ms",
        "20000",
        (0, 600_000),
        "How long calls under way may take to finish after SIGTERM or SIGINT.",
    ),
    Key::number(
        "server.body_timeout_ms",
        "30000",
        (100, 600_000),
        "How long the body of one call may take to come.",
    ),
    Key::text(
        "server.utc_offset",
        r#""+00:00""#,
        "Offset from UTC for startTime and endTime and for the days of date filters.",
    ),
    Key::number("server.workers", "2", (1, 64), "Threads that serve HTTP."),
    Key::text(
        "store.url",
        r#""sqlite://countersign.db""#,
        "sqlite://PATH (created if missing) or postgres://USER:PASSWORD@HOST/DATABASE.",
    )
    .secret(),
    Key::number("store.read_connections", "8", (1, 256), "Database connections for reading."),
    Key::number(
        "store.queue_max",
        "4096",
        (1, 65_536),
        "Writes that may wait; beyond that the answer is 503 busy.",
    ),
    Key::number("store.batch_max", "512", (1, 512), "Largest number of writes in one commit."),
    Key::flag(
        "store.require_sync_standby",
        "false",
        "Refuse to start unless PostgreSQL commits on a second server, too (a synchronous standby).",
    ),
    Key::unset(
        "auth.hs256_secret",
        r#""at-least-32-random-bytes""#,
        "Secret of at least 32 bytes that signs tokens (HS256). Set this or jwks_file, not both.",
    )
    .secret(),
    Key::unset(
        "auth.jwks_file",
        r#""jwks.json""#,
        "File with the public keys of tokens (RS256, ES256, EdDSA).",
    ),
    Key::unset("auth.issuer", r#""https://idp.example.com/""#, "The `iss` that every token must have."),
    Key::unset(
        "auth.audience",
        r#""countersign""#,
        "The `aud` that every token must have, or have in its list.",
    ),
    Key::number("auth.leeway_seconds", "30", (0, 120), "Tolerated clock skew of the token issuer."),
    Key::number(
        "auth.max_ttl_seconds",
        "3600",
        (1, 86_400),
        "Longest time between a token's `iat` and `exp`.",
    ),
    Key::text("auth.claim_sub", r#""sub""#, "Claim with the subject: the identity of the person."),
    Key::text(
        "auth.claim_user_id",
        r#""userId""#,
        "Claim with the user id; the subject where a token has none.",
    ),
    Key::text(
        "auth.claim_user_name",
        r#""userName""#,
        "Claim with the user name; the subject where a token has none.",
    ),
    Key::text(
        "auth.claim_org_id",
        r#""orgId""#,
        "Claim with the org: a string, an integer, or a list of them.",
    ),
    Key::text("auth.claim_permissions", r#""permissions""#, "Claim with the list of permissions."),
    Key::text("auth.claim_groups", r#""groups""#, "Claim with the list of groups, for approval policies."),
    Key::text(
        "gateway.mode",
        r#""off""#,
        "Whether every API call must come through a client: off or required.",
    ),
    Key::number(
        "gateway.token_ttl_seconds",
        "3600",
        (60, 2_592_000),
        "How long the token of an OAuth client is good.",
    ),
    Key::list(
        "gateway.groups",
        "[]",
        "Access groups of clients beside `default`, each with name, types and calls.",
    ),
    Key::number(
        "requests.pending_ttl_seconds",
        "2592000",
        (1, 315_360_000),
        "How long a request waits for a decision before it expires, unless its type says otherwise.",
    ),
    Key::number(
        "requests.approval_ttl_seconds",
        "3600",
        (1, 315_360_000),
        "How long an approved request waits for its execution before it expires, unless its type says otherwise.",
    ),
    Key::unset(
        "types.dir",
        r#""types""#,
        "Folder with request types, one TOML file each; they take precedence over the embedded ones.",
    ),
    Key::unset("people.file", r#""people.toml""#, "File with people, their accounts and groups (TOML)."),
    Key::unset(
        "subscriptions.file",
        r#""subscriptions.toml""#,
        "File with the subscriptions: which systems are told of changes (TOML).",
    ),
    Key::unset(
        "web.public_url",
        r#""https://approve.example.com""#,
        "Where browsers reach the pages: https, or http on a loopback host. Needed to sign in.",
    ),
    Key::text("web.environment", r#""""#, "A label that every page shows, such as Production."),
    Key::unset(
        "web.oidc_issuer",
        r#""https://idp.example.com/""#,
        "Identity provider (OpenID Connect) that people sign in with. Without one there are no pages.",
    ),
    Key::unset("web.oidc_client_id", r#""countersign-pages""#, "This service's client id there."),
    Key::unset(
        "web.oidc_client_secret",
        r#""secret-of-this-client""#,
        "The client's secret; leave it out for a public client.",
    )
    .secret(),
    Key::text("web.oidc_scopes", r#""openid profile email""#, "The scopes to ask for."),
    Key::number(
        "web.session_idle_seconds",
        "1800",
        (300, 86_400),
        "A session ends after this time without activity.",
    ),
    Key::number(
        "web.session_max_seconds",
        "28800",
        (300, 604_800),
        "A session ends after this time in any case.",
    ),
    Key::number(
        "executor.decision_wait_ms",
        "10000",
        (0, 60_000),
        "How long the answer to a decision waits for the outcome of the call.",
    ),
    Key::number("executor.concurrency", "64", (1, 1024), "Concurrent calls to targets."),
    Key::number("executor.concurrency_per_host", "8", (1, 1024), "Concurrent calls to one target host."),
    Key::number(
        "executor.lease_ms",
        "15000",
        (300, 600_000),
        "How long a node keeps a call without renewing its claim; renewed at a third of it.",
    ),
    Key::number("executor.dns_timeout_ms", "2000", (1, 60_000), "Time to look up a target's addresses."),
    Key::number(
        "executor.connect_timeout_ms",
        "3000",
        (1, 60_000),
        "Time to connect to one address of a target; TLS counts in total_timeout_ms.",
    ),
    Key::number(
        "executor.total_timeout_ms",
        "30000",
        (1, 600_000),
        "Time for a whole call to a target, from the start of its attempt.",
    ),
    Key::number(
        "executor.answer_bytes_max",
        "1048576",
        (1024, 16_777_216),
        "Bytes kept of a target's answer; the rest is cut off.",
    ),
    Key::text("log.format", r#""text""#, "Log lines on stderr: text or json."),
    Key::text(
        "log.level",
        r#""info""#,
        "error, warn, info, debug, trace, or a filter such as info,countersign=debug.",
    ),
    Key::list("orgs", "[]", "What is set for single orgs, each with its id."),
    Key::list("targets", "[]", "The hosts that may be called; none by default."),
    Key::list("credentials", "[]", "The credentials that calls of request types may be sent with, by name."),
];

/// The keys of one entry of `targets`, in the order of `config.example.toml`.
pub const TARGET_KEYS: &[Key] = &[
    Key::unset("scheme", r#""https""#, "http or https."),
    Key::unset("host", r#""api.example.com""#, "The exact host, in lower case; an IPv6 address in brackets."),
    Key {
        kind: Kind::List,
        ..Key::unset("ports", "[443]", "The ports that may be called; the scheme's port if absent.")
    },
    Key::text("label", r#""""#, "A label that checkers see beside the call, such as Production."),
    Key::list("allow_cidrs", "[]", "Networks of private or loopback addresses that this host may have."),
    Key::unset(
        "ca_file",
        r#""internal-ca.pem""#,
        "Trust only the authorities in this PEM file for this host (https).",
    ),
];

/// The keys of one entry of `credentials`, in the order of `config.example.toml`. The kinds have different ones.
pub const CREDENTIAL_KEYS: &[Key] = &[
    Key::unset("name", r#""core-banking""#, "The name by which request types and people call it."),
    Key {
        kind: Kind::List,
        ..Key::unset(
            "targets",
            r#"["https://api.example.com"]"#,
            "Where it may go, each allowed by `[[targets]]`.",
        )
    },
    Key::unset("header", r#""authorization""#, "A header that it sets. Or token_url, or client_cert_file."),
    Key::unset(
        "value_file",
        r#""core-banking.txt""#,
        "The file with the header's value, read for each call.",
    ),
    Key::unset(
        "value_env",
        r#""CORE_BANKING""#,
        "The environment variable with the header's value, instead.",
    ),
    Key::unset(
        "token_url",
        r#""https://idp.example.com/token""#,
        "Where a bearer token is got by OAuth client credentials.",
    ),
    Key::unset("client_id", r#""countersign""#, "The OAuth client's id."),
    Key::unset("client_secret_file", r#""client-secret.txt""#, "The file with the OAuth client's secret."),
    Key::unset("client_secret_env", r#""CLIENT_SECRET""#, "The environment variable with it, instead."),
    Key::unset("scope", r#""transfers""#, "The scope to ask for."),
    Key::unset("client_cert_file", r#""client.pem""#, "The PEM file of a client certificate (mTLS)."),
    Key::unset("client_key_file", r#""client-key.pem""#, "The PEM file of its private key."),
];

/// The keys of one entry of `gateway.groups`.
pub const GROUP_KEYS: &[Key] = &[
    Key::unset("name", r#""badges""#, "The name of the access group."),
    Key {
        kind: Kind::List,
        ..Key::unset(
            "types",
            r#"["ISSUE-BADGE"]"#,
            "The request types that may be submitted and decided; all if absent.",
        )
    },
    Key {
        kind: Kind::List,
        ..Key::unset(
            "calls",
            r#"["submit", "read"]"#,
            "The calls: submit, decide, withdraw, comment, read, audit; all if absent.",
        )
    },
];

/// The keys of one entry of `orgs`.
pub const ORG_KEYS: &[Key] = &[
    Key::unset("id", r#""100""#, "The org's id, as tokens name it."),
    Key::flag(
        "opened_by",
        "true",
        "Whether the pages keep who opened a request, and mark what somebody has not opened yet.",
    ),
];

/// The secret key whose second form has this name.
pub(super) fn find_by_file_form(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.file_form().as_deref() == Some(name))
}

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
