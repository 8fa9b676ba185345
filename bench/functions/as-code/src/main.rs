//! Durable functions that do what the state machines of `bench/machines/template.yaml` do. `_HANDLER` names one.

use lambdura::{BoxError, DurableContext, StepContext};

/// States, steps or calls, one after the other.
const TIMES: usize = 10;

/// The plain function that is called.
const ADD_ONE: &str = "AddOneFunction";

/// Each step needs the result of the one before, so none can share its checkpoint.
async fn ten_steps(mut number: u64, ctx: DurableContext) -> Result<u64, BoxError> {
    for _ in 0..TIMES {
        number = ctx.step(add_one(number)).name("step").await?;
    }
    Ok(number)
}

async fn ten_calls(mut number: u64, ctx: DurableContext) -> Result<u64, BoxError> {
    for _ in 0..TIMES {
        number = ctx.invoke(ADD_ONE, &number).name("call").await?;
    }
    Ok(number)
}

/// One step for each item.
async fn map(items: Vec<u64>, ctx: DurableContext) -> Result<Vec<u64>, BoxError> {
    let mapped = ctx.map(items, |ctx, item: u64| async move {
        Ok::<_, BoxError>(ctx.step(add_one(item)).name("step").await?)
    });
    Ok(mapped.name("map").await?.into_results()?)
}

fn add_one(
    number: u64,
) -> impl Fn(StepContext) -> std::future::Ready<Result<u64, BoxError>> + Send + Sync + use<> {
    move |_| std::future::ready(Ok(number + 1))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambdura::Error> {
    match std::env::var("_HANDLER").as_deref() {
        Ok("ten-calls") => lambdura::run(ten_calls).await,
        Ok("map") => lambdura::run(map).await,
        _ => lambdura::run(ten_steps).await,
    }
}
