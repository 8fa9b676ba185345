//! The state according to the event history alone, event by event: a second opinion on the records.

use std::sync::Arc;
use std::time::Duration;

use model::{
    CallbackId, ErrorObject, Event, EventKind, Operation, OperationDetails, OperationId,
    OperationStatus, OperationType, Outcome, Payload, RetryDetails, Timestamp,
};

/// The history so far, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Operations in the order in which they began.
    pub operations: Vec<Arc<Told>>,
    /// The execution's end, once its terminal event has been recorded.
    pub outcome: Option<Outcome>,
    /// Whether a pause is in effect.
    pub is_paused: bool,
    /// The instant since which the execution timeout stands still, in a pause that stops it.
    pub timeout_paused_since: Option<Timestamp>,
    /// The time that it stood still in earlier pauses.
    pub timeout_paused_for: Duration,
    /// Invocations that have ended.
    pub invocations_completed: u64,
    /// The id of the last event.
    pub last_id: u64,
    /// The first event that cannot follow the ones before it, and why.
    pub fault: Option<String>,
}

/// An operation according to the history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `model::Operation`")]
pub struct Told {
    pub id: OperationId,
    pub operation_type: OperationType,
    pub parent_id: Option<OperationId>,
    pub status: OperationStatus,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub attempt: u32,
    pub next_attempt_at: Option<Timestamp>,
    pub callback_id: Option<CallbackId>,
    pub result: Option<Payload>,
    pub error: Option<ErrorObject>,
}

/// How an operation ended: status, result, error.
type End = (OperationStatus, Option<Payload>, Option<ErrorObject>);

impl History {
    /// Reads the next event.
    pub fn take(&mut self, event: &Event) {
        let in_order = event.id == self.last_id + 1;
        self.last_id = event.id;
        let taken = match in_order {
            true => self.fold(event),
            false => Err("events are numbered without gaps".to_owned()),
        };
        if let (Err(fault), None) = (taken, &self.fault) {
            self.fault = Some(format!("event {}: {fault}", event.id));
        }
    }

    fn fold(&mut self, event: &Event) -> Result<(), String> {
        use OperationStatus::{Cancelled, Failed, Started, Stopped, Succeeded, TimedOut};
        match event.kind.clone() {
            EventKind::ExecutionStarted { input, .. } => {
                self.begin(event, OperationType::Execution)?.result = input;
                Ok(())
            }
            EventKind::ExecutionSucceeded { result } => self.finish(Outcome::Succeeded(result)),
            EventKind::ExecutionFailed { error } => self.finish(Outcome::Failed(error)),
            EventKind::ExecutionTimedOut { error } => self.finish(Outcome::TimedOut(error)),
            EventKind::ExecutionStopped { error } => self.finish(Outcome::Stopped(error)),
            EventKind::ExecutionPaused {
                execution_timeout_paused,
                ..
            } => {
                self.timeout_paused_since = execution_timeout_paused.then_some(event.at);
                self.pause(true)
            }
            EventKind::ExecutionResumed { .. } => {
                if let Some(since) = self.timeout_paused_since.take() {
                    self.timeout_paused_for += event.at.since(since);
                }
                self.pause(false)
            }
            EventKind::ContextStarted => self.begin(event, OperationType::Context).map(drop),
            EventKind::ContextSucceeded { result } => self.end(event, (Succeeded, result, None)),
            EventKind::ContextFailed { error } => self.end(event, (Failed, None, Some(error))),
            EventKind::StepStarted => {
                let step = self.step(event)?;
                step.status = Started;
                step.next_attempt_at = None;
                Ok(())
            }
            EventKind::StepSucceeded { result, retry } => {
                self.attempt(event, retry, (Succeeded, result, None))
            }
            EventKind::StepFailed { error, retry } => {
                self.attempt(event, retry, (Failed, None, Some(error)))
            }
            EventKind::WaitStarted { .. } => self.begin(event, OperationType::Wait).map(drop),
            EventKind::WaitSucceeded { .. } => self.end(event, (Succeeded, None, None)),
            EventKind::WaitCancelled { .. } => self.end(event, (Cancelled, None, None)),
            EventKind::CallbackStarted { callback_id, .. } => {
                self.begin(event, OperationType::Callback)?.callback_id = Some(callback_id);
                Ok(())
            }
            EventKind::CallbackSucceeded { result } => self.end(event, (Succeeded, result, None)),
            EventKind::CallbackFailed { error } => self.end(event, (Failed, None, Some(error))),
            EventKind::CallbackTimedOut { error } => self.end(event, (TimedOut, None, Some(error))),
            EventKind::ChainedInvokeStarted { .. } => {
                self.begin(event, OperationType::ChainedInvoke).map(drop)
            }
            EventKind::ChainedInvokeSucceeded { result } => {
                self.end(event, (Succeeded, result, None))
            }
            EventKind::ChainedInvokeFailed { error } => {
                self.end(event, (Failed, None, Some(error)))
            }
            EventKind::ChainedInvokeTimedOut { error } => {
                self.end(event, (TimedOut, None, Some(error)))
            }
            EventKind::ChainedInvokeStopped { error } => {
                self.end(event, (Stopped, None, Some(error)))
            }
            EventKind::InvocationCompleted { .. } => {
                self.invocations_completed += 1;
                Ok(())
            }
        }
    }

    fn begin(&mut self, event: &Event, operation_type: OperationType) -> Result<&mut Told, String> {
        let subject = event.subject.as_ref().ok_or("it names no operation")?;
        if self.operations.iter().any(|told| told.id == subject.id) {
            return Err(format!("`{}` begins twice", subject.id));
        }
        self.operations.push(Arc::new(Told {
            id: subject.id.clone(),
            operation_type,
            parent_id: subject.parent_id.clone(),
            status: OperationStatus::Started,
            started_at: event.at,
            ended_at: None,
            attempt: 0,
            next_attempt_at: None,
            callback_id: None,
            result: None,
            error: None,
        }));
        let begun = self.operations.last_mut();
        Ok(Arc::make_mut(begun.expect("one was just added")))
    }

    /// The operation that the event is about, which must have begun and not ended.
    fn open(&mut self, event: &Event) -> Result<&mut Told, String> {
        let subject = event.subject.as_ref().ok_or("it names no operation")?;
        let mut operations = self.operations.iter_mut();
        let told = operations
            .find(|told| told.id == subject.id)
            .ok_or_else(|| format!("`{}` has not begun", subject.id))?;
        if told.status.is_terminal() {
            return Err(format!("`{}` has ended already", subject.id));
        }
        Ok(Arc::make_mut(told))
    }

    /// A step, which may begin with any of its events.
    fn step(&mut self, event: &Event) -> Result<&mut Told, String> {
        let is_new = |told: &Arc<Told>| Some(&told.id) != event.subject.as_ref().map(|of| &of.id);
        if self.operations.iter().all(is_new) {
            self.begin(event, OperationType::Step)
        } else {
            self.open(event)
        }
    }

    fn attempt(&mut self, event: &Event, retry: RetryDetails, end: End) -> Result<(), String> {
        let step = self.step(event)?;
        step.attempt += 1;
        if step.attempt != retry.current_attempt {
            return Err(format!(
                "attempt {} is counted wrong",
                retry.current_attempt
            ));
        }
        let (status, result, error) = end;
        (step.result, step.error) = (result, error);
        if let Some(seconds) = retry.next_attempt_delay_seconds {
            step.status = OperationStatus::Pending;
            step.next_attempt_at = Some(event.at.plus_seconds(seconds));
        } else {
            step.status = status;
            step.next_attempt_at = None;
            step.ended_at = Some(event.at);
        }
        Ok(())
    }

    fn end(&mut self, event: &Event, end: End) -> Result<(), String> {
        let at = event.at;
        let told = self.open(event)?;
        (told.status, told.result, told.error) = end;
        told.ended_at = Some(at);
        Ok(())
    }

    fn finish(&mut self, outcome: Outcome) -> Result<(), String> {
        match self.outcome.replace(outcome) {
            None => Ok(()),
            Some(_) => Err("the execution ends twice".to_owned()),
        }
    }

    fn pause(&mut self, is_paused: bool) -> Result<(), String> {
        if self.is_paused == is_paused {
            return Err("pauses and resumes come in turn".to_owned());
        }
        self.is_paused = is_paused;
        Ok(())
    }
}

impl Told {
    /// The expected history of an operation. A step becomes READY without an event: the history has it PENDING until
    /// `due`.
    pub fn of(operation: &Operation, due: Option<Timestamp>) -> Self {
        let is_ready = operation.status == OperationStatus::Ready;
        let mut told = Self {
            id: operation.id.clone(),
            operation_type: operation.operation_type(),
            parent_id: operation.parent_id.clone(),
            status: if is_ready {
                OperationStatus::Pending
            } else {
                operation.status
            },
            started_at: operation.started_at,
            ended_at: operation.ended_at,
            attempt: 0,
            next_attempt_at: due.filter(|_| is_ready),
            callback_id: None,
            result: None,
            error: None,
        };
        match operation.details.clone() {
            OperationDetails::Execution { input } => told.result = input,
            OperationDetails::Wait { .. } => {}
            OperationDetails::Step {
                attempt,
                next_attempt_at,
                result,
                error,
            } => {
                told.attempt = attempt;
                told.next_attempt_at = told.next_attempt_at.or(next_attempt_at);
                (told.result, told.error) = (result, error);
            }
            OperationDetails::Callback {
                callback_id,
                result,
                error,
                ..
            } => {
                told.callback_id = Some(callback_id);
                (told.result, told.error) = (result, error);
            }
            OperationDetails::Context { result, error, .. }
            | OperationDetails::ChainedInvoke { result, error, .. } => {
                (told.result, told.error) = (result, error);
            }
        }
        told
    }
}
