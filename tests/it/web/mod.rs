//! The pages, as a browser sees them. Each case runs on both databases.

mod bulk;
mod costly;
mod decide;
mod deliveries;
mod event_stream;
mod further_headers;
mod headers;
mod history;
mod lists;
mod new_request;
mod openings;
mod pairs;
mod reason;
mod request;
mod request_types;
mod revising;
mod search;
mod session;
mod settings;
mod settle;
mod submit_again;
mod trail;
mod words;

use serde_json::json;

use crate::support::On;
use crate::support::app::{App, AppOptions};
use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::pay_out::{TWO_CHECKERS, type_file};
use crate::support::people::Person;

fn readers() -> Vec<Person> {
    vec![
        Person::new(400_001, "maker@example.com", &["CanMakeRequest"]),
        Person::new(400_003, "auditor@example.com", &["CanAuditRequest"]),
        Person::new(400_006, "lee@example.com", &["CanMakeRequest"]),
        Person::new(400_009, "stranger@example.com", &["CanAuditRequest"]).of_org("90009"),
    ]
}

async fn start_with_readers(on: On) -> App {
    let options = AppOptions::stepped().with_type(&type_file("", TWO_CHECKERS));
    App::with(on, options.with_pages(&readers())).await
}

/// The page behind the link with these words.
async fn follow(browser: &Browser<'_>, page: &Page, words: &str) -> Page {
    browser.page(&page.link(words).unwrap_or_else(|| panic!("no link {words}: {}", page.text()))).await
}

pub fn deciders() -> Vec<Person> {
    let both = ["CanMakeRequest", "CanCheckRequest"];
    let mut stranger = Person::new(400_009, "stranger@example.com", &["CanCheckRequest"]);
    stranger.orgs = json!("90009");
    vec![
        Person::new(400_001, "maker@example.com", &both),
        Person::new(400_002, "chen@example.com", &["CanCheckRequest"]),
        Person::new(400_004, "carl@example.com", &["CanCheckRequest"]),
        stranger,
    ]
}

async fn start_with_deciders(on: On, options: AppOptions) -> App {
    App::with(on, options.with_pages(&deciders())).await
}

/// A browser in which this person is signed in.
pub async fn signed_in<'a>(app: &'a App, user_id: &str) -> Browser<'a> {
    let browser = app.browser();
    browser.sign_in(user_id).await.leads_to();
    browser
}
