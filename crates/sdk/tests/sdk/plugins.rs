//! Plugins: they get the right notifications, and change nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_api::{InvocationOutput, OperationStatus};
use lambdura::plugin::{
    InvocationEnd, InvocationInfo, OperationChange, OperationEnd, OperationInfo, UserFunctionEnd,
    UserFunctionInfo,
};
use lambdura::{
    BoxError, CompletionConfig, DurableContext, InvocationContext, Invoker, Plugin, RetryStrategy,
    StepContext, branch,
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
        let again = if operation.is_replay { " again" } else { "" };
        self.note(format!("{} {}{again}", operation.r#type, name(operation)));
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
            "STEP flaky again",
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

/// Notes everything that a plugin can read of operations, functions and invocations.
#[derive(Clone, Default)]
struct Details(Diary);

impl Plugin for Details {
    fn on_invocation_start(&self, invocation: &InvocationInfo<'_>) {
        assert!(invocation.execution_started_at.is_some());
        let updated: Vec<_> = invocation.updated_operations.iter().map(name).collect();
        let all = invocation.operations.len();
        self.0
            .note(format!("begins with {all}, of them {updated:?} new"));
    }

    fn on_invocation_end(&self, end: &InvocationEnd<'_>) {
        let mut all = Vec::new();
        let operations = end.invocation.operations;
        operations.each(|operation| all.push(name(operation).to_owned()));
        all.sort();
        let error = end.error.and_then(|error| error.error_message.as_deref());
        self.0
            .note(format!("ends with {all:?}, {}", error.unwrap_or("fine")));
    }

    fn on_operation_end(&self, end: &OperationEnd<'_>) {
        let operation = &end.operation;
        assert!(operation.started_at.is_some() && operation.ended_at >= operation.started_at);
        let error = operation
            .error
            .and_then(|error| error.error_message.as_deref());
        let result = operation.result.or(error).unwrap_or("nothing");
        self.0.note(format!(
            "{}: {result}, {:?}",
            name(operation),
            operation.attempt
        ));
    }

    fn on_operation_change(&self, change: &OperationChange<'_>) {
        let told = change.updated_operations.iter();
        let told = told.map(|one| format!("{} {}", name(one), one.status));
        let mut told: Vec<_> = told.collect();
        told.sort();
        let known = |one: &OperationInfo<'_>| change.operations.contains(one.operation_id);
        assert!(change.updated_operations.iter().all(known));
        assert!(!change.operations.contains("nobody"));
        self.0.note(told.join(", "));
    }

    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        let operation = &function.operation;
        let again = if function.is_replaying_children {
            " again"
        } else {
            ""
        };
        let parent = operation.parent_id.map_or("at the top", |_| "inside");
        self.0
            .note(format!("{} runs{again} {parent}", name(operation)));
    }

    fn on_user_function_end(&self, end: &UserFunctionEnd<'_>) {
        assert!(end.ended_at >= end.function.started_at);
        let error = end.error_message.unwrap_or("fine");
        self.0.note(format!(
            "{} is over: {error}",
            name(&end.function.operation)
        ));
    }
}

async fn two_branches(ctx: DurableContext) -> Result<(), BoxError> {
    let waits = branch(|ctx: DurableContext| async move {
        ctx.wait(Duration::from_secs(60)).name("pause").await?;
        ok("slow".to_owned())
    });
    let fails = branch(|_| async { Err::<String, _>(BoxError::from("no")) });
    let both = ctx.parallel([waits.name("waits"), fails.name("fails")]);
    let both = both.completion(CompletionConfig::all_completed());
    both.name("both").await?;
    Err("no".into())
}

#[tokio::test]
async fn functions_of_contexts_are_told_and_what_checkpoints_change() {
    let details = Details::default();
    let execution = TestExecution::new(());
    let invoker = Invoker::new(execution.service.clone()).with_plugin(details.clone());
    let invoke = || invoke(&execution, &invoker, two_branches);
    invoke().await;
    let first = details.0.take();
    assert_eq!(first[0], "begins with 0, of them [] new");
    assert_eq!(first[1], "waits runs inside");
    assert!(
        first.contains(&"fails is over: no".to_owned()),
        "{first:#?}"
    );
    assert!(first.contains(&"fails: no, None".to_owned()), "{first:#?}");
    let changed: Vec<_> = first
        .iter()
        .filter(|line| line.contains("STARTED"))
        .collect();
    assert!(
        changed.iter().any(|line| line.contains("pause STARTED")),
        "{first:#?}"
    );
    assert!(
        !first.contains(&"waits is over: fine".to_owned()),
        "{first:#?}"
    );
    execution.service.skip_to_next_timer();
    invoke().await;
    let second = details.0.take();
    assert_eq!(
        second[0], "begins with 4, of them [\"pause\"] new",
        "{second:#?}"
    );
    assert!(
        second.contains(&"waits runs again inside".to_owned()),
        "{second:#?}"
    );
    assert!(
        second.contains(&"waits is over: fine".to_owned()),
        "{second:#?}"
    );
    assert!(
        second.contains(&"waits: \"slow\", None".to_owned()),
        "{second:#?}"
    );
    // Operations that have ended are neither run nor announced again.
    assert!(
        !second.iter().any(|line| line.starts_with("fails")),
        "{second:#?}"
    );
    let last = second.last().unwrap();
    assert!(
        last.starts_with("ends with [\"both\", \"fails\", \"pause\", \"waits\"]"),
        "{last}"
    );
    assert!(last.ends_with("no"), "{last}");
}

#[tokio::test]
async fn result_and_error_of_an_operation_are_told_as_recorded() {
    async fn handler(ctx: DurableContext) -> Result<(), BoxError> {
        let good = ctx.step(|_: StepContext| async { ok("tea".to_owned()) });
        good.name("good").await?;
        let bad = ctx.step(|_: StepContext| async { Err::<(), _>(BoxError::from("cold")) });
        bad.name("bad").retry(RetryStrategy::none()).await?;
        Ok(())
    }

    let details = Details::default();
    let execution = TestExecution::new(());
    let invoker = Invoker::new(execution.service.clone()).with_plugin(details.clone());
    invoke(&execution, &invoker, handler).await;
    let told = details.0.take();
    assert!(
        told.contains(&"good: \"tea\", Some(1)".to_owned()),
        "{told:#?}"
    );
    assert!(told.contains(&"bad: cold, Some(1)".to_owned()), "{told:#?}");
    let changes = told.iter().filter(|line| line.as_str() == "good SUCCEEDED");
    assert_eq!(changes.count(), 1, "{told:#?}");
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
