//! A header by which the target recognises a repeat: the engine fills it with the request's id.

use serde_json::json;

use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{PAY_OUT, body, type_file};
use crate::support::{On, journeys};

journeys![
    the_header_has_the_requests_id_in_the_echo_and_at_the_target,
    a_makers_own_header_is_refused_in_any_case,
];

async fn started(on: On) -> App {
    let file = type_file("[repeat]\nkey_header = \"Idempotency-Key\"\n", "");
    App::with(on, AppOptions::stepped().with_type(&file)).await
}

async fn the_header_has_the_requests_id_in_the_echo_and_at_the_target(on: On) {
    let app = started(on).await;
    let submitted = app.maker().pays(&body(&app, "c-1", 10)).await;
    let expected = json!({ "content-type": "application/json", "Idempotency-Key": submitted.id });
    assert_eq!(submitted.data["details"]["IntouchAPITask-Payload"]["headers"], expected);
    let read = app.checker().request(&submitted.id).await;
    assert_eq!(read["details"]["IntouchAPITask-Payload"]["headers"], expected);
    app.checker().says(&submitted.id, "approved").await.expect(200);
    app.run_due_executions().await;
    let head = app.target.arrived().remove(0).head;
    assert!(head.contains(&format!("\r\nidempotency-key: {}\r\n", submitted.id)), "{head}");
}

async fn a_makers_own_header_is_refused_in_any_case(on: On) {
    let app = started(on).await;
    for name in ["Idempotency-Key", "idempotency-key"] {
        let mut body = body(&app, "c-1", 10);
        task(&mut body)["headers"][name] = "my-own".into();
        let refused = app.maker().submit(PAY_OUT, &body).await.refused(400, "payload_invalid");
        let message = "Leave this header out; the engine fills it with the request's id, by which the target \
                       recognises a repeat.";
        let field = format!("/payload/IntouchAPITask-Payload/headers/{name}");
        assert_eq!(refused["errors"][0]["field"], field);
        assert_eq!(refused["errors"][0]["message"], message);
    }
}
