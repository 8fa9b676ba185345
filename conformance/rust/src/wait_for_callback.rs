//! Suite `wait_for_callback`.

use std::time::Duration;

use lambdura::{
    BoxError, CallbackId, DurableContext, StepContext, WaitForCallback, durable_execution,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::handler::{Handler, boxed};
use crate::step::{give_back, soon};

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "7-1" | "7-4" | "7-15" => boxed(basic),
        "7-2" => boxed(named),
        "7-3" => boxed(unnamed),
        "7-5" => boxed(times_out),
        "7-6" => boxed(failure_is_caught),
        "7-7" => boxed(submitter_fails),
        "7-8" => boxed(in_a_child_context),
        "7-9" => boxed(in_sequence),
        "7-10" => boxed(after_other_operations),
        "7-11" => boxed(object_as_result),
        "7-12" => boxed(heartbeat_times_out),
        "7-13" => boxed(heartbeat_keeps_alive),
        "7-14" => boxed(timeout_is_caught),
        _ => None,
    }
}

/// Waits for a callback that the validator completes; nobody else needs to be told of its id.
fn wait<T: DeserializeOwned + Send>(
    ctx: &DurableContext,
    name: impl Into<String>,
) -> WaitForCallback<'static, T> {
    let submitter = |_: CallbackId, _: StepContext| async { Ok::<(), BoxError>(()) };
    ctx.wait_for_callback(name, submitter)
}

#[durable_execution]
async fn basic(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(wait(&ctx, name).await?)
}

#[durable_execution]
async fn named((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(wait(&ctx, "approval").await?)
}

#[durable_execution]
async fn unnamed((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(wait(&ctx, "none").unnamed().await?)
}

#[durable_execution]
async fn times_out(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(wait(&ctx, name).timeout(Duration::from_secs(3)).await?)
}

#[durable_execution]
async fn failure_is_caught(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    Ok(match wait::<Value>(&ctx, name).await {
        Ok(result) => result.to_string(),
        Err(_) => "recovered".to_owned(),
    })
}

#[durable_execution]
async fn submitter_fails(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let submitter = |_: CallbackId, _: StepContext| async {
        Err::<(), BoxError>("nobody takes the callback id".into())
    };
    let waiting = ctx.wait_for_callback(name, submitter);
    Ok(waiting.retry(soon().max_attempts(2)).await?)
}

#[durable_execution]
async fn in_a_child_context(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let child =
        ctx.run_in_child_context(
            "wrapper",
            |ctx| async move { wait::<Value>(&ctx, name).await },
        );
    Ok(child.await?)
}

#[durable_execution]
async fn in_sequence((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    wait::<Value>(&ctx, "first").await?;
    Ok(wait(&ctx, "second").await?)
}

#[durable_execution]
async fn after_other_operations(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    ctx.wait(Duration::from_secs(1)).await?;
    ctx.step(give_back("fixed data".to_owned())).await?;
    Ok(wait(&ctx, name).await?)
}

#[derive(Deserialize)]
struct Decision {
    status: String,
}

#[durable_execution]
async fn object_as_result(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    let decision: Decision = wait(&ctx, name).await?;
    Ok(decision.status)
}

#[durable_execution]
async fn heartbeat_times_out(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let waiting = wait(&ctx, name);
    Ok(waiting.heartbeat_timeout(Duration::from_secs(5)).await?)
}

#[durable_execution]
async fn heartbeat_keeps_alive(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let waiting = wait(&ctx, name);
    Ok(waiting.heartbeat_timeout(Duration::from_secs(10)).await?)
}

#[durable_execution]
async fn timeout_is_caught(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    let waiting = wait::<Value>(&ctx, name).timeout(Duration::from_secs(3));
    Ok(match waiting.await {
        Ok(result) => result.to_string(),
        Err(_) => "timed-out-handled".to_owned(),
    })
}
