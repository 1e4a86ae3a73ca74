//! What lists read, and what an answer after a commit needs.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent};
use serde_json::json;

use super::*;
use crate::engine::SubmissionInput;
use crate::engine::fixture::{Fixture, body, checker, input, maker};
use crate::engine::narrowed_inbox::{NarrowingLimits, PlaceInList, WaitingList};

const NEWEST: Sort = Sort { by: SortBy::Start, descending: true };

fn fixture() -> Fixture {
    Fixture::of_type(&json!({
        "name": "ONE", "title": "One", "subject": "/body/to", "bulk": true,
        "call": { "method": "POST", "path": "/one" },
        "body": { "type": "object", "properties": { "to": { "type": "string" } } },
    }))
}

/// Notes every statement of the only read connection.
fn noted(fixture: &Fixture) -> Arc<Mutex<Vec<String>>> {
    let statements = Arc::new(Mutex::new(Vec::new()));
    let mut conn = fixture.store.read_connection().unwrap();
    let notes = Arc::clone(&statements);
    if let AnyConnection::Sqlite(sqlite) = &mut *conn {
        sqlite.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                notes.lock().unwrap().push(query.to_string());
            }
        });
    }
    statements
}

fn reads_calls(statements: &Mutex<Vec<String>>) -> bool {
    let statements = std::mem::take(&mut *statements.lock().unwrap());
    assert!(statements.iter().any(|statement| statement.contains("`requests`")), "{statements:?}");
    statements.iter().any(|statement| statement.contains("`calls`") || statement.contains("`answers`"))
}

#[tokio::test]
async fn rows_are_read_without_any_call() {
    let fixture = fixture();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(fixture.submit(&maker()).await);
    }
    let (engine, reader) = (&fixture.engine, checker());
    let listing = || Listing { filter: engine.scope(&reader).unwrap(), sort: NEWEST, limit: 2 };
    let statements = noted(&fixture);
    let page = engine.walk_rows(&reader, listing(), None).await.unwrap();
    assert!(!reads_calls(&statements));
    assert_eq!((page.rows.len(), page.rows[0].shown_url()), (2, "https://api.example.com/one"));
    engine.walk_rows(&reader, listing(), page.next).await.unwrap();
    assert!(!reads_calls(&statements));
    let limits = NarrowingLimits { shown: 2, looked_at: 10 };
    for list in [WaitingList::NeedsMe, WaitingList::MyGroups] {
        let at = (list, PlaceInList::default());
        assert_eq!(engine.waiting_page(&reader, at, limits, |_| true).await.unwrap().rows.len(), 2);
        assert!(!reads_calls(&statements));
    }
    let beginning = ids[0].to_string();
    assert_eq!(engine.find_by_beginning(&reader, &beginning, 5).await.unwrap().len(), 1);
    assert!(!reads_calls(&statements));
    // The notes do notice a page that reads calls.
    assert_eq!(engine.walk(&reader, listing(), None).await.unwrap().views.len(), 2);
    assert!(reads_calls(&statements));
}

#[tokio::test]
async fn an_answer_after_a_commit_needs_no_further_read() {
    let fixture = fixture();
    let engine = &fixture.engine;
    let rejected = fixture.submit(&maker()).await;
    let before = engine.find(&checker(), rejected).await.unwrap();
    // The only read connection is away from here on.
    let held = fixture.store.read_connection().unwrap();
    let decided = engine.decide(fixture.rejection(rejected)).await.unwrap();
    let committed = before.after(decided.request.clone());
    assert!(!decided.has_outcome() && !committed.lacks_answer());
    let shown = engine.read_again(&checker(), committed).await;
    assert_eq!((shown.request.state.name(), shown.url.as_str()), ("rejected", "https://api.example.com/one"));
    drop(held);
    assert_eq!(engine.find(&checker(), rejected).await.unwrap().request.state.name(), "rejected");
}

#[tokio::test]
async fn a_bulk_decision_that_can_not_be_read_before_is_not_recorded() {
    let fixture = fixture();
    let engine = &fixture.engine;
    let waiting = fixture.submit(&maker()).await;
    let held = fixture.store.read_connection().unwrap();
    let error = engine.decide_many(fixture.rejections(&[waiting])).await.unwrap_err();
    assert!(matches!(error, EngineError::Store(ref error) if error.is_busy()), "{error}");
    drop(held);
    assert_eq!(engine.find(&checker(), waiting).await.unwrap().request.state.name(), "AdminTask");
    let results = engine.decide_many(fixture.rejections(&[waiting])).await.unwrap();
    assert_eq!(results[0].state.map(crate::domain::request::State::name), Some("rejected"));
}

#[tokio::test]
async fn fields_that_are_hidden_are_not_in_the_line_of_the_call() {
    let fixture = Fixture::of_type(&json!({
        "name": "ONE", "title": "One", "fields": { "masked": ["/pathParams/to"] },
        "call": { "method": "POST", "path": "/one/{to}" },
        "body": { "type": "object", "properties": { "to": { "type": "string" } } },
    }));
    let mut sent: serde_json::Value = serde_json::from_str(&body()).unwrap();
    let task = &mut sent["payload"]["IntouchAPITask-Payload"];
    task["path"] = json!("/one/{to}");
    task["pathParams"] = json!({ "to": "4711" });
    let sent = sent.to_string();
    let maker = maker();
    let input = SubmissionInput { body: Ok(sent.as_bytes()), ..input(&maker, &sent) };
    fixture.engine.submit(input).await.unwrap();
    for (reader, shown) in [(checker(), true), (maker, false)] {
        let filter = fixture.engine.scope(&reader).unwrap();
        let listing = Listing { filter, sort: NEWEST, limit: 2 };
        let page = fixture.engine.walk_rows(&reader, listing, None).await.unwrap();
        let row = &page.rows[0];
        let view = fixture.engine.find(&reader, row.request.id).await.unwrap();
        assert_eq!(row.shown_url(), view.shown().1);
        assert_eq!(row.shown_url().contains("4711"), shown);
    }
}
