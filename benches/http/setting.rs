//! What stands around a measurement: the server, its configuration, the target, and who calls.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::auth::mint::{Holder, mint};
use countersign::clock::Clock;
use countersign::config::{Config, Flags};
use countersign::domain::actor::Permission;
use countersign::domain::ids::OrgId;
use countersign::store::{AnyConnection, Opener, Purpose, StoreUrl};
use diesel::connection::SimpleConnection;
use tempfile::TempDir;

use crate::load::{self, Callers, Work};
use crate::process::Process;
use crate::report::Measured;
use crate::target::Target;
use crate::types::{ORG, STAGES, staged_type};

const SUBSCRIPTIONS: &str = "subscriptions.toml";

pub struct Setting {
    pub callers: Callers,
    pub process: Process,
    store: StoreUrl,
    target: Target,
    folder: TempDir,
}

impl Setting {
    pub fn start(url: &str) -> anyhow::Result<Self> {
        let target = Target::start()?;
        let folder = tempfile::tempdir()?;
        let file = write_files(folder.path(), url, &target)?;
        let config = Config::load(Some(&file), std::iter::empty(), Flags::default())?;
        let process = Process::start(&file)?;
        let callers = callers(&config, &process.address, target.address)?;
        Ok(Self { callers, process, store: StoreUrl::parse(url)?, target, folder })
    }

    /// What `clients` do in `span`, and what the server needs for it.
    pub async fn measure(&self, work: &Work, clients: usize, span: Duration) -> anyhow::Result<Measured> {
        self.reuse_log()?;
        let before = self.process.used()?;
        let times = load::run(&self.callers, work.clone(), clients, span).await?;
        Measured::new(times, &self.process.spent_since(&before)?)
    }

    /// From now on a subscriber is told of every change, or nobody.
    pub fn tell_subscriber(&self, is_told: bool) -> anyhow::Result<()> {
        let subscription = format!(
            "[[subscriptions]]\nname = \"bench\"\norg = \"{ORG}\"\nurl = \"http://{}/events\"\n\
             format = \"requestWorkflowEvent\"\nsecrets = [{{ file = \"bench.secret\" }}]\n",
            self.target.subscriber
        );
        let text = if is_told { subscription.as_str() } else { "" };
        std::fs::write(self.folder.path().join(SUBSCRIPTIONS), text)?;
        self.process.reload()
    }

    /// A fresh PostgreSQL stops for every 16 MiB to make another file of its log. One that has run for a
    /// while uses the old ones again; a checkpoint before each measurement lets go of them.
    pub fn reuse_log(&self) -> anyhow::Result<()> {
        if let AnyConnection::Postgres(conn) = &mut self.connection()? {
            conn.batch_execute("CHECKPOINT")?;
        }
        Ok(())
    }

    /// A connection of the bench to the server's database.
    pub fn connection(&self) -> anyhow::Result<AnyConnection> {
        Ok(Opener { url: self.store.clone(), purpose: Purpose::Write }.open()?)
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.process.stop()?;
        self.target.stop().await;
        Ok(())
    }
}

/// Writes the configuration and the files that it names.
fn write_files(folder: &Path, url: &str, target: &Target) -> anyhow::Result<PathBuf> {
    let types = folder.join("types");
    std::fs::create_dir(&types)?;
    std::fs::write(types.join("staged.toml"), staged_type())?;
    std::fs::write(folder.join(SUBSCRIPTIONS), "")?;
    std::fs::write(folder.join("bench.secret"), "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n")?;
    let ports = [target.address.port(), target.subscriber.port()];
    let more = format!(
        "[subscriptions]\nfile = \"{}\"\n\
         [executor]\nconcurrency = 128\nconcurrency_per_host = 64\n\
         [[targets]]\nscheme = \"http\"\nhost = \"127.0.0.1\"\nports = {ports:?}\n\
         label = \"Target\"\nallow_cidrs = [\"127.0.0.1/32\"]\n",
        folder.join(SUBSCRIPTIONS).display()
    );
    let file = folder.join("countersign.toml");
    std::fs::write(&file, basic_config(url, &types) + &more)?;
    Ok(file)
}

/// A store, types, and how tokens are checked.
pub fn basic_config(url: &str, types: &Path) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"{url}\"\n\
         [auth]\nhs256_secret = \"only-for-the-benchmark-and-nowhere-else\"\n\
         issuer = \"https://idp.test\"\naudience = \"countersign\"\n[types]\ndir = \"{}\"\n",
        types.display()
    )
}

fn callers(config: &Config, server: &str, target: SocketAddr) -> anyhow::Result<Callers> {
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
    let signer = |stage: &&str| token(&format!("signer-{stage}"), Permission::Check, &[stage]);
    Ok(Callers {
        server: server.to_owned(),
        maker: token("400001", Permission::Make, &[])?,
        checker: token("400002", Permission::Check, &[])?,
        signers: STAGES.iter().map(signer).collect::<Result<_, _>>()?,
        target: target.to_string(),
    })
}
