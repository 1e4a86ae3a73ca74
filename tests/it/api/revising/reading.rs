//! Revisions as their readers see them, and what subscribers are told.

use serde_json::{Value, json};

use super::{AMOUNT, paying, revised, sent_back};
use crate::support::app::task;
use crate::support::pay_out::body;
use crate::support::{On, journeys};

journeys![
    each_revision_can_be_read_with_what_changed_in_it,
    of_what_a_reader_may_not_see_they_learn_only_that_it_changed,
    only_who_may_read_the_request_reads_its_revisions,
    what_is_stored_of_an_earlier_revision_can_not_be_changed,
];

async fn each_revision_can_be_read_with_what_changed_in_it(on: On) {
    let app = paying(on, "", "").await;
    let (id, digest) = revised(&app).await;
    let wish = json!({ "message": "For c-2.", "digest": digest });
    app.checker().sending_back(&id, &wish).send().await.data();
    let mut third = body(&app, "c-2", 70);
    third["reason"] = "c-2 paid it.".into();
    app.maker().resubmits(&id, &third).await.data();
    let revision =
        async |path: &str| app.maker().get(&format!("/requests/{id}/revisions/{path}")).await.data();
    let first = revision("1").await;
    assert_eq!(
        (&first["revision"], &first["isPresent"], &first["changes"]),
        (&json!(1), &json!(false), &Value::Null)
    );
    assert_eq!(first["details"]["IntouchAPITask-Payload"]["body"], json!({ "customer": "c-1", "points": 7 }));
    assert_eq!(
        (&first["summary"], &first["sentBack"]["message"]),
        (&json!("Pay 7 to c-1"), &json!("The receipt says 70."))
    );
    let second = revision("2").await;
    assert_eq!(second["digest"], digest);
    assert_eq!(
        second["changes"],
        json!({ "since": 1, "members": [{ "field": AMOUNT, "old": 7, "new": 70 }] })
    );
    let customer = "/payload/IntouchAPITask-Payload/body/customer";
    let third = revision("3").await;
    assert_eq!(third["isPresent"], true);
    assert_eq!(
        third["changes"]["members"],
        json!([
            { "field": customer, "old": "c-1", "new": "c-2" },
            { "field": "/reason", "new": "c-2 paid it." },
        ])
    );
    let since_first = revision("3?since=1").await;
    assert_eq!(since_first["changes"]["members"].as_array().unwrap().len(), 3);
    assert_eq!(since_first["changes"]["since"], 1);
    for wrong in ["0", "4", "-1", "+1", "x", "", "2?since=2", "2?since=7"] {
        let reply = app.maker().get(&format!("/requests/{id}/revisions/{wrong}")).await;
        reply.refused(404, "not_found");
    }
    app.maker().get(&format!("/requests/{id}/revisions/2?since=x")).await.refused(400, "parameter_invalid");
    app.maker().get(&format!("/requests/{id}/revisions/2?until=1")).await.refused(400, "parameter_invalid");
}

async fn of_what_a_reader_may_not_see_they_learn_only_that_it_changed(on: On) {
    let app = paying(on, "[fields]\nmasked = [\"/body/card\"]\nsecret = [\"/body/pin\"]\n", "").await;
    let with = |card: &str, pin: &str, authorization: &str| {
        let mut body = body(&app, "c-1", 7);
        task(&mut body)["body"]["card"] = card.into();
        task(&mut body)["body"]["pin"] = pin.into();
        task(&mut body)["headers"]["authorization"] = authorization.into();
        body
    };
    let id = app.maker().pays(&with("4711-0815", "9876", "Basic b25l")).await.id;
    app.checker().sends_back(&id, "Another card.").await.data();
    app.maker().resubmits(&id, &with("4711-0816", "9877", "Basic dHdv")).await.data();
    let at = |name: &str| format!("/payload/IntouchAPITask-Payload/{name}");
    let hidden = |name: &str| json!({ "field": at(name), "hidden": true });
    let members = async |reader: &crate::support::people::Actor<'_>| {
        let reply = reader.get(&format!("/requests/{id}/revisions/2")).await;
        for secret in ["9876", "9877", "b25l", "dHdv"] {
            assert!(!reply.text.contains(secret), "{}", reply.text);
        }
        reply.data()["changes"]["members"].as_array().cloned().unwrap()
    };
    let card = json!({ "field": at("body/card"), "old": "4711-0815", "new": "4711-0816" });
    let of_checker = members(&app.checker()).await;
    for one in [&card, &hidden("body/pin"), &hidden("headers/authorization")] {
        assert!(of_checker.contains(one), "{of_checker:?}");
    }
    let of_auditor = members(&app.auditor()).await;
    assert!(of_auditor.contains(&hidden("body/card")) && of_auditor.len() == 3, "{of_auditor:?}");
}

async fn only_who_may_read_the_request_reads_its_revisions(on: On) {
    let app = paying(on, "", "").await;
    let (id, _) = revised(&app).await;
    let path = format!("/requests/{id}/revisions/1");
    for reader in [app.maker(), app.checker(), app.auditor()] {
        assert_eq!(reader.get(&path).await.data()["requestId"], id);
    }
    app.other_maker().get(&path).await.refused(404, "not_found");
    app.stranger().get(&path).await.refused(404, "not_found");
}

async fn what_is_stored_of_an_earlier_revision_can_not_be_changed(on: On) {
    let app = paying(on, "", "").await;
    let (id, _) = revised(&app).await;
    let back = sent_back(&app).await;
    let changed = |sql: &str| {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| app.tamper(sql)));
        done.is_ok()
    };
    let (id, back) = (app.id_in_sql(&id), app.id_in_sql(&back));
    let digest = format!("digest = {}", app.bytes_in_sql(&[0; 32]));
    for (table, change) in
        [("revisions", digest.as_str()), ("send_backs", "message = 'x'"), ("calls", "label = 'x'")]
    {
        assert!(!changed(&format!("UPDATE {table} SET {change} WHERE request_id = {id}")), "{table}");
        assert!(!changed(&format!("DELETE FROM {table} WHERE request_id = {id}")), "{table}");
    }
    for sql in ["revision = 3, revised_at = 1", "revision = 1", &digest, "terms = '{}'", "host = 'x'"] {
        assert!(!changed(&format!("UPDATE requests SET {sql} WHERE request_id = {id}")), "{sql}");
    }
    // Not even one that is sent back becomes another call without a row for what it was.
    for sql in [&format!("revision = 2, revised_at = 1, {digest}, state = 'AdminTask'"), &digest] {
        assert!(!changed(&format!("UPDATE requests SET {sql} WHERE request_id = {back}")), "{sql}");
    }
}
