//! Ten steps, one after the other, that do next to nothing: almost all of their time is the cost of durability.

use lambdura::{BoxError, DurableContext, StepContext, durable_execution, durable_step};

const STEPS: usize = 10;

#[durable_step]
async fn add_one(_step: StepContext, number: u64) -> Result<u64, BoxError> {
    Ok(number + 1)
}

/// Adds ten to its event. Each step needs the result of the one before, so none can share its checkpoint.
#[durable_execution]
async fn ten_steps(mut number: u64, ctx: DurableContext) -> Result<u64, BoxError> {
    for _ in 0..STEPS {
        number = ctx.step(add_one(number)).await?;
    }
    Ok(number)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambdura::Error> {
    lambdura::run(ten_steps).await
}
