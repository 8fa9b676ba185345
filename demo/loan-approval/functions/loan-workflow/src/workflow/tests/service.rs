//! A durable service in memory: as much of the protocol as the workflow needs, and a way to die at any checkpoint.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use lambda_api::{
    CallbackDetails, ContextDetails, EpochSeconds, ErrorObject, ExecutionDetails,
    InitialExecutionState, InvocationInput, InvocationOperation, NewExecutionState,
    OperationAction, OperationStatus, OperationType, OperationUpdate, StepDetails,
};
use lambdura::service::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse, DurableServiceClient,
    GetDurableExecutionStateResponse, ServiceError,
};
use serde_json::Value;

/// When the connection breaks, once: counted in checkpoints since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// The checkpoint is not recorded.
    Before(usize),
    /// The checkpoint is recorded, and the function gets no answer.
    After(usize),
}

/// One execution; clones share it.
#[derive(Clone)]
pub struct Service(Arc<Mutex<State>>);

struct State {
    operations: Vec<InvocationOperation>,
    checkpoints: usize,
    kill: Option<Kill>,
    killed: bool,
    updated: Vec<String>,
}

impl Service {
    pub fn new(input: &Value) -> Self {
        let execution = InvocationOperation {
            id: "execution".to_owned(),
            r#type: OperationType::Execution,
            status: OperationStatus::Started,
            execution_details: Some(ExecutionDetails {
                input_payload: Some(input.to_string()),
            }),
            ..InvocationOperation::default()
        };
        let operations = vec![execution];
        Self(Arc::new(Mutex::new(State {
            operations,
            checkpoints: 0,
            kill: None,
            killed: false,
            updated: Vec::new(),
        })))
    }

    pub fn kill(&self, kill: Kill) {
        self.0.lock().unwrap().kill = Some(kill);
    }

    pub fn is_killed(&self) -> bool {
        self.0.lock().unwrap().killed
    }

    pub fn checkpoints(&self) -> usize {
        self.0.lock().unwrap().checkpoints
    }

    /// The event of the next invocation.
    pub fn input(&self) -> InvocationInput {
        let mut state = self.0.lock().unwrap();
        InvocationInput {
            durable_execution_arn: "arn:test".to_owned(),
            checkpoint_token: "token".to_owned(),
            initial_execution_state: InitialExecutionState {
                operations: state.operations.clone(),
                next_marker: None,
            },
            updated_operation_ids: Some(std::mem::take(&mut state.updated)),
        }
    }

    /// Name and id of the callback that is not completed yet.
    pub fn open_callback(&self) -> Option<(String, String)> {
        let state = self.0.lock().unwrap();
        let is_open = |operation: &&InvocationOperation| {
            operation.r#type == OperationType::Callback
                && operation.status == OperationStatus::Started
        };
        let operation = state.operations.iter().find(is_open)?;
        let id = operation.callback_details.as_ref()?.callback_id.clone()?;
        Some((operation.name.clone()?, id))
    }

    pub fn complete_callback(&self, callback_id: &str, result: &str) {
        self.close_callback(callback_id, OperationStatus::Succeeded, |details| {
            details.result = Some(result.to_owned())
        });
    }

    pub fn time_callback_out(&self, callback_id: &str) {
        self.close_callback(callback_id, OperationStatus::TimedOut, |details| {
            details.error = Some(ErrorObject {
                error_type: Some("Callback.Timeout".to_owned()),
                error_message: Some("Callback timed out".to_owned()),
                ..ErrorObject::default()
            });
        });
    }

    fn close_callback(
        &self,
        callback_id: &str,
        status: OperationStatus,
        change: impl FnOnce(&mut CallbackDetails),
    ) {
        let mut state = self.0.lock().unwrap();
        let state = &mut *state;
        let operation = state
            .operations
            .iter_mut()
            .find(|operation| {
                let details = operation.callback_details.as_ref();
                details.and_then(|details| details.callback_id.as_deref()) == Some(callback_id)
            })
            .expect("only callbacks that were created are completed");
        assert_eq!(operation.status, OperationStatus::Started);
        operation.status = status;
        change(operation.callback_details.as_mut().unwrap());
        state.updated.push(operation.id.clone());
    }

    /// The operations as an indented tree, without the execution itself.
    pub fn tree(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        let mut lines = Vec::new();
        state.add_children(None, 0, &mut lines);
        assert_eq!(
            lines.len(),
            state.operations.len() - 1,
            "every operation is somewhere in the tree"
        );
        lines
    }
}

impl State {
    fn add_children(&self, parent: Option<&str>, depth: usize, lines: &mut Vec<String>) {
        for operation in self
            .operations
            .iter()
            .skip(1)
            .filter(|operation| operation.parent_id.as_deref() == parent)
        {
            let kind = operation.sub_type.as_deref().unwrap_or("?");
            let name = operation
                .name
                .as_deref()
                .map_or(String::new(), |name| format!(" {name}"));
            lines.push(format!("{}{kind}{name}", "  ".repeat(depth)));
            self.add_children(Some(&operation.id), depth + 1, lines);
        }
    }

    fn apply(&mut self, update: OperationUpdate) -> InvocationOperation {
        let found = self
            .operations
            .iter()
            .position(|operation| operation.id == update.id);
        let index = found.unwrap_or_else(|| {
            self.operations.push(InvocationOperation {
                id: update.id.clone(),
                parent_id: update.parent_id.clone(),
                name: update.name.clone(),
                r#type: update.r#type.clone(),
                sub_type: update.sub_type.clone(),
                ..InvocationOperation::default()
            });
            self.operations.len() - 1
        });
        let operation = &mut self.operations[index];
        let ended = [
            OperationStatus::Succeeded,
            OperationStatus::Failed,
            OperationStatus::TimedOut,
        ];
        assert!(
            found.is_none() || !ended.contains(&operation.status),
            "{update:?} after the end of {operation:?}"
        );
        operation.status = match update.action {
            OperationAction::Start => OperationStatus::Started,
            OperationAction::Succeed => OperationStatus::Succeeded,
            OperationAction::Fail => OperationStatus::Failed,
            ref other => panic!("the workflow needs no {other:?}"),
        };
        match operation.r#type {
            OperationType::Step => {
                let details = StepDetails {
                    result: update.payload,
                    error: update.error,
                    ..StepDetails::default()
                };
                operation.step_details = Some(details);
            }
            OperationType::Context => {
                let details = ContextDetails {
                    result: update.payload,
                    error: update.error,
                    ..ContextDetails::default()
                };
                operation.context_details = Some(details);
            }
            OperationType::Callback => {
                let id = Some(format!("callback-{}", operation.id));
                operation.callback_details = Some(CallbackDetails {
                    callback_id: id,
                    ..CallbackDetails::default()
                });
            }
            ref other => panic!("the workflow needs no {other:?}"),
        }
        operation.clone()
    }
}

impl DurableServiceClient for Service {
    fn checkpoint<'a>(
        &'a self,
        _arn: &'a str,
        request: CheckpointDurableExecutionRequest,
    ) -> BoxFuture<'a, Result<CheckpointDurableExecutionResponse, ServiceError>> {
        Box::pin(async move {
            let broken = || {
                Err(ServiceError::Unreachable {
                    cause: "connection reset".into(),
                })
            };
            let mut state = self.0.lock().unwrap();
            let number = state.checkpoints;
            state.checkpoints += 1;
            if state.kill == Some(Kill::Before(number)) {
                state.killed = true;
                return broken();
            }
            let changed: Vec<_> = request
                .updates
                .into_iter()
                .map(|update| state.apply(update))
                .collect();
            if state.kill == Some(Kill::After(number)) {
                state.killed = true;
                return broken();
            }
            let operations = changed
                .into_iter()
                .map(|operation| operation.map_timestamps(|at| EpochSeconds::from_millis(at.0)))
                .collect();
            Ok(CheckpointDurableExecutionResponse {
                checkpoint_token: Some("token".to_owned()),
                new_execution_state: NewExecutionState {
                    operations,
                    next_marker: None,
                },
            })
        })
    }

    fn get_state<'a>(
        &'a self,
        _arn: &'a str,
        _checkpoint_token: &'a str,
        marker: &'a str,
    ) -> BoxFuture<'a, Result<GetDurableExecutionStateResponse, ServiceError>> {
        panic!("the whole state is in the event, and no marker {marker}")
    }
}
