//! A subscriber: a target that receives events, and the subscription that sends them there.

use serde_json::Value;
use standardwebhooks::Webhook;

use super::app::SIGNING_SECRETS;
use super::target::{Arrived, Target};

/// A subscription of the tests' org to everything, signed with the first secret; `more` are further lines.
pub fn subscription(name: &str, hook: &Target, format: &str, more: &str) -> String {
    let url = format!("{}/hook?of={name}", hook.url());
    format!(
        "[[subscriptions]]\nname = \"{name}\"\norg = \"90001\"\nurl = \"{url}\"\nformat = \"{format}\"\n{more}\n{}",
        if more.contains("secrets") { "" } else { "secrets = [{ file = \"first.secret\" }]\n" }
    )
}

/// An event as it arrived.
#[derive(Clone, Debug)]
pub struct Told {
    pub id: String,
    pub event: Value,
}

/// The events that a hook has received, each with a signature by the first secret.
pub fn told(hook: &Target) -> Vec<Told> {
    hook.arrived().iter().map(|arrived| verified(arrived, &SIGNING_SECRETS[..1])).collect()
}

/// The event of a call that is signed with each of these secrets, in this order.
pub fn verified(arrived: &Arrived, secrets: &[(&str, &str)]) -> Told {
    let header = |name: &str| {
        let line = arrived.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("{name} is missing: {}", arrived.head)).to_owned()
    };
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp").parse().unwrap());
    let sign = |(_, secret): &(&str, &str)| {
        Webhook::new(secret).unwrap().sign(&id, timestamp, arrived.body.as_bytes()).unwrap()
    };
    assert_eq!(header("webhook-signature"), secrets.iter().map(sign).collect::<Vec<_>>().join(" "));
    assert_eq!(header("content-type"), "application/json");
    Told { event: serde_json::from_str(&arrived.body).unwrap(), id }
}
