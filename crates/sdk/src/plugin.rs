//! Plugins: code that watches executions, for traces, metrics and audits, and cannot change them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::SystemTime;

pub use lambda_api::{ErrorObject, InvocationStatus, OperationStatus, OperationType};

use crate::machine_time::instant;
use crate::operation::{Operation, ends};
use crate::operation_id::OperationSpec;

/// Watches the invocations, operations and attempts of a function; see [`Invoker::with_plugin`](crate::Invoker::with_plugin).
///
/// Every method does nothing by default. Methods are called in the task that runs the handler, so a slow one makes the
/// function slow. A panic in a method is caught and logged; it affects neither the execution nor other plugins.
///
/// Source: plugin hooks of the official SDKs, which have the same names; conformance cases 10-1 to 10-23.
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

    /// An invocation is over, and its answer is known.
    fn on_invocation_end(&self, end: &InvocationEnd<'_>) {
        _ = end;
    }

    /// An operation is recorded for the first time; or an invocation begins and the operation is recorded, but has not
    /// come to its end: then [`OperationInfo::is_replay`] is set.
    fn on_operation_start(&self, operation: &OperationInfo<'_>) {
        _ = operation;
    }

    /// An operation has come to its end: called once, in the first invocation that sees it.
    fn on_operation_end(&self, end: &OperationEnd<'_>) {
        _ = end;
    }

    /// The service has answered a checkpoint, and the records of some operations have changed.
    fn on_operation_change(&self, change: &OperationChange<'_>) {
        _ = change;
    }

    /// An attempt of a step, a check of a condition, or the function of a context begins: a child context, a branch, or
    /// an item of a map. This is not called for contexts that leave no record.
    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        _ = function;
    }

    /// Code that [`on_user_function_start`](Self::on_user_function_start) announced is over. The function of a context
    /// that is suspended is not over: it starts again in a later invocation.
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
    /// Whether nothing of the execution is recorded yet.
    pub is_first_invocation: bool,
    /// When the execution began, by the service's clock.
    pub execution_started_at: Option<SystemTime>,
    /// Operations that changed since the last invocation and not by this function, such as a wait that is over.
    pub updated_operations: &'a [OperationInfo<'a>],
    /// The recorded operations of the execution.
    pub operations: Operations<'a>,
}

/// How an invocation ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct InvocationEnd<'a> {
    /// The invocation.
    pub invocation: InvocationInfo<'a>,
    /// Its answer; `None` if the invocation itself failed and will be repeated.
    pub status: Option<&'a InvocationStatus>,
    /// The error that the execution ends with, unless it was too large for the answer and was recorded beforehand.
    pub error: Option<&'a ErrorObject>,
}

/// An operation of an execution, as it is recorded.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationInfo<'a> {
    /// The ARN of the execution.
    pub execution_arn: &'a str,
    /// The id that the event history shows.
    pub operation_id: &'a str,
    /// The id of the context that it is in, unless the handler itself called it.
    pub parent_id: Option<&'a str>,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// The type of the operation.
    pub r#type: &'a OperationType,
    /// Its subtype, such as `ParallelBranch`.
    pub sub_type: Option<&'a str>,
    /// Its status.
    pub status: &'a OperationStatus,
    /// When it started, by the service's clock; `None` before the service has said so.
    pub started_at: Option<SystemTime>,
    /// When it ended, by the service's clock.
    pub ended_at: Option<SystemTime>,
    /// How many attempts of a step, or checks of a condition, have ended.
    pub attempt: Option<u32>,
    /// Its recorded result: the text, not the value.
    pub result: Option<&'a str>,
    /// Its error, or that of a step's last attempt.
    pub error: Option<&'a ErrorObject>,
    /// Whether an earlier invocation recorded it.
    pub is_replay: bool,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationEnd<'a> {
    /// The operation, including its result or error.
    pub operation: OperationInfo<'a>,
    /// Its terminal status.
    pub status: &'a OperationStatus,
}

/// The changes of one checkpoint.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperationChange<'a> {
    /// The ARN of the execution.
    pub execution_arn: &'a str,
    /// The operations that changed, as they are now.
    pub updated_operations: &'a [OperationInfo<'a>],
    /// All operations of the execution, these included.
    pub operations: Operations<'a>,
}

/// One attempt of a step, one check of a condition, or one run of a context's function.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UserFunctionInfo<'a> {
    /// The operation that it is a part of.
    pub operation: OperationInfo<'a>,
    /// The number of the attempt, from 1; always 1 for contexts, which have no attempts.
    pub attempt: u32,
    /// When it began, by this machine's clock.
    pub started_at: SystemTime,
    /// Whether the function of a context runs again to replay its recorded operations.
    pub is_replaying_children: bool,
}

/// How a user's function ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct UserFunctionEnd<'a> {
    /// The function.
    pub function: UserFunctionInfo<'a>,
    /// The message of its error; `None` if it succeeded.
    pub error_message: Option<&'a str>,
    /// When it ended, by this machine's clock.
    pub ended_at: SystemTime,
}

/// The recorded operations of an execution, looked up on demand. The execution itself is not one of them.
///
/// ```
/// use lambdura::{Plugin, plugin};
///
/// /// Says which operations an invocation begins with.
/// struct Resumed;
///
/// impl Plugin for Resumed {
///     fn on_invocation_start(&self, invocation: &plugin::InvocationInfo<'_>) {
///         let operations = invocation.operations;
///         operations.each(|it| {
///             assert!(operations.contains(it.operation_id));
///             println!("{} is recorded", it.operation_id);
///         });
///     }
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Operations<'a>(&'a dyn RecordedOperations);

impl<'a> Operations<'a> {
    pub(crate) fn of(recorded: &'a dyn RecordedOperations) -> Self {
        Self(recorded)
    }

    /// The number of operations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.count()
    }

    /// Whether there are no operations.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an operation with this id is recorded.
    #[must_use]
    pub fn contains(&self, operation_id: &str) -> bool {
        self.0.contains(operation_id)
    }

    /// Calls `look` with each operation, in the order in which they started.
    pub fn each(&self, mut look: impl FnMut(&OperationInfo<'_>)) {
        self.0.each(&mut look);
    }
}

impl fmt::Debug for Operations<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} operations", self.len())
    }
}

/// The source in which the operations of an execution are looked up.
pub(crate) trait RecordedOperations: Send + Sync {
    fn count(&self) -> usize;

    fn contains(&self, operation_id: &str) -> bool;

    /// Calls `look` with each operation, in the order in which they started.
    fn each(&self, look: &mut dyn FnMut(&OperationInfo<'_>));
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

    /// Notifies plugins of an operation whose standing was `before`.
    pub(crate) fn operation_changed(&self, before: Standing, info: &OperationInfo<'_>) {
        if before == Standing::Unknown {
            self.each(|plugin| plugin.on_operation_start(info));
        }
        if before != Standing::Ended && Standing::of_status(info.status) == Standing::Ended {
            let end = OperationEnd {
                operation: *info,
                status: info.status,
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

/// Operation status, as far as plugins need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Unknown,
    Open,
    Ended,
}

impl Standing {
    pub(crate) fn of(operation: Option<&Operation>) -> Self {
        operation.map_or(Self::Unknown, |operation| {
            Self::of_status(&operation.status)
        })
    }

    fn of_status(status: &OperationStatus) -> Self {
        if ends(status) {
            Self::Ended
        } else {
            Self::Open
        }
    }
}

impl<'a> OperationInfo<'a> {
    pub(crate) fn of(execution_arn: &'a str, operation: &'a Operation, is_replay: bool) -> Self {
        let step = operation.step_details.as_ref();
        let context = operation.context_details.as_ref();
        let callback = operation.callback_details.as_ref();
        let invoke = operation.chained_invoke_details.as_ref();
        let result = step
            .and_then(|details| details.result.as_deref())
            .or_else(|| context.and_then(|details| details.result.as_deref()))
            .or_else(|| callback.and_then(|details| details.result.as_deref()))
            .or_else(|| invoke.and_then(|details| details.result.as_deref()));
        let error = step
            .and_then(|details| details.error.as_ref())
            .or_else(|| context.and_then(|details| details.error.as_ref()))
            .or_else(|| callback.and_then(|details| details.error.as_ref()))
            .or_else(|| invoke.and_then(|details| details.error.as_ref()));
        Self {
            execution_arn,
            operation_id: &operation.id,
            parent_id: operation.parent_id.as_deref(),
            name: operation.name.as_deref(),
            r#type: &operation.r#type,
            sub_type: operation.sub_type.as_deref(),
            status: &operation.status,
            started_at: operation.start_timestamp.and_then(instant),
            ended_at: operation.end_timestamp.and_then(instant),
            attempt: step.and_then(|details| details.attempt),
            result,
            error,
            is_replay,
        }
    }

    /// An operation whose start the service has not acknowledged yet.
    pub(crate) fn unrecorded(execution_arn: &'a str, spec: &'a OperationSpec) -> Self {
        Self {
            execution_arn,
            operation_id: spec.id().as_str(),
            parent_id: spec.parent_id.as_ref().map(|id| id.as_str()),
            name: spec.name.as_deref(),
            r#type: &spec.r#type,
            sub_type: Some(spec.sub_type),
            status: &OperationStatus::Started,
            started_at: None,
            ended_at: None,
            attempt: None,
            result: None,
            error: None,
            is_replay: false,
        }
    }
}
