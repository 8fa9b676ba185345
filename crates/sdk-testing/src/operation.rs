//! Operations for tests to inspect, rebuilt from the events of a history.
//!
//! The API shows operations only to the function itself; other clients see events. The parts that have the API's shape
//! are kept in that shape, because replaying a recorded history hands them to the handler.

use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

use lambda_api::{
    CallbackDetails, ChainedInvokeDetails, ContextDetails, ErrorObject, Event, EventType,
    OperationStatus, OperationType, RetryDetails, StepDetails, WaitDetails,
};
use lambda_api::{EpochMillis, InvocationOperation};
use serde::de::DeserializeOwned;

use crate::error::RunError;
use crate::time::instant;

/// An operation of a run: a step, a wait, a callback, a chained invoke, a context.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestOperation {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its type.
    pub r#type: OperationType,
    /// Its subtype, such as `ParallelBranch`.
    pub sub_type: Option<String>,
    /// Its status.
    pub status: OperationStatus,
    /// How many attempts of a step, or checks of a condition, have begun.
    pub attempts: u32,
    /// When it began, by the run's time.
    pub started_at: SystemTime,
    /// When it ended, by the run's time.
    pub ended_at: Option<SystemTime>,
    /// The function of a chained invoke, as the handler named it.
    pub function: Option<String>,
    /// The id by which a callback is completed from outside.
    pub callback_id: Option<String>,
    pub(crate) recorded: InvocationOperation,
    pub(crate) parent: Option<usize>,
}

impl TestOperation {
    /// Its result.
    ///
    /// # Errors
    /// When it has no result, or the result is not a `T`.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, RunError> {
        if self.status != OperationStatus::Succeeded {
            let why = match self.error() {
                Some(error) => format!(": {}", told(error)),
                None => String::new(),
            };
            return Err(RunError(format!("{self} is {}{why}", self.status)));
        }
        let text = self.result_text();
        serde_json::from_str(text.unwrap_or("null")).map_err(|error| {
            let text = text.unwrap_or("nothing");
            RunError(format!(
                "the result of {self} is not of that type ({error}): {text}"
            ))
        })
    }

    /// Its result as recorded text.
    #[must_use]
    pub fn result_text(&self) -> Option<&str> {
        let recorded = &self.recorded;
        let step = recorded.step_details.as_ref().map(|it| &it.result);
        let context = recorded.context_details.as_ref().map(|it| &it.result);
        let callback = recorded.callback_details.as_ref().map(|it| &it.result);
        let invoke = recorded
            .chained_invoke_details
            .as_ref()
            .map(|it| &it.result);
        let mut all = [step, context, callback, invoke].into_iter().flatten();
        all.find_map(Option::as_deref)
    }

    /// Its error, or that of the last attempt of a step.
    #[must_use]
    pub fn error(&self) -> Option<&ErrorObject> {
        let recorded = &self.recorded;
        let step = recorded.step_details.as_ref().map(|it| &it.error);
        let context = recorded.context_details.as_ref().map(|it| &it.error);
        let callback = recorded.callback_details.as_ref().map(|it| &it.error);
        let invoke = recorded.chained_invoke_details.as_ref().map(|it| &it.error);
        let mut all = [step, context, callback, invoke].into_iter().flatten();
        all.find_map(Option::as_ref)
    }

    /// Its kind in one word: `Step`, `ParallelBranch`.
    pub(crate) fn kind(&self) -> &str {
        self.sub_type.as_deref().unwrap_or(self.r#type.as_str())
    }
}

impl fmt::Display for TestOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} `{name}`", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}

/// An error in words.
pub(crate) fn told(error: &ErrorObject) -> String {
    let message = error.error_message.as_deref().unwrap_or("no message");
    match &error.error_type {
        Some(kind) => format!("{kind}: {message}"),
        None => message.to_owned(),
    }
}

/// The operations of a history, oldest event first, in the order of their start.
pub(crate) fn fold(events: &[Event]) -> Vec<TestOperation> {
    let mut operations: Vec<TestOperation> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for event in events {
        let (Some(r#type), Some(id)) = (type_of(&event.event_type), event.id.as_deref()) else {
            continue;
        };
        let place = *places.entry(id).or_insert_with(|| {
            operations.push(begun(event, r#type));
            operations.len() - 1
        });
        let parent = event.parent_id.as_deref().and_then(|id| places.get(id));
        operations[place].parent = parent.copied();
        operations[place].absorb(event);
    }
    operations
}

fn begun(event: &Event, r#type: OperationType) -> TestOperation {
    let at = event.event_timestamp.as_millis();
    TestOperation {
        name: event.name.clone(),
        r#type: r#type.clone(),
        sub_type: event.sub_type.clone(),
        status: OperationStatus::Started,
        attempts: 0,
        started_at: instant(at),
        ended_at: None,
        function: None,
        callback_id: None,
        parent: None,
        recorded: InvocationOperation {
            id: event.id.clone().unwrap_or_default(),
            parent_id: event.parent_id.clone(),
            name: event.name.clone(),
            r#type,
            sub_type: event.sub_type.clone(),
            start_timestamp: Some(EpochMillis(at)),
            status: OperationStatus::Started,
            ..InvocationOperation::default()
        },
    }
}

impl TestOperation {
    fn absorb(&mut self, event: &Event) {
        use EventType as E;
        let at = event.event_timestamp.as_millis();
        match &event.event_type {
            E::StepStarted => {
                self.attempts += 1;
                self.is(OperationStatus::Started);
            }
            E::StepSucceeded => {
                let details = event.step_succeeded_details.clone().unwrap_or_default();
                let step = StepDetails {
                    result: details.result.payload,
                    ..StepDetails::default()
                };
                self.attempted(step, &details.retry_details, OperationStatus::Succeeded, at);
            }
            E::StepFailed => {
                let details = event.step_failed_details.clone().unwrap_or_default();
                let step = StepDetails {
                    error: details.error.payload,
                    ..StepDetails::default()
                };
                self.attempted(step, &details.retry_details, OperationStatus::Failed, at);
            }
            E::WaitStarted => {
                let details = event.wait_started_details.as_ref();
                let ends_at = details.map(|it| EpochMillis::from(it.scheduled_end_timestamp));
                self.recorded.wait_details = Some(WaitDetails {
                    scheduled_end_timestamp: ends_at,
                });
            }
            E::CallbackStarted => {
                let details = event.callback_started_details.as_ref();
                self.callback_id = details.map(|it| it.callback_id.clone());
                self.recorded.callback_details = Some(CallbackDetails {
                    callback_id: self.callback_id.clone(),
                    ..CallbackDetails::default()
                });
            }
            E::ChainedInvokeStarted => {
                let details = event.chained_invoke_started_details.as_ref();
                self.function = details.map(|it| it.function_name.clone());
            }
            E::WaitSucceeded => self.end(OperationStatus::Succeeded, at),
            E::WaitCancelled => self.end(OperationStatus::Cancelled, at),
            E::ContextSucceeded | E::ChainedInvokeSucceeded | E::CallbackSucceeded => {
                self.came_to(event);
                self.end(OperationStatus::Succeeded, at);
            }
            E::ContextFailed | E::ChainedInvokeFailed | E::CallbackFailed => {
                self.came_to(event);
                self.end(OperationStatus::Failed, at);
            }
            E::ChainedInvokeTimedOut | E::CallbackTimedOut => {
                self.came_to(event);
                self.end(OperationStatus::TimedOut, at);
            }
            E::ChainedInvokeStopped => {
                self.came_to(event);
                self.end(OperationStatus::Stopped, at);
            }
            // The start of a context has no more data; the other events belong to the execution.
            _ => {}
        }
    }

    /// Takes over the result or error of an operation that is not a step.
    fn came_to(&mut self, event: &Event) {
        let results = [
            &event.context_succeeded_details,
            &event.chained_invoke_succeeded_details,
            &event.callback_succeeded_details,
        ];
        let result = results.into_iter().flatten().next();
        let result = result.and_then(|it| it.result.payload.clone());
        let errors = [
            &event.context_failed_details,
            &event.chained_invoke_failed_details,
            &event.chained_invoke_timed_out_details,
            &event.chained_invoke_stopped_details,
            &event.callback_failed_details,
            &event.callback_timed_out_details,
        ];
        let error = errors.into_iter().flatten().next();
        let error = error.and_then(|it| it.error.payload.clone());
        match self.r#type {
            OperationType::Context => {
                self.recorded.context_details = Some(ContextDetails {
                    replay_children: None,
                    result,
                    error,
                });
            }
            OperationType::Callback => {
                self.recorded.callback_details = Some(CallbackDetails {
                    callback_id: self.callback_id.clone(),
                    result,
                    error,
                });
            }
            _ => {
                self.recorded.chained_invoke_details = Some(ChainedInvokeDetails { result, error });
            }
        }
    }

    /// An attempt of a step is over; another one may follow.
    fn attempted(
        &mut self,
        mut step: StepDetails<EpochMillis>,
        retry: &RetryDetails,
        status: OperationStatus,
        at: i64,
    ) {
        step.attempt = Some(retry.current_attempt.unwrap_or(self.attempts));
        let delay = retry.next_attempt_delay_seconds;
        step.next_attempt_timestamp =
            delay.map(|seconds| EpochMillis(at.saturating_add(seconds.saturating_mul(1_000))));
        self.recorded.step_details = Some(step);
        match delay {
            Some(_) => self.is(OperationStatus::Pending),
            None => self.end(status, at),
        }
    }

    fn is(&mut self, status: OperationStatus) {
        self.status = status.clone();
        self.recorded.status = status;
    }

    fn end(&mut self, status: OperationStatus, at: i64) {
        self.is(status);
        self.ended_at = Some(instant(at));
        self.recorded.end_timestamp = Some(EpochMillis(at));
    }
}

/// The type of an event's operation; `None` if the event belongs to the execution.
fn type_of(event: &EventType) -> Option<OperationType> {
    let name = event.as_str();
    let types = [
        ("Context", OperationType::Context),
        ("Step", OperationType::Step),
        ("Wait", OperationType::Wait),
        ("Callback", OperationType::Callback),
        ("ChainedInvoke", OperationType::ChainedInvoke),
    ];
    let mut types = types.into_iter();
    types.find_map(|(start, r#type)| name.starts_with(start).then_some(r#type))
}
