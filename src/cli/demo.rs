//! `countersign demo`: the whole story over real HTTP, on a throw-away store, against the sandbox.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use hyper::Method;
use serde_json::{Value, json};

use super::args::DemoArgs;
use super::stop_signal;
use super::story::{Person, call};
use super::waiting;
use crate::api::BASE;
use crate::auth::mint::{Holder, mint};
use crate::clock::Clock;
use crate::config::{Config, Flags};
use crate::domain::actor::Permission;
use crate::domain::ids::OrgId;
use crate::engine::sessions::SessionGrant;
use crate::sandbox;
use crate::server::{ExecutorMode, Server, Startup};
use crate::web::session::DemoPerson;

const ISSUER: &str = "https://demo.countersign.example";
const ORG: &str = "90001";
const BADGE: &str = "658de01c823d1b70aabcfaae";
const CUSTOMER: u64 = 113_460_811;
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_SANDBOX: &str = "127.0.0.1:8090";

/// Runs the demo; with `--once` the exit code tells whether the story ended well.
pub(super) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let folder = Scratch::new()?;
    // Once is for scripts: free ports, so that it runs beside anything.
    let fallback = |standing: &str| -> SocketAddr {
        let text = if args.once { "127.0.0.1:0" } else { standing };
        text.parse().expect("the demo's own addresses are addresses")
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
    let startup = Startup { executor: ExecutorMode::Running, demo: people() };
    let server = Server::start(&config, Clock::system(), startup).await?;
    let story = Story::new(&config, server.address(), sandbox_address)?;
    let told = story.tell().await;
    if !args.once && told.is_ok() {
        let stopped = stop_signal()?;
        story.leave_some_waiting().await?;
        story.stay()?;
        stopped.await;
    }
    server.stop().await?;
    sandbox_handle.stop(true).await;
    told.map(|()| ExitCode::SUCCESS)
}

/// A folder that goes away with the demo.
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
        // A temporary folder that stays is untidy, not wrong.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The demo's own configuration: nothing is read from the environment, and from files only the types and
/// people that were asked for.
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
    for (table, key, path) in [("types", "dir", &args.types), ("people", "file", &args.people)] {
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

/// The address's host as a URL writes it.
fn host_text(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    }
}

struct Story {
    server: String,
    sandbox: String,
    maker: Person,
    checker: Person,
    auditor: Person,
}

/// One of the people of the story, who may sign in to the pages by one click, too.
struct Role {
    name: &'static str,
    what: &'static str,
    id: &'static str,
    mail: &'static str,
    rights: &'static [Permission],
}

/// Mara may check, too: what stops her from deciding her own request is the rule, not the right.
const MARA: Role = Role {
    name: "Mara",
    what: "maker",
    id: "400001",
    mail: "mara@demo.example",
    rights: &[Permission::Make, Permission::Check],
};
const CHEN: Role = Role {
    name: "Chen",
    what: "checker",
    id: "400002",
    mail: "chen@demo.example",
    rights: &[Permission::Check],
};
/// A decision of one is shown to the other, and two stages have somebody each.
const FINN: Role = Role {
    name: "Finn",
    what: "second checker",
    id: "400004",
    mail: "finn@demo.example",
    rights: &[Permission::Check],
};
const ADA: Role = Role {
    name: "Ada",
    what: "auditor",
    id: "400003",
    mail: "ada@demo.example",
    rights: &[Permission::Audit],
};

/// Everybody who may sign in to the demo's pages.
fn people() -> Vec<DemoPerson> {
    [&CHEN, &FINN, &MARA, &ADA].into_iter().map(Role::signs_in).collect()
}

impl Role {
    fn signs_in(&self) -> DemoPerson {
        let person = crate::domain::actor::Person {
            iss: ISSUER.to_owned(),
            sub: self.id.to_owned(),
            user_id: self.id.to_owned(),
            user_name: self.mail.to_owned(),
        };
        let granted = SessionGrant {
            person,
            orgs: vec![OrgId::new(ORG)],
            permissions: self.rights.to_vec(),
            groups: Vec::new(),
            act: Vec::new(),
        };
        DemoPerson { name: self.name.to_owned(), what: self.what.to_owned(), granted }
    }

    /// With a token for the API.
    fn with_token(&self, config: &Config) -> anyhow::Result<Person> {
        let holder = Holder {
            user_id: self.id.to_owned(),
            user_name: self.mail.to_owned(),
            orgs: vec![OrgId::new(ORG)],
            permissions: self.rights.to_vec(),
            groups: Vec::new(),
        };
        let token = mint(&config.auth, &holder, None, Clock::system().now())?;
        Ok(Person { name: format!("{}, {}", self.name, self.what), token })
    }
}

impl Story {
    fn new(config: &Config, server: SocketAddr, sandbox: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            server: server.to_string(),
            sandbox: sandbox.to_string(),
            maker: MARA.with_token(config)?,
            checker: CHEN.with_token(config)?,
            auditor: ADA.with_token(config)?,
        })
    }

    async fn tell(&self) -> anyhow::Result<()> {
        say("Countersign demo: one request, two people, one call.")?;
        say(&format!(
            "Countersign listens on http://{}, the sandbox on http://{}.\n",
            self.server, self.sandbox
        ))?;
        let (id, digest) = self.submit().await?;
        self.maker_may_not_decide(&id).await?;
        self.approve(&id, &digest).await?;
        self.find_badge().await?;
        self.read_history(&id).await?;
        say("\nThe story ended well: the call that was approved is the call that ran, once.")
    }

    async fn ask(
        &self,
        person: &Person,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<super::story::Reply> {
        say(&format!("    {method} {BASE}{path}   ({})", person.name))?;
        let headers = [("x-cap-ui-auth-token", person.token.as_str()), ("x-cap-api-auth-org-id", ORG)];
        call(&self.server, method, &format!("{BASE}{path}"), &headers, body).await
    }

    async fn submit(&self) -> anyhow::Result<(String, String)> {
        say(&format!("1. Mara asks to enrol customer {CUSTOMER} for badge {BADGE}."))?;
        let body = self.submission();
        let answer = self.ask(&self.maker, Method::POST, "/ISSUE-BADGE", Some(&body)).await?.expect(200)?;
        let data = &answer["data"];
        ensure!(data["state"] == "AdminTask", "the request does not wait: {data}");
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let (id, digest) = (text("requestId"), text("digest"));
        say(&format!("    200: request {id} waits for a checker (AdminTask)."))?;
        say(&format!("    Nothing was sent yet. What will be sent has the digest {digest}.\n"))?;
        Ok((id, digest))
    }

    fn submission(&self) -> Value {
        json!({
            "entityInfo": {
                "tillId": "50682289", "storeId": "50682288", "zoneId": "50682286", "conceptId": "50678331",
            },
            "payload": { "IntouchAPITask-Payload": {
                "hostname": format!("http://{}", self.sandbox),
                "path": "/api_gateway/v1/badges/badgeMeta/customer/issueBulk",
                "method": "POST",
                "pathParams": {},
                "body": {
                    "triggeredBy": { "ownerType": "Goodwill_Module", "referenceId": "134" },
                    "customers": CUSTOMER,
                    "requestId": "e7requestd62c5ec5d115a2859228cefd9ee8cgh",
                    "badgeMetaId": BADGE,
                },
                "headers": {
                    "Authorization": "Basic YWIxMjQ6MjVkNTVhZDI4M2FhNDAwYWY0NjRjNzZkNzEzYzA3YWQ=",
                    "content-type": "application/json",
                },
            } },
        })
    }

    async fn maker_may_not_decide(&self, id: &str) -> anyhow::Result<()> {
        say("2. Mara has the right to check, and tries to approve her own request.")?;
        let body = decision(id, "I am sure.", None);
        let answer = self.ask(&self.maker, Method::PUT, "/ISSUE-BADGE", Some(&body)).await?.expect(403)?;
        let error = &answer["errors"][0];
        ensure!(error["code"] == "maker_is_checker", "another refusal: {error}");
        say(&format!("    403 {}: {}\n", word(&error["code"]), word(&error["message"])))
    }

    async fn approve(&self, id: &str, digest: &str) -> anyhow::Result<()> {
        say("3. Chen reads the request, and approves exactly this call: he sends its digest back.")?;
        let path = format!("/requests/{id}");
        let read = self.ask(&self.checker, Method::GET, &path, None).await?.expect(200)?;
        let seen = &read["data"]["call"];
        say(&format!(
            "    200: {} {} [{}]",
            word(&seen["method"]),
            word(&seen["url"]),
            word(&seen["label"])
        ))?;
        let body = decision(id, "Agreed with the campaign team.", Some(digest));
        let answer = self.ask(&self.checker, Method::PUT, "/ISSUE-BADGE", Some(&body)).await?.expect(200)?;
        let data = &answer["data"];
        let output = &data["details"]["IntouchAPITask_Output"];
        say(&format!("    200: the request is {}.", word(&data["state"])))?;
        say(&format!("    The target answered {}: {}\n", output["status"], output["body"]["data"]))?;
        ensure!(data["state"] == "executed", "the request did not end executed: {data}");
        Ok(())
    }

    async fn find_badge(&self) -> anyhow::Result<()> {
        say("4. The sandbox holds the badge.")?;
        say("    GET /sandbox")?;
        let held = call(&self.sandbox, Method::GET, "/sandbox", &[], None).await?.expect(200)?;
        let enrolments = held["enrolments"].as_array().cloned().unwrap_or_default();
        let is_ours =
            |enrolment: &&Value| enrolment["customerId"] == CUSTOMER && enrolment["badgeMetaId"] == BADGE;
        let found: Vec<&Value> = enrolments.iter().filter(is_ours).collect();
        let [badge] = found.as_slice() else {
            anyhow::bail!("the sandbox holds the badge {} times", found.len());
        };
        say(&format!("    Customer {CUSTOMER} has {} (issuedId {}).\n", BADGE, word(&badge["issuedId"])))
    }

    async fn read_history(&self, id: &str) -> anyhow::Result<()> {
        say("5. Ada reads what happened.")?;
        let path = format!("/requests/{id}/history");
        let answer = self.ask(&self.auditor, Method::GET, &path, None).await?.expect(200)?;
        for entry in answer["data"].as_array().into_iter().flatten() {
            let mut line = String::new();
            write!(
                line,
                "    {:>2}  {}  {:<22}  {:<20}  {}",
                entry["seq"],
                word(&entry["at"]),
                word(&entry["type"]),
                word(&entry["actor"]["userName"]),
                entry["message"].as_str().unwrap_or_default(),
            )?;
            say(line.trim_end())?;
        }
        Ok(())
    }

    /// Some requests for whoever opens the pages.
    async fn leave_some_waiting(&self) -> anyhow::Result<()> {
        say("\nMara asks for a few more things, which wait for Chen.")?;
        for waiting in waiting::all() {
            let body = waiting.submission(&format!("http://{}", self.sandbox));
            let path = format!("/{}", waiting.request_type);
            self.ask(&self.maker, Method::POST, &path, Some(&body)).await?.expect(200)?;
        }
        Ok(())
    }

    /// What to try by hand while the servers stay up.
    fn stay(&self) -> anyhow::Result<()> {
        say("\nBoth servers stay up; stop them with Ctrl-C.")?;
        say(&format!("\n  Open  http://{}  and sign in as Chen: one click, no password.", self.server))?;
        say("  Requests wait for him; approve one and see it done. Mara submits, Ada audits.")?;
        say("\nOr paste these to try the API yourself:\n")?;
        for (name, person) in [("MAKER", &self.maker), ("CHECKER", &self.checker), ("AUDITOR", &self.auditor)]
        {
            say(&format!("{name}='{}'", person.token))?;
        }
        let server = format!("http://{}{BASE}", self.server);
        let mut body = self.submission();
        body["payload"]["IntouchAPITask-Payload"]["body"]["customers"] = 62_090_013.into();
        body["payload"]["IntouchAPITask-Payload"]["body"]["requestId"] = "by-hand-1".into();
        let org = format!("-H 'X-CAP-API-AUTH-ORG-ID: {ORG}'");
        let json = "-H 'content-type: application/json'";
        say(&format!(
            "\n# submit\ncurl -s {server}/ISSUE-BADGE -H \"X-CAP-UI-AUTH-TOKEN: $MAKER\" {org} {json} \\\n  -d '{body}'"
        ))?;
        say(&format!(
            "\n# what waits\ncurl -s '{server}/requests?states=AdminTask' -H \"X-CAP-UI-AUTH-TOKEN: $CHECKER\" {org}"
        ))?;
        let decision = decision("PUT-THE-REQUEST-ID-HERE", "ok", None);
        say(&format!(
            "\n# approve\ncurl -s -X PUT {server}/ISSUE-BADGE -H \"X-CAP-UI-AUTH-TOKEN: $CHECKER\" {org} {json} \\\n  -d '{decision}'"
        ))?;
        say(&format!(
            "\n# what happened\ncurl -s {server}/requests/PUT-THE-REQUEST-ID-HERE/history -H \"X-CAP-UI-AUTH-TOKEN: $AUDITOR\" {org}"
        ))?;
        say(&format!("\n# what the sandbox holds\ncurl -s http://{}/sandbox", self.sandbox))
    }
}

fn decision(id: &str, message: &str, digest: Option<&str>) -> Value {
    let mut task = json!({ "actionDecision": "approved", "actionMessage": message });
    if let Some(digest) = digest {
        task["digest"] = digest.into();
    }
    json!({ "requestId": id, "actionName": "AdminTask", "payload": { "AdminTask-Payload": task } })
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn say(line: &str) -> anyhow::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
