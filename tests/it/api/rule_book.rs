//! Changed files come into force while the server runs, each for itself.

use serde_json::{Value, json};

use super::{plain, rita};
use crate::support::app::{App, AppOptions};
use crate::support::pay_out::{PAY_OUT, RISK_THEN_FINANCE, body, type_file};
use crate::support::people::Person;
use crate::support::{On, journeys};

journeys![
    a_type_with_a_fault_keeps_its_last_good_version,
    somebody_who_is_switched_off_is_off_whatever_is_wrong_elsewhere,
    a_type_with_a_fault_keeps_its_last_good_version_at_a_start_too,
    a_type_that_never_was_good_is_left_out,
    when_nobody_is_left_the_request_says_who_could_help_and_goes_on_with_somebody_new,
    a_stage_that_nobody_is_left_for_stops_no_start,
    the_trail_tells_what_changed_in_types_and_people,
];

const CHECK: [&str; 1] = ["CanCheckRequest"];

/// Rita of Risk, Fay and Finn of Finance, by their accounts.
const PEOPLE: &str = r#"
[[people]]
name = "Rita"
accounts = ["sub-11"]
groups = ["Risk"]
[[people]]
name = "Fay"
accounts = ["sub-12"]
groups = ["Finance"]
[[people]]
name = "Finn"
accounts = ["sub-13"]
groups = ["Finance"]
"#;

fn fay() -> Person {
    Person::new(12, "fay@example.com", &CHECK)
}

fn finn() -> Person {
    Person::new(13, "finn@example.com", &CHECK)
}

fn one_of_finance() -> String {
    RISK_THEN_FINANCE.replace("count = 2", "count = 1")
}

async fn with_people(on: On) -> App {
    let options = AppOptions::stepped().with_type(&type_file("", &one_of_finance()));
    App::with(on, options.with_people(PEOPLE)).await
}

/// What readiness says of the rules: the word, and the stale files.
async fn rules(app: &App) -> (Value, Vec<Value>) {
    let ready = app.get("/health/ready").await;
    (ready.body["checks"]["rules"].clone(), ready.body["staleRules"].as_array().unwrap().clone())
}

async fn stale_metric(app: &App) -> Option<String> {
    app.metric("countersign_rules_stale").await
}

async fn a_type_with_a_fault_keeps_its_last_good_version(on: On) {
    let app = plain(on, "").await;
    assert_eq!((rules(&app).await, stale_metric(&app).await.as_deref()), ((json!("ok"), vec![]), Some("0")));
    app.change_type(&type_file("", RISK_THEN_FINANCE).replace("count = 2", "count = \"two\"")).await;
    let (word, stale) = rules(&app).await;
    assert_eq!((word, stale_metric(&app).await.as_deref()), (json!("stale"), Some("1")));
    let told = |name: &str| stale[0][name].clone();
    assert_eq!(
        (told("part"), told("requestType"), told("file")),
        (json!("types"), json!("PAY-OUT"), json!("own.toml"))
    );
    assert_eq!(told("inForce"), "Its last good version is in force.");
    assert!(told("faults")[0].as_str().unwrap().contains("policy.0.stages.1.seats.0.count"), "{stale:?}");
    let under_old = app.maker().pays(&body(&app, "c-1", 1)).await;
    assert_eq!(under_old.data["rule"], "default");
    app.change_type(&type_file("", RISK_THEN_FINANCE)).await;
    assert_eq!((rules(&app).await.0, stale_metric(&app).await.as_deref()), (json!("ok"), Some("0")));
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

async fn somebody_who_is_switched_off_is_off_whatever_is_wrong_elsewhere(on: On) {
    let app = with_people(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    app.actor(rita()).says(&id, "approved").await.data();
    let finn_off = PEOPLE.replace("name = \"Finn\"", "name = \"Finn\"\nactive = false");
    // A type can't be used, the last person of Finance but one goes: both are as they should be.
    app.change_type(&type_file("", "[[policy]]\nname = 7\n")).await;
    app.change_people(&finn_off).await;
    assert_eq!(rules(&app).await.0, "stale");
    app.actor(finn()).says(&id, "approved").await.refused(403, "person_inactive");
    // Another entry of the people file has a fault: what takes away comes into force, and nothing else.
    let mixed = finn_off.replace("groups = [\"Risk\"]", "groups = 7").replace(
        "accounts = [\"sub-12\"]\ngroups = [\"Finance\"]",
        "accounts = [\"sub-12\"]\n[[people]]\nname = \"New\"\naccounts = [\"sub-14\"]\ngroups = [\"Finance\"]",
    );
    app.change_people(&mixed).await;
    app.actor(fay()).says(&id, "approved").await.refused(403, "not_in_stage");
    let new = Person::new(14, "new@example.com", &CHECK);
    app.actor(new.clone()).says(&id, "approved").await.refused(403, "not_in_stage");
    let parts: Vec<Value> = rules(&app).await.1.iter().map(|file| file["part"].clone()).collect();
    assert_eq!(parts, ["people", "types"]);
    // A file that is no TOML changes nothing; one without fault grants.
    app.change_people("[[people]").await;
    app.actor(fay()).says(&id, "approved").await.refused(403, "not_in_stage");
    app.change_people(&mixed.replace("groups = 7", "groups = [\"Risk\"]")).await;
    app.actor(new).says(&id, "approved").await.data();
    app.run_due_executions().await;
}

async fn a_type_with_a_fault_keeps_its_last_good_version_at_a_start_too(on: On) {
    let mut app = plain(on, "").await;
    app.change_type("name = ").await;
    app.stop_server().await;
    app.start_server().await;
    let (word, stale) = rules(&app).await;
    assert_eq!((word, stale[0]["requestType"].clone()), (json!("stale"), json!("PAY-OUT")));
    let paid = app.maker().pays(&body(&app, "c-1", 1)).await;
    assert_eq!(app.checker().says(&paid.id, "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
    app.change_type(&type_file("", "")).await;
    assert_eq!(rules(&app).await, (json!("ok"), vec![]));
}

async fn a_type_that_never_was_good_is_left_out(on: On) {
    let app = App::with(on, AppOptions::stepped().with_type("name = \"ISSUE-BADGE\"\ntitle = 7\n")).await;
    let (word, stale) = rules(&app).await;
    assert_eq!((word, stale[0]["requestType"].clone()), (json!("stale"), json!("ISSUE-BADGE")));
    let types = app.server().engine().rules().types.names();
    assert!(
        !types.contains(&"ISSUE-BADGE".to_owned()),
        "the built-in one may ask for fewer people: {types:?}"
    );
    assert!(types.contains(&"EARN-BADGE".to_owned()), "{types:?}");
}

async fn when_nobody_is_left_the_request_says_who_could_help_and_goes_on_with_somebody_new(on: On) {
    let app = with_people(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    app.actor(rita()).says(&id, "approved").await.data();
    assert_eq!(app.checker().request(&id).await["findings"], json!([]));
    assert_eq!(app.metric("countersign_unfillable_stages{type=\"PAY-OUT\"}").await, None);
    let nobody = PEOPLE.replace("groups = [\"Finance\"]", "groups = [\"Finance\"]\nactive = false");
    app.change_people(&nobody).await;
    assert_eq!(rules(&app).await.0, "ok", "it is what the file says");
    assert_eq!(app.metric("countersign_unfillable_stages{type=\"PAY-OUT\"}").await.as_deref(), Some("1"));
    let findings = app.checker().request(&id).await["findings"].take();
    let [finding] = findings.as_array().unwrap().as_slice() else { panic!("{findings}") };
    assert_eq!((&finding["code"], &finding["level"]), (&json!("nobody_can_sign"), &json!("warning")));
    let sentence = finding["message"].as_str().unwrap();
    assert!(sentence.contains("Fay is switched off, Finn is switched off"), "{sentence}");
    app.actor(fay()).says(&id, "approved").await.refused(403, "person_inactive");
    let made = app.maker().submit(PAY_OUT, &body(&app, "c-2", 1)).await;
    made.refused(409, "stage_unfillable");
    let more = "[[people]]\nname = \"Eve\"\naccounts = [\"sub-14\"]\ngroups = [\"Finance\"]\n";
    app.change_people(&format!("{nobody}{more}")).await;
    assert_eq!(app.checker().request(&id).await["findings"], json!([]));
    let eve = Person::new(14, "eve@example.com", &CHECK);
    assert_eq!(app.actor(eve).says(&id, "approved").await.data()["state"], "approved");
    app.run_due_executions().await;
}

async fn a_stage_that_nobody_is_left_for_stops_no_start(on: On) {
    let mut app = with_people(on).await;
    let id = app.maker().pays(&body(&app, "c-1", 1)).await.id;
    app.actor(rita()).says(&id, "approved").await.data();
    let off = PEOPLE.replace("groups = [\"Finance\"]", "groups = [\"Finance\"]\nactive = false");
    let without_group = PEOPLE.replace("groups = [\"Finance\"]", "groups = []");
    let gone = PEOPLE[..PEOPLE.find("[[people]]\nname = \"Fay\"").unwrap()].to_owned();
    for (people, code) in [(off, "person_inactive"), (without_group, "not_in_stage"), (gone, "not_in_stage")]
    {
        app.change_people(&people).await;
        app.stop_server().await;
        app.start_server().await;
        assert_eq!(rules(&app).await.0, "ok", "{people}");
        let metric = app.metric("countersign_unfillable_stages{type=\"PAY-OUT\"}").await;
        assert_eq!(metric.as_deref(), Some("1"), "{people}");
        app.actor(fay()).says(&id, "approved").await.refused(403, code);
        let findings = app.checker().request(&id).await["findings"].take();
        let has_it = findings.as_array().unwrap().iter().any(|found| found["code"] == "nobody_can_sign");
        assert!(has_it, "{findings}");
    }
}

async fn the_trail_tells_what_changed_in_types_and_people(on: On) {
    let app = with_people(on).await;
    let events = |event_type: &str, data: &str| {
        app.count(&format!(
            "SELECT count(*) AS number FROM events WHERE type = '{event_type}' AND data LIKE '%{data}%'"
        ))
    };
    assert_eq!(events("people_in_force", "\"added\":[\"Fay\",\"Finn\",\"Rita\"]"), 1);
    app.change_people(&PEOPLE.replace("name = \"Finn\"", "name = \"Finn\"\nactive = false")).await;
    assert_eq!(events("people_in_force", "\"changed\":[\"Finn\"]"), 1);
    app.change_people(PEOPLE.split("[[people]]\nname = \"Finn\"").next().unwrap()).await;
    assert_eq!(events("people_in_force", "\"removed\":[\"Finn\"]"), 1);
    assert_eq!(events("people_in_force", "sub-1"), 0, "accounts are nobody's to read there");
    assert_eq!((events("rules_in_force", ""), events("rules_stale", "")), (1, 0), "the types are the same");
    app.change_type(&type_file("", "")).await;
    assert_eq!(events("rules_in_force", "\"changed\":[\"PAY-OUT\"]"), 1);
    app.change_type("name = ").await;
    assert_eq!(events("rules_stale", "own.toml"), 1);
}
