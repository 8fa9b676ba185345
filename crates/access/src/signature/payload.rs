//! Hashes of bodies.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};

/// The SHA-256 of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadHash([u8; 32]);

impl PayloadHash {
    /// The hash of a complete body.
    pub fn of(body: &[u8]) -> Self {
        Self::from_digest(digest(&SHA256, body).as_ref())
    }

    /// Reads 64 hexadecimal digits, in lower case as every client writes them.
    pub fn parse(text: &str) -> Option<Self> {
        hex(text).map(Self)
    }

    fn from_digest(bytes: &[u8]) -> Self {
        Self(bytes.try_into().expect("SHA-256 has 32 bytes"))
    }
}

impl fmt::Display for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// Hashes a body while it is read.
#[derive(Clone)]
pub struct PayloadHasher(Context);

impl Default for PayloadHasher {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl PayloadHasher {
    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    pub fn finish(self) -> PayloadHash {
        PayloadHash::from_digest(self.0.finish().as_ref())
    }
}

/// The bytes of 64 hexadecimal digits.
pub(super) fn hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hash_as_the_whole() {
        let mut hasher = PayloadHasher::default();
        hasher.update(b"lamb");
        hasher.update(b"dura");
        let whole = PayloadHash::of(b"lambdura");
        assert_eq!(hasher.finish(), whole);
        assert_eq!(PayloadHash::parse(&whole.to_string()), Some(whole));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(PayloadHasher::default().finish().to_string(), empty);
        assert_eq!(PayloadHash::parse(&empty.to_uppercase()), None);
        assert_eq!(PayloadHash::parse(&empty[1..]), None);
    }
}
