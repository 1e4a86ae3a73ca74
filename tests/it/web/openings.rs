//! Who opened a request: what is marked as unread, who is told, and what is told of whoever decides at once.

use chrono::TimeDelta;
use serde_json::json;

use super::signed_in;
use crate::support::app::{App, AppOptions};
use crate::support::browser::Browser;
use crate::support::client::Reply;
use crate::support::page::Page;
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::{ORG, Person};
use crate::support::{On, eventually, journeys};

journeys![
    what_a_checker_has_not_opened_is_marked_until_they_open_it,
    who_opened_it_is_told_to_other_checkers_and_auditors_and_not_to_its_maker,
    a_resubmitted_request_is_unread_again,
    a_second_look_within_a_minute_writes_nothing,
    an_org_that_switches_it_off_keeps_and_marks_nothing,
    a_page_is_shown_and_a_decision_recorded_though_no_opening_can_be_kept,
    rows_of_requests_that_have_ended_go_away,
    a_decision_within_seconds_of_opening_is_told_to_whoever_audits_or_checks,
    who_decides_many_without_opening_them_is_told_and_who_decides_by_the_api_is_not,
];

const MARA: &str = "400001";
const CHEN: &str = "400002";
const ADA: &str = "400003";
const CARL: &str = "400004";

fn people() -> Vec<Person> {
    let both = ["CanMakeRequest", "CanCheckRequest"];
    vec![
        Person::new(400_001, "maker@example.com", &both),
        Person::new(400_002, "chen@example.com", &["CanCheckRequest"]),
        Person::new(400_003, "ada@example.com", &["CanAuditRequest"]),
        Person::new(400_004, "carl@example.com", &["CanCheckRequest"]),
    ]
}

async fn start(on: On, more: &str) -> App {
    start_with(on, AppOptions::stepped().with_type(&type_file(more, TWO_CHECKERS))).await
}

async fn start_with(on: On, options: AppOptions) -> App {
    App::with(on, options.with_pages(&people())).await
}

async fn paid(app: &App, customer: &str) -> String {
    app.maker().pays(&body(app, customer, 10)).await.id
}

fn url(id: &str) -> String {
    format!("/ui/requests/{id}")
}

/// Opens a request, and waits until that is kept.
async fn opens(app: &App, browser: &Browser<'_>, id: &str) -> Page {
    let before = openings(app);
    let page = browser.page(&url(id)).await;
    eventually("it is kept who opened it", async || (openings(app) > before).then_some(())).await;
    page
}

fn openings(app: &App) -> i64 {
    app.count("SELECT count(*) AS number FROM openings")
}

/// Sends the form of a step as it is on the page.
async fn decides(browser: &Browser<'_>, id: &str, step: &str) -> Reply {
    let page = browser.page(&format!("{}/{step}", url(id))).await;
    let verdict = if step == "reject" { "rejected" } else { "approved" };
    let own = ["csrf", "digest", "version"].map(|name| (name, page.field(name)));
    let mut form: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form.extend([("decision", verdict), ("message", "as agreed")]);
    browser.post(&format!("{}/decide", url(id)), &form).await
}

async fn what_a_checker_has_not_opened_is_marked_until_they_open_it(on: On) {
    let app = start(on, "").await;
    let (first, second) = (paid(&app, "c-1").await, paid(&app, "c-2").await);
    let (chen, carl) = (signed_in(&app, CHEN).await, signed_in(&app, CARL).await);
    let unread = |page: &Page| page.attributes(".row[data-unread] .t a", "href");
    for list in ["/ui/needs-me", "/ui/my-groups"] {
        let page = chen.page(list).await;
        assert_eq!(
            (unread(&page).len(), page.texts(".tag-new")),
            (2, vec!["Unread".to_owned(); 2]),
            "{list}"
        );
    }
    chen.page("/ui/needs-me").await.shows(&["For you to decide now: 2. 2 unread."]);
    opens(&app, &chen, &first).await;
    let page = chen.page("/ui/needs-me").await;
    page.shows(&["For you to decide now: 2. 1 unread."]);
    assert!(unread(&page).concat().contains(&second) && !unread(&page).concat().contains(&first));
    // Somebody else has opened nothing, and the maker knows their own.
    assert_eq!(unread(&carl.page("/ui/needs-me").await).len(), 2);
    let mara = signed_in(&app, MARA).await;
    assert!(!mara.page("/ui/mine").await.has(".tag-new"));
    // The step shows all of it, too.
    let before = openings(&app);
    chen.page(&format!("{}/approve", url(&second))).await;
    eventually("it is kept", async || (openings(&app) > before).then_some(())).await;
    let page = chen.page("/ui/needs-me").await;
    assert!(unread(&page).is_empty());
    page.does_not_show(&["unread"]);
}

async fn who_opened_it_is_told_to_other_checkers_and_auditors_and_not_to_its_maker(on: On) {
    let app = start(on, "").await;
    let id = paid(&app, "c-1").await;
    let [mara, chen, ada, carl] = [
        signed_in(&app, MARA).await,
        signed_in(&app, CHEN).await,
        signed_in(&app, ADA).await,
        signed_in(&app, CARL).await,
    ];
    let own = opens(&app, &chen, &id).await;
    own.does_not_show(&["Opened by"]);
    app.clock.advance(TimeDelta::minutes(3));
    opens(&app, &carl, &id).await.shows(&["Opened by chen@example.com at 12:00"]);
    opens(&app, &ada, &id).await.shows(&["Opened by chen@example.com at 12:00, carl@example.com at 12:03"]);
    mara.page(&url(&id)).await.does_not_show(&["Opened by", "chen@example.com"]);
    // A maker's own look is no news.
    assert_eq!(openings(&app), 3);
    // Once it has ended, the trail says who decided, and nobody asks who looks.
    mara.page(&url(&id)).await;
    app.maker().withdraw(&id, "a mistake").await.data();
    ada.page(&url(&id)).await.does_not_show(&["Opened by"]);
}

async fn a_resubmitted_request_is_unread_again(on: On) {
    let app = start(on, "").await;
    let id = paid(&app, "c-1").await;
    let (chen, carl) = (signed_in(&app, CHEN).await, signed_in(&app, CARL).await);
    opens(&app, &chen, &id).await;
    assert!(!chen.page("/ui/needs-me").await.has(".tag-new"));
    app.tamper(&format!("UPDATE openings SET revision = 2 WHERE request_id = {}", app.id_in_sql(&id)));
    // Whoever has read a later revision than the present one has read the present one.
    assert!(!chen.page("/ui/needs-me").await.has(".tag-new"));
    app.tamper(&format!("DELETE FROM openings WHERE request_id = {}", app.id_in_sql(&id)));
    opens(&app, &chen, &id).await;
    let to = |step: &str| format!("/requests/{id}/{step}");
    let wish = json!({ "message": "The receipt says 70." });
    app.other_checker().call("POST", &to("send-back")).json(&wish).send().await.data();
    app.maker().call("POST", &to("resubmit")).json(&body(&app, "c-1", 70)).send().await.data();
    assert_eq!(chen.page("/ui/needs-me").await.count(".tag-new"), 1);
    carl.page(&url(&id)).await.shows(&["Opened by chen@example.com at 12:00 (revision 1)"]);
    chen.page(&url(&id)).await;
    let revised = "SELECT count(*) AS number FROM openings WHERE revision = 2";
    eventually("it is kept", async || (app.count(revised) >= 1).then_some(())).await;
    assert!(!chen.page("/ui/needs-me").await.has(".tag-new"));
}

async fn a_second_look_within_a_minute_writes_nothing(on: On) {
    let app = start(on, "").await;
    let id = paid(&app, "c-1").await;
    let chen = signed_in(&app, CHEN).await;
    opens(&app, &chen, &id).await;
    let later = "SELECT count(*) AS number FROM openings WHERE last_at > first_at";
    app.clock.advance(TimeDelta::seconds(59));
    chen.page(&url(&id)).await;
    // What is written after it is written later.
    let other = paid(&app, "c-2").await;
    opens(&app, &chen, &other).await;
    assert_eq!(app.count(later), 0);
    app.clock.advance(TimeDelta::seconds(1));
    chen.page(&url(&id)).await;
    eventually("a later look is kept", async || (app.count(later) == 1).then_some(())).await;
    assert_eq!(openings(&app), 2);
}

async fn an_org_that_switches_it_off_keeps_and_marks_nothing(on: On) {
    let options = AppOptions::stepped().with_type(&type_file("bulk = true", TWO_CHECKERS));
    let app =
        start_with(on, options.with_more(&format!("[[orgs]]\nid = \"{ORG}\"\nopened_by = false\n"))).await;
    let id = paid(&app, "c-1").await;
    let (chen, ada) = (signed_in(&app, CHEN).await, signed_in(&app, ADA).await);
    let page = chen.page("/ui/needs-me").await;
    assert!(!page.has(".tag-new") && !page.has("[data-unread]"));
    chen.page(&url(&id)).await;
    decides(&chen, &id, "approve").await.leads_to();
    let known = "SELECT count(*) AS number FROM decisions WHERE opened_at IS NOT NULL OR unopened";
    assert_eq!((openings(&app), app.count(known)), (0, 0));
    ada.page(&url(&id)).await.does_not_show(&["Opened by", "of opening it"]);
}

async fn a_page_is_shown_and_a_decision_recorded_though_no_opening_can_be_kept(on: On) {
    let app = start(on, "").await;
    let id = paid(&app, "c-1").await;
    let chen = signed_in(&app, CHEN).await;
    app.tamper(match on {
        On::Sqlite => {
            "CREATE TRIGGER none_kept BEFORE INSERT ON openings BEGIN SELECT RAISE(ABORT, 'no room'); END"
        }
        On::Postgres => {
            "CREATE TRIGGER none_kept BEFORE INSERT ON openings FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        }
    });
    chen.page(&url(&id)).await.shows(&["You may decide"]);
    decides(&chen, &id, "approve").await.leads_to();
    assert_eq!(openings(&app), 0);
    assert_eq!(app.auditor().request(&id).await["decisions"].as_array().unwrap().len(), 1);
    assert!(chen.page("/ui/unknown").await.has("h1"));
}

async fn rows_of_requests_that_have_ended_go_away(on: On) {
    let app = start(on, "").await;
    let chen = signed_in(&app, CHEN).await;
    let (ended, open) = (paid(&app, "c-1").await, paid(&app, "c-2").await);
    opens(&app, &chen, &ended).await;
    opens(&app, &chen, &open).await;
    app.maker().withdraw(&ended, "a mistake").await.data();
    // An ended request that is opened is none of those that wait to be read.
    chen.page(&url(&ended)).await;
    let of_ended =
        format!("SELECT count(*) AS number FROM openings WHERE request_id = {}", app.id_in_sql(&ended));
    for number in 3..6 {
        let next = paid(&app, &format!("c-{number}")).await;
        chen.page(&url(&next)).await;
        let of_next =
            format!("SELECT count(*) AS number FROM openings WHERE request_id = {}", app.id_in_sql(&next));
        eventually("it is kept", async || (app.count(&of_next) == 1).then_some(())).await;
    }
    assert_eq!((app.count(&of_ended), openings(&app)), (0, 4));
}

async fn a_decision_within_seconds_of_opening_is_told_to_whoever_audits_or_checks(on: On) {
    let app = start(on, "").await;
    let (hasty, slow) = (paid(&app, "c-1").await, paid(&app, "c-2").await);
    let [mara, chen, ada, carl] = [
        signed_in(&app, MARA).await,
        signed_in(&app, CHEN).await,
        signed_in(&app, ADA).await,
        signed_in(&app, CARL).await,
    ];
    opens(&app, &chen, &hasty).await;
    opens(&app, &chen, &slow).await;
    app.clock.advance(TimeDelta::milliseconds(4_900));
    decides(&chen, &hasty, "approve").await.leads_to();
    app.clock.advance(TimeDelta::milliseconds(100));
    decides(&chen, &slow, "approve").await.leads_to();
    let told = "chen@example.com approved it 4 s after opening it.";
    ada.page(&format!("{}/trail", url(&hasty))).await.shows(&["How it was decided:", told]);
    for browser in [&ada, &carl] {
        browser.page(&url(&hasty)).await.shows(&[told]);
        browser.page(&url(&slow)).await.does_not_show(&["of opening it", "after opening it"]);
    }
    // Before Carl signs, the step says so as well.
    carl.page(&format!("{}/approve", url(&hasty))).await.shows(&[told]);
    for path in [url(&hasty), format!("{}/trail", url(&hasty))] {
        mara.page(&path).await.does_not_show(&["after opening it", "How it was decided", "same address"]);
    }
    // The opening is gone with the request; what is known of the decision stays.
    app.tamper("DELETE FROM openings");
    ada.page(&format!("{}/trail", url(&hasty))).await.shows(&[told]);
    // Both came from the machine of the test.
    ada.page(&url(&slow)).await.shows(&[
        "maker@example.com submitted it and chen@example.com approved it from the same address, 127.0.0.1.",
    ]);
}

async fn who_decides_many_without_opening_them_is_told_and_who_decides_by_the_api_is_not(on: On) {
    let app = start(on, "bulk = true").await;
    let (opened, unopened, by_api) =
        (paid(&app, "c-1").await, paid(&app, "c-2").await, paid(&app, "c-3").await);
    let (chen, ada) = (signed_in(&app, CHEN).await, signed_in(&app, ADA).await);
    opens(&app, &chen, &opened).await;
    app.clock.advance(TimeDelta::seconds(30));
    let page = chen.page(&format!("/ui/bulk?id={opened}&id={unopened}")).await;
    let (csrf, items) = (page.field("csrf"), page.fields("item"));
    let mut form = vec![("csrf", csrf.as_str()), ("decision", "approved"), ("message", "")];
    form.extend(items.iter().map(|item| ("item", item.as_str())));
    chen.post("/ui/bulk", &form).await.page().shows(&["2 approved"]);
    app.checker().says(&by_api, "approved").await.data();
    let told = "chen@example.com approved it together with others, and had not opened its page.";
    ada.page(&url(&unopened)).await.shows(&[told]);
    for id in [&opened, &by_api] {
        ada.page(&url(id)).await.does_not_show(&["had not opened", "opening it"]);
    }
    // It is no warning: what may be decided together with others still may.
    let carl = signed_in(&app, CARL).await;
    assert_eq!(carl.page("/ui/needs-me").await.count("input[name='id']"), 3);
}
