//! The OpenAPI document.

use crate::support::app::App;
use crate::support::{On, journeys};

journeys![the_openapi_document_is_served,];

async fn the_openapi_document_is_served(on: On) {
    let app = App::start(on).await;
    let document = app.get("/openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document, countersign::api::openapi::document(&countersign::catalog::embedded()));
}
