//! The end of a function that an execution invoked.

use model::{
    ErrorObject, EventKind, Operation, OperationDetails, OperationId, OperationStatus, Payload,
};

use crate::draft::{Changed, Draft, unchanged};
use crate::{Answer, ChainedOutcome, Context, Execution, Rejection, Transition};

/// Records how a chained invoke ended and lets the function know. A repeated report changes nothing, so reporting is
/// safe after a crash.
pub(crate) fn ended(
    execution: &Execution,
    operation_id: &OperationId,
    outcome: ChainedOutcome,
    context: Context<'_>,
) -> Result<Transition, Rejection> {
    if execution.state.outcome.is_some() {
        return Err(Rejection::ExecutionEnded);
    }
    let Some(operation) = execution.operation(operation_id) else {
        return Ok(unchanged(execution, Answer::Done));
    };
    if !operation.is_open_chained_invoke() {
        return Ok(unchanged(execution, Answer::Done));
    }
    let operation = Operation::clone(operation);
    let mut draft = Draft::new(execution, context);
    let outcome = within_limit(outcome, draft.limits.async_result_bytes_max);
    draft.end_chained_invoke(operation, outcome, Changed::ByService);
    draft.trigger();
    Ok(draft.finish(|_| Answer::Done))
}

fn within_limit(outcome: ChainedOutcome, bytes_max: usize) -> ChainedOutcome {
    match outcome {
        ChainedOutcome::Succeeded(Some(result)) if result.len() > bytes_max => {
            let message = format!(
                "CHAINED_INVOKE output payload size must be less than or equal to {bytes_max} bytes."
            );
            ChainedOutcome::Failed(ErrorObject {
                message: Some(message),
                ..Default::default()
            })
        }
        other => other,
    }
}

impl Draft<'_> {
    /// Brings a chained invoke to its end, with its event.
    pub fn end_chained_invoke(
        &mut self,
        mut operation: Operation,
        outcome: ChainedOutcome,
        changed: Changed,
    ) {
        let (status, succeeded, failed) = match outcome {
            ChainedOutcome::Succeeded(result) => (OperationStatus::Succeeded, Some(result), None),
            ChainedOutcome::Failed(error) => (OperationStatus::Failed, None, Some(error)),
            ChainedOutcome::TimedOut(error) => (OperationStatus::TimedOut, None, Some(error)),
            ChainedOutcome::Stopped(error) => (OperationStatus::Stopped, None, Some(error)),
        };
        operation.status = status;
        operation.ended_at = Some(self.now);
        self.state.bytes += bytes(succeeded.as_ref(), failed.as_ref());
        if let OperationDetails::ChainedInvoke { result, error, .. } = &mut operation.details {
            *result = succeeded.clone().flatten();
            error.clone_from(&failed);
        }
        let kind = match (status, failed) {
            (OperationStatus::TimedOut, Some(error)) => EventKind::ChainedInvokeTimedOut { error },
            (OperationStatus::Stopped, Some(error)) => EventKind::ChainedInvokeStopped { error },
            (_, Some(error)) => EventKind::ChainedInvokeFailed { error },
            (_, None) => EventKind::ChainedInvokeSucceeded {
                result: succeeded.flatten(),
            },
        };
        self.event(&operation, kind);
        self.put(operation, changed);
    }
}

fn bytes(result: Option<&Option<Payload>>, error: Option<&ErrorObject>) -> u64 {
    let result = result.and_then(Option::as_ref).map_or(0, Payload::len);
    (result + error.map_or(0, ErrorObject::len)) as u64
}
