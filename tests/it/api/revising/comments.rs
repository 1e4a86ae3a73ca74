//! Comments: from everybody who may read the request, until it ends, and without any effect.

use serde_json::{Value, json};

use super::{paying, sent_back};
use crate::support::client::Reply;
use crate::support::pay_out::body;
use crate::support::people::Actor;
use crate::support::{On, journeys};

journeys![
    everybody_who_may_read_a_request_comments_on_it_until_it_ends,
    a_comment_does_not_keep_anybody_from_deciding_what_they_read,
    words_that_no_one_can_read_are_no_comment_and_there_is_an_end_to_them,
];

impl Actor<'_> {
    pub(super) async fn comments(&self, id: &str, message: &str) -> Reply {
        self.call("POST", &format!("/requests/{id}/comments"))
            .json(&json!({ "message": message }))
            .send()
            .await
    }
}

async fn everybody_who_may_read_a_request_comments_on_it_until_it_ends(on: On) {
    let app = paying(on, "", "").await;
    let id = &app.maker().pays(&body(&app, "c-1", 7)).await.id;
    app.checker().comments(id, "Which receipt?").await.data();
    app.maker().comments(id, "Number 4711 <b>.").await.data();
    let last = app.auditor().comments(id, "Seen.").await.data();
    assert_eq!(
        (&last["comments"], &last["state"], &last["decisions"]),
        (&json!(3), &json!("AdminTask"), &json!([]))
    );
    app.other_maker().comments(id, "Not mine.").await.refused(404, "not_found");
    app.stranger().comments(id, "Not ours.").await.refused(404, "not_found");
    app.checker().sends_back(id, "The receipt says 70.").await.data();
    app.maker().comments(id, "True.").await.data();
    app.maker().resubmits(id, &body(&app, "c-1", 70)).await.data();
    app.maker().comments(id, "Now it is right.").await.data();

    let history = app.auditor().history(id).await;
    let comments: Vec<(i64, &Value, &Value)> = history
        .iter()
        .filter(|event| event["type"] == "commented")
        .map(|event| (event["revision"].as_i64().unwrap(), &event["actor"]["userName"], &event["message"]))
        .collect();
    let (maker, checker, auditor) =
        (json!("maker@example.com"), json!("checker@example.com"), json!("auditor@example.com"));
    assert_eq!(
        comments,
        [
            (1, &checker, &json!("Which receipt?")),
            (1, &maker, &json!("Number 4711 <b>.")),
            (1, &auditor, &json!("Seen.")),
            (1, &maker, &json!("True.")),
            (2, &maker, &json!("Now it is right.")),
        ]
    );
    let trail = app.auditor().get("/trail?type=commented&limit=1").await.data();
    assert_eq!(trail[0]["message"], "Now it is right.");
    let exported = app.auditor().call("GET", "/requests/export?format=jsonl").send().await;
    assert!(exported.text.contains("Number 4711 <b>."), "{}", exported.text);
    app.maker().withdraw(id, "enough").await.data();
    let refused = app.maker().comments(id, "Late.").await.refused(409, "request_closed");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("is withdrawn"), "{refused}");
    assert_eq!(app.maker().request(id).await["canComment"], false);
}

async fn a_comment_does_not_keep_anybody_from_deciding_what_they_read(on: On) {
    let app = paying(on, "", "").await;
    let request = app.maker().pays(&body(&app, "c-1", 7)).await;
    app.maker().comments(&request.id, "See the receipt.").await.data();
    let mut decision = crate::support::people::decision(&request.id, "approved", "seen");
    decision["payload"]["AdminTask-Payload"]["version"] = request.data["version"].clone();
    assert_eq!(app.checker().saying(&decision).send().await.data()["state"], "approved");
    app.run_due_executions().await;
    // What moves it does: the same with a version from before it was sent back.
    let id = sent_back(&app).await;
    let read = app.maker().request(&id).await["version"].clone();
    app.maker().comments(&id, "True.").await.data();
    let digest = app.maker().resubmits(&id, &body(&app, "c-1", 70)).await.data()["digest"].clone();
    let mut decision = crate::support::people::decision(&id, "approved", "seen");
    decision["payload"]["AdminTask-Payload"]["version"] = read;
    decision["payload"]["AdminTask-Payload"]["digest"] = digest;
    app.checker().saying(&decision).send().await.refused(409, "request_moved");
}

async fn words_that_no_one_can_read_are_no_comment_and_there_is_an_end_to_them(on: On) {
    let app = paying(on, "", "").await;
    let id = &app.maker().pays(&body(&app, "c-1", 7)).await.id;
    for words in ["", "\u{200b} \n", "\u{7}", &"x".repeat(4001)] {
        let refused = app.maker().comments(id, words).await.refused(400, "payload_invalid");
        assert_eq!(refused["errors"][0]["field"], "/message");
    }
    for _ in 0..100 {
        app.maker().comments(id, "Please.").await.data();
    }
    app.checker().comments(id, "Enough.").await.refused(409, "too_many_comments");
    assert_eq!(app.maker().request(id).await["comments"], 100);
    app.checker().says(id, "rejected").await.data();
}
