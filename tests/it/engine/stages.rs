//! Stages: who signs in which order, and who counts as one person.

use chrono::TimeDelta;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::attempt::AttemptOutcome;
use countersign::domain::request::{NewDecision, State};

use crate::on_both_stores;
use crate::support::claims::{claim, claim_all};
use crate::support::node::{Node, actor, approval, checker, person, refused_code, rejection};
use crate::support::pay_out::{RISK_THEN_FINANCE, type_file};
use crate::support::payments::{
    PEOPLE, carry_out, decide_payment, in_group, in_groups, one_stage, payment, payment_body, payment_rules,
    refused_admission, submit_payment,
};
use crate::support::stores::Database;

on_both_stores![
    stages_are_signed_in_their_order_by_different_people,
    two_last_approvals_at_once_approve_once,
    an_approval_and_a_rejection_at_once_have_one_winner,
    a_rule_may_need_no_signature,
    linked_accounts_and_act_chains_are_one_person,
    a_stage_that_no_one_can_fill_refuses_the_submission,
    a_service_account_decides_no_strangers_request,
];

async fn stages_are_signed_in_their_order_by_different_people(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", RISK_THEN_FINANCE), None));
    let request = payment(&node, "a", 1).await;
    assert_eq!(request.terms.due_at, Some(request.started_at + TimeDelta::hours(4)));
    let (rita, fay, finn) =
        (in_group("rita", "Risk"), in_group("fay", "Finance"), in_group("finn", "Finance"));
    let say = async |by: &Actor, decision| decide_payment(&node.engine, by, request.id, decision).await;
    assert_eq!(refused_code(say(&fay, approval()).await), "not_in_stage");
    assert_eq!(refused_code(say(&checker("anna"), approval()).await), "not_in_stage");
    assert_eq!(say(&rita, approval()).await.unwrap().state, State::AdminTask);
    let in_both = in_groups(checker("rita"), &["Risk", "Finance"]);
    let words = NewDecision::new(countersign::domain::request::Verdict::Approved, "again", None).unwrap();
    assert_eq!(refused_code(say(&in_both, words).await), "already_decided_by_you");
    assert_eq!(say(&fay, approval()).await.unwrap().state, State::AdminTask);
    let done = say(&finn, approval()).await.unwrap();
    assert_eq!((done.state, done.decisions.len()), (State::Approved, 3));
    let stored = node.stored(&done);
    assert_eq!((stored.read(), stored.folded()), (done.clone(), done));
    let types = ["approval_given", "refused", "approval_given", "approved"];
    assert!(types.iter().all(|wanted| stored.event_types().contains(wanted)), "{:?}", stored.event_types());
    carry_out(&node, AttemptOutcome::Executed).await;
}

async fn two_last_approvals_at_once_approve_once(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", RISK_THEN_FINANCE), None));
    let request = payment(&node, "a", 1).await;
    decide_payment(&node.engine, &in_group("rita", "Risk"), request.id, approval()).await.unwrap();
    let people = ["fay", "finn", "fred", "fiona"].map(|name| in_group(name, "Finance"));
    let all = people.iter().map(|by| decide_payment(&node.engine, by, request.id, approval()));
    let said = node.all_at_once(all).await;
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 2);
    assert_eq!(claim_all(&node.engine).await.len(), 1);
}

async fn an_approval_and_a_rejection_at_once_have_one_winner(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", &one_stage("Risk")), None));
    let request = payment(&node, "a", 1).await;
    let (rita, rob) = (in_group("rita", "Risk"), in_group("rob", "Risk"));
    let said = node
        .all_at_once([
            decide_payment(&node.engine, &rita, request.id, approval()),
            decide_payment(&node.engine, &rob, request.id, rejection()),
        ])
        .await;
    assert_eq!(said.iter().filter(|said| said.is_ok()).count(), 1);
    let refused: Vec<_> = said.into_iter().filter(Result::is_err).map(refused_code).collect();
    assert_eq!(refused, ["already_decided"]);
    let types: Vec<String> =
        node.stored(&request).events.into_iter().map(|event| event.event_type).skip(3).collect();
    assert!(types == ["approved", "refused"] || types == ["rejected", "refused"], "{types:?}");
}

async fn a_rule_may_need_no_signature(database: Database) {
    let policy = "[[policy]]\nname = \"tiny\"\nauto_approve = true\n";
    let node = Node::with_rules(database, payment_rules(&type_file("", policy), None));
    let request = payment(&node, "a", 1).await;
    assert_eq!((request.state, request.decisions.len()), (State::Approved, 0));
    let stored = node.stored(&request);
    assert_eq!((stored.read(), stored.folded()), (request.clone(), request.clone()));
    assert_eq!(stored.event_types()[3], "auto_approved");
    assert!(stored.events[3].data.contains("tiny"));
    assert_eq!(
        refused_code(decide_payment(&node.engine, &checker("anna"), request.id, rejection()).await),
        "request_closed"
    );
    let claimed = claim(&node.engine).await;
    assert!(claimed.verified_call().is_ok());
    assert_eq!(node.engine.start_attempt(&claimed.held).await.unwrap(), Some(1));
}

async fn linked_accounts_and_act_chains_are_one_person(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", &one_stage("Risk")), Some(PEOPLE)));
    let as_maker = |name: &str| actor("100", name, &[Permission::Make, Permission::Check]);
    let by_robot = submit_payment(&node.engine, &as_maker("robot"), &payment_body("a", 1), None)
        .await
        .unwrap()
        .view
        .request;
    let by_link = submit_payment(&node.engine, &as_maker("rita-two"), &payment_body("b", 1), None)
        .await
        .unwrap()
        .view
        .request;
    let mut for_rita = as_maker("clerk");
    for_rita.signer.act = vec![person("rita")];
    let by_act =
        submit_payment(&node.engine, &for_rita, &payment_body("c", 1), None).await.unwrap().view.request;
    for request in [&by_robot, &by_link, &by_act] {
        let own = decide_payment(&node.engine, &checker("rita"), request.id, approval()).await;
        assert_eq!(refused_code(own), "maker_is_checker");
        decide_payment(&node.engine, &checker("rob"), request.id, approval()).await.unwrap();
    }
}

async fn a_stage_that_no_one_can_fill_refuses_the_submission(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", &one_stage("Risk")), Some(PEOPLE)));
    let alone = PEOPLE.replace("accounts = [\"sub-rob\"]", "active = false\naccounts = [\"sub-rob\"]");
    node.engine.put_in_force(payment_rules(&type_file("", &one_stage("Risk")), Some(&alone))).await.unwrap();
    let rita = actor("100", "rita", &[Permission::Make]);
    assert_eq!(
        refused_admission(submit_payment(&node.engine, &rita, &payment_body("a", 1), None).await),
        "stage_unfillable"
    );
    let rob = actor("100", "rob", &[Permission::Make]);
    assert_eq!(
        refused_admission(submit_payment(&node.engine, &rob, &payment_body("a", 1), None).await),
        "person_inactive"
    );
    payment(&node, "a", 1).await;
}

async fn a_service_account_decides_no_strangers_request(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", ""), Some(PEOPLE)));
    let request = payment(&node, "a", 1).await;
    let mut spelled = checker("robot");
    spelled.signer.person.sub = "SUB-ROBOT".to_owned();
    let mut through = checker("clerk");
    through.signer.act = vec![person("robot")];
    for by in [checker("robot"), spelled, through, in_group("robot", "Risk")] {
        for says in [approval(), rejection()] {
            let said = decide_payment(&node.engine, &by, request.id, says).await;
            assert_eq!(refused_code(said), "not_in_stage", "{:?}", by.person);
        }
        assert!(node.engine.needs_me(&by, None, 10).await.unwrap().views.is_empty());
    }
    assert_eq!(node.stored(&request).read().state, State::AdminTask);
    // A seat may name it, and then it decides; not in another spelling, and not a request of its owner's.
    let seat = one_stage("Robot").replace("group = \"Robot\"", "account = \"sub-robot\"");
    node.engine.put_in_force(payment_rules(&type_file("", &seat), Some(PEOPLE))).await.unwrap();
    let request = payment(&node, "b", 1).await;
    let mut spelled = checker("robot");
    spelled.signer.person.sub = "SUB-ROBOT".to_owned();
    let said = decide_payment(&node.engine, &spelled, request.id, approval()).await;
    assert_eq!(refused_code(said), "not_in_stage");
    let done = decide_payment(&node.engine, &checker("robot"), request.id, approval()).await.unwrap();
    assert_eq!(done.state, State::Approved);
    let rita = actor("100", "rita", &[Permission::Make]);
    let owners = submit_payment(&node.engine, &rita, &payment_body("c", 1), None).await.unwrap();
    let said = decide_payment(&node.engine, &checker("robot"), owners.view.request.id, approval()).await;
    assert_eq!(refused_code(said), "maker_is_checker");
}
