//! From the configuration to what each part of the server needs to know.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::config::{Config, GatewayMode};
use crate::domain::client::AccessGroups;
use crate::domain::rules::Rules;
use crate::engine::sessions::SessionLimits;
use crate::engine::under_way::Concurrency;
use crate::engine::{Deadlines, EngineSettings, SendingLimits};
use crate::executor::egress::Limits;
use crate::gateway::GateSettings;
use crate::gateway::credentials::HashCost;
use crate::store::writer::WriterLimits;

/// What the gate needs to know; `None` if there is none.
pub(super) fn gate_settings(config: &Config, cost: HashCost) -> Option<GateSettings> {
    match config.gateway.mode {
        GatewayMode::Off => None,
        GatewayMode::Required => Some(GateSettings {
            groups: AccessGroups::new(config.gateway.groups.clone()),
            token_ttl_seconds: config.gateway.token_ttl_seconds,
            offset: config.server.utc_offset,
            cost,
        }),
    }
}

/// What the engine needs to know.
pub(super) fn settings(config: &Config, rules: Rules) -> EngineSettings {
    EngineSettings {
        deadlines: Deadlines {
            pending_ttl: TimeDelta::seconds(i64::from(config.requests.pending_ttl_seconds)),
            approval_ttl: TimeDelta::seconds(i64::from(config.requests.approval_ttl_seconds)),
        },
        rules,
        targets: Arc::new(config.targets.clone()),
        writer: WriterLimits { queue_max: config.store.queue_max, batch_max: config.store.batch_max },
        sessions: SessionLimits {
            idle: TimeDelta::seconds(i64::from(config.web.session_idle_seconds)),
            max: TimeDelta::seconds(i64::from(config.web.session_max_seconds)),
        },
        sending: SendingLimits {
            lease: milliseconds(config.executor.lease_ms),
            call: milliseconds(config.executor.total_timeout_ms),
        },
        orgs: config.orgs.clone(),
    }
}

fn milliseconds(count: u64) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The limits of calls to targets.
pub(super) fn limits(config: &Config) -> Limits {
    Limits {
        dns_ms: config.executor.dns_timeout_ms,
        connect_ms: config.executor.connect_timeout_ms,
        total_ms: config.executor.total_timeout_ms,
        answer_bytes_max: config.executor.answer_bytes_max,
    }
}

/// How many calls go out at one time.
pub(super) fn concurrency(config: &Config) -> Concurrency {
    Concurrency { total: config.executor.concurrency, per_host: config.executor.concurrency_per_host }
}
