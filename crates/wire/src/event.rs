//! Events of the history.

use lambda_api::{
    CallbackStartedDetails, ChainedInvokeStartedDetails, EmptyDetails, EpochSeconds, ErrorDetails,
    Event as Wire, EventPayload, EventType, ExecutionPausedDetails, ExecutionResumedDetails,
    ExecutionStartedDetails, InvocationCompletedDetails, OptionalErrorDetails, ResultDetails,
    StepFailedDetails, StepSucceededDetails, WaitStartedDetails, WaitSucceededDetails,
};
use model::{ErrorObject, Event, EventKind, Payload, RetryDetails, Timestamp};

use crate::error_object::wire_error;
use crate::operation::text;

/// An event; without its data when that was not asked for.
pub fn wire_event(event: &Event, include_data: bool) -> Wire {
    let data = Data {
        include: include_data,
    };
    let mut wire = Wire {
        event_id: i64::try_from(event.id).unwrap_or(i64::MAX),
        event_timestamp: seconds(event.at),
        ..Wire::default()
    };
    if let Some(subject) = &event.subject {
        wire.id = Some(subject.id.to_string());
        wire.name.clone_from(&subject.name);
        wire.parent_id = subject.parent_id.as_ref().map(ToString::to_string);
        wire.sub_type.clone_from(&subject.sub_type);
    }
    fill(&mut wire, &event.kind, data);
    wire
}

#[expect(clippy::too_many_lines, reason = "one arm an event type: a table")]
fn fill(wire: &mut Wire, kind: &EventKind, data: Data) {
    match kind {
        EventKind::ExecutionStarted {
            input,
            execution_timeout_seconds,
        } => {
            wire.event_type = EventType::ExecutionStarted;
            wire.execution_started_details = Some(ExecutionStartedDetails {
                input: data.payload(input.as_ref()),
                execution_timeout: i64::from(*execution_timeout_seconds),
            });
        }
        EventKind::ExecutionSucceeded { result } => {
            wire.event_type = EventType::ExecutionSucceeded;
            wire.execution_succeeded_details = data.result(result.as_ref());
        }
        EventKind::ExecutionFailed { error } => {
            wire.event_type = EventType::ExecutionFailed;
            wire.execution_failed_details = data.error(error);
        }
        EventKind::ExecutionTimedOut { error } => {
            wire.event_type = EventType::ExecutionTimedOut;
            wire.execution_timed_out_details = data.optional_error(Some(error));
        }
        EventKind::ExecutionStopped { error } => {
            wire.event_type = EventType::ExecutionStopped;
            wire.execution_stopped_details = data.error(error);
        }
        EventKind::ExecutionPaused {
            requested_at,
            reason,
            execution_timeout_paused,
        } => {
            wire.event_type = EventType::ExecutionPaused;
            wire.execution_paused_details = Some(ExecutionPausedDetails {
                pause_request_timestamp: seconds(*requested_at),
                reason: reason.as_ref().map(|reason| data.payload(Some(reason))),
                execution_timeout_paused: *execution_timeout_paused,
            });
        }
        EventKind::ExecutionResumed {
            requested_at,
            reason,
        } => {
            wire.event_type = EventType::ExecutionResumed;
            wire.execution_resumed_details = Some(ExecutionResumedDetails {
                resume_request_timestamp: seconds(*requested_at),
                reason: reason.as_ref().map(|reason| data.payload(Some(reason))),
            });
        }
        EventKind::ContextStarted => {
            wire.event_type = EventType::ContextStarted;
            wire.context_started_details = Some(EmptyDetails {});
        }
        EventKind::ContextSucceeded { result } => {
            wire.event_type = EventType::ContextSucceeded;
            wire.context_succeeded_details = data.result(result.as_ref());
        }
        EventKind::ContextFailed { error } => {
            wire.event_type = EventType::ContextFailed;
            wire.context_failed_details = data.error(error);
        }
        EventKind::StepStarted => {
            wire.event_type = EventType::StepStarted;
            wire.step_started_details = Some(EmptyDetails {});
        }
        EventKind::StepSucceeded { result, retry } => {
            wire.event_type = EventType::StepSucceeded;
            wire.step_succeeded_details = Some(StepSucceededDetails {
                result: data.payload(result.as_ref()),
                retry_details: retry_details(*retry),
            });
        }
        EventKind::StepFailed { error, retry } => {
            wire.event_type = EventType::StepFailed;
            wire.step_failed_details = Some(StepFailedDetails {
                error: data.error_payload(error),
                retry_details: retry_details(*retry),
            });
        }
        EventKind::WaitStarted {
            seconds: duration,
            scheduled_end_at,
        } => {
            wire.event_type = EventType::WaitStarted;
            wire.wait_started_details = Some(WaitStartedDetails {
                duration: i64::from(*duration),
                scheduled_end_timestamp: seconds(*scheduled_end_at),
            });
        }
        EventKind::WaitSucceeded { seconds: duration } => {
            wire.event_type = EventType::WaitSucceeded;
            wire.wait_succeeded_details = Some(WaitSucceededDetails {
                duration: Some(i64::from(*duration)),
            });
        }
        EventKind::WaitCancelled { error } => {
            wire.event_type = EventType::WaitCancelled;
            wire.wait_cancelled_details = data.optional_error(error.as_ref());
        }
        EventKind::CallbackStarted {
            callback_id,
            timeout_seconds,
            heartbeat_timeout_seconds,
        } => {
            wire.event_type = EventType::CallbackStarted;
            wire.callback_started_details = Some(CallbackStartedDetails {
                callback_id: callback_id.to_string(),
                heartbeat_timeout: heartbeat_timeout_seconds.map(i64::from),
                timeout: timeout_seconds.map(i64::from),
            });
        }
        EventKind::CallbackSucceeded { result } => {
            wire.event_type = EventType::CallbackSucceeded;
            wire.callback_succeeded_details = data.result(result.as_ref());
        }
        EventKind::CallbackFailed { error } => {
            wire.event_type = EventType::CallbackFailed;
            wire.callback_failed_details = data.error(error);
        }
        EventKind::CallbackTimedOut { error } => {
            wire.event_type = EventType::CallbackTimedOut;
            wire.callback_timed_out_details = data.error(error);
        }
        EventKind::ChainedInvokeStarted {
            function_name,
            tenant_id,
            input,
            executed_version,
            execution_arn,
        } => {
            wire.event_type = EventType::ChainedInvokeStarted;
            let resolved = executed_version.is_some();
            wire.chained_invoke_started_details = Some(ChainedInvokeStartedDetails {
                function_name: function_name.clone(),
                tenant_id: tenant_id.clone(),
                input: resolved.then(|| data.payload(input.as_ref())),
                executed_version: executed_version.as_ref().map(ToString::to_string),
                durable_execution_arn: execution_arn.as_ref().map(ToString::to_string),
            });
        }
        EventKind::ChainedInvokeSucceeded { result } => {
            wire.event_type = EventType::ChainedInvokeSucceeded;
            wire.chained_invoke_succeeded_details = data.result(result.as_ref());
        }
        EventKind::ChainedInvokeFailed { error } => {
            wire.event_type = EventType::ChainedInvokeFailed;
            wire.chained_invoke_failed_details = data.error(error);
        }
        EventKind::ChainedInvokeTimedOut { error } => {
            wire.event_type = EventType::ChainedInvokeTimedOut;
            wire.chained_invoke_timed_out_details = data.error(error);
        }
        EventKind::ChainedInvokeStopped { error } => {
            wire.event_type = EventType::ChainedInvokeStopped;
            wire.chained_invoke_stopped_details = data.error(error);
        }
        EventKind::InvocationCompleted {
            request_id,
            started_at,
            ended_at,
            error,
        } => {
            wire.event_type = EventType::InvocationCompleted;
            wire.invocation_completed_details = Some(InvocationCompletedDetails {
                start_timestamp: seconds(*started_at),
                end_timestamp: seconds(*ended_at),
                request_id: request_id.to_string(),
                error: error.as_ref().map(|error| data.error_payload(error)),
            });
        }
    }
}

fn retry_details(retry: RetryDetails) -> lambda_api::RetryDetails {
    lambda_api::RetryDetails {
        current_attempt: Some(retry.current_attempt),
        next_attempt_delay_seconds: retry.next_attempt_delay_seconds.map(i64::from),
    }
}

/// Whether payloads are shown. Left out, the wrapper stays and says `Truncated`.
#[derive(Clone, Copy)]
struct Data {
    include: bool,
}

impl Data {
    fn wrap<P>(self, payload: impl FnOnce() -> Option<P>) -> EventPayload<P> {
        let payload = if self.include { payload() } else { None };
        EventPayload {
            payload,
            truncated: Some(!self.include),
        }
    }

    fn payload(self, payload: Option<&Payload>) -> EventPayload<String> {
        self.wrap(|| text(payload))
    }

    fn error_payload(self, error: &ErrorObject) -> EventPayload<lambda_api::ErrorObject> {
        self.wrap(|| Some(wire_error(error)))
    }

    fn result(self, result: Option<&Payload>) -> Option<ResultDetails> {
        Some(ResultDetails {
            result: self.payload(result),
        })
    }

    fn error(self, error: &ErrorObject) -> Option<ErrorDetails> {
        Some(ErrorDetails {
            error: self.error_payload(error),
        })
    }

    fn optional_error(self, error: Option<&ErrorObject>) -> Option<OptionalErrorDetails> {
        Some(OptionalErrorDetails {
            error: error.map(|error| self.error_payload(error)),
        })
    }
}

fn seconds(at: Timestamp) -> EpochSeconds {
    EpochSeconds::from_millis(at.as_millis())
}
