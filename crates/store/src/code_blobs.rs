//! The code of functions, for servers that have no folder in common.

use std::path::Path;
use std::time::Duration;

use crate::StoreFuture;

/// Digits of a name: half of a SHA-256.
pub const CODE_NAME_DIGITS: usize = 32;

/// The name of the code that a version says lies there; `None` when it is not frozen.
pub fn code_name(dir: &Path) -> Option<&str> {
    let name = dir.file_name()?.to_str()?;
    let is_one =
        name.len() == CODE_NAME_DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then_some(name)
}

/// Archives of code, each under the hash of its content.
///
/// **Idempotent:** a name stands for one content, so that putting it again changes nothing.
pub trait CodeBlobs: Send + Sync + 'static {
    /// Keeps an archive.
    fn put_code(&self, hash: &str, archive: Vec<u8>) -> StoreFuture<'_, ()>;

    /// Whether an archive is kept. The caller is about to use it: it counts as put a moment ago.
    fn has_code(&self, hash: &str) -> StoreFuture<'_, bool>;

    /// An archive; `None` when it does not exist.
    fn code(&self, hash: &str) -> StoreFuture<'_, Option<Vec<u8>>>;

    /// The names of all archives, in order.
    fn code_hashes(&self) -> StoreFuture<'_, Vec<String>>;

    /// Forgets the archives that no version and no stack beside them names, and that were put, or asked for by
    /// [`has_code`](Self::has_code), at least so long ago; returns their names, in order. An archive that is put or
    /// asked for at the same time stays.
    fn collect_code(&self, unused_for: Duration) -> StoreFuture<'_, Vec<String>>;
}
