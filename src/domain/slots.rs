//! Which queued calls a node may claim next: what each host has room for, and every org in its turn.
//!
//! **Invariant:** no host ever holds more than its limit, and one more only while it holds fewer than are free. So
//! hosts that never answer can't take every slot.

use std::collections::BTreeMap;

use super::ids::OrgId;

/// Calls of one org that are due for one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueCalls {
    /// The host and port.
    pub host: String,
    /// The org.
    pub org: OrgId,
    /// How many, up to what a host can have at all.
    pub count: usize,
}

/// How much room a node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// Calls that may be under way beside those that are.
    pub free: usize,
    /// Calls to one host at one time, unless the host says otherwise.
    pub per_host: usize,
    /// What is known of single hosts.
    pub hosts: BTreeMap<String, HostSlots>,
}

/// What is known of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSlots {
    /// Calls to it that are under way.
    pub under_way: usize,
    /// The most at one time, where that is less than for others.
    pub limit: Option<usize>,
    /// The org that got its last slot.
    pub last_org: Option<OrgId>,
}

/// What may be claimed: so many calls of one org to one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The host and port.
    pub host: String,
    /// The org.
    pub org: OrgId,
    /// How many.
    pub count: usize,
}

/// One host while its slots are given out.
struct HostTurns {
    host: String,
    held: usize,
    limit: usize,
    /// In the order of their names.
    orgs: Vec<OrgTurns>,
    /// The place of the org that is next.
    next: usize,
}

/// One org's calls to a host.
struct OrgTurns {
    org: OrgId,
    left: usize,
    granted: usize,
}

impl Slots {
    /// Whether a host has a limit of its own that is reached: it did not take or answer calls.
    pub fn is_held_back(&self, host: &str) -> bool {
        let known = self.hosts.get(host);
        known.is_some_and(|known| known.limit.is_some_and(|limit| known.under_way >= limit))
    }

    /// Whether a host can be given a slot now.
    pub fn has_room(&self, host: &str) -> bool {
        let known = self.hosts.get(host).cloned().unwrap_or_default();
        known.under_way < known.limit.unwrap_or(self.per_host).min(self.per_host)
            && known.under_way < self.free
    }

    /// Gives out the slots, one a host in turn and one an org in turn, and notes whose turn is next.
    pub fn grant(&mut self, due: &[DueCalls]) -> Vec<Grant> {
        let mut hosts = self.turns(due);
        let mut has_given = true;
        while has_given {
            has_given = false;
            for turns in &mut hosts {
                if turns.held < turns.limit && turns.held < self.free && turns.give() {
                    self.free -= 1;
                    has_given = true;
                }
            }
        }
        for turns in &hosts {
            if let Some(org) = turns.last_served() {
                self.hosts.entry(turns.host.clone()).or_default().last_org = Some(org.clone());
            }
        }
        hosts.into_iter().flat_map(HostTurns::into_grants).collect()
    }

    fn turns(&self, due: &[DueCalls]) -> Vec<HostTurns> {
        let mut by_host: BTreeMap<&str, Vec<OrgTurns>> = BTreeMap::new();
        for DueCalls { host, org, count } in due {
            let turns = OrgTurns { org: org.clone(), left: *count, granted: 0 };
            by_host.entry(host).or_default().push(turns);
        }
        let turns = |(host, mut orgs): (&str, Vec<OrgTurns>)| {
            let known = self.hosts.get(host).cloned().unwrap_or_default();
            orgs.sort_by(|a, b| a.org.as_str().cmp(b.org.as_str()));
            // The org after the one that was served last comes first.
            let next = known.last_org.map_or(0, |last| {
                orgs.iter().position(|turns| turns.org.as_str() > last.as_str()).unwrap_or(0)
            });
            let limit = known.limit.unwrap_or(self.per_host).min(self.per_host);
            HostTurns { host: host.to_owned(), held: known.under_way, limit, orgs, next }
        };
        by_host.into_iter().map(turns).collect()
    }
}

impl HostTurns {
    /// Gives one slot to the next org that has a call left; `false` if none has.
    fn give(&mut self) -> bool {
        let count = self.orgs.len();
        let places = (0..count).map(|step| (self.next + step) % count);
        let Some(at) = places.into_iter().find(|at| self.orgs[*at].left > 0) else { return false };
        let org = &mut self.orgs[at];
        (org.left, org.granted) = (org.left - 1, org.granted + 1);
        (self.held, self.next) = (self.held + 1, at + 1);
        true
    }

    /// The org that got the last slot, if any was given.
    fn last_served(&self) -> Option<&OrgId> {
        let has_given = self.orgs.iter().any(|turns| turns.granted > 0);
        let last = self.orgs.get(self.next.checked_sub(1)?)?;
        has_given.then_some(&last.org)
    }

    fn into_grants(self) -> Vec<Grant> {
        let host = self.host;
        let served = self.orgs.into_iter().filter(|turns| turns.granted > 0);
        served
            .map(|OrgTurns { org, granted, .. }| Grant { host: host.clone(), org, count: granted })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slots(free: usize, per_host: usize) -> Slots {
        Slots { free, per_host, hosts: BTreeMap::new() }
    }

    fn due(host: &str, org: &str, count: usize) -> DueCalls {
        DueCalls { host: host.to_owned(), org: OrgId::new(org), count }
    }

    fn total(grants: &[Grant], of: impl Fn(&Grant) -> bool) -> usize {
        grants.iter().filter(|grant| of(grant)).map(|grant| grant.count).sum()
    }

    #[test]
    fn eight_hosts_that_never_answer_leave_room_for_a_ninth() {
        let mut slots = slots(64, 8);
        for host in 1..=8 {
            let name = format!("slow-{host}");
            let granted = total(&slots.grant(&[due(&name, "100", 1000)]), |_| true);
            slots.hosts.entry(name).or_default().under_way += granted;
        }
        assert!(slots.has_room("fast"));
        assert!(total(&slots.grant(&[due("fast", "100", 3)]), |_| true) > 0);
    }

    #[test]
    fn an_org_with_a_backlog_does_not_delay_another() {
        let mut slots = slots(64, 1);
        let mut served = Vec::new();
        for _ in 0..4 {
            let granted = slots.grant(&[due("a", "100", 1000), due("a", "200", 1)]);
            assert_eq!(total(&granted, |_| true), 1);
            served.push(granted[0].org.to_string());
            slots.free += 1;
        }
        assert_eq!(served, ["100", "200", "100", "200"]);
    }

    #[test]
    fn a_host_with_a_limit_of_its_own_gets_no_more() {
        let mut slots = slots(64, 8);
        slots.hosts.insert("probed".to_owned(), HostSlots { limit: Some(1), ..HostSlots::default() });
        slots.hosts.insert("closed".to_owned(), HostSlots { limit: Some(0), ..HostSlots::default() });
        let granted = slots.grant(&[due("probed", "100", 5), due("closed", "100", 5)]);
        assert_eq!(granted, [Grant { host: "probed".to_owned(), org: OrgId::new("100"), count: 1 }]);
        assert!(!slots.has_room("closed"));
    }

    proptest! {
        #[test]
        fn nothing_is_granted_that_is_not_due_or_has_no_room(
            free in 0..70_usize,
            per_host in 1..10_usize,
            calls in proptest::collection::btree_map(("[abc]", "[12]"), 0..20_usize, 0..6),
            under_way in proptest::collection::btree_map("[abc]", 0..10_usize, 0..3),
        ) {
            let due: Vec<DueCalls> = calls.iter().map(|((host, org), count)| due(host, org, *count)).collect();
            let hosts = under_way.iter().map(|(host, under_way)| {
                (host.clone(), HostSlots { under_way: *under_way, ..HostSlots::default() })
            });
            let mut slots = Slots { free, per_host, hosts: hosts.collect() };
            let granted = slots.grant(&due);
            prop_assert_eq!(slots.free + total(&granted, |_| true), free);
            for calls in &due {
                let of = total(&granted, |grant| grant.host == calls.host && grant.org == calls.org);
                prop_assert!(of <= calls.count);
                let at_host = total(&granted, |grant| grant.host == calls.host);
                let before = under_way.get(&calls.host).copied().unwrap_or(0);
                prop_assert!(at_host == 0 || at_host + before <= per_host);
                // What is due is only left out if its host has no room any more.
                prop_assert!(of == calls.count || before + at_host >= per_host || before + at_host >= slots.free);
            }
        }
    }
}
