//! Operations of AWS's services, here or elsewhere.

use std::time::Duration;

use access::SecretKey;
use access::signature::Signer;
use aws_services::Request;
use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use server::Credentials;

use super::api::Client;
use super::error::CallError;
use super::transport::Call;

/// A service's answer, which may be a refusal.
#[derive(Debug)]
pub struct ServiceReply {
    pub status: u16,
    /// Names in small letters, and values.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Client {
    /// The same, which signs with these credentials.
    #[must_use]
    pub fn signing_with(mut self, credentials: &Credentials, region: &str) -> Self {
        self.transport.set_signer(Signer {
            access_key_id: credentials.access_key_id.clone(),
            secret: SecretKey::new(credentials.secret_access_key.clone()),
            session_token: credentials.session_token.clone(),
            region: region.to_owned(),
            service: String::new(),
        });
        self
    }

    /// Calls a service whose requests are signed under this name.
    ///
    /// # Errors
    /// [`CallError`] when there is no answer; a refusal is an answer.
    pub async fn call_service(
        &self,
        signing_name: &str,
        request: Request,
        limit: Duration,
    ) -> Result<ServiceReply, CallError> {
        let Request {
            method,
            path_and_query,
            headers,
            body,
        } = request;
        let garbled = |problem: &str| self.transport.garbled(path_and_query.clone(), problem);
        let headers = headers.into_iter().map(|(name, value)| {
            let name = HeaderName::try_from(name).map_err(|error| garbled(&error.to_string()))?;
            let value =
                HeaderValue::try_from(value).map_err(|error| garbled(&error.to_string()))?;
            Ok((name, value))
        });
        let headers: Vec<_> = headers.collect::<Result<_, CallError>>()?;
        let method =
            Method::from_bytes(method.as_bytes()).map_err(|error| garbled(&error.to_string()))?;
        let call = Call {
            method,
            path_and_query,
            headers,
            body,
            limit,
        };
        let answer = self.transport.for_service(signing_name).send(call).await?;
        let headers = answer.headers.iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Ok(ServiceReply {
            status: answer.status,
            headers: headers.collect(),
            body: answer.body,
        })
    }
}
