//! Deliveries: changes of requests on their way to subscribers.
//!
//! The transaction that makes a change writes it into the outbox. `Engine::hand_over` turns what is there into one
//! delivery for each subscriber, and claims what is due for this node to send.
//!
//! **Invariant:** a change and its outbox row are committed together; an outbox row leaves only together with its
//! deliveries; a delivery ends only as delivered, or as given up with an event.

mod hand_over;
mod list;
mod notice;
mod room;
mod sending;

pub use list::{DeliveryAttempt, DeliveryFilter, DeliveryView};
pub use notice::Notice;
pub use room::{HandedOver, Room};
pub use sending::DeliveryEnding;

pub(super) use hand_over::{hand_over, outboxed, tidy};
pub(super) use sending::end_delivery;
