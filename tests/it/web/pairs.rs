//! Makers and checkers: who decided whose requests, for auditors.

use chrono::TimeDelta;

use super::signed_in;
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    an_auditor_reads_who_decided_whose_requests_how_often_and_how_fast,
    decisions_outside_of_the_days_and_of_other_orgs_are_not_counted,
    the_file_has_what_the_page_has_and_no_formula,
    nobody_but_auditors_reads_the_pairs,
];

const CHEN: &str = "400002";
const ADA: &str = "400003";
const STRANGER: &str = "400009";

fn people() -> Vec<Person> {
    vec![
        Person::new(400_002, "chen@example.com", &["CanMakeRequest", "CanCheckRequest"]),
        Person::new(400_003, "ada@example.com", &["CanAuditRequest"]),
        Person::new(400_009, "stranger@example.com", &["CanAuditRequest"]).of_org("90009"),
    ]
}

async fn start(on: On) -> App {
    let options = AppOptions::stepped().with_type(&type_file("", TWO_CHECKERS));
    App::with(on, options.with_pages(&people())).await
}

/// Mara submits, and the two checkers decide after this many seconds each.
async fn decided(app: &App, customer: &str, seconds: i64, verdicts: [&str; 2]) -> String {
    let id = app.maker().pays(&body(app, customer, 10)).await.id;
    for (checker, verdict) in [app.checker(), app.other_checker()].into_iter().zip(verdicts) {
        app.clock.advance(TimeDelta::seconds(seconds));
        checker.says(&id, verdict).await.data();
    }
    id
}

async fn an_auditor_reads_who_decided_whose_requests_how_often_and_how_fast(on: On) {
    let app = start(on).await;
    decided(&app, "c-1", 10, ["approved", "rejected"]).await;
    decided(&app, "c-2", 600, ["approved", "rejected"]).await;
    let third = app.maker().pays(&body(&app, "c-3", 10)).await.id;
    app.clock.advance(TimeDelta::seconds(40));
    app.checker().says(&third, "approved").await.data();
    let ada = signed_in(&app, ADA).await;
    let page = ada.page("/ui/pairs").await;
    page.shows(&["5 decisions, 2 pairs. Most decisions first"]);
    let rows = page.texts("tbody tr");
    assert_eq!(
        rows,
        [
            "checker@example.com decided what maker@example.com submitted 3 approved \
             median 40 s, slowest 10 min 3 from the maker’s address",
            "second.checker@example.com decided what maker@example.com submitted 2 rejected \
             median 20 s, slowest 20 min 2 from the maker’s address",
        ]
    );
    for address in page.attributes("tbody a", "href") {
        assert_eq!(ada.get(&address).await.status, 200, "{address}");
    }
    assert!(page.links_to("/ui/pairs") && page.has(".rail a[aria-current='page'][href='/ui/pairs']"));
}

async fn decisions_outside_of_the_days_and_of_other_orgs_are_not_counted(on: On) {
    let app = start(on).await;
    decided(&app, "c-1", 1, ["approved", "rejected"]).await;
    let stranger = signed_in(&app, STRANGER).await;
    stranger.page("/ui/pairs").await.shows(&["Nothing was decided"]);
    app.clock.advance(TimeDelta::days(40));
    let ada = signed_in(&app, ADA).await;
    ada.page("/ui/pairs").await.shows(&["Nothing was decided"]);
    for (query, decisions) in [
        ("startDate=2026-03-01&endDate=2026-03-01", 2),
        ("startDate=2026-02-01&endDate=2026-02-28", 0),
        ("startDate=2026-03-02", 0),
        ("endDate=2026-03-30", 2),
        ("startDate=2000-01-01", 2),
    ] {
        let page = ada.page(&format!("/ui/pairs?{query}")).await;
        let counted =
            if decisions == 0 { "Nothing was decided".to_owned() } else { format!("{decisions} decisions") };
        page.shows(&[&counted]);
        let is_cut = query.contains("2000");
        assert_eq!(page.text().contains("At most 366 days are looked at"), is_cut, "{query}");
    }
    assert_eq!(ada.get("/ui/pairs?startDate=yesterday").await.status, 400);
}

async fn the_file_has_what_the_page_has_and_no_formula(on: On) {
    let app = start(on).await;
    let maker = app.actor(Person::new(400_008, "=HYPERLINK(\"x\")", &["CanMakeRequest"]));
    let id = maker.pays(&body(&app, "c-1", 10)).await.id;
    app.clock.advance(TimeDelta::seconds(90));
    app.checker().says(&id, "rejected").await.data();
    let ada = signed_in(&app, ADA).await;
    let page = ada.page("/ui/pairs").await;
    let file = ada.get(&page.attribute("a[download]", "href")).await;
    assert_eq!(
        file.header("content-disposition").unwrap(),
        "attachment; filename=\"pairs-90001-2026-03-01.csv\""
    );
    let mut lines = file.text.lines();
    assert!(lines.next().unwrap().starts_with("\"makerUserId\",\"makerUserName\",\"checkerUserId\""));
    assert_eq!(
        lines.next().unwrap(),
        "\"400008\",\"'=HYPERLINK(\"\"x\"\")\",\"400002\",\"checker@example.com\",\"0\",\"1\",\"90\",\"90\",\"0\",\
         \"0\",\"1\",\"0\",\"2026-01-31\",\"2026-03-01\""
    );
    assert_eq!(lines.next(), None);
}

async fn nobody_but_auditors_reads_the_pairs(on: On) {
    let app = start(on).await;
    let chen = signed_in(&app, CHEN).await;
    for path in ["/ui/pairs", "/ui/pairs/export"] {
        assert_eq!(chen.get(path).await.status, 403, "{path}");
        assert_eq!(app.browser().get(path).await.status, 303, "{path}");
    }
    assert!(!chen.page("/ui/needs-me").await.links_to("/ui/pairs"));
}
