//! Credentials of function processes: derived from a key, and verified with it.
//!
//! A process receives an id, a secret and a session token when it starts, and its end is not reported. So nothing is
//! stored: the token contains the subject and the expiry time of the credentials, and ends with a code that only the
//! holder of the key can make; the secret is derived from the token. With a key that is drawn at each start,
//! credentials of an earlier run are invalid.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::Refusal;
use crate::key::{AccessKeyId, NoRandomness, SESSION_PREFIX, SecretKey, draw};

/// Length of the code at the end of a token, in bytes.
const CODE_BYTES: usize = 32;

/// Random bytes that distinguish two processes of one function version.
const DRAWN_BYTES: usize = 16;

/// Bytes of the expiry time: epoch milliseconds, big-endian.
const UNTIL_BYTES: usize = 8;

/// The purpose of a token's code. It differs from the text used before tokens contained an expiry time.
const TOKEN: &[u8] = b"token until";

/// Longest token that is accepted, in characters.
const TOKEN_BYTES_MAX: usize = 2_048;

/// Makes session credentials, and verifies them.
#[derive(Clone)]
pub struct SessionKeys(hmac::Key);

/// The credentials of a function process.
#[derive(Debug, Clone)]
pub struct SessionCredentials {
    pub access_key_id: AccessKeyId,
    pub secret: SecretKey,
    pub token: String,
}

impl SessionKeys {
    /// With a new random key.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn draw() -> Result<Self, NoRandomness> {
        Ok(Self::from_key(&draw::<32>()?))
    }

    /// With a key derived from a secret that several servers share.
    pub fn from_secret(secret: &SecretKey) -> Self {
        let digest = digest::digest(&digest::SHA256, secret.reveal().as_bytes());
        Self(hmac::Key::new(hmac::HMAC_SHA256, digest.as_ref()))
    }

    /// With a key that several servers share.
    pub fn from_key(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Credentials for a subject, such as `Orders:3`, that expire at `until`, in epoch milliseconds.
    ///
    /// # Errors
    /// When the operating system provides no randomness.
    pub fn issue(&self, subject: &str, until: i64) -> Result<SessionCredentials, NoRandomness> {
        let drawn: [u8; DRAWN_BYTES] = draw()?;
        let mut token = drawn.to_vec();
        token.extend_from_slice(&until.to_be_bytes());
        token.extend_from_slice(subject.as_bytes());
        let code = self.code(TOKEN, &token);
        token.extend_from_slice(code.as_ref());
        Ok(self.of_token(&token, &drawn))
    }

    /// The subject and the secret of credentials, by their id and token. `now` is in epoch milliseconds.
    ///
    /// # Errors
    /// `UnrecognizedClientException` when this key did not make them, `ExpiredTokenException` when they have expired.
    pub fn look_up(
        &self,
        id: &AccessKeyId,
        token: &str,
        now: i64,
    ) -> Result<(String, SecretKey), Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refusal::unknown_key());
        }
        let token = URL_SAFE_NO_PAD.decode(token);
        let token = token.map_err(|_| Refusal::unknown_key())?;
        let parts = token.split_last_chunk::<CODE_BYTES>();
        let (named, code) = parts.ok_or_else(Refusal::unknown_key)?;
        let key = self.0.clone();
        hmac::verify(&key, &[TOKEN, named].concat(), code).map_err(|_| Refusal::unknown_key())?;
        let parts = named.split_first_chunk::<DRAWN_BYTES>();
        let (drawn, rest) = parts.ok_or_else(Refusal::unknown_key)?;
        let parts = rest.split_first_chunk::<UNTIL_BYTES>();
        let (until, subject) = parts.ok_or_else(Refusal::unknown_key)?;
        let made = self.of_token(&token, drawn);
        if made.access_key_id != *id {
            return Err(Refusal::unknown_key());
        }
        if i64::from_be_bytes(*until) <= now {
            return Err(Refusal::expired_token());
        }
        let subject = std::str::from_utf8(subject).map_err(|_| Refusal::unknown_key())?;
        Ok((subject.to_owned(), made.secret))
    }

    fn of_token(&self, token: &[u8], drawn: &[u8; DRAWN_BYTES]) -> SessionCredentials {
        SessionCredentials {
            access_key_id: AccessKeyId::of(SESSION_PREFIX, drawn),
            secret: SecretKey::new(STANDARD.encode(self.code(b"secret", token))),
            token: URL_SAFE_NO_PAD.encode(token),
        }
    }

    fn code(&self, purpose: &[u8], of: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose);
        context.update(of);
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RefusalKind;

    #[test]
    fn credentials_are_known_again_by_the_key_that_made_them() {
        let keys = SessionKeys::draw().expect("there is randomness");
        let made = keys.issue("Orders:3", 1_000).expect("there is randomness");
        assert!(made.access_key_id.is_of_session());
        let (subject, secret) = keys
            .look_up(&made.access_key_id, &made.token, 999)
            .expect("they are its own");
        assert_eq!(subject, "Orders:3");
        assert_eq!(secret, made.secret);

        let again = keys.issue("Orders:3", 1_000).expect("there is randomness");
        assert_ne!(again.access_key_id, made.access_key_id);
        assert!(
            keys.look_up(&again.access_key_id, &made.token, 999)
                .is_err()
        );
        let others = SessionKeys::draw().expect("there is randomness");
        assert!(
            others
                .look_up(&made.access_key_id, &made.token, 999)
                .is_err()
        );
    }

    #[test]
    fn credentials_are_good_for_a_time() {
        let keys = SessionKeys::draw().expect("there is randomness");
        let made = keys.issue("Orders:3", 1_000).expect("there is randomness");
        let kind = |now| {
            let found = keys.look_up(&made.access_key_id, &made.token, now);
            found.err().map(|refusal| refusal.kind)
        };
        assert_eq!(kind(999), None);
        assert_eq!(kind(1_000), Some(RefusalKind::ExpiredToken));
        assert_eq!(kind(i64::MAX), Some(RefusalKind::ExpiredToken));
    }

    #[test]
    fn whoever_has_the_secret_knows_them_again() {
        let secret = SecretKey::new("shared");
        let made = SessionKeys::from_secret(&secret).issue("Orders:3", 1_000);
        let made = made.expect("there is randomness");
        let known = |secret: &str| {
            let keys = SessionKeys::from_secret(&SecretKey::new(secret));
            keys.look_up(&made.access_key_id, &made.token, 999).is_ok()
        };
        assert!(known("shared"));
        assert!(!known("another"));
    }

    #[test]
    fn a_token_that_was_changed_is_nobodys() {
        let keys = SessionKeys::draw().expect("there is randomness");
        let made = keys.issue("Orders:3", 1_000).expect("there is randomness");
        let token = URL_SAFE_NO_PAD.decode(&made.token).expect("it is base64");
        for at in 0..token.len() {
            let mut changed = token.clone();
            changed[at] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(
                keys.look_up(&made.access_key_id, &changed, 999).is_err(),
                "{at}"
            );
        }
        for token in ["", "AAAA", "no base64!", &"A".repeat(4_000)] {
            assert!(
                keys.look_up(&made.access_key_id, token, 999).is_err(),
                "{token}"
            );
        }
    }
}
