//! Operations, with instants in the two spellings that the wire has.

use lambda_api::{EpochMillis, EpochSeconds, Operation as Wire};
use model::{
    ErrorObject, Operation, OperationDetails, OperationStatus, OperationType, Payload, Timestamp,
};

use crate::error_object::wire_error;

/// An operation in an API body: instants in seconds.
pub fn wire_operation(operation: &Operation, ahead_millis: i64) -> lambda_api::ApiOperation {
    let own = own_clock(ahead_millis);
    wire(operation, |at| EpochSeconds::from_millis(own(at)))
}

/// An operation in an invocation event: instants in milliseconds.
pub fn wire_operation_millis(
    operation: &Operation,
    ahead_millis: i64,
) -> lambda_api::InvocationOperation {
    let own = own_clock(ahead_millis);
    wire(operation, |at| EpochMillis(own(at)))
}

/// Instants as a function's own clock would show them, of a service whose clock is so far ahead of it: SDKs compare
/// them with the time of the machine.
fn own_clock(ahead_millis: i64) -> impl Fn(Timestamp) -> i64 + Copy {
    move |at| at.as_millis().saturating_sub(ahead_millis)
}

fn wire<T>(operation: &Operation, at: impl Fn(Timestamp) -> T + Copy) -> Wire<T> {
    let mut wire = Wire {
        id: operation.id.to_string(),
        parent_id: operation.parent_id.as_ref().map(ToString::to_string),
        name: operation.name.clone(),
        r#type: wire_type(operation.operation_type()),
        sub_type: operation.sub_type.clone(),
        start_timestamp: Some(at(operation.started_at)),
        end_timestamp: operation.ended_at.map(at),
        status: wire_operation_status(operation.status),
        execution_details: None,
        context_details: None,
        step_details: None,
        wait_details: None,
        callback_details: None,
        chained_invoke_details: None,
    };
    match &operation.details {
        OperationDetails::Execution { input } => {
            wire.execution_details = Some(lambda_api::ExecutionDetails {
                input_payload: text(input.as_ref()),
            });
        }
        OperationDetails::Context {
            replay_children,
            result,
            error,
        } => {
            wire.context_details = Some(lambda_api::ContextDetails {
                replay_children: Some(*replay_children),
                result: text(result.as_ref()),
                error: error_of(error.as_ref()),
            });
        }
        OperationDetails::Step {
            attempt,
            next_attempt_at,
            result,
            error,
        } => {
            wire.step_details = Some(lambda_api::StepDetails {
                attempt: Some(*attempt),
                next_attempt_timestamp: next_attempt_at.map(at),
                result: text(result.as_ref()),
                error: error_of(error.as_ref()),
            });
        }
        OperationDetails::Wait {
            scheduled_end_at, ..
        } => {
            let scheduled_end_timestamp = Some(at(*scheduled_end_at));
            wire.wait_details = Some(lambda_api::WaitDetails {
                scheduled_end_timestamp,
            });
        }
        OperationDetails::Callback {
            callback_id,
            result,
            error,
            ..
        } => {
            wire.callback_details = Some(lambda_api::CallbackDetails {
                callback_id: Some(callback_id.to_string()),
                result: text(result.as_ref()),
                error: error_of(error.as_ref()),
            });
        }
        OperationDetails::ChainedInvoke { result, error, .. } => {
            wire.chained_invoke_details = Some(lambda_api::ChainedInvokeDetails {
                result: text(result.as_ref()),
                error: error_of(error.as_ref()),
            });
        }
    }
    wire
}

pub(super) fn text(payload: Option<&Payload>) -> Option<String> {
    payload.map(|payload| payload.as_str().to_owned())
}

fn error_of(error: Option<&ErrorObject>) -> Option<lambda_api::ErrorObject> {
    error.map(wire_error)
}

fn wire_type(operation_type: OperationType) -> lambda_api::OperationType {
    match operation_type {
        OperationType::Execution => lambda_api::OperationType::Execution,
        OperationType::Context => lambda_api::OperationType::Context,
        OperationType::Step => lambda_api::OperationType::Step,
        OperationType::Wait => lambda_api::OperationType::Wait,
        OperationType::Callback => lambda_api::OperationType::Callback,
        OperationType::ChainedInvoke => lambda_api::OperationType::ChainedInvoke,
    }
}

fn wire_operation_status(status: OperationStatus) -> lambda_api::OperationStatus {
    match status {
        OperationStatus::Started => lambda_api::OperationStatus::Started,
        OperationStatus::Pending => lambda_api::OperationStatus::Pending,
        OperationStatus::Ready => lambda_api::OperationStatus::Ready,
        OperationStatus::Succeeded => lambda_api::OperationStatus::Succeeded,
        OperationStatus::Failed => lambda_api::OperationStatus::Failed,
        OperationStatus::Cancelled => lambda_api::OperationStatus::Cancelled,
        OperationStatus::TimedOut => lambda_api::OperationStatus::TimedOut,
        OperationStatus::Stopped => lambda_api::OperationStatus::Stopped,
    }
}
