//! WAIT: timers (protocol 8.4, 10).

use expect_test::expect;

use crate::script::{check, script};
use crate::update::{step, wait};
use model::UpdateAction;

#[test]
fn wait_elapses() {
    check(
        script()
            .checkpoint([wait("w", 5)])
            .returns_pending()
            .advance(5)
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 5s, until 5s
            0s 3 InvocationCompleted
            5s 4 WaitSucceeded w 5s
            5s - invoke 2, updated w
            5s 5 InvocationCompleted
            5s 6 ExecutionSucceeded "ok"
            5s - closed
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

/// Scenario 1-8.
#[test]
fn step_then_wait() {
    check(
        script()
            .checkpoint([step("s").start(), step("s").succeed("42")])
            .checkpoint([wait("w", 5)])
            .returns_pending()
            .advance(5)
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 StepSucceeded s "42" attempt 1
            0s 4 WaitStarted w 5s, until 5s
            0s 5 InvocationCompleted
            5s 6 WaitSucceeded w 5s
            5s - invoke 2, updated w
            5s 7 InvocationCompleted
            5s 8 ExecutionSucceeded "ok"
            5s - closed
            = SUCCEEDED "ok" | s Succeeded | w Succeeded
        "#]],
    );
}

/// The timer fires; the next checkpoint tells it; no invocation follows.
#[test]
fn wait_elapses_under_a_running_invocation() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .advance(1)
            .poll()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            1s 3 WaitSucceeded w 1s
            1s - told [w Succeeded]
            1s 4 InvocationCompleted since 0s
            1s 5 ExecutionSucceeded "ok"
            1s - closed
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

/// The timer is late, the checkpoint is not.
#[test]
fn checkpoint_fires_what_is_due() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .delay(1)
            .checkpoint_told([step("s").start()])
            .fire(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            1s 3 StepStarted s
            1s 4 WaitSucceeded w 1s
            1s - told [s Started, w Succeeded]
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded | s Started
        "#]],
    );
}

/// The wait ended after the function was last told.
#[test]
fn unseen_change_invokes_again() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .advance(1)
            .returns_pending()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            1s 3 WaitSucceeded w 1s
            1s 4 InvocationCompleted since 0s
            1s - invoke 2, updated w
            1s 5 InvocationCompleted
            1s 6 ExecutionSucceeded "ok"
            1s - closed
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

#[test]
fn pending_fires_what_is_due() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .delay(1)
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            1s 3 InvocationCompleted since 0s
            1s 4 WaitSucceeded w 1s
            1s - invoke 2, updated w
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded
        "#]],
    );
}

#[test]
fn told_change_does_not_invoke_again() {
    check(
        script()
            .checkpoint([wait("a", 1), wait("b", 9)])
            .advance(1)
            .poll()
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted a 1s, until 1s
            0s 3 WaitStarted b 9s, until 9s
            1s 4 WaitSucceeded a 1s
            1s - told [a Succeeded]
            1s 5 InvocationCompleted since 0s
            = RUNNING, next 9s WaitElapsed(b) | a Succeeded | b Started
        "#]],
    );
}

#[test]
fn simultaneous_waits_make_one_invocation() {
    check(
        script()
            .checkpoint([wait("a", 5), wait("b", 5), step("c").retry("it broke", 5)])
            .returns_pending()
            .advance(5),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted a 5s, until 5s
            0s 3 WaitStarted b 5s, until 5s
            0s 4 StepFailed c Boom: it broke attempt 1, next in 5s
            0s 5 InvocationCompleted
            5s 6 WaitSucceeded a 5s
            5s 7 WaitSucceeded b 5s
            5s - invoke 2, updated a b c
            = RUNNING, next 3600s ExecutionTimeout | a Succeeded | b Succeeded | c Ready
        "#]],
    );
}

/// In the order in which they were due.
#[test]
fn late_timer_makes_one_invocation_of_several_waits() {
    check(
        script()
            .checkpoint([wait("late", 5), wait("early", 2)])
            .returns_pending()
            .delay(60)
            .fire()
            .fire(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted late 5s, until 5s
            0s 3 WaitStarted early 2s, until 2s
            0s 4 InvocationCompleted
            60s 5 WaitSucceeded early 2s
            60s 6 WaitSucceeded late 5s
            60s - invoke 2, updated early late
            = RUNNING, next 3600s ExecutionTimeout | late Succeeded | early Succeeded
        "#]],
    );
}

#[test]
fn early_timer_does_nothing() {
    check(
        script()
            .checkpoint([wait("w", 5)])
            .returns_pending()
            .delay(4)
            .delay_millis(999)
            .fire()
            .delay_millis(1)
            .fire(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 5s, until 5s
            0s 3 InvocationCompleted
            5s 4 WaitSucceeded w 5s
            5s - invoke 2, updated w
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded
        "#]],
    );
}

#[test]
fn wait_is_cancelled() {
    check(
        script()
            .checkpoint([wait("a", 5), wait("b", 6)])
            .checkpoint([wait("a", 0).cancel()])
            .checkpoint([wait("b", 0).cancel().error("not needed")])
            .advance(10)
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted a 5s, until 5s
            0s 3 WaitStarted b 6s, until 6s
            0s 4 WaitCancelled a
            0s 5 WaitCancelled b Boom: not needed
            10s 6 InvocationCompleted since 0s
            10s 7 ExecutionSucceeded "ok"
            10s - closed
            = SUCCEEDED "ok" | a Cancelled | b Cancelled
        "#]],
    );
}

#[test]
fn only_a_running_wait_is_cancelled() {
    check(
        script()
            .checkpoint([wait("w", 0).cancel()])
            .checkpoint([wait("w", 1)])
            .checkpoint([wait("w", 0).cancel().payload("1")])
            .advance(1)
            .checkpoint([wait("w", 0).cancel()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Cannot cancel a WAIT that does not exist or has already completed.
            0s 2 WaitStarted w 1s, until 1s
            0s - refused: Cannot provide a Payload for CANCEL action.
            1s 3 WaitSucceeded w 1s
            1s - refused: Cannot cancel a WAIT that does not exist or has already completed.
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded
        "#]],
    );
}

/// Updates count before timers (protocol 8.1).
#[test]
fn wait_that_is_due_can_be_cancelled_until_its_timer_fires() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .delay(2)
            .checkpoint_told([wait("w", 0).cancel()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            2s 3 WaitCancelled w
            2s - told [w Cancelled]
            = RUNNING, next 3600s ExecutionTimeout | w Cancelled
        "#]],
    );
}

#[test]
fn wait_updates_carry_what_their_action_takes() {
    check(
        {
            let mut lengthless = wait("w", 0);
            lengthless.0.wait_seconds = None;
            script()
                .checkpoint([lengthless])
                .checkpoint([wait("w", 1).payload("1")])
                .checkpoint([wait("w", 1).error("it broke")])
                .checkpoint([wait("w", 1).action(UpdateAction::Succeed)])
                .checkpoint([wait("w", 1).action(UpdateAction::Fail)])
                .checkpoint([wait("w", 1).action(UpdateAction::Retry)])
                .checkpoint([wait("w", 1)])
                .checkpoint([wait("w", 1)])
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Update for WAIT operation requires WaitOptions.
            0s - refused: Cannot provide a Payload for START action.
            0s - refused: Cannot provide an Error for START action.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s 2 WaitStarted w 1s, until 1s
            0s - refused: Cannot start a WAIT that already exist.
            = RUNNING, next 1s WaitElapsed(w) | w Started
        "#]],
    );
}
