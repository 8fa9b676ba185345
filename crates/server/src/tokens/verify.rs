//! Verifies tokens.

use jsonwebtoken::Validation;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::errors::Error;
use model::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{KeySet, TokenKeys, Tokens};

/// The claims of a token.
pub(crate) type Claims = Map<String, Value>;

/// Largest token: API Gateway's limit for all headers together is smaller.
const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// The requirements of a valid token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'e> {
    /// The accepted issuers.
    pub issuers: &'e [String],
    /// Whether its issuer may be a user pool that does not exist here.
    pub issued_nowhere: bool,
    /// The accepted audiences; `None` accepts any.
    pub audience: Option<&'e [String]>,
}

/// Why a token is not valid.
#[derive(Debug, Error)]
pub(crate) enum TokenError {
    #[error("the token is not valid: {0}")]
    Malformed(String),
    #[error("the token has expired")]
    Expired,
    #[error("the token has no time of expiry")]
    Endless,
    #[error("the token is not valid yet, by this machine's time (`nbf`, `iat`)")]
    Early,
    #[error("the token is of another issuer: {0}")]
    Issuer(String),
    #[error("the token is for somebody else: {0}")]
    Audience(String),
    #[error("no key has signed the token")]
    Signature,
    #[error("the keys of its issuer cannot be fetched ({0}); `--jwt-keys` reads them from a file")]
    NoKeys(String),
    #[error("its user pool does not exist here; `--jwt-keys` says which tokens are taken")]
    Nowhere,
}

impl Tokens {
    /// Verifies a token and returns its claims.
    ///
    /// # Errors
    /// The reason why it is not valid.
    pub async fn verify(
        &self,
        token: &str,
        expected: Expected<'_>,
        now: impl Fn() -> Timestamp,
    ) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed("it is too long".to_owned()));
        }
        let malformed = |error: Error| TokenError::Malformed(error.to_string());
        let claims: Claims = insecure_decode_claims(token).map_err(malformed)?;
        match &self.config.tokens {
            TokenKeys::Any => {
                check_times(&claims, now(), false)?;
                return Ok(claims);
            }
            TokenKeys::Given(keys) => {
                if !expected.issued_nowhere {
                    issuer(&claims, expected.issuers)?;
                }
                check_signature(token, keys)?;
            }
            TokenKeys::Issuers => {
                let issuer = match issuer(&claims, expected.issuers) {
                    Err(_) if expected.issued_nowhere => return Err(TokenError::Nowhere),
                    found => found?,
                };
                let header = jsonwebtoken::decode_header(token).map_err(malformed)?;
                let family = header.alg.family();
                let id = header.kid.as_deref();
                let is_known = |keys: &KeySet| keys.candidates(id, family).next().is_some();
                let keys = self.issuer_keys(issuer, &now, is_known).await;
                let keys = keys.map_err(TokenError::NoKeys)?;
                check_signature(token, &keys)?;
            }
        }
        check_times(&claims, now(), true)?;
        if let Some(audience) = expected.audience {
            check_audience(&claims, audience)?;
        }
        Ok(claims)
    }
}

/// Verifies only the signature.
fn check_signature(token: &str, keys: &KeySet) -> Result<(), TokenError> {
    let header = jsonwebtoken::decode_header(token);
    let header = header.map_err(|error| TokenError::Malformed(error.to_string()))?;
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let mut keys = keys.candidates(header.kid.as_deref(), header.alg.family());
    let signed = keys.any(|key| jsonwebtoken::decode::<Claims>(token, key, &validation).is_ok());
    signed.then_some(()).ok_or(TokenError::Signature)
}

fn issuer<'i>(claims: &Claims, issuers: &'i [String]) -> Result<&'i str, TokenError> {
    let own = claims
        .get("iss")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let plain = |it: &str| it.trim_end_matches('/').to_owned();
    let found = issuers.iter().find(|it| plain(it) == plain(own));
    let found = found.map(String::as_str);
    found.ok_or_else(|| TokenError::Issuer(own.chars().take(200).collect()))
}

fn check_times(claims: &Claims, now: Timestamp, must_end: bool) -> Result<(), TokenError> {
    let millis = |name: &str| Some(claims.get(name)?.as_f64()? * 1000.0);
    let now = now.as_millis() as f64;
    match millis("exp") {
        Some(at) if at <= now => return Err(TokenError::Expired),
        Some(_) => {}
        None if must_end => return Err(TokenError::Endless),
        None => {}
    }
    let is_early = |name: &str| millis(name).is_some_and(|at| at > now);
    if is_early("nbf") || is_early("iat") {
        return Err(TokenError::Early);
    }
    Ok(())
}

/// `aud`, or `client_id` as Cognito's access tokens have it.
fn check_audience(claims: &Claims, audience: &[String]) -> Result<(), TokenError> {
    let of = |name: &str| match claims.get(name) {
        Some(Value::Array(items)) => items.clone(),
        Some(other) => vec![other.clone()],
        None => Vec::new(),
    };
    let own = match claims.contains_key("aud") {
        true => of("aud"),
        false => of("client_id"),
    };
    let is_one = |it: &Value| {
        it.as_str()
            .is_some_and(|it| audience.iter().any(|one| one == it))
    };
    if own.iter().any(is_one) {
        return Ok(());
    }
    let own = Value::Array(own).to_string();
    Err(TokenError::Audience(own.chars().take(200).collect()))
}
