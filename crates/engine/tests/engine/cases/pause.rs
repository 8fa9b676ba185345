//! Pause, resume, delete (protocol 8.8, 12).

use expect_test::expect;

use crate::script::{check, script, script_with};
use crate::update::{callback, step, wait};

/// Deadlines that come due meanwhile are recorded, and told after the resume.
#[test]
fn suspended_execution_is_paused_at_once() {
    check(
        script()
            .checkpoint([wait("w", 5).start()])
            .returns_pending()
            .advance(1)
            .pause("inventory")
            .advance(9)
            .resume()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 5s, until 5s
            0s 3 InvocationCompleted
            1s 4 ExecutionPaused "inventory" asked 1s stops timeout
            5s 5 WaitSucceeded w 5s
            10s 6 ExecutionResumed -
            10s - invoke 2, updated w
            10s 7 InvocationCompleted
            10s 8 ExecutionSucceeded "ok"
            10s - closed
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

/// The checkpoint that meets the pause is recorded, and gets no token; the invocation's answer then does not count, and
/// the next one replays.
#[test]
fn running_invocation_is_cut_short_at_its_checkpoint() {
    check(
        script()
            .pause("inventory")
            .advance(1)
            .checkpoint([step("s").start(), step("s").succeed("1")])
            .checkpoint([step("t").start()])
            .returns("too early")
            .advance(1)
            .resume()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            1s 2 StepStarted s
            1s 3 StepSucceeded s "1" attempt 1
            1s 4 ExecutionPaused "inventory" asked 0s stops timeout
            1s - refused: Invalid checkpoint token
            1s 5 InvocationCompleted since 0s
            2s 6 ExecutionResumed -
            2s - invoke 2
            2s 7 InvocationCompleted
            2s 8 ExecutionSucceeded "ok"
            2s - closed
            = SUCCEEDED "ok" | s Succeeded
        "#]],
    );
}

#[test]
fn resume_before_the_invocation_that_was_cut_short_has_ended() {
    check(
        script()
            .pause("inventory")
            .checkpoint([step("s").start()])
            .resume()
            .returns_pending()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 ExecutionPaused "inventory" asked 0s stops timeout
            0s 4 ExecutionResumed -
            0s 5 InvocationCompleted
            0s - invoke 2
            0s 6 InvocationCompleted
            0s 7 ExecutionSucceeded "ok"
            0s - closed
            = SUCCEEDED "ok" | s Started
        "#]],
    );
}

/// The second pause meets an invocation that the first one cut short: it holds the next one back.
#[test]
fn pause_after_the_resume_takes_effect_when_the_invocation_that_was_cut_short_ends() {
    check(
        script()
            .pause("inventory")
            .checkpoint([step("s").start()])
            .resume()
            .pause("again")
            .returns_pending()
            .advance(5)
            .resume()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted s
            0s 3 ExecutionPaused "inventory" asked 0s stops timeout
            0s 4 ExecutionResumed -
            0s 5 InvocationCompleted
            0s 6 ExecutionPaused "again" asked 0s stops timeout
            5s 7 ExecutionResumed -
            5s - invoke 2
            5s 8 InvocationCompleted
            5s 9 ExecutionSucceeded "ok"
            5s - closed
            = SUCCEEDED "ok" | s Started
        "#]],
    );
}

/// The following invocation is told of the deadlines that came due meanwhile.
#[test]
fn invocation_that_was_cut_short_fires_what_is_due_at_its_end() {
    check(
        script()
            .pause("inventory")
            .checkpoint([wait("w", 1).start()])
            .resume()
            .delay(2)
            .returns_pending()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            0s 3 ExecutionPaused "inventory" asked 0s stops timeout
            0s 4 ExecutionResumed -
            2s 5 InvocationCompleted since 0s
            2s 6 WaitSucceeded w 1s
            2s - invoke 2, updated w
            2s 7 InvocationCompleted
            2s 8 ExecutionSucceeded "ok"
            2s - closed
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

#[test]
fn pause_takes_effect_when_the_invocation_ends() {
    check(
        script()
            .checkpoint([wait("w", 5).start()])
            .pause("inventory")
            .returns_pending()
            .resume()
            .advance(5)
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 5s, until 5s
            0s 3 InvocationCompleted
            0s 4 ExecutionPaused "inventory" asked 0s stops timeout
            0s 5 ExecutionResumed -
            5s 6 WaitSucceeded w 5s
            5s - invoke 2, updated w
            5s 7 InvocationCompleted
            5s 8 ExecutionSucceeded "ok"
            5s - closed
            = SUCCEEDED "ok" | w Succeeded
        "#]],
    );
}

#[test]
fn result_comes_before_the_pause() {
    check(
        script().pause("inventory").returns("ok").resume(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted
            0s 3 ExecutionSucceeded "ok"
            0s - closed
            0s - refused: Durable Execution has already ended
            = SUCCEEDED "ok"
        "#]],
    );
}

#[test]
fn pause_that_is_called_off_leaves_no_trace() {
    check(
        script().pause("inventory").resume().returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted
            0s 3 ExecutionSucceeded "ok"
            0s - closed
            = SUCCEEDED "ok"
        "#]],
    );
}

/// A failed invocation is not repeated while paused, but at once afterwards.
#[test]
fn failed_invocation_is_owed_until_the_resume() {
    check(
        script()
            .exits()
            .pause("inventory")
            .advance(60)
            .resume()
            .pause("again")
            .exits()
            .advance(60)
            .resume()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted Runtime.ExitError: exit status 1
            0s 3 ExecutionPaused "inventory" asked 0s stops timeout
            60s 4 ExecutionResumed -
            60s - invoke 2
            60s 5 InvocationCompleted Runtime.ExitError: exit status 1
            60s 6 ExecutionPaused "again" asked 60s stops timeout
            120s 7 ExecutionResumed -
            120s - invoke 3
            120s 8 InvocationCompleted
            120s 9 ExecutionSucceeded "ok"
            120s - closed
            = SUCCEEDED "ok"
        "#]],
    );
}

/// Two days of pause move a timeout of an hour; the longest an execution can take is 366 days.
#[test]
fn execution_timeout_stands_still() {
    check(
        script()
            .checkpoint([wait("w", 1_000_000).start()])
            .returns_pending()
            .pause("inventory")
            .advance(172_800)
            .resume()
            .advance(3600),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1000000s, until 1000000s
            0s 3 InvocationCompleted
            0s 4 ExecutionPaused "inventory" asked 0s stops timeout
            172800s 5 ExecutionResumed -
            176400s 6 ExecutionTimedOut Execution timed out after 3600 seconds.
            176400s - closed
            = TIMED_OUT Execution timed out after 3600 seconds. | w Started
        "#]],
    );
}

#[test]
fn execution_timeout_runs_on_where_it_was_asked_to() {
    check(
        script()
            .checkpoint([wait("w", 1_000_000).start()])
            .returns_pending()
            .pause_with_key("k", false)
            .advance(3600)
            .resume(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1000000s, until 1000000s
            0s 3 InvocationCompleted
            0s 4 ExecutionPaused - asked 0s timeout runs
            3600s 5 ExecutionTimedOut Execution timed out after 3600 seconds.
            3600s - closed
            3600s - refused: Durable Execution has already ended
            = TIMED_OUT Execution timed out after 3600 seconds. | w Started
        "#]],
    );
}

#[test]
fn requests_are_repeated_safely_and_refused_where_they_make_no_sense() {
    check(
        script()
            .resume()
            .checkpoint([wait("w", 5).start()])
            .returns_pending()
            .pause_with_key("k", true)
            .pause_with_key("k", true)
            .pause_with_key("other", true)
            .resume()
            .resume()
            .stop("enough")
            .pause("too late")
            .resume(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Durable Execution is not paused
            0s 2 WaitStarted w 5s, until 5s
            0s 3 InvocationCompleted
            0s 4 ExecutionPaused - asked 0s stops timeout
            0s - refused: Durable Execution is already paused
            0s 5 ExecutionResumed -
            0s 6 ExecutionStopped Stopped: enough
            0s - closed
            0s - refused: Durable Execution has already ended
            0s - refused: Durable Execution has already ended
            = STOPPED Stopped: enough | w Started
        "#]],
    );
}

#[test]
fn paused_execution_can_be_stopped() {
    check(
        script_with(|spec, _| spec.retention_days = 1)
            .checkpoint([wait("w", 5).start()])
            .returns_pending()
            .pause("inventory")
            .stop("enough"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 5s, until 5s
            0s 3 InvocationCompleted
            0s 4 ExecutionPaused "inventory" asked 0s stops timeout
            0s 5 ExecutionStopped Stopped: enough
            0s - closed
            = STOPPED Stopped: enough | w Started
        "#]],
    );
}

#[test]
fn only_an_ended_execution_is_deleted() {
    check(
        script().delete().returns("ok").delete(),
        expect![[r#"
        0s 1 ExecutionStarted "{}" timeout 3600s
        0s - invoke 1
        0s - refused: Cannot delete a Durable Execution that has not ended. Stop it first.
        0s 2 InvocationCompleted
        0s 3 ExecutionSucceeded "ok"
        0s - closed
        0s - removed
        = SUCCEEDED "ok"
    "#]],
    );
}

/// Two hours of pause within an execution timeout of one.
#[test]
fn callback_is_taken_after_a_pause_that_stopped_the_timeout() {
    check(
        script()
            .checkpoint([callback("cb")])
            .returns_pending()
            .advance(1)
            .pause("inventory")
            .advance(7200)
            .resume()
            .advance(10)
            .callback_succeeds("cb", "1"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted
            1s 4 ExecutionPaused "inventory" asked 1s stops timeout
            7201s 5 ExecutionResumed -
            7211s 6 CallbackSucceeded cb "1"
            7211s - invoke 2, updated cb
            = RUNNING, next 10800s ExecutionTimeout | cb Succeeded
        "#]],
    );
}

#[test]
fn callback_and_heartbeat_are_taken_during_a_pause_that_stops_the_timeout() {
    check(
        script()
            .checkpoint([callback("cb").limits(0, 5000)])
            .returns_pending()
            .advance(1)
            .pause("inventory")
            .advance(4000)
            .heartbeat("cb")
            .advance(4000)
            .callback_succeeds("cb", "1"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb heartbeat 5000s
            0s 3 InvocationCompleted
            1s 4 ExecutionPaused "inventory" asked 1s stops timeout
            4001s - heartbeat
            8001s 5 CallbackSucceeded cb "1"
            = RUNNING, next 31622400s ExecutionTimeout | cb Succeeded
        "#]],
    );
}

/// A pause that lets the timeout run on does not hold it back.
#[test]
fn callback_is_refused_once_the_timeout_has_passed_in_a_pause_that_lets_it_run() {
    check(
        script()
            .checkpoint([callback("cb")])
            .returns_pending()
            .pause_with_key("p", false)
            .delay(3600)
            .callback_succeeds("cb", "1")
            .heartbeat("cb"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 InvocationCompleted
            0s 4 ExecutionPaused - asked 0s timeout runs
            3600s - refused: The callback is either timed out or already completed
            3600s - heartbeat
            3600s - refused: The callback is either timed out or already completed
            = RUNNING, next 3600s ExecutionTimeout | cb Started
        "#]],
    );
}

/// Every kind of deadline comes due while a pause is in effect: each has its effect, and the function hears of all of
/// them after the resume.
#[test]
fn every_deadline_comes_due_during_a_pause() {
    check(
        script()
            .checkpoint([
                wait("w", 10),
                step("s").retry("no", 10),
                callback("late").limits(10, 0),
                callback("silent").limits(0, 10),
            ])
            .returns_pending()
            .pause("inventory")
            .advance(4000)
            .resume()
            .replays(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 10s, until 10s
            0s 3 StepFailed s Boom: no attempt 1, next in 10s
            0s 4 CallbackStarted late timeout 10s
            0s 5 CallbackStarted silent heartbeat 10s
            0s 6 InvocationCompleted
            0s 7 ExecutionPaused "inventory" asked 0s stops timeout
            10s 8 WaitSucceeded w 10s
            10s 9 CallbackTimedOut late Callback.Timeout: Callback timed out
            10s 10 CallbackTimedOut silent Callback.Heartbeat: Callback timed out on heartbeat
            4000s 11 ExecutionResumed -
            4000s - invoke 2, updated w s late silent
            4000s - replay [w s late silent]
            = RUNNING, next 7600s ExecutionTimeout | w Succeeded | s Ready | late TimedOut | silent TimedOut
        "#]],
    );
}

/// The same while the pause waits for the running invocation.
#[test]
fn every_deadline_comes_due_while_a_pause_waits_for_the_invocation() {
    check(
        script()
            .checkpoint([
                wait("w", 10),
                step("s").retry("no", 10),
                callback("late").limits(10, 0),
                callback("silent").limits(0, 10),
            ])
            .pause("inventory")
            .advance(20)
            .checkpoint_told([step("t").succeed("1")])
            .returns_pending()
            .advance(20)
            .resume()
            .replays(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 10s, until 10s
            0s 3 StepFailed s Boom: no attempt 1, next in 10s
            0s 4 CallbackStarted late timeout 10s
            0s 5 CallbackStarted silent heartbeat 10s
            10s 6 WaitSucceeded w 10s
            10s 7 CallbackTimedOut late Callback.Timeout: Callback timed out
            10s 8 CallbackTimedOut silent Callback.Heartbeat: Callback timed out on heartbeat
            20s 9 StepSucceeded t "1" attempt 1
            20s 10 ExecutionPaused "inventory" asked 0s stops timeout
            20s - told [no token]
            20s 11 InvocationCompleted since 0s
            40s 12 ExecutionResumed -
            40s - invoke 2, updated w s late silent
            40s - replay [w s late silent t]
            = RUNNING, next 3620s ExecutionTimeout | w Succeeded | s Ready | late TimedOut | silent TimedOut | t Succeeded
        "#]],
    );
}

/// The repetition of a failed invocation is owed until the resume, however long it was due.
#[test]
fn repetition_of_a_crashed_invocation_waits_for_the_resume() {
    check(
        script()
            .exits()
            .pause("inventory")
            .advance(4000)
            .resume()
            .exits()
            .advance(2),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted Runtime.ExitError: exit status 1
            0s 3 ExecutionPaused "inventory" asked 0s stops timeout
            4000s 4 ExecutionResumed -
            4000s - invoke 2
            4000s 5 InvocationCompleted Runtime.ExitError: exit status 1
            4002s - invoke 3
            = RUNNING, next 7600s ExecutionTimeout
        "#]],
    );
}
