//! Who opened a request's page: facts of the pages, kept beside the trail.
//!
//! Nothing depends on them but marks, findings and the page of makers and checkers: one that is lost is a mark too
//! much. So they are written after the page, in the background, and no page or decision fails for their sake.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::command::WriteCommand;
use super::queries::RowView;
use super::{Engine, EngineError};
use crate::domain::actor::{Actor, Person};
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::policy::people::People;
use crate::domain::request::Request;
use crate::store::openings::{self, OpeningRow, PEOPLE_MAX};
use crate::store::requests::Key;
use crate::store::{AnyConnection, StoreError, from_micros, to_micros};

/// That somebody looks at a request again is kept at most this often.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

/// Requests looked at for rows that nobody needs any more, with each new row.
pub(super) const SWEPT_AT_ONCE: i64 = 20;

/// Somebody who opened a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Who.
    pub person: Person,
    /// The revision that they opened last.
    pub revision: i64,
    /// When they opened that one first.
    pub at: DateTime<Utc>,
}

/// An opening that is still to be kept.
#[derive(Debug)]
pub struct NewOpening(OpeningRow);

/// What is known when a page of a request is read.
#[derive(Debug, Default)]
pub(super) struct KnownOpenings {
    pub(super) openings: Vec<Opening>,
    pub(super) new: Option<NewOpening>,
}

/// Which door a decision came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The API: nobody knows when the checker read what they decide.
    Api,
    /// The pages, where they may have opened it before.
    Pages,
}

/// What is known of how a checker read a request before they decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadBefore {
    /// Nothing.
    Unknown,
    /// They decide in the pages, and never opened it there.
    NotOpened,
    /// They opened this revision then.
    Opened { revision: i64, at: i64 },
}

impl Engine {
    /// Whether the pages keep who opened a request of this org.
    pub fn keeps_openings(&self, org: &OrgId) -> bool {
        self.inner.orgs.keeps_openings(org)
    }

    /// Keeps in the background that somebody opened a request. If the writer is busy or the database is away, it is not
    /// kept: the page has been shown all the same, and says once more that the request is unread.
    pub fn note_opening(&self, new: NewOpening) {
        let engine = self.clone();
        tokio::spawn(async move {
            if let Err(error) = engine.inner.writer.write(WriteCommand::NoteOpening(Box::new(new.0))).await {
                tracing::warn!(%error, "it was not kept that somebody opened a request");
            }
        });
    }

    /// Which of these requests `actor` has not opened in their present revision: none of their own, and none that has
    /// ended.
    pub async fn unread(&self, actor: &Actor, rows: &[RowView]) -> Result<Vec<RequestId>, EngineError> {
        if !self.keeps_openings(&actor.org) {
            return Ok(Vec::new());
        }
        let rules = self.inner.book.current();
        let people = &rules.people;
        let counts = |request: &Request| keeps_opening_of(people, actor, request);
        let asked: HashMap<RequestId, i64> = rows
            .iter()
            .filter(|row| counts(&row.request))
            .map(|row| (row.request.id, row.request.revision))
            .collect();
        let opened = self.opened_by(actor, asked.keys().copied().collect()).await?;
        let is_unread =
            |(id, revision): &(RequestId, i64)| opened.get(id).is_none_or(|(last, _)| last < revision);
        Ok(asked.into_iter().filter(is_unread).map(|(id, _)| id).collect())
    }

    /// How `actor` read these requests before they decide them. What can't be read is not known: a decision does not
    /// wait for it.
    pub(super) async fn read_before(
        &self,
        actor: &Actor,
        door: Door,
        ids: Vec<RequestId>,
    ) -> HashMap<RequestId, ReadBefore> {
        if door == Door::Api || !self.keeps_openings(&actor.org) {
            return HashMap::new();
        }
        match self.opened_by(actor, ids.clone()).await {
            Ok(opened) => {
                let before = |id: RequestId| match opened.get(&id) {
                    Some((revision, at)) => (id, ReadBefore::Opened { revision: *revision, at: *at }),
                    None => (id, ReadBefore::NotOpened),
                };
                ids.into_iter().map(before).collect()
            }
            Err(error) => {
                tracing::warn!(?error, "it is not known when somebody opened what they decide");
                HashMap::new()
            }
        }
    }

    /// Of these requests those that `actor` opened: the revision that they opened last, and when first.
    async fn opened_by(
        &self,
        actor: &Actor,
        ids: Vec<RequestId>,
    ) -> Result<HashMap<RequestId, (i64, i64)>, EngineError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let (org, key) = (actor.org.clone(), self.key_of(&actor.person).into_text());
        let read = move |conn: &mut AnyConnection| openings::of_person(conn, (&org, &key), &ids);
        let opened = self.inner.store.read_by_key(read).await?;
        Ok(opened.into_iter().map(|(id, revision, at)| (id, (revision, at))).collect())
    }
}

/// Whether it is kept that somebody opens this request.
fn keeps_opening_of(people: &People, actor: &Actor, request: &Request) -> bool {
    request.ended_at.is_none() && !people.is_one_person(&request.maker, &actor.person)
}

/// Who opened a request, and whether it is still to be kept that `actor` opens it now.
pub(super) fn known_openings(
    conn: &mut AnyConnection,
    (people, actor): (&People, &Actor),
    request: &Request,
    now: DateTime<Utc>,
) -> Result<KnownOpenings, StoreError> {
    if request.ended_at.is_some() {
        return Ok(KnownOpenings::default());
    }
    let key: Key = (request.org.clone(), request.id);
    let rows = openings::list(conn, &key)?;
    let own = row(people, actor, request, now);
    let known = rows.iter().find(|row| row.person_key == own.person_key);
    let is_new = match known {
        Some(known) => known.revision < own.revision || known.last_at <= to_micros(now - AGAIN_AFTER),
        None => rows.len() < PEOPLE_MAX,
    };
    let new = (is_new && keeps_opening_of(people, actor, request)).then_some(NewOpening(own));
    let openings = rows.iter().map(Opening::try_from).collect::<Result<_, StoreError>>()?;
    Ok(KnownOpenings { openings, new })
}

fn row(people: &People, actor: &Actor, request: &Request, now: DateTime<Utc>) -> OpeningRow {
    let Person { iss, sub, user_id, user_name } = actor.person.clone();
    OpeningRow {
        org_id: request.org.to_string(),
        request_id: request.id.into(),
        person_key: people.key_of(&actor.person).into_text(),
        iss,
        sub,
        user_id,
        user_name,
        revision: request.revision,
        first_at: to_micros(now),
        last_at: to_micros(now),
    }
}

impl TryFrom<&OpeningRow> for Opening {
    type Error = StoreError;

    fn try_from(row: &OpeningRow) -> Result<Self, StoreError> {
        Ok(Self { person: row.person(), revision: row.revision, at: from_micros(row.first_at)? })
    }
}
