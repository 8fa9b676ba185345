//! Checkpoint tokens and client tokens (protocol 8.1, 8.7).

use expect_test::expect;

use crate::script::{check, script};
use crate::update::{callback, execution, step, wait};

#[test]
fn token_is_good_for_one_checkpoint() {
    check(
        script()
            .checkpoint([step("a").start()])
            .checkpoint_with_token(0, [step("b").start()])
            .checkpoint_with_token(0, [])
            .checkpoint_with_token(1, [step("c").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted a
            0s - refused: Invalid checkpoint token
            0s - refused: Invalid checkpoint token
            0s 3 StepStarted c
            = RUNNING, next 3600s ExecutionTimeout | a Started | c Started
        "#]],
    );
}

#[test]
fn refused_checkpoint_does_not_use_its_token_up() {
    check(
        script()
            .checkpoint([step("a").start(), step("a").start()])
            .checkpoint_with_token(0, [step("a").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Cannot update the same operation twice in a single request.
            0s 2 StepStarted a
            = RUNNING, next 3600s ExecutionTimeout | a Started
        "#]],
    );
}

#[test]
fn token_dies_with_its_invocation() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .returns_pending()
            .checkpoint([step("a").start()])
            .advance(1)
            .checkpoint_with_token(1, [step("a").start()])
            .checkpoint([step("a").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            0s 3 InvocationCompleted
            0s - refused: Invalid checkpoint token
            1s 4 WaitSucceeded w 1s
            1s - invoke 2, updated w
            1s - refused: Invalid checkpoint token
            1s 5 StepStarted a
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded | a Started
        "#]],
    );
}

#[test]
fn token_dies_with_a_lost_invocation() {
    check(
        script()
            .restart()
            .checkpoint_with_token(0, [step("a").start()])
            .exits()
            .checkpoint([step("a").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - restart
            0s 2 InvocationCompleted Service.InvocationLost: The server stopped while this invocation was running.
            0s - invoke 2
            0s - refused: Invalid checkpoint token
            0s 3 InvocationCompleted Runtime.ExitError: exit status 1
            0s - refused: Invalid checkpoint token
            = RUNNING, next 1s InvocationRetry
        "#]],
    );
}

#[test]
fn token_dies_with_the_execution() {
    check(
        script().returns("ok").checkpoint([step("a").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 InvocationCompleted
            0s 3 ExecutionSucceeded "ok"
            0s - closed
            0s - refused: Invalid checkpoint token
            = SUCCEEDED "ok"
        "#]],
    );
}

/// Base64 of `execution-2.1.1.0`.
#[test]
fn token_of_another_execution() {
    check(
        script().checkpoint_with_text("ZXhlY3V0aW9uLTIuMS4xLjA=", [step("a").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Checkpoint token is not valid for the durable execution ARN
            = RUNNING, next 3600s ExecutionTimeout
        "#]],
    );
}

/// Not base64 of anything, of other text, of too few parts, of a guessed nonce.
#[test]
fn tokens_that_are_none() {
    check(
        script()
            .checkpoint_with_text("A", [])
            .checkpoint_with_text("//79", [])
            .checkpoint_with_text("ZXhlY3V0aW9uLTE=", [])
            .checkpoint_with_text("ZXhlY3V0aW9uLTEuMS4xLjA=", []),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - refused: Invalid checkpoint token
            0s - refused: Invalid checkpoint token
            0s - refused: Invalid checkpoint token
            0s - refused: Invalid checkpoint token
            = RUNNING, next 3600s ExecutionTimeout
        "#]],
    );
}

/// And not applied again.
#[test]
fn repeated_request_is_answered_again() {
    check(
        script()
            .checkpoint_with_key("key-1", [step("a").start(), callback("cb")])
            .again_told()
            .checkpoint([step("a").succeed("1")])
            .again(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted a
            0s 3 CallbackStarted cb
            0s - told [a Started, cb Started]
            0s - again
            0s - told [a Started, cb Started]
            0s 4 StepSucceeded a "1" attempt 1
            0s - again
            0s - refused: Invalid checkpoint token
            = RUNNING, next 3600s ExecutionTimeout | a Succeeded | cb Started
        "#]],
    );
}

/// And with that the change does not count as told: the first answer may have arrived after all.
#[test]
fn repeated_request_is_answered_from_what_is_on_record() {
    check(
        script()
            .checkpoint_with_key("key-1", [wait("w", 1)])
            .advance(1)
            .again_told()
            .poll(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            0s - told [w Started]
            1s 3 WaitSucceeded w 1s
            1s - again
            1s - told [w Succeeded]
            1s - told [w Succeeded]
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded
        "#]],
    );
}

/// Same checkpoint token, but another client token or none: not the same request.
#[test]
fn request_is_repeated_with_its_client_token_only() {
    check(
        script()
            .checkpoint_with_key("key-1", [step("a").start()])
            .checkpoint_with_token(0, [step("a").start()])
            .checkpoint_with_token_and_key(0, "key-2", [step("a").start()])
            .checkpoint_with_token_and_key(0, "key-1", [step("b").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted a
            0s - told [a Started]
            0s - refused: Invalid checkpoint token
            0s - refused: Invalid checkpoint token
            = RUNNING, next 3600s ExecutionTimeout | a Started
        "#]],
    );
}

#[test]
fn client_token_alone_proves_nothing() {
    check(
        script()
            .checkpoint_with_key("key-1", [step("a").start()])
            .checkpoint_with_key("key-1", [step("a").succeed("1")])
            .checkpoint_with_token(0, [step("b").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 StepStarted a
            0s - told [a Started]
            0s 3 StepSucceeded a "1" attempt 1
            0s - told [a Succeeded]
            0s - refused: Invalid checkpoint token
            = RUNNING, next 3600s ExecutionTimeout | a Succeeded
        "#]],
    );
}

#[test]
fn repeated_request_of_an_ended_invocation_is_refused() {
    check(
        script()
            .checkpoint_with_key("key-1", [wait("w", 1)])
            .restart()
            .checkpoint_with_token(0, []),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            0s - told [w Started]
            0s - restart
            0s 3 InvocationCompleted Service.InvocationLost: The server stopped while this invocation was running.
            0s - invoke 2
            0s - refused: Invalid checkpoint token
            = RUNNING, next 1s WaitElapsed(w) | w Started
        "#]],
    );
}

#[test]
fn request_that_closes_is_not_repeatable() {
    check(
        script()
            .checkpoint_with_key("key-1", [execution().succeed("large")])
            .again(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s - closed
            0s - told [no token]
            0s - again
            0s - refused: Invalid checkpoint token
            = SUCCEEDED "large"
        "#]],
    );
}

/// Rotates the token, leaves no event.
#[test]
fn empty_checkpoint_polls() {
    check(
        script()
            .checkpoint([wait("w", 1)])
            .poll()
            .advance(1)
            .poll()
            .poll(),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 WaitStarted w 1s, until 1s
            0s - told []
            1s 3 WaitSucceeded w 1s
            1s - told [w Succeeded]
            1s - told []
            = RUNNING, next 3600s ExecutionTimeout | w Succeeded
        "#]],
    );
}

/// Changes before the request, its own updates, then the deadlines that are due.
#[test]
fn answers_tell_in_order_of_change() {
    check(
        script()
            .checkpoint([callback("cb"), wait("due", 1), step("s").start()])
            .callback_succeeds("cb", "yes")
            .delay(1)
            .checkpoint_told([step("s").succeed("1"), step("t").start()]),
        expect![[r#"
            0s 1 ExecutionStarted "{}" timeout 3600s
            0s - invoke 1
            0s 2 CallbackStarted cb
            0s 3 WaitStarted due 1s, until 1s
            0s 4 StepStarted s
            0s 5 CallbackSucceeded cb "yes"
            1s 6 StepSucceeded s "1" attempt 1
            1s 7 StepStarted t
            1s 8 WaitSucceeded due 1s
            1s - told [cb Succeeded, s Succeeded, t Started, due Succeeded]
            = RUNNING, next 3600s ExecutionTimeout | cb Succeeded | due Succeeded | s Succeeded | t Started
        "#]],
    );
}
