//! A real server next to a real sandbox, on the test's own database.

mod database;
mod options;
mod sql;

pub use options::{AppOptions, SIGNING_SECRETS};

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::domain::ids::{OrgId, RequestId};
use countersign::gateway::credentials::HashCost;
use countersign::server::{ExecutorMode, Server, Startup};
use countersign::store::calls;
use countersign::store::stored_call::StoredCall;
use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl};
use countersign::web::session::DemoPerson;
use diesel::connection::SimpleConnection;
use serde_json::Value;
use tempfile::TempDir;

use self::database::Database;
use self::options::{PEOPLE, SUBSCRIPTIONS, TYPE_FILE, TYPES, toml};
use crate::support::browser::Browser;
use crate::support::client::{Call, Reply};
use crate::support::people::{Actor, ORG, Person};
use crate::support::sandbox::Sandbox;
use crate::support::stores::bytes_in_sql;
use crate::support::target::Target;
use crate::support::{On, fixture};

/// The time at the beginning.
pub fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00.123456Z".parse().unwrap()
}

/// Everything that a test talks to.
pub struct App {
    pub clock: Clock,
    pub sandbox: Sandbox,
    pub target: Target,
    server: Option<Server>,
    config: Config,
    mode: ExecutorMode,
    demo: Vec<DemoPerson>,
    database: Database,
    numbers: AtomicU64,
    folder: TempDir,
}

impl App {
    /// With a fixed clock, and the executor in its own loop.
    pub async fn start(on: On) -> Self {
        Self::with(on, AppOptions::default()).await
    }

    pub async fn with(on: On, options: AppOptions) -> Self {
        let mut app = Self::prepared(on, options).await;
        app.start_server().await;
        app
    }

    /// Everything but the server: the database is still empty.
    pub async fn prepared(on: On, options: AppOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(options.clock.clone());
        let target = Target::start().await;
        let database =
            if options.has_own_database { Database::own_postgres() } else { Database::new(on, &folder) };
        let file = folder.path().join("countersign.toml");
        let mut options = options;
        for (place, value) in [
            ("{target}", target.url()),
            ("{sandbox}", sandbox.url()),
            ("{folder}", folder.path().display().to_string()),
        ] {
            options.more = options.more.replace(place, &value);
        }
        let options = options.set("store.url", format!("{:?}", database.url())).with_files_in(&folder);
        let more = options.targets.iter().map(|address| ("More", *address));
        let own = [("Sandbox", sandbox.address), ("Recorder", target.address)];
        std::fs::write(&file, toml(&options, &more.chain(own).collect::<Vec<_>>())).unwrap();
        let config = Config::load(Some(&file), std::iter::empty(), Flags::default()).unwrap();
        let AppOptions { mode, clock, demo, .. } = options;
        Self {
            clock,
            sandbox,
            target,
            server: None,
            config,
            mode,
            demo,
            database,
            numbers: AtomicU64::new(1),
            folder,
        }
    }

    pub async fn start_server(&mut self) {
        self.server = Some(self.another_server(self.mode).await);
    }

    /// One more server on the same database, which must be PostgreSQL; the test stops it.
    pub async fn another_server(&self, mode: ExecutorMode) -> Server {
        let startup = Startup { executor: mode, demo: self.demo.clone(), hash_cost: HashCost::LEAST };
        Server::start(&self.config, self.clock.clone(), startup).await.unwrap()
    }

    /// Replaces the text of the type's file, and reloads as SIGHUP does.
    pub async fn change_type(&self, text: &str) {
        std::fs::write(self.folder.path().join(TYPES).join(TYPE_FILE), text).unwrap();
        self.server().reload_rules().await;
    }

    /// Deletes the type's file, and reloads.
    pub async fn remove_type(&self) {
        std::fs::remove_file(self.folder.path().join(TYPES).join(TYPE_FILE)).unwrap();
        self.server().reload_rules().await;
    }

    /// Replaces the text of the people file, and reloads.
    pub async fn change_people(&self, text: &str) {
        std::fs::write(self.folder.path().join(PEOPLE), text).unwrap();
        self.server().reload_rules().await;
    }

    /// The same with the subscriptions' file.
    pub async fn change_subscriptions(&self, text: &str) {
        std::fs::write(self.folder.path().join(SUBSCRIPTIONS), text).unwrap();
        self.server().reload_rules().await;
    }

    /// The next server may not call the recording target any more.
    pub fn forbids_target(&mut self) {
        let ports = format!("ports = [{}]", self.target.address.port());
        self.changes_config(&ports, "ports = [9]");
    }

    /// The next server has this in its configuration in place of that.
    pub fn changes_config(&mut self, from: &str, to: &str) {
        let file = self.file("countersign.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        std::fs::write(&file, text.replace(from, to)).unwrap();
        self.config = Config::load(Some(&file), std::iter::empty(), Flags::default()).unwrap();
    }

    /// The configuration as `check-config` prints it.
    pub fn printed_config(&self) -> String {
        self.config.render_effective()
    }

    /// A file of this name in the server's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Why a server can't start now.
    pub async fn why_no_start(&self) -> String {
        let startup = Startup::from(self.mode);
        let started = Server::start(&self.config, self.clock.clone(), startup).await;
        started.map(drop).unwrap_err().to_string()
    }

    /// The running server, for a test that stops it in its own way.
    pub fn take_server(&mut self) -> Server {
        self.server.take().unwrap()
    }

    /// Stops as SIGTERM does.
    pub async fn stop_server(&mut self) {
        self.take_server().stop().await.unwrap();
    }

    /// The next server has an executor in its own loop.
    pub fn runs_executor(&mut self) {
        self.mode = ExecutorMode::Running;
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// A new browser, without cookies.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// A call without token, to any path.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.server().address(), method, path)
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path).send().await
    }

    /// One line of `/metrics`, without its name.
    pub async fn metric(&self, name: &str) -> Option<String> {
        let text = self.get("/metrics").await.text;
        text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")).map(str::to_owned))
    }

    /// Executes everything that is due; for [`ExecutorMode::Stepped`].
    pub async fn run_due_executions(&self) {
        self.server().executor().run_due().await.unwrap();
    }

    /// Delivers everything that is due to subscribers.
    pub async fn run_due_deliveries(&self) {
        self.server().deliverer().run_due().await.unwrap();
    }

    /// Settles deadlines and lapsed leases, as the running executor does each second.
    pub async fn sweep(&self) {
        self.server().executor().sweep().await.unwrap();
    }

    pub fn actor(&self, person: Person) -> Actor<'_> {
        Actor::new(self, person)
    }

    pub fn maker(&self) -> Actor<'_> {
        self.actor(Person::new(400_001, "maker@example.com", &["CanMakeRequest"]))
    }

    pub fn other_maker(&self) -> Actor<'_> {
        self.actor(Person::new(400_004, "second.maker@example.com", &["CanMakeRequest"]))
    }

    pub fn checker(&self) -> Actor<'_> {
        self.actor(Person::new(400_002, "checker@example.com", &["CanCheckRequest"]))
    }

    pub fn other_checker(&self) -> Actor<'_> {
        self.actor(Person::new(400_005, "second.checker@example.com", &["CanCheckRequest"]))
    }

    pub fn auditor(&self) -> Actor<'_> {
        self.actor(Person::new(400_003, "auditor@example.com", &["CanAuditRequest"]))
    }

    /// All three permissions, in another org.
    pub fn stranger(&self) -> Actor<'_> {
        let rights = ["CanMakeRequest", "CanCheckRequest", "CanAuditRequest"];
        self.actor(Person::new(500_001, "stranger@example.com", &rights).of_org("90002"))
    }

    /// The contract's example body of a type such as `ISSUE-BADGE`, for the sandbox.
    pub fn example(&self, request_type: &str) -> Value {
        let mut body = fixture(&format!("{}.request.json", request_type.to_lowercase()));
        task(&mut body)["hostname"] = self.sandbox.url().into();
        body
    }

    /// A badge for a new customer and under a new number, at the sandbox.
    pub fn badge(&self) -> Value {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let mut body = self.example("ISSUE-BADGE");
        task(&mut body)["body"]["customers"] = (700_000_000 + number).into();
        task(&mut body)["body"]["requestId"] = format!("journey-{number}").into();
        body
    }

    /// The same without a number: its target does not recognise a repeat.
    pub fn badge_without_id(&self) -> Value {
        let mut body = self.badge();
        task(&mut body)["body"].as_object_mut().unwrap().shift_remove("requestId");
        body
    }

    /// A badge without a number, at the recording target.
    pub fn badge_to_target(&self) -> Value {
        let mut body = self.badge_without_id();
        task(&mut body)["hostname"] = self.target.url().into();
        body
    }

    /// A badge with a number, at the recording target.
    pub fn badge_with_id_to_target(&self) -> Value {
        let mut body = self.badge();
        task(&mut body)["hostname"] = self.target.url().into();
        body
    }

    /// The test's own connection, past the server.
    pub fn database(&self) -> AnyConnection {
        let url = StoreUrl::parse(self.database.url()).unwrap();
        Opener { url, purpose: Purpose::Write }.open().unwrap()
    }

    /// Runs SQL as the administrator of the test's own database, whose name is `{database}` in it.
    pub fn administer(&self, sql: &str) {
        self.database.administer(sql);
    }

    /// Runs SQL past the server, as someone with the database's password could.
    pub fn tamper(&self, sql: &str) {
        self.database().batch_execute(sql).unwrap();
    }

    /// What is stored of a request's call.
    pub fn stored_call(&self, id: &str) -> StoredCall {
        let key = (OrgId::new(ORG), id.parse().map(RequestId::new).unwrap());
        calls::find(&mut self.database(), &key).unwrap().unpack().unwrap()
    }

    /// Changes what is stored of a request's call, as someone with the database's password could who knows how it is
    /// packed.
    pub fn tamper_call(&self, id: &str, change: impl FnOnce(&mut StoredCall)) {
        let mut stored = self.stored_call(id);
        change(&mut stored);
        let packed = self.bytes_in_sql(&stored.pack());
        self.tamper(&format!("UPDATE calls SET packed = {packed} WHERE request_id = {}", self.id_in_sql(id)));
    }

    /// A request's id as it is written in a statement.
    pub fn id_in_sql(&self, id: &str) -> String {
        self.bytes_in_sql(RequestId::parse(id).unwrap().uuid().as_bytes())
    }

    /// Bytes as they are written in a statement.
    pub fn bytes_in_sql(&self, bytes: &[u8]) -> String {
        bytes_in_sql(matches!(self.database(), AnyConnection::Postgres(_)), bytes)
    }
}

/// Stops the server, and checks that no execution is left open.
impl Drop for App {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let server = self.server.take();
        let sandbox = &self.sandbox;
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                if let Some(server) = server {
                    server.stop().await.unwrap();
                }
                sandbox.stop().await;
            });
        });
        let left = self.count("SELECT count(*) AS number FROM executions WHERE state <> 'ended'");
        assert_eq!(left, 0, "executions are left queued or claimed");
    }
}

/// The body's task, which says what to send.
pub fn task(body: &mut Value) -> &mut Value {
    &mut body["payload"]["IntouchAPITask-Payload"]
}
