//! Whether a store can be relied on at this moment.

use std::path::PathBuf;

use model::Timestamp;
use thiserror::Error;

/// The state of a store, by its own report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreHealth {
    /// Why it cannot be relied on now; `None` when commits become durable and reads are answered.
    pub trouble: Option<StoreTrouble>,
    /// Damage of the data found when the store was opened or since, for people: one sentence each. The store goes on
    /// with the rest.
    pub warnings: Vec<String>,
}

impl StoreHealth {
    /// Whether commits become durable and reads are answered.
    pub const fn is_healthy(&self) -> bool {
        self.trouble.is_none()
    }
}

/// Why a store cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreTrouble {
    /// [`crate::Store::close`] was called.
    #[error("the store is closed")]
    Closed,
    /// Nothing is written any more until the store is opened again.
    #[error("the thread that writes has ended: {0}")]
    WriterGone(String),
    /// Reads are not answered any more, or fewer at the same time than there should be.
    #[error("a thread that reads has ended")]
    ReaderGone,
    /// The files were deleted or replaced while they are open: writes go nowhere.
    #[error("`{path}` was {what} while it is in use: nothing that is written now would be kept")]
    FilesGone {
        /// The file that is not the one that was opened.
        path: PathBuf,
        /// `deleted` or `replaced`.
        what: &'static str,
    },
    /// The last commits failed, and none has succeeded since.
    #[error("the last {in_a_row} commits failed, since {since}: {error}")]
    CommitsFail {
        /// When the first of them failed.
        since: Timestamp,
        /// How many.
        in_a_row: u64,
        /// Why the last of them failed.
        error: String,
    },
}
