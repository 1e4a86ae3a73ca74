//! Types and policies of an operator's own: limits, stages, duplicates, keys, deadlines, versions.

use std::cell::Cell;

use chrono::TimeDelta;
use countersign::catalog::Catalog;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::ids::{RequestId, RequestTypeName};
use countersign::domain::outcome::Outcome;
use countersign::domain::request::{NewDecision, Request, State};
use countersign::domain::rules::Rules;
use countersign::engine::inbox::InboxPage;
use countersign::engine::{
    ClaimedExecution, DecisionInput, Ending, Engine, EngineError, SubmissionInput, Submitted,
};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::{Database, Node, actor, approval, auditor, checker, maker, origin, rejection};
use crate::on_both_stores;
use crate::support::pay_out::{PAY_OUT, RISK_THEN_FINANCE, type_file};

on_both_stores![
    a_limit_holds_within_one_batch,
    a_negative_amount_makes_no_room,
    no_interleaving_passes_a_limit,
    a_limit_holds_on_two_nodes,
    what_is_not_carried_out_gives_its_share_back,
    a_checker_is_told_that_a_limit_is_nearly_used_up,
    a_sum_that_no_counter_can_hold_is_refused,
    a_new_window_counts_anew,
    a_client_key_stands_for_one_request,
    one_client_key_twice_at_once_is_one_request,
    a_client_key_is_answered_although_the_type_has_changed,
    a_second_request_on_a_subject_is_refused_until_the_first_has_ended,
    two_at_once_on_one_subject_are_never_both_admitted,
    a_second_request_on_a_subject_is_admitted_with_a_warning,
    stages_are_signed_in_their_order_by_different_people,
    two_last_approvals_at_once_approve_once,
    an_approval_and_a_rejection_at_once_have_one_winner,
    an_approved_call_that_is_not_begun_in_time_expires,
    a_rule_may_ask_for_nobody,
    a_running_request_keeps_the_version_it_was_submitted_under,
    who_signed_is_looked_at_again_before_the_call_leaves,
    linked_accounts_and_act_chains_are_one_person,
    a_stage_that_nobody_can_fill_refuses_the_submission,
    an_inbox_holds_exactly_what_its_reader_may_decide,
    the_inbox_of_a_crowd_is_walked_by_cursor,
];

const LIMITED: &str = r#"
[[usage]]
name = "day"
by = "maker"
window = "1d"
warn_sum = "80"
[[policy]]
name = "within the limit"
when = 'usage.day.sum.plus(request.amount).atMost(100) && usage.day.count < 4'
[[policy.stages]]
name = "Checker"
mode = "all"
[[policy.stages.seats]]
permission = "CanCheckRequest"
[[policy]]
name = "over the limit"
refuse = "Your limit of the day is used up."
"#;

fn one_stage(group: &str) -> String {
    format!(
        "[[policy]]\nname = \"one\"\n[[policy.stages]]\nname = \"{group}\"\nmode = \"all\"\n\
         [[policy.stages.seats]]\ngroup = \"{group}\"\n"
    )
}

fn rules(type_file: &str, people: Option<&str>) -> Rules {
    let folder = tempfile::tempdir().unwrap();
    let types = folder.path().join("types");
    std::fs::create_dir(&types).unwrap();
    std::fs::write(types.join("PAY-OUT.toml"), type_file).unwrap();
    let people = people.map(|text| {
        let path = folder.path().join("people.toml");
        std::fs::write(&path, text).unwrap();
        path
    });
    let catalog = Catalog { types: Some(types), people, targets: None };
    let loaded = catalog.load().unwrap_or_else(|faults| panic!("{faults:#?}"));
    loaded.rules
}

fn pay(customer: &str, points: i64) -> String {
    json!({
        "entityInfo": { "tillId": "1", "storeId": "2", "zoneId": "3", "conceptId": "4" },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": "https://api.example.com", "path": "/pay", "method": "POST",
            "headers": { "content-type": "application/json" },
            "body": { "customer": customer, "points": points },
        }},
    })
    .to_string()
}

async fn submit(
    engine: &Engine,
    by: &Actor,
    body: &str,
    key: Option<&str>,
) -> Result<Submitted, EngineError> {
    let body = body.as_bytes();
    let submitting = SubmissionInput {
        actor: by,
        type_name: PAY_OUT,
        body: Ok(body),
        idempotency_key: key,
        reference: "ref",
    };
    engine.submit(submitting).await
}

async fn submitted(node: &Node, customer: &str, points: i64) -> Request {
    submit(&node.engine, &maker(), &pay(customer, points), None).await.unwrap().view.request
}

fn why_not<T: std::fmt::Debug>(result: Result<T, EngineError>) -> &'static str {
    match result {
        Err(EngineError::NotAdmitted(why)) => why.code.name(),
        other => panic!("admitted, or refused for something else: {other:?}"),
    }
}

fn in_group(name: &str, group: &str) -> Actor {
    in_groups(checker(name), &[group])
}

fn in_groups(mut actor: Actor, groups: &[&str]) -> Actor {
    actor.signer.groups = groups.iter().map(|group| (*group).to_owned()).collect();
    actor
}

async fn decide(
    engine: &Engine,
    by: &Actor,
    id: RequestId,
    decision: NewDecision,
) -> Result<Request, EngineError> {
    let request_type = RequestTypeName::new(PAY_OUT);
    let deciding = DecisionInput { actor: by.clone(), request_type, id, decision, origin: origin(by) };
    Ok(engine.decide(deciding).await?.request)
}

fn code(result: Result<Request, EngineError>) -> &'static str {
    super::refused_code(result)
}

fn usage(node: &Node) -> Vec<(i64, String)> {
    use diesel::prelude::*;
    let rows = countersign::store::schema::usage_counters::table;
    let shown = countersign::store::schema::usage_counters::counter.eq("day");
    rows.filter(shown)
        .load::<countersign::store::usage::UsageRow>(&mut node.conn())
        .unwrap()
        .into_iter()
        .map(|row| (row.count, row.sum))
        .collect()
}

async fn a_limit_holds_within_one_batch(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", LIMITED), None));
    let bodies: Vec<String> = (0..10).map(|number| pay(&format!("c{number}"), 30)).collect();
    let author = maker();
    let all = bodies.iter().map(|body| submit(&node.engine, &author, body, None));
    let said = node.all_at_once(all).await;
    let (admitted, refused): (Vec<_>, Vec<_>) = said.into_iter().partition(Result::is_ok);
    assert_eq!((admitted.len(), refused.len()), (3, 7), "three times 30 fit under 100");
    assert!(refused.into_iter().all(|refused| why_not(refused) == "refused_by_rule"));
    assert_eq!(usage(&node), [(3, "90".to_owned())]);
}

/// What comes in at once: amounts, and by which of two nodes each.
fn crowd() -> impl Strategy<Value = Vec<(i64, bool)>> {
    proptest::collection::vec((1..60_i64, any::<bool>()), 1..16)
}

async fn no_interleaving_passes_a_limit(database: Database) {
    let rules = rules(&type_file("", LIMITED), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let case = Cell::new(0);
    let play = async |crowd: Vec<(i64, bool)>| {
        // A maker for each case: his counter, and nobody else's.
        case.set(case.get() + 1);
        let author = actor("100", &format!("maker-{}", case.get()), &[Permission::Make]);
        let bodies: Vec<String> = crowd.iter().map(|(points, _)| pay("a", *points)).collect();
        let all = crowd.iter().zip(&bodies).map(|((_, is_here), body)| {
            submit(if *is_here { &node.engine } else { &other }, &author, body, None)
        });
        let said = join_all(all).await;
        let admitted: Vec<i64> = crowd
            .iter()
            .zip(&said)
            .filter(|(_, said)| said.is_ok())
            .map(|((points, _), _)| *points)
            .collect();
        assert!(admitted.iter().sum::<i64>() <= 100 && admitted.len() <= 4, "{admitted:?} of {crowd:?}");
        let left = 100 - admitted.iter().sum::<i64>();
        let refused = crowd.iter().zip(&said).filter(|(_, said)| said.is_err());
        let is_needless = |points: i64| points <= left && admitted.len() < 4;
        assert!(!refused.map(|((points, _), _)| *points).any(is_needless), "{admitted:?} of {crowd:?}");
    };
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    block_in_place(|| {
        TestRunner::new(config).run(&crowd(), |crowd| {
            Handle::current().block_on(play(crowd));
            Ok(())
        })
    })
    .unwrap();
}

async fn a_negative_amount_makes_no_room(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", LIMITED), None));
    submitted(&node, "a", -60).await;
    assert_eq!(usage(&node), [(1, "60".to_owned())]);
    assert_eq!(why_not(submit(&node.engine, &maker(), &pay("b", 50), None).await), "refused_by_rule");
    let kept = submitted(&node, "c", 40).await;
    node.withdraw(&maker(), kept.id).await.unwrap();
    assert_eq!(usage(&node), [(1, "60".to_owned())]);
}

async fn a_limit_holds_on_two_nodes(database: Database) {
    let rules = rules(&type_file("", LIMITED), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let bodies: Vec<String> = (0..10).map(|number| pay(&format!("c{number}"), 11)).collect();
    let author = maker();
    let here = bodies.iter().map(|body| submit(&node.engine, &author, body, None));
    let there = bodies.iter().map(|body| submit(&other, &author, body, None));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    let admitted = here.iter().chain(&there).filter(|said| said.is_ok()).count();
    assert_eq!(admitted, 4, "four in a day, whichever node they come in by");
    assert_eq!(usage(&node), [(4, "44".to_owned())]);
}

async fn what_is_not_carried_out_gives_its_share_back(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", LIMITED), None));
    let full = submitted(&node, "a", 90).await;
    assert_eq!(why_not(submit(&node.engine, &maker(), &pay("b", 20), None).await), "refused_by_rule");
    node.withdraw(&maker(), full.id).await.unwrap();
    assert_eq!(usage(&node), [(0, "0".to_owned())]);

    let rejected = submitted(&node, "c", 90).await;
    decide(&node.engine, &checker("anna"), rejected.id, rejection()).await.unwrap();
    let failed = submitted(&node, "d", 90).await;
    decide(&node.engine, &checker("anna"), failed.id, approval()).await.unwrap();
    run(&node, Outcome::Failed).await;
    let carried_out = submitted(&node, "e", 30).await;
    decide(&node.engine, &checker("anna"), carried_out.id, approval()).await.unwrap();
    run(&node, Outcome::Executed).await;
    let unknown = submitted(&node, "f", 40).await;
    decide(&node.engine, &checker("anna"), unknown.id, approval()).await.unwrap();
    run(&node, Outcome::Unknown).await;
    assert_eq!(usage(&node), [(2, "70".to_owned())], "what was done, or may have been, counts");
}

async fn run(node: &Node, outcome: Outcome) {
    let claimed = claim(&node.engine).await;
    assert!(node.engine.start_attempt(&claimed.held).await.unwrap());
    assert!(node.engine.end(&claimed.held, Ending::new(outcome, "It ended.")).await.unwrap());
}

async fn claim(engine: &Engine) -> ClaimedExecution {
    let mut claimed = engine.claim(10, Vec::new()).await.unwrap();
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

async fn a_checker_is_told_that_a_limit_is_nearly_used_up(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", LIMITED), None));
    let anna = checker("anna");
    let told = async |request: &Request| {
        let view = node.engine.find(&anna, request.id).await.unwrap();
        let found = node.engine.explain(&anna, &view).await.unwrap().findings;
        found.iter().any(|finding| finding.code.name() == "limit_nearly_used_up")
    };
    let first = submitted(&node, "a", 79).await;
    assert!(!told(&first).await);
    let second = submitted(&node, "b", 1).await;
    assert!(told(&first).await && told(&second).await);
}

async fn a_sum_that_no_counter_can_hold_is_refused(database: Database) {
    let free = LIMITED.replace("usage.day.sum.plus(request.amount).atMost(100) && ", "");
    let node = Node::with_rules(database, rules(&type_file("", &free), None));
    let amount = format!("7{}", "0".repeat(28));
    let huge = pay("a", 1).replace("\"points\":1", &format!("\"points\":{amount}"));
    submit(&node.engine, &maker(), &huge, None).await.unwrap();
    assert_eq!(why_not(submit(&node.engine, &maker(), &huge, None).await), "condition_failed");
    assert_eq!(usage(&node), [(1, amount)]);
}

async fn a_new_window_counts_anew(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", LIMITED), None));
    submitted(&node, "a", 100).await;
    assert_eq!(why_not(submit(&node.engine, &maker(), &pay("b", 1), None).await), "refused_by_rule");
    let other = actor("100", "another", &[Permission::Make]);
    submit(&node.engine, &other, &pay("b", 100), None).await.unwrap();
    node.clock.advance(TimeDelta::days(1));
    submitted(&node, "b", 100).await;
}

async fn a_client_key_stands_for_one_request(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", ""), None));
    let body = pay("a", 1);
    let first = submit(&node.engine, &maker(), &body, Some("key-1")).await.unwrap();
    assert!(!first.is_replay);
    let id = first.view.request.id;
    decide(&node.engine, &checker("anna"), id, rejection()).await.unwrap();
    let again = submit(&node.engine, &maker(), &body, Some("key-1")).await.unwrap();
    assert!(again.is_replay);
    assert_eq!((again.view.request.id, again.view.request.state), (id, State::Rejected));

    let other_body = submit(&node.engine, &maker(), &pay("a", 2), Some("key-1")).await;
    assert_eq!(why_not(other_body), "idempotency_key_reused");
    let somebody = actor("100", "somebody", &[Permission::Make]);
    assert_eq!(
        why_not(submit(&node.engine, &somebody, &body, Some("key-1")).await),
        "idempotency_key_reused"
    );
    let elsewhere = actor("200", "maker", &[Permission::Make]);
    assert!(!submit(&node.engine, &elsewhere, &body, Some("key-1")).await.unwrap().is_replay);
    assert!(!submit(&node.engine, &maker(), &body, Some("key-2")).await.unwrap().is_replay);
}

async fn one_client_key_twice_at_once_is_one_request(database: Database) {
    let rules = rules(&type_file("", ""), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let (body, author) = (pay("a", 1), maker());
    let here = (0..5).map(|_| submit(&node.engine, &author, &body, Some("key")));
    let there = (0..5).map(|_| submit(&other, &author, &body, Some("key")));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    let said: Vec<Submitted> = here.into_iter().chain(there).map(Result::unwrap).collect();
    assert_eq!(said.iter().filter(|said| !said.is_replay).count(), 1);
    assert!(said.iter().all(|all| all.view.request.id == said[0].view.request.id));
}

async fn a_client_key_is_answered_although_the_type_has_changed(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", ""), None));
    let body = pay("a", 1);
    let first = submit(&node.engine, &maker(), &body, Some("key")).await.unwrap();
    let stricter = type_file("", "").replace("type = \"number\"", "type = \"string\"");
    node.engine.put_in_force(rules(&stricter, None)).await.unwrap();
    assert!(submit(&node.engine, &maker(), &body, None).await.is_err());
    let again = submit(&node.engine, &maker(), &body, Some("key")).await.unwrap();
    assert_eq!(again.view.request.id, first.view.request.id);
}

async fn a_second_request_on_a_subject_is_refused_until_the_first_has_ended(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("duplicates = \"block\"", ""), None));
    let first = submitted(&node, "a", 1).await;
    submitted(&node, "b", 1).await;
    let second = submit(&node.engine, &maker(), &pay("a", 2), None).await;
    assert_eq!(why_not(second), "duplicate_pending");
    node.withdraw(&maker(), first.id).await.unwrap();
    submitted(&node, "a", 2).await;
}

async fn two_at_once_on_one_subject_are_never_both_admitted(database: Database) {
    let rules = rules(&type_file("duplicates = \"block\"", ""), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let (body, author) = (pay("a", 1), maker());
    let here = (0..4).map(|_| submit(&node.engine, &author, &body, None));
    let there = (0..4).map(|_| submit(&other, &author, &body, None));
    let (here, there) = tokio::join!(join_all(here), join_all(there));
    assert_eq!(here.iter().chain(&there).filter(|said| said.is_ok()).count(), 1);
}

async fn a_second_request_on_a_subject_is_admitted_with_a_warning(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("duplicates = \"warn\"", ""), None));
    let first = submitted(&node, "a", 1).await;
    assert!(first.terms.warnings.is_empty());
    let second = submitted(&node, "a", 2).await;
    assert_eq!(second.terms.warnings[0].code.name(), "duplicate_pending");
    assert!(second.terms.warnings[0].message.contains(&first.id.to_string()));
}

async fn stages_are_signed_in_their_order_by_different_people(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", RISK_THEN_FINANCE), None));
    let request = submitted(&node, "a", 1).await;
    assert_eq!(request.terms.due_at, Some(request.started_at + TimeDelta::hours(4)));
    let (rita, fay, finn) =
        (in_group("rita", "Risk"), in_group("fay", "Finance"), in_group("finn", "Finance"));
    let say = async |by: &Actor, decision| decide(&node.engine, by, request.id, decision).await;
    assert_eq!(code(say(&fay, approval()).await), "not_in_stage");
    assert_eq!(code(say(&checker("anna"), approval()).await), "not_in_stage");
    assert_eq!(say(&rita, approval()).await.unwrap().state, State::AdminTask);
    let in_both = in_groups(checker("rita"), &["Risk", "Finance"]);
    let words = NewDecision::new(countersign::domain::request::Verdict::Approved, "again", None).unwrap();
    assert_eq!(code(say(&in_both, words).await), "already_decided_by_you");
    assert_eq!(say(&fay, approval()).await.unwrap().state, State::AdminTask);
    let done = say(&finn, approval()).await.unwrap();
    assert_eq!((done.state, done.decisions.len()), (State::Approved, 3));
    let stored = node.stored(&done);
    assert_eq!((stored.read(), stored.folded()), (done.clone(), done));
    let types = ["approval_given", "refused", "approval_given", "approved"];
    assert!(types.iter().all(|wanted| stored.event_types().contains(wanted)), "{:?}", stored.event_types());
    run(&node, Outcome::Executed).await;
}

async fn two_last_approvals_at_once_approve_once(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", RISK_THEN_FINANCE), None));
    let request = submitted(&node, "a", 1).await;
    decide(&node.engine, &in_group("rita", "Risk"), request.id, approval()).await.unwrap();
    let people = ["fay", "finn", "fred", "fiona"].map(|name| in_group(name, "Finance"));
    let all = people.iter().map(|by| decide(&node.engine, by, request.id, approval()));
    let said = node.all_at_once(all).await;
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 2);
    assert_eq!(node.engine.claim(10, Vec::new()).await.unwrap().len(), 1);
}

async fn an_approval_and_a_rejection_at_once_have_one_winner(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", &one_stage("Risk")), None));
    let request = submitted(&node, "a", 1).await;
    let (rita, rob) = (in_group("rita", "Risk"), in_group("rob", "Risk"));
    let said = node
        .all_at_once([
            decide(&node.engine, &rita, request.id, approval()),
            decide(&node.engine, &rob, request.id, rejection()),
        ])
        .await;
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 1);
    let refused: Vec<_> = said.into_iter().filter(Result::is_err).map(code).collect();
    assert_eq!(refused, ["already_decided"]);
    let types: Vec<String> =
        node.stored(&request).events.into_iter().map(|event| event.event_type).skip(3).collect();
    assert!(types == ["approved", "refused"] || types == ["rejected", "refused"], "{types:?}");
}

async fn an_approved_call_that_is_not_begun_in_time_expires(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("approval_ttl = \"1h\"", LIMITED), None));
    let [swept, begun, late] =
        [submitted(&node, "a", 1).await, submitted(&node, "b", 2).await, submitted(&node, "c", 3).await];
    for request in [&swept, &begun, &late] {
        decide(&node.engine, &checker("anna"), request.id, approval()).await.unwrap();
    }
    let claimed = node.engine.claim(10, Vec::new()).await.unwrap();
    let held = |request: &Request| {
        let found = claimed.iter().find(|one| one.request.id == request.id);
        found.unwrap().held.clone()
    };
    assert!(node.engine.start_attempt(&held(&begun)).await.unwrap());
    node.clock.advance(TimeDelta::hours(1));
    assert!(!node.engine.start_attempt(&held(&late)).await.unwrap(), "it is too late to begin");
    assert_eq!(node.engine.expire_overdue().await.unwrap(), 1);
    for request in [&swept, &late] {
        let stored = node.stored(request);
        let read = stored.read();
        assert_eq!((read.state, read.attempts), (State::Expired, 0));
        assert_eq!((stored.folded(), stored.execution.unwrap().has_ended()), (read, true));
    }
    assert!(!node.engine.start_attempt(&held(&swept)).await.unwrap());
    let ended = node.engine.end(&held(&begun), Ending::new(Outcome::Executed, "It ended.")).await.unwrap();
    assert!(ended, "a call that left is not called back");
    assert_eq!(usage(&node), [(1, "2".to_owned())]);
}

async fn a_rule_may_ask_for_nobody(database: Database) {
    let policy = "[[policy]]\nname = \"tiny\"\nauto_approve = true\n";
    let node = Node::with_rules(database, rules(&type_file("", policy), None));
    let request = submitted(&node, "a", 1).await;
    assert_eq!((request.state, request.decisions.len()), (State::Approved, 0));
    let stored = node.stored(&request);
    assert_eq!((stored.read(), stored.folded()), (request.clone(), request.clone()));
    assert_eq!(stored.event_types()[3], "auto_approved");
    assert!(stored.events[3].data.contains("tiny"));
    assert_eq!(code(decide(&node.engine, &checker("anna"), request.id, rejection()).await), "request_closed");
    let claimed = claim(&node.engine).await;
    assert!(claimed.verified_call().is_ok());
    assert!(node.engine.start_attempt(&claimed.held).await.unwrap());
}

async fn a_running_request_keeps_the_version_it_was_submitted_under(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", &one_stage("Risk")), None));
    node.engine.put_in_force((*node.engine.rules()).clone()).await.unwrap();
    let old = submitted(&node, "a", 1).await;
    let changed = rules(&type_file("", &one_stage("Finance")), None);
    node.engine.put_in_force(changed.clone()).await.unwrap();
    let new = submitted(&node, "b", 1).await;
    assert_ne!(old.type_version, new.type_version);
    // Another process never had the old version in force; it reads it from the store.
    let other = node.start_other_with(changed);
    for engine in [&node.engine, &other] {
        let fay = in_group("fay", "Finance");
        assert_eq!(code(decide(engine, &fay, old.id, approval()).await), "not_in_stage");
    }
    decide(&other, &in_group("rita", "Risk"), old.id, approval()).await.unwrap();
    decide(&other, &in_group("fay", "Finance"), new.id, approval()).await.unwrap();
}

const PEOPLE: &str = r#"
[[people]]
name = "Rita"
accounts = ["sub-rita", "sub-rita-two"]
groups = ["Risk"]
[[people]]
name = "Rob"
accounts = ["sub-rob"]
groups = ["Risk"]
[[people]]
name = "Fay"
accounts = ["sub-fay"]
groups = ["Finance"]
[[people]]
name = "Finn"
accounts = ["sub-finn"]
groups = ["Finance"]
[[people]]
name = "Mara"
accounts = ["sub-maker"]
[[people]]
name = "robot"
accounts = ["sub-robot"]
owners = ["Rita"]
"#;

async fn who_signed_is_looked_at_again_before_the_call_leaves(database: Database) {
    let file = type_file("recheck_at_execution = true", &one_stage("Risk"));
    let node = Node::with_rules(database, rules(&file, Some(PEOPLE)));
    let changes: [(&str, &str, &str); 4] = [
        ("accounts = [\"sub-maker\"]", "accounts = [\"sub-maker\"]\nactive = false", "maker"),
        ("accounts = [\"sub-rita\", \"sub-rita-two\"]", "active = false\naccounts = [\"sub-rita\"]", "rita"),
        (
            "accounts = [\"sub-rita\", \"sub-rita-two\"]\ngroups = [\"Risk\"]",
            "accounts = [\"sub-rita\"]",
            "rita",
        ),
        (
            "accounts = [\"sub-maker\"]",
            "accounts = [\"sub-maker\", \"sub-x\"]\n[[people]]\nname = \"Y\"\naccounts = [\"sub-y\"]",
            "",
        ),
    ];
    for (at, (before, after, who)) in changes.into_iter().enumerate() {
        node.engine.put_in_force(rules(&file, Some(PEOPLE))).await.unwrap();
        let request = submitted(&node, &format!("c{at}"), 1).await;
        decide(&node.engine, &checker("rita"), request.id, approval()).await.unwrap();
        node.engine.put_in_force(rules(&file, Some(&PEOPLE.replace(before, after)))).await.unwrap();
        let claimed = claim(&node.engine).await;
        assert_eq!(node.engine.start_attempt(&claimed.held).await.unwrap(), who.is_empty(), "{after}");
        let found = node.stored(&request);
        if who.is_empty() {
            assert_eq!(found.read().state, State::Approved);
        } else {
            assert_eq!((found.read().state, found.attempts.len()), (State::Failed, 0));
            let message = found.events.last().unwrap().message.clone().unwrap();
            assert!(message.contains(who), "{message}");
        }
    }
}

async fn linked_accounts_and_act_chains_are_one_person(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", &one_stage("Risk")), Some(PEOPLE)));
    let as_maker = |name: &str| actor("100", name, &[Permission::Make, Permission::Check]);
    let by_robot = submit(&node.engine, &as_maker("robot"), &pay("a", 1), None).await.unwrap().view.request;
    let by_link = submit(&node.engine, &as_maker("rita-two"), &pay("b", 1), None).await.unwrap().view.request;
    let mut for_rita = as_maker("clerk");
    for_rita.signer.act = vec![super::person("rita")];
    let by_act = submit(&node.engine, &for_rita, &pay("c", 1), None).await.unwrap().view.request;
    for request in [&by_robot, &by_link, &by_act] {
        let own = decide(&node.engine, &checker("rita"), request.id, approval()).await;
        assert_eq!(code(own), "maker_is_checker");
        decide(&node.engine, &checker("rob"), request.id, approval()).await.unwrap();
    }
}

async fn a_stage_that_nobody_can_fill_refuses_the_submission(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", &one_stage("Risk")), Some(PEOPLE)));
    let alone = PEOPLE.replace("accounts = [\"sub-rob\"]", "active = false\naccounts = [\"sub-rob\"]");
    node.engine.put_in_force(rules(&type_file("", &one_stage("Risk")), Some(&alone))).await.unwrap();
    let rita = actor("100", "rita", &[Permission::Make]);
    assert_eq!(why_not(submit(&node.engine, &rita, &pay("a", 1), None).await), "stage_unfillable");
    let rob = actor("100", "rob", &[Permission::Make]);
    assert_eq!(why_not(submit(&node.engine, &rob, &pay("a", 1), None).await), "person_inactive");
    submitted(&node, "a", 1).await;
}

fn shown(page: &InboxPage) -> Vec<RequestId> {
    page.views.iter().map(|view| view.request.id).collect()
}

async fn an_inbox_holds_exactly_what_its_reader_may_decide(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", RISK_THEN_FINANCE), Some(PEOPLE)));
    let mine = submit(&node.engine, &actor("100", "rita-two", &[Permission::Make]), &pay("a", 1), None)
        .await
        .unwrap();
    let waits = submitted(&node, "b", 1).await;
    let signed = submitted(&node, "c", 1).await;
    decide(&node.engine, &checker("rob"), signed.id, approval()).await.unwrap();
    let badge = node.submit(&maker()).await;
    let needs = async |by: &Actor| node.engine.needs_me(by, None, 10).await.unwrap();
    // What is due first comes first; the badge has no hour of its own.
    let rita = needs(&checker("rita")).await;
    assert_eq!((shown(&rita), rita.count), (vec![waits.id, badge.id], Some(2)));
    let rob = needs(&checker("rob")).await;
    assert_eq!(shown(&rob), [mine.view.request.id, waits.id, badge.id]);
    let fay = needs(&in_group("fay", "Finance")).await;
    assert_eq!(shown(&fay), [signed.id, badge.id]);
    let abroad = actor("200", "rita", &[Permission::Check]);
    assert_eq!(needs(&abroad).await.count, Some(0));
    assert!(node.engine.needs_me(&auditor(), None, 10).await.is_err());
    let decided = node.engine.decided_by_me(&checker("rob"), None, 10).await.unwrap();
    assert_eq!(shown(&decided), [signed.id]);
    for view in &rita.views {
        assert!(node.engine.explain(&checker("rita"), view).await.unwrap().can_decide);
    }
}

async fn the_inbox_of_a_crowd_is_walked_by_cursor(database: Database) {
    let node = Node::with_rules(database, rules(&type_file("", ""), None));
    for number in 0..25 {
        if number % 5 == 0 {
            node.clock.advance(TimeDelta::seconds(1));
        }
        submitted(&node, &format!("c{number}"), 1).await;
    }
    let anna = checker("anna");
    let mut page = node.engine.needs_me(&anna, None, 10).await.unwrap();
    assert_eq!(page.count, Some(25));
    let mut walked = shown(&page);
    while let Some(next) = page.next {
        page = node.engine.needs_me(&anna, Some(next), 10).await.unwrap();
        assert!(page.count.is_none());
        walked.extend(shown(&page));
    }
    let mut once = walked.clone();
    once.sort_by_key(ToString::to_string);
    once.dedup();
    assert_eq!((walked.len(), once.len()), (25, 25));
    for id in walked.iter().take(3) {
        decide(&node.engine, &anna, *id, approval()).await.unwrap();
    }
    assert_eq!(node.engine.needs_me(&anna, None, 10).await.unwrap().count, Some(22));
    let decided = node.engine.decided_by_me(&anna, None, 2).await.unwrap();
    assert_eq!(decided.views.len(), 2);
    let rest = node.engine.decided_by_me(&anna, decided.next, 2).await.unwrap();
    assert_eq!((rest.views.len(), rest.next), (1, None));
}
