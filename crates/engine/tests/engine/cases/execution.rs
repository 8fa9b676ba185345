//! EXECUTION: how an execution ends (protocol 7.2, 7.3, 9.1, 10.7, 12).

use expect_test::expect;

use crate::script::{check, script, script_with};
use crate::update::{callback, execution, invoke, step, wait};
use model::UpdateAction;

#[test]
fn nothing_but_a_result() {
    check(
        script().advance(1).returns("ok"),
        expect![[r#"
        0s 1 ExecutionStarted "{}" timeout 3600s
        0s - invoke 1
        1s 2 InvocationCompleted since 0s
        1s 3 ExecutionSucceeded "ok"
        1s - closed
        = SUCCEEDED "ok"
    "#]],
    );
}

#[test]
fn no_result_at_all() {
    check(
        script().returns_nothing(),
        expect![[r#"
        0s 1 ExecutionStarted "{}" timeout 3600s
        0s - invoke 1
        0s 2 InvocationCompleted
        0s 3 ExecutionSucceeded -
        0s - closed
        = SUCCEEDED -
    "#]],
    );
}

/// Scenario 8-19: IC, EF.
#[test]
fn failure() {
    check(
        script().returns_failure("it broke"),
        expect![[r#"
        0s 1 ExecutionStarted "{}" timeout 3600s
        0s - invoke 1
        0s 2 InvocationCompleted Boom: it broke
        0s 3 ExecutionFailed Boom: it broke
        0s - closed
        = FAILED Boom: it broke
    "#]],
    );
}

#[test]
fn output_that_is_none() {
    check(
        script().returns_nonsense("Invalid Status in invocation output."),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted InvalidParameterValueException: Invalid Status in invocation output.
            0s 3 ExecutionFailed InvalidParameterValueException: Invalid Status in invocation output.
            0s - closed
            = FAILED InvalidParameterValueException: Invalid Status in invocation output.
        "#]],
    );
}

#[test]
fn output_that_is_too_large() {
    check(
        script_with(|spec, _| spec.result_bytes_max = 10).returns("0123456789+"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted InvalidParameterValueException: Execution output payload size must be less than or equal to 10 bytes.
            0s 3 ExecutionFailed InvalidParameterValueException: Execution output payload size must be less than or equal to 10 bytes.
            0s - closed
            = FAILED InvalidParameterValueException: Execution output payload size must be less than or equal to 10 bytes.
        "#]],
    );
}

#[test]
fn output_at_the_limit() {
    check(
        script_with(|spec, _| spec.result_bytes_max = 10).returns("0123456789"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted
            0s 3 ExecutionSucceeded "0123456789"
            0s - closed
            = SUCCEEDED "0123456789"
        "#]],
    );
}

/// The execution has ended; its terminal event follows the invocation.
#[test]
fn result_by_checkpoint() {
    check(
        script()
            .checkpoint_told([step("s").succeed("1"), execution().succeed("large")])
            .checkpoint([step("t").start()])
            .advance(1)
            .returns(""),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepSucceeded s "1" attempt 1
            0s - closed
            0s - told [s Succeeded, no token]
            0s - refused: Invalid checkpoint token
            1s 3 InvocationCompleted since 0s
            1s 4 ExecutionSucceeded "large"
            = SUCCEEDED "large" | s Succeeded
        "#]],
    );
}

/// The function's later answer no longer counts.
#[test]
fn failure_by_checkpoint() {
    check(
        script()
            .checkpoint([execution().fail("large")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - closed
            0s 2 InvocationCompleted
            0s 3 ExecutionFailed Boom: large
            = FAILED Boom: large
        "#]],
    );
}

#[test]
fn result_by_checkpoint_survives_a_crash() {
    check(
        script().checkpoint([execution().succeed("large")]).exits(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - closed
            0s 2 InvocationCompleted Runtime.ExitError: exit status 1
            0s 3 ExecutionSucceeded "large"
            = SUCCEEDED "large"
        "#]],
    );
}

#[test]
fn result_by_checkpoint_survives_a_restart() {
    check(
        script()
            .checkpoint([execution().succeed("large")])
            .restart()
            .stop("too late"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - closed
            0s - restart
            0s 2 InvocationCompleted Service.InvocationLost: The server stopped while this invocation was running.
            0s 3 ExecutionSucceeded "large"
            = SUCCEEDED "large"
        "#]],
    );
}

#[test]
fn failure_without_an_error_by_checkpoint() {
    check(
        script()
            .checkpoint([execution().action(UpdateAction::Fail)])
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - closed
            0s 2 InvocationCompleted
            0s 3 ExecutionFailed {}
            = FAILED {}
        "#]],
    );
}

#[test]
fn execution_updates_carry_what_their_action_takes() {
    check(
        script()
            .checkpoint([execution().succeed("1").error("it broke")])
            .checkpoint([execution().fail("it broke").payload("1")])
            .checkpoint([execution().succeed(&"x".repeat(1001))])
            .checkpoint([execution().action(UpdateAction::Start)])
            .checkpoint([execution().action(UpdateAction::Retry)])
            .checkpoint([execution().action(UpdateAction::Cancel)]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Cannot provide an Error for SUCCEED action.
            0s - refused: Cannot provide a Payload for FAIL action.
            0s - refused: Execution output payload size must be less than or equal to 1000 bytes.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            = RUNNING, next 3600s ExecutionTimeout
        "#]],
    );
}

/// Operations stay as they are.
#[test]
fn times_out_while_suspended() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 5)
            .checkpoint([callback("cb"), wait("w", 10)])
            .returns_pending()
            .advance(20),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 5s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 WaitStarted w 10s, until 10s
            0s 4 InvocationCompleted
            5s 5 ExecutionTimedOut Execution timed out after 5 seconds.
            5s - closed
            = TIMED_OUT Execution timed out after 5 seconds. | cb Started | w Started
        "#]],
    );
}

/// Its end follows; its token is dead.
#[test]
fn times_out_under_a_running_invocation() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 5)
            .checkpoint([step("s").start()])
            .advance(5)
            .checkpoint([step("s").succeed("42")])
            .advance(1)
            .returns("ok")
            .again(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 5s
            0s - invoke 1
            0s 2 StepStarted s
            5s 3 ExecutionTimedOut Execution timed out after 5 seconds.
            5s - closed
            5s - refused: Invalid checkpoint token
            6s 4 InvocationCompleted since 0s
            6s - again
            6s - refused: invocation `ed8b7b2c-2c6b-4e3a-a50f-e15699b56315` is not running
            = TIMED_OUT Execution timed out after 5 seconds. | s Started
        "#]],
    );
}

#[test]
fn times_out_while_backing_off() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 2)
            .exits()
            .advance(1)
            .exits()
            .advance(5),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 2s
            0s - invoke 1
            0s 2 InvocationCompleted Runtime.ExitError: exit status 1
            1s - invoke 2
            1s 3 InvocationCompleted Runtime.ExitError: exit status 1
            2s 4 ExecutionTimedOut Execution timed out after 2 seconds.
            2s - closed
            = TIMED_OUT Execution timed out after 2 seconds.
        "#]],
    );
}

/// The timer is late: only the checkpointed updates are on record.
#[test]
fn times_out_at_a_checkpoint() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 5)
            .delay(5)
            .checkpoint_told([step("s").start()])
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 5s
            0s - invoke 1
            5s 2 StepStarted s
            5s 3 ExecutionTimedOut Execution timed out after 5 seconds.
            5s - closed
            5s - told [s Started, no token]
            5s 4 InvocationCompleted since 0s
            = TIMED_OUT Execution timed out after 5 seconds. | s Started
        "#]],
    );
}

#[test]
fn times_out_at_the_end_of_an_invocation() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 5)
            .checkpoint([wait("w", 4), wait("x", 6)])
            .delay(7)
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 5s
            0s - invoke 1
            0s 2 WaitStarted w 4s, until 4s
            0s 3 WaitStarted x 6s, until 6s
            7s 4 InvocationCompleted since 0s
            7s 5 WaitSucceeded w 4s
            7s 6 ExecutionTimedOut Execution timed out after 5 seconds.
            7s - closed
            = TIMED_OUT Execution timed out after 5 seconds. | w Succeeded | x Started
        "#]],
    );
}

#[test]
fn wait_due_together_with_the_timeout_does_not_end() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 5)
            .checkpoint([wait("w", 5)])
            .returns_pending()
            .advance(5),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 5s
            0s - invoke 1
            0s 2 WaitStarted w 5s, until 5s
            0s 3 InvocationCompleted
            5s 4 ExecutionTimedOut Execution timed out after 5 seconds.
            5s - closed
            = TIMED_OUT Execution timed out after 5 seconds. | w Started
        "#]],
    );
}

#[test]
fn record_is_removed_after_its_retention() {
    check(
        script_with(|spec, _| spec.retention_days = 2)
            .returns("ok")
            .advance(2 * 86_400 - 1)
            .fire()
            .advance(1),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted
            0s 3 ExecutionSucceeded "ok"
            0s - closed
            172800s - removed
            = SUCCEEDED "ok"
        "#]],
    );
}

/// It has to be there to be read first.
#[test]
fn record_is_not_removed_by_a_clock_that_jumps() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 5)
            .checkpoint([callback("cb")])
            .returns_pending()
            .delay(30 * 86_400)
            .fire()
            .fire(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 5s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted
            2592000s 4 ExecutionTimedOut Execution timed out after 5 seconds.
            2592000s - closed
            = TIMED_OUT Execution timed out after 5 seconds. | cb Started
        "#]],
    );
}

#[test]
fn stop_while_suspended() {
    check(
        script()
            .checkpoint([callback("cb"), invoke("i")])
            .returns_pending()
            .advance(3)
            .stop("enough")
            .advance(1)
            .again()
            .outstanding(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 ChainedInvokeStarted i Child:$LATEST
            0s - start chained i
            0s 4 InvocationCompleted
            3s 5 ExecutionStopped Stopped: enough
            3s - closed
            4s - again
            4s - owes false []
            = STOPPED Stopped: enough | cb Started | i Started
        "#]],
    );
}

/// Its end follows; its token is dead.
#[test]
fn stop_under_a_running_invocation() {
    check(
        script()
            .checkpoint([step("s").start()])
            .stop("enough")
            .checkpoint([step("s").succeed("42")])
            .outstanding()
            .advance(1)
            .returns("ok")
            .outstanding(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 ExecutionStopped Stopped: enough
            0s - closed
            0s - refused: Invalid checkpoint token
            0s - owes true []
            1s 4 InvocationCompleted since 0s
            1s - owes false []
            = STOPPED Stopped: enough | s Started
        "#]],
    );
}

#[test]
fn stop_while_backing_off() {
    check(
        script().exits().stop("enough").advance(60),
        expect![[r#"
        0s 1 ExecutionStarted "{}" timeout 3600s
        0s - invoke 1
        0s 2 InvocationCompleted Runtime.ExitError: exit status 1
        0s 3 ExecutionStopped Stopped: enough
        0s - closed
        = STOPPED Stopped: enough
    "#]],
    );
}

/// The token is withheld, and the execution fails.
#[test]
fn too_many_operations() {
    check(
        script_with(|_, limits| limits.operations_max = 3)
            .checkpoint_told([step("a").start(), step("b").start()])
            .checkpoint_told([step("c").start(), invoke("i")])
            .checkpoint([step("a").succeed("1")])
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted a
            0s 3 StepStarted b
            0s - told [a Started, b Started]
            0s 4 StepStarted c
            0s 5 ChainedInvokeStarted i Child:$LATEST
            0s - start chained i
            0s - closed
            0s - told [c Started, i Started, no token]
            0s - refused: Invalid checkpoint token
            0s 6 InvocationCompleted
            0s 7 ExecutionFailed ServiceQuotaExceededException: The execution has exceeded the maximum of 3 durable operations.
            = FAILED ServiceQuotaExceededException: The execution has exceeded the maximum of 3 durable operations. | a Started | b Started | c Started | i Started
        "#]],
    );
}

#[test]
fn too_many_bytes() {
    check(
        script_with(|_, limits| limits.execution_bytes_max = 100)
            .checkpoint([step("a").succeed(&"x".repeat(98))])
            .checkpoint_told([step("b").succeed("1")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepSucceeded a "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" attempt 1
            0s 3 StepSucceeded b "1" attempt 1
            0s - closed
            0s - told [b Succeeded, no token]
            0s 4 InvocationCompleted
            0s 5 ExecutionFailed ServiceQuotaExceededException: The execution has exceeded the maximum of 100 bytes of recorded data.
            = FAILED ServiceQuotaExceededException: The execution has exceeded the maximum of 100 bytes of recorded data. | a Succeeded | b Succeeded
        "#]],
    );
}
