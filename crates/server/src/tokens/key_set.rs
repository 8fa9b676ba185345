//! Public keys as JSON: a JWK set.

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// Keys for verifying tokens.
#[derive(Clone)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    key: DecodingKey,
}

/// A set in its JSON form.
#[derive(Deserialize)]
struct Written {
    keys: Vec<Value>,
}

/// Why a text is no key set.
#[derive(Debug, Error)]
pub enum KeySetError {
    /// It has another form.
    #[error("no set of keys (`{{\"keys\": [...]}}`)")]
    Format(#[source] serde_json::Error),
    /// It has no usable key.
    #[error("no key in it can verify a token")]
    NoKeys,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.keys.iter().map(|key| &key.id);
        f.debug_list().entries(ids).finish()
    }
}

impl KeySet {
    /// Keys that the user gives, which may be shared secrets (`oct`) too.
    ///
    /// # Errors
    /// When the text has no usable keys.
    pub fn parse(text: &[u8]) -> Result<Self, KeySetError> {
        Self::of(text, |_| true)
    }

    /// Keys that an issuer publishes, without shared secrets: published, they are not secret.
    pub(super) fn published(text: &[u8]) -> Result<Self, KeySetError> {
        Self::of(text, |key| {
            !matches!(key.algorithm, AlgorithmParameters::OctetKey(_))
        })
    }

    fn of(text: &[u8], is_fit: impl Fn(&Jwk) -> bool) -> Result<Self, KeySetError> {
        let set: Written = serde_json::from_slice(text).map_err(KeySetError::Format)?;
        // Keys of an unknown kind are skipped; the others are taken.
        let read = set.keys.into_iter();
        let read = read.filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let fit = read.filter(|key| {
            let encrypts = key.common.public_key_use == Some(PublicKeyUse::Encryption);
            !encrypts && is_fit(key)
        });
        let keys = fit.filter_map(|key| {
            Some(Key {
                id: key.common.key_id.clone(),
                key: DecodingKey::from_jwk(&key).ok()?,
            })
        });
        let keys: Vec<Key> = keys.collect();
        match keys.is_empty() {
            true => Err(KeySetError::NoKeys),
            false => Ok(Self { keys }),
        }
    }

    /// The keys that may have signed a token: those with its key id, and those without any.
    pub(super) fn candidates(
        &self,
        id: Option<&str>,
        family: AlgorithmFamily,
    ) -> impl Iterator<Item = &DecodingKey> {
        let fits = move |key: &&Key| {
            let same = match (id, key.id.as_deref()) {
                (Some(id), Some(own)) => id == own,
                (None, _) | (_, None) => true,
            };
            same && key.key.family() == family
        };
        self.keys.iter().filter(fits).map(|key| &key.key)
    }
}
