//! Rules come into force: first their versions are stored and the trail says so, then they are used.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::command::WriteCommand;
use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::domain::digest::Digest;
use crate::domain::lifecycle::EventType;
use crate::domain::policy::people::PersonEntry;
use crate::domain::request_type::RequestType;
use crate::domain::rules::{LastRules, LastType, Rules, SettledRules, StaleRule};
use crate::store::events::{self, EventRow};
use crate::store::rules_in_force::{self, TypeInForceRow};
use crate::store::{AnyConnection, StoreError, type_versions};

/// The most names of one kind, or files, that one event lists.
const LISTED_MAX: usize = 200;

impl Engine {
    /// The rules in force.
    pub fn rules(&self) -> Arc<Rules> {
        self.inner.book.current()
    }

    /// What is in force although its file says otherwise.
    pub fn stale_rules(&self) -> Vec<StaleRule> {
        self.inner.book.settled().stale.clone()
    }

    /// What is in force on this node, for a reload to fall back on.
    pub fn last_rules(&self) -> LastRules {
        LastRules::from(&*self.inner.book.settled())
    }

    /// The types that were in force in this database last, for a start to fall back on. A definition that this version
    /// can't read is left out.
    pub async fn last_types(&self) -> Result<LastRules, EngineError> {
        let stored = self.inner.store.read(rules_in_force::list_definitions).await?;
        let known = |(row, definition): (TypeInForceRow, String)| {
            let definition = crate::domain::json::read(definition.as_bytes()).ok()?;
            let read = Arc::new(RequestType::from_definition(&definition).ok()?);
            Some((row.request_type, LastType { read, file: row.file }))
        };
        Ok(LastRules { types: stored.into_iter().filter_map(known).collect(), others: None })
    }

    /// Puts these rules in force. Requests under way keep the versions that they were submitted under.
    pub async fn put_in_force(&self, rules: impl Into<SettledRules>) -> Result<(), EngineError> {
        let settled = Arc::new(rules.into());
        self.inner.writer.write(WriteCommand::PutInForce(Arc::clone(&settled))).await?;
        self.install(settled);
        Ok(())
    }

    /// Says that files were read and could not be put in force: what was stays.
    pub fn keep_rules(&self) {
        let mut settled = SettledRules::clone(&self.inner.book.settled());
        let told = StaleRule::not_recorded();
        if !settled.stale.contains(&told) {
            settled.stale.push(told);
            self.install(Arc::new(settled));
        }
    }

    fn install(&self, settled: Arc<SettledRules>) {
        self.inner.metrics.set_rules_stale(settled.stale.len());
        self.inner.metrics.set_unfillable_stages(settled.rules.unfillable_stages());
        self.inner.book.install(settled);
    }
}

/// Stores what changes in the rules, and an event for the types, the people and the files that can't be used.
pub(super) fn store_rules(
    conn: &mut AnyConnection,
    settled: &SettledRules,
    clock: &Clock,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let of_types = store_types(conn, settled, now)?.map(|data| (EventType::RulesInForce, data));
    let of_people = store_people(conn, settled.rules.people.entries())?;
    let of_people = of_people.map(|data| (EventType::PeopleInForce, data));
    let of_stale = stale_data(&settled.stale).map(|data| (EventType::RulesStale, data));
    let happened = [of_types, of_people, of_stale].into_iter().flatten();
    let row = |(event_type, data)| EventRow::of_no_request(event_type, clock.new_id(), now, &data);
    events::insert(conn, &happened.map(row).collect::<Vec<_>>())
}

/// What the event says; `None` if nothing changes.
fn store_types(
    conn: &mut AnyConnection,
    settled: &SettledRules,
    now: DateTime<Utc>,
) -> Result<Option<Value>, StoreError> {
    let before = rules_in_force::list_types(conn)?;
    let mut rows = Vec::new();
    for found in settled.rules.types.iter() {
        let name = found.name.as_str();
        let is_in_force = |row: &TypeInForceRow| row.request_type == name && row.version == found.version;
        if !before.iter().any(is_in_force) {
            type_versions::keep(conn, (&found.version, name), found.definition(), now)?;
        }
        let file = settled.files.get(name).cloned();
        rows.push(TypeInForceRow { request_type: name.to_owned(), version: found.version.clone(), file });
    }
    if before == rows {
        return Ok(None);
    }
    rules_in_force::replace_types(conn, &rows)?;
    let versions = |rows: &[TypeInForceRow]| -> BTreeMap<String, String> {
        rows.iter().map(|row| (row.request_type.clone(), row.version.clone())).collect()
    };
    let (before, now) = (versions(&before), versions(&rows));
    let changes = Changes::between(&before, &now);
    Ok(changes.map(|changes| {
        let mut data = changes.data();
        data["versions"] = json!(now);
        data
    }))
}

/// The same for the people file. Only names are told, never accounts or groups.
fn store_people(conn: &mut AnyConnection, entries: &[PersonEntry]) -> Result<Option<Value>, StoreError> {
    let before = rules_in_force::list_people(conn)?;
    let now = entries.iter().map(|entry| (entry.name.clone(), entry_digest(entry))).collect();
    let Some(changes) = Changes::between(&before, &now) else { return Ok(None) };
    for name in changes.added.iter().chain(&changes.changed) {
        rules_in_force::put_person(conn, name, &now[*name])?;
    }
    for name in &changes.removed {
        rules_in_force::remove_person(conn, name)?;
    }
    Ok(Some(changes.data()))
}

fn entry_digest(entry: &PersonEntry) -> String {
    let PersonEntry { name, accounts, groups, active, owners } = entry;
    let told = json!([name, accounts, groups, active, owners]);
    Digest::of(told.to_string().as_bytes()).to_string()
}

/// The names that differ between two states of something.
struct Changes<'a> {
    added: Vec<&'a String>,
    changed: Vec<&'a String>,
    removed: Vec<&'a String>,
}

impl<'a> Changes<'a> {
    /// `None` if nothing differs.
    fn between(before: &'a BTreeMap<String, String>, now: &'a BTreeMap<String, String>) -> Option<Self> {
        let is_new = |name: &&String| !before.contains_key(*name);
        let differs = |(name, value): &(&String, &String)| before.get(*name).is_some_and(|old| old != *value);
        let changes = Self {
            added: now.keys().filter(is_new).collect(),
            changed: now.iter().filter(differs).map(|(name, _)| name).collect(),
            removed: before.keys().filter(|name| !now.contains_key(*name)).collect(),
        };
        let is_none = changes.added.is_empty() && changes.changed.is_empty() && changes.removed.is_empty();
        (!is_none).then_some(changes)
    }

    fn data(&self) -> Value {
        let mut data = json!({});
        for (kind, names) in [("added", &self.added), ("changed", &self.changed), ("removed", &self.removed)]
        {
            data[kind] = json!(names.iter().take(LISTED_MAX).collect::<Vec<_>>());
            if names.len() > LISTED_MAX {
                data[format!("{kind}More")] = json!(names.len() - LISTED_MAX);
            }
        }
        data
    }
}

fn stale_data(stale: &[StaleRule]) -> Option<Value> {
    let told = |stale: &StaleRule| {
        json!({
            "part": stale.part.name(),
            "requestType": stale.request_type,
            "file": stale.file,
            "inForce": stale.in_force,
            "faults": stale.faults,
        })
    };
    let files: Vec<Value> = stale.iter().take(LISTED_MAX).map(told).collect();
    (!files.is_empty()).then(|| json!({ "files": files }))
}
