//! ChangeKind open pages are received of what happens to requests.

use chrono::TimeDelta;
use countersign::domain::ids::OrgId;
use countersign::domain::outcome::Outcome;
use countersign::domain::request::{State, Verdict};
use countersign::engine::change_feed::{Change, ChangeKind, FeedItem, Subscription};
use countersign::server::ExecutorMode;

use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::{ORG, Person, Submitted};
use crate::support::{On, eventually, journeys, run};

journeys![
    every_committed_change_of_a_request_is_published_and_nothing_else,
    what_is_rolled_back_is_not_published,
    a_subscriber_that_comes_back_receives_what_it_missed,
    no_subscriber_receives_another_orgs_requests,
];

fn subscribe(app: &App) -> Subscription {
    app.server().engine().subscribe(&OrgId::new(ORG), None)
}

fn ready(subscription: &mut Subscription) -> Vec<Change> {
    let mut changes = Vec::new();
    while let Some(FeedItem::Change(change)) = subscription.take_ready() {
        changes.push((*change).clone());
    }
    changes
}

fn received(subscription: &mut Subscription) -> Vec<(ChangeKind, State)> {
    ready(subscription).into_iter().map(|change| (change.kind, change.state)).collect()
}

async fn every_committed_change_of_a_request_is_published_and_nothing_else(on: On) {
    let options = AppOptions::stepped().set("requests.pending_ttl_seconds", 60);
    let app = App::with(on, options.with_type(&type_file("", TWO_CHECKERS))).await;
    let mut subscription = subscribe(&app);
    let both = Person::new(400_001, "maker@example.com", &["CanMakeRequest", "CanCheckRequest"]);
    let read = app.actor(both.clone()).pays(&body(&app, "c-1", 10)).await;
    let came_in = ready(&mut subscription).remove(0);
    assert_eq!((came_in.id.to_string(), came_in.kind), (read.id.clone(), ChangeKind::Submitted));
    assert_eq!((came_in.by, came_in.version), (came_in.maker, read.data["version"].as_i64().unwrap()));
    assert_eq!(
        came_in.waits_for.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["permission:CanCheckRequest"]
    );
    app.actor(both).says(&read.id, "approved").await.refused(403, "maker_is_checker");
    assert_eq!(received(&mut subscription), [], "a refused attempt moves nothing");
    app.checker().says(&read.id, "approved").await.data();
    app.other_checker().says(&read.id, "approved").await.data();
    let yes = ChangeKind::Decided(Verdict::Approved);
    assert_eq!(received(&mut subscription), [(yes, State::AdminTask), (yes, State::Approved)]);
    app.run_due_executions().await;
    assert_eq!(received(&mut subscription), [(ChangeKind::Ended(Outcome::Executed), State::Executed)]);
    let withdrawn = app.maker().pays(&body(&app, "c-2", 10)).await;
    app.maker().withdraw(&withdrawn.id, "a mistake").await.data();
    let late = app.maker().pays(&body(&app, "c-3", 10)).await;
    app.clock.advance(TimeDelta::seconds(60));
    app.sweep().await;
    let by_then = received(&mut subscription);
    assert_eq!(by_then[1], (ChangeKind::Withdrawn, State::Withdrawn));
    assert_eq!(by_then[3], (ChangeKind::Expired, State::Expired), "{}", late.id);
    assert_eq!(by_then.len(), 4);
}

async fn what_is_rolled_back_is_not_published(on: On) {
    let app = App::start(on).await;
    let mut subscription = subscribe(&app);
    let id = app.maker().submitted(&app.badge()).await.id;
    assert_eq!(received(&mut subscription).len(), 1);
    let (fail, heal) = match on {
        On::Sqlite => (
            "CREATE TRIGGER no_events BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no room'); END",
            "DROP TRIGGER no_events",
        ),
        On::Postgres => (
            "CREATE FUNCTION no_events() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'no room'; END $$; \
             CREATE TRIGGER no_events BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION no_events()",
            "DROP TRIGGER no_events ON events",
        ),
    };
    app.tamper(fail);
    app.checker().reject(&id, "no").await.refused(500, "internal");
    app.maker().submit("ISSUE-BADGE", &app.badge()).await.refused(500, "internal");
    assert_eq!(received(&mut subscription), []);
    app.tamper(heal);
    app.checker().reject(&id, "no").await.data();
    assert_eq!(received(&mut subscription), [(ChangeKind::Decided(Verdict::Rejected), State::Rejected)]);
}

async fn a_subscriber_that_comes_back_receives_what_it_missed(on: On) {
    let app = App::start(on).await;
    let engine = app.server().engine();
    let org = OrgId::new(ORG);
    let position = engine.current_position(&org);
    let read: Submitted = app.maker().submitted(&app.badge()).await;
    app.checker().reject(&read.id, "no").await.data();
    let missed = engine.subscribe(&org, Some(&position)).replay.clone().unwrap();
    assert_eq!(
        missed.iter().map(|change| (change.id.to_string(), change.kind)).collect::<Vec<_>>(),
        [(read.id.clone(), ChangeKind::Submitted), (read.id, ChangeKind::Decided(Verdict::Rejected))]
    );
    assert!(engine.subscribe(&org, Some("another-1")).replay.is_err());
}

async fn no_subscriber_receives_another_orgs_requests(on: On) {
    let app = App::start(on).await;
    let mut own = subscribe(&app);
    let mut other = app.server().engine().subscribe(&OrgId::new("90002"), None);
    app.stranger().submitted(&app.badge()).await;
    assert_eq!((received(&mut own).len(), received(&mut other).len()), (0, 1));
}

#[test]
fn what_another_server_did_is_told_once_by_each() {
    run(async {
        let app = App::with(On::Postgres, AppOptions::stepped()).await;
        let other = app.another_server(ExecutorMode::Stepped).await;
        let (mut here, mut there) = (subscribe(&app), other.engine().subscribe(&OrgId::new(ORG), None));
        let read = app.maker().submitted(&app.badge()).await;
        app.checker().reject(&read.id, "no").await.data();
        let mut heard = Vec::new();
        eventually("the other server publishes it", async || {
            other.engine().poll_others().await.unwrap();
            heard.extend(ready(&mut there));
            (heard.len() >= 2).then_some(())
        })
        .await;
        for server in [app.server(), &other] {
            server.engine().poll_others().await.unwrap();
        }
        heard.extend(ready(&mut there));
        let own = ready(&mut here);
        let plain = |changes: &[Change]| -> Vec<Change> {
            // How a request waited before, a stored event does not say.
            changes.iter().map(|change| Change { seq: 0, waited_for: None, ..change.clone() }).collect()
        };
        let [of_submission, of_decision] = plain(&heard).try_into().unwrap();
        let [own_submission, own_decision] = plain(&own).try_into().unwrap();
        assert_eq!(of_decision, own_decision);
        // It was read after the decision, so a page that shows an older version reads again.
        assert_eq!((of_submission.id, of_submission.kind), (own_submission.id, own_submission.kind));
        assert_eq!(of_submission.maker, own_submission.maker);
        drop((here, there));
        other.stop().await.unwrap();
    });
}
