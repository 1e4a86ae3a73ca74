//! What waits for a person, and what he has decided.
//!
//! **Invariant:** the inbox holds exactly what [`may_decide`] would let him decide at this moment.

use std::collections::HashSet;

use super::queries::{Reading, View};
use super::rules::approval_of;
use super::{Engine, EngineError, require};
use crate::domain::actor::{Actor, Permission};
use crate::domain::policy::Who;
use crate::domain::policy::may_decide::may_decide;
use crate::domain::policy::people::Signer;
use crate::domain::policy::progress::InForce;
use crate::domain::request::Request;
use crate::store::inbox::{self, Accounts};
use crate::store::listing::Record;
use crate::store::{AnyConnection, StoreError, to_micros};

pub use crate::store::inbox::Turn;

/// How far an inbox is counted exactly.
pub const COUNTED_MAX: usize = 1_000;

/// Rows looked at in one go.
const CHUNK: i64 = 200;

/// A page of an inbox.
#[derive(Debug)]
pub struct InboxPage {
    /// What is due first comes first.
    pub views: Vec<View>,
    /// How many there are in all; more than [`COUNTED_MAX`] are not told apart. `None` where not counted.
    pub count: Option<usize>,
    /// Where the next page begins, if there is one.
    pub next: Option<Turn>,
}

/// What the walk over an inbox needs to know of its reader.
struct Reader {
    reading: Reading,
    signer: Signer,
    /// Everything that he could sign as.
    capacities: Vec<Who>,
    accounts: Accounts,
    now: chrono::DateTime<chrono::Utc>,
}

impl Engine {
    /// What `actor` may decide now.
    pub async fn needs_me(
        &self,
        actor: &Actor,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<InboxPage, EngineError> {
        require(actor, Permission::Check)?;
        let reader = self.reader(actor);
        let read = move |conn: &mut AnyConnection| {
            let is_first = after.is_none();
            let wanted = if is_first { COUNTED_MAX + 1 } else { limit + 1 };
            let found = reader.walk(conn, after, wanted.max(limit + 1))?;
            let next = (found.len() > limit).then(|| turn(&found[limit - 1].request));
            let count = is_first.then_some(found.len());
            let page = found.into_iter().take(limit);
            let views = page.map(|record| reader.reading.view(conn, record)).collect::<Result<_, _>>()?;
            Ok(InboxPage { views, count, next })
        };
        Ok(self.inner.store.read(read).await?)
    }

    /// What `actor` has decided, the latest first.
    pub async fn decided_by_me(
        &self,
        actor: &Actor,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<InboxPage, EngineError> {
        require(actor, Permission::Check)?;
        let reader = self.reader(actor);
        let read = move |conn: &mut AnyConnection| {
            let keys = reader.person_keys();
            let rows = i64::try_from(limit + 1).unwrap_or(i64::MAX);
            let mut found = inbox::decided_by(conn, &reader.reading.actor.org, &keys, after.as_ref(), rows)?;
            let has_more = found.len() > limit;
            found.truncate(limit);
            let next = found.last().filter(|_| has_more).map(|(turn, _)| turn.clone());
            let views = found.into_iter().map(|(_, record)| reader.reading.view(conn, record));
            Ok(InboxPage { views: views.collect::<Result<_, _>>()?, count: None, next })
        };
        Ok(self.inner.store.read(read).await?)
    }

    fn reader(&self, actor: &Actor) -> Reader {
        let reading = self.reads_for(actor);
        let signer = actor.signer();
        let people = &reading.rules.people;
        let behind = signer.behind(people);
        let linked = people.entries().iter().filter(|entry| people.is_behind(entry, &behind));
        let mut names: Vec<String> = linked.flat_map(|entry| entry.accounts.clone()).collect();
        names.extend([actor.person.sub.clone(), actor.person.user_id.clone()]);
        let mut capacities: Vec<Who> =
            people.groups_of(&actor.person).into_iter().map(|group| Who::Group(group.to_owned())).collect();
        capacities.extend(actor.groups.iter().cloned().map(Who::ClaimedGroup));
        capacities.extend(actor.permissions.iter().copied().map(Who::Permission));
        drop(behind);
        Reader { reading, signer, capacities, accounts: Accounts { names }, now: self.inner.clock.now() }
    }
}

impl Reader {
    /// Up to `wanted` requests that he may decide, over everything that waits for one of his seats.
    fn walk(
        &self,
        conn: &mut AnyConnection,
        after: Option<Turn>,
        wanted: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let mut found: Vec<Record> = Vec::new();
        for set in inbox::waiting_sets(conn, &self.reading.actor.org)? {
            if self.holds_one_of(&set) {
                found.extend(self.walk_set(conn, &set, after.clone(), wanted)?);
            }
        }
        found.sort_by_key(|record| turn(&record.request));
        let mut seen = HashSet::new();
        found.retain(|record| seen.insert(record.request.id));
        found.truncate(wanted);
        Ok(found)
    }

    fn walk_set(
        &self,
        conn: &mut AnyConnection,
        set: &str,
        mut after: Option<Turn>,
        wanted: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::new();
        loop {
            let at = (&self.reading.actor.org, set);
            let chunk = inbox::waiting_for(conn, at, &self.accounts, after.as_ref(), CHUNK)?;
            let is_last = i64::try_from(chunk.len()).unwrap_or(CHUNK) < CHUNK;
            after = chunk.last().map(|record| turn(&record.request));
            for record in chunk {
                if self.may_decide(conn, &record.request)? {
                    found.push(record);
                }
            }
            if is_last || found.len() >= wanted {
                return Ok(found);
            }
        }
    }

    fn holds_one_of(&self, set: &str) -> bool {
        let mut wanted = set.lines().filter_map(Who::parse);
        wanted.any(|wanted| self.capacities.iter().any(|own| own.fits(&wanted)))
    }

    fn may_decide(&self, conn: &mut AnyConnection, request: &Request) -> Result<bool, StoreError> {
        let pinned = self.reading.book.pinned(conn, request)?;
        let Some(approval) = approval_of(pinned.as_deref(), request)? else { return Ok(false) };
        let policy = InForce { approval, people: &self.reading.rules.people };
        let votes = request.votes();
        Ok(may_decide(&self.signer, &request.matter(&votes), &policy, self.now).is_ok())
    }

    /// The keys under which decisions of this person stand: every user id that is his.
    fn person_keys(&self) -> Vec<String> {
        let iss = &self.reading.actor.person.iss;
        let mut keys: Vec<String> = self.accounts.names.iter().map(|name| format!("{iss}\n{name}")).collect();
        keys.push(self.reading.actor.person.key());
        keys.sort();
        keys.dedup();
        keys
    }
}

fn turn(request: &Request) -> Turn {
    Turn { at: to_micros(request.turn_at()), id: request.id }
}
