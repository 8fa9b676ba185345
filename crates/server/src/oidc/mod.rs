//! Signing in to the console with an OpenID provider: authorization code with PKCE, and an ID token that is verified with
//! the provider's keys.
//!
//! A browser is sent to the provider with a state, a nonce and the hash of a verifier, which it also keeps in a cookie:
//! so any server of the same store can complete the sign-in. Claims of the ID token decide what a user may do; the
//! decision is made at sign-in and applies for the session.
//!
//! Source: OpenID Connect Core 1.0, sections 3.1 and 5.1; RFC 7636; RFC 9700, read 2026-11-29.

mod config;
mod pending;
mod provider;

use model::Timestamp;
use serde_json::Value;
use thiserror::Error;

use crate::access::SignedIn;
use crate::http::Query;
use crate::tokens::{AuthorizerConfig, Claims, Expected, TokenError, Tokens};

pub use config::{OidcConfig, OidcPolicy};
pub use provider::check_url as check_provider_url;

use pending::Pending;
use provider::Provider;

/// The URL that begins a sign-in.
pub(crate) const ROUTE: &str = "/lambdura/v1/session/oidc";

/// The URL to which the provider sends the browser back.
pub(crate) const CALLBACK: &str = "/lambdura/v1/session/oidc/callback";

/// How far the clocks of a provider and of this machine may differ, in milliseconds.
const SKEW_MILLIS: i64 = 30_000;

/// Longest name of a user that is shown: as that of an access key.
const NAME_CHARS_MAX: usize = 64;

/// Signs users in by a provider.
pub(crate) struct Oidc {
    config: OidcConfig,
    /// The provider's own keys, independent of the keys for the authorizers of APIs.
    tokens: Tokens,
    provider: Provider,
}

/// Why a user is not signed in.
#[derive(Debug, Error)]
pub(crate) enum OidcError {
    /// No sign-in was begun here with this browser, or it took too long.
    #[error("the browser does not come back from a sign-in that was begun here within ten minutes")]
    NotBegun,
    /// The provider refuses.
    #[error("the provider refuses: {0}")]
    Refused(String),
    /// The provider cannot be reached, or gives an invalid answer.
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    /// The token is not valid.
    #[error("the ID token is not believed: {0}")]
    Token(#[from] TokenError),
    /// The token is not for this sign-in.
    #[error("the ID token is not for this sign-in: {0}")]
    NotForThis(&'static str),
    /// No `--oidc-policy` matches.
    #[error("no `--oidc-policy` fits the claims of {0}")]
    NoPolicy(String),
    /// There is no randomness.
    #[error(transparent)]
    Randomness(#[from] access::NoRandomness),
}

/// The URL for the browser, with the cookie that it keeps meanwhile.
pub(crate) struct Departure {
    pub location: String,
    pub cookie: String,
}

/// How a browser reached the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached<'a> {
    /// The host name in its request.
    pub host: &'a str,
    pub is_tls: bool,
}

impl Oidc {
    pub fn new(config: OidcConfig) -> Self {
        Self {
            tokens: Tokens::new(AuthorizerConfig::default()),
            provider: Provider::new(config.issuer.clone()),
            config,
        }
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// When the provider's endpoints cannot be read.
    pub async fn begin(
        &self,
        reached: Reached<'_>,
        now: Timestamp,
    ) -> Result<Departure, OidcError> {
        let endpoints = self.provider.endpoints(&self.tokens, now).await;
        let endpoints = endpoints.map_err(OidcError::Provider)?;
        let pending = Pending::draw()?;
        let redirect = self.redirect(reached);
        let location = endpoints.authorization(&[
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", &redirect),
            ("scope", &self.config.scope),
            ("state", &pending.state),
            ("nonce", &pending.nonce),
            ("code_challenge", &pending.challenge()),
            ("code_challenge_method", "S256"),
        ]);
        Ok(Departure {
            location,
            cookie: pending.set_cookie(reached.is_tls),
        })
    }

    /// Ends a sign-in when the browser comes back.
    ///
    /// # Errors
    /// The reason why the user is not signed in.
    pub async fn complete(
        &self,
        reached: Reached<'_>,
        headers: &hyper::HeaderMap,
        query: &Query,
        now: Timestamp,
    ) -> Result<SignedIn, OidcError> {
        let pending = Pending::of(headers, reached.is_tls).ok_or(OidcError::NotBegun)?;
        if !query.get("state").is_some_and(|state| pending.is_of(state)) {
            return Err(OidcError::NotBegun);
        }
        if let Some(error) = query.get("error") {
            let said = query.get("error_description").unwrap_or(error);
            return Err(OidcError::Refused(said.chars().take(300).collect()));
        }
        let code = query.get("code").ok_or(OidcError::NotBegun)?;
        let endpoints = self.provider.endpoints(&self.tokens, now).await;
        let endpoints = endpoints.map_err(OidcError::Provider)?;
        let redirect = self.redirect(reached);
        let token = endpoints
            .exchange(
                &self.tokens,
                &self.config,
                code,
                &redirect,
                &pending.verifier,
            )
            .await
            .map_err(OidcError::Provider)?;
        let claims = self.verified(&token, now).await?;
        if claims.get("nonce").and_then(Value::as_str) != Some(&pending.nonce) {
            return Err(OidcError::NotForThis("its nonce is another one"));
        }
        let name = name(&claims);
        let policies = self.config.policies_of(&claims);
        if policies.is_empty() {
            return Err(OidcError::NoPolicy(name));
        }
        let policies = Value::Array(policies).to_string();
        Ok(SignedIn::Person { name, policies })
    }

    /// The claims of an ID token that is for this server.
    async fn verified(&self, token: &str, now: Timestamp) -> Result<Claims, OidcError> {
        let issuers = [self.config.issuer.clone()];
        let audience = [self.config.client_id.clone()];
        let expected = Expected {
            issuers: &issuers,
            issued_nowhere: false,
            audience: Some(&audience),
        };
        // Allows for an issuer whose clock is ahead; the token must still be valid then.
        let later = Timestamp::from_millis(now.as_millis() + SKEW_MILLIS);
        let claims = self.tokens.verify(token, expected, || later).await?;
        if !claims.contains_key("aud") {
            return Err(OidcError::NotForThis("it names nobody whom it is for"));
        }
        let party = claims.get("azp").and_then(Value::as_str);
        if party.is_some_and(|party| party != self.config.client_id) {
            return Err(OidcError::NotForThis("it was given to another client"));
        }
        Ok(claims)
    }

    fn redirect(&self, reached: Reached<'_>) -> String {
        let scheme = if reached.is_tls { "https" } else { "http" };
        let base = match &self.config.console_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("{scheme}://{}", reached.host),
        };
        format!("{base}{CALLBACK}")
    }
}

/// A user's name: letters, digits and signs as in names of access keys, because it stands in ARNs and records.
fn name(claims: &Claims) -> String {
    let of = |claim: &str| claims.get(claim)?.as_str().filter(|text| !text.is_empty());
    let told = of("email").or_else(|| of("preferred_username"));
    let told = told.or_else(|| of("sub")).unwrap_or("unnamed");
    let fit = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() => letter,
        '+' | '=' | ',' | '.' | '@' | '_' | '-' => letter,
        _ => '_',
    };
    told.chars().take(NAME_CHARS_MAX).map(fit).collect()
}

/// Whether a cookie of this name belongs to a pending sign-in.
pub(crate) fn is_cookie(name: &str) -> bool {
    pending::NAMES.contains(&name)
}

/// The header that removes the cookie of a finished sign-in.
pub(crate) fn forget(is_tls: bool) -> String {
    pending::remove_cookie(is_tls)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_are_called_what_may_stand_in_an_arn() {
        let named = |claims: Value| name(claims.as_object().expect("an object"));
        assert_eq!(
            named(json!({"sub": "a|1", "email": "ada@example.com"})),
            "ada@example.com"
        );
        assert_eq!(named(json!({"sub": "auth0|ada/../x"})), "auth0_ada_.._x");
        assert_eq!(named(json!({"email": ""})), "unnamed");
        assert_eq!(
            named(json!({"sub": "é".repeat(99)})),
            "_".repeat(NAME_CHARS_MAX)
        );
    }
}
