//! Liveness, readiness, metrics.

use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};

use super::Api;
use crate::http::wire::{Check, Liveness, Readiness, ReadinessChecks, RulesCheck, StaleFile, Word};

/// `GET /health/live`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Liveness::ok())
}

/// Writes that wait longer than this, or a loop that does not turn for longer, make the server unready.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// `GET /health/ready`: the database answers, writes are recorded, migrations are current, the executor's
/// loop turns.
///
/// Stale rules and failing subscriptions are reported but don't make the server unready: it does its work.
pub async fn ready(api: web::Data<Api>) -> HttpResponse {
    let store = api.engine.store_health().await;
    let writes = api.engine.write_health();
    let turned = api.executor.age();
    let are_written = writes.blocked.is_none_or(|blocked| blocked < STALLED_AFTER);
    let executor = api.executor.is_alive() && turned.is_some_and(|age| age < STALLED_AFTER);
    let is_ready = store.answers && are_written && store.is_current && executor;
    let failing = api.engine.subscriptions_that_need_people();
    let stale = api.engine.stale_rules();
    let checks = ReadinessChecks {
        database: Check::of(store.answers),
        writes: Check::of(are_written),
        migrations: Check::of(store.is_current),
        executor: Check::of(executor),
        subscriptions: Check::of(failing.is_empty()),
        rules: Word(if stale.is_empty() { RulesCheck::Ok } else { RulesCheck::Stale }),
    };
    let body = Readiness {
        status: Check::of(is_ready),
        checks,
        last_write_age_ms: millis(writes.last_write),
        last_turn_age_ms: turned.map(millis),
        search_lag_ms: u64::try_from(api.engine.search_lag().num_milliseconds()).unwrap_or(0),
        failing_subscriptions: failing,
        stale_rules: stale.into_iter().map(StaleFile::from).collect(),
    };
    if is_ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

fn millis(age: Duration) -> u64 {
    u64::try_from(age.as_millis()).unwrap_or(u64::MAX)
}

/// `GET /metrics`
pub async fn metrics(api: web::Data<Api>) -> HttpResponse {
    let text = api.engine.metrics().render(api.engine.queue_depth());
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        .body(text)
}
