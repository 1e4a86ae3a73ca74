//! For auditors: what was delivered to whom, and once more if they want.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::domain::actor::{Actor, Permission};
use crate::domain::delivery::Delivery;
use crate::domain::ids::OrgId;
use crate::engine::command::{WriteCommand, WriteReply};
use crate::engine::{Engine, EngineError, require};
use crate::store::deliveries::{self, DeliveryAttemptRow};
use crate::store::{AnyConnection, StoreError, from_micros};

pub use crate::store::deliveries::DeliveryFilter;

/// A delivery with its attempts.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    /// The delivery.
    pub delivery: Delivery,
    /// How its attempts ended, in their order.
    pub attempts: Vec<DeliveryAttempt>,
}

/// How one attempt to deliver ended.
#[derive(Clone, Debug)]
pub struct DeliveryAttempt {
    /// Its number, from 1.
    pub number: i64,
    /// When.
    pub ended_at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: i64,
    /// The status of the answer, if there was one.
    pub status: Option<i64>,
    /// A sentence for people.
    pub reason: String,
    /// The beginning of the answer's body.
    pub answer: String,
}

impl Engine {
    /// The org's deliveries, the newest first.
    ///
    /// # Errors
    /// [`EngineError::PermissionMissing`] for everybody but auditors.
    pub async fn deliveries(
        &self,
        actor: &Actor,
        filter: DeliveryFilter,
        limit: i64,
    ) -> Result<Vec<DeliveryView>, EngineError> {
        require(actor, Permission::Audit)?;
        let org = actor.org.clone();
        let read = move |conn: &mut AnyConnection| {
            let found = deliveries::list(conn, &org, filter, limit)?;
            with_attempts(conn, &org, found)
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// Sends an ended delivery again, under the same id. One that has not ended is not changed.
    ///
    /// # Errors
    /// [`EngineError::PermissionMissing`] for everybody but auditors; [`EngineError::NotFound`] if the org has no
    /// such delivery.
    pub async fn redeliver(&self, actor: &Actor, id: &str) -> Result<DeliveryView, EngineError> {
        require(actor, Permission::Audit)?;
        let (org, id) = (actor.org.clone(), id.to_owned());
        let command = WriteCommand::Redeliver { org: org.clone(), id: id.clone() };
        if let WriteReply::NotFound = self.inner.writer.write(command).await? {
            return Err(EngineError::NotFound);
        }
        self.inner.outbox_filled.notify_one();
        let read = move |conn: &mut AnyConnection| {
            let found = deliveries::find(conn, &org, &id)?;
            with_attempts(conn, &org, found.into_iter().collect())
        };
        self.inner.store.read(read).await?.pop().ok_or(EngineError::NotFound)
    }
}

fn with_attempts(
    conn: &mut AnyConnection,
    org: &OrgId,
    found: Vec<Delivery>,
) -> Result<Vec<DeliveryView>, StoreError> {
    let ids: Vec<&str> = found.iter().map(|delivery| delivery.id.as_str()).collect();
    let mut attempts: HashMap<String, Vec<DeliveryAttempt>> = HashMap::new();
    for row in deliveries::attempts_of(conn, org, &ids)? {
        attempts.entry(row.delivery_id.clone()).or_default().push(attempt(row)?);
    }
    let view = |delivery: Delivery| DeliveryView {
        attempts: attempts.remove(&delivery.id).unwrap_or_default(),
        delivery,
    };
    Ok(found.into_iter().map(view).collect())
}

fn attempt(row: DeliveryAttemptRow) -> Result<DeliveryAttempt, StoreError> {
    Ok(DeliveryAttempt {
        number: row.attempt,
        ended_at: from_micros(row.ended_at)?,
        duration_ms: row.duration_ms,
        status: row.status,
        reason: row.reason,
        answer: row.answer,
    })
}
