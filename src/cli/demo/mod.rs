//! `countersign demo`: one request from submission to execution, over real HTTP, on a throw-away store,
//! against the sandbox.

mod api_client;
mod client;
mod journey;
mod people;
mod waiting_requests;

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use self::journey::Journey;
use self::waiting_requests::SANDBOX_TILL;
use super::args::DemoArgs;
use super::stop_signal;
use crate::clock::Clock;
use crate::config::{Config, Flags};
use crate::sandbox;
use crate::server::{ExecutorMode, Server, Startup};

const ISSUER: &str = "https://demo.countersign.example";
const ORG: &str = "90001";
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_SANDBOX: &str = "127.0.0.1:8090";
/// Where the subscribers of `--subscriptions` listen.
const SUBSCRIBERS: &str = "[[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = [8070]\n\
                           label = \"Subscriber\"\nallow_cidrs = [\"127.0.0.1/32\"]\n";

/// Runs the demo. With `--once` the exit code says whether the request was executed.
pub(super) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let folder = Scratch::new()?;
    // `--once` is for scripts: it takes free ports, so that it can run beside anything.
    let fallback = |default: &str| -> SocketAddr {
        let text = if args.once { "127.0.0.1:0" } else { default };
        text.parse().expect("the demo's default addresses are valid")
    };
    let sandbox_listen = args.sandbox_listen.unwrap_or_else(|| fallback(DEFAULT_SANDBOX));
    let listener = TcpListener::bind(sandbox_listen)
        .with_context(|| format!("--sandbox-listen: {sandbox_listen} can't be used"))?;
    let sandbox_address = listener.local_addr()?;
    let sandbox = sandbox::start(listener, Clock::system())?;
    let sandbox_handle = sandbox.handle();
    tokio::spawn(sandbox);

    let listen = args.listen.unwrap_or_else(|| fallback(DEFAULT_LISTEN));
    let config = config(&folder, (listen, sandbox_address), &args)?;
    let startup = Startup { demo: people::all(), ..Startup::from(ExecutorMode::Running) };
    let till = client::add(&config)?;
    let server = Server::start(&config, Clock::system(), startup).await?;
    let journey = Journey::new(&config, till, server.address(), sandbox_address)?;
    let result = journey.run().await;
    if !args.once && result.is_ok() {
        let stopped = stop_signal()?;
        journey.submit_waiting_requests().await?;
        journey.print_next_steps()?;
        stopped.await;
    }
    server.stop().await?;
    sandbox_handle.stop(true).await;
    result.map(|()| ExitCode::SUCCESS)
}

/// A temporary folder that is deleted when the demo ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("countersign-demo-{}", Clock::system().new_id()));
        std::fs::create_dir(&path).with_context(|| format!("{} can't be made", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The demo's configuration. It reads nothing from the environment but secrets that subscriptions name, and only
/// request types, people and subscriptions from files.
fn config(
    folder: &Scratch,
    (listen, sandbox): (SocketAddr, SocketAddr),
    args: &DemoArgs,
) -> anyhow::Result<Config> {
    let secret = format!("{}{}", Clock::system().new_id().simple(), uuid::Uuid::new_v4().simple());
    let mut text = format!(
        "[server]\nlisten = \"{listen}\"\n\
         [store]\nurl = \"sqlite://{}\"\n\
         [auth]\nhs256_secret = \"{secret}\"\nissuer = \"{ISSUER}\"\n\
         audience = \"countersign-demo\"\nmax_ttl_seconds = 86400\n\
         [gateway]\nmode = \"required\"\n\
         [web]\nenvironment = \"Demo\"\n\
         [log]\nlevel = \"warn\"\n\
         [[targets]]\nscheme = \"http\"\nhost = \"{}\"\nports = [{}]\nlabel = \"Sandbox\"\n\
         allow_cidrs = [\"{}/{}\"]\n",
        folder.0.join("demo.db").display(),
        host_text(sandbox),
        sandbox.port(),
        sandbox.ip(),
        if sandbox.is_ipv4() { 32 } else { 128 },
    );
    if args.subscriptions.is_some() {
        text += SUBSCRIBERS;
    }
    text += &credential(folder, sandbox)?;
    let files = [
        ("types", "dir", &args.types),
        ("people", "file", &args.people),
        ("subscriptions", "file", &args.subscriptions),
    ];
    for (table, key, path) in files {
        if let Some(path) = path {
            let path = toml::Value::String(path.display().to_string());
            write!(text, "[{table}]\n{key} = {path}\n")?;
        }
    }
    let file = folder.0.join("demo.toml");
    std::fs::write(&file, text)?;
    let config = Config::load(Some(&file), std::iter::empty(), Flags::default())?;
    crate::telemetry::init(&config.log)?;
    Ok(config)
}

/// The credential `sandbox`, for types of `--types`: a till of the sandbox, in a file that only this account can read.
/// The embedded types take what a maker sends, as the contract says.
fn credential(folder: &Scratch, sandbox: SocketAddr) -> anyhow::Result<String> {
    let path = folder.0.join("sandbox-credential.txt");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(SANDBOX_TILL.as_bytes())?;
    let path = toml::Value::String(path.display().to_string());
    Ok(format!(
        "[[credentials]]\nname = \"sandbox\"\ntargets = [\"http://{}:{}\"]\nheader = \"authorization\"\n\
         value_file = {path}\n",
        host_text(sandbox),
        sandbox.port(),
    ))
}

/// The host of the address as it appears in a URL.
fn host_text(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    }
}
