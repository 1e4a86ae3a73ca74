//! Requests that wait too long.

use chrono::TimeDelta;
use serde_json::Value;

use super::{alice, bob, is_not_run, made, says};
use crate::support::On;
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::type_file;

pub async fn eyes_024_a_request_waits_past_its_approval_window(on: On, _: Value) -> String {
    let hours = type_file("pending_ttl = \"24h\"\napproval_ttl = \"1h\"", "");
    let app = App::with(on, AppOptions::stepped().with_type(&hours)).await;
    let id = made(&app, alice()).await;
    app.clock.advance(TimeDelta::hours(24) + TimeDelta::seconds(1));
    says(&app, bob(), &id, "approved").await.refused(409, "request_expired");
    is_not_run(&app, &id).await;
    let read = app.auditor().request(&id).await;
    assert_eq!(read["expiredFrom"], "AdminTask");
    read["state"].as_str().unwrap().to_uppercase()
}

pub async fn eyes_025_an_approved_request_waits_past_its_execution_window(on: On, _: Value) -> String {
    let hours = type_file("pending_ttl = \"24h\"\napproval_ttl = \"1h\"", "");
    let app = App::with(on, AppOptions::stepped().with_type(&hours)).await;
    let id = made(&app, alice()).await;
    says(&app, bob(), &id, "approved").await.data();
    app.clock.advance(TimeDelta::hours(1) + TimeDelta::seconds(1));
    is_not_run(&app, &id).await;
    app.sweep().await;
    let read = app.auditor().request(&id).await;
    assert_eq!(read["expiredFrom"], "approved");
    read["state"].as_str().unwrap().to_uppercase()
}
