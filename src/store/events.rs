//! The table `events`: the audit trail. Rows are only ever added; triggers see to it. What is read of a request is one
//! row an event, also where one stored row stands for several: see [`joined_events`].

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::columns::{batch_insert, person};
use super::event_data::{
    self, AttemptEndedData, AutoApprovedData, DecidedData, EndedData, KindColumns, ProbedData, RefusedData,
    SettlementData, SubmittedAgainData, SubmittedData,
};
use super::requests::{Key, parse_id, parse_state, parse_verdict};
use super::schema::events;
use super::{AnyConnection, StoreError, from_micros, joined_events, json, to_micros};
use crate::domain::actor::Person;
use crate::domain::attempt::AttemptOutcome;
use crate::domain::code::Code;
use crate::domain::ids::{OrgId, RequestId};
use crate::domain::lifecycle::{AttemptResult, Event, EventKind, EventType, NewRequest, Tried};
use crate::domain::outcome::Outcome;
use crate::domain::request::{Request, VERSION_ON_ARRIVAL, Verdict};

pub use super::origin::Origin;

/// The version of the meaning of these columns.
const FORMAT: i64 = 1;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = events)]
#[expect(missing_docs, reason = "the columns, as the migration explains them")]
pub struct EventRow {
    pub org_id: String,
    pub event_id: String,
    pub request_id: Option<String>,
    pub seq: Option<i64>,
    pub format: i64,
    pub at: i64,
    pub event_type: String,
    pub actor_iss: String,
    pub actor_sub: String,
    pub actor_user_id: String,
    pub actor_user_name: String,
    pub actor_token_id: Option<String>,
    pub actor_address: Option<String>,
    pub via: Option<String>,
    pub from_state: Option<String>,
    pub to_state: Option<String>,
    pub message: Option<String>,
    pub digest: Option<String>,
    pub attempt: Option<i64>,
    pub outcome: Option<String>,
    pub reference: String,
    pub data: String,
}

/// The first id that is made in the millisecond of this time: ids are ordered by time.
pub(super) fn first_id_at(micros: i64) -> String {
    let millis = u64::try_from(micros / 1_000).unwrap_or(0);
    Uuid::from_u128(u128::from(millis) << 80).to_string()
}

impl EventRow {
    /// The row for an event of `request`.
    pub fn new(request: &Request, event: &Event, id: Uuid, origin: &Origin) -> Self {
        let by = event.by.clone();
        let KindColumns { message, attempt, outcome } = KindColumns::of(&event.kind);
        Self {
            org_id: request.org.to_string(),
            event_id: id.to_string(),
            request_id: Some(request.id.to_string()),
            seq: Some(event.seq),
            format: FORMAT,
            at: to_micros(event.at),
            event_type: EventType::of(&event.kind).name().to_owned(),
            actor_iss: by.iss,
            actor_sub: by.sub,
            actor_user_id: by.user_id,
            actor_user_name: by.user_name,
            actor_token_id: origin.token_id.clone(),
            actor_address: origin.address.clone(),
            via: origin.via.clone(),
            from_state: event.from.map(|state| state.name().to_owned()),
            to_state: Some(event.to.name().to_owned()),
            message,
            digest: is_bound(&event.kind).then(|| request.digest.to_string()),
            attempt,
            outcome: outcome.map(|outcome| outcome.name().to_owned()),
            reference: origin.reference.clone(),
            data: event_data::write(&event.kind),
        }
    }

    /// The row of an event of the engine and of no request; its org is empty.
    pub fn of_no_request(event_type: EventType, id: Uuid, at: DateTime<Utc>, data: &Value) -> Self {
        let by = Person::system();
        Self {
            org_id: String::new(),
            event_id: id.to_string(),
            request_id: None,
            seq: None,
            format: FORMAT,
            at: to_micros(at),
            event_type: event_type.name().to_owned(),
            actor_iss: by.iss,
            actor_sub: by.sub,
            actor_user_id: by.user_id,
            actor_user_name: by.user_name,
            actor_token_id: None,
            actor_address: None,
            via: None,
            from_state: None,
            to_state: None,
            message: None,
            digest: None,
            attempt: None,
            outcome: None,
            reference: id.to_string(),
            data: data.to_string(),
        }
    }

    /// Who caused it.
    pub fn actor(&self) -> Person {
        person!(self, actor_iss, actor_sub, actor_user_id, actor_user_name)
    }

    /// Whether it records an attempt that the rules forbade.
    pub fn is_refused_attempt(&self) -> bool {
        self.event_type == EventType::Refused.name()
    }

    /// What happened.
    ///
    /// # Errors
    /// A type that this version does not know.
    pub fn event_type(&self) -> Result<EventType, StoreError> {
        parse_event_type(&self.event_type)
    }

    /// The event of `request` as the domain folds it. What of a submission never changes stands in the request only.
    pub fn into_event(self, request: &Request) -> Result<Event, StoreError> {
        let to = self.to_state.as_deref().ok_or_else(|| corrupt("to_state"))?;
        Ok(Event {
            seq: self.seq.ok_or_else(|| corrupt("seq"))?,
            at: from_micros(self.at)?,
            from: self.from_state.as_deref().map(parse_state).transpose()?,
            to: parse_state(to)?,
            kind: self.kind(request)?,
            by: self.actor(),
        })
    }

    fn kind(&self, request: &Request) -> Result<EventKind, StoreError> {
        Ok(match self.event_type()? {
            EventType::Submitted => EventKind::Submitted(Box::new(self.new_request(request)?)),
            EventType::MakerAccessValidated => EventKind::MakerAccessValidated,
            EventType::PayloadValidated => EventKind::PayloadValidated,
            EventType::Approved | EventType::ApprovalGiven => self.decided(Verdict::Approved)?,
            EventType::Rejected | EventType::RejectionGiven => self.decided(Verdict::Rejected)?,
            EventType::AutoApproved => {
                let data: AutoApprovedData = self.data()?;
                EventKind::AutoApproved { rule: data.rule, execute_before: from_micros(data.execute_before)? }
            }
            EventType::Withdrawn => EventKind::Withdrawn { reason: self.message()? },
            EventType::Expired => EventKind::Expired,
            EventType::AttemptStarted => {
                EventKind::AttemptStarted { attempt: self.attempt.ok_or_else(|| corrupt("attempt"))? }
            }
            EventType::AttemptEnded => self.attempt_ended()?,
            EventType::LateAnswer => self.late_answer()?,
            EventType::Executed | EventType::Failed | EventType::OutcomeUnknown => self.ended()?,
            EventType::Refused => {
                let data: RefusedData = self.data()?;
                EventKind::Refused {
                    code: Code::parse(&data.code).ok_or_else(|| corrupt("code"))?,
                    message: self.message()?,
                    tried: data.tried.map(Tried::try_from).transpose()?.map(Box::new),
                }
            }
            EventType::SettlementProposed => self.settlement_word(false)?,
            EventType::Settled => self.settlement_word(true)?,
            EventType::SubmittedAgain => {
                let data: SubmittedAgainData = self.data()?;
                EventKind::SubmittedAgain { newer: parse_id(&data.repeated_by)? }
            }
            EventType::ProbeAsked => EventKind::ProbeAsked,
            EventType::Probed => self.probed()?,
            EventType::RulesInForce
            | EventType::PeopleInForce
            | EventType::RulesStale
            | EventType::SendingPaused
            | EventType::SendingResumed
            | EventType::DeliveryGivenUp
            | EventType::SubscriptionSwitchedOff
            | EventType::SignedIn
            | EventType::SignedOut
            | EventType::SessionEnded => {
                return Err(corrupt("an event of no request"));
            }
        })
    }

    fn attempt_ended(&self) -> Result<EventKind, StoreError> {
        let data: AttemptEndedData = self.data()?;
        Ok(EventKind::AttemptEnded {
            attempt: self.attempt.ok_or_else(|| corrupt("attempt"))?,
            outcome: parse_attempt_outcome(&data.attempt_outcome)?,
            reason: self.message()?,
            next_attempt_at: from_micros(data.next_attempt_at)?,
        })
    }

    fn ended(&self) -> Result<EventKind, StoreError> {
        let data: EndedData = self.data()?;
        Ok(EventKind::Ended {
            attempt: self.attempt_result(data.attempt_outcome.as_deref())?,
            outcome: self.outcome()?.ok_or_else(|| corrupt("outcome"))?,
            reason: self.message()?,
            inferred: data.inferred,
        })
    }

    fn late_answer(&self) -> Result<EventKind, StoreError> {
        let data: EndedData = self.data()?;
        let attempt = self.attempt_result(data.attempt_outcome.as_deref())?;
        Ok(EventKind::LateAnswer {
            attempt: attempt.ok_or_else(|| corrupt("attempt"))?,
            reason: self.message()?,
            settles: self.outcome()?,
        })
    }

    fn probed(&self) -> Result<EventKind, StoreError> {
        let data: ProbedData = self.data()?;
        Ok(EventKind::Probed {
            verdict: parse_verdict(&data.verdict)?,
            reason: self.message()?,
            next_probe_at: data.next_probe_at.map(from_micros).transpose()?,
            settles: self.outcome()?,
        })
    }

    fn settlement_word(&self, settles: bool) -> Result<EventKind, StoreError> {
        let data: SettlementData = self.data()?;
        Ok(EventKind::SettlementWordGiven { word: Box::new(data.into_word(self.message()?)?), settles })
    }

    fn attempt_result(&self, outcome: Option<&str>) -> Result<Option<AttemptResult>, StoreError> {
        match (self.attempt, outcome.map(parse_attempt_outcome).transpose()?) {
            (Some(attempt), Some(outcome)) => Ok(Some(AttemptResult { attempt, outcome })),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(corrupt("attempt")),
        }
    }

    fn data<T: serde::de::DeserializeOwned>(&self) -> Result<T, StoreError> {
        json::read(&self.data, "event")
    }

    fn message(&self) -> Result<String, StoreError> {
        self.message.clone().ok_or_else(|| corrupt("message"))
    }

    fn outcome(&self) -> Result<Option<Outcome>, StoreError> {
        let parse = |name| Outcome::parse(name).ok_or_else(|| corrupt("outcome"));
        self.outcome.as_deref().map(parse).transpose()
    }

    fn decided(&self, verdict: Verdict) -> Result<EventKind, StoreError> {
        let data: DecidedData = self.data()?;
        Ok(EventKind::Decided {
            verdict,
            leads_to: parse_state(self.to_state.as_deref().ok_or_else(|| corrupt("to_state"))?)?,
            waits_for: data.waits_for()?,
            execute_before: data.execute_before()?,
            signature: Box::new(data.signature(self.message()?)?),
        })
    }

    fn new_request(&self, request: &Request) -> Result<NewRequest, StoreError> {
        let data: SubmittedData = self.data()?;
        Ok(NewRequest {
            org: request.org.clone(),
            id: request.id,
            request_type: request.request_type.clone(),
            type_version: request.type_version.clone(),
            host: request.host.clone(),
            maker: self.actor(),
            entity: request.entity.clone(),
            digest: request.digest,
            expires_at: request.expires_at,
            terms: request.terms.clone(),
            waits_for: json::read_capacities(&data.waits_for)?,
            repeat_of: request.repeat_of,
        })
    }
}

/// Whether somebody signs the digest with it. All other events leave it to the request, where it never changes.
fn is_bound(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Decided { .. })
}

/// The type in a row of the table.
pub fn parse_event_type(text: &str) -> Result<EventType, StoreError> {
    EventType::parse(text).ok_or_else(|| corrupt(text))
}

fn parse_attempt_outcome(text: &str) -> Result<AttemptOutcome, StoreError> {
    AttemptOutcome::parse(text).ok_or_else(|| corrupt("attempt outcome"))
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("event: {what}"))
}

batch_insert!(pub fn insert(InsertEvents, events, EventRow), [
    org_id, event_id, request_id, seq, format, at, event_type as "type", actor_iss, actor_sub, actor_user_id,
    actor_user_name, actor_token_id, actor_address, via, from_state, to_state, message, digest, attempt,
    outcome, reference, data,
]);

/// Whether anything but refused attempts has happened to a request after `version`.
pub fn has_moved_since(conn: &mut AnyConnection, (org, id): &Key, version: i64) -> Result<bool, StoreError> {
    if version < VERSION_ON_ARRIVAL {
        return Ok(true);
    }
    let of_request = events::org_id.eq(org.as_str()).and(events::request_id.eq(id.to_string()));
    // An attempt that began with the approval `version` is later than that.
    let has_begun = events::event_type.eq(EventType::Approved.name()).and(events::attempt.is_not_null());
    let later = events::seq.gt(version).or(events::seq.eq(version).and(has_begun));
    let moved = later.and(events::event_type.ne(EventType::Refused.name()));
    let found = events::table.filter(of_request.and(moved)).select(events::event_id).first::<String>(conn);
    Ok(found.optional()?.is_some())
}

/// One event of a request.
pub fn find(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
    seq: i64,
) -> Result<Option<EventRow>, StoreError> {
    let of_request = events::org_id.eq(org.as_str()).and(events::request_id.eq(id.to_string()));
    let [first, last] = joined_events::stored_seqs(seq);
    let stored = of_request.and(events::seq.ge(first)).and(events::seq.le(last));
    let rows = joined_events::expand(events::table.filter(stored).order(events::seq).load(conn)?);
    Ok(rows.into_iter().find(|row| row.seq == Some(seq)))
}

/// Under which id the log has the last API call by a person that changed the request up to event `seq`; `None` if
/// there was none.
pub fn last_reference(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
    seq: i64,
) -> Result<Option<String>, StoreError> {
    let system = Person::system();
    let of_request = events::org_id.eq(org.as_str()).and(events::request_id.eq(id.to_string()));
    let by_a_person = events::actor_sub.ne(system.sub).or(events::actor_iss.ne(system.iss));
    let found = events::table
        .filter(of_request.and(events::seq.le(seq)).and(by_a_person))
        .filter(events::event_type.ne(EventType::Refused.name()))
        .order(events::seq.desc())
        .select(events::reference)
        .first(conn);
    Ok(found.optional()?)
}

/// A request's first events in order, `max` at most.
pub fn first(
    conn: &mut AnyConnection,
    org: &OrgId,
    id: RequestId,
    max: i64,
) -> Result<Vec<EventRow>, StoreError> {
    let rows: Vec<EventRow> = events::table
        .filter(events::org_id.eq(org.as_str()).and(events::request_id.eq(id.to_string())))
        .order(events::seq)
        .limit(max)
        .load(conn)?;
    let mut rows = joined_events::expand(rows);
    rows.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    Ok(rows)
}

/// A request's events in order.
pub fn list(conn: &mut AnyConnection, org: &OrgId, id: RequestId) -> Result<Vec<EventRow>, StoreError> {
    first(conn, org, id, i64::MAX)
}
