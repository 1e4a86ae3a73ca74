//! Signing in to the pages, staying signed in, and who may send a form.

mod csrf;
mod lifetime;
mod sign_in;

use serde_json::json;

use crate::support::On;
use crate::support::app::{App, AppOptions};
use crate::support::people::Person;

fn people() -> Vec<Person> {
    let mut chen = Person::new(400_002, "checker@example.com", &["CanCheckRequest"]);
    chen.orgs = json!(["90001", "90002"]);
    vec![Person::new(400_001, "maker@example.com", &["CanMakeRequest"]), chen]
}

async fn start(on: On) -> App {
    App::with(on, AppOptions::stepped().with_pages(&people())).await
}
