//! Which module may use which, and how long a file may be: reads the sources and compares them with one allow-list, which `ARCHITECTURE.md` prints.
//!
//! Longer than 400 lines because the allow-list names every module and every crate, one a line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::root;

/// What one top-level module of `src/` may use.
struct Module {
    name: &'static str,
    /// Other modules of ours.
    modules: &'static [&'static str],
    /// Crates. The standard library is allowed, but for what [`NO_IO`] forbids to the domain.
    crates: &'static [&'static str],
}

const EVERY_MODULE: &[&str] = &["everything"];

/// The allow-list. Whatever is not named here is refused, so a new module or crate needs a line.
const MODULES: &[Module] = &[
    Module {
        name: "domain",
        modules: &[],
        crates: &[
            "cel",
            "chrono",
            "chrono_tz",
            "httpdate",
            "icu_casemap",
            "icu_normalizer",
            "icu_properties",
            "ipnet",
            "jsonschema",
            "mime",
            "percent_encoding",
            "regex",
            "regex_syntax",
            "rust_decimal",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "unicode_security",
            "uuid",
        ],
    },
    Module {
        name: "store",
        modules: &["domain", "fault_points"],
        crates: &[
            "chrono",
            "diesel",
            "diesel_migrations",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tracing",
            "uuid",
            "zstd",
        ],
    },
    Module {
        name: "engine",
        modules: &["store", "domain", "clock", "metrics", "fault_points"],
        crates: &["chrono", "futures_util", "serde_json", "thiserror", "tokio", "tracing", "uuid"],
    },
    Module {
        name: "executor",
        modules: &["engine", "domain", "secrets", "provider_http", "fault_points"],
        crates: &[
            "base64",
            "bytes",
            "chrono",
            "futures_util",
            "http_body_util",
            "hyper",
            "hyper_util",
            "percent_encoding",
            "reqwest",
            "rustix",
            "rustls",
            "rustls_native_certs",
            "thiserror",
            "tokio",
            "tokio_rustls",
            "tracing",
        ],
    },
    Module {
        name: "delivery",
        modules: &["engine", "executor", "domain"],
        crates: &["chrono", "serde_json", "standardwebhooks", "thiserror", "tokio", "tracing"],
    },
    Module {
        name: "http",
        modules: &["engine", "domain"],
        crates: &[
            "actix_web",
            "base64",
            "chrono",
            "csv",
            "futures_util",
            "percent_encoding",
            "schemars",
            "serde",
            "serde_json",
            "tokio",
            "tracing",
            "url",
        ],
    },
    Module {
        name: "gateway",
        modules: &["http", "engine", "domain"],
        crates: &["actix_web", "argon2", "aws_lc_rs", "base64", "chrono", "tokio", "tracing"],
    },
    Module {
        name: "api",
        modules: &["gateway", "http", "engine", "auth", "domain"],
        crates: &["actix_web", "chrono", "schemars", "serde_json", "tokio", "tracing"],
    },
    Module {
        name: "web",
        modules: &["http", "engine", "auth", "domain"],
        crates: &[
            "actix_web",
            "askama",
            "bytes",
            "chrono",
            "flate2",
            "futures_util",
            "percent_encoding",
            "serde",
            "serde_json",
            "tokio",
            "tracing",
            "uuid",
        ],
    },
    Module {
        name: "auth",
        modules: &["domain", "config", "provider_http"],
        crates: &[
            "anyhow",
            "aws_lc_rs",
            "base64",
            "chrono",
            "jsonwebtoken",
            "oauth2",
            "reqwest",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tracing",
            "url",
            "uuid",
        ],
    },
    Module { name: "catalog", modules: &["domain"], crates: &["base64", "serde_json", "toml"] },
    Module { name: "secrets", modules: &["domain"], crates: &[] },
    Module { name: "provider_http", modules: &[], crates: &["reqwest"] },
    Module {
        name: "config",
        modules: &["domain", "secrets"],
        crates: &["chrono", "ipnet", "percent_encoding", "thiserror", "toml", "tracing_subscriber", "url"],
    },
    Module {
        name: "sandbox",
        modules: &["clock"],
        crates: &[
            "actix_web",
            "base64",
            "bytes",
            "chrono",
            "futures_util",
            "serde",
            "serde_json",
            "tokio",
            "tracing",
        ],
    },
    Module { name: "clock", modules: &["fault_points"], crates: &["chrono", "uuid"] },
    Module { name: "fault_points", modules: &[], crates: &["chrono", "rustix"] },
    Module { name: "metrics", modules: &["domain"], crates: &["chrono", "prometheus_client"] },
    Module {
        name: "telemetry",
        modules: &["config"],
        crates: &["thiserror", "tracing", "tracing_subscriber"],
    },
    Module {
        name: "server",
        modules: EVERY_MODULE,
        crates: &["actix_web", "anyhow", "chrono", "rustix", "tokio", "tracing"],
    },
    Module {
        name: "cli",
        modules: EVERY_MODULE,
        crates: &["anyhow", "chrono", "clap", "reqwest", "serde_json", "tokio", "toml", "tracing", "uuid"],
    },
];

/// What the domain must not use of the standard library and of time: it does no I/O and reads no clock.
const NO_IO: [&str; 10] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Lines a file may have without a reason in its head comment.
const FILE_LINES_MAX: usize = 400;

impl Module {
    fn may_use(&self, module: &str) -> bool {
        self.modules == EVERY_MODULE || self.modules.contains(&module)
    }
}

/// A source file without comments and without its unit tests.
fn product_code(source: &str) -> String {
    let product = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source);
    let code = |line: &str| match line.find("//") {
        Some(at) if !line[..at].ends_with(':') => line[..at].to_owned(),
        Some(_) | None => line.to_owned(),
    };
    product.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The names that follow `prefix` in `code`: for `crate::` those of `crate::store` and of `crate::{a, b::c}`.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let is_path_start = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) if is_path_start => names.extend(group_names(group)),
            None if is_path_start => names.extend(identifier(rest)),
            Some(_) | None => {}
        }
    }
    names
}

/// The first name of each path in a group, up to the brace that closes it.
fn group_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut is_start) = (0_usize, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_start = true,
            c if c.is_whitespace() => {}
            _ => {
                if is_start && depth == 0 {
                    names.extend(identifier(&group[at..]));
                }
                is_start = false;
            }
        }
    }
    names
}

fn identifier(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// Modules of ours that a file uses: through `crate::`, or by climbing from a file `depth` folders below `src`.
fn modules_used(code: &str, depth: usize) -> BTreeSet<String> {
    let mut used = names_after(code, "crate::");
    used.extend(names_after(code, &"super::".repeat(depth + 1)));
    used
}

/// Crates of `Cargo.toml` that a file uses: `name::…`, `use name;` or an attribute's path.
fn crates_used(code: &str, crates: &[String]) -> BTreeSet<String> {
    let is_used = |name: &&String| {
        code.match_indices(name.as_str()).any(|(at, _)| {
            let begins = !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:.\"".contains(c));
            let rest = &code[at + name.len()..];
            let is_use = code[..at].ends_with("use ") && rest.starts_with(';');
            begins && (rest.starts_with("::") || is_use)
        })
    };
    crates.iter().filter(is_used).cloned().collect()
}

/// The crates that the product depends on, as Rust spells them.
fn dependencies() -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().map(|name| name.replace('-', "_")).collect()
}

/// Every source file below `folder`, with its text; files of unit tests are left out.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_tests = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_tests {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_tests {
            let source = std::fs::read_to_string(&path).unwrap();
            found.push((path, source));
        }
    }
    found
}

/// The top-level module that a file belongs to, and how many folders below `src` the file's module is.
fn place(path: &Path) -> (String, usize) {
    let inner = path.strip_prefix(root().join("src")).unwrap().with_extension("");
    let parts: Vec<_> = inner.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    let is_folder = parts.last().is_some_and(|name| name == "mod");
    (parts[0].clone(), parts.len() - 1 - usize::from(is_folder))
}

/// What a file uses that its module may not.
fn violations(module: &Module, code: &str, depth: usize, crates: &[String]) -> Vec<String> {
    let known = |name: &String| MODULES.iter().any(|module| module.name == name);
    let modules = modules_used(code, depth).into_iter().filter(known);
    let foreign = modules.filter(|name| name != module.name && !module.may_use(name));
    let crates = crates_used(code, crates).into_iter();
    let crates = crates.filter(|name| !module.crates.contains(&name.as_str()));
    let io = NO_IO.iter().filter(|name| module.name == "domain" && code.contains(**name));
    foreign.chain(crates).chain(io.map(|name| (*name).to_owned())).collect()
}

#[test]
fn every_module_uses_only_what_the_allow_list_names() {
    let crates = dependencies();
    let mut found = Vec::new();
    for (path, source) in sources(&root().join("src")) {
        let (name, depth) = place(&path);
        if ["lib", "main"].contains(&name.as_str()) {
            continue;
        }
        let module = MODULES.iter().find(|module| module.name == name);
        let module = module.unwrap_or_else(|| panic!("{name} is not on the allow-list"));
        let wrong = violations(module, &product_code(&source), depth, &crates);
        found.extend(wrong.into_iter().map(|what| format!("{}: {what}", path.display())));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_allow_list_names_every_module_and_nothing_that_is_gone() {
    let root = root();
    let library = std::fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let modules = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let listed: BTreeSet<&str> = MODULES.iter().map(|module| module.name).collect();
    assert_eq!(modules.collect::<BTreeSet<_>>(), listed);
    let mut used = vec![BTreeSet::new(); MODULES.len()];
    for (path, source) in sources(&root.join("src")) {
        let (name, depth) = place(&path);
        let Some(at) = MODULES.iter().position(|module| module.name == name) else { continue };
        let code = product_code(&source);
        used[at].extend(modules_used(&code, depth));
        used[at].extend(crates_used(&code, &dependencies()));
    }
    for (module, used) in MODULES.iter().zip(used) {
        let modules = module.modules.iter().filter(|_| module.modules != EVERY_MODULE);
        for name in modules.chain(module.crates) {
            assert!(used.contains(*name), "{} no longer uses {name}: take it off the list", module.name);
        }
    }
}

#[test]
fn the_document_prints_the_allow_list() {
    let document = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = document.split_once("\n## Dependencies\n").expect("the section Dependencies");
    let section = section.split("\n## ").next().unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let row = |module: &Module| {
        let may_use =
            if module.modules.is_empty() { "nothing".to_owned() } else { module.modules.join(", ") };
        format!("| {} | {may_use} |", module.name)
    };
    assert_eq!(rows, MODULES.iter().map(row).collect::<Vec<_>>());
}

#[test]
fn a_planted_violation_is_found() {
    let domain = &MODULES[0];
    let crates = ["diesel".to_owned(), "chrono".to_owned()];
    for planted in [
        "use crate::store::Store;",
        "use crate::{\n    domain::ids::OrgId,\n    store::Store,\n};",
        "use crate::{domain::{ids, json}, store};",
        "fn f(conn: &mut crate::store::AnyConnection) {}",
        "use diesel::prelude::*;",
        "use diesel;",
        "use super::super::web::Page;",
        "#[derive(diesel::Queryable)]",
        "let now = std::time::SystemTime::now();",
    ] {
        assert_eq!(violations(domain, &product_code(planted), 1, &crates).len(), 1, "{planted}");
    }
    for innocent in [
        "use crate::domain::store::Store;",
        "//! Nothing here names crate::store or diesel::prelude.",
        "use diesel_migrations::embed_migrations;",
        "let store = self.store.clone();",
        "use super::store::Row;",
        "#[cfg(test)]\nmod tests {\n    use crate::store::Store;\n}",
    ] {
        let found = violations(domain, &product_code(innocent), 1, &crates);
        assert!(found.is_empty(), "{innocent}: {found:?}");
    }
}

#[test]
fn the_domain_derives_no_wire_format() {
    for (path, source) in sources(&root().join("src/domain")) {
        let code = product_code(&source);
        for line in code.lines().filter(|line| line.contains("derive(")) {
            let path = path.display();
            assert!(!line.contains("Serialize") && !line.contains("Queryable"), "{path}: {line}");
        }
    }
}

#[test]
fn only_the_store_knows_sql() {
    let words = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "sql_query"];
    for (path, source) in sources(&root().join("src")) {
        if !path.starts_with(root().join("src/store")) {
            let code = product_code(&source);
            let found: Vec<_> = words.iter().filter(|word| code.contains(**word)).collect();
            assert!(found.is_empty(), "{}: {found:?}", path.display());
        }
    }
}

#[test]
fn a_file_that_is_too_long_says_why() {
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for path in files(&root().join(folder)) {
            let source = std::fs::read_to_string(&path).unwrap();
            let has_reason = source
                .lines()
                .take_while(|line| line.starts_with("//!"))
                .any(|line| line.contains("Longer than 400 lines because"));
            let lines = source.lines().count();
            if lines > FILE_LINES_MAX && !has_reason {
                found.push(format!("{}: {lines}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(below).filter(|path| path.extension().is_some_and(|name| name == "rs")).collect()
}

#[test]
fn names_become_addresses_in_one_place_only() {
    for folder in ["src/executor", "src/delivery"] {
        for (path, source) in sources(&root().join(folder)) {
            let code = product_code(&source);
            let looks_up = ["lookup_host", "ToSocketAddrs", "to_socket_addrs", "TcpStream::connect("]
                .iter()
                .any(|way| code.contains(way));
            let is_names = path.ends_with("src/executor/names.rs");
            assert_eq!(looks_up, is_names, "{}", path.display());
        }
    }
}
