//! Liveness, readiness, metrics.

use std::sync::atomic::Ordering;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};

use super::Api;
use crate::http::wire::{Check, Liveness, Readiness, ReadinessChecks, RulesCheck, Word};

/// `GET /health/live`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Liveness::ok())
}

/// `GET /health/ready`: the database answers, migrations are current, the executor is alive.
///
/// Stale rules are reported but don't make the server unready: the old ones are in force.
pub async fn ready(api: web::Data<Api>) -> HttpResponse {
    let store = api.engine.store_health().await;
    let executor = api.is_executor_alive();
    let is_ready = store.answers && store.is_current && executor;
    let are_rules_stale = api.rules_stale.load(Ordering::Relaxed);
    let checks = ReadinessChecks {
        database: Check::of(store.answers),
        migrations: Check::of(store.is_current),
        executor: Check::of(executor),
        rules: Word(if are_rules_stale { RulesCheck::Stale } else { RulesCheck::Ok }),
    };
    let body = Readiness { status: Check::of(is_ready), checks };
    if is_ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

/// `GET /metrics`
pub async fn metrics(api: web::Data<Api>) -> HttpResponse {
    let text = api.engine.metrics().render(api.engine.queue_depth());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        .body(text)
}
