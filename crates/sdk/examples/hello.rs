//! The smallest durable function: two steps with a pause between them.

use std::time::Duration;

use lambdura::{BoxError, DurableContext, StepContext, durable_execution, durable_step};

#[durable_step]
async fn greet(_: StepContext, name: String) -> Result<String, BoxError> {
    Ok(format!("hello, {name}"))
}

#[durable_step]
async fn shout(_: StepContext, greeting: String) -> Result<String, BoxError> {
    Ok(greeting.to_uppercase())
}

#[durable_execution]
async fn handler(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    let greeting = ctx.step(greet(name)).await?;
    // Printed once, although this line is replayed after the pause.
    ctx.logger().info("greeted");
    ctx.wait(Duration::from_secs(5)).name("breathe in").await?;
    Ok(ctx.step(shout(greeting)).await?)
}

#[tokio::main]
async fn main() -> Result<(), lambdura::Error> {
    lambdura::run(handler).await
}
