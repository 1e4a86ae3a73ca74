//! One attempt: sign an event, send it, read whether the subscriber took it.

use std::time::Instant;

use chrono::{DateTime, Utc};
use serde_json::Value;
use standardwebhooks::Webhook;

use crate::domain::call::Call;
use crate::domain::delivery::Taken;
use crate::domain::json;
use crate::domain::outcome::Exchange;
use crate::domain::subscription::Subscription;
use crate::executor::egress::{Egress, Limits, NotCleared};

/// How long an attempt may take, and how much of an answer is kept.
pub(super) const LIMITS: Limits =
    Limits { dns_ms: 2_000, connect_ms: 3_000, total_ms: 15_000, answer_bytes_max: 1_024 };

/// How one attempt went.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) taken: Taken,
    pub(super) status: Option<u16>,
    pub(super) reason: String,
    pub(super) answer: String,
    pub(super) duration_ms: i64,
}

impl Posted {
    /// Nothing left.
    pub(super) fn not_sent(reason: impl Into<String>) -> Self {
        Self {
            taken: Taken::NotYet,
            status: None,
            reason: reason.into(),
            answer: String::new(),
            duration_ms: 0,
        }
    }
}

/// Sends `event` to the subscriber under this id, signed with each of the subscription's secrets.
pub(super) async fn post(
    egress: &Egress,
    subscription: &Subscription,
    (id, now): (&str, DateTime<Utc>),
    event: &Value,
) -> Posted {
    let body = json::write(event).into_bytes();
    let headers = match signed_headers(subscription, (id, now), &body) {
        Ok(headers) => headers,
        Err(reason) => return Posted::not_sent(reason),
    };
    let call = Call { method: "POST".to_owned(), url: subscription.url.clone(), headers, body };
    let began = Instant::now();
    let posted = match egress.clear(&call).await {
        Ok(cleared) => read(egress.send(cleared, &call, &[]).await.exchange),
        Err(
            NotCleared::Refused(reason)
            | NotCleared::NoAddress(reason)
            | NotCleared::NoCredential(reason)
            | NotCleared::NoRoomHere(reason),
        ) => Posted::not_sent(format!("Nothing was sent: {reason}.")),
    };
    Posted { duration_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX), ..posted }
}

/// The headers of Standard Webhooks 1.0: an id, a time, and over both and the body a signature for each secret.
fn signed_headers(
    subscription: &Subscription,
    (id, now): (&str, DateTime<Utc>),
    body: &[u8],
) -> Result<Vec<(String, String)>, String> {
    let timestamp = now.timestamp();
    let sign = |secret: &crate::domain::secret::Secret| {
        let signed = Webhook::new(secret.expose()).and_then(|signer| signer.sign(id, timestamp, body));
        signed.map_err(|_| "The event could not be signed with the subscription's secret.".to_owned())
    };
    let signatures = subscription.secrets.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("webhook-id".to_owned(), id.to_owned()),
        ("webhook-timestamp".to_owned(), timestamp.to_string()),
        ("webhook-signature".to_owned(), signatures.join(" ")),
    ])
}

fn read(exchange: Exchange) -> Posted {
    match exchange {
        Exchange::Answered(answer) => Posted {
            taken: Taken::of_status(answer.status),
            status: Some(answer.status),
            reason: format!("The subscriber answered {}.", answer.status),
            answer: String::from_utf8_lossy(&answer.body).replace('\0', "\u{fffd}"),
            duration_ms: 0,
        },
        Exchange::NotSent { reason } => Posted::not_sent(format!("Nothing was sent: {reason}.")),
        Exchange::NoFullAnswer { reason, .. } => Posted::not_sent(format!("No full answer came: {reason}.")),
    }
}
