//! Withdrawing: the maker may while the request waits, and the API, the page and its form agree on it.

use chrono::TimeDelta;

use crate::support::app::{App, AppOptions};
use crate::support::claims::CALL;
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_maker_without_permissions_withdraws,
    a_maker_who_is_switched_off_withdraws,
    nobody_else_withdraws,
    a_maker_withdraws_what_was_approved_and_certainly_not_carried_out,
    a_call_that_may_have_been_carried_out_is_not_withdrawn,
    the_page_offers_it_to_a_maker_without_permissions,
    the_page_offers_it_for_an_approved_call_that_was_not_sent,
    the_page_offers_it_to_the_maker_only_and_only_while_the_request_waits,
];

const MARA: &str = "400001";
const CHEN: &str = "400002";

/// The maker, with a token that now grants this.
fn mara(permissions: &[&'static str]) -> Person {
    Person::new(400_001, "maker@example.com", permissions)
}

fn chen() -> Person {
    Person::new(400_002, "checker@example.com", &["CanCheckRequest"])
}

async fn a_maker_without_permissions_withdraws(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    for permissions in [&[][..], &["CanCheckRequest"], &["CanAuditRequest"], &["CanMakeRequest"]] {
        let id = app.maker().submitted(&app.badge()).await.id;
        let maker = app.actor(mara(permissions));
        let data = maker.withdraw(&id, "No longer needed").await.data();
        assert_eq!(
            (&data["requestId"], &data["state"]),
            (&id.into(), &"withdrawn".into()),
            "{permissions:?}"
        );
    }
}

async fn a_maker_who_is_switched_off_withdraws(on: On) {
    let file =
        |active| format!("[[people]]\nname = \"Mara\"\naccounts = [\"sub-400001\"]\nactive = {active}\n");
    let app = App::with(on, AppOptions::stepped().with_people(&file(true))).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    app.change_people(&file(false)).await;
    app.maker().submit("ISSUE-BADGE", &app.badge()).await.refused(403, "person_inactive");
    assert_eq!(app.maker().withdraw(&id, "No longer needed").await.data()["state"], "withdrawn");
}

async fn nobody_else_withdraws(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let reason = "No longer needed";
    for reader in [app.checker(), app.auditor()] {
        reader.withdraw(&id, reason).await.refused(403, "not_the_maker");
    }
    for outsider in [app.other_maker(), app.stranger(), app.actor(mara(&["CanMakeRequest"]).of_org("90002"))]
    {
        outsider.withdraw(&id, reason).await.refused(404, "not_found");
    }
    let nobody = app.actor(Person::new(400_009, "nine@example.com", &[]));
    nobody.withdraw(&id, reason).await.refused(403, "permission_missing");
    assert_eq!(app.checker().request(&id).await["state"], "AdminTask");
    app.checker().reject(&id, "no").await.data();
    app.maker().withdraw(&id, reason).await.refused(409, "already_decided");
}

async fn a_maker_withdraws_what_was_approved_and_certainly_not_carried_out(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    for attempts in [0, 1] {
        let id = app.maker().submitted(&app.badge_with_id_to_target()).await.id;
        app.checker().approve_async(&id).await.data();
        app.target.goes_away().await;
        if attempts == 1 {
            app.run_due_executions().await;
        }
        app.checker().withdraw(&id, "mine now").await.refused(403, "not_the_maker");
        let data = app.maker().withdraw(&id, "No longer needed").await.data();
        assert_eq!((&data["state"], &data["attempts"]), (&"withdrawn".into(), &attempts.into()));
        assert!(data["nextAttemptAt"].is_null() && data["endTime"].is_string(), "{data}");
        let last = app.auditor().history(&id).await.pop().unwrap();
        assert_eq!((&last["type"], &last["from"]), (&"withdrawn".into(), &"approved".into()));
        // The same again is a client's retry.
        app.maker().withdraw(&id, "No longer needed").await.data();
        app.target.comes_back().await;
        app.clock.advance(TimeDelta::minutes(10));
        app.run_due_executions().await;
        assert_eq!(app.target.arrived().len(), 0);
    }
}

async fn a_call_that_may_have_been_carried_out_is_not_withdrawn(on: On) {
    let app = App::start(on).await;
    app.target.hold();
    let id = app.maker().submitted(&app.badge_with_id_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    app.target.has_received(1).await;
    // It is under way; and then it is over, and no one knows how it ended.
    app.maker().withdraw(&id, "too late").await.refused(409, "attempt_under_way");
    app.target.will_hang_up();
    let other = app.maker().submitted(&app.badge_with_id_to_target()).await.id;
    app.checker().approve_async(&other).await.data();
    app.target.has_received(2).await;
    app.target.release();
    app.checker().becomes(&id, "executed").await;
    app.maker().withdraw(&id, "too late").await.refused(409, "already_decided");
    crate::support::eventually("the second attempt is announced", async || {
        let request = app.maker().request(&other).await;
        request["nextAttemptAt"].is_string().then_some(())
    })
    .await;
    app.maker().withdraw(&other, "too late").await.refused(409, "attempt_under_way");
    app.clock.advance(CALL);
    app.checker().becomes(&other, "executed").await;
}

async fn the_page_offers_it_to_a_maker_without_permissions(on: On) {
    let app = App::with(on, AppOptions::stepped().with_pages(&[mara(&[])])).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let browser = app.browser();
    browser.sign_in(MARA).await.leads_to();
    let (url, step) = (format!("/ui/requests/{id}"), format!("/ui/requests/{id}/withdraw"));
    let page = browser.get(&url).await;
    assert!(page.text.contains(&format!("href=\"{step}\"")), "{}", page.text);
    let csrf = browser.get(&step).await.field("csrf");
    let form = [("csrf", csrf.as_str()), ("message", "No longer needed")];
    assert_eq!(browser.post(&step, &form).await.leads_to(), format!("{url}?said=withdrawn"));
    assert_eq!(app.auditor().request(&id).await["state"], "withdrawn");
    assert_eq!(browser.get(&url).await.status, 200);
}

async fn the_page_offers_it_for_an_approved_call_that_was_not_sent(on: On) {
    let app = App::with(on, AppOptions::stepped().with_pages(&[mara(&["CanMakeRequest"])])).await;
    app.target.goes_away().await;
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    app.run_due_executions().await;
    let browser = app.browser();
    browser.sign_in(MARA).await.leads_to();
    let (url, step) = (format!("/ui/requests/{id}"), format!("/ui/requests/{id}/withdraw"));
    let page = browser.get(&url).await;
    assert!(page.text.contains(&format!("href=\"{step}\"")), "{}", page.text);
    let csrf = browser.get(&step).await.field("csrf");
    let form = [("csrf", csrf.as_str()), ("message", "No longer needed")];
    assert_eq!(browser.post(&step, &form).await.leads_to(), format!("{url}?said=withdrawn"));
    assert_eq!(app.auditor().request(&id).await["state"], "withdrawn");
    assert!(!browser.get(&url).await.text.contains(&format!("href=\"{step}\"")));
}

async fn the_page_offers_it_to_the_maker_only_and_only_while_the_request_waits(on: On) {
    let app = App::with(on, AppOptions::stepped().with_pages(&[mara(&["CanMakeRequest"]), chen()])).await;
    let id = app.maker().submitted(&app.badge()).await.id;
    let step = format!("/ui/requests/{id}/withdraw");
    for (user_id, is_offered) in [(MARA, true), (CHEN, false)] {
        let browser = app.browser();
        browser.sign_in(user_id).await.leads_to();
        let offers = async || {
            let page = browser.get(&format!("/ui/requests/{id}")).await;
            let form = browser.get(&step).await;
            (page.text.contains(&format!("href=\"{step}\"")), form.text.contains("id=\"message\""))
        };
        assert_eq!(offers().await, (is_offered, is_offered), "{user_id}");
        if user_id == CHEN {
            app.checker().reject(&id, "no").await.data();
            assert_eq!(offers().await, (false, false));
        }
    }
    let browser = app.browser();
    browser.sign_in(MARA).await.leads_to();
    assert!(!browser.get(&step).await.text.contains("name=\"message\""));
}
