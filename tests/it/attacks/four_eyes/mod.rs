//! Ways around four eyes: who tries what, with which accounts, through which entrance.

mod deadlines;
mod makers;
mod people;
mod records;
mod rules;
mod signatures;

use serde_json::Value;

use crate::attacks::{Override, Row, accounts_for_every_row};
use crate::support::app::{App, AppOptions};
use crate::support::client::Reply;
use crate::support::pay_out::{TWO_CHECKERS, body, type_file};
use crate::support::people::Person;
use crate::support::{On, run};

const FILE: &str = "four_eyes.json";

/// Rows that are not tried, with what happens instead.
const OVERRIDES: &[Override] = &[
    Override {
        id: "EYES-022",
        instead: "200",
        reason: "The contract knows decisions without a digest, so the digest is optional.",
    },
    Override {
        id: "EYES-023",
        instead: "the scheme and four bullets",
        reason: "The contract fixes how a credential is shown.",
    },
    Override {
        id: "EYES-033",
        instead: "executed",
        reason: "Suspending an org is later work; today an org is what tokens grant.",
    },
    Override {
        id: "EYES-035",
        instead: "in force at once",
        reason: "The allow-list is a file, so changing it is up to the operator's own review.",
    },
    Override {
        id: "EYES-036",
        instead: "in force at once",
        reason: "Policies are files, so changing one is up to the operator's own review.",
    },
    Override {
        id: "EYES-042",
        instead: "refused by the database",
        reason: "A trail that proves its own order is later work; today events can't be changed.",
    },
    Override {
        id: "EYES-045",
        instead: "not detected",
        reason: "Checkpoints that two auditors can compare are later work.",
    },
    Override {
        id: "EYES-047",
        instead: "not kept",
        reason: "Recording who read what is later work; today only changes and refusals are kept.",
    },
];

/// Lists the rows that are tried, each with its module and an `async fn(On, &Row) -> String` that says what happened.
macro_rules! rows {
    ($($id:literal $module:ident $attack:ident),* $(,)?) => {
        const TRIED: &[&str] = &[$($id),*];

        mod sqlite {
            $(#[test]
            fn $attack() {
                super::attempt(crate::support::On::Sqlite, $id, super::$module::$attack);
            })*
        }

        mod postgres {
            $(#[test]
            fn $attack() {
                super::attempt(crate::support::On::Postgres, $id, super::$module::$attack);
            })*
        }
    };
}

rows![
    "EYES-001" makers eyes_001_a_maker_with_both_permissions_approves_their_own_request,
    "EYES-004" makers eyes_004_a_maker_decides_what_was_made_through_a_service_account,
    "EYES-006" makers eyes_006_the_owner_of_a_key_decides_what_the_key_made,
    "EYES-007" makers eyes_007_an_administrator_approves_their_own_request,
    "EYES-009" makers eyes_009_a_maker_rejects_their_own_request,
    "EYES-010" makers eyes_010_a_maker_withdraws_before_the_decision,
    "EYES-011" makers eyes_011_a_maker_withdraws_after_the_approval,
    "EYES-013" signatures eyes_013_a_checker_signs_twice_with_linked_accounts,
    "EYES-014" signatures eyes_014_a_call_is_sent_before_its_last_approval,
    "EYES-015" signatures eyes_015_two_last_approvals_come_at_once,
    "EYES-016" signatures eyes_016_an_approval_and_a_rejection_come_at_once,
    "EYES-018" records eyes_018_a_payload_is_edited_while_it_waits,
    "EYES-019" records eyes_019_a_row_is_edited_after_the_approval,
    "EYES-021" signatures eyes_021_a_checker_approves_another_digest,
    "EYES-024" deadlines eyes_024_a_request_waits_past_its_approval_window,
    "EYES-025" deadlines eyes_025_an_approved_request_waits_past_its_execution_window,
    "EYES-030" people eyes_030_a_maker_leaves_before_their_call_is_sent,
    "EYES-032" people eyes_032_a_checker_of_another_org_decides,
    "EYES-037" rules eyes_037_someone_turns_four_eyes_off,
    "EYES-038" rules eyes_038_a_policy_is_relaxed_while_requests_wait,
    "EYES-039" people eyes_039_two_accounts_turn_out_to_be_one_person,
    "EYES-040" rules eyes_040_someone_breaks_the_glass,
    "EYES-041" records eyes_041_someone_deletes_a_request,
    "EYES-046" records eyes_046_the_trail_cannot_be_written,
    "EYES-048" signatures eyes_048_a_checker_approves_a_batch_with_bad_items_in_it,
    "EYES-049" signatures eyes_049_a_link_in_a_mail_approves,
];

#[test]
fn every_row_is_tried_or_overridden() {
    accounts_for_every_row(FILE, TRIED, OVERRIDES);
}

fn attempt<F: Future<Output = String>>(on: On, id: &str, attack: fn(On, Value) -> F) {
    let row = Row::of(FILE, id);
    run(async { row.compare(&attack(on, row.input.clone()).await) });
}

const BOTH: [&str; 2] = ["CanMakeRequest", "CanCheckRequest"];

const ALL: [&str; 3] = ["CanMakeRequest", "CanCheckRequest", "CanAuditRequest"];

fn alice() -> Person {
    Person::new(1, "alice@example.com", &BOTH)
}

fn bob() -> Person {
    Person::new(2, "bob@example.com", &["CanCheckRequest"])
}

fn carol() -> Person {
    Person::new(3, "carol@example.com", &["CanCheckRequest"])
}

const PEOPLE: &str = r#"
[[people]]
name = "Alice"
accounts = ["sub-1"]
[[people]]
name = "Bob"
accounts = ["sub-2", "sub-22"]
[[people]]
name = "Carol"
accounts = ["sub-3"]
[[people]]
name = "key"
accounts = ["sub-9"]
owners = ["Alice"]
"#;

/// One checker decides; the executor runs when the test says so.
async fn app(on: On) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file("", "")).with_people(PEOPLE)).await
}

/// Two checkers must approve.
async fn app_of_two(on: On) -> App {
    App::with(on, AppOptions::stepped().with_type(&type_file("", TWO_CHECKERS)).with_people(PEOPLE)).await
}

/// Submits as `maker`; its id.
async fn made(app: &App, maker: Person) -> String {
    app.actor(maker).pays(&body(app, "c-1", 10)).await.id
}

async fn says(app: &App, who: Person, id: &str, verdict: &str) -> Reply {
    app.actor(who).says(id, verdict).await
}

/// The status of a refusal with this code, after which the request still waits.
async fn kept_out(app: &App, (id, reply): (&str, Reply), code: &str) -> String {
    let status = reply.status;
    reply.refused(status, code);
    is_not_run(app, id).await;
    assert_eq!(app.auditor().request(id).await["state"], "AdminTask");
    status.to_string()
}

/// Runs everything that is due, and asserts that nothing arrived.
async fn is_not_run(app: &App, id: &str) -> String {
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0, "{id} was sent");
    "not_executed".to_owned()
}

/// The status that every one of these calls got.
async fn status_of_all(app: &App, calls: &[(&str, String)], body: &Value) -> String {
    let mut statuses = Vec::new();
    for (method, path) in calls {
        for person in [alice(), Person { permissions: ALL.to_vec(), ..bob() }] {
            statuses.push(app.actor(person).call(method, path).json(body).send().await.status);
        }
    }
    assert!(statuses.iter().all(|status| *status == statuses[0]), "{calls:?}: {statuses:?}");
    statuses[0].to_string()
}
