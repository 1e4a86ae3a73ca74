//! Is it alive, is it ready, what has it counted.

use std::sync::atomic::Ordering;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use serde_json::json;

use super::Api;

/// `GET /health/live`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /health/ready`: the database answers, migrations are current, the executor is alive.
///
/// Rules that could not be read anew are told, but the old ones are in force and work goes on.
pub async fn ready(api: web::Data<Api>) -> HttpResponse {
    let store = api.engine.store_health().await;
    let executor = api.is_executor_alive();
    let word = |is_well| if is_well { "ok" } else { "failing" };
    let is_ready = store.answers && store.is_current && executor;
    let body = json!({
        "status": word(is_ready),
        "checks": {
            "database": word(store.answers),
            "migrations": word(store.is_current),
            "executor": word(executor),
            "rules": if api.rules_stale.load(Ordering::Relaxed) { "stale" } else { "ok" },
        },
    });
    if is_ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

/// `GET /metrics`
pub async fn metrics(api: web::Data<Api>) -> HttpResponse {
    let text = api.engine.metrics().render(api.engine.queue_depth());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        .body(text)
}
