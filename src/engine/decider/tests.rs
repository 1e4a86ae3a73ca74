//! A write whose commit was reported as failed is tried again; and statements stay prepared.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent};
use serde_json::json;

use super::{Decider, Shared};
use crate::domain::attempt::AttemptOutcome;
use crate::domain::ids::{OrgId, RequestTypeName};
use crate::domain::outcome::TargetResponse;
use crate::domain::request::{NewDecision, State, Verdict};
use crate::engine::claimed_execution::{Ending, HeldLease};
use crate::engine::command::{Caller, DecideCommand, Scope, WriteCommand, WriteReply};
use crate::engine::fixture::{Fixture, body, checker, input, maker};
use crate::engine::idempotency::ClientKey;
use crate::engine::openings::ReadBefore;
use crate::engine::under_way::Concurrency;
use crate::store::events::Origin;
use crate::store::writer::{Batch, BatchStats, Ran};

fn decider(fixture: &Fixture) -> Decider {
    let inner = &fixture.engine.inner;
    Decider::new(Shared {
        feed: Arc::clone(&inner.feed),
        clock: inner.clock.clone(),
        book: inner.book.clone(),
        deadlines: inner.deadlines,
        metrics: Arc::clone(&inner.metrics),
        outbox_filled: Arc::default(),
        due: Arc::clone(&inner.due),
        sending: inner.sending,
        under_way: Arc::clone(&inner.under_way),
        backlog: Arc::default(),
    })
}

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
    let mut decider = decider(&fixture);
    let (actor, body) = (maker(), body());
    let command = || {
        let client_key = ClientKey::new("key", "ONE", body.as_bytes());
        let mut prepared = fixture.engine.check(&input(&actor, &body), Some(client_key)).unwrap();
        prepared.look();
        let call = Box::new(prepared.call_row());
        WriteCommand::SubmitLocked(prepared, call)
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

/// What a connection was asked to run, and which statements it keeps prepared.
#[derive(Default)]
struct Statements {
    run: Vec<String>,
    kept: BTreeSet<String>,
}

#[test]
fn no_statement_of_a_workflow_is_prepared_twice() {
    let fixture = Fixture::of_type(&json!({
        "name": "ONE", "title": "One", "call": { "method": "POST", "path": "/one" }, "body": { "type": "object" },
    }));
    let mut begun = fixture.engine.under_way().open(Concurrency { total: 8, per_host: 8 });
    let mut decider = decider(&fixture);
    let conn = &mut fixture.store.open_writer().unwrap();
    let statements = Arc::new(Mutex::new(Statements::default()));
    let seen = Arc::clone(&statements);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        let mut seen = seen.lock().unwrap();
        if let InstrumentationEvent::StartQuery { query, .. } = &event {
            let text = query.to_string();
            seen.run.push(text.split(" -- binds").next().unwrap_or_default().to_owned());
        } else if let InstrumentationEvent::CacheQuery { sql, .. } = event {
            seen.kept.insert(sql.to_owned());
        }
    });
    for round in 0..3 {
        statements.lock().unwrap().run.clear();
        let kept = statements.lock().unwrap().kept.len();
        let (actor, body) = (maker(), body());
        let (view, rows) = fixture.engine.prepare(&input(&actor, &body)).unwrap();
        let key = (OrgId::new("100"), view.request.id);
        let by = Caller { key: key.clone(), origin: Origin::of(&checker(), "ref"), actor: checker() };
        let decision = NewDecision::new(Verdict::Approved, "ok", None).unwrap();
        let held = HeldLease { key: key.clone(), token: 1 };
        let answer = TargetResponse { status: 200, headers: Vec::new(), body: b"{}".to_vec(), cut: false };
        let ending = Ending::new(1, AttemptOutcome::Executed, "It ended.").with_answer(&key, answer, &[]);
        let scope = Scope::One(RequestTypeName::new("ONE"));
        for command in [
            WriteCommand::Submit(Box::new(rows)),
            WriteCommand::Decide(DecideCommand { by, scope, decision, read_before: ReadBefore::Unknown }),
            WriteCommand::EndAttempt { held, ending: Box::new(ending) },
        ] {
            decider.run(conn, &[&command], false).unwrap();
            decider.committed(&BatchStats { size: 1, took: std::time::Duration::ZERO });
        }
        assert_eq!(begun.try_recv().unwrap().len(), 1);
        let Statements { run, kept: all } = &*statements.lock().unwrap();
        let anew: Vec<&String> = run.iter().filter(|text| !all.contains(*text)).collect();
        assert_eq!(anew, Vec::<&String>::new(), "these are prepared each time");
        assert!(round == 0 || all.len() == kept, "nothing new is prepared after the first round");
        assert!(run.len() >= 10, "{run:#?}");
    }
}
