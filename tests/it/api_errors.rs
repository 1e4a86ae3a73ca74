//! Every refusal as the client sees it. A change here is a change for clients.

use serde_json::{Value, json};

use crate::support::app::{App, Wishes, task};
use crate::support::client::{Call, Reply};
use crate::support::pay_out::{self, type_file};
use crate::support::people::{BASE, Person, decision};
use crate::support::{On, pretty, run};

/// Status, the headers that belong to a refusal, and the body, under a reference of our own.
fn shown(reply: &Reply) -> String {
    let mut headers = serde_json::Map::new();
    for name in ["allow", "content-type", "retry-after", "www-authenticate"] {
        if let Some(value) = reply.header(name) {
            headers.insert(name.to_owned(), value.into());
        }
    }
    pretty(&json!({ "status": reply.status, "headers": headers, "body": reply.body }))
}

/// Asks with a known reference, so that every snapshot shows where it stands.
async fn ask(call: Call) -> String {
    shown(&call.header("x-cap-request-id", "the-reference").send().await)
}

macro_rules! snapshot {
    ($name:literal, $call:expr) => {
        insta::assert_snapshot!($name, ask($call).await);
    };
}

#[test]
fn who_asks_is_looked_at_first() {
    run(async {
        let app = App::start(On::Sqlite).await;
        let maker = app.maker();
        let post = || maker.call("POST", "/ISSUE-BADGE");
        snapshot!("no_token", app.call("GET", &format!("{BASE}/requests")));
        snapshot!(
            "bad_token",
            app.call("GET", &format!("{BASE}/requests")).header("x-cap-ui-auth-token", "x")
        );
        snapshot!("org_not_named", post().without("x-cap-api-auth-org-id"));
        snapshot!(
            "org_not_granted",
            app.actor(Person { org: "7".into(), ..maker.person.clone() }).call("GET", "/requests")
        );
        snapshot!("permission_missing_to_make", app.checker().call("POST", "/ISSUE-BADGE"));
        snapshot!("permission_missing_to_check", maker.call("PUT", "/ISSUE-BADGE"));
        snapshot!("permission_missing_to_audit", maker.call("GET", "/refusals"));
    });
}

#[test]
fn bodies_that_are_none_are_refused() {
    run(async {
        let app = App::start(On::Sqlite).await;
        let maker = app.maker();
        let post = || maker.call("POST", "/ISSUE-BADGE");
        snapshot!("not_json", post().text("{\"entityInfo\": "));
        snapshot!("not_utf8", post().raw("application/json", b"\xff"));
        snapshot!("not_an_object", post().text("[]"));
        snapshot!("wrong_media_type", post().raw("text/plain", b"{}"));
        snapshot!("content_encoding", post().text("{}").header("content-encoding", "gzip"));
        snapshot!("body_too_large", post().raw("application/json", &vec![b' '; 256 * 1024 + 1]));
    });
}

#[test]
fn submissions_with_faults_are_refused() {
    run(async {
        let app = App::start(On::Sqlite).await;
        let maker = app.maker();
        let post = || maker.call("POST", "/ISSUE-BADGE");
        snapshot!("empty_submission", post().text("{}"));
        let mut elsewhere = app.badge();
        task(&mut elsewhere)["hostname"] = "https://elsewhere.example".into();
        snapshot!("target_not_allowed", post().json(&elsewhere));
        let mut wrong = app.badge();
        wrong["surplus"] = 1.into();
        task(&mut wrong)["method"] = "DELETE".into();
        task(&mut wrong)["path"] = "/another".into();
        task(&mut wrong)["body"] = json!({ "customers": "all", "triggeredBy": { "ownerType": "Nobody" } });
        task(&mut wrong)["headers"] = json!({ "Host": "x", "Upgrade": "x", "x-y": 1, "a b": "c" });
        snapshot!("many_faults", post().json(&wrong));
        snapshot!("member_named_twice", post().text("{\"entityInfo\": {}, \"entityInfo\": {}}"));
        snapshot!("too_deep", post().text(&format!("{}1{}", "[".repeat(33), "]".repeat(33))));
        snapshot!("unknown_type", maker.call("POST", "/NO-SUCH-TYPE").json(&app.badge()));
        snapshot!("parameter_on_a_submission", maker.call("POST", "/ISSUE-BADGE?dry=1").json(&app.badge()));
    });
}

#[test]
fn decisions_that_the_rules_forbid_are_refused() {
    run(async {
        let app = App::with(On::Sqlite, Wishes::default().set("requests.pending_ttl_seconds", 60)).await;
        let both = Person::new(400_001, "maker@example.com", &["CanMakeRequest", "CanCheckRequest"]);
        let mara = app.actor(both);
        let id = mara.submitted(&app.badge()).await.id;
        let checker = app.checker();
        let put = |body: &Value| checker.call("PUT", "/ISSUE-BADGE").json(body);
        let approve = decision(&id, "approved", "agreed");
        snapshot!("maker_is_checker", mara.call("PUT", "/ISSUE-BADGE").json(&approve));
        snapshot!("empty_decision", put(&json!({})));
        snapshot!("rejection_without_words", put(&decision(&id, "rejected", "")));
        snapshot!("unknown_decision", put(&decision(&id, "maybe", "x")));
        let mut other_digest = approve.clone();
        other_digest["payload"]["AdminTask-Payload"]["digest"] = "sha256:another".into();
        snapshot!("digest_mismatch", put(&other_digest));
        let mut other_version = approve.clone();
        other_version["payload"]["AdminTask-Payload"]["version"] = 1.into();
        snapshot!("request_moved", put(&other_version));
        snapshot!("unknown_request", put(&decision("019d0000-0000-7000-8000-000000000000", "approved", "")));
        let withdraw = |actor: &crate::support::people::Actor<'_>, body: Value| {
            actor.call("POST", &format!("/requests/{id}/withdraw")).json(&body)
        };
        snapshot!("not_the_maker", withdraw(&checker, json!({ "reason": "mine?" })));
        snapshot!("withdrawal_without_reason", withdraw(&mara, json!({})));
        checker.reject(&id, "no").await.data();
        snapshot!("already_decided", put(&approve));
        let withdrawn = mara.submitted(&app.badge()).await.id;
        mara.withdraw(&withdrawn, "never mind").await.data();
        snapshot!("request_closed", put(&decision(&withdrawn, "approved", "")));
        let late = mara.submitted(&app.badge()).await.id;
        app.clock.advance(chrono::TimeDelta::seconds(60));
        snapshot!(
            "request_expired",
            app.checker().call("PUT", "/ISSUE-BADGE").json(&decision(&late, "approved", ""))
        );
    });
}

/// A rule for each way in which a submission can meet a policy, by its amount.
const POLICY: &str = r#"
duplicates = "block"
POLICY_BELOW
[[policy]]
name = "two kinds of people"
when = 'request.amount.below(10)'
[[policy.stages]]
name = "Risk and Finance"
mode = "all"
[[policy.stages.seats]]
group = "Risk"
[[policy.stages.seats]]
group = "Finance"
[[policy]]
name = "refused"
when = 'request.amount.below(20)'
refuse = "Ask the treasury."
[[policy]]
name = "needs a card"
when = 'request.amount.below(30) && request.body.card == "x"'
refuse = "Never with this card."
[[policy]]
name = "needs Mara"
when = 'request.amount.atLeast(40)'
[[policy.stages]]
name = "Alone"
mode = "all"
[[policy.stages.seats]]
group = "Alone"
"#;

const PEOPLE: &str = r#"
[[people]]
name = "Mara"
accounts = ["sub-400001"]
groups = ["Alone"]
[[people]]
name = "Rita"
accounts = ["sub-11"]
groups = ["Risk"]
[[people]]
name = "Rob"
accounts = ["sub-12"]
groups = ["Risk"]
[[people]]
name = "Fay"
accounts = ["sub-13"]
groups = ["Finance"]
[[people]]
name = "Gone"
accounts = ["sub-400004"]
active = false
"#;

async fn with_policy() -> App {
    let (more, policy) = POLICY.split_once("POLICY_BELOW").unwrap();
    let wishes = Wishes::stepped().with_type(&type_file(more, policy)).with_people(PEOPLE);
    App::with(On::Sqlite, wishes).await
}

#[test]
fn submissions_that_the_policy_does_not_admit_are_refused() {
    run(async {
        let app = with_policy().await;
        let maker = app.maker();
        let post = |customer: &str, points: i64| {
            maker.call("POST", "/PAY-OUT").json(&pay_out::body(&app, customer, points))
        };
        snapshot!("refused_by_rule", post("c-1", 10));
        snapshot!("condition_failed", post("c-1", 20));
        snapshot!("no_rule_applies", post("c-1", 30));
        snapshot!("stage_unfillable", post("c-1", 40));
        let gone = app.other_maker();
        let by_gone = gone.call("POST", "/PAY-OUT").json(&pay_out::body(&app, "c-1", 1));
        snapshot!("person_inactive", by_gone);
        let first = post("c-1", 1).header("idempotency-key", "k-1").send().await.data();
        let id = first["requestId"].as_str().unwrap();
        let told = ask(post("c-1", 2)).await;
        insta::assert_snapshot!("duplicate_pending", told.replace(id, "[id]"));
        snapshot!("idempotency_key_reused", post("c-1", 2).header("idempotency-key", "k-1"));
        snapshot!("idempotency_key_malformed", post("c-2", 1).header("idempotency-key", "two words"));
    });
}

#[test]
fn decisions_that_the_policy_does_not_need_are_refused() {
    run(async {
        let app = with_policy().await;
        let id = app.maker().pays(&pay_out::body(&app, "c-1", 1)).await.id;
        let checker = |number| app.actor(Person::new(number, "checker@example.com", &["CanCheckRequest"]));
        let put = |number, message: &str| {
            checker(number).call("PUT", "/PAY-OUT").json(&decision(&id, "approved", message))
        };
        snapshot!("not_in_stage", put(400_002, "agreed"));
        put(11, "agreed").send().await.data();
        snapshot!("already_decided_by_you", put(11, "agreed once more"));
        snapshot!("not_needed", put(12, "agreed"));
        snapshot!("person_inactive_decides", put(400_004, "agreed"));
    });
}

#[test]
fn an_approval_without_a_fresh_sign_in_is_refused() {
    run(async {
        let wishes = Wishes::stepped().with_type(&type_file("", pay_out::FRESH_SIGN_IN));
        let app = App::with(On::Sqlite, wishes).await;
        let id = app.maker().pays(&pay_out::body(&app, "c-1", 1)).await.id;
        let approve = decision(&id, "approved", "agreed");
        snapshot!("fresh_sign_in_required", app.checker().call("PUT", "/PAY-OUT").json(&approve));
    });
}

#[test]
fn readings_that_make_no_sense_are_refused() {
    run(async {
        let app = App::start(On::Sqlite).await;
        let auditor = app.auditor();
        let get = |path: &str| auditor.call("GET", path);
        snapshot!(
            "wrong_parameters",
            get("/requests?states=Pending&limit=0&startDate=1.1.2026&q=1&PageNo=a&sortBy=x")
        );
        snapshot!("parameter_given_twice", get("/requests?userId=1&userId=2"));
        snapshot!("after_with_page_number", get("/requests?PageNo=1&after=x"));
        snapshot!("cursor_invalid", get("/requests?after=x"));
        snapshot!(
            "view_with_other_parameters",
            app.checker().call("GET", "/requests?view=needs_me&subject=c-1")
        );
        snapshot!("export_without_format", get("/requests/export"));
        snapshot!("no_such_request", get("/requests/019d0000-0000-7000-8000-000000000000"));
        snapshot!("no_such_path", app.call("GET", "/nothing"));
        snapshot!("method_not_allowed", app.call("DELETE", &format!("{BASE}/ISSUE-BADGE")));
    });
}

#[test]
fn a_store_that_fails_is_told_without_its_inner_detail() {
    run(async {
        let app = App::with(On::Sqlite, Wishes::stepped()).await;
        let submitted = app.badge();
        app.tamper("ALTER TABLE calls RENAME TO hidden");
        snapshot!("internal", app.maker().call("POST", "/ISSUE-BADGE").json(&submitted));
        app.tamper("ALTER TABLE hidden RENAME TO calls");
        app.maker().submitted(&submitted).await;
    });
}

#[test]
fn a_full_queue_is_busy_at_once() {
    run(async {
        let app = App::with(On::Sqlite, Wishes::stepped().set("store.queue_max", 1)).await;
        // Somebody else holds the database's write lock: one write waits in the writer, one in the queue.
        let mut conn = app.database();
        use diesel::connection::SimpleConnection;
        conn.batch_execute("BEGIN IMMEDIATE").unwrap();
        let maker = app.maker();
        let bodies: Vec<Value> = (0..8).map(|_| app.badge()).collect();
        let calls = bodies.iter().map(|body| {
            let call = maker.call("POST", "/ISSUE-BADGE").json(body);
            Box::pin(call.header("x-cap-request-id", "the-reference").send())
        });
        let (first, _, waiting) = futures_util::future::select_all(calls).await;
        insta::assert_snapshot!("busy", shown(&first));
        conn.batch_execute("ROLLBACK").unwrap();
        let rest = futures_util::future::join_all(waiting).await;
        let stored = rest.iter().filter(|reply| reply.status == 200).count();
        assert!((1..=7).contains(&stored), "{stored}");
        assert_eq!(app.checker().lists("").await.len(), stored);
    });
}

#[test]
fn every_code_has_a_snapshot() {
    let folder = crate::support::root().join("tests/it/snapshots");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let shown: String = files.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for code in countersign::domain::code::Code::ALL {
        assert!(shown.contains(&format!("\"code\": \"{code}\"")), "no snapshot shows {code}");
    }
}
