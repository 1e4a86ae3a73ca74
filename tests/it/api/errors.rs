//! Every error as the client sees it, in one table. A change there is a change for clients.
//!
//! Longer than 400 lines because the table is one.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::support::app::{App, AppOptions, task};
use crate::support::client::{Call, Reply};
use crate::support::pay_out::{self, type_file};
use crate::support::people::{Actor, BASE, Person, decision, sign};
use crate::support::sending::Sending;
use crate::support::{On, read, run};

const TABLE: &str = "tests/it/api/snapshots/it__api__errors__table.snap";
const BULK_DECISIONS: &str = "tests/it/snapshots/it__wire_shapes__bulk_decisions.snap";
const REFERENCE: &str = "the-reference";

#[test]
fn every_error_is_as_in_the_table() {
    run(async {
        let mut table = Table::default();
        callers(&mut table).await;
        bodies(&mut table).await;
        submissions(&mut table).await;
        submissions_under_a_policy(&mut table).await;
        decisions(&mut table).await;
        decisions_under_a_policy(&mut table).await;
        stale_sign_in(&mut table).await;
        settlements(&mut table).await;
        revisions(&mut table).await;
        reads(&mut table).await;
        broken_store(&mut table).await;
        full_queue(&mut table).await;
        insta::assert_snapshot!("table", table.text.trim_start());
    });
}

#[test]
fn every_code_is_shown() {
    let table = read(TABLE);
    let codes: Vec<&str> = table.lines().filter_map(|line| line.split(" | ").nth(2)).collect();
    // Some codes belong to one item of a bulk decision only.
    let items = read(BULK_DECISIONS);
    // Those of the gate have bodies of their own, which `gateway` compares with the contract's.
    let all = countersign::domain::code::Code::ALL.into_iter();
    for code in all.filter(|code| !code.name().starts_with("client_")) {
        let is_shown = codes.contains(&code.name()) || items.contains(&format!("\"code\": \"{code}\""));
        assert!(is_shown, "neither the table nor a bulk decision shows {code}");
    }
}

/// A line for each error: case, status, code, field (`-` if there is none) and message.
#[derive(Default)]
struct Table {
    text: String,
}

impl Table {
    fn heading(&mut self, heading: &str) {
        self.text += &format!("\n{heading}\n");
    }

    /// Sends the call with a known reference, and adds a line for each error of the answer.
    async fn add(&mut self, case: &str, call: Call) {
        self.add_reply(case, &call.header("x-cap-request-id", REFERENCE).send().await);
    }

    fn add_reply(&mut self, case: &str, reply: &Reply) {
        check_headers(case, reply);
        for error in errors(case, reply) {
            let field = match error.get("field") {
                None => "-".to_owned(),
                Some(field) if field == "" => "\"\"".to_owned(),
                Some(field) => field.as_str().unwrap().to_owned(),
            };
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            let (code, message) = (text("code"), text("message"));
            self.text += &format!("{case} | {} | {code} | {field} | {message}\n", reply.status);
        }
    }
}

/// The headers that belong to an error answer, and no others of their kind.
fn check_headers(case: &str, reply: &Reply) {
    let expected = match reply.status {
        401 => [None, None, Some("Bearer")],
        405 => [Some("POST, PUT"), None, None],
        503 => [None, Some("1"), None],
        _ => [None, None, None],
    };
    let found = ["allow", "retry-after", "www-authenticate"].map(|name| reply.header(name));
    assert_eq!(found, expected, "{case}");
    assert_eq!(reply.header("content-type"), Some("application/json"), "{case}");
}

/// The errors of an answer that has exactly the members of one.
fn errors<'r>(case: &str, reply: &'r Reply) -> &'r [Value] {
    let members = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(members(&reply.body), ["data", "errors", "warnings"], "{case}: {}", reply.text);
    assert_eq!((&reply.body["data"], &reply.body["warnings"]), (&Value::Null, &json!([])), "{case}");
    let errors = reply.body["errors"].as_array().unwrap();
    assert!(!errors.is_empty(), "{case}: {}", reply.text);
    for error in errors {
        let with_field = ["code", "message", "field", "reference"];
        let without = ["code", "message", "reference"];
        assert!(members(error) == with_field || members(error) == without, "{case}: {error}");
        assert_eq!(error["reference"], REFERENCE, "{case}");
    }
    errors
}

async fn callers(table: &mut Table) {
    table.heading("Who is calling");
    let app = App::start(On::Sqlite).await;
    let maker = app.maker();
    let post = || maker.call("POST", "/ISSUE-BADGE");
    table.add("no_token", app.call("GET", &format!("{BASE}/requests"))).await;
    table
        .add("bad_token", app.call("GET", &format!("{BASE}/requests")).header("x-cap-ui-auth-token", "x"))
        .await;
    table.add("org_not_named", post().without("x-cap-api-auth-org-id")).await;
    table
        .add(
            "org_not_granted",
            app.actor(Person { org: "7".into(), ..maker.person.clone() }).call("GET", "/requests"),
        )
        .await;
    table.add("permission_missing_to_make", app.checker().call("POST", "/ISSUE-BADGE")).await;
    table.add("permission_missing_to_check", maker.call("PUT", "/ISSUE-BADGE")).await;
    table.add("permission_missing_to_audit", maker.call("GET", "/refusals")).await;
}

async fn bodies(table: &mut Table) {
    table.heading("Bodies that can't be read");
    let app = App::start(On::Sqlite).await;
    let maker = app.maker();
    let post = || maker.call("POST", "/ISSUE-BADGE");
    table.add("not_json", post().text("{\"entityInfo\": ")).await;
    table.add("not_utf8", post().raw("application/json", b"\xff")).await;
    table.add("not_an_object", post().text("[]")).await;
    table.add("wrong_media_type", post().raw("text/plain", b"{}")).await;
    table.add("content_encoding", post().text("{}").header("content-encoding", "gzip")).await;
    table.add("body_too_large", post().raw("application/json", &vec![b' '; 256 * 1024 + 1])).await;
    let slow = App::with(On::Sqlite, AppOptions::stepped().set("server.body_timeout_ms", 100)).await;
    let token = sign(&slow.maker().person.claims(slow.clock.now()));
    let headers = [
        ("x-cap-ui-auth-token", token.as_str()),
        ("x-cap-api-auth-org-id", &slow.maker().person.org),
        ("x-cap-request-id", REFERENCE),
    ];
    let sending = Sending::half(&slow, &format!("{BASE}/ISSUE-BADGE"), &headers).await;
    table.add_reply("body_too_slow", &sending.reply().await);
}

async fn submissions(table: &mut Table) {
    table.heading("Submissions with faults");
    let app = App::start(On::Sqlite).await;
    let maker = app.maker();
    let post = || maker.call("POST", "/ISSUE-BADGE");
    table.add("empty_submission", post().text("{}")).await;
    let mut elsewhere = app.badge();
    task(&mut elsewhere)["hostname"] = "https://elsewhere.example".into();
    table.add("target_not_allowed", post().json(&elsewhere)).await;
    let mut wrong = app.badge();
    wrong["surplus"] = 1.into();
    task(&mut wrong)["method"] = "DELETE".into();
    task(&mut wrong)["path"] = "/another".into();
    task(&mut wrong)["body"] = json!({ "customers": "all", "triggeredBy": { "ownerType": "Nobody" } });
    task(&mut wrong)["headers"] =
        json!({ "Host": "x", "Upgrade": "x", "accept": 1, "x-y": "z", "x-user": "z", "a b": "c" });
    table.add("many_faults", post().json(&wrong)).await;
    table.add("member_named_twice", post().text("{\"entityInfo\": {}, \"entityInfo\": {}}")).await;
    table.add("too_deep", post().text(&format!("{}1{}", "[".repeat(33), "]".repeat(33)))).await;
    let twice = app.badge();
    maker.submitted(&twice).await;
    table.add("repeat_key_in_use", post().json(&twice)).await;
    table.add("unknown_type", maker.call("POST", "/NO-SUCH-TYPE").json(&app.badge())).await;
    table.add("parameter_on_a_submission", maker.call("POST", "/ISSUE-BADGE?dry=1").json(&app.badge())).await;
}

async fn decisions(table: &mut Table) {
    table.heading("Decisions and withdrawals that the rules forbid");
    let app = App::with(On::Sqlite, AppOptions::default().set("requests.pending_ttl_seconds", 60)).await;
    let both = Person::new(400_001, "maker@example.com", &["CanMakeRequest", "CanCheckRequest"]);
    let mara = app.actor(both);
    let id = mara.submitted(&app.badge()).await.id;
    let checker = app.checker();
    let put = |body: &Value| checker.call("PUT", "/ISSUE-BADGE").json(body);
    let approve = decision(&id, "approved", "agreed");
    table.add("maker_is_checker", mara.call("PUT", "/ISSUE-BADGE").json(&approve)).await;
    table.add("empty_decision", put(&json!({}))).await;
    table.add("rejection_without_words", put(&decision(&id, "rejected", ""))).await;
    table.add("unknown_decision", put(&decision(&id, "maybe", "x"))).await;
    let mut other_digest = approve.clone();
    other_digest["payload"]["AdminTask-Payload"]["digest"] = "sha256:another".into();
    table.add("digest_mismatch", put(&other_digest)).await;
    let mut other_version = approve.clone();
    other_version["payload"]["AdminTask-Payload"]["version"] = 1.into();
    table.add("request_moved", put(&other_version)).await;
    table
        .add("unknown_request", put(&decision("019d0000-0000-7000-8000-000000000000", "approved", "")))
        .await;
    let withdraw =
        |actor: &Actor<'_>, body: Value| actor.call("POST", &format!("/requests/{id}/withdraw")).json(&body);
    table.add("not_the_maker", withdraw(&checker, json!({ "reason": "mine?" }))).await;
    table.add("withdrawal_without_reason", withdraw(&mara, json!({}))).await;
    checker.reject(&id, "no").await.data();
    table.add("already_decided", put(&approve)).await;
    let again = |actor: &Actor<'_>, id: &str| {
        actor.call("POST", &format!("/requests/{id}/submit-again")).json(&json!({}))
    };
    let colleague = Person::new(400_008, "eight@example.com", &["CanMakeRequest", "CanCheckRequest"]);
    table.add("not_the_maker_again", again(&app.actor(colleague), &id)).await;
    again(&mara, &id).send().await.data();
    // The message names the newer request, which differs each time.
    let waiting = mara.submitted(&app.badge()).await.id;
    table.add("not_repeatable", again(&mara, &waiting)).await;
    let withdrawn = mara.submitted(&app.badge()).await.id;
    mara.withdraw(&withdrawn, "never mind").await.data();
    table.add("request_closed", put(&decision(&withdrawn, "approved", ""))).await;
    app.target.hold();
    let sent = mara.submitted(&app.badge_to_target()).await.id;
    checker.approve_async(&sent).await.data();
    app.target.has_received(1).await;
    let withdraw = mara.call("POST", &format!("/requests/{sent}/withdraw"));
    table.add("attempt_under_way", withdraw.json(&json!({ "reason": "too late" }))).await;
    app.target.release();
    checker.becomes(&sent, "executed").await;
    let late = mara.submitted(&app.badge()).await.id;
    app.clock.advance(chrono::TimeDelta::seconds(60));
    table
        .add(
            "request_expired",
            app.checker().call("PUT", "/ISSUE-BADGE").json(&decision(&late, "approved", "")),
        )
        .await;
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
    let options = AppOptions::stepped().with_type(&type_file(more, policy)).with_people(PEOPLE);
    App::with(On::Sqlite, options).await
}

async fn submissions_under_a_policy(table: &mut Table) {
    table.heading("Submissions that the policy does not admit");
    let app = with_policy().await;
    let maker = app.maker();
    let post = |customer: &str, points: i64| {
        maker.call("POST", "/PAY-OUT").json(&pay_out::body(&app, customer, points))
    };
    table.add("refused_by_rule", post("c-1", 10)).await;
    table.add("condition_failed", post("c-1", 20)).await;
    table.add("no_rule_applies", post("c-1", 30)).await;
    table.add("stage_unfillable", post("c-1", 40)).await;
    let gone = app.other_maker();
    let by_gone = gone.call("POST", "/PAY-OUT").json(&pay_out::body(&app, "c-1", 1));
    table.add("person_inactive", by_gone).await;
    let first = post("c-1", 1).header("idempotency-key", "k-1").send().await.data();
    let id = first["requestId"].as_str().unwrap();
    table.add("duplicate_pending", post("c-1", 2)).await;
    table.text = table.text.replace(id, "[id]");
    table.add("idempotency_key_reused", post("c-1", 2).header("idempotency-key", "k-1")).await;
    table.add("idempotency_key_malformed", post("c-2", 1).header("idempotency-key", "two words")).await;
}

async fn decisions_under_a_policy(table: &mut Table) {
    table.heading("Decisions that the policy does not need");
    let app = with_policy().await;
    let id = app.maker().pays(&pay_out::body(&app, "c-1", 1)).await.id;
    let checker = |number| app.actor(Person::new(number, "checker@example.com", &["CanCheckRequest"]));
    let put = |number, message: &str| {
        checker(number).call("PUT", "/PAY-OUT").json(&decision(&id, "approved", message))
    };
    table.add("not_in_stage", put(400_002, "agreed")).await;
    put(11, "agreed").send().await.data();
    table.add("already_decided_by_you", put(11, "agreed once more")).await;
    table.add("not_needed", put(12, "agreed")).await;
    table.add("person_inactive_decides", put(400_004, "agreed")).await;
}

async fn revisions(table: &mut Table) {
    table.heading("Comments, sending back and resubmitting");
    let app = App::with(On::Sqlite, AppOptions::stepped()).await;
    let (mara, checker) = (app.maker(), app.checker());
    let badge = app.badge();
    let id = mara.submitted(&badge).await.id;
    let on = |path: &str| format!("/requests/{id}/{path}");
    let comment = |words: &str| mara.call("POST", &on("comments")).json(&json!({ "message": words }));
    let back = |wish: Value| checker.call("POST", &on("send-back")).json(&wish);
    let resubmit = || mara.call("POST", &on("resubmit")).json(&badge);
    table.add("comment_blank", comment(" ")).await;
    table.add("nothing_to_change", back(json!({ "message": " " }))).await;
    table.add("no_member_of_it", back(json!({ "message": "x", "fields": ["/body/amount"] }))).await;
    table.add("member_named_twice", back(json!({ "message": "x", "fields": ["/reason", "/reason"] }))).await;
    let many: Vec<String> = (0..51).map(|number| format!("/payload/{number}")).collect();
    table.add("too_many_members", back(json!({ "message": "x", "fields": many }))).await;
    table.add("sent_back_with_another_digest", back(json!({ "message": "x", "digest": "sha256:x" }))).await;
    table.add("sent_back_on_an_old_version", back(json!({ "message": "x", "version": 1 }))).await;
    table.add("not_sent_back", resubmit()).await;
    back(json!({ "message": "x" })).send().await.data();
    let colleague =
        app.actor(Person::new(400_008, "eight@example.com", &["CanMakeRequest", "CanCheckRequest"]));
    table.add("not_the_maker_resubmits", colleague.call("POST", &on("resubmit")).json(&badge)).await;
    let approve = checker.call("PUT", "/ISSUE-BADGE").json(&decision(&id, "approved", ""));
    table.add("request_sent_back", approve).await;
    let mut digest = resubmit().send().await.data()["digest"].clone();
    let approve = checker.call("PUT", "/ISSUE-BADGE").json(&decision(&id, "approved", ""));
    table.add("revision_not_named", approve).await;
    table.add("no_such_revision", mara.call("GET", &on("revisions/3"))).await;
    for _ in 2..10 {
        back(json!({ "message": "x", "digest": digest })).send().await.data();
        digest = resubmit().send().await.data()["digest"].clone();
    }
    table.add("too_many_revisions", back(json!({ "message": "x", "digest": digest }))).await;
    for _ in 0..100 {
        comment("x").send().await.data();
    }
    table.add("too_many_comments", comment("x")).await;
}

async fn settlements(table: &mut Table) {
    table.heading("Words about an unknown outcome");
    let app = App::with(On::Sqlite, AppOptions::stepped()).await;
    app.target.will_hang_up();
    let id = app.maker().submitted(&app.badge_to_target()).await.id;
    app.checker().approve_async(&id).await.data();
    let settle = |word: Value| app.checker().call("POST", &format!("/requests/{id}/settle")).json(&word);
    let word = |evidence: &str| json!({ "outcome": "failed", "evidence": evidence });
    table.add("settled_too_early", settle(word("seen"))).await;
    app.run_due_executions().await;
    table.add("evidence_blank", settle(word(" "))).await;
    table.add("outcome_unknown", settle(json!({ "outcome": "unknown", "evidence": "seen" }))).await;
    table
        .add("settled_on_an_old_version", {
            settle(json!({ "outcome": "failed", "evidence": "seen", "version": 1 }))
        })
        .await;
    let own = app.actor(Person::new(400_001, "maker@example.com", &["CanCheckRequest"]));
    table
        .add("settled_by_the_maker", own.call("POST", &format!("/requests/{id}/settle")).json(&word("x")))
        .await;
    let probe = app.checker().call("POST", &format!("/requests/{id}/probe")).json(&json!({}));
    table.add("no_probe", probe).await;
    for number in 0..5 {
        settle(word(&format!("word {number}"))).send().await.data();
    }
    table.add("too_many_words", settle(word("one more"))).await;
    app.other_checker().settles(&id, "failed", "seen").await.data();
    table.add("nothing_to_settle", settle(word("too late"))).await;
}

async fn stale_sign_in(table: &mut Table) {
    table.heading("Approvals without a fresh sign-in");
    let options = AppOptions::stepped().with_type(&type_file("", pay_out::FRESH_SIGN_IN));
    let app = App::with(On::Sqlite, options).await;
    let id = app.maker().pays(&pay_out::body(&app, "c-1", 1)).await.id;
    let approve = decision(&id, "approved", "agreed");
    table.add("fresh_sign_in_required", app.checker().call("PUT", "/PAY-OUT").json(&approve)).await;
}

async fn reads(table: &mut Table) {
    table.heading("Reads");
    let app = App::start(On::Sqlite).await;
    let auditor = app.auditor();
    let get = |path: &str| auditor.call("GET", path);
    table
        .add(
            "wrong_parameters",
            get("/requests?states=Pending&limit=0&startDate=1.1.2026&q=1&PageNo=a&sortBy=x"),
        )
        .await;
    table.add("parameter_given_twice", get("/requests?userId=1&userId=2")).await;
    table.add("after_with_page_number", get("/requests?PageNo=1&after=x")).await;
    table.add("cursor_invalid", get("/requests?after=x")).await;
    table
        .add("view_with_other_parameters", app.checker().call("GET", "/requests?view=needs_me&subject=c-1"))
        .await;
    table.add("export_without_format", get("/requests/export")).await;
    table.add("no_such_request", get("/requests/019d0000-0000-7000-8000-000000000000")).await;
    table.add("no_such_path", app.call("GET", "/nothing")).await;
    table.add("method_not_allowed", app.call("DELETE", &format!("{BASE}/ISSUE-BADGE"))).await;
}

/// A broken store shows nothing of its inside.
async fn broken_store(table: &mut Table) {
    table.heading("Faults of the server");
    let app = App::with(On::Sqlite, AppOptions::stepped()).await;
    let submitted = app.badge();
    app.tamper("ALTER TABLE calls RENAME TO hidden");
    table.add("internal", app.maker().call("POST", "/ISSUE-BADGE").json(&submitted)).await;
    app.tamper("ALTER TABLE hidden RENAME TO calls");
    app.maker().submitted(&submitted).await;
}

/// A full queue refuses at once, and loses nothing that it took.
async fn full_queue(table: &mut Table) {
    let app = App::with(On::Sqlite, AppOptions::stepped().set("store.queue_max", 1)).await;
    // While another connection has the write lock, one write waits in the writer and one in the queue.
    let mut conn = app.database();
    conn.batch_execute("BEGIN IMMEDIATE").unwrap();
    let maker = app.maker();
    let bodies: Vec<Value> = (0..8).map(|_| app.badge()).collect();
    let calls = bodies.iter().map(|body| {
        let call = maker.call("POST", "/ISSUE-BADGE").json(body);
        Box::pin(call.header("x-cap-request-id", REFERENCE).send())
    });
    let (first, _, waiting) = futures_util::future::select_all(calls).await;
    table.add_reply("busy", &first);
    conn.batch_execute("ROLLBACK").unwrap();
    let rest = futures_util::future::join_all(waiting).await;
    let stored = rest.iter().filter(|reply| reply.status == 200).count();
    assert!((1..=7).contains(&stored), "{stored}");
    assert_eq!(app.checker().lists("").await.len(), stored);
}
