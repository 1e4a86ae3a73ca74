//! Idempotency keys: one key is one request.

use serde_json::{Value, json};

use super::plain;
use crate::support::app::{App, AppOptions, task};
use crate::support::pay_out::{PAY_OUT, body};
use crate::support::people::Actor;
use crate::support::{On, journeys};

journeys![
    a_repeated_key_gets_the_request_in_its_current_state,
    a_key_of_another_submission_is_refused,
    a_malformed_key_is_refused,
    a_key_answers_before_the_id_by_which_the_target_recognises_a_repeat,
    the_same_submission_in_another_spelling_gets_the_same_request,
    one_key_at_once_in_two_spellings_is_one_request,
];

async fn a_repeated_key_gets_the_request_in_its_current_state(on: On) {
    let app = plain(on, "").await;
    let maker = app.maker();
    let mut body = body(&app, "c-1", 1);
    task(&mut body)["headers"]["authorization"] = "Basic c2VjcmV0".into();
    let post = || maker.call("POST", &format!("/{PAY_OUT}")).json(&body).header("idempotency-key", "k-1");
    let first = post().send().await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let first = first.data();
    assert_eq!(first["details"]["IntouchAPITask-Payload"]["headers"]["authorization"], "Basic c2VjcmV0");
    app.checker().says(first["requestId"].as_str().unwrap(), "rejected").await.data();
    let again = post().send().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let again = again.data();
    assert_eq!((&again["requestId"], &again["state"]), (&first["requestId"], &json!("rejected")));
    assert_eq!(again["details"]["IntouchAPITask-Payload"]["headers"]["authorization"], "Basic ••••");
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 1);
}

async fn a_key_of_another_submission_is_refused(on: On) {
    let app = plain(on, "").await;
    let post = async |actor: Actor<'_>, body: &Value| {
        let call = actor.call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "k-1");
        call.json(body).send().await
    };
    let first = body(&app, "c-1", 1);
    let id = post(app.maker(), &first).await.data()["requestId"].clone();
    post(app.maker(), &body(&app, "c-1", 2)).await.refused(409, "idempotency_key_reused");
    post(app.other_maker(), &first).await.refused(409, "idempotency_key_reused");
    let stranger = post(app.stranger(), &first).await.data();
    assert_ne!(stranger["requestId"], id);
    assert_eq!(app.auditor().get("/refusals").await.data().as_array().unwrap().len(), 2);
    // What was refused has no record, so its key is still free.
    let by_key = |body: &Value| {
        app.maker().call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "k-3").json(body).send()
    };
    by_key(&json!({})).await.refused(400, "payload_invalid");
    assert_eq!(by_key(&first).await.header("idempotent-replayed"), None);
    let two = (app.maker(), app.maker());
    let twice = async |actor: &Actor<'_>| {
        let call = actor.call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "k-2");
        call.json(&first).send().await.data()["requestId"].clone()
    };
    let (one, other) = tokio::join!(twice(&two.0), twice(&two.1));
    assert_eq!(one, other);
}

async fn a_malformed_key_is_refused(on: On) {
    let app = plain(on, "").await;
    let body = body(&app, "c-1", 1);
    let post = || app.maker().call("POST", &format!("/{PAY_OUT}")).json(&body);
    let long = "k".repeat(256);
    for key in ["", "two words", "schlüssel", &long] {
        let refused = post().header("idempotency-key", key).send().await.refused(400, "parameter_invalid");
        assert_eq!(refused["errors"][0]["field"], "Idempotency-Key");
    }
    let twice = post().header("idempotency-key", "a").header("idempotency-key", "b");
    twice.send().await.refused(400, "parameter_invalid");
    assert_eq!(app.checker().lists("").await.len(), 0);
    assert_eq!(post().header("idempotency-key", &"k".repeat(255)).send().await.status, 200);
}

async fn a_key_answers_before_the_id_by_which_the_target_recognises_a_repeat(on: On) {
    let app = App::with(on, AppOptions::stepped()).await;
    let (badge, maker) = (app.badge(), app.maker());
    let post = async |key: &str| {
        let call = maker.call("POST", "/ISSUE-BADGE").header("idempotency-key", key);
        call.json(&badge).send().await
    };
    let (one, other) = tokio::join!(post("k-1"), post("k-1"));
    let id = one.data()["requestId"].as_str().unwrap().to_owned();
    assert_eq!(other.data()["requestId"], id.as_str());
    post("k-2").await.refused(409, "repeat_key_in_use");
    maker.withdraw(&id, "never mind").await.data();
    // A refused submission did not use up its key.
    assert_ne!(post("k-2").await.data()["requestId"], id.as_str());
    assert_eq!(post("k-1").await.data()["state"], "withdrawn");
}

/// The same body with other white space, order of members and spelling of numbers.
fn respelled(body: &Value) -> [String; 4] {
    let plain = body.to_string();
    let backwards = |value: &Value| -> Value {
        Value::Object(value.as_object().unwrap().iter().rev().map(|(n, v)| (n.clone(), v.clone())).collect())
    };
    let mut turned = backwards(body);
    let entity = turned["entityInfo"].take();
    turned["entityInfo"] = backwards(&entity);
    *task(&mut turned) = backwards(task(&mut turned));
    [
        serde_json::to_string_pretty(body).unwrap(),
        turned.to_string(),
        plain.replace("\"points\":100", "\"points\":100.00"),
        plain.replace("\"points\":100", "\"points\" : 100.0").replace("c-1", "c-\\u0031"),
    ]
}

async fn the_same_submission_in_another_spelling_gets_the_same_request(on: On) {
    let app = plain(on, "").await;
    let post = async |body: &str| {
        let call = app.maker().call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "k-1");
        call.raw("application/json", body.as_bytes()).send().await
    };
    let first = body(&app, "c-1", 100);
    let id = post(&first.to_string()).await.data()["requestId"].clone();
    for same in respelled(&first) {
        assert_ne!(same, first.to_string());
        let again = post(&same).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{same}: {}", again.text);
        assert_eq!(again.data()["requestId"], id);
    }
    let mut elsewhere = first.clone();
    elsewhere["entityInfo"]["tillId"] = "2".into();
    let mut with_more = first.clone();
    task(&mut with_more)["body"]["card"] = "1".into();
    for other in [elsewhere, with_more, body(&app, "C-1", 100), body(&app, "c-1", 101)] {
        post(&other.to_string()).await.refused(409, "idempotency_key_reused");
    }
    post("{").await.refused(409, "idempotency_key_reused");
    // By the rules of the first one's version, whatever the type says now.
    app.change_type(
        &crate::support::pay_out::type_file("", "")
            .replace("points = { type = \"number\" }", "points = { type = \"string\" }"),
    )
    .await;
    for same in respelled(&first) {
        assert_eq!(post(&same).await.data()["requestId"], id);
    }
}

async fn one_key_at_once_in_two_spellings_is_one_request(on: On) {
    let app = plain(on, "").await;
    let first = body(&app, "c-1", 100);
    let spellings = respelled(&first);
    let maker = app.maker();
    let posts = spellings.iter().map(|body| {
        let call = maker.call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "k-1");
        call.raw("application/json", body.as_bytes()).send()
    });
    let ids: Vec<Value> = futures_util::future::join_all(posts)
        .await
        .into_iter()
        .map(|reply| reply.data()["requestId"].clone())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(app.count("SELECT count(*) AS number FROM requests"), 1);
}
