//! Hands requests on to the program that emulates AWS's other services.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lambda_api::ErrorCode;
use stdx::error_chain;
use wire::ApiError;

use crate::http::{Body, BodyError, RequestBody, read_body, refusal};

/// Largest request and answer that are handed on: an object of S3 may be larger and goes there directly.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// The way to an emulator.
pub(super) struct Forwarder {
    to: Uri,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Forwarder {
    /// To the program at this `http://` URL.
    pub fn new(to: Uri) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { to, client }
    }

    /// The emulator's answer, or a refusal that says why there is none.
    pub async fn forward(&self, request: Request<RequestBody>) -> Response<Body> {
        let answer = self.try_forward(request).await;
        answer.unwrap_or_else(|problem| {
            let to = &self.to;
            let message =
                format!("The service at {to} (--aws-endpoint) gave no answer: {problem}.");
            let error = ApiError::new(ErrorCode::InvalidParameterValue, message);
            let mut answer = refusal(error);
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            answer
        })
    }

    async fn try_forward(&self, request: Request<RequestBody>) -> Result<Response<Body>, String> {
        let (mut parts, body) = request.into_parts();
        let body = read_body(body, BYTES_MAX)
            .await
            .map_err(|error| match error {
                BodyError::TooLarge => "the request is larger than 64 MB".to_owned(),
                _ => "the request was not sent to its end".to_owned(),
            })?;
        let mut target = self.to.clone().into_parts();
        target.path_and_query = parts.uri.path_and_query().cloned();
        parts.uri = Uri::from_parts(target).map_err(|error| error.to_string())?;
        // The client writes these for its own connection, whatever the one to the sender speaks.
        parts.version = Version::HTTP_11;
        for name in [HOST, CONNECTION, TRANSFER_ENCODING] {
            parts.headers.remove(name);
        }
        let request = Request::from_parts(parts, Full::new(body));
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| error_chain(&error))?;
        let (mut parts, body) = answer.into_parts();
        let body = http_body_util::Limited::new(body, BYTES_MAX)
            .collect()
            .await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        for name in [CONNECTION, TRANSFER_ENCODING] {
            parts.headers.remove(name);
        }
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}
