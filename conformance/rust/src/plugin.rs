//! Suite `plugin`.
//!
//! Plugins print what they see as JSON, with the execution's ARN, because that is how the requirements look at them.

use std::time::Duration;

use lambdura::plugin::{
    InvocationEnd, InvocationInfo, OperationEnd, OperationInfo, UserFunctionEnd, UserFunctionInfo,
};
use lambdura::{
    BoxError, DurableContext, Invoker, Plugin, RetryStrategy, StepContext, durable_execution,
    durable_step,
};
use serde_json::{Value, json};

use crate::handler::{Handler, boxed};
use crate::step::{always_fail, soon, unreliable};

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "10-1" | "10-2" | "10-4" | "10-5" => boxed(greets),
        "10-3" => boxed(fails_then_succeeds),
        "10-6" => boxed(waits),
        "10-7" => boxed(fails),
        _ => crate::plugin_records::handler(requirement),
    }
}

/// The plugins that the requirement asks for; none for those of other suites.
pub fn with_plugins(requirement: &str, invoker: Invoker) -> Invoker {
    let talking = |name, about| Talking { name, about };
    match requirement {
        "10-1" | "10-6" | "10-7" => invoker.with_plugin(talking("CONFPLUGIN", About::Invocations)),
        "10-2" => invoker.with_plugin(talking("CONFPLUGIN", About::Operations)),
        "10-3" => invoker.with_plugin(talking("CONFPLUGIN", About::Attempts)),
        "10-4" => invoker.with_plugin(Faulty),
        "10-5" => invoker
            .with_plugin(talking("CONFPLUGIN-A", About::Invocations))
            .with_plugin(talking("CONFPLUGIN-B", About::Invocations)),
        "10-17" => crate::plugin_records::with_plugin(requirement, invoker.with_plugin(Faulty)),
        _ => crate::plugin_records::with_plugin(requirement, invoker),
    }
}

#[durable_step]
pub async fn greet(step: StepContext, name: String) -> Result<String, BoxError> {
    let logger = step.logger();
    logger.info(format_args!("Greeting step running for: {name}"));
    Ok(format!("Hello, {name}!"))
}

#[durable_execution]
pub async fn greets(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(greet(name)).await?)
}

#[durable_execution]
async fn fails_then_succeeds((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(unreliable(2)).retry(soon()).await?)
}

#[durable_execution]
pub async fn waits((): (), ctx: DurableContext) -> Result<(), BoxError> {
    Ok(ctx.wait(Duration::from_secs(2)).await?)
}

#[durable_execution]
async fn fails((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(always_fail()).retry(RetryStrategy::none()).await?)
}

/// Prints what happens.
struct Talking {
    name: &'static str,
    about: About,
}

#[derive(PartialEq)]
enum About {
    Invocations,
    Operations,
    Attempts,
}

pub fn print(arn: &str, plugin: &str, hook: &str, details: Value) {
    let mut line = json!({ "plugin": plugin, "hook": hook, "durableExecutionArn": arn });
    if let (Value::Object(line), Value::Object(details)) = (&mut line, details) {
        line.extend(details);
    }
    println!("{line}");
}

fn is_step(operation: &OperationInfo<'_>) -> bool {
    operation.r#type.as_str() == "STEP"
}

impl Plugin for Talking {
    fn on_invocation_start(&self, invocation: &InvocationInfo<'_>) {
        if self.about == About::Invocations {
            let details = json!({ "first": invocation.is_first_invocation });
            let arn = invocation.execution_arn;
            print(arn, self.name, "invocation-start", details);
        }
    }

    fn on_invocation_end(&self, end: &InvocationEnd<'_>) {
        if self.about == About::Invocations {
            let details = json!({ "status": end.status });
            let arn = end.invocation.execution_arn;
            print(arn, self.name, "invocation-end", details);
        }
    }

    fn on_operation_start(&self, operation: &OperationInfo<'_>) {
        if self.about == About::Operations && is_step(operation) {
            let details = json!({ "op": operation.operation_id });
            let arn = operation.execution_arn;
            print(arn, self.name, "operation-start", details);
        }
    }

    fn on_operation_end(&self, end: &OperationEnd<'_>) {
        let operation = &end.operation;
        if self.about == About::Operations && is_step(operation) {
            let details = json!({ "op": operation.operation_id, "status": end.status });
            let arn = operation.execution_arn;
            print(arn, self.name, "operation-end", details);
        }
    }

    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        let operation = &function.operation;
        if self.about == About::Attempts && is_step(operation) {
            let details = json!({ "n": function.attempt, "op": operation.operation_id });
            let arn = operation.execution_arn;
            print(arn, self.name, "attempt-start", details);
        }
    }

    fn on_user_function_end(&self, end: &UserFunctionEnd<'_>) {
        let operation = &end.function.operation;
        if self.about == About::Attempts && is_step(operation) {
            let outcome = match end.error_message {
                None => "SUCCEEDED",
                Some(_) => "FAILED",
            };
            let details = json!({
                "n": end.function.attempt,
                "outcome": outcome,
                "op": operation.operation_id,
            });
            let arn = operation.execution_arn;
            print(arn, self.name, "attempt-end", details);
        }
    }
}

/// Prints that it was called, and panics.
struct Faulty;

fn print_and_panic(arn: &str, hook: &str) {
    print(arn, "CONFPLUGIN-FAULTY", hook, json!({}));
    panic!("this plugin always panics");
}

impl Plugin for Faulty {
    fn on_invocation_start(&self, invocation: &InvocationInfo<'_>) {
        print_and_panic(invocation.execution_arn, "invocation-start");
    }

    fn on_invocation_end(&self, end: &InvocationEnd<'_>) {
        print_and_panic(end.invocation.execution_arn, "invocation-end");
    }

    fn on_operation_start(&self, operation: &OperationInfo<'_>) {
        if is_step(operation) {
            print_and_panic(operation.execution_arn, "operation-start");
        }
    }

    fn on_operation_end(&self, end: &OperationEnd<'_>) {
        if is_step(&end.operation) {
            print_and_panic(end.operation.execution_arn, "operation-end");
        }
    }

    fn on_user_function_start(&self, function: &UserFunctionInfo<'_>) {
        if is_step(&function.operation) {
            print_and_panic(function.operation.execution_arn, "attempt-start");
        }
    }

    fn on_user_function_end(&self, end: &UserFunctionEnd<'_>) {
        if is_step(&end.function.operation) {
            print_and_panic(end.function.operation.execution_arn, "attempt-end");
        }
    }
}
