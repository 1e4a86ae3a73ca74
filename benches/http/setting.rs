//! The servers under measurement: the engine's own, the variant's, and the sandbox.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, middleware, web};
use countersign::api::BASE;
use countersign::auth::mint::{Holder, mint};
use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::domain::actor::{Actor, Permission, Person, Signer};
use countersign::domain::ids::OrgId;
use countersign::domain::rules::Rules;
use countersign::domain::secret::Secret;
use countersign::domain::subscription::{EventFormat, Subscription, Subscriptions};
use countersign::engine::SubmissionInput;
use countersign::http::body::BodyTimeout;
use countersign::http::middleware::around_each_call;
use countersign::sandbox;
use countersign::server::{ExecutorMode, Server};
use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl};
use diesel::connection::SimpleConnection;
use diesel::r2d2::Pool;

use crate::load::{self, Callers};
use crate::single;
use crate::types::{ORG, STAGED};

const DEAREST: &str = "DEAREST-BADGE";
const RULES_MAX: usize = 50;
const DEAREST_TIMES: u32 = 20;
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
        std::fs::write(types.path().join("dearest.toml"), dearest_type())?;
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

    /// How long one submission takes to be checked, and its rule to be chosen, under the dearest policy
    /// that is allowed: as many rules as there may be, each with a condition of 1 KiB that asks every
    /// item of a list of 1,000.
    pub fn dearest_policy(&self) -> anyhow::Result<Duration> {
        let actor = Actor {
            signer: Signer {
                person: Person::system(),
                org: OrgId::new(ORG),
                permissions: vec![Permission::Make],
                groups: vec![],
                act: vec![],
                signed_in_at: None,
            },
            token_id: None,
            source_address: None,
            via: None,
        };
        let body = load::submission_of_many(&self.callers.sandbox, 1_000);
        let submitting = SubmissionInput {
            actor: &actor,
            type_name: DEAREST,
            body: Ok(body.as_bytes()),
            idempotency_key: None,
            reference: "bench",
        };
        let began = Instant::now();
        for _ in 0..DEAREST_TIMES {
            self.server.engine().prepare(&submitting)?;
        }
        Ok(began.elapsed() / DEAREST_TIMES)
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

/// Every rule but the last asks in vain.
fn dearest_type() -> String {
    let mut asks: Vec<String> = Vec::new();
    while asks.iter().map(|ask| ask.len() + 4).sum::<usize>() < 900 {
        asks.push(format!("c == -{}", asks.len() + 1));
    }
    let condition = format!("request.body.customers.exists(c, {})", asks.join(" || "));
    let rule =
        |number: usize| format!("[[policy]]\nname = \"{number}\"\nwhen = '{condition}'\nrefuse = \"No.\"\n");
    let rules: String = (1..RULES_MAX).map(rule).collect();
    format!(
        "name = \"{DEAREST}\"\n\
         [call]\nmethod = \"POST\"\npath = \"/api_gateway/v1/badges/badgeMeta/customer/issueBulk\"\n\
         [body]\ntype = \"object\"\n{rules}[[policy]]\nname = \"last\"\nauto_approve = true\n"
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
