//! One file of the build.

use std::borrow::Cow;
use std::fmt::Write as _;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Files;

/// One file.
#[derive(Debug, Clone)]
pub struct Asset {
    /// What is in it.
    pub content: Cow<'static, [u8]>,
    /// SHA-256 of that, in hexadecimal: changes with the content, and only with it.
    pub hash: String,
}

/// The file at a path such as `assets/index-5RfOBGN3.css`; none when there is no such one.
pub fn asset(path: &str) -> Option<Asset> {
    let file = Files::get(path)?;
    let mut hash = String::with_capacity(64);
    for byte in file.metadata.sha256_hash() {
        // Writing into a string cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    Some(Asset {
        content: file.data,
        hash,
    })
}
