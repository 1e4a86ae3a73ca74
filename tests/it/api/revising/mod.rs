//! Comments, sending back and resubmitting: who may, what each reader sees, and what is sent in the end.

mod comments;
mod judged;
mod reading;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::client::{Call, Reply};
use crate::support::pay_out::{PAY_OUT, TWO_CHECKERS, body, type_file};
use crate::support::people::Actor;
use crate::support::{On, journeys};

journeys![
    what_is_sent_back_is_changed_and_only_the_last_revision_is_sent,
    nobody_decides_what_is_sent_back_and_only_its_maker_resubmits_it,
    a_decision_on_a_second_revision_names_its_digest,
    an_approval_of_the_first_revision_does_not_count_for_the_second,
    what_is_sent_back_can_be_withdrawn_and_expires_like_any_other,
    a_wish_for_changes_says_what_to_change_and_names_members_of_the_submission,
    a_key_repeats_a_resubmission_and_the_submission_before_it,
    one_that_was_sent_back_is_never_decided_with_others,
];

pub(super) const AMOUNT: &str = "/payload/IntouchAPITask-Payload/body/points";

impl Actor<'_> {
    pub(super) fn sending_back(&self, id: &str, wish: &Value) -> Call {
        self.call("POST", &format!("/requests/{id}/send-back")).json(wish)
    }

    pub(super) async fn sends_back(&self, id: &str, message: &str) -> Reply {
        self.sending_back(id, &json!({ "message": message })).send().await
    }

    pub(super) fn resubmitting(&self, id: &str, body: &Value) -> Call {
        self.call("POST", &format!("/requests/{id}/resubmit")).json(body)
    }

    pub(super) async fn resubmits(&self, id: &str, body: &Value) -> Reply {
        self.resubmitting(id, body).send().await
    }

    /// Decides what they have read: the revision with this digest.
    pub(super) async fn says_on(&self, id: &str, verdict: &str, digest: &Value) -> Reply {
        let mut decision = crate::support::people::decision(id, verdict, "as agreed");
        decision["payload"]["AdminTask-Payload"]["digest"] = digest.clone();
        self.saying(&decision).send().await
    }
}

pub(super) async fn paying(on: On, more: &str, policy: &str) -> App {
    let options = AppOptions::stepped().set("requests.pending_ttl_seconds", 3600);
    App::with(on, options.with_type(&type_file(more, policy))).await
}

/// A payment of 7 that a checker has sent back.
pub(super) async fn sent_back(app: &App) -> String {
    let id = app.maker().pays(&body(app, "c-1", 7)).await.id;
    app.checker().sends_back(&id, "The receipt says 70.").await.data();
    id
}

/// The same, resubmitted as one of 70.
pub(super) async fn revised(app: &App) -> (String, Value) {
    let id = sent_back(app).await;
    let data = app.maker().resubmits(&id, &body(app, "c-1", 70)).await.data();
    (id, data["digest"].clone())
}

async fn what_is_sent_back_is_changed_and_only_the_last_revision_is_sent(on: On) {
    let app = paying(on, "", "").await;
    let (maker, checker) = (app.maker(), app.checker());
    let first = maker.pays(&body(&app, "c-1", 7)).await;
    let id = first.id.as_str();
    let wish = json!({ "message": "The receipt says 70.", "fields": [AMOUNT], "digest": first.digest });
    let back = checker.sending_back(id, &wish).send().await.data();
    assert_eq!(
        (&back["state"], &back["revision"], &back["endTime"]),
        (&json!("sent_back"), &json!(1), &Value::Null)
    );
    let told = &maker.request(id).await["revisions"][0]["sentBack"];
    assert_eq!((&told["message"], &told["fields"]), (&wish["message"], &wish["fields"]));
    assert_eq!(
        (&told["actor"]["userName"], &told["signedAs"]),
        (&json!("checker@example.com"), &json!(["CanCheckRequest"]))
    );

    let mut corrected = body(&app, "c-1", 70);
    corrected["reason"] = "The receipt is attached now.".into();
    let second = maker.resubmits(id, &corrected).await.data();
    assert_eq!(
        (&second["requestId"], &second["state"], &second["revision"]),
        (&json!(id), &json!("AdminTask"), &json!(2))
    );
    assert_eq!((&second["summary"], &second["reason"]), (&json!("Pay 70 to c-1"), &corrected["reason"]));
    assert_ne!(second["digest"], first.digest);
    assert_eq!(
        (&second["startTimeISO"], &second["decideBefore"]),
        (&first.data["startTimeISO"], &first.data["decideBefore"])
    );
    let digests: Vec<&Value> =
        second["revisions"].as_array().unwrap().iter().map(|one| &one["digest"]).collect();
    assert_eq!(digests, [&json!(first.digest), &second["digest"]]);

    checker.says_on(id, "approved", &second["digest"]).await.data();
    app.run_due_executions().await;
    let arrived = app.target.arrived();
    assert_eq!(arrived.len(), 1);
    let sent: Value = serde_json::from_str(&arrived[0].body).unwrap();
    assert_eq!(sent, json!({ "customer": "c-1", "points": 70 }));
    let ended = maker.request(id).await;
    assert_eq!((&ended["state"], ended["revisions"].as_array().unwrap().len()), (&json!("executed"), 2));

    let history = app.auditor().history(id).await;
    let told: Vec<_> = history
        .iter()
        .map(|event| (event["type"].as_str().unwrap(), event["revision"].as_i64().unwrap(), &event["digest"]))
        .collect();
    let (one, two) = (&json!(first.digest), &second["digest"]);
    assert_eq!(
        told,
        [
            ("submitted", 1, one),
            ("maker_access_validated", 1, one),
            ("payload_validated", 1, one),
            ("sent_back", 1, one),
            ("resubmitted", 2, two),
            ("approved", 2, two),
            ("attempt_started", 2, two),
            ("executed", 2, two),
        ]
    );
    assert_eq!((&history[3]["message"], &history[3]["fields"]), (&wish["message"], &wish["fields"]));
    assert_eq!(history[4]["message"], corrected["reason"]);
}

async fn nobody_decides_what_is_sent_back_and_only_its_maker_resubmits_it(on: On) {
    let app = paying(on, "", "").await;
    let id = &sent_back(&app).await;
    let changed = body(&app, "c-1", 70);
    for verdict in ["approved", "rejected"] {
        app.checker().says(id, verdict).await.refused(409, "request_sent_back");
        app.other_checker().says(id, verdict).await.refused(409, "request_sent_back");
    }
    app.other_checker().sends_back(id, "Once more.").await.refused(409, "request_sent_back");
    app.other_maker().resubmits(id, &changed).await.refused(404, "not_found");
    app.checker().resubmits(id, &changed).await.refused(403, "permission_missing");
    app.stranger().resubmits(id, &changed).await.refused(404, "not_found");
    app.maker().sends_back(id, "Mine.").await.refused(403, "permission_missing");
    let read = app.checker().request(id).await;
    assert_eq!(
        (&read["canDecide"], &read["canSendBack"], &read["canResubmit"]),
        (&json!(false), &json!(false), &json!(false))
    );
    assert_eq!(read["whyNot"][0]["code"], "request_sent_back");
    let read = app.maker().request(id).await;
    assert_eq!((&read["canResubmit"], &read["canSubmitAgain"]), (&json!(true), &json!(false)));
    assert!(app.checker().lists("view=needs_me").await.is_empty());
    assert_eq!(app.maker().lists("states=sent_back").await, [id.as_str()]);

    app.maker().resubmits(id, &changed).await.data();
    app.maker().resubmits(id, &changed).await.refused(409, "not_sent_back");
    assert_eq!(app.checker().lists("view=needs_me").await, [id.as_str()]);
    let waiting = app.maker().pays(&body(&app, "c-2", 7)).await.id;
    app.maker().resubmits(&waiting, &changed).await.refused(409, "not_sent_back");
    let kept = app.auditor().get("/refusals").await.data();
    assert_eq!(kept[0]["codes"], json!(["not_sent_back"]));
}

async fn a_decision_on_a_second_revision_names_its_digest(on: On) {
    let app = paying(on, "", "").await;
    let (id, digest) = &revised(&app).await;
    let first = &app.maker().request(id).await["revisions"][0]["digest"];
    let checker = app.checker();
    for verdict in ["approved", "rejected"] {
        let refused = checker.says(id, verdict).await.refused(409, "request_moved");
        assert_eq!(refused["errors"][0]["field"], "/payload/AdminTask-Payload/digest");
        checker.says_on(id, verdict, first).await.refused(409, "digest_mismatch");
    }
    let wish = json!({ "message": "Once more.", "digest": first });
    let refused = checker.sending_back(id, &wish).send().await.refused(409, "digest_mismatch");
    assert_eq!(refused["errors"][0]["field"], "/digest");
    checker.says_on(id, "approved", digest).await.data();
    assert_eq!(app.maker().request(id).await["state"], "approved");
    app.run_due_executions().await;
}

async fn an_approval_of_the_first_revision_does_not_count_for_the_second(on: On) {
    let app = paying(on, "", TWO_CHECKERS).await;
    let (one, two) = (app.checker(), app.other_checker());
    let id = &app.maker().pays(&body(&app, "c-1", 7)).await.id;
    one.says(id, "approved").await.data();
    two.sends_back(id, "The receipt says 70.").await.data();
    let digest = app.maker().resubmits(id, &body(&app, "c-1", 70)).await.data()["digest"].clone();
    let read = one.request(id).await;
    assert_eq!((&read["decisions"], &read["canDecide"]), (&json!([]), &json!(true)));
    assert_eq!(read["revisions"][0]["decisions"][0]["decision"], "approved");
    let once = two.says_on(id, "approved", &digest).await.data();
    assert_eq!((&once["state"], once["decisions"].as_array().unwrap().len()), (&json!("AdminTask"), 1));
    // A late retry of what was said of the first revision does nothing.
    let first = &read["revisions"][0]["digest"];
    one.says_on(id, "approved", first).await.refused(409, "digest_mismatch");
    let both = one.says_on(id, "approved", &digest).await.data();
    assert_eq!((&both["state"], both["decisions"].as_array().unwrap().len()), (&json!("approved"), 2));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 1);
}

async fn what_is_sent_back_can_be_withdrawn_and_expires_like_any_other(on: On) {
    let app = paying(on, "", "").await;
    let withdrawn = sent_back(&app).await;
    app.maker().withdraw(&withdrawn, "not worth it").await.data();
    let late = sent_back(&app).await;
    app.clock.advance(TimeDelta::hours(1));
    app.maker().resubmits(&late, &body(&app, "c-1", 70)).await.refused(409, "request_expired");
    let read = app.maker().request(&late).await;
    assert_eq!((&read["state"], &read["expiredFrom"]), (&json!("expired"), &json!("sent_back")));
    let swept = sent_back(&app).await;
    app.clock.advance(TimeDelta::hours(1));
    app.sweep().await;
    for (id, state) in [(&withdrawn, "withdrawn"), (&late, "expired"), (&swept, "expired")] {
        let read = app.maker().request(id).await;
        assert_eq!((&read["state"], &read["canSubmitAgain"]), (&json!(state), &json!(true)));
        assert_eq!(read["revisions"][0]["sentBack"]["message"], "The receipt says 70.");
    }
}

async fn a_wish_for_changes_says_what_to_change_and_names_members_of_the_submission(on: On) {
    let app = paying(on, "", "").await;
    let id = &app.maker().pays(&body(&app, "c-1", 7)).await.id;
    let many: Vec<String> = (0..51).map(|n| format!("/payload/{n}")).collect();
    for (wish, field) in [
        (json!({}), "/message"),
        (json!({ "message": " \u{200b}" }), "/message"),
        (json!({ "message": "x".repeat(4001) }), "/message"),
        (json!({ "message": "x", "fields": "all" }), "/fields"),
        (json!({ "message": "x", "fields": [AMOUNT, 7] }), "/fields/1"),
        (json!({ "message": "x", "fields": [AMOUNT, "/body/points"] }), "/fields/1"),
        (json!({ "message": "x", "fields": [AMOUNT, AMOUNT] }), "/fields/1"),
        (json!({ "message": "x", "fields": many }), "/fields"),
        (json!({ "message": "x", "digest": 7 }), "/digest"),
        (json!({ "message": "x", "version": 0 }), "/version"),
        (json!({ "message": "x", "why": "y" }), "/why"),
    ] {
        let refused = app.checker().sending_back(id, &wish).send().await.refused(400, "payload_invalid");
        assert_eq!(refused["errors"][0]["field"], field, "{wish}");
    }
    let wish = json!({ "message": "x", "version": 2 });
    app.checker().sending_back(id, &wish).send().await.refused(409, "request_moved");
    assert_eq!(app.maker().request(id).await["state"], "AdminTask");
    let wish = json!({ "message": "x", "version": 3, "fields": [] });
    let sent_back = app.checker().sending_back(id, &wish).send().await.data();
    assert_eq!(app.checker().sending_back(id, &wish).send().await.data(), sent_back, "a retry does nothing");
}

async fn a_key_repeats_a_resubmission_and_the_submission_before_it(on: On) {
    let app = paying(on, "", "").await;
    let maker = app.maker();
    let first = body(&app, "c-1", 7);
    let submitting =
        || maker.call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "first").json(&first);
    let id = &submitting().send().await.data()["requestId"].as_str().unwrap().to_owned();
    app.checker().sends_back(id, "The receipt says 70.").await.data();
    let changed = body(&app, "c-1", 70);
    let resubmitting = |body: &Value| maker.resubmitting(id, body).header("idempotency-key", "second");
    let second = resubmitting(&changed).send().await.data();
    let again = resubmitting(&changed).send().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.data()["digest"], second["digest"]);
    resubmitting(&body(&app, "c-1", 71)).send().await.refused(409, "idempotency_key_reused");
    let taken = maker.call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "second").json(&changed);
    taken.send().await.refused(409, "idempotency_key_reused");
    // The first call is told of the same request, whatever became of it; so is one that means the same.
    assert_eq!(submitting().send().await.data()["revision"], 2);
    let mut other_order = first.clone();
    other_order["payload"] = first["payload"].clone();
    task(&mut other_order)["headers"] = json!({ "Content-Type": "application/json" });
    let same =
        maker.call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "first").json(&other_order);
    assert_eq!(same.send().await.data()["revision"], 2);
    let mut other = first.clone();
    task(&mut other)["body"]["points"] = 70.into();
    let other = maker.call("POST", &format!("/{PAY_OUT}")).header("idempotency-key", "first").json(&other);
    other.send().await.refused(409, "idempotency_key_reused");
}

async fn one_that_was_sent_back_is_never_decided_with_others(on: On) {
    let app = paying(on, "bulk = true", "").await;
    let plain = app.maker().pays(&body(&app, "c-2", 7)).await;
    assert_eq!(plain.data["bulkAllowed"], true);
    let id = sent_back(&app).await;
    let named = |data: &Value| crate::support::people::Submitted {
        id: data["requestId"].as_str().unwrap().to_owned(),
        digest: data["digest"].as_str().unwrap().to_owned(),
        data: data.clone(),
    };
    let back = named(&app.maker().request(&id).await);
    let results = app.checker().decides_all("approved", &[&plain, &back]).await;
    assert_eq!(
        (&results[0]["outcome"], &results[1]["code"]),
        (&json!("recorded"), &json!("request_sent_back"))
    );
    let second = named(&app.maker().resubmits(&id, &body(&app, "c-1", 70)).await.data());
    assert_eq!(second.data["bulkAllowed"], false);
    let results = app.checker().decides_all("approved", &[&second]).await;
    assert_eq!(results[0]["code"], "bulk_not_allowed");
    app.run_due_executions().await;
}
