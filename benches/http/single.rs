//! The variant to compare with: one transaction per submission, over a pool of connections.

use actix_web::{HttpRequest, HttpResponse, web};
use countersign::api::Api;
use countersign::api::actor::{OrgHeader, actor};
use countersign::domain::code::Code;
use countersign::engine::SubmissionInput;
use countersign::http::body::UnreadBody;
use countersign::http::error::ApiError;
use countersign::http::middleware::reference;
use countersign::http::wire::{Data, Headers, RequestBody};
use countersign::store::submissions;
use countersign::store::{Opener, StoreError};
use diesel::Connection;
use diesel::r2d2::Pool;

pub type Connections = Pool<Opener>;

/// `POST /{REQUEST-TYPE}` as the API has it, but for the write.
pub async fn submit(
    api: web::Data<Api>,
    pool: web::Data<Connections>,
    request: HttpRequest,
    type_name: web::Path<String>,
    body: UnreadBody,
) -> Result<HttpResponse, ApiError> {
    let actor = actor(&api, &request, OrgHeader::Required)?;
    let bytes = body.read().await.bytes(&request)?;
    let reference = reference(&request);
    let submitting = SubmissionInput {
        actor: &actor,
        type_name: &type_name,
        body: Ok(&bytes),
        idempotency_key: None,
        reference: &reference,
    };
    let (view, rows) = api.engine.prepare(&submitting)?;
    let written = web::block(move || -> Result<(), StoreError> {
        let mut conn = pool.get().map_err(|error| StoreError::Pool(error.to_string()))?;
        conn.transaction(|conn| submissions::insert(conn, &[&rows]))
    });
    match written.await {
        Ok(Ok(())) => {
            let data = RequestBody::new(view, Headers::AsSent, api.offset);
            Ok(HttpResponse::Ok().json(Data { data }))
        }
        _ => Err(ApiError::new(Code::Internal, "the transaction failed")),
    }
}
