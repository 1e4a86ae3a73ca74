//! On PostgreSQL: what another transaction holds delays only the writes that need it, and a commit whose result
//! is lost is asked for.

use countersign::domain::actor::Permission;
use countersign::engine::EngineError;
use countersign::store::StoreError;
use diesel::connection::SimpleConnection;
use serde_json::json;

use crate::support::node::{Node, actor, approval, body_with, checker, maker};
use crate::support::pay_out::type_file;
use crate::support::payments::{LIMITED, payment_body, payment_rules, submit_payment, usage};
use crate::support::stores::Database;
use crate::support::{eventually, run};

#[test]
fn a_held_counter_delays_only_the_submissions_that_count_in_it() {
    run(async {
        let node = Node::with_rules(Database::postgres(), payment_rules(&type_file("", LIMITED), None));
        let (one, other) = (maker(), actor("100", "another", &[Permission::Make]));
        let body = |number: u32| payment_body(&format!("c{number}"), 10);
        submit_payment(&node.engine, &one, &body(0), None).await.unwrap();
        let mut holder = node.conn();
        holder.batch_execute("BEGIN; SELECT FROM usage_counters FOR UPDATE").unwrap();
        let others_go_on = async {
            for number in 2..6 {
                submit_payment(&node.engine, &other, &body(number), None).await.unwrap();
            }
            holder.batch_execute("COMMIT").unwrap();
        };
        let held = body(1);
        let (held, ()) = tokio::join!(submit_payment(&node.engine, &one, &held, None), others_go_on);
        held.unwrap();
        let mut counted = usage(&node);
        counted.sort_unstable();
        assert_eq!(counted, [(2, "20".to_owned()), (4, "40".to_owned())]);
    });
}

#[test]
fn a_held_execution_delays_only_what_is_about_it() {
    run(async {
        let node = Node::open(Database::postgres());
        let approved = node.approved().await;
        let waiting = node.submit(&maker()).await;
        let mut holder = node.conn();
        holder.batch_execute("BEGIN; SELECT FROM executions FOR UPDATE").unwrap();
        node.clock.advance(crate::support::node::APPROVAL_TTL);
        let others_go_on = async {
            node.decide(&checker("anna"), waiting.id, approval()).await.unwrap_err();
            assert_eq!(node.stored(&approved).request.state, "approved");
            holder.batch_execute("COMMIT").unwrap();
        };
        let (expired, ()) = tokio::join!(node.engine.expire_overdue(), others_go_on);
        expired.unwrap();
        assert_eq!(node.stored(&approved).request.state, "expired");
    });
}

/// The database ends its session at the commit of a request of this till, after the engine has sent COMMIT.
const LOSE: &str = "
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON requests DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.till_id = 'lost') EXECUTE FUNCTION lose()";

fn losing_node() -> Node {
    let node = Node::open(Database::postgres());
    node.conn().batch_execute(LOSE).unwrap();
    node
}

#[test]
fn a_commit_whose_result_is_lost_is_asked_for_when_the_database_is_back() {
    run(async {
        let node = losing_node();
        let author = maker();
        let body = body_with("/entityInfo/tillId", json!("lost"));
        let comes_back = async {
            eventually("a commit is lost", async || node.engine.write_health().blocked.map(drop)).await;
            node.conn().batch_execute("DROP TRIGGER lose ON requests; DROP FUNCTION lose").unwrap();
        };
        let (submitted, ()) = tokio::join!(node.submit_body(&author, &body), comes_back);
        let request = submitted.unwrap().request;
        assert_eq!(node.stored(&request).read(), request);
    });
}

#[test]
fn a_commit_whose_result_stays_unknown_is_never_reported_as_nothing() {
    run(async {
        let node = losing_node();
        let body = body_with("/entityInfo/tillId", json!("lost"));
        let said = node.submit_body(&maker(), &body).await;
        let Err(error @ EngineError::Store(StoreError::Unsure)) = said else { panic!("{said:?}") };
        let sentence = error.try_again_sentence().unwrap();
        assert!(sentence.starts_with("The database did not say whether this was recorded."), "{sentence}");
        // Others are written meanwhile and afterwards.
        node.submit(&maker()).await;
    });
}
