//! What SQLite says, as the faults that the store promises.

use std::sync::Arc;

use rusqlite::ErrorCode;
use store::StoreFault;
use tokio::sync::oneshot;

use crate::queue::Refused;

/// The fault that a database error comes to. Shared, because one failed commit fails many calls.
pub(crate) fn fault(attempted: impl Into<String>, cause: &Arc<rusqlite::Error>) -> StoreFault {
    StoreFault {
        attempted: attempted.into(),
        retryable: is_retryable(cause),
        cause: Box::new(Arc::clone(cause)),
    }
}

/// Whether the same call may succeed later: space is freed, a lock released, a cable plugged in. A
/// corrupt or read-only file needs somebody to do something.
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
        Refused::Full => StoreFault {
            attempted: attempted.into(),
            retryable: true,
            cause: Box::new(refused),
        },
    }
}

/// The fault of a call whose thread ended before it answered.
pub(crate) fn unanswered(
    attempted: impl Into<String>,
    cause: oneshot::error::RecvError,
) -> StoreFault {
    StoreFault {
        attempted: attempted.into(),
        retryable: false,
        cause: Box::new(cause),
    }
}
