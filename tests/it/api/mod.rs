//! The JSON API, as its clients see it. Each case runs on both databases.

mod actor;
mod bulk;
mod contract_examples;
mod credentials;
mod database_faults;
mod deadlines;
mod decisions;
mod errors;
mod export;
mod faults;
mod findings;
mod four_eyes;
mod fresh_sign_in;
mod health;
mod idempotency;
mod inbox;
mod known_types;
mod lists;
mod masked_fields;
mod openapi;
mod org_trail;
mod probe;
mod reason;
mod refusals;
mod repeat_header;
mod revising;
mod rule_book;
mod search;
mod settle;
mod sorted_by_maker;
mod stages;
mod subjects;
mod submit_again;
mod trail;
mod visibility;
mod withdraw;

use crate::support::On;
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{RISK_THEN_FINANCE, type_file};
use crate::support::people::Person;

const CHECK: [&str; 1] = ["CanCheckRequest"];

fn rita() -> Person {
    Person::new(11, "rita@example.com", &CHECK).in_groups(&["Risk"])
}

fn fay() -> Person {
    Person::new(12, "fay@example.com", &CHECK).in_groups(&["Finance"])
}

fn finn() -> Person {
    Person::new(13, "finn@example.com", &CHECK).in_groups(&["Finance"])
}

async fn staged(on: On) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file("", RISK_THEN_FINANCE))).await
}

async fn plain(on: On, more: &str) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file(more, ""))).await
}
