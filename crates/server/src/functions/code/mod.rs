//! Frozen code: copies of the functions' code, each in a folder named after its content.
//!
//! Below the code folder, `<hash>` is a copy and `<hash>.manifest` the list of its files, which is written last;
//! `<hash>.partial-*` and `<hash>.removed-*` are left over and are swept. `seen` remembers sources that need not be
//! read again. All files are on disk before a version names them, so that a crash at any moment leaves the state before
//! or the state after. The registry knows which version has which code.

mod archive;
mod check;
mod disk;
mod error;
mod folder;
mod freeze;
mod manifest;
mod seen;
mod shared;
mod store;
mod sweep;
mod tree;

pub(crate) use archive::UNPACKED_BYTES_MAX;
pub use archive::{UnpackError, unpack};
pub(crate) use check::{Checked, Damage, Depth};
pub use error::FreezeCodeError;
pub use folder::{ArchivedCode, FolderCode};
pub use shared::archive_damage;
pub(crate) use store::{CodeStore, FrozenCode};

#[cfg(test)]
mod tests;
