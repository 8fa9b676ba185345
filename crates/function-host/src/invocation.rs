//! One invocation as the caller sees it: its request, its outcome, and the reasons why it may not run at all.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::function::FunctionKey;
use crate::launch::LaunchError;
use crate::response_stream::ResponseSink;

/// Carries one event to a function.
#[derive(Clone, Debug)]
pub struct InvocationRequest {
    /// The invocation's id, unique per invocation: ASCII letters, digits, `-`, `_` and `.`, at most 128 of them.
    pub request_id: String,
    /// The event's bytes, passed on unchanged.
    pub payload: Bytes,
    /// The ARN as it was invoked, with its version or alias.
    pub invoked_function_arn: String,
    /// The client context as JSON text (already decoded from base64).
    pub client_context: Option<String>,
    /// The X-Ray trace header, `Root=…;Parent=…;Sampled=…`.
    pub trace_id: Option<String>,
    /// The tenant's id, for functions with tenant isolation.
    pub tenant_id: Option<String>,
    /// Receives the response while it is written, if the function streams it; the successful outcome is then empty.
    /// With `None` the outcome has the whole response.
    pub response_sink: Option<ResponseSink>,
    /// Cancelled by a caller that no longer wants it to run. This has no effect once a process has it.
    pub called_off: CancellationToken,
    /// Checked right before a process gets it: without a permit, it counts as called off.
    pub permit: Permit,
}

/// A check, made at the last moment, of whether an invocation may begin.
#[derive(Clone, Default)]
pub struct Permit(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Permit {
    /// Makes a permit that calls `may_begin`, which must not block. The default is a permit that always holds.
    pub fn new(may_begin: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(may_begin)))
    }

    pub(crate) fn holds(&self) -> bool {
        self.0.as_ref().is_none_or(|may_begin| may_begin())
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.holds()).finish()
    }
}

/// Tells how one invocation that reached a function process (or its start) ended.
#[derive(Clone, Debug)]
pub struct InvocationOutcome {
    /// The request's id.
    pub request_id: String,
    /// The function's answer, or its failure.
    pub result: InvocationResult,
    /// When the event was delivered to the process; for a failed start, when the process was started.
    pub started_at: SystemTime,
    /// When the outcome was known.
    pub finished_at: SystemTime,
    /// From `started_at` to `finished_at`, on the monotonic clock.
    pub duration: Duration,
    /// From the process's start to its first call of `next`, when this invocation started the process.
    pub init_duration: Option<Duration>,
    /// The process's highest resident memory so far, in bytes, if the system reports it and the process has one
    /// invocation at a time.
    pub max_rss_bytes: Option<u64>,
    /// The last 4 KiB of the invocation's log: `START`, output, `END`, `REPORT`.
    pub log_tail: Vec<u8>,
}

/// The function's result for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvocationResult {
    /// The bytes that the runtime posted as the response; empty if they went into the request's sink.
    Success(Bytes),
    /// The function failed; for a caller of Invoke this is HTTP 200 with `X-Amz-Function-Error: Unhandled`.
    FunctionError(FunctionError),
}

/// Describes a failed invocation the way Lambda reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Lambda's or the runtime's error type, such as `Sandbox.Timedout` or `Runtime.ExitError`.
    pub error_type: String,
    /// A JSON document with `errorType` and `errorMessage`: the runtime's document, byte for byte, if that is JSON.
    pub payload: Bytes,
    /// The way in which it failed.
    pub kind: FunctionErrorKind,
}

/// The ways in which an invocation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionErrorKind {
    /// The runtime posted an error for this invocation, or sent one in the trailers of a streamed response.
    Posted,
    /// The function's timeout passed; its process group was ended.
    Timeout,
    /// The process ended before it answered.
    Exit,
    /// The process posted an initialization error, or ended before its first `next`.
    InitError,
    /// The process did not call `next` within the initialization limit.
    InitTimeout,
    /// The response was larger than Lambda takes.
    ResponseTooLarge,
}

/// Why an invocation could not be run at all, in contrast to a function that ran and failed.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The function's entry point cannot be started: it is missing, not executable, or not for this machine. A caller can
    /// retry once the cause is repaired.
    #[error("start a process of function {function}")]
    Launch {
        /// The function.
        function: FunctionKey,
        /// The obstacle, and its remedy.
        #[source]
        cause: Arc<LaunchError>,
    },
    /// The function may have no process at all, because its [`FunctionConfig::concurrency_max`] is zero. A retry helps
    /// once that limit is raised.
    ///
    /// [`FunctionConfig::concurrency_max`]: crate::FunctionConfig::concurrency_max
    #[error("function {function} is throttled: it may have no process")]
    Throttled {
        /// The function.
        function: FunctionKey,
    },
    /// The host is short of a resource; the function did not fail, and the event never reached a process. A caller can
    /// retry later.
    #[error("no room for an invocation of function {function}")]
    NoRoom {
        /// The function.
        function: FunctionKey,
        /// The missing resource.
        #[source]
        shortage: Shortage,
    },
    /// It was called off by [`InvocationRequest::called_off`] before a process had it.
    #[error("an invocation of function {function} was called off before it began")]
    CalledOff {
        /// The function.
        function: FunctionKey,
    },
    /// The host is shutting down, or was shut down before the function answered.
    #[error("function {function} was not run to its end: the function host is shutting down")]
    ShuttingDown {
        /// The function.
        function: FunctionKey,
    },
    /// A field of the request cannot be handed to a runtime.
    #[error("invocation request has an invalid {field}: {problem}")]
    InvalidRequest {
        /// The field of [`InvocationRequest`].
        field: &'static str,
        /// The problem with it.
        problem: &'static str,
    },
}

/// The resource that a host is short of when it has no room for an invocation.
#[derive(Debug, thiserror::Error)]
pub enum Shortage {
    /// All processes of the function are busy, or cannot be started for now, and its queue is full.
    #[error("{processes} processes busy and {queued} invocations waiting")]
    QueueFull {
        /// How many processes the function has.
        processes: usize,
        /// How many invocations wait.
        queued: usize,
    },
    /// The invocation waited in the queue for [`HostConfig::queue_time_max`].
    ///
    /// [`HostConfig::queue_time_max`]: crate::HostConfig::queue_time_max
    #[error("it waited {:.1} seconds for a process", .waited.as_secs_f64())]
    WaitedTooLong {
        /// How long it waited.
        waited: Duration,
        /// The reason why no process could be started for it: the machine's file handles, memory or processes are used
        /// up. `None` if it only waited for its turn.
        #[source]
        obstacle: Option<Box<LaunchError>>,
    },
}

/// The error document in Lambda's shape.
#[derive(Serialize)]
struct ErrorDocument<'a> {
    #[serde(rename = "errorType")]
    error_type: &'a str,
    #[serde(rename = "errorMessage")]
    error_message: &'a str,
}

impl FunctionError {
    /// Makes an error whose document has only the type and the message.
    pub(crate) fn new(kind: FunctionErrorKind, error_type: &str, error_message: &str) -> Self {
        FunctionError {
            error_type: error_type.to_owned(),
            payload: error_document(error_type, error_message),
            kind,
        }
    }

    /// Makes an error from a runtime's post.
    ///
    /// The document's own `errorType` takes precedence over the header's, because the caller of Invoke sees the
    /// document and because `lambda_runtime` sends `unhandled` in the header. A body that is not a JSON object is
    /// wrapped in one.
    pub(crate) fn posted(kind: FunctionErrorKind, header: Option<&str>, body: Bytes) -> Self {
        #[derive(serde::Deserialize)]
        struct Posted {
            #[serde(rename = "errorType")]
            error_type: Option<String>,
        }
        let header_or_unknown = || match header {
            Some(name) if !name.is_empty() => name.to_owned(),
            Some(_) | None => "Runtime.Unknown".to_owned(),
        };
        let is_object = body.trim_ascii_start().first() == Some(&b'{');
        match serde_json::from_slice::<Posted>(&body) {
            Ok(posted) if is_object => FunctionError {
                error_type: posted.error_type.unwrap_or_else(header_or_unknown),
                payload: body,
                kind,
            },
            Ok(_) | Err(_) => {
                FunctionError::new(kind, &header_or_unknown(), &String::from_utf8_lossy(&body))
            }
        }
    }
}

/// Writes a JSON document with `errorType` and `errorMessage`.
pub(crate) fn error_document(error_type: &str, error_message: &str) -> Bytes {
    let document = ErrorDocument {
        error_type,
        error_message,
    };
    serde_json::to_vec(&document)
        .expect("a struct of two strings is always JSON")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(header: Option<&str>, body: &'static str) -> (String, String) {
        let error = FunctionError::posted(
            FunctionErrorKind::Posted,
            header,
            Bytes::from_static(body.as_bytes()),
        );
        (
            error.error_type,
            String::from_utf8_lossy(&error.payload).into_owned(),
        )
    }

    #[test]
    fn posted_document_is_kept_and_names_the_type() {
        let document = r#"{"errorMessage":"no","errorType":"LoanError","stackTrace":[]}"#;
        assert_eq!(
            posted(Some("unhandled"), document),
            ("LoanError".into(), document.into())
        );
    }

    #[test]
    fn header_names_the_type_when_the_document_does_not() {
        assert_eq!(
            posted(Some("Runtime.Custom"), "{}"),
            ("Runtime.Custom".into(), "{}".into())
        );
        assert_eq!(posted(None, "{}").0, "Runtime.Unknown");
    }

    #[test]
    fn what_is_no_object_is_wrapped() {
        let wrapped = r#"{"errorType":"X","errorMessage":"[\"a\"]"}"#;
        assert_eq!(posted(Some("X"), r#"["a"]"#), ("X".into(), wrapped.into()));
        assert_eq!(
            posted(None, "oops").1,
            r#"{"errorType":"Runtime.Unknown","errorMessage":"oops"}"#
        );
    }
}
