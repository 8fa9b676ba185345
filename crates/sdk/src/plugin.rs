//! Plugins: code that watches executions, for traces, metrics and audits, and cannot change them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub use lambda_api::{InvocationStatus, OperationStatus, OperationType};

use crate::operation::{Operation, is_terminal};
use crate::operation_id::OperationSpec;

/// Watches the invocations, operations and attempts of a function; see [`Invoker::with_plugin`](crate::Invoker::with_plugin).
///
/// Every method does nothing until it is written, and is called in the task that runs the handler: a slow one makes
/// the function slow. A panic in one is caught and logged; it has no effect on the execution, nor on other plugins.
///
/// Source: plugin hooks of the official SDKs, whose names these are; conformance cases 10-1 to 10-7.
///
/// ```
/// use lambdura::{Plugin, plugin};
///
/// struct PrintSteps;
///
/// impl Plugin for PrintSteps {
///     fn on_operation_end(&self, end: &plugin::OperationEnd<'_>) {
///         println!("{} is {}", end.operation.operation_id, end.status);
///     }
/// }
/// ```
pub trait Plugin: Send + Sync + 'static {
    /// An invocation begins; the handler has not been called yet.
    fn on_invocation_start(&self, invocation: &InvocationInfo<'_>) {
        _ = invocation;
    }

    /// An invocation is over, and what it answers is known.
    fn on_invocation_end(&self, end: &InvocationEnd<'_>) {
        _ = end;
    }

    /// An operation is recorded for the first time.
    fn on_operation_start(&self, operation: &OperationInfo<'_>) {
        _ = operation;
    }

    /// An operation has come to its end: called once, in the first invocation that sees it.
    fn on_operation_end(&self, end: &OperationEnd<'_>) {
        _ = end;
    }

    /// An attempt of a step, or a check of a condition, begins.
    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        _ = function;
    }

    /// An attempt of a step, or a check of a condition, is over.
    fn on_user_function_end(&self, end: &UserFunctionEnd<'_>) {
        _ = end;
    }
}

/// An invocation of an execution.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct InvocationInfo<'a> {
    /// The ARN of the execution.
    pub execution_arn: &'a str,
    /// The Lambda request id.
    pub request_id: &'a str,
    /// Nothing of the execution is recorded yet.
    pub is_first_invocation: bool,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct InvocationEnd<'a> {
    /// The invocation.
    pub invocation: InvocationInfo<'a>,
    /// What it answers; `None` if the invocation itself failed and will be repeated.
    pub status: Option<&'a InvocationStatus>,
}

/// An operation of an execution.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationInfo<'a> {
    /// The ARN of the execution.
    pub execution_arn: &'a str,
    /// The id that the event history shows.
    pub operation_id: &'a str,
    /// The id of the context that it is in, unless that is the handler itself.
    pub parent_id: Option<&'a str>,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// What it is.
    pub r#type: &'a OperationType,
    /// What it is more precisely, such as `ParallelBranch`.
    pub sub_type: Option<&'a str>,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationEnd<'a> {
    /// The operation.
    pub operation: OperationInfo<'a>,
    /// Its terminal status.
    pub status: &'a OperationStatus,
}

/// One attempt of a step, or one check of a condition.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UserFunctionInfo<'a> {
    /// The operation that it is an attempt of.
    pub operation: OperationInfo<'a>,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UserFunctionEnd<'a> {
    /// The attempt.
    pub function: UserFunctionInfo<'a>,
    /// The message of its error; `None` if it succeeded.
    pub error_message: Option<&'a str>,
}

/// The plugins of a function, in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct Plugins(Vec<Arc<dyn Plugin>>);

impl Plugins {
    pub(crate) fn add(&mut self, plugin: impl Plugin) {
        self.0.push(Arc::new(plugin));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn each(&self, call: impl Fn(&dyn Plugin)) {
        for plugin in &self.0 {
            if catch_unwind(AssertUnwindSafe(|| call(plugin.as_ref()))).is_err() {
                tracing::warn!("a plugin panicked, which has no effect on the execution");
            }
        }
    }

    /// Tells what became of an operation between two looks at it.
    pub(crate) fn operation_changed(&self, arn: &str, before: Standing, operation: &Operation) {
        let info = OperationInfo {
            execution_arn: arn,
            operation_id: &operation.id,
            parent_id: operation.parent_id.as_deref(),
            name: operation.name.as_deref(),
            r#type: &operation.r#type,
            sub_type: operation.sub_type.as_deref(),
        };
        if operation.r#type == OperationType::Execution {
            return;
        }
        if before == Standing::Unknown {
            self.each(|plugin| plugin.on_operation_start(&info));
        }
        if before != Standing::Ended && Standing::of(Some(operation)) == Standing::Ended {
            let end = OperationEnd {
                operation: info,
                status: &operation.status,
            };
            self.each(|plugin| plugin.on_operation_end(&end));
        }
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} plugins", self.0.len())
    }
}

/// How far an operation is, as far as plugins are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Unknown,
    Open,
    Ended,
}

impl Standing {
    pub(crate) fn of(operation: Option<&Operation>) -> Self {
        match operation {
            None => Self::Unknown,
            Some(operation) if is_terminal(operation) => Self::Ended,
            Some(_) => Self::Open,
        }
    }
}

impl OperationSpec {
    pub(crate) fn info<'a>(&'a self, execution_arn: &'a str) -> OperationInfo<'a> {
        OperationInfo {
            execution_arn,
            operation_id: self.id().as_str(),
            parent_id: self.parent_id.as_ref().map(|id| id.as_str()),
            name: self.name.as_deref(),
            r#type: &self.r#type,
            sub_type: Some(self.sub_type),
        }
    }
}
