//! CALLBACK: completion from outside (protocol 2.8, 8.4, 10).

use expect_test::expect;

use crate::script::{check, script, script_with};
use crate::update::{callback, step, wait};
use engine::Input;
use model::{CallbackId, UpdateAction};

/// Scenario 4-1.
#[test]
fn callback_succeeds() {
    check(
        script()
            .checkpoint([callback("cb")])
            .returns_pending()
            .advance(60)
            .callback_succeeds("cb", "yes")
            .returns("yes"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted
            60s 4 CallbackSucceeded cb "yes"
            60s - invoke 2, updated cb
            60s 5 InvocationCompleted
            60s 6 ExecutionSucceeded "yes"
            60s - closed
            = SUCCEEDED "yes" | cb Succeeded
        "#]],
    );
}

/// Scenario 4-6.
#[test]
fn callback_fails_uncaught() {
    check(
        script()
            .checkpoint([callback("cb")])
            .returns_pending()
            .callback_fails("cb", "denied by the manager")
            .returns_failure("denied by the manager"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted
            0s 4 CallbackFailed cb Denied: denied by the manager
            0s - invoke 2, updated cb
            0s 5 InvocationCompleted Boom: denied by the manager
            0s 6 ExecutionFailed Boom: denied by the manager
            0s - closed
            = FAILED Boom: denied by the manager | cb Failed
        "#]],
    );
}

/// Scenario 4-8.
#[test]
fn callback_times_out() {
    check(
        script()
            .checkpoint([callback("cb").limits(5, 0), step("s").start()])
            .checkpoint([step("s").succeed("1")])
            .returns_pending()
            .advance(5)
            .returns_failure("Callback timed out"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb timeout 5s
            0s 3 StepStarted s
            0s 4 StepSucceeded s "1" attempt 1
            0s 5 InvocationCompleted
            5s 6 CallbackTimedOut cb Callback.Timeout: Callback timed out
            5s - invoke 2, updated cb
            5s 7 InvocationCompleted Boom: Callback timed out
            5s 8 ExecutionFailed Boom: Callback timed out
            5s - closed
            = FAILED Boom: Callback timed out | cb TimedOut | s Succeeded
        "#]],
    );
}

/// Scenario 4-10.
#[test]
fn callback_during_a_wait_makes_an_extra_invocation() {
    check(
        script()
            .checkpoint([callback("cb"), wait("w", 10)])
            .returns_pending()
            .advance(2)
            .callback_fails("cb", "denied")
            .returns_pending()
            .advance(8)
            .returns_failure("denied"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 WaitStarted w 10s, until 10s
            0s 4 InvocationCompleted
            2s 5 CallbackFailed cb Denied: denied
            2s - invoke 2, updated cb
            2s 6 InvocationCompleted
            10s 7 WaitSucceeded w 10s
            10s - invoke 3, updated w
            10s 8 InvocationCompleted Boom: denied
            10s 9 ExecutionFailed Boom: denied
            10s - closed
            = FAILED Boom: denied | cb Failed | w Succeeded
        "#]],
    );
}

#[test]
fn callback_under_a_running_invocation_is_told() {
    check(
        script()
            .checkpoint([callback("cb")])
            .callback_succeeds("cb", "yes")
            .poll()
            .returns("yes"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 CallbackSucceeded cb "yes"
            0s - told [cb Succeeded]
            0s 4 InvocationCompleted
            0s 5 ExecutionSucceeded "yes"
            0s - closed
            = SUCCEEDED "yes" | cb Succeeded
        "#]],
    );
}

#[test]
fn callback_under_a_running_invocation_that_waits() {
    check(
        script()
            .checkpoint([callback("cb")])
            .callback_succeeds("cb", "yes")
            .returns_pending()
            .returns("yes"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 CallbackSucceeded cb "yes"
            0s 4 InvocationCompleted
            0s - invoke 2, updated cb
            0s 5 InvocationCompleted
            0s 6 ExecutionSucceeded "yes"
            0s - closed
            = SUCCEEDED "yes" | cb Succeeded
        "#]],
    );
}

#[test]
fn two_callbacks_two_invocations() {
    check(
        script()
            .checkpoint([callback("a"), callback("b")])
            .returns_pending()
            .callback_succeeds("a", "1")
            .callback_succeeds("b", "2")
            .returns_pending()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted a
            0s 3 CallbackStarted b
            0s 4 InvocationCompleted
            0s 5 CallbackSucceeded a "1"
            0s - invoke 2, updated a
            0s 6 CallbackSucceeded b "2"
            0s 7 InvocationCompleted
            0s - invoke 3, updated b
            0s 8 InvocationCompleted
            0s 9 ExecutionSucceeded "ok"
            0s - closed
            = SUCCEEDED "ok" | a Succeeded | b Succeeded
        "#]],
    );
}

/// They leave no event, and its timeout stands.
#[test]
fn heartbeats_keep_a_callback_alive() {
    check(
        script()
            .checkpoint([callback("cb").limits(10, 3)])
            .returns_pending()
            .advance(2)
            .heartbeat("cb")
            .advance(2)
            .heartbeat("cb")
            .advance(2)
            .heartbeat("cb")
            .advance(2)
            .heartbeat("cb")
            .advance(2),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb timeout 10s heartbeat 3s
            0s 3 InvocationCompleted
            2s - heartbeat
            4s - heartbeat
            6s - heartbeat
            8s - heartbeat
            10s 4 CallbackTimedOut cb Callback.Timeout: Callback timed out
            10s - invoke 2, updated cb
            = RUNNING, next 3600s ExecutionTimeout | cb TimedOut
        "#]],
    );
}

#[test]
fn missing_heartbeat_times_out() {
    check(
        script()
            .checkpoint([callback("cb").limits(10, 3)])
            .returns_pending()
            .advance(2)
            .heartbeat("cb")
            .advance(3)
            .heartbeat("cb"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb timeout 10s heartbeat 3s
            0s 3 InvocationCompleted
            2s - heartbeat
            5s 4 CallbackTimedOut cb Callback.Heartbeat: Callback timed out on heartbeat
            5s - invoke 2, updated cb
            5s - heartbeat
            5s - refused: The callback is either timed out or already completed
            = RUNNING, next 3600s ExecutionTimeout | cb TimedOut
        "#]],
    );
}

/// And only one of them counts.
#[test]
fn timeout_wins_over_a_simultaneous_heartbeat() {
    check(
        script()
            .checkpoint([callback("cb").limits(3, 3)])
            .returns_pending()
            .advance(3),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb timeout 3s heartbeat 3s
            0s 3 InvocationCompleted
            3s 4 CallbackTimedOut cb Callback.Timeout: Callback timed out
            3s - invoke 2, updated cb
            = RUNNING, next 3600s ExecutionTimeout | cb TimedOut
        "#]],
    );
}

#[test]
fn heartbeat_under_a_running_invocation_is_not_told() {
    check(
        script()
            .checkpoint([callback("cb").limits(0, 3)])
            .heartbeat("cb")
            .poll()
            .returns_pending(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb heartbeat 3s
            0s - heartbeat
            0s - told []
            0s 3 InvocationCompleted
            = RUNNING, next 3s CallbackHeartbeat(cb) | cb Started
        "#]],
    );
}

#[test]
fn callback_past_its_deadline_is_closed_before_the_timer_fires() {
    check(
        script()
            .checkpoint([callback("a").limits(5, 0), callback("b").limits(0, 5)])
            .returns_pending()
            .delay(5)
            .callback_succeeds("a", "too late")
            .callback_fails("b", "too late")
            .heartbeat("b")
            .fire()
            .fire(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted a timeout 5s
            0s 3 CallbackStarted b heartbeat 5s
            0s 4 InvocationCompleted
            5s - refused: The callback is either timed out or already completed
            5s - refused: The callback is either timed out or already completed
            5s - heartbeat
            5s - refused: The callback is either timed out or already completed
            5s 5 CallbackTimedOut a Callback.Timeout: Callback timed out
            5s 6 CallbackTimedOut b Callback.Heartbeat: Callback timed out on heartbeat
            5s - invoke 2, updated a b
            = RUNNING, next 3600s ExecutionTimeout | a TimedOut | b TimedOut
        "#]],
    );
}

#[test]
fn callback_completes_once() {
    check(
        script()
            .checkpoint([callback("cb")])
            .returns_pending()
            .callback_succeeds("cb", "yes")
            .again()
            .callback_fails("cb", "no")
            .heartbeat("cb"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted
            0s 4 CallbackSucceeded cb "yes"
            0s - invoke 2, updated cb
            0s - again
            0s - refused: The callback is either timed out or already completed
            0s - refused: The callback is either timed out or already completed
            0s - heartbeat
            0s - refused: The callback is either timed out or already completed
            = RUNNING, next 3600s ExecutionTimeout | cb Succeeded
        "#]],
    );
}

#[test]
fn callback_of_an_ended_execution_is_closed() {
    check(
        script()
            .checkpoint([callback("cb")])
            .returns("ok")
            .callback_succeeds("cb", "yes")
            .heartbeat("cb"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted
            0s 4 ExecutionSucceeded "ok"
            0s - closed
            0s - refused: The callback is either timed out or already completed
            0s - heartbeat
            0s - refused: The callback is either timed out or already completed
            = SUCCEEDED "ok" | cb Started
        "#]],
    );
}

/// Even before the timer fires.
#[test]
fn callback_of_an_execution_past_its_timeout_is_closed() {
    check(
        script_with(|spec, _| spec.execution_timeout_seconds = 5)
            .checkpoint([callback("cb")])
            .returns_pending()
            .delay(5)
            .callback_succeeds("cb", "too late")
            .fire(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 5s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted
            5s - refused: The callback is either timed out or already completed
            5s 4 ExecutionTimedOut Execution timed out after 5 seconds.
            5s - closed
            = TIMED_OUT Execution timed out after 5 seconds. | cb Started
        "#]],
    );
}

#[test]
fn callback_id_of_another_operation_is_refused() {
    check(
        script()
            .checkpoint([callback("a"), callback("b"), step("s").start()])
            .callback_forged("a", "b")
            .callback_forged("s", "a")
            .callback_forged("missing", "a")
            .give(Input::CallbackHeartbeat {
                operation_id: crate::update::id("a"),
                callback_id: CallbackId::parse("AAAA").expect("base64"),
            }),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted a
            0s 3 CallbackStarted b
            0s 4 StepStarted s
            0s - refused: Invalid callback id
            0s - refused: Invalid callback id
            0s - refused: The callback is either timed out or already completed
            0s - refused: Invalid callback id
            = RUNNING, next 3600s ExecutionTimeout | a Started | b Started | s Started
        "#]],
    );
}

#[test]
fn callback_results_are_limited() {
    check(
        script()
            .checkpoint([callback("a"), callback("b")])
            .callback_succeeds("a", &"x".repeat(1024 * 1024 + 1))
            .callback_succeeds("a", &"x".repeat(1024 * 1024))
            .callback_fails("b", &"x".repeat(1024 * 1024)),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted a
            0s 3 CallbackStarted b
            0s - refused: CALLBACK output payload size must be less than or equal to 1048576 bytes.
            0s 4 CallbackSucceeded a <1048576 bytes>
            0s - refused: Error object size must be less than or equal to 1048576 bytes.
            = RUNNING, next 3600s ExecutionTimeout | a Succeeded | b Started
        "#]],
    );
}

#[test]
fn callback_updates_carry_what_their_action_takes() {
    check(
        script()
            .checkpoint([callback("cb").payload("1")])
            .checkpoint([callback("cb").error("it broke")])
            .checkpoint([callback("cb").action(UpdateAction::Succeed)])
            .checkpoint([callback("cb").action(UpdateAction::Fail)])
            .checkpoint([callback("cb").action(UpdateAction::Retry)])
            .checkpoint([callback("cb").action(UpdateAction::Cancel)])
            .checkpoint([callback("cb").limits(0, 0)])
            .checkpoint([callback("cb")]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Cannot provide a Payload for START action.
            0s - refused: Cannot provide an Error for START action.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s 2 CallbackStarted cb
            0s - refused: Cannot start a CALLBACK that already exist.
            = RUNNING, next 3600s ExecutionTimeout | cb Started
        "#]],
    );
}
