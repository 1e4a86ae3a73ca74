//! README's section on an API of one's own, pasted block by block: the real binary and the real service.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{read, root};

const HEADING: &str = "\n## Put your own API behind two people\n";

/// What the section says is on the screen, in this order.
const SCREEN: [&str; 18] = [
    "TRANSFER.toml",
    "TRANSFER sha256:",
    "listening on http://127.0.0.1:",
    r#""state":"AdminTask""#,
    r#""summary":"Transfer 1250.00 from travel: Invoice 42""#,
    r#""requestId":""#,
    "refused_by_rule",
    r#""count":"1""#,
    r#""count":"0""#,
    "maker_is_checker",
    r#""state":"AdminTask""#,
    r#""iban": "DE89370400440532013000""#,
    r#""canDecide": true"#,
    "Finance: 0 of 1",
    "limit_nearly_used_up",
    r#""state":"executed""#,
    r#""iban":"••••""#,
    r#""balance": "3750.00""#,
];

/// The shell blocks of README's section, one after another.
fn blocks() -> String {
    let readme = read("README.md");
    let (_, section) = readme.split_once(HEADING).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.collect()
}

/// A port that nobody listens on at this moment.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// The blocks as a script: the binary is there already, and each port is a free one.
fn script() -> String {
    let (own, target) = (free_port(), free_port());
    let folder = "cd \"$WORK\"\n";
    let ports = format!("{folder}sed -i.old s/8095/{target}/ countersign.toml types/TRANSFER.toml\n");
    let blocks = blocks();
    let build = "cargo build\nPATH=\"$PWD/target/debug:$PATH\"\n";
    assert!(blocks.starts_with(build) && blocks.contains(folder), "{blocks}");
    let blocks = blocks.replacen(build, "", 1).replace("8080", &own).replace("8095", &target);
    let blocks = blocks.replacen(folder, &ports, 1);
    let start = "set -eu\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n";
    format!("{start}export COUNTERSIGN__SERVER__LISTEN=127.0.0.1:{own}\n{blocks}wait\n")
}

/// The screen after the script, run in the repository's folder.
fn screen() -> String {
    let folder = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("timeout");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COUNTERSIGN"))
    {
        command.env_remove(name);
    }
    command.args(["-k", "5", "120", "bash", "-c", &script()]).stdin(Stdio::null());
    let output = command.env("PATH", path).env("TMPDIR", folder.path()).current_dir(root()).output().unwrap();
    let (out, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(out.contains("balance"), "it broke off:\n{out}\n{told}");
    out
}

#[test]
fn an_api_of_ones_own_stands_behind_two_people_as_the_readme_says() {
    let screen = screen();
    let mut rest = screen.as_str();
    for part in SCREEN {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part} is missing or too early:\n{screen}"));
        rest = &rest[at + part.len()..];
    }
    assert_eq!(screen.matches(r#""id": "travel-"#).count(), 1, "one transfer, once:\n{screen}");
    let ids: Vec<&str> = screen.split(r#""requestId":""#).skip(1).map(|after| &after[..36]).collect();
    assert!(ids.len() >= 2 && ids.iter().all(|id| *id == ids[0]), "one key is one request: {ids:?}");
}
