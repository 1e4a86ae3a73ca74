//! Deliveries: one event on its way to one subscriber.

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::{OrgId, RequestId, RequestTypeName};
use super::subscription::Step;

/// For how long an event is offered to a subscriber that does not take it.
pub const OFFERED_FOR: TimeDelta = TimeDelta::days(3);

/// A subscription that has failed for this long needs people.
pub const FAILING_FOR: TimeDelta = TimeDelta::days(1);

/// The seconds between two attempts, by the number of attempts so far; from the last one on they stay the same.
const WAITS_SECONDS: [i64; 8] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400];

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is to be sent, now or later.
    Waiting,
    /// A node is sending it.
    Claimed,
    /// The subscriber has taken it.
    Delivered,
    /// It is not sent any more.
    GivenUp,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Claimed, Self::Delivered, Self::GivenUp];

    /// The word in the table `deliveries` and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "claimed",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    /// Reads [`DeliveryState::name`], exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == text)
    }
}

/// One event on its way to one subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The org.
    pub org: OrgId,
    /// Its id (UUID), the same in every attempt: the subscriber drops repeats by it.
    pub id: String,
    /// The subscription's name.
    pub subscription: String,
    /// The request that changed.
    pub request: RequestId,
    /// The number of the change in its request.
    pub seq: i64,
    /// The request's type.
    pub request_type: RequestTypeName,
    /// The change.
    pub step: Step,
    /// When it was put on its way.
    pub created_at: DateTime<Utc>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How many attempts have begun.
    pub attempts: i64,
    /// When the next attempt is due, while it waits.
    pub due_at: DateTime<Utc>,
    /// When it was delivered or given up.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What an attempt to deliver came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The subscriber has it: a 2xx.
    Yes,
    /// Not this time.
    NotYet,
    /// The subscriber wants no more events: a 410.
    NeverAgain,
}

impl Taken {
    /// What the subscriber's status says.
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Yes,
            410 => Self::NeverAgain,
            _ => Self::NotYet,
        }
    }
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is delivered.
    Delivered,
    /// It is due again after this time.
    Again(TimeDelta),
    /// It is given up.
    GiveUp,
}

/// What follows the attempt of this number at `now`; `jitter` goes from 0 to 1000.
pub fn next(delivery: &Delivery, taken: Taken, now: DateTime<Utc>, jitter: u16) -> Next {
    match taken {
        Taken::Yes => Next::Delivered,
        Taken::NeverAgain => Next::GiveUp,
        Taken::NotYet => {
            let wait = wait_after(delivery.attempts, jitter);
            if now + wait > delivery.created_at + OFFERED_FOR { Next::GiveUp } else { Next::Again(wait) }
        }
    }
}

/// How long to wait after this many attempts: up to a fifth less or more, so that many do not come at once.
pub fn wait_after(attempts: i64, jitter: u16) -> TimeDelta {
    let last = WAITS_SECONDS.len() - 1;
    let step = usize::try_from(attempts - 1).unwrap_or(0).min(last);
    let share = 800 + i64::from(jitter.min(1_000)) * 400 / 1_000;
    TimeDelta::milliseconds(WAITS_SECONDS[step] * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lifecycle::EventType;
    use crate::domain::state::State;

    fn delivery(attempts: i64) -> Delivery {
        let created_at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        Delivery {
            org: OrgId::new("7"),
            id: "d".to_owned(),
            subscription: "s".to_owned(),
            request: RequestId::nil(),
            seq: 1,
            request_type: RequestTypeName::new("A"),
            step: Step { event_type: EventType::Submitted, from: None, to: State::AdminTask },
            created_at,
            state: DeliveryState::Claimed,
            attempts,
            due_at: created_at,
            ended_at: None,
        }
    }

    #[test]
    fn every_state_has_its_own_name_and_is_read_back() {
        for (at, state) in DeliveryState::ALL.into_iter().enumerate() {
            assert_eq!(DeliveryState::parse(state.name()), Some(state));
            assert!(DeliveryState::ALL[at + 1..].iter().all(|other| other.name() != state.name()));
        }
    }

    #[test]
    fn the_waits_grow_and_stay_within_a_fifth() {
        for (attempts, seconds) in [(0, 5), (1, 5), (2, 30), (8, 14_400), (9, 14_400), (1_000, 14_400)] {
            assert_eq!(wait_after(attempts, 0), TimeDelta::milliseconds(seconds * 800));
            assert_eq!(wait_after(attempts, 500), TimeDelta::seconds(seconds));
            assert_eq!(wait_after(attempts, 1_000), TimeDelta::milliseconds(seconds * 1_200));
        }
    }

    #[test]
    fn an_event_is_offered_for_three_days_and_then_given_up() {
        let first = delivery(1);
        assert_eq!(next(&first, Taken::Yes, first.created_at, 500), Next::Delivered);
        assert_eq!(next(&first, Taken::NotYet, first.created_at, 500), Next::Again(TimeDelta::seconds(5)));
        let last = delivery(20);
        let late = last.created_at + OFFERED_FOR - TimeDelta::hours(4);
        assert_eq!(next(&last, Taken::NotYet, late, 500), Next::Again(TimeDelta::hours(4)));
        assert_eq!(next(&last, Taken::NotYet, late + TimeDelta::seconds(1), 500), Next::GiveUp);
        assert_eq!(next(&last, Taken::Yes, late + OFFERED_FOR, 500), Next::Delivered);
    }

    #[test]
    fn a_410_ends_it_and_every_other_status_than_a_2xx_is_tried_again() {
        assert_eq!(Taken::of_status(410), Taken::NeverAgain);
        assert_eq!(next(&delivery(1), Taken::NeverAgain, delivery(1).created_at, 0), Next::GiveUp);
        for status in [100, 199, 300, 302, 400, 404, 429, 500, 503] {
            assert_eq!(Taken::of_status(status), Taken::NotYet, "{status}");
        }
        assert!([200, 202, 204, 299].into_iter().all(|status| Taken::of_status(status) == Taken::Yes));
    }
}
