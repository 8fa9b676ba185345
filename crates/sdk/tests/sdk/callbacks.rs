//! Callbacks and `wait_for_callback`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lambda_api::OperationStatus;
use lambdura::{CallbackId, DurableContext, FailureKind, StepContext};

use crate::support::{TestExecution, failed, ok, succeeded};

#[tokio::test]
async fn callback_id_is_usable_before_the_result_is_awaited() {
    let handler = async |(): (), ctx: DurableContext| {
        let callback = ctx
            .create_callback::<u32>()
            .name("answer")
            .timeout(Duration::from_secs(90))
            .heartbeat_timeout(Duration::from_secs(30))
            .await?;
        let id = callback.id().to_string();
        ctx.step(move |_: StepContext| {
            let id = id.clone();
            async move { ok(id) }
        })
        .name("send")
        .await?;
        ok(callback.await? + 1)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let start = execution.service.requests()[0].updates[0].clone();
    let options = start.callback_options.unwrap();
    assert_eq!(options.timeout_seconds, Some(90));
    assert_eq!(options.heartbeat_timeout_seconds, Some(30));
    let sent = execution.service.operation("send").step_details.unwrap();
    assert_eq!(sent.result.as_deref(), Some(r#""callback1""#));
    execution
        .service
        .complete("answer", OperationStatus::Succeeded, Some("41"));
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), "42");
}

#[tokio::test]
async fn wait_for_callback_has_the_names_of_the_python_sdk() {
    let submissions = AtomicU32::new(0);
    let handler = async |(): (), ctx: DurableContext| {
        ctx.wait_for_callback::<bool, _, _, _>("approval", |id: CallbackId, step: StepContext| {
            assert_eq!(id.as_str(), "callback2");
            assert_eq!(step.name(), Some("approval submitter"));
            submissions.fetch_add(1, Ordering::Relaxed);
            async { ok(()) }
        })
        .timeout(Duration::from_secs(60))
        .await
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    assert_eq!(
        execution.service.outline(),
        "approval WaitForCallback STARTED\n\
         \x20 approval create callback id Callback STARTED\n\
         \x20 approval submitter Step SUCCEEDED\n"
    );
    assert_eq!(
        execution.service.calls(),
        [
            ["START approval", "START approval create callback id"],
            ["START approval submitter", "SUCCEED approval submitter"]
        ]
    );
    let id = "approval create callback id";
    execution
        .service
        .complete(id, OperationStatus::Succeeded, Some("true"));
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), "true");
    assert_eq!(submissions.into_inner(), 1);
    let recorded = execution.service.operation("approval").context_details;
    assert_eq!(recorded.unwrap().result.as_deref(), Some("true"));
}

#[tokio::test]
async fn raw_result_is_the_text_that_was_sent() {
    let handler = async |(): (), ctx: DurableContext| {
        ctx.wait_for_callback::<(), _, _, _>("note", |_, _| async { ok(()) })
            .raw()
            .await
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let id = "note create callback id";
    execution
        .service
        .complete(id, OperationStatus::Succeeded, Some("not json"));
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), r#""not json""#);
}

#[tokio::test]
async fn failure_from_outside_keeps_its_message() {
    let handler = async |(): (), ctx: DurableContext| {
        let approval = ctx
            .wait_for_callback::<bool, _, _, _>("approval", |_, _| async { ok(()) })
            .await;
        let error = approval.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Failed);
        assert_eq!(error.error_type(), Some("Declined"));
        Err::<(), _>(error)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let id = "approval create callback id";
    execution.service.fail(
        id,
        OperationStatus::Failed,
        "Declined",
        "the manager says no",
    );
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(failed(&output), ("CallbackError", "the manager says no"));
}

#[tokio::test]
async fn timeouts_can_be_told_apart() {
    for (error_type, kind) in [
        ("Callback.Timeout", FailureKind::TimedOut),
        ("Callback.Heartbeat", FailureKind::HeartbeatTimedOut),
    ] {
        let handler = async |(): (), ctx: DurableContext| {
            let callback = ctx.create_callback::<()>().name("c").await?;
            let error = callback.await.unwrap_err();
            assert_eq!(error.kind(), kind);
            ok(())
        };
        let execution = TestExecution::new(());
        execution.suspends(&handler).await;
        execution
            .service
            .fail("c", OperationStatus::TimedOut, error_type, "too late");
        succeeded(&execution.invoke(&handler).await.unwrap());
    }
}

#[tokio::test]
async fn unnamed_wait_for_callback_names_only_what_is_inside() {
    let handler = async |(): (), ctx: DurableContext| {
        let waiting = ctx.wait_for_callback("never seen", |_, _| async { ok(()) });
        let answer: u32 = waiting.unnamed().await?;
        ok(answer)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    assert_eq!(
        execution.service.outline(),
        "- WaitForCallback STARTED\n\
         \x20 create callback id Callback STARTED\n\
         \x20 submitter Step SUCCEEDED\n"
    );
    execution
        .service
        .complete("create callback id", OperationStatus::Succeeded, Some("7"));
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), "7");
}
