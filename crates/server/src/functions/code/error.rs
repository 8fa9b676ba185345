//! Why code could not be frozen.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Limits of the number of files of one function, and of their size: ten times Lambda's own limit
/// of an unpacked archive, because nothing is uploaded here.
pub(super) const FILES_MAX: usize = 100_000;
pub(super) const BYTES_MAX: u64 = 2_500 * 1024 * 1024;

/// Why a function's code could not be frozen.
#[derive(Debug, Error)]
pub enum FreezeCodeError {
    /// A file could not be read or written.
    #[error("copy `{}`", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// A link leads out of the code folder.
    #[error("`{}` links to something outside of the function's code; copy it there instead", .0.display())]
    LinkOutside(PathBuf),
    /// Too much code.
    #[error("`{}` holds more than {FILES_MAX} files or {BYTES_MAX} bytes; is it the right folder?", .0.display())]
    TooLarge(PathBuf),
    /// The code changed between reading and copying, at every try.
    #[error("`{}` changes while it is copied; deploy again when nothing writes there", .0.display())]
    Changing(PathBuf),
}

/// Says which path an operation of the system failed on.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> FreezeCodeError + use<> {
    let path = path.to_owned();
    move |cause| FreezeCodeError::Io { path, cause }
}
