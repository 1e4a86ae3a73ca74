//! A maker says why they submit, where the type wants to know.

use super::new_request::{ENTITY, Open, people};
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, type_file};
use crate::support::{On, journeys};

journeys![a_reason_that_is_required_is_asked_for_at_its_field];

async fn a_reason_that_is_required_is_asked_for_at_its_field(on: On) {
    let file = type_file("reason = \"required\"", "");
    let app = App::with(on, AppOptions::stepped().with_pages(&people()).with_type(&file)).await;
    let open = Open::form(&app, PAY_OUT).await;
    let url = app.target.url();
    let fields = |reason| {
        let filled = [
            ("/hostname", url.as_str()),
            ("/body/customer", "c-1"),
            ("/body/points", "7"),
            ("/reason", reason),
        ];
        filled.into_iter().chain(ENTITY).collect::<Vec<_>>()
    };
    for action in ["check", "submit"] {
        let page = open.press(action, &fields(" ")).await.page();
        page.shows(&["Your reason: Say why you submit this; whoever decides reads it first."]);
        assert!(!page.select("textarea[name='/reason'][aria-invalid='true']").is_empty());
    }
    let words = "It was <b>agreed</b>.";
    let page = open.press("check", &fields(words)).await.page();
    page.shows(&["Nothing forbids it.", words]);
    let request = open.press("submit", &fields(words)).await.leads_to_page().to_owned();
    open.browser.page(&request).await.shows(&[words]);
}
