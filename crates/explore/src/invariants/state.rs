//! Invariants of a state.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::{Effect, Execution, checkpoint_token};
use model::{
    Deadline, DeadlineReason, Invocation, Operation, OperationDetails, OperationStatus,
    OperationType,
};

use super::verdict::{Verdict, hold, same};
use crate::history::Told;
use crate::world::World;

/// The event history yields the recorded operations, outcome and pause.
pub fn history_folds_to_the_records(world: &World) -> Verdict {
    let history = &world.history;
    let state = &world.execution.state;
    if let Some(fault) = &history.fault {
        return Err(fault.clone());
    }
    same(
        &history.last_id,
        &state.event_id_last,
        "the last event's id",
    )?;
    for (told, operation) in history.operations.iter().zip(operations(world)) {
        let due = told.next_attempt_at;
        let too_early = due.is_some_and(|due| due > world.now);
        hold(
            operation.status != OperationStatus::Ready || !too_early,
            || format!("`{}` is READY before its time", operation.id),
        )?;
        same(
            &**told,
            &Told::of(operation, due),
            "the history of an operation",
        )?;
        same(
            &operation.ended_at.is_some(),
            &operation.status.is_terminal(),
            "whether an operation has an end",
        )?;
    }
    let count = operations(world).count();
    same(&history.operations.len(), &count, "operations told of")?;
    if state.terminal_event_owed {
        same(&history.outcome, &None, "the outcome told while it is owed")?;
        let may_owe = state.outcome.is_some() && world.process.is_some();
        hold(may_owe, || {
            "the terminal event is owed by nobody".to_owned()
        })?;
    } else {
        same(&history.outcome, &state.outcome, "the outcome told")?;
    }
    if state.outcome.is_none() {
        same(&history.is_paused, &state.is_paused(), "the pause told")?;
        let stood_still = &history.timeout_paused_for;
        same(
            stood_still,
            &state.timeout_paused_for,
            "how long the timeout stood still",
        )?;
    }
    let active = matches!(state.invocation, Invocation::Active { .. });
    let completed = state.invocation_count - u64::from(active);
    same(
        &history.invocations_completed,
        &completed,
        "invocations told",
    )
}

/// The counters of the state equal the counts of the operations.
pub fn counters_match_the_operations(world: &World) -> Verdict {
    let state = &world.execution.state;
    let count = |test: fn(&Operation) -> bool| {
        let counted = operations(world)
            .filter(|operation| test(operation))
            .count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    };
    same(&state.operation_count, &count(|_| true), "operations")?;
    same(&state.pending_count, &count(waits_for_others), "pending")?;
    let open = count(|operation| {
        waits_for_others(operation) && operation.operation_type() == OperationType::ChainedInvoke
    });
    same(&state.open_chained_invokes, &open, "open chained invokes")
}

/// The deadlines, and the soonest of them in the state, follow from the records.
pub fn deadlines_follow_from_the_records(world: &World) -> Verdict {
    let expected = deadlines(world);
    let seen = || world.execution.deadlines();
    hold(seen().eq(&expected), || {
        let seen: Vec<_> = seen().collect();
        format!("the deadlines: expected {expected:?}, seen {seen:?}")
    })?;
    let next = &world.execution.state.next_deadline;
    same(next, &expected.first().cloned(), "the next deadline")
}

/// Loading the stored records yields the execution in memory.
pub fn a_store_would_give_the_same_back(world: &World) -> Verdict {
    let execution = &world.execution;
    let spec = Arc::clone(&execution.spec);
    let operations = execution.operations().cloned();
    let loaded = Execution::load(spec, execution.state.clone(), operations);
    hold(loaded == *execution, || format!("it gave {loaded:?}"))
}

/// The invocation that the effects have started is the active one, and there is no other.
pub fn the_process_in_flight_is_the_active_invocation(world: &World) -> Verdict {
    let running = world.process.as_ref().map(|process| &process.request_id);
    let active = match &world.execution.state.invocation {
        Invocation::Active { request_id, .. } => Some(request_id),
        Invocation::Idle | Invocation::BackingOff { .. } => None,
    };
    same(&active, &running, "the active invocation")
}

/// The token that the function received last is the valid one; if the function has no token, none is valid.
pub fn the_function_holds_the_valid_token(world: &World) -> Verdict {
    let held = world.token.as_ref().map(|token| token.text.clone());
    let valid = checkpoint_token(&world.execution.spec, &world.execution.state);
    same(&valid, &held, "the valid token")
}

/// A running execution that is not paused has an invocation, or a time for the next one, or a pending operation that
/// others complete, and the function has then been told of everything.
pub fn nothing_is_stuck(world: &World) -> Verdict {
    let state = &world.execution.state;
    if state.outcome.is_some() || state.is_paused() {
        return Ok(());
    }
    match state.invocation {
        Invocation::Active { .. } | Invocation::BackingOff { .. } => Ok(()),
        Invocation::Idle => {
            hold(operations(world).any(waits_for_others), || {
                "idle, and nothing will come".to_owned()
            })?;
            let untold: Vec<_> = world.execution.untold_operations().collect();
            hold(untold.is_empty(), || {
                format!("idle, and nobody tells the function of {untold:?}")
            })
        }
    }
}

/// Every pending operation has a deadline or an outside party that completes it: the holder of the callback id, or the
/// invoked function. Operations that are neither pending nor ended are moved by the function.
pub fn whatever_is_pending_has_a_mover(world: &World) -> Verdict {
    let state = &world.execution.state;
    if state.outcome.is_some() {
        return Ok(());
    }
    let deadlines: Vec<_> = world.execution.deadlines().collect();
    for operation in operations(world).filter(|operation| waits_for_others(operation)) {
        let has_deadline = deadlines
            .iter()
            .any(|deadline| deadline.reason.operation_id() == Some(&operation.id));
        let moved = match &operation.details {
            OperationDetails::Step { .. } | OperationDetails::Wait { .. } => has_deadline,
            OperationDetails::Callback {
                callback_id,
                timeout_seconds,
                ..
            } => {
                let mut told = world.history.operations.iter();
                let is_given = told.any(|told| told.callback_id.as_ref() == Some(callback_id));
                is_given && (has_deadline || timeout_seconds.is_none())
            }
            OperationDetails::ChainedInvoke { .. } => {
                let start = Effect::StartChainedInvoke(operation.id.clone());
                world.execution.outstanding_effects().contains(&start)
            }
            OperationDetails::Execution { .. } | OperationDetails::Context { .. } => true,
        };
        hold(moved, || format!("nothing moves `{}`", operation.id))?;
    }
    Ok(())
}

/// A replay receives the EXECUTION operation first, parents before children, and all operations except those below a
/// finished CONTEXT that replaces them.
pub fn a_replay_is_complete_and_in_order(world: &World) -> Verdict {
    let given: Vec<_> = world.execution.replayed_operations().collect();
    let is_over = |operation: &Operation| {
        let parent = operation.parent_id.as_ref();
        let parent = parent.and_then(|id| world.execution.operation(id));
        parent.is_some_and(|parent| {
            let keeps = matches!(
                parent.details,
                OperationDetails::Context {
                    replay_children: true,
                    ..
                }
            );
            parent.status.is_terminal() && !keeps
        })
    };
    let expected: Vec<_> = (world.execution.operations())
        .filter(|operation| !is_over(operation))
        .collect();
    same(&given, &expected, "the replayed operations")?;
    let types: Vec<_> = given.iter().map(|one| one.operation_type()).collect();
    same(
        &types.first(),
        &Some(&OperationType::Execution),
        "the first",
    )?;
    for (place, operation) in given.iter().enumerate() {
        let Some(parent) = &operation.parent_id else {
            continue;
        };
        hold(given[..place].iter().any(|one| one.id == *parent), || {
            format!("`{}` comes before its parent", operation.id)
        })?;
    }
    Ok(())
}

fn operations(world: &World) -> impl Iterator<Item = &Operation> {
    world.execution.operations().map(Arc::as_ref)
}

/// Whether something other than the function completes the operation.
fn waits_for_others(operation: &Operation) -> bool {
    match operation.operation_type() {
        OperationType::Execution | OperationType::Context => false,
        OperationType::Step => operation.status == OperationStatus::Pending,
        OperationType::Wait | OperationType::Callback | OperationType::ChainedInvoke => {
            operation.status == OperationStatus::Started
        }
    }
}

/// Every deadline that follows from the records, computed from scratch.
fn deadlines(world: &World) -> BTreeSet<Deadline> {
    let (spec, state) = (&world.execution.spec, &world.execution.state);
    let mut deadlines = BTreeSet::new();
    let mut add = |at, reason| deadlines.extend([Deadline { at, reason }]);
    if let Some(ended_at) = state.ended_at {
        let kept_until = ended_at.plus_seconds(spec.retention_days * 86_400);
        add(kept_until, DeadlineReason::RetentionElapsed);
        return deadlines;
    }
    let latest = spec.started_at.plus_seconds(366 * 86_400);
    let regular = spec.started_at.plus_seconds(spec.execution_timeout_seconds);
    let in_effect = state.pause.as_ref().filter(|_| state.is_paused());
    let times_out_at = match in_effect {
        Some(pause) if pause.execution_timeout_paused => latest,
        _ => latest.min(regular + state.timeout_paused_for),
    };
    add(times_out_at, DeadlineReason::ExecutionTimeout);
    if let Invocation::BackingOff { until } = state.invocation {
        add(until, DeadlineReason::InvocationRetry);
    }
    for operation in operations(world).filter(|operation| !operation.status.is_terminal()) {
        let id = operation.id.clone();
        match &operation.details {
            OperationDetails::Execution { .. }
            | OperationDetails::Context { .. }
            | OperationDetails::ChainedInvoke { .. } => {}
            OperationDetails::Step {
                next_attempt_at, ..
            } => {
                if let Some(at) = *next_attempt_at {
                    add(at, DeadlineReason::StepRetry(id));
                }
            }
            OperationDetails::Wait {
                scheduled_end_at, ..
            } => add(*scheduled_end_at, DeadlineReason::WaitElapsed(id)),
            OperationDetails::Callback {
                timeout_seconds,
                heartbeat_timeout_seconds,
                last_heartbeat_at,
                ..
            } => {
                if let Some(seconds) = *timeout_seconds {
                    let at = operation.started_at.plus_seconds(seconds);
                    add(at, DeadlineReason::CallbackTimeout(id.clone()));
                }
                if let Some(seconds) = *heartbeat_timeout_seconds {
                    let at = last_heartbeat_at.plus_seconds(seconds);
                    add(at, DeadlineReason::CallbackHeartbeat(id));
                }
            }
        }
    }
    deadlines
}
