//! Whether a worker may claim: what the product's `Slots` give to a node with one slot.

use std::collections::BTreeMap;

use countersign::domain::ids::OrgId;
use countersign::domain::slots::{DueCalls, Slots};

use crate::charter::HOST;
use crate::people::ORG;

/// What is granted to an idle worker while so many calls are due: asked once, because it is always the same.
pub struct Room([bool; 3]);

impl Room {
    /// Asks the product.
    pub fn new() -> Self {
        Self([0, 1, 2].map(|count| {
            let mut slots = Slots { free: 1, per_host: 1, hosts: BTreeMap::new() };
            let due = DueCalls { host: HOST.to_owned(), org: OrgId::new(ORG), count };
            let granted: usize = slots.grant(&[due]).iter().map(|grant| grant.count).sum();
            assert!(granted <= 1, "it has one slot");
            granted == 1
        }))
    }

    /// Whether it gets one of the calls that are due.
    pub fn is_granted(&self, due: usize) -> bool {
        self.0[due]
    }
}
