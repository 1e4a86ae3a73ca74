//! The calls that this process has claimed: who holds which slot, how far each has come, and what is known of hosts.
//!
//! A slot is taken before the transaction that claims is committed, and given back if that fails: so no host ever
//! holds more than its limit, whichever way a call was claimed.

pub mod breaker;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

use self::breaker::Breaker;
use super::begun::BegunExecution;
use super::claimed_execution::{Ending, HeldLease};
use crate::domain::ids::OrgId;
use crate::domain::outcome::Exchange;
use crate::domain::slots::{HostSlots, Slots};
use crate::domain::target_host::TargetHost;
use crate::store::requests::Key;

/// How many calls may be under way at once.
#[derive(Clone, Copy, Debug)]
pub struct Concurrency {
    /// In all.
    pub total: usize,
    /// To one host.
    pub per_host: usize,
}

/// How a host behaved, for its breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostSign {
    /// It answered.
    Answered,
    /// It could not be reached, or did not answer in time.
    Silent,
    /// Nothing was learnt about it.
    None,
}

impl HostSign {
    /// What one exchange says of its host; `has_timed_out` if its time was over before the answer was whole.
    pub fn of(exchange: &Exchange, has_timed_out: bool) -> Self {
        match exchange {
            Exchange::Answered(_) => Self::Answered,
            Exchange::NotSent { .. } => Self::Silent,
            Exchange::NoFullAnswer { .. } if has_timed_out => Self::Silent,
            Exchange::NoFullAnswer { .. } => Self::None,
        }
    }
}

/// A call that this process has claimed.
#[derive(Clone)]
pub struct RunningCall {
    /// Its lease.
    pub held: HeldLease,
    host: String,
    /// Its attempt, once that has started.
    pub attempt: Option<i64>,
    /// Whether bytes of the attempt may have left.
    pub may_have_left: bool,
    /// How the attempt ended, once that is known.
    pub ending: Option<Ending>,
}

impl RunningCall {
    /// A call that is claimed, and whose first attempt has begun.
    pub fn begun(held: HeldLease, host: &str) -> Self {
        Self { attempt: Some(1), ..Self::claimed(held, host) }
    }

    /// A call that is claimed, and no more.
    pub fn claimed(held: HeldLease, host: &str) -> Self {
        Self { held, host: host.to_owned(), attempt: None, may_have_left: false, ending: None }
    }
}

#[derive(Default)]
struct Host {
    under_way: usize,
    last_org: Option<OrgId>,
    breaker: Breaker,
}

/// What takes up executions that the decider has begun: there while the executor runs.
struct Taker {
    concurrency: Concurrency,
    begun: UnboundedSender<Vec<BegunExecution>>,
}

#[derive(Default)]
struct Room {
    calls: HashMap<Key, RunningCall>,
    hosts: BTreeMap<String, Host>,
    taker: Option<Taker>,
    /// Whether something may wait in the queue for a slot to become free.
    has_backlog: bool,
}

/// What is under way; shared by the decider, the executor's loop, the lease keeper and the calls themselves.
#[derive(Default)]
pub struct UnderWay(Mutex<Room>);

impl UnderWay {
    /// From now on the decider begins executions itself where there is room, and hands them over here. The channel
    /// holds no more than there are slots.
    pub fn open(&self, concurrency: Concurrency) -> UnboundedReceiver<Vec<BegunExecution>> {
        let (begun, receiver) = mpsc::unbounded_channel();
        self.room().taker = Some(Taker { concurrency, begun });
        receiver
    }

    /// Whether the executor runs.
    pub(super) fn is_open(&self) -> bool {
        self.room().taker.is_some()
    }

    /// From now on everything that is approved is queued.
    pub fn close(&self) {
        self.room().taker = None;
    }

    /// Takes a slot for a call that is about to begin; `false` if it has to be queued. One whose host is held back is
    /// queued, too.
    pub(super) fn take_slot(&self, call: RunningCall) -> bool {
        let mut room = self.room();
        let Some(taker) = &room.taker else { return false };
        let Concurrency { total, per_host } = taker.concurrency;
        let known = room.hosts.get(&call.host);
        let is_held_back = known.is_some_and(|host| host.breaker.is_open());
        let (at_host, free) =
            (known.map_or(0, |host| host.under_way), total.saturating_sub(room.calls.len()));
        let is_full = at_host >= per_host || at_host >= free;
        room.has_backlog |= is_full;
        if is_held_back || is_full {
            return false;
        }
        room.hosts.entry(call.host.clone()).or_default().last_org = Some(call.held.key.0.clone());
        room.add(call);
        true
    }

    /// Notes a call that was claimed.
    pub(super) fn add(&self, call: RunningCall) {
        self.room().add(call);
    }

    /// Whether no slot is free; then something may wait for one.
    pub(super) fn is_full(&self, most: Concurrency) -> bool {
        let mut room = self.room();
        let is_full = room.calls.len() >= most.total;
        room.has_backlog |= is_full;
        is_full
    }

    /// The room that is left, for a look at the queue.
    pub(super) fn slots_to_claim(&self, most: Concurrency) -> Slots {
        let mut room = self.room();
        room.has_backlog = false;
        room.slots(most)
    }

    /// Notes whose turn is next at each host, and whether more may wait in the queue than was claimed.
    pub(super) fn note_claim(&self, slots: Slots, has_backlog: bool) {
        let mut room = self.room();
        room.has_backlog |= has_backlog;
        for (name, host) in slots.hosts {
            if let Some(org) = host.last_org {
                room.hosts.entry(name).or_default().last_org = Some(org);
            }
        }
    }

    /// Hands over what the decider has begun, once that is committed. Without an executor its stop records them.
    pub(super) fn hand_over(&self, begun: Vec<BegunExecution>) {
        if let Some(taker) = &self.room().taker {
            let _ = taker.begun.send(begun);
        }
    }

    /// Whether this process has this call.
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.room().calls.contains_key(key)
    }

    /// Notes that the attempt has started.
    pub fn has_started(&self, key: &Key, attempt: i64) {
        if let Some(call) = self.room().calls.get_mut(key) {
            call.attempt = Some(attempt);
        }
    }

    /// Notes that bytes may leave from now on.
    pub fn may_leave(&self, key: &Key) {
        if let Some(call) = self.room().calls.get_mut(key) {
            call.may_have_left = true;
        }
    }

    /// Notes how the attempt ended.
    pub fn has_ended(&self, key: &Key, ending: Ending) {
        if let Some(call) = self.room().calls.get_mut(key) {
            call.ending = Some(ending);
        }
    }

    /// Frees the slot. The call as it was last, and whether something may wait for the slot.
    pub fn remove(&self, key: &Key) -> (Option<RunningCall>, bool) {
        let mut room = self.room();
        (room.remove(key), room.has_backlog)
    }

    /// Takes all calls out.
    pub fn drain(&self) -> Vec<RunningCall> {
        let mut room = self.room();
        room.hosts.values_mut().for_each(|host| host.under_way = 0);
        room.calls.drain().map(|(_, call)| call).collect()
    }

    /// The leases that this process holds.
    pub fn leases(&self) -> Vec<HeldLease> {
        self.room().calls.values().map(|call| call.held.clone()).collect()
    }

    /// The requests under way.
    pub fn keys(&self) -> Vec<Key> {
        self.room().calls.keys().cloned().collect()
    }

    /// Notes how a host behaved. Returns whether its calls are held back, if that has changed.
    pub fn note_sign(&self, host: &str, sign: HostSign) -> Option<bool> {
        let mut room = self.room();
        let breaker = &mut room.hosts.entry(host.to_owned()).or_default().breaker;
        let was_open = breaker.is_open();
        match sign {
            HostSign::Answered => breaker.answered(),
            HostSign::Silent => breaker.failed(Instant::now()),
            HostSign::None => {}
        }
        (was_open != breaker.is_open()).then_some(breaker.is_open())
    }

    /// The hosts that this node has called or is calling, by name.
    pub fn hosts(&self) -> Vec<TargetHost> {
        let now = Instant::now();
        let status = |(name, host): (&String, &Host)| TargetHost {
            host: name.clone(),
            under_way: host.under_way,
            breaker: host.breaker.state(now),
        };
        self.room().hosts.iter().map(status).collect()
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.0.lock().expect("nobody panics while holding the room")
    }
}

impl Room {
    fn slots(&self, concurrency: Concurrency) -> Slots {
        let now = Instant::now();
        let of_host = |(name, host): (&String, &Host)| {
            let slots = HostSlots {
                under_way: host.under_way,
                limit: host.breaker.limit(now),
                last_org: host.last_org.clone(),
            };
            (name.clone(), slots)
        };
        Slots {
            free: concurrency.total.saturating_sub(self.calls.len()),
            per_host: concurrency.per_host,
            hosts: self.hosts.iter().map(of_host).collect(),
        }
    }

    fn add(&mut self, call: RunningCall) {
        let (key, host) = (call.held.key.clone(), call.host.clone());
        if self.calls.insert(key, call).is_none() {
            self.hosts.entry(host).or_default().under_way += 1;
        }
    }

    fn remove(&mut self, key: &Key) -> Option<RunningCall> {
        let call = self.calls.remove(key)?;
        if let Some(host) = self.hosts.get_mut(&call.host) {
            host.under_way = host.under_way.saturating_sub(1);
        }
        Some(call)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::RequestId;

    fn call(number: u128, host: &str) -> RunningCall {
        let key = (OrgId::new("100"), RequestId::new(Uuid::from_u128(number)));
        RunningCall::claimed(HeldLease { key, token: 1 }, host)
    }

    #[test]
    fn nothing_is_begun_while_the_executor_does_not_run() {
        let under_way = UnderWay::default();
        assert!(!under_way.take_slot(call(1, "a")));
        let _begun = under_way.open(Concurrency { total: 4, per_host: 4 });
        assert!(under_way.take_slot(call(1, "a")));
        under_way.close();
        assert!(!under_way.take_slot(call(2, "a")));
    }

    #[test]
    fn a_host_gets_no_more_than_its_limit_and_leaves_room_for_others() {
        let under_way = UnderWay::default();
        let _begun = under_way.open(Concurrency { total: 8, per_host: 3 });
        assert_eq!((1..=5).filter(|number| under_way.take_slot(call(*number, "a"))).count(), 3);
        assert_eq!((11..=19).filter(|number| under_way.take_slot(call(*number, "b"))).count(), 3);
        assert_eq!((21..=29).filter(|number| under_way.take_slot(call(*number, "c"))).count(), 1);
        let (freed, has_backlog) = under_way.remove(&call(1, "a").held.key);
        assert!(freed.is_some() && has_backlog);
        assert!(!under_way.take_slot(call(6, "a")), "it holds as many as are free");
        under_way.remove(&call(21, "c").held.key);
        assert!(under_way.take_slot(call(6, "a")));
    }

    #[test]
    fn a_call_that_is_noted_twice_holds_one_slot() {
        let under_way = UnderWay::default();
        under_way.add(call(1, "a"));
        under_way.add(call(1, "a"));
        assert_eq!(under_way.hosts()[0].under_way, 1);
        under_way.remove(&call(1, "a").held.key);
        under_way.remove(&call(1, "a").held.key);
        assert_eq!(under_way.hosts()[0].under_way, 0);
    }

    #[test]
    fn nothing_is_begun_for_a_host_that_is_held_back() {
        let under_way = UnderWay::default();
        let _begun = under_way.open(Concurrency { total: 8, per_host: 8 });
        while under_way.note_sign("a", HostSign::Silent).is_none() {}
        assert!(!under_way.take_slot(call(1, "a")));
        assert!(under_way.take_slot(call(2, "b")));
        under_way.note_sign("a", HostSign::Answered);
        assert!(under_way.take_slot(call(3, "a")));
    }
}
