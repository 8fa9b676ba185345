//! Suite `plugin`, from requirement 10-8 on: what a plugin is told, field by field.
//!
//! One plugin prints all that it is told, of operations of one type, as JSON; fields that are not there are left out.

use std::time::{Duration, SystemTime};

use lambdura::plugin::{
    InvocationEnd, InvocationInfo, OperationChange, OperationEnd, OperationInfo, UserFunctionEnd,
    UserFunctionInfo,
};
use lambdura::{
    BoxError, DurableContext, Invoker, Plugin, RetryStrategy, StepContext, branch,
    durable_execution, durable_step,
};
use serde_json::{Map, Value, json};

use crate::handler::{Handler, boxed};
use crate::plugin::{greet, greets, print, waits};
use crate::step::{always_fail, soon, unreliable};

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "10-8" | "10-17" => boxed(greets),
        "10-9" | "10-10" | "10-16" => boxed(waits),
        "10-11" => boxed(greets_inside),
        "10-12" => boxed(two_branches),
        "10-13" => boxed(steady_and_flaky),
        "10-14" => boxed(result_and_error),
        "10-15" => boxed(exhausted),
        "10-18" => boxed(short_and_long),
        "10-19" => boxed(waits_and_tells),
        "10-20" | "10-22" => boxed(one_step),
        "10-21" => boxed(flaky),
        "10-23" => boxed(branches_with_names),
        _ => None,
    }
}

/// The plugin that the requirement asks for; none for those of other suites.
pub fn with_plugin(requirement: &str, invoker: Invoker) -> Invoker {
    let of_type = match requirement {
        "10-8" | "10-13" | "10-14" | "10-15" | "10-17" | "10-20" | "10-21" | "10-22" => "STEP",
        "10-9" | "10-10" | "10-18" => "WAIT",
        "10-12" | "10-23" => "CONTEXT",
        "10-11" | "10-16" | "10-19" => "",
        _ => return invoker,
    };
    invoker.with_plugin(Records {
        name: match requirement {
            "10-17" => "CONFPLUGIN-HEALTHY",
            _ => "CONFPLUGIN",
        },
        of_type,
        absent_is_none: requirement == "10-14",
    })
}

#[durable_execution]
async fn greets_inside(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    let inside = ctx.run_in_child_context("inside", |ctx| async move {
        Ok::<_, BoxError>(ctx.step(greet(name)).await?)
    });
    Ok(inside.await?)
}

#[durable_execution]
async fn two_branches((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let task =
        |name: &'static str| branch(move |_| async move { Ok::<_, BoxError>(name.to_owned()) });
    let both = ctx.parallel([task("task-1"), task("task-2")]);
    Ok(both
        .name("parallel")
        .max_concurrency(1)
        .await?
        .into_results()?)
}

#[durable_step]
async fn task_a(_: StepContext) -> Result<String, BoxError> {
    Ok("task-a".to_owned())
}

#[durable_step]
async fn boom(_: StepContext) -> Result<String, BoxError> {
    Err("boom".into())
}

#[durable_execution]
async fn steady_and_flaky((): (), ctx: DurableContext) -> Result<String, BoxError> {
    ctx.step(task_a()).await?;
    Ok(ctx.step(unreliable(2)).retry(soon()).await?)
}

#[durable_execution]
async fn result_and_error((): (), ctx: DurableContext) -> Result<String, BoxError> {
    ctx.step(task_a()).await?;
    Ok(ctx.step(boom()).retry(RetryStrategy::none()).await?)
}

#[durable_execution]
async fn exhausted((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx
        .step(always_fail())
        .retry(soon().max_attempts(2))
        .await?)
}

#[durable_execution]
async fn short_and_long((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let wait = |name: &'static str, seconds| {
        branch(move |ctx: DurableContext| async move {
            ctx.wait(Duration::from_secs(seconds)).name(name).await?;
            Ok::<_, BoxError>(format!("{name}-done"))
        })
    };
    let both = ctx
        .parallel([wait("short", 2), wait("long", 8)])
        .name("waits");
    Ok(both.await?.into_results()?)
}

#[durable_execution]
async fn waits_and_tells(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    ctx.wait(Duration::from_secs(2)).await?;
    Ok(format!("done-{input}"))
}

#[durable_execution]
async fn one_step((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(task_a()).name("greet").await?)
}

#[durable_step]
async fn ok_the_second_time(step: StepContext) -> Result<String, BoxError> {
    match step.attempt() {
        1 => Err("not yet".into()),
        _ => Ok("ok".to_owned()),
    }
}

#[durable_execution]
async fn flaky((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let step = ctx.step(ok_the_second_time()).name("flaky");
    Ok(step.retry(soon()).await?)
}

#[durable_execution]
async fn branches_with_names((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let long = branch(|ctx: DurableContext| async move {
        let step = ctx.step(|_: StepContext| async { Ok::<_, BoxError>("x".to_owned()) });
        step.name("inner").await?;
        ctx.wait(Duration::from_secs(2)).await?;
        Ok::<_, BoxError>("a-done".to_owned())
    });
    let short = branch(|_| async { Ok::<_, BoxError>("b-done".to_owned()) });
    let both = ctx.parallel([long.name("branch-a"), short.name("branch-b")]);
    Ok(both.name("ctx").max_concurrency(1).await?.into_results()?)
}

struct Records {
    name: &'static str,
    /// Which operations it prints; empty for all.
    of_type: &'static str,
    /// Prints `NONE` where there is no result or no error.
    absent_is_none: bool,
}

impl Records {
    fn print(&self, arn: &str, hook: &str, details: Value) {
        print(arn, self.name, hook, details);
    }

    fn is_of_interest(&self, operation: &OperationInfo<'_>) -> bool {
        self.of_type.is_empty() || operation.r#type.as_str() == self.of_type
    }

    fn operation(&self, operation: &OperationInfo<'_>) -> Value {
        let absent = self.absent_is_none.then_some("NONE");
        let message = operation
            .error
            .and_then(|error| error.error_message.as_deref());
        present(json!({
            "op": operation.operation_id,
            "id": operation.operation_id,
            "name": operation.name,
            "type": operation.r#type,
            "subType": operation.sub_type,
            "parent": operation.parent_id.unwrap_or("NONE"),
            "parentId": operation.parent_id,
            "status": operation.status,
            "pending": operation.ended_at.is_none(),
            "startTimestamp": operation.started_at.map(text),
            "endTimestamp": operation.ended_at.map(text),
            "attempt": operation.attempt,
            "result": operation.result.or(absent),
            "error": message.or(absent),
            "replay": operation.is_replay,
            "isReplay": operation.is_replay,
        }))
    }

    fn function(&self, function: &UserFunctionInfo<'_>) -> Value {
        let operation = &function.operation;
        present(json!({
            "op": operation.operation_id,
            "id": operation.operation_id,
            "name": operation.name,
            "type": operation.r#type,
            "subType": operation.sub_type,
            "parent": operation.parent_id.unwrap_or("NONE"),
            "parentId": operation.parent_id,
            "n": function.attempt,
            "attempt": function.attempt,
            "startTimestamp": text(function.started_at),
            "isReplay": operation.is_replay,
            "isReplayingChildren": function.is_replaying_children,
        }))
    }
}

/// Attempts of steps are called otherwise than functions of contexts.
fn hook(operation: &OperationInfo<'_>, part: &str) -> String {
    let what = match operation.r#type.as_str() {
        "CONTEXT" => "fn",
        _ => "attempt",
    };
    format!("{what}-{part}")
}

fn invocation(invocation: &InvocationInfo<'_>) -> Value {
    present(json!({
        "first": invocation.is_first_invocation,
        "isFirstInvocation": invocation.is_first_invocation,
        "requestId": invocation.request_id,
        "operationsCount": invocation.operations.len(),
        "updatedOperationsCount": invocation.updated_operations.len(),
        "executionStartTimestamp": invocation.execution_started_at.map(text),
    }))
}

impl Plugin for Records {
    fn on_invocation_start(&self, start: &InvocationInfo<'_>) {
        let arn = start.execution_arn;
        self.print(arn, "invocation-start", invocation(start));
        for operation in start.updated_operations {
            if self.is_of_interest(operation) {
                let first = json!({ "first": start.is_first_invocation });
                let details = joined(self.operation(operation), first);
                self.print(arn, "updated-on-invoke", details);
            }
        }
    }

    fn on_invocation_end(&self, end: &InvocationEnd<'_>) {
        let status = end.status.map(|status| status.as_str());
        let details = json!({
            "status": status,
            "terminal": matches!(status, Some("SUCCEEDED" | "FAILED")),
            "executionError": end.error.and_then(|error| error.error_message.as_deref()),
        });
        let details = joined(invocation(&end.invocation), present(details));
        self.print(end.invocation.execution_arn, "invocation-end", details);
    }

    fn on_operation_start(&self, operation: &OperationInfo<'_>) {
        if self.is_of_interest(operation) {
            let details = self.operation(operation);
            self.print(operation.execution_arn, "operation-start", details);
        }
    }

    fn on_operation_end(&self, end: &OperationEnd<'_>) {
        if self.is_of_interest(&end.operation) {
            let details = self.operation(&end.operation);
            self.print(end.operation.execution_arn, "operation-end", details);
        }
    }

    fn on_operation_change(&self, change: &OperationChange<'_>) {
        for operation in change.updated_operations {
            if !self.is_of_interest(operation) {
                continue;
            }
            let is_in_all = change.operations.contains(operation.operation_id);
            let all = json!({
                "executionArn": change.execution_arn,
                "updatedOperationsCount": change.updated_operations.len(),
                "operationsCount": change.operations.len(),
                "in_full_map": is_in_all,
                "inFullMap": is_in_all,
            });
            let details = joined(self.operation(operation), all);
            self.print(change.execution_arn, "operation-change", details);
        }
    }

    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        let operation = &function.operation;
        if self.is_of_interest(operation) {
            let details = self.function(function);
            self.print(operation.execution_arn, &hook(operation, "start"), details);
        }
    }

    fn on_user_function_end(&self, end: &UserFunctionEnd<'_>) {
        let operation = &end.function.operation;
        if self.is_of_interest(operation) {
            let outcome = json!({
                "endTimestamp": text(end.ended_at),
                "outcome": if end.error_message.is_none() { "SUCCEEDED" } else { "FAILED" },
                "error": end.error_message,
            });
            let details = joined(self.function(&end.function), present(outcome));
            self.print(operation.execution_arn, &hook(operation, "end"), details);
        }
    }
}

fn text(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|error| error.to_string(), |at| at.to_string())
}

/// Without the fields that have no value.
fn present(details: Value) -> Value {
    let Value::Object(fields) = details else {
        return details;
    };
    Value::Object(
        fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
    )
}

fn joined(details: Value, more: Value) -> Value {
    let mut fields = Map::new();
    for part in [details, more] {
        if let Value::Object(part) = part {
            fields.extend(part);
        }
    }
    Value::Object(fields)
}
