//! The argument of a step's body.

use std::sync::Arc;
use std::time::SystemTime;

use crate::context::DurableContext;
use crate::machine_time::MachineTime;
use crate::operation_id::OperationSpec;

/// Information for a step's body about the attempt that it runs in.
#[derive(Clone, Debug)]
pub struct StepContext {
    inner: Arc<StepContextInner>,
}

#[derive(Debug)]
struct StepContextInner {
    execution_arn: String,
    request_id: String,
    operation_id: String,
    name: Option<String>,
    attempt: u32,
    time: MachineTime,
}

impl StepContext {
    pub(crate) fn new(context: &DurableContext, spec: &OperationSpec, attempt: u32) -> Self {
        Self {
            inner: Arc::new(StepContextInner {
                execution_arn: context.execution_arn().to_owned(),
                request_id: context.request_id().to_owned(),
                operation_id: spec.id().as_str().to_owned(),
                name: spec.name.clone(),
                attempt,
                time: context.execution().time.clone(),
            }),
        }
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.inner.attempt
    }

    /// The current time where the function runs: the machine's time, or that of a test's clock.
    ///
    /// A step that returns it records it, so that the handler can use it in every replay.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.inner.time.now()
    }

    /// The step's name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.name.as_deref()
    }

    /// The step's id: the same for every attempt, different from every other operation of the execution.
    ///
    /// Together with the ARN it makes an idempotency key for the services that the step calls.
    #[must_use]
    pub fn operation_id(&self) -> &str {
        &self.inner.operation_id
    }

    /// The ARN of the execution.
    #[must_use]
    pub fn execution_arn(&self) -> &str {
        &self.inner.execution_arn
    }

    /// The Lambda request id of the invocation that runs this attempt.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.inner.request_id
    }
}
