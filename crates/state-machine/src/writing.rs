//! Results of a distributed Map state that are written to a bucket, or collected as its output.
//!
//! Further data of the items' executions, such as their ARNs, is read from the event history of the execution itself.

use std::collections::HashMap;

use asl::{ItemExecution, ItemOutcome, Map, ResultPlace, ResultWriter, StateError, run_label};
use lambdura::{BatchOutcome, BatchResult, BoxError, DurableContext, NamedError};
use lambdura::{RetryStrategy, StepContext};
use serde_json::{Value, json};

use crate::failure::{IntoStateError as _, named};
use crate::frame::Frame;
use crate::integration::of_sdk;
use crate::name;
use crate::reading::{called, within};
use crate::size::fits;
use crate::walk::Walk;

/// The step that writes results.
pub const WRITE: &str = "write";
/// Hexadecimal digits of an operation's id that distinguish a run from the others of an execution.
const DIGITS: usize = 12;

/// The end of a run's ARN, from the name of the durable execution and its operation.
#[must_use]
pub fn run_id(execution: &str, operation: &str) -> String {
    let operation: String = operation.chars().take(DIGITS).collect();
    format!("{execution}.{operation}")
}

/// How the results of a run are output.
pub(crate) struct Writing<'w> {
    writer: &'w ResultWriter,
    /// The ARN of the machine, with the label of the state's runs.
    machine: String,
    place: Option<ResultPlace>,
    inputs: Vec<Value>,
}

impl<'w> Writing<'w> {
    /// # Errors
    ///
    /// The errors of evaluating where results are written.
    pub(crate) fn new(
        walk: &Walk<'_>,
        frame: &Frame<'_>,
        (map, writer): (&Map, &'w ResultWriter),
        inputs: Vec<Value>,
    ) -> Result<Self, StateError> {
        let label = run_label(&frame.state.name, map.label.as_deref());
        let place = frame.before(|scope| {
            let effective = frame.state.flow.effective_input(scope)?;
            writer.place(&scope.with_input(&effective))
        })?;
        Ok(Self {
            writer,
            machine: format!("{}/{label}", walk.machine_arn),
            place,
            inputs,
        })
    }

    pub(crate) fn is_outside(&self) -> bool {
        self.place.is_some()
    }

    /// Writes the results, and returns the state's result. A repeated call writes the same files.
    pub(crate) async fn hand_on(
        &self,
        walk: &Walk<'_>,
        frame: &Frame<'_>,
        ran: &BatchResult<Value>,
        context: &DurableContext,
    ) -> Result<Value, StateError> {
        let step = context.step(|_: StepContext| async {
            let run = Run::read(walk, context).await?;
            let results = self.inputs.iter().enumerate().map(|(index, input)| {
                let execution = run.executions.get(&index);
                let outcome = match (ran.items().get(index).map(|it| &it.outcome), execution) {
                    (Some(BatchOutcome::Succeeded(output)), _) => ItemOutcome::Succeeded(output),
                    (Some(BatchOutcome::Failed(error)), _) => {
                        ItemOutcome::Failed(error.error_type().unwrap_or_default(), error.message())
                    }
                    (Some(BatchOutcome::Started), Some(_)) => ItemOutcome::Aborted,
                    (Some(BatchOutcome::Started) | None, _) => ItemOutcome::Pending,
                };
                let writer = self.writer;
                writer.results(&self.machine, input, outcome, execution)
            });
            let result = match &self.place {
                None => {
                    let values = results.flat_map(|(_, values)| values).collect();
                    self.writer.output_type.output(values)
                }
                Some(place) => {
                    let id = run_id(execution_name(context.execution_arn()), &run.operation);
                    let arn = self.machine.replacen(":stateMachine:", ":mapRun:", 1);
                    let arn = format!("{arn}:{id}");
                    let mut files = self.writer.files(format!("{}{id}/", place.prefix));
                    for (group, values) in results {
                        for value in values {
                            if let Some(file) = files.push(group, &value) {
                                put(walk, place, file).await?;
                            }
                        }
                    }
                    let (last, manifest) = files.end(&place.bucket, &arn);
                    for file in last {
                        put(walk, place, file).await?;
                    }
                    let details = json!({ "Bucket": place.bucket, "Key": manifest });
                    json!({ "MapRunArn": arn, "ResultWriterDetails": details })
                }
            };
            if !fits(&result) {
                return Err(named(StateError::too_large(&frame.state.name)).into());
            }
            Ok::<_, BoxError>(result)
        });
        let step = step.name(WRITE).retry(RetryStrategy::none());
        let result: Result<Value, _> = step.await;
        result.map_err(|error| error.into_state_error())
    }
}

/// Writes a file to the place of the results.
async fn put(
    walk: &Walk<'_>,
    place: &ResultPlace,
    (key, text): (String, String),
) -> Result<(), NamedError> {
    let failure = asl::RESULT_WRITER_FAILED;
    let failed = |cause: String| NamedError::new(failure, cause);
    let settings = &walk.machine.settings;
    if let Some(folder) = &settings.files {
        let path = within(folder, &place.bucket, &key).map_err(failed)?;
        let written = std::fs::create_dir_all(path.parent().unwrap_or(&path))
            .and_then(|()| std::fs::write(&path, text));
        return written
            .map_err(|error| failed(format!("{} could not be written: {error}", path.display())));
    }
    let integration = of_sdk("s3:putObject").ok();
    let (Some(services), Some(integration)) = (&settings.services, integration) else {
        return Err(failed(String::from("S3 cannot be called")));
    };
    let mut parameters = place.parameters.clone();
    parameters["Key"] = Value::from(key);
    parameters["Body"] = Value::from(text);
    called(&**services, integration, parameters, failure).await?;
    Ok(())
}

/// The name of a durable execution, in its ARN.
fn execution_name(arn: &str) -> &str {
    arn.split('/').nth(2).unwrap_or_default()
}

/// The records of the latest map in a state.
struct Run {
    /// Its operation.
    operation: String,
    /// The executions of its items, by their indexes.
    executions: HashMap<usize, ItemExecution>,
}

impl Run {
    async fn read(walk: &Walk<'_>, context: &DurableContext) -> Result<Self, NamedError> {
        let mut run = Self {
            operation: context.operation_id().unwrap_or_default().to_owned(),
            executions: HashMap::new(),
        };
        let settings = &walk.machine.settings;
        let integration = of_sdk("lambda:getDurableExecutionHistory").ok();
        let (Some(services), Some(integration)) = (&settings.services, integration) else {
            return Ok(run);
        };
        // A program that runs alone has no server to ask.
        if settings.callable.is_some() {
            return Ok(run);
        }
        let arn = context.execution_arn();
        let mut parameters = json!({ "DurableExecutionArn": arn, "MaxItems": 1_000 });
        let mut items = HashMap::new();
        loop {
            let failure = asl::RESULT_WRITER_FAILED;
            let page = called(&**services, integration, parameters.clone(), failure).await?;
            for event in page["Events"].as_array().into_iter().flatten() {
                run.note(event, context, &mut items);
            }
            match page.get("NextMarker").filter(|it| !it.is_null()) {
                Some(next) => parameters["Marker"] = next.clone(),
                None => return Ok(run),
            }
        }
    }

    /// Reads an event; `items` has the indexes of the run's items, by the ids of their contexts.
    fn note(
        &mut self,
        event: &Value,
        context: &DurableContext,
        items: &mut HashMap<String, usize>,
    ) {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let (kind, parent) = (text("EventType"), text("ParentId"));
        if kind == "ContextStarted" && Some(parent) == context.operation_id() {
            // Earlier entries belong to another attempt.
            text("Id").clone_into(&mut self.operation);
            self.executions.clear();
        } else if kind == "ContextStarted" && parent == self.operation {
            let index = text("Name").rsplit(' ').next();
            let index = index.and_then(|it| it.parse().ok());
            items.extend(index.map(|index| (text("Id").to_owned(), index)));
        } else if let (Some(index), Some(end)) =
            (items.get(parent), kind.strip_prefix("ChainedInvoke"))
        {
            let execution = self.executions.entry(*index).or_default();
            let at = Some(text("EventTimestamp").to_owned());
            if end == "Started" {
                let arn = &event["ChainedInvokeStartedDetails"]["DurableExecutionArn"];
                let name = name::read(execution_name(arn.as_str().unwrap_or_default()));
                execution.name = name.into_owned();
                execution.started = at;
            } else {
                execution.status = match end {
                    "TimedOut" => String::from("TIMED_OUT"),
                    "Stopped" => String::from("ABORTED"),
                    other => other.to_uppercase(),
                };
                execution.ended = at;
            }
        }
    }
}
