//! Withdrawing: the maker may while the request waits, and the API, the page and its form agree on it.

use crate::support::app::{App, AppOptions};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_maker_without_permissions_withdraws,
    a_maker_who_is_switched_off_withdraws,
    nobody_else_withdraws,
    the_page_offers_it_to_a_maker_without_permissions,
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
            (page.text.contains(&format!("href=\"{step}\"")), form.text.contains("name=\"message\""))
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
