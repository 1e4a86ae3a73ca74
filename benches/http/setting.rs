//! The servers under measurement: the engine's own, the variant's, and the sandbox.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, middleware, web};
use countersign::api::BASE;
use countersign::auth::mint::{Holder, mint};
use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::domain::actor::Permission;
use countersign::domain::ids::OrgId;
use countersign::domain::rules::Rules;
use countersign::domain::secret::Secret;
use countersign::domain::subscription::{EventFormat, Subscription, Subscriptions};
use countersign::engine::Engine;
use countersign::http::body::BodyTimeout;
use countersign::http::middleware::around_each_call;
use countersign::sandbox;
use countersign::server::{ExecutorMode, Server};
use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl};
use diesel::connection::SimpleConnection;
use diesel::r2d2::Pool;

use crate::load::Callers;
use crate::types::{ORG, STAGED};
use crate::{dearest, single};

const STAGES: [&str; 3] = ["First", "Second", "Third"];

/// Connections of the variant's pool.
const POOL: u32 = 16;

pub struct Setting {
    pub engine_address: String,
    pub single_address: String,
    pub callers: Callers,
    subscriber: String,
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
        let types = tempfile::tempdir()?;
        std::fs::write(types.path().join("staged.toml"), staged_type())?;
        for dear in &dearest::KINDS {
            std::fs::write(types.path().join(dear.type_name).with_extension("toml"), dear.request_type())?;
        }
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let subscriber_address = listener.local_addr()?;
        let takes_all = || async { HttpResponse::NoContent().finish() };
        let subscriber = HttpServer::new(move || App::new().default_service(web::to(takes_all)));
        let subscriber = subscriber.workers(1).disable_signals().listen(listener)?.run();
        handles.push(subscriber.handle());
        tokio::spawn(subscriber);
        let ports = [sandbox_address.port(), subscriber_address.port()];
        let config = config(url, ports, types.path())?;
        let server = Server::start(&config, Clock::system(), ExecutorMode::Running).await?;
        let pool = Pool::builder()
            .max_size(POOL)
            .build(Opener { url: StoreUrl::parse(url)?, purpose: Purpose::Write })?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let single_address = listener.local_addr()?.to_string();
        let (api, pool) = (web::Data::new(server.api().clone()), web::Data::new(pool));
        let body_timeout = BodyTimeout(Duration::from_millis(config.server.body_timeout_ms));
        let variant = HttpServer::new(move || {
            App::new()
                .app_data(body_timeout)
                .app_data(web::Data::new(api.engine.clone()))
                .app_data(api.clone())
                .app_data(pool.clone())
                .wrap(middleware::from_fn(around_each_call))
                .route(&format!("{BASE}/{{requestType}}"), web::post().to(single::submit))
        });
        let variant = variant.workers(config.server.workers).disable_signals().listen(listener)?.run();
        handles.push(variant.handle());
        tokio::spawn(variant);
        let token = |id: &str, permission, groups: &[&str]| {
            let holder = Holder {
                user_id: id.to_owned(),
                user_name: format!("{id}@example.com"),
                orgs: vec![OrgId::new(ORG)],
                permissions: vec![permission],
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            };
            mint(&config.auth, &holder, None, Clock::system().now())
        };
        Ok(Self {
            engine_address: server.address().to_string(),
            single_address,
            callers: Callers {
                maker: token("400001", Permission::Make, &[])?,
                checker: token("400002", Permission::Check, &[])?,
                signers: STAGES
                    .iter()
                    .map(|stage| token(&format!("signer-{stage}"), Permission::Check, &[stage]))
                    .collect::<Result<_, _>>()?,
                sandbox: sandbox_address.to_string(),
            },
            subscriber: format!("http://{subscriber_address}/events"),
            server,
            handles,
        })
    }

    /// From now on a subscriber is told of every change, or nobody.
    pub async fn tell_subscriber(&self, is_told: bool) -> anyhow::Result<()> {
        let engine = self.server.engine();
        let subscription = Subscription {
            name: "bench".to_owned(),
            org: OrgId::new(ORG),
            url: self.subscriber.clone(),
            types: Vec::new(),
            format: EventFormat::RequestWorkflowEvent,
            secrets: vec![Secret::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")],
        };
        let subscriptions = if is_told { vec![subscription] } else { Vec::new() };
        let rules =
            Rules { subscriptions: Subscriptions::new(subscriptions), ..Rules::clone(&engine.rules()) };
        Ok(engine.put_in_force(rules).await?)
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

    pub fn engine(&self) -> &Engine {
        self.server.engine()
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        for handle in &self.handles {
            handle.stop(false).await;
        }
        self.server.stop().await
    }
}

fn staged_type() -> String {
    let stages = STAGES.map(|stage| {
        format!(
            "[[policy.stages]]\nname = \"{stage}\"\nmode = \"all\"\n\
             [[policy.stages.seats]]\ngroup = \"{stage}\"\n"
        )
    });
    format!(
        "name = \"{STAGED}\"\namount = \"/body/customers\"\n\
         [call]\nmethod = \"POST\"\npath = \"/api_gateway/v1/badges/badgeMeta/customer/issueBulk\"\n\
         [body]\ntype = \"object\"\nrequired = [\"badgeMetaId\", \"customers\"]\n\
         [[usage]]\nname = \"day\"\nby = \"maker\"\nwindow = \"1d\"\n\
         [[policy]]\nname = \"within\"\n\
         when = 'usage.day.count < 100000000 && usage.day.sum.plus(request.amount).above(1)'\n{}",
        stages.concat()
    )
}

fn config(url: &str, [sandbox_port, subscriber_port]: [u16; 2], types: &Path) -> anyhow::Result<Config> {
    let file = tempfile::NamedTempFile::new()?;
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n\
         [store]\nurl = \"{url}\"\n\
         [auth]\nhs256_secret = \"only-for-the-benchmark-and-nowhere-else\"\n\
         issuer = \"https://idp.test\"\naudience = \"countersign\"\n\
         [types]\ndir = \"{}\"\n\
         [executor]\nconcurrency = 64\nconcurrency_per_host = 64\n\
         [[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = [{sandbox_port}, {subscriber_port}]\n\
         label = \"Sandbox\"\nallow_cidrs = [\"127.0.0.1/32\"]\n",
        types.display()
    );
    std::fs::write(file.path(), text)?;
    Ok(Config::load(Some(file.path()), std::iter::empty(), Flags::default())?)
}
