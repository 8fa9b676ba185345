//! STEP: attempts of user code (protocol 8.4, 9.3 scenarios 1-*).

use expect_test::expect;

use crate::script::{check, script};
use crate::update::{Update, step};
use model::UpdateAction;

/// Scenario 1-1.
#[test]
fn step_succeeds() {
    check(
        script()
            .checkpoint([step("s").start()])
            .checkpoint([step("s").succeed("42")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 StepSucceeded s "42" attempt 1
            0s 4 InvocationCompleted
            0s 5 ExecutionSucceeded "ok"
            0s - closed
            = SUCCEEDED "ok" | s Succeeded
        "#]],
    );
}

/// Scenario 1-11.
#[test]
fn failed_step_is_retried() {
    check(
        script()
            .checkpoint([step("s").start()])
            .checkpoint([step("s").retry("it broke", 5)])
            .returns_pending()
            .advance(5)
            .replays()
            .checkpoint([step("s").start()])
            .checkpoint([step("s").succeed("42")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 StepFailed s Boom: it broke attempt 1, next in 5s
            0s 4 InvocationCompleted
            5s - invoke 2, updated s
            5s - replay [s]
            5s 5 StepStarted s
            5s 6 StepSucceeded s "42" attempt 2
            5s 7 InvocationCompleted
            5s 8 ExecutionSucceeded "ok"
            5s - closed
            = SUCCEEDED "ok" | s Succeeded x2
        "#]],
    );
}

/// Scenario 1-12.
#[test]
fn four_attempts_are_exhausted() {
    check(
        {
            let mut script = script();
            for attempt in 1..4 {
                script = script
                    .checkpoint([step("s").start()])
                    .checkpoint([step("s").retry("it broke", attempt)])
                    .returns_pending()
                    .advance(attempt);
            }
            script
                .checkpoint([step("s").start()])
                .checkpoint([step("s").fail("it broke")])
                .returns_failure("it broke")
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 StepFailed s Boom: it broke attempt 1, next in 1s
            0s 4 InvocationCompleted
            1s - invoke 2, updated s
            1s 5 StepStarted s
            1s 6 StepFailed s Boom: it broke attempt 2, next in 2s
            1s 7 InvocationCompleted
            3s - invoke 3, updated s
            3s 8 StepStarted s
            3s 9 StepFailed s Boom: it broke attempt 3, next in 3s
            3s 10 InvocationCompleted
            6s - invoke 4, updated s
            6s 11 StepStarted s
            6s 12 StepFailed s Boom: it broke attempt 4
            6s 13 InvocationCompleted Boom: it broke
            6s 14 ExecutionFailed Boom: it broke
            6s - closed
            = FAILED Boom: it broke | s Failed x4
        "#]],
    );
}

/// Scenario 1-17: the replay finds the step STARTED and fails it.
#[test]
fn at_most_once_crash_without_retry() {
    check(
        script()
            .checkpoint([step("s").start()])
            .exits()
            .advance(1)
            .checkpoint([step("s").fail("interrupted")])
            .returns_failure("interrupted"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 InvocationCompleted Runtime.ExitError: exit status 1
            1s - invoke 2
            1s 4 StepFailed s Boom: interrupted attempt 1
            1s 5 InvocationCompleted Boom: interrupted
            1s 6 ExecutionFailed Boom: interrupted
            1s - closed
            = FAILED Boom: interrupted | s Failed
        "#]],
    );
}

/// Scenario 1-18.
#[test]
fn at_most_once_crash_with_retry() {
    check(
        script()
            .checkpoint([step("s").start()])
            .exits()
            .advance(1)
            .checkpoint([step("s").retry("interrupted", 2)])
            .returns_pending()
            .advance(2)
            .checkpoint([step("s").start()])
            .checkpoint([step("s").succeed("42")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 InvocationCompleted Runtime.ExitError: exit status 1
            1s - invoke 2
            1s 4 StepFailed s Boom: interrupted attempt 1, next in 2s
            1s 5 InvocationCompleted
            3s - invoke 3, updated s
            3s 6 StepStarted s
            3s 7 StepSucceeded s "42" attempt 2
            3s 8 InvocationCompleted
            3s 9 ExecutionSucceeded "ok"
            3s - closed
            = SUCCEEDED "ok" | s Succeeded x2
        "#]],
    );
}

/// The replay runs the step again under the START that is on record.
#[test]
fn at_least_once_crash() {
    check(
        script()
            .checkpoint([step("s").start()])
            .exits()
            .advance(1)
            .checkpoint([step("s").succeed("42")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 InvocationCompleted Runtime.ExitError: exit status 1
            1s - invoke 2
            1s 4 StepSucceeded s "42" attempt 1
            1s 5 InvocationCompleted
            1s 6 ExecutionSucceeded "ok"
            1s - closed
            = SUCCEEDED "ok" | s Succeeded
        "#]],
    );
}

/// Scenario 6-1: a RETRY without error is a poll, and its payload the state.
#[test]
fn condition_is_polled() {
    check(
        {
            let poll = || step("s").sub_type("WaitForCondition");
            script()
                .checkpoint([poll().start()])
                .checkpoint([poll().poll_again(3).payload("1")])
                .returns_pending()
                .advance(3)
                .checkpoint([poll().start()])
                .checkpoint([poll().poll_again(3).payload("2")])
                .returns_pending()
                .advance(3)
                .checkpoint([poll().start()])
                .checkpoint([poll().succeed("3")])
                .returns("3")
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 StepSucceeded s "1" attempt 1, next in 3s
            0s 4 InvocationCompleted
            3s - invoke 2, updated s
            3s 5 StepStarted s
            3s 6 StepSucceeded s "2" attempt 2, next in 3s
            3s 7 InvocationCompleted
            6s - invoke 3, updated s
            6s 8 StepStarted s
            6s 9 StepSucceeded s "3" attempt 3
            6s 10 InvocationCompleted
            6s 11 ExecutionSucceeded "3"
            6s - closed
            = SUCCEEDED "3" | s Succeeded x3
        "#]],
    );
}

#[test]
fn step_may_end_without_having_started() {
    check(
        script()
            .checkpoint([step("a").succeed("1")])
            .checkpoint([step("b").fail("it broke")])
            .checkpoint([step("c").retry("it broke", 7)])
            .checkpoint([step("d").poll_again(8)])
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepSucceeded a "1" attempt 1
            0s 3 StepFailed b Boom: it broke attempt 1
            0s 4 StepFailed c Boom: it broke attempt 1, next in 7s
            0s 5 StepSucceeded d - attempt 1, next in 8s
            0s 6 InvocationCompleted
            = RUNNING, next 7s StepRetry(c) | a Succeeded | b Failed | c Pending | d Pending
        "#]],
    );
}

#[test]
fn start_and_end_in_one_request() {
    check(
        script().checkpoint_told([
            step("a").start(),
            step("a").succeed("1"),
            step("b").start(),
            step("b").fail("it broke"),
            step("c").start(),
            step("c").retry("it broke", 7),
        ]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted a
            0s 3 StepSucceeded a "1" attempt 1
            0s 4 StepStarted b
            0s 5 StepFailed b Boom: it broke attempt 1
            0s 6 StepStarted c
            0s 7 StepFailed c Boom: it broke attempt 1, next in 7s
            0s - told [a Succeeded, b Failed, c Pending]
            = RUNNING, next 7s StepRetry(c) | a Succeeded | b Failed | c Pending
        "#]],
    );
}

#[test]
fn ready_step_may_end_without_another_start() {
    check(
        script()
            .checkpoint([
                step("a").retry("it broke", 1),
                step("b").retry("it broke", 1),
                step("c").retry("it broke", 1),
            ])
            .returns_pending()
            .advance(1)
            .checkpoint([step("a").succeed("1")])
            .checkpoint([step("b").fail("it broke")])
            .checkpoint([step("c").retry("it broke", 9)]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepFailed a Boom: it broke attempt 1, next in 1s
            0s 3 StepFailed b Boom: it broke attempt 1, next in 1s
            0s 4 StepFailed c Boom: it broke attempt 1, next in 1s
            0s 5 InvocationCompleted
            1s - invoke 2, updated a b c
            1s 6 StepSucceeded a "1" attempt 2
            1s 7 StepFailed b Boom: it broke attempt 2
            1s 8 StepFailed c Boom: it broke attempt 2, next in 9s
            = RUNNING, next 10s StepRetry(c) | a Succeeded x2 | b Failed x2 | c Pending x2
        "#]],
    );
}

/// The next checkpoint tells it; no event, no invocation.
#[test]
fn step_becomes_ready_under_a_running_invocation() {
    check(
        script()
            .checkpoint([step("s").retry("it broke", 2)])
            .delay(2)
            .poll()
            .checkpoint([step("s").start()])
            .checkpoint([step("s").succeed("42")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepFailed s Boom: it broke attempt 1, next in 2s
            2s - told [s Ready]
            2s 3 StepStarted s
            2s 4 StepSucceeded s "42" attempt 2
            2s 5 InvocationCompleted since 0s
            2s 6 ExecutionSucceeded "ok"
            2s - closed
            = SUCCEEDED "ok" | s Succeeded x2
        "#]],
    );
}

#[test]
fn bare_updates_keep_what_the_first_one_said() {
    check(
        script()
            .checkpoint([step("s").named("charge").start()])
            .checkpoint([step("s").bare().succeed("42")]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted charge
            0s 3 StepSucceeded charge "42" attempt 1
            = RUNNING, next 3600s ExecutionTimeout | s Succeeded
        "#]],
    );
}

#[test]
fn pending_step_cannot_be_touched() {
    check(
        script()
            .checkpoint([step("s").retry("it broke", 5)])
            .checkpoint([step("s").start()])
            .checkpoint([step("s").succeed("42")])
            .checkpoint([step("s").fail("it broke")])
            .checkpoint([step("s").retry("it broke", 5)]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepFailed s Boom: it broke attempt 1, next in 5s
            0s - refused: Invalid current STEP state to start.
            0s - refused: Invalid current STEP state to close.
            0s - refused: Invalid current STEP state to close.
            0s - refused: Invalid current STEP state to re-attempt.
            = RUNNING, next 5s StepRetry(s) | s Pending
        "#]],
    );
}

#[test]
fn ended_step_cannot_be_touched() {
    check(
        script()
            .checkpoint([step("s").succeed("42")])
            .checkpoint([step("s").start()])
            .checkpoint([step("s").succeed("43")])
            .checkpoint([step("s").fail("it broke")])
            .checkpoint([step("s").retry("it broke", 5)]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepSucceeded s "42" attempt 1
            0s - refused: Invalid current STEP state to start.
            0s - refused: Invalid current STEP state to close.
            0s - refused: Invalid current STEP state to close.
            0s - refused: Invalid current STEP state to re-attempt.
            = RUNNING, next 3600s ExecutionTimeout | s Succeeded
        "#]],
    );
}

#[test]
fn started_step_cannot_start_again() {
    check(
        script()
            .checkpoint([step("s").start()])
            .checkpoint([step("s").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s - refused: Invalid current STEP state to start.
            = RUNNING, next 3600s ExecutionTimeout | s Started
        "#]],
    );
}

#[test]
fn step_updates_carry_what_their_action_takes() {
    check(
        {
            let delayed = |mut update: Update| {
                update.0.next_attempt_delay_seconds = Some(1);
                update
            };
            script()
                .checkpoint([step("s").start().payload("1")])
                .checkpoint([step("s").start().error("it broke")])
                .checkpoint([delayed(step("s").start())])
                .checkpoint([step("s").succeed("1").error("it broke")])
                .checkpoint([step("s").fail("it broke").payload("1")])
                .checkpoint([step("s").retry("it broke", 1).payload("1")])
                .checkpoint([step("s").action(UpdateAction::Retry)])
                .checkpoint([step("s").action(UpdateAction::Cancel)])
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Cannot provide a Payload for START action.
            0s - refused: Cannot provide an Error for START action.
            0s - refused: Invalid StepOptions for the given action.
            0s - refused: Cannot provide an Error for SUCCEED action.
            0s - refused: Cannot provide a Payload for FAIL action.
            0s - refused: Cannot provide both error and payload to RETRY a STEP.
            0s - refused: Invalid StepOptions for the given action.
            0s - refused: Invalid action for the given operation type.
            = RUNNING, next 3600s ExecutionTimeout
        "#]],
    );
}

#[test]
fn step_payload_is_limited() {
    check(
        {
            let fits = "x".repeat(256 * 1024);
            let too_large = "x".repeat(256 * 1024 + 1);
            script()
                .checkpoint([step("a").succeed(&too_large)])
                .checkpoint([step("a").poll_again(1).payload(&too_large)])
                .checkpoint([step("a").succeed(&fits)])
                .checkpoint([step("b").poll_again(1).payload(&fits)])
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: STEP output payload size must be less than or equal to 262144 bytes.
            0s - refused: STEP output payload size must be less than or equal to 262144 bytes.
            0s 2 StepSucceeded a <262144 bytes> attempt 1
            0s 3 StepSucceeded b <262144 bytes> attempt 1, next in 1s
            = RUNNING, next 1s StepRetry(b) | a Succeeded | b Pending
        "#]],
    );
}

#[test]
fn step_may_end_without_payload_or_error() {
    check(
        script()
            .checkpoint([step("a").action(UpdateAction::Succeed)])
            .checkpoint([step("b").action(UpdateAction::Fail)]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepSucceeded a - attempt 1
            0s 3 StepFailed b {} attempt 1
            = RUNNING, next 3600s ExecutionTimeout | a Succeeded | b Failed
        "#]],
    );
}
