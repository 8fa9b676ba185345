//! Invocations of one process at a time: two that wait for each other, and one that panics meanwhile.

use std::sync::LazyLock;

use lambdura::{BoxError, DurableContext, StepContext, durable_execution, durable_step};
use tokio::sync::Barrier;

static BOTH: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(2));

#[durable_step]
async fn meet(_: StepContext, name: String) -> Result<String, BoxError> {
    BOTH.wait().await;
    Ok(format!("{name} was not alone"))
}

#[durable_execution]
async fn handler(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    assert!(name != "Mallory", "Mallory is not welcome");
    ctx.logger().info(format!("hello, {name}"));
    Ok(ctx.step(meet(name)).await?)
}

#[tokio::main]
async fn main() -> Result<(), lambdura::Error> {
    lambdura::run(handler).await
}
