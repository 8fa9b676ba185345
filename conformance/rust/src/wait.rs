//! Suite `wait`.

use std::time::Duration;

use lambdura::{BoxError, DurableContext, durable_execution};
use serde_json::{Value, json};

use crate::handler::{Handler, boxed};

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "2-1" => boxed(basic),
        "2-2" => boxed(named),
        "2-3" => boxed(in_sequence),
        "2-4" => boxed(a_minute),
        "2-5" => boxed(an_hour),
        _ => None,
    }
}

#[durable_execution]
async fn basic((): (), ctx: DurableContext) -> Result<(), BoxError> {
    Ok(ctx.wait(Duration::from_secs(2)).await?)
}

#[durable_execution]
async fn named((): (), ctx: DurableContext) -> Result<(), BoxError> {
    let wait = ctx.wait(Duration::from_secs(2));
    Ok(wait.name("custom_wait_name").await?)
}

#[durable_execution]
async fn in_sequence((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    ctx.wait(Duration::from_secs(2)).name("wait-1").await?;
    ctx.wait(Duration::from_secs(2)).name("wait-2").await?;
    Ok(json!({ "completedWaits": 2 }))
}

#[durable_execution]
async fn a_minute((): (), ctx: DurableContext) -> Result<(), BoxError> {
    Ok(ctx.wait(Duration::from_secs(60)).await?)
}

#[durable_execution]
async fn an_hour((): (), ctx: DurableContext) -> Result<(), BoxError> {
    Ok(ctx.wait(Duration::from_secs(60 * 60)).await?)
}
