//! Access keys: the id that requests contain, and the secret that signs them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Letters and digits of an id: base 32, as in AWS's ids.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Letters after the prefix. Source: IAM user guide, "Unique identifiers": ids are of 20 characters.
const DRAWN: usize = 16;

/// Longest id that is accepted. Source: IAM API reference, `AccessKeyId`: 16 to 128 characters.
const ID_BYTES_MAX: usize = 128;

/// The id of an access key, such as `AKIAQ3EGTJ2VWXYZABCD`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(String);

/// The prefix of ids of long-lived keys, for people and programs.
pub const LASTING_PREFIX: &str = "AKIA";

/// The prefix of ids of session credentials.
pub const SESSION_PREFIX: &str = "ASIA";

impl AccessKeyId {
    /// An id as it was sent or stored; `None` if it cannot be an id.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty()
            && text.len() <= ID_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// Whether its credentials are limited to a session.
    pub fn is_of_session(&self) -> bool {
        self.0.starts_with(SESSION_PREFIX)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id made of these random bytes.
    pub(crate) fn of(prefix: &str, drawn: &[u8; DRAWN]) -> Self {
        let mut id = prefix.to_owned();
        for byte in drawn {
            id.push(char::from(ALPHABET[usize::from(byte % 32)]));
        }
        Self(id)
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The secret of an access key. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: to sign with, to seal, or to show to its owner once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares in constant time, which does not reveal where two secrets differ.
    pub fn is(&self, other: &str) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), other.as_bytes())
            .is_ok()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// The operating system provides no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;

/// Random bytes, suitable for secrets, directly from the operating system. The cryptographic library mixes its own from
/// them and from the processor's jitter, which takes 30 ms to gather at a start.
pub(crate) fn draw<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut drawn = [0; N];
    getrandom::fill(&mut drawn).map_err(|_| NoRandomness)?;
    Ok(drawn)
}

/// A new access key.
#[derive(Debug, Clone)]
pub struct NewAccessKey {
    pub id: AccessKeyId,
    pub secret: SecretKey,
}

impl NewAccessKey {
    /// Draws an id and a secret of 240 bits, in 40 characters as on AWS.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn draw() -> Result<Self, NoRandomness> {
        Ok(Self {
            id: AccessKeyId::of(LASTING_PREFIX, &draw()?),
            secret: Self::draw_secret()?,
        })
    }

    /// Draws another secret for an existing key.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn draw_secret() -> Result<SecretKey, NoRandomness> {
        Ok(SecretKey::new(STANDARD.encode(draw::<30>()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_keys_look_like_those_of_aws_and_are_never_the_same() {
        let one = NewAccessKey::draw().expect("there is randomness");
        let other = NewAccessKey::draw().expect("there is randomness");
        assert_eq!(one.id.as_str().len(), 20);
        assert!(one.id.as_str().starts_with("AKIA"));
        assert!(!one.id.is_of_session());
        assert_eq!(one.secret.reveal().len(), 40);
        assert_ne!(one.id, other.id);
        assert!(!one.secret.is(other.secret.reveal()));
        assert!(one.secret.is(one.secret.reveal()));
        assert_eq!(AccessKeyId::parse(one.id.as_str()), Some(one.id));
        assert_eq!(format!("{:?}", one.secret), "SecretKey(…)");
    }

    #[test]
    fn ids_that_cannot_be_are_none() {
        for text in ["", "AKIA/../x", "AKIA X", "ключ", &"A".repeat(129)] {
            assert_eq!(AccessKeyId::parse(text), None, "{text}");
        }
    }
}
