//! Prints the effective values, for `check-config`. Secrets stay hidden.

use toml::{Table, Value};

use super::{Config, credentials, gateway, orgs};
use crate::domain::allowed_targets::{Scheme, Target};

/// Every value as TOML; a key without a value is a comment.
pub(super) fn effective(config: &Config) -> String {
    let mut text = String::new();
    let mut section = "";
    for (name, value) in values(config) {
        let (its_section, key) = name.split_once('.').expect("every value has a section");
        if its_section != section {
            text += &format!("{}[{its_section}]\n", if section.is_empty() { "" } else { "\n" });
            section = its_section;
        }
        text += &match value {
            Some(value) => format!("{key} = {value}\n"),
            None => format!("# {key} is not set\n"),
        };
    }
    for org in &config.orgs.0 {
        text += &format!("\n[[orgs]]\n{}", orgs::table(org));
    }
    for target in &config.targets.list {
        text += &format!("\n[[targets]]\n{}", target_table(target));
    }
    for credential in &config.targets.credentials {
        text += &format!("\n[[credentials]]\n{}", credentials::table(credential));
    }
    text
}

/// Every key of the table except the lists of orgs, targets and credentials, in order.
pub(super) fn values(config: &Config) -> Vec<(&'static str, Option<Value>)> {
    let Config {
        server,
        store,
        auth,
        gateway,
        requests,
        types,
        people,
        subscriptions,
        web,
        executor,
        log,
        orgs: _,
        targets: _,
    } = config;
    vec![
        ("server.listen", shown(server.listen)),
        ("server.shutdown_ms", number(server.shutdown_ms)),
        ("server.body_timeout_ms", number(server.body_timeout_ms)),
        ("server.utc_offset", shown(server.utc_offset)),
        ("server.workers", number(server.workers)),
        ("store.url", shown(&store.url)),
        ("store.read_connections", number(store.read_connections)),
        ("store.queue_max", number(store.queue_max)),
        ("store.batch_max", number(store.batch_max)),
        ("store.require_sync_standby", Some(Value::Boolean(store.require_sync_standby))),
        ("auth.hs256_secret", auth.hs256_secret.as_ref().and_then(shown)),
        ("auth.jwks_file", auth.jwks_file.as_ref().map(|path| path.display()).and_then(shown)),
        ("auth.issuer", auth.issuer.as_ref().and_then(shown)),
        ("auth.audience", auth.audience.as_ref().and_then(shown)),
        ("auth.leeway_seconds", number(auth.leeway_seconds)),
        ("auth.max_ttl_seconds", number(auth.max_ttl_seconds)),
        ("auth.claim_sub", shown(&auth.claims.sub)),
        ("auth.claim_user_id", shown(&auth.claims.user_id)),
        ("auth.claim_user_name", shown(&auth.claims.user_name)),
        ("auth.claim_org_id", shown(&auth.claims.org_id)),
        ("auth.claim_permissions", shown(&auth.claims.permissions)),
        ("auth.claim_groups", shown(&auth.claims.groups)),
        ("gateway.mode", shown(gateway.mode.name())),
        ("gateway.token_ttl_seconds", number(gateway.token_ttl_seconds)),
        ("gateway.groups", Some(gateway::shown(&gateway.groups))),
        ("requests.pending_ttl_seconds", number(requests.pending_ttl_seconds)),
        ("requests.approval_ttl_seconds", number(requests.approval_ttl_seconds)),
        ("types.dir", types.dir.as_ref().map(|path| path.display()).and_then(shown)),
        ("people.file", people.file.as_ref().map(|path| path.display()).and_then(shown)),
        ("subscriptions.file", subscriptions.file.as_ref().map(|path| path.display()).and_then(shown)),
        ("web.public_url", web.public_url.as_ref().and_then(shown)),
        ("web.environment", shown(&web.environment)),
        ("web.oidc_issuer", web.set.issuer.as_ref().and_then(shown)),
        ("web.oidc_client_id", web.set.client_id.as_ref().and_then(shown)),
        ("web.oidc_client_secret", web.set.client_secret.as_ref().and_then(shown)),
        ("web.oidc_scopes", shown(&web.set.scopes)),
        ("web.session_idle_seconds", number(web.session_idle_seconds)),
        ("web.session_max_seconds", number(web.session_max_seconds)),
        ("executor.decision_wait_ms", number(executor.decision_wait_ms)),
        ("executor.concurrency", number(executor.concurrency)),
        ("executor.concurrency_per_host", number(executor.concurrency_per_host)),
        ("executor.lease_ms", number(executor.lease_ms)),
        ("executor.dns_timeout_ms", number(executor.dns_timeout_ms)),
        ("executor.connect_timeout_ms", number(executor.connect_timeout_ms)),
        ("executor.total_timeout_ms", number(executor.total_timeout_ms)),
        ("executor.answer_bytes_max", number(executor.answer_bytes_max)),
        ("log.format", shown(log.format.name())),
        ("log.level", shown(&log.level)),
    ]
}

/// A value as it is printed: a secret prints `***`.
fn shown(value: impl ToString) -> Option<Value> {
    Some(Value::String(value.to_string()))
}

fn number(value: impl TryInto<i64>) -> Option<Value> {
    value.try_into().ok().map(Value::Integer)
}

fn target_table(target: &Target) -> Table {
    let scheme = match target.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let mut table = Table::new();
    table.insert("scheme".into(), scheme.into());
    table.insert("host".into(), target.host.as_str().into());
    table.insert("ports".into(), list(target.ports.iter().map(|port| i64::from(*port))));
    table.insert("label".into(), target.label.as_str().into());
    table.insert("allow_cidrs".into(), list(target.allow_cidrs.iter().map(ToString::to_string)));
    if let Some(path) = &target.ca_file {
        table.insert("ca_file".into(), path.display().to_string().into());
    }
    table
}

fn list(items: impl Iterator<Item = impl Into<Value>>) -> Value {
    Value::Array(items.map(Into::into).collect())
}
