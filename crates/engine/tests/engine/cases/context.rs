//! CONTEXT: groups of operations (protocol 8.4, 9.3 scenarios 7-* and 8-*).

use expect_test::expect;

use crate::script::{check, script};
use crate::update::{callback, context, step, wait};
use model::UpdateAction;

#[test]
fn child_context() {
    check(
        script()
            .checkpoint([context("c").start(), step("s").start().under("c")])
            .checkpoint([step("s").succeed("1").under("c"), context("c").succeed("2")])
            .replays()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted c
            0s 3 StepStarted c/s
            0s 4 StepSucceeded c/s "1" attempt 1
            0s 5 ContextSucceeded c "2"
            0s - replay [c]
            0s 6 InvocationCompleted
            0s 7 ExecutionSucceeded "ok"
            0s - closed
            = SUCCEEDED "ok" | c Succeeded | s Succeeded
        "#]],
    );
}

/// Scenario 7-1.
#[test]
fn wait_for_callback() {
    check(
        {
            let group = || context("group").sub_type("WaitForCallback");
            script()
                .checkpoint([group().start(), callback("cb").under("group")])
                .checkpoint([step("submit").start().under("group")])
                .checkpoint([step("submit").succeed("1").under("group")])
                .returns_pending()
                .advance(3)
                .callback_succeeds("cb", "yes")
                .checkpoint([group().succeed("yes")])
                .returns("yes")
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted group
            0s 3 CallbackStarted group/cb
            0s 4 StepStarted group/submit
            0s 5 StepSucceeded group/submit "1" attempt 1
            0s 6 InvocationCompleted
            3s 7 CallbackSucceeded group/cb "yes"
            3s - invoke 2, updated cb
            3s 8 ContextSucceeded group "yes"
            3s 9 InvocationCompleted
            3s 10 ExecutionSucceeded "yes"
            3s - closed
            = SUCCEEDED "yes" | group Succeeded | cb Succeeded | submit Succeeded
        "#]],
    );
}

/// Scenario 8-1.
#[test]
fn parallel_of_two() {
    check(
        {
            let group = || context("p").sub_type("Parallel");
            let mut script = script().checkpoint([group().start()]);
            for branch in ["p-1", "p-2"] {
                let step = || step("s").named("s").under(branch);
                let id = crate::update::id(&format!("{branch}-s"));
                let with_id = |mut update: crate::update::Update| {
                    update.0.id = id.clone();
                    update
                };
                let branch = || context(branch).sub_type("ParallelBranch").under("p");
                script = script
                    .checkpoint([branch().start(), with_id(step().start())])
                    .checkpoint([with_id(step().succeed("1")), branch().succeed("1")]);
            }
            script.checkpoint([group().succeed("2")]).returns("ok")
        },
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted p
            0s 3 ContextStarted p/p-1
            0s 4 StepStarted p-1/s
            0s 5 StepSucceeded p-1/s "1" attempt 1
            0s 6 ContextSucceeded p/p-1 "1"
            0s 7 ContextStarted p/p-2
            0s 8 StepStarted p-2/s
            0s 9 StepSucceeded p-2/s "1" attempt 1
            0s 10 ContextSucceeded p/p-2 "1"
            0s 11 ContextSucceeded p "2"
            0s 12 InvocationCompleted
            0s 13 ExecutionSucceeded "ok"
            0s - closed
            = SUCCEEDED "ok" | p Succeeded | p-1 Succeeded | p-1-s Succeeded | p-2 Succeeded | p-2-s Succeeded
        "#]],
    );
}

/// Scenario 8-12: no contexts of the branches.
#[test]
fn flat_parallel() {
    check(
        script()
            .checkpoint([context("p").start()])
            .checkpoint([
                step("a").start().under("p"),
                step("a").succeed("1").under("p"),
            ])
            .checkpoint([
                step("b").start().under("p"),
                step("b").succeed("2").under("p"),
            ])
            .checkpoint([context("p").succeed("3")])
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted p
            0s 3 StepStarted p/a
            0s 4 StepSucceeded p/a "1" attempt 1
            0s 5 StepStarted p/b
            0s 6 StepSucceeded p/b "2" attempt 1
            0s 7 ContextSucceeded p "3"
            0s 8 InvocationCompleted
            0s 9 ExecutionSucceeded "ok"
            0s - closed
            = SUCCEEDED "ok" | p Succeeded | a Succeeded | b Succeeded
        "#]],
    );
}

/// Scenario 8-14.
#[test]
fn branch_suspends() {
    check(
        script()
            .checkpoint([
                context("p").start(),
                context("b").start().under("p"),
                wait("w", 2).under("b"),
            ])
            .returns_pending()
            .advance(2)
            .replays()
            .checkpoint([
                context("b").succeed("1").under("p"),
                context("p").succeed("2"),
            ])
            .replays()
            .returns("ok"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted p
            0s 3 ContextStarted p/b
            0s 4 WaitStarted b/w 2s, until 2s
            0s 5 InvocationCompleted
            2s 6 WaitSucceeded b/w 2s
            2s - invoke 2, updated w
            2s - replay [p b w]
            2s 7 ContextSucceeded p/b "1"
            2s 8 ContextSucceeded p "2"
            2s - replay [p]
            2s 9 InvocationCompleted
            2s 10 ExecutionSucceeded "ok"
            2s - closed
            = SUCCEEDED "ok" | p Succeeded | b Succeeded | w Succeeded
        "#]],
    );
}

#[test]
fn empty_parallel() {
    check(
        script()
            .checkpoint([context("p").start()])
            .checkpoint([context("p").succeed("[]")])
            .returns("[]"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted p
            0s 3 ContextSucceeded p "[]"
            0s 4 InvocationCompleted
            0s 5 ExecutionSucceeded "[]"
            0s - closed
            = SUCCEEDED "[]" | p Succeeded
        "#]],
    );
}

/// Scenario 8-10.
#[test]
fn failed_batch_still_succeeds() {
    check(
        script()
            .checkpoint([context("p").start(), context("b").start().under("p")])
            .checkpoint([context("b").fail("it broke").under("p")])
            .checkpoint([context("p").succeed("FAILURE_TOLERANCE_EXCEEDED")])
            .returns_failure("it broke"),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted p
            0s 3 ContextStarted p/b
            0s 4 ContextFailed p/b Boom: it broke
            0s 5 ContextSucceeded p "FAILURE_TOLERANCE_EXCEEDED"
            0s 6 InvocationCompleted Boom: it broke
            0s 7 ExecutionFailed Boom: it broke
            0s - closed
            = FAILED Boom: it broke | p Succeeded | b Failed
        "#]],
    );
}

/// Children of a CONTEXT that began and ended in the request are hidden from replays like others.
#[test]
fn context_with_children_in_one_request() {
    check(
        script()
            .checkpoint_told([
                context("c").start(),
                step("s").succeed("1").under("c"),
                context("c").succeed("2"),
            ])
            .replays(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted c
            0s 3 StepSucceeded c/s "1" attempt 1
            0s 4 ContextSucceeded c "2"
            0s - told [s Succeeded, c Succeeded]
            0s - replay [c]
            = RUNNING, next 3600s ExecutionTimeout | c Succeeded | s Succeeded
        "#]],
    );
}

#[test]
fn large_result_keeps_children_for_replays() {
    check(
        script()
            .checkpoint([
                context("c").start(),
                context("d").start().under("c"),
                step("s").succeed("1").under("d"),
            ])
            .checkpoint([context("d").succeed("").under("c")])
            .replays()
            .checkpoint([context("c").succeed("summary").replaying_children()])
            .replays(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted c
            0s 3 ContextStarted c/d
            0s 4 StepSucceeded d/s "1" attempt 1
            0s 5 ContextSucceeded c/d ""
            0s - replay [c d]
            0s 6 ContextSucceeded c "summary"
            0s - replay [c d]
            = RUNNING, next 3600s ExecutionTimeout | c Succeeded | d Succeeded | s Succeeded
        "#]],
    );
}

#[test]
fn only_a_started_context_ends() {
    check(
        script()
            .checkpoint([context("c").succeed("1")])
            .checkpoint([context("c").fail("it broke")])
            .checkpoint([context("c").start()])
            .checkpoint([context("c").start()])
            .checkpoint([context("c").succeed("1")])
            .checkpoint([context("c").succeed("1")])
            .checkpoint([context("c").fail("it broke")])
            .checkpoint([context("c").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Invalid current CONTEXT state to close.
            0s - refused: Invalid current CONTEXT state to close.
            0s 2 ContextStarted c
            0s - refused: Cannot start a CONTEXT that already exist.
            0s 3 ContextSucceeded c "1"
            0s - refused: Invalid current CONTEXT state to close.
            0s - refused: Invalid current CONTEXT state to close.
            0s - refused: Cannot start a CONTEXT that already exist.
            = RUNNING, next 3600s ExecutionTimeout | c Succeeded
        "#]],
    );
}

#[test]
fn context_updates_carry_what_their_action_takes() {
    check(
        script()
            .checkpoint([context("c").start().payload("1")])
            .checkpoint([context("c").start().error("it broke")])
            .checkpoint([context("c").start()])
            .checkpoint([context("c").succeed("1").error("it broke")])
            .checkpoint([context("c").fail("it broke").payload("1")])
            .checkpoint([context("c").action(UpdateAction::Retry)])
            .checkpoint([context("c").action(UpdateAction::Cancel)])
            .checkpoint([context("c").action(UpdateAction::Fail)]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Cannot provide a Payload for START action.
            0s - refused: Cannot provide an Error for START action.
            0s 2 ContextStarted c
            0s - refused: Cannot provide an Error for SUCCEED action.
            0s - refused: Cannot provide a Payload for FAIL action.
            0s - refused: Invalid action for the given operation type.
            0s - refused: Invalid action for the given operation type.
            0s 3 ContextFailed c {}
            = RUNNING, next 3600s ExecutionTimeout | c Failed
        "#]],
    );
}

#[test]
fn context_payload_is_limited() {
    check(
        script()
            .checkpoint([context("c").start()])
            .checkpoint([context("c").succeed(&"x".repeat(1024 * 1024 + 1))])
            .checkpoint([context("c").succeed(&"x".repeat(1024 * 1024))]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted c
            0s - refused: CONTEXT output payload size must be less than or equal to 1048576 bytes.
            0s 3 ContextSucceeded c <1048576 bytes>
            = RUNNING, next 3600s ExecutionTimeout | c Succeeded
        "#]],
    );
}

#[test]
fn context_without_result() {
    check(
        script().checkpoint([
            context("c").start(),
            context("c").action(UpdateAction::Succeed),
        ]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted c
            0s 3 ContextSucceeded c -
            = RUNNING, next 3600s ExecutionTimeout | c Succeeded
        "#]],
    );
}
