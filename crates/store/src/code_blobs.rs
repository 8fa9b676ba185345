//! The code of functions, for servers that have no folder in common.

use std::path::Path;

use crate::StoreFuture;

/// Digits of a name: half of a SHA-256.
pub const CODE_NAME_DIGITS: usize = 32;

/// The name of the code that a version says lies there; none when it is not frozen.
pub fn code_name(dir: &Path) -> Option<&str> {
    let name = dir.file_name()?.to_str()?;
    let is_one =
        name.len() == CODE_NAME_DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then_some(name)
}

/// Archives of code, each under the hash of what is in it.
///
/// **Idempotent:** what has a name has its content, so that putting it again changes nothing.
pub trait CodeBlobs: Send + Sync + 'static {
    /// Keeps an archive.
    fn put_code(&self, hash: &str, archive: Vec<u8>) -> StoreFuture<'_, ()>;

    /// Whether an archive is kept.
    fn has_code(&self, hash: &str) -> StoreFuture<'_, bool>;

    /// An archive; none when there is no such one.
    fn code(&self, hash: &str) -> StoreFuture<'_, Option<Vec<u8>>>;

    /// The names of all archives, in order.
    fn code_hashes(&self) -> StoreFuture<'_, Vec<String>>;

    /// Forgets an archive, if there is such a one.
    fn delete_code(&self, hash: &str) -> StoreFuture<'_, ()>;
}
