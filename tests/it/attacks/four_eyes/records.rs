//! What was submitted, approved or recorded is changed or deleted.

use serde_json::{Value, json};

use super::{alice, app, bob, is_not_run, made, says, status_of_all};
use crate::support::On;
use crate::support::app::App;
use crate::support::pay_out::{PAY_OUT, body};

pub async fn eyes_018_a_payload_is_edited_while_it_waits(on: On, _: Value) -> String {
    let app = app(on).await;
    let submitted = app.actor(alice()).pays(&body(&app, "c-1", 10)).await;
    let path = format!("/requests/{}", submitted.id);
    let calls = ["PUT", "PATCH", "POST", "DELETE"].map(|method| (method, path.clone()));
    let status = status_of_all(&app, &calls, &body(&app, "c-1", 10_000)).await;
    let read = app.auditor().request(&submitted.id).await;
    assert_eq!((&read["digest"], &read["state"]), (&json!(submitted.digest), &json!("AdminTask")));
    status
}

pub async fn eyes_019_a_row_is_edited_after_the_approval(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    says(&app, bob(), &id, "approved").await.data();
    app.tamper(match on {
        On::Sqlite => "DROP TRIGGER calls_never_change",
        On::Postgres => "ALTER TABLE calls DISABLE TRIGGER USER",
    });
    app.tamper_call(&id, |stored| {
        stored.call = String::from_utf8_lossy(&stored.call).replace("10", "99").into_bytes();
    });
    let happened = is_not_run(&app, &id).await;
    assert_eq!(app.auditor().request(&id).await["state"], "failed");
    assert_eq!(app.metric("countersign_digest_stops_total").await.as_deref(), Some("1"), "no alarm");
    happened
}

pub async fn eyes_041_someone_deletes_a_request(on: On, _: Value) -> String {
    let app = app(on).await;
    let id = made(&app, alice()).await;
    let paths = [format!("/requests/{id}"), "/requests".to_owned(), format!("/requests/{id}/history")];
    let status = status_of_all(&app, &paths.map(|path| ("DELETE", path)), &Value::Null).await;
    says(&app, bob(), &id, "rejected").await.data();
    assert_eq!(app.auditor().request(&id).await["state"], "rejected");
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 1);
    status
}

pub async fn eyes_046_the_trail_cannot_be_written(on: On, _: Value) -> String {
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
