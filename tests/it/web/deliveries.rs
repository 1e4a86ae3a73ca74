//! The page of deliveries: what auditors read there, and what they have sent again.

use super::{signed_in, start_with_readers};
use crate::support::app::{App, AppOptions};
use crate::support::hook::subscription;
use crate::support::people::Person;
use crate::support::target::Target;
use crate::support::{On, journeys};

journeys![
    an_auditor_reads_deliveries_and_sends_one_again,
    without_the_permission_there_is_no_page_and_nothing_is_sent,
    what_a_subscriber_answers_is_only_text,
];

const MAKER: &str = "400001";
const AUDITOR: &str = "400003";

async fn start(on: On) -> (App, Target) {
    let hook = Target::start().await;
    let people = [
        Person::new(400_001, "maker@example.com", &["CanMakeRequest"]),
        Person::new(400_003, "auditor@example.com", &["CanAuditRequest"]),
    ];
    let options = AppOptions::stepped().with_pages(&people).with_targets([hook.address]);
    let text = subscription("loyalty", &hook, "countersign", "");
    (App::with(on, options.with_subscriptions(&text)).await, hook)
}

async fn an_auditor_reads_deliveries_and_sends_one_again(on: On) {
    let (app, hook) = start(on).await;
    let auditor = signed_in(&app, AUDITOR).await;
    auditor.page("/ui/deliveries").await.shows(&["Nothing was sent yet"]);
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    let page = auditor.page("/ui/deliveries").await;
    page.shows(&["Submitted", "ISSUE-BADGE", "loyalty", "Delivered", "The subscriber answered 200."]);
    let action = page.attribute("form[action$='/redeliver']", "action");
    assert_eq!(auditor.post(&action, &[("csrf", "forged"), ("to", "/ui/deliveries")]).await.status, 403);
    let csrf = auditor.csrf().await;
    let sent = auditor.post(&action, &[("csrf", &csrf), ("to", "/ui/deliveries?state=waiting")]).await;
    assert_eq!((sent.status, sent.leads_to()), (303, "/ui/deliveries?state=waiting"));
    let waiting = auditor.page("/ui/deliveries?state=waiting").await;
    waiting.shows(&["loyalty", "Waits"]);
    assert!(!waiting.has("form[action$='/redeliver']"), "it is on its way");
    app.run_due_deliveries().await;
    assert_eq!(hook.arrived().len(), 2);
    auditor.page("/ui/deliveries?state=given_up").await.shows(&["No delivery is in this state"]);
}

async fn without_the_permission_there_is_no_page_and_nothing_is_sent(on: On) {
    let app = start_with_readers(on).await;
    let maker = signed_in(&app, MAKER).await;
    assert_eq!(maker.get("/ui/deliveries").await.status, 403);
    assert!(!maker.page("/ui/mine").await.links_to("/ui/deliveries"));
    let csrf = maker.csrf().await;
    let action = "/ui/deliveries/00000000-0000-7000-8000-000000000000/redeliver";
    assert_eq!(maker.post(action, &[("csrf", &csrf), ("to", "/ui/mine")]).await.status, 403);
    let auditor = signed_in(&app, AUDITOR).await;
    assert!(auditor.page("/ui/history").await.links_to("/ui/deliveries"));
    let csrf = auditor.csrf().await;
    assert_eq!(auditor.post(action, &[("csrf", &csrf), ("to", "/ui/mine")]).await.status, 404);
}

async fn what_a_subscriber_answers_is_only_text(on: On) {
    let (app, hook) = start(on).await;
    hook.will_answer(503, "text/html", b"<script>alert(1)</script><b>\xff\x00");
    app.maker().submitted(&app.badge()).await;
    app.run_due_deliveries().await;
    let auditor = signed_in(&app, AUDITOR).await;
    let page = auditor.page("/ui/deliveries").await;
    page.shows(&["<script>alert(1)</script>", "Waits, next"]);
    assert!(!page.has("td script") && !page.has("td b"));
}
