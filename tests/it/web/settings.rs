//! What people set for themselves: it is theirs alone, and kept from sign-in to sign-in.

use chrono::{DateTime, TimeDelta, Utc};

use super::{follow, signed_in, start_with_readers};
use crate::support::page::Page;
use crate::support::pay_out::body;
use crate::support::{On, journeys};

journeys![
    a_reader_sees_times_in_the_zone_that_they_chose_and_utc_beside_it,
    a_filter_by_days_means_the_days_of_the_reader,
    an_auditor_saves_a_view_finds_it_in_the_menu_and_removes_it,
    a_view_of_the_same_name_takes_the_place_of_the_first,
    nobody_keeps_more_than_twenty_views,
    only_a_list_of_ours_is_saved_under_a_name_that_can_be_read,
    settings_belong_to_one_account,
];

const MARA: &str = "400001";
const ADA: &str = "400003";

/// The first time of an event on the trail: its words, those in UTC beside it, and the instant.
fn first_event(page: &Page) -> (String, Vec<String>, DateTime<Utc>) {
    let instant = page.attributes("#events td time", "datetime").remove(0);
    let utc = page.texts("#events td .utc");
    (page.texts("#events td time").remove(0), utc, instant.parse().unwrap())
}

async fn a_reader_sees_times_in_the_zone_that_they_chose_and_utc_beside_it(on: On) {
    let app = start_with_readers(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let trail = format!("/ui/requests/{id}/trail");
    let ada = signed_in(&app, ADA).await;
    let (words, utc, instant) = first_event(&ada.page(&trail).await);
    assert!(words.starts_with(&instant.format("%Y-%m-%d %H:%M:%S.").to_string()) && utc.is_empty());

    let csrf = ada.csrf().await;
    let set = ada.post("/ui/settings/zone", &[("csrf", &csrf), ("zone", "Asia/Kathmandu")]).await;
    assert_eq!(set.leads_to(), "/ui/settings");
    let page = ada.page(&trail).await;
    let (words, utc, instant) = first_event(&page);
    let there = instant + TimeDelta::minutes(5 * 60 + 45);
    assert!(words.starts_with(&there.format("%Y-%m-%d %H:%M:%S.").to_string()), "{words}");
    assert!(utc[0].contains(&instant.format("%H:%M:%S.").to_string()) && utc[0].ends_with(" UTC"), "{utc:?}");
    page.shows(&["times in Asia/Kathmandu"]);
    let settings = ada.page("/ui/settings").await;
    assert_eq!(settings.attributes("#zone option[selected]", "value"), ["Asia/Kathmandu"]);

    // It is there after another sign-in, and gone when they want the server's again.
    let again = signed_in(&app, ADA).await;
    again.page(&trail).await.shows(&["times in Asia/Kathmandu"]);
    let csrf = again.csrf().await;
    again.post("/ui/settings/zone", &[("csrf", &csrf), ("zone", "")]).await;
    again.page(&trail).await.shows(&["times in UTC"]);
    // There is no such zone.
    assert_eq!(
        again.post("/ui/settings/zone", &[("csrf", &csrf), ("zone", "Mars/Olympus")]).await.status,
        404
    );
}

async fn a_filter_by_days_means_the_days_of_the_reader(on: On) {
    let app = start_with_readers(on).await;
    app.maker().pays(&body(&app, "c-1", 10)).await;
    let ada = signed_in(&app, ADA).await;
    let csrf = ada.csrf().await;
    // It is noon in UTC: of the two, one has another day.
    for zone in ["Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        ada.post("/ui/settings/zone", &[("csrf", &csrf), ("zone", zone)]).await;
        let hours = if zone == "Pacific/Kiritimati" { 14 } else { -11 };
        let now: DateTime<Utc> =
            ada.page("/ui/settings").await.attribute("body", "data-now").parse().unwrap();
        let today = (now + TimeDelta::hours(hours)).date_naive();
        let found = |day: chrono::NaiveDate| format!("/ui/history?startDate={day}&endDate={day}");
        assert_eq!(ada.page(&found(today)).await.count("table.found td.s"), 1, "{zone}");
        for day in [today.pred_opt().unwrap(), today.succ_opt().unwrap()] {
            assert_eq!(ada.page(&found(day)).await.count("table.found td.s"), 0, "{zone}");
        }
    }
}

async fn an_auditor_saves_a_view_finds_it_in_the_menu_and_removes_it(on: On) {
    let app = start_with_readers(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let ada = signed_in(&app, ADA).await;
    let list = ada.page("/ui/history?states=AdminTask&requestType=PAY-OUT").await;
    let asking = follow(&ada, &list, "save this view…").await;
    asking.shows(&["History with its filter"]);
    let [csrf, from] = ["csrf", "from"].map(|name| asking.field(name));
    let name = "Waiting <b> & pay-outs";
    let saved = ada.post("/ui/settings/views", &[("csrf", &csrf), ("from", &from), ("name", name)]).await;
    assert_eq!(saved.leads_to_page(), "/ui/history");
    let home = ada.page("/ui/types").await;
    let shown = follow(&ada, &home, name).await;
    assert_eq!(shown.texts(".rail a[aria-current='true']"), [name]);
    assert!(shown.attributes("table.found td.s > a", "href")[0].starts_with(&format!("/ui/requests/{id}?")));
    assert_eq!(shown.count("table.found td.s"), 1);
    // Its address is all there is to it: others can be sent there.
    let other = signed_in(&app, MARA).await;
    other.page(&home.link(name).unwrap()).await.does_not_show(&["pay-outs"]);

    let csrf = ada.csrf().await;
    let gone = ada.post("/ui/settings/views/forget", &[("csrf", &csrf), ("name", name)]).await;
    assert_eq!(gone.leads_to(), "/ui/settings");
    assert_eq!(ada.page("/ui/types").await.link(name), None);
}

async fn a_view_of_the_same_name_takes_the_place_of_the_first(on: On) {
    let app = start_with_readers(on).await;
    let ada = signed_in(&app, ADA).await;
    let csrf = ada.csrf().await;
    for from in ["history?states=failed", "history?states=rejected&after=abc"] {
        ada.post("/ui/settings/views", &[("csrf", &csrf), ("from", from), ("name", "Bad")])
            .await
            .leads_to_page();
    }
    // The place in the list is not part of it.
    assert_eq!(ada.page("/ui/types").await.link("Bad").as_deref(), Some("/ui/history?states=rejected"));
}

async fn nobody_keeps_more_than_twenty_views(on: On) {
    let app = start_with_readers(on).await;
    let ada = signed_in(&app, ADA).await;
    let csrf = ada.csrf().await;
    let save = async |name: &str| {
        ada.post("/ui/settings/views", &[("csrf", &csrf), ("from", "history"), ("name", name)]).await
    };
    for number in 1..=20 {
        assert_eq!(save(&format!("View {number}")).await.status, 303);
    }
    let refused = save("One too many").await;
    assert_eq!(refused.status, 422);
    let page = refused.page();
    page.shows(&["You have 20 views in this org, and no more can be kept."]);
    assert_eq!(page.attributes("#view-name", "value"), ["One too many"]);
    // One that is there may still be changed.
    assert_eq!(save("View 7").await.status, 303);
    assert_eq!(ada.page("/ui/settings").await.count(".views li"), 20);
}

async fn only_a_list_of_ours_is_saved_under_a_name_that_can_be_read(on: On) {
    let app = start_with_readers(on).await;
    let ada = signed_in(&app, ADA).await;
    let csrf = ada.csrf().await;
    for from in
        ["", "requests/1", "https://evil.example", "//evil.example", "history?a=\"><script>", "sign-out"]
    {
        let fields = [("csrf", &csrf[..]), ("from", from), ("name", "View")];
        assert_eq!(ada.post("/ui/settings/views", &fields).await.status, 404, "{from}");
    }
    for name in ["", "  ", "\u{200b}", "a\nb", &"x".repeat(41)] {
        let fields = [("csrf", &csrf[..]), ("from", "history"), ("name", name)];
        let refused = ada.post("/ui/settings/views", &fields).await;
        assert_eq!(refused.status, 422, "{name:?}");
        refused.page().shows(&["Write a name of 1 to 40 characters on one line."]);
    }
    // A form from nowhere changes nothing.
    for path in ["/ui/settings/zone", "/ui/settings/views", "/ui/settings/views/forget"] {
        let fields = [("csrf", "wrong"), ("from", "history"), ("name", "View"), ("zone", "Asia/Kathmandu")];
        assert_eq!(ada.post(path, &fields).await.status, 403, "{path}");
    }
    let settings = ada.page("/ui/settings").await;
    settings.shows(&["None yet.", "The server’s: UTC"]);
    assert_eq!(settings.attributes("#zone option[selected]", "value"), [""]);
}

async fn settings_belong_to_one_account(on: On) {
    let app = start_with_readers(on).await;
    let (ada, mara) = (signed_in(&app, ADA).await, signed_in(&app, MARA).await);
    let csrf = ada.csrf().await;
    ada.post("/ui/settings/zone", &[("csrf", &csrf), ("zone", "Asia/Kathmandu")]).await.leads_to();
    ada.post("/ui/settings/views", &[("csrf", &csrf), ("from", "history"), ("name", "Mine")])
        .await
        .leads_to();
    let settings = mara.page("/ui/settings").await;
    assert_eq!(settings.attributes("#zone option[selected]", "value"), [""]);
    assert_eq!(settings.link("Mine"), None);
    // And what one removes of that name is their own.
    let csrf = mara.csrf().await;
    mara.post("/ui/settings/views/forget", &[("csrf", &csrf), ("name", "Mine")]).await.leads_to();
    assert!(ada.page("/ui/settings").await.link("Mine").is_some());
}
