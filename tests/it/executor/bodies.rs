//! Bodies that are no object, and lists in the query: what the maker sent is what arrives.

use serde_json::{Value, json};

use crate::support::app::{App, AppOptions};
use crate::support::people::decision;
use crate::support::{On, journeys};

journeys![
    a_text_of_another_media_type_arrives_byte_for_byte_and_is_shown_as_it_is,
    a_list_arrives_as_the_body_and_in_the_query,
];

fn submission(app: &App, query: Value, body: Value) -> Value {
    json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": app.target.url(), "path": "/take", "method": "DELETE", "queryParams": query, "headers": {},
            "body": body,
        }},
    })
}

async fn started(on: On, body: &str) -> App {
    let file = format!(
        "name = \"TAKE\"\n[call]\nmethod = \"DELETE\"\npath = \"/take\"\n\
         [query.properties]\nids = {{ type = \"array\", items = {{ type = \"integer\" }} }}\n[body]\n{body}\n"
    );
    App::with(on, AppOptions::stepped().with_type(&file)).await
}

/// Submits, approves and sends it; the stored task, and what arrived.
async fn sent(app: &App, body: &Value) -> (Value, String, String) {
    let submitted = app.maker().submit("TAKE", body).await.data();
    let id = submitted["requestId"].as_str().unwrap();
    app.checker().decide("TAKE", &decision(id, "approved", "")).await.expect(200);
    app.run_due_executions().await;
    let arrived = app.target.arrived().remove(0);
    let mut shown = app.checker().request(id).await;
    assert_eq!(shown["state"], "executed");
    (shown["details"]["IntouchAPITask-Payload"].take(), arrived.head, arrived.body)
}

async fn a_text_of_another_media_type_arrives_byte_for_byte_and_is_shown_as_it_is(on: On) {
    let app = started(on, "media_type = \"text/xml\"").await;
    let text = "<take a=\"1\">\r\n\tä</take>\n";
    let (task, head, body) = sent(&app, &submission(&app, json!({}), json!(text))).await;
    assert_eq!((task["body"].as_str(), body.as_str()), (Some(text), text));
    assert_eq!(task["headers"], json!({ "content-type": "text/xml; charset=utf-8" }));
    assert!(head.contains("\r\ncontent-type: text/xml; charset=utf-8\r\n"), "{head}");
    let wrong = submission(&app, json!({}), json!({}));
    app.maker().submit("TAKE", &wrong).await.refused(400, "payload_invalid");
}

async fn a_list_arrives_as_the_body_and_in_the_query(on: On) {
    let app = started(on, "type = \"array\"").await;
    let (task, head, body) =
        sent(&app, &submission(&app, json!({ "ids": [2, 1] }), json!([{ "a": 1 }, null]))).await;
    assert!(head.starts_with("DELETE /take?ids=2&ids=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(body, r#"[{"a":1},null]"#);
    assert_eq!(
        (&task["body"], &task["queryParams"]),
        (&json!([{ "a": 1 }, null]), &json!({ "ids": [2, 1] }))
    );
}
