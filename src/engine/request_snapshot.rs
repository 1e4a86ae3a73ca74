//! Everything that a request's page shows, from one snapshot of the database.

use chrono::{DateTime, Utc};

use super::conduct::odd_decisions;
use super::explain::Explanation;
use super::openings::{KnownOpenings, NewOpening, Opening, known_openings};
use super::queries::{all_readable, not_readable};
use super::reader::Reader;
use super::revision::view_of;
use super::rule_book::approval_of;
use super::stored_findings::StoredFindings;
use super::trail::{TrailEntry, entries};
use super::views::{RowView, View};
use super::{Engine, EngineError};
use crate::domain::actor::{Actor, Permission};
use crate::domain::conduct::{OddDecision, is_told_of_conduct};
use crate::domain::findings::{Finding, FindingFacts};
use crate::domain::ids::RequestId;
use crate::domain::policy::outlook::{GroupMembers, members_who_could_sign};
use crate::domain::policy::progress::PolicyInForce;
use crate::domain::request::Request;
use crate::domain::revision_changes::{RevisionChanges, changes};
use crate::domain::waiting::WaitingRequest;
use crate::store::events::EventRow;
use crate::store::listing::{self, Filter, Sort, SortBy};
use crate::store::{AnyConnection, StoreError, events};

/// A request and everything that its page shows.
#[derive(Debug)]
pub struct RequestSnapshot {
    /// The request as the reader may see it.
    pub view: View,
    /// Its events, oldest first.
    pub events: Vec<TrailEntry>,
    /// What changed from the revision before, and the number of that one; `None` for the first.
    pub changes: Option<(i64, RevisionChanges)>,
    /// What the reader is told beyond the request's body.
    pub explained: Explanation,
    /// The first requests that the reader may decide now, in the inbox's order; none without the permission.
    pub waiting: Vec<WaitingRequest>,
    /// Other requests on the same subject that the reader may see, the latest first.
    pub others: Vec<Request>,
    /// Those that the findings name as open for the same subject, as far as the reader may see them.
    pub open_on_subject: Vec<RowView>,
    /// Who could still sign it by name, by group.
    pub members: Vec<GroupMembers>,
    /// Who opened it, whoever opened it first comes first: empty for a reader who is not told, and once it has ended.
    pub openings: Vec<Opening>,
    /// That the reader opens it now, if that is still to be kept.
    pub new_opening: Option<NewOpening>,
    /// What is odd about its decisions: empty for a reader who is not told.
    pub odd_decisions: Vec<OddDecision>,
}

/// The most that is read beside the request.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotLimits {
    /// Requests that wait for the reader.
    pub waiting: usize,
    /// Requests on the same subject.
    pub others: usize,
}

impl Engine {
    /// One request and everything that its page shows.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] if there is none that `actor` may read, and
    /// [`EngineError::PermissionMissing`] instead if their token grants no permission at all.
    pub async fn open(
        &self,
        actor: &Actor,
        id: RequestId,
        limits: SnapshotLimits,
    ) -> Result<RequestSnapshot, EngineError> {
        let inbox = self.inbox_reader(actor);
        let scope = all_readable(actor, &inbox.reader.rules.people);
        let actor = actor.clone();
        let asking = actor.clone();
        let (now, keeps_openings) = (self.inner.clock.now(), self.keeps_openings(&actor.org));
        let read = move |conn: &mut AnyConnection| {
            let Some(record) = listing::find(conn, &asking.org, id)? else { return Ok(None) };
            let view = inbox.reader.view(conn, record)?;
            if !asking.may_read(&inbox.reader.rules.people, &view.request.org, &view.request.maker) {
                return Ok(None);
            }
            let rows = events::list(conn, &asking.org, id)?;
            let facts = facts_of_the_pages(conn, (&inbox.reader, now, keeps_openings), &view, &rows)?;
            let events = entries(rows, &view.request)?;
            let findings =
                StoredFindings::under(&inbox.reader.rules).of(conn, &view.request, &view.pinned)?;
            let others = on_same_subject(conn, scope, &view, limits.others)?;
            let may_check = asking.may(Permission::Check);
            let waiting = if may_check { inbox.first(conn, limits.waiting)? } else { Vec::new() };
            let changes = changes_since_last(conn, &inbox.reader, &view)?;
            let open_on_subject = inbox.reader.find_many(conn, &named_as_open(&findings))?;
            let members = members(&inbox.reader, &view)?;
            let beside = Beside { changes, open_on_subject, members, facts };
            Ok(Some(Found { view, events, findings, waiting, others, beside }))
        };
        let found = self.inner.store.read(read).await?.ok_or_else(|| not_readable(&actor))?;
        let Found { view, events, findings, waiting, others, beside } = found;
        let Beside { changes, open_on_subject, members, facts } = beside;
        let Facts { openings, new_opening, odd_decisions } = facts;
        let explained = self.explanation_of(&actor, &view, findings)?;
        Ok(RequestSnapshot {
            view,
            events,
            changes,
            explained,
            waiting,
            others,
            open_on_subject,
            members,
            openings,
            new_opening,
            odd_decisions,
        })
    }
}

/// What one read brings.
struct Found {
    view: View,
    events: Vec<TrailEntry>,
    findings: Vec<Finding>,
    waiting: Vec<WaitingRequest>,
    others: Vec<Request>,
    beside: Beside,
}

/// What is shown beside the request and its events.
struct Beside {
    changes: Option<(i64, RevisionChanges)>,
    open_on_subject: Vec<RowView>,
    members: Vec<GroupMembers>,
    facts: Facts,
}

/// What the pages know beside the request.
struct Facts {
    openings: Vec<Opening>,
    new_opening: Option<NewOpening>,
    odd_decisions: Vec<OddDecision>,
}

fn facts_of_the_pages(
    conn: &mut AnyConnection,
    (reader, now, keeps_openings): (&Reader, DateTime<Utc>, bool),
    view: &View,
    rows: &[EventRow],
) -> Result<Facts, StoreError> {
    let (request, actor, people) = (&view.request, &reader.actor, &reader.rules.people);
    let known = if keeps_openings {
        known_openings(conn, (people, actor), request, now)?
    } else {
        KnownOpenings::default()
    };
    let is_told = is_told_of_conduct(&actor.signer, people, request);
    Ok(Facts {
        openings: if is_told { known.openings } else { Vec::new() },
        new_opening: known.new,
        odd_decisions: odd_decisions(conn, (&actor.signer, people), request, rows)?,
    })
}

fn named_as_open(findings: &[Finding]) -> Vec<RequestId> {
    let other = |finding: &Finding| match finding.facts {
        Some(FindingFacts::Open(other)) => Some(other),
        Some(FindingFacts::Usage(_)) | None => None,
    };
    findings.iter().filter_map(other).collect()
}

/// Who could still sign it; nobody once it does not wait any more.
fn members(reader: &Reader, view: &View) -> Result<Vec<GroupMembers>, StoreError> {
    let approval = approval_of(&view.pinned, &view.request)?.filter(|_| view.request.state.waits());
    let policy = approval.map(|approval| PolicyInForce { approval, people: &reader.rules.people });
    Ok(policy.map(|policy| members_who_could_sign(&view.request.context(), &policy)).unwrap_or_default())
}

fn changes_since_last(
    conn: &mut AnyConnection,
    reader: &Reader,
    view: &View,
) -> Result<Option<(i64, RevisionChanges)>, StoreError> {
    let before = view.request.revision - 1;
    let Some(earlier) = view_of(conn, reader, &view.request, before)? else { return Ok(None) };
    Ok(Some((before, changes(&earlier.submission(), &view.submission()))))
}

fn on_same_subject(
    conn: &mut AnyConnection,
    scope: Filter,
    view: &View,
    wanted: usize,
) -> Result<Vec<Request>, StoreError> {
    let Some(subject) = view.request.terms.subject.clone() else { return Ok(Vec::new()) };
    let filter = Filter { subject: Some(subject), ..scope };
    let sort = Sort { by: SortBy::Start, descending: true };
    let rows = i64::try_from(wanted).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = listing::page_after(conn, &filter, sort, None, rows)?;
    found.retain(|other| other.id != view.request.id);
    found.truncate(wanted);
    Ok(found)
}
