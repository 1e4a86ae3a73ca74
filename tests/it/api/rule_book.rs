//! Changed files come into force while the server runs.

use serde_json::json;

use super::plain;
use crate::support::pay_out::{RISK_THEN_FINANCE, body, type_file};
use crate::support::{On, journeys};

journeys![new_rules_come_into_force_all_or_none,];

async fn new_rules_come_into_force_all_or_none(on: On) {
    let app = plain(on, "").await;
    let rules = async || app.get("/health/ready").await.body["checks"]["rules"].clone();
    let metric = async || app.metric("countersign_rules_stale").await;
    assert_eq!((rules().await, metric().await.as_deref()), (json!("ok"), Some("0")));
    app.change_type(&type_file("", RISK_THEN_FINANCE).replace("count = 2", "count = \"two\"")).await;
    assert_eq!((rules().await, metric().await.as_deref()), (json!("stale"), Some("1")));
    let under_old = app.maker().pays(&body(&app, "c-1", 1)).await;
    assert_eq!(under_old.data["rule"], "default");
    app.change_type(&type_file("", RISK_THEN_FINANCE)).await;
    assert_eq!((rules().await, metric().await.as_deref()), (json!("ok"), Some("0")));
    let under_new = app.maker().pays(&body(&app, "c-2", 1)).await;
    assert_eq!(under_new.data["rule"], "risk then finance");
    app.checker().says(&under_new.id, "approved").await.refused(403, "not_in_stage");
    assert_eq!(app.checker().says(&under_old.id, "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
    let version = async |id: &str| app.auditor().history(id).await[0]["typeVersion"].clone();
    let (old, new) = (version(&under_old.id).await, version(&under_new.id).await);
    assert_ne!(old, new);
    let known = "SELECT count(*) AS number FROM events WHERE type = 'rules_in_force' AND data LIKE";
    for version in [&old, &new] {
        assert_eq!(app.count(&format!("{known} '%{}%'", version.as_str().unwrap())), 1);
    }
}
