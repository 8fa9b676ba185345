//! The production client of the two calls that a durable function makes: the AWS Lambda API, over kept connections, one
//! for each call that the process makes at one time, up to a limit.
//!
//! It does what AWS's own client does for these calls (signature, endpoint and credential resolution, standard retries)
//! in the task that awaits it: no pool, no background task, and no wake-up of other threads between a step's end and
//! the next step's start.

mod clock;
mod connection;
mod endpoint;
mod signer;
mod socket;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use aws_config::SdkConfig;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use lambda_api::{ErrorBody, ErrorCode, headers};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::client::connection::{Connection, Connector, Reply};
use crate::client::endpoint::{Endpoint, Variant};
use crate::client::signer::Signer;
use crate::error::BoxError;
use crate::run_error::Error;
use crate::service::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse, DurableServiceClient,
    GetDurableExecutionStateResponse, ServiceError,
};

/// Attempts at one call, the first included. Source: the AWS SDKs' standard retry mode.
const ATTEMPTS_MAX: u32 = 3;

/// Longest delay between two attempts. Source: the AWS SDKs' standard retry mode.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(20);

/// Longest time for an answer. Source: official durable execution SDKs.
const READ_TIMEOUT: Duration = Duration::from_secs(50);

/// Calls at one time by a socket. A service on the same machine, which reserves a place for each connection of each
/// process, would not answer more of them sooner.
#[cfg(unix)]
const CALLS_BY_SOCKET_MAX: usize = 32;

/// Calls at one time by a port: they cover the invocations that AWS allows in an execution environment in nearly all
/// cases.
const CALLS_MAX: usize = 128;

/// The characters to encode in a label of a path.
const LABEL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

const PRODUCT: &str = concat!(
    "aws-durable-execution-sdk-rust-lambdura/",
    env!("CARGO_PKG_VERSION")
);

/// A client of the AWS Lambda API.
#[derive(Debug)]
pub(crate) struct LambdaClient {
    endpoint: Endpoint,
    /// `None` where the connection itself identifies the caller: see [`socket`].
    signer: Option<Signer>,
    connector: Connector,
    calls: Semaphore,
    /// The most recently used one is last. There are at most as many as calls were made at one time.
    idle: Mutex<Vec<Connection>>,
}

impl LambdaClient {
    /// Region, credentials and endpoint as in every AWS SDK: environment, profile, and so on. If a server on this
    /// machine offers a socket, the client uses the socket.
    pub(crate) async fn from_env() -> Result<Self, Error> {
        #[cfg(unix)]
        if let Some((endpoint, path)) = socket::from_env() {
            return Ok(Self {
                endpoint: Endpoint::parse(&endpoint)?,
                signer: None,
                connector: Connector::to_socket(path),
                calls: Semaphore::new(CALLS_BY_SOCKET_MAX),
                idle: Mutex::default(),
            });
        }
        let config = aws_config::load_from_env().await;
        let (region, endpoint) = place(&config)?;
        let signer = Signer::new(&region, config.credentials_provider())?;
        let connector = Connector::new(&endpoint)?;
        Ok(Self {
            endpoint,
            signer: Some(signer),
            connector,
            calls: Semaphore::new(CALLS_MAX),
            idle: Mutex::default(),
        })
    }

    /// Makes one call, and repeats the same request where that can help.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path_and_query: &str,
        body: Bytes,
    ) -> Result<T, ServiceError> {
        let mut attempt = 1;
        let mut is_clock_corrected = false;
        loop {
            let error = match self.attempt(&method, path_and_query, &body).await {
                Ok(reply) if reply.status.is_success() => {
                    return serde_json::from_slice(&reply.body).map_err(|error| {
                        unreachable_because(format!("answer cannot be read: {error}"))
                    });
                }
                Ok(reply) => {
                    let error = rejection(reply.status, &reply.headers, &reply.body);
                    if !is_clock_corrected
                        && clock::may_be_the_reason(&error)
                        && let Some(signer) = &self.signer
                        && signer.clock().correct(&reply.headers)
                    {
                        // Repeated at once, and not counted as an attempt: the service has not looked at the request.
                        is_clock_corrected = true;
                        continue;
                    }
                    error
                }
                Err(cause) => ServiceError::Unreachable { cause },
            };
            if attempt == ATTEMPTS_MAX || !is_transient(&error) {
                return Err(error);
            }
            let backoff = Duration::from_secs(1 << (attempt - 1)).min(RETRY_DELAY_MAX);
            tracing::debug!(%error, attempt, "retrying a call to the Lambda API");
            tokio::time::sleep(backoff.mul_f64(fastrand::f64())).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        method: &Method,
        path_and_query: &str,
        body: &Bytes,
    ) -> Result<Reply, BoxError> {
        let _turn = self.calls.acquire().await?;
        let mut request = Request::builder()
            .method(method)
            .uri(self.endpoint.request_target(path_and_query))
            .header(HOST, self.endpoint.authority())
            .header(USER_AGENT, PRODUCT);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let mut request = request.body(Full::new(body.clone()))?;
        if let Some(signer) = &self.signer {
            let url = self.endpoint.url(path_and_query);
            signer.sign(&mut request, &url, body).await?;
        }

        let mut connection = match self.take_idle().await {
            Some(connection) => connection,
            None => self.connector.connect().await?,
        };
        let reply = tokio::time::timeout(READ_TIMEOUT, connection.exchange(request))
            .await
            .map_err(|_| format!("no answer within {READ_TIMEOUT:?}"))??;
        if connection.is_reusable() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            // Connections left over from many simultaneous calls are not kept.
            if idle.first().is_some_and(Connection::is_stale) {
                idle.retain(|it| !it.is_stale());
            }
            idle.push(connection);
        }
        Ok(reply)
    }

    /// A kept connection that the other side has not closed meanwhile.
    async fn take_idle(&self) -> Option<Connection> {
        loop {
            let kept = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let mut connection = kept?;
            if connection.is_alive().await {
                return Some(connection);
            }
        }
    }
}

impl DurableServiceClient for LambdaClient {
    fn checkpoint<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        request: CheckpointDurableExecutionRequest,
    ) -> BoxFuture<'a, Result<CheckpointDurableExecutionResponse, ServiceError>> {
        Box::pin(async move {
            let arn = utf8_percent_encode(durable_execution_arn, LABEL);
            let path = format!("/2025-12-01/durable-executions/{arn}/checkpoint");
            let body = serde_json::to_vec(&request)
                .map_err(|error| unreachable_because(format!("serialise request: {error}")))?;
            self.call(Method::POST, &path, body.into()).await
        })
    }

    fn get_state<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        checkpoint_token: &'a str,
        marker: &'a str,
    ) -> BoxFuture<'a, Result<GetDurableExecutionStateResponse, ServiceError>> {
        Box::pin(async move {
            let arn = utf8_percent_encode(durable_execution_arn, LABEL);
            let token = utf8_percent_encode(checkpoint_token, LABEL);
            let marker = utf8_percent_encode(marker, LABEL);
            let path = format!(
                "/2025-12-01/durable-executions/{arn}/state?CheckpointToken={token}&Marker={marker}&MaxItems=1000"
            );
            self.call(Method::GET, &path, Bytes::new()).await
        })
    }
}

/// The region, and the endpoint in it.
fn place(config: &SdkConfig) -> Result<(String, Endpoint), Error> {
    let region = config.region().ok_or_else(|| Error::Configuration {
        reason: "no region; set AWS_REGION".to_owned(),
    })?;
    let variant = Variant {
        use_fips: config.use_fips().unwrap_or(false),
        use_dual_stack: config.use_dual_stack().unwrap_or(false),
    };
    let endpoint = Endpoint::resolve(region.as_ref(), config.endpoint_url(), variant)?;
    Ok((region.to_string(), endpoint))
}

fn unreachable_because(cause: String) -> ServiceError {
    ServiceError::Unreachable {
        cause: cause.into(),
    }
}

/// An answer with an error status. The error's name is in a header, or in the body.
fn rejection(status: StatusCode, reply_headers: &HeaderMap, body: &[u8]) -> ServiceError {
    let parsed: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    let header = reply_headers
        .get(headers::ERROR_TYPE)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty());
    let code = header.or(parsed.error_type.as_deref()).unwrap_or_default();
    let message = match parsed.message() {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned(),
    };
    ServiceError::Rejected {
        code: ErrorCode::from_wire(code),
        status: status.as_u16(),
        message,
    }
}

/// Whether the same request may succeed a little later.
fn is_transient(error: &ServiceError) -> bool {
    match error {
        ServiceError::Unreachable { .. } => true,
        ServiceError::Rejected { code, status, .. } => {
            let is_key_trouble = matches!(
                code,
                ErrorCode::KmsAccessDenied
                    | ErrorCode::KmsDisabled
                    | ErrorCode::KmsInvalidState
                    | ErrorCode::KmsNotFound
            );
            !is_key_trouble && (*status == 429 || *status >= 500)
        }
    }
}

#[cfg(test)]
mod tests;
