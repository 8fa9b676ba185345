//! The service's side of the protocol as far as the SDK can see it. Rules that only a server needs are left out.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use lambda_api::{
    ApiOperation, CallbackDetails, ChainedInvokeDetails, CheckpointDurableExecutionRequest,
    CheckpointDurableExecutionResponse, ContextDetails, EpochMillis, EpochSeconds, ErrorCode,
    ErrorObject, ExecutionDetails, GetDurableExecutionStateResponse, InitialExecutionState,
    InvocationInput, NewExecutionState, OperationAction, OperationStatus, OperationType,
    OperationUpdate, StepDetails, WaitDetails,
};
use lambdura::service::{DurableServiceClient, ServiceError};
use tokio::time::Instant;

pub const ARN: &str =
    "arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/test/inv";

#[derive(Clone)]
pub struct FakeService {
    state: Arc<Mutex<State>>,
}

/// The service's answer to a checkpoint that it does not simply accept.
#[derive(Clone, Debug)]
pub enum Refusal {
    Error(ErrorCode, &'static str),
    /// Accepts this checkpoint, but no further one.
    NoToken,
    /// Never answers.
    Silence,
}

struct State {
    operations: Vec<ApiOperation>,
    token: u64,
    began_at: Instant,
    base_millis: i64,
    skipped_millis: i64,
    /// Changed by the service, and not shown to the function yet.
    unseen: BTreeSet<String>,
    calls: Vec<CheckpointDurableExecutionRequest>,
    refusals: HashMap<usize, Refusal>,
    is_closed: bool,
    is_paged: bool,
}

impl FakeService {
    pub fn new(input: &str) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let execution = ApiOperation {
            id: "inv".to_owned(),
            name: Some("test".to_owned()),
            r#type: OperationType::Execution,
            status: OperationStatus::Started,
            start_timestamp: Some(EpochSeconds(since_epoch.as_secs_f64())),
            execution_details: Some(ExecutionDetails {
                input_payload: Some(input.to_owned()),
            }),
            ..ApiOperation::default()
        };
        Self {
            state: Arc::new(Mutex::new(State {
                operations: vec![execution],
                token: 0,
                began_at: Instant::now(),
                base_millis: i64::try_from(since_epoch.as_millis()).unwrap(),
                skipped_millis: 0,
                unseen: BTreeSet::new(),
                calls: Vec::new(),
                refusals: HashMap::new(),
                is_closed: false,
                is_paged: false,
            })),
        }
    }

    /// Delivers the state in pages of one operation, as services do with large ones.
    pub fn deliver_in_pages(&self) {
        self.state.lock().unwrap().is_paged = true;
    }

    /// Answers checkpoint call number `call` (from 0) with `refusal`.
    pub fn refuse(&self, call: usize, refusal: Refusal) {
        self.state.lock().unwrap().refusals.insert(call, refusal);
    }

    pub fn begin_invocation(&self) -> InvocationInput {
        let mut state = self.state.lock().unwrap();
        state.token += 1;
        state.run_timers();
        let updated = std::mem::take(&mut state.unseen);
        let operations = state.operations.iter().cloned();
        let (operations, next_marker) = if state.is_paged {
            (Vec::new(), "0".to_owned())
        } else {
            let millis = operations.map(|operation| operation.map_timestamps(EpochMillis::from));
            (millis.collect(), String::new())
        };
        InvocationInput {
            durable_execution_arn: ARN.to_owned(),
            checkpoint_token: state.token.to_string(),
            initial_execution_state: InitialExecutionState {
                operations,
                next_marker: Some(next_marker),
            },
            updated_operation_ids: Some(updated.into_iter().collect()),
        }
    }

    /// The calls so far, each as `ACTION name` per update.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let state = self.state.lock().unwrap();
        let line = |update: &OperationUpdate| {
            let name = update.name.as_deref().unwrap_or("-");
            format!("{} {name}", update.action)
        };
        let of_call =
            |call: &CheckpointDurableExecutionRequest| call.updates.iter().map(line).collect();
        state.calls.iter().map(of_call).collect()
    }

    pub fn requests(&self) -> Vec<CheckpointDurableExecutionRequest> {
        self.state.lock().unwrap().calls.clone()
    }

    pub fn operation(&self, name: &str) -> ApiOperation {
        let state = self.state.lock().unwrap();
        let found = state
            .operations
            .iter()
            .find(|operation| operation.name.as_deref() == Some(name));
        let found = found.unwrap_or_else(|| panic!("no operation {name}"));
        found.clone()
    }

    /// Changes a record to that of a different version of the code.
    pub fn tamper(&self, name: &str, change: impl FnOnce(&mut ApiOperation)) {
        let mut state = self.state.lock().unwrap();
        let found = state
            .operations
            .iter_mut()
            .find(|operation| operation.name.as_deref() == Some(name));
        change(found.unwrap());
    }

    /// Every operation but the execution as `name SubType STATUS`, indented by its parents.
    pub fn outline(&self) -> String {
        let state = self.state.lock().unwrap();
        let mut text = String::new();
        state.outline_of(None, 0, &mut text);
        text
    }

    pub fn complete(&self, name: &str, status: OperationStatus, result: Option<&str>) {
        self.end(name, status, result, None);
    }

    pub fn fail(&self, name: &str, status: OperationStatus, error_type: &str, message: &str) {
        let error = ErrorObject {
            error_type: Some(error_type.to_owned()),
            error_message: Some(message.to_owned()),
            ..ErrorObject::default()
        };
        self.end(name, status, None, Some(error));
    }

    fn end(
        &self,
        name: &str,
        status: OperationStatus,
        result: Option<&str>,
        error: Option<ErrorObject>,
    ) {
        let mut state = self.state.lock().unwrap();
        let found = state
            .operations
            .iter_mut()
            .find(|operation| operation.name.as_deref() == Some(name));
        let operation = found.unwrap_or_else(|| panic!("no operation {name}"));
        operation.status = status;
        let result = result.map(str::to_owned);
        match operation.r#type {
            OperationType::Callback => {
                let details = operation.callback_details.as_mut().unwrap();
                details.result = result;
                details.error = error;
            }
            OperationType::ChainedInvoke => {
                operation.chained_invoke_details = Some(ChainedInvokeDetails { result, error });
            }
            _ => panic!("{name} cannot be completed from outside"),
        }
        let id = operation.id.clone();
        state.unseen.insert(id);
    }

    /// Lets time pass until the next timer is due.
    pub fn skip_to_next_timer(&self) {
        let mut state = self.state.lock().unwrap();
        let now = state.now_millis();
        if let Some(next) = state.operations.iter().filter_map(due_millis).min() {
            state.skipped_millis += (next - now).max(0);
        }
    }

    /// Whether the service would accept `PENDING`.
    pub fn may_be_pending(&self) -> bool {
        let state = self.state.lock().unwrap();
        let waits = |operation: &ApiOperation| match operation.r#type {
            OperationType::Step => operation.status == OperationStatus::Pending,
            OperationType::Wait | OperationType::Callback | OperationType::ChainedInvoke => {
                operation.status == OperationStatus::Started
            }
            _ => false,
        };
        state.is_closed || !state.unseen.is_empty() || state.operations.iter().any(waits)
    }
}

impl State {
    fn now_millis(&self) -> i64 {
        let elapsed = self.began_at.elapsed().as_millis();
        self.base_millis + i64::try_from(elapsed).unwrap() + self.skipped_millis
    }

    fn outline_of(&self, parent: Option<&str>, depth: usize, text: &mut String) {
        for operation in &self.operations {
            if operation.parent_id.as_deref() != parent
                || operation.r#type == OperationType::Execution
            {
                continue;
            }
            let name = operation.name.as_deref().unwrap_or("-");
            let sub_type = operation.sub_type.as_deref().unwrap_or("-");
            let indent = "  ".repeat(depth);
            writeln!(text, "{indent}{name} {sub_type} {}", operation.status).unwrap();
            self.outline_of(Some(&operation.id), depth + 1, text);
        }
    }

    fn run_timers(&mut self) {
        let now = self.now_millis();
        for operation in &mut self.operations {
            if due_millis(operation).is_none_or(|due| due > now) {
                continue;
            }
            operation.status = match operation.r#type {
                OperationType::Wait => OperationStatus::Succeeded,
                _ => OperationStatus::Ready,
            };
            if has_ended(operation) {
                operation.end_timestamp = Some(EpochSeconds::from_millis(now));
            }
            self.unseen.insert(operation.id.clone());
        }
    }

    fn accept(&mut self, update: &OperationUpdate) {
        let now = self.now_millis();
        let at = |seconds: Option<i64>| {
            Some(EpochSeconds::from_millis(
                now + seconds.expect("a number of seconds") * 1000,
            ))
        };
        let known = self
            .operations
            .iter()
            .position(|operation| operation.id == update.id);
        let index = known.unwrap_or_else(|| {
            self.operations.push(ApiOperation {
                id: update.id.clone(),
                parent_id: update.parent_id.clone(),
                name: update.name.clone(),
                r#type: update.r#type.clone(),
                sub_type: update.sub_type.clone(),
                start_timestamp: Some(EpochSeconds::from_millis(now)),
                ..ApiOperation::default()
            });
            self.operations.len() - 1
        });
        let number = index;
        let operation = &mut self.operations[index];
        let finished = operation.step_details.as_ref().and_then(|it| it.attempt);
        let finished = finished.unwrap_or(0);
        match (&update.r#type, &update.action) {
            (OperationType::Step, OperationAction::Start) => {
                let startable = known.is_none() || operation.status == OperationStatus::Ready;
                assert!(startable, "start of a {} step", operation.status);
                operation.status = OperationStatus::Started;
                let details = operation.step_details.get_or_insert_default();
                details.next_attempt_timestamp = None;
            }
            (OperationType::Step, action) => {
                let options = update.step_options.as_ref();
                operation.status = match action {
                    OperationAction::Succeed => OperationStatus::Succeeded,
                    OperationAction::Fail => OperationStatus::Failed,
                    OperationAction::Retry => OperationStatus::Pending,
                    other => panic!("{other} of a step"),
                };
                operation.step_details = Some(StepDetails {
                    attempt: Some(finished + 1),
                    next_attempt_timestamp: options
                        .and_then(|options| at(options.next_attempt_delay_seconds)),
                    result: update.payload.clone(),
                    error: update.error.clone(),
                });
            }
            (OperationType::Context, OperationAction::Start) => {
                assert!(known.is_none(), "second start of a context");
                operation.status = OperationStatus::Started;
            }
            (OperationType::Context, action) => {
                assert_eq!(operation.status, OperationStatus::Started, "{update:?}");
                operation.status = match action {
                    OperationAction::Succeed => OperationStatus::Succeeded,
                    OperationAction::Fail => OperationStatus::Failed,
                    other => panic!("{other} of a context"),
                };
                let options = update.context_options.as_ref();
                operation.context_details = Some(ContextDetails {
                    replay_children: options.and_then(|options| options.replay_children),
                    result: update.payload.clone(),
                    error: update.error.clone(),
                });
            }
            (OperationType::Wait, OperationAction::Start) => {
                operation.status = OperationStatus::Started;
                operation.wait_details = Some(WaitDetails {
                    scheduled_end_timestamp: at(update.wait_options.as_ref().unwrap().wait_seconds),
                });
            }
            (OperationType::Callback, OperationAction::Start) => {
                operation.status = OperationStatus::Started;
                operation.callback_details = Some(CallbackDetails {
                    callback_id: Some(format!("callback{number}")),
                    ..CallbackDetails::default()
                });
            }
            (OperationType::ChainedInvoke, OperationAction::Start) => {
                operation.status = OperationStatus::Started;
            }
            (OperationType::Execution, OperationAction::Succeed) => {
                operation.status = OperationStatus::Succeeded;
                self.is_closed = true;
            }
            (r#type, action) => panic!("{action} of a {type}"),
        }
        if has_ended(operation) {
            operation.end_timestamp = Some(EpochSeconds::from_millis(now));
        }
    }
}

fn has_ended(operation: &ApiOperation) -> bool {
    matches!(
        operation.status,
        OperationStatus::Succeeded | OperationStatus::Failed
    )
}

fn due_millis(operation: &ApiOperation) -> Option<i64> {
    let due = match (&operation.r#type, &operation.status) {
        (OperationType::Wait, OperationStatus::Started) => {
            operation.wait_details.as_ref()?.scheduled_end_timestamp
        }
        (OperationType::Step, OperationStatus::Pending) => {
            operation.step_details.as_ref()?.next_attempt_timestamp
        }
        _ => None,
    };
    due.map(EpochSeconds::as_millis)
}

impl DurableServiceClient for FakeService {
    fn checkpoint<'a>(
        &'a self,
        durable_execution_arn: &'a str,
        request: CheckpointDurableExecutionRequest,
    ) -> BoxFuture<'a, Result<CheckpointDurableExecutionResponse, ServiceError>> {
        Box::pin(async move {
            assert_eq!(durable_execution_arn, ARN);
            // As over a network, the answer takes a moment.
            tokio::task::yield_now().await;
            let refusal = {
                let mut state = self.state.lock().unwrap();
                let refusal = state.refusals.get(&state.calls.len()).cloned();
                state.calls.push(request.clone());
                refusal
            };
            match &refusal {
                Some(Refusal::Silence) => std::future::pending().await,
                Some(Refusal::Error(code, message)) => {
                    return Err(ServiceError::Rejected {
                        status: code.status(),
                        code: code.clone(),
                        message: (*message).to_owned(),
                    });
                }
                Some(Refusal::NoToken) | None => {}
            }
            let mut state = self.state.lock().unwrap();
            assert_eq!(request.checkpoint_token, state.token.to_string());
            let ids: BTreeSet<_> = request
                .updates
                .iter()
                .map(|update| update.id.clone())
                .collect();
            for update in &request.updates {
                state.accept(update);
            }
            state.run_timers();
            let mut changed = std::mem::take(&mut state.unseen);
            changed.extend(ids);
            state.token += 1;
            if matches!(refusal, Some(Refusal::NoToken)) {
                state.is_closed = true;
            }
            let token = (!state.is_closed).then(|| state.token.to_string());
            let operations = state
                .operations
                .iter()
                .filter(|operation| changed.contains(&operation.id));
            Ok(CheckpointDurableExecutionResponse {
                checkpoint_token: token,
                new_execution_state: NewExecutionState {
                    operations: operations.cloned().collect(),
                    next_marker: None,
                },
            })
        })
    }

    fn get_state<'a>(
        &'a self,
        _: &'a str,
        checkpoint_token: &'a str,
        marker: &'a str,
    ) -> BoxFuture<'a, Result<GetDurableExecutionStateResponse, ServiceError>> {
        Box::pin(async move {
            let state = self.state.lock().unwrap();
            assert_eq!(checkpoint_token, state.token.to_string());
            let index: usize = marker.parse().unwrap();
            let next = index + 1;
            Ok(GetDurableExecutionStateResponse {
                operations: vec![state.operations[index].clone()],
                next_marker: Some(if next < state.operations.len() {
                    next.to_string()
                } else {
                    String::new()
                }),
            })
        })
    }
}
