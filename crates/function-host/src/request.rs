//! An accepted invocation on its way to a process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;

use crate::function::FunctionKey;
use crate::invocation::{InvocationOutcome, InvocationRequest, InvokeError, Permit, Shortage};
use crate::launch::LaunchError;
use crate::response_stream::ResponseSink;

/// The result for the caller of `invoke`.
pub(crate) type Reply = Result<InvocationOutcome, InvokeError>;

/// Longest request id. AWS's are UUIDs of 36 bytes; the bound keeps ids fit for URLs, headers and log lines.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Longest time in the queue; longer settings mean "for ever" and would overflow the clock.
const WAIT_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const INVOKED_FUNCTION_ARN: HeaderName =
    HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
const TENANT_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-tenant-id");
pub(crate) const DEADLINE_MS: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");

/// Names one invocation for as long as the host lives, independent of the callers' request ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(pub(crate) u64);

/// Whether the delivery to a process or the calling off came first.
#[derive(Debug, Default)]
pub(crate) struct Delivery(AtomicU8);

const DELIVERED: u8 = 1;
const CALLED_OFF: u8 = 2;

impl Delivery {
    /// Calls the invocation off; `false` if a process has it.
    pub(crate) fn call_off(&self) -> bool {
        self.0.fetch_or(CALLED_OFF, Ordering::AcqRel) & DELIVERED == 0
    }

    /// Claims the invocation for a process; `false` if it was called off.
    fn claim(&self) -> bool {
        self.0.fetch_or(DELIVERED, Ordering::AcqRel) & CALLED_OFF == 0
    }

    /// The process did not get it after all.
    fn release(&self) {
        self.0.fetch_and(!DELIVERED, Ordering::AcqRel);
    }

    fn is_called_off(&self) -> bool {
        self.0.load(Ordering::Acquire) & CALLED_OFF != 0
    }
}

/// An invocation and the caller waiting for its result. Dropping it tells the caller that the host is gone.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    /// The headers of the answer to `next`, without the deadline, which is only known at delivery.
    pub(crate) headers: HeaderMap,
    /// Whether a process was started for this invocation. It then fails with that process: an invocation starts at most
    /// one process, so that a function that crashes at start is not started again and again.
    pub(crate) cold: bool,
    /// Whether the caller only wants a started process: the invocation is not delivered.
    pub(crate) only_starts: bool,
    /// The reason why no process could be started for it, if that was attempted and failed.
    pub(crate) obstacle: Option<Box<LaunchError>>,
    /// Names it among all invocations of this host.
    pub(crate) ticket: Ticket,
    /// Until when it may wait for a process.
    pub(crate) wait_until: Instant,
    /// The destination of a streamed response; taken by the first response that begins.
    pub(crate) response_sink: Option<ResponseSink>,
    delivery: Arc<Delivery>,
    permit: Permit,
    arrived: Instant,
    reply: oneshot::Sender<Reply>,
}

impl Work {
    /// Checks a request and prepares it for delivery.
    ///
    /// # Errors
    /// [`InvokeError::InvalidRequest`] when a field cannot be a URL segment or a header.
    pub(crate) fn new(
        request: InvocationRequest,
        ticket: Ticket,
        wait_max: Duration,
        reply: oneshot::Sender<Reply>,
    ) -> Result<Work, InvokeError> {
        check_request_id(&request.request_id)?;
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(REQUEST_ID, header("request_id", &request.request_id)?);
        let arn = header("invoked_function_arn", &request.invoked_function_arn)?;
        headers.insert(INVOKED_FUNCTION_ARN, arn);
        if let Some(trace_id) = &request.trace_id {
            headers.insert(TRACE_ID, header("trace_id", trace_id)?);
        }
        if let Some(client_context) = &request.client_context {
            // Pretty-printed JSON has line breaks only between its tokens, where a space means the same.
            let one_line = client_context.replace(['\n', '\r', '\t'], " ");
            headers.insert(CLIENT_CONTEXT, header("client_context", &one_line)?);
        }
        if let Some(tenant_id) = &request.tenant_id {
            headers.insert(TENANT_ID, header("tenant_id", tenant_id)?);
        }
        let arrived = Instant::now();
        Ok(Work {
            request_id: request.request_id,
            payload: request.payload,
            headers,
            cold: false,
            obstacle: None,
            ticket,
            wait_until: arrived + wait_max.min(WAIT_MAX),
            response_sink: request.response_sink,
            delivery: Arc::default(),
            only_starts: false,
            permit: request.permit,
            arrived,
            reply,
        })
    }

    /// Whether its caller has gone or has called it off: then it must not be delivered.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.reply.is_closed() || self.delivery.is_called_off()
    }

    pub(crate) fn delivery(&self) -> Arc<Delivery> {
        Arc::clone(&self.delivery)
    }

    /// Claims it for a process that is about to get it; `false` if it must not be delivered.
    pub(crate) fn claim(&self) -> bool {
        !self.reply.is_closed() && self.permit.holds() && self.delivery.claim()
    }

    /// Whether it may begin now.
    pub(crate) fn may_begin(&self) -> bool {
        self.permit.holds()
    }

    /// The permit, which is checked once more on the way to a process.
    pub(crate) fn permit(&self) -> Permit {
        self.permit.clone()
    }

    /// The process that it was claimed for did not get it.
    pub(crate) fn release(&self) {
        self.delivery.release();
    }

    /// Gives it up; a caller that called it off while a process seemed to have it gets that answer.
    pub(crate) fn give_up(self, function: FunctionKey) {
        let _ = self.reply.send(Err(InvokeError::CalledOff { function }));
    }

    /// Returns the error for a caller that has waited too long.
    pub(crate) fn waited_too_long(&mut self, function: FunctionKey) -> InvokeError {
        let shortage = Shortage::WaitedTooLong {
            waited: self.arrived.elapsed(),
            obstacle: self.obstacle.take(),
        };
        InvokeError::NoRoom { function, shortage }
    }

    /// Answers the caller.
    pub(crate) fn reply(self, reply: Reply) {
        if self.reply.send(reply).is_err() {
            // The caller may stop waiting: the invocation has run to its end anyway.
            tracing::debug!(invocation = %self.request_id, "nobody waits for the outcome any more");
        }
    }
}

fn check_request_id(request_id: &str) -> Result<(), InvokeError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if request_id.is_empty()
        || request_id.len() > REQUEST_ID_BYTES_MAX
        || !request_id.bytes().all(fits)
    {
        return Err(InvokeError::InvalidRequest {
            field: "request_id",
            problem: "it must be 1 to 128 ASCII letters, digits, `-`, `_` and `.`",
        });
    }
    Ok(())
}

fn header(field: &'static str, value: &str) -> Result<HeaderValue, InvokeError> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| InvokeError::InvalidRequest {
        field,
        problem: "it holds control characters, which no HTTP header can carry",
    })
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn work(change: impl FnOnce(&mut InvocationRequest)) -> Result<Work, InvokeError> {
        let mut request = InvocationRequest {
            request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".into(),
            payload: Bytes::from_static(b"{}"),
            invoked_function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f:live".into(),
            client_context: None,
            trace_id: None,
            tenant_id: None,
            response_sink: None,
            called_off: CancellationToken::new(),
            permit: Permit::default(),
        };
        change(&mut request);
        let (reply, _) = oneshot::channel();
        Work::new(request, Ticket(0), Duration::ZERO, reply)
    }

    #[test]
    fn client_context_may_be_pretty_printed() {
        let work = work(|request| request.client_context = Some("{\n\t\"k\": \"ü\"\r\n}".into()))
            .expect("it is valid");
        assert_eq!(
            work.headers[CLIENT_CONTEXT].as_bytes(),
            "{  \"k\": \"ü\"  }".as_bytes()
        );
    }

    #[test]
    fn fields_that_fit_no_header_are_named() {
        for (error, field) in [
            (
                work(|request| request.request_id = "a/b".into()),
                "request_id",
            ),
            (
                work(|request| request.request_id = String::new()),
                "request_id",
            ),
            (
                work(|request| request.trace_id = Some("a\r\nb: c".into())),
                "trace_id",
            ),
            (
                work(|request| request.tenant_id = Some("\0".into())),
                "tenant_id",
            ),
        ] {
            let message = error.expect_err(field).to_string();
            assert!(message.contains(field), "{message}");
        }
    }
}
