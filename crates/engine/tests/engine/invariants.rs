//! The invariants: they hold after every input in every state.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::{Answer, Effect, Input, InvocationOutcome, Transition};
use model::{
    Deadline, DeadlineReason, Event, EventKind, Invocation, Operation, OperationDetails,
    OperationId, OperationStatus, OperationType,
};

use crate::reference::{self, History};
use crate::world::World;

/// Holds between the execution before a transition (the world's) and the transition.
pub fn check_transition(world: &World, input: &Input, transition: &Transition) {
    check_version(world, transition);
    check_terminal_stays(world, transition);
    check_numbering(world, transition);
    check_token(world, input, transition);
    check_recorded(world, input, transition);
    check_effects(world, input, transition);
    check_due(world, input, transition);
}

fn check_version(world: &World, transition: &Transition) {
    let state = &world.execution.state;
    assert_eq!(transition.from_version, state.version);
    if transition.is_empty() {
        assert_eq!(&transition.state, state, "an empty transition is empty");
        let records = transition.operations.len() + transition.events.len();
        assert_eq!(records, 0, "an empty transition records nothing");
        assert_eq!(transition.effects, [], "an empty transition does nothing");
    } else {
        assert_eq!(transition.state.version, state.version + 1);
    }
}

/// A terminal status never changes, neither of an operation nor of the execution.
fn check_terminal_stays(world: &World, transition: &Transition) {
    let before = &world.execution.state;
    if before.outcome.is_some() {
        assert_eq!(transition.state.outcome, before.outcome, "it has ended");
        assert_eq!(transition.state.ended_at, before.ended_at, "it has ended");
        assert_eq!(transition.operations, [], "an ended execution is at rest");
    }
    let mut seen = BTreeSet::new();
    for operation in &transition.operations {
        assert!(seen.insert(&operation.id), "each operation once");
        if let Some(before) = world.execution.operation(&operation.id) {
            assert!(!before.status.is_terminal(), "{} has ended", operation.id);
            assert_ne!(before, operation, "only changed operations are written");
        }
    }
}

/// History is append-only and numbered from 1 without gaps.
fn check_numbering(world: &World, transition: &Transition) {
    let last = world.events.len() as u64;
    for (place, event) in transition.events.iter().enumerate() {
        assert_eq!(event.id, last + place as u64 + 1, "no gaps");
        assert_eq!(event.at, world.now, "an event happens when it is recorded");
    }
    let count = last + transition.events.len() as u64;
    assert_eq!(transition.state.event_id_last, count);
}

/// Only the live token writes, and writing kills it.
fn check_token(world: &World, input: &Input, transition: &Transition) {
    let Input::Checkpoint {
        token,
        client_token,
        ..
    } = input
    else {
        return;
    };
    let Answer::Checkpoint { token: next, .. } = &transition.answer else {
        panic!("a checkpoint is answered as one");
    };
    if transition.is_empty() {
        let presented = client_token.clone().map(|key| (token.clone(), key));
        assert_eq!(presented, world.repeatable, "only the last one is repeated");
        assert_eq!(
            next, &world.live_token,
            "a repeated request gets the same token"
        );
        return;
    }
    assert_eq!(Some(token), world.live_token.as_ref(), "a dead token wrote");
    let stops = transition.state.outcome.is_some() || transition.state.is_paused();
    assert_eq!(next.is_none(), stops);
    let used_before = next
        .as_ref()
        .is_some_and(|next| world.tokens.contains(next));
    assert!(
        !used_before,
        "every accepted checkpoint returns a new token"
    );
}

/// Every accepted input is in the history, except for inputs that leave no event by the protocol.
fn check_recorded(world: &World, input: &Input, transition: &Transition) {
    let events = &transition.events;
    match input {
        Input::Checkpoint { updates, .. } if !transition.is_empty() => {
            let mut rest = events.as_slice();
            for update in updates {
                if update.operation_type == OperationType::Execution {
                    continue;
                }
                rest = take_event_of(rest, &update.id);
                let unresolvable = update.operation_type == OperationType::ChainedInvoke
                    && (update.chained_invoke.as_ref())
                        .is_some_and(|invoke| invoke.target.is_err());
                if unresolvable {
                    rest = take_event_of(rest, &update.id);
                }
            }
            if !world.execution.state.is_paused() && transition.state.is_paused() {
                rest = take_paused(rest);
            }
            check_timer_events(rest);
        }
        Input::Checkpoint { .. } => {}
        Input::InvocationEnded {
            outcome: InvocationOutcome::NotStarted,
            ..
        } => {
            let completed = events
                .iter()
                .any(|event| matches!(event.kind, EventKind::InvocationCompleted { .. }));
            assert!(!completed, "what was not started is not completed");
        }
        Input::InvocationEnded { request_id, .. } => {
            let completed = match events.first().map(|event| &event.kind) {
                Some(EventKind::InvocationCompleted { request_id, .. }) => request_id,
                other => panic!("an invocation's end is recorded first, not {other:?}"),
            };
            assert_eq!(completed, request_id);
        }
        Input::DeadlineReached => {
            check_timer_events(events);
            let silent = |deadline: &&Deadline| match deadline.reason {
                DeadlineReason::StepRetry(_)
                | DeadlineReason::InvocationRetry
                | DeadlineReason::RetentionElapsed => false,
                DeadlineReason::ExecutionTimeout
                | DeadlineReason::WaitElapsed(_)
                | DeadlineReason::CallbackTimeout(_)
                | DeadlineReason::CallbackHeartbeat(_) => true,
            };
            let due = (world.execution.deadlines()).filter(|deadline| deadline.at <= world.now);
            let (told, any) = due.fold((false, false), |(told, _), deadline| {
                (told || silent(&deadline), true)
            });
            assert_eq!(!events.is_empty(), told, "a deadline leaves its event");
            assert_eq!(!transition.is_empty(), any, "a deadline is not ignored");
        }
        Input::CallbackSucceeded { operation_id, .. }
        | Input::CallbackFailed { operation_id, .. } => {
            assert_eq!(take_event_of(events, operation_id).len(), 0);
        }
        Input::CallbackHeartbeat { .. } => {
            assert_eq!(events.len(), 0, "a heartbeat leaves no event");
            assert_eq!(
                transition.operations.len(),
                usize::from(!transition.is_empty())
            );
        }
        Input::ChainedInvokeEnded { operation_id, .. } => {
            let open = (world.execution.operation(operation_id))
                .is_some_and(|operation| operation.is_open_chained_invoke());
            if open {
                assert_eq!(take_event_of(events, operation_id).len(), 0);
            } else {
                assert!(transition.is_empty(), "reported again");
            }
        }
        Input::Pause { .. } => {
            let takes_effect = transition.state.is_paused() && !world.execution.state.is_paused();
            assert_eq!(events.len(), usize::from(takes_effect));
            assert!(events.is_empty() || take_paused(events).is_empty());
        }
        Input::Resume { .. } => {
            let rest = match events.first().map(|event| &event.kind) {
                Some(EventKind::ExecutionResumed { .. }) => {
                    assert!(world.execution.state.is_paused());
                    &events[1..]
                }
                _ => events,
            };
            check_timer_events(rest);
        }
        Input::Delete => {
            assert!(world.execution.state.outcome.is_some(), "it had ended");
            assert!(transition.removes && events.is_empty());
        }
        Input::Stop { .. } => {
            let stops = world.execution.state.outcome.is_none();
            assert_eq!(events.len(), usize::from(stops));
            assert_eq!(transition.is_empty(), !stops);
        }
    }
}

fn take_event_of<'a>(events: &'a [Event], id: &OperationId) -> &'a [Event] {
    let (first, rest) = events.split_first().expect("an update leaves an event");
    let subject = first
        .subject
        .as_ref()
        .expect("an update is about an operation");
    assert_eq!(&subject.id, id, "events come in the order of the updates");
    rest
}

/// The end of these events, when they end with the pause.
fn take_paused(events: &[Event]) -> &[Event] {
    let (last, rest) = events.split_last().expect("a pause leaves an event");
    assert!(matches!(last.kind, EventKind::ExecutionPaused { .. }));
    rest
}

fn check_timer_events(events: &[Event]) {
    for event in events {
        let by_timer = matches!(
            event.kind,
            EventKind::WaitSucceeded { .. }
                | EventKind::CallbackTimedOut { .. }
                | EventKind::ExecutionTimedOut { .. }
        );
        assert!(by_timer, "{:?} is no timer's", event.kind);
    }
}

/// Effects are exactly what the records ask for.
fn check_effects(world: &World, input: &Input, transition: &Transition) {
    let before = &world.execution.state;
    let count = |effect: &Effect| {
        let same = transition.effects.iter().filter(|other| *other == effect);
        same.count() as u64
    };
    // One that was not started gives its number back.
    let given_back = matches!(
        input,
        Input::InvocationEnded {
            outcome: InvocationOutcome::NotStarted,
            ..
        }
    );
    let invoked =
        transition.state.invocation_count + u64::from(given_back) - before.invocation_count;
    assert_eq!(count(&Effect::Invoke), invoked);
    let closed = before.outcome.is_none() && transition.state.outcome.is_some();
    assert_eq!(count(&Effect::Closed), u64::from(closed));
    let opened = transition.operations.iter().filter(|operation| {
        operation.is_open_chained_invoke() && world.execution.operation(&operation.id).is_none()
    });
    let mut effects = invoked + u64::from(closed);
    for operation in opened {
        effects += 1;
        assert_eq!(count(&Effect::StartChainedInvoke(operation.id.clone())), 1);
    }
    assert_eq!(effects, transition.effects.len() as u64);
}

/// Every input that looks at the clock fires all due deadlines, and a checkpoint keeps to the quotas.
fn check_due(world: &World, input: &Input, transition: &Transition) {
    let state = &transition.state;
    if state.outcome.is_some() || transition.is_empty() {
        return;
    }
    let looks = match input {
        Input::Checkpoint { .. } => {
            assert!(state.operation_count <= world.limits.operations_max);
            assert!(state.bytes <= world.limits.execution_bytes_max);
            true
        }
        Input::DeadlineReached => true,
        Input::InvocationEnded { .. } => {
            matches!(state.invocation, Invocation::Active { .. })
        }
        Input::CallbackSucceeded { .. }
        | Input::CallbackFailed { .. }
        | Input::CallbackHeartbeat { .. }
        | Input::ChainedInvokeEnded { .. }
        | Input::Stop { .. }
        | Input::Pause { .. }
        | Input::Resume { .. }
        | Input::Delete => false,
    };
    let next = state.next_deadline.as_ref().map(|next| next.at);
    assert!(!looks || next > Some(world.now), "left unfired: {next:?}");
}

/// Holds of the world after every transition.
pub fn check_state(world: &World) {
    check_stored(world);
    check_history(world);
    check_counters(world);
    check_deadlines(world);
    check_alive(world);
    check_replay(world);
    check_untold(world);
}

/// The execution in memory equals the stored one, down to the order of the operations.
fn check_stored(world: &World) {
    assert_eq!(world.loaded(), world.execution, "loaded is resident");
    let resident = world.execution.operations();
    assert!(world.stored.iter().eq(resident), "in start order");
}

/// The history explains the status of every operation and of the execution.
fn check_history(world: &World) {
    let history = History::read(&world.events);
    let state = &world.execution.state;
    assert_eq!(history.operations.len(), world.stored.len());
    for operation in &world.stored {
        let mut told = history.operations[&operation.id].clone();
        if operation.status == OperationStatus::Ready {
            // A step that becomes READY leaves no event: its time has come.
            assert_eq!(told.status, OperationStatus::Pending);
            let due = told.next_attempt_at.take();
            assert!(due.is_some_and(|due| due <= world.now), "not yet due");
            told.status = OperationStatus::Ready;
        }
        assert_eq!(told, reference::told(operation), "history and operation");
        assert_eq!(operation.ended_at.is_some(), operation.status.is_terminal());
    }
    if state.terminal_event_owed {
        assert!(matches!(state.invocation, Invocation::Active { .. }));
        assert_eq!(history.outcome, None, "the terminal event is still owed");
        assert!(state.outcome.is_some());
    } else {
        assert_eq!(history.outcome, state.outcome, "history and outcome");
    }
    assert!(history.outcome.is_some() || history.paused == state.is_paused());
    assert_eq!(state.outcome.is_some(), state.ended_at.is_some());
    let active = matches!(state.invocation, Invocation::Active { .. });
    let completed = state.invocation_count - u64::from(active);
    assert_eq!(history.invocations_completed, completed, "one at a time");
    check_last_events(&world.events);
}

/// After the terminal event comes at most the end of the invocation that it overtook.
fn check_last_events(events: &[Event]) {
    let terminal = events.iter().position(|event| {
        matches!(
            event.kind,
            EventKind::ExecutionSucceeded { .. }
                | EventKind::ExecutionFailed { .. }
                | EventKind::ExecutionTimedOut { .. }
                | EventKind::ExecutionStopped { .. }
        )
    });
    let Some(terminal) = terminal else { return };
    let overtakes = matches!(
        events[terminal].kind,
        EventKind::ExecutionTimedOut { .. } | EventKind::ExecutionStopped { .. }
    );
    match &events[terminal + 1..] {
        [] => {}
        [last] if overtakes => {
            assert!(matches!(last.kind, EventKind::InvocationCompleted { .. }));
        }
        more => panic!("after the terminal event: {more:?}"),
    }
}

fn check_counters(world: &World) {
    let state = &world.execution.state;
    let count = |test: &dyn Fn(&Operation) -> bool| {
        let operations = world.stored.iter().filter(|operation| test(operation));
        u32::try_from(operations.count()).expect("a small number")
    };
    assert_eq!(state.operation_count, count(&|_| true));
    assert_eq!(state.pending_count, count(&reference::is_pending));
    assert_eq!(
        state.open_chained_invokes,
        count(&Operation::is_open_chained_invoke)
    );
}

fn check_deadlines(world: &World) {
    let execution = &world.execution;
    let operations = world.stored.iter().map(Arc::as_ref);
    let expected = reference::deadlines(&execution.spec, &execution.state, operations);
    assert!(expected.iter().eq(execution.deadlines()), "the deadlines");
    assert_eq!(execution.state.next_deadline.as_ref(), expected.first());
}

/// A running execution always has something that will move it on.
fn check_alive(world: &World) {
    let state = &world.execution.state;
    if state.outcome.is_some() {
        assert!(!matches!(state.invocation, Invocation::BackingOff { .. }));
        assert_eq!(world.live_token, None, "an ended execution takes nothing");
        return;
    }
    match state.invocation {
        Invocation::Active { .. } => {
            let cut_short = state.is_cut_short();
            assert_eq!(
                world.live_token.is_none(),
                cut_short,
                "an invocation has a live token"
            );
        }
        Invocation::BackingOff { .. } => assert_eq!(world.live_token, None),
        Invocation::Idle => {
            assert_eq!(world.live_token, None);
            if state.is_paused() {
                return;
            }
            assert!(state.pending_count > 0, "stuck: nothing will come");
            let untold = world.execution.untold_operations().next();
            assert_eq!(untold, None, "stuck: nobody tells the function");
        }
    }
}

/// A replay gets the EXECUTION operation first, parents before children, and nothing from below a
/// finished CONTEXT that keeps its result.
fn check_replay(world: &World) {
    let replayed: Vec<_> = world.execution.replayed_operations().collect();
    // Every page goes on after the end of the one before it.
    for index in [0, replayed.len() / 2, replayed.len() - 1] {
        let last = replayed[index];
        let rest = world.execution.replayed_after(&last.id);
        let rest: Vec<_> = rest.expect("it is one of them").collect();
        assert_eq!(rest, replayed[index + 1..], "after {}", last.id);
    }
    assert_eq!(replayed[0].operation_type(), OperationType::Execution);
    let given: BTreeSet<_> = replayed.iter().map(|operation| &operation.id).collect();
    let mut before = BTreeSet::new();
    for operation in &replayed {
        let parent = operation.parent_id.as_ref();
        assert!(
            parent.is_none_or(|parent| before.contains(parent)),
            "parents first"
        );
        before.insert(&operation.id);
    }
    for operation in &world.stored {
        let hidden = ancestors(world, operation).any(|ancestor| {
            let replays = match ancestor.details {
                OperationDetails::Context {
                    replay_children, ..
                } => replay_children,
                _ => panic!("only a CONTEXT has children"),
            };
            ancestor.status.is_terminal() && !replays
        });
        assert_eq!(given.contains(&operation.id), !hidden, "{}", operation.id);
    }
}

fn ancestors<'a>(
    world: &'a World,
    operation: &'a Operation,
) -> impl Iterator<Item = &'a Operation> {
    let parent = |operation: &&Operation| {
        let id = operation.parent_id.as_ref()?;
        Some(world.execution.operation(id)?.as_ref())
    };
    std::iter::successors(parent(&operation), move |operation| parent(operation))
}

/// The function hears of every change by the service, and again if it failed after it heard.
fn check_untold(world: &World) {
    let state = &world.execution.state;
    if state.outcome.is_some() {
        return;
    }
    let untold: Vec<_> = world.execution.untold_operations().cloned().collect();
    let unsettled: Vec<_> = world.execution.unsettled_operations().cloned().collect();
    let set = |ids: Vec<OperationId>| {
        let count = ids.len();
        let set: BTreeSet<_> = ids.into_iter().collect();
        assert_eq!(set.len(), count, "each once");
        set
    };
    assert_eq!(set(untold), world.untold, "not told yet");
    assert_eq!(set(unsettled), world.told, "told, not settled");
}
