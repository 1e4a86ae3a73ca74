//! Group commit: one thread takes waiting writes from a queue, runs them in one transaction, commits,
//! and only then answers their callers.
//!
//! A transaction costs one flush to disk, whether it contains one write or five hundred. The thread never
//! waits for more writes: the next batch collects while the current one is flushed. Nor does it take all
//! waiting writes: callers that are answered together send their next writes together, and until those
//! arrive the database would be idle.

mod batch;
mod job;
mod lanes;
mod progress;
mod thread;
mod transaction;

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use batch::{Batch, BatchStats, Ran, WriterLimits};
pub use progress::WriteHealth;

use self::job::Job;
use self::lanes::{Lane, Lanes};
use self::progress::Progress;
use self::thread::WriterThread;
use super::{Store, StoreError};

/// The handle that callers share. The thread ends when the last handle is dropped and every write is
/// answered.
pub struct Writer<B: Batch>(Arc<Handle<B>>);

struct Handle<B: Batch> {
    lanes: Arc<Lanes<Job<B>>>,
    progress: Arc<Progress>,
}

impl<B: Batch> Drop for Handle<B> {
    fn drop(&mut self) {
        self.lanes.close();
    }
}

impl<B: Batch> Clone for Writer<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Batch> Writer<B> {
    /// Starts the thread. Join it after dropping the last handle to wait for the remaining writes.
    pub fn start(
        store: &Store,
        batch: B,
        limits: WriterLimits,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let lanes = Arc::new(Lanes::new(limits.queue_max));
        let progress = Arc::new(Progress::new());
        let handle = Handle { lanes: Arc::clone(&lanes), progress: Arc::clone(&progress) };
        let thread = WriterThread::new(store, batch, lanes, progress)?;
        let join = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.run(limits.batch_max))
            .map_err(|error| StoreError::Setup(format!("the writer's thread did not start: {error}")))?;
        Ok((Self(Arc::new(handle)), join))
    }

    /// Hands a client's write over and waits until it is committed.
    ///
    /// # Errors
    /// - [`StoreError::Busy`] at once if the clients' lane is full.
    /// - [`StoreError::Held`] if another transaction holds a row for too long, and [`StoreError::Away`] if the
    ///   database is away, only reads or is full: nothing was recorded.
    /// - [`StoreError::Unsure`] if the connection was lost at the commit and the database did not come back to
    ///   be asked.
    /// - After any other error the write did not happen.
    pub async fn write(&self, command: B::Command) -> Result<B::Reply, StoreError> {
        self.hand_over(Lane::Clients, command).await.map(|(reply, _command)| reply)
    }

    /// The same for the executor and the sweep: in a lane that is served first and that clients can't fill.
    ///
    /// # Errors
    /// As [`Writer::write`]; the caller tries again.
    pub async fn write_own(&self, command: B::Command) -> Result<B::Reply, StoreError> {
        self.hand_over(Lane::Own, command).await.map(|(reply, _command)| reply)
    }

    /// As [`Writer::write`], and the command back, for a caller that still needs what is in it.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub async fn write_and_return(&self, command: B::Command) -> Result<(B::Reply, B::Command), StoreError> {
        self.hand_over(Lane::Clients, command).await
    }

    async fn hand_over(&self, lane: Lane, command: B::Command) -> Result<(B::Reply, B::Command), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.0.lanes.push(lane, Job::new(command, answer))?;
        // A thread that ended without an answer may have committed before.
        let (reply, command) = answered.await.map_err(|_| StoreError::Unsure)?;
        Ok((reply?, command))
    }

    /// Number of waiting writes of clients.
    pub fn waiting_of_clients(&self) -> usize {
        self.0.lanes.waiting_of_clients()
    }

    /// Number of waiting writes.
    pub fn waiting(&self) -> usize {
        self.0.lanes.waiting()
    }

    /// How the writer is doing.
    pub fn health(&self) -> WriteHealth {
        self.0.progress.health()
    }
}
