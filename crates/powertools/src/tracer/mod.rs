//! X-Ray traces: a subsegment for the handler, nested ones for methods and AWS calls.
//!
//! Lambda itself writes the segment of the function; function code sends subsegments below it (X-Ray Developer Guide,
//! "Sending trace data", `type: subsegment` with `trace_id` and `parent_id`). Each is sent on its own as soon as it
//! ends: nothing is kept in memory, no document grows with the length of an invocation, and the finished parts of a
//! crashed invocation are still visible. Only if the trace header names no parent, so that no segment exists, the
//! handler's document is a segment itself.

mod daemon;
mod document;
mod header;
mod subsegment;

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use serde_json::Value;

use crate::{Invocation, Settings};
use daemon::Daemon;
pub use document::{Annotation, DOCUMENT_BYTES_MAX};
use document::{AwsCall, Place};
pub use header::TraceHeader;
pub use subsegment::Subsegment;
pub(crate) use subsegment::carry;
use subsegment::{OPEN, Open};

/// Sends X-Ray subsegments; cheap to clone.
///
/// Nothing is sent without `AWS_XRAY_DAEMON_ADDRESS`, when the invocation is not sampled, or outside an invocation.
/// A daemon that does not listen costs a log line at level debug, never the function's result.
///
/// ```
/// use powertools::{Invocation, Settings, Tracer, put_annotation, put_metadata};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), std::io::Error> {
/// let tracer = Tracer::new(&Settings::from_env());
/// let invocation = Invocation::new("8e5c0a4e-request")
///     .function_arn("arn:aws:lambda:us-east-1:000000000000:function:Orders:live")
///     .trace_header("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
/// let handled = tracer
///     .capture_lambda_handler(&invocation, async {
///         put_annotation("order_id", "17");
///         put_metadata("orders", "items", 3);
///         tracer.capture_aws("DynamoDB", "PutItem", async { Ok::<_, std::io::Error>(()) }).await
///     })
///     .await;
/// assert!(handled.is_ok());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Tracer {
    service: Arc<str>,
    daemon: Option<Arc<Daemon>>,
}

impl Tracer {
    /// Takes the service's name and the daemon's address from the settings.
    pub fn new(settings: &Settings) -> Self {
        let address = settings
            .daemon_address
            .as_deref()
            .filter(|_| settings.trace_enabled);
        let daemon = address.and_then(|address| match Daemon::open(address) {
            Ok(daemon) => Some(Arc::new(daemon)),
            Err(error) => {
                tracing::warn!(address, %error, "traces are not sent: the X-Ray daemon's address is unusable");
                None
            }
        });
        Self {
            service: settings.service.as_str().into(),
            daemon,
        }
    }

    /// Runs the handler of an invocation in the subsegment `## lambda_handler`, with the annotations `ColdStart` and
    /// `Service`. An error makes it a fault that carries the error's type and message.
    pub async fn capture_lambda_handler<T, E: Display>(
        &self,
        invocation: &Invocation,
        handler: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let place = self.daemon.clone().and_then(|daemon| {
            let header = invocation
                .trace_header
                .as_ref()
                .filter(|header| header.sampled)?;
            Some((
                daemon,
                Place {
                    trace_id: header.root.clone(),
                    parent_id: header.parent.clone(),
                },
            ))
        });
        let Some((daemon, place)) = place else {
            return OPEN.scope(None, handler).await;
        };
        let name = if place.parent_id.is_some() {
            "## lambda_handler"
        } else {
            &self.service
        };
        let handler_subsegment = Subsegment::begin(Arc::new(Open::new(daemon, place, name)));
        handler_subsegment.put_annotation("ColdStart", invocation.cold_start);
        handler_subsegment.put_annotation("Service", &*self.service);
        handler_subsegment.run(handler).await
    }

    /// Runs a method in the subsegment `## name`, below the current one. An error makes it a fault.
    ///
    /// ```
    /// # use powertools::{Settings, Tracer};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let tracer = Tracer::new(&Settings::from_lookup(|_| None));
    /// let answer: Result<u8, String> = tracer
    ///     .capture_method("score", async {
    ///         powertools::put_annotation("bureau", "equifax");
    ///         Ok(7)
    ///     })
    ///     .await;
    /// # assert_eq!(answer, Ok(7));
    /// # });
    /// ```
    pub async fn capture_method<T, E: Display>(
        &self,
        name: &str,
        method: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match subsegment::current() {
            Some(parent) => {
                Subsegment::begin(Arc::new(parent.child(&format!("## {name}"))))
                    .run(method)
                    .await
            }
            None => method.await,
        }
    }

    /// Runs a call of an AWS service in a subsegment with X-Ray's namespace `aws`, named after the service.
    pub async fn capture_aws<T, E: Display>(
        &self,
        service: &str,
        operation: &str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match subsegment::current() {
            Some(parent) => {
                let mut child = parent.child(service);
                child.aws = Some(AwsCall {
                    operation: operation.to_owned(),
                });
                Subsegment::begin(Arc::new(child)).run(call).await
            }
            None => call.await,
        }
    }
}

/// Adds an indexed key and value to the current subsegment; returns whether there is one.
pub fn put_annotation(key: &str, value: impl Into<Annotation>) -> bool {
    subsegment::current()
        .map(|open| open.put_annotation(key, value.into()))
        .is_some()
}

/// Adds a value that is shown with the current subsegment but not searched; returns whether there is one.
pub fn put_metadata(namespace: &str, key: &str, value: impl Into<Value>) -> bool {
    subsegment::current()
        .map(|open| open.put_metadata(namespace, key, value.into()))
        .is_some()
}
