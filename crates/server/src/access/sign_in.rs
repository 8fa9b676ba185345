//! Who is signed in to the console: a cookie for each, good for a working day.
//!
//! A browser cannot sign its requests. So a person shows an access key once and is given a cookie that no script can
//! read and no other site makes it send (`HttpOnly`, `SameSite=Strict`). What is kept of it here is its hash. A restart
//! signs everybody out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use access::signature::PayloadHash;
use access::{AccessKeyId, NewAccessKey, NoRandomness};

/// The cookie's name.
pub(crate) const COOKIE: &str = "lambdura_session";

/// How long one is signed in, in milliseconds.
const LASTS_MILLIS: i64 = 8 * 3_600 * 1_000;

/// People who are signed in at the most; beyond that, the one whose time is over first goes.
const SIGN_INS_MAX: usize = 1_000;

/// Who is signed in.
#[derive(Debug, Default)]
pub(crate) struct SignIns(Mutex<HashMap<String, SignIn>>);

#[derive(Debug, Clone)]
struct SignIn {
    key: AccessKeyId,
    until: i64,
}

impl SignIns {
    /// Signs somebody in who has shown an access key; returns the cookie's value.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn begin(&self, key: AccessKeyId, now: i64) -> Result<String, NoRandomness> {
        // As long and as random as a secret.
        let drawn = NewAccessKey::draw_secret()?;
        let value = drawn.reveal().replace(['+', '/'], "-");
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, one| now < one.until);
        if all.len() >= SIGN_INS_MAX {
            let first = all.iter().min_by_key(|(_, one)| one.until);
            if let Some(first) = first.map(|(hash, _)| hash.clone()) {
                all.remove(&first);
            }
        }
        let until = now + LASTS_MILLIS;
        all.insert(hash(&value), SignIn { key, until });
        Ok(value)
    }

    /// The access key that was shown for a cookie.
    pub fn find(&self, value: &str, now: i64) -> Option<AccessKeyId> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = all.get(&hash(value))?;
        // A clock that was set back must not let anybody stay longer.
        let left = one.until - now;
        (0 < left && left <= LASTS_MILLIS).then(|| one.key.clone())
    }

    /// Signs out.
    pub fn end(&self, value: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&hash(value));
    }
}

/// Whoever could read this memory could not send what is in it.
fn hash(value: &str) -> String {
    PayloadHash::of(value.as_bytes()).to_string()
}

/// The header that sets the cookie.
pub(crate) fn set_cookie(value: &str, is_tls: bool) -> String {
    let seconds = LASTS_MILLIS / 1_000;
    let secure = if is_tls { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// The header that removes it.
pub(crate) fn remove_cookie() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> AccessKeyId {
        AccessKeyId::parse("AKIA1").expect("it is one")
    }

    #[test]
    fn one_is_signed_in_for_a_day_or_until_one_signs_out() {
        let all = SignIns::default();
        let value = all.begin(key(), 1_000).expect("there is randomness");
        assert!(
            value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        );
        assert_eq!(all.find(&value, 1_000), Some(key()));
        assert_eq!(all.find(&value, 999), None, "the clock was set back");
        assert_eq!(all.find(&value, 1_000 + LASTS_MILLIS), None);
        assert_eq!(all.find("other", 1_000), None);
        all.end(&value);
        assert_eq!(all.find(&value, 1_000), None);
    }

    #[test]
    fn the_first_to_go_makes_room() {
        let all = SignIns::default();
        let first = all.begin(key(), 0).expect("there is randomness");
        for now in 1..=SIGN_INS_MAX as i64 {
            all.begin(key(), now).expect("there is randomness");
        }
        assert_eq!(all.find(&first, 1), None);
        assert_eq!(all.0.lock().expect("nobody panicked").len(), SIGN_INS_MAX);
    }
}
