//! The interface that the driver needs to run functions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use engine::InvocationOutcome;
use model::{
    CheckpointToken, ErrorObject, ExecutionSpec, FunctionName, Operation, OperationId, RequestId,
    Timestamp, Version,
};
use store::AsyncInvocation;
use tokio_util::sync::CancellationToken;

use crate::{StartRequest, Tenure};

/// The future of an invocation. Dropping it gives the invocation up.
pub type FunctionRunnerFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs functions: as processes, or in this one.
pub trait FunctionRunner: Send + Sync + 'static {
    /// How a durable function's executions are to be run; `None` when there is no such function.
    fn durable_settings(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> Option<DurableSettings>;

    /// Looks for a function that [`durable_settings`](Self::durable_settings) does not know: another server may have
    /// deployed it a moment ago.
    fn look_for(&self, function: &FunctionName, version: &Version) -> FunctionRunnerFuture<()> {
        let _ = (function, version);
        Box::pin(std::future::ready(()))
    }

    /// Whether a chained invoke of a durable function that is not there waits for a run that has it; otherwise it
    /// fails.
    fn waits_for(&self, function: &FunctionName, version: &Version) -> bool {
        let _ = (function, version);
        false
    }

    /// Runs one invocation of a durable function to its end.
    ///
    /// # Errors
    /// [`NoRoom`] when it cannot be run now for want of something of ours; it will be tried again.
    fn invoke_durable(
        &self,
        invocation: DurableInvocation,
    ) -> FunctionRunnerFuture<Result<InvocationReport, NoRoom>>;

    /// How many invocations of a function version may run at one time.
    fn concurrency(&self, function: &FunctionName, version: &Version) -> usize {
        let _ = (function, version);
        usize::MAX
    }

    /// How often, and for how long, an asynchronous invocation is tried.
    fn retry_policy(&self, invocation: &AsyncInvocation) -> RetryPolicy {
        let _ = invocation;
        RetryPolicy::default()
    }

    /// The destination of an ended asynchronous invocation: its event invoke config may name a function that is told of
    /// the end. After a crash it may be asked for again.
    fn destination(&self, ended: EndedInvocation<'_>) -> Option<Destination> {
        let _ = ended;
        None
    }

    /// Resolves when an invocation of this function that found no room may find some; at the latest, it
    /// is tried again after a pause.
    fn wait_for_room(&self, function: &FunctionName) -> FunctionRunnerFuture<()> {
        let _ = function;
        Box::pin(std::future::pending())
    }

    /// Runs one invocation of a plain function to its end.
    fn invoke_plain(&self, invocation: PlainInvocation) -> FunctionRunnerFuture<PlainOutcome>;
}

/// An asynchronous invocation that is not tried again.
#[derive(Debug, Clone, Copy)]
pub struct EndedInvocation<'a> {
    /// The invocation; its attempts are the failed ones.
    pub invocation: &'a AsyncInvocation,
    /// `Success`, `RetriesExhausted` or `EventAgeExceeded`: the conditions of Lambda's invocation records.
    pub condition: &'static str,
    /// The outcome of the last attempt; `None` when its turn did not come in time.
    pub outcome: Option<&'a PlainOutcome>,
    /// When that was.
    pub at: Timestamp,
}

/// Where the record of an ended invocation goes.
#[derive(Debug, Clone)]
pub enum Destination {
    /// A plain function is invoked.
    Plain(Box<AsyncInvocation>),
    /// An execution of a durable function is started, once by its name.
    Durable(Box<StartRequest>),
}

/// Why an invocation cannot be run now: too many at once, or no process, file handle or memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoom {
    /// For logs.
    pub reason: String,
}

/// How the executions of a durable function are run: its `DurableConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurableSettings {
    /// Longest time from start to end, in seconds.
    pub execution_timeout_seconds: u32,
    /// How long the record is kept after the end, in days.
    pub retention_days: u32,
}

/// How an asynchronous invocation of a plain function is tried again: its event invoke config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first; 0–2.
    pub retries_max: u32,
    /// Longest time from acceptance to the last try, in seconds; 60–21,600.
    pub event_age_seconds_max: u32,
}

impl Default for RetryPolicy {
    /// Source: Lambda developer guide, "Error handling for asynchronous invocations".
    fn default() -> Self {
        Self {
            retries_max: 2,
            event_age_seconds_max: 21_600,
        }
    }
}

/// One invocation of a durable function, with the state that it replays.
#[derive(Debug, Clone)]
pub struct DurableInvocation {
    /// The execution's fixed part.
    pub spec: Arc<ExecutionSpec>,
    /// Names this invocation.
    pub request_id: RequestId,
    /// The token that its first checkpoint must present.
    pub checkpoint_token: CheckpointToken,
    /// The recorded operations, the EXECUTION operation first.
    pub operations: Vec<Arc<Operation>>,
    /// Operations that the service changed since an invocation was last told.
    pub updated_operation_ids: Vec<OperationId>,
    /// Cancelled when it is not to run any more. An invocation that no process has then ends as
    /// [`InvocationOutcome::NotStarted`]; one that a process has goes on.
    pub called_off: CancellationToken,
    /// Asked right before a process gets it. Where it does not hold, the invocation ends as
    /// [`InvocationOutcome::NotStarted`].
    pub tenure: Tenure,
}

/// How an invocation of a durable function went.
#[derive(Debug, Clone)]
pub struct InvocationReport {
    /// When a process took it up.
    pub started_at: Timestamp,
    /// How it ended.
    pub outcome: InvocationOutcome,
}

/// One invocation of a plain function.
#[derive(Debug, Clone)]
pub struct PlainInvocation {
    /// Names this invocation.
    pub request_id: RequestId,
    /// The function.
    pub function: FunctionName,
    /// Its version.
    pub version: Version,
    /// The ARN as it was invoked.
    pub invoked_arn: String,
    /// The event.
    pub payload: Vec<u8>,
    /// JSON text of the client context.
    pub client_context: Option<String>,
    /// The X-Ray trace.
    pub trace_header: Option<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// Asked right before a process gets it. Where it does not hold, the invocation ends as [`PlainOutcome::Throttled`].
    pub tenure: Option<Tenure>,
}

/// How an invocation of a plain function went.
#[derive(Debug, Clone)]
pub enum PlainOutcome {
    /// It answered.
    Succeeded(Vec<u8>),
    /// It failed, as a function.
    FunctionError {
        /// The error, taken apart.
        error: ErrorObject,
        /// The error as the caller of Invoke is shown it: JSON.
        payload: Vec<u8>,
    },
    /// It could not be run now: too many at once.
    Throttled(ErrorObject),
    /// It cannot be run: no such function, no executable, the host is shutting down.
    Unavailable(ErrorObject),
}
