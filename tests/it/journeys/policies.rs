//! A type of the operator's own: stages, what each person is told, views, keys, hidden fields, deadlines.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::app::{App, Wishes, task};
use crate::support::pay_out::{PAY_OUT, RISK_THEN_FINANCE, TWO_CHECKERS, body, type_file};
use crate::support::people::{Actor, Person, decision};
use crate::support::{On, journeys, without_explanation};

journeys![
    two_stages_are_signed_and_the_last_signature_is_the_contracts,
    each_person_is_told_what_he_may_do_and_what_is_still_needed,
    one_rejection_in_the_second_stage_ends_it,
    a_rule_may_ask_for_more_than_one_rejection,
    what_needs_me_is_what_i_may_decide_now,
    the_inbox_goes_on_by_cursor_and_counts_only_once,
    an_inbox_is_counted_exactly_to_a_thousand,
    the_views_take_no_other_parameters,
    mine_is_a_filter_and_decided_by_me_is_the_latest_first,
    a_list_is_narrowed_to_one_subject,
    a_repeated_key_gets_the_request_as_it_now_stands,
    a_key_that_stands_for_something_else_is_refused,
    a_key_that_is_none_is_refused,
    a_rule_that_asks_for_nobody_runs_without_a_decision,
    masked_fields_are_for_those_who_decide_and_secret_ones_for_nobody,
    who_stands_behind_the_maker_or_is_switched_off_sees_no_masked_field,
    both_deadlines_are_shown_and_which_of_them_passed,
    odd_characters_and_a_second_request_are_findings,
    a_second_request_on_a_subject_is_warned_of_at_once,
    new_rules_come_into_force_all_or_none,
];

const CHECK: [&str; 1] = ["CanCheckRequest"];

fn rita() -> Person {
    Person::new(11, "rita@example.com", &CHECK).in_groups(&["Risk"])
}

fn fay() -> Person {
    Person::new(12, "fay@example.com", &CHECK).in_groups(&["Finance"])
}

fn finn() -> Person {
    Person::new(13, "finn@example.com", &CHECK).in_groups(&["Finance"])
}

async fn staged(on: On) -> App {
    App::with(on, Wishes::stepped().with_type(&type_file("", RISK_THEN_FINANCE))).await
}

async fn plain(on: On, more: &str) -> App {
    App::with(on, Wishes::stepped().with_type(&type_file(more, ""))).await
}

async fn two_stages_are_signed_and_the_last_signature_is_the_contracts(on: On) {
    let app = staged(on).await;
    let submitted = app.maker().pays(&body(&app, "c-1", 10)).await;
    let id = &submitted.id;
    let data = &submitted.data;
    assert_eq!(
        (&data["summary"], &data["rule"], &data["risk"], &data["subject"]),
        (&json!("Pay 10 to c-1"), &json!("risk then finance"), &json!("high"), &json!("c-1"))
    );
    assert_eq!(data["dueAt"], "2026-03-01T16:00:00.123456Z");
    assert_eq!(data["decisions"], json!([]));
    for (number, (person, state)) in
        [(rita(), "AdminTask"), (fay(), "AdminTask"), (finn(), "approved")].into_iter().enumerate()
    {
        let own = decision(id, "approved", &person.user_name);
        let data = app.actor(person.clone()).saying(&own).send().await.data();
        assert_eq!(data["state"], state);
        assert_eq!(data["details"]["AdminTask-Payload"]["actionMessage"], person.user_name);
        assert_eq!(data["details"]["AdminTask_Output"], "approved");
        assert_eq!(data["decisions"].as_array().unwrap().len(), number + 1);
    }
    app.run_due_executions().await;
    let read = app.auditor().request(id).await;
    assert_eq!(read["state"], "executed");
    assert_eq!(read["details"]["IntouchAPITask_Output"]["status"], 200);
    let told = |decision: &Value| {
        let name = decision["actor"]["userName"].as_str().unwrap().to_owned();
        (name, decision["stage"].clone(), decision["signedAs"].clone(), decision["digest"].clone())
    };
    let signed: Vec<_> = read["decisions"].as_array().unwrap().iter().map(told).collect();
    let signature = |name: &str, stage: u64, group: &str| {
        (format!("{name}@example.com"), json!(stage), json!([group]), json!(submitted.digest))
    };
    let expected =
        [signature("rita", 1, "Risk"), signature("fay", 2, "Finance"), signature("finn", 2, "Finance")];
    assert_eq!(signed, expected);
    let history = app.auditor().history(id).await;
    assert_eq!((&history[4]["stage"], &history[4]["signedAs"]), (&json!(2), &json!(["Finance"])));
    let happened = app.auditor().happened(id).await;
    let middle = ["approval_given", "approval_given", "approved", "attempt_started", "executed"];
    assert_eq!(happened[3..], middle);
    assert_eq!(app.target.arrived().len(), 1);
}

/// Whether somebody may decide, and the code of why not.
async fn may(app: &App, who: Person, id: &str) -> (bool, String) {
    let read = app.actor(who).request(id).await;
    let reasons = read["whyNot"].as_array().unwrap();
    assert!(reasons.iter().all(|reason| reason["message"].as_str().unwrap().ends_with('.')), "{reasons:?}");
    let codes: Vec<&str> = reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect();
    (read["canDecide"].as_bool().unwrap(), codes.join(" "))
}

async fn each_person_is_told_what_he_may_do_and_what_is_still_needed(on: On) {
    let app = staged(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let maker_with_a_seat = Person { permissions: vec!["CanCheckRequest"], ..app.maker().person };
    let maker_with_a_seat = maker_with_a_seat.in_groups(&["Risk"]);
    let no = |code: &str| (false, code.to_owned());
    assert_eq!(may(&app, rita(), &id).await, (true, String::new()));
    assert_eq!(may(&app, fay(), &id).await, no("not_in_stage"));
    assert_eq!(may(&app, app.checker().person, &id).await, no("not_in_stage"));
    assert_eq!(may(&app, app.maker().person, &id).await, no("permission_missing"));
    assert_eq!(may(&app, app.auditor().person, &id).await, no("permission_missing"));
    assert_eq!(may(&app, maker_with_a_seat, &id).await, no("maker_is_checker"));
    for who in [rita(), fay()] {
        app.actor(who).says(&id, "approved").await.data();
    }
    assert_eq!(may(&app, rita(), &id).await, no("already_decided_by_you"));
    assert_eq!(may(&app, fay(), &id).await, no("already_decided_by_you"));
    assert_eq!(may(&app, finn(), &id).await, (true, String::new()));
    let read = app.actor(fay()).request(&id).await;
    assert_eq!(read["myDecision"], read["decisions"][1]);
    assert_eq!(app.actor(finn()).request(&id).await["myDecision"], Value::Null);
    let (risk, finance) = (&read["stages"][0], &read["stages"][1]);
    assert_eq!((&risk["name"], &finance["name"]), (&json!("Risk"), &json!("Finance")));
    assert_eq!((&risk["isComplete"], &risk["isCurrent"]), (&json!(true), &json!(false)));
    assert_eq!((&finance["isComplete"], &finance["isCurrent"]), (&json!(false), &json!(true)));
    assert_eq!(finance["needs"], json!(["Finance: 1 of 2"]));
    assert_eq!((&risk["needs"], &risk["decidedBy"]), (&json!([]), &json!([read["decisions"][0]])));
    assert_eq!(finance["decidedBy"], json!([read["decisions"][1]]));
    app.actor(finn()).says(&id, "approved").await.data();
    let late = Person::new(14, "fred@example.com", &CHECK).in_groups(&["Finance"]);
    assert_eq!(may(&app, late, &id).await, no("already_decided"));
    app.run_due_executions().await;
}

async fn one_rejection_in_the_second_stage_ends_it(on: On) {
    let app = staged(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    app.actor(rita()).says(&id, "approved").await.data();
    let data = app.actor(fay()).says(&id, "rejected").await.data();
    assert_eq!(
        (&data["state"], &data["details"]["AdminTask_Output"]),
        (&json!("rejected"), &json!("rejected"))
    );
    assert_eq!(data["decisions"].as_array().unwrap().len(), 2);
    app.actor(finn()).says(&id, "approved").await.refused(409, "already_decided");
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0);
}

async fn a_rule_may_ask_for_more_than_one_rejection(on: On) {
    let two = TWO_CHECKERS.replace("name = \"two checkers\"", "name = \"two checkers\"\nrejections = 2");
    let app = App::with(on, Wishes::stepped().with_type(&type_file("", &two))).await;
    let id = app.maker().pays(&body(&app, "c-1", 10)).await.id;
    let data = app.checker().says(&id, "rejected").await.data();
    assert_eq!((&data["state"], &data["endTime"]), (&json!("AdminTask"), &Value::Null));
    app.checker().says(&id, "approved").await.refused(409, "already_decided_by_you");
    let data = app.other_checker().says(&id, "rejected").await.data();
    assert_eq!((&data["state"], &data["endTime"]), (&json!("rejected"), &json!("2026-03-01T12:00:00")));
    assert_eq!(data["decisions"].as_array().unwrap().len(), 2);
    assert_eq!(app.auditor().happened(&id).await[3..], ["rejection_given", "refused", "rejected"]);
}

/// The ids of a page of a view, and its pagination.
async fn page(actor: &Actor<'_>, query: &str) -> (Vec<String>, Value) {
    let mut reply = actor.get(&format!("/requests?{query}")).await.expect(200);
    let rows = reply["data"].as_array().unwrap();
    let ids = rows.iter().map(|row| row["requestId"].as_str().unwrap().to_owned()).collect();
    (ids, reply["pagination"].take())
}

async fn what_needs_me_is_what_i_may_decide_now(on: On) {
    let app = staged(on).await;
    let [first, second] =
        [app.maker().pays(&body(&app, "c-1", 1)).await.id, app.maker().pays(&body(&app, "c-2", 2)).await.id];
    app.actor(rita()).says(&first, "approved").await.data();
    let needs = async |who: Person| page(&app.actor(who), "view=needs_me").await;
    let (ids, pagination) = needs(rita()).await;
    assert_eq!(ids, std::slice::from_ref(&second));
    assert_eq!(pagination, json!({ "numberOfElements": 1, "count": "1", "next": null }));
    assert_eq!(needs(fay()).await.0, std::slice::from_ref(&first));
    assert_eq!(needs(app.checker().person).await.1["count"], "0");
    for who in [rita(), fay()] {
        for id in needs(who.clone()).await.0 {
            assert_eq!(app.actor(who.clone()).request(&id).await["canDecide"], true);
        }
    }
    // Who may not decide anything has no inbox, rather than an empty one.
    app.auditor().get("/requests?view=needs_me").await.refused(403, "permission_missing");
    app.actor(fay()).says(&first, "rejected").await.data();
    assert_eq!(needs(finn()).await.1["count"], "0");
    let abroad = rita().of_org("90002");
    assert_eq!(needs(abroad).await.1["count"], "0");
}

async fn the_inbox_goes_on_by_cursor_and_counts_only_once(on: On) {
    let app = plain(on, "").await;
    let mut submitted = Vec::new();
    for number in 0..5 {
        app.clock.advance(TimeDelta::seconds(1));
        submitted.push(app.maker().pays(&body(&app, &format!("c-{number}"), 1)).await.id);
    }
    let checker = app.checker();
    let (mut walked, pagination) = page(&checker, "view=needs_me&limit=2").await;
    assert_eq!(pagination["count"], "5");
    let mut next = pagination["next"].clone();
    while let Some(cursor) = next.as_str() {
        let (ids, pagination) = page(&checker, &format!("view=needs_me&limit=2&after={cursor}")).await;
        assert_eq!(pagination.get("count"), None);
        walked.extend(ids);
        next = pagination["next"].clone();
    }
    assert_eq!(walked, submitted);
    let of_checker = page(&checker, "view=needs_me&limit=2").await.1["next"].clone();
    let cursor = of_checker.as_str().unwrap();
    let elsewhere = [
        (app.other_checker(), format!("view=needs_me&after={cursor}")),
        (app.checker(), format!("view=decided_by_me&after={cursor}")),
        (app.checker(), format!("after={cursor}")),
    ];
    for (actor, query) in elsewhere {
        actor.get(&format!("/requests?{query}")).await.refused(400, "cursor_invalid");
    }
}

async fn an_inbox_is_counted_exactly_to_a_thousand(on: On) {
    let app = plain(on, "").await;
    let (maker, checker, body) = (app.maker(), app.checker(), body(&app, "c-1", 1));
    for _ in 0..20 {
        let submitted = (0..50).map(|_| maker.submit(PAY_OUT, &body));
        let submitted = futures_util::future::join_all(submitted).await;
        assert!(submitted.iter().all(|reply| reply.status == 200));
    }
    assert_eq!(page(&checker, "view=needs_me&limit=1").await.1["count"], "1000");
    maker.pays(&body).await;
    assert_eq!(page(&checker, "view=needs_me&limit=1").await.1["count"], "1000+");
}

async fn the_views_take_no_other_parameters(on: On) {
    let app = plain(on, "").await;
    for view in ["needs_me", "decided_by_me"] {
        for more in ["subject=c-1", "states=AdminTask", "PageNo=0", "sortBy=endDate", "userId=1"] {
            let reply = app.checker().get(&format!("/requests?view={view}&{more}")).await;
            let body = reply.refused(400, "parameter_invalid");
            assert_eq!(body["errors"][0]["field"], more.split_once('=').unwrap().0);
        }
    }
    let reply = app.checker().get("/requests?view=everything").await;
    assert_eq!(reply.refused(400, "parameter_invalid")["errors"][0]["field"], "view");
    app.auditor().get("/requests/export?format=csv&view=mine").await.refused(400, "parameter_invalid");
}

async fn mine_is_a_filter_and_decided_by_me_is_the_latest_first(on: On) {
    let app = plain(on, "").await;
    let both = Person::new(20, "both@example.com", &["CanMakeRequest", "CanCheckRequest"]);
    let own = app.actor(both.clone()).pays(&body(&app, "c-0", 1)).await.id;
    let mut ids = Vec::new();
    for number in 1..4 {
        ids.push(app.maker().pays(&body(&app, &format!("c-{number}"), 1)).await.id);
    }
    let both = app.actor(both);
    assert_eq!(page(&both, "view=mine").await.0, std::slice::from_ref(&own));
    assert_eq!(page(&both, "view=mine&subject=c-1").await.0.len(), 0);
    assert_eq!(page(&both, "view=mine").await.1["totalElements"], 1);
    for id in &ids {
        app.clock.advance(TimeDelta::seconds(1));
        both.says(id, "rejected").await.data();
    }
    ids.reverse();
    let (first, pagination) = page(&both, "view=decided_by_me&limit=2").await;
    assert_eq!((first.as_slice(), pagination.get("count")), (&ids[..2], None));
    let cursor = pagination["next"].as_str().unwrap();
    let (rest, pagination) = page(&both, &format!("view=decided_by_me&limit=2&after={cursor}")).await;
    assert_eq!((rest.as_slice(), &pagination["next"]), (&ids[2..], &Value::Null));
    assert_eq!(page(&app.checker(), "view=decided_by_me").await.0.len(), 0);
}

async fn a_list_is_narrowed_to_one_subject(on: On) {
    let app = plain(on, "").await;
    let one = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    let two = app.other_maker().pays(&body(&app, "c-1", 2)).await.id;
    app.maker().pays(&body(&app, "c-12", 3)).await;
    app.checker().says(&one, "rejected").await.data();
    assert_eq!(app.checker().lists("subject=c-1&sortOrder=asc").await, [one.clone(), two]);
    assert_eq!(app.checker().lists("subject=c-1&states=rejected").await, std::slice::from_ref(&one));
    assert_eq!(app.maker().lists("subject=c-1").await, [one]);
    assert_eq!(app.checker().lists("subject=c").await.len(), 0);
    assert_eq!(app.stranger().lists("subject=c-1").await.len(), 0);
    let export = app.auditor().get("/requests/export?format=jsonl&subject=c-1").await.text;
    assert_eq!(export.lines().count(), 2);
}

async fn a_repeated_key_gets_the_request_as_it_now_stands(on: On) {
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

async fn a_key_that_stands_for_something_else_is_refused(on: On) {
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

async fn a_key_that_is_none_is_refused(on: On) {
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

async fn a_rule_that_asks_for_nobody_runs_without_a_decision(on: On) {
    let tiny = "[[policy]]\nname = \"tiny\"\nwhen = 'request.amount.below(100)'\nauto_approve = true\n\
                [[policy]]\nname = \"else\"\nrefuse = \"Ask the treasury.\"\n";
    let app = App::with(on, Wishes::default().with_type(&type_file("", tiny))).await;
    let submitted = app.maker().pays(&body(&app, "c-1", 99)).await;
    assert_eq!((&submitted.data["state"], &submitted.data["rule"]), (&json!("approved"), &json!("tiny")));
    let read = app.maker().becomes(&submitted.id, "executed").await;
    let steps: Vec<&str> = read["details"].as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!steps.iter().any(|step| step.starts_with("AdminTask")), "{steps:?}");
    assert!(steps.contains(&"IntouchAPITask_Output") && !steps.contains(&"ValidateCheckerAccess_Output"));
    assert_eq!((&read["decisions"], &read["stages"]), (&json!([]), &json!([])));
    let history = app.auditor().history(&submitted.id).await;
    assert_eq!((&history[3]["type"], &history[3]["rule"]), (&json!("auto_approved"), &json!("tiny")));
    assert_eq!(history[3]["actor"]["userName"], "system");
    assert_eq!(app.target.arrived().len(), 1);
    assert_eq!(may(&app, app.checker().person, &submitted.id).await, (false, "request_closed".to_owned()));
    app.checker().says(&submitted.id, "rejected").await.refused(409, "request_closed");
    app.maker().withdraw(&submitted.id, "too late").await.refused(409, "request_closed");
    let refused = app.maker().submit(PAY_OUT, &body(&app, "c-1", 100)).await.refused(403, "refused_by_rule");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("Ask the treasury."), "{refused}");
}

const HIDING: &str = r#"
[fields]
masked = ["/body/card", "/pathParams/account"]
secret = ["/body/pin", "/queryParams/token"]
[path_params.properties]
account = { type = "string" }
[query.properties]
token = { type = "string" }
"#;

async fn masked_fields_are_for_those_who_decide_and_secret_ones_for_nobody(on: On) {
    let file = type_file(HIDING, RISK_THEN_FINANCE).replace("\"/pay\"", "\"/pay/{account}\"");
    let app = App::with(on, Wishes::stepped().with_type(&file)).await;
    let mut body = body(&app, "c-1", 10);
    let sent = task(&mut body);
    sent["path"] = "/pay/{account}".into();
    sent["pathParams"] = json!({ "account": "acc-4711" });
    sent["queryParams"] = json!({ "token": "tok-4711" });
    sent["body"]["card"] = "card-4711".into();
    sent["body"]["pin"] = "pin-4711".into();
    let submitted = app.maker().pays(&body).await;
    let id = &submitted.id;
    let hidden = ["acc-4711", "card-4711", "tok-4711", "pin-4711"];
    let shown = |text: &str| hidden.map(|word| text.contains(word));
    let (all_but_secret, nothing) = ([true, true, false, false], [false; 4]);
    assert_eq!(shown(&submitted.data.to_string()), all_but_secret, "once, to him who sent it");
    let one = format!("/requests/{id}");
    let cases = [
        (rita(), all_but_secret),
        (fay(), all_but_secret),
        (app.checker().person, nothing),
        (app.maker().person, nothing),
        (app.auditor().person, nothing),
    ];
    for (who, expected) in cases {
        let who = app.actor(who);
        for path in [&one, "/requests", "/requests?subject=c-1"] {
            let reply = who.get(path).await;
            assert_eq!((reply.status, shown(&reply.text)), (200, expected), "{path} {:?}", who.person);
        }
    }
    for format in ["csv", "jsonl"] {
        let export = app.auditor().get(&format!("/requests/export?format={format}")).await.text;
        assert!(export.contains(id.as_str()), "{export}");
        assert_eq!(shown(&export), nothing, "{export}");
    }
    let history = app.auditor().get(&format!("{one}/history")).await.text;
    assert_eq!(shown(&history), nothing);
    assert!(app.actor(rita()).request(id).await["call"]["url"].as_str().unwrap().contains("/pay/acc-4711?"));
    for who in [rita(), fay(), finn()] {
        let decided = app.actor(who).says(id, "approved").await;
        assert_eq!(shown(&decided.text), all_but_secret);
    }
    app.run_due_executions().await;
    let arrived = app.target.arrived().remove(0);
    assert_eq!(shown(&format!("{}{}", arrived.head, arrived.body)), [true; 4], "what is sent is whole");
}

async fn who_stands_behind_the_maker_or_is_switched_off_sees_no_masked_field(on: On) {
    let people = "[[people]]\nname = \"Mara\"\naccounts = [\"sub-400001\", \"sub-11\"]\n\
                  [[people]]\nname = \"Fay\"\naccounts = [\"sub-12\"]\nactive = false\n";
    let wishes = Wishes::stepped().with_type(&type_file("[fields]\nmasked = [\"/body/card\"]", ""));
    let app = App::with(on, wishes.with_people(people)).await;
    let mut body = body(&app, "c-1", 10);
    task(&mut body)["body"]["card"] = "card-4711".into();
    let id = app.maker().pays(&body).await.id;
    for (who, sees) in [(rita(), false), (fay(), false), (finn(), true)] {
        let read = app.actor(who).request(&id).await;
        assert_eq!(read.to_string().contains("card-4711"), sees, "{read}");
    }
}

async fn both_deadlines_are_shown_and_which_of_them_passed(on: On) {
    let app = plain(on, "pending_ttl = \"2h\"\napproval_ttl = \"1h\"").await;
    let waits = app.maker().pays(&body(&app, "c-1", 1)).await;
    assert_eq!(waits.data["decideBefore"], "2026-03-01T14:00:00.123456Z");
    assert_eq!(waits.data["executeBefore"], Value::Null);
    assert_eq!(waits.data.get("expiredFrom"), None);
    let approved = app.maker().pays(&body(&app, "c-2", 1)).await.id;
    let data = app.checker().says(&approved, "approved").await.data();
    assert_eq!(data["executeBefore"], "2026-03-01T13:00:00.123456Z");
    app.clock.advance(TimeDelta::hours(1));
    app.sweep().await;
    assert_eq!(app.maker().request(&waits.id).await["state"], "AdminTask");
    let read = app.maker().request(&approved).await;
    assert_eq!((&read["state"], &read["expiredFrom"]), (&json!("expired"), &json!("approved")));
    assert_eq!(read["details"]["AdminTask_Output"], "approved");
    app.checker().says(&approved, "rejected").await.refused(409, "request_expired");
    app.clock.advance(TimeDelta::hours(1));
    app.sweep().await;
    let read = app.maker().request(&waits.id).await;
    assert_eq!((&read["state"], &read["expiredFrom"]), (&json!("expired"), &json!("AdminTask")));
    let history = app.auditor().history(&approved).await;
    assert_eq!((&history[4]["type"], &history[4]["from"]), (&json!("expired"), &json!("approved")));
    app.run_due_executions().await;
    assert_eq!(app.target.arrived().len(), 0);
    let rows = app.checker().get("/requests?sortOrder=asc").await.data();
    assert_eq!(without_explanation(app.checker().request(&waits.id).await), rows[0]);
}

async fn odd_characters_and_a_second_request_are_findings(on: On) {
    let app = plain(on, "").await;
    let first = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    assert_eq!(app.checker().request(&first).await["findings"], json!([]));
    let mut odd = body(&app, "c-1", 2);
    task(&mut odd)["body"]["card"] = "12\u{202e}34".into();
    let second = app.maker().pays(&odd).await.id;
    let findings = app.checker().request(&second).await["findings"].take();
    let [hidden, other] = findings.as_array().unwrap().as_slice() else { panic!("{findings}") };
    assert_eq!(
        (&hidden["code"], &hidden["level"], &hidden["field"]),
        (&json!("hidden_characters"), &json!("warning"), &json!("/body/card"))
    );
    assert!(hidden["message"].as_str().unwrap().contains("U+202E"), "{hidden}");
    assert_eq!((&other["code"], &other["field"]), (&json!("subject_pending"), &Value::Null));
    assert!(other["message"].as_str().unwrap().contains(&first), "{other}");
    app.checker().says(&first, "rejected").await.data();
    let findings = app.checker().request(&second).await["findings"].take();
    assert_eq!(findings.as_array().unwrap().len(), 1);
}

async fn a_second_request_on_a_subject_is_warned_of_at_once(on: On) {
    let app = plain(on, "duplicates = \"warn\"").await;
    let first = app.maker().pays(&body(&app, "c-1", 1)).await;
    assert_eq!(first.data["warnings"], json!([]));
    let second = app.maker().pays(&body(&app, "c-1", 2)).await;
    assert_eq!(second.data["warnings"][0]["code"], "duplicate_pending");
    assert!(second.data["warnings"][0]["message"].as_str().unwrap().contains(&first.id));
    assert_eq!(app.checker().request(&second.id).await["warnings"], second.data["warnings"]);
}

async fn new_rules_come_into_force_all_or_none(on: On) {
    let app = plain(on, "").await;
    let rules = async || app.get("/health/ready").await.body["checks"]["rules"].clone();
    let metric = async || app.metric("countersign_rules_stale").await;
    assert_eq!((rules().await, metric().await.as_deref()), (json!("ok"), Some("0")));
    app.change_type(&type_file("", RISK_THEN_FINANCE).replace("count = 2", "count = \"two\"")).await;
    assert_eq!((rules().await, metric().await.as_deref()), (json!("stale"), Some("1")));
    let under_old = app.maker().pays(&body(&app, "c-1", 1)).await;
    assert_eq!(under_old.data["rule"], "default");
    app.change_type(&type_file("", RISK_THEN_FINANCE)).await;
    assert_eq!((rules().await, metric().await.as_deref()), (json!("ok"), Some("0")));
    let under_new = app.maker().pays(&body(&app, "c-2", 1)).await;
    assert_eq!(under_new.data["rule"], "risk then finance");
    app.checker().says(&under_new.id, "approved").await.refused(403, "not_in_stage");
    assert_eq!(app.checker().says(&under_old.id, "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
    let version = async |id: &str| app.auditor().history(id).await[0]["typeVersion"].clone();
    let (old, new) = (version(&under_old.id).await, version(&under_new.id).await);
    assert_ne!(old, new);
    let known = "SELECT count(*) AS number FROM events WHERE type = 'rules_in_force' AND data LIKE";
    for version in [&old, &new] {
        assert_eq!(app.count(&format!("{known} '%{}%'", version.as_str().unwrap())), 1);
    }
}
