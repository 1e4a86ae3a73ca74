use super::*;

fn load(file: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, file).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), env, Flags::default())
        .map_err(|errors| errors.to_string().replace(&path.display().to_string(), "c.toml"))
}

/// What is wrong, without the heading.
fn faults(file: &str, env: &[(&str, &str)]) -> Vec<String> {
    let text = load(file, env).expect_err("this is not a usable configuration");
    text.lines().skip(1).map(|line| line.trim_start().to_owned()).collect()
}

#[test]
fn every_default_and_every_example_but_that_of_the_secret_is_accepted() {
    let _ = Config::default();
    for key in KEYS.iter().filter(|key| key.default.is_none()) {
        // The provider's keys are only good together.
        let is_set = |other: &&Key| other.name == key.name || both_name_the_provider(other, key);
        let example = |key: &Key| {
            let text: toml::Value = key.example.parse().unwrap();
            (key.variable(), text.as_str().unwrap().to_owned())
        };
        let env = KEYS.iter().filter(|other| other.default.is_none()).filter(is_set).map(example);
        let loaded = Config::load(None, env, Flags::default());
        // Too short on purpose: an example is known to everyone and must not sign tokens.
        assert_eq!(loaded.is_ok(), key.name != "auth.hs256_secret", "{}", key.name);
    }
}

fn both_name_the_provider(one: &Key, other: &Key) -> bool {
    [one, other].iter().all(|key| key.name.starts_with("web."))
}

#[test]
fn a_provider_is_named_with_all_that_it_takes() {
    let reported = faults("[web]\noidc_issuer = \"https://id.example.com\"", &[]);
    insta::assert_snapshot!(reported.join("\n"), @r"
    web.oidc_client_id: it is missing: people sign in with an identity provider only if web.oidc_issuer, web.oidc_client_id and web.public_url are set
    web.public_url: it is missing: people sign in with an identity provider only if web.oidc_issuer, web.oidc_client_id and web.public_url are set
    ");
    let reported = faults("[web]\noidc_client_id = \"a\"\npublic_url = \"http://10.0.0.1\"", &[]);
    insta::assert_snapshot!(reported.join("\n"), @r#"web.public_url = "http://10.0.0.1" (from file c.toml): write https://HOST or https://HOST:PORT without a path, or http:// with a loopback host"#);
    let file = "[web]\noidc_issuer = \"https://id.example.com\"\noidc_client_id = \"a\"\n\
                public_url = \"https://approve.example.com/\"";
    let provider = load(file, &[]).unwrap().web.oidc.unwrap();
    assert_eq!(provider.public_url, "https://approve.example.com");
    assert!(load("[web]\npublic_url = \"https://approve.example.com\"", &[]).unwrap().web.oidc.is_none());
}

#[test]
fn a_stronger_source_wins() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n[log]\nformat = \"json\"";
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), file).unwrap();
    let env = [("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:2"), ("COUNTERSIGN__SERVER__WORKERS", "4")];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
    let config = Config::load(Some(path.path()), env.into_iter(), flags).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.workers, 4);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.server.shutdown_ms, 20_000);
}

#[test]
fn other_environment_names_are_never_read() {
    let env = [
        ("SERVER__WORKERS", "9"),
        ("COUNTERSIGN_SERVER__WORKERS", "9"),
        ("DATABASE_URL", "x"),
        ("RUST_LOG", "x"),
    ];
    assert_eq!(load("", &env).unwrap().server.workers, 2);
}

#[test]
fn all_faults_are_told_at_once_with_key_and_source() {
    let file = r#"
        lisen = 1
        [server]
        workers = 65
        shutdown_ms = "soon"
        colour = "blue"
        [sever]
        workers = 1
        [auth]
        hs256_secret = "short"
    "#;
    let env = [
        ("COUNTERSIGN__EXECUTOR__CONCURRENCY", "0"),
        ("COUNTERSIGN__EXECUTOR__CONCURENCY", "1"),
        ("COUNTERSIGN__STORE__QUEUE_MAX", "many"),
        ("COUNTERSIGN__TARGETS", "[{"),
    ];
    let mut reported = faults(file, &env);
    reported.sort();
    insta::assert_snapshot!(reported.join("\n"), @r#"
    COUNTERSIGN__EXECUTOR__CONCURENCY (from environment COUNTERSIGN__EXECUTOR__CONCURENCY): there is no such key
    auth.hs256_secret = *** (from file c.toml): write a text of at least 32 bytes
    executor.concurrency = 0 (from environment COUNTERSIGN__EXECUTOR__CONCURRENCY): write a number from 1 to 1024
    lisen (from file c.toml): there is no such key
    server.colour (from file c.toml): there is no such key
    server.shutdown_ms = "soon" (from file c.toml): write a number from 0 to 600000
    server.workers = 65 (from file c.toml): write a number from 1 to 64
    sever (from file c.toml): there is no such key
    store.queue_max = "many" (from environment COUNTERSIGN__STORE__QUEUE_MAX): write a number from 1 to 65536
    targets = "[{" (from environment COUNTERSIGN__TARGETS): write a list of tables
    "#);
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let rows = [
        ("[server]\nlisten = \"localhost\"", "server.listen"),
        ("[server]\nutc_offset = \"+0530\"", "server.utc_offset"),
        ("[server]\nutc_offset = \"+05:30x\"", "server.utc_offset"),
        ("[server]\nworkers = 1.0", "server.workers"),
        ("[store]\nurl = \"mysql://u:p@h/d\"", "store.url"),
        ("[auth]\nissuer = \"\"", "auth.issuer"),
        ("[auth]\nclaim_sub = \"\"", "auth.claim_sub"),
        ("[auth]\nleeway_seconds = 121", "auth.leeway_seconds"),
        ("[log]\nformat = \"xml\"", "log.format"),
        ("[log]\nlevel = \"inof\"", "log.level"),
        ("[log]\nlevel = \"\"", "log.level"),
        ("[log]\nlevel = \"a=b=c\"", "log.level"),
        ("orgs = 1", "orgs"),
        ("orgs = [1]", "orgs[0]"),
        ("[[orgs]]\nid = 100", "orgs[0].id"),
        ("[[orgs]]\nid = \"100\"\nopened_by = \"no\"", "orgs[0].opened_by"),
        ("targets = 1", "targets"),
        ("targets = [1]", "targets[0]"),
    ];
    for (file, key) in rows {
        let reported = faults(file, &[]);
        assert_eq!(reported.len(), 1, "{file}: {reported:?}");
        assert!(reported[0].starts_with(&format!("{key} = ")), "{file}: {reported:?}");
    }
}

#[test]
fn a_filter_is_a_level_too() {
    for level in ["off", "DEBUG", "info,countersign=debug", "countersign=trace"] {
        assert!(load(&format!("[log]\nlevel = \"{level}\""), &[]).is_ok(), "{level}");
    }
}

#[test]
fn a_syntax_error_names_file_and_line_but_not_the_text_of_the_line() {
    let reported = faults("[auth]\n\nhs256_secret = \"my-very-own-secret\n", &[]);
    assert!(reported[0].starts_with("file c.toml, line 3: "), "{reported:?}");
    assert!(!reported.concat().contains("very-own"), "{reported:?}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let errors =
        Config::load(Some(Path::new("no/such.toml")), std::iter::empty(), Flags::default()).unwrap_err();
    assert!(errors.to_string().contains("file no/such.toml: it cannot be read: "), "{errors}");
}

#[test]
fn no_message_shows_a_secret() {
    let env = [
        ("COUNTERSIGN__AUTH__HS256_SECRET", "hunter2"),
        ("COUNTERSIGN__AUTH__HS256_SECRT", "hunter2"),
        ("COUNTERSIGN__STORE__URL", "mysql://user:hunter2@host/db"),
        ("COUNTERSIGN__HUNTER", "hunter2"),
    ];
    let reported = faults("", &env).join("\n");
    assert!(!reported.contains("hunter2"), "{reported}");
    assert!(reported.contains("mysql://user:***@host/db"), "{reported}");
}

#[test]
fn a_standby_is_asked_for_by_true_or_false_and_only_of_postgresql() {
    let asked =
        |url: &str, value: &str| format!("[store]\nurl = \"{url}\"\nrequire_sync_standby = {value}\n");
    let config = load(&asked("postgres://u@h/d", "true"), &[]).unwrap();
    assert!(config.store.require_sync_standby);
    let variable = ("COUNTERSIGN__STORE__REQUIRE_SYNC_STANDBY", "true");
    let of_sqlite = "store.require_sync_standby: SQLite has no standby: use PostgreSQL, or leave the key out";
    assert_eq!(faults(&asked("sqlite://a.db", "false"), &[variable]), [of_sqlite]);
    let [refused] = &faults(&asked("postgres://u@h/d", "\"yes\""), &[])[..] else { panic!("not one fault") };
    assert!(refused.ends_with("write true or false"), "{refused}");
}

#[test]
fn two_key_sources_are_refused() {
    let secret = "x".repeat(32);
    let env = [("COUNTERSIGN__AUTH__HS256_SECRET", secret.as_str())];
    let reported = faults("[auth]\njwks_file = \"keys.json\"", &env);
    insta::assert_snapshot!(reported.join("\n"), @"auth.jwks_file (from file c.toml): auth.hs256_secret is set too (from environment COUNTERSIGN__AUTH__HS256_SECRET): set one of them");
}

#[test]
fn what_auth_still_needs_is_named() {
    let missing = Config::default().auth.require().unwrap_err().to_string();
    insta::assert_snapshot!(missing, @"tokens can't be checked yet: set one of auth.hs256_secret and auth.jwks_file, auth.issuer, auth.audience");
    let file = "[auth]\njwks_file = \"k\"\naudience = \"a\"";
    assert!(load(file, &[]).unwrap().auth.require().unwrap_err().to_string().ends_with("set auth.issuer"));
    let file = "[auth]\njwks_file = \"k\"\naudience = \"a\"\nissuer = \"i\"";
    assert!(load(file, &[]).unwrap().auth.require().is_ok());
}

#[test]
fn targets_are_read_from_the_file_or_the_environment() {
    let file = "[[targets]]\nscheme = \"https\"\nhost = \"api.example.com\"\nlabel = \"Production\"";
    let config = load(file, &[]).unwrap();
    assert_eq!(config.targets.list[0].ports, [443]);
    let list = r#"[{scheme="http", host="[::1]", ports=[8080, 8081], allow_cidrs=["::1/128"]}]"#;
    let config = load(file, &[("COUNTERSIGN__TARGETS", list)]).unwrap();
    assert_eq!(config.targets.list.len(), 1);
    assert_eq!(config.targets.list[0].host, "[::1]");
    assert_eq!(config.targets.list[0].ports, [8080, 8081]);
}

#[test]
fn a_target_host_is_a_name_or_an_address_in_its_usual_spelling() {
    let accepted = ["localhost", "api-1.example.com", "127.0.0.1", "[::1]", "1.example"];
    let refused =
        ["", "a b", "a.", ".a", "a..b", "A", "a/b", "a:1", "u@a", "::1", "[::1", "[::A]", "[a]", "é"];
    let odd_addresses = ["127.1", "2130706433", "0x7f.0.0.0x1", "0177.0.0.1", "256.1.1.1"];
    let file = |host: &str| format!("[[targets]]\nscheme = \"http\"\nhost = \"{host}\"");
    for host in accepted {
        assert!(load(&file(host), &[]).is_ok(), "{host}");
    }
    for host in refused.iter().chain(&odd_addresses) {
        assert!(load(&file(host), &[]).is_err(), "{host}");
    }
}

#[test]
fn every_fault_of_every_target_is_told() {
    let file = r#"
        targets = [
            { scheme = "ftp", host = "Api.example.com", ports = [0], hots = 1 },
            { host = "a:80", label = "two words", allow_cidrs = ["10.0.0.0/33"] },
            { scheme = "http", host = "a", ca_file = "/dev/null" },
            { scheme = "https", host = "a", ca_file = "no/such.pem" },
            { scheme = "https", host = "b" },
            { scheme = "https", host = "b", ports = [8443, 443] },
        ]
    "#;
    insta::assert_snapshot!(faults(file, &[]).join("\n"), @r#"
    targets[0].scheme = "ftp" (from file c.toml): write "http" or "https"
    targets[0].host = "Api.example.com" (from file c.toml): write the exact host in lower case, without scheme or port
    targets[0].ports = [0] (from file c.toml): write a list of different ports from 1 to 65535
    targets[0].hots (from file c.toml): there is no such key
    targets[1].scheme (from file c.toml): it is missing: write "http" or "https"
    targets[1].host = "a:80" (from file c.toml): write the exact host in lower case, without scheme or port
    targets[1].label = "two words" (from file c.toml): write one word of at most 40 characters
    targets[1].allow_cidrs = ["10.0.0.0/33"] (from file c.toml): write a list of networks such as "10.0.0.0/8"
    targets[2].ca_file = "/dev/null" (from file c.toml): leave it out: http has no certificates
    targets[3].ca_file = "no/such.pem" (from file c.toml): write a file that can be read: No such file or directory (os error 2)
    targets[5] (from file c.toml): targets[4] already names this scheme, host and port
    "#);
}

#[test]
fn the_effective_values_can_be_loaded_again() {
    let file =
        "[[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = [1]\nallow_cidrs = [\"127.0.0.0/8\"]";
    let config = load(file, &[]).unwrap();
    let again = load(&config.render_effective(), &[]).unwrap();
    assert_eq!(format!("{config:?}"), format!("{again:?}"));
}

#[test]
fn the_effective_values_name_every_key_and_no_secret() {
    let secret = "s3cret-".repeat(5);
    let env = [
        ("COUNTERSIGN__AUTH__HS256_SECRET", secret.as_str()),
        ("COUNTERSIGN__STORE__URL", "postgres://user:s3cret-@host/db"),
    ];
    let config = load("", &env).unwrap();
    let names: Vec<&str> = render::values(&config).into_iter().map(|(name, _)| name).collect();
    let table: Vec<&str> = KEYS.iter().map(|key| key.name).filter(|name| !LISTS.contains(name)).collect();
    assert_eq!(names, table);
    assert!(!config.render_effective().contains("s3cret-"));
    assert!(!format!("{config:?}").contains("s3cret-"));
    assert!(config.render_effective().contains("hs256_secret = \"***\""));
}

#[test]
fn the_example_file_has_every_key_with_its_default_and_its_meaning() {
    let example = include_str!("../../config.example.toml");
    assert_eq!(example, example_from_table(), "config.example.toml differs from the table of keys");
    assert_eq!(format!("{:?}", load(example, &[]).unwrap()), format!("{:?}", Config::default()));
}

#[test]
fn the_example_of_a_target_is_accepted() {
    let example = include_str!("../../config.example.toml");
    let target =
        &example[example.find("# [[targets]]").unwrap()..example.find("# The credentials that").unwrap()];
    let lines =
        target.lines().filter(|line| !line.contains("ca_file")).map(|line| line.trim_start_matches("# "));
    let config = load(&lines.collect::<Vec<_>>().join("\n"), &[]).unwrap();
    assert_eq!(config.targets.list.len(), 1);
}

#[test]
fn the_example_of_an_access_group_is_accepted_and_printed_again() {
    let example = include_str!("../../config.example.toml");
    let group =
        &example[example.find("# [[gateway.groups]]").unwrap()..example.find("# What is set for").unwrap()];
    let lines = group.lines().map(|line| line.trim_start_matches("# "));
    let config = load(&lines.collect::<Vec<_>>().join("\n"), &[]).unwrap();
    assert_eq!(config.gateway.groups.len(), 1);
    assert!(config.gateway.groups[0].types.is_some() && config.gateway.groups[0].calls.is_some());
    let again = load(&config.render_effective(), &[]).unwrap();
    assert_eq!(format!("{config:?}"), format!("{again:?}"));
}

#[test]
fn every_fault_of_every_access_group_is_told() {
    let file = r#"
        [gateway]
        mode = "on"
        groups = [
            { name = "default" },
            { types = [], calls = ["approve"], colour = 1 },
            { name = "a" },
            { name = "a" },
            7,
        ]
    "#;
    insta::assert_snapshot!(faults(file, &[]).join("\n"), @r#"
    gateway.mode = "on" (from file c.toml): write off or required
    gateway.groups[0].name = "default" (from file c.toml): write a name of visible ASCII other than default
    gateway.groups[1].name (from file c.toml): it is missing
    gateway.groups[1].types = [] (from file c.toml): write a list of request types such as ISSUE-BADGE
    gateway.groups[1].calls = ["approve"] (from file c.toml): write a list of submit, decide, withdraw, comment, read and audit
    gateway.groups[1].colour (from file c.toml): there is no such key
    gateway.groups[3] (from file c.toml): there is a group a already
    gateway.groups[4] = 7 (from file c.toml): write a table
    "#);
}

/// The lists of tables that have no section.
const LISTS: [&str; 3] = ["orgs", "targets", "credentials"];

/// The text of `config.example.toml`, as the tables of keys have it.
fn example_from_table() -> String {
    let mut text = String::from(
        "# Every key with its default. A key without a default is commented out, with an example.\n\
         # The environment variable COUNTERSIGN__SECTION__KEY sets a key too; flags are stronger still.\n\
         # A key that is a secret may be in a file: url_file, hs256_secret_file and oidc_client_secret_file name it.\n",
    );
    let mut section = "";
    for key in KEYS.iter().filter(|key| !LISTS.contains(&key.name)) {
        let (its_section, name) = key.parts();
        if its_section != section {
            section = its_section;
            text += &format!("\n[{section}]\n");
        }
        let comment = if key.default.is_none() { "# " } else { "" };
        text += &format!("# {}{}\n{comment}{name} = {}\n", key.meaning, range(key), written(key));
    }
    text += "\n# One access group of clients.\n# [[gateway.groups]]\n";
    for key in GROUP_KEYS {
        text += &format!("# {} = {} # {}\n", key.name, written(key), key.meaning);
    }
    for (list, keys) in LISTS.into_iter().zip([ORG_KEYS, TARGET_KEYS, CREDENTIAL_KEYS]) {
        text += &format!("\n# {}\n# [[{list}]]\n", keys::find(list).unwrap().meaning);
        for key in keys {
            text += &format!("# {} = {} # {}\n", key.name, written(key), key.meaning);
        }
    }
    text
}

fn written(key: &Key) -> &'static str {
    key.default.unwrap_or(key.example)
}

fn range(key: &Key) -> String {
    match key.kind {
        Kind::Integer { min, max } => format!(" From {min} to {max}."),
        Kind::Text | Kind::List | Kind::Flag => String::new(),
    }
}
