//! Subscribers are told what happened: the formats, and what becomes of an event whose subscriber does not take it.

mod auditors;
mod contract_event;
mod nodes;
mod own_event;
mod subscribers;
