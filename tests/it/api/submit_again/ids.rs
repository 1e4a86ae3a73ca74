//! The id by which the target recognises a repeat goes along, unless another one is asked for.

use serde_json::{Value, json};

use super::{failed, id_of, message, rejected, rejected_payment};
use crate::support::app::{App, AppOptions, task};
use crate::support::claims::CALL;
use crate::support::pay_out::{body, type_file};
use crate::support::{On, journeys};

journeys![
    the_same_id_goes_along_unless_another_is_asked_for,
    the_same_id_proves_nothing_about_which_request_did_the_work,
    a_header_that_carries_the_requests_id_carries_the_new_one,
];

fn sent_ids(app: &App) -> Vec<Value> {
    let id = |body: &str| serde_json::from_str::<Value>(body).unwrap()["requestId"].clone();
    app.target.arrived().iter().map(|arrived| id(&arrived.body)).collect()
}

async fn the_same_id_goes_along_unless_another_is_asked_for(on: On) {
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", ""))).await;
    let maker = app.maker();
    let mut badge = app.badge_with_id_to_target();
    task(&mut badge)["body"]["requestId"] = "R-1".into();
    let old = failed(&app, &badge).await;
    for (wrong, says) in [("", "1 to 256"), ("a\u{0}b", "1 to 256"), (&*"x".repeat(257), "1 to 256")] {
        let refused = maker.submits_again_as(&old, wrong).await.refused(400, "payload_invalid");
        assert_eq!(refused["errors"][0]["field"], "/newId");
        assert!(message(&refused).contains(says), "{refused}");
    }
    for (body, field) in
        [("[]", Value::Null), (r#"{"newId": 7}"#, json!("/newId")), (r#"{"id": "x"}"#, json!("/id"))]
    {
        let refused = maker.again(&old).text(body).send().await.refused(400, "payload_invalid");
        let told = &refused["errors"][0]["field"];
        assert!(*told == field || (field.is_null() && told == ""), "{refused}");
    }
    let same = maker.submits_again(&old).await.data();
    assert_eq!(same["digest"], maker.request(&old).await["digest"]);
    // The id belongs to the newer request as long as that is open.
    maker.submit("ISSUE-BADGE", &badge).await.refused(409, "repeat_key_in_use");
    maker.withdraw(&id_of(&same), "no").await.data();
    let other = maker.submits_again_as(&id_of(&same), "R-2").await.data();
    assert_ne!(other["digest"], same["digest"]);
    assert_eq!(other["details"]["IntouchAPITask-Payload"]["body"]["requestId"], "R-2");
    app.checker().approve_async(&id_of(&other)).await.data();
    app.run_due_executions().await;
    assert_eq!(sent_ids(&app), ["R-1", "R-2"]);
    // An id that another open request has.
    task(&mut badge)["body"]["requestId"] = "R-3".into();
    maker.submitted(&badge).await;
    let third = rejected(&app, &app.badge_with_id_to_target()).await;
    maker.submits_again_as(&third, "R-3").await.refused(409, "repeat_key_in_use");
    assert_eq!(maker.request(&third).await["repeatedBy"], Value::Null);
    // Neither a type without such an id, nor a call without it, has a place for one.
    let without = rejected_payment(&app, &body(&app, "c-1", 1)).await;
    let lacking = rejected(&app, &app.badge_to_target()).await;
    for id in [&without, &lacking] {
        let refused = maker.submits_again_as(id, "R-4").await.refused(400, "payload_invalid");
        assert_eq!(refused["errors"][0]["field"], "/newId", "{refused}");
    }
}

async fn the_same_id_proves_nothing_about_which_request_did_the_work(on: On) {
    const HAD_IT: &[u8] =
        br#"{"errors":[{"code":809,"message":"Request with same requestId is not allowed"}]}"#;
    let app = App::with(on, AppOptions::stepped()).await;
    for (new_id, leads_to) in [(None, "unknown"), (Some("of-its-own"), "executed")] {
        let old = failed(&app, &app.badge_with_id_to_target()).await;
        let new = match new_id {
            None => app.maker().submits_again(&old).await.data(),
            Some(new_id) => app.maker().submits_again_as(&old, new_id).await.data(),
        };
        let id = id_of(&new);
        app.checker().approve_async(&id).await.data();
        app.target.will_hang_up();
        app.run_due_executions().await;
        app.target.will_answer(400, "application/json", HAD_IT);
        app.clock.advance(CALL);
        app.run_due_executions().await;
        assert_eq!(app.maker().request(&id).await["state"], leads_to, "{new_id:?}");
    }
}

async fn a_header_that_carries_the_requests_id_carries_the_new_one(on: On) {
    let header = "[repeat]\nkey_header = \"Idempotency-Key\"\n";
    let app = App::with(on, AppOptions::stepped().with_type(&type_file("", header))).await;
    let old = rejected_payment(&app, &body(&app, "c-1", 10)).await;
    let new = app.maker().submits_again(&old).await.data();
    let headers = &new["details"]["IntouchAPITask-Payload"]["headers"];
    assert_eq!(headers["Idempotency-Key"], new["requestId"]);
    assert_ne!(new["digest"], app.maker().request(&old).await["digest"]);
    let other = rejected_payment(&app, &body(&app, "c-2", 10)).await;
    let refused = app.maker().submits_again_as(&other, "R-2").await.refused(400, "payload_invalid");
    assert_eq!(refused["errors"][0]["field"], "/newId");
}
