//! One transaction of the writer, and what is known when it fails.

use crate::fault_points::{self, FaultPoint};
use diesel::prelude::*;

use super::batch::{Batch, Ran};
use super::job::Earlier;
use crate::store::bounds::shorten_lock_wait;
use crate::store::failure::{Cause, may_be_committed};
use crate::store::schema::schema_digest;
use crate::store::write_transaction::{begin, commit, roll_back};
use crate::store::{AnyConnection, StoreError};

/// Which try of a batch it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// The first one, or one after a try that did nothing.
    First,
    /// An earlier try failed; it may have been committed all the same.
    Again,
}

/// How long a transaction waits for locks on PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockWait {
    /// As long as the session allows.
    Usual,
    /// Shortly: another transaction is known to hold something for long.
    Short,
}

/// A failed transaction.
pub(super) struct Failure {
    pub(super) error: StoreError,
    pub(super) cause: Cause,
    /// Whether it may have been committed.
    pub(super) earlier: Earlier,
}

impl Failure {
    /// A failure before the commit: nothing was recorded.
    pub(super) fn before_commit(error: StoreError) -> Self {
        Self { cause: Cause::of(&error), error, earlier: Earlier::Nothing }
    }

    /// A failure of the commit itself.
    fn at_commit(error: StoreError) -> Self {
        let earlier = if may_be_committed(&error) { Earlier::MaybeCommitted } else { Earlier::Nothing };
        Self { cause: Cause::of(&error), error, earlier }
    }

    /// Every write fails right now, and nothing of this one was recorded.
    pub(super) fn is_clean_outage(&self) -> bool {
        self.cause == Cause::Outage && self.earlier == Earlier::Nothing
    }
}

/// Runs a batch and commits it. A retry first reads whether its work is done, so it is never one statement.
pub(super) fn commit_all<B: Batch>(
    conn: &mut AnyConnection,
    batch: &mut B,
    commands: &[&B::Command],
    (which, wait): (Try, LockWait),
) -> Result<Vec<Ran<B::Reply>>, Failure> {
    if let AnyConnection::Postgres(conn) = conn
        && which == Try::First
        && let Some((statement, replies)) = batch.as_one_statement(commands)
    {
        statement.execute(conn).map_err(|error| Failure::at_commit(error.into()))?;
        return Ok(replies.into_iter().map(Ran::Replied).collect());
    }
    in_transaction(conn, |conn| {
        if let (AnyConnection::Postgres(conn), LockWait::Short) = (&mut *conn, wait) {
            shorten_lock_wait(conn)?;
        }
        batch.run(conn, commands, which == Try::Again)
    })
}

/// Writes a row as it is, and commits.
pub(super) fn prove_writing(conn: &mut AnyConnection) -> Result<(), Failure> {
    in_transaction(conn, |conn| {
        diesel::update(schema_digest::table)
            .set(schema_digest::digest.eq(schema_digest::digest))
            .execute(conn)?;
        Ok(())
    })
}

fn in_transaction<T>(
    conn: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    begin(conn).map_err(|error| Failure::before_commit(error.into()))?;
    match work(conn) {
        Ok(done) => {
            fault_points::pass(FaultPoint::BatchBeforeCommit);
            commit(conn).map_err(|error| Failure::at_commit(error.into()))?;
            Ok(done)
        }
        Err(error) => {
            if let Err(rollback) = roll_back(conn) {
                tracing::warn!(error = %rollback, "a roll-back failed");
            }
            Err(Failure::before_commit(error))
        }
    }
}
