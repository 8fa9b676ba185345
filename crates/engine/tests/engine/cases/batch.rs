//! Rules for the updates of one request (protocol 8.2).

use expect_test::expect;

use crate::script::{check, script, script_with};
use crate::update::{callback, context, execution, invoke, operation, step, wait};
use model::{OperationType, UpdateAction};

#[test]
fn all_or_nothing() {
    check(
        script()
            .checkpoint([
                step("a").start(),
                step("b").succeed("1"),
                context("c").succeed("1"),
            ])
            .checkpoint([step("a").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Invalid current CONTEXT state to close.
            0s 2 StepStarted a
            = RUNNING, next 3600s ExecutionTimeout | a Started
        "#]],
    );
}

#[test]
fn one_execution_update() {
    check(
        script().checkpoint([execution().succeed("1"), execution().succeed("2")]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Cannot checkpoint multiple EXECUTION updates.
            = RUNNING, next 3600s ExecutionTimeout
        "#]],
    );
}

#[test]
fn execution_update_comes_last() {
    check(
        script().checkpoint([execution().succeed("1"), step("a").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: EXECUTION checkpoint must be the last update.
            = RUNNING, next 3600s ExecutionTimeout
        "#]],
    );
}

/// Only a START and the update that closes the same STEP or CONTEXT.
#[test]
fn same_operation_twice() {
    check(
        script()
            .checkpoint([step("a").start(), step("a").start()])
            .checkpoint([step("a").succeed("1"), step("a").start()])
            .checkpoint([step("a").succeed("1"), step("a").fail("it broke")])
            .checkpoint([
                step("a").start(),
                step("a").retry("it broke", 1),
                step("a").start(),
            ])
            .checkpoint([
                step("a").start(),
                step("a").retry("it broke", 1),
                step("a").succeed("1"),
            ])
            .checkpoint([
                context("c").start(),
                context("c").action(UpdateAction::Retry),
            ])
            .checkpoint([wait("w", 1), wait("w", 1).cancel()])
            .checkpoint([callback("cb"), callback("cb")])
            .checkpoint([invoke("i"), invoke("i")])
            .checkpoint([step("x").start(), context("x").succeed("1")])
            .checkpoint([step("execution-result-1").start(), execution().succeed("1")]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Cannot update the same operation twice in a single request.
            0s - refused: Inconsistent operation type.
            0s - refused: Cannot update the same operation twice in a single request.
            = RUNNING, next 3600s ExecutionTimeout
        "#]],
    );
}

#[test]
fn parent_is_a_context_that_exists() {
    check(
        script()
            .checkpoint([step("s").start().under("missing")])
            .checkpoint([step("s").start().under("s")])
            .checkpoint([context("c").start().under("c")])
            .checkpoint([step("s").start().under("execution-1")])
            .checkpoint([step("s").start().under("c"), context("c").start()])
            .checkpoint([step("p").start(), step("s").start().under("p")])
            .checkpoint([context("c").start(), step("s").start().under("c")])
            .checkpoint([context("c").succeed("1"), step("late").start().under("c")]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Invalid parent operation id.
            0s - refused: Invalid parent operation id.
            0s - refused: Invalid parent operation id.
            0s - refused: Invalid parent operation id.
            0s - refused: Invalid parent operation id.
            0s - refused: Invalid parent operation id.
            0s 2 ContextStarted c
            0s 3 StepStarted c/s
            0s 4 ContextSucceeded c "1"
            0s 5 StepStarted c/late
            = RUNNING, next 3600s ExecutionTimeout | c Succeeded | s Started | late Started
        "#]],
    );
}

#[test]
fn operation_stays_what_it_was() {
    check(
        script()
            .checkpoint([
                context("c").start(),
                context("d").start(),
                step("s").start().under("c"),
            ])
            .checkpoint([context("s").succeed("1")])
            .checkpoint([step("s").succeed("1").sub_type("Other")])
            .checkpoint([step("s").succeed("1").named("other")])
            .checkpoint([step("s").succeed("1").under("d")])
            .checkpoint([context("execution-1").start()])
            .checkpoint([step("s").succeed("1")]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 ContextStarted c
            0s 3 ContextStarted d
            0s 4 StepStarted c/s
            0s - refused: Inconsistent operation type.
            0s - refused: Inconsistent operation subtype.
            0s - refused: Inconsistent operation name.
            0s - refused: Inconsistent parent operation id.
            0s - refused: Inconsistent operation type.
            0s 5 StepSucceeded c/s "1" attempt 1
            = RUNNING, next 3600s ExecutionTimeout | c Started | d Started | s Succeeded
        "#]],
    );
}

#[test]
fn name_cannot_be_added_later() {
    check(
        script()
            .checkpoint([step("s").bare().start()])
            .checkpoint([step("s").succeed("1")]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted
            0s - refused: Inconsistent operation subtype.
            = RUNNING, next 3600s ExecutionTimeout | s Started
        "#]],
    );
}

#[test]
fn execution_may_be_closed_under_its_own_id() {
    check(
        script()
            .checkpoint([operation(OperationType::Execution, "execution-1").succeed("1")])
            .returns(""),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - closed
            0s 2 InvocationCompleted
            0s 3 ExecutionSucceeded "1"
            = SUCCEEDED "1"
        "#]],
    );
}

#[test]
fn error_object_is_limited() {
    check(
        script_with(|_, limits| limits.error_bytes_max = 10)
            .checkpoint([step("s").fail("0123456")])
            .checkpoint([execution().fail("0123456")])
            .checkpoint([step("s").fail("012345")]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Error object size must be less than or equal to 10 bytes.
            0s - refused: Error object size must be less than or equal to 10 bytes.
            0s 2 StepFailed s Boom: 012345 attempt 1
            = RUNNING, next 3600s ExecutionTimeout | s Failed
        "#]],
    );
}
