//! The provider: finds its endpoints, and exchanges a code for an ID token.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use model::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::config::OidcConfig;
use crate::tokens::Tokens;

/// How long the endpoints are kept, in milliseconds.
const FRESH_MILLIS: i64 = 10 * 60 * 1000;

/// A provider with its known endpoints.
pub(super) struct Provider {
    issuer: String,
    known: Mutex<Option<(Arc<Endpoints>, Timestamp)>>,
}

/// The endpoints of a provider.
#[derive(Debug, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    /// How clients authenticate; by HTTP's own way where the provider names none.
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    id_token: String,
}

impl Provider {
    pub fn new(issuer: String) -> Self {
        Self {
            issuer,
            known: Mutex::default(),
        }
    }

    /// The endpoints of the provider, or a text that says why they are unknown.
    pub async fn endpoints(
        &self,
        tokens: &Tokens,
        now: Timestamp,
    ) -> Result<Arc<Endpoints>, String> {
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((endpoints, asked_at)) = known.as_ref()
                && (0..FRESH_MILLIS).contains(&(now.as_millis() - asked_at.as_millis()))
            {
                return Ok(Arc::clone(endpoints));
            }
        }
        let issuer = self.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let text = tokens.web()?.get(&url).await?;
        let endpoints: Endpoints =
            serde_json::from_slice(&text).map_err(|error| format!("{url}: {error}"))?;
        if endpoints.issuer.trim_end_matches('/') != issuer {
            let said: String = endpoints.issuer.chars().take(200).collect();
            return Err(format!("{url} is of another issuer: {said}"));
        }
        for endpoint in [&endpoints.authorization_endpoint, &endpoints.token_endpoint] {
            check_url(endpoint)?;
        }
        let endpoints = Arc::new(endpoints);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Arc::clone(&endpoints), now));
        Ok(endpoints)
    }
}

impl Endpoints {
    /// The URL to which a browser is sent.
    pub fn authorization(&self, parameters: &[(&str, &str)]) -> String {
        let joint = match self.authorization_endpoint.contains('?') {
            true => '&',
            false => '?',
        };
        format!("{}{joint}{}", self.authorization_endpoint, form(parameters))
    }

    /// The ID token for a code, or a text that says why there is none.
    pub async fn exchange(
        &self,
        tokens: &Tokens,
        config: &OidcConfig,
        code: &str,
        redirect: &str,
        verifier: &str,
    ) -> Result<String, String> {
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("client_id", config.client_id.as_str()),
        ];
        let methods = &self.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().any(|it| it == method);
        let in_body = takes("client_secret_post") && !takes("client_secret_basic");
        let mut authorization = None;
        if let Some(secret) = &config.client_secret {
            if in_body {
                parameters.push(("client_secret", secret));
            } else {
                // Source: RFC 6749, section 2.3.1: both are encoded as in a form first.
                let pair = format!("{}:{}", encoded(&config.client_id), encoded(secret));
                authorization = Some(format!("Basic {}", STANDARD.encode(pair)));
            }
        }
        let url = &self.token_endpoint;
        let web = tokens.web()?;
        let text = web.post_form(url, form(&parameters), authorization).await?;
        let answer = serde_json::from_slice::<Answer>(&text);
        let answer = answer.map_err(|error| format!("{url} gives no ID token: {error}"))?;
        Ok(answer.id_token)
    }
}

/// Checks that a URL may be a provider's: it must use TLS, or be on this machine.
///
/// # Errors
/// The reason why it may not, for people.
pub fn check_url(url: &str) -> Result<(), String> {
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("{url} is not a URL: {error}"))?;
    let host = uri.host().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_here => Ok(()),
        _ => Err(format!("{url} must begin with https://")),
    }
}

fn form(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_reached_by_tls_or_on_this_machine() {
        for url in [
            "https://id.example.com/authorize",
            "http://localhost:8080/x",
            "http://[::1]/",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "http://id.example.com/",
            "javascript:alert(1)",
            "/authorize",
            "",
            "ftp://localhost/",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
