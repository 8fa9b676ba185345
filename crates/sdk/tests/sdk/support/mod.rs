//! A durable execution in a test: a service in memory, and a handler that is invoked until it is done.

mod service;

use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use lambda_api::{InvocationOutput, InvocationStatus};
use lambdura::{BoxError, DurableContext, Error, InvocationContext, Invoker};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use service::{FakeService, Refusal};

/// Most invocations of one test: a handler that needs more is stuck.
const INVOCATIONS_MAX: usize = 20;

/// An execution and its service.
pub struct TestExecution {
    pub service: FakeService,
    /// Time until an invocation is cut off.
    pub time_limit: Mutex<Duration>,
}

impl TestExecution {
    pub fn new(input: impl Serialize) -> Self {
        let input = serde_json::to_string(&input).unwrap();
        Self {
            service: FakeService::new(&input),
            time_limit: Mutex::new(Duration::from_secs(60)),
        }
    }

    /// Invokes the handler once.
    pub async fn invoke<F, Fut, Event, T, E>(&self, handler: F) -> Result<InvocationOutput, Error>
    where
        F: Fn(Event, DurableContext) -> Fut + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        Event: DeserializeOwned + Send,
        T: Serialize + Send,
        E: Into<BoxError>,
    {
        let invocation = InvocationContext {
            request_id: "request".to_owned(),
            remaining_time: Some(*self.time_limit.lock().unwrap()),
        };
        let input = self.service.begin_invocation();
        let ended = Invoker::new(self.service.clone())
            .invoke(&handler, input, invocation)
            .await;
        let valid = ended.as_ref().is_ok_and(|output| {
            output.status != InvocationStatus::Pending || self.service.may_be_pending()
        });
        assert!(valid || ended.is_err(), "PENDING without anything pending");
        ended
    }

    /// Invokes the handler once, which suspends.
    pub async fn suspends<F, Fut, Event, T, E>(&self, handler: F)
    where
        F: Fn(Event, DurableContext) -> Fut + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        Event: DeserializeOwned + Send,
        T: Serialize + Send,
        E: Into<BoxError>,
    {
        let output = self.invoke(handler).await.unwrap();
        assert_eq!(output.status, InvocationStatus::Pending, "{output:?}");
    }

    /// Invokes the handler, letting timers run out in between, until the execution is over.
    pub async fn run<F, Fut, Event, T, E>(&self, handler: F) -> InvocationOutput
    where
        F: Fn(Event, DurableContext) -> Fut + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        Event: DeserializeOwned + Send,
        T: Serialize + Send,
        E: Into<BoxError>,
    {
        for _ in 0..INVOCATIONS_MAX {
            let output = self.invoke(&handler).await.unwrap();
            if output.status != InvocationStatus::Pending {
                return output;
            }
            self.service.skip_to_next_timer();
        }
        panic!(
            "not done after {INVOCATIONS_MAX} invocations:\n{}",
            self.service.outline()
        );
    }
}

/// The result of an execution that succeeded.
pub fn succeeded(output: &InvocationOutput) -> &str {
    assert_eq!(output.status, InvocationStatus::Succeeded, "{output:?}");
    output.result.as_deref().unwrap_or_default()
}

/// Type and message of the error of an execution that failed.
pub fn failed(output: &InvocationOutput) -> (&str, &str) {
    assert_eq!(output.status, InvocationStatus::Failed, "{output:?}");
    let error = output.error.as_ref().unwrap();
    (
        error.error_type.as_deref().unwrap_or_default(),
        error.error_message.as_deref().unwrap_or_default(),
    )
}

/// `Ok` with the error type that most tests use.
pub fn ok<T>(value: T) -> Result<T, BoxError> {
    Ok(value)
}
