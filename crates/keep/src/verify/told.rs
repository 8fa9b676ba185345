//! The account of the operations and of the execution in a history, for a reader of the history alone.

use std::collections::HashMap;

use model::{
    CallbackId, ErrorObject, Event, EventKind, OperationId, OperationStatus, OperationType,
    Outcome, Payload, RetryDetails, Timestamp,
};

/// The account of an operation.
#[derive(Debug)]
pub(super) struct Told {
    pub operation_type: OperationType,
    pub name: Option<String>,
    pub parent_id: Option<OperationId>,
    pub sub_type: Option<String>,
    pub status: OperationStatus,
    pub ended_at: Option<Timestamp>,
    pub attempt: u32,
    pub next_attempt_at: Option<Timestamp>,
    pub callback_id: Option<CallbackId>,
    pub result: Option<Payload>,
    pub error: Option<ErrorObject>,
}

/// The account of an execution.
#[derive(Debug, Default)]
pub(super) struct History {
    pub operations: HashMap<OperationId, Told>,
    pub outcome: Option<Outcome>,
    pub invocations_completed: u64,
    pub is_paused: bool,
}

/// Folds a history.
///
/// # Errors
/// The first event that cannot follow those before it, and why.
pub(super) fn fold(events: &[Event]) -> Result<History, String> {
    let mut history = History::default();
    for event in events {
        history
            .take(event)
            .map_err(|why| format!("event {} of its history: {why}", event.id))?;
    }
    Ok(history)
}

impl History {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        use EventKind as Kind;
        use OperationStatus::{Cancelled, Failed, Stopped, Succeeded, TimedOut};
        use OperationType::{Callback, ChainedInvoke, Context, Execution, Wait};
        if self.outcome.is_some() && !matches!(event.kind, Kind::InvocationCompleted { .. }) {
            return Err("it comes after the end of the execution".to_owned());
        }
        match &event.kind {
            Kind::ExecutionStarted { input, .. } => {
                let told = self.begin(event, Execution)?;
                told.result.clone_from(input);
                Ok(())
            }
            Kind::ExecutionSucceeded { result } => {
                self.end(Outcome::Succeeded(result.clone()));
                Ok(())
            }
            Kind::ExecutionFailed { error } => {
                self.end(Outcome::Failed(error.clone()));
                Ok(())
            }
            Kind::ExecutionTimedOut { error } => {
                self.end(Outcome::TimedOut(error.clone()));
                Ok(())
            }
            Kind::ExecutionStopped { error } => {
                self.end(Outcome::Stopped(error.clone()));
                Ok(())
            }
            Kind::ExecutionPaused { .. } => self.pause(true),
            Kind::ExecutionResumed { .. } => self.pause(false),
            Kind::ContextStarted => self.begin(event, Context).map(drop),
            Kind::WaitStarted { .. } => self.begin(event, Wait).map(drop),
            Kind::ChainedInvokeStarted { .. } => self.begin(event, ChainedInvoke).map(drop),
            Kind::CallbackStarted { callback_id, .. } => {
                self.begin(event, Callback)?.callback_id = Some(callback_id.clone());
                Ok(())
            }
            Kind::StepStarted => {
                let step = self.begin_or_go_on(event, OperationType::Step)?;
                step.status = OperationStatus::Started;
                step.next_attempt_at = None;
                Ok(())
            }
            Kind::StepSucceeded { result, retry } => {
                self.attempt(event, Succeeded, *retry, result.clone(), None)
            }
            Kind::StepFailed { error, retry } => {
                self.attempt(event, Failed, *retry, None, Some(error.clone()))
            }
            Kind::ContextSucceeded { result }
            | Kind::CallbackSucceeded { result }
            | Kind::ChainedInvokeSucceeded { result } => {
                self.close(event, Succeeded, result.clone(), None)
            }
            Kind::ContextFailed { error }
            | Kind::CallbackFailed { error }
            | Kind::ChainedInvokeFailed { error } => {
                self.close(event, Failed, None, Some(error.clone()))
            }
            Kind::CallbackTimedOut { error } | Kind::ChainedInvokeTimedOut { error } => {
                self.close(event, TimedOut, None, Some(error.clone()))
            }
            Kind::ChainedInvokeStopped { error } => {
                self.close(event, Stopped, None, Some(error.clone()))
            }
            Kind::WaitSucceeded { .. } => self.close(event, Succeeded, None, None),
            Kind::WaitCancelled { .. } => self.close(event, Cancelled, None, None),
            Kind::InvocationCompleted { .. } => {
                self.invocations_completed += 1;
                Ok(())
            }
        }
    }

    fn pause(&mut self, begins: bool) -> Result<(), String> {
        if self.is_paused == begins {
            return Err(match begins {
                true => "it is paused already".to_owned(),
                false => "it was not paused".to_owned(),
            });
        }
        self.is_paused = begins;
        Ok(())
    }

    fn end(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    fn begin(&mut self, event: &Event, operation_type: OperationType) -> Result<&mut Told, String> {
        let id = event.subject.as_ref().map(|subject| &subject.id);
        if let Some(id) = id
            && self.operations.contains_key(id)
        {
            return Err(format!("operation `{id}` begins again"));
        }
        self.begin_or_go_on(event, operation_type)
    }

    fn begin_or_go_on(
        &mut self,
        event: &Event,
        operation_type: OperationType,
    ) -> Result<&mut Told, String> {
        let subject = event.subject.as_ref().ok_or("it is about no operation")?;
        let id = &subject.id;
        if let Some(parent) = &subject.parent_id
            && !self.operations.contains_key(parent)
        {
            return Err(format!(
                "operation `{id}` begins in `{parent}`, which has not begun"
            ));
        }
        let told = self.operations.entry(id.clone()).or_insert_with(|| Told {
            operation_type,
            name: subject.name.clone(),
            parent_id: subject.parent_id.clone(),
            sub_type: subject.sub_type.clone(),
            status: OperationStatus::Started,
            ended_at: None,
            attempt: 0,
            next_attempt_at: None,
            callback_id: None,
            result: None,
            error: None,
        });
        if told.operation_type != operation_type {
            let was = told.operation_type;
            return Err(format!("operation `{id}` was a {was:?}"));
        }
        if told.status.is_terminal() {
            return Err(format!("operation `{id}` had ended"));
        }
        Ok(told)
    }

    fn attempt(
        &mut self,
        event: &Event,
        status: OperationStatus,
        retry: RetryDetails,
        result: Option<Payload>,
        error: Option<ErrorObject>,
    ) -> Result<(), String> {
        let step = self.begin_or_go_on(event, OperationType::Step)?;
        let (expected, found) = (step.attempt + 1, retry.current_attempt);
        if expected != found {
            return Err(format!("attempt {found} ends, and {expected} was next"));
        }
        step.attempt = found;
        step.result = result;
        step.error = error;
        match retry.next_attempt_delay_seconds {
            Some(seconds) => {
                step.status = OperationStatus::Pending;
                step.next_attempt_at = Some(event.at.plus_seconds(seconds));
            }
            None => {
                step.status = status;
                step.next_attempt_at = None;
                step.ended_at = Some(event.at);
            }
        }
        Ok(())
    }

    fn close(
        &mut self,
        event: &Event,
        status: OperationStatus,
        result: Option<Payload>,
        error: Option<ErrorObject>,
    ) -> Result<(), String> {
        let subject = event.subject.as_ref().ok_or("it is about no operation")?;
        let id = &subject.id;
        let told = self.operations.get_mut(id);
        let told = told.ok_or_else(|| format!("operation `{id}` ends and has not begun"))?;
        if told.status.is_terminal() {
            return Err(format!("operation `{id}` ends again"));
        }
        told.status = status;
        told.ended_at = Some(event.at);
        told.result = result;
        told.error = error;
        Ok(())
    }
}
