//! Folding: a request is what its events made of it.

use chrono::{DateTime, Utc};

use super::decide::recorded;
use super::settle::recorded_word;
use super::{Event, EventKind, NewRequest, NewRevision};
use crate::domain::request::Request;
use crate::domain::revision::SentBack;
use crate::domain::sending::Sending;
use crate::domain::state::State;

impl Request {
    /// The request right after its first event.
    pub fn new(new: NewRequest, at: DateTime<Utc>) -> Self {
        Self {
            org: new.org,
            id: new.id,
            request_type: new.request_type,
            type_version: new.type_version,
            maker: new.maker,
            entity: new.entity,
            digest: new.digest,
            host: new.host,
            state: State::ValidateMakerAccess,
            version: 1,
            sending: Sending::default(),
            revision: 1,
            revised_at: None,
            sent_back: None,
            earlier: Vec::new(),
            comments: 0,
            started_at: at,
            expires_at: new.expires_at,
            ended_at: None,
            execute_before: None,
            terms: new.terms,
            waits_for: new.waits_for,
            decisions: Vec::new(),
            settlement: Vec::new(),
            repeat_of: new.repeat_of,
            repeated_by: None,
        }
    }

    /// Folds one event in. Total: an event that was recorded is never refused.
    #[must_use]
    pub fn apply(mut self, event: &Event) -> Self {
        self.take_in(event);
        self
    }

    /// The same in place.
    pub fn take_in(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Submitted(new) => *self = Self::new(*new.clone(), event.at),
            EventKind::Decided { verdict, signature, waits_for, execute_before, .. } => {
                self.decisions.push(recorded(event, *verdict, signature, self.digest));
                self.waits_for.clone_from(waits_for);
                self.execute_before = *execute_before;
            }
            EventKind::AutoApproved { execute_before, .. } => self.execute_before = Some(*execute_before),
            EventKind::AttemptStarted { .. }
            | EventKind::AttemptEnded { .. }
            | EventKind::Ended { .. }
            | EventKind::LateAnswer { .. }
            | EventKind::Probed { .. } => self.sending = self.sending.after(&event.kind),
            EventKind::SettlementWordGiven { word, settles } => {
                self.settlement.push(recorded_word(event, word, *settles));
            }
            EventKind::SubmittedAgain { newer } => self.repeated_by = Some(*newer),
            EventKind::Commented { .. } => self.comments += 1,
            EventKind::SentBack { signature, fields } => {
                self.sent_back = Some(SentBack::recorded((&event.by, event.at), signature, fields));
                // Nobody decides until it comes back.
                self.waits_for.clear();
            }
            EventKind::Resubmitted { new, .. } => self.revise(*new.clone(), event.at),
            EventKind::MakerAccessValidated
            | EventKind::PayloadValidated
            | EventKind::Withdrawn { .. }
            | EventKind::Expired
            | EventKind::Refused { .. }
            | EventKind::ProbeAsked => {}
        }
        let was_final = self.state.is_final();
        self.state = event.to;
        if !self.state.is_undecided() {
            self.waits_for.clear();
        }
        if self.state != State::Approved {
            self.sending.forget_next_attempt();
        }
        self.version = event.seq;
        if self.state.is_final() && !was_final {
            self.ended_at = Some(event.at);
        }
    }

    /// The present revision joins the earlier ones, and this one takes its place.
    fn revise(&mut self, new: NewRevision, at: DateTime<Utc>) {
        let replaced = self.present_revision();
        self.earlier.push(replaced);
        self.revision += 1;
        self.revised_at = Some(at);
        let NewRevision { type_version, entity, digest, host, terms, waits_for } = new;
        self.type_version = type_version;
        self.entity = entity;
        self.digest = digest;
        self.host = host;
        self.terms = terms;
        self.waits_for = waits_for;
        self.decisions = Vec::new();
        self.sent_back = None;
    }

    /// Folds a whole trail; `None` if it does not begin with a submission.
    pub fn fold(events: &[Event]) -> Option<Self> {
        let (first, rest) = events.split_first()?;
        let EventKind::Submitted(new) = &first.kind else { return None };
        let first_state = Self::new(*new.clone(), first.at);
        Some(rest.iter().fold(first_state, Self::apply))
    }
}
