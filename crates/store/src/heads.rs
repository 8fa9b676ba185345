//! Operations and events without their large parts, as a store must give them where it says so.

use model::{ErrorObject, Event, EventKind, Operation, OperationDetails, OperationId};

/// Characters of an error's type and message where an execution or event is given without payloads: more than a line of
/// a list shows.
const ERROR_CHARS_MAX: usize = 500;

/// Takes the large parts from an error: its data, its stack, and the rest of a long message or type.
pub fn cut_error(error: &mut ErrorObject) {
    error.data = None;
    error.stack_trace = None;
    for text in [&mut error.message, &mut error.error_type]
        .into_iter()
        .flatten()
    {
        if let Some((end, _)) = text.char_indices().nth(ERROR_CHARS_MAX) {
            text.truncate(end);
            text.push('…');
        }
    }
}

/// The operation without payloads, and with its error cut.
pub fn operation_head(operation: &Operation) -> Operation {
    let mut head = operation.clone();
    match &mut head.details {
        OperationDetails::Execution { input } => *input = None,
        OperationDetails::Wait { .. } => {}
        OperationDetails::ChainedInvoke {
            input,
            result,
            error,
            ..
        } => {
            *input = None;
            *result = None;
            if let Some(error) = error {
                cut_error(error);
            }
        }
        OperationDetails::Context { result, error, .. }
        | OperationDetails::Step { result, error, .. }
        | OperationDetails::Callback { result, error, .. } => {
            *result = None;
            if let Some(error) = error {
                cut_error(error);
            }
        }
    }
    head
}

/// The name of a callback where it stands alone: SDKs leave the callback of a `waitForCallback` without a name, and
/// give the name to the context around it. `name_of` returns the context's name.
///
/// # Errors
/// Those of `name_of`.
pub fn name_from_around<E>(
    operation: &mut Operation,
    name_of: impl FnOnce(&OperationId) -> Result<Option<String>, E>,
) -> Result<(), E> {
    let is_callback = matches!(operation.details, OperationDetails::Callback { .. });
    if let (true, None, Some(around)) = (is_callback, &operation.name, &operation.parent_id) {
        operation.name = name_of(around)?;
    }
    Ok(())
}

/// The event without payloads, and with its error cut, as a store must give it in
/// [`History::event_heads`](crate::History::event_heads). The reason of a pause stays.
pub fn event_head(event: &Event) -> Event {
    use EventKind as Kind;
    let mut event = event.clone();
    match &mut event.kind {
        Kind::ExecutionStarted { input: payload, .. }
        | Kind::ExecutionSucceeded { result: payload }
        | Kind::ContextSucceeded { result: payload }
        | Kind::StepSucceeded {
            result: payload, ..
        }
        | Kind::CallbackSucceeded { result: payload }
        | Kind::ChainedInvokeStarted { input: payload, .. }
        | Kind::ChainedInvokeSucceeded { result: payload } => *payload = None,
        Kind::ExecutionFailed { error }
        | Kind::ExecutionTimedOut { error }
        | Kind::ExecutionStopped { error }
        | Kind::ContextFailed { error }
        | Kind::StepFailed { error, .. }
        | Kind::CallbackFailed { error }
        | Kind::CallbackTimedOut { error }
        | Kind::ChainedInvokeFailed { error }
        | Kind::ChainedInvokeTimedOut { error }
        | Kind::ChainedInvokeStopped { error } => cut_error(error),
        Kind::WaitCancelled { error } | Kind::InvocationCompleted { error, .. } => {
            if let Some(error) = error {
                cut_error(error);
            }
        }
        Kind::ExecutionPaused { .. }
        | Kind::ExecutionResumed { .. }
        | Kind::ContextStarted
        | Kind::StepStarted
        | Kind::WaitStarted { .. }
        | Kind::WaitSucceeded { .. }
        | Kind::CallbackStarted { .. } => {}
    }
    event
}
