//! A server that really runs, next to a sandbox that really runs, on a database of its own.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::sandbox;
use countersign::server::{ExecutorMode, Server, Startup};
use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl};
use countersign::web::session::DemoPerson;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::browser::Browser;
use super::client::{Call, Reply};
use super::people::{AUDIENCE, Actor, ISSUER, Person, SECRET};
use super::target::Target;
use super::{On, fixture};

const TYPES: &str = "types";
const TYPE_FILE: &str = "own.toml";
const PEOPLE: &str = "people.toml";

/// What a test wants to be otherwise than usual.
pub struct Wishes {
    pub mode: ExecutorMode,
    pub clock: Clock,
    settings: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
    type_file: Option<String>,
    people_file: Option<String>,
    demo: Vec<DemoPerson>,
}

impl Default for Wishes {
    fn default() -> Self {
        let wishes = Self {
            mode: ExecutorMode::Running,
            clock: Clock::fixed(noon()),
            settings: BTreeMap::new(),
            type_file: None,
            people_file: None,
            demo: Vec::new(),
        };
        wishes
            .set("server.listen", "\"127.0.0.1:0\"")
            .set("server.workers", 1)
            .set("server.shutdown_ms", 5_000)
            .set("store.read_connections", 4)
            .set("auth.hs256_secret", format!("{SECRET:?}"))
            .set("auth.issuer", format!("{ISSUER:?}"))
            .set("auth.audience", format!("{AUDIENCE:?}"))
    }
}

impl Wishes {
    /// The executor runs only when the test says so, and decisions do not wait for it.
    pub fn stepped() -> Self {
        Self { mode: ExecutorMode::Stepped, ..Self::default() }.set("executor.decision_wait_ms", 0)
    }

    /// Sets a key; the value is TOML text.
    #[must_use]
    pub fn set(mut self, key: &'static str, value: impl ToString) -> Self {
        let (section, name) = key.split_once('.').unwrap();
        self.settings.entry(section).or_default().insert(name, value.to_string());
        self
    }

    /// One type more, or one of the contract's otherwise: a file in a types folder of its own.
    #[must_use]
    pub fn with_type(self, text: &str) -> Self {
        Self { type_file: Some(text.to_owned()), ..self }
    }

    /// Pages, to which these people sign in by one click.
    #[must_use]
    pub fn with_pages(self, people: &[Person]) -> Self {
        Self { demo: people.iter().map(Person::signs_in).collect(), ..self }
    }

    /// A people file.
    #[must_use]
    pub fn with_people(self, text: &str) -> Self {
        Self { people_file: Some(text.to_owned()), ..self }
    }

    /// Writes the files that were wished for, and names them in the settings.
    fn with_files_in(mut self, folder: &TempDir) -> Self {
        if let Some(text) = self.type_file.take() {
            std::fs::create_dir(folder.path().join(TYPES)).unwrap();
            std::fs::write(folder.path().join(TYPES).join(TYPE_FILE), text).unwrap();
            self = self.set("types.dir", format!("{:?}", folder.path().join(TYPES).display().to_string()));
        }
        if let Some(text) = self.people_file.take() {
            std::fs::write(folder.path().join(PEOPLE), text).unwrap();
            self = self.set("people.file", format!("{:?}", folder.path().join(PEOPLE).display().to_string()));
        }
        self
    }
}

/// Where time stands at the beginning.
pub fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00.123456Z".parse().unwrap()
}

/// A database that exists for one test.
enum Database {
    Sqlite(String),
    Postgres { url: String, schema: String, server: String },
}

impl Database {
    fn new(on: On, folder: &TempDir) -> Self {
        match on {
            On::Sqlite => Self::Sqlite(format!("sqlite://{}", folder.path().join("test.db").display())),
            On::Postgres => {
                let server = std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| {
                    panic!(
                        "TEST_POSTGRES_URL names no PostgreSQL server. Run the tests as \
                         `scripts/with-postgres cargo test`, which starts one for them."
                    )
                });
                let schema = format!("journey_{}", Clock::system().new_id().simple());
                let mut conn = PgConnection::establish(&server).unwrap();
                conn.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
                let joint = if server.contains('?') { '&' } else { '?' };
                let url = format!("{server}{joint}options=-csearch_path%3D{schema}");
                Self::Postgres { url, schema, server }
            }
        }
    }

    fn url(&self) -> &str {
        match self {
            Self::Sqlite(url) | Self::Postgres { url, .. } => url,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { schema, server, .. } = self
            && let Ok(mut conn) = PgConnection::establish(server)
        {
            // The whole server goes away after the tests; a schema that stays is only untidy.
            let _ = conn.batch_execute(&format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}

/// Everything that a journey talks to.
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
    /// With a clock that stands still, and the executor in its own loop.
    pub async fn start(on: On) -> Self {
        Self::with(on, Wishes::default()).await
    }

    pub async fn with(on: On, wishes: Wishes) -> Self {
        let mut app = Self::prepared(on, wishes).await;
        app.start_server().await;
        app
    }

    /// Everything but the server: the database is still empty.
    pub async fn prepared(on: On, wishes: Wishes) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(wishes.clock.clone());
        let target = Target::start().await;
        let database = Database::new(on, &folder);
        let file = folder.path().join("countersign.toml");
        let wishes = wishes.set("store.url", format!("{:?}", database.url())).with_files_in(&folder);
        std::fs::write(&file, toml(&wishes, &[("Sandbox", sandbox.address), ("Recorder", target.address)]))
            .unwrap();
        let config = Config::load(Some(&file), std::iter::empty(), Flags::default()).unwrap();
        let Wishes { mode, clock, demo, .. } = wishes;
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
        let startup = Startup { executor: mode, demo: self.demo.clone() };
        Server::start(&self.config, self.clock.clone(), startup).await.unwrap()
    }

    /// Another text in the place of the type's file, read at once as SIGHUP does.
    pub async fn change_type(&self, text: &str) {
        std::fs::write(self.folder.path().join(TYPES).join(TYPE_FILE), text).unwrap();
        self.server().reload_rules().await;
    }

    /// The same with the people file.
    pub async fn change_people(&self, text: &str) {
        std::fs::write(self.folder.path().join(PEOPLE), text).unwrap();
        self.server().reload_rules().await;
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
    pub fn runs_by_itself(&mut self) {
        self.mode = ExecutorMode::Running;
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// A browser that was never here.
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

    /// Carries out everything that is due; for [`ExecutorMode::Stepped`].
    pub async fn run_due_executions(&self) {
        self.server().executor().run_due().await.unwrap();
    }

    /// Deadlines and lapsed leases, as the running executor looks after them each second.
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

    /// All three rights, in another org.
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

    /// A badge for a customer and under a number that nobody used before, at the sandbox.
    pub fn badge(&self) -> Value {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let mut body = self.example("ISSUE-BADGE");
        task(&mut body)["body"]["customers"] = (700_000_000 + number).into();
        task(&mut body)["body"]["requestId"] = format!("journey-{number}").into();
        body
    }

    /// The same, at the recording target.
    pub fn badge_to_target(&self) -> Value {
        let mut body = self.badge();
        task(&mut body)["hostname"] = self.target.url().into();
        body
    }

    /// A connection of the test's own, past the server.
    pub fn database(&self) -> AnyConnection {
        let url = StoreUrl::parse(self.database.url()).unwrap();
        Opener { url, purpose: Purpose::Write }.open().unwrap()
    }

    /// Runs SQL past the server: what somebody with the database's password could do.
    pub fn tamper(&self, sql: &str) {
        self.database().batch_execute(sql).unwrap();
    }

    /// A number out of the database.
    pub fn count(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            number: i64,
        }
        diesel::sql_query(sql).get_result::<Row>(&mut self.database()).unwrap().number
    }
}

/// Stops the server, and looks whether it left anything lying.
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

fn toml(wishes: &Wishes, targets: &[(&str, SocketAddr)]) -> String {
    let mut text = String::new();
    for (section, keys) in &wishes.settings {
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
    text
}

/// The crate's own stand-in for the targets, on a port of its own.
pub struct Sandbox {
    pub address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
}

impl Sandbox {
    fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = sandbox::start(listener, clock).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Nobody listens there any more.
    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }

    /// Everything it holds.
    pub async fn holds(&self) -> Value {
        Call::new(self.address, "GET", "/sandbox").send().await.expect(200)
    }

    /// The ledger: every call that arrived.
    pub async fn calls(&self) -> Value {
        self.holds().await["calls"].take()
    }

    /// How often a customer was enrolled for the badge of [`App::badge`].
    pub async fn enrolments_of(&self, body: &Value) -> usize {
        let customer = &body["payload"]["IntouchAPITask-Payload"]["body"]["customers"];
        let held = self.holds().await;
        held["enrolments"].as_array().unwrap().iter().filter(|one| one["customerId"] == *customer).count()
    }

    /// What goes wrong with the next call.
    pub async fn fault(&self, fault: Value) {
        Call::new(self.address, "POST", "/sandbox/faults").json(&fault).send().await.expect(201);
    }

    pub async fn cuts_after_work(&self) {
        self.fault(json!({ "close": "after" })).await;
    }
}
