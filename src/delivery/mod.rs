//! Tells subscribers what happened to requests: signed, at least once, in order for each request.
//!
//! **Invariant:** an event goes to an allow-listed origin and a checked address, like every call; no redirect is
//! followed; nothing that is hidden from readers is in it; and a subscriber that does not answer holds up nobody
//! else.

mod contract_event;
mod own_event;
mod post;
mod rooms;
mod sample;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::domain::allowed_targets::Targets;
use crate::domain::delivery::{Delivery, Taken};
use crate::domain::subscription::{EventFormat, Subscription};
use crate::engine::deliveries::DeliveryEnding;
use crate::engine::{Engine, EngineError};
use crate::executor::egress::{Egress, EgressError};
use crate::executor::own_listener::OwnListener;
use post::{LIMITS, Posted};
use rooms::Rooms;

pub use sample::{SampleFault, send_sample};

/// How often is looked for what is due: another node may have filled the outbox, and a delay may be over.
const POLL: Duration = Duration::from_millis(500);
/// How often failing subscriptions are counted and old deliveries tidied. Not with every look: that reads all that waits.
const CENSUS: Duration = Duration::from_secs(5);
/// So many waiting writes of clients mean that they need the whole machine. Events can wait for a while, and whoever
/// submits can't: then the next look comes after this time.
const BUSY_WRITES: usize = 8;
const PACE: Duration = Duration::from_secs(1);
/// How long the loop rests after the store failed.
const REST: Duration = Duration::from_secs(1);

/// Hands events to subscribers.
pub struct Deliverer {
    engine: Engine,
    egress: Egress,
    rooms: Rooms,
}

impl Deliverer {
    /// A deliverer that sends nothing yet, and never anything to our `own` listener.
    ///
    /// # Errors
    /// What is wrong with the certificate authorities that the targets need.
    pub fn new(engine: Engine, targets: Arc<Targets>, own: OwnListener) -> Result<Arc<Self>, EgressError> {
        let egress = Egress::new(targets, LIMITS)?.avoiding(own);
        Ok(Arc::new(Self { engine, egress, rooms: Rooms::default() }))
    }

    /// Runs until `stopping`; then lets what is under way finish for `grace`. The rest is sent again by whoever
    /// comes next.
    pub async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>, grace: Duration) {
        let census = tokio::spawn(Arc::clone(&self).count_until(stopping.clone()));
        let mut sending = JoinSet::new();
        while !*stopping.borrow() {
            // Right after a commit those who were answered have not sent their next write yet.
            let waited_before = self.engine.waiting_clients();
            let rest = match self.hand_over_into(&mut sending).await {
                Ok(()) => POLL,
                Err(error) => {
                    tracing::error!(%error, "events for subscribers can't be read");
                    REST
                }
            };
            if waited_before.max(self.engine.waiting_clients()) > BUSY_WRITES {
                tokio::select! {
                    _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                    () = sleep(PACE) => {}
                }
            }
            tokio::select! {
                () = self.engine.outbox_filled() => {}
                Some(_) = sending.join_next() => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                () = sleep(rest) => {}
            }
        }
        census.abort();
        let finished = async { while sending.join_next().await.is_some() {} };
        if timeout(grace, finished).await.is_err() {
            sending.shutdown().await;
        }
    }

    /// Hands over what is due and waits for all of it: a test's step.
    ///
    /// # Errors
    /// Of the store.
    pub async fn run_due(self: &Arc<Self>) -> Result<(), EngineError> {
        let mut sending = JoinSet::new();
        loop {
            self.hand_over_into(&mut sending).await?;
            if sending.is_empty() {
                return Ok(());
            }
            while sending.join_next().await.is_some() {}
        }
    }

    async fn hand_over_into(self: &Arc<Self>, sending: &mut JoinSet<()>) -> Result<(), EngineError> {
        while sending.try_join_next().is_some() {}
        let rules = self.engine.rules();
        if rules.subscriptions.is_empty() {
            return Ok(());
        }
        let claimed = self.engine.hand_over(self.rooms.free(&rules.subscriptions)).await?;
        for delivery in claimed {
            self.rooms.enter(&delivery.subscription);
            let deliverer = Arc::clone(self);
            sending.spawn(async move { deliverer.deliver(delivery).await });
        }
        Ok(())
    }

    async fn deliver(&self, delivery: Delivery) {
        let _place = self.rooms.place(&delivery.subscription);
        let ending = self.attempt(&delivery).await;
        self.rooms.note(&delivery.subscription, ending.taken);
        self.engine.metrics().delivered(&delivery.subscription, ending.taken == Taken::Yes);
        tracing::info!(
            delivery = delivery.id,
            subscription = delivery.subscription,
            request.id = %delivery.request,
            attempt = delivery.attempts,
            status = ending.status,
            taken = ending.taken == Taken::Yes,
            "an event was sent"
        );
        // Without this record the lease runs out, and the event is sent once more.
        if let Err(error) = self.engine.end_delivery(ending).await {
            tracing::error!(%error, delivery = delivery.id, "how a delivery ended could not be recorded");
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> DeliveryEnding {
        let rules = self.engine.rules();
        let (url, posted) = match rules.subscriptions.find(&delivery.subscription) {
            Some(subscription) => (subscription.url.clone(), self.post(subscription, delivery).await),
            None => (String::new(), Posted::not_sent("The subscription is in force no more.")),
        };
        let Posted { taken, status, reason, answer, duration_ms } = posted;
        let jitter = self.engine.jitter();
        DeliveryEnding { delivery: delivery.clone(), url, taken, status, reason, answer, duration_ms, jitter }
    }

    async fn post(&self, subscription: &Subscription, delivery: &Delivery) -> Posted {
        let notice = match self.engine.notice(delivery).await {
            Ok(notice) => notice,
            Err(error) => {
                tracing::error!(%error, delivery = delivery.id, "what an event tells can't be read");
                return Posted::not_sent("What the event tells can't be read from the database.");
            }
        };
        let event = match subscription.format {
            EventFormat::RequestWorkflowEvent => contract_event::write(&notice),
            EventFormat::Countersign => own_event::write(&notice),
        };
        post::post(&self.egress, subscription, (&delivery.id, self.engine.clock().now()), &event).await
    }

    async fn count_until(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            let counted = self.engine.count_failing_subscriptions().await;
            if let Err(error) = counted.and(self.engine.tidy_deliveries().await) {
                tracing::error!(%error, "failing subscriptions can't be counted, or old deliveries not be tidied");
            }
            tokio::select! {
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
                () = sleep(CENSUS) => {}
            }
        }
    }
}
