//! Checkpoint calls: batching, failures, tokens, results too large to return.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lambda_api::{ErrorCode, InvocationStatus, OperationType};
use lambdura::{DurableContext, Error, StepContext};

use crate::support::{Refusal, TestExecution, failed, ok, succeeded};

async fn one_step((): (), ctx: DurableContext) -> Result<(), lambdura::BoxError> {
    ctx.step(|_: StepContext| async { ok(()) })
        .name("s")
        .await?;
    Ok(())
}

#[tokio::test]
async fn concurrent_steps_share_calls_up_to_the_limit() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let results = ctx
                .map(0..200, |ctx, item| async move {
                    ctx.step(move |_: StepContext| async move { ok(item) })
                        .await
                })
                .await?;
            ok(results.success_count())
        })
        .await;
    assert_eq!(succeeded(&output), "200");
    let sizes: Vec<_> = execution.service.calls().iter().map(Vec::len).collect();
    // 1 map + 200 × (item, step start, step end), then 200 items + the map.
    assert_eq!(sizes.iter().sum::<usize>(), 802);
    assert!(sizes.len() <= 5, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= 250), "{sizes:?}");
}

#[tokio::test]
async fn every_call_has_a_client_token_of_its_own() {
    let execution = TestExecution::new(());
    execution
        .run(async |(): (), ctx: DurableContext| {
            one_step((), ctx.clone()).await?;
            one_step((), ctx).await
        })
        .await;
    let requests = execution.service.requests();
    let tokens: Vec<_> = requests
        .iter()
        .map(|request| request.client_token.clone().unwrap())
        .collect();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn state_is_read_to_its_last_page() {
    let handler = async |input: u32, ctx: DurableContext| {
        one_step((), ctx.clone()).await?;
        ctx.wait(Duration::from_secs(1)).await?;
        ok(input)
    };
    let execution = TestExecution::new(5);
    execution.suspends(&handler).await;
    execution.service.deliver_in_pages();
    execution.service.skip_to_next_timer();
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), "5");
    assert_eq!(
        execution.service.calls().len(),
        2,
        "everything was replayed"
    );
}

#[tokio::test]
async fn stale_token_fails_the_invocation_and_not_the_execution() {
    for (code, message) in [
        (ErrorCode::InvalidParameterValue, "Invalid checkpoint token"),
        (ErrorCode::TooManyRequests, "slow down"),
        (ErrorCode::Service, "oops"),
    ] {
        let execution = TestExecution::new(());
        execution.service.refuse(0, Refusal::Error(code, message));
        let error = execution.invoke(one_step).await.unwrap_err();
        assert!(matches!(error, Error::Service { .. }), "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[tokio::test]
async fn rejected_checkpoint_fails_the_execution_whatever_user_code_does() {
    for code in [ErrorCode::AccessDenied, ErrorCode::KmsDisabled] {
        let caught = AtomicBool::new(false);
        let execution = TestExecution::new(());
        execution.service.refuse(0, Refusal::Error(code, "no"));
        let output = execution
            .invoke(async |(): (), ctx: DurableContext| {
                if ctx.step(|_: StepContext| async { ok(()) }).await.is_err() {
                    caught.store(true, Ordering::Relaxed);
                }
                ok(())
            })
            .await
            .unwrap();
        assert_eq!(failed(&output).0, "CheckpointError");
        assert!(!caught.into_inner());
        assert_eq!(execution.service.calls().len(), 1, "none after a failure");
    }
}

#[tokio::test]
async fn missing_token_ends_the_invocation_as_pending_even_when_the_handler_is_done() {
    let execution = TestExecution::new(());
    execution.service.refuse(0, Refusal::NoToken);
    let output = execution.invoke(one_step).await.unwrap();
    assert_eq!(output.status, InvocationStatus::Pending);
}

#[tokio::test]
async fn result_too_large_to_return_is_checkpointed_last() {
    let execution = TestExecution::new(());
    let output = execution
        .invoke(async |(): (), ctx: DurableContext| {
            one_step((), ctx).await?;
            ok("\n".repeat(4 * 1024 * 1024))
        })
        .await
        .unwrap();
    assert_eq!(succeeded(&output), "");
    let requests = execution.service.requests();
    let last = requests.last().unwrap().updates.last().unwrap();
    assert_eq!(last.r#type, OperationType::Execution);
    let payload = last.payload.as_ref().unwrap();
    assert_eq!(payload.len(), 2 * 4 * 1024 * 1024 + 2);
}

#[tokio::test]
async fn result_that_just_fits_is_returned() {
    let execution = TestExecution::new(());
    let output = execution
        .invoke(async |(): (), _: DurableContext| ok("x".repeat(6 * 1024 * 1024 - 200)))
        .await
        .unwrap();
    assert_eq!(succeeded(&output).len(), 6 * 1024 * 1024 - 198);
    assert!(execution.service.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_polled_close_to_the_deadline() {
    let execution = TestExecution::new(());
    // The step outlives the invocation, like a step that a sandbox cuts off.
    let invocation = execution.invoke(async |(): (), ctx: DurableContext| {
        let callback = ctx.create_callback::<()>().name("c").await?;
        let step =
            ctx.step(|_: StepContext| std::future::pending::<Result<(), lambdura::BoxError>>());
        let (called_back, stepped) = tokio::join!(callback, step);
        called_back?;
        stepped?;
        ok(())
    });
    tokio::time::timeout(Duration::from_secs(120), invocation)
        .await
        .unwrap_err();
    let calls = execution.service.calls();
    let polls = calls.iter().filter(|call| call.is_empty()).count();
    // At 1, 2, 4, 7, 11, 16, 22, 29, 37, 46, 56 seconds: the next would be after the deadline.
    assert_eq!(polls, 11, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn one_call_is_in_flight_at_a_time() {
    let execution = TestExecution::new(());
    execution.service.refuse(0, Refusal::Silence);
    let invocation = execution.invoke(async |(): (), ctx: DurableContext| {
        let (a, b) = tokio::join!(one_step((), ctx.clone()), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            one_step((), ctx.clone()).await
        });
        a?;
        b
    });
    tokio::time::timeout(Duration::from_secs(30), invocation)
        .await
        .unwrap_err();
    assert_eq!(execution.service.calls(), [["START s", "SUCCEED s"]]);
}

#[tokio::test]
async fn input_that_is_not_the_event_fails_the_execution() {
    let execution = TestExecution::new("text");
    let output = execution
        .invoke(async |_: u32, _: DurableContext| ok(()))
        .await
        .unwrap();
    let (error_type, message) = failed(&output);
    assert_eq!(error_type, "SerDesError");
    assert!(message.starts_with("the execution's input: "), "{message}");
}
