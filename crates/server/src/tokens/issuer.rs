//! An issuer's keys, by OpenID's discovery.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use model::Timestamp;
use serde::Deserialize;
use stdx::error_chain;

use super::{KeySet, Tokens};

/// How long an issuer may take for one answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Largest answer of an issuer: some dozens of keys fit.
const BYTES_MAX: usize = 1024 * 1024;

/// How long keys are taken for the issuer's. API Gateway keeps them as long.
const FRESH_MILLIS: i64 = 2 * 60 * 60 * 1000;

/// How long an issuer is left alone after it was asked: tokens with unknown keys must not make traffic.
const QUIET_MILLIS: i64 = 5_000;

/// What is known of an issuer.
pub(super) struct Issuer {
    keys: Result<Arc<KeySet>, String>,
    asked_at: Timestamp,
}

/// Asks issuers.
pub(super) struct IssuerClient {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

#[derive(Deserialize)]
struct Discovered {
    jwks_uri: String,
}

impl IssuerClient {
    /// With the machine's certificates; in words what stands in the way.
    pub fn new() -> Result<Self, String> {
        let connector = HttpsConnectorBuilder::new().with_native_roots();
        let connector = connector.map_err(|error| error.to_string())?;
        let connector = connector.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client })
    }

    async fn keys(&self, issuer: &str) -> Result<KeySet, String> {
        let issuer = issuer.trim_end_matches('/');
        let discovery = format!("{issuer}/.well-known/openid-configuration");
        let text = self.get(&discovery).await?;
        let discovered: Discovered = serde_json::from_slice(&text)
            .map_err(|error| format!("{discovery} has no `jwks_uri`: {error}"))?;
        let text = self.get(&discovered.jwks_uri).await?;
        let keys = KeySet::published(&text);
        keys.map_err(|error| format!("{}: {}", discovered.jwks_uri, error_chain(&error)))
    }

    async fn get(&self, url: &str) -> Result<Bytes, String> {
        let uri: Uri = url
            .parse()
            .map_err(|error| format!("{url} is no URL: {error}"))?;
        if uri.host().is_none() {
            return Err(format!("{url} is no URL of a server"));
        }
        let answered = async {
            let answer = self.client.get(uri).await;
            let answer = answer.map_err(|error| format!("{url}: {}", error_chain(&error)))?;
            if !answer.status().is_success() {
                return Err(format!("{url} answers {}", answer.status()));
            }
            let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await;
            Ok(body.map_err(|error| format!("{url}: {error}"))?.to_bytes())
        };
        let answered = tokio::time::timeout(ANSWERS_WITHIN, answered).await;
        answered.unwrap_or_else(|_elapsed| {
            Err(format!(
                "{url} gives no answer within {} s",
                ANSWERS_WITHIN.as_secs()
            ))
        })
    }
}

impl Tokens {
    /// The keys of an issuer; asked for again where `is_known` does not know the wanted one among them.
    pub(super) async fn issuer_keys(
        &self,
        issuer: &str,
        now: Timestamp,
        is_known: impl Fn(&KeySet) -> bool,
    ) -> Result<Arc<KeySet>, String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        // One issuer that is slow holds up its own tokens only.
        let entry = Arc::clone(
            self.issuers
                .lock()
                .await
                .entry(issuer.to_owned())
                .or_default(),
        );
        let mut entry = entry.lock().await;
        if let Some(known) = entry.as_ref() {
            let age = now.as_millis() - known.asked_at.as_millis();
            let serves = match &known.keys {
                Ok(keys) => is_known(keys) && age < FRESH_MILLIS,
                Err(_) => false,
            };
            if serves || (0..QUIET_MILLIS).contains(&age) {
                return known.keys.clone();
            }
        }
        let mut keys = client.keys(issuer).await.map(Arc::new);
        if let (Err(problem), Some(Issuer { keys: Ok(old), .. })) = (&keys, entry.as_ref()) {
            tracing::warn!(issuer, "the keys of an issuer are not renewed: {problem}");
            keys = Ok(Arc::clone(old));
        }
        *entry = Some(Issuer {
            keys: keys.clone(),
            asked_at: now,
        });
        keys
    }
}
