//! Chained invokes.

use lambda_api::OperationStatus;
use lambdura::{DurableContext, FailureKind};

use crate::support::{TestExecution, failed, ok, succeeded};

#[tokio::test]
async fn invoke_suspends_until_the_function_returns() {
    let handler = async |(): (), ctx: DurableContext| {
        let price: f64 = ctx
            .invoke("pricing:live", &"book")
            .name("price")
            .tenant_id("t1")
            .await?;
        ok(price)
    };
    let execution = TestExecution::new(());
    execution.suspends(&handler).await;
    let start = execution.service.requests()[0].updates[0].clone();
    assert_eq!(start.payload.as_deref(), Some(r#""book""#));
    let options = start.chained_invoke_options.unwrap();
    assert_eq!(options.function_name, "pricing:live");
    assert_eq!(options.tenant_id.as_deref(), Some("t1"));
    execution
        .service
        .complete("price", OperationStatus::Succeeded, Some("9.5"));
    let output = execution.invoke(&handler).await.unwrap();
    assert_eq!(succeeded(&output), "9.5");
}

#[tokio::test]
async fn ends_of_the_function_can_be_told_apart() {
    for (status, kind) in [
        (OperationStatus::Failed, FailureKind::Failed),
        (OperationStatus::TimedOut, FailureKind::TimedOut),
        (OperationStatus::Stopped, FailureKind::Stopped),
    ] {
        let handler = async |(): (), ctx: DurableContext| {
            let invoked = ctx.invoke::<_, ()>("f:1", &()).name("call").await;
            let error = invoked.unwrap_err();
            assert_eq!(error.kind(), kind);
            Err::<(), _>(error)
        };
        let execution = TestExecution::new(());
        execution.suspends(&handler).await;
        execution.service.fail("call", status, "Odd", "it broke");
        let output = execution.invoke(&handler).await.unwrap();
        assert_eq!(failed(&output), ("InvokeError", "it broke"));
    }
}
