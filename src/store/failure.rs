//! What a failed try means: for the writes in it, and for who asked.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::StoreError;

/// A column whose value is not what this program writes is as unreadable as a row that says nonsense.
impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        if let DieselError::DeserializationError(cause) = error {
            Self::Corrupt(cause.to_string())
        } else {
            Self::Database(error)
        }
    }
}

/// Why a try failed, as far as it matters for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Another transaction came first, or the row changed: the next try may succeed at once.
    Conflict,
    /// It waited too long for what another transaction holds.
    Waited,
    /// The database is away, only reads, or is full: every write fails until that changes.
    Outage,
    /// The write itself.
    Write,
}

/// Parts of PostgreSQL's and SQLite's messages. Diesel keeps neither's error code, and has kinds only for a
/// few of them. `bounds` asks PostgreSQL for English.
const WAITED: &[&str] = &["due to lock timeout", "due to statement timeout"];
const OUTAGE: &[&str] = &[
    // SQLite: no room, no access, or another program has the write lock.
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "database is locked",
    // PostgreSQL: no room, or it goes down.
    "No space left on device",
    "could not extend file",
    "disk full",
    "terminating connection",
    "the database system is",
];

impl Cause {
    /// The cause of an error.
    pub(super) fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Conflict,
            StoreError::Database(error) => Self::of_database(error),
            StoreError::Connection(_)
            | StoreError::Pool(_)
            | StoreError::Setup(_)
            | StoreError::ReadOnly
            | StoreError::Away => Self::Outage,
            StoreError::Corrupt(_)
            | StoreError::Busy
            | StoreError::Held
            | StoreError::Unsure
            | StoreError::Stopped => Self::Write,
        }
    }

    fn of_database(error: &DieselError) -> Self {
        let error = first_error(error);
        if matches!(error, DieselError::BrokenTransactionManager) {
            return Self::Outage;
        }
        let DieselError::DatabaseError(kind, information) = error else { return Self::Write };
        let message = information.message();
        let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
        if is_lost(error) || matches!(kind, DatabaseErrorKind::ReadOnlyTransaction) {
            Self::Outage
        } else if matches!(kind, DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::UniqueViolation)
        {
            Self::Conflict
        } else if !matches!(kind, DatabaseErrorKind::Unknown) {
            Self::Write
        } else if says(OUTAGE) {
            Self::Outage
        } else if says(WAITED) {
            Self::Waited
        } else {
            Self::Conflict
        }
    }
}

/// The error of a commit that could not be rolled back either, or the error itself.
fn first_error(error: &DieselError) -> &DieselError {
    if let DieselError::RollbackErrorOnCommit { commit_error, .. } = error { commit_error } else { error }
}

/// Whether the connection was lost while the database worked: it may have finished all the same.
fn is_lost(error: &DieselError) -> bool {
    let DieselError::DatabaseError(kind, _) = first_error(error) else { return false };
    matches!(kind, DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand)
}

/// Whether SQLite's log may have been written but not flushed.
fn is_unflushed(error: &DieselError) -> bool {
    let DieselError::DatabaseError(_, information) = first_error(error) else { return false };
    information.message().contains("disk I/O error")
}

/// Whether a commit that ended with this error may have happened. Any other error that a database reports
/// itself says that it was rolled back.
pub(super) fn may_be_committed(error: &StoreError) -> bool {
    let StoreError::Database(error) = error else { return false };
    is_lost(error) || is_unflushed(error)
}

/// Why the store did not do what was asked, although nothing is wrong with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Too much waits. Nothing was recorded.
    QueueFull,
    /// Another transaction holds a row for too long. Nothing was recorded.
    Held,
    /// The database is away, only reads, or is full, or the server stops. Nothing was recorded.
    Away,
    /// The database could not be read. What was recorded before that is recorded.
    Unread,
    /// The database did not say whether the write was recorded.
    Unsure,
}

impl StoreError {
    /// Why the same call may succeed later; `None` for an error that is no matter of time.
    pub fn unavailable(&self) -> Option<Unavailable> {
        match self {
            Self::Busy => Some(Unavailable::QueueFull),
            Self::Held => Some(Unavailable::Held),
            Self::Away | Self::Stopped => Some(Unavailable::Away),
            Self::Unsure => Some(Unavailable::Unsure),
            // The writer reports none of these: they come from a read.
            Self::Pool(_) | Self::Connection(_) | Self::ReadOnly => Some(Unavailable::Unread),
            Self::Database(_) => match Cause::of(self) {
                Cause::Waited | Cause::Outage => Some(Unavailable::Unread),
                Cause::Conflict | Cause::Write => None,
            },
            Self::Stale | Self::Setup(_) | Self::Corrupt(_) => None,
        }
    }

    /// Whether only the rows of one request are at fault: others can be worked on.
    pub fn is_of_one_request(&self) -> bool {
        match self {
            Self::Corrupt(_) | Self::Held | Self::Unsure => true,
            Self::Stale
            | Self::Database(_)
            | Self::Connection(_)
            | Self::Pool(_)
            | Self::Setup(_)
            | Self::ReadOnly
            | Self::Busy
            | Self::Away
            | Self::Stopped => false,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_busy(&self) -> bool {
        self.unavailable().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(kind: DatabaseErrorKind, message: &str) -> StoreError {
        DieselError::DatabaseError(kind, Box::new(message.to_owned())).into()
    }

    #[test]
    fn what_the_databases_say_has_a_cause() {
        let cause = |kind, message| Cause::of(&database(kind, message));
        let unknown = |message| cause(DatabaseErrorKind::Unknown, message);
        assert_eq!(unknown("canceling statement due to lock timeout"), Cause::Waited);
        assert_eq!(unknown("database or disk is full"), Cause::Outage);
        assert_eq!(unknown("deadlock detected"), Cause::Conflict);
        let read_only = "cannot execute INSERT in a read-only transaction";
        assert_eq!(cause(DatabaseErrorKind::ReadOnlyTransaction, read_only), Cause::Outage);
        assert_eq!(cause(DatabaseErrorKind::CheckViolation, "terminating connection"), Cause::Write);
        assert_eq!(cause(DatabaseErrorKind::ClosedConnection, ""), Cause::Outage);
    }

    #[test]
    fn only_a_lost_connection_or_an_unflushed_log_leaves_a_commit_open() {
        let lost = || database(DatabaseErrorKind::ClosedConnection, "");
        assert!(may_be_committed(&lost()));
        assert!(may_be_committed(&database(DatabaseErrorKind::Unknown, "disk I/O error")));
        assert!(!may_be_committed(&database(DatabaseErrorKind::Unknown, "database or disk is full")));
        assert!(!may_be_committed(&database(DatabaseErrorKind::SerializationFailure, "")));
        let StoreError::Database(commit_error) = lost() else { panic!("not the database's") };
        let both = DieselError::RollbackErrorOnCommit {
            rollback_error: Box::new(DieselError::BrokenTransactionManager),
            commit_error: Box::new(commit_error),
        };
        assert!(may_be_committed(&both.into()));
    }
}
