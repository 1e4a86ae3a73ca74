//! A signed sample for a subscriber that is being set up.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::post::{LIMITS, post};
use crate::domain::allowed_targets::Targets;
use crate::domain::delivery::Taken;
use crate::domain::subscription::Subscription;
use crate::executor::egress::{Egress, EgressError};

/// Why a sample was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SampleFault {
    /// Nothing could be sent at all.
    #[error("events can't be sent: {0}")]
    Egress(#[from] EgressError),
    /// The subscriber did not take it.
    #[error("{0}")]
    NotTaken(String),
}

/// Sends an event of the type `sample` to the subscriber, signed like every other; returns what it answered.
///
/// # Errors
/// [`SampleFault::NotTaken`] with a sentence, if the answer is no 2xx or there is none.
pub async fn send_sample(
    targets: Arc<Targets>,
    subscription: &Subscription,
    (id, now): (&str, DateTime<Utc>),
) -> Result<String, SampleFault> {
    let event = json!({
        "type": "sample",
        "timestamp": now.to_rfc3339_opts(SecondsFormat::Micros, true),
        "data": { "eventId": id, "orgId": subscription.org.as_str(), "subscription": subscription.name },
    });
    let egress = Egress::new(targets, LIMITS)?;
    let posted = post(&egress, subscription, (id, now), &event).await;
    match posted.taken {
        Taken::Yes => Ok(posted.reason),
        Taken::NotYet | Taken::NeverAgain => Err(SampleFault::NotTaken(posted.reason)),
    }
}
