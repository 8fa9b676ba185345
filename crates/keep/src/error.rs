//! Errors of backups, restores and copies.

use std::io;

use store::{CommitError, StoreFault};
use thiserror::Error;

/// Why a transfer stopped.
#[derive(Debug, Error)]
pub enum TransferError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The target is not empty.
    #[error("it is not empty: it has {0}")]
    NotEmpty(&'static str),
    /// Another program writes into it.
    #[error("somebody else writes into the store meanwhile")]
    Conflict(#[source] CommitError),
    /// The backup cannot be written.
    #[error("write the backup")]
    Write(#[source] io::Error),
    /// A file beside the store cannot be written.
    #[error("write the file `{name}`")]
    File {
        /// Which.
        name: String,
        /// The operating system's error.
        #[source]
        cause: io::Error,
    },
    /// The backup cannot be read.
    #[error(transparent)]
    Read(#[from] ReadBackupError),
}

impl From<CommitError> for TransferError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Fault(fault) => Self::Store(fault),
            CommitError::VersionConflict(_) | CommitError::NameTaken(_) => Self::Conflict(error),
        }
    }
}

/// Why a backup cannot be read.
#[derive(Debug, Error)]
pub enum ReadBackupError {
    /// It is something else.
    #[error("this is not a backup: it was not made by `lambdura backup`")]
    NotABackup,
    /// A later version of this program made it.
    #[error(
        "the backup has format {found}, and this program reads up to {supported}: use the program that made it"
    )]
    NewerFormat {
        /// Its format.
        found: u32,
        /// The newest that this program reads.
        supported: u32,
    },
    /// It ends too early.
    #[error("the backup was cut off after line {line}: it is not whole")]
    CutOff {
        /// The last line that is there.
        line: u64,
    },
    /// Its content is not as it was written.
    #[error("line {line} of the backup is damaged: {what}")]
    Damaged {
        /// Which line.
        line: u64,
        /// The damage.
        what: String,
    },
    /// The file cannot be read.
    #[error("read the backup after line {line}")]
    Io {
        /// The last line that could be read.
        line: u64,
        /// The operating system's error.
        #[source]
        cause: io::Error,
    },
}
