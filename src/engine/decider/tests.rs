//! A write whose commit was reported as failed is tried again.

use std::sync::Arc;

use serde_json::json;

use super::{Decider, Shared};
use crate::domain::request::State;
use crate::engine::command::{WriteCommand, WriteReply};
use crate::engine::fixture::{Fixture, body, input, maker};
use crate::engine::idempotency::ClientKey;
use crate::store::writer::{Batch, Ran};

#[test]
fn a_submission_whose_commit_was_reported_as_failed_is_recognised_when_it_is_tried_again() {
    // One a day, and one on a subject: checked against its own rows, it would be refused twice.
    let fixture = Fixture::of_type(&json!({
        "name": "ONE", "title": "One", "subject": "/body/to", "duplicates": "block",
        "call": { "method": "POST", "path": "/one" },
        "body": { "type": "object", "properties": { "to": { "type": "string" } } },
        "usage": [{ "name": "day", "by": "maker", "window": "1d" }],
        "policy": [{ "name": "first", "when": "usage.day.count < 1", "auto_approve": true }],
    }));
    let inner = &fixture.engine.inner;
    let mut decider = Decider::new(Shared {
        feed: Arc::clone(&inner.feed),
        clock: inner.clock.clone(),
        book: inner.book.clone(),
        deadlines: inner.deadlines,
        metrics: Arc::clone(&inner.metrics),
        outbox_filled: Arc::default(),
        due: Arc::clone(&inner.due),
        sending: inner.sending,
        under_way: Arc::clone(&inner.under_way),
    });
    let (actor, body) = (maker(), body());
    let command = || {
        let client_key = ClientKey::new("key", "ONE", body.as_bytes());
        let mut prepared = fixture.engine.check(&input(&actor, &body), Some(client_key)).unwrap();
        prepared.look();
        WriteCommand::SubmitLocked(prepared)
    };
    let first = command();
    let conn = &mut fixture.store.open_writer().unwrap();
    for is_retry in [false, true, true] {
        let Ran::Replied(reply) = decider.run(conn, &[&first], is_retry).unwrap().remove(0) else {
            panic!("nobody holds its rows")
        };
        let WriteReply::Current { request, is_new: true } = reply else { panic!("{is_retry}: {reply:?}") };
        assert_eq!(request.state, State::Approved);
    }
    let ran = decider.run(conn, &[&command()], true).unwrap().remove(0);
    assert!(matches!(ran, Ran::Replied(WriteReply::Replayed(_))), "{ran:?}");
}
