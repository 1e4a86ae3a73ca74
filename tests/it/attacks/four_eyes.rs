//! Who tries to decide what, with which accounts, and past which door.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Override, Row, accounts_for_every_row};
use crate::support::app::{App, Wishes};
use crate::support::client::Reply;
use crate::support::pay_out::{PAY_OUT, TWO_CHECKERS, body, type_file};
use crate::support::people::{BASE, Person, Submitted, decision};
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

/// Lists the rows that are tried, each an `async fn(On, &Row) -> String` that says what happened.
macro_rules! rows {
    ($($id:literal $attack:ident),* $(,)?) => {
        const TRIED: &[&str] = &[$($id),*];

        mod sqlite {
            $(#[test]
            fn $attack() {
                super::attempt(crate::support::On::Sqlite, $id, super::$attack);
            })*
        }

        mod postgres {
            $(#[test]
            fn $attack() {
                super::attempt(crate::support::On::Postgres, $id, super::$attack);
            })*
        }
    };
}

rows![
    "EYES-001" eyes_001_a_maker_with_both_rights_approves_his_own,
    "EYES-004" eyes_004_a_maker_decides_what_was_made_through_a_service_account,
    "EYES-006" eyes_006_the_owner_of_a_key_decides_what_the_key_made,
    "EYES-007" eyes_007_an_administrator_approves_his_own,
    "EYES-009" eyes_009_a_maker_rejects_his_own,
    "EYES-010" eyes_010_a_maker_withdraws_before_the_decision,
    "EYES-011" eyes_011_a_maker_withdraws_after_the_approval,
    "EYES-013" eyes_013_a_checker_signs_twice_with_linked_accounts,
    "EYES-014" eyes_014_a_call_is_run_before_its_last_approval,
    "EYES-015" eyes_015_two_last_approvals_come_at_once,
    "EYES-016" eyes_016_an_approval_and_a_rejection_come_at_once,
    "EYES-018" eyes_018_a_payload_is_edited_while_it_waits,
    "EYES-019" eyes_019_a_row_is_edited_after_the_approval,
    "EYES-021" eyes_021_a_checker_approves_another_digest,
    "EYES-024" eyes_024_a_request_waits_past_its_approval_window,
    "EYES-025" eyes_025_an_approved_request_waits_past_its_execution_window,
    "EYES-030" eyes_030_a_maker_leaves_before_his_call_is_run,
    "EYES-032" eyes_032_a_checker_of_another_org_decides,
    "EYES-037" eyes_037_somebody_turns_four_eyes_off,
    "EYES-038" eyes_038_a_policy_is_relaxed_while_requests_wait,
    "EYES-039" eyes_039_two_accounts_turn_out_to_be_one_person,
    "EYES-040" eyes_040_somebody_breaks_the_glass,
    "EYES-041" eyes_041_somebody_deletes_a_request,
    "EYES-046" eyes_046_the_trail_cannot_be_written,
    "EYES-048" eyes_048_a_checker_approves_a_batch_with_bad_items_in_it,
    "EYES-049" eyes_049_a_link_in_a_mail_approves,
];

#[test]
fn every_row_is_tried_or_overridden() {
    accounts_for_every_row(FILE, TRIED, OVERRIDES);
}

fn attempt<F: Future<Output = String>>(on: On, id: &str, attack: fn(On, Value) -> F) {
    let row = Row::of(FILE, id);
    run(async { row.compare(&attack(on, row.input.clone()).await) });
}

/// The words of the table for the rights of the contract.
fn rights(input: &Value) -> Vec<&'static str> {
    let named = input["perms"].as_array().map_or(&[][..], Vec::as_slice);
    named.iter().map(|name| if name == "make" { "CanMakeRequest" } else { "CanCheckRequest" }).collect()
}

const BOTH: [&str; 2] = ["CanMakeRequest", "CanCheckRequest"];
const ALL: [&str; 3] = ["CanMakeRequest", "CanCheckRequest", "CanAuditRequest"];

fn alice() -> Person {
    Person::new(1, "alice@example.com", &BOTH)
}

fn bob() -> Person {
    Person::new(2, "bob@example.com", &["CanCheckRequest"])
}

fn bob_who_makes() -> Person {
    Person { permissions: BOTH.to_vec(), ..bob() }
}

fn carol() -> Person {
    Person::new(3, "carol@example.com", &["CanCheckRequest"])
}

fn robot() -> Person {
    Person::new(9, "svc-key-1", &BOTH)
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

/// One checker decides; the executor runs when it is told to.
async fn app(on: On) -> App {
    App::with(on, Wishes::stepped().with_type(&type_file("", "")).with_people(PEOPLE)).await
}

/// Two checkers have to approve.
async fn app_of_two(on: On) -> App {
    App::with(on, Wishes::stepped().with_type(&type_file("", TWO_CHECKERS)).with_people(PEOPLE)).await
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

/// Lets everything run that may, and sees that nothing arrived.
async fn is_not_run(app: &App, id: &str) -> String {
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0, "{id} was sent");
    "not_executed".to_owned()
}

async fn eyes_001_a_maker_with_both_rights_approves_his_own(on: On, input: Value) -> String {
    let app = app(on).await;
    let alice = Person::new(1, "alice@example.com", &rights(&input));
    let id = made(&app, alice.clone()).await;
    let reply = says(&app, alice, &id, "approved").await;
    kept_out(&app, (&id, reply), "maker_is_checker").await
}

async fn eyes_004_a_maker_decides_what_was_made_through_a_service_account(on: On, _: Value) -> String {
    let app = app(on).await;
    let service = Person::new(77, "svc", &BOTH);
    for maker in [alice().acted_for_by(&service), service.clone().acted_for_by(&alice())] {
        let id = made(&app, maker).await;
        for checker in [alice(), service.clone(), bob().acted_for_by(&alice())] {
            let reply = says(&app, checker, &id, "approved").await;
            kept_out(&app, (&id, reply), "maker_is_checker").await;
        }
        let reply = says(&app, alice(), &id, "approved").await;
        assert_eq!(reply.status, 403);
    }
    "403".to_owned()
}

async fn eyes_006_the_owner_of_a_key_decides_what_the_key_made(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, robot()).await;
    let reply = says(&app, alice(), &id, "approved").await;
    let status = kept_out(&app, (&id, reply), "maker_is_checker").await;
    let other = made(&app, alice()).await;
    let reply = says(&app, robot(), &other, "approved").await;
    assert_eq!(kept_out(&app, (&other, reply), "maker_is_checker").await, status);
    status
}

async fn eyes_007_an_administrator_approves_his_own(on: On, input: Value) -> String {
    let app = app(on).await;
    assert_eq!(input["role"], "admin");
    let admin = Person { permissions: vec![ALL[0], ALL[1], ALL[2], "admin"], ..alice() };
    let admin = admin.in_groups(&["admin", "Risk"]);
    let id = made(&app, admin.clone()).await;
    let reply = says(&app, admin, &id, "approved").await;
    kept_out(&app, (&id, reply), "maker_is_checker").await
}

async fn eyes_009_a_maker_rejects_his_own(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let reply = says(&app, alice(), &id, "rejected").await;
    let status = kept_out(&app, (&id, reply), "maker_is_checker").await;
    app.actor(alice()).withdraw(&id, "not this one").await.data();
    assert_eq!(app.auditor().happened(&id).await[3..], ["refused", "withdrawn"]);
    status
}

async fn eyes_010_a_maker_withdraws_before_the_decision(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let reply = app.actor(alice()).withdraw(&id, "not this one").await;
    let status = reply.status.to_string();
    assert_eq!(reply.data()["state"], "withdrawn");
    status
}

async fn eyes_011_a_maker_withdraws_after_the_approval(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    assert_eq!(says(&app, bob(), &id, "approved").await.data()["state"], "approved");
    let reply = app.actor(alice()).withdraw(&id, "too late").await;
    let status = reply.status.to_string();
    reply.refused(409, "already_decided");
    app.run_due_executions().await;
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
    status
}

async fn eyes_013_a_checker_signs_twice_with_linked_accounts(on: On, _: Value) -> String {
    let app = app_of_two(on).await;
    let id = made(&app, alice()).await;
    assert_eq!(says(&app, bob(), &id, "approved").await.data()["state"], "AdminTask");
    let linked = Person::new(22, "bob-alt@example.com", &["CanCheckRequest"]);
    let reply = says(&app, linked, &id, "approved").await;
    kept_out(&app, (&id, reply), "already_decided_by_you").await
}

async fn eyes_014_a_call_is_run_before_its_last_approval(on: On, _: Value) -> String {
    let app = app_of_two(on).await;
    let id = made(&app, alice()).await;
    says(&app, bob(), &id, "approved").await.data();
    let happened = is_not_run(&app, &id).await;
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
    happened
}

async fn eyes_015_two_last_approvals_come_at_once(on: On, _: Value) -> String {
    let app = app_of_two(on).await;
    let id = made(&app, alice()).await;
    let (one, other) = tokio::join!(says(&app, bob(), &id, "approved"), says(&app, carol(), &id, "approved"));
    assert_eq!((one.status, other.status), (200, 200));
    let happened = app.auditor().happened(&id).await;
    assert_eq!(happened[3..], ["approval_given", "approved"]);
    app.run_due_executions().await;
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1);
    assert_eq!(app.auditor().request(&id).await["state"], "executed");
    "executed_once".to_owned()
}

async fn eyes_016_an_approval_and_a_rejection_come_at_once(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let (one, other) = tokio::join!(says(&app, bob(), &id, "approved"), says(&app, carol(), &id, "rejected"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let history = app.auditor().happened(&id).await;
    assert!(
        history[3..] == ["approved", "refused"] || history[3..] == ["rejected", "refused"],
        "{history:?}"
    );
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), usize::from(history[3] == "approved"));
    "one_wins".to_owned()
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

async fn eyes_018_a_payload_is_edited_while_it_waits(on: On, _: Value) -> String {
    let app = app(on).await;
    let submitted = app.actor(alice()).pays(&body(&app, "c-1", 10)).await;
    let path = format!("/requests/{}", submitted.id);
    let calls = ["PUT", "PATCH", "POST", "DELETE"].map(|method| (method, path.clone()));
    let status = status_of_all(&app, &calls, &body(&app, "c-1", 10_000)).await;
    let read = app.auditor().request(&submitted.id).await;
    assert_eq!((&read["digest"], &read["state"]), (&json!(submitted.digest), &json!("AdminTask")));
    status
}

async fn eyes_019_a_row_is_edited_after_the_approval(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    says(&app, bob(), &id, "approved").await.data();
    let change = match on {
        On::Sqlite => {
            "DROP TRIGGER calls_never_change; \
             UPDATE calls SET call = CAST(replace(CAST(call AS TEXT), '10', '99') AS BLOB)"
        }
        On::Postgres => {
            "ALTER TABLE calls DISABLE TRIGGER USER; \
             UPDATE calls SET call = overlay(call placing '\\x5d' from length(call))"
        }
    };
    app.tamper(change);
    let happened = is_not_run(&app, &id).await;
    assert_eq!(app.auditor().request(&id).await["state"], "failed");
    assert_eq!(app.metric("countersign_digest_stops_total").await.as_deref(), Some("1"), "no alarm");
    happened
}

async fn eyes_021_a_checker_approves_another_digest(on: On, _: Value) -> String {
    let app = app(on).await;
    let shown = app.actor(alice()).pays(&body(&app, "c-1", 10)).await.digest;
    let id = app.actor(alice()).pays(&body(&app, "c-1", 10_000)).await.id;
    let mut seen = decision(&id, "approved", "as shown");
    seen["payload"]["AdminTask-Payload"]["digest"] = shown.into();
    let reply = app.actor(bob()).saying(&seen).send().await;
    kept_out(&app, (&id, reply), "digest_mismatch").await
}

async fn eyes_024_a_request_waits_past_its_approval_window(on: On, _: Value) -> String {
    let hours = type_file("pending_ttl = \"24h\"\napproval_ttl = \"1h\"", "");
    let app = App::with(on, Wishes::stepped().with_type(&hours)).await;
    let id = made(&app, alice()).await;
    app.clock.advance(TimeDelta::hours(24) + TimeDelta::seconds(1));
    says(&app, bob(), &id, "approved").await.refused(409, "request_expired");
    is_not_run(&app, &id).await;
    let read = app.auditor().request(&id).await;
    assert_eq!(read["expiredFrom"], "AdminTask");
    read["state"].as_str().unwrap().to_uppercase()
}

async fn eyes_025_an_approved_request_waits_past_its_execution_window(on: On, _: Value) -> String {
    let hours = type_file("pending_ttl = \"24h\"\napproval_ttl = \"1h\"", "");
    let app = App::with(on, Wishes::stepped().with_type(&hours)).await;
    let id = made(&app, alice()).await;
    says(&app, bob(), &id, "approved").await.data();
    app.clock.advance(TimeDelta::hours(1) + TimeDelta::seconds(1));
    is_not_run(&app, &id).await;
    app.sweep().await;
    let read = app.auditor().request(&id).await;
    assert_eq!(read["expiredFrom"], "approved");
    read["state"].as_str().unwrap().to_uppercase()
}

/// Two accounts that nobody knows to be one person, and a type that looks again before it sends.
async fn app_that_looks_again(on: On) -> App {
    let file = type_file("recheck_at_execution = true", TWO_CHECKERS);
    App::with(on, Wishes::stepped().with_type(&file).with_people(PEOPLE)).await
}

/// The last event of a call that was stopped.
async fn stopped(app: &App, id: &str) -> String {
    assert_eq!(app.auditor().request(id).await["state"], "failed");
    let last = app.auditor().history(id).await.pop().unwrap();
    assert_eq!((&last["type"], last.get("attempt")), (&json!("failed"), None));
    last["message"].as_str().unwrap().to_owned()
}

async fn eyes_030_a_maker_leaves_before_his_call_is_run(on: On, _: Value) -> String {
    let app = app_that_looks_again(on).await;
    let id = made(&app, alice()).await;
    for checker in [bob(), carol()] {
        says(&app, checker, &id, "approved").await.data();
    }
    app.change_people(&PEOPLE.replace("[\"sub-1\"]", "[\"sub-1\"]\nactive = false")).await;
    let happened = is_not_run(&app, &id).await;
    let told = stopped(&app, &id).await;
    assert!(told.contains("alice@example.com"), "{told}");
    app.actor(alice()).submit(PAY_OUT, &body(&app, "c-1", 10)).await.refused(403, "person_inactive");
    happened
}

async fn eyes_032_a_checker_of_another_org_decides(on: On, input: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let stranger =
        Person { permissions: ALL.to_vec(), ..bob() }.of_org(input["orgOfChecker"].as_str().unwrap());
    app.actor(stranger.clone()).get(&format!("/requests/{id}")).await.refused(404, "not_found");
    let reply = says(&app, stranger, &id, "approved").await;
    kept_out(&app, (&id, reply), "not_found").await
}

async fn eyes_037_somebody_turns_four_eyes_off(on: On, _: Value) -> String {
    let app = app(on).await;
    let relaxed = json!({ "policy": [{ "name": "nobody", "auto_approve": true }] });
    // What holds the types and their policies has no other verbs than to submit and to decide.
    let type_path = || format!("/{PAY_OUT}");
    let verbs = ["PATCH", "DELETE", "GET"].map(|method| (method, type_path()));
    let status = status_of_all(&app, &verbs, &relaxed).await;
    for path in ["/policies", "/types", "/settings"] {
        let calls = ["POST", "PUT", "PATCH", "DELETE"].map(|method| (method, path.to_owned()));
        assert_eq!(status_of_all(&app, &calls, &relaxed).await, "404");
    }
    let id = made(&app, alice()).await;
    let reply = says(&app, alice(), &id, "approved").await;
    kept_out(&app, (&id, reply), "maker_is_checker").await;
    status
}

async fn eyes_038_a_policy_is_relaxed_while_requests_wait(on: On, input: Value) -> String {
    let app = app_of_two(on).await;
    let mut waiting = Vec::new();
    for _ in 0..input["pendingRequests"].as_u64().unwrap() {
        waiting.push(made(&app, alice()).await);
    }
    app.change_type(&type_file("", "")).await;
    let new = made(&app, alice()).await;
    assert_eq!(says(&app, bob(), &new, "approved").await.data()["state"], "approved");
    for id in &waiting {
        assert_eq!(says(&app, bob(), id, "approved").await.data()["state"], "AdminTask");
    }
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1, "only what was submitted under the new policy");
    assert_eq!(says(&app, carol(), &waiting[0], "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
    "old_policy_or_stricter".to_owned()
}

async fn eyes_039_two_accounts_turn_out_to_be_one_person(on: On, _: Value) -> String {
    let app = app_that_looks_again(on).await;
    let (approved, waits) = (made(&app, alice()).await, made(&app, alice()).await);
    for (id, checker) in [(&approved, bob()), (&approved, carol()), (&waits, bob())] {
        says(&app, checker, id, "approved").await.data();
    }
    let linked = PEOPLE.replace("\"sub-2\",", "\"sub-2\", \"sub-3\",");
    let linked = linked.replace("[[people]]\nname = \"Carol\"\naccounts = [\"sub-3\"]\n", "");
    app.change_people(&linked).await;
    says(&app, carol(), &waits, "approved").await.refused(409, "already_decided_by_you");
    is_not_run(&app, &approved).await;
    let told = stopped(&app, &approved).await;
    assert!(told.contains("is the same person as bob@example.com"), "{told}");
    "audit_flag".to_owned()
}

async fn eyes_040_somebody_breaks_the_glass(on: On, input: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let status = status_of_all(&app, &[("POST", format!("/requests/{id}"))], &input).await;
    for verb in ["execute", "approve", "break-glass", "override"] {
        let calls = ["POST", "PUT"].map(|method| (method, format!("/requests/{id}/{verb}")));
        assert_eq!(status_of_all(&app, &calls, &input).await, "404");
    }
    let mut marked = body(&app, "c-1", 10);
    marked["breakGlass"] = true.into();
    app.actor(alice()).submit(PAY_OUT, &marked).await.refused(400, "payload_invalid");
    let mut own = decision(&id, "approved", "an emergency");
    own["breakGlass"] = true.into();
    app.actor(alice()).saying(&own).send().await.refused(400, "payload_invalid");
    is_not_run(&app, &id).await;
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
    status
}

async fn eyes_041_somebody_deletes_a_request(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let paths = [format!("/requests/{id}"), "/requests".to_owned(), format!("/requests/{id}/history")];
    let status = status_of_all(&app, &paths.map(|path| ("DELETE", path)), &Value::Null).await;
    says(&app, bob(), &id, "rejected").await.data();
    assert_eq!(app.auditor().request(&id).await["state"], "rejected");
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 1);
    status
}

async fn eyes_046_the_trail_cannot_be_written(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let before = app.auditor().request(&id).await;
    let counted = |app: &App| {
        ["requests", "decisions", "executions", "events"]
            .map(|table| app.count(&format!("SELECT count(*) AS number FROM {table}")))
    };
    let rows = counted(&app);
    let (fail, heal) = match on {
        On::Sqlite => (
            "CREATE TRIGGER no_events BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no room'); END",
            "DROP TRIGGER no_events",
        ),
        On::Postgres => (
            "CREATE FUNCTION no_events() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'no room'; END $$; \
             CREATE TRIGGER no_events BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION no_events()",
            "DROP TRIGGER no_events ON events",
        ),
    };
    app.tamper(fail);
    says(&app, bob(), &id, "approved").await.refused(500, "internal");
    says(&app, bob(), &id, "rejected").await.refused(500, "internal");
    app.actor(alice()).withdraw(&id, "never mind").await.refused(500, "internal");
    app.actor(alice()).submit(PAY_OUT, &body(&app, "c-1", 10)).await.refused(500, "internal");
    is_not_run(&app, &id).await;
    assert_eq!((counted(&app), app.auditor().request(&id).await), (rows, before));
    app.tamper(heal);
    assert_eq!(says(&app, bob(), &id, "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
    "no_state_change".to_owned()
}

async fn eyes_048_a_checker_approves_a_batch_with_bad_items_in_it(on: On, input: Value) -> String {
    let app =
        App::with(on, Wishes::stepped().with_type(&type_file("bulk = true", "")).with_people(PEOPLE)).await;
    let number = input["batchApprove"].as_i64().unwrap();
    let mut good = Vec::new();
    for points in 1..=number {
        good.push(app.actor(alice()).pays(&body(&app, &format!("c-{points}"), points)).await);
    }
    let own = app.actor(bob_who_makes()).pays(&body(&app, "c-own", 1)).await;
    let mut swapped = app.actor(alice()).pays(&body(&app, "c-swapped", 1)).await;
    swapped.digest.clone_from(&good[0].digest);
    for batch in good.chunks(98) {
        let items: Vec<&Submitted> = [&own].into_iter().chain(batch).chain([&swapped]).collect();
        let told = app.actor(bob_who_makes()).decides_all("approved", &items).await;
        let (first, last) = (told.first().unwrap(), told.last().unwrap());
        assert_eq!((&first["code"], &last["code"]), (&json!("maker_is_checker"), &json!("digest_mismatch")));
        assert!(told[1..=batch.len()].iter().all(|item| item["outcome"] == "recorded"), "{told:?}");
    }
    let kept = "SELECT count(DISTINCT digest) AS number FROM events WHERE type = 'approved'";
    assert_eq!(app.count(kept), number, "an event for each, with its own digest");
    let waiting = app.auditor().lists("states=AdminTask").await;
    assert_eq!(waiting, [swapped.id, own.id], "only the bad ones wait");
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), usize::try_from(number).unwrap());
    format!("{} decisions", app.count("SELECT count(*) AS number FROM decisions"))
}

async fn eyes_049_a_link_in_a_mail_approves(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let query = format!("requestId={id}&actionName=AdminTask&actionDecision=approved&actionMessage=x");
    let mut statuses = Vec::new();
    for path in [format!("/{PAY_OUT}?{query}"), format!("/requests/{id}/withdraw?reason=x")] {
        statuses.push(app.actor(bob()).get(&path).await.refused(405, "method_not_allowed"));
    }
    let approve = app.call("GET", &format!("{BASE}/requests/{id}/approve")).send().await;
    assert_eq!(approve.status, 404);
    is_not_run(&app, &id).await;
    assert_eq!(app.auditor().request(&id).await["state"], "AdminTask");
    assert_eq!(statuses.len(), 2);
    "405".to_owned()
}
