//! What happens while a page is open: one stream of events per page.
//!
//! The change feed of the engine reports what was committed, from memory; a stream does not read the database
//! after its first line. Events are small: a page that needs more reloads itself. A stream ends with its
//! session in this process, when the server stops, and after ten minutes; the browser then opens another one,
//! which checks the session again and continues at its position. **Invariant:** a stream has no event of a
//! request that its person may not read.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use chrono::SecondsFormat;
use futures_util::stream::unfold;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::domain::actor::Actor;
use crate::domain::policy::Risk;
use crate::domain::zone::Zone;
use crate::engine::change_feed::{Change, ChangeKind, FeedItem, Subscription};
use crate::engine::sessions::SessionId;
use crate::http::query::Parameters;
use crate::web::html::is_odd;
use crate::web::parts::format::{When, state_of};
use crate::web::parts::inbox_filter::{Due, UnitChoice};
use crate::web::parts::who::Names;
use crate::web::sentences::errors;
use crate::web::sentences::live::just_now;
use crate::web::session::Session;
use crate::web::{Page, PageError, Web};

/// How often a comment is sent, so that no proxy takes the stream for dead.
const BEAT: Duration = Duration::from_secs(15);

/// Session and permissions are checked again after this time at the latest.
const OPEN_MAX: Duration = Duration::from_secs(600);

/// Changes within this time are sent together.
const GATHER: Duration = Duration::from_millis(200);

/// When a browser tries again.
const RETRY_MS: u32 = 3_000;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The most open streams of one session. A page that somebody left counts until the next beat, so whoever reads quickly has
/// more than they see.
const PER_SESSION_MAX: usize = 50;

/// The most open streams of this process, however many connections it serves.
const ALL_MAX: usize = 5_000;

/// The streams that are open.
#[derive(Debug)]
pub struct Live {
    max: usize,
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    all: usize,
    sessions: HashMap<SessionId, Streaming>,
}

/// The streams of one session.
#[derive(Debug)]
struct Streaming {
    count: usize,
    ended: watch::Sender<bool>,
}

impl Live {
    /// No streams yet. Of `connections` that the process serves, they leave half to everything else.
    pub fn within(connections: usize) -> Self {
        Self { max: ALL_MAX.min(connections / 2), streams: Mutex::default() }
    }

    /// Room for one more stream of this session, if there is any.
    fn enter(
        self: &Arc<Self>,
        web: &web::Data<Web>,
        (session, zone): (SessionId, Zone),
    ) -> Option<StreamSlot> {
        let mut streams = self.streams();
        if streams.all >= self.max {
            return None;
        }
        let of_session = streams
            .sessions
            .entry(session)
            .or_insert_with(|| Streaming { count: 0, ended: watch::Sender::new(false) });
        if of_session.count >= PER_SESSION_MAX {
            return None;
        }
        of_session.count += 1;
        let ended = of_session.ended.subscribe();
        streams.all += 1;
        web.engine.metrics().set_open_streams(streams.all);
        Some(StreamSlot { live: Arc::clone(self), web: web.clone(), session, zone, ended })
    }

    /// Ends every stream of a session that has ended, or that is in another org now.
    pub fn end(&self, session: SessionId) {
        if let Some(streaming) = self.streams().sessions.get(&session) {
            streaming.ended.send_replace(true);
        }
    }

    fn leave(&self, session: SessionId) -> usize {
        let mut streams = self.streams();
        streams.all = streams.all.saturating_sub(1);
        if let Some(of_session) = streams.sessions.get_mut(&session) {
            of_session.count = of_session.count.saturating_sub(1);
            if of_session.count == 0 {
                streams.sessions.remove(&session);
            }
        }
        streams.all
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().expect("no code panics while it counts streams")
    }
}

/// Counts one open stream until it is dropped.
struct StreamSlot {
    live: Arc<Live>,
    web: web::Data<Web>,
    session: SessionId,
    /// In which the person reads times.
    zone: Zone,
    ended: watch::Receiver<bool>,
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let open = self.live.leave(self.session);
        self.web.engine.metrics().set_open_streams(open);
    }
}

/// `GET /ui/events`
pub async fn events(web: web::Data<Web>, request: HttpRequest) -> Page {
    let is_own_page = match request.headers().get(SEC_FETCH_SITE) {
        Some(site) => site == "same-origin" || site == "none",
        None => true,
    };
    if !is_own_page {
        return Err(PageError::Form);
    }
    let session = match Session::in_background(&web, &request).await {
        Ok(session) => session,
        // Whoever signed out in another tab: the page says so, which a redirect to another page could not tell it.
        Err(PageError::SignIn { .. }) => return Ok(HttpResponse::Unauthorized().finish()),
        Err(error) => return Err(error),
    };
    let parameters = Parameters::of(&request, &["after"])?;
    let from_header = request.headers().get(LAST_EVENT_ID).and_then(|place| place.to_str().ok());
    let after = from_header.or(parameters.text("after")).map(str::to_owned);
    parameters.finish()?;
    let Some(slot) = web.live.enter(&web, (session.id, session.zone)) else {
        return Err(PageError::message(StatusCode::SERVICE_UNAVAILABLE, errors::TOO_MANY_STREAMS));
    };
    let subscription = web.engine.subscribe(&session.actor.org, after.as_deref());
    let stream = Stream::new(session.actor, subscription, slot);
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(unfold(stream, Stream::next)))
}

struct Stream {
    actor: Actor,
    subscription: Subscription,
    slot: StreamSlot,
    stopping: watch::Receiver<bool>,
    ends: Instant,
    beat: Instant,
    quiet_until: Instant,
    first: Option<String>,
}

impl Stream {
    fn new(actor: Actor, subscription: Subscription, slot: StreamSlot) -> Self {
        let now = Instant::now();
        let mut stream = Self {
            actor,
            subscription,
            stopping: slot.web.stopping.clone(),
            slot,
            ends: now + OPEN_MAX,
            beat: now + BEAT,
            quiet_until: now,
            first: None,
        };
        stream.first = Some(stream.beginning());
        stream
    }

    /// What was missed, and the position from which the stream continues.
    fn beginning(&self) -> String {
        let mut text = format!("retry: {RETRY_MS}\n");
        match &self.subscription.replay {
            Ok(changes) => changes.iter().for_each(|change| self.write(&mut text, change)),
            Err(_) => text.push_str("event: reset\ndata: {}\n\n"),
        }
        text.push_str(&format!("event: here\nid: {}\ndata: {{}}\n\n", self.subscription.position));
        text
    }

    /// The next part; `None` ends it.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        let text = match self.first.take() {
            Some(first) => first,
            None => self.wait().await?,
        };
        Some((Ok(Bytes::from(text)), self))
    }

    async fn wait(&mut self) -> Option<String> {
        loop {
            let (subscription, quiet_until) = (&mut self.subscription, self.quiet_until);
            let heard = async {
                sleep_until(quiet_until).await;
                subscription.next().await
            };
            let news = tokio::select! {
                biased;
                _ = self.stopping.wait_for(|is_stopping| *is_stopping) => return None,
                _ = self.slot.ended.wait_for(|has_ended| *has_ended) => return None,
                () = sleep_until(self.beat.min(self.ends)) => None,
                news = heard => Some(news?),
            };
            let Some(news) = news else {
                let now = Instant::now();
                self.beat = now + BEAT;
                return (now < self.ends).then(|| ":\n\n".to_owned());
            };
            let text = self.gathered(news);
            self.quiet_until = Instant::now() + GATHER;
            if !text.is_empty() {
                self.beat = Instant::now() + BEAT;
                return Some(text);
            }
        }
    }

    /// This and whatever else is there already.
    fn gathered(&mut self, first: FeedItem) -> String {
        let mut text = String::new();
        let mut next = Some(first);
        while let Some(news) = next {
            match news {
                FeedItem::Change(change) => self.write(&mut text, &change),
                FeedItem::Reset => text.push_str("event: reset\ndata: {}\n\n"),
            }
            next = self.subscription.take_ready();
        }
        text
    }

    /// One event, if this reader may read the request.
    fn write(&self, text: &mut String, change: &Change) {
        if !self.slot.web.engine.may_read_change(&self.actor, change) {
            return;
        }
        let may_wait = self.slot.web.engine.may_wait_for(&self.actor, change);
        let name = match change.kind {
            ChangeKind::Submitted if may_wait => "new",
            ChangeKind::Submitted => return,
            ChangeKind::Resubmitted if may_wait => "new",
            ChangeKind::Decided(_)
                if may_wait && self.slot.web.engine.has_begun_to_wait_for(&self.actor, change) =>
            {
                "new"
            }
            // It moves nothing, so no decision waits until it is read.
            ChangeKind::Commented => "comment",
            ChangeKind::Decided(_)
            | ChangeKind::SentBack
            | ChangeKind::Resubmitted
            | ChangeKind::Withdrawn
            | ChangeKind::Expired
            | ChangeKind::AttemptEnded
            | ChangeKind::LateAnswer
            | ChangeKind::Ended(_)
            | ChangeKind::SettlementProposed
            | ChangeKind::Settled
            | ChangeKind::SubmittedAgain
            | ChangeKind::Probed => "change",
        };
        let state = state_of(change.state, &change.waits_for);
        let unit = UnitChoice::of(change.amount, change.unit.as_ref());
        let now = self.slot.web.engine.clock().now();
        let data = json!({
            "id": change.id.to_string(),
            "version": change.version,
            "etag": change.version.to_string(),
            "state": change.state.name(),
            "waits": may_wait,
            "kind": state.kind,
            "word": drawn(&state.words),
            "text": just_now(&change.kind, change.state.waits(), &drawn(&Names::of(&self.slot.web.engine).name(&change.by))),
            "at": change.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "due": Due::of(change.due_at, change.sort_at, When::at(now, self.slot.zone)).word(),
            "risk": change.risk.map_or("", Risk::name),
            "type": change.request_type.as_str(),
            "unit": unit.as_ref().map_or("", UnitChoice::word),
            "amount": change.amount.map(|amount| amount.to_string()),
        });
        let id = self.subscription.position_after(change);
        text.push_str(&format!("event: {name}\nid: {id}\ndata: {data}\n\n"));
    }
}

/// A text that a script puts into a page as text: invisible characters become their code points.
fn drawn(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_odd(c) {
            out.push_str(&format!("[U+{:04X}]", u32::from(c)));
        } else {
            out.push(if c.is_control() { ' ' } else { c });
        }
    }
    out
}
