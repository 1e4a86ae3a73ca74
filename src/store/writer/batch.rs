//! What the writer asks of a batch of writes.

use std::time::Duration;

use crate::store::submissions::SubmissionBatch;
use crate::store::{AnyConnection, StoreError};

/// What is done with a batch inside its transaction.
pub trait Batch: Send + 'static {
    /// One caller's write.
    type Command: Send + Sync + 'static;
    /// What the caller gets after the commit.
    type Reply: Send + 'static;

    /// Does the writes in order, inside the open transaction; one entry per command.
    ///
    /// With `is_retry` there is one command, and an earlier try failed. That try may have been committed
    /// although it was reported as failed, so the command must recognise its own work.
    fn run(
        &mut self,
        conn: &mut AnyConnection,
        commands: &[&Self::Command],
        is_retry: bool,
    ) -> Result<Vec<Ran<Self::Reply>>, StoreError>;

    /// The whole batch as one statement, and its replies, if nothing must be read or locked for it:
    /// PostgreSQL commits a single statement without `BEGIN` and `COMMIT`, which saves two round trips.
    fn as_one_statement<'c>(
        &mut self,
        commands: &[&'c Self::Command],
    ) -> Option<(SubmissionBatch<'c>, Vec<Self::Reply>)>;

    /// Called after a commit, before the callers are answered.
    fn committed(&mut self, batch: &BatchStats);
}

/// What became of one command of a batch.
#[derive(Debug)]
pub enum Ran<R> {
    /// It ran; this is the reply.
    Replied(R),
    /// It did nothing, because another transaction holds a row that it needs. It is tried again later.
    NotNow,
}

impl<R> Ran<R> {
    /// The reply, if the command ran.
    pub fn reply(&self) -> Option<&R> {
        match self {
            Self::Replied(reply) => Some(reply),
            Self::NotNow => None,
        }
    }
}

/// How a committed batch went.
#[derive(Clone, Copy, Debug)]
pub struct BatchStats {
    /// Writes in it; those that were put off are not counted.
    pub size: usize,
    /// From `BEGIN` until the commit returned.
    pub took: Duration,
}

/// Limits of the queue.
#[derive(Clone, Copy, Debug)]
pub struct WriterLimits {
    /// Writes of clients that may wait; the next one gets [`StoreError::Busy`] at once.
    pub queue_max: usize,
    /// Writes in one transaction.
    pub batch_max: usize,
}
