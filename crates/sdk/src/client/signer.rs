//! Signature Version 4, and the credentials for it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;

use crate::client::clock::Clock;
use crate::error::BoxError;
use crate::run_error::Error;

/// Credentials are renewed this long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

/// Signs requests to the Lambda API of one region.
#[derive(Debug)]
pub(crate) struct Signer {
    region: String,
    provider: SharedCredentialsProvider,
    /// In the form that signing takes: converted from credentials once, and not for every call.
    identity: Mutex<Option<Identity>>,
    clock: Clock,
}

impl Signer {
    pub(crate) fn new(
        region: &str,
        provider: Option<SharedCredentialsProvider>,
    ) -> Result<Self, Error> {
        let provider = provider.ok_or_else(|| Error::Configuration {
            reason: "no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned(),
        })?;
        Ok(Self {
            region: region.to_owned(),
            provider,
            identity: Mutex::new(None),
            clock: Clock::default(),
        })
    }

    /// The clock by which requests are signed.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Adds the signature's headers to a request for `url`.
    pub(crate) async fn sign(
        &self,
        request: &mut Request<Full<Bytes>>,
        url: &str,
        body: &[u8],
    ) -> Result<(), BoxError> {
        let identity = self.identity().await?;
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("lambda")
            .time(self.clock.now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new(
            request.method().as_str(),
            url,
            headers,
            SignableBody::Bytes(body),
        )?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let (headers, _) = instructions.into_parts();
        for header in headers {
            let mut value = HeaderValue::from_str(header.value())?;
            value.set_sensitive(header.sensitive());
            let name = HeaderName::from_static(header.name());
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }

    async fn identity(&self) -> Result<Identity, BoxError> {
        let kept = self.kept().clone();
        if let Some(identity) = kept
            && identity
                .expiration()
                .is_none_or(|expiry| expiry > self.clock.now() + RENEW_BEFORE)
        {
            return Ok(identity);
        }
        let identity = Identity::from(self.provider.provide_credentials().await?);
        *self.kept() = Some(identity.clone());
        Ok(identity)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Identity>> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
