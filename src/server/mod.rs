//! Starts and stops a server: store, engine, executor, API and pages, in order.

mod credentials;
mod descriptors;
mod left;
mod settings;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, middleware, web};
use anyhow::Context;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout_at};

use crate::api::{Api, routes};
use crate::auth::Verifier;
use crate::auth::oidc::Provider;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Config;
use crate::delivery::Deliverer;
use crate::domain::rules::files::{FileFault, RuleFiles};
use crate::domain::rules::{Rules, SettledRules, settle};
use crate::domain::target_host::TargetHost;
use crate::engine::Engine;
use crate::executor::egress::Egress;
use crate::executor::own_listener::OwnListener;
use crate::executor::runner::Executor;
use crate::gateway::Gate;
use crate::gateway::credentials::HashCost;
use crate::http::body::BodyTimeout;
use crate::http::middleware::around_each_call;
use crate::http::unread::READ_AFTER_ANSWER;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::web::Web;
use crate::web::pages::event_stream::Live;
use crate::web::pages::sign_in::callback_path;
use crate::web::session::{DemoPerson, SignIn};
use credentials::{catalog_of_start, require_credentials};
use descriptors::Descriptors;
use left::Left;
use settings::{concurrency, gate_settings, limits, settings};

/// A running server: API and executor over one store.
pub struct Server {
    address: SocketAddr,
    api: Api,
    catalog: Catalog,
    engine: Engine,
    executor: Arc<Executor>,
    deliverer: Arc<Deliverer>,
    writer: JoinHandle<()>,
    http: ServerHandle,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    executing: Option<tokio::task::JoinHandle<()>>,
    delivering: Option<tokio::task::JoinHandle<()>>,
    following: tokio::task::JoinHandle<()>,
    gating: Option<tokio::task::JoinHandle<()>>,
    indexing: Option<tokio::task::JoinHandle<()>>,
    stop: watch::Sender<bool>,
    grace: Duration,
}

/// How much longer than `server.shutdown_ms` a stop may take: the executor notes what it cut off.
const STOP_EXTRA: Duration = Duration::from_secs(1);

/// Whether the executor runs in the background or is stepped by a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutorMode {
    /// In a loop in the background.
    Running,
    /// Only when a test calls [`Server::executor`].
    Stepped,
}

/// What a start needs beyond the configuration.
pub struct Startup {
    /// How the executor runs.
    pub executor: ExecutorMode,
    /// People who can sign in to the pages with one click; empty except in the demo.
    pub demo: Vec<DemoPerson>,
    /// What a try with an unknown client costs; cheap only in tests.
    pub hash_cost: HashCost,
}

impl From<ExecutorMode> for Startup {
    fn from(executor: ExecutorMode) -> Self {
        Self { executor, demo: Vec::new(), hash_cost: HashCost::default() }
    }
}

impl Server {
    /// Opens the store, migrates it, and serves.
    ///
    /// # Errors
    /// Everything that can be wrong with the configuration is reported before the first API call is accepted.
    pub async fn start(config: &Config, clock: Clock, startup: impl Into<Startup>) -> anyhow::Result<Self> {
        let Startup { executor: mode, demo, hash_cost } = startup.into();
        let trust = Arc::new(Verifier::new(&config.auth)?);
        let listener = TcpListener::bind(config.server.listen)
            .with_context(|| format!("server.listen: {} can't be used", config.server.listen))?;
        let store = open_store(config).await?;
        let catalog = catalog(config);
        let files = read_files(&catalog_of_start(&catalog)).await?;
        let metrics = Arc::new(Metrics::new());
        let (engine, writer) = Engine::start(store, clock, metrics, settings(config, Rules::default()))?;
        let settled = settle(files, &engine.last_types().await?).map_err(unusable)?;
        tell(&settled, &catalog);
        require_credentials(&settled, &config.targets)?;
        engine.put_in_force(settled).await?;
        // Before the first API call: what that makes due is due by the database's clock.
        engine.measure_clock().await?;
        let address = listener.local_addr()?;
        let own = OwnListener(address);
        let egress = Egress::new(Arc::new(config.targets.clone()), limits(config))?.avoiding(own);
        let executor = Executor::new(engine.clone(), egress, concurrency(config));
        let deliverer = Deliverer::new(engine.clone(), Arc::new(config.targets.clone()), own)?;
        let (stop, stopping) = watch::channel(false);
        let gate = match gate_settings(config, hash_cost) {
            Some(settings) => Some(Gate::open(engine.clone(), settings).await?),
            None => None,
        };
        let api = Api {
            engine: engine.clone(),
            gate,
            verifier: trust,
            offset: config.server.utc_offset,
            decision_wait: Duration::from_millis(config.executor.decision_wait_ms),
            stopping: stopping.clone(),
            target_hosts: hosts_of(&executor),
            executor: executor.liveness(),
        };
        let connections = Descriptors::share_out(config).per_worker(config.server.workers);
        let pages = pages(&api, config, demo, connections * config.server.workers)?;
        let server = serve(listener, api.clone(), pages, config, connections)?;
        let http = server.handle();
        let following = tokio::spawn(engine.clone().follow_others(stopping.clone()));
        let gating = api.gate.clone().map(|gate| tokio::spawn(gate.run(stopping.clone())));
        let grace = Duration::from_millis(config.server.shutdown_ms);
        let is_running = mode == ExecutorMode::Running;
        let delivering =
            is_running.then(|| tokio::spawn(Arc::clone(&deliverer).run(stopping.clone(), grace)));
        let indexing = is_running.then(|| tokio::spawn(engine.clone().run_indexer(stopping.clone())));
        let executing = is_running.then(|| tokio::spawn(Arc::clone(&executor).run(stopping, grace)));
        let serving = tokio::spawn(server);
        Ok(Self {
            address,
            api,
            catalog,
            engine,
            executor,
            deliverer,
            writer,
            http,
            serving,
            executing,
            delivering,
            following,
            gating,
            indexing,
            stop,
            grace,
        })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the API handlers share, for benchmarks that add a second set of handlers.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The executor, so that a test can step it.
    pub fn executor(&self) -> &Arc<Executor> {
        &self.executor
    }

    /// The deliverer, so that a test can step it.
    pub fn deliverer(&self) -> &Arc<Deliverer> {
        &self.deliverer
    }

    /// The engine, so that a test can read what the API does not show.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Reloads the request types, the people and the subscriptions. What is without fault comes into force.
    pub async fn reload_rules(&self) {
        let settled = match read_files(&self.catalog).await {
            Ok(files) => settle(files, &self.engine.last_rules()).map_err(unusable),
            Err(error) => Err(error),
        };
        let recorded = match settled {
            Ok(settled) => {
                tell(&settled, &self.catalog);
                self.engine.put_in_force(settled).await.map_err(anyhow::Error::from)
            }
            Err(error) => Err(error),
        };
        match recorded {
            Ok(()) => tracing::info!("the rules were reloaded"),
            Err(error) => {
                self.engine.keep_rules();
                tracing::error!(%error, "the reloaded rules could not be recorded; the old ones stay in force");
            }
        }
    }

    /// Stops in order: refuse new API calls, finish answers, end or mark executions, drain the writer. All
    /// of it together takes `server.shutdown_ms` and a second at most, whatever the database does.
    ///
    /// # Errors
    /// Names what was left behind. Its threads still run: the process should end.
    pub async fn stop(self) -> anyhow::Result<()> {
        let end = Instant::now() + self.grace + STOP_EXTRA;
        // A missing receiver has stopped already.
        let _ = self.stop.send(true);
        let mut left = Left::default();
        let Self { api, engine, executor, deliverer, http, serving, executing, delivering, .. } = self;
        let (following, gating, indexing, writer) = (self.following, self.gating, self.indexing, self.writer);
        let drained = async {
            http.stop(true).await;
            serving.await
        };
        match timeout_at(end, drained).await {
            Ok(served) => served??,
            Err(_) => left.note("API calls under way"),
        }
        left.wait(end, "the executor", executing).await?;
        left.wait(end, "events under way to subscribers", delivering).await?;
        left.wait(end, "a read of the change feed", Some(following)).await?;
        left.wait(end, "the uses of clients", gating).await?;
        left.wait(end, "the index for search", indexing).await?;
        let waiting = engine.queue_depth();
        drop((api, engine, executor, deliverer));
        // A separate thread: the runtime would wait for a blocking task.
        let (ended, end_of_writer) = oneshot::channel();
        std::thread::spawn(move || ended.send(writer.join()));
        match timeout_at(end, end_of_writer).await {
            Ok(joined) => joined?.map_err(|_| anyhow::anyhow!("the writer's thread panicked"))?,
            Err(_) => {
                left.note(&format!("the writer, with {waiting} writes waiting besides the one under way"))
            }
        }
        left.into_result()
    }
}

/// Opens the store away from the runtime's threads: the database may take its time.
async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let url = config.store.url.expose().to_owned();
    let reads = config.store.read_connections;
    let needs_standby = config.store.require_sync_standby;
    let open = move || {
        if needs_standby {
            Store::require_sync_standby(&url)?;
        }
        Store::open(&url, reads)
    };
    Ok(tokio::task::spawn_blocking(open).await??)
}

/// Without keeping the executor alive: a stop waits until nobody has it.
fn hosts_of(executor: &Arc<Executor>) -> Arc<dyn Fn() -> Vec<TargetHost> + Send + Sync> {
    let executor = Arc::downgrade(executor);
    Arc::new(move || executor.upgrade().map(|executor| executor.hosts()).unwrap_or_default())
}

/// What the pages' handlers share.
fn pages(api: &Api, config: &Config, demo: Vec<DemoPerson>, connections: usize) -> anyhow::Result<Web> {
    if let Some(provider) = &config.web.oidc
        && config.auth.issuer.as_ref() != Some(&provider.issuer)
    {
        tracing::warn!(
            "auth.issuer and web.oidc_issuer differ: accounts of both issuers count as two people, unless the \
             people file lists both accounts under one person"
        );
    }
    let sign_in = match &config.web.oidc {
        _ if !demo.is_empty() => SignIn::Demo(demo),
        Some(provider) => SignIn::Oidc(Box::new(Provider::new(provider, &config.auth, &callback_path())?)),
        None => SignIn::Off,
    };
    Ok(Web {
        engine: api.engine.clone(),
        sign_in: Arc::new(sign_in),
        public_origin: config.web.public_url.clone(),
        environment: config.web.environment.clone(),
        offset: api.offset,
        decision_wait: api.decision_wait,
        stopping: api.stopping.clone(),
        live: Arc::new(Live::within(connections)),
    })
}

/// How long a connection may take to send its first head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection without a call stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

fn serve(
    listener: TcpListener,
    api: Api,
    pages: Web,
    config: &Config,
    connections_per_worker: usize,
) -> anyhow::Result<actix_web::dev::Server> {
    let engine = web::Data::new(api.engine.clone());
    let (api, pages) = (web::Data::new(api), web::Data::new(pages));
    let body_timeout = BodyTimeout(Duration::from_millis(config.server.body_timeout_ms));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(body_timeout)
            .app_data(engine.clone())
            .app_data(api.clone())
            .app_data(pages.clone())
            .wrap(middleware::from_fn(around_each_call))
            .configure(crate::web::routes)
            .configure(routes)
    });
    let server = server
        .workers(config.server.workers)
        .max_connections(connections_per_worker)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(READ_AFTER_ANSWER)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(config.server.shutdown_ms.div_ceil(1000).max(1))
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// The files that this configuration reads its rules from.
pub fn catalog(config: &Config) -> Catalog {
    Catalog {
        types: config.types.dir.clone(),
        people: config.people.file.clone(),
        subscriptions: config.subscriptions.file.clone(),
        groups: config.gateway.groups.clone(),
        targets: Some(config.targets.clone()),
        needs_credentials: true,
    }
}

async fn read_files(catalog: &Catalog) -> anyhow::Result<RuleFiles> {
    let catalog = catalog.clone();
    let files = tokio::task::spawn_blocking(move || catalog.read()).await?;
    for fault in files.faults() {
        tracing::error!(%fault, "a file of the rules can't be used");
    }
    for warning in files.warnings() {
        tracing::warn!(%warning, "a file of the rules should be looked at");
    }
    Ok(files)
}

/// Says what is in force although its file says otherwise, and what is named although it is not in force.
fn tell(settled: &SettledRules, catalog: &Catalog) {
    for stale in &settled.stale {
        tracing::error!("{}", stale.line());
    }
    for warning in catalog.unknown_to_groups(&settled.rules.types) {
        tracing::warn!("{warning}");
    }
}

fn unusable(faults: Vec<FileFault>) -> anyhow::Error {
    let lines: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    anyhow::anyhow!("the rules can't be used:{lines}")
}
