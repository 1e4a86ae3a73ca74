//! The calls that this process has claimed: who holds which slot, how far each has come, and what is known of hosts.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use tokio::time::Instant;

use super::attempt::HostSign;
use super::breaker::Breaker;
use crate::domain::ids::OrgId;
use crate::domain::slots::{HostSlots, Slots};
use crate::domain::target_host::TargetHost;
use crate::engine::{ClaimedExecution, Ending, HeldLease, RequestKey};

/// How many calls may be under way at once.
#[derive(Clone, Copy, Debug)]
pub struct Concurrency {
    /// In all.
    pub total: usize,
    /// To one host.
    pub per_host: usize,
}

/// A call that this process has claimed.
#[derive(Clone)]
pub(super) struct RunningCall {
    pub(super) held: HeldLease,
    host: String,
    /// Its attempt, once that has started: from then on bytes may have left.
    pub(super) attempt: Option<i64>,
    /// How the attempt ended, once that is known.
    pub(super) ending: Option<Ending>,
}

#[derive(Default)]
struct Host {
    last_org: Option<OrgId>,
    breaker: Breaker,
}

/// What is under way; shared by the loop, the lease keeper and the calls themselves.
#[derive(Default)]
pub(super) struct UnderWay {
    calls: Mutex<HashMap<RequestKey, RunningCall>>,
    hosts: Mutex<BTreeMap<String, Host>>,
}

impl UnderWay {
    /// The room that is left.
    pub(super) fn slots(&self, concurrency: Concurrency) -> Slots {
        let calls = self.calls();
        let mut hosts: BTreeMap<String, HostSlots> = BTreeMap::new();
        for call in calls.values() {
            hosts.entry(call.host.clone()).or_default().under_way += 1;
        }
        let now = Instant::now();
        for (name, host) in self.hosts().iter() {
            let slots = hosts.entry(name.clone()).or_default();
            slots.limit = host.breaker.limit(now);
            slots.last_org.clone_from(&host.last_org);
        }
        let free = concurrency.total.saturating_sub(calls.len());
        Slots { free, per_host: concurrency.per_host, hosts }
    }

    /// Notes what was claimed, and whose turn is next at each host.
    pub(super) fn add(&self, claimed: &[ClaimedExecution], slots: Slots) {
        let mut calls = self.calls();
        for execution in claimed {
            let call = RunningCall {
                held: execution.held.clone(),
                host: execution.request.host.clone(),
                attempt: None,
                ending: None,
            };
            calls.insert(execution.held.key.clone(), call);
        }
        drop(calls);
        let mut hosts = self.hosts();
        for (name, host) in slots.hosts {
            if let Some(org) = host.last_org {
                hosts.entry(name).or_default().last_org = Some(org);
            }
        }
    }

    /// Notes that the attempt has started.
    pub(super) fn has_started(&self, key: &RequestKey, attempt: i64) {
        if let Some(call) = self.calls().get_mut(key) {
            call.attempt = Some(attempt);
        }
    }

    /// Notes how the attempt ended.
    pub(super) fn has_ended(&self, key: &RequestKey, ending: Ending) {
        if let Some(call) = self.calls().get_mut(key) {
            call.ending = Some(ending);
        }
    }

    /// Frees the slot. Returns the call as it was last.
    pub(super) fn remove(&self, key: &RequestKey) -> Option<RunningCall> {
        self.calls().remove(key)
    }

    /// Takes all calls out.
    pub(super) fn drain(&self) -> Vec<RunningCall> {
        self.calls().drain().map(|(_, call)| call).collect()
    }

    /// The leases that this process holds.
    pub(super) fn leases(&self) -> Vec<HeldLease> {
        self.calls().values().map(|call| call.held.clone()).collect()
    }

    /// The requests under way.
    pub(super) fn keys(&self) -> Vec<RequestKey> {
        self.calls().keys().cloned().collect()
    }

    /// Notes how a host behaved. Returns whether its calls are held back, if that has changed.
    pub(super) fn note_sign(&self, host: &str, sign: HostSign) -> Option<bool> {
        let mut hosts = self.hosts();
        let breaker = &mut hosts.entry(host.to_owned()).or_default().breaker;
        let was_open = breaker.is_open();
        match sign {
            HostSign::Answered => breaker.answered(),
            HostSign::Silent => breaker.failed(Instant::now()),
            HostSign::None => {}
        }
        (was_open != breaker.is_open()).then_some(breaker.is_open())
    }

    /// The hosts that this node has called or is calling, by name.
    pub(super) fn hosts_now(&self) -> Vec<TargetHost> {
        let calls = self.calls();
        let now = Instant::now();
        let status = |(name, host): (&String, &Host)| TargetHost {
            host: name.clone(),
            under_way: calls.values().filter(|call| call.host == *name).count(),
            breaker: host.breaker.state(now),
        };
        self.hosts().iter().map(status).collect()
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<RequestKey, RunningCall>> {
        self.calls.lock().expect("nobody panics while holding the list")
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, Host>> {
        self.hosts.lock().expect("nobody panics while holding the hosts")
    }
}
