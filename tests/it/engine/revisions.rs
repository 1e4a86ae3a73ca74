//! Sending back and resubmitting on both stores: people at once, limits over any story, and drafts.

use std::cell::Cell;

use countersign::domain::actor::{Actor, Permission};
use countersign::domain::ids::RequestId;
use countersign::domain::request::{NewDecision, Request, State, Verdict};
use countersign::domain::revision::NewSendBack;
use countersign::domain::words::Words;
use countersign::engine::{AgainInput, Engine, EngineError, SubmissionInput};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::on_both_stores;
use crate::support::node::{Node, actor, auditor, checker, maker, origin, refused_code};
use crate::support::pay_out::{PAY_OUT, TWO_CHECKERS, type_file};
use crate::support::payments::{
    LIMITED, decide_payment, payment, payment_body, payment_rules, submit_payment,
};
use crate::support::stores::Database;

on_both_stores![
    of_two_who_sign_and_send_back_at_once_each_sees_what_the_other_did,
    a_request_is_resubmitted_once_however_many_ask_at_once,
    sending_back_and_resubmitting_in_one_batch_leave_a_row_for_each_revision,
    no_story_of_revisions_exceeds_a_limit_or_loses_a_share,
    a_draft_of_a_resubmission_is_judged_without_what_it_takes_the_place_of,
];

async fn send_back(engine: &Engine, by: &Actor, request: &Request) -> Result<Request, EngineError> {
    let wish = NewSendBack::new("Another amount.").unwrap().on(Some(request.digest.to_string()), None);
    engine.send_back(by, request.id, wish, origin(by)).await
}

async fn resubmit(engine: &Engine, by: &Actor, id: RequestId, body: &str) -> Result<Request, EngineError> {
    let old = engine.find(&auditor(), id).await.unwrap();
    let (body, reference) = (Ok(body.as_bytes()), "ref-resubmit");
    let input = AgainInput { actor: by, old, body, idempotency_key: None, reference };
    Ok(engine.resubmit(input).await?.view.request)
}

fn approval_of(request: &Request) -> NewDecision {
    NewDecision::new(Verdict::Approved, "fine", Some(request.digest.to_string())).unwrap()
}

async fn of_two_who_sign_and_send_back_at_once_each_sees_what_the_other_did(database: Database) {
    let rules = payment_rules(&type_file("", TWO_CHECKERS), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let (anna, bob, carl) = (checker("anna"), checker("bob"), checker("carl"));
    let mut seen = [0; 2];
    for number in 0..12 {
        let request = payment(&node, &format!("c{number}"), 1).await;
        decide_payment(&node.engine, &carl, request.id, approval_of(&request)).await.unwrap();
        let signs = async { decide_payment(&node.engine, &anna, request.id, approval_of(&request)).await };
        let sends_back = async { send_back(&other, &bob, &request).await };
        let (signed, sent_back) = if number % 2 == 0 {
            tokio::join!(signs, sends_back)
        } else {
            let (sent_back, signed) = tokio::join!(sends_back, signs);
            (signed, sent_back)
        };
        let stored = node.stored(&request);
        assert_eq!(stored.folded(), stored.read());
        if stored.read().state == State::Approved {
            assert!(signed.is_ok());
            assert_eq!(refused_code(sent_back), "already_decided");
            seen[0] += 1;
            continue;
        }
        assert_eq!(stored.read().state, State::SentBack);
        assert!(sent_back.is_ok());
        assert_eq!(refused_code(signed), "request_sent_back");
        assert_eq!((stored.decisions.len(), stored.execution), (1, None));
        let revised = resubmit(&node.engine, &maker(), request.id, &payment_body("z", 2)).await.unwrap();
        assert_eq!((revised.revision, revised.decisions.len()), (2, 0));
        seen[1] += 1;
    }
    assert_eq!(seen[0] + seen[1], 12);
}

async fn a_request_is_resubmitted_once_however_many_ask_at_once(database: Database) {
    let rules = payment_rules(&type_file("", ""), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let request = payment(&node, "c", 1).await;
    send_back(&node.engine, &checker("anna"), &request).await.unwrap();
    let bodies: Vec<String> = (0..8).map(|points| payment_body("c", points)).collect();
    let author = maker();
    let all = bodies.iter().enumerate().map(|(number, body)| {
        let engine = if number % 2 == 0 { &node.engine } else { &other };
        resubmit(engine, &author, request.id, body)
    });
    let said = join_all(all).await;
    let (taken, refused): (Vec<_>, Vec<_>) = said.into_iter().partition(Result::is_ok);
    assert_eq!((taken.len(), refused.len()), (1, 7));
    assert!(refused.into_iter().all(|refused| refused_code(refused) == "not_sent_back"));
    let stored = node.stored(&request);
    assert_eq!((stored.read().revision, stored.folded()), (2, stored.read()));
    assert_eq!(taken[0].as_ref().unwrap().digest, stored.read().digest);
}

/// The writer takes them together: a checker's wish, the maker's answer, and the decision on it.
async fn sending_back_and_resubmitting_in_one_batch_leave_a_row_for_each_revision(database: Database) {
    let node = Node::with_rules(database, payment_rules(&type_file("", ""), None));
    let request = payment(&node, "c", 1).await;
    let (anna, author) = (checker("anna"), maker());
    let old = node.engine.find(&auditor(), request.id).await.unwrap();
    // As the maker reads it who is quicker than the commit: the rules are asked on the locked row.
    let read = |revision: &Request| {
        let mut view = old.clone();
        view.request = Request { state: State::SentBack, ..revision.clone() };
        view
    };
    let bodies = [payment_body("c", 2), payment_body("c", 3)];
    let engine = &node.engine;
    let again = |old, body: &'static str| async move {
        let author = maker();
        let input = AgainInput {
            actor: &author,
            old,
            body: Ok(body.as_bytes()),
            idempotency_key: None,
            reference: "ref",
        };
        engine.resubmit(input).await.map(drop)
    };
    let [two, three] = bodies.map(|body| -> &'static str { Box::leak(body.into_boxed_str()) });
    let second = Request { revision: 2, ..request.clone() };
    let wish = |digest: Option<String>| NewSendBack::new("Another amount.").unwrap().on(digest, None);
    let digest_of_two = node
        .engine
        .dry_run_resubmission(
            &SubmissionInput {
                actor: &author,
                type_name: PAY_OUT,
                body: Ok(two.as_bytes()),
                idempotency_key: None,
                reference: "ref",
            },
            &request,
        )
        .await
        .unwrap()
        .digest;
    type Write<'w> = std::pin::Pin<Box<dyn Future<Output = Result<(), EngineError>> + 'w>>;
    let writes: Vec<Write<'_>> = vec![
        Box::pin(async { engine.send_back(&anna, request.id, wish(None), origin(&anna)).await.map(drop) }),
        Box::pin(again(read(&request), two)),
        Box::pin(async {
            let wish = wish(Some(digest_of_two.to_string()));
            engine.send_back(&anna, request.id, wish, origin(&anna)).await.map(drop)
        }),
        Box::pin(again(read(&second), three)),
    ];
    for said in node.all_at_once(writes).await {
        said.unwrap();
    }
    let stored = node.stored(&request);
    let it = stored.read();
    assert_eq!((it.revision, it.state, stored.folded()), (3, State::AdminTask, stored.read()));
    assert_eq!(
        it.earlier.iter().map(|earlier| earlier.digest).collect::<Vec<_>>(),
        [request.digest, digest_of_two]
    );
    assert_eq!(node.engine.find(&auditor(), request.id).await.unwrap().request, it);
}

#[derive(Clone, Debug)]
enum Act {
    Submit(i64),
    SendBack(Index),
    Resubmit(Index, i64),
    Withdraw(Index),
    Decide(Index, bool),
}

fn act() -> impl Strategy<Value = Act> {
    let request = || any::<Index>();
    prop_oneof![
        3 => (1..60_i64).prop_map(Act::Submit),
        4 => request().prop_map(Act::SendBack),
        4 => (request(), 1..90_i64).prop_map(|(request, points)| Act::Resubmit(request, points)),
        1 => request().prop_map(Act::Withdraw),
        2 => (request(), select(vec![true, false])).prop_map(|(request, is_yes)| Act::Decide(request, is_yes)),
    ]
}

async fn no_story_of_revisions_exceeds_a_limit_or_loses_a_share(database: Database) {
    let rules = payment_rules(&type_file("", LIMITED), None);
    let node = Node::with_rules(database, rules.clone());
    let other = node.start_other_with(rules);
    let case = Cell::new(0);
    let play = async |story: Vec<Vec<Act>>| {
        // Each case has its own maker, and so its own counter.
        case.set(case.get() + 1);
        let name = format!("maker-{}", case.get());
        let author = actor("100", &name, &[Permission::Make]);
        let mut ids: Vec<RequestId> = Vec::new();
        for group in story {
            let acts = group.iter().enumerate().map(|(at, act)| {
                carry_out(if at % 2 == 0 { &node.engine } else { &other }, &author, &ids, act)
            });
            let new: Vec<RequestId> = join_all(acts).await.into_iter().flatten().collect();
            ids.extend(new);
            let mut share = (0, 0);
            for id in &ids {
                let found = node.engine.find(&auditor(), *id).await.unwrap().request;
                let stored = node.stored(&found);
                assert_eq!((stored.folded(), stored.read()), (found.clone(), found.clone()));
                if !found.state.frees_counters() {
                    let amount: i64 = found.terms.amount.unwrap().to_string().parse().unwrap();
                    share = (share.0 + 1, share.1 + amount);
                }
            }
            assert!(share.0 <= 4 && share.1 <= 100, "{share:?}");
            assert_eq!(counted(&node, &name), share, "{group:?}");
        }
    };
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    let stories = proptest::collection::vec(proptest::collection::vec(act(), 1..4), 1..12);
    block_in_place(|| {
        TestRunner::new(config).run(&stories, |story| {
            Handle::current().block_on(play(story));
            Ok(())
        })
    })
    .unwrap();
}

/// Does one act; the id of a new request. A refusal is fine.
async fn carry_out(engine: &Engine, author: &Actor, ids: &[RequestId], act: &Act) -> Option<RequestId> {
    let checker = checker("anna");
    let read = async |index: &Index| match ids {
        [] => None,
        ids => Some(engine.find(&auditor(), *index.get(ids)).await.unwrap().request),
    };
    let is_sound = |said: Result<Request, EngineError>| match said {
        Ok(request) => Some(request.id),
        Err(EngineError::Refused(_) | EngineError::NotAdmitted(_)) => None,
        Err(error) => panic!("{error:?}"),
    };
    match act {
        Act::Submit(points) => {
            let said = submit_payment(engine, author, &payment_body("a", *points), None).await;
            return is_sound(said.map(|submitted| submitted.view.request));
        }
        Act::SendBack(index) => {
            is_sound(send_back(engine, &checker, &read(index).await?).await);
        }
        Act::Resubmit(index, points) => {
            let id = read(index).await?.id;
            is_sound(resubmit(engine, author, id, &payment_body("b", *points)).await);
        }
        Act::Withdraw(index) => {
            let id = read(index).await?.id;
            is_sound(engine.withdraw(author, id, Words::new("no").unwrap(), origin(author)).await);
        }
        Act::Decide(index, is_yes) => {
            let request = read(index).await?;
            let verdict = if *is_yes { Verdict::Approved } else { Verdict::Rejected };
            let decision = NewDecision::new(verdict, "as read", Some(request.digest.to_string())).unwrap();
            is_sound(decide_payment(engine, &checker, request.id, decision).await);
        }
    }
    None
}

/// What the counter of this maker contains: how many, and the sum.
fn counted(node: &Node, name: &str) -> (i64, i64) {
    use countersign::store::schema::usage_counters;
    use diesel::prelude::*;
    let rows: Vec<countersign::store::usage::UsageRow> = usage_counters::table
        .filter(usage_counters::who.like(format!("%{name}")))
        .load(&mut node.conn())
        .unwrap();
    let row = rows.iter().max_by_key(|row| row.count);
    row.map_or((0, 0), |row| (row.count, row.sum.parse().unwrap()))
}

async fn a_draft_of_a_resubmission_is_judged_without_what_it_takes_the_place_of(database: Database) {
    let file = type_file("duplicates = \"block\"", LIMITED);
    let node = Node::with_rules(database, payment_rules(&file, None));
    let request = payment(&node, "c", 90).await;
    send_back(&node.engine, &checker("anna"), &request).await.unwrap();
    let request = node.engine.find(&auditor(), request.id).await.unwrap().request;
    let author = maker();
    let tried = async |points: i64, is_revision: bool| {
        let body = payment_body("c", points);
        let input = SubmissionInput {
            actor: &author,
            type_name: PAY_OUT,
            body: Ok(body.as_bytes()),
            idempotency_key: None,
            reference: "ref",
        };
        let engine = &node.engine;
        let tried = if is_revision {
            engine.dry_run_resubmission(&input, &request).await
        } else {
            engine.dry_run(&input).await
        };
        tried.unwrap().admission.err().map(|why| why.code.name())
    };
    assert_eq!(tried(100, true).await, None);
    assert_eq!(tried(101, true).await, Some("refused_by_rule"));
    assert_eq!(tried(1, false).await, Some("duplicate_pending"));
    assert_eq!(node.stored(&request).read(), request, "nothing was stored");
}
