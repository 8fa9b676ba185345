//! From HTTP request to runtime call, and from verdict to HTTP response.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use super::body::{self, HandedOn, RESPONSE_BYTES_MAX, ReadBody};
use super::call::{Answer, ConnectionId, NextEvent, Posted, PostedError, Refusal, RuntimeCall};
use super::extension;
use super::peer::Peer;
use super::watched_stream::closed;
use crate::invocation::error_document;
use crate::response_stream::{ResponsePiece, ResponseSink};

const PREFIX: &str = "/2018-06-01/runtime/";
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");
const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

type HttpResponse = Response<Full<Bytes>>;

/// The state that a connection's requests share.
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) connection: ConnectionId,
    pub(crate) stream: Arc<TcpStream>,
    pub(crate) calls: mpsc::Sender<RuntimeCall>,
    /// The `host:port` that the process uses for this API.
    pub(crate) authority: String,
    pub(crate) peer: Peer,
}

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// Its body ended early.
    #[error("read a request's body")]
    Body(#[from] hyper::Error),
    /// The process has hung up on `next`.
    #[error("the runtime has closed the connection on which it waited for an invocation")]
    HungUp,
    /// The invocation may not begin any more. Closing the connection shows that the process has not read it.
    #[error("the invocation that was on its way to the runtime may not begin any more")]
    TooLate,
}

/// A path and method of the Runtime API.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Next,
    Response { request_id: &'a str },
    InvocationError { request_id: &'a str },
    InitError,
    NotFound,
    MethodNotAllowed,
}

impl Router {
    /// Answers one request.
    ///
    /// # Errors
    /// When the connection cannot be used any more.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<HttpResponse, Unanswered> {
        let (head, body) = request.into_parts();
        let is_stranger = self.peer != Peer::Own;
        if is_stranger || self.is_from_elsewhere(&head.headers) {
            let message = "only the function process itself may call its Runtime API";
            let mut refusal =
                refuse_after(body, StatusCode::FORBIDDEN, "AccessDenied", message).await?;
            if is_stranger {
                let close = HeaderValue::from_static("close");
                refusal.headers_mut().insert(CONNECTION, close);
            }
            return Ok(refusal);
        }
        if let Some((method, route)) = extension::route(head.uri.path())
            && method == head.method
        {
            return extension::answer(self, route, head, body).await;
        }
        match route(&head.method, head.uri.path()) {
            Route::Next => self.next().await,
            Route::Response { request_id } => {
                let posted = self.read_response(request_id, &head.headers, body).await?;
                let request_id = request_id.to_owned();
                Ok(self
                    .post(|answer| RuntimeCall::Response {
                        request_id,
                        posted,
                        answer,
                    })
                    .await)
            }
            Route::InvocationError { request_id } => {
                let posted = posted_error(&head.headers, body::read(body).await?);
                let request_id = request_id.to_owned();
                Ok(self
                    .post(|answer| RuntimeCall::InvocationError {
                        request_id,
                        posted,
                        answer,
                    })
                    .await)
            }
            Route::InitError => {
                let posted = posted_error(&head.headers, body::read(body).await?);
                Ok(self
                    .post(|answer| RuntimeCall::InitError { posted, answer })
                    .await)
            }
            Route::NotFound => {
                let message = "the Runtime API has no such path";
                refuse_after(body, StatusCode::NOT_FOUND, "NotFound", message).await
            }
            Route::MethodNotAllowed => {
                let message = "the path is called with another method";
                refuse_after(
                    body,
                    StatusCode::METHOD_NOT_ALLOWED,
                    "MethodNotAllowed",
                    message,
                )
                .await
            }
        }
    }

    /// Whether a web page in a browser on this machine could have sent the request: browsers reach loopback, too, and a
    /// `GET` of `next` would take an invocation from the process.
    fn is_from_elsewhere(&self, headers: &HeaderMap) -> bool {
        let from_browser = headers.contains_key(ORIGIN) || headers.contains_key(SEC_FETCH_SITE);
        let other_host = headers
            .get(HOST)
            .is_some_and(|host| host.as_bytes() != self.authority.as_bytes());
        from_browser || other_host
    }

    async fn next(&self) -> Result<HttpResponse, Unanswered> {
        let (answer, event) = oneshot::channel::<Result<NextEvent, Refusal>>();
        let connection = self.connection;
        if self
            .calls
            .send(RuntimeCall::Next { connection, answer })
            .await
            .is_err()
        {
            return Ok(ending());
        }
        // The end of the connection is checked first: an event that has already arrived then counts as lost.
        let event = tokio::select! {
            biased;
            () = closed(&self.stream) => return Err(Unanswered::HungUp),
            event = event => event,
        };
        Ok(match event {
            Ok(Ok(event)) if !event.permit.holds() => return Err(Unanswered::TooLate),
            Ok(Ok(event)) => {
                let mut response = Response::new(Full::new(event.payload));
                *response.headers_mut() = event.headers;
                response
            }
            Ok(Err(refusal)) => refused(refusal),
            Err(_) => ending(),
        })
    }

    /// Reads a response to its end. A streamed response is passed on to the invocation's caller meanwhile, if the
    /// caller asked for that.
    async fn read_response(
        &self,
        request_id: &str,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Posted, Unanswered> {
        let mode = headers.get(RESPONSE_MODE).map(HeaderValue::as_bytes);
        let sink = match mode {
            Some(b"streaming") => self.response_sink(request_id).await,
            Some(_) | None => None,
        };
        let Some(sink) = sink else {
            return Ok(posted_response(body::read(body).await?));
        };
        let content_type = headers.get(CONTENT_TYPE).and_then(text);
        sink.send(ResponsePiece::Begin { content_type }).await;
        match body::hand_on(body, &sink).await {
            Ok(HandedOn::Whole { trailers }) => {
                Ok(broken_off(&trailers).map_or(Posted::Streamed, Posted::Error))
            }
            Ok(HandedOn::TooLarge) => Ok(Posted::TooLarge),
            Err(cause) => {
                // The caller has received a part of it already, so the runtime cannot start over.
                let message = "the connection of the response ended before the response did";
                let error_type = "Runtime.TruncatedResponse";
                let posted = Posted::Error(PostedError {
                    error_type: Some(error_type.to_owned()),
                    body: error_document(error_type, message),
                });
                let request_id = request_id.to_owned();
                // The connection has ended: the answer would not be read.
                self.post(|answer| RuntimeCall::Response {
                    request_id,
                    posted,
                    answer,
                })
                .await;
                Err(cause.into())
            }
        }
    }

    async fn response_sink(&self, request_id: &str) -> Option<ResponseSink> {
        let (answer, sink) = oneshot::channel();
        let request_id = request_id.to_owned();
        let begins = RuntimeCall::ResponseBegins { request_id, answer };
        self.calls.send(begins).await.ok()?;
        sink.await.ok().flatten()
    }

    async fn post(&self, call: impl FnOnce(Answer<()>) -> RuntimeCall) -> HttpResponse {
        let (answer, verdict) = oneshot::channel();
        if self.calls.send(call(answer)).await.is_err() {
            return ending();
        }
        match verdict.await {
            Ok(Ok(())) => json(
                StatusCode::ACCEPTED,
                Bytes::from_static(br#"{"status":"OK"}"#),
            ),
            Ok(Err(refusal)) => refused(refusal),
            Err(_) => ending(),
        }
    }
}

fn route<'a>(method: &Method, path: &'a str) -> Route<'a> {
    let Some(path) = path.strip_prefix(PREFIX) else {
        return Route::NotFound;
    };
    let (expected, route) = match path.split('/').collect::<Vec<_>>()[..] {
        ["invocation", "next"] => (Method::GET, Route::Next),
        ["invocation", request_id, "response"] => (Method::POST, Route::Response { request_id }),
        ["invocation", request_id, "error"] => {
            (Method::POST, Route::InvocationError { request_id })
        }
        ["init", "error"] => (Method::POST, Route::InitError),
        _ => return Route::NotFound,
    };
    if *method == expected {
        route
    } else {
        Route::MethodNotAllowed
    }
}

/// The part of a streamed response before it breaks off does not count.
fn posted_response(body: ReadBody) -> Posted {
    if let Some(error) = broken_off(&body.trailers) {
        return Posted::Error(error);
    }
    match body.bytes {
        Some(bytes) => Posted::Success(bytes),
        None => Posted::TooLarge,
    }
}

/// The error in the trailers of a streamed response that breaks off.
fn broken_off(trailers: &HeaderMap) -> Option<PostedError> {
    let error_type = trailers.get(ERROR_TYPE)?;
    let document = trailers
        .get(ERROR_BODY)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    Some(PostedError {
        error_type: text(error_type),
        // If it is not base64 as it should be, the bytes themselves are used.
        body: STANDARD
            .decode(document)
            .unwrap_or_else(|_| document.to_vec())
            .into(),
    })
}

fn posted_error(headers: &HeaderMap, body: ReadBody) -> Posted {
    match body.bytes {
        Some(body) => Posted::Error(PostedError {
            error_type: headers.get(ERROR_TYPE).and_then(text),
            body,
        }),
        None => Posted::TooLarge,
    }
}

fn text(value: &HeaderValue) -> Option<String> {
    value.to_str().ok().map(str::to_owned)
}

fn refused(refusal: Refusal) -> HttpResponse {
    match refusal {
        Refusal::InvalidRequestId => error(
            StatusCode::FORBIDDEN,
            "InvalidRequestID",
            "no invocation with this request id is under way in this process",
        ),
        Refusal::InvalidStateTransition => error(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            "the call does not fit the state of this process",
        ),
        Refusal::TooLarge => error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            &format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."),
        ),
    }
}

/// A container error: the runtime must exit.
pub(super) fn ending() -> HttpResponse {
    error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "ContainerError",
        "this process is being ended",
    )
}

/// Answers after the whole request has been read: an answer in the middle of it would close the connection.
async fn refuse_after(
    body: Incoming,
    status: StatusCode,
    error_type: &str,
    message: &str,
) -> Result<HttpResponse, Unanswered> {
    body::read(body).await?;
    Ok(error(status, error_type, message))
}

pub(super) fn error(status: StatusCode, error_type: &str, message: &str) -> HttpResponse {
    json(status, error_document(error_type, message))
}

pub(super) fn json(status: StatusCode, body: Bytes) -> HttpResponse {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_one_method() {
        let id = Route::Response { request_id: "a-1" };
        for (method, path, expected) in [
            (
                Method::GET,
                "/2018-06-01/runtime/invocation/next",
                Route::Next,
            ),
            (
                Method::POST,
                "/2018-06-01/runtime/invocation/next",
                Route::MethodNotAllowed,
            ),
            (
                Method::POST,
                "/2018-06-01/runtime/invocation/a-1/response",
                id,
            ),
            (
                Method::POST,
                "/2018-06-01/runtime/invocation//error",
                Route::InvocationError { request_id: "" },
            ),
            (
                Method::POST,
                "/2018-06-01/runtime/init/error",
                Route::InitError,
            ),
            (
                Method::GET,
                "/2018-06-01/runtime/init/error",
                Route::MethodNotAllowed,
            ),
            (
                Method::GET,
                "/2018-06-01/runtime/restore/next",
                Route::NotFound,
            ),
            (
                Method::GET,
                "/2020-01-01/extension/event/next",
                Route::NotFound,
            ),
            (Method::GET, "/", Route::NotFound),
        ] {
            assert_eq!(route(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn trailers_turn_a_streamed_response_into_an_error() {
        let mut trailers = HeaderMap::new();
        trailers.insert(ERROR_TYPE, HeaderValue::from_static("Runtime.StreamError"));
        trailers.insert(
            ERROR_BODY,
            HeaderValue::from_static("eyJlcnJvclR5cGUiOiJYIn0="),
        );
        let bytes = Some(Bytes::from_static(b"half a resp"));
        let Posted::Error(error) = posted_response(ReadBody { bytes, trailers }) else {
            panic!("the trailers announce an error");
        };
        assert_eq!(error.error_type.as_deref(), Some("Runtime.StreamError"));
        assert_eq!(error.body, r#"{"errorType":"X"}"#);
    }
}
