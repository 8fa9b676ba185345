//! Keeping what a store holds: backups, restores, copies, checks.
//!
//! Everything of a store is read as [`Item`]s by [`read_store`], or out of a backup by [`read_backup`], and put into a
//! [`Sink`]: a backup ([`BackupWriter`]), another store ([`IntoStore`]), or a check ([`Examine`]). A backup is one
//! file: lines of JSON, compressed with gzip, readable with `zcat`.
//!
//! Where files and stores are, is the caller's business. In reading order: what there is, how it is written and read,
//! what is wrong with it.
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
pub use from_store::{Read, read_store};
pub use into_store::{IntoStore, require_empty};
pub use item::{Counts, Item, LeftOut, Sink, Whole};
pub use line::Header;
pub use reader::{BackupReader, Trailer, read_backup};
pub use verify::{Examine, Finding, Findings};
pub use writer::BackupWriter;
