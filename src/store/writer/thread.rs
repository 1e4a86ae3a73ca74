//! The writer's thread.
//!
//! A batch that fails is run again write by write, so that no write fails because of another. A write that
//! meets what another transaction holds is put off and tried again while the others go on. While the
//! database is away, only reads or is full, writes are refused at once, and the thread tries once a second
//! whether it takes writes again.

use crate::fault_points::{self, FaultPoint};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use super::batch::{Batch, BatchStats, Ran};
use super::job::{Earlier, Job};
use super::lanes::Lanes;
use super::progress::Progress;
use super::transaction::{Failure, LockWait, Try, commit_all, prove_writing};
use crate::store::connection::is_broken;
use crate::store::failure::Cause;
use crate::store::{AnyConnection, Store, StoreError};

/// How often one write is tried before its caller gets the error.
const TRIES_MAX: usize = 3;

/// How long a write is put off before its caller hears that another transaction holds its row.
const PUT_OFF_MAX: Duration = Duration::from_secs(10);

/// How many writes may be put off at a time; the next one is refused at once.
const PUT_OFF_WRITES_MAX: usize = 1_024;

/// Longest time until a write whose row is held is tried again; the first times are shorter, because another
/// node's transaction is over in a moment.
const HELD_PAUSE_MAX: Duration = Duration::from_millis(50);

/// Time until a write is tried again that waited too long, or whose commit is open. It is tried alone, and
/// the others wait for it.
const ALONE_PAUSE: Duration = Duration::from_millis(500);

/// How often the thread tries whether a failing database takes writes again.
const PROOF_PAUSE: Duration = Duration::from_secs(1);

/// How a write that was put off is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// With the next batch: it has not run.
    InBatch,
    /// Alone: a try of it waited too long, or its commit is open.
    Alone,
}

struct PutOff<B: Batch> {
    job: Job<B>,
    next: Next,
    due: Instant,
}

/// Whether the database answered the last try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Database {
    Answers,
    IsAway,
}

pub(super) struct WriterThread<B: Batch> {
    store: Store,
    conn: Option<AnyConnection>,
    batch: B,
    lanes: Arc<Lanes<Job<B>>>,
    progress: Arc<Progress>,
    put_off: Vec<PutOff<B>>,
    /// When a failing database is tried next.
    proof_due: Instant,
}

impl<B: Batch> Drop for WriterThread<B> {
    fn drop(&mut self) {
        self.lanes.abandon();
    }
}

impl<B: Batch> WriterThread<B> {
    pub(super) fn new(
        store: &Store,
        batch: B,
        lanes: Arc<Lanes<Job<B>>>,
        progress: Arc<Progress>,
    ) -> Result<Self, StoreError> {
        let conn = Some(store.open_writer()?);
        let proof_due = Instant::now();
        Ok(Self { store: store.clone(), conn, batch, lanes, progress, put_off: Vec::new(), proof_due })
    }

    /// Serves until the lanes are closed and every write is answered.
    pub(super) fn run(mut self, batch_max: usize) {
        loop {
            let mut jobs = self.take_due(Next::InBatch, (batch_max / 2).max(1));
            let left = batch_max.saturating_sub(jobs.len());
            let until = if jobs.is_empty() { self.next_due() } else { Some(Instant::now()) };
            if left > 0 {
                let Some(arrived) = self.lanes.next(left, until) else { break };
                jobs = if jobs.is_empty() { arrived } else { jobs.into_iter().chain(arrived).collect() };
            }
            if !jobs.is_empty() {
                self.progress.begin();
                self.serve(jobs);
            }
            let alone = self.take_due(Next::Alone, 1);
            if !alone.is_empty() {
                self.progress.begin();
                self.serve_one_by_one(alone);
            }
            self.progress.rest();
            if self.progress.is_failing() && Instant::now() >= self.proof_due {
                self.prove_writing();
            }
        }
        self.finish();
    }

    /// When something is due although no write arrives.
    fn next_due(&self) -> Option<Instant> {
        let is_proof_wanted = self.progress.is_failing() && !self.lanes.are_closed();
        let proof = is_proof_wanted.then_some(self.proof_due);
        self.put_off.iter().map(|put_off| put_off.due).chain(proof).min()
    }

    fn take_due(&mut self, next: Next, max: usize) -> Vec<Job<B>> {
        if self.put_off.is_empty() {
            return Vec::new();
        }
        let now = Instant::now();
        let mut left = max;
        let is_taken = |put_off: &mut PutOff<B>| {
            let is_taken = left > 0 && put_off.next == next && put_off.due <= now;
            left -= usize::from(is_taken);
            is_taken
        };
        self.put_off.extract_if(.., is_taken).map(|put_off| put_off.job).collect()
    }

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
        let mut done = self.transaction(&commands, Try::First);
        if done.as_ref().is_err_and(Failure::is_clean_outage) {
            // A new connection may lead to the server that took over.
            done = self.transaction(&commands, Try::First);
        }
        match done {
            Ok(ran) => jobs.into_iter().zip(ran).for_each(|(job, ran)| self.settle(job, ran)),
            Err(failure) if failure.is_clean_outage() => {
                let error = failure.error;
                tracing::error!(%error, size = jobs.len(), "the database takes no writes; a batch was refused");
                jobs.into_iter().for_each(|job| self.refuse_away(job));
            }
            Err(Failure { error, earlier, .. }) => {
                tracing::warn!(%error, size = jobs.len(), "a batch failed; its writes are tried one by one");
                let jobs = jobs.into_iter().map(|job| job.after(earlier));
                self.serve_one_by_one(jobs.collect());
            }
        }
    }

    /// Tries each write alone. Once the database is away, the others are not tried.
    fn serve_one_by_one(&mut self, jobs: Vec<Job<B>>) {
        let mut database = Database::Answers;
        for job in jobs {
            match database {
                Database::Answers => database = self.serve_alone(job),
                Database::IsAway => self.refuse_away(job),
            }
        }
    }

    fn serve_alone(&mut self, mut job: Job<B>) -> Database {
        let mut last = StoreError::Stopped;
        for _ in 0..TRIES_MAX {
            let Failure { error, cause, earlier } = match self.transaction(&[&job.command], Try::Again) {
                Ok(ran) => {
                    match ran.into_iter().next() {
                        Some(ran) => self.settle(job, ran),
                        None => job.refuse(StoreError::Stopped),
                    }
                    return Database::Answers;
                }
                Err(failure) => failure,
            };
            job = job.after(earlier);
            match cause {
                Cause::Conflict | Cause::Outage => last = error,
                Cause::Waited => {
                    tracing::warn!(%error, "a write is put off: another transaction holds what it needs");
                    self.put_off(job, Next::Alone);
                    return Database::Answers;
                }
                Cause::Write => {
                    tracing::error!(%error, "a write failed");
                    job.refuse(error);
                    return Database::Answers;
                }
            }
        }
        tracing::error!(error = %last, "a write failed");
        if Cause::of(&last) == Cause::Outage {
            self.refuse_away(job);
            return Database::IsAway;
        }
        job.refuse(last);
        Database::Answers
    }

    /// Answers a write that was committed, or puts it off.
    fn settle(&mut self, job: Job<B>, ran: Ran<B::Reply>) {
        match ran {
            Ran::Replied(reply) => job.answer(Ok(reply)),
            // With others it would run as if for the first time.
            Ran::NotNow => match job.earlier {
                Earlier::Nothing => self.put_off(job, Next::InBatch),
                Earlier::MaybeCommitted => self.put_off(job, Next::Alone),
            },
        }
    }

    /// The database takes no writes. A write whose commit is open waits for it to come back and say.
    fn refuse_away(&mut self, job: Job<B>) {
        match job.earlier {
            Earlier::Nothing => job.refuse(StoreError::Away),
            Earlier::MaybeCommitted => self.put_off(job, Next::Alone),
        }
    }

    /// Tries a write again in a moment, or refuses it after [`PUT_OFF_MAX`].
    fn put_off(&mut self, mut job: Job<B>, next: Next) {
        let now = Instant::now();
        let since = *job.put_off_since.get_or_insert(now);
        if now - since >= PUT_OFF_MAX || self.put_off.len() >= PUT_OFF_WRITES_MAX {
            tracing::warn!("a write was put off for too long and is refused");
            return job.refuse(StoreError::Held);
        }
        let pause = match next {
            Next::InBatch => HELD_PAUSE_MAX.min(Duration::from_millis(5 << job.put_off_times.min(4))),
            Next::Alone => ALONE_PAUSE,
        };
        job.put_off_times += 1;
        self.put_off.push(PutOff { job, next, due: now + pause });
    }

    fn transaction(&mut self, commands: &[&B::Command], which: Try) -> Result<Vec<Ran<B::Reply>>, Failure> {
        let began = Instant::now();
        let is_something_stuck = self.put_off.iter().any(|put_off| put_off.next == Next::Alone);
        let wait = if which == Try::Again || is_something_stuck { LockWait::Short } else { LockWait::Usual };
        fault_points::pass(FaultPoint::BatchBeforeBegin);
        let batch = &mut self.batch;
        let done = with_connection(&self.store, &mut self.conn, |conn| {
            commit_all(conn, batch, commands, (which, wait))
        });
        match done {
            Ok(ran) => {
                fault_points::pass(FaultPoint::BatchCommitted);
                self.progress.committed();
                let size = ran.iter().filter_map(Ran::reply).count();
                self.batch.committed(&BatchStats { size, took: began.elapsed() });
                Ok(ran)
            }
            Err(failure) => {
                if failure.cause == Cause::Outage {
                    self.progress.failed();
                }
                Err(failure)
            }
        }
    }

    /// Writes a row that says nothing new: only that tells whether there is room again.
    fn prove_writing(&mut self) {
        let proved = with_connection(&self.store, &mut self.conn, prove_writing);
        self.proof_due = Instant::now() + PROOF_PAUSE;
        match proved {
            Ok(()) => {
                tracing::info!("the database takes writes again");
                self.progress.recovered();
            }
            Err(Failure { error, .. }) => tracing::warn!(%error, "the database takes no writes"),
        }
    }
}

/// Works with the writer's connection, or opens a new one. A connection that broke, panicked or only reads is
/// closed, and its transaction with it.
fn with_connection<T>(
    store: &Store,
    kept: &mut Option<AnyConnection>,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut conn = match kept.take() {
        Some(conn) => conn,
        None => store.open_writer().map_err(Failure::before_commit)?,
    };
    let Ok(done) = catch_unwind(AssertUnwindSafe(|| work(&mut conn))) else {
        let error = StoreError::Corrupt("the batch panicked".to_owned());
        return Err(Failure::before_commit(error));
    };
    let is_out = done.as_ref().is_err_and(|failure| failure.cause == Cause::Outage);
    let is_useless = is_out && matches!(conn, AnyConnection::Postgres(_));
    if !is_useless && !is_broken(&mut conn) {
        *kept = Some(conn);
    }
    done
}
