//! The feed alone: who gets which changes, and which positions can be resumed.

use chrono::TimeDelta;

use super::*;
use crate::domain::actor::Person;
use crate::domain::ids::RequestTypeName;
use crate::domain::lifecycle::EventType;
use crate::domain::request::{State, Verdict};

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
        waited_for: None,
        risk: None,
        amount: None,
        unit: None,
        due_at: None,
        sort_at: now(),
        by: Person::system(),
        kind: ChangeKind::Decided(Verdict::Approved),
        at: now(),
    }
}

fn feed(is_shared: bool) -> Arc<Feed> {
    Arc::new(Feed::new(BOOT, is_shared))
}

/// The requests whose changes are queued for a subscriber.
fn queued(subscription: &mut Subscription) -> Vec<RequestId> {
    let mut ids = Vec::new();
    while let Some(FeedItem::Change(change)) = subscription.take_ready() {
        ids.push(change.id);
    }
    ids
}

fn replay(feed: &Arc<Feed>, position: &str) -> Result<Vec<RequestId>, PositionLost> {
    let subscription = feed.subscribe(&org(), Some(position), now());
    subscription.replay.clone().map(|changes| changes.iter().map(|change| change.id).collect())
}

#[test]
fn a_subscriber_gets_only_what_happens_in_its_org_from_then_on() {
    let feed = feed(false);
    assert!(!feed.is_wanted());
    feed.publish(vec![change("100", 1)]);
    let mut subscription = feed.subscribe(&org(), None, now());
    assert!(feed.is_wanted());
    feed.publish(vec![change("100", 2), change("200", 3), change("100", 4)]);
    assert_eq!(queued(&mut subscription), [id(2), id(4)]);
    assert_eq!(feed.state().replay.len(), 2, "nothing is kept for an org without subscribers");
}

#[test]
fn a_subscriber_that_comes_back_gets_what_happened_after_its_position() {
    let feed = feed(false);
    let position = feed.current_position(&org(), now());
    feed.publish(vec![change("100", 1), change("100", 2)]);
    let subscription = feed.subscribe(&org(), Some(&position), now());
    let changes = subscription.replay.clone().unwrap();
    assert_eq!(changes.iter().map(|change| change.id).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(replay(&feed, &subscription.position_after(&changes[0])), Ok(vec![id(2)]));
    assert_eq!(replay(&feed, &subscription.position), Ok(vec![]));
    drop(subscription);
    feed.publish(vec![change("100", 3)]);
    assert_eq!(replay(&feed, &position), Ok(vec![id(1), id(2), id(3)]), "a tab was hidden for a while");
}

#[test]
fn a_position_that_is_too_old_or_of_another_process_is_lost() {
    let feed = feed(false);
    let position = feed.current_position(&org(), now());
    let kept = u64::try_from(REPLAY_MAX).unwrap();
    feed.publish((0..kept).map(|number| change("100", number)).collect());
    assert_eq!(replay(&feed, &position).map(|changes| changes.len()), Ok(REPLAY_MAX));
    feed.publish(vec![change("100", kept)]);
    assert_eq!(replay(&feed, &position), Err(PositionLost));
    let own = BOOT.simple();
    for wrong in
        ["", "-", "x", &format!("{own}-"), &format!("{own}-999999"), &format!("{}-1", Uuid::max().simple())]
    {
        assert_eq!(replay(&feed, wrong), Err(PositionLost), "{wrong}");
    }
}

#[test]
fn a_position_from_before_the_org_was_active_is_lost() {
    let feed = feed(false);
    let _other = feed.subscribe(&OrgId::new("200"), None, now());
    feed.publish(vec![change("200", 1), change("100", 2), change("200", 3)]);
    assert_eq!(
        replay(&feed, &feed.position(1)),
        Err(PositionLost),
        "the change of request 2 was not published"
    );
}

#[test]
fn a_subscriber_that_is_too_far_behind_gets_a_reset() {
    let feed = feed(false);
    let mut subscription = feed.subscribe(&org(), None, now());
    let more = u64::try_from(REPLAY_MAX).unwrap() + 10;
    feed.publish((0..more).map(|number| change("100", number)).collect());
    assert!(matches!(subscription.take_ready(), Some(FeedItem::Reset)));
    feed.reset();
    let position = feed.current_position(&org(), now());
    assert_eq!(replay(&feed, &position), Ok(vec![]));
}

#[test]
fn what_is_read_again_is_published_once() {
    let feed = feed(true);
    let mut subscription = feed.subscribe(&org(), None, now());
    feed.publish(vec![change("100", 1)]);
    feed.publish(vec![change("100", 1), change("100", 2)]);
    assert_eq!(queued(&mut subscription), [id(1), id(2)]);
    let event = |number| EventSummary {
        request_id: Some(id(number).into()),
        seq: Some(4),
        at: 0,
        event_type: EventType::Approved.name().to_owned(),
        actor_iss: String::new(),
        actor_sub: String::new(),
        actor_user_id: String::new(),
        actor_user_name: String::new(),
    };
    let unpublished = feed.unpublished(vec![event(1), event(2), event(3)], now());
    assert_eq!(unpublished, [event(3)]);
    assert_eq!(
        feed.unpublished(vec![event(1)], now() + TimeDelta::seconds(1)).len(),
        1,
        "keys are forgotten"
    );
}
