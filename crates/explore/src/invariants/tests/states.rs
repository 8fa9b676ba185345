//! States spoilt by hand.

use std::sync::Arc;

use engine::Execution;
use model::{Deadline, DeadlineReason, Invocation, Outcome};

use super::{check_complete, find, world};
use crate::invariants::in_states;
use crate::moves::{Chained, Ending, Move, Says};
use crate::pair::Slot::{First, Second};
use crate::update::Action;
use crate::world::World;

const BEGIN: Move = Move::Checkpoint(First, Action::Start);

const UNLIMITED: Move = Move::Checkpoint(First, Action::StartUnlimited);

type Case = (&'static str, &'static str, Vec<Move>, fn(&mut World));

fn cases() -> Vec<Case> {
    let mut cases = about_history();
    cases.extend(about_the_records());
    cases
}

fn about_history() -> Vec<Case> {
    let history = "history_folds_to_the_records";
    let paused = vec![
        BEGIN,
        Move::PauseTimeout,
        Move::Poll,
        Move::Late,
        Move::Resume,
    ];
    vec![
        (history, "wait,wait", paused, |world| {
            world.execution.state.timeout_paused_for = std::time::Duration::ZERO;
        }),
        (
            history,
            "wait,wait",
            vec![Move::CheckpointResult],
            |world| {
                world.process = None;
            },
        ),
        (history, "wait,wait", vec![BEGIN], |world| {
            world.history.last_id += 1;
        }),
        (history, "wait,wait", vec![BEGIN, Move::Deadline], |world| {
            let told = &mut world.history.operations[1];
            Arc::make_mut(told).status = model::OperationStatus::Started;
        }),
        (history, "wait,wait", vec![BEGIN], |world| {
            world.history.operations.pop();
        }),
        (history, "wait,wait", vec![Move::Stop], |world| {
            world.history.outcome = None;
        }),
        (
            history,
            "wait,wait",
            vec![Move::CheckpointResult],
            |world| {
                world.execution.state.terminal_event_owed = false;
            },
        ),
        (
            history,
            "wait,wait",
            vec![Move::Pause, Move::Poll],
            |world| {
                world.history.is_paused = false;
            },
        ),
        (history, "wait,wait", vec![BEGIN], |world| {
            world.execution.state.invocation_count += 1;
        }),
    ]
}

fn about_the_records() -> Vec<Case> {
    let stuck = "nothing_is_stuck";
    let mover = "whatever_is_pending_has_a_mover";
    let replay = "a_replay_is_complete_and_in_order";
    let says = Move::Callback(First, Says::Succeeded);
    let close = Move::Checkpoint(First, Action::Succeed);
    let child = Move::Checkpoint(Second, Action::Start);
    vec![
        (
            "counters_match_the_operations",
            "wait,wait",
            vec![BEGIN],
            |world| {
                world.execution.state.pending_count = 0;
            },
        ),
        (
            "deadlines_follow_from_the_records",
            "wait,wait",
            vec![BEGIN],
            |world| {
                world.execution.state.next_deadline = None;
            },
        ),
        (
            "deadlines_follow_from_the_records",
            "step,step",
            vec![],
            |world| {
                world.execution.state.timeout_paused_for = std::time::Duration::from_secs(1);
            },
        ),
        (
            "a_store_would_give_the_same_back",
            "wait,wait",
            vec![BEGIN, Move::Deadline],
            |world| world.execution.state.settled_changes = 1,
        ),
        (
            "the_process_in_flight_is_the_active_invocation",
            "step,step",
            vec![],
            |world| world.process = None,
        ),
        (
            "the_function_holds_the_valid_token",
            "step,step",
            vec![Move::Poll],
            |world| world.token = world.last_token.clone(),
        ),
        (stuck, "step,step", vec![], |world| {
            world.execution.state.invocation = Invocation::Idle;
        }),
        (
            stuck,
            "callback,wait",
            vec![Move::StartBoth, says],
            |world| {
                world.execution.state.invocation = Invocation::Idle;
            },
        ),
        (mover, "wait,wait", vec![BEGIN], |world| {
            world.execution = without_deadlines(&world.execution);
        }),
        (mover, "callback,wait", vec![BEGIN], |world| {
            world.execution = without_deadlines(&world.execution);
        }),
        (mover, "callback,wait", vec![UNLIMITED], |world| {
            world.history.operations.pop();
        }),
        (mover, "chained-invoke,wait", vec![BEGIN], |world| {
            world.execution.state.open_chained_invokes = 0;
        }),
        (replay, "context/step", vec![BEGIN, child], |world| {
            world.execution = reversed(&world.execution);
        }),
        (replay, "context/step", vec![BEGIN, child, close], |world| {
            world.execution = reversed(&world.execution);
        }),
    ]
}

#[test]
fn every_invariant_rejects_a_spoilt_state() {
    let cases = cases();
    for (name, pair, moves, spoil) in &cases {
        let holds = find(in_states(), name);
        let mut world = world(pair, moves);
        assert_eq!(holds(&world), Ok(()), "{name}");
        spoil(&mut world);
        assert!(holds(&world).is_err(), "{name} accepts what is spoilt");
    }
    let names: Vec<_> = cases.iter().map(|(name, ..)| *name).collect();
    check_complete(in_states(), &names);
}

/// The fold detects impossible successions, event by event.
#[test]
fn history_rejects_what_cannot_follow() {
    let paused = [Move::Pause, Move::Poll];
    let chained = [BEGIN, Move::ChainedEnds(First, Chained::Failed)];
    let ends = Move::Ends(Ending::Succeeded);
    for (pair, moves) in [
        ("wait,wait", &[BEGIN][..]),
        ("wait,wait", &[BEGIN, Move::Deadline]),
        ("step,step", &[Move::Checkpoint(First, Action::Retry)]),
        ("chained-invoke,wait", &chained),
        ("step,step", &[ends]),
        ("step,step", &paused),
    ] {
        let (last, before) = moves.split_last().expect("every case has a move");
        let before = world(pair, before);
        let (now, input) = before.request(*last);
        let asked = before.ask(now, &input.expect("an input"));
        let transition = asked.expect("no panic").expect("it is accepted");
        let mut history = before.history.clone();
        for event in &transition.events {
            history.take(event);
        }
        assert_eq!(history.fault, None, "{pair}");
        let last = transition.events.last().expect("it leaves an event");
        history.take(last);
        assert!(history.fault.is_some(), "{pair}: a number came twice");
        history.fault = None;
        history.last_id = last.id - 1;
        history.take(last);
        assert!(
            history.fault.is_some(),
            "{pair}: {:?} came twice",
            last.kind
        );
    }
}

/// The same records, except for the deadlines that an execution keeps of its operations.
fn without_deadlines(execution: &Execution) -> Execution {
    let mut state = execution.state.clone();
    let ended_at = execution.spec.started_at;
    state.outcome = Some(Outcome::Succeeded(None));
    state.ended_at = Some(ended_at);
    state.next_deadline = Some(Deadline {
        at: ended_at.plus_seconds(execution.spec.retention_days * 86_400),
        reason: DeadlineReason::RetentionElapsed,
    });
    let operations = execution.operations().cloned();
    let mut execution = Execution::load(Arc::clone(&execution.spec), state, operations);
    execution.state.outcome = None;
    execution.state.ended_at = None;
    execution
}

/// The same records, with the operations in reverse order.
fn reversed(execution: &Execution) -> Execution {
    let operations = execution.operations().rev().cloned();
    let spec = Arc::clone(&execution.spec);
    Execution::load(spec, execution.state.clone(), operations)
}
