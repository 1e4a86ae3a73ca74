//! Sessions of the pages: how long they last, and how they are ended.

use chrono::TimeDelta;
use countersign::domain::actor::Permission;
use countersign::domain::ids::OrgId;
use countersign::engine::EngineError;
use countersign::engine::sessions::{LiveSession, NewSession, SessionGrant, SessionId, Use, end_sessions_of};
use countersign::store::sessions::SessionRow;
use countersign::store::to_micros;

use crate::on_both_stores;
use crate::support::eventually;
use crate::support::node::{Node, SESSION_IDLE, SESSION_MAX, person, start};
use crate::support::stores::Database;

on_both_stores![
    a_session_keeps_what_the_sign_in_granted,
    an_unused_session_ends,
    a_session_ends_after_its_time_however_much_it_is_used,
    background_reads_keep_no_session_alive,
    a_session_that_was_ended_stays_ended,
    a_new_sign_in_replaces_the_old_session,
    every_session_of_a_person_can_be_ended_at_once,
    a_person_changes_only_to_an_org_that_was_granted,
    old_sessions_are_deleted_with_later_sign_ins,
    the_database_lets_no_one_revive_or_lengthen_a_session,
];

fn granted(name: &str) -> SessionGrant {
    SessionGrant {
        person: person(name),
        orgs: vec![OrgId::new("100"), OrgId::new("200")],
        permissions: vec![Permission::Make, Permission::Audit],
        groups: vec!["Risk \"night\"".to_owned()],
        has_unread_groups: false,
        act: vec![person("robot")],
    }
}

fn opening(secret: &str, name: &str) -> NewSession {
    NewSession {
        id: SessionId::of_secret(secret),
        granted: granted(name),
        org: OrgId::new("100"),
        signed_in_at: Some(start() - TimeDelta::minutes(2)),
        replaces: None,
    }
}

async fn open(node: &Node, secret: &str, name: &str) -> LiveSession {
    node.engine.open_session(opening(secret, name)).await.unwrap()
}

async fn find(node: &Node, session: &LiveSession) -> Option<LiveSession> {
    node.engine.find_session(session.id, Use::Background).await.unwrap()
}

/// Every row.
fn rows(node: &Node) -> Vec<SessionRow> {
    use countersign::store::schema::sessions::dsl;
    use diesel::prelude::*;
    dsl::sessions.order(dsl::session_id).load(&mut node.conn()).unwrap()
}

async fn a_session_keeps_what_the_sign_in_granted(database: Database) {
    let node = Node::open(database);
    let opened = open(&node, "a secret", "anna").await;
    let found = find(&node, &opened).await.unwrap();
    assert_eq!(found.granted, granted("anna"));
    assert_eq!((found.org.as_str(), found.signed_in_at), ("100", Some(start() - TimeDelta::minutes(2))));
    assert_eq!(found.expires_at, start() + SESSION_MAX);
    assert!(node.engine.find_session(SessionId::of_secret("another"), Use::Page).await.unwrap().is_none());
    // The secret itself is not stored.
    assert!(!format!("{:?}", rows(&node)).contains("a secret"));

    let unknown = NewSession { signed_in_at: None, ..opening("b", "anna") };
    let unknown = node.engine.open_session(unknown).await.unwrap();
    assert_eq!(find(&node, &unknown).await.unwrap().signed_in_at, None);
}

async fn an_unused_session_ends(database: Database) {
    let node = Node::open(database);
    let session = open(&node, "s", "anna").await;
    node.clock.advance(SESSION_IDLE - TimeDelta::microseconds(1));
    assert!(find(&node, &session).await.is_some());
    node.clock.advance(TimeDelta::microseconds(1));
    assert!(find(&node, &session).await.is_none());
    assert!(node.engine.find_session(session.id, Use::Page).await.unwrap().is_none());
}

async fn a_session_ends_after_its_time_however_much_it_is_used(database: Database) {
    let node = Node::open(database);
    let session = open(&node, "s", "anna").await;
    let step = TimeDelta::minutes(20);
    let mut lived = TimeDelta::zero();
    while lived + step < SESSION_MAX {
        node.clock.advance(step);
        lived += step;
        assert!(node.engine.find_session(session.id, Use::Page).await.unwrap().is_some(), "after {lived}");
        let now = to_micros(node.clock.now());
        // The time of the last use is written in the background.
        eventually("the use is noted", async || (rows(&node)[0].last_seen_at == now).then_some(())).await;
    }
    node.clock.advance(SESSION_MAX - lived);
    assert!(find(&node, &session).await.is_none());
}

async fn background_reads_keep_no_session_alive(database: Database) {
    let node = Node::open(database);
    let session = open(&node, "s", "anna").await;
    for _ in 0..3 {
        node.clock.advance(SESSION_IDLE / 3);
        find(&node, &session).await;
    }
    assert!(find(&node, &session).await.is_none());
    assert_eq!(rows(&node)[0].last_seen_at, to_micros(start()));
}

async fn a_session_that_was_ended_stays_ended(database: Database) {
    let node = Node::open(database);
    let (session, other) = (open(&node, "s", "anna").await, open(&node, "t", "anna").await);
    node.engine.end_session(session.id).await.unwrap();
    assert!(find(&node, &session).await.is_none());
    node.clock.advance(TimeDelta::minutes(2));
    node.engine.end_session(session.id).await.unwrap();
    node.engine.switch_org(&session, &OrgId::new("200")).await.unwrap();
    let ended: Vec<_> = rows(&node).into_iter().filter(|row| row.ended_at.is_some()).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!((ended[0].ended_at, ended[0].org_id.as_str()), (Some(to_micros(start())), "100"));
    assert!(find(&node, &other).await.is_some());
    // Another node sees it at once.
    let there = node.start_other();
    assert!(there.find_session(session.id, Use::Page).await.unwrap().is_none());
    assert!(there.find_session(other.id, Use::Background).await.unwrap().is_some());
}

async fn a_new_sign_in_replaces_the_old_session(database: Database) {
    let node = Node::open(database);
    let old = open(&node, "old", "anna").await;
    let new = NewSession { replaces: Some(old.id), ..opening("new", "anna") };
    let new = node.engine.open_session(new).await.unwrap();
    assert!(find(&node, &old).await.is_none());
    assert!(find(&node, &new).await.is_some());
}

async fn every_session_of_a_person_can_be_ended_at_once(database: Database) {
    let node = Node::open(database);
    let mine = [open(&node, "1", "anna").await, open(&node, "2", "anna").await];
    let other = open(&node, "3", "ben").await;
    let end_all_of = |name: &str| end_sessions_of(&mut node.conn(), name, &node.clock).unwrap();
    assert_eq!(end_all_of("ID-Anna"), 2);
    for session in &mine {
        assert!(find(&node, session).await.is_none());
    }
    assert!(find(&node, &other).await.is_some());
    assert_eq!((end_all_of("id-anna"), end_all_of("id-ben")), (0, 1));
}

async fn a_person_changes_only_to_an_org_that_was_granted(database: Database) {
    let node = Node::open(database);
    let session = open(&node, "s", "anna").await;
    node.engine.switch_org(&session, &OrgId::new("200")).await.unwrap();
    assert_eq!(find(&node, &session).await.unwrap().org.as_str(), "200");
    let said = node.engine.switch_org(&session, &OrgId::new("300")).await;
    assert!(matches!(said, Err(EngineError::NotFound)));
    let found = find(&node, &session).await.unwrap();
    assert_eq!(found.org.as_str(), "200");
    assert_eq!(found.actor(None).org.as_str(), "200");
}

async fn old_sessions_are_deleted_with_later_sign_ins(database: Database) {
    let node = Node::open(database);
    let session = open(&node, "1", "anna").await;
    open(&node, "2", "anna").await;
    node.engine.end_session(session.id).await.unwrap();
    node.clock.advance(SESSION_MAX + TimeDelta::days(7));
    open(&node, "3", "ben").await;
    assert_eq!(rows(&node).len(), 3, "some days are not over");
    node.clock.advance(TimeDelta::microseconds(1));
    let last = open(&node, "4", "ben").await;
    assert_eq!(rows(&node).len(), 2);
    assert!(find(&node, &last).await.is_some());
}

async fn the_database_lets_no_one_revive_or_lengthen_a_session(database: Database) {
    let node = Node::open(database);
    let session = open(&node, "s", "anna").await;
    let statements = [
        "UPDATE sessions SET user_id = 'id-ben'",
        "UPDATE sessions SET claims = '{}'",
        "UPDATE sessions SET signed_in_at = signed_in_at + 1",
        "UPDATE sessions SET expires_at = expires_at + 1",
        "UPDATE sessions SET created_at = created_at - 1",
    ];
    for statement in statements {
        assert!(node.execute(statement).is_err(), "taken: {statement}");
    }
    node.engine.end_session(session.id).await.unwrap();
    let before = rows(&node);
    for statement in
        ["UPDATE sessions SET ended_at = NULL", "UPDATE sessions SET last_seen_at = last_seen_at + 1"]
    {
        assert!(node.execute(statement).is_err(), "taken: {statement}");
    }
    assert_eq!(rows(&node), before);
}
