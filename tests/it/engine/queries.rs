//! Pages by number and by position walk over the same rows in the same order.

use countersign::store::stored_bytes::StoredId;
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use countersign::domain::actor::Person;
use countersign::domain::ids::{OrgId, RequestId};
use countersign::domain::request::State;
use countersign::engine::SubmissionInput;
use countersign::engine::queries::{Filter, Listed, Listing, Page, Sort, SortBy};
use countersign::store::accounts::Accounts;
use countersign::store::submissions::{self, NewSubmission};
use countersign::store::to_micros;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use uuid::Uuid;

use crate::on_both_stores;
use crate::support::node::{
    ISSUE_BADGE, Node, PENDING_TTL, auditor, badge, checker, issue_badge, key, maker, person, rejection,
    start,
};
use crate::support::stores::Database;

on_both_stores![
    walking_by_cursor_gives_exactly_the_numbered_order,
    every_filter_finds_what_it_says,
    a_request_is_found_by_the_beginning_of_its_id,
];

/// When a request began and ended, in microseconds after the start: few values, so that many tie.
type Times = (u8, Option<u8>);

/// Requests by their ids, which need not follow the order in which they began.
fn requests() -> impl Strategy<Value = BTreeMap<u128, Times>> {
    proptest::collection::btree_map(any::<u128>(), (0..4_u8, proptest::option::of(0..4_u8)), 0..24)
}

fn template(node: &Node) -> NewSubmission {
    let actor = maker();
    let body = badge(None);
    let submitting = SubmissionInput {
        actor: &actor,
        type_name: "ISSUE-BADGE",
        body: Ok(body.as_bytes()),
        idempotency_key: None,
        reference: "ref",
    };
    node.engine.prepare(&submitting).unwrap().1
}

fn at(micros: u8) -> i64 {
    to_micros(start()) + i64::from(micros)
}

fn row(template: &NewSubmission, org: &str, id: u128, (began, ended): Times) -> NewSubmission {
    let mut row = template.clone();
    let id = StoredId(Uuid::from_u128(id));
    row.request.org_id = org.to_owned();
    row.call.org_id = org.to_owned();
    row.request.request_id = id;
    row.call.request_id = id;
    row.request.started_at = at(began);
    row.request.ended_at = ended.map(at);
    row.request.state = if ended.is_some() { State::Withdrawn } else { State::AdminTask }.name().to_owned();
    row.events.clear();
    row
}

/// The order that the contract promises, computed independently.
fn ordered(requests: &BTreeMap<u128, Times>, sort: Sort) -> Vec<RequestId> {
    let mut rows: Vec<(bool, u8, u128)> = requests
        .iter()
        .map(|(id, (began, ended))| match sort.by {
            // All of them have one maker.
            SortBy::Start | SortBy::Maker => (false, *began, *id),
            SortBy::End => (ended.is_none(), ended.unwrap_or_default(), *id),
        })
        .collect();
    if sort.descending {
        // Open requests stay last.
        rows.sort_by_key(|(is_open, at, id)| (*is_open, Reverse((*at, *id))));
    } else {
        rows.sort_unstable();
    }
    rows.into_iter().map(|(_, _, id)| RequestId::new(Uuid::from_u128(id))).collect()
}

fn ids(listed: &Listed) -> Vec<RequestId> {
    listed.views.iter().map(|view| view.request.id).collect()
}

async fn by_number(node: &Node, listing: &Listing, total: usize) -> Vec<RequestId> {
    let mut found = Vec::new();
    for number in 0.. {
        let page = node.engine.list(&auditor(), listing.clone(), Page::Number(number)).await.unwrap();
        assert_eq!(page.total, i64::try_from(total).ok());
        found.extend(ids(&page));
        assert_eq!(page.next.is_some(), found.len() < total);
        if page.views.is_empty() {
            break;
        }
    }
    found
}

async fn by_cursor(node: &Node, listing: &Listing) -> Vec<RequestId> {
    let mut page = node.engine.walk(&auditor(), listing.clone(), None).await.unwrap();
    let mut found = ids(&page);
    while let Some(next) = page.next {
        page = node.engine.list(&auditor(), listing.clone(), Page::After(next.clone())).await.unwrap();
        assert!(page.total.is_none() && !page.views.is_empty());
        let walked = node.engine.walk(&auditor(), listing.clone(), Some(next)).await.unwrap();
        assert_eq!((ids(&page), &page.next), (ids(&walked), &walked.next));
        found.extend(ids(&page));
    }
    found
}

async fn check(node: &Node, org: &str, requests: &BTreeMap<u128, Times>, limit: i64) {
    for by in [SortBy::Start, SortBy::End, SortBy::Maker] {
        for descending in [true, false] {
            let sort = Sort { by, descending };
            let listing = Listing { filter: Filter::all(OrgId::new(org)), sort, limit };
            let expected = ordered(requests, sort);
            assert_eq!(by_number(node, &listing, expected.len()).await, expected, "{sort:?}");
            assert_eq!(by_cursor(node, &listing).await, expected, "{sort:?}");
        }
    }
}

async fn walking_by_cursor_gives_exactly_the_numbered_order(database: Database) {
    let node = Node::open(database);
    let template = template(&node);
    let config = ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() };
    let case = Cell::new(0);
    block_in_place(|| {
        TestRunner::new(config).run(&(requests(), 1..9_i64), |(requests, limit)| {
            // Each case has its own org, so that it sees only its own rows.
            case.set(case.get() + 1);
            let org = format!("org-{}", case.get());
            let rows: Vec<_> = requests.iter().map(|(id, times)| row(&template, &org, *id, *times)).collect();
            submissions::insert(&mut node.conn(), &rows.iter().collect::<Vec<_>>()).unwrap();
            Handle::current().block_on(check(&node, &org, &requests, limit));
            Ok(())
        })
    })
    .unwrap();
}

async fn every_filter_finds_what_it_says(database: Database) {
    let node = Node::open(database);
    let first = node.submit(&maker()).await;
    node.clock.advance(TimeDelta::seconds(1));
    let mut author = maker();
    author.signer.person = person("other");
    let body = ISSUE_BADGE.replace("7000000", "8000000");
    let second = node.submit_body(&author, &body).await.unwrap().request;
    node.decide(&checker("anna"), second.id, rejection()).await.unwrap();
    let all = Filter::all(first.org.clone());
    let entity = &second.entity;
    let text = |id: &String| Some(id.clone());
    let later: Option<DateTime<Utc>> = Some(second.started_at);
    let filters = [
        Filter { till_id: text(&entity.till_id), ..all.clone() },
        Filter { store_id: text(&entity.store_id), ..all.clone() },
        Filter { zone_id: text(&entity.zone_id), ..all.clone() },
        Filter { concept_id: text(&entity.concept_id), ..all.clone() },
        Filter { user_id: text(&second.maker.user_id), ..all.clone() },
        Filter { maker: Some(accounts(&second.maker)), ..all.clone() },
        Filter { states: vec![State::Rejected, State::Unknown], ..all.clone() },
        Filter { started_from: later, ..all.clone() },
        Filter { started_from: later, started_before: later.map(|at| at + PENDING_TTL), ..all.clone() },
    ];
    let sort = Sort { by: SortBy::Start, descending: true };
    let found = async |filter: Filter| {
        let listing = Listing { filter, sort, limit: 10 };
        let walked = node.engine.walk(&auditor(), listing.clone(), None).await.unwrap();
        let numbered = node.engine.list(&auditor(), listing, Page::Number(0)).await.unwrap();
        assert_eq!((ids(&numbered), numbered.total), (ids(&walked), i64::try_from(walked.views.len()).ok()));
        ids(&walked)
    };
    for filter in filters {
        let shown = format!("{filter:?}");
        assert_eq!(found(filter).await, [second.id], "{shown}");
    }
    assert_eq!(found(Filter { started_before: later, ..all.clone() }).await, [first.id]);
    assert_eq!(found(Filter { request_type: Some(issue_badge()), ..all.clone() }).await.len(), 2);
    let none = countersign::domain::ids::RequestTypeName::new("EARN-BADGE");
    assert!(found(Filter { request_type: Some(none), ..all.clone() }).await.is_empty());
    assert_eq!(found(all).await, [key(&second).1, key(&first).1]);
}

async fn a_request_is_found_by_the_beginning_of_its_id(database: Database) {
    let node = Node::open(database);
    let template = template(&node);
    let id = |text: &str| Uuid::parse_str(text).unwrap().as_u128();
    let sought = "0190b6f2-7a3c-7cc0-8000-00000000000f";
    let near = "0190b6f2-7a3d-7cc0-8000-000000000000";
    let others = ["0190b6f1-ffff-7fff-bfff-ffffffffffff", "0190b6f3-0000-7000-8000-000000000000"];
    let org = auditor().org.to_string();
    let times = (0, None);
    let mut rows: Vec<_> =
        [sought, near].into_iter().chain(others).map(|one| row(&template, &org, id(one), times)).collect();
    // The same id in an org that is not the reader's.
    rows.push(row(&template, "elsewhere", id("0190b6f2-7a3c-7cc0-8000-000000000001"), times));
    submissions::insert(&mut node.conn(), &rows.iter().collect::<Vec<_>>()).unwrap();
    let found = async |beginning: &str, limit| {
        let views = node.engine.find_by_beginning(&auditor(), beginning, limit).await.unwrap();
        views.iter().map(|view| view.request.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("0190b6f2", 9).await, [sought, near]);
    assert_eq!(found("0190b6f2", 1).await, [sought]);
    assert_eq!(found("0190b6f2-7a3c", 9).await, [sought]);
    assert_eq!(found(sought, 9).await, [sought]);
    for nothing in ["0190b6f", "0190b6f4", "0190b6f2-7a3e", "' or 1=1"] {
        assert!(found(nothing, 9).await.is_empty(), "{nothing}");
    }
    let mut stranger = maker();
    stranger.signer.person = person("other");
    assert!(node.engine.find_by_beginning(&stranger, "0190b6f2", 9).await.unwrap().is_empty());
    assert_eq!(node.engine.find_by_beginning(&maker(), "0190b6f2", 9).await.unwrap().len(), 2);
}

/// One account, which no people file joins with another.
fn accounts(person: &Person) -> Accounts {
    let Person { iss, sub, .. } = person.clone();
    Accounts {
        iss,
        sub,
        user_id: person.user_id.clone(),
        keys: vec![person.key().into_text()],
        listed: vec![],
    }
}
