//! Group commit: one thread takes waiting writes from a queue, runs them in one transaction, commits,
//! and only then answers their callers.
//!
//! A transaction costs one flush to disk, whether it contains one write or five hundred. The thread never
//! waits for more writes: the next batch collects while the current one is flushed. Nor does it take all
//! waiting writes: callers that are answered together send their next writes together, and until those
//! arrive the database would be idle.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, Connection, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use tokio::sync::oneshot;

use super::connection::is_broken;
use super::submissions::SubmissionBatch;
use super::{AnyConnection, Store, StoreError};
use crate::fault_points::{self, FaultPoint};

/// What is done with a batch inside its transaction.
pub trait Batch: Send + 'static {
    /// One caller's write.
    type Command: Send + Sync + 'static;
    /// What the caller gets after the commit.
    type Reply: Send + 'static;

    /// Does the writes in order, inside the open transaction; one reply per command.
    ///
    /// With `is_retry` there is one command, and an earlier try failed. That try may have been committed
    /// although it was reported as failed, so the command must recognise its own work.
    fn run(
        &mut self,
        conn: &mut AnyConnection,
        commands: &[&Self::Command],
        is_retry: bool,
    ) -> Result<Vec<Self::Reply>, StoreError>;

    /// The whole batch as one statement, and its replies, if nothing must be read or locked for it:
    /// PostgreSQL commits a single statement without `BEGIN` and `COMMIT`, which saves two round trips.
    fn as_one_statement<'c>(
        &mut self,
        commands: &[&'c Self::Command],
    ) -> Option<(SubmissionBatch<'c>, Vec<Self::Reply>)>;

    /// Called after a commit, before the callers are answered.
    fn committed(&mut self, answers: &[Self::Reply], batch: &BatchStats);
}

/// How a committed batch went.
#[derive(Clone, Copy, Debug)]
pub struct BatchStats {
    /// Writes in it.
    pub size: usize,
    /// From `BEGIN` until the commit returned.
    pub took: Duration,
}

/// Limits of the queue.
#[derive(Clone, Copy, Debug)]
pub struct WriterLimits {
    /// Writes that may wait; the next one gets [`StoreError::Busy`] at once.
    pub queue_max: usize,
    /// Writes in one transaction.
    pub batch_max: usize,
}

/// A reply, with its command: memory is freed cheapest by the thread that allocated it.
type Answered<B> = (Result<<B as Batch>::Reply, StoreError>, <B as Batch>::Command);

struct Job<B: Batch> {
    command: B::Command,
    answer: oneshot::Sender<Answered<B>>,
}

impl<B: Batch> Job<B> {
    /// A caller that is gone gets no answer; its write is committed all the same.
    fn answer(self, answer: Result<B::Reply, StoreError>) {
        let _ = self.answer.send((answer, self.command));
    }
}

/// The handle that callers share. The thread ends when the last handle is dropped and every write is
/// answered.
pub struct Writer<B: Batch> {
    queue: SyncSender<Job<B>>,
    waiting: Arc<AtomicUsize>,
}

impl<B: Batch> Clone for Writer<B> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), waiting: Arc::clone(&self.waiting) }
    }
}

impl<B: Batch> Writer<B> {
    /// Starts the thread. Join it after dropping the last handle to wait for the remaining writes.
    pub fn start(
        store: &Store,
        batch: B,
        limits: WriterLimits,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (queue, jobs) = sync_channel(limits.queue_max);
        let waiting = Arc::new(AtomicUsize::new(0));
        let conn = store.open_writer()?;
        let mut thread = WriterThread { store: store.clone(), conn: Some(conn), batch };
        let taken = Arc::clone(&waiting);
        let join = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                while let Some(jobs) = next_jobs(&jobs, &taken, limits.batch_max) {
                    taken.fetch_sub(jobs.len(), Ordering::Relaxed);
                    thread.serve(jobs);
                }
                thread.finish();
            })
            .map_err(|error| StoreError::Setup(format!("the writer's thread did not start: {error}")))?;
        Ok((Self { queue, waiting }, join))
    }

    /// Hands a write over and waits until it is committed.
    ///
    /// # Errors
    /// [`StoreError::Busy`] at once if the queue is full. After any other error the write did not happen as
    /// far as the database reported; a connection lost at commit is retried first.
    pub async fn write(&self, command: B::Command) -> Result<B::Reply, StoreError> {
        self.write_and_return(command).await.map(|(reply, _command)| reply)
    }

    /// The same, and the command back, for a caller that still needs what is in it.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub async fn write_and_return(&self, command: B::Command) -> Result<(B::Reply, B::Command), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.queue.try_send(Job { command, answer }) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(match error {
                TrySendError::Full(_) => StoreError::Busy,
                TrySendError::Disconnected(_) => StoreError::Stopped,
            });
        }
        let (reply, command) = answered.await.map_err(|_| StoreError::Stopped)?;
        Ok((reply?, command))
    }

    /// Number of waiting writes.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A larger batch is hardly cheaper per write.
const GOOD_BATCH: usize = 32;

/// Half of the waiting writes, but enough to be worth a flush; blocks until there is one.
fn next_jobs<B: Batch>(
    jobs: &Receiver<Job<B>>,
    waiting: &AtomicUsize,
    batch_max: usize,
) -> Option<Vec<Job<B>>> {
    let mut batch = vec![jobs.recv().ok()?];
    let share = waiting.load(Ordering::Relaxed).div_ceil(2).max(GOOD_BATCH).min(batch_max);
    batch.extend(jobs.try_iter().take(share - 1));
    Some(batch)
}

struct WriterThread<B: Batch> {
    store: Store,
    conn: Option<AnyConnection>,
    batch: B,
}

/// How often one write is tried before its caller gets the error.
const TRIES_MAX: usize = 3;

impl<B: Batch> WriterThread<B> {
    /// Moves SQLite's write-ahead log into the database file, so that a copy of that file alone is a backup.
    fn finish(&mut self) {
        let Some(AnyConnection::Sqlite(conn)) = &mut self.conn else { return };
        if let Err(error) = conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the log could not be moved into the database file");
        }
    }

    /// All in one transaction; if that fails, one by one, so that no write fails because of another.
    fn serve(&mut self, jobs: Vec<Job<B>>) {
        let commands: Vec<&B::Command> = jobs.iter().map(|job| &job.command).collect();
        match self.transaction(&commands, false) {
            Ok(answers) => {
                jobs.into_iter().zip(answers).for_each(|(job, answer)| job.answer(Ok(answer)));
            }
            Err(error) => {
                tracing::warn!(%error, size = jobs.len(), "a batch failed; its writes are tried one by one");
                jobs.into_iter().for_each(|job| self.serve_alone(job));
            }
        }
    }

    fn serve_alone(&mut self, job: Job<B>) {
        let mut last = StoreError::Stopped;
        for _ in 0..TRIES_MAX {
            match self.transaction(&[&job.command], true) {
                Ok(mut answers) => {
                    job.answer(answers.pop().ok_or(StoreError::Stopped));
                    return;
                }
                Err(error) if is_worth_repeating(&error) => last = error,
                Err(error) => {
                    last = error;
                    break;
                }
            }
        }
        tracing::error!(error = %last, "a write failed");
        job.answer(Err(last));
    }

    fn transaction(&mut self, commands: &[&B::Command], is_retry: bool) -> Result<Vec<B::Reply>, StoreError> {
        let began = Instant::now();
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.store.open_writer()?,
        };
        fault_points::pass(FaultPoint::BatchBeforeBegin);
        let done =
            catch_unwind(AssertUnwindSafe(|| commit_all(&mut conn, &mut self.batch, commands, is_retry)));
        let Ok(done) = done else {
            // The connection is dropped, and its transaction with it.
            return Err(StoreError::Corrupt("the batch panicked".to_owned()));
        };
        if !is_broken(&mut conn) {
            self.conn = Some(conn);
        }
        let answers = done?;
        fault_points::pass(FaultPoint::BatchCommitted);
        let stats = BatchStats { size: commands.len(), took: began.elapsed() };
        self.batch.committed(&answers, &stats);
        Ok(answers)
    }
}

/// A retry first reads whether its work is done, so it is never one statement.
fn commit_all<B: Batch>(
    conn: &mut AnyConnection,
    batch: &mut B,
    commands: &[&B::Command],
    is_retry: bool,
) -> Result<Vec<B::Reply>, StoreError> {
    if let AnyConnection::Postgres(conn) = conn
        && !is_retry
        && let Some((statement, answers)) = batch.as_one_statement(commands)
    {
        statement.execute(conn)?;
        return Ok(answers);
    }
    in_transaction(conn, batch, commands, is_retry)
}

fn in_transaction<B: Batch>(
    conn: &mut AnyConnection,
    batch: &mut B,
    commands: &[&B::Command],
    is_retry: bool,
) -> Result<Vec<B::Reply>, StoreError> {
    begin(conn)?;
    match batch.run(conn, commands, is_retry) {
        Ok(answers) => {
            fault_points::pass(FaultPoint::BatchBeforeCommit);
            commit(conn)?;
            Ok(answers)
        }
        Err(error) => {
            if let Err(rollback) = roll_back(conn) {
                tracing::warn!(error = %rollback, "a roll-back failed");
            }
            Err(error)
        }
    }
}

type Manager<C> = <C as Connection>::TransactionManager;

/// `BEGIN IMMEDIATE` on SQLite: a transaction that reads first and locks later fails under load.
fn begin(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        AnyConnection::Postgres(conn) => Manager::<PgConnection>::begin_transaction(conn),
        AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
    }
}

fn commit(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        AnyConnection::Postgres(conn) => Manager::<PgConnection>::commit_transaction(conn),
        AnyConnection::Sqlite(conn) => Manager::<SqliteConnection>::commit_transaction(conn),
    }
}

fn roll_back(conn: &mut AnyConnection) -> QueryResult<()> {
    match conn {
        AnyConnection::Postgres(conn) => Manager::<PgConnection>::rollback_transaction(conn),
        AnyConnection::Sqlite(conn) => Manager::<SqliteConnection>::rollback_transaction(conn),
    }
}

/// A conflict with another node, a changed row or a lost connection: the next try may succeed.
fn is_worth_repeating(error: &StoreError) -> bool {
    match error {
        StoreError::Stale | StoreError::Connection(_) | StoreError::Pool(_) => true,
        StoreError::Database(DieselError::DatabaseError(kind, _)) => matches!(
            kind,
            DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::Unknown
        ),
        StoreError::Database(_)
        | StoreError::Setup(_)
        | StoreError::Corrupt(_)
        | StoreError::Busy
        | StoreError::Stopped => false,
    }
}
