//! The servers under measurement: the engine's own, the variant's, and the sandbox.

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, middleware, web};
use countersign::api::{BASE, call};
use countersign::auth::mint::{Holder, mint};
use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::domain::actor::Permission;
use countersign::domain::ids::OrgId;
use countersign::sandbox;
use countersign::server::{ExecutorMode, Server};
use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl};
use diesel::connection::SimpleConnection;
use diesel::r2d2::Pool;

use crate::load::Callers;
use crate::single;

pub const ORG: &str = "90001";

/// Connections of the variant's pool.
const POOL: u32 = 16;

pub struct Setting {
    pub engine_address: String,
    pub single_address: String,
    pub callers: Callers,
    server: Server,
    handles: Vec<ServerHandle>,
}

impl Setting {
    pub async fn start(url: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let sandbox_address = listener.local_addr()?;
        let sandbox = sandbox::start(listener, Clock::system())?;
        let mut handles = vec![sandbox.handle()];
        tokio::spawn(sandbox);
        let config = config(url, sandbox_address.port())?;
        let server = Server::start(&config, Clock::system(), ExecutorMode::Running).await?;
        let pool = Pool::builder()
            .max_size(POOL)
            .build(Opener { url: StoreUrl::parse(url)?, purpose: Purpose::Write })?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let single_address = listener.local_addr()?.to_string();
        let (api, pool) = (web::Data::new(server.api().clone()), web::Data::new(pool));
        let variant = HttpServer::new(move || {
            App::new()
                .app_data(api.clone())
                .app_data(pool.clone())
                .wrap(middleware::from_fn(call::around_each_call))
                .route(&format!("{BASE}/{{requestType}}"), web::post().to(single::submit))
        });
        let variant = variant.workers(config.server.workers).disable_signals().listen(listener)?.run();
        handles.push(variant.handle());
        tokio::spawn(variant);
        let token = |id: &str, permission| {
            let holder = Holder {
                user_id: id.to_owned(),
                user_name: format!("{id}@example.com"),
                orgs: vec![OrgId::new(ORG)],
                permissions: vec![permission],
            };
            mint(&config.auth, &holder, None, Clock::system().now())
        };
        Ok(Self {
            engine_address: server.address().to_string(),
            single_address,
            callers: Callers {
                maker: token("400001", Permission::Make)?,
                checker: token("400002", Permission::Check)?,
                sandbox: sandbox_address.to_string(),
            },
            server,
            handles,
        })
    }

    /// A fresh PostgreSQL stops for every 16 MiB to make another file of its log. One that has run for a
    /// while uses the old ones again; a checkpoint before each measurement lets go of them.
    pub fn reuse_log(&self, url: &str) -> anyhow::Result<()> {
        let url = StoreUrl::parse(url)?;
        if let AnyConnection::Postgres(conn) = &mut (Opener { url, purpose: Purpose::Write }).open()? {
            conn.batch_execute("CHECKPOINT")?;
        }
        Ok(())
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        for handle in &self.handles {
            handle.stop(false).await;
        }
        self.server.stop().await
    }
}

fn config(url: &str, sandbox_port: u16) -> anyhow::Result<Config> {
    let file = tempfile::NamedTempFile::new()?;
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n\
         [store]\nurl = \"{url}\"\n\
         [auth]\nhs256_secret = \"only-for-the-benchmark-and-nowhere-else\"\n\
         issuer = \"https://idp.test\"\naudience = \"countersign\"\n\
         [executor]\nconcurrency = 64\nconcurrency_per_host = 64\n\
         [[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = [{sandbox_port}]\n\
         label = \"Sandbox\"\nallow_cidrs = [\"127.0.0.1/32\"]\n"
    );
    std::fs::write(file.path(), text)?;
    Ok(Config::load(Some(file.path()), std::iter::empty(), Flags::default())?)
}
