//! What chained invokes call: durable functions themselves, because the requirements look for their executions.

use std::time::Duration;

use lambdura::{BoxError, DurableContext, durable_execution};
use serde_json::Value;

use crate::handler::{Handler, boxed};

pub fn handler(name: &str) -> Option<Handler> {
    match name {
        "echo" => boxed(echo),
        "fail" => boxed(fail),
        _ => None,
    }
}

/// The requirements want the caller suspended before its target ends. On AWS a target takes long enough to start; here it
/// can be faster than the caller's answer.
const CALLER_SUSPENDS_WITHIN: Duration = Duration::from_secs(1);

#[durable_execution]
async fn echo(event: Value, ctx: DurableContext) -> Result<Value, BoxError> {
    ctx.wait(CALLER_SUSPENDS_WITHIN).await?;
    Ok(event)
}

#[durable_execution]
async fn fail(_: Value, ctx: DurableContext) -> Result<Value, BoxError> {
    ctx.wait(CALLER_SUSPENDS_WITHIN).await?;
    Err("this function always fails".into())
}
