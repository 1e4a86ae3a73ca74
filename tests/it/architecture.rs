//! Who may name whom: reads the sources and checks the table in `ARCHITECTURE.md`.

use std::path::Path;

use crate::support::root;

/// A module, and what must not be named in it: our own modules by their path, crates by their name.
const RULES: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "crate::store",
            "crate::engine",
            "crate::executor",
            "crate::api",
            "crate::auth",
            "crate::catalog",
            "crate::config",
            "crate::clock",
            "crate::metrics",
            "crate::server",
            "crate::cli",
            "crate::sandbox",
            "crate::telemetry",
            "diesel",
            "actix_web",
            "tokio",
            "hyper",
            "hyper_util",
            "rustls",
            "tracing",
            "toml",
            "serde",
            "std::fs",
            "std::net::TcpStream",
            "std::env",
            "std::thread",
            "Utc::now",
            "SystemTime",
            "Instant",
        ],
    ),
    (
        "store",
        &[
            "crate::engine",
            "crate::executor",
            "crate::api",
            "crate::auth",
            "crate::config",
            "crate::server",
            "crate::cli",
            "crate::sandbox",
            "actix_web",
            "hyper",
            "jsonwebtoken",
        ],
    ),
    (
        "engine",
        &[
            "crate::executor",
            "crate::api",
            "crate::auth",
            "crate::catalog",
            "crate::config",
            "crate::server",
            "crate::cli",
            "crate::sandbox",
            "actix_web",
            "hyper",
            "diesel",
        ],
    ),
    (
        "executor",
        &[
            "crate::store",
            "crate::api",
            "crate::auth",
            "crate::server",
            "crate::cli",
            "crate::sandbox",
            "diesel",
            "actix_web",
        ],
    ),
    (
        "web",
        &[
            "crate::store",
            "crate::executor",
            "crate::server",
            "crate::cli",
            "crate::sandbox",
            "diesel",
            "hyper",
        ],
    ),
    (
        "api",
        &[
            "crate::store",
            "crate::executor",
            "crate::server",
            "crate::cli",
            "crate::sandbox",
            "diesel",
            "hyper",
        ],
    ),
    (
        "sandbox",
        &[
            "crate::domain",
            "crate::store",
            "crate::engine",
            "crate::executor",
            "crate::api",
            "crate::auth",
            "crate::config",
            "crate::metrics",
            "crate::server",
            "crate::cli",
            "crate::telemetry",
            "diesel",
        ],
    ),
    ("auth", &["crate::store", "crate::engine", "crate::api", "crate::clock", "diesel", "actix_web"]),
    (
        "catalog",
        &[
            "crate::store",
            "crate::engine",
            "crate::executor",
            "crate::api",
            "crate::auth",
            "crate::server",
            "crate::cli",
            "crate::sandbox",
            "diesel",
            "actix_web",
            "tokio",
            "hyper",
        ],
    ),
    ("config", &["crate::store", "crate::engine", "crate::api", "crate::executor", "diesel", "actix_web"]),
];

/// The lines that name what their module must not, as `line: what`. A path that climbs up to one of our
/// modules is found as well, unless the module has an `own` part of that name.
fn violations(source: &str, forbidden: &[&str], own: &[String]) -> Vec<String> {
    let product = without_tests(source);
    let mut found = Vec::new();
    for (number, line) in (1..).zip(product.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        let climbs = |name: &str| {
            let module = name.strip_prefix("crate::").filter(|module| !own.iter().any(|own| own == module));
            module.is_some_and(|module| names(code, &format!("super::{module}")))
        };
        for name in forbidden.iter().filter(|name| names(code, name) || climbs(name)) {
            found.push(format!("{number}: {name}"));
        }
    }
    // `use crate::{a, b}` and `use super::super::a` are one statement over several lines.
    for statement in product.split(';').filter(|statement| statement.contains("use crate::{")) {
        for name in forbidden.iter().filter_map(|name| Some((name, name.strip_prefix("crate::")?))) {
            let group = statement.split_once("use crate::{").map_or("", |(_, group)| group);
            if names(group, name.1) {
                found.push(format!("group: {}", name.0));
            }
        }
    }
    found
}

/// Whether `name` stands in `code` as a whole path: `diesel` not in `diesel_migrations` or `a_diesel`,
/// and a crate's name only at the beginning of a path; a type or `super` may stand anywhere in it.
fn names(code: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let ends = !after.starts_with(is_part);
        let is_path = name.contains("::") || name.starts_with(char::is_uppercase) || {
            after.starts_with("::") || code.trim_start().starts_with("use ") || after.starts_with([',', '}'])
        };
        let may_follow = name.starts_with(char::is_uppercase) || name.starts_with("super::");
        let is_first = may_follow || !code[..at].ends_with("::");
        let begins = is_first && !before.is_some_and(|c| is_part(c) || c == '"');
        begins && ends && is_path
    })
}

/// Tests may look anywhere.
fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests").next().unwrap_or(source)
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_tests = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_tests {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_tests {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

#[test]
fn every_module_names_only_what_it_may() {
    let mut found = Vec::new();
    for (module, forbidden) in RULES {
        let folder = root().join("src").join(module);
        let sources = sources(&folder);
        assert!(!sources.is_empty(), "{module} has no sources");
        let parts = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let own: Vec<String> =
            parts.filter_map(|part| Some(part.file_stem()?.to_str()?.to_owned())).collect();
        for (path, source) in sources {
            found.extend(
                violations(&source, forbidden, &own).into_iter().map(|what| format!("{path}:{what}")),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_planted_violation_is_found() {
    let forbidden = ["crate::store", "diesel", "Utc::now"];
    for planted in [
        "use crate::store::Store;",
        "use crate::{\n    clock::Clock,\n    store::Store,\n};",
        "use crate::{clock::Clock, store};",
        "fn f(conn: &mut crate::store::AnyConnection) {}",
        "use diesel::prelude::*;",
        "use diesel;",
        "    let now = chrono::Utc::now();",
        "use super::super::store::Store;",
        "#[derive(diesel::Queryable)]",
    ] {
        assert_eq!(violations(planted, &forbidden, &[]).len(), 1, "{planted}");
    }
    assert!(violations("use super::store::Row;", &forbidden, &["store".to_owned()]).is_empty());
    for innocent in [
        "use crate::domain::Store;",
        "//! Nothing here names crate::store or diesel::prelude.",
        "use diesel_migrations::embed_migrations;",
        "let store = self.store.clone();",
        "use crate::{domain::restore, clock};",
        "#[cfg(test)]\nmod tests {\n    use crate::store::Store;\n}",
    ] {
        assert_eq!(violations(innocent, &forbidden, &[]), [] as [&str; 0], "{innocent}");
    }
}

#[test]
fn the_domain_derives_no_wire_format() {
    for (path, source) in sources(&root().join("src/domain")) {
        let derives = without_tests(&source).lines().filter(|line| line.contains("derive("));
        for line in derives {
            assert!(!line.contains("Serialize") && !line.contains("Queryable"), "{path}: {line}");
        }
    }
}

#[test]
fn only_the_store_knows_sql() {
    let words = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "sql_query"];
    for (path, source) in sources(&root().join("src")) {
        if !path.contains("/src/store/") {
            let found: Vec<&&str> =
                words.iter().filter(|word| without_tests(&source).contains(**word)).collect();
            assert!(found.is_empty(), "{path}: {found:?}");
        }
    }
}
