//! SQLite's errors, as the faults that the store promises.

use std::any::Any;
use std::sync::Arc;

use rusqlite::ErrorCode;
use store::{StoreFault, StoreTrouble};
use thiserror::Error;

use crate::queue::Refused;

/// Why a call came to nothing. Shared, because one failed transaction fails many calls.
#[derive(Debug, Clone, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Database(Arc<rusqlite::Error>),
    /// An assertion of ours does not hold: the data is damaged, or the program has a bug.
    #[error("an invariant does not hold: {0}")]
    Panic(String),
    #[error(transparent)]
    Trouble(StoreTrouble),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl Failure {
    pub fn of_panic(panic: &(dyn Any + Send)) -> Self {
        Self::Panic(panic_message(panic))
    }

    /// The fault that it comes to.
    pub fn fault(&self, attempted: impl Into<String>) -> StoreFault {
        match self {
            Self::Database(cause) => fault(attempted, cause),
            Self::Panic(_) | Self::Trouble(_) => StoreFault::new(attempted, false, self.clone()),
        }
    }

    /// Whether there was no room for it on the disk.
    pub fn is_for_want_of_room(&self) -> bool {
        match self {
            Self::Database(error) => error.sqlite_error_code() == Some(ErrorCode::DiskFull),
            Self::Panic(_) | Self::Trouble(_) => false,
        }
    }

    /// Whether a commit was refused for a foreign key that was to hold by then. SQLite asks before it writes any of it.
    pub fn is_violated_foreign_key(&self) -> bool {
        match self {
            Self::Database(error) => error.sqlite_error().is_some_and(|error| {
                error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY
            }),
            Self::Panic(_) | Self::Trouble(_) => false,
        }
    }

    /// Whether it is about the database or its disk, so that the next transaction may meet it too, and not about the
    /// write itself.
    pub fn is_of_the_world(&self) -> bool {
        match self {
            Self::Database(error) => match error.sqlite_error_code() {
                Some(code) => !matches!(
                    code,
                    ErrorCode::ConstraintViolation
                        | ErrorCode::TypeMismatch
                        | ErrorCode::TooBig
                        | ErrorCode::ParameterOutOfRange
                        | ErrorCode::ApiMisuse
                        | ErrorCode::Unknown
                ),
                None => false,
            },
            Self::Panic(_) => false,
            Self::Trouble(_) => true,
        }
    }
}

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    stdx::panic_message(panic)
        .unwrap_or("it did not say why")
        .to_owned()
}

/// The fault that a database error comes to.
pub(crate) fn fault(attempted: impl Into<String>, cause: &Arc<rusqlite::Error>) -> StoreFault {
    StoreFault::new(attempted, is_retryable(cause), Arc::clone(cause))
}

/// Whether the same call may succeed later: space is freed, a lock released, a cable plugged in. A corrupt or read-only
/// file has to be repaired first.
fn is_retryable(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed,
        ) => true,
        Some(_) | None => false,
    }
}

/// The fault of a call that could not be handed over.
pub(crate) fn refused(attempted: impl Into<String>, refused: Refused) -> StoreFault {
    match refused {
        Refused::Closed => StoreFault::closed(attempted),
        Refused::Full => StoreFault::new(attempted, true, refused),
    }
}

/// The fault of a call whose thread ended before it answered.
pub(crate) fn unanswered(
    attempted: impl Into<String>,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> StoreFault {
    StoreFault::new(attempted, false, cause)
}
