//! Subscriptions: which outside systems are told of which changes of requests, and in which format.

use std::sync::Arc;

use super::ids::{OrgId, RequestTypeName};
use super::lifecycle::EventType;
use super::secret::Secret;
use super::state::State;

/// The most subscriptions of one file: each may hold connections of its own.
pub const SUBSCRIPTIONS_MAX: usize = 200;

/// How an event is written for a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFormat {
    /// The contract's: one event at the submission and one at the end.
    RequestWorkflowEvent,
    /// Countersign's own: every change, without the payload.
    Countersign,
}

impl EventFormat {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::RequestWorkflowEvent, Self::Countersign];

    /// The word in the subscriptions' file.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestWorkflowEvent => "requestWorkflowEvent",
            Self::Countersign => "countersign",
        }
    }

    /// Reads [`EventFormat::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == text)
    }

    /// Whether an event of this format is sent for `step`.
    pub fn tells_of(self, step: Step) -> bool {
        match self {
            Self::Countersign => true,
            Self::RequestWorkflowEvent => step.is_start() || step.is_end(),
        }
    }
}

/// One change of a request, as far as it decides who is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happened.
    pub event_type: EventType,
    /// The state before; `None` for a submission.
    pub from: Option<State>,
    /// The state after.
    pub to: State,
}

impl Step {
    /// Whether the request begins to wait for people.
    fn is_start(self) -> bool {
        self.from.is_none() && self.to == State::AdminTask
    }

    /// Whether the request got an end, or another end than before. `unknown` counts as one.
    fn is_end(self) -> bool {
        self.from != Some(self.to) && (self.to.is_final() || self.to == State::Unknown)
    }
}

/// One subscription.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its name, which no other subscription has.
    pub name: String,
    /// Only changes of this org's requests are told.
    pub org: OrgId,
    /// Where events are sent.
    pub url: String,
    /// Only changes of requests of these types are told; empty for all types.
    pub types: Vec<RequestTypeName>,
    /// How events are written.
    pub format: EventFormat,
    /// What events are signed with: each of these, so that the subscriber can change from one to the other.
    pub secrets: Vec<Secret>,
}

impl Subscription {
    /// Whether changes of the org's requests of this type are told.
    pub fn covers(&self, org: &str, request_type: &str) -> bool {
        let is_of_type = |name: &RequestTypeName| name.as_str() == request_type;
        self.org.as_str() == org && (self.types.is_empty() || self.types.iter().any(is_of_type))
    }
}

/// The subscriptions in force, in the order of their file; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Subscriptions(Arc<[Subscription]>);

impl Subscriptions {
    /// These subscriptions, whose names differ.
    pub fn new(subscriptions: Vec<Subscription>) -> Self {
        Self(subscriptions.into())
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Subscription> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The subscription of this name.
    pub fn find(&self, name: &str) -> Option<&Subscription> {
        self.iter().find(|subscription| subscription.name == name)
    }

    /// Whether anybody is told of changes of the org's requests of this type.
    pub fn cover(&self, org: &str, request_type: &str) -> bool {
        self.iter().any(|subscription| subscription.covers(org, request_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(event_type: EventType, from: Option<State>, to: State) -> Step {
        Step { event_type, from, to }
    }

    #[test]
    fn the_contracts_event_is_sent_at_the_start_and_at_each_end() {
        let (waits, approved) = (State::AdminTask, State::Approved);
        let sent = [
            step(EventType::Submitted, None, waits),
            step(EventType::Rejected, Some(waits), State::Rejected),
            step(EventType::Withdrawn, Some(waits), State::Withdrawn),
            step(EventType::Withdrawn, Some(approved), State::Withdrawn),
            step(EventType::Expired, Some(waits), State::Expired),
            step(EventType::Executed, Some(approved), State::Executed),
            step(EventType::Failed, Some(approved), State::Failed),
            step(EventType::OutcomeUnknown, Some(approved), State::Unknown),
            step(EventType::LateAnswer, Some(State::Unknown), State::Executed),
            step(EventType::LateAnswer, Some(State::Unknown), State::Failed),
            step(EventType::Settled, Some(State::Unknown), State::Executed),
            step(EventType::Settled, Some(State::Unknown), State::Failed),
        ];
        let not_sent = [
            step(EventType::Submitted, None, approved),
            step(EventType::ApprovalGiven, Some(waits), waits),
            step(EventType::Approved, Some(waits), approved),
            step(EventType::AttemptEnded, Some(approved), approved),
            step(EventType::LateAnswer, Some(State::Executed), State::Executed),
            step(EventType::LateAnswer, Some(State::Unknown), State::Unknown),
            step(EventType::SettlementProposed, Some(State::Unknown), State::Unknown),
        ];
        assert!(sent.into_iter().all(|step| EventFormat::RequestWorkflowEvent.tells_of(step)));
        assert!(!not_sent.into_iter().any(|step| EventFormat::RequestWorkflowEvent.tells_of(step)));
        assert!(not_sent.into_iter().all(|step| EventFormat::Countersign.tells_of(step)));
    }

    #[test]
    fn a_subscription_covers_its_org_and_its_types() {
        let all = Subscription {
            name: "all".to_owned(),
            org: OrgId::new("7"),
            url: "https://hooks.example/".to_owned(),
            types: Vec::new(),
            format: EventFormat::Countersign,
            secrets: Vec::new(),
        };
        assert!(all.covers("7", "A") && !all.covers("8", "A"));
        let one = Subscription { types: vec![RequestTypeName::new("A")], ..all };
        assert!(one.covers("7", "A") && !one.covers("7", "B") && !one.covers("8", "A"));
        let known = Subscriptions::new(vec![one]);
        assert!(known.cover("7", "A") && !known.cover("7", "B"));
        assert!(known.find("all").is_some() && known.find("other").is_none());
    }
}
