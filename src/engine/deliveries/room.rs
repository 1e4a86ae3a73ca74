//! What a node has room for, and what it gets.

use crate::domain::delivery::Delivery;

/// How many deliveries of a subscription this node could begin now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The subscription's name.
    pub subscription: String,
    /// How many.
    pub free: usize,
}

/// What became of the outbox, and what is due.
#[derive(Debug, Default)]
pub struct HandedOver {
    /// Claimed for this node.
    pub claimed: Vec<Delivery>,
    /// Whether the outbox has more than one look takes.
    pub has_more: bool,
}
