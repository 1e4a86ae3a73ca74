//! The command line: one function per command.

pub mod args;
mod clients;
mod demo;
mod subscriptions;
mod types;

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use self::args::{
    Command, EndSessionsArgs, PauseArgs, SandboxArgs, ServeArgs, SessionsCommand, StoreArgs, TokenArgs,
};
use crate::clock::Clock;
use crate::config::{Config, Flags, environment};
use crate::domain::words::Words;
use crate::engine::pauses::{self, EVERY_HOST, PauseChange};
use crate::engine::sessions::end_sessions_of;
use crate::server::{ExecutorMode, Server};
use crate::store::{AnyConnection, Opener, Purpose, StoreUrl, migrate};
use crate::{api, auth, sandbox, telemetry};

/// Runs one command to its end.
pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => block_on(serve(args)),
        Command::Sandbox(args) => block_on(run_sandbox(args)),
        Command::Demo(args) => block_on(demo::run(args)),
        Command::Token(args) => token(&args),
        Command::Migrate(args) => run_migrations(&args),
        Command::CheckConfig(args) => check_config(&args),
        Command::Openapi => print_openapi(),
        Command::Types(command) => types::run(&command),
        Command::Pause(args) => change_pause(&args, true),
        Command::Resume(args) => change_pause(&args, false),
        Command::Client(command) => clients::run(&command),
        Command::Sessions(SessionsCommand::End(args)) => end_sessions(&args),
        Command::Subscriptions(command) => block_on(subscriptions::run(command)),
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // A read that the database does not answer must not keep the process.
    runtime.shutdown_background();
    done
}

fn load(file: Option<&Path>, flags: Flags) -> anyhow::Result<Config> {
    Ok(Config::load(file, environment(), flags)?)
}

/// Prints the line that says that a server is ready.
fn say_ready(address: std::net::SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}")?;
    Ok(out.flush()?)
}

/// Starts to listen for SIGTERM and SIGINT; the future resolves on the first. Called before the ready line is
/// printed, because a supervisor may send a signal as soon as it reads that line.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = load(args.config.as_deref(), args.flags())?;
    telemetry::init(&config.log)?;
    config.auth.require()?;
    let server = Server::start(&config, Clock::system(), ExecutorMode::Running).await?;
    let stopped = stop_signal()?;
    let mut hang_up = signal(SignalKind::hangup())?;
    say_ready(server.address())?;
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(()) = hang_up.recv() => server.reload_rules().await,
        }
    }
    tracing::info!("stopping: new API calls are refused, those under way may finish");
    if let Err(error) = server.stop().await {
        tracing::error!(%error, "stopped");
        return Ok(ExitCode::FAILURE);
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn run_sandbox(args: SandboxArgs) -> anyhow::Result<ExitCode> {
    let listener =
        TcpListener::bind(args.listen).with_context(|| format!("{} can't be used", args.listen))?;
    let address = listener.local_addr()?;
    let server = sandbox::start(listener, Clock::system())?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let stopped = stop_signal()?;
    say_ready(address)?;
    stopped.await;
    handle.stop(true).await;
    serving.await??;
    Ok(ExitCode::SUCCESS)
}

fn token(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    let config = load(args.config.as_deref(), Flags::default())?;
    let holder = auth::mint::Holder {
        user_id: args.user_id.clone(),
        user_name: args.user_name.clone(),
        orgs: vec![crate::domain::ids::OrgId::new(args.org_id.clone())],
        permissions: args.permissions.clone(),
        groups: args.groups.clone(),
    };
    let token = auth::mint::mint(&config.auth, &holder, args.ttl_seconds, Clock::system().now())?;
    writeln!(std::io::stdout(), "{token}")?;
    Ok(ExitCode::SUCCESS)
}

fn run_migrations(args: &StoreArgs) -> anyhow::Result<ExitCode> {
    let config = load(args.config.as_deref(), args.flags())?;
    let url = StoreUrl::parse(config.store.url.expose())?;
    let mut conn = Opener { url, purpose: Purpose::Write }.open()?;
    let ran = migrate::run(&mut conn)?;
    writeln!(std::io::stdout(), "{ran} migrations ran; {} is current", config.store.url)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes to the store directly, so that it works beside a running server: each page looks its session up, so the
/// next page is refused.
fn end_sessions(args: &EndSessionsArgs) -> anyhow::Result<ExitCode> {
    let mut conn = open_database(&args.store)?;
    let ended = end_sessions_of(&mut conn, &args.user_id, &Clock::system())?;
    writeln!(std::io::stdout(), "{ended} sessions of {} ended", args.user_id)?;
    Ok(ExitCode::SUCCESS)
}

/// The running nodes see the row at their next claim.
fn change_pause(args: &PauseArgs, begins: bool) -> anyhow::Result<ExitCode> {
    let reason = Words::new(&args.reason).map_err(|fault| anyhow::anyhow!("--reason: {fault}"))?;
    anyhow::ensure!(!reason.is_blank(), "--reason: write why; the trail keeps it");
    let mut conn = open_database(&args.store)?;
    let host = args.host.clone().unwrap_or_else(|| EVERY_HOST.to_owned());
    let change = PauseChange { host, reason: reason.into(), by: args.by.clone(), begins };
    pauses::change_pause(&mut conn, change, &Clock::system())?;
    let whom = args.host.as_deref().unwrap_or("every host");
    let what = if begins { "nothing is sent to" } else { "sending goes on to" };
    writeln!(std::io::stdout(), "{what} {whom}")?;
    Ok(ExitCode::SUCCESS)
}

/// A connection beside a server that may be running.
fn open_database(args: &StoreArgs) -> anyhow::Result<AnyConnection> {
    let config = load(args.config.as_deref(), args.flags())?;
    let url = StoreUrl::parse(config.store.url.expose())?;
    if let StoreUrl::Sqlite(path) = &url {
        anyhow::ensure!(Path::new(path).exists(), "there is no database at {}", config.store.url);
    }
    Ok(Opener { url, purpose: Purpose::Write }.open()?)
}

/// The same; `None` if there is no SQLite file yet.
fn open_if_there(args: &StoreArgs) -> anyhow::Result<Option<AnyConnection>> {
    let config = load(args.config.as_deref(), args.flags())?;
    match StoreUrl::parse(config.store.url.expose())? {
        StoreUrl::Sqlite(path) if !path.exists() => Ok(None),
        StoreUrl::Sqlite(_) | StoreUrl::Postgres(_) => open_database(args).map(Some),
    }
}

fn check_config(args: &StoreArgs) -> anyhow::Result<ExitCode> {
    let config = load(args.config.as_deref(), args.flags())?;
    write!(std::io::stdout(), "{}", config.render_effective())?;
    Ok(ExitCode::SUCCESS)
}

fn print_openapi() -> anyhow::Result<ExitCode> {
    let text = serde_json::to_string_pretty(&api::openapi::document(&crate::catalog::embedded()))?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}
