//! What has just happened to requests, for the pages that are open.
//!
//! Told after the commit, so never of what was rolled back, and told from memory: no page asks the
//! database whether something is new. Where nobody of an org looks, nothing is kept for it, and the writer
//! has nothing to do. On a shared database one look a second per process finds what other processes did.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use super::{Engine, EngineError};
use crate::domain::actor::Person;
use crate::domain::ids::{OrgId, RequestId, RequestTypeName};
use crate::domain::lifecycle::{Event, EventType};
use crate::domain::outcome::Outcome;
use crate::domain::policy::Capacity;
use crate::domain::request::{Request, State, Verdict};
use crate::store::events::EventSummary;
use crate::store::requests::{RequestRow, parse_id, parse_state};
use crate::store::{AnyConnection, StoreError, events, from_micros, requests};

/// Changes that are kept, and that one who listens may be behind.
const KEPT_MAX: usize = 1_024;

/// An org is listened for so long after the last one left it: a hidden page comes back.
const INTEREST: Duration = Duration::from_secs(600);

/// A transaction that begins now may be seen so much later.
const LATE_MAX: TimeDelta = TimeDelta::seconds(5);

/// How often other processes' work is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// More news of one org in one look are not told one by one.
const GLANCES_MAX: i64 = 5_000;

/// More requests that another process moved are not read one by one.
const FOREIGN_MAX: usize = 200;

/// One thing that happened to a request; small, and without anything of its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its place in what this process tells.
    pub seq: u64,
    /// The request's org.
    pub org: OrgId,
    /// The request.
    pub id: RequestId,
    /// Its version by then.
    pub version: i64,
    /// Its state by then.
    pub state: State,
    /// What kind of call it wraps.
    pub request_type: RequestTypeName,
    /// Who submitted it.
    pub maker: Person,
    /// Who can help now.
    pub waits_for: Vec<Capacity>,
    /// Who did it; the engine itself, for what it does by itself.
    pub by: Person,
    /// What it was.
    pub what: ChangeKind,
    /// When.
    pub at: DateTime<Utc>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It came in.
    Submitted,
    /// Somebody decided; it may wait on.
    Decided(Verdict),
    /// The maker took it back.
    Withdrawn,
    /// A deadline passed.
    Expired,
    /// Its execution ended.
    Ended(Outcome),
}

impl ChangeKind {
    /// What is published of an event; nothing of checks, attempts and refusals.
    fn of(event_type: EventType) -> Option<Self> {
        match event_type {
            EventType::Submitted => Some(Self::Submitted),
            EventType::Approved | EventType::ApprovalGiven => Some(Self::Decided(Verdict::Approved)),
            EventType::Rejected | EventType::RejectionGiven => Some(Self::Decided(Verdict::Rejected)),
            EventType::Withdrawn => Some(Self::Withdrawn),
            EventType::Expired => Some(Self::Expired),
            EventType::Executed => Some(Self::Ended(Outcome::Executed)),
            EventType::Failed => Some(Self::Ended(Outcome::Failed)),
            EventType::OutcomeUnknown => Some(Self::Ended(Outcome::Unknown)),
            EventType::MakerAccessValidated
            | EventType::PayloadValidated
            | EventType::AutoApproved
            | EventType::AttemptStarted
            | EventType::Refused
            | EventType::RulesInForce => None,
        }
    }

    /// The types of the rows that are published.
    fn types() -> Vec<EventType> {
        EventType::ALL.into_iter().filter(|known| Self::of(*known).is_some()).collect()
    }
}

impl Change {
    /// What `event` did to `request`, which has it folded in.
    pub(super) fn of(request: &Request, event: &Event) -> Option<Self> {
        Some(Self {
            seq: 0,
            org: request.org.clone(),
            id: request.id,
            version: request.version,
            state: request.state,
            request_type: request.request_type.clone(),
            maker: request.maker.clone(),
            waits_for: request.waits_for.clone(),
            by: event.by.clone(),
            what: ChangeKind::of(EventType::of(&event.kind))?,
            at: event.at,
        })
    }

    /// A submission that has just come in.
    pub(super) fn of_submission(row: &RequestRow) -> Result<Self, StoreError> {
        Self::of_row(row, (ChangeKind::Submitted, None), row.started_at)
    }

    fn of_row(
        row: &RequestRow,
        (what, by): (ChangeKind, Option<Person>),
        at: i64,
    ) -> Result<Self, StoreError> {
        let maker = Person {
            iss: row.maker_iss.clone(),
            sub: row.maker_sub.clone(),
            user_id: row.maker_user_id.clone(),
            user_name: row.maker_user_name.clone(),
        };
        Ok(Self {
            seq: 0,
            org: OrgId::new(row.org_id.clone()),
            id: parse_id(&row.request_id)?,
            version: row.version,
            state: parse_state(&row.state)?,
            request_type: RequestTypeName::new(row.request_type.clone()),
            waits_for: row.waits_for()?,
            by: by.unwrap_or_else(|| maker.clone()),
            maker,
            what,
            at: from_micros(at)?,
        })
    }

    /// Names the event among all: the same for whoever reads it. A submission is its first.
    fn mark(&self) -> Mark {
        (self.id, if self.what == ChangeKind::Submitted { 1 } else { self.version })
    }
}

/// A request and the number of its event.
type Mark = (RequestId, i64);

/// What those who listen are sent.
#[derive(Clone, Debug)]
pub enum News {
    /// Something happened.
    Change(Arc<Change>),
    /// So much happened that it is not told one by one.
    TooMuch,
}

/// What happened after a place can't be told any more: read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed;

/// What one org is sent from now on; leaves when it is dropped.
pub struct Listening {
    feed: Arc<Feed>,
    org: OrgId,
    news: broadcast::Receiver<News>,
    /// What happened since the place that was asked for.
    pub since: Result<Vec<Arc<Change>>, Missed>,
    /// The place where listening begins, without what is in `since`.
    pub place: String,
}

impl Listening {
    /// The next news of the org. `None` if there will be none any more.
    pub async fn next(&mut self) -> Option<News> {
        loop {
            let heard = self.news.recv().await;
            match heard {
                Ok(News::Change(change)) if change.org != self.org => {}
                Ok(news) => return Some(news),
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(News::TooMuch),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// What is there already.
    pub fn take_ready(&mut self) -> Option<News> {
        loop {
            match self.news.try_recv() {
                Ok(News::Change(change)) if change.org != self.org => {}
                Ok(news) => return Some(news),
                Err(broadcast::error::TryRecvError::Lagged(_)) => return Some(News::TooMuch),
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => {
                    return None;
                }
            }
        }
    }

    /// The place after `change`.
    pub fn place_of(&self, change: &Change) -> String {
        self.feed.place(change.seq)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.feed.leave(&self.org);
    }
}

/// Everything that this process tells.
pub(super) struct Feed {
    /// Another process, or a later one, counts anew.
    boot: Uuid,
    sender: broadcast::Sender<News>,
    /// Whether anybody is interested in anything: the writer looks here first.
    is_wanted: AtomicBool,
    /// Other processes write into the same database.
    is_shared: bool,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    last: u64,
    kept: VecDeque<Arc<Change>>,
    orgs: HashMap<OrgId, Interest>,
    /// What was told lately, so that it is not told again when it is read.
    marks: HashMap<Mark, DateTime<Utc>>,
}

/// That somebody of an org listens, or did lately.
struct Interest {
    listeners: usize,
    /// From this place on everything of the org is told.
    from: u64,
    since: DateTime<Utc>,
    left: Option<Instant>,
}

impl Interest {
    fn is_over(&self) -> bool {
        self.listeners == 0 && self.left.is_some_and(|left| left.elapsed() > INTEREST)
    }
}

impl Feed {
    pub(super) fn new(boot: Uuid, is_shared: bool) -> Self {
        let (sender, _) = broadcast::channel(KEPT_MAX);
        Self { boot, sender, is_wanted: AtomicBool::new(false), is_shared, told: Mutex::default() }
    }

    /// Whether it is worth while to make changes at all.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    /// Tells what was committed, to those orgs that are interested.
    pub(super) fn tell(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut told = self.told();
        told.orgs.retain(|_, interest| !interest.is_over());
        self.is_wanted.store(!told.orgs.is_empty(), Ordering::Relaxed);
        for change in changes {
            self.tell_one(&mut told, change);
        }
    }

    fn tell_one(&self, told: &mut Told, mut change: Change) {
        let is_new = !self.is_shared || told.marks.insert(change.mark(), change.at).is_none();
        if !is_new || !told.orgs.contains_key(&change.org) {
            return;
        }
        told.last += 1;
        change.seq = told.last;
        let change = Arc::new(change);
        if told.kept.len() == KEPT_MAX {
            told.kept.pop_front();
        }
        told.kept.push_back(Arc::clone(&change));
        // An error only says that nobody listens right now.
        let _ = self.sender.send(News::Change(change));
    }

    /// Something happened that can't be told: whoever listens reads anew.
    fn skip(&self) {
        let mut told = self.told();
        told.last += 1;
        told.kept.clear();
        let _ = self.sender.send(News::TooMuch);
    }

    /// The place where an org's next change will stand; from now on they are told.
    fn place_now(&self, org: &OrgId, now: DateTime<Utc>) -> String {
        let mut told = self.told();
        let last = told.last;
        self.interest(&mut told, org, now).left = Some(Instant::now());
        self.place(last)
    }

    fn listen(self: &Arc<Self>, org: &OrgId, after: Option<&str>, now: DateTime<Utc>) -> Listening {
        let mut told = self.told();
        let last = told.last;
        let interest = self.interest(&mut told, org, now);
        interest.listeners += 1;
        let from = interest.from;
        let since = match after {
            None => Ok(Vec::new()),
            Some(place) => self.since(&told, org, (place, from)),
        };
        // Under the lock, so that nothing falls between what was and what comes.
        let news = self.sender.subscribe();
        Listening { feed: Arc::clone(self), org: org.clone(), news, since, place: self.place(last) }
    }

    fn since(
        &self,
        told: &Told,
        org: &OrgId,
        (place, from): (&str, u64),
    ) -> Result<Vec<Arc<Change>>, Missed> {
        let (boot, seq) = place.rsplit_once('-').ok_or(Missed)?;
        let seq: u64 = seq.parse().map_err(|_| Missed)?;
        let first_kept = told.kept.front().map_or(told.last + 1, |change| change.seq);
        let is_known = boot == self.boot.simple().to_string() && (from..=told.last).contains(&seq);
        if !is_known || seq + 1 < first_kept {
            return Err(Missed);
        }
        let later = told.kept.iter().filter(|change| change.seq > seq && change.org == *org);
        Ok(later.cloned().collect())
    }

    fn interest<'t>(&self, told: &'t mut Told, org: &OrgId, now: DateTime<Utc>) -> &'t mut Interest {
        let from = told.last;
        self.is_wanted.store(true, Ordering::Relaxed);
        let interest = told.orgs.entry(org.clone()).or_insert(Interest {
            listeners: 0,
            from,
            since: now,
            left: Some(Instant::now()),
        });
        if interest.is_over() {
            // Nobody may have told anything meanwhile.
            *interest = Interest { listeners: 0, from, since: now, left: Some(Instant::now()) };
        }
        interest
    }

    fn leave(&self, org: &OrgId) {
        if let Some(interest) = self.told().orgs.get_mut(org) {
            interest.listeners = interest.listeners.saturating_sub(1);
            interest.left = Some(Instant::now());
        }
    }

    fn place(&self, seq: u64) -> String {
        format!("{}-{seq}", self.boot.simple())
    }

    /// The orgs that are interested, and since when.
    fn orgs(&self) -> Vec<(OrgId, DateTime<Utc>)> {
        let mut told = self.told();
        told.orgs.retain(|_, interest| !interest.is_over());
        told.orgs.iter().map(|(org, interest)| (org.clone(), interest.since)).collect()
    }

    /// Those that nobody told yet; what is too old to be read again is forgotten.
    fn untold(&self, glances: Vec<EventSummary>, forget_before: DateTime<Utc>) -> Vec<EventSummary> {
        let mut told = self.told();
        told.marks.retain(|_, at| *at >= forget_before);
        let is_new = |glance: &EventSummary| {
            let id = glance.request_id.as_deref().and_then(RequestId::parse);
            id.zip(glance.seq).is_some_and(|mark| !told.marks.contains_key(&mark))
        };
        glances.into_iter().filter(is_new).collect()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nobody panics while telling changes")
    }
}

impl Engine {
    /// Listens to what happens in an org from now on, and after `after`, a place that was told before.
    pub fn listen(&self, org: &OrgId, after: Option<&str>) -> Listening {
        self.inner.feed.listen(org, after, self.inner.clock.now())
    }

    /// The place where the next change of an org will stand; what happens after this can be asked for.
    pub fn place_now(&self, org: &OrgId) -> String {
        self.inner.feed.place_now(org, self.inner.clock.now())
    }

    /// Tells what other processes do to a shared database, until the server stops.
    pub async fn follow_others(self, mut stopping: watch::Receiver<bool>) {
        if !self.inner.feed.is_shared {
            return;
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
            }
            if let Err(error) = self.look_at_others().await {
                tracing::warn!(%error, "what other processes did could not be read");
            }
        }
    }

    /// Tells what other processes did since the last look. Asks nothing while nobody listens.
    ///
    /// # Errors
    /// If the database does not answer; the next look finds the same.
    pub async fn look_at_others(&self) -> Result<(), EngineError> {
        let orgs = self.inner.feed.orgs();
        if !self.inner.feed.is_shared || orgs.is_empty() {
            return Ok(());
        }
        let now = self.inner.clock.now();
        let feed = Arc::clone(&self.inner.feed);
        let read = move |conn: &mut AnyConnection| look(conn, &feed, &orgs, now);
        match self.inner.store.read(read).await? {
            Some(changes) => self.inner.feed.tell(changes),
            None => self.inner.feed.skip(),
        }
        Ok(())
    }
}

/// What happened in these orgs and was not told; `None` if it is too much.
fn look(
    conn: &mut AnyConnection,
    feed: &Feed,
    orgs: &[(OrgId, DateTime<Utc>)],
    now: DateTime<Utc>,
) -> Result<Option<Vec<Change>>, StoreError> {
    let mut changes = Vec::new();
    for (org, since) in orgs {
        let from = (now - LATE_MAX).max(*since);
        let glances = events::glance(conn, org, (from, &ChangeKind::types()), GLANCES_MAX)?;
        let is_too_much = i64::try_from(glances.len()).is_ok_and(|found| found >= GLANCES_MAX);
        // Twice as long as it can be read again.
        let untold = feed.untold(glances, now - LATE_MAX * 2);
        if is_too_much || untold.len() > FOREIGN_MAX {
            return Ok(None);
        }
        for glance in untold {
            changes.extend(read(conn, org, glance)?);
        }
    }
    Ok(Some(changes))
}

fn read(conn: &mut AnyConnection, org: &OrgId, glance: EventSummary) -> Result<Option<Change>, StoreError> {
    let Some(id) = glance.request_id.as_deref().and_then(RequestId::parse) else { return Ok(None) };
    let what = ChangeKind::of(events::parse_event_type(&glance.event_type)?);
    let (Some(what), Some(row)) = (what, requests::find(conn, org, id)?) else {
        return Ok(None);
    };
    let by = Person {
        iss: glance.actor_iss,
        sub: glance.actor_sub,
        user_id: glance.actor_user_id,
        user_name: glance.actor_user_name,
    };
    let change = Change::of_row(&row, (what, Some(by)), glance.at)?;
    // The row may have moved on since; a page that compares versions then reads anew, which is right.
    let version = if what == ChangeKind::Submitted { row.version } else { glance.seq.unwrap_or(row.version) };
    Ok(Some(Change { version, ..change }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: Uuid = Uuid::nil();

    fn org() -> OrgId {
        OrgId::new("100")
    }

    fn id(number: u64) -> RequestId {
        RequestId::parse(&format!("0190b6f2-7a3c-7cc0-8000-{number:012}")).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn change(org: &str, number: u64) -> Change {
        Change {
            seq: 0,
            org: OrgId::new(org),
            id: id(number),
            version: 4,
            state: State::Approved,
            request_type: RequestTypeName::new("ONE"),
            maker: Person::system(),
            waits_for: Vec::new(),
            by: Person::system(),
            what: ChangeKind::Decided(Verdict::Approved),
            at: now(),
        }
    }

    fn feed(is_shared: bool) -> Arc<Feed> {
        Arc::new(Feed::new(BOOT, is_shared))
    }

    /// The requests that somebody is told of right now.
    fn heard(listening: &mut Listening) -> Vec<RequestId> {
        let mut heard = Vec::new();
        while let Some(News::Change(change)) = listening.take_ready() {
            heard.push(change.id);
        }
        heard
    }

    fn since(feed: &Arc<Feed>, place: &str) -> Result<Vec<RequestId>, Missed> {
        let listening = feed.listen(&org(), Some(place), now());
        listening.since.clone().map(|changes| changes.iter().map(|change| change.id).collect())
    }

    #[test]
    fn only_what_happens_in_the_org_while_somebody_looks_is_told() {
        let feed = feed(false);
        assert!(!feed.is_wanted());
        feed.tell(vec![change("100", 1)]);
        let mut listening = feed.listen(&org(), None, now());
        assert!(feed.is_wanted());
        feed.tell(vec![change("100", 2), change("200", 3), change("100", 4)]);
        assert_eq!(heard(&mut listening), [id(2), id(4)]);
        assert_eq!(feed.told().kept.len(), 2, "nothing is kept for an org in which nobody looks");
    }

    #[test]
    fn who_comes_back_is_told_what_happened_since_his_place() {
        let feed = feed(false);
        let place = feed.place_now(&org(), now());
        feed.tell(vec![change("100", 1), change("100", 2)]);
        let listening = feed.listen(&org(), Some(&place), now());
        let told = listening.since.clone().unwrap();
        assert_eq!(told.iter().map(|change| change.id).collect::<Vec<_>>(), [id(1), id(2)]);
        assert_eq!(since(&feed, &listening.place_of(&told[0])), Ok(vec![id(2)]));
        assert_eq!(since(&feed, &listening.place), Ok(vec![]));
        drop(listening);
        feed.tell(vec![change("100", 3)]);
        assert_eq!(since(&feed, &place), Ok(vec![id(1), id(2), id(3)]), "a page was hidden for a while");
    }

    #[test]
    fn a_place_that_is_too_old_or_of_another_process_is_missed() {
        let feed = feed(false);
        let place = feed.place_now(&org(), now());
        let kept = u64::try_from(KEPT_MAX).unwrap();
        feed.tell((0..kept).map(|number| change("100", number)).collect());
        assert_eq!(since(&feed, &place).map(|told| told.len()), Ok(KEPT_MAX));
        feed.tell(vec![change("100", kept)]);
        assert_eq!(since(&feed, &place), Err(Missed));
        let own = BOOT.simple();
        for wrong in [
            "",
            "-",
            "x",
            &format!("{own}-"),
            &format!("{own}-999999"),
            &format!("{}-1", Uuid::max().simple()),
        ] {
            assert_eq!(since(&feed, wrong), Err(Missed), "{wrong}");
        }
    }

    #[test]
    fn a_place_from_before_the_org_was_listened_for_is_missed() {
        let feed = feed(false);
        let _other = feed.listen(&OrgId::new("200"), None, now());
        feed.tell(vec![change("200", 1), change("100", 2), change("200", 3)]);
        assert_eq!(since(&feed, &feed.place(1)), Err(Missed), "request 2 was not told");
    }

    #[test]
    fn who_is_too_far_behind_is_told_so() {
        let feed = feed(false);
        let mut listening = feed.listen(&org(), None, now());
        let more = u64::try_from(KEPT_MAX).unwrap() + 10;
        feed.tell((0..more).map(|number| change("100", number)).collect());
        assert!(matches!(listening.take_ready(), Some(News::TooMuch)));
        feed.skip();
        let place = feed.place_now(&org(), now());
        assert_eq!(since(&feed, &place), Ok(vec![]));
    }

    #[test]
    fn what_is_read_again_is_told_once() {
        let feed = feed(true);
        let mut listening = feed.listen(&org(), None, now());
        feed.tell(vec![change("100", 1)]);
        feed.tell(vec![change("100", 1), change("100", 2)]);
        assert_eq!(heard(&mut listening), [id(1), id(2)]);
        let glance = |number| EventSummary {
            request_id: Some(id(number).to_string()),
            seq: Some(4),
            at: 0,
            event_type: EventType::Approved.name().to_owned(),
            actor_iss: String::new(),
            actor_sub: String::new(),
            actor_user_id: String::new(),
            actor_user_name: String::new(),
        };
        let untold = feed.untold(vec![glance(1), glance(2), glance(3)], now());
        assert_eq!(untold, [glance(3)]);
        assert_eq!(feed.untold(vec![glance(1)], now() + TimeDelta::seconds(1)).len(), 1, "marks end");
    }
}
