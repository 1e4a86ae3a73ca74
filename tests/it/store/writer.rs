//! Group commit: waiting writes are committed together, and none fails because of another.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use countersign::domain::request::{Request, State};
use countersign::engine::{EngineError, SubmissionInput};
use countersign::store::submissions::{self, NewSubmission, SubmissionBatch};
use countersign::store::writer::{Batch, BatchStats, Ran, Writer, WriterLimits};
use countersign::store::{AnyConnection, StoreError, requests};
use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::on_both_stores;
use crate::support::eventually;
use crate::support::node::{Node, approval, badge, body_with, checker, maker};
use crate::support::stores::Database;

on_both_stores![
    waiting_writes_are_committed_together,
    half_of_many_waiting_writes_are_committed_together,
    a_batch_is_never_larger_than_its_limit,
    a_failing_write_fails_only_itself,
    a_panicking_write_fails_only_itself,
    a_full_queue_is_busy_at_once,
    the_engines_own_writes_go_first_when_clients_fill_their_lane,
    a_write_that_can_not_run_now_is_tried_again_while_others_go_on,
    a_write_that_can_not_run_for_long_is_refused,
    a_write_is_kept_although_its_caller_went_away,
    everything_handed_over_is_written_before_the_thread_ends,
    a_command_that_the_database_refuses_fails_only_itself,
];

/// What the tests' own batch does for one caller.
enum Task {
    /// Adds a submission.
    Insert(Box<NewSubmission>),
    /// Reports that it began, then blocks the writer until it is released.
    Hold(UnboundedSender<()>, Mutex<Receiver<()>>),
    /// Panics.
    Panic,
    /// Can't run yet, for this number of times.
    NotNow(Mutex<u32>),
    /// Runs a statement on the writer's connection.
    Execute(&'static str),
}

/// Runs tasks; what it committed, by batch size, is seen from outside.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<Vec<usize>>>);

impl Batch for Tasks {
    type Command = Task;
    type Reply = ();

    fn run(
        &mut self,
        conn: &mut AnyConnection,
        tasks: &[&Task],
        _is_retry: bool,
    ) -> Result<Vec<Ran<()>>, StoreError> {
        let mut ran = Vec::new();
        for task in tasks {
            match task {
                Task::NotNow(left) => {
                    let mut left = left.lock().unwrap();
                    if *left > 0 {
                        *left -= 1;
                        ran.push(Ran::NotNow);
                        continue;
                    }
                }
                Task::Execute(statement) => conn.batch_execute(statement)?,
                Task::Insert(submission) => submissions::insert(conn, &[submission])?,
                Task::Hold(began, let_go) => {
                    began.send(()).unwrap();
                    let_go.lock().unwrap().recv().unwrap();
                }
                Task::Panic => panic!("a test's write panics"),
            }
            ran.push(Ran::Replied(()));
        }
        Ok(ran)
    }

    fn as_one_statement<'c>(&mut self, tasks: &[&'c Task]) -> Option<(SubmissionBatch<'c>, Vec<()>)> {
        let insert = |task: &&'c Task| match *task {
            Task::Insert(submission) => Some(&**submission),
            Task::Hold(..) | Task::Panic | Task::NotNow(_) | Task::Execute(_) => None,
        };
        let submissions: Vec<&NewSubmission> = tasks.iter().map(insert).collect::<Option<_>>()?;
        Some((SubmissionBatch::new(&submissions), vec![(); tasks.len()]))
    }

    fn committed(&mut self, batch: &BatchStats) {
        self.0.lock().unwrap().push(batch.size);
    }
}

/// A second writer beside a node's own, blocked from the beginning.
struct HeldLease {
    node: Node,
    writer: Writer<Tasks>,
    thread: std::thread::JoinHandle<()>,
    committed: Tasks,
    let_go: Sender<()>,
}

impl HeldLease {
    async fn start(database: Database, limits: WriterLimits) -> Self {
        let node = Node::open(database);
        let committed = Tasks::default();
        let (writer, thread) = Writer::start(&node.store, committed.clone(), limits).unwrap();
        let (began, mut begins): (_, UnboundedReceiver<()>) = unbounded_channel();
        let (let_go, wait) = channel();
        // Queued; the reply is not awaited.
        assert!(writer.write(Task::Hold(began, Mutex::new(wait))).now_or_never().is_none());
        begins.recv().await.unwrap();
        assert_eq!(writer.waiting(), 0);
        Self { node, writer, thread, committed, let_go }
    }

    fn submission(&self) -> NewSubmission {
        let actor = maker();
        let body = badge(None);
        let submitting = SubmissionInput {
            actor: &actor,
            type_name: "ISSUE-BADGE",
            body: Ok(body.as_bytes()),
            idempotency_key: None,
            reference: "ref",
        };
        self.node.engine.prepare(&submitting).unwrap().1
    }

    fn submissions(&self, number: usize) -> Vec<NewSubmission> {
        (0..number).map(|_| self.submission()).collect()
    }

    /// Queues all of these, then releases the writer.
    async fn write(&self, tasks: Vec<Task>) -> Vec<Result<(), StoreError>> {
        let number = tasks.len();
        let let_go = async {
            tokio::task::yield_now().await;
            assert_eq!(self.writer.waiting(), number);
            self.let_go.send(()).unwrap();
        };
        tokio::join!(join_all(tasks.into_iter().map(|task| self.writer.write(task))), let_go).0
    }

    fn is_there(&self, submission: &NewSubmission) -> bool {
        is_there(&self.node, submission)
    }

    fn committed(&self) -> Vec<usize> {
        self.committed.0.lock().unwrap().clone()
    }
}

fn is_there(node: &Node, submission: &NewSubmission) -> bool {
    let id = submission.request.request_id.into();
    let mut conn = node.store.read_connection().unwrap();
    requests::find(&mut conn, &maker().org, id).unwrap().is_some()
}

fn insert(submission: &NewSubmission) -> Task {
    Task::Insert(Box::new(submission.clone()))
}

const LIMITS: WriterLimits = WriterLimits { queue_max: 100, batch_max: 100 };

async fn waiting_writes_are_committed_together(database: Database) {
    let held = HeldLease::start(database, LIMITS).await;
    let submissions = held.submissions(32);
    let written = held.write(submissions.iter().map(insert).collect()).await;
    assert!(written.iter().all(Result::is_ok));
    assert!(submissions.iter().all(|submission| held.is_there(submission)));
    assert_eq!(held.committed(), [1, 32]);
    assert_eq!(held.writer.waiting(), 0);
}

async fn half_of_many_waiting_writes_are_committed_together(database: Database) {
    let held = HeldLease::start(database, LIMITS).await;
    let submissions = held.submissions(100);
    let written = held.write(submissions.iter().map(insert).collect()).await;
    assert!(written.iter().all(Result::is_ok));
    assert!(submissions.iter().all(|submission| held.is_there(submission)));
    assert_eq!(held.committed(), [1, 50, 32, 18]);
}

async fn a_batch_is_never_larger_than_its_limit(database: Database) {
    let held = HeldLease::start(database, WriterLimits { batch_max: 4, ..LIMITS }).await;
    let submissions = held.submissions(10);
    let written = held.write(submissions.iter().map(insert).collect()).await;
    assert!(written.iter().all(Result::is_ok));
    assert_eq!(held.committed(), [1, 4, 4, 2]);
}

async fn a_failing_write_fails_only_itself(database: Database) {
    let held = HeldLease::start(database, LIMITS).await;
    let submissions = held.submissions(6);
    let mut tasks: Vec<Task> = submissions.iter().map(insert).collect();
    tasks.insert(3, insert(&submissions[0]));
    let mut written = held.write(tasks).await;
    let failed = written.remove(3);
    let Err(StoreError::Database(DieselError::DatabaseError(kind, _))) = failed else {
        panic!("the taken id must be refused by the database, not: {failed:?}")
    };
    assert!(matches!(kind, DatabaseErrorKind::UniqueViolation));
    assert!(written.iter().all(Result::is_ok));
    assert!(submissions.iter().all(|submission| held.is_there(submission)));
    assert_eq!(held.committed(), [1; 7]);
}

async fn a_panicking_write_fails_only_itself(database: Database) {
    let held = HeldLease::start(database, LIMITS).await;
    let submissions = held.submissions(2);
    let written = held.write(vec![insert(&submissions[0]), Task::Panic, insert(&submissions[1])]).await;
    assert!(matches!(written[..], [Ok(()), Err(StoreError::Corrupt(_)), Ok(())]), "{written:?}");
    assert!(submissions.iter().all(|submission| held.is_there(submission)));
}

async fn a_full_queue_is_busy_at_once(database: Database) {
    let held = HeldLease::start(database, WriterLimits { queue_max: 2, ..LIMITS }).await;
    let submissions = held.submissions(3);
    let waiting = submissions[..2].iter().map(|submission| held.writer.write(insert(submission)));
    let too_many = async {
        tokio::task::yield_now().await;
        let third = held.writer.write(insert(&submissions[2])).now_or_never();
        assert!(matches!(third, Some(Err(error)) if error.is_busy()));
        assert_eq!(held.writer.waiting(), 2);
        held.let_go.send(()).unwrap();
    };
    let (written, ()) = tokio::join!(join_all(waiting), too_many);
    assert!(written.iter().all(Result::is_ok));
    assert!(!held.is_there(&submissions[2]));
    held.writer.write(insert(&submissions[2])).await.unwrap();
    assert!(held.is_there(&submissions[2]));
}

async fn the_engines_own_writes_go_first_when_clients_fill_their_lane(database: Database) {
    let held = HeldLease::start(database, WriterLimits { queue_max: 2, batch_max: 1 }).await;
    let submissions = held.submissions(3);
    let (began, mut begins) = unbounded_channel();
    let (let_go_own, wait) = channel();
    let clients = join_all(submissions.iter().map(|submission| held.writer.write(insert(submission))));
    let own = held.writer.write_own(Task::Hold(began, Mutex::new(wait)));
    let let_go = async {
        tokio::task::yield_now().await;
        assert_eq!(held.writer.waiting(), 3);
        held.let_go.send(()).unwrap();
        // The engine's own write runs, and both clients' still wait.
        begins.recv().await.unwrap();
        assert_eq!(held.writer.waiting(), 2);
        let_go_own.send(()).unwrap();
    };
    let (clients, own, ()) = tokio::join!(clients, own, let_go);
    own.unwrap();
    assert!(matches!(clients[..], [Ok(()), Ok(()), Err(StoreError::Busy)]), "{clients:?}");
}

async fn a_write_that_can_not_run_now_is_tried_again_while_others_go_on(database: Database) {
    let held = HeldLease::start(database, LIMITS).await;
    let submissions = held.submissions(2);
    let tasks = vec![insert(&submissions[0]), Task::NotNow(Mutex::new(3)), insert(&submissions[1])];
    let written = held.write(tasks).await;
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    assert!(submissions.iter().all(|submission| held.is_there(submission)));
    assert_eq!(held.committed(), [1, 2, 0, 0, 1]);
}

async fn a_write_that_can_not_run_for_long_is_refused(database: Database) {
    let held = HeldLease::start(database, LIMITS).await;
    let submission = held.submission();
    let tasks = vec![Task::NotNow(Mutex::new(u32::MAX)), insert(&submission)];
    let written = held.write(tasks).await;
    assert!(matches!(written[..], [Err(StoreError::Held), Ok(())]), "{written:?}");
    assert!(held.is_there(&submission));
}

/// A limit of pages stands in for a full disk: SQLite reports both alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn on_a_full_disk_writes_are_refused_until_there_is_room_again() {
    let held = HeldLease::start(Database::sqlite(), WriterLimits { queue_max: 1_000, ..LIMITS }).await;
    let submissions = held.submissions(200);
    let full = Task::Execute("PRAGMA max_page_count = 1");
    assert!(matches!(held.write(vec![full]).await[..], [Ok(())]));
    let write = |submission| held.writer.write(insert(submission));
    let written = join_all(submissions.iter().map(write)).await;
    // What still fits into the pages that are there is written.
    let refused: Vec<_> = submissions.iter().zip(&written).filter(|(_, written)| written.is_err()).collect();
    assert!(!refused.is_empty());
    for (submission, written) in &refused {
        assert!(matches!(written, Err(StoreError::Away)), "{written:?}");
        assert!(!held.is_there(submission));
    }
    let health = held.writer.health();
    assert!(health.blocked.is_some(), "{health:?}");
    held.writer.write(Task::Execute("PRAGMA max_page_count = 1000000")).await.unwrap();
    for (submission, _) in refused {
        write(submission).await.unwrap();
        assert!(held.is_there(submission));
    }
    eventually("the writer has proved that it writes", async || {
        held.writer.health().blocked.is_none().then_some(())
    })
    .await;
}

async fn a_write_is_kept_although_its_caller_went_away(database: Database) {
    let held = HeldLease::start(database, LIMITS).await;
    let submissions = held.submissions(2);
    assert!(held.writer.write(insert(&submissions[0])).now_or_never().is_none());
    held.let_go.send(()).unwrap();
    held.writer.write(insert(&submissions[1])).await.unwrap();
    assert!(submissions.iter().all(|submission| held.is_there(submission)));
}

async fn everything_handed_over_is_written_before_the_thread_ends(database: Database) {
    let held = HeldLease::start(database, WriterLimits { batch_max: 3, ..LIMITS }).await;
    let submissions = held.submissions(10);
    for submission in &submissions {
        assert!(held.writer.write(insert(submission)).now_or_never().is_none());
    }
    let HeldLease { node, writer, thread, let_go, .. } = held;
    drop(writer);
    let_go.send(()).unwrap();
    thread.join().unwrap();
    assert!(submissions.iter().all(|submission| is_there(&node, submission)));
}

/// A rule of this test's database only: no request may name this till.
fn forbid_till(node: &Node, till: &str) {
    let rule = if node.database.is_postgres() {
        format!("ALTER TABLE requests ADD CONSTRAINT no_till CHECK (till_id <> '{till}')")
    } else {
        format!(
            "CREATE TRIGGER no_till BEFORE INSERT ON requests WHEN NEW.till_id = '{till}'
             BEGIN SELECT RAISE(ABORT, 'no such till'); END"
        )
    };
    node.execute(&rule).unwrap();
}

async fn a_command_that_the_database_refuses_fails_only_itself(database: Database) {
    let node = Node::open(database);
    forbid_till(&node, "forbidden");
    let (author, anna) = (maker(), checker("anna"));
    let waiting = join_all((0..5).map(|_| node.submit(&author))).await;
    let poison = body_with("/entityInfo/tillId", json!("forbidden"));
    let act = |at: usize| {
        let (node, author, anna, waiting, poison) = (&node, &author, &anna, &waiting, &poison);
        async move {
            match at {
                7 => node.submit_body(author, poison).await.map(|view| view.request),
                at if at % 3 == 0 => node.decide(anna, waiting[at / 3].id, approval()).await,
                _ => node.submit_body(author, &badge(None)).await.map(|view| view.request),
            }
        }
    };
    let mut said: Vec<Result<Request, EngineError>> = node.all_at_once((0..15).map(act)).await;
    assert!(matches!(said.remove(7), Err(EngineError::Store(StoreError::Database(_)))));
    let stood: Vec<Request> = said.into_iter().map(Result::unwrap).collect();
    assert_eq!(stood.iter().filter(|request| request.state == State::Approved).count(), 5);
    for request in stood {
        let stored = node.stored(&request);
        assert_eq!((stored.read(), stored.folded()), (request.clone(), request));
    }
}
