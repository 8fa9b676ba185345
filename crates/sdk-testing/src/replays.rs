//! Checks today's code against yesterday's executions.
//!
//! A recorded history is handed to the handler as the state of an invocation in which nothing new may begin. So no code
//! of a step runs, and the replay ends at the first operation that is not recorded.

mod history;
mod service;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambda_api::{InvocationInput, InvocationStatus};
use lambdura::{BoxError, DurableContext, InvocationContext, Invoker};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::TestError;
use crate::operation::told;
use history::{End, Recorded};
use service::{Answering, Watching};

/// Histories that today's code replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replays {
    files: Vec<Replayed>,
}

/// One history that today's code replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replayed {
    /// The file.
    pub file: PathBuf,
    /// The number of recorded operations.
    pub operations: usize,
    /// Whether the execution had ended by itself: then the code came to the same end, and called nothing else. An
    /// execution that was stopped or timed out did not end by itself: it is replayed as far as it is recorded.
    pub ended: bool,
    /// The operations that the code calls next, if the execution had not ended.
    pub goes_on_with: Vec<String>,
}

/// Replays each history in a folder (`*.json`) with a handler whose code may have changed since.
///
/// A history is the answer of AWS's `get-durable-execution-history --include-execution-data`, with all its pages, that
/// of `lambdura history --output json`, or a file written by [`Run::save_history`](crate::Run::save_history). If the
/// execution ended, the code must come to the same end, and call only recorded operations. If it had not ended, the
/// code may call new operations once it has called every operation that ended. The code of steps does not run.
///
/// # Errors
/// When there are no histories, when one cannot be read, and when the code does not repeat one: the text has the file,
/// the operation, the recorded and the called one, for each of them.
/// # Examples
///
/// ```no_run
/// # use lambdura::{BoxError, DurableContext};
/// # async fn approve(amount: u32, ctx: DurableContext) -> Result<String, BoxError> { Ok(String::new()) }
/// # async fn test() -> Result<(), BoxError> {
/// let report = lambdura_testing::replays("tests/histories", approve).await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
pub async fn replays<F, Fut, Event, T, E>(
    folder: impl AsRef<Path>,
    handler: F,
) -> Result<Replays, TestError>
where
    F: Fn(Event, DurableContext) -> Fut + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    Event: DeserializeOwned + Send,
    T: Serialize + Send,
    E: Into<BoxError>,
{
    let folder = folder.as_ref();
    let mut files = Vec::new();
    let mut failures = Vec::new();
    for file in history::files_in(folder)? {
        let replayed = match Recorded::read(&file) {
            Ok(recorded) => replay(file.clone(), recorded, &handler).await,
            Err(problem) => Err(problem),
        };
        match replayed {
            Ok(replayed) => files.push(replayed),
            Err(problem) => failures.push(format!("{}: {problem}", file.display())),
        }
    }
    if failures.is_empty() {
        return Ok(Replays { files });
    }
    Err(TestError(failures.join("\n")))
}

async fn replay<F, Fut, Event, T, E>(
    file: PathBuf,
    recorded: Recorded,
    handler: &F,
) -> Result<Replayed, String>
where
    F: Fn(Event, DurableContext) -> Fut + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    Event: DeserializeOwned + Send,
    T: Serialize + Send,
    E: Into<BoxError>,
{
    let watching = Arc::<Watching>::default();
    let service = Answering::default();
    let invoker = Invoker::new(service.clone()).replaying_only(watching.clone());
    let input = InvocationInput {
        durable_execution_arn: recorded.arn(),
        checkpoint_token: "recorded".to_owned(),
        initial_execution_state: recorded.state(),
        updated_operation_ids: None,
    };
    let invocation = InvocationContext {
        request_id: "replay".to_owned(),
        remaining_time: None,
    };
    let invoked = invoker.invoke(handler, input, invocation).await;
    let mut output = invoked.map_err(|error| format!("the replay could not be run: {error}"))?;
    if let Some(large) = service.large_result() {
        output.result = Some(large);
    }
    let asked = watching.not_recorded(&recorded);
    let error = output.error.as_ref();
    if let Some(error) = error
        && error.error_type.as_deref() == Some("NonDeterministicExecutionError")
    {
        return Err(error.error_message.clone().unwrap_or_default());
    }
    if let Some(missed) = recorded.missed(&watching) {
        let next = match asked.first() {
            Some(asked) => format!("{asked} is asked for, where nothing is recorded"),
            None => came_to(&output.status, output.result.as_deref(), error.map(told)),
        };
        return Err(format!(
            "{missed} is recorded, and the code does not call it any more: {next}"
        ));
    }
    let Some(end) = &recorded.end else {
        // At the end of its records, yesterday's code waited: an end would have been recorded.
        if output.status != InvocationStatus::Pending {
            let came_to = came_to(&output.status, output.result.as_deref(), error.map(told));
            if output.status == InvocationStatus::Failed || recorded.leaves_open(&watching) {
                return Err(format!(
                    "it is recorded that it had not ended, and {came_to}"
                ));
            }
        }
        return Ok(Replayed {
            file,
            operations: recorded.operations.len(),
            ended: false,
            goes_on_with: asked,
        });
    };
    if let Some(asked) = asked.first() {
        return Err(format!(
            "{asked} is asked for, where nothing is recorded: the execution had ended without it"
        ));
    }
    let is_same = match (end, &output.status) {
        (End::Succeeded(result), InvocationStatus::Succeeded) => {
            is_same_json(result.as_deref(), output.result.as_deref())
        }
        (End::Failed(expected), InvocationStatus::Failed) => {
            error.map(told).as_ref() == Some(expected)
        }
        _ => false,
    };
    if !is_same {
        let came_to = came_to(&output.status, output.result.as_deref(), error.map(told));
        return Err(format!("it is recorded that it {end}, and {came_to}"));
    }
    Ok(Replayed {
        file,
        operations: recorded.operations.len(),
        ended: true,
        goes_on_with: Vec::new(),
    })
}

impl Replays {
    /// The histories, by the names of their files.
    #[must_use]
    pub fn files(&self) -> &[Replayed] {
        &self.files
    }
}

impl fmt::Display for Replays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in &self.files {
            let end = if one.ended {
                "to its end"
            } else {
                "as far as it goes"
            };
            let (file, operations) = (one.file.display(), one.operations);
            writeln!(f, "{file}: {operations} operations, {end}")?;
        }
        Ok(())
    }
}

fn came_to(status: &InvocationStatus, result: Option<&str>, error: Option<String>) -> String {
    match (status, error) {
        (InvocationStatus::Pending, _) => "today's code waits for something".to_owned(),
        (_, Some(error)) => format!("today's code failed with {error}"),
        (_, None) => format!("today's code returned {}", result.unwrap_or("nothing")),
    }
}

fn is_same_json(one: Option<&str>, other: Option<&str>) -> bool {
    let value = |text: Option<&str>| -> Option<Value> { serde_json::from_str(text?).ok() };
    one == other || value(one) == value(other)
}
