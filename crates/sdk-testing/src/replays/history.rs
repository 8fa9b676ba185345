//! A recorded history, read from a file and turned into the state of an invocation.

use std::fmt;
use std::path::{Path, PathBuf};

use lambda_api::{
    ContextDetails, EpochMillis, Event, EventType, ExecutionDetails,
    GetDurableExecutionHistoryResponse, InitialExecutionState, InvocationOperation,
    OperationStatus, OperationType, StepDetails,
};
use serde_json::Value;

use super::service::Watching;
use crate::error::TestError;
use crate::operation::{TestOperation, fold, told};

/// The year 3000: a time that never comes due in a replay.
const NOT_DUE: EpochMillis = EpochMillis(32_503_680_000_000);

/// The files of a folder that may be histories, by name.
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>, TestError> {
    let attempted = || format!("read the histories in `{}`", folder.display());
    let entries = std::fs::read_dir(folder);
    let entries = entries.map_err(|error| TestError::of(&attempted(), &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|error| TestError::of(&attempted(), &error))?
            .path();
        if path.extension().is_some_and(|it| it == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(TestError(format!(
            "there is no history in `{}`: save one by `run.save_history(..)`, or by \
             `aws lambda get-durable-execution-history --include-execution-data`, as `*.json`",
            folder.display()
        )));
    }
    Ok(files)
}

/// How an execution ended.
pub(super) enum End {
    Succeeded(Option<String>),
    Failed(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded(result) => {
                write!(f, "returned {}", result.as_deref().unwrap_or("nothing"))
            }
            Self::Failed(error) => write!(f, "failed with {error}"),
        }
    }
}

/// See the module.
pub(super) struct Recorded {
    pub operations: Vec<TestOperation>,
    /// `None` if it had not ended, or was stopped or timed out.
    pub end: Option<End>,
    execution: InvocationOperation,
    name: String,
}

impl Recorded {
    /// Reads a history.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let events = events(&text)?;
        let [started, ..] = events.as_slice() else {
            return Err("the history has no events".to_owned());
        };
        let details = match &started.execution_started_details {
            Some(details) if started.event_type == EventType::ExecutionStarted => details,
            _ => {
                let first = started.event_type.as_str();
                return Err(format!(
                    "the first event is {first}, and not ExecutionStarted: it has to have all events, the oldest first"
                ));
            }
        };
        if let Some(event) = events.iter().find(|event| is_truncated(event)) {
            let kind = event.event_type.as_str();
            return Err(format!(
                "event {} ({kind}) has no data: ask for it with `--include-execution-data`",
                event.event_id
            ));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = name
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' });
        Ok(Self {
            execution: InvocationOperation {
                id: started.id.clone().unwrap_or_else(|| "execution".to_owned()),
                r#type: OperationType::Execution,
                status: OperationStatus::Started,
                start_timestamp: Some(EpochMillis::from(started.event_timestamp)),
                execution_details: Some(ExecutionDetails {
                    input_payload: details.input.payload.clone(),
                }),
                ..InvocationOperation::default()
            },
            end: events.iter().find_map(end),
            operations: fold(&events),
            name: name.collect(),
        })
    }

    /// An invented ARN: the history does not contain the real one.
    pub fn arn(&self) -> String {
        let (name, id) = (&self.name, &self.execution.id);
        format!(
            "arn:aws:lambda:us-east-1:000000000000:function:replay:$LATEST/durable-execution/{name}/{id}"
        )
    }

    /// The state of an invocation in which everything is recorded.
    pub fn state(&self) -> InitialExecutionState {
        let operations = self.operations.iter().map(|operation| {
            let mut recorded = operation.recorded.clone();
            if operation.r#type == OperationType::Context {
                self.complete_context(&mut recorded);
            }
            // The code of a step that had not ended would run; instead the step waits for an attempt that never comes.
            if operation.r#type == OperationType::Step && operation.ended_at.is_none() {
                recorded.status = OperationStatus::Pending;
                let details = recorded
                    .step_details
                    .get_or_insert_with(StepDetails::default);
                details.next_attempt_timestamp = Some(NOT_DUE);
            }
            recorded
        });
        let execution = std::iter::once(self.execution.clone());
        InitialExecutionState {
            operations: execution.chain(operations).collect(),
            next_marker: None,
        }
    }

    /// Histories do not say whether a context's result was too large to be recorded. A context that has nothing, or a
    /// summary, in its place must run again on the records within it.
    fn complete_context(&self, recorded: &mut InvocationOperation) {
        let details = recorded
            .context_details
            .get_or_insert_with(ContextDetails::default);
        let is_stand_in = is_stand_in(recorded.sub_type.as_deref(), details.result.as_deref());
        let mut within = self.operations.iter();
        let has_children = within.any(|it| it.recorded.parent_id.as_ref() == Some(&recorded.id));
        if recorded.status == OperationStatus::Succeeded && is_stand_in && has_children {
            details.replay_children = Some(true);
        }
    }

    /// The first operation that had ended and that the code did not call.
    pub fn missed(&self, watching: &Watching) -> Option<&TestOperation> {
        self.not_called(watching)
            .find(|operation| operation.ended_at.is_some())
    }

    /// Whether there is an open operation that the code does not call any more.
    pub fn leaves_open(&self, watching: &Watching) -> bool {
        self.not_called(watching)
            .any(|operation| operation.ended_at.is_none())
    }

    /// The operations that the code had to call and did not. A context whose result is recorded does not call the
    /// operations within it again.
    fn not_called(&self, watching: &Watching) -> impl Iterator<Item = &TestOperation> {
        let is_within_ended = |operation: &TestOperation| {
            let mut around = operation.parent;
            while let Some(context) = around.map(|place| &self.operations[place]) {
                if context.ended_at.is_some() && !is_run_again(context) {
                    return true;
                }
                around = context.parent;
            }
            false
        };
        let operations = self.operations.iter();
        operations.filter(move |it| !watching.has_called(&it.recorded.id) && !is_within_ended(it))
    }
}

/// Whether a context is run again because its result was too large: its code is the user's, and must call the same
/// operations.
fn is_run_again(context: &TestOperation) -> bool {
    let is_empty = context.result_text().unwrap_or_default().is_empty();
    context.status == OperationStatus::Succeeded && is_empty
}

/// Whether a context's result stands for one that was too large: nothing, the counts of a map or parallel, or the
/// winner of several operations.
fn is_stand_in(sub_type: Option<&str>, result: Option<&str>) -> bool {
    let text = result.unwrap_or_default();
    if text.is_empty() {
        return true;
    }
    // The result of a user's own function is never a stand-in.
    if matches!(
        sub_type,
        Some("RunInChildContext" | "MapIteration" | "ParallelBranch")
    ) {
        return false;
    }
    let value: Option<Value> = serde_json::from_str(text).ok();
    let members = value.as_ref().and_then(Value::as_object);
    members.is_some_and(|it| {
        it.contains_key("itemStatuses") || (it.len() == 1 && it.contains_key("winner"))
    })
}

/// The events of an answer of AWS's, or a list of them.
fn events(text: &str) -> Result<Vec<Event>, String> {
    let none = |error: serde_json::Error| {
        format!("it is not a history ({error}): it has to be `{{\"Events\": [..]}}` or `[..]`")
    };
    let value: Value = serde_json::from_str(text).map_err(none)?;
    if value.is_array() {
        return serde_json::from_value(value).map_err(none);
    }
    if value.get("Events").is_none() {
        return Err("it is not a history: it has no member `Events`".to_owned());
    }
    let answer: GetDurableExecutionHistoryResponse = serde_json::from_value(value).map_err(none)?;
    if answer.next_marker.is_some() {
        return Err("it is the first page of a history only: it has a `NextMarker`".to_owned());
    }
    Ok(answer.events)
}

fn end(event: &Event) -> Option<End> {
    let succeeded = event.execution_succeeded_details.as_ref();
    let failed = event.execution_failed_details.as_ref();
    let failed =
        || failed.map(|it| End::Failed(told(&it.error.payload.clone().unwrap_or_default())));
    let succeeded = succeeded.map(|it| End::Succeeded(it.result.payload.clone()));
    succeeded.or_else(failed)
}

/// Whether the data of an event was left out.
fn is_truncated(event: &Event) -> bool {
    let started = event.execution_started_details.as_ref();
    let step = event.step_succeeded_details.as_ref();
    let callback = event.callback_succeeded_details.as_ref();
    let truncated = [
        started.and_then(|it| it.input.truncated),
        step.and_then(|it| it.result.truncated),
        callback.and_then(|it| it.result.truncated),
    ];
    truncated.contains(&Some(true))
}
