//! Invocations: repeated, given up, lost (protocol 7.2, 7.4, 10).

use expect_test::expect;

use crate::script::{check, script, script_with};
use crate::update::{callback, context, step, wait};

/// After the limit (three here), with the last error; delays double.
#[test]
fn failing_function_is_given_up() {
    check(
        script().errs().advance(1).errs().advance(2).errs(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted TypeError: undefined
            1s - invoke 2
            1s 3 InvocationCompleted TypeError: undefined
            3s - invoke 3
            3s 4 InvocationCompleted TypeError: undefined
            3s 5 ExecutionFailed TypeError: undefined
            3s - closed
            = FAILED TypeError: undefined
        "#]],
    );
}

#[test]
fn default_back_off_doubles_up_to_a_minute() {
    check(
        {
            let mut script = script_with(|_, limits| limits.failed_invocations_max = 9);
            for _ in 0..9 {
                script = script.errs().advance(60);
            }
            script
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted TypeError: undefined
            1s - invoke 2
            60s 3 InvocationCompleted since 1s TypeError: undefined
            62s - invoke 3
            120s 4 InvocationCompleted since 62s TypeError: undefined
            124s - invoke 4
            180s 5 InvocationCompleted since 124s TypeError: undefined
            188s - invoke 5
            240s 6 InvocationCompleted since 188s TypeError: undefined
            256s - invoke 6
            300s 7 InvocationCompleted since 256s TypeError: undefined
            332s - invoke 7
            360s 8 InvocationCompleted since 332s TypeError: undefined
            420s - invoke 8
            420s 9 InvocationCompleted TypeError: undefined
            480s - invoke 9
            480s 10 InvocationCompleted TypeError: undefined
            480s 11 ExecutionFailed TypeError: undefined
            480s - closed
            = FAILED TypeError: undefined
        "#]],
    );
}

#[test]
fn success_in_between_starts_the_count_again() {
    check(
        script()
            .exits()
            .advance(1)
            .exits()
            .advance(2)
            .checkpoint([wait("w", 1)])
            .returns_pending()
            .advance(1)
            .exits()
            .advance(1)
            .exits()
            .advance(2)
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted Runtime.ExitError: exit status 1
            1s - invoke 2
            1s 3 InvocationCompleted Runtime.ExitError: exit status 1
            3s - invoke 3
            3s 4 WaitStarted w 1s, until 4s
            3s 5 InvocationCompleted
            4s 6 WaitSucceeded w 1s
            4s - invoke 4, updated w
            4s 7 InvocationCompleted Runtime.ExitError: exit status 1
            5s - invoke 5, updated w
            5s 8 InvocationCompleted Runtime.ExitError: exit status 1
            7s - invoke 6, updated w
            7s 9 InvocationCompleted
            7s 10 ExecutionSucceeded "ok"
            7s - closed
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

#[test]
fn missing_function_fails_the_execution() {
    check(
        script().function_is_gone(),
        expect![[r#"
        0s 1 ExecutionStarted "{}" timeout 3600s
        0s - invoke 1
        0s 2 InvocationCompleted ResourceNotFoundException: Function not found
        0s 3 ExecutionFailed ResourceNotFoundException: Function not found
        0s - closed
        = FAILED ResourceNotFoundException: Function not found
    "#]],
    );
}

/// It does not count as a failure.
#[test]
fn lost_invocation_is_repeated_at_once() {
    check(
        script()
            .checkpoint([step("s").start()])
            .restart()
            .restart()
            .restart()
            .restart()
            .checkpoint([step("s").succeed("42")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s - restart
            0s 3 InvocationCompleted Service.InvocationLost: The server stopped while this invocation was running.
            0s - invoke 2
            0s - restart
            0s 4 InvocationCompleted Service.InvocationLost: The server stopped while this invocation was running.
            0s - invoke 3
            0s - restart
            0s 5 InvocationCompleted Service.InvocationLost: The server stopped while this invocation was running.
            0s - invoke 4
            0s - restart
            0s 6 InvocationCompleted Service.InvocationLost: The server stopped while this invocation was running.
            0s - invoke 5
            0s 7 StepSucceeded s "42" attempt 1
            0s 8 InvocationCompleted
            0s 9 ExecutionSucceeded "ok"
            0s - closed
            = SUCCEEDED "ok" | s Succeeded
        "#]],
    );
}

#[test]
fn restart_while_suspended_waits_on() {
    check(
        script()
            .checkpoint([wait("w", 60)])
            .returns_pending()
            .restart()
            .delay(3000)
            .fire(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 60s, until 60s
            0s 3 InvocationCompleted
            0s - restart
            3000s 4 WaitSucceeded w 60s
            3000s - invoke 2, updated w
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded
        "#]],
    );
}

#[test]
fn restart_fires_what_is_due_before_it_repeats() {
    check(
        script().checkpoint([wait("w", 60)]).delay(60).restart(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 60s, until 60s
            60s - restart
            60s 3 InvocationCompleted since 0s Service.InvocationLost: The server stopped while this invocation was running.
            60s 4 WaitSucceeded w 60s
            60s - invoke 2, updated w
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded
        "#]],
    );
}

#[test]
fn restart_after_the_execution_timeout() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 5)
            .delay(60)
            .restart(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 5s
            0s - invoke 1
            60s - restart
            60s 2 InvocationCompleted since 0s Service.InvocationLost: The server stopped while this invocation was running.
            60s 3 ExecutionTimedOut Execution timed out after 5 seconds.
            60s - closed
            = TIMED_OUT Execution timed out after 5 seconds.
        "#]],
    );
}

/// Asked again, then failed; each time the history says why.
#[test]
fn pending_with_nothing_pending() {
    check(
        script()
            .returns_pending()
            .advance(1)
            .returns_pending()
            .advance(2)
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            1s - invoke 2
            1s 3 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            3s - invoke 3
            3s 4 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            3s 5 ExecutionFailed InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            3s - closed
            = FAILED InvalidParameterValueException: Cannot return PENDING status with no pending operations.
        "#]],
    );
}

#[test]
fn open_steps_and_contexts_are_not_pending() {
    check(
        script()
            .checkpoint([
                step("a").start(),
                context("b").start(),
                step("c").retry("it broke", 1),
            ])
            .advance(1)
            .poll()
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted a
            0s 3 ContextStarted b
            0s 4 StepFailed c Boom: it broke attempt 1, next in 1s
            1s - told [c Ready]
            1s 5 InvocationCompleted since 0s InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            = RUNNING, next 2s InvocationRetry | a Started | b Started | c Ready
        "#]],
    );
}

#[test]
fn valid_pending_starts_the_count_again() {
    check(
        script()
            .returns_pending()
            .advance(1)
            .returns_pending()
            .advance(2)
            .checkpoint([wait("w", 1)])
            .returns_pending()
            .advance(1)
            .returns_pending()
            .advance(1)
            .returns_pending()
            .advance(2)
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            1s - invoke 2
            1s 3 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            3s - invoke 3
            3s 4 WaitStarted w 1s, until 4s
            3s 5 InvocationCompleted
            4s 6 WaitSucceeded w 1s
            4s - invoke 4, updated w
            4s 7 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            5s - invoke 5, updated w
            5s 8 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            7s - invoke 6, updated w
            7s 9 InvocationCompleted
            7s 10 ExecutionSucceeded "ok"
            7s - closed
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

/// A failed invocation may have forgotten the changes that its event or an answer told it.
#[test]
fn failed_invocation_is_told_again() {
    check(
        script()
            .checkpoint([wait("a", 1), wait("b", 2), callback("cb")])
            .returns_pending()
            .advance(1)
            .advance(1)
            .poll()
            .exits()
            .callback_succeeds("cb", "yes")
            .advance(1)
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted a 1s, until 1s
            0s 3 WaitStarted b 2s, until 2s
            0s 4 CallbackStarted cb
            0s 5 InvocationCompleted
            1s 6 WaitSucceeded a 1s
            1s - invoke 2, updated a
            2s 7 WaitSucceeded b 2s
            2s - told [b Succeeded]
            2s 8 InvocationCompleted since 1s Runtime.ExitError: exit status 1
            2s 9 CallbackSucceeded cb "yes"
            3s - invoke 3, updated a b cb
            3s 10 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            = RUNNING, next 4s InvocationRetry | a Succeeded | b Succeeded | cb Succeeded
        "#]],
    );
}

#[test]
fn invalid_pending_is_told_again() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .returns_pending()
            .advance(1)
            .returns_pending()
            .advance(1),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            0s 3 InvocationCompleted
            1s 4 WaitSucceeded w 1s
            1s - invoke 2, updated w
            1s 5 InvocationCompleted InvalidParameterValueException: Cannot return PENDING status with no pending operations.
            2s - invoke 3, updated w
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded
        "#]],
    );
}

#[test]
fn callback_while_backing_off_waits_for_the_next_invocation() {
    check(
        script()
            .checkpoint([callback("cb")])
            .exits()
            .callback_succeeds("cb", "yes")
            .advance(1),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted Runtime.ExitError: exit status 1
            0s 4 CallbackSucceeded cb "yes"
            1s - invoke 2, updated cb
            = RUNNING, next 3600s ExecutionTimeout | cb Succeeded
        "#]],
    );
}

/// However late both fire: no invocation more.
#[test]
fn timer_due_with_the_next_invocation_is_told_by_it() {
    check(
        script()
            .checkpoint([wait("w", 3), callback("cb")])
            .exits()
            .delay(10)
            .fire()
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 3s, until 3s
            0s 3 CallbackStarted cb
            0s 4 InvocationCompleted Runtime.ExitError: exit status 1
            10s 5 WaitSucceeded w 3s
            10s - invoke 2, updated w
            10s 6 InvocationCompleted
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded | cb Started
        "#]],
    );
}

/// Its answer must not win.
#[test]
fn superseded_invocation_is_refused() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .returns_pending()
            .advance(1)
            .ends_as(0, "ok")
            .returns("ok")
            .again(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            0s 3 InvocationCompleted
            1s 4 WaitSucceeded w 1s
            1s - invoke 2, updated w
            1s - refused: invocation `ed8b7b2c-2c6b-4e3a-a50f-e15699b56315` is not running
            1s 5 InvocationCompleted
            1s 6 ExecutionSucceeded "ok"
            1s - closed
            1s - again
            1s - refused: invocation `82735dc9-d985-4043-9226-3f5c0a9bbf21` is not running
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

#[test]
fn nobody_ends_an_invocation_twice() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .returns_pending()
            .again(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            0s 3 InvocationCompleted
            0s - again
            0s - refused: invocation `ed8b7b2c-2c6b-4e3a-a50f-e15699b56315` is not running
            = RUNNING, next 1s WaitElapsed(w) | w Started
        "#]],
    );
}

#[test]
fn timeouts_and_crashes_are_repeated_until_the_execution_times_out() {
    check(
        {
            let mut script = script_with(|spec, _| spec.execution_timeout_seconds = 200);
            for _ in 0..4 {
                script = script.exits().advance(60);
            }
            script
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 200s
            0s - invoke 1
            0s 2 InvocationCompleted Runtime.ExitError: exit status 1
            1s - invoke 2
            60s 3 InvocationCompleted since 1s Runtime.ExitError: exit status 1
            62s - invoke 3
            120s 4 InvocationCompleted since 62s Runtime.ExitError: exit status 1
            124s - invoke 4
            180s 5 InvocationCompleted since 124s Runtime.ExitError: exit status 1
            188s - invoke 5
            200s 6 ExecutionTimedOut Execution timed out after 200 seconds.
            200s - closed
            = TIMED_OUT Execution timed out after 200 seconds.
        "#]],
    );
}

/// A crash between two errors takes nothing back: only an invocation that ends well does.
#[test]
fn crashes_do_not_count_among_the_errors_that_end_an_execution() {
    check(
        script()
            .errs()
            .advance(60)
            .exits()
            .advance(60)
            .exits()
            .advance(60)
            .errs()
            .advance(60)
            .errs(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted TypeError: undefined
            1s - invoke 2
            60s 3 InvocationCompleted since 1s Runtime.ExitError: exit status 1
            62s - invoke 3
            120s 4 InvocationCompleted since 62s Runtime.ExitError: exit status 1
            124s - invoke 4
            180s 5 InvocationCompleted since 124s TypeError: undefined
            188s - invoke 5
            240s 6 InvocationCompleted since 188s TypeError: undefined
            240s 7 ExecutionFailed TypeError: undefined
            240s - closed
            = FAILED TypeError: undefined
        "#]],
    );
}

#[test]
fn invocation_that_waits_for_its_turn_is_taken_back_after_a_stop() {
    check(
        script().stop("enough").never_starts().outstanding(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ExecutionStopped Stopped: enough
            0s - closed
            0s - owes false []
            = STOPPED Stopped: enough
        "#]],
    );
}

#[test]
fn invocation_that_waits_for_its_turn_is_owed_after_a_pause() {
    check(
        script()
            .checkpoint([wait("w", 5)])
            .returns_pending()
            .advance(5)
            .pause("inventory")
            .never_starts()
            .advance(100)
            .resume(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 5s, until 5s
            0s 3 InvocationCompleted
            5s 4 WaitSucceeded w 5s
            5s - invoke 2, updated w
            5s 5 ExecutionPaused "inventory" asked 5s stops timeout
            105s 6 ExecutionResumed -
            105s - invoke 2, updated w
            = RUNNING, next 3700s ExecutionTimeout | w Succeeded
        "#]],
    );
}

/// The pause was called off before its turn was taken back: it gets another one.
#[test]
fn invocation_that_was_taken_back_in_vain_is_scheduled_again() {
    check(
        script().pause("inventory").resume().never_starts(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - invoke 1
            = RUNNING, next 3600s ExecutionTimeout
        "#]],
    );
}
