//! How servers of one store identify themselves: each keeps a secret in the store, and a notice to it carries a token
//! that only a reader of the store can make.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use model::{Owner, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How far the clocks of servers may differ. A repeated notice does no harm, so this is generous.
const SKEW_SECONDS: u64 = 600;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The server that receives the notice.
    aud: String,
    /// The end of its validity, in seconds of the epoch.
    exp: u64,
    /// SHA-256 of the body, in hexadecimal digits.
    body: String,
}

/// A random secret.
pub(crate) fn new_secret() -> Result<String, getrandom::Error> {
    let (high, low) = (getrandom::u64()?, getrandom::u64()?);
    let (more, rest) = (getrandom::u64()?, getrandom::u64()?);
    Ok(format!("{high:016x}{low:016x}{more:016x}{rest:016x}"))
}

fn name(server: Owner) -> String {
    format!("{:016x}", server.0)
}

fn hash(body: &[u8]) -> String {
    format!("{:x}", Sha256::digest(body))
}

/// The token of a notice to a server with this secret.
pub(super) fn token(
    secret: &str,
    to: Owner,
    body: &[u8],
    now: Timestamp,
) -> Result<String, String> {
    let claims = Claims {
        aud: name(to),
        exp: seconds(now) + SKEW_SECONDS,
        body: hash(body),
    };
    let key = EncodingKey::from_secret(secret.as_bytes());
    key.and_then(|key| encode(&Header::new(Algorithm::HS256), &claims, &key))
        .map_err(|error| error.to_string())
}

/// Whether a token proves that a notice is from a server of the same store.
pub(super) fn is_proven(token: &str, secret: &str, to: Owner, body: &[u8], now: Timestamp) -> bool {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[name(to)]);
    // By our clock, which tests and clock jumps do not change.
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(secret.as_bytes());
    let Ok(decoded) = key.and_then(|key| decode::<Claims>(token, &key, &validation)) else {
        return false;
    };
    let claims = decoded.claims;
    claims.body == hash(body) && claims.exp + SKEW_SECONDS >= seconds(now)
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis() / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_proves_one_notice_to_one_server_for_some_time() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let secret = new_secret().expect("there is randomness");
        let token = token(&secret, Owner(7), b"notice", now).expect("it can be made");
        let holds = |secret: &str, to, body: &[u8], at| is_proven(&token, secret, to, body, at);
        assert!(holds(&secret, Owner(7), b"notice", now));
        assert!(holds(&secret, Owner(7), b"notice", now.plus_seconds(1_100)));
        assert!(!holds(
            &secret,
            Owner(7),
            b"notice",
            now.plus_seconds(1_300)
        ));
        assert!(!holds(&secret, Owner(8), b"notice", now));
        assert!(!holds(&secret, Owner(7), b"another", now));
        assert!(!holds("another", Owner(7), b"notice", now));
        assert!(!is_proven("", &secret, Owner(7), b"notice", now));
    }
}
