//! Plugins: what they are told, and that they change nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_api::{InvocationOutput, OperationStatus};
use lambdura::plugin::{
    InvocationEnd, InvocationInfo, OperationEnd, OperationInfo, UserFunctionEnd, UserFunctionInfo,
};
use lambdura::{
    BoxError, DurableContext, InvocationContext, Invoker, Plugin, RetryStrategy, StepContext,
};

use crate::support::{TestExecution, failed, ok, succeeded};

#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn name<'a>(operation: &OperationInfo<'a>) -> &'a str {
    operation.name.unwrap_or("-")
}

impl Plugin for Diary {
    fn on_invocation_start(&self, invocation: &InvocationInfo<'_>) {
        self.note(format!(
            "invocation, first: {}",
            invocation.is_first_invocation
        ));
    }

    fn on_invocation_end(&self, end: &InvocationEnd<'_>) {
        let status = end.status.map_or("nothing", |status| status.as_str());
        self.note(format!("invocation ends: {status}"));
    }

    fn on_operation_start(&self, operation: &OperationInfo<'_>) {
        self.note(format!("{} {}", operation.r#type, name(operation)));
    }

    fn on_operation_end(&self, end: &OperationEnd<'_>) {
        self.note(format!("{} {}", name(&end.operation), end.status));
    }

    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        let name = name(&function.operation);
        self.note(format!("{name} attempt {}", function.attempt));
    }

    fn on_user_function_end(&self, end: &UserFunctionEnd<'_>) {
        let name = name(&end.function.operation);
        let error = end.error_message.unwrap_or("fine");
        self.note(format!("{name} attempt {}: {error}", end.function.attempt));
    }
}

async fn invoke(
    execution: &TestExecution,
    invoker: &Invoker,
    handler: impl AsyncHandler,
) -> InvocationOutput {
    let input = execution.service.begin_invocation();
    let handler = |(): (), ctx| handler.call(ctx);
    let invoked = invoker.invoke(&handler, input, InvocationContext::default());
    invoked.await.unwrap()
}

/// A handler without input, as a plain function.
trait AsyncHandler: Sync {
    fn call(&self, ctx: DurableContext) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<F, Fut> AsyncHandler for F
where
    F: Fn(DurableContext) -> Fut + Sync,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    fn call(&self, ctx: DurableContext) -> impl Future<Output = Result<(), BoxError>> + Send {
        self(ctx)
    }
}

async fn flaky_step_and_wait(ctx: DurableContext) -> Result<(), BoxError> {
    let step = ctx.step(|step: StepContext| async move {
        match step.attempt() {
            1 => Err(BoxError::from("not yet")),
            _ => Ok(()),
        }
    });
    let soon = RetryStrategy::fixed(Duration::from_secs(1));
    step.name("flaky").retry(soon).await?;
    ctx.wait(Duration::from_secs(60)).name("pause").await?;
    Ok(())
}

#[tokio::test]
async fn everything_is_told_once_and_in_order() {
    let diary = Diary::default();
    let execution = TestExecution::new(());
    let invoker = Invoker::new(execution.service.clone()).with_plugin(diary.clone());
    invoke(&execution, &invoker, flaky_step_and_wait).await;
    assert_eq!(
        diary.take(),
        [
            "invocation, first: true",
            "flaky attempt 1",
            "flaky attempt 1: not yet",
            "STEP flaky",
            "invocation ends: PENDING",
        ]
    );
    execution.service.skip_to_next_timer();
    invoke(&execution, &invoker, flaky_step_and_wait).await;
    assert_eq!(
        diary.take(),
        [
            "invocation, first: false",
            "flaky attempt 2",
            "flaky attempt 2: fine",
            "flaky SUCCEEDED",
            "WAIT pause",
            "invocation ends: PENDING",
        ]
    );
    execution.service.skip_to_next_timer();
    invoke(&execution, &invoker, flaky_step_and_wait).await;
    assert_eq!(
        diary.take(),
        [
            "invocation, first: false",
            "pause SUCCEEDED",
            "invocation ends: SUCCEEDED",
        ]
    );
    let repeated = execution.service.operation("pause");
    assert_eq!(repeated.status, OperationStatus::Succeeded);
}

struct Faulty;

impl Plugin for Faulty {
    fn on_invocation_start(&self, _: &InvocationInfo<'_>) {
        panic!("on_invocation_start");
    }

    fn on_invocation_end(&self, _: &InvocationEnd<'_>) {
        panic!("on_invocation_end");
    }

    fn on_operation_start(&self, _: &OperationInfo<'_>) {
        panic!("on_operation_start");
    }

    fn on_operation_end(&self, _: &OperationEnd<'_>) {
        panic!("on_operation_end");
    }

    fn on_user_function_start(&self, _: &UserFunctionInfo<'_>) {
        panic!("on_user_function_start");
    }

    fn on_user_function_end(&self, _: &UserFunctionEnd<'_>) {
        panic!("on_user_function_end");
    }
}

#[tokio::test]
async fn panic_in_a_plugin_harms_neither_the_execution_nor_other_plugins() {
    async fn step(ctx: DurableContext) -> Result<(), BoxError> {
        ctx.step(|_: StepContext| async { ok(()) })
            .name("a")
            .await?;
        Ok(())
    }

    let diary = Diary::default();
    let execution = TestExecution::new(());
    let invoker = Invoker::new(execution.service.clone())
        .with_plugin(Faulty)
        .with_plugin(diary.clone());
    let output = invoke(&execution, &invoker, step).await;
    assert_eq!(succeeded(&output), "null");
    assert_eq!(diary.take().len(), 6);
}

#[tokio::test]
async fn failure_of_the_execution_is_told() {
    async fn fails(_: DurableContext) -> Result<(), BoxError> {
        Err("no".into())
    }

    let diary = Diary::default();
    let execution = TestExecution::new(());
    let invoker = Invoker::new(execution.service.clone()).with_plugin(diary.clone());
    let output = invoke(&execution, &invoker, fails).await;
    assert_eq!(failed(&output), ("HandlerError", "no"));
    let told = diary.take();
    assert_eq!(told, ["invocation, first: true", "invocation ends: FAILED"]);
}
