//! Errors of PostgreSQL and of the way to it, as the faults that the store promises.

use std::any::Any;
use std::error::Error;
use std::sync::Arc;

use store::StoreFault;
use thiserror::Error;
use tokio_postgres::error::{Severity, SqlState};

/// Why a read came to nothing.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error("the database refused or went away")]
    Database(#[source] tokio_postgres::Error),
    /// The error of a transaction pooler that does not know prepared statements.
    #[error(
        "the database has lost a prepared statement: behind PgBouncer in transaction mode, it takes version 1.21 or later \
         with `max_prepared_statements` set; session mode works with every version"
    )]
    LostStatement(#[source] tokio_postgres::Error),
    #[error("no connection to the database")]
    NoConnection(#[source] Box<dyn Error + Send + Sync>),
    /// The database holds something that this program did not write.
    #[error("column `{column}` cannot be decoded")]
    Undecodable {
        column: String,
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl From<tokio_postgres::Error> for ReadError {
    fn from(error: tokio_postgres::Error) -> Self {
        if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) {
            return Self::LostStatement(error);
        }
        Self::Database(error)
    }
}

impl ReadError {
    /// That a row holds something that this program did not write.
    pub fn undecodable(column: &str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Undecodable {
            column: column.to_owned(),
            cause: cause.into(),
        }
    }

    /// The fault that it comes to.
    pub fn fault(self, attempted: impl Into<String>) -> StoreFault {
        let retryable = match &self {
            Self::Database(error) => is_retryable(error),
            Self::NoConnection(_) => true,
            Self::LostStatement(_) | Self::Undecodable { .. } => false,
        };
        StoreFault::new(attempted, retryable, self)
    }

    /// Whether the connection broke, so that another one may do better at once.
    pub fn is_lost_connection(&self) -> bool {
        match self {
            Self::Database(error) => is_lost_connection(error),
            Self::LostStatement(_) | Self::NoConnection(_) | Self::Undecodable { .. } => false,
        }
    }
}

/// Why a transaction came to nothing. Shared, because one failed transaction fails many calls.
#[derive(Debug, Clone, Error)]
pub(crate) enum Failure {
    #[error("the database refused or went away")]
    Database(#[source] Arc<tokio_postgres::Error>),
    #[error("the database did not answer within {0} seconds")]
    Silent(u64),
    /// The fence around the writer is not where the writer left it: its row was removed.
    #[error("the row of this writer is gone from `lambdura.writers`")]
    Unfenced,
    /// An assertion of ours does not hold: the program has a bug.
    #[error("an invariant does not hold: {0}")]
    Panic(String),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

/// The state after a transaction has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aftermath {
    /// The connection is gone, and the transaction's outcome is unknown.
    InDoubt,
    /// It is not there, and the same one may succeed at once: a deadlock, a serialization failure.
    TryAgain,
    /// It is not there, and the next one may meet the same: the disk is full, the database stops.
    OfTheWorld,
    /// It is not there, because of the write itself.
    OfTheWrite,
}

impl Failure {
    pub fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let said = stdx::panic_message(panic).unwrap_or("it did not say why");
        Self::Panic(said.to_owned())
    }

    pub fn aftermath(&self) -> Aftermath {
        let error = match self {
            Self::Silent(_) => return Aftermath::InDoubt,
            Self::Unfenced => return Aftermath::TryAgain,
            Self::Panic(_) => return Aftermath::OfTheWrite,
            Self::Database(error) => error,
        };
        if is_lost_connection(error) {
            return Aftermath::InDoubt;
        }
        match error.code().map(SqlState::code) {
            // Not null: the fence was put up behind this connection, so its transaction is in doubt.
            Some("23502") if error.as_db_error().and_then(|it| it.table()) == Some("writers") => {
                Aftermath::InDoubt
            }
            Some("40001" | "40P01" | "55P03" | "0A000" | "26000") => Aftermath::TryAgain,
            Some(_) if is_retryable(error) => Aftermath::OfTheWorld,
            Some(code) if code.starts_with("42") || code.starts_with("25") => Aftermath::OfTheWorld,
            _ => Aftermath::OfTheWrite,
        }
    }

    /// The fault that it comes to.
    pub fn fault(&self, attempted: impl Into<String>) -> StoreFault {
        let retryable = match self {
            Self::Database(error) => is_retryable(error),
            Self::Silent(_) | Self::Unfenced => true,
            Self::Panic(_) => false,
        };
        StoreFault::new(attempted, retryable, self.clone())
    }
}

/// Whether nothing more comes over this connection, or nothing that is of use.
pub(crate) fn is_lost_connection(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(error) => {
            let fatal = matches!(
                error.parsed_severity(),
                Some(Severity::Fatal | Severity::Panic)
            );
            let code = error.code().code();
            // 25006: it has become a standby, which does not write; the primary is elsewhere by now.
            fatal || code.starts_with("57P") || code == "25006"
        }
        None => error.is_closed() || has_io_cause(error),
    }
}

fn has_io_cause(error: &tokio_postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether the same call may succeed later without a change of any statement: the server starts again, space is freed,
/// another one becomes the primary.
pub(crate) fn is_retryable(error: &tokio_postgres::Error) -> bool {
    if is_lost_connection(error) {
        return true;
    }
    let Some(code) = error.code().map(SqlState::code) else {
        return false;
    };
    let classes = ["08", "40", "53", "55", "57", "58"];
    classes.iter().any(|class| code.starts_with(class))
}
