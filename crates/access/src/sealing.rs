//! The storage of secrets: sealed with a key that is stored elsewhere.
//!
//! A signature is made with the secret itself, so a service that verifies signatures must know it: a hash would not
//! suffice. The stored form is the secret, encrypted by ChaCha20-Poly1305 (RFC 8439) and bound to the id of its access
//! key: a sealed secret that is moved to another key does not open.

use std::fmt;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{AccessKeyId, NoRandomness, SecretKey, draw};

/// Length of a sealing key, in bytes.
const KEY_BYTES: usize = 32;

/// The first byte of a sealed secret: the format.
const FORMAT: u8 = 1;

/// Seals secrets, and opens them again. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey([u8; KEY_BYTES]);

/// A text is not a sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealing key is 32 bytes in base64, as `openssl rand -base64 32` prints them")]
pub struct SealingKeyError;

/// A sealed secret does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret of access key {0} does not open: it was sealed with another sealing key, or is damaged"
)]
pub struct UnsealError(pub AccessKeyId);

impl SealingKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn draw() -> Result<Self, NoRandomness> {
        Ok(Self(draw()?))
    }

    /// Reads a key in the form of [`SealingKey::text`].
    ///
    /// # Errors
    /// When the text is not a key.
    pub fn parse(text: &str) -> Result<Self, SealingKeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| SealingKeyError)?;
        bytes.try_into().map(Self).map_err(|_| SealingKeyError)
    }

    /// The key in base64, to be stored where only its owner can read it.
    pub fn text(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Seals the secret of an access key.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn seal(&self, id: &AccessKeyId, secret: &SecretKey) -> Result<Vec<u8>, NoRandomness> {
        // 96 random bits: of a billion secrets sealed with one key, two would share a nonce with a chance below one
        // in ten billion.
        let nonce: [u8; NONCE_LEN] = draw()?;
        let mut sealed = secret.reveal().as_bytes().to_vec();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(id.as_str()),
                &mut sealed,
            )
            .expect("a secret is far shorter than what the cipher takes");
        let mut record = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
        record.push(FORMAT);
        record.extend_from_slice(&nonce);
        record.append(&mut sealed);
        Ok(record)
    }

    /// Opens a secret that [`SealingKey::seal`] sealed for the same access key.
    ///
    /// # Errors
    /// When it was sealed with another key, for another id, or is damaged.
    pub fn open(&self, id: &AccessKeyId, sealed: &[u8]) -> Result<SecretKey, UnsealError> {
        let damaged = || UnsealError(id.clone());
        let (format, rest) = sealed.split_first().ok_or_else(damaged)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        if *format != FORMAT {
            return Err(damaged());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut opened = sealed.to_vec();
        let cipher = self.cipher();
        let opened = cipher.open_in_place(nonce, Aad::from(id.as_str()), &mut opened);
        let opened = opened.map_err(|_| damaged())?;
        let text = std::str::from_utf8(opened).map_err(|_| damaged())?;
        Ok(SecretKey::new(text))
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.0);
        LessSafeKey::new(key.expect("a key of this cipher has 32 bytes"))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NewAccessKey;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_for_its_id_only() {
        let sealing = SealingKey::draw().expect("there is randomness");
        let key = NewAccessKey::draw().expect("there is randomness");
        let sealed = sealing
            .seal(&key.id, &key.secret)
            .expect("there is randomness");
        let shown = String::from_utf8_lossy(&sealed).into_owned();
        assert!(!shown.contains(key.secret.reveal()));
        let again = SealingKey::parse(&sealing.text()).expect("it is its own text");
        assert_eq!(again.open(&key.id, &sealed), Ok(key.secret.clone()));

        let other = NewAccessKey::draw().expect("there is randomness");
        assert!(sealing.open(&other.id, &sealed).is_err());
        let another = SealingKey::draw().expect("there is randomness");
        assert!(another.open(&key.id, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(sealing.open(&key.id, &damaged).is_err(), "at {at}");
            assert!(sealing.open(&key.id, &sealed[..at]).is_err(), "up to {at}");
        }
        let twice = sealing
            .seal(&key.id, &key.secret)
            .expect("there is randomness");
        assert_ne!(sealed, twice);
    }

    #[test]
    fn other_texts_are_no_sealing_keys() {
        for text in ["", "AAAA", "not base64 at all", &STANDARD.encode([7; 33])] {
            assert_eq!(SealingKey::parse(text), Err(SealingKeyError), "{text}");
        }
    }
}
