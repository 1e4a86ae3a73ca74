//! Rules come into force: first their versions are stored and the trail says so, then they are used.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::command::WriteCommand;
use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::domain::lifecycle::EventType;
use crate::domain::rules::Rules;
use crate::store::events::{self, EventRow};
use crate::store::{AnyConnection, StoreError, type_versions};

impl Engine {
    /// The rules in force.
    pub fn rules(&self) -> Arc<Rules> {
        self.inner.book.current()
    }

    /// Puts these rules in force, all of them. Requests under way keep the versions that they were
    /// submitted under.
    pub async fn put_in_force(&self, rules: Rules) -> Result<(), EngineError> {
        self.inner.writer.write(WriteCommand::PutInForce(Arc::new(rules.clone()))).await?;
        self.inner.book.install(rules);
        Ok(())
    }
}

/// Stores every version of `rules` and one event that names them.
pub(super) fn store_rules(
    conn: &mut AnyConnection,
    rules: &Rules,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut versions = serde_json::Map::new();
    for found in rules.types.iter() {
        let name = found.name.as_str();
        type_versions::keep(conn, (&found.version, name), found.definition(), now)?;
        versions.insert(name.to_owned(), found.version.as_str().into());
    }
    let row = EventRow::of_no_request(EventType::RulesInForce, clock.new_id(), now, &versions.into());
    events::insert(conn, &[row])
}
