//! A second, naive opinion: the content of the event history and the operations, recomputed from nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    CallbackId, ChainedTarget, Deadline, DeadlineReason, ErrorObject, Event, EventKind,
    ExecutionSpec, ExecutionState, Invocation, Operation, OperationDetails, OperationId,
    OperationStatus, Outcome, Payload, RetryDetails, Timestamp,
};

/// An operation as a reader of the history alone knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub kind: &'static str,
    pub name: Option<String>,
    pub parent_id: Option<OperationId>,
    pub sub_type: Option<String>,
    pub status: OperationStatus,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub attempt: u32,
    pub next_attempt_at: Option<Timestamp>,
    pub callback_id: Option<CallbackId>,
    pub result: Option<Payload>,
    pub error: Option<ErrorObject>,
}

/// An execution as a reader of the history alone knows it.
#[derive(Debug, Default)]
pub struct History {
    pub operations: BTreeMap<OperationId, Told>,
    pub outcome: Option<Outcome>,
    pub invocations_completed: u64,
    pub paused: bool,
}

impl History {
    pub fn read(events: &[Event]) -> Self {
        let mut history = Self::default();
        for event in events {
            history.take(event);
        }
        history
    }

    fn take(&mut self, event: &Event) {
        use OperationStatus::{Cancelled, Failed, Started, Stopped, Succeeded, TimedOut};
        match event.kind.clone() {
            EventKind::ExecutionStarted { input, .. } => {
                self.begin(event, "execution").result = input;
            }
            EventKind::ExecutionSucceeded { result } => self.end(Outcome::Succeeded(result)),
            EventKind::ExecutionFailed { error } => self.end(Outcome::Failed(error)),
            EventKind::ExecutionTimedOut { error } => self.end(Outcome::TimedOut(error)),
            EventKind::ExecutionStopped { error } => self.end(Outcome::Stopped(error)),
            EventKind::ExecutionPaused { .. } => {
                assert!(!self.paused, "paused twice");
                self.paused = true;
            }
            EventKind::ExecutionResumed { .. } => {
                assert!(self.paused, "resumed without having been paused");
                self.paused = false;
            }
            EventKind::ContextStarted => drop(self.begin(event, "context")),
            EventKind::ContextSucceeded { result } => self.close(event, Succeeded, result, None),
            EventKind::ContextFailed { error } => self.close(event, Failed, None, Some(error)),
            EventKind::StepStarted => {
                let step = self.begin_or_continue(event, "step");
                step.status = Started;
                step.next_attempt_at = None;
            }
            EventKind::StepSucceeded { result, retry } => {
                self.attempt(event, Succeeded, retry, result, None);
            }
            EventKind::StepFailed { error, retry } => {
                self.attempt(event, Failed, retry, None, Some(error));
            }
            EventKind::WaitStarted { .. } => drop(self.begin(event, "wait")),
            EventKind::WaitSucceeded { .. } => self.close(event, Succeeded, None, None),
            EventKind::WaitCancelled { .. } => self.close(event, Cancelled, None, None),
            EventKind::CallbackStarted { callback_id, .. } => {
                self.begin(event, "callback").callback_id = Some(callback_id);
            }
            EventKind::CallbackSucceeded { result } => self.close(event, Succeeded, result, None),
            EventKind::CallbackFailed { error } => self.close(event, Failed, None, Some(error)),
            EventKind::CallbackTimedOut { error } => self.close(event, TimedOut, None, Some(error)),
            EventKind::ChainedInvokeStarted { .. } => drop(self.begin(event, "chained")),
            EventKind::ChainedInvokeSucceeded { result } => {
                self.close(event, Succeeded, result, None);
            }
            EventKind::ChainedInvokeFailed { error } => {
                self.close(event, Failed, None, Some(error));
            }
            EventKind::ChainedInvokeTimedOut { error } => {
                self.close(event, TimedOut, None, Some(error));
            }
            EventKind::ChainedInvokeStopped { error } => {
                self.close(event, Stopped, None, Some(error));
            }
            EventKind::InvocationCompleted { .. } => {
                assert!(event.subject.is_none(), "an invocation is no operation");
                self.invocations_completed += 1;
            }
        }
    }

    fn begin(&mut self, event: &Event, kind: &'static str) -> &mut Told {
        let subject = event.subject.as_ref().expect("an operation's event");
        assert!(
            !self.operations.contains_key(&subject.id),
            "{} begins twice",
            subject.id
        );
        self.begin_or_continue(event, kind)
    }

    fn begin_or_continue(&mut self, event: &Event, kind: &'static str) -> &mut Told {
        let subject = event.subject.clone().expect("an operation's event");
        let told = self.operations.entry(subject.id).or_insert(Told {
            kind,
            name: subject.name.clone(),
            parent_id: subject.parent_id.clone(),
            sub_type: subject.sub_type.clone(),
            status: OperationStatus::Started,
            started_at: event.at,
            ended_at: None,
            attempt: 0,
            next_attempt_at: None,
            callback_id: None,
            result: None,
            error: None,
        });
        assert_eq!(told.kind, kind, "an operation keeps its type");
        assert!(!told.status.is_terminal(), "an ended operation goes on");
        let same = told.name == subject.name
            && told.parent_id == subject.parent_id
            && told.sub_type == subject.sub_type;
        assert!(same, "an operation keeps its name, parent and sub-type");
        told
    }

    fn attempt(
        &mut self,
        event: &Event,
        status: OperationStatus,
        retry: RetryDetails,
        result: Option<Payload>,
        error: Option<ErrorObject>,
    ) {
        let step = self.begin_or_continue(event, "step");
        assert_eq!(step.attempt + 1, retry.current_attempt, "attempts count up");
        step.attempt = retry.current_attempt;
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
    }

    fn close(
        &mut self,
        event: &Event,
        status: OperationStatus,
        result: Option<Payload>,
        error: Option<ErrorObject>,
    ) {
        let subject = event.subject.as_ref().expect("an operation's event");
        let told = self.operations.get_mut(&subject.id);
        let told = told.expect("what ends has begun");
        assert!(!told.status.is_terminal(), "{} ends twice", subject.id);
        told.status = status;
        told.ended_at = Some(event.at);
        told.result = result;
        told.error = error;
    }

    fn end(&mut self, outcome: Outcome) {
        assert!(self.outcome.is_none(), "an execution ends once");
        self.outcome = Some(outcome);
    }
}

/// The expected account of this operation in the history.
pub fn told(operation: &Operation) -> Told {
    let blank = Told {
        kind: "execution",
        name: operation.name.clone(),
        parent_id: operation.parent_id.clone(),
        sub_type: operation.sub_type.clone(),
        status: operation.status,
        started_at: operation.started_at,
        ended_at: operation.ended_at,
        attempt: 0,
        next_attempt_at: None,
        callback_id: None,
        result: None,
        error: None,
    };
    match operation.details.clone() {
        OperationDetails::Execution { input } => Told {
            result: input,
            ..blank
        },
        OperationDetails::Context { result, error, .. } => Told {
            kind: "context",
            result,
            // A failure without an error is told as one that says nothing.
            error: error.or((operation.status == OperationStatus::Failed).then(Default::default)),
            ..blank
        },
        OperationDetails::Step {
            attempt,
            next_attempt_at,
            result,
            error,
        } => Told {
            kind: "step",
            attempt,
            next_attempt_at,
            result,
            error,
            ..blank
        },
        OperationDetails::Wait { .. } => Told {
            kind: "wait",
            ..blank
        },
        OperationDetails::Callback {
            callback_id,
            result,
            error,
            ..
        } => Told {
            kind: "callback",
            callback_id: Some(callback_id),
            result,
            error,
            ..blank
        },
        OperationDetails::ChainedInvoke {
            result,
            error,
            target,
            ..
        } => {
            let unresolvable = target == ChainedTarget::Unresolvable;
            assert!(!unresolvable || operation.status == OperationStatus::Failed);
            Told {
                kind: "chained",
                result,
                error,
                ..blank
            }
        }
    }
}

/// Every deadline that follows from the records.
pub fn deadlines<'a>(
    spec: &ExecutionSpec,
    state: &ExecutionState,
    operations: impl Iterator<Item = &'a Operation>,
) -> BTreeSet<Deadline> {
    let mut deadlines = BTreeSet::new();
    let mut add = |at, reason| deadlines.extend([Deadline { at, reason }]);
    if state.outcome.is_some() {
        let ended_at = state.ended_at.expect("what has ended did so at some time");
        let retention = ended_at.plus_seconds(spec.retention_days * 86_400);
        add(retention, DeadlineReason::RetentionElapsed);
        return deadlines;
    }
    let latest = spec.started_at.plus_seconds(366 * 86_400);
    let stands_still = state.is_paused()
        && (state.pause.as_ref()).is_some_and(|pause| pause.execution_timeout_paused);
    let timeout = if stands_still {
        latest
    } else {
        let at = spec.started_at.plus_seconds(spec.execution_timeout_seconds);
        (at + state.timeout_paused_for).min(latest)
    };
    add(timeout, DeadlineReason::ExecutionTimeout);
    if let Invocation::BackingOff { until } = state.invocation {
        add(until, DeadlineReason::InvocationRetry);
    }
    for operation in operations.filter(|operation| !operation.status.is_terminal()) {
        let id = operation.id.clone();
        match operation.details.clone() {
            OperationDetails::Execution { .. }
            | OperationDetails::Context { .. }
            | OperationDetails::ChainedInvoke { .. } => {}
            OperationDetails::Step {
                next_attempt_at, ..
            } => {
                if let Some(at) = next_attempt_at {
                    add(at, DeadlineReason::StepRetry(id));
                }
            }
            OperationDetails::Wait {
                scheduled_end_at, ..
            } => add(scheduled_end_at, DeadlineReason::WaitElapsed(id)),
            OperationDetails::Callback {
                timeout_seconds,
                heartbeat_timeout_seconds,
                last_heartbeat_at,
                ..
            } => {
                if let Some(seconds) = timeout_seconds {
                    let at = operation.started_at.plus_seconds(seconds);
                    add(at, DeadlineReason::CallbackTimeout(id.clone()));
                }
                if let Some(seconds) = heartbeat_timeout_seconds {
                    let at = last_heartbeat_at.plus_seconds(seconds);
                    add(at, DeadlineReason::CallbackHeartbeat(id));
                }
            }
        }
    }
    deadlines
}

/// Whether something other than the function will move the operation on.
pub fn is_pending(operation: &Operation) -> bool {
    use model::OperationType::{Callback, ChainedInvoke, Context, Execution, Step, Wait};
    match operation.operation_type() {
        Execution | Context => false,
        Step => operation.status == OperationStatus::Pending,
        Wait | Callback | ChainedInvoke => operation.status == OperationStatus::Started,
    }
}
