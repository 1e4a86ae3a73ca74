//! Decisions and withdrawals, alone and many at once.

use chrono::TimeDelta;
use countersign::domain::actor::{Actor, Permission};
use countersign::domain::execution::ExecutionState;
use countersign::domain::request::{NewDecision, Request, State, Verdict};
use countersign::domain::sending::Sending;
use countersign::engine::{DecisionInput, EngineError};
use countersign::store::compact_text::CompactText;
use countersign::store::stored_bytes::StoredDigest;
use countersign::store::{StoreError, requests};
use futures_util::future::join_all;

use crate::on_both_stores;
use crate::support::node::{Node, actor, approval, checker, deciding, maker, refused_code, rejection};
use crate::support::stores::Database;

on_both_stores![
    a_decision_is_stored_with_its_execution,
    a_rejection_has_no_execution,
    of_many_decisions_at_once_exactly_one_is_recorded,
    of_many_decisions_on_two_nodes_exactly_one_is_recorded,
    a_retry_beside_the_original_is_answered_alike,
    decisions_on_many_requests_at_once_are_all_recorded,
    a_withdrawal_and_a_decision_at_once_are_not_both_taken,
    a_forbidden_command_is_recorded_and_changes_nothing,
    kept_refusals_end_at_sixty_a_minute,
    a_request_of_another_type_is_not_found,
    a_stale_version_is_refused,
];

async fn a_decision_is_stored_with_its_execution(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    assert_eq!((request.state, request.version), (State::Approved, 4));
    let stored = node.stored(&request);
    assert_eq!((stored.read(), stored.folded()), (request.clone(), request.clone()));
    assert_eq!(stored.decisions.len(), 1);
    assert_eq!(stored.decisions[0].digest, request.digest);
    let event = &stored.events[3];
    assert_eq!((event.event_type.as_str(), event.message.as_deref()), ("approved", Some("fine")));
    assert_eq!(event.digest, Some(StoredDigest(request.digest)));
    assert_eq!(event.reference, CompactText::of("ref-decide"));
    assert_eq!(event.actor_token_id, checker("anna").token_id.as_deref().map(CompactText::of));
    let execution = stored.execution.unwrap();
    assert_eq!(
        (&execution.state, execution.token, &execution.host),
        (&ExecutionState::Queued, 0, &request.host)
    );
}

async fn a_rejection_has_no_execution(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let request = node.decide(&checker("anna"), request.id, rejection()).await.unwrap();
    assert_eq!((request.state, request.ended_at), (State::Rejected, Some(node.clock.now())));
    let stored = node.stored(&request);
    assert_eq!((stored.folded(), stored.execution), (request, None));
}

/// One of `results` decided the request; every other one was refused with its state.
fn one_won(node: &Node, request: &Request, results: Vec<Result<Request, EngineError>>) {
    let number = results.len();
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, number - 1));
    assert!(lost.into_iter().all(|result| refused_code(result) == "already_decided"));
    let stored = node.stored(request);
    assert_eq!((stored.decisions.len(), stored.events.len()), (1, 3 + number));
    assert_eq!(stored.event_types().iter().filter(|name| **name == "refused").count(), number - 1);
    assert_eq!(stored.folded(), stored.read());
    assert_eq!(stored.execution.is_some(), stored.read().state == State::Approved);
}

/// This number of checkers; every second one rejects.
fn checkers_who_disagree(number: usize) -> Vec<(Actor, NewDecision)> {
    let verdicts = [approval(), rejection()];
    (0..number).map(|at| (checker(&format!("checker-{at}")), verdicts[at % 2].clone())).collect()
}

async fn of_many_decisions_at_once_exactly_one_is_recorded(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let checkers_who_disagree = checkers_who_disagree(16);
    let decisions =
        checkers_who_disagree.iter().map(|(by, decision)| node.decide(by, request.id, decision.clone()));
    let results = node.all_at_once(decisions).await;
    one_won(&node, &request, results);
}

async fn of_many_decisions_on_two_nodes_exactly_one_is_recorded(database: Database) {
    let node = Node::open(database);
    let other = node.start_other();
    let request = node.submit(&maker()).await;
    let checkers_who_disagree = checkers_who_disagree(12);
    let decide = |at: usize| {
        let (by, decision) = checkers_who_disagree[at].clone();
        let engine = [&node.engine, &other][at / 2 % 2];
        let id = request.id;
        async move {
            let decided = engine.decide(deciding(&by, id, decision)).await?;
            Ok(decided.request)
        }
    };
    let results = node.all_at_once((0..12).map(decide)).await;
    one_won(&node, &request, results);
}

async fn a_retry_beside_the_original_is_answered_alike(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let anna = checker("anna");
    let decisions = (0..5).map(|_| node.decide(&anna, request.id, approval()));
    let said = node.all_at_once(decisions).await;
    let stored = node.stored(&request);
    assert!(said.into_iter().all(|result| result.unwrap() == stored.read()));
    assert_eq!((stored.decisions.len(), stored.events.len()), (1, 4));
}

async fn decisions_on_many_requests_at_once_are_all_recorded(database: Database) {
    let node = Node::open(database);
    let (author, anna) = (maker(), checker("anna"));
    let submitted = join_all((0..30).map(|_| node.submit(&author))).await;
    let decisions = submitted.iter().enumerate().map(|(at, request)| {
        node.decide(&anna, request.id, if at % 3 == 0 { rejection() } else { approval() })
    });
    for (at, said) in node.all_at_once(decisions).await.into_iter().enumerate() {
        let said = said.unwrap();
        assert_eq!(said.id, submitted[at].id);
        assert_eq!(said.state, if at % 3 == 0 { State::Rejected } else { State::Approved });
        let stored = node.stored(&said);
        assert_eq!((stored.read(), stored.folded()), (said.clone(), said));
    }
}

async fn a_withdrawal_and_a_decision_at_once_are_not_both_taken(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let (author, anna) = (maker(), checker("anna"));
    let act = |at: usize| {
        let (node, author, anna) = (&node, &author, &anna);
        async move {
            if at == 1 {
                node.withdraw(author, request.id).await
            } else {
                node.decide(anna, request.id, approval()).await
            }
        }
    };
    let said = node.all_at_once([1, 0].map(act)).await;
    assert_eq!(said[0].as_ref().unwrap().state, State::Withdrawn);
    assert!(
        matches!(&said[1], Err(EngineError::Refused(refusal)) if refusal.code().name() == "request_closed")
    );
    let stored = node.stored(&request);
    assert_eq!((stored.folded(), &stored.execution), (stored.read(), &None));
}

async fn a_forbidden_command_is_recorded_and_changes_nothing(database: Database) {
    let node = Node::open(database);
    let both = [Permission::Make, Permission::Check];
    let author = actor("100", "maker", &both);
    let request = node.submit(&author).await;
    let mut twin = author.clone();
    twin.signer.person.user_id = "id-second".to_owned();
    let wrong = NewDecision::new(Verdict::Approved, "", Some("sha256:wrong".to_owned())).unwrap();
    let codes = [
        refused_code(node.decide(&author, request.id, approval()).await),
        refused_code(node.decide(&twin, request.id, approval()).await),
        refused_code(node.decide(&checker("anna"), request.id, wrong).await),
        refused_code(node.withdraw(&checker("anna"), request.id).await),
    ];
    assert_eq!(codes, ["maker_is_checker", "maker_is_checker", "digest_mismatch", "not_the_maker"]);
    let stored = node.stored(&request);
    assert_eq!(Request { version: 3, ..stored.read() }, request);
    assert_eq!(stored.folded(), stored.read());
    for (row, code) in stored.events[3..].iter().zip(codes) {
        assert_eq!((&row.event_type[..], &row.from_state), ("refused", &row.to_state));
        assert!(row.data.starts_with(&format!("{{\"code\":\"{code}\",\"tried\":")), "{}", row.data);
        assert_eq!(row.reference, CompactText::of("ref-decide"));
    }
    assert!(node.decide(&checker("anna"), request.id, approval()).await.is_ok());
}

async fn kept_refusals_end_at_sixty_a_minute(database: Database) {
    let node = Node::open(database);
    let author = actor("100", "maker", &[Permission::Make, Permission::Check]);
    let request = node.submit(&author).await;
    let tries = (0..70).map(|_| node.decide(&author, request.id, approval()));
    for said in node.all_at_once(tries).await {
        assert_eq!(refused_code(said), "maker_is_checker");
    }
    assert_eq!(node.stored(&request).events.len(), 3 + 60);
    node.clock.advance(TimeDelta::minutes(1));
    assert_eq!(refused_code(node.decide(&author, request.id, approval()).await), "maker_is_checker");
    let stored = node.stored(&request);
    assert_eq!((stored.events.len(), stored.folded()), (3 + 61, stored.read()));
}

async fn a_request_of_another_type_is_not_found(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let anna = checker("anna");
    let other = countersign::domain::ids::RequestTypeName::new("EARN-BADGE");
    let deciding = DecisionInput { request_type: other, ..deciding(&anna, request.id, approval()) };
    let said = node.engine.decide(deciding).await;
    assert!(matches!(said, Err(EngineError::NotFound)));
    assert_eq!(node.stored(&request).read(), request);
}

async fn a_stale_version_is_refused(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let before = node.stored(&request);
    let sending = Sending { attempts: 1, ..Sending::default() };
    let moved = Request { version: 5, sending, ..request.clone() };
    let save = |version_before| {
        let row = requests::RequestRow::from(&moved);
        requests::save(
            &mut node.conn(),
            &[requests::RequestUpdate { row, version_before, revision_before: 1 }],
        )
    };
    for version in [3, 5] {
        let said = save(version);
        assert!(matches!(said, Err(StoreError::Stale)));
    }
    assert_eq!(node.stored(&request), before);
    save(4).unwrap();
    assert_eq!(node.stored(&request).request.version, 5);
}
