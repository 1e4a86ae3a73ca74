//! The sandbox's administration: its contents, faults on demand, and reset.

use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpResponse, http::StatusCode};
use serde::Serialize;
use serde_json::json;

use super::faults::Fault;
use super::{Sandbox, seed};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sandbox").route(web::get().to(holdings)))
        .service(web::resource("/sandbox/reset").route(web::post().to(reset)))
        .service(
            web::resource("/sandbox/faults")
                .route(web::get().to(list_faults))
                .route(web::post().to(add_fault))
                .route(web::delete().to(clear_faults)),
        );
}

async fn holdings(sandbox: Data<Sandbox>) -> HttpResponse {
    answer(StatusCode::OK, &*sandbox.state())
}

async fn reset(sandbox: Data<Sandbox>) -> HttpResponse {
    *sandbox.state() = seed::state();
    HttpResponse::NoContent().finish()
}

async fn list_faults(sandbox: Data<Sandbox>) -> HttpResponse {
    answer(StatusCode::OK, &json!({"faults": sandbox.state().faults}))
}

async fn add_fault(body: Bytes, sandbox: Data<Sandbox>) -> HttpResponse {
    let fault: Fault = match serde_json::from_slice(&body) {
        Ok(fault) => fault,
        Err(error) => return refuse(&format!("The fault is not readable: {error}.")),
    };
    if let Err(reason) = fault.check() {
        return refuse(reason);
    }
    let mut state = sandbox.state();
    state.faults.add(fault);
    answer(StatusCode::CREATED, &json!({"faults": state.faults}))
}

async fn clear_faults(sandbox: Data<Sandbox>) -> HttpResponse {
    sandbox.state().faults.clear();
    HttpResponse::NoContent().finish()
}

fn refuse(reason: &str) -> HttpResponse {
    answer(StatusCode::BAD_REQUEST, &json!({"error": reason}))
}

fn answer(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let text = serde_json::to_string(body).expect("everything that is held has text for member names");
    HttpResponse::build(status).content_type("application/json").body(text)
}
