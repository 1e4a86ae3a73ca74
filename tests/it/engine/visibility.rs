//! Who may read a request: only its org, and a maker without further permissions only their own.

use countersign::domain::actor::{Actor, Permission};
use countersign::domain::ids::OrgId;
use countersign::domain::request::{Request, State};
use countersign::engine::queries::{Filter, Listing, Page, Sort, SortBy};
use countersign::engine::{EngineError, SubmissionInput};
use countersign::store::submissions::{self, NewSubmission};

use crate::on_both_stores;
use crate::support::claims::claim_all;
use crate::support::node::{
    ISSUE_BADGE, Node, actor, approval, auditor, body_with, checker, maker, rejection,
};
use crate::support::stores::Database;

on_both_stores![
    one_id_in_two_orgs_is_two_requests,
    nothing_of_an_org_is_reached_from_another,
    a_maker_sees_only_their_own_requests_under_each_of_their_accounts,
];

const ALL: [Permission; 3] = Permission::ALL;

fn listing(filter: Filter) -> Listing {
    Listing { filter, sort: Sort { by: SortBy::Start, descending: true }, limit: 100 }
}

/// The requests that `actor` gets from the whole list, by page number and by cursor alike.
async fn listed(node: &Node, actor: &Actor) -> Vec<Request> {
    let filter = node.engine.scope(actor).unwrap();
    let numbered = node.engine.list(&auditor(), listing(filter.clone()), Page::Number(0)).await.unwrap();
    let walked = node.engine.walk(&auditor(), listing(filter), None).await.unwrap();
    let requests = |views: Vec<countersign::engine::queries::View>| {
        views.into_iter().map(|view| view.request).collect::<Vec<Request>>()
    };
    let (total, found) = (numbered.total, requests(numbered.views));
    assert_eq!(total, i64::try_from(found.len()).ok());
    assert_eq!(found, requests(walked.views));
    found
}

/// The rows of a submission, moved to another org with another call under the same ids.
fn in_other_org(node: &Node, like: &NewSubmission) -> NewSubmission {
    let elsewhere = actor("200", "maker", &ALL);
    let body = body_with("/entityInfo/tillId", serde_json::json!("elsewhere"))
        .replace("api.example.com", "other.example.com");
    let submitting = SubmissionInput {
        actor: &elsewhere,
        type_name: "ISSUE-BADGE",
        body: Ok(body.as_bytes()),
        idempotency_key: None,
        reference: "ref",
    };
    let (_, mut rows) = node.engine.prepare(&submitting).unwrap();
    rows.request.request_id = like.request.request_id;
    rows.call.request_id = like.call.request_id;
    for (event, other) in rows.events.iter_mut().zip(&like.events) {
        event.request_id = other.request_id;
        event.event_id = other.event_id;
    }
    rows
}

async fn one_id_in_two_orgs_is_two_requests(database: Database) {
    let node = Node::open(database);
    let author = maker();
    let body = ISSUE_BADGE.as_bytes();
    let submitting = SubmissionInput {
        actor: &author,
        type_name: "ISSUE-BADGE",
        body: Ok(body),
        idempotency_key: None,
        reference: "ref",
    };
    let (view, here) = node.engine.prepare(&submitting).unwrap();
    let there = in_other_org(&node, &here);
    submissions::insert(&mut node.conn(), &[&here, &there]).unwrap();
    let id = view.request.id;
    let (anna, zoe) = (checker("anna"), actor("200", "zoe", &ALL));
    let (at_home, abroad) =
        (node.engine.find(&anna, id).await.unwrap(), node.engine.find(&zoe, id).await.unwrap());
    assert_eq!((&at_home.url, at_home.request.clone()), (&view.url, view.request));
    assert_eq!((&abroad.request.entity.till_id[..], &abroad.label[..]), ("elsewhere", "Other"));
    assert_eq!(listed(&node, &anna).await, std::slice::from_ref(&at_home.request));
    assert_eq!(listed(&node, &zoe).await, std::slice::from_ref(&abroad.request));

    let decisions = [(&anna, rejection()), (&zoe, approval())];
    let said = node.all_at_once(decisions.map(|(by, decision)| node.decide(by, id, decision))).await;
    let said: Vec<Request> = said.into_iter().map(Result::unwrap).collect();
    assert_eq!([said[0].state, said[1].state], [State::Rejected, State::Approved]);
    for request in &said {
        let stored = node.stored(request);
        assert_eq!((stored.folded(), stored.read()), (request.clone(), request.clone()));
        assert!(stored.events.iter().all(|row| row.org_id == request.org.as_str()));
    }
    let claimed = claim_all(&node.engine).await;
    assert_eq!((claimed.len(), &claimed[0].request), (1, &said[1]));
    assert!(claimed[0].verified_call().unwrap().url.starts_with("https://other.example.com/"));
}

async fn nothing_of_an_org_is_reached_from_another(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    // The same person, with every permission, in another org.
    for name in ["maker", "anna"] {
        let elsewhere = actor("200", name, &ALL);
        let id = request.id;
        assert!(matches!(node.engine.find(&elsewhere, id).await, Err(EngineError::NotFound)));
        assert!(matches!(node.engine.trail(&elsewhere, id).await, Err(EngineError::NotFound)));
        assert!(matches!(node.decide(&elsewhere, id, approval()).await, Err(EngineError::NotFound)));
        assert!(matches!(node.withdraw(&elsewhere, id).await, Err(EngineError::NotFound)));
        assert!(listed(&node, &elsewhere).await.is_empty());
        assert_eq!(node.engine.scope(&elsewhere).unwrap().org, OrgId::new("200"));
    }
    let stored = node.stored(&request);
    assert_eq!((stored.read(), stored.events.len()), (request.clone(), 3));
    assert_eq!(listed(&node, &auditor()).await, [request]);
}

async fn a_maker_sees_only_their_own_requests_under_each_of_their_accounts(database: Database) {
    let node = Node::open(database);
    let mine = node.submit(&maker()).await;
    let other = actor("100", "other", &[Permission::Make]);
    let others = node.submit(&other).await;
    let (mut same_sub, mut same_id, mut foreign) = (maker(), maker(), maker());
    same_sub.signer.person.user_id = "id-second".to_owned();
    same_id.signer.person.sub = "sub-second".to_owned();
    foreign.signer.person.iss = "https://elsewhere.example".to_owned();
    for account in [maker(), same_sub, same_id] {
        assert_eq!(listed(&node, &account).await, std::slice::from_ref(&mine));
        assert!(node.engine.find(&account, mine.id).await.is_ok());
        assert!(matches!(node.engine.find(&account, others.id).await, Err(EngineError::NotFound)));
        assert!(matches!(node.withdraw(&account, others.id).await, Err(EngineError::NotFound)));
    }
    assert!(listed(&node, &foreign).await.is_empty());
    assert!(matches!(node.engine.find(&foreign, mine.id).await, Err(EngineError::NotFound)));
    let without_permissions = actor("100", "nobody", &[]);
    assert!(matches!(
        node.engine.find(&without_permissions, mine.id).await,
        Err(EngineError::PermissionMissing(_))
    ));
    let said = node.decide(&maker(), others.id, approval()).await;
    assert!(matches!(said, Err(EngineError::PermissionMissing(Permission::Check))));
    assert_eq!(listed(&node, &checker("anna")).await.len(), 2);
}
