//! Users who are signed in to the console: each has a cookie, valid for eight hours.
//!
//! A browser cannot sign its requests. So a user shows an access key once, or is sent by an OpenID provider, and is
//! given a cookie that no script can read and no other site can send (`HttpOnly`, `SameSite=Strict`). The server keeps
//! only the cookie's hash: in memory, where a restart signs all users out, or in the store that servers share, so that
//! one sign-in is valid at all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use access::signature::PayloadHash;
use access::{NewAccessKey, NoRandomness};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::{SessionRecord, Sessions, StoreFault};
use wire::ApiError;

/// The cookie's name.
pub(crate) const COOKIE: &str = "lambdura_session";

/// How long a sign-in is valid, in milliseconds.
const LASTS_MILLIS: i64 = 8 * 3_600 * 1_000;

/// How long a cached session is used without asking the store, in milliseconds. A user who signs out at another server
/// is signed out here after this time.
const BELIEVED_MILLIS: i64 = 1_000;

/// Cached sessions: those of the users who use the console at this moment.
const KNOWN_MAX: usize = 1_000;

/// A signed-in user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignedIn {
    /// The owner of an access key.
    Key {
        /// The key's id.
        id: String,
        /// When the key's secret was created, in epoch milliseconds. A new secret ends the session.
        rotated_at: i64,
    },
    /// A user whom an OpenID provider knows.
    Person {
        /// The user's name at the provider.
        name: String,
        /// The user's permissions: a JSON list of policies.
        policies: String,
    },
}

/// Why a user cannot be signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Randomness(error) => {
                Self::new(lambda_api::ErrorCode::Service, error.to_string())
            }
            SignInError::Store(fault) => fault.into(),
        }
    }
}

/// Signed-in users, by their cookies.
pub(crate) struct SignIns {
    store: Arc<dyn Sessions>,
    known: Mutex<HashMap<String, Known>>,
}

struct Known {
    session: SessionRecord,
    asked_at: i64,
}

impl SignIns {
    pub fn new(store: Arc<dyn Sessions>) -> Self {
        Self {
            store,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs a user in; returns the cookie's value.
    ///
    /// # Errors
    /// When there is no randomness, or the store fails.
    pub async fn begin(&self, who: &SignedIn, now: i64) -> Result<String, SignInError> {
        // As long and as random as a secret.
        let drawn = NewAccessKey::draw_secret()?;
        let value = drawn.reveal().replace(['+', '/'], "-");
        let session = SessionRecord {
            hash: hash(&value),
            who: serde_json::to_string(who).expect("texts are always JSON"),
            until: Timestamp::from_millis(now + LASTS_MILLIS),
        };
        let begun = self
            .store
            .begin_session(session, Timestamp::from_millis(now));
        begun.await?;
        Ok(value)
    }

    /// The user of a cookie.
    ///
    /// # Errors
    /// When the store fails: cached sessions may be outdated, and let no request in.
    pub async fn find(&self, value: &str, now: i64) -> Result<Option<SignedIn>, StoreFault> {
        let hash = hash(value);
        let Some(session) = self.session(&hash, now).await? else {
            return Ok(None);
        };
        // A clock that was set back must not extend a session.
        let left = session.until.as_millis() - now;
        let lasts = 0 < left && left <= LASTS_MILLIS;
        // A session that another version of the program wrote, and that this one cannot read, does not count.
        Ok(serde_json::from_str(&session.who).ok().filter(|_| lasts))
    }

    async fn session(&self, hash: &str, now: i64) -> Result<Option<SessionRecord>, StoreFault> {
        if let Some(known) = self.known().get(hash)
            && (0..BELIEVED_MILLIS).contains(&(now - known.asked_at))
        {
            return Ok(Some(known.session.clone()));
        }
        let session = self.store.session(hash).await?;
        let mut known = self.known();
        match &session {
            Some(session) => {
                if known.len() >= KNOWN_MAX {
                    known.clear();
                }
                let session = session.clone();
                let asked_at = now;
                known.insert(hash.to_owned(), Known { session, asked_at });
            }
            None => drop(known.remove(hash)),
        }
        Ok(session)
    }

    /// Signs out, here at once and at other servers within a second.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end(&self, value: &str) -> Result<(), StoreFault> {
        let hash = hash(value);
        self.store.end_session(&hash).await?;
        self.known().remove(&hash);
        Ok(())
    }
}

/// Only the hash is stored: it cannot be used as a cookie.
fn hash(value: &str) -> String {
    PayloadHash::of(value.as_bytes()).to_string()
}

/// The header that sets the cookie.
pub(crate) fn set_cookie(value: &str, is_tls: bool) -> String {
    let seconds = LASTS_MILLIS / 1_000;
    let secure = if is_tls { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// The header that removes the cookie.
pub(crate) fn remove_cookie() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use store::MemorySessions;

    use super::*;

    fn key() -> SignedIn {
        SignedIn::Key {
            id: "AKIA1".to_owned(),
            rotated_at: 1,
        }
    }

    #[tokio::test]
    async fn one_is_signed_in_for_a_day_or_until_one_signs_out() {
        let all = SignIns::new(Arc::<MemorySessions>::default());
        let value = all.begin(&key(), 1_000).await.expect("it works");
        assert!(
            value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        );
        let find = async |value: &str, now| all.find(value, now).await.expect("it works");
        assert_eq!(find(&value, 1_000).await, Some(key()));
        assert_eq!(find(&value, 999).await, None, "the clock was set back");
        assert_eq!(find(&value, 1_000 + LASTS_MILLIS).await, None);
        assert_eq!(find("other", 1_000).await, None);
        all.end(&value).await.expect("it works");
        assert_eq!(find(&value, 1_000).await, None);
    }

    #[tokio::test]
    async fn one_is_signed_in_at_all_servers_and_signed_out_at_all_within_a_second() {
        let store = Arc::<MemorySessions>::default();
        let (one, two) = (SignIns::new(Arc::clone(&store) as _), SignIns::new(store));
        let person = SignedIn::Person {
            name: "ada@example.com".to_owned(),
            policies: "[\"observe\"]".to_owned(),
        };
        let value = one.begin(&person, 0).await.expect("it works");
        let find = async |at: &SignIns, now| at.find(&value, now).await.expect("it works");
        assert_eq!(find(&one, 1).await, Some(person.clone()));
        assert_eq!(find(&two, 1).await, Some(person));
        two.end(&value).await.expect("it works");
        assert_eq!(find(&two, 2).await, None);
        assert_eq!(find(&one, 1 + BELIEVED_MILLIS).await, None);
    }
}
