//! Constructed retries and refusals, and an engine that panics.

use engine::{Answer, Rejection, Transition};
use model::Outcome;

use super::{check_complete, find, made, world};
use crate::invariants::{Refused, Retry, of_refusals, of_retries};
use crate::moves::{Ending, Move};
use crate::pair::Slot::First;
use crate::step::step;
use crate::update::Action;

const BEGIN: Move = Move::Checkpoint(First, Action::Start);

/// The verdict of an invariant on a move whose retry gets another result than the engine's.
fn retried(name: &str, moves: &[Move], second: Option<Result<Transition, Rejection>>) -> bool {
    let made = made("step,step", moves);
    let real = || {
        let asked = made.after.ask(made.after.now, &made.input);
        asked.expect("the engine does not panic")
    };
    let retry = Retry {
        first: &made.accepted(),
        second: &second.unwrap_or_else(real),
    };
    find(of_retries(), name)(&retry).is_ok()
}

#[test]
fn every_invariant_rejects_a_bad_retry() {
    let nothing = "a_retry_changes_nothing";
    let alike = "a_retry_with_a_client_token_is_answered_alike";
    let refused = || Some(Err(Rejection::invalid_token()));
    let answered = |answer| {
        let mut transition = made("step,step", &[BEGIN, Move::CheckpointAgain]).transition;
        transition.answer = answer;
        Some(Ok(transition))
    };
    for moves in [
        &[BEGIN][..],
        &[Move::Pause],
        &[Move::Pause, Move::Resume],
        &[Move::Stop],
    ] {
        assert!(retried(nothing, moves, None));
        let written = made("step,step", moves).transition;
        assert!(!retried(nothing, moves, Some(Ok(written))));
        assert!(retried(alike, moves, None));
        assert!(!retried(alike, moves, refused()));
        let other = Answer::Checkpoint {
            token: None,
            operations: Vec::new(),
        };
        assert!(!retried(alike, moves, answered(other)));
    }
    // Without a client token only one thing is promised: nothing changes.
    assert!(retried(alike, &[Move::Poll], refused()));
    check_complete(of_retries(), &[nothing, alike]);
}

#[test]
fn every_invariant_rejects_a_bad_refusal() {
    let valid = "the_valid_token_is_not_refused";
    let may_end = "the_running_invocation_may_end";
    let polled = world("step,step", &[Move::Poll]);
    let lost = world("step,step", &[Move::Ends(Ending::Lost)]);
    let says = |name, world, by, rejection: &Rejection| {
        let refused = Refused {
            world,
            input: &world.request(by).1.expect("a test's move is an input"),
            rejection,
        };
        find(of_refusals(), name)(&refused).is_ok()
    };
    let invalid = Rejection::invalid_token();
    assert!(!says(valid, &polled, Move::Poll, &invalid));
    assert!(says(
        valid,
        &polled,
        Move::Stale(crate::Old::Last),
        &invalid
    ));
    assert!(says(valid, &polled, BEGIN, &Rejection::Conflict("other")));
    let ends = Move::Ends(Ending::Succeeded);
    assert!(!says(may_end, &lost, ends, &Rejection::ExecutionEnded));
    assert!(says(
        may_end,
        &lost,
        Move::EndsAgain,
        &Rejection::ExecutionEnded
    ));
    check_complete(of_refusals(), &[valid, may_end]);
}

/// An assertion inside the engine counts as an invariant.
#[test]
fn a_panic_is_a_violation() {
    let mut spoilt = world("step,step", &[]);
    spoilt.execution.state.outcome = Some(Outcome::Succeeded(None));
    let violation = step(&spoilt, Move::Stop).expect_err("an execution ends once");
    assert_eq!(violation.invariant, "the_engine_does_not_panic");
    assert_eq!(violation.seen, "an execution ends once");
}
