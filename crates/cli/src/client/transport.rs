//! One request, one answer: HTTP/1.1 over TCP, or TLS.

use std::time::Duration;

use access::signature::{Signer, sign};
use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::answer::Answer;
use super::error::{ApiError, CallError};
use super::{signing, tls};
use crate::duration_text::now_ms;

/// How long a connection may take: the service is on this machine or near it.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Largest answer that is read, in bytes. A page of history with 1000 events of moderate size fits; the limit is there
/// so that a wrong endpoint cannot fill the memory.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// An endpoint and the connections to it.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    endpoint: String,
    http: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    signer: Option<Signer>,
}

/// A request.
#[derive(Debug)]
pub(super) struct Call {
    pub method: Method,
    /// Begins with `/`; percent-encoded already.
    pub path_and_query: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
    /// How long the answer may take.
    pub limit: Duration,
}

impl Transport {
    pub fn new(endpoint: &str) -> Result<Self, CallError> {
        let invalid = |problem: &str| CallError::Endpoint {
            endpoint: endpoint.to_owned(),
            problem: problem.to_owned(),
        };
        let uri: http::Uri = endpoint
            .parse()
            .map_err(|error: http::uri::InvalidUri| invalid(&error.to_string()))?;
        let is_https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(invalid("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("it names no host"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(invalid("it must end after the port"));
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIME_MAX));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let connector = tls::connector(connector, is_https).map_err(|error| invalid(&error))?;
        let scheme = if is_https { "https" } else { "http" };
        Ok(Self {
            endpoint: format!("{scheme}://{authority}"),
            http: HttpClient::builder(TokioExecutor::new()).build(connector),
            signer: signing::from_environment(),
        })
    }

    /// The same, for a service whose requests are signed under another name.
    pub fn for_service(&self, service: &str) -> Self {
        let mut other = self.clone();
        if let Some(signer) = &mut other.signer {
            signer.service = service.to_owned();
        }
        other
    }

    pub fn set_signer(&mut self, signer: Signer) {
        self.signer = Some(signer);
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Sends a request and reads the whole answer, which may be an error answer.
    pub async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let limit = call.limit;
        let described = format!("{} {}", call.method, call.path_and_query);
        let request = self.request(call).map_err(|error| CallError::Endpoint {
            endpoint: self.endpoint.clone(),
            problem: error.to_string(),
        })?;
        let exchange = async {
            let unreachable =
                |cause: Box<dyn std::error::Error + Send + Sync>| CallError::Unreachable {
                    endpoint: self.endpoint.clone(),
                    cause,
                };
            let response = self
                .http
                .request(request)
                .await
                .map_err(|error| unreachable(innermost(error)))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX)
                .collect()
                .await
                .map_err(unreachable)?
                .to_bytes();
            Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body,
            })
        };
        tracing::debug!(request = described, "request");
        let answer =
            tokio::time::timeout(limit, exchange)
                .await
                .map_err(|_| CallError::TimedOut {
                    endpoint: self.endpoint.clone(),
                    limit,
                })??;
        tracing::debug!(
            request = described,
            status = answer.status,
            bytes = answer.body.len(),
            "answer"
        );
        Ok(answer)
    }

    /// Sends a request and returns the answer if it is a success.
    pub async fn call(&self, call: Call) -> Result<Answer, CallError> {
        let request = format!("{} {}", call.method, call.path_and_query);
        let answer = self.send(call).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(match ApiError::read(&answer) {
            Some(error) => CallError::Refused(error),
            None => self.garbled(
                request,
                &format!("status {} without an error type", answer.status),
            ),
        })
    }

    pub fn garbled(&self, request: String, problem: &str) -> CallError {
        CallError::Garbled {
            endpoint: self.endpoint.clone(),
            request,
            problem: problem.to_owned(),
        }
    }

    fn request(&self, call: Call) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.endpoint, call.path_and_query))
            .header(
                http::header::USER_AGENT,
                concat!("lambdura/", env!("CARGO_PKG_VERSION")),
            );
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let Some(signer) = &self.signer else {
            return request.body(Full::new(Bytes::from(call.body)));
        };
        let mut request = request.body(())?;
        if let Some(authority) = request.uri().authority() {
            let host = HeaderValue::from_str(authority.as_str())?;
            request.headers_mut().insert(http::header::HOST, host);
        }
        sign(&mut request, &call.body, signer, now_ms())?;
        Ok(request.map(|()| Full::new(Bytes::from(call.body))))
    }
}

/// The innermost cause: "client error (Connect)" says nothing, the operating system's error does.
fn innermost(error: hyper_util::client::legacy::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let mut cause: &dyn std::error::Error = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_checked() {
        for good in [
            "http://127.0.0.1:3001",
            "http://[::1]:3001/",
            "https://lambdura.example.org",
        ] {
            assert!(Transport::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:3001",
            "http://127.0.0.1:3001/path",
            "ftp://x",
        ] {
            assert!(
                matches!(Transport::new(bad), Err(CallError::Endpoint { .. })),
                "{bad}"
            );
        }
    }
}
