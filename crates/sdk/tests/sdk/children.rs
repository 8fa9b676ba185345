//! Child contexts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lambdura::{BoxError, DurableContext, RetryStrategy, StepContext};

use crate::support::{TestExecution, failed, ok, succeeded};

#[tokio::test]
async fn completed_child_is_not_entered_again() {
    let entered = AtomicU32::new(0);
    let handler = async |(): (), ctx: DurableContext| {
        let total = ctx
            .run_in_child_context("settle", |ctx| {
                entered.fetch_add(1, Ordering::Relaxed);
                async move {
                    let one = ctx
                        .step(|_: StepContext| async { ok(1) })
                        .name("one")
                        .await?;
                    ok(one + 1)
                }
            })
            .await?;
        ctx.wait(Duration::from_secs(60)).await?;
        ok(total)
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "2");
    assert_eq!(entered.into_inner(), 1);
    assert_eq!(
        execution.service.outline(),
        "settle RunInChildContext SUCCEEDED\n  one Step SUCCEEDED\n- Wait SUCCEEDED\n"
    );
    // The context's start travels with its first step.
    assert_eq!(
        execution.service.calls()[0],
        ["START settle", "START one", "SUCCEED one"]
    );
}

#[tokio::test]
async fn suspension_inside_leaves_the_child_started() {
    let handler = async |(): (), ctx: DurableContext| {
        ctx.run_in_child_context("outer", |ctx| async move {
            ctx.run_in_child_context("inner", |ctx| async move {
                ctx.wait(Duration::from_secs(5)).await?;
                ok(1)
            })
            .await
        })
        .await
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    assert_eq!(
        execution.service.outline(),
        "outer RunInChildContext STARTED\n  inner RunInChildContext STARTED\n    - Wait STARTED\n"
    );
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "1");
}

#[tokio::test]
async fn failure_crosses_contexts_with_the_innermost_message() {
    let handler = async |(): (), ctx: DurableContext| {
        ctx.run_in_child_context("outer", |ctx| async move {
            ctx.step(|_: StepContext| async { Err::<(), BoxError>("no funds".into()) })
                .retry(RetryStrategy::none())
                .await
        })
        .await
    };
    let execution = TestExecution::new(());
    let output = execution.run(&handler).await;
    assert_eq!(failed(&output), ("ChildContextError", "no funds"));
    let recorded = execution.service.operation("outer").context_details;
    let error = recorded.unwrap().error.unwrap();
    assert_eq!(error.error_type.as_deref(), Some("StepError"));
    assert_eq!(error.error_message.as_deref(), Some("no funds"));
    // A replay gives the same error.
    let output = execution.run(&handler).await;
    assert_eq!(failed(&output), ("ChildContextError", "no funds"));
}

#[tokio::test]
async fn large_result_is_rebuilt_from_the_children() {
    let handler = async |(): (), ctx: DurableContext| {
        let text = ctx
            .run_in_child_context("large", |ctx| async move {
                let letter = ctx
                    .step(|_: StepContext| async { ok("x".to_owned()) })
                    .name("letter")
                    .await?;
                ok(letter.repeat(300 * 1024))
            })
            .await?;
        ctx.wait(Duration::from_secs(60)).await?;
        ok(text.len())
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let details = execution.service.operation("large").context_details;
    let details = details.unwrap();
    assert_eq!(details.replay_children, Some(true));
    assert_eq!(details.result.as_deref(), Some(""));
    let calls = execution.service.calls().len();
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), (300 * 1024).to_string());
    assert_eq!(
        execution.service.calls().len(),
        calls,
        "nothing is recorded twice"
    );
}

#[tokio::test]
async fn panic_in_a_child_is_its_failure() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            ctx.run_in_child_context("broken", |ctx| async move {
                assert!(ctx.execution_arn().is_empty(), "broken on purpose");
                ok(())
            })
            .await
        })
        .await;
    assert_eq!(failed(&output), ("ChildContextError", "broken on purpose"));
}
