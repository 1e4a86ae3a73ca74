//! What happened, read from the columns of an event for its type.

use super::event_data::{
    AttemptEndedData, AutoApprovedData, DecidedData, EndedData, ProbedData, RefusedData, SentBackData,
    SettlementData, SubmittedAgainData, SubmittedData,
};
use super::events::{EventRow, corrupt};
use super::requests::{parse_state, parse_verdict};
use super::{StoreError, from_micros, json};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::code::Code;
use crate::domain::ids::RequestId;
use crate::domain::lifecycle::{AttemptResult, EventKind, EventType, NewRequest, NewRevision, Tried};
use crate::domain::outcome::Outcome;
use crate::domain::request::{Request, State, Verdict};

impl EventRow {
    /// What happened, as the domain knows it.
    pub(super) fn kind(&self, request: &Request) -> Result<EventKind, StoreError> {
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
            EventType::Commented => EventKind::Commented { message: self.message()? },
            EventType::SentBack => {
                let data: SentBackData = self.data()?;
                let fields = data.fields.clone();
                EventKind::SentBack { signature: Box::new(data.signature(self.message()?)?), fields }
            }
            EventType::Resubmitted => {
                let data: SubmittedData = self.data()?;
                let new = Box::new(self.new_revision(request, &data)?);
                EventKind::Resubmitted { new, is_auto_approved: self.leads_to()? == State::ValidatePayload }
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
                EventKind::SubmittedAgain {
                    newer: RequestId::parse(&data.repeated_by).ok_or_else(|| corrupt("repeated_by"))?,
                }
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
            leads_to: self.leads_to()?,
            waits_for: data.waits_for()?,
            execute_before: data.execute_before()?,
            signature: Box::new(data.signature(self.message()?)?),
        })
    }

    fn leads_to(&self) -> Result<State, StoreError> {
        parse_state(self.to_state.as_deref().ok_or_else(|| corrupt("to_state"))?)
    }

    fn new_request(&self, request: &Request) -> Result<NewRequest, StoreError> {
        let data: SubmittedData = self.data()?;
        let NewRevision { type_version, entity, digest, host, terms, waits_for } =
            self.new_revision(request, &data)?;
        Ok(NewRequest {
            org: request.org.clone(),
            id: request.id,
            request_type: request.request_type.clone(),
            type_version,
            host,
            maker: self.actor(),
            entity,
            digest,
            expires_at: request.expires_at,
            terms,
            waits_for,
            repeat_of: request.repeat_of,
        })
    }

    fn new_revision(&self, request: &Request, data: &SubmittedData) -> Result<NewRevision, StoreError> {
        let revision = request.find_revision(self.revision()).ok_or_else(|| corrupt("revision"))?;
        Ok(NewRevision {
            type_version: revision.type_version,
            entity: revision.entity,
            digest: revision.digest,
            host: revision.host,
            terms: revision.terms,
            waits_for: json::read_capacities(&data.waits_for)?,
        })
    }
}

fn parse_attempt_outcome(text: &str) -> Result<AttemptOutcome, StoreError> {
    AttemptOutcome::parse(text).ok_or_else(|| corrupt("attempt outcome"))
}
