//! The calls of a runtime as messages to the task of its process.

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::oneshot;

use super::extension_call::ExtensionCall;
use crate::invocation::Permit;
use crate::response_stream::ResponseSink;

/// One TCP connection of a process, numbered in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// A call of a runtime. A dropped answer means that the process is being ended.
#[derive(Debug)]
pub(crate) enum RuntimeCall {
    /// `GET /invocation/next`; answered when there is an invocation.
    Next {
        connection: ConnectionId,
        answer: Answer<NextEvent>,
    },
    /// `POST /invocation/{id}/response` has begun, and its body is a stream; answered with the stream's destination, or
    /// with `None` if it must be read whole.
    ResponseBegins {
        request_id: String,
        answer: oneshot::Sender<Option<ResponseSink>>,
    },
    /// `POST /invocation/{id}/response`.
    Response {
        request_id: String,
        posted: Posted,
        answer: Answer<()>,
    },
    /// `POST /invocation/{id}/error`.
    InvocationError {
        request_id: String,
        posted: Posted,
        answer: Answer<()>,
    },
    /// `POST /init/error`.
    InitError { posted: Posted, answer: Answer<()> },
    /// A call of an extension.
    Extension(ExtensionCall),
    /// A connection has ended; `broken` means that it did not end between two exchanges, so that the runtime may not
    /// have read the last answer.
    Disconnected {
        connection: ConnectionId,
        broken: bool,
    },
}

/// The channel for a call's answer. Sending fails when the runtime has hung up meanwhile.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, Refusal>>;

/// The answer to `next`.
#[derive(Debug)]
pub(crate) struct NextEvent {
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
    /// Checked right before the event is written: the server may have been suspended since the process's task sent it.
    pub(crate) permit: Permit,
}

/// The content of a runtime's post.
#[derive(Debug)]
pub(crate) enum Posted {
    /// A response.
    Success(Bytes),
    /// A response that was streamed to its destination.
    Streamed,
    /// An error, as the body of an error call or in the trailers of a streamed response.
    Error(PostedError),
    /// A body beyond [`RESPONSE_BYTES_MAX`](super::RESPONSE_BYTES_MAX), which was not kept.
    TooLarge,
}

/// An error that a runtime posted.
#[derive(Debug)]
pub(crate) struct PostedError {
    /// `Lambda-Runtime-Function-Error-Type`.
    pub(crate) error_type: Option<String>,
    pub(crate) body: Bytes,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// This process runs no such invocation.
    InvalidRequestId,
    /// The call does not fit the process's state.
    InvalidStateTransition,
    /// The body is too large; the invocation has failed because of it.
    TooLarge,
}
