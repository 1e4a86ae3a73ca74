//! The demo's client: the till that its calls come through.

use super::ORG;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::client::{Client, ClientKind, DEFAULT_GROUP};
use crate::domain::ids::OrgId;
use crate::engine::clients::add_client;
use crate::gateway::credentials::{ClientSecret, HashCost, basic};
use crate::store::{Opener, Purpose, StoreUrl, migrate};

const NAME: &str = "demo.till";

/// Makes the database and adds the client to it, before the server starts. Returns its `Authorization`.
pub(super) fn add(config: &Config) -> anyhow::Result<String> {
    let url = StoreUrl::parse(config.store.url.expose())?;
    let mut conn = Opener { url, purpose: Purpose::Write }.open()?;
    migrate::run(&mut conn)?;
    let clock = Clock::system();
    let client = Client {
        id: clock.new_id().to_string(),
        org: OrgId::new(ORG),
        name: NAME.to_owned(),
        kind: ClientKind::Till,
        groups: vec![DEFAULT_GROUP.to_owned()],
    };
    let sent = ClientSecret::random().md5();
    add_client(&mut conn, &client, &sent.hash(HashCost::default())?, &clock)?;
    Ok(basic(NAME, &sent))
}
