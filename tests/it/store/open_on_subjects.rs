//! What is open on many subjects is what is open on each.

use countersign::domain::request::State;
use countersign::engine::SubmissionInput;
use countersign::store::open_on_subjects::list_pending_on_each;
use countersign::store::requests::{RequestRow, list_pending_on};
use countersign::store::schema::requests;
use countersign::store::stored_bytes::StoredId;
use diesel::prelude::*;
use uuid::Uuid;

use crate::on_both_stores;
use crate::support::node::{Node, badge, maker};
use crate::support::stores::Database;

on_both_stores![what_is_open_on_many_subjects_is_what_is_open_on_each];

/// Requests of one type: subject, state, and when each was submitted.
const ROWS: [(&str, State, i64); 7] = [
    ("77", State::AdminTask, 5),
    ("77", State::Approved, 3),
    ("77", State::Unknown, 4),
    ("77", State::Withdrawn, 1),
    ("78", State::SentBack, 2),
    ("79", State::Withdrawn, 2),
    ("80", State::AdminTask, 9),
];
const MAX: i64 = 2;

fn row(template: &RequestRow, number: usize, (subject, state, started_at): (&str, State, i64)) -> RequestRow {
    RequestRow {
        request_id: StoredId(Uuid::from_u128(number as u128)),
        subject: Some(subject.to_owned()),
        state: state.name().to_owned(),
        started_at,
        ended_at: state.is_final().then_some(started_at),
        send_backs: i64::from(state == State::SentBack),
        waits_for: String::new(),
        repeat_key: None,
        ..template.clone()
    }
}

async fn what_is_open_on_many_subjects_is_what_is_open_on_each(database: Database) {
    let node = Node::open(database);
    let body = badge(None);
    let submitting = SubmissionInput {
        actor: &maker(),
        type_name: "ISSUE-BADGE",
        body: Ok(body.as_bytes()),
        idempotency_key: None,
        reference: "ref",
    };
    let (_, template) = node.engine.prepare(&submitting).unwrap();
    let conn = &mut node.conn();
    for (number, what) in ROWS.into_iter().enumerate() {
        let row = row(&template.request, number, what);
        diesel::insert_into(requests::table).values(&row).execute(conn).unwrap();
    }
    let org = template.request.org_id.as_str();
    let asked = ["77", "78", "79", "none"].map(|subject| ("ISSUE-BADGE".to_owned(), subject.to_owned()));
    let found = list_pending_on_each(conn, org, asked.to_vec(), MAX).unwrap();
    assert_eq!(found.len(), asked.len());
    for on in &asked {
        let each = list_pending_on(conn, (org, &on.0), &on.1, MAX).unwrap();
        assert_eq!(found[on], each, "{on:?}");
    }
    let counts = asked.clone().map(|on| found[&on].len());
    assert_eq!(counts, [2, 1, 0, 0]);
    let of_another_org = list_pending_on_each(conn, "another", asked.to_vec(), MAX).unwrap();
    assert!(of_another_org.values().all(Vec::is_empty));
    let other_type = vec![("GIFT".to_owned(), "77".to_owned())];
    assert!(list_pending_on_each(conn, org, other_type, MAX).unwrap().values().all(Vec::is_empty));
}
