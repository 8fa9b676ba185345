//! The outcome of an execution: its end, its operations, its log.

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use lambda_api::{
    ErrorObject, Event, ExecutionStatus, GetDurableExecutionHistoryResponse,
    GetDurableExecutionResponse, OperationType,
};
use serde::de::DeserializeOwned;

use crate::error::{RunError, TestError};
use crate::logs::LogLine;
use crate::operation::{TestOperation, fold, told};
use crate::time::instant;
use crate::tree::Tree;

/// The status of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunStatus {
    /// It ended with a result.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// Its execution timeout ended it.
    TimedOut,
    /// It was stopped.
    Stopped,
    /// It waits: for an answer that no rule gives, or for time that the test does not let pass.
    Waits,
    /// It is paused.
    Paused,
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
            Self::Waits => "WAITS",
            Self::Paused => "PAUSED",
        })
    }
}

/// A snapshot of an execution.
///
/// ```
/// use lambdura::{BoxError, DurableContext, StepContext};
/// use lambdura_testing::{DurableTestRunner, replays};
///
/// async fn price(item: String, ctx: DurableContext) -> Result<u32, BoxError> {
///     ctx.logger().info(format!("pricing {item}"));
///     let price: u32 = ctx
///         .run_in_child_context("price", |ctx: DurableContext| async move {
///             ctx.step(|_: StepContext| async { Ok::<_, BoxError>(12) }).name("look up").await
///         })
///         .await?;
///     Ok(price)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let runner = DurableTestRunner::builder("price", price).open().await?;
/// let run = runner.run("a lamp").await?;
/// let context = run.operation("price");
/// assert_eq!(run.children(context).count(), 1);
/// assert!(run.find_operation("discount").is_none());
/// assert_eq!(run.logs()[0].message, "pricing a lamp");
/// assert!(run.logs()[0].field("executionArn").is_some());
///
/// // What was recorded holds the code of tomorrow.
/// let folder = std::env::temp_dir().join(format!("histories-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// run.save_history(folder.join("a-lamp.json"))?;
/// replays(&folder, price).await?;
/// # std::fs::remove_dir_all(&folder)?;
/// // What differs in every run is left out of the comparison.
/// runner.crash_everywhere("a lamp").await?.ignoring(["request_id"]).assert_same();
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Run {
    function: String,
    name: String,
    status: RunStatus,
    result: Option<String>,
    error: Option<ErrorObject>,
    started_at: SystemTime,
    ended_at: Option<SystemTime>,
    looked_at: SystemTime,
    events: Vec<Event>,
    operations: Vec<TestOperation>,
    logs: Vec<LogLine>,
    unanswered: Vec<String>,
    unused: Vec<String>,
}

/// The parts of a run besides the recorded ones.
pub(crate) struct Around {
    pub function: String,
    pub looked_at: SystemTime,
    pub logs: Vec<LogLine>,
    /// Names of callbacks without an answer.
    pub unanswered: Vec<String>,
    /// Rules that answered nothing, as written in the test.
    pub unused: Vec<String>,
}

impl Run {
    pub(crate) fn new(
        shown: GetDurableExecutionResponse,
        events: Vec<Event>,
        around: Around,
    ) -> Self {
        Self {
            function: around.function,
            name: shown.durable_execution_name,
            status: match shown.status {
                ExecutionStatus::Succeeded => RunStatus::Succeeded,
                ExecutionStatus::Failed => RunStatus::Failed,
                ExecutionStatus::TimedOut => RunStatus::TimedOut,
                ExecutionStatus::Stopped => RunStatus::Stopped,
                ExecutionStatus::Paused | ExecutionStatus::Pausing => RunStatus::Paused,
                _ => RunStatus::Waits,
            },
            result: shown.result,
            error: shown.error,
            started_at: instant(shown.start_timestamp.as_millis()),
            ended_at: shown.end_timestamp.map(|at| instant(at.as_millis())),
            looked_at: around.looked_at,
            operations: fold(&events),
            events,
            logs: around.logs,
            unanswered: around.unanswered,
            unused: around.unused,
        }
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        self.status
    }

    /// The name of the execution.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its result.
    ///
    /// # Errors
    /// When it has no result, or the result is not a `T`: the text has the reason, the callbacks that it waits for, and
    /// the tree.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, RunError> {
        if self.status != RunStatus::Succeeded {
            return Err(RunError(self.explained()));
        }
        let text = self.result.as_deref().unwrap_or("null");
        serde_json::from_str(text)
            .map_err(|error| RunError(format!("the result is not of that type ({error}): {text}")))
    }

    /// Its result as recorded text.
    #[must_use]
    pub fn result_text(&self) -> Option<&str> {
        self.result.as_deref()
    }

    /// The error that it ended with.
    #[must_use]
    pub fn error(&self) -> Option<&ErrorObject> {
        self.error.as_ref()
    }

    /// When it was started, by the test's clock.
    #[must_use]
    pub fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// When it ended, by the test's clock.
    #[must_use]
    pub fn ended_at(&self) -> Option<SystemTime> {
        self.ended_at
    }

    /// How long it took, or has taken so far, by the test's clock.
    #[must_use]
    pub fn took(&self) -> Duration {
        let end = self.ended_at.unwrap_or(self.looked_at);
        end.duration_since(self.started_at).unwrap_or_default()
    }

    /// The first operation of this name, or of this kind if it has no name (`Wait`, `Step`).
    ///
    /// # Panics
    /// When there is none; the text shows the existing ones.
    #[must_use]
    #[track_caller]
    pub fn operation(&self, name: &str) -> &TestOperation {
        match self.find_operation(name) {
            Some(operation) => operation,
            None => panic!("there is no operation `{name}`:\n{}", self.tree()),
        }
    }

    /// As [`operation`](Self::operation), but `None` if there is none.
    #[must_use]
    pub fn find_operation(&self, name: &str) -> Option<&TestOperation> {
        let mut operations = self.operations.iter();
        operations.find(|it| it.name.as_deref().unwrap_or(it.kind()) == name)
    }

    /// All operations, in the order of their start.
    #[must_use]
    pub fn operations(&self) -> &[TestOperation] {
        &self.operations
    }

    /// The context that an operation is in; `None` if that is the handler itself.
    #[must_use]
    pub fn parent(&self, operation: &TestOperation) -> Option<&TestOperation> {
        self.operations.get(operation.parent?)
    }

    /// The operations within a context.
    pub fn children(&self, operation: &TestOperation) -> impl Iterator<Item = &TestOperation> {
        let id = operation.recorded.id.clone();
        let children = self.operations.iter();
        children.filter(move |it| it.recorded.parent_id.as_deref() == Some(id.as_str()))
    }

    /// The operations as a text, one per line: for people, and for comparisons.
    #[must_use]
    pub fn tree(&self) -> Tree<'_> {
        Tree::of(self)
    }

    /// The lines that the handler logged, also those that a replay logged again.
    #[must_use]
    pub fn logs(&self) -> &[LogLine] {
        &self.logs
    }

    /// The event history.
    #[must_use]
    pub fn history(&self) -> &[Event] {
        &self.events
    }

    /// Writes the event history to a file, in the format of AWS's `get-durable-execution-history`: for
    /// [`replays`](crate::replays()).
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_history(&self, path: impl AsRef<Path>) -> Result<(), TestError> {
        let path = path.as_ref();
        let answer = GetDurableExecutionHistoryResponse {
            events: self.events.clone(),
            next_marker: None,
        };
        let text = serde_json::to_string_pretty(&answer);
        let text = text.map_err(|error| TestError::of("write a history", &error))?;
        let written = std::fs::write(path, text + "\n");
        written.map_err(|error| TestError::of(&format!("write `{}`", path.display()), &error))
    }

    /// The names of callbacks that it waits for and that no rule answers.
    #[must_use]
    pub fn waits_for(&self) -> &[String] {
        &self.unanswered
    }

    /// Rules for callbacks that have answered nothing in this world so far, as written in the test. A rule that ends
    /// with `.never()` counts as used once such a callback was opened.
    #[must_use]
    pub fn unused_answers(&self) -> &[String] {
        &self.unused
    }

    pub(crate) fn function(&self) -> &str {
        &self.function
    }

    /// Its status, for the message of a test that expected another one.
    fn explained(&self) -> String {
        let mut text = format!("`{}` is {}", self.function, self.status);
        if let Some(error) = &self.error {
            text.push_str(&format!(": {}", told(error)));
        }
        text.push('\n');
        for hint in self.hints() {
            text.push_str(&format!("  {hint}\n"));
        }
        text.push_str(&self.tree().to_string());
        text
    }

    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<_> = self.unanswered.iter().map(|name| {
            format!(
                "it waits for callback `{name}`, which nobody answers: add \
                 `.answer(callback(\"{name}\").succeeds(&json!(..)))`, or `.never()` if nobody is to"
            )
        }).collect();
        for operation in &self.operations {
            let is_missing = operation.r#type == OperationType::ChainedInvoke
                && operation.error().is_some_and(|error| {
                    error.error_type.as_deref() == Some("ResourceNotFoundException")
                });
            if is_missing && let Some(function) = &operation.function {
                hints.push(format!(
                    "there is no function `{function}` here: add \
                     `.function(\"{function}\", |event: LambdaEvent<Value>| async move {{ .. }})`"
                ));
            }
        }
        for rule in &self.unused {
            hints.push(format!("`{rule}` has answered nothing"));
        }
        hints
    }
}
