//! A host that calls go to.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::time::Instant;
use super::word::Word;
use crate::domain::target_host::{BreakerState, TargetHost};
use crate::engine::pauses::{EVERY_HOST, Pause};

/// A host that calls go to, as the node that answers sees it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TargetHost")]
pub struct TargetHostBody {
    /// The host, and the port if it is not the scheme's own; `*` for all of them.
    host: String,
    /// Calls under way from this node.
    #[schemars(range(min = 0))]
    under_way: usize,
    breaker: Word<BreakerState>,
    /// The pause that keeps its calls back on every node.
    pause: Option<PauseBody>,
}

/// Why nothing is sent to a host, and since when.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Pause")]
struct PauseBody {
    /// Why.
    reason: String,
    /// Who paused it, as the command named them.
    by: String,
    /// Since when: RFC 3339 in UTC with microseconds.
    at: Instant,
}

impl PauseBody {
    fn of(pause: &Pause) -> Self {
        Self { reason: pause.reason.clone(), by: pause.by.clone(), at: Instant::of(pause.at) }
    }
}

impl TargetHostBody {
    /// The hosts that this node knows and those that are paused, by name.
    pub fn list(known: Vec<TargetHost>, pauses: &[Pause]) -> Vec<Self> {
        let pause_of = |host: &str| {
            let own = pauses.iter().find(|pause| pause.host == host);
            own.or_else(|| pauses.iter().find(|pause| pause.host == EVERY_HOST)).map(PauseBody::of)
        };
        let names: BTreeSet<&str> = known.iter().map(|host| host.host.as_str()).collect();
        let only_paused = pauses.iter().filter(|pause| !names.contains(pause.host.as_str()));
        let mut hosts: Vec<Self> = only_paused
            .map(|pause| Self {
                host: if pause.host == EVERY_HOST { "*".to_owned() } else { pause.host.clone() },
                under_way: 0,
                breaker: Word(BreakerState::Closed),
                pause: Some(PauseBody::of(pause)),
            })
            .collect();
        hosts.extend(known.iter().map(|host| Self {
            host: host.host.clone(),
            under_way: host.under_way,
            breaker: Word(host.breaker),
            pause: pause_of(&host.host),
        }));
        hosts.sort_by(|a, b| a.host.cmp(&b.host));
        hosts
    }
}
