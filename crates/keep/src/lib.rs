//! Backups, restores, copies and checks of a store.
//!
//! Everything in a store is read as [`Item`]s by [`read_store`], or from a backup by [`read_backup`], and written to a
//! [`Sink`]: a backup ([`BackupWriter`]), another store ([`IntoStore`]), or a check ([`Examine`]). A backup is one
//! file: lines of JSON, compressed with gzip, readable with `zcat`.
//!
//! The caller decides where files and stores are. In reading order: the items, how they are written and read, the
//! checks.
#![warn(missing_docs)]

mod item;

mod line;
mod writer;

mod reader;

mod from_store;
mod into_store;

mod verify;

mod error;

pub use error::{ReadBackupError, TransferError};
pub use from_store::{Beside, Read, read_store};
pub use into_store::{IntoStore, require_empty};
pub use item::{Counts, Item, LeftOut, Sink, Whole};
pub use line::Header;
pub use reader::{BackupReader, Trailer, read_backup};
pub use verify::{Examine, Finding, Findings};
pub use writer::BackupWriter;
