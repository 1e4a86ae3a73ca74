//! Every public shape as clients read it: a renamed member shows up here.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::claims::CALL;
use crate::support::pay_out::{body, type_file};
use crate::support::people::bulk;
use crate::support::{On, eventually, pretty, run};

/// Replaces everything that differs from run to run.
fn redact(app: &App, value: &mut Value) {
    match value {
        Value::Object(members) => {
            // The sandbox sends its headers in another order each time; a task's are texts and stay.
            if !members.is_empty() && members.values().all(Value::is_array) {
                members.sort_keys();
            }
            for (name, value) in members.iter_mut() {
                match name.as_str() {
                    "requestId" if value.as_str().is_some_and(|id| id.len() == 36) => *value = json!("[id]"),
                    "eventId" | "refusalId" | "repeatOf" | "repeatedBy" => *value = json!("[id]"),
                    "reference" => *value = json!("[reference]"),
                    "digest" if value.is_string() => *value = json!("[digest]"),
                    "typeVersion" if value.is_string() => *value = json!("[version]"),
                    "next" if value.is_string() => *value = json!("[cursor]"),
                    "date" | "x-cap-request-id" | "x-cap-requestid" => *value = json!(["[differs]"]),
                    "issuedId" => *value = json!("[id]"),
                    _ => redact(app, value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(app, item)),
        Value::String(text) => {
            let sandbox = app.sandbox.address.to_string();
            *text = text.replace(&sandbox, "[sandbox]").replace(&app.target.address.to_string(), "[target]");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn redacted(app: &App, mut value: Value) -> String {
    redact(app, &mut value);
    pretty(&value)
}

#[test]
fn a_request_through_its_life() {
    run(async {
        let app = App::with(On::Sqlite, AppOptions::stepped()).await;
        let body = app.example("ISSUE-BADGE");
        let submitted = app.maker().submit("ISSUE-BADGE", &body).await.expect(200);
        let id = submitted["data"]["requestId"].as_str().unwrap().to_owned();
        assert_snapshot!("submitted", redacted(&app, submitted));
        let approved = app.checker().approve_async(&id).await.expect(200);
        assert_snapshot!("approved", redacted(&app, approved));
        app.run_due_executions().await;
        let read = app.auditor().get(&format!("/requests/{id}")).await.expect(200);
        assert_snapshot!("executed", redacted(&app, read));
        let history = app.auditor().get(&format!("/requests/{id}/history")).await.expect(200);
        assert_snapshot!("history", redacted(&app, history));
    });
}

#[test]
fn a_call_that_is_sent_twice() {
    run(async {
        let app = App::with(On::Sqlite, AppOptions::stepped()).await;
        app.sandbox.cuts_after_work().await;
        let id = app.maker().submitted(&app.badge()).await.id;
        app.checker().approve_async(&id).await.data();
        app.run_due_executions().await;
        let waiting = app.auditor().get(&format!("/requests/{id}")).await.expect(200);
        assert_snapshot!("waiting_for_the_next_attempt", redacted(&app, waiting));
        app.clock.advance(CALL);
        app.run_due_executions().await;
        let inferred = app.auditor().get(&format!("/requests/{id}")).await.expect(200);
        assert_snapshot!("inferred", redacted(&app, inferred));
        let history = app.auditor().get(&format!("/requests/{id}/history")).await.expect(200);
        assert_snapshot!("history_of_a_repeat", redacted(&app, history));
    });
}

#[test]
fn other_ends_of_a_request() {
    run(async {
        let app = App::start(On::Sqlite).await;
        let rejected = app.maker().submitted(&app.badge()).await.id;
        let rejected = app.checker().reject(&rejected, "Not this one.").await.expect(200);
        assert_snapshot!("rejected", redacted(&app, rejected));
        let withdrawn = app.maker().submitted(&app.badge()).await.id;
        let withdrawn = app.maker().withdraw(&withdrawn, "A typing error.").await.expect(200);
        let again = withdrawn["data"]["requestId"].as_str().unwrap().to_owned();
        assert_snapshot!("withdrawn", redacted(&app, withdrawn));
        let again = app.maker().call("POST", &format!("/requests/{again}/submit-again")).json(&json!({}));
        assert_snapshot!("submitted_again", redacted(&app, again.send().await.expect(200)));
        let mut partly = app.badge();
        task(&mut partly)["body"]["customers"] = json!([700_000_900, 11_115]);
        let partly = app.maker().submitted(&partly).await.id;
        let partly = app.checker().approve(&partly).await.expect(200);
        assert_snapshot!("executed_with_warnings", redacted(&app, partly));
        app.sandbox.cuts_after_work().await;
        let unknown = app.maker().submitted(&app.badge_without_id()).await.id;
        let unknown = app.checker().approve(&unknown).await.expect(200);
        assert_snapshot!("unknown", redacted(&app, unknown));
        app.target.will_answer(422, "application/octet-stream", &[0xff, 0xfe]);
        let failed = app.maker().submitted(&app.badge_to_target()).await.id;
        let failed = app.checker().approve(&failed).await.expect(200);
        assert_snapshot!("failed_with_binary_answer", redacted(&app, failed));
    });
}

#[test]
fn many_decisions_in_one_call() {
    run(async {
        let app = App::with(On::Sqlite, AppOptions::stepped().with_type(&type_file("bulk = true", ""))).await;
        let read = app.maker().pays(&body(&app, "c-1", 10)).await;
        let badge = app.maker().submitted(&app.badge()).await;
        let answer = app.checker().put_many(&bulk("rejected", &[&read, &badge])).await.expect(200);
        assert_snapshot!("bulk_decisions", redacted(&app, answer));
    });
}

#[test]
fn lists_and_exports() {
    run(async {
        let app = App::start(On::Sqlite).await;
        let first = app.maker().submitted(&app.badge_to_target()).await.id;
        app.maker().submitted(&app.badge_to_target()).await;
        let large = format!("\"{}\"", "x".repeat(20_000));
        app.target.will_answer(200, "application/json", large.as_bytes());
        app.checker().approve(&first).await.data();
        let page = app.checker().get("/requests?limit=1&sortOrder=asc").await.expect(200);
        let next = page["pagination"]["next"].as_str().unwrap().to_owned();
        assert_snapshot!("list", redacted(&app, page));
        let path = format!("/requests?limit=1&sortOrder=asc&after={next}");
        let last = app.checker().get(&path).await.expect(200);
        assert_snapshot!("list_after_a_cursor", redacted(&app, last));
        let csv = app.auditor().get("/requests/export?format=csv").await.text;
        assert_snapshot!("export_csv_columns", csv.lines().next().unwrap());
        app.maker().submit("ISSUE-BADGE", &json!({})).await.expect(400);
        let refusals = app.auditor().get("/refusals").await.expect(200);
        assert_snapshot!("refusals", redacted(&app, refusals));
    });
}

#[test]
fn health() {
    run(async {
        let app = App::start(On::Sqlite).await;
        assert_snapshot!("live", pretty(&app.get("/health/live").await.expect(200)));
        let ready = eventually("the server is ready", async || {
            let reply = app.get("/health/ready").await;
            (reply.status == 200).then_some(reply.body)
        });
        let mut ready = ready.await;
        for age in ["lastWriteAgeMs", "lastTurnAgeMs"] {
            assert!(ready[age].is_u64(), "{ready}");
            ready[age] = "a number".into();
        }
        assert_snapshot!("ready", pretty(&ready));
        let id = app.maker().submitted(&app.badge()).await.id;
        app.checker().approve(&id).await.data();
        app.checker().reject(&id, "no").await.refused(409, "already_decided");
        let metrics = app.get("/metrics").await.text;
        let names: Vec<&str> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        assert_snapshot!("metrics", names.join("\n"));
    });
}

#[test]
fn a_request_that_people_settled() {
    run(async {
        let app = App::with(On::Sqlite, AppOptions::stepped()).await;
        app.target.will_hang_up();
        let id = app.maker().submitted(&app.badge_to_target()).await.id;
        app.checker().approve_async(&id).await.data();
        app.run_due_executions().await;
        app.checker().settles(&id, "failed", "It is not in their list.").await.data();
        let settled = app.other_checker().settles(&id, "failed", "Nor in mine.").await.expect(200);
        assert_snapshot!("settled", redacted(&app, settled));
        let history = app.auditor().history(&id).await.split_off(6);
        assert_snapshot!("history_of_a_settlement", redacted(&app, history.into()));
    });
}
