//! The invocation that a task is working for, and the keys appended to its log lines.
//!
//! It is a task-local: it follows `.await`, `join!` and `select!`, and [`carry`] takes it into a spawned task.
//! Concurrent invocations in one process therefore never see each other's keys.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::tracer::{self, TraceHeader};

/// Whether no invocation has begun in this process yet.
static COLD: AtomicBool = AtomicBool::new(true);

/// Most keys that one invocation can append; the rest are refused. A log line that needs more is a payload.
const APPENDED_KEYS_MAX: usize = 64;

tokio::task_local! {
    static CURRENT: Arc<Current>;
}

/// The facts of one invocation, as plain strings: no runtime crate is needed to fill it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Invocation {
    /// The request id that Lambda gave the invocation.
    pub request_id: String,
    /// The ARN that the function was invoked by.
    pub function_arn: Option<String>,
    /// The trace header (`Lambda-Runtime-Trace-Id`, else the variable `_X_AMZN_TRACE_ID`).
    pub trace_header: Option<TraceHeader>,
    /// An id that connects lines across functions, such as the API Gateway request id.
    pub correlation_id: Option<String>,
    /// Whether this is the first invocation of the process.
    pub cold_start: bool,
}

impl Invocation {
    /// An invocation with its request id; the first one made in a process is its cold start.
    pub fn new(request_id: impl Into<String>) -> Self {
        Self {
            request_id: request_id.into(),
            function_arn: None,
            trace_header: None,
            correlation_id: None,
            cold_start: COLD.swap(false, Ordering::Relaxed),
        }
    }

    /// Sets the ARN that the function was invoked by.
    #[must_use]
    pub fn function_arn(mut self, arn: impl Into<String>) -> Self {
        self.function_arn = Some(arn.into());
        self
    }

    /// Sets the trace header; one that cannot be parsed is ignored.
    #[must_use]
    pub fn trace_header(mut self, header: &str) -> Self {
        self.trace_header = TraceHeader::parse(header);
        self
    }

    /// Sets the correlation id.
    #[must_use]
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }
}

#[cfg(feature = "lambda-runtime")]
impl From<&lambda_runtime::Context> for Invocation {
    fn from(context: &lambda_runtime::Context) -> Self {
        let invocation = Self::new(context.request_id.clone())
            .function_arn(context.invoked_function_arn.clone());
        match context
            .xray_trace_id
            .clone()
            .or_else(|| std::env::var("_X_AMZN_TRACE_ID").ok())
        {
            Some(header) => invocation.trace_header(&header),
            None => invocation,
        }
    }
}

/// Adds a member to every further log line of the current invocation, or replaces the member with that name.
///
/// Returns whether it did: outside an invocation there is nothing to add it to, and an invocation takes at most 64
/// keys.
///
/// ```
/// # use powertools::{append_key, Invocation, Powertools, Settings, MemorySink};
/// assert!(!append_key("application_id", "LOAN-1"), "there is no invocation here");
/// ```
pub fn append_key(name: impl Into<String>, value: impl Into<Value>) -> bool {
    let (name, value) = (name.into(), value.into());
    with_current(|current| {
        let mut changing = current.changing();
        if let Some((_, slot)) = changing.keys.iter_mut().find(|(key, _)| *key == name) {
            *slot = value;
        } else if changing.keys.len() < APPENDED_KEYS_MAX {
            changing.keys.push((name, value));
        } else {
            return false;
        }
        true
    })
    .unwrap_or(false)
}

/// Sets the correlation id of the current invocation, for functions that find it inside the event.
///
/// Returns whether there is a current invocation.
pub fn set_correlation_id(id: impl Into<String>) -> bool {
    with_current(|current| current.changing().correlation_id = Some(id.into())).is_some()
}

/// Takes the current invocation and subsegment along into a spawned task.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let task = tokio::spawn(powertools::carry(async { tracing::info!("still the same invocation") }));
/// task.await.unwrap();
/// # });
/// ```
pub fn carry<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let current = CURRENT.try_with(Arc::clone).ok();
    let future = tracer::carry(future);
    async move {
        match current {
            Some(current) => CURRENT.scope(current, future).await,
            None => future.await,
        }
    }
}

/// The invocation of a task, with the keys and ids that it gathers.
pub(crate) struct Current {
    pub(crate) invocation: Invocation,
    changing: Mutex<Changing>,
}

#[derive(Default)]
pub(crate) struct Changing {
    pub(crate) correlation_id: Option<String>,
    pub(crate) keys: Vec<(String, Value)>,
}

impl Current {
    pub(crate) fn changing(&self) -> std::sync::MutexGuard<'_, Changing> {
        // The data is plain: it stays usable after a panic of another holder.
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a future as the work of an invocation.
pub(crate) async fn scope<F: Future>(invocation: Invocation, future: F) -> F::Output {
    let changing = Changing {
        correlation_id: invocation.correlation_id.clone(),
        keys: Vec::new(),
    };
    CURRENT
        .scope(
            Arc::new(Current {
                invocation,
                changing: Mutex::new(changing),
            }),
            future,
        )
        .await
}

/// Calls `look` with the current invocation, if there is one.
pub(crate) fn with_current<T>(look: impl FnOnce(&Current) -> T) -> Option<T> {
    CURRENT.try_with(|current| look(current)).ok()
}
