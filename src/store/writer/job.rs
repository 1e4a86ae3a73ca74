//! One waiting write.

use std::time::Instant;

use tokio::sync::oneshot;

use super::batch::Batch;
use crate::store::StoreError;

/// A reply, with its command: memory is freed cheapest by the thread that allocated it.
pub(super) type Answered<B> = (Result<<B as Batch>::Reply, StoreError>, <B as Batch>::Command);

/// One caller's write, and what is known of its earlier tries.
pub(super) struct Job<B: Batch> {
    pub(super) command: B::Command,
    answer: oneshot::Sender<Answered<B>>,
    pub(super) earlier: Earlier,
    /// Since when the write is put off.
    pub(super) put_off_since: Option<Instant>,
    /// How often it was put off.
    pub(super) put_off_times: u32,
}

/// What the earlier tries of a write may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    /// Nothing: there was none, or it was rolled back.
    Nothing,
    /// The connection was lost at the commit, so it may have been committed.
    MaybeCommitted,
}

impl<B: Batch> Job<B> {
    pub(super) fn new(command: B::Command, answer: oneshot::Sender<Answered<B>>) -> Self {
        Self { command, answer, earlier: Earlier::Nothing, put_off_since: None, put_off_times: 0 }
    }

    /// The job after one more try failed.
    pub(super) fn after(self, tried: Earlier) -> Self {
        let earlier = match tried {
            Earlier::Nothing => self.earlier,
            Earlier::MaybeCommitted => Earlier::MaybeCommitted,
        };
        Self { earlier, ..self }
    }

    /// Answers the caller. One that is gone gets no answer; its write is committed all the same.
    pub(super) fn answer(self, answer: Result<B::Reply, StoreError>) {
        let _ = self.answer.send((answer, self.command));
    }

    /// Answers that it could not be done; but never that nothing was recorded if that is not known.
    pub(super) fn refuse(self, error: StoreError) {
        let error = match self.earlier {
            Earlier::Nothing => error,
            Earlier::MaybeCommitted => StoreError::Unsure,
        };
        self.answer(Err(error));
    }
}
