//! CHAINED_INVOKE: functions that the execution invokes (protocol 11).

use expect_test::expect;

use crate::script::{check, script};
use crate::update::{error, invoke, invoke_durable, invoke_missing, step};
use engine::ChainedOutcome;
use model::UpdateAction;

/// Scenario 5-1.
#[test]
fn plain_function_returns() {
    check(
        script()
            .checkpoint([invoke("i").payload("{}")])
            .returns_pending()
            .advance(2)
            .chained_returns("i", "42")
            .returns("42"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted i Child:$LATEST "{}"
            0s - start chained i
            0s 3 InvocationCompleted
            2s 4 ChainedInvokeSucceeded i "42"
            2s - invoke 2, updated i
            2s 5 InvocationCompleted
            2s 6 ExecutionSucceeded "42"
            2s - closed
            = SUCCEEDED "42" | i Succeeded
        "#]],
    );
}

/// The child execution is named at the start.
#[test]
fn durable_function_returns() {
    check(
        script()
            .checkpoint([invoke_durable("i").payload("{}")])
            .returns_pending()
            .chained_returns("i", "42"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted i Child:2 "{}" as child-execution
            0s - start chained i
            0s 3 InvocationCompleted
            0s 4 ChainedInvokeSucceeded i "42"
            0s - invoke 2, updated i
            = RUNNING, next 3600s ExecutionTimeout | i Succeeded
        "#]],
    );
}

/// In the same request, with no effect, and the event says no more than the name.
#[test]
fn missing_function_fails_the_operation() {
    check(
        script()
            .checkpoint_told([invoke_missing("i").payload("{}"), step("s").start()])
            .returns_failure("no such function"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted i Child
            0s 3 ChainedInvokeFailed i ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:Child:9
            0s 4 StepStarted s
            0s - told [i Failed, s Started]
            0s 5 InvocationCompleted Boom: no such function
            0s 6 ExecutionFailed Boom: no such function
            0s - closed
            = FAILED Boom: no such function | i Failed | s Started
        "#]],
    );
}

#[test]
fn child_fails_times_out_is_stopped() {
    check(
        script()
            .checkpoint([invoke("a"), invoke("b"), invoke("c")])
            .returns_pending()
            .chained_ends("a", ChainedOutcome::Failed(error("Boom", "it broke")))
            .returns_pending()
            .chained_ends(
                "b",
                ChainedOutcome::TimedOut(error(
                    "ChainedInvoke.Timeout",
                    "CHAINED_INVOKE timed out after 5 seconds.",
                )),
            )
            .returns_pending()
            .chained_ends("c", ChainedOutcome::Stopped(error("Stopped", "enough"))),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted a Child:$LATEST
            0s 3 ChainedInvokeStarted b Child:$LATEST
            0s 4 ChainedInvokeStarted c Child:$LATEST
            0s - start chained a
            0s - start chained b
            0s - start chained c
            0s 5 InvocationCompleted
            0s 6 ChainedInvokeFailed a Boom: it broke
            0s - invoke 2, updated a
            0s 7 InvocationCompleted
            0s 8 ChainedInvokeTimedOut b ChainedInvoke.Timeout: CHAINED_INVOKE timed out after 5 seconds.
            0s - invoke 3, updated b
            0s 9 InvocationCompleted
            0s 10 ChainedInvokeStopped c Stopped: enough
            0s - invoke 4, updated c
            = RUNNING, next 3600s ExecutionTimeout | a Failed | b TimedOut | c Stopped
        "#]],
    );
}

#[test]
fn child_ends_under_a_running_invocation() {
    check(
        script()
            .checkpoint([invoke("i")])
            .chained_returns("i", "42")
            .poll()
            .returns("42"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted i Child:$LATEST
            0s - start chained i
            0s 3 ChainedInvokeSucceeded i "42"
            0s - told [i Succeeded]
            0s 4 InvocationCompleted
            0s 5 ExecutionSucceeded "42"
            0s - closed
            = SUCCEEDED "42" | i Succeeded
        "#]],
    );
}

#[test]
fn child_is_reported_again() {
    check(
        script()
            .checkpoint([invoke("i"), step("s").start()])
            .returns_pending()
            .chained_returns("i", "42")
            .again()
            .chained_ends("i", ChainedOutcome::Failed(error("Boom", "it broke")))
            .chained_returns("s", "42")
            .chained_returns("missing", "42"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted i Child:$LATEST
            0s 3 StepStarted s
            0s - start chained i
            0s 4 InvocationCompleted
            0s 5 ChainedInvokeSucceeded i "42"
            0s - invoke 2, updated i
            0s - again
            = RUNNING, next 3600s ExecutionTimeout | i Succeeded | s Started
        "#]],
    );
}

#[test]
fn child_ends_after_its_parent() {
    check(
        script()
            .checkpoint([invoke("i")])
            .returns("ok")
            .chained_returns("i", "42"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted i Child:$LATEST
            0s - start chained i
            0s 3 InvocationCompleted
            0s 4 ExecutionSucceeded "ok"
            0s - closed
            0s - refused: the execution has ended
            = SUCCEEDED "ok" | i Started
        "#]],
    );
}

#[test]
fn too_large_result_of_a_child() {
    check(
        script()
            .checkpoint([invoke("a"), invoke("b")])
            .returns_pending()
            .chained_returns("a", &"x".repeat(1024 * 1024 + 1))
            .chained_returns("b", &"x".repeat(1024 * 1024)),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted a Child:$LATEST
            0s 3 ChainedInvokeStarted b Child:$LATEST
            0s - start chained a
            0s - start chained b
            0s 4 InvocationCompleted
            0s 5 ChainedInvokeFailed a CHAINED_INVOKE output payload size must be less than or equal to 1048576 bytes.
            0s - invoke 2, updated a
            0s 6 ChainedInvokeSucceeded b <1048576 bytes>
            = RUNNING, next 3600s ExecutionTimeout | a Failed | b Succeeded
        "#]],
    );
}

#[test]
fn too_large_input_of_a_child() {
    check(
        script()
            .checkpoint([invoke("i").payload(&"x".repeat(1024 * 1024 + 1))])
            .checkpoint([invoke("i").payload(&"x".repeat(1024 * 1024))]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: CHAINED_INVOKE input payload size must be less than or equal to 1048576 bytes.
            0s 2 ChainedInvokeStarted i Child:$LATEST <1048576 bytes>
            0s - start chained i
            = RUNNING, next 3600s ExecutionTimeout | i Started
        "#]],
    );
}

#[test]
fn tenant_is_recorded() {
    check(
        {
            let mut update = invoke("i");
            if let Some(invoke) = &mut update.0.chained_invoke {
                invoke.tenant_id = Some("acme".to_owned());
            }
            script().checkpoint([update])
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted i Child:$LATEST for acme
            0s - start chained i
            = RUNNING, next 3600s ExecutionTimeout | i Started
        "#]],
    );
}

#[test]
fn open_invokes_are_owed_after_a_restart() {
    check(
        script()
            .checkpoint([invoke("a"), invoke("b"), invoke_missing("c")])
            .chained_returns("a", "1")
            .outstanding()
            .restart()
            .outstanding()
            .returns("ok")
            .outstanding(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ChainedInvokeStarted a Child:$LATEST
            0s 3 ChainedInvokeStarted b Child:$LATEST
            0s 4 ChainedInvokeStarted c Child
            0s 5 ChainedInvokeFailed c ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:Child:9
            0s - start chained a
            0s - start chained b
            0s 6 ChainedInvokeSucceeded a "1"
            0s - owes true [StartChainedInvoke("b")]
            0s - restart
            0s 7 InvocationCompleted Service.InvocationLost: The server stopped while this invocation was running.
            0s - invoke 2, updated a
            0s - owes true [StartChainedInvoke("b")]
            0s 8 InvocationCompleted
            0s 9 ExecutionSucceeded "ok"
            0s - closed
            0s - owes false []
            = SUCCEEDED "ok" | a Succeeded | b Started | c Failed
        "#]],
    );
}

#[test]
fn chained_invoke_updates_carry_what_their_action_takes() {
    check(
        {
            let mut targetless = invoke("i");
            targetless.0.chained_invoke = None;
            script()
                .checkpoint([targetless])
                .checkpoint([invoke("i").error("it broke")])
                .checkpoint([invoke("i").action(UpdateAction::Succeed)])
                .checkpoint([invoke("i").action(UpdateAction::Fail)])
                .checkpoint([invoke("i").action(UpdateAction::Retry)])
                .checkpoint([invoke("i").action(UpdateAction::Cancel)])
                .checkpoint([invoke("i")])
                .checkpoint([invoke("i")])
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Update for CHAINED_INVOKE operation requires ChainedInvokeOptions.
            0s - refused: Cannot provide an Error for START action.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s 2 ChainedInvokeStarted i Child:$LATEST
            0s - start chained i
            0s - refused: Cannot start a CHAINED_INVOKE that already exist.
            = RUNNING, next 3600s ExecutionTimeout | i Started
        "#]],
    );
}
