//! Rebuilds an execution's operations from its event history.
//!
//! The API shows operations only to the function itself; other clients see events. The operations rebuilt here have the
//! statuses that the service has, and the times that a timeline needs: when each operation worked and when it waited.

use std::collections::HashMap;

use lambda_api::{
    ApiOperation, CallbackDetails, ChainedInvokeDetails, ContextDetails, EpochSeconds, ErrorObject,
    Event, EventType, Operation, OperationStatus, OperationType, StepDetails, WaitDetails,
};

use crate::interval::{Span, Spans};

/// The operations and invocations of an execution.
#[derive(Debug, Clone, Default)]
pub struct ExecutionTrace {
    /// Operations in order of their start, the EXECUTION operation not among them.
    pub operations: Vec<OperationTrace>,
    /// When the function ran.
    pub invocations: Spans,
    /// How many invocations have ended.
    pub invocations_ended: usize,
    /// Why the last invocation failed, if it did: the service tries again.
    pub invocation_error: Option<ErrorObject>,
    /// Since when an invocation has been running, as far as the history shows.
    pub invocation_since: Option<i64>,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct OperationTrace {
    /// Its id.
    pub id: String,
    /// Index of the enclosing context in [`ExecutionTrace::operations`]; always smaller than its own.
    pub parent: Option<usize>,
    /// The enclosing context's id, whether or not the history has it.
    pub parent_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What kind of operation it is.
    pub kind: OperationType,
    /// The SDK's finer kind, such as `WaitForCallback`.
    pub sub_type: Option<String>,
    /// How far it has come.
    pub status: OperationStatus,
    /// When it began.
    pub started_at: i64,
    /// When it reached a terminal status.
    pub ended_at: Option<i64>,
    /// Attempts that began; 1 for everything but steps.
    pub attempts: u32,
    /// When work was done, or waited for, by an operation that has ended doing so.
    spans: Vec<(Activity, Span)>,
    /// Its current activity, and when that began.
    pub doing: Option<(Activity, i64)>,
    /// The result, or a polled condition's state.
    pub result: Option<String>,
    /// The error of the last attempt, or of the operation.
    pub error: Option<ErrorObject>,
    /// The id that completes a callback.
    pub callback_id: Option<String>,
    /// When it goes on, or times out, by itself.
    pub due_at: Option<i64>,
    /// The function that a chained invoke calls.
    pub chained_function: Option<String>,
}

/// The activity of an operation at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Code of the function runs.
    Running,
    /// Nothing runs: time, a callback, a retry or another function is waited for.
    Waiting,
}

impl ExecutionTrace {
    /// Reads a whole history, oldest event first.
    pub fn from_events(events: &[Event]) -> Self {
        let mut trace = Self::default();
        let mut index = HashMap::new();
        let mut invocations = Vec::new();
        for event in events {
            let at = event.event_timestamp.as_millis();
            if event.event_type == EventType::InvocationCompleted {
                if let Some(details) = &event.invocation_completed_details {
                    invocations.push(Span::new(
                        details.start_timestamp.as_millis(),
                        details.end_timestamp.as_millis(),
                    ));
                }
                let details = event.invocation_completed_details.as_ref();
                let error = details.and_then(|it| it.error.as_ref());
                trace.invocation_error = error.and_then(|it| it.payload.clone());
                trace.invocations_ended += 1;
                trace.invocation_since = None;
                continue;
            }
            if is_of_execution(&event.event_type) {
                // The first invocation follows the start at once; at the end there is none left.
                trace.invocation_since =
                    (event.event_type == EventType::ExecutionStarted).then_some(at);
                continue;
            }
            // Completions from outside cause an invocation; everything else is written by one.
            trace.invocation_since = trace.invocation_since.or(Some(at));
            trace.operation(event, at, &mut index);
        }
        trace.invocations = invocations.into_iter().collect();
        trace
    }

    fn operation(&mut self, event: &Event, at: i64, index: &mut HashMap<String, usize>) {
        let Some(id) = &event.id else { return };
        let position = match index.get(id) {
            Some(position) => *position,
            None => {
                let parent = event.parent_id.as_ref().and_then(|id| index.get(id));
                self.operations
                    .push(OperationTrace::new(id, event, parent.copied(), at));
                index.insert(id.clone(), self.operations.len() - 1);
                self.operations.len() - 1
            }
        };
        self.operations[position].absorb(event, at);
    }

    /// For every operation, whether it has operations below it.
    pub fn has_children(&self) -> Vec<bool> {
        let mut has = vec![false; self.operations.len()];
        for parent in self.operations.iter().filter_map(|it| it.parent) {
            has[parent] = true;
        }
        has
    }

    /// The operations in AWS's shape, in order of their start.
    pub fn api_operations(&self) -> Vec<ApiOperation> {
        self.operations.iter().map(OperationTrace::api).collect()
    }
}

impl OperationTrace {
    fn new(id: &str, event: &Event, parent: Option<usize>, at: i64) -> Self {
        Self {
            id: id.to_owned(),
            parent,
            parent_id: event.parent_id.clone(),
            name: event.name.clone(),
            kind: kind(&event.event_type),
            sub_type: event.sub_type.clone(),
            status: OperationStatus::Started,
            started_at: at,
            ended_at: None,
            attempts: 0,
            spans: Vec::new(),
            doing: None,
            result: None,
            error: None,
            callback_id: None,
            due_at: None,
            chained_function: None,
        }
    }

    /// The times of an activity, up to `now`.
    pub fn spans(&self, activity: Activity, now: i64) -> Spans {
        let open = self
            .doing
            .map(|(doing, since)| (doing, Span::new(since, now)));
        self.spans
            .iter()
            .copied()
            .chain(open)
            .filter(|(did, _)| *did == activity)
            .map(|(_, span)| span)
            .collect()
    }

    fn absorb(&mut self, event: &Event, at: i64) {
        use EventType as E;
        match &event.event_type {
            E::ContextStarted => self.begin(Activity::Running, at),
            E::StepStarted => {
                self.attempts += 1;
                self.due_at = None;
                self.status = OperationStatus::Started;
                self.begin(Activity::Running, at);
            }
            E::WaitStarted => {
                self.begin(Activity::Waiting, at);
                let details = event.wait_started_details.as_ref();
                self.due_at = details.map(|it| it.scheduled_end_timestamp.as_millis());
            }
            E::CallbackStarted => {
                self.begin(Activity::Waiting, at);
                if let Some(details) = &event.callback_started_details {
                    self.callback_id = Some(details.callback_id.clone());
                    let timeout = details.timeout.filter(|seconds| *seconds > 0);
                    self.due_at =
                        timeout.map(|seconds| at.saturating_add(seconds.saturating_mul(1000)));
                }
            }
            E::ChainedInvokeStarted => {
                self.begin(Activity::Waiting, at);
                let details = event.chained_invoke_started_details.as_ref();
                self.chained_function = details.map(|it| it.function_name.clone());
            }
            E::StepSucceeded => {
                let details = event.step_succeeded_details.clone().unwrap_or_default();
                self.result = details.result.payload;
                self.error = None;
                self.attempt(OperationStatus::Succeeded, &details.retry_details, at);
            }
            E::StepFailed => {
                let details = event.step_failed_details.clone().unwrap_or_default();
                self.error = details.error.payload;
                self.attempt(OperationStatus::Failed, &details.retry_details, at);
            }
            E::ContextSucceeded | E::ChainedInvokeSucceeded | E::CallbackSucceeded => {
                let details = event
                    .context_succeeded_details
                    .as_ref()
                    .or(event.chained_invoke_succeeded_details.as_ref())
                    .or(event.callback_succeeded_details.as_ref());
                self.result = details.and_then(|it| it.result.payload.clone());
                self.end(OperationStatus::Succeeded, at);
            }
            E::WaitSucceeded => self.end(OperationStatus::Succeeded, at),
            E::ContextFailed | E::ChainedInvokeFailed | E::CallbackFailed => {
                let details = event
                    .context_failed_details
                    .as_ref()
                    .or(event.chained_invoke_failed_details.as_ref())
                    .or(event.callback_failed_details.as_ref());
                self.error = details.and_then(|it| it.error.payload.clone());
                self.end(OperationStatus::Failed, at);
            }
            E::ChainedInvokeTimedOut | E::CallbackTimedOut => {
                let details = event
                    .chained_invoke_timed_out_details
                    .as_ref()
                    .or(event.callback_timed_out_details.as_ref());
                self.error = details.and_then(|it| it.error.payload.clone());
                self.end(OperationStatus::TimedOut, at);
            }
            E::ChainedInvokeStopped => {
                let details = event.chained_invoke_stopped_details.as_ref();
                self.error = details.and_then(|it| it.error.payload.clone());
                self.end(OperationStatus::Stopped, at);
            }
            E::WaitCancelled => {
                let details = event.wait_cancelled_details.as_ref();
                self.error = details
                    .and_then(|it| it.error.as_ref())
                    .and_then(|it| it.payload.clone());
                self.end(OperationStatus::Cancelled, at);
            }
            // Events that belong to no operation, and those of a newer service.
            E::ExecutionStarted
            | E::ExecutionSucceeded
            | E::ExecutionFailed
            | E::ExecutionTimedOut
            | E::ExecutionStopped
            | E::ExecutionPaused
            | E::ExecutionResumed
            | E::InvocationCompleted
            | E::Unknown(_) => {}
        }
    }

    /// An attempt of a step has ended: for good, or until the next one is due.
    fn attempt(&mut self, status: OperationStatus, retry: &lambda_api::RetryDetails, at: i64) {
        // A step may end without having been started: SDKs may report both at once.
        self.attempts = self.attempts.max(retry.current_attempt.unwrap_or(1));
        match retry.next_attempt_delay_seconds {
            None => self.end(status, at),
            Some(delay) => {
                self.begin(Activity::Waiting, at);
                self.status = OperationStatus::Pending;
                self.due_at = Some(at.saturating_add(delay.saturating_mul(1000)));
            }
        }
    }

    fn begin(&mut self, activity: Activity, at: i64) {
        self.pause(at);
        self.doing = Some((activity, at));
        self.attempts = self.attempts.max(1);
    }

    fn pause(&mut self, at: i64) {
        if let Some((did, since)) = self.doing.take() {
            self.spans.push((did, Span::new(since, at)));
        }
    }

    fn end(&mut self, status: OperationStatus, at: i64) {
        if self.doing.is_none() && self.spans.is_empty() {
            self.spans.push((Activity::Running, Span::new(at, at)));
        }
        self.pause(at);
        self.status = status;
        self.ended_at = Some(at);
        self.due_at = None;
    }

    fn api(&self) -> ApiOperation {
        let due = self.due_at.map(EpochSeconds::from_millis);
        let (result, error) = (self.result.clone(), self.error.clone());
        let mut operation = Operation {
            id: self.id.clone(),
            parent_id: self.parent_id.clone(),
            name: self.name.clone(),
            r#type: self.kind.clone(),
            sub_type: self.sub_type.clone(),
            start_timestamp: Some(EpochSeconds::from_millis(self.started_at)),
            end_timestamp: self.ended_at.map(EpochSeconds::from_millis),
            status: self.status.clone(),
            ..Operation::default()
        };
        match &self.kind {
            OperationType::Context => {
                operation.context_details = Some(ContextDetails {
                    replay_children: None,
                    result,
                    error,
                });
            }
            OperationType::Step => {
                operation.step_details = Some(StepDetails {
                    attempt: Some(self.attempts),
                    next_attempt_timestamp: due,
                    result,
                    error,
                });
            }
            OperationType::Wait => {
                operation.wait_details = Some(WaitDetails {
                    scheduled_end_timestamp: due,
                });
            }
            OperationType::Callback => {
                operation.callback_details = Some(CallbackDetails {
                    callback_id: self.callback_id.clone(),
                    result,
                    error,
                });
            }
            OperationType::ChainedInvoke => {
                operation.chained_invoke_details = Some(ChainedInvokeDetails { result, error });
            }
            OperationType::Execution | OperationType::Unknown(_) => {}
        }
        operation
    }
}

fn is_of_execution(event_type: &EventType) -> bool {
    matches!(
        event_type,
        EventType::ExecutionStarted
            | EventType::ExecutionSucceeded
            | EventType::ExecutionFailed
            | EventType::ExecutionTimedOut
            | EventType::ExecutionStopped
            | EventType::ExecutionPaused
            | EventType::ExecutionResumed
    )
}

fn kind(event_type: &EventType) -> OperationType {
    use EventType as E;
    match event_type {
        E::ContextStarted | E::ContextSucceeded | E::ContextFailed => OperationType::Context,
        E::WaitStarted | E::WaitSucceeded | E::WaitCancelled => OperationType::Wait,
        E::StepStarted | E::StepSucceeded | E::StepFailed => OperationType::Step,
        E::ChainedInvokeStarted
        | E::ChainedInvokeSucceeded
        | E::ChainedInvokeFailed
        | E::ChainedInvokeTimedOut
        | E::ChainedInvokeStopped => OperationType::ChainedInvoke,
        E::CallbackStarted | E::CallbackSucceeded | E::CallbackFailed | E::CallbackTimedOut => {
            OperationType::Callback
        }
        E::ExecutionStarted
        | E::ExecutionSucceeded
        | E::ExecutionFailed
        | E::ExecutionTimedOut
        | E::ExecutionStopped
        | E::ExecutionPaused
        | E::ExecutionResumed => OperationType::Execution,
        E::InvocationCompleted => OperationType::Unknown("INVOCATION".to_owned()),
        E::Unknown(name) => OperationType::Unknown(name.clone()),
    }
}
