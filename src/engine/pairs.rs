//! Makers and checkers: who decided whose requests, for auditors.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::conduct::{DECIDED, verdict_of};
use super::{Engine, EngineError, require};
use crate::domain::actor::{Actor, Permission, Person};
use crate::domain::conduct::{Reading, oddities};
use crate::domain::ids::OrgId;
use crate::domain::pairs::PairTally;
use crate::domain::rules::Rules;
use crate::store::decided_events::{self, DecidedRow, Decisions, Submitted};
use crate::store::stored_bytes::StoredId;
use crate::store::{AnyConnection, StoreError, decisions, from_micros, to_micros};

/// The most decisions that are looked at, the newest of the range.
pub const DECISIONS_MAX: usize = 100_000;

/// The most pairs that are told, those with the most decisions.
pub const PAIRS_MAX: usize = 100;

/// The longest range that is looked at.
pub const RANGE_MAX: TimeDelta = TimeDelta::days(366);

/// Decisions read at once: others may use the connection in between.
const CHUNK: usize = 1_000;

/// A maker, a checker, and what the one decided of the other's.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Who submitted.
    pub maker: Person,
    /// Who decided.
    pub checker: Person,
    /// What they decided.
    pub tally: PairTally,
}

/// The pairs of a time range.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    /// Those with the most decisions, most first.
    pub pairs: Vec<Pair>,
    /// How many pairs there are in all.
    pub count: usize,
    /// How many decisions were looked at.
    pub decisions: usize,
    /// If there are older ones in the range that were not: when the last one was that was.
    pub since: Option<DateTime<Utc>>,
}

impl Engine {
    /// Who decided whose requests in the actor's org, from a time on and before another one.
    ///
    /// # Errors
    /// [`EngineError::PermissionMissing`] for everybody but auditors.
    pub async fn pairs(
        &self,
        actor: &Actor,
        (from, before): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Pairs, EngineError> {
        require(actor, Permission::Audit)?;
        let range = (to_micros(from.max(before - RANGE_MAX)), to_micros(before));
        let mut walk = Decisions::of(DECIDED, range);
        let mut found = Counting::under(self.inner.book.current());
        loop {
            let org = actor.org.clone();
            let wanted = CHUNK.min(DECISIONS_MAX + 1 - found.decisions);
            let read = move |conn: &mut AnyConnection| {
                let rows = walk.next(conn, &org, wanted)?;
                let chunk = if rows.is_empty() { None } else { Some(Chunk::read(conn, &org, rows)?) };
                Ok((walk, chunk))
            };
            // Every row is found by an index, however few there are of a table.
            let (further, chunk) = self.inner.store.read_by_key(read).await?;
            walk = further;
            let Some(chunk) = chunk else { return Ok(found.pairs()) };
            if !found.count(&chunk)? {
                return Ok(found.pairs());
            }
        }
    }
}

/// Some decisions, and what they are compared with.
struct Chunk {
    rows: Vec<DecidedRow>,
    makers: HashMap<StoredId, Person>,
    submitted: HashMap<(StoredId, i64), Submitted>,
    /// By request, revision, issuer and subject.
    readings: HashMap<(StoredId, i64, String, String), Option<Reading>>,
}

impl Chunk {
    fn read(conn: &mut AnyConnection, org: &OrgId, rows: Vec<DecidedRow>) -> Result<Self, StoreError> {
        let ids: BTreeSet<StoredId> = rows.iter().filter_map(|row| row.request_id).collect();
        let ids: Vec<StoredId> = ids.into_iter().collect();
        let makers = decided_events::makers(conn, org, &ids)?;
        let submitted = decided_events::submitted(conn, org, &ids)?;
        let mut readings = HashMap::new();
        for row in decisions::readings(conn, org, ids)? {
            let reading = row.reading()?;
            readings.insert((row.request_id, row.revision, row.iss, row.sub), reading);
        }
        Ok(Self { rows, makers, submitted, readings })
    }
}

/// The pairs as they are counted.
struct Counting {
    rules: Arc<Rules>,
    /// Everybody who took part, each once, and where they are by account.
    people: Vec<Person>,
    by_key: HashMap<String, usize>,
    by_account: HashMap<[String; 3], usize>,
    tallies: HashMap<(usize, usize), PairTally>,
    decisions: usize,
    since: Option<DateTime<Utc>>,
    last_at: Option<DateTime<Utc>>,
}

impl Counting {
    fn under(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            people: Vec::new(),
            by_key: HashMap::new(),
            by_account: HashMap::new(),
            tallies: HashMap::new(),
            decisions: 0,
            since: None,
            last_at: None,
        }
    }

    /// Counts these decisions; `false` once there are as many as are looked at.
    fn count(&mut self, chunk: &Chunk) -> Result<bool, StoreError> {
        for row in &chunk.rows {
            if self.decisions == DECISIONS_MAX {
                self.since = self.last_at;
                return Ok(false);
            }
            let Some((id, verdict)) = row.request_id.zip(verdict_of(&row.event_type)) else { continue };
            let Some(maker) = chunk.makers.get(&id) else { continue };
            let Some(submitted) = chunk.submitted.get(&(id, row.revision())) else { continue };
            let key = (id, row.revision(), row.actor_iss.clone(), row.actor_sub.clone());
            let reading = chunk.readings.get(&key).copied().flatten();
            let at = from_micros(row.at)?;
            let odd = oddities((at, reading), &submitted.from, &row.source());
            let pair = (self.person(maker), self.person(&row.actor()));
            self.tallies.entry(pair).or_default().add(verdict, at - from_micros(submitted.at)?, &odd);
            self.decisions += 1;
            self.last_at = Some(at);
        }
        Ok(true)
    }

    /// Where a person is: several accounts of one are one.
    fn person(&mut self, person: &Person) -> usize {
        let account = [&person.iss, &person.sub, &person.user_id].map(String::clone);
        if let Some(known) = self.by_account.get(&account) {
            return *known;
        }
        let key = self.rules.people.key_of(person).into_text();
        let at = *self.by_key.entry(key).or_insert_with(|| {
            self.people.push(person.clone());
            self.people.len() - 1
        });
        self.by_account.insert(account, at);
        at
    }

    fn pairs(self) -> Pairs {
        let count = self.tallies.len();
        let mut found: Vec<((usize, usize), PairTally)> = self.tallies.into_iter().collect();
        // Those with equally many as they were met, so that a page is the same each time.
        found.sort_unstable_by_key(|(pair, tally)| (std::cmp::Reverse(tally.decisions()), *pair));
        found.truncate(PAIRS_MAX);
        let people = &self.people;
        let pair = |((maker, checker), tally): ((usize, usize), PairTally)| Pair {
            maker: people[maker].clone(),
            checker: people[checker].clone(),
            tally,
        };
        Pairs {
            pairs: found.into_iter().map(pair).collect(),
            count,
            decisions: self.decisions,
            since: self.since,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::conduct::Source;
    use crate::domain::lifecycle::EventType;

    const REQUEST: StoredId = StoredId(Uuid::nil());

    /// Mara's one request, decided at these seconds by these checkers.
    fn chunk(decided: impl Iterator<Item = (i64, String)>) -> Chunk {
        let row = |(at, checker): (i64, String)| DecidedRow {
            event_id: REQUEST,
            request_id: Some(REQUEST),
            at: at * 1_000_000,
            event_type: EventType::Approved.name().to_owned(),
            actor_iss: "iss".to_owned(),
            actor_sub: checker.clone(),
            actor_user_id: checker.clone(),
            actor_user_name: checker,
            actor_token_id: None,
            actor_address: None,
            revision: None,
        };
        let mara = "mara".to_owned();
        let maker =
            Person { iss: "iss".to_owned(), sub: mara.clone(), user_id: mara.clone(), user_name: mara };
        Chunk {
            rows: decided.map(row).collect(),
            makers: HashMap::from([(REQUEST, maker)]),
            submitted: HashMap::from([((REQUEST, 1), Submitted { at: 0, from: Source::default() })]),
            readings: HashMap::new(),
        }
    }

    #[test]
    fn beyond_the_newest_hundred_thousand_none_is_counted_and_it_is_told_since_when() {
        let newest_first = |count: i64| chunk((0..count).map(|number| (count - number, "chen".to_owned())));
        let mut all = Counting::under(Arc::default());
        assert!(all.count(&newest_first(100_000)).unwrap());
        assert_eq!((all.decisions, all.pairs().since), (100_000, None));
        let mut more = Counting::under(Arc::default());
        assert!(!more.count(&newest_first(100_001)).unwrap());
        let told = more.pairs();
        assert_eq!((told.decisions, told.since), (100_000, DateTime::from_timestamp(2, 0)));
    }

    #[test]
    fn the_hundred_pairs_with_the_most_decisions_are_told_most_first() {
        // The checker with the number n decides n times.
        let decided =
            (1..=120).flat_map(|number| (0..number).map(move |at| (at, format!("checker {number}"))));
        let mut counting = Counting::under(Arc::default());
        assert!(counting.count(&chunk(decided)).unwrap());
        let told = counting.pairs();
        assert_eq!((told.pairs.len(), told.count), (PAIRS_MAX, 120));
        let counts: Vec<usize> = told.pairs.iter().map(|pair| pair.tally.decisions()).collect();
        assert_eq!(counts, (21..=120).rev().collect::<Vec<_>>());
        assert_eq!(told.pairs[0].checker.user_id, "checker 120");
    }
}
