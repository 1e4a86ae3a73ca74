//! The real binary, as an operator starts it.
//!
//! Longer than 400 lines because every test that starts the binary is here, with the helpers that they share.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use countersign::store::{Opener, Purpose, StoreUrl};
use diesel::connection::SimpleConnection;
use diesel::{QueryableByName, RunQueryDsl};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::client::Call;
use crate::support::pay_out::{AUTO_APPROVED, PAY_OUT, body_for, type_file};
use crate::support::people::{AUDIENCE, BASE, ISSUER, Person, SECRET, sign};
use crate::support::stores::Database;
use crate::support::target::Target;
use crate::support::{eventually, root};

/// The binary without a developer's own settings.
fn countersign(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let own = std::env::vars_os().map(|(name, _)| name);
    for name in own.filter(|name| name.to_string_lossy().starts_with("COUNTERSIGN__")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    countersign(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with a configuration that can check tokens.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite://{}\"\n[auth]\n\
             hs256_secret = \"{SECRET}\"\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\n",
            folder.path().join("test.db").display()
        );
        std::fs::write(folder.path().join("countersign.toml"), config).unwrap();
        Self { folder }
    }

    fn config(&self) -> String {
        self.path("countersign.toml").display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds to the configuration.
    fn configure(&self, more: &str) {
        let file = self.path("countersign.toml");
        let settings = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, settings + more).unwrap();
    }

    /// The folder that it takes its types from.
    fn with_types(&self) -> PathBuf {
        let types = self.path("types");
        std::fs::create_dir(&types).unwrap();
        self.configure(&format!("[types]\ndir = {:?}\n", types.display().to_string()));
        types
    }
}

/// A process that ends with its test.
struct Running {
    process: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        Self { process, stdout }
    }

    /// The line that says that it is ready; its address.
    fn ready(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}"));
        address.trim_end().to_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// How it ended, the rest of its stdout, and its stderr.
    fn end(mut self) -> (ExitStatus, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.process.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        self.stdout.read_to_string(&mut stdout).unwrap();
        (self.process.wait().unwrap(), stdout, stderr)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already in a test that passed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One GET with the standard library only.
fn get(address: &str, path: &str) -> String {
    use std::io::Write;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn serve_prints_one_line_and_leaves_on_sigterm_and_on_sigint() {
    for signal in ["-TERM", "-INT"] {
        let place = Place::new();
        let mut serving = Running::start(countersign(&["serve", "--config", &place.config()]));
        let address = serving.ready();
        assert!(get(&address, "/health/live").starts_with("HTTP/1.1 200"));
        serving.signal(signal);
        let (status, stdout, stderr) = serving.end();
        assert_eq!((status.code(), stdout.as_str()), (Some(0), ""), "{stderr}");
        assert!(stderr.contains("stopped"), "the log goes to stderr: {stderr}");
    }
}

#[test]
fn a_serve_whose_writer_is_stuck_leaves_all_the_same_with_a_failure() {
    crate::support::run(async {
        let (place, database) = (Place::new(), Database::postgres());
        let mut command =
            countersign(&["serve", "--config", &place.config(), "--database-url", &database.url]);
        command.env("COUNTERSIGN__SERVER__SHUTDOWN_MS", "100");
        let mut serving = Running::start(command);
        let address = serving.ready();
        let url = StoreUrl::parse(&database.url).unwrap();
        let mut other = Opener { url, purpose: Purpose::Write }.open().unwrap();
        // The executor asks twice a second for what is queued, and so gets stuck; the sweep reads the table, too.
        other.batch_execute("BEGIN; LOCK TABLE executions").unwrap();
        eventually("the writer waits for the table", async || {
            let waiting = "SELECT count(*) AS number FROM pg_locks
                           WHERE relation = 'executions'::regclass AND NOT granted";
            (diesel::sql_query(waiting).get_result::<Number>(&mut other).unwrap().number > 1).then_some(())
        })
        .await;
        serving.signal("-TERM");
        let (status, _, stderr) = serving.end();
        assert_eq!(status.code(), Some(1), "{address}: {stderr}");
        assert!(stderr.contains("not everything stopped in time; left behind: "), "{stderr}");
        other.batch_execute("COMMIT").unwrap();
    });
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

/// Whether the server knows this type: a submission without a body is faulty, an unknown type is not found.
async fn takes(address: &str, request_type: &str) -> bool {
    let status = submission(address, request_type).text("{}").send().await.status;
    assert!(status == 400 || status == 404, "{status}");
    status == 400
}

/// A maker's submission, still without a body.
fn submission(address: &str, request_type: &str) -> Call {
    let maker = Person::new(1, "maker@example.com", &["CanMakeRequest"]);
    let token = sign(&maker.claims(countersign::clock::Clock::system().now()));
    let call = Call::new(address.parse().unwrap(), "POST", &format!("{BASE}/{request_type}"));
    call.header("x-cap-ui-auth-token", &token).header("x-cap-api-auth-org-id", &maker.org)
}

#[test]
fn the_first_approval_on_a_node_whose_clock_is_ahead_is_carried_out_at_once() {
    crate::support::run(async {
        let (place, database, target) = (Place::new(), Database::postgres(), Target::start().await);
        std::fs::write(place.with_types().join("pay-out.toml"), type_file("", AUTO_APPROVED)).unwrap();
        place.configure(&format!(
            "[[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = [{}]\nlabel = \"Payments\"\n\
             allow_cidrs = [\"127.0.0.1/32\"]\n",
            target.address.port()
        ));
        let mut command =
            countersign(&["serve", "--config", &place.config(), "--database-url", &database.url]);
        command.env("COUNTERSIGN_CLOCK_OFFSET_MS", "60000");
        let mut serving = Running::start(command);
        let address = serving.ready();
        let body = body_for(&target, "anna", 1);
        assert_eq!(submission(&address, PAY_OUT).json(&body).send().await.status, 200);
        // Well before the minute is over that the node is ahead.
        eventually("the call has arrived", async || (target.arrived().len() == 1).then_some(())).await;
    });
}

#[test]
fn a_server_that_logs_everything_logs_no_secret_of_a_file() {
    crate::support::run(async {
        let (place, target) = (Place::new(), Target::start().await);
        let type_text =
            type_file("", AUTO_APPROVED).replace("path = \"/pay\"", "path = \"/pay\"\ncredential = \"bank\"");
        std::fs::write(place.with_types().join("pay-out.toml"), type_text).unwrap();
        let (url, port) = (target.url(), target.address.port());
        let secret = |name: &str, text: &str| {
            std::fs::write(place.path(name), text).unwrap();
            place.path(name).display().to_string()
        };
        let value = secret("bank.txt", "Bearer canary-value\n");
        place.configure(&format!(
            "[log]\nlevel = \"trace\"\n[[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = [{port}]\n\
             allow_cidrs = [\"127.0.0.1/32\"]\n[[credentials]]\nname = \"bank\"\ntargets = [\"{url}\"]\n\
             header = \"authorization\"\nvalue_file = {value:?}\n"
        ));
        // The secret of tokens, too, in a file: the tests' tokens are signed with it.
        let file = place.path("countersign.toml");
        let settings = std::fs::read_to_string(&file).unwrap();
        let in_file = format!("hs256_secret_file = {:?}", secret("tokens.txt", &format!("{SECRET}\n")));
        std::fs::write(&file, settings.replace(&format!("hs256_secret = \"{SECRET}\""), &in_file)).unwrap();
        let printed = text(&run(&["check-config", "--config", &place.config()]).stdout);
        assert!(printed.contains("value_file = ") && !printed.contains("canary-value"), "{printed}");

        let log = place.path("log.txt");
        let mut command = countersign(&["serve", "--config", &place.config()]);
        // A pipe that nobody reads would hold the server up.
        let mut process =
            command.stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
        let mut serving = Running { stdout: BufReader::new(process.stdout.take().unwrap()), process };
        let address = serving.ready();
        let submitted = submission(&address, PAY_OUT).json(&body_for(&target, "anna", 1)).send().await;
        assert_eq!(submitted.status, 200, "{}", submitted.text);
        eventually("the call has arrived", async || (target.arrived().len() == 1).then_some(())).await;
        assert!(target.arrived()[0].head.contains("authorization: Bearer canary-value\r\n"));
        eventually("its outcome is logged", async || {
            std::fs::read_to_string(&log).unwrap().contains("an attempt ended").then_some(())
        })
        .await;
        serving.signal("-TERM");
        assert!(serving.process.wait().unwrap().success());
        let logged = std::fs::read_to_string(&log).unwrap();
        assert!(logged.contains("TRACE") && !logged.contains("canary-value") && !logged.contains(SECRET));
        assert!(!printed.contains(SECRET), "{printed}");
    });
}

#[test]
fn a_sighup_puts_every_good_file_in_force_and_says_which_is_not() {
    let place = Place::new();
    let types = place.with_types();
    let write = |name: &str, text: &str| std::fs::write(types.join(name), text).unwrap();
    let named = |name: &str| type_file("", "").replace("PAY-OUT", name);
    write("old.toml", &named("OLD"));
    let mut serving = Running::start(countersign(&["serve", "--config", &place.config()]));
    let address = serving.ready();
    let becomes = async |word: &str, number: u8| {
        let wanted = format!("\"rules\":\"{word}\"");
        eventually(&format!("the rules are {word}"), async || {
            get(&address, "/health/ready").contains(&wanted).then_some(())
        })
        .await;
        let metrics = get(&address, "/metrics");
        assert!(metrics.contains(&format!("\ncountersign_rules_stale {number}\n")), "{metrics}");
    };
    crate::support::run(async {
        becomes("ok", 0).await;
        // One file is new and valid, another one is unreadable: that one alone stays out.
        write("new.toml", &named("NEW"));
        write("bad.toml", "name = ");
        serving.signal("-HUP");
        becomes("stale", 1).await;
        assert!(get(&address, "/health/ready").starts_with("HTTP/1.1 200"), "the other rules do their work");
        assert!(takes(&address, "OLD").await && takes(&address, "NEW").await);
        write("bad.toml", &named("ALSO-NEW"));
        std::fs::remove_file(types.join("old.toml")).unwrap();
        serving.signal("-HUP");
        becomes("ok", 0).await;
        assert!(takes(&address, "NEW").await && takes(&address, "ALSO-NEW").await);
        assert!(!takes(&address, "OLD").await, "its file is gone");
    });
    serving.signal("-TERM");
    let (status, _, stderr) = serving.end();
    assert!(status.success(), "{stderr}");
    assert!(stderr.contains("bad.toml:1:") && stderr.contains("left out"), "{stderr}");
}

#[test]
fn flags_are_stronger_than_the_file_and_the_environment() {
    let place = Place::new();
    let url = format!("sqlite://{}", place.path("flag.db").display());
    let arguments = ["serve", "--config", &place.config(), "--listen", "127.0.0.1:0", "--database-url", &url];
    let mut command = countersign(&[&arguments[..], &["--log-format", "json"]].concat());
    command.env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:1");
    let mut serving = Running::start(command);
    assert_ne!(serving.ready(), "127.0.0.1:1");
    serving.signal("-TERM");
    let (status, _, stderr) = serving.end();
    assert!(status.success(), "{stderr}");
    assert!(place.path("flag.db").exists());
    for line in stderr.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn serve_refuses_to_start_while_nobody_can_be_known() {
    let folder = tempfile::tempdir().unwrap();
    let output = countersign(&["serve"]).current_dir(folder.path()).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(text(&output.stdout), "");
    let printed = text(&output.stderr);
    for name in ["auth.hs256_secret", "auth.jwks_file", "auth.issuer", "auth.audience"] {
        assert!(printed.contains(name), "{printed}");
    }
    assert!(!folder.path().join("countersign.db").exists(), "it left a database behind");
}

#[test]
fn a_second_serve_on_one_sqlite_file_refuses_to_start() {
    let place = Place::new();
    let mut first = Running::start(countersign(&["serve", "--config", &place.config()]));
    let address = first.ready();
    let second = run(&["serve", "--config", &place.config()]);
    assert!(!second.status.success());
    assert_eq!(text(&second.stdout), "");
    let printed = text(&second.stderr);
    assert!(printed.contains("another countersign is using this database"), "{printed}");
    assert!(get(&address, "/health/live").starts_with("HTTP/1.1 200"));
    first.signal("-TERM");
    assert!(first.end().0.success());
}

#[test]
fn what_is_wrong_in_the_configuration_is_told_all_at_once() {
    let place = Place::new();
    std::fs::write(place.path("wrong.toml"), "[server]\nworkers = 0\nport = 1\n[stor]\nurl = \"x\"\n")
        .unwrap();
    let config = place.path("wrong.toml").display().to_string();
    for command in ["serve", "check-config", "migrate"] {
        let output = run(&[command, "--config", &config]);
        assert!(!output.status.success());
        let printed = text(&output.stderr);
        for name in ["server.workers", "server.port", "stor", "wrong.toml"] {
            assert!(printed.contains(name), "{command}: {printed}");
        }
    }
}

#[test]
fn token_makes_a_token_and_refuses_without_a_secret() {
    let place = Place::new();
    let person = ["--org-id", "90001", "--user-id", "7", "--user-name", "a@example.com"];
    let rights = ["--permission", "CanMakeRequest", "CanCheckRequest", "--ttl-seconds", "60"];
    let config = ["--config", &place.config()];
    let output = run(&[&["token"], &person[..], &rights, &config].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).trim().split('.').count(), 3);
    let folder = tempfile::tempdir().unwrap();
    let mut command = countersign(&[&["token"], &person[..], &rights].concat());
    let output = command.current_dir(folder.path()).output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("auth.hs256_secret"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    let long =
        [&["token"], &person[..], &["--permission", "CanMakeRequest", "--ttl-seconds", "86401"], &config];
    assert!(!run(&long.concat()).status.success());
}

#[test]
fn check_config_prints_effective_values_and_no_secret() {
    let place = Place::new();
    let url = "postgres://countersign:hunter2@db.example/requests";
    let output = run(&["check-config", "--config", &place.config(), "--database-url", url]);
    let shown = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(shown.contains("hs256_secret = \"***\""), "{shown}");
    assert!(shown.contains("postgres://countersign:***@db.example/requests"), "{shown}");
    assert!(shown.contains("decision_wait_ms = 10000"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains(SECRET), "{shown}");
}

#[test]
fn migrate_makes_the_database_and_may_run_again() {
    let place = Place::new();
    for ran in ["1 migrations ran", "0 migrations ran"] {
        let output = run(&["migrate", "--config", &place.config()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with(ran), "{}", text(&output.stdout));
    }
    assert!(place.path("test.db").exists());
}

#[test]
fn sessions_end_tells_how_many_and_makes_no_database() {
    let place = Place::new();
    let end = || run(&["sessions", "end", "--user-id", "400002", "--config", &place.config()]);
    let output = end();
    assert!(!output.status.success() && text(&output.stderr).contains("there is no database"));
    assert!(!place.path("test.db").exists());
    assert!(run(&["migrate", "--config", &place.config()]).status.success());
    let output = end();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "0 sessions of 400002 ended\n");
}

/// The rest of the line of `output` that begins with `name`.
fn shown(output: &Output, name: &str) -> String {
    let text = text(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name}: {text} {}", String::from_utf8_lossy(&output.stderr)))
        .trim()
        .to_owned()
}

#[tokio::test]
async fn client_add_prints_a_secret_once_that_opens_the_gate_and_nothing_else_prints_it() {
    let place = Place::new();
    place.configure("[gateway]\nmode = \"required\"\n");
    let config = place.config();
    let client = |arguments: &[&str]| run(&[&["client"], arguments, &["--config", &config]].concat());
    assert!(!client(&["list"]).status.success(), "there is no database yet");
    assert!(run(&["migrate", "--config", &config]).status.success());
    let till = client(&["add", "till.one", "--org", "90001"]);
    let app = client(&["add", "app.one", "--org", "90001", "--kind", "oauth"]);
    for refused in [["till.one", "default"], ["till:two", "default"], ["till.two", "no-such-group"]] {
        let refused = client(&["add", refused[0], "--org", "90001", "--group", refused[1]]);
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
    }
    let mut serve = Running::start(countersign(&["serve", "--config", &config]));
    let address = serve.ready();
    let person = Person::new(400_002, "checker@example.com", &["CanCheckRequest"]);
    let list = || {
        let token = sign(&person.claims(countersign::clock::Clock::system().now()));
        let call = Call::new(address.parse().unwrap(), "GET", &format!("{BASE}/requests"));
        call.header("x-cap-ui-auth-token", &token).header("x-cap-api-auth-org-id", "90001")
    };
    let header = shown(&till, "Authorization:");
    list().header("authorization", &header).send().await.expect(200);
    assert!(client(&["revoke", "till.one"]).status.success());
    eventually("the revoked till is refused", async || {
        (list().header("authorization", &header).send().await.status == 401).then_some(())
    })
    .await;
    assert!(!client(&["rotate", "till.one"]).status.success(), "it is revoked");
    assert_ne!(shown(&client(&["rotate", "app.one"]), "secret"), shown(&app, "secret"));
    serve.signal("-TERM");
    let (_, _, log) = serve.end();
    assert!(log.contains("till.one"), "{log}");
    let listed = text(&client(&["list"]).stdout);
    assert!(listed.contains("revoked") && listed.contains("rotated"), "{listed}");
    for secret in [shown(&till, "password"), shown(&till, "its MD5"), header, shown(&app, "secret")] {
        assert!(!log.contains(&secret) && !listed.contains(&secret), "{log}{listed}");
    }
}

#[test]
fn client_add_takes_a_password_that_there_is_already() {
    let place = Place::new();
    assert!(run(&["migrate", "--config", &place.config()]).status.success());
    let arguments =
        ["client", "add", "till.one", "--org", "1", "--password-stdin", "--config", &place.config()];
    let mut adding = countersign(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut adding.stdin.take().unwrap(), b"demo\n").unwrap();
    let output = adding.wait_with_output().unwrap();
    assert_eq!(shown(&output, "its MD5"), "fe01ce2a7fbac8fafaed7c982a04e229");
    let again = shown(&output, "Authorization:");
    assert_eq!(again, "Basic dGlsbC5vbmU6ZmUwMWNlMmE3ZmJhYzhmYWZhZWQ3Yzk4MmEwNGUyMjk=");
}

#[test]
fn openapi_prints_the_document_that_is_served() {
    let output = run(&["openapi"]);
    assert!(output.status.success());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document, countersign::api::openapi::document(&countersign::catalog::embedded()));
}

#[test]
fn the_sandbox_says_where_it_listens() {
    let mut sandbox = Running::start(countersign(&["sandbox", "--listen", "127.0.0.1:0"]));
    let address = sandbox.ready();
    assert!(get(&address, "/sandbox").contains("658de01c823d1b70aabcfaae"));
    sandbox.signal("-TERM");
    let (status, stdout, stderr) = sandbox.end();
    assert_eq!((status.code(), stdout.as_str()), (Some(0), ""), "{stderr}");
}

#[test]
fn the_demo_tells_the_whole_story_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let output = countersign(&["demo", "--once"]).current_dir(folder.path()).output().unwrap();
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}\n{}", text(&output.stderr));
    let steps =
        ["maker_is_checker", "the request is executed", "The sandbox holds the badge", "attempt_started"];
    let at: Vec<usize> =
        steps.map(|step| printed.find(step).unwrap_or_else(|| panic!("{step}: {printed}"))).to_vec();
    assert!(at.is_sorted(), "{printed}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it left something behind");
}

/// Three rounds of `kill -9` in the middle of the work; `scripts/crash` alone does twenty.
fn survives_kills(store: &str) {
    let script = root().join("scripts/crash");
    assert!(Path::new(&script).exists());
    let arguments = ["--rounds", "3", "--store", store, "--binary", env!("CARGO_BIN_EXE_countersign")];
    let output = Command::new("python3").arg(script).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn three_kills_on_sqlite_lose_nothing_and_repeat_nothing() {
    survives_kills("sqlite");
}

#[test]
fn three_kills_on_postgres_lose_nothing_and_repeat_nothing() {
    survives_kills("postgres");
}

#[test]
fn types_lint_prints_every_fault_with_its_line_or_one_line_for_each_type() {
    let place = Place::new();
    let folder = place.path("types");
    std::fs::create_dir(&folder).unwrap();
    let dir = folder.display().to_string();
    let good = "name = \"POINTS\"\n\n[call]\nmethod = \"POST\"\npath = \"/points\"\n";
    std::fs::write(folder.join("points.toml"), good).unwrap();
    let output = run(&["types", "lint", &dir]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let line = text(&output.stdout);
    assert!(line.starts_with("POINTS sha256:") && line.ends_with("points.toml\n"), "{line}");

    std::fs::write(folder.join("wrong.toml"), "name = \"wrong\"\ntitel = \"Wrong\"\n").unwrap();
    let output = run(&["types", "lint", &dir, "--config", &place.config()]);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout).replace(&dir, "types");
    let lines: Vec<&str> = printed.lines().map(|line| &line[..line.find(": ").unwrap()]).collect();
    assert_eq!(lines, ["types/wrong.toml:1", "types/wrong.toml:1", "types/wrong.toml:2"], "{printed}");
}

#[test]
fn types_lint_warns_of_a_subject_that_a_maker_may_spell_in_several_ways() {
    let place = Place::new();
    let folder = place.path("types");
    std::fs::create_dir(&folder).unwrap();
    let dir = folder.display().to_string();
    let text = |more: &str, schema: &str| {
        format!(
            "name = \"POINTS\"\nsubject = \"/body/id\"\n{more}\n[call]\nmethod = \"POST\"\npath = \"/points\"\n\
             [body]\ntype = \"object\"\nrequired = [\"id\"]\n[body.properties]\nid = {schema}\n"
        )
    };
    let block = "duplicates = \"block\"";
    for (more, schema, warns) in [
        (block, "{ type = \"string\" }", true),
        (block, "{ type = [\"string\", \"integer\"] }", true),
        (block, "{ anyOf = [{ type = \"integer\" }, { type = \"string\" }] }", true),
        (block, "{}", true),
        (block, "{ type = \"string\", pattern = \"^[0-9]+$\" }", false),
        (block, "{ type = \"integer\" }", false),
        (block, "{ enum = [\"a\", \"b\"] }", false),
        ("", "{ type = \"string\" }", false),
    ] {
        std::fs::write(folder.join("points.toml"), text(more, schema)).unwrap();
        let output = run(&["types", "lint", &dir]);
        assert_eq!(output.status.code(), Some(0), "{schema}: {}", text_of(&output));
        let printed = text_of(&output).replace(&dir, "types");
        assert_eq!(printed.contains("types/points.toml:2: warning: subject: "), warns, "{schema}: {printed}");
    }
}

fn text_of(output: &std::process::Output) -> String {
    text(&output.stdout).to_owned()
}

#[test]
fn types_show_prints_an_effective_type_with_its_version() {
    let output = run(&["types", "show", "ISSUE-BADGE"]);
    assert!(output.status.success());
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(shown["version"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(shown["type"]["call"]["method"], "POST");
    assert_eq!(shown["type"]["policy"][0]["name"], "default");
    let output = run(&["types", "show", "NOTHING"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("there is no request type NOTHING"));
}

async fn types_show_knows_what_was_in_force(store: Option<&Database>) {
    let place = Place::new();
    let types = place.with_types();
    if let Some(database) = store {
        let config = std::fs::read_to_string(place.config()).unwrap();
        let own = format!("sqlite://{}", place.path("test.db").display());
        std::fs::write(place.config(), config.replace(&own, &database.url)).unwrap();
    }
    let show = |more: &[&str]| run(&[&["types", "show", "--config", &place.config()], more].concat());
    let version = |more: &[&str]| -> String {
        let output = show(&[&[PAY_OUT], more].concat());
        assert!(output.status.success(), "{more:?}: {}", text(&output.stderr));
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(shown["type"]["title"], "Pay out");
        shown["version"].as_str().unwrap().to_owned()
    };
    let file = types.join("pay-out.toml");
    std::fs::write(&file, type_file("", "")).unwrap();
    // There is no database, or one without tables: the folder has it.
    let first = version(&[]);
    let mut serving = Running::start(countersign(&["serve", "--config", &place.config()]));
    let address = serving.ready();
    // What lies in the folder since then is not in force, and another file has a fault.
    std::fs::write(&file, type_file("", AUTO_APPROVED)).unwrap();
    std::fs::write(types.join("faulty.toml"), "name = \"faulty\"\n").unwrap();
    assert_eq!(version(&[]), first);
    serving.signal("-HUP");
    let second = eventually("the second version is in force", async || {
        Some(version(&[])).filter(|version| *version != first)
    })
    .await;
    std::fs::remove_file(&file).unwrap();
    serving.signal("-HUP");
    eventually("the type is gone", async || (!takes(&address, PAY_OUT).await).then_some(())).await;
    let look = || {
        assert_eq!((version(&[]), version(&["--version", &first])), (second.clone(), first.clone()));
        for (arguments, why) in [
            (vec![PAY_OUT, "--version", "sha256:none"], "PAY-OUT never had the version sha256:none in force"),
            (vec!["NOTHING"], "there is no request type NOTHING; there are "),
        ] {
            let output = show(&arguments);
            let said = text(&output.stderr);
            assert!(!output.status.success() && said.contains(why) && said.contains(PAY_OUT), "{said}");
        }
    };
    look();
    serving.signal("-TERM");
    assert!(serving.end().0.success());
    look();
}

#[test]
fn types_show_knows_what_was_in_force_from_an_sqlite_database() {
    crate::support::run(types_show_knows_what_was_in_force(None));
}

#[test]
fn types_show_knows_what_was_in_force_from_a_postgresql_database() {
    let database = Database::postgres();
    crate::support::run(types_show_knows_what_was_in_force(Some(&database)));
}

#[test]
fn a_pause_needs_a_reason_that_people_can_read() {
    let place = Place::new();
    assert!(run(&["migrate", "--config", &place.config()]).status.success());
    let long = "x".repeat(4_001);
    for (reason, why) in [
        ("\u{200b} ", "write why"),
        ("", "write why"),
        ("a\u{1b}[31mb", "control characters"),
        (long.as_str(), "at most 4000 characters"),
    ] {
        let output = run(&["pause", "--reason", reason, "--by", "ops", "--config", &place.config()]);
        assert!(
            !output.status.success() && text(&output.stderr).contains(why),
            "{reason:?}: {}",
            text(&output.stderr)
        );
    }
    let output = run(&["pause", "--reason", "maintenance", "--by", "ops", "--config", &place.config()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn types_lint_reads_the_subscriptions_and_the_access_groups_too() {
    let place = Place::new();
    let folder = place.with_types();
    let dir = folder.display().to_string();
    std::fs::write(folder.join("pay-out.toml"), type_file("", "")).unwrap();
    std::fs::write(place.path("a.secret"), "whsec_dGhlIGZpcnN0IHNpZ25pbmcgc2VjcmV0").unwrap();
    let file = place.path("subscriptions.toml");
    let entry = |url: &str| {
        format!(
            "[[subscriptions]]\nname = \"feed\"\norg = \"1\"\nurl = \"{url}\"\ntypes = [\"PAY-OUT\", \"PAYOUT\"]\n\
             format = \"countersign\"\nsecrets = [{{ file = \"a.secret\" }}]\n"
        )
    };
    std::fs::write(&file, entry("https://hooks.example/in")).unwrap();
    place.configure(&format!(
        "[subscriptions]\nfile = {:?}\n[[targets]]\nscheme = \"https\"\nhost = \"hooks.example\"\nports = [443]\n\
         label = \"Hooks\"\n[[gateway.groups]]\nname = \"tills\"\ntypes = [\"PAY-OUTS\"]\n",
        file.display().to_string()
    ));
    let output = run(&["types", "lint", &dir, "--config", &place.config()]);
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}{}", text(&output.stderr));
    assert!(printed.contains("subscriptions.toml:5: warning: subscriptions.0.types.1: "), "{printed}");
    assert!(
        printed.contains("warning: gateway.groups: tills names the type PAY-OUTS; there is none."),
        "{printed}"
    );
    std::fs::write(&file, entry("https://elsewhere.example/in")).unwrap();
    let output = run(&["types", "lint", &dir, "--config", &place.config()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("subscriptions.toml:4: subscriptions.0.url: "),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn serve_refuses_to_start_with_a_faulty_people_file() {
    let place = Place::new();
    let people = place.path("people.toml");
    std::fs::write(&people, "[[people]]\nname = \"Ann\"\n").unwrap();
    let config = std::fs::read_to_string(place.config()).unwrap();
    let file = people.display();
    std::fs::write(place.config(), format!("{config}\n[people]\nfile = \"{file}\"\n")).unwrap();
    let output = run(&["serve", "--config", &place.config()]);
    assert!(!output.status.success());
    let printed = text(&output.stderr);
    assert!(printed.contains("people.toml:1: people.0.accounts: Add accounts"), "{printed}");
}
