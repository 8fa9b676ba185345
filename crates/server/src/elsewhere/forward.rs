//! Forwards requests to the program that emulates AWS's other services.

use bytes::Bytes;
use http::uri::PathAndQuery;
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

/// Largest request and answer that are forwarded. Larger objects of S3 go to the emulator directly.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// The connection to an emulator.
pub(super) struct Forwarder {
    to: Uri,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Forwarder {
    /// For the program at this `http://` URL.
    pub fn new(to: Uri) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { to, client }
    }

    /// The emulator's answer, or a refusal with the reason why there is none.
    pub async fn forward(&self, request: Request<RequestBody>, service: &str) -> Response<Body> {
        let answer = self.try_forward(request, service).await;
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

    async fn try_forward(
        &self,
        request: Request<RequestBody>,
        service: &str,
    ) -> Result<Response<Body>, String> {
        let (mut parts, body) = request.into_parts();
        let body = read_body(body, BYTES_MAX)
            .await
            .map_err(|error| match error {
                BodyError::TooLarge => "the request is larger than 64 MB".to_owned(),
                _ => "the request was not sent to its end".to_owned(),
            })?;
        let mut target = self.to.clone().into_parts();
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| parts.uri.host());
        target.path_and_query = match host.and_then(bucket).filter(|_| service == "s3") {
            Some(bucket) => Some(behind_bucket(bucket, &parts.uri)?),
            None => parts.uri.path_and_query().cloned(),
        };
        parts.uri = Uri::from_parts(target).map_err(|error| error.to_string())?;
        // The client sets these for its own connection, independent of the sender's connection.
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

/// The bucket in the host's name, where clients of S3 put it. The emulator has another host name, and would not find
/// the bucket there.
fn bucket(host: &str) -> Option<&str> {
    let name = host.split(':').next()?;
    let bucket = name.strip_suffix(".localhost")?;
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (!bucket.is_empty() && bucket.bytes().all(is_fit)).then_some(bucket)
}

/// The path of a request when the bucket is not in the host's name.
fn behind_bucket(bucket: &str, uri: &Uri) -> Result<PathAndQuery, String> {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let path = format!("/{bucket}{path}");
    path.parse()
        .map_err(|error| format!("`{path}` is not a path: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_in_the_hosts_name_goes_into_the_path() {
        let path = |host: &str, uri: &str| {
            let uri: Uri = uri.parse().expect("it is one");
            let bucket = bucket(host)?;
            Some(
                behind_bucket(bucket, &uri)
                    .expect("it is a path")
                    .to_string(),
            )
        };
        let found = |host: &str, uri: &str, expected: &str| {
            assert_eq!(path(host, uri).as_deref(), Some(expected), "{host} {uri}");
        };
        found("data.localhost:3001", "/report", "/data/report");
        found("data.localhost", "/", "/data/");
        found("my.data.localhost:3001", "/a%20b?x=1", "/my.data/a%20b?x=1");
        found(
            "data.localhost",
            "http://data.localhost/report",
            "/data/report",
        );
        for host in [
            "localhost:3001",
            "127.0.0.1:3001",
            ".localhost",
            "[::1]:3001",
            "a/b.localhost",
        ] {
            assert_eq!(path(host, "/report"), None, "{host}");
        }
    }
}
