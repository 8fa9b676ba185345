//! Steps: recorded results, retries, semantics of attempts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lambda_api::OperationStatus;
use lambdura::{
    BoxError, DurableContext, FailureKind, RetryStrategy, StepContext, durable_execution,
    durable_step,
};
use serde::{Deserialize, Serialize};

use crate::support::{TestExecution, failed, ok, succeeded};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u32,
}

#[durable_step]
async fn double(step: StepContext, order: Order, factor: u32) -> Result<Order, BoxError> {
    assert_eq!(step.name(), Some("double"));
    assert_eq!(step.attempt(), 1);
    Ok(Order {
        id: order.id * factor,
    })
}

#[durable_step(name = "greet the customer")]
async fn greet(_: StepContext, name: &str) -> Result<String, BoxError> {
    Ok(format!("hello {name}"))
}

#[durable_execution]
async fn handler(order: Order, ctx: DurableContext) -> Result<(Order, String), BoxError> {
    let doubled = ctx.step(double(order, 2)).await?;
    let name = "Alice".to_owned();
    let greeting = ctx.step(greet(&name)).await?;
    Ok((doubled, greeting))
}

#[tokio::test]
async fn marked_functions_are_steps_with_their_name() {
    let execution = TestExecution::new(Order { id: 21 });
    let output = execution.run(handler).await;
    assert_eq!(succeeded(&output), r#"[{"id":42},"hello Alice"]"#);
    assert_eq!(
        execution.service.outline(),
        "double Step SUCCEEDED\ngreet the customer Step SUCCEEDED\n"
    );
}

#[tokio::test]
async fn quick_step_takes_one_call() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            for index in 0..10 {
                ctx.step(move |_: StepContext| async move { ok(index) })
                    .name(format!("s{index}"))
                    .await?;
            }
            ok(())
        })
        .await;
    succeeded(&output);
    let calls = execution.service.calls();
    assert_eq!(calls.len(), 10);
    assert_eq!(calls[3], ["START s3", "SUCCEED s3"]);
}

#[tokio::test(start_paused = true)]
async fn slow_step_shows_as_started() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            ctx.step(|_: StepContext| async {
                tokio::time::sleep(Duration::from_secs(5)).await;
                ok(())
            })
            .name("slow")
            .await?;
            ok(())
        })
        .await;
    succeeded(&output);
    assert_eq!(
        execution.service.calls(),
        [["START slow"], ["SUCCEED slow"]]
    );
}

#[tokio::test]
async fn recorded_step_does_not_run_again() {
    let runs = AtomicU32::new(0);
    let handler = async |(): (), ctx: DurableContext| {
        let first = ctx
            .step(|_: StepContext| async { ok(runs.fetch_add(1, Ordering::Relaxed)) })
            .name("count")
            .await?;
        ctx.wait(Duration::from_secs(60)).await?;
        ok(first)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    execution.service.skip_to_next_timer();
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), "0");
    assert_eq!(runs.into_inner(), 1);
}

#[tokio::test]
async fn failed_step_suspends_until_its_next_attempt() {
    let handler = async |(): (), ctx: DurableContext| {
        let attempt = ctx
            .step(|step: StepContext| async move {
                match step.attempt() {
                    3 => ok(3),
                    attempt => Err(format!("attempt {attempt}").into()),
                }
            })
            .name("flaky")
            .retry(RetryStrategy::fixed(Duration::from_secs(7)).max_attempts(5))
            .await?;
        ok(attempt)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let details = execution.service.operation("flaky").step_details.unwrap();
    assert_eq!(details.attempt, Some(1));
    assert_eq!(
        details.error.unwrap().error_message.as_deref(),
        Some("attempt 1")
    );
    // Invoked too early, the handler goes on waiting.
    execution.suspends(&handler).await;
    assert_eq!(execution.service.calls().len(), 1);
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "3");
    assert_eq!(
        execution.service.calls(),
        [
            ["START flaky", "RETRY flaky"],
            ["START flaky", "RETRY flaky"],
            ["START flaky", "SUCCEED flaky"]
        ]
    );
}

#[derive(Debug, thiserror::Error)]
#[error("card {0} refused")]
struct CardRefused(u32);

#[tokio::test]
async fn exhausted_step_fails_with_the_innermost_message() {
    let handler = async |(): (), ctx: DurableContext| {
        let charged = ctx
            .step(|_: StepContext| async { Err::<(), _>(CardRefused(4)) })
            .name("charge")
            .retry(RetryStrategy::none())
            .await;
        let error = charged.unwrap_err();
        assert_eq!(error.error_type(), Some("CardRefused"));
        assert_eq!(error.operation(), Some("charge"));
        assert_eq!(error.kind(), FailureKind::Failed);
        ctx.wait(Duration::from_secs(1)).await?;
        Err::<(), BoxError>(error.into())
    };
    let execution = TestExecution::new(());
    // Fails the same way live and replayed.
    let output = execution.run(&handler).await;
    assert_eq!(failed(&output), ("StepError", "card 4 refused"));
    let recorded = execution.service.operation("charge").step_details.unwrap();
    assert_eq!(
        recorded.error.unwrap().error_type.as_deref(),
        Some("CardRefused")
    );
}

#[tokio::test]
async fn panic_in_a_step_is_a_failed_attempt() {
    let handler = async |(): (), ctx: DurableContext| {
        ctx.step(|step: StepContext| async move {
            assert!(step.attempt() > 1, "first attempt is broken");
            ok("second".to_owned())
        })
        .name("shaky")
        .await
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let error = execution.service.operation("shaky").step_details.unwrap();
    let error = error.error.unwrap();
    assert_eq!(error.error_type.as_deref(), Some("PanicError"));
    assert_eq!(
        error.error_message.as_deref(),
        Some("first attempt is broken")
    );
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), r#""second""#);
}

#[tokio::test]
async fn interrupted_attempt_runs_again_without_a_second_start() {
    let execution = TestExecution::new(());
    let handler = async |(): (), ctx: DurableContext| {
        ctx.step(|step: StepContext| async move { ok(step.attempt()) })
            .name("once")
            .await
    };
    execution.run(&handler).await;
    execution.service.tamper("once", |operation| {
        operation.status = OperationStatus::Started;
        operation.step_details = None;
    });
    let output = execution.run(&handler).await;
    assert_eq!(succeeded(&output), "1");
    assert_eq!(execution.service.calls()[1], ["SUCCEED once"]);
}

#[tokio::test]
async fn interrupted_at_most_once_attempt_is_not_repeated() {
    let execution = TestExecution::new(());
    let runs = AtomicU32::new(0);
    let handler = async |(): (), ctx: DurableContext| {
        ctx.step(|_: StepContext| async { ok(runs.fetch_add(1, Ordering::Relaxed)) })
            .name("pay")
            .at_most_once()
            .retry(RetryStrategy::none())
            .await
    };
    execution.run(&handler).await;
    assert_eq!(
        execution.service.calls(),
        [["START pay"], ["SUCCEED pay"]],
        "the start is recorded before the body runs"
    );
    execution.service.tamper("pay", |operation| {
        operation.status = OperationStatus::Started;
        operation.step_details = None;
    });
    let output = execution.run(&handler).await;
    let (error_type, message) = failed(&output);
    assert_eq!(error_type, "StepError");
    assert!(message.contains("step pay was interrupted"), "{message}");
    assert_eq!(runs.into_inner(), 1);
    let recorded = execution.service.operation("pay").step_details.unwrap();
    assert_eq!(
        recorded.error.unwrap().error_type.as_deref(),
        Some("StepInterruptedError")
    );
}

#[tokio::test]
async fn live_value_is_the_replayed_value() {
    #[derive(Serialize, Deserialize)]
    struct Lossy {
        #[serde(skip)]
        secret: u32,
    }
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let lossy = ctx
                .step(|_: StepContext| async { ok(Lossy { secret: 7 }) })
                .await?;
            ok(lossy.secret)
        })
        .await;
    assert_eq!(succeeded(&output), "0");
}

#[tokio::test]
async fn name_that_the_service_would_refuse_is_refused_before_anything_is_recorded() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            ctx.step(|_: StepContext| async { ok(()) })
                .name("naïve")
                .await
        })
        .await;
    let (_, message) = failed(&output);
    assert!(message.contains("printable ASCII"), "{message}");
    assert!(execution.service.calls().is_empty());
}

#[tokio::test]
async fn operation_in_another_task_is_refused() {
    let execution = TestExecution::new(());
    let output = execution
        .run(async |(): (), ctx: DurableContext| {
            let spawned =
                tokio::spawn(async move { ctx.step(|_: StepContext| async { ok(()) }).await });
            spawned.await?.map_err(BoxError::from)
        })
        .await;
    let (_, message) = failed(&output);
    assert!(message.contains("instead of tokio::spawn"), "{message}");
}
