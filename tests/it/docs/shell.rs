//! Every shell block of README and of the tutorial is run: by the real binary, against real services.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::blocks;
use crate::support::{read, root};

/// A document whose blocks are pasted one after another into one shell.
struct Journey {
    file: &'static str,
    /// The lines that build the binary; it is there already.
    build: &'static str,
    /// The ports that it uses, Countersign's first; each is replaced by a free one.
    ports: [&'static str; 2],
    /// What it says is on the screen, in this order.
    screen: &'static [&'static str],
}

const README: Journey = Journey {
    file: "README.md",
    build: "cargo build --release\nPATH=\"$PWD/target/release:$PATH\"\n",
    ports: ["8080", "8090"],
    screen: &[
        "listening on http://127.0.0.1:",
        r#""state":"AdminTask""#,
        r#""state":"executed""#,
        r#""IntouchAPITask_Output":"#,
        r#""type":"submitted""#,
        r#""type":"approved""#,
        r#""type":"executed""#,
        "658de01c823d1b70aabcfaae",
    ],
};

const TUTORIAL: Journey = Journey {
    file: "docs/tutorial.md",
    build: "cargo build\nPATH=\"$PWD/target/debug:$PATH\"\n",
    ports: ["8080", "8095"],
    screen: &[
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
    ],
};

/// How a shell block is run.
enum Block {
    /// `cargo run --release -- …`: the binary with these arguments.
    Binary(Vec<String>),
    /// `./scripts/test`: the suite, which can't run inside itself.
    Suite,
    /// A part of the journey.
    Journey(String),
}

fn shell_blocks(file: &str) -> Vec<Block> {
    let mut found = Vec::new();
    for (info, text) in blocks(&read(file)) {
        assert!(!["bash", "shell", "console"].contains(&info.as_str()), "{file}: write ```sh, not ```{info}");
        if info != "sh" {
            continue;
        }
        found.push(match text.trim_end() {
            "./scripts/test" => Block::Suite,
            line => match line.strip_prefix("cargo run --release -- ") {
                Some(arguments) => Block::Binary(arguments.split_whitespace().map(str::to_owned).collect()),
                None => Block::Journey(text),
            },
        });
    }
    found
}

/// A port that is free at this moment.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// The binary, or a shell, without a developer's own settings.
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    let own = std::env::vars_os().map(|(name, _)| name);
    for name in own.filter(|name| name.to_string_lossy().starts_with("COUNTERSIGN")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

impl Journey {
    /// The blocks as a script: the binary is there already, and each port is a free one.
    fn script(&self) -> String {
        let blocks = shell_blocks(self.file).into_iter().filter_map(|block| match block {
            Block::Journey(text) => Some(text),
            Block::Binary(_) | Block::Suite => None,
        });
        let blocks: String = blocks.collect();
        let folder = "cd \"$WORK\"\n";
        assert!(blocks.starts_with(self.build) && blocks.contains(folder), "{blocks}");
        let ([own, target], [own_free, target_free]) = (self.ports, [free_port(), free_port()]);
        let blocks = blocks.replacen(self.build, "", 1).replace(own, &own_free).replace(target, &target_free);
        let files = format!("$(grep -rl --include='*.toml' {target} .)");
        let moved = format!("{folder}sed -i.old s/{target}/{target_free}/ {files}\n");
        let blocks = blocks.replacen(folder, &moved, 1);
        let start = "set -eu\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n";
        format!(
            "{start}export COUNTERSIGN__SERVER__LISTEN=127.0.0.1:{own_free}\n{blocks}wait\necho 'the end'\n"
        )
    }

    /// The screen after the script, run in the repository's folder.
    fn screen(&self) -> String {
        let folder = tempfile::tempdir().unwrap();
        let binary = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let mut command = command("timeout");
        command.args(["-k", "5", "120", "bash", "-c", &self.script()]);
        let output =
            command.env("PATH", path).env("TMPDIR", folder.path()).current_dir(root()).output().unwrap();
        let (out, errors) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert!(out.ends_with("the end\n"), "it broke off:\n{out}\n{errors}");
        out
    }

    /// Runs it, and checks what it says is on the screen.
    fn run(&self) -> String {
        let screen = self.screen();
        let mut rest = screen.as_str();
        for part in self.screen {
            let at = rest.find(part).unwrap_or_else(|| panic!("{part} is missing or too early:\n{screen}"));
            rest = &rest[at + part.len()..];
        }
        screen
    }
}

#[test]
fn the_journey_of_the_readme_ends_with_a_badge() {
    let screen = README.run();
    assert_eq!(screen.matches("listening on").count(), 2, "{screen}");
    let (_, sandbox) = screen.rsplit_once(r#""type":"executed""#).unwrap();
    assert_eq!(sandbox.matches(r#""customerId":113460811"#).count(), 1, "one badge, once:\n{sandbox}");
}

#[test]
fn the_tutorial_puts_an_api_behind_two_people() {
    let screen = TUTORIAL.run();
    assert_eq!(screen.matches(r#""id": "travel-"#).count(), 1, "one transfer, once:\n{screen}");
    let ids: Vec<&str> = screen.split(r#""requestId":""#).skip(1).map(|after| &after[..36]).collect();
    assert!(ids.len() >= 2 && ids.iter().all(|id| *id == ids[0]), "one key is one request: {ids:?}");
}

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already in a test that passed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_demo_of_the_readme_tells_its_story_and_stays_until_it_is_stopped() {
    let found = shell_blocks(README.file).into_iter().filter_map(|block| match block {
        Block::Binary(arguments) => Some(arguments),
        Block::Suite | Block::Journey(_) => None,
    });
    let found: Vec<Vec<String>> = found.collect();
    assert_eq!(found, [["demo"]]);
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(env!("CARGO_BIN_EXE_countersign"));
    command.args(&found[0]).args(["--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"]);
    command.env("TMPDIR", folder.path()).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut stdout = BufReader::new(running.0.stdout.take().unwrap());
    let mut screen = String::new();
    while !screen.lines().last().unwrap_or_default().ends_with("/sandbox") || !screen.contains("Ctrl-C") {
        assert!(stdout.read_line(&mut screen).unwrap() > 0, "it broke off:\n{screen}");
    }
    for part in ["Done: the call that was approved", "sign in as Chen: one click"] {
        assert!(screen.contains(part), "{part} is missing:\n{screen}");
    }
    let id = running.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    stdout.read_to_string(&mut screen).unwrap();
    assert!(running.0.wait().unwrap().success(), "{screen}");
}

#[test]
fn the_suite_of_the_readme_is_the_one_that_is_run_for_every_change() {
    let count = |file: &str| shell_blocks(file).iter().filter(|block| matches!(block, Block::Suite)).count();
    assert_eq!(count(README.file), 1);
    let mode = std::fs::metadata(root().join("scripts/test")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "scripts/test is not executable");
    let run = read(".ci/run");
    assert!(run.lines().last().unwrap().ends_with("/../scripts/test\""), "{run}");
}

#[test]
fn the_tutorial_has_only_its_journey() {
    let blocks = shell_blocks(TUTORIAL.file);
    assert!(blocks.len() > 5 && blocks.iter().all(|block| matches!(block, Block::Journey(_))));
}
