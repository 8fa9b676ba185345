//! Completion of callbacks from outside.

use model::{
    CallbackId, ErrorObject, EventKind, Operation, OperationDetails, OperationId, OperationStatus,
    Payload, Timestamp,
};

use crate::draft::{Changed, Draft, unchanged};
use crate::execution::{deadlines_of, times_out_at};
use crate::rejection::invalid;
use crate::{Answer, Context, Execution, Rejection, Transition};

/// The answer of the outside party.
pub(crate) enum Completion {
    Succeeded(Option<Payload>),
    Failed(ErrorObject),
}

/// Completes a callback and lets the function know.
pub(crate) fn complete(
    execution: &Execution,
    operation_id: &OperationId,
    callback_id: &CallbackId,
    completion: Completion,
    context: Context<'_>,
) -> Result<Transition, Rejection> {
    let mut operation = open_callback(execution, operation_id, callback_id, context.now)?;
    check_size(&completion, context.limits.callback_result_bytes_max)?;
    let mut draft = Draft::new(execution, context);
    operation.ended_at = Some(draft.now);
    if let OperationDetails::Callback { result, error, .. } = &mut operation.details {
        match completion {
            Completion::Succeeded(answer) => {
                draft.state.bytes += answer.as_ref().map_or(0, |answer| answer.len() as u64);
                result.clone_from(&answer);
                operation.status = OperationStatus::Succeeded;
                draft.event(&operation, EventKind::CallbackSucceeded { result: answer });
            }
            Completion::Failed(reason) => {
                draft.state.bytes += reason.len() as u64;
                *error = Some(reason.clone());
                operation.status = OperationStatus::Failed;
                draft.event(&operation, EventKind::CallbackFailed { error: reason });
            }
        }
    }
    draft.put(operation, Changed::ByService);
    draft.trigger();
    Ok(draft.finish(|_| Answer::Done))
}

/// Restarts the heartbeat timer. Leaves no event, and the function is not told.
pub(crate) fn heartbeat(
    execution: &Execution,
    operation_id: &OperationId,
    callback_id: &CallbackId,
    context: Context<'_>,
) -> Result<Transition, Rejection> {
    let mut operation = open_callback(execution, operation_id, callback_id, context.now)?;
    let mut draft = Draft::new(execution, context);
    if let OperationDetails::Callback {
        last_heartbeat_at, ..
    } = &mut operation.details
    {
        if *last_heartbeat_at >= draft.now {
            return Ok(unchanged(execution, Answer::Done));
        }
        *last_heartbeat_at = draft.now;
    }
    draft.put(operation, Changed::Quietly);
    Ok(draft.finish(|_| Answer::Done))
}

/// The callback operation, if it can still be completed. One whose deadline has passed cannot, even
/// if the timer has not fired yet.
fn open_callback(
    execution: &Execution,
    operation_id: &OperationId,
    callback_id: &CallbackId,
    now: Timestamp,
) -> Result<Operation, Rejection> {
    let operation = execution
        .operation(operation_id)
        .ok_or(Rejection::CallbackClosed)?;
    let named = matches!(
        &operation.details,
        OperationDetails::Callback { callback_id: recorded, .. } if recorded == callback_id
    );
    if !named {
        return invalid("Invalid callback id");
    }
    let in_time = deadlines_of(operation).all(|deadline| deadline.at > now);
    let timed_out = times_out_at(&execution.spec, &execution.state) <= now;
    let open = execution.state.outcome.is_none() && !timed_out;
    if open && in_time && operation.status == OperationStatus::Started {
        return Ok(Operation::clone(operation));
    }
    Err(Rejection::CallbackClosed)
}

fn check_size(completion: &Completion, bytes_max: usize) -> Result<(), Rejection> {
    match completion {
        Completion::Succeeded(result) => {
            if result
                .as_ref()
                .is_some_and(|result| result.len() > bytes_max)
            {
                return invalid(format!(
                    "CALLBACK output payload size must be less than or equal to {bytes_max} bytes."
                ));
            }
        }
        Completion::Failed(error) => {
            if error.len() > bytes_max {
                return invalid(format!(
                    "Error object size must be less than or equal to {bytes_max} bytes."
                ));
            }
        }
    }
    Ok(())
}
