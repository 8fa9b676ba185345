//! Suite `invoke`.

use std::time::Duration;

use lambdura::{BoxError, DurableContext, Invoke, durable_execution};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::handler::{Handler, boxed};
use crate::serdes::{ReadUppercase, UppercaseJson};
use crate::step::give_back;

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "5-1" | "5-3" | "5-4" => boxed(basic),
        "5-2" => boxed(named),
        "5-5" => boxed(target_fails),
        "5-6" => boxed(failure_is_caught),
        "5-7" => boxed(large_payload),
        "5-8" => boxed(for_a_tenant),
        "5-9" => boxed(replay_skips),
        "5-10" => boxed(replay_fails_again),
        "5-11" => boxed(after_a_step),
        "5-12" => boxed(before_a_step),
        "5-13" => boxed(in_a_child_context),
        "5-14" => boxed(in_sequence),
        "5-15" => boxed(custom_payload_serdes),
        "5-16" => boxed(custom_result_serdes),
        _ => None,
    }
}

/// Which function to invoke, qualified, as durable functions must be.
pub fn target(variable: &str) -> Result<String, BoxError> {
    std::env::var(variable).map_err(|error| format!("variable `{variable}`: {error}").into())
}

fn echo(ctx: &DurableContext, payload: &Value) -> Result<Invoke<Value>, BoxError> {
    Ok(ctx.invoke(target("ECHO_FUNCTION")?, payload))
}

fn fail(ctx: &DurableContext) -> Result<Invoke<Value>, BoxError> {
    Ok(ctx.invoke(target("FAIL_FUNCTION")?, &()))
}

#[durable_execution]
async fn basic(input: Value, ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(echo(&ctx, &input)?.await?)
}

#[derive(Deserialize)]
struct Named {
    name: String,
    payload: Value,
}

#[durable_execution]
async fn named(input: Named, ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(echo(&ctx, &input.payload)?.name(input.name).await?)
}

#[durable_execution]
async fn target_fails((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(fail(&ctx)?.await?)
}

#[durable_execution]
async fn failure_is_caught((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(fail(&ctx)?.await.unwrap_or_else(|_| json!("fallback")))
}

/// Close to the 256 KiB of an asynchronous invocation's payload.
const LARGE_BYTES: usize = 250 * 1024;

#[durable_execution]
async fn large_payload((): (), ctx: DurableContext) -> Result<usize, BoxError> {
    let payload = json!("x".repeat(LARGE_BYTES));
    let echoed = echo(&ctx, &payload)?.await?;
    Ok(echoed.as_str().map_or(0, str::len))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfTenant {
    tenant_id: String,
    payload: Value,
}

#[durable_execution]
async fn for_a_tenant(input: OfTenant, ctx: DurableContext) -> Result<Value, BoxError> {
    let invoke: Invoke<Value> = ctx.invoke(target("TENANT_FUNCTION")?, &input.payload);
    Ok(invoke.tenant_id(input.tenant_id).await?)
}

#[durable_execution]
async fn replay_skips((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    let echoed = echo(&ctx, &json!("once"))?.await?;
    ctx.wait(Duration::from_secs(1)).await?;
    Ok(echoed)
}

#[durable_execution]
async fn replay_fails_again((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let message = match fail(&ctx)?.await {
        Ok(result) => format!("succeeded with {result}"),
        Err(error) => format!("caught: {error}"),
    };
    ctx.wait(Duration::from_secs(1)).await?;
    Ok(message)
}

#[durable_execution]
async fn after_a_step((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    let value = ctx.step(give_back("from the step".to_owned())).await?;
    Ok(echo(&ctx, &json!(value))?.await?)
}

#[durable_execution]
async fn before_a_step((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let echoed = echo(&ctx, &json!("from the target"))?.await?;
    Ok(ctx.step(give_back(echoed.to_string())).await?)
}

#[durable_execution]
async fn in_a_child_context((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    let child = ctx.run_in_child_context("child", |ctx| async move {
        Ok::<_, BoxError>(echo(&ctx, &json!("inside"))?.await?)
    });
    Ok(child.await?)
}

#[durable_execution]
async fn in_sequence((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    let first = echo(&ctx, &json!("first"))?.await?;
    let second = echo(&ctx, &json!("second"))?.await?;
    Ok(json!([first, second]))
}

#[durable_execution]
async fn custom_payload_serdes(input: Value, ctx: DurableContext) -> Result<Value, BoxError> {
    let invoke = echo(&ctx, &Value::Null)?;
    Ok(invoke.payload_with(&input, UppercaseJson).await?)
}

#[durable_execution]
async fn custom_result_serdes(input: Value, ctx: DurableContext) -> Result<String, BoxError> {
    let invoke: Invoke<String> = ctx.invoke(target("ECHO_FUNCTION")?, &input);
    Ok(invoke.result_serdes(ReadUppercase).await?)
}
