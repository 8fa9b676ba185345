//! One invocation from event to output.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lambda_api::{
    EpochMillis, InvocationInput, InvocationOutput, InvocationStatus, OperationAction,
    OperationType, OperationUpdate,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::Instrument;

use crate::client::LambdaClient;
use crate::context::DurableContext;
use crate::driver::{Ending, drive};
use crate::error::{BoxError, Failure, wire_type};
use crate::execution::{Execution, Surroundings};
use crate::machine_time::MachineTime;
use crate::operation::Operation;
use crate::payload;
use crate::plugin::{InvocationEnd, InvocationInfo, Operations, Plugin, Plugins};
use crate::replay_only::ReplayWatcher;
use crate::run_error::Error;
use crate::service::{DurableServiceClient, ServiceError};
use crate::service_call::remaining_state;

/// Largest output of an invocation, in bytes; a larger result is checkpointed. Source: official SDKs
/// (`LAMBDA_RESPONSE_SIZE_LIMIT`: 6 MiB less 50 bytes).
const OUTPUT_BYTES_MAX: usize = 6 * 1024 * 1024 - 50;

/// Answers invocations of a durable function by running its handler.
///
/// [`run`](crate::run) combines this with the Lambda Runtime API; test runners and embedded services use it directly.
#[derive(Clone)]
pub struct Invoker {
    client: Arc<dyn DurableServiceClient>,
    plugins: Plugins,
    time: MachineTime,
    replay_only: Option<Arc<dyn ReplayWatcher>>,
}

/// The properties of an invocation besides its event.
#[derive(Clone, Debug, Default)]
pub struct InvocationContext {
    /// The Lambda request id.
    pub request_id: String,
    /// Time until the invocation is cut off, if it has a deadline.
    pub remaining_time: Option<Duration>,
}

impl Invoker {
    /// Checkpoints through `client`.
    pub fn new(client: impl DurableServiceClient) -> Self {
        Self {
            client: Arc::new(client),
            plugins: Plugins::default(),
            time: MachineTime::default(),
            replay_only: None,
        }
    }

    /// Checkpoints through a shared client, and uses a time that may not be the machine's.
    #[cfg(feature = "embedded")]
    pub(crate) fn shared(
        client: Arc<dyn DurableServiceClient>,
        plugins: Plugins,
        time: MachineTime,
    ) -> Self {
        Self {
            client,
            plugins,
            time,
            replay_only: None,
        }
    }

    /// Adds a plugin. Plugins are notified in the order in which they were added.
    #[must_use]
    pub fn with_plugin(mut self, plugin: impl Plugin) -> Self {
        self.plugins.add(plugin);
        self
    }

    /// Replays only: see [`ReplayWatcher`].
    #[doc(hidden)]
    #[must_use]
    pub fn replaying_only(mut self, watcher: Arc<dyn ReplayWatcher>) -> Self {
        self.replay_only = Some(watcher);
        self
    }

    /// Checkpoints through the AWS Lambda API: region, credentials and endpoint as in every AWS SDK.
    ///
    /// # Errors
    ///
    /// When there is no region, or the endpoint cannot be used.
    pub async fn from_env() -> Result<Self, Error> {
        LambdaClient::from_env().await.map(Self::new)
    }

    /// Runs `handler` until the execution is over or can go no further.
    ///
    /// # Errors
    ///
    /// When the invocation must be repeated: the service could not be reached, or a newer invocation has taken over.
    pub async fn invoke<F, Fut, Event, T, E>(
        &self,
        handler: &F,
        input: InvocationInput,
        invocation: InvocationContext,
    ) -> Result<InvocationOutput, Error>
    where
        F: Fn(Event, DurableContext) -> Fut + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        Event: DeserializeOwned + Send,
        T: Serialize + Send,
        E: Into<BoxError>,
    {
        let span = tracing::info_span!(
            "durable_execution",
            execution_arn = input.durable_execution_arn,
            request_id = invocation.request_id
        );
        self.run(handler, input, invocation).instrument(span).await
    }

    async fn run<F, Fut, Event, T, E>(
        &self,
        handler: &F,
        input: InvocationInput,
        invocation: InvocationContext,
    ) -> Result<InvocationOutput, Error>
    where
        F: Fn(Event, DurableContext) -> Fut + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        Event: DeserializeOwned + Send,
        T: Serialize + Send,
        E: Into<BoxError>,
    {
        let deadline = invocation.remaining_time.map(|time| Instant::now() + time);
        let arn = input.durable_execution_arn;
        let mut operations = input.initial_execution_state.operations;
        let marker = input.initial_execution_state.next_marker;
        match remaining_state(self.client.as_ref(), &arn, &input.checkpoint_token, marker).await {
            Ok(remaining) => operations.extend(
                remaining
                    .into_iter()
                    .map(|operation| operation.map_timestamps(EpochMillis::from)),
            ),
            Err(error) => return after_service_error("read the execution's state", error),
        }
        let Some(started_by) = execution_operation(&arn, &operations) else {
            return Err(Error::NotDurable {
                reason: "its state has no EXECUTION operation".to_owned(),
            });
        };
        let execution_id = started_by.id.clone();
        let event = match read_event::<Event>(started_by) {
            Ok(event) => event,
            // Repeating the invocation would not help: it would get the same event.
            Err(failure) => return Ok(failed(&failure)),
        };
        let updated: HashSet<_> = input
            .updated_operation_ids
            .unwrap_or_default()
            .into_iter()
            .collect();
        let execution = Execution::new(
            arn,
            invocation.request_id,
            deadline,
            operations,
            updated,
            Surroundings {
                plugins: self.plugins.clone(),
                time: self.time.clone(),
                #[cfg(feature = "embedded")]
                has_transactions: self.client.transactions().is_some(),
                replay_only: self.replay_only.clone(),
            },
        );
        let updated = execution.updated_operations();
        let updated: Vec<_> = updated.iter().map(|one| execution.info(one)).collect();
        let watched = InvocationInfo {
            execution_arn: &execution.arn,
            request_id: &execution.request_id,
            is_first_invocation: !execution.has_history,
            execution_started_at: execution.started_at(),
            updated_operations: &updated,
            operations: Operations::of(execution.as_ref()),
        };
        self.plugins
            .each(|plugin| plugin.on_invocation_start(&watched));
        execution.announce_recorded(&updated);
        let output = self
            .run_handler(
                handler,
                event,
                &execution,
                execution_id,
                input.checkpoint_token,
            )
            .await;
        let end = InvocationEnd {
            invocation: watched,
            status: output.as_ref().ok().map(|output| &output.status),
            error: output
                .as_ref()
                .ok()
                .and_then(|output| output.error.as_ref()),
        };
        self.plugins.each(|plugin| plugin.on_invocation_end(&end));
        output
    }

    async fn run_handler<F, Fut, Event, T, E>(
        &self,
        handler: &F,
        event: Event,
        execution: &Arc<Execution>,
        execution_id: String,
        checkpoint_token: String,
    ) -> Result<InvocationOutput, Error>
    where
        F: Fn(Event, DurableContext) -> Fut + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        Event: DeserializeOwned + Send,
        T: Serialize + Send,
        E: Into<BoxError>,
    {
        let context = DurableContext::root(execution);
        let body = Box::pin(async {
            let output = match handler(event, context.clone()).await {
                Ok(value) => succeeded(&value),
                Err(error) => failed(&Failure::from_user(error, wire_type::HANDLER)),
            };
            fit(output, execution, execution_id).await
        });
        let ending = drive(
            execution,
            &self.client,
            checkpoint_token,
            context.scope(body),
        )
        .await;
        match ending {
            Ending::Finished(output) => Ok(output),
            Ending::Panicked(panic) => Ok(failed(&Failure::panicked(panic.as_ref()))),
            Ending::Suspended => Ok(InvocationOutput {
                status: InvocationStatus::Pending,
                ..InvocationOutput::default()
            }),
            Ending::Fatal(error) => {
                tracing::error!(
                    message = error.error_message,
                    "the execution cannot continue"
                );
                Ok(InvocationOutput {
                    status: InvocationStatus::Failed,
                    result: None,
                    error: Some(error),
                })
            }
            Ending::CheckpointFailed(error) => after_service_error("checkpoint", error),
        }
    }
}

/// The operation that the last part of the ARN names; the first of its type for services whose ids differ.
fn execution_operation<'a>(arn: &str, operations: &'a [Operation]) -> Option<&'a Operation> {
    let id = arn.rsplit('/').next().unwrap_or(arn);
    let mut of_type = operations
        .iter()
        .filter(|operation| operation.r#type == OperationType::Execution);
    of_type
        .clone()
        .find(|operation| operation.id == id)
        .or_else(|| of_type.next())
}

/// Reads the handler's event. An execution started without an event has `null`, or `{}` if the type cannot be read from
/// `null`.
fn read_event<Event: DeserializeOwned>(started_by: &Operation) -> Result<Event, Failure> {
    let details = started_by.execution_details.as_ref();
    let text = details.and_then(|details| details.input_payload.as_deref());
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => payload::decode(Some(text)),
        None => payload::decode(None).or_else(|_| payload::decode(Some("{}"))),
    }
    .map_err(|failure| Failure {
        message: format!("the execution's input: {}", failure.message),
        ..failure
    })
}

fn succeeded<T: Serialize>(value: &T) -> InvocationOutput {
    match payload::encode(value) {
        Ok(result) => InvocationOutput {
            status: InvocationStatus::Succeeded,
            result: Some(result),
            error: None,
        },
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &Failure) -> InvocationOutput {
    InvocationOutput {
        status: InvocationStatus::Failed,
        result: None,
        error: Some(failure.to_wire()),
    }
}

/// Checkpoints a result that is too large to be returned.
async fn fit(
    output: InvocationOutput,
    execution: &Execution,
    execution_id: String,
) -> InvocationOutput {
    if serialized_bytes(&output) <= OUTPUT_BYTES_MAX {
        return output;
    }
    let action = match output.status {
        InvocationStatus::Succeeded => OperationAction::Succeed,
        _ => OperationAction::Fail,
    };
    let is_success = action == OperationAction::Succeed;
    execution
        .record(OperationUpdate {
            id: execution_id,
            r#type: OperationType::Execution,
            action,
            payload: output.result,
            error: output.error,
            ..OperationUpdate::default()
        })
        .await;
    InvocationOutput {
        status: output.status,
        result: is_success.then(String::new),
        error: None,
    }
}

fn serialized_bytes(output: &InvocationOutput) -> usize {
    // Escaping can only make text longer, so short outputs need no second serialisation.
    const LONGEST_ESCAPE: usize = 6;
    let result_bytes = output.result.as_ref().map_or(0, String::len);
    if output.error.is_none() && result_bytes < OUTPUT_BYTES_MAX / LONGEST_ESCAPE - 100 {
        return result_bytes;
    }
    serde_json::to_vec(output).map_or(usize::MAX, |bytes| bytes.len())
}

/// Either the execution fails, or the invocation does and is repeated.
fn after_service_error(
    attempted: &'static str,
    error: ServiceError,
) -> Result<InvocationOutput, Error> {
    if error.is_worth_another_invocation() {
        return Err(Error::Service {
            attempted,
            cause: error,
        });
    }
    let failure = Failure::failed(wire_type::CHECKPOINT, format!("{attempted}: {error}"));
    Ok(failed(&failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(id: &str, r#type: OperationType) -> Operation {
        Operation {
            id: id.to_owned(),
            r#type,
            ..Operation::default()
        }
    }

    #[test]
    fn execution_operation_is_the_one_that_the_arn_names() {
        let operations = [
            operation("other", OperationType::Execution),
            operation("step", OperationType::Step),
            operation("inv", OperationType::Execution),
        ];
        let found = execution_operation("arn:x/durable-execution/n/inv", &operations);
        assert_eq!(found.unwrap().id, "inv");
        let found = execution_operation("arn:x/durable-execution/n/unknown", &operations);
        assert_eq!(found.unwrap().id, "other");
        assert!(execution_operation("arn", &operations[1..2]).is_none());
    }

    #[test]
    fn missing_event_is_null_or_an_empty_object() {
        #[derive(serde::Deserialize)]
        struct AllOptional {
            name: Option<String>,
        }
        let without = operation("inv", OperationType::Execution);
        read_event::<()>(&without).unwrap();
        let read: AllOptional = read_event(&without).unwrap();
        assert_eq!(read.name, None);
    }
}
