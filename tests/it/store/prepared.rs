//! The statements of the writer stay prepared: planning or parsing one costs more than running it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use countersign::store::claims::{self, NodeTime};
use countersign::store::{calls, decisions, executions, queue_ahead, requests};
use diesel::connection::{Connection, InstrumentationEvent};

use crate::on_both_stores;
use crate::support::node::{Node, key};
use crate::support::stores::Database;

on_both_stores![what_a_batch_reads_stays_prepared_whatever_the_keys];

async fn what_a_batch_reads_stays_prepared_whatever_the_keys(database: Database) {
    let node = Node::open(database);
    let keys: Vec<_> =
        [node.approved().await, node.approved().await, node.approved().await].iter().map(key).collect();
    let conn = &mut node.store.open_writer().unwrap();
    let (run, kept) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(BTreeSet::new())));
    let (seen, cached) = (Arc::clone(&run), Arc::clone(&kept));
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = &event {
            let text = query.to_string();
            seen.lock().unwrap().push(text.split(" -- binds").next().unwrap_or_default().to_owned());
        } else if let InstrumentationEvent::CacheQuery { sql, .. } = event {
            cached.lock().unwrap().insert(sql.to_owned());
        }
    });
    let time = NodeTime { now: node.clock.now(), injected: node.clock.injected() };
    for keys in [&keys[..], &keys[1..], &keys[..2]] {
        assert_eq!(requests::lock(conn, keys).unwrap().rows.len(), keys.len());
        assert_eq!(executions::lock(conn, keys).unwrap().rows.len(), keys.len());
        let present: Vec<_> = keys.iter().map(|key| (key.clone(), 1)).collect();
        assert_eq!(decisions::list(conn, &present).unwrap().len(), keys.len());
        assert_eq!(calls::list(conn, keys).unwrap().len(), keys.len());
        assert!(queue_ahead::look(conn, time, &["api.example.com"]).unwrap().is_before("api.example.com"));
        assert!(!claims::list_due(conn, time, &[], 8).unwrap().calls.is_empty());
    }
    let (run, kept) = (run.lock().unwrap(), kept.lock().unwrap());
    let anew: Vec<&String> = run.iter().filter(|text| !kept.contains(*text)).collect();
    assert_eq!(anew, Vec::<&String>::new(), "these are prepared each time");
    assert!(run.len() >= 18);
}
