//! The rules that the database itself enforces, whoever writes.

use countersign::domain::actor::Permission;
use countersign::domain::digest::Digest;
use countersign::domain::execution::Execution;
use countersign::domain::ids::RequestId;
use countersign::domain::policy::Capacity;
use countersign::domain::request::{Decision, Request, State, Verdict};
use countersign::domain::settlement::{SettledOutcome, SettlementWord};
use countersign::engine::AgainInput;
use countersign::store::decisions::{self, DecisionRow};
use countersign::store::executions;
use countersign::store::settlement_words::{self, SettlementWordRow};
use countersign::store::stored_bytes::StoredId;
use countersign::store::{StoreError, to_micros};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::on_both_stores;
use crate::support::claims::{begin, claim, ends};
use crate::support::node::{
    Node, PENDING_TTL, Stored, approval, checker, embedded, maker, person, rejection, start,
};
use crate::support::stores::Database;

on_both_stores![
    events_are_never_changed_deleted_or_emptied,
    a_call_never_changes,
    terms_versions_and_client_keys_never_change,
    a_final_request_never_moves_and_its_end_stays,
    an_unknown_outcome_can_still_be_settled,
    a_request_has_an_end_exactly_when_it_is_final,
    a_transient_state_is_not_stored,
    a_decision_by_the_maker_is_not_even_stored,
    a_decision_is_stored_once_per_person_and_never_changes,
    a_word_by_the_maker_is_not_even_stored,
    a_word_never_changes_and_one_account_settles_nothing,
    a_request_has_one_execution,
    a_lease_and_an_end_are_whole_or_absent,
    what_is_stored_about_attempts_adds_up,
    a_request_is_linked_once_and_for_good,
];

/// The database refuses every one of these, and nothing has changed after each.
fn all_are_refused(node: &Node, request: &Request, statements: &[String]) {
    let before = node.stored(request);
    for statement in statements {
        assert!(node.execute(statement).is_err(), "taken: {statement}");
        assert_eq!(node.stored(request), before, "changed by: {statement}");
    }
}

fn texts(statements: &[&str]) -> Vec<String> {
    statements.iter().map(|statement| (*statement).to_owned()).collect()
}

/// A request in each stored state.
async fn one_of_each_state(node: &Node) -> Vec<Request> {
    use countersign::domain::attempt::AttemptOutcome;
    let expired = node.submit(&maker()).await;
    node.clock.advance(PENDING_TTL);
    assert_eq!(node.engine.expire_overdue().await.unwrap(), 1);
    let rejected = node.submit(&maker()).await;
    node.decide(&checker("anna"), rejected.id, rejection()).await.unwrap();
    let withdrawn = node.submit(&maker()).await;
    node.withdraw(&maker(), withdrawn.id).await.unwrap();
    let mut all = vec![expired, rejected, withdrawn];
    for outcome in [AttemptOutcome::Executed, AttemptOutcome::Failed, AttemptOutcome::Ambiguous] {
        all.push(node.approved().await);
        let held = begin(&node.engine, 1).await;
        assert!(ends(&node.engine, &held, 1, outcome).await);
    }
    all.push(node.approved().await);
    all.push(node.submit(&maker()).await);
    all.iter().map(|request| node.stored(request).read()).collect()
}

async fn events_are_never_changed_deleted_or_emptied(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let mut statements = texts(&[
        "UPDATE events SET message = 'another'",
        "UPDATE events SET seq = seq",
        "DELETE FROM events",
        "DELETE FROM events WHERE seq = 4",
    ]);
    statements.extend(if node.database.is_postgres() {
        texts(&["TRUNCATE events", "TRUNCATE events CASCADE"])
    } else {
        texts(&[
            "UPDATE OR REPLACE events SET message = 'another'",
            "REPLACE INTO events SELECT * FROM events",
        ])
    });
    all_are_refused(&node, &request, &statements);
}

async fn terms_versions_and_client_keys_never_change(database: Database) {
    let node = Node::open(database);
    node.engine.put_in_force(embedded()).await.unwrap();
    let request = node.approved().await;
    let other = node.database.id(RequestId::nil());
    let key = format!(
        "INSERT INTO submission_keys (org_id, key, request_id, person_key, digest) \
         VALUES ('100', 'k', {other}, 'p', {other})"
    );
    assert_eq!(node.execute(&key), Ok(1));
    assert!(node.execute(&key).is_err(), "a key is unique in an org");
    let mut statements = texts(&[
        "UPDATE requests SET terms = '{}'",
        "UPDATE requests SET subject = 'another'",
        "UPDATE requests SET type_version = digest",
        "UPDATE requests SET maker_sub = 'another'",
        "UPDATE requests SET host = 'another'",
        "UPDATE requests SET till_id = 'another'",
        "UPDATE requests SET started_at = 1",
        "UPDATE requests SET expires_at = 1",
        "DELETE FROM submission_keys",
        "UPDATE type_versions SET definition = '{}'",
        "DELETE FROM type_versions",
    ]);
    statements.push(format!("UPDATE submission_keys SET request_id = {other}"));
    if node.database.is_postgres() {
        statements.extend(texts(&["TRUNCATE submission_keys", "TRUNCATE type_versions"]));
    }
    all_are_refused(&node, &request, &statements);
}

async fn a_call_never_changes(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let bytes = node.database.id(RequestId::nil());
    let statements = [
        format!("UPDATE calls SET packed = {bytes}"),
        "UPDATE calls SET read_bytes = 0".to_owned(),
        format!("UPDATE requests SET digest = {bytes}"),
    ];
    all_are_refused(&node, &request, &statements);
    assert!(claim(&node.engine).await.verified_call().is_ok());
}

async fn a_final_request_never_moves_and_its_end_stays(database: Database) {
    let node = Node::open(database);
    for request in one_of_each_state(&node).await.iter().filter(|request| request.state.is_final()) {
        let id = node.database.id(request.id);
        let update = |what: String| format!("UPDATE requests SET {what} WHERE request_id = {id}");
        let others = State::ALL.into_iter().filter(|state| *state != request.state);
        let mut statements: Vec<String> = others
            .flat_map(|state| {
                ["ended_at", "NULL"].map(|end| update(format!("state = '{state}', ended_at = {end}")))
            })
            .collect();
        statements.push(update("ended_at = ended_at + 1".to_owned()));
        statements.push(update("ended_at = NULL".to_owned()));
        all_are_refused(&node, request, &statements);
    }
}

async fn an_unknown_outcome_can_still_be_settled(database: Database) {
    let node = Node::open(database);
    let all = one_of_each_state(&node).await;
    let request = all.iter().find(|request| request.state == State::Unknown).unwrap();
    assert_eq!(request.ended_at, None);
    let settled = "UPDATE requests SET state = 'executed', ended_at = 1 WHERE state = 'unknown'";
    assert_eq!(node.execute(settled), Ok(1));
    assert_eq!(node.stored(request).read().state, State::Executed);
}

async fn a_request_has_an_end_exactly_when_it_is_final(database: Database) {
    let node = Node::open(database);
    for request in one_of_each_state(&node).await {
        assert_eq!(request.state.is_final(), request.ended_at.is_some(), "{}", request.state);
        if request.state.is_final() {
            continue;
        }
        let id = node.database.id(request.id);
        let update = |what: &str| format!("UPDATE requests SET {what} WHERE request_id = {id}");
        let statements = [
            update("ended_at = 1"),
            update("state = 'executed'"),
            update("state = 'failed'"),
            update("state = 'rejected'"),
            update("state = 'withdrawn'"),
            update("state = 'expired'"),
        ];
        all_are_refused(&node, &request, &statements);
    }
}

async fn a_transient_state_is_not_stored(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let statements = [
        "UPDATE requests SET state = 'ValidateMakerAccess'",
        "UPDATE requests SET state = 'ValidatePayload'",
        "UPDATE requests SET state = 'admintask'",
        "UPDATE requests SET state = ''",
        "UPDATE requests SET attempts = 1",
        "UPDATE requests SET attempts = -1",
        "UPDATE requests SET version = 0",
    ];
    all_are_refused(&node, &request, &texts(&statements));
}

fn decision(name: &str) -> Decision {
    let at = start();
    Decision {
        checker: person(name),
        verdict: Verdict::Approved,
        message: "mine".to_owned(),
        at,
        digest: Digest::of(b"read"),
        stage: 0,
        capacities: vec![Capacity::Permission(Permission::Check)],
        act: vec![],
    }
}

fn kind(error: &StoreError) -> &DatabaseErrorKind {
    let StoreError::Database(DieselError::DatabaseError(kind, _)) = error else { panic!("{error}") };
    kind
}

async fn a_decision_by_the_maker_is_not_even_stored(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let on = |name: &str| Decision { digest: request.digest, ..decision(name) };
    let own = DecisionRow::new(&request, &on("maker"), 0);
    // Half of the maker's names is enough.
    let same_sub = DecisionRow { user_id: "other".to_owned(), person_key: "other".to_owned(), ..own.clone() };
    for row in [own, same_sub] {
        let error = decisions::insert(&mut node.conn(), &[row]).unwrap_err();
        assert!(error.to_string().contains("no one decides their own request"), "{error}");
    }
    assert!(node.stored(&request).decisions.is_empty());
    let of_another_call = DecisionRow::new(&request, &decision("anna"), 0);
    let of_another_revision = DecisionRow { revision: 2, ..DecisionRow::new(&request, &on("anna"), 0) };
    for row in [of_another_call, of_another_revision] {
        let error = decisions::insert(&mut node.conn(), &[row]).unwrap_err();
        assert!(error.to_string().contains("the digest is not that of the revision"), "{error}");
    }
    decisions::insert(&mut node.conn(), &[DecisionRow::new(&request, &on("anna"), 0)]).unwrap();
}

async fn a_decision_is_stored_once_per_person_and_never_changes(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let row = DecisionRow::new(&request, &Decision { digest: request.digest, ..decision("anna") }, 0);
    let error = decisions::insert(&mut node.conn(), std::slice::from_ref(&row)).unwrap_err();
    assert!(matches!(kind(&error), DatabaseErrorKind::UniqueViolation), "{error}");
    let stray = DecisionRow { request_id: RequestId::nil().into(), ..row };
    let error = decisions::insert(&mut node.conn(), &[stray]).unwrap_err();
    assert!(error.to_string().contains("the digest is not that of the revision"), "{error}");
    let statements = ["UPDATE decisions SET verdict = 'rejected'", "DELETE FROM decisions"];
    all_are_refused(&node, &request, &texts(&statements));
}

fn settlement_word(name: &str, settles: bool) -> SettlementWord {
    let word = decision(name);
    SettlementWord {
        by: word.checker,
        outcome: SettledOutcome::Executed,
        evidence: "seen in the log".to_owned(),
        at: word.at,
        capacities: word.capacities,
        act: word.act,
        settles,
    }
}

async fn a_word_by_the_maker_is_not_even_stored(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let own = SettlementWordRow::new(&request, &settlement_word("maker", false), 0);
    let same_sub =
        SettlementWordRow { user_id: "other".to_owned(), person_key: "other".to_owned(), ..own.clone() };
    for row in [own, same_sub] {
        let error = settlement_words::insert(&mut node.conn(), &[row]).unwrap_err();
        assert!(error.to_string().contains("no one settles their own request"), "{error}");
    }
}

async fn a_word_never_changes_and_one_account_settles_nothing(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let insert = |name, settles, number| {
        let row = SettlementWordRow::new(&request, &settlement_word(name, settles), number);
        settlement_words::insert(&mut node.conn(), &[row])
    };
    insert("anna", false, 0).unwrap();
    let error = insert("anna", true, 1).unwrap_err();
    assert!(error.to_string().contains("no one settles alone"), "{error}");
    insert("bob", true, 1).unwrap();
    let statements = ["UPDATE settlement_words SET outcome = 'failed'", "DELETE FROM settlement_words"];
    for statement in statements {
        assert!(node.execute(statement).unwrap_err().contains("rows are immutable"), "{statement}");
    }
}

async fn a_request_has_one_execution(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let before = node.stored(&request);
    let other = Execution::queued(
        request.org.clone(),
        request.id,
        "other.example.com",
        node.clock.now(),
        node.clock.now(),
    );
    let error = executions::insert(&mut node.conn(), &[other]).unwrap_err();
    assert!(matches!(kind(&error), DatabaseErrorKind::UniqueViolation), "{error}");
    assert_eq!(node.stored(&request), before);
}

async fn a_lease_and_an_end_are_whole_or_absent(database: Database) {
    let node = Node::open(database);
    let request = node.submit(&maker()).await;
    let request = node.decide(&checker("anna"), request.id, approval()).await.unwrap();
    let statements = [
        "UPDATE executions SET state = 'claimed'",
        "UPDATE executions SET state = 'claimed', leased_until = 1",
        "UPDATE executions SET node = 'a'",
        "UPDATE executions SET state = 'ended'",
        "UPDATE executions SET state = 'ended', ended_at = 1",
        "UPDATE executions SET outcome = 'executed'",
        "UPDATE executions SET state = 'ended', ended_at = 1, outcome = 'done'",
        "UPDATE executions SET token = -1",
    ];
    all_are_refused(&node, &request, &texts(&statements));
    begin(&node.engine, 1).await;
    let statements = [
        "UPDATE attempts SET ended_at = 1",
        "UPDATE attempts SET ended_at = 1, outcome = 'failed'",
        "UPDATE attempts SET reason = 'none'",
        "UPDATE attempts SET attempt = 0",
    ];
    all_are_refused(&node, &request, &texts(&statements));
    let Stored { attempts, .. } = node.stored(&request);
    assert_eq!(attempts[0].started_at, to_micros(node.clock.now()));
}

async fn what_is_stored_about_attempts_adds_up(database: Database) {
    let node = Node::open(database);
    let request = node.approved().await;
    let update = |what: &str| format!("UPDATE requests SET {what}");
    // A truth value that both databases know.
    let open = "open_attempt = (1 = 1)";
    let statements = [
        update(open),
        update("ambiguous = 1"),
        update("outcome_attempt = 1"),
        update(&format!("attempts = 1, ambiguous = 1, {open}")),
        update(&format!("attempts = 1, {open}, next_attempt_at = 1")),
        update("attempts = 1, state = 'unknown', next_attempt_at = 1"),
        update("attempts = 1, state = 'AdminTask'"),
        update("attempts = 1, state = 'expired', ended_at = 1"),
        "UPDATE attempts SET outcome = 'unknown'".to_owned(),
    ];
    all_are_refused(&node, &request, &statements[..8]);
    begin(&node.engine, 1).await;
    all_are_refused(&node, &request, &statements[8..]);
    let begun = node.stored(&request).request;
    assert_eq!((begun.attempts, begun.open_attempt, begun.ambiguous), (1, true, 0));
}

async fn a_request_is_linked_once_and_for_good(database: Database) {
    let node = Node::open(database);
    let old = node.submit(&maker()).await;
    node.withdraw(&maker(), old.id).await.unwrap();
    let other = node.submit(&maker()).await;
    let link = |column: &str, of: &Request, to: &str| {
        format!("UPDATE requests SET {column} = {to} WHERE request_id = {}", node.database.id(of.id))
    };
    let new = node.database.id(RequestId::new(node.clock.new_id()));
    // What has not ended is not submitted again, and what a request submits again is said when it is made.
    all_are_refused(&node, &other, &[link("repeated_by", &other, &new), link("repeat_of", &other, &new)]);
    let again = AgainInput {
        actor: &maker(),
        old: node.engine.find(&maker(), old.id).await.unwrap(),
        body: Ok(b"{}"),
        idempotency_key: None,
        reference: "ref",
    };
    let newer = node.engine.submit_again(again).await.unwrap().view.request;
    assert_eq!(node.stored(&old).read().repeated_by, Some(newer.id));
    let forbidden = |of: &Request, column: &str| [link(column, of, &new), link(column, of, "NULL")].to_vec();
    all_are_refused(&node, &old, &forbidden(&old, "repeated_by"));
    all_are_refused(&node, &newer, &forbidden(&newer, "repeat_of"));
    // No second request names the same one, whoever writes it.
    let mut twin = node.stored(&newer).request;
    twin.request_id = StoredId(node.clock.new_id());
    let inserted = diesel::insert_into(countersign::store::schema::requests::table).values(&twin);
    let error = diesel::RunQueryDsl::execute(inserted, &mut node.conn()).unwrap_err();
    assert!(matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)), "{error}");
}
