//! The one way to change an execution.

use crate::{
    Context, Execution, Input, Rejection, Transition, callback, chained_invoke, checkpoint,
    deadline, delete, invocation, pause, stop,
};

/// The transition that the input leads to. Changes nothing; the caller commits the transition and lets the execution
/// absorb it.
///
/// # Errors
/// [`Rejection`] when the input is refused; the execution is as it was.
pub fn apply(
    execution: &Execution,
    input: Input,
    context: Context<'_>,
) -> Result<Transition, Rejection> {
    match input {
        Input::Checkpoint {
            token,
            client_token,
            updates,
        } => checkpoint::checkpoint(execution, &token, client_token, updates, context),
        Input::InvocationEnded {
            request_id,
            started_at,
            outcome,
        } => invocation::ended(execution, request_id, started_at, outcome, context),
        Input::DeadlineReached => Ok(deadline::reached(execution, context)),
        Input::CallbackSucceeded {
            operation_id,
            callback_id,
            result,
        } => {
            let completion = callback::Completion::Succeeded(result);
            callback::complete(execution, &operation_id, &callback_id, completion, context)
        }
        Input::CallbackFailed {
            operation_id,
            callback_id,
            error,
        } => {
            let completion = callback::Completion::Failed(error);
            callback::complete(execution, &operation_id, &callback_id, completion, context)
        }
        Input::CallbackHeartbeat {
            operation_id,
            callback_id,
        } => callback::heartbeat(execution, &operation_id, &callback_id, context),
        Input::ChainedInvokeEnded {
            operation_id,
            outcome,
        } => chained_invoke::ended(execution, &operation_id, outcome, context),
        Input::Stop { error } => Ok(stop::stop(execution, error, context)),
        Input::Pause {
            reason,
            execution_timeout_paused,
            client_token,
        } => {
            let request = pause::Request {
                reason,
                execution_timeout_paused,
                client_token,
            };
            pause::pause(execution, request, context)
        }
        Input::Resume {
            reason,
            client_token,
        } => pause::resume(execution, reason, client_token, context),
        Input::Delete => delete::delete(execution, context),
    }
}
