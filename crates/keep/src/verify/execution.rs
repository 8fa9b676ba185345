//! The damage of one execution: its history, its operations and its state have to agree.

use model::{
    ErrorObject, Invocation, Operation, OperationDetails, OperationId, OperationStatus, Payload,
};

use super::told::{History, Told, fold};
use crate::Whole;

/// Everything that is wrong with it; its records fit together as far as [`Whole`] checks.
pub(super) fn problems(whole: &Whole) -> Vec<String> {
    let mut problems = Vec::new();
    match fold(whole.events()) {
        Ok(history) => {
            operations(whole, &history, &mut problems);
            outcome(whole, &history, &mut problems);
        }
        Err(why) => problems.push(why),
    }
    counts(whole, &mut problems);
    alive(whole, &mut problems);
    problems
}

fn operations(whole: &Whole, history: &History, problems: &mut Vec<String>) {
    let execution = whole.execution();
    for operation in execution.operations() {
        let id = &operation.id;
        match history.operations.get(id) {
            None => problems.push(format!("operation `{id}` is not in its history")),
            Some(told) => {
                if let Some(what) = difference(operation, told) {
                    problems.push(format!("operation `{id}` and its history differ in {what}"));
                }
            }
        }
        if operation.ended_at.is_some() != operation.status.is_terminal() {
            problems.push(format!(
                "operation `{id}` has a time of its end and has not ended, or the other way round"
            ));
        }
        let parent = operation.parent_id.as_ref();
        let is_lost = |parent: &&OperationId| {
            let parent = execution.operation(parent);
            let details = parent.map(|parent| &parent.details);
            !matches!(details, Some(OperationDetails::Context { .. }))
        };
        if let Some(parent) = parent.filter(is_lost) {
            problems.push(format!(
                "operation `{id}` lies in `{parent}`, which is no CONTEXT of it"
            ));
        }
    }
    let unknown = history.operations.keys();
    for id in unknown.filter(|id| execution.operation(id).is_none()) {
        problems.push(format!(
            "operation `{id}` is in its history alone: its record is lost"
        ));
    }
}

/// The first thing in which they differ.
fn difference(operation: &Operation, told: &Told) -> Option<&'static str> {
    // A step that becomes READY leaves no event.
    let is_ready = operation.status == OperationStatus::Ready;
    let status = match is_ready {
        true => OperationStatus::Pending,
        false => operation.status,
    };
    let (result, error) = result_and_error(operation);
    let differs = [
        (operation.operation_type() != told.operation_type, "type"),
        (operation.name != told.name, "name"),
        (operation.parent_id != told.parent_id, "parent"),
        (operation.sub_type != told.sub_type, "sub-type"),
        (status != told.status, "status"),
        (operation.ended_at != told.ended_at, "the time of its end"),
        (result != told.result.as_ref(), "result"),
        (error_differs(operation, error, told), "error"),
    ];
    let found = differs.into_iter().find(|(differs, _)| *differs);
    if let Some((_, what)) = found {
        return Some(what);
    }
    match &operation.details {
        OperationDetails::Step {
            attempt,
            next_attempt_at,
            ..
        } => {
            if *attempt != told.attempt {
                return Some("attempts");
            }
            (!is_ready && *next_attempt_at != told.next_attempt_at)
                .then_some("the time of its next attempt")
        }
        OperationDetails::Callback { callback_id, .. } => {
            (told.callback_id.as_ref() != Some(callback_id)).then_some("callback id")
        }
        OperationDetails::Execution { .. }
        | OperationDetails::Context { .. }
        | OperationDetails::Wait { .. }
        | OperationDetails::ChainedInvoke { .. } => None,
    }
}

fn result_and_error(operation: &Operation) -> (Option<&Payload>, Option<&ErrorObject>) {
    match &operation.details {
        OperationDetails::Execution { input } => (input.as_ref(), None),
        OperationDetails::Wait { .. } => (None, None),
        OperationDetails::Context { result, error, .. }
        | OperationDetails::Step { result, error, .. }
        | OperationDetails::Callback { result, error, .. }
        | OperationDetails::ChainedInvoke { result, error, .. } => {
            (result.as_ref(), error.as_ref())
        }
    }
}

fn error_differs(operation: &Operation, error: Option<&ErrorObject>, told: &Told) -> bool {
    // A failure without an error is told as one that says nothing.
    let says_nothing = told.error.as_ref().is_some_and(ErrorObject::is_empty);
    let failed = operation.status == OperationStatus::Failed;
    error != told.error.as_ref() && !(error.is_none() && failed && says_nothing)
}

fn outcome(whole: &Whole, history: &History, problems: &mut Vec<String>) {
    let state = &whole.execution().state;
    let is_active = matches!(state.invocation, Invocation::Active { .. });
    if state.terminal_event_owed {
        if history.outcome.is_some() || state.outcome.is_none() || !is_active {
            problems.push("its last event is owed, and nothing is there that owes it".to_owned());
        }
    } else if history.outcome != state.outcome {
        problems.push("its outcome and the end of its history differ".to_owned());
    }
    if state.outcome.is_some() != state.ended_at.is_some() {
        problems.push("it has an outcome or a time of its end, and not both".to_owned());
    }
    if history.outcome.is_none() && history.is_paused != state.is_paused() {
        problems.push("its pause and its history differ".to_owned());
    }
    let completed = state.invocation_count.checked_sub(u64::from(is_active));
    if completed != Some(history.invocations_completed) {
        let (told, count) = (history.invocations_completed, state.invocation_count);
        problems.push(format!(
            "its history tells of {told} completed invocations, and {count} were begun"
        ));
    }
}

fn counts(whole: &Whole, problems: &mut Vec<String>) {
    let execution = whole.execution();
    let state = &execution.state;
    let count = |test: &dyn Fn(&Operation) -> bool| {
        let operations = execution.operations();
        operations.filter(|operation| test(operation)).count()
    };
    for (what, stored, found) in [
        ("operations", state.operation_count, count(&|_| true)),
        (
            "pending operations",
            state.pending_count,
            count(&Operation::is_pending),
        ),
        (
            "open chained invokes",
            state.open_chained_invokes,
            count(&Operation::is_open_chained_invoke),
        ),
    ] {
        if stored as usize != found {
            problems.push(format!("it counts {stored} {what}, and has {found}"));
        }
    }
}

/// A running execution always has something that will move it on.
fn alive(whole: &Whole, problems: &mut Vec<String>) {
    let execution = whole.execution();
    let state = &execution.state;
    if state.outcome.is_some() || state.invocation != Invocation::Idle || state.is_paused() {
        return;
    }
    if state.pending_count == 0 {
        problems.push("it has not ended, and nothing will move it on".to_owned());
    }
    if let Some(id) = execution.untold_operations().next() {
        problems.push(format!(
            "operation `{id}` was changed, and the function is not invoked to hear of it"
        ));
    }
}
