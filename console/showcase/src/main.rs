//! A durable function with a scenario for everything that the console has to show.
//!
//! The console's browser tests and pictures run on it; it is also a quick way to fill a console with something to see.

mod hostile;
mod order;
mod scenario;

use std::time::Duration;

use lambdura::{
    BoxError, CallbackId, DurableContext, ReplayFilter, RetryStrategy, StepContext,
    durable_execution, durable_step,
};
use serde_json::{Value, json};
use tracing_subscriber::filter::{FilterExt, LevelFilter};
use tracing_subscriber::layer::{Layer, SubscriberExt};

use scenario::Scenario;

/// Items of a fan-out that are worked on at once.
const FAN_OUT_CONCURRENCY: usize = 50;

#[durable_execution]
async fn showcase(scenario: Scenario, ctx: DurableContext) -> Result<Value, BoxError> {
    match scenario {
        Scenario::Quick { order } => Ok(json!({ "order": ctx.step(accept(order)).await? })),
        Scenario::Fail { message } => {
            let declined = ctx.step(decline(message)).retry(RetryStrategy::none());
            Ok(declined.await?)
        }
        Scenario::Order { order, pace } => order::run(&ctx, order, pace).await,
        Scenario::Retries { delay } => {
            let retry = RetryStrategy::fixed(Duration::from_secs(delay)).max_attempts(5);
            Ok(json!(ctx.step(third_time_lucky()).retry(retry).await?))
        }
        Scenario::Wait { seconds } => {
            ctx.wait(Duration::from_secs(seconds))
                .name("cooling-off")
                .await?;
            Ok(json!({ "waited_seconds": seconds }))
        }
        Scenario::Callback { name, timeout } => {
            let submitter = |_: CallbackId, _: StepContext| async { Ok::<(), BoxError>(()) };
            let answer = ctx.wait_for_callback::<Value, _, _, _>(name, submitter);
            Ok(answer.timeout(Duration::from_secs(timeout)).await?)
        }
        Scenario::FanOut { count } => {
            let batch = ctx.map(0..count, |ctx, item| async move {
                ctx.step(work(item, 0)).await
            });
            let batch = batch.name("fan-out").max_concurrency(FAN_OUT_CONCURRENCY);
            Ok(json!({ "done": batch.await?.success_count() }))
        }
        Scenario::Steps { count, millis } => {
            for item in 0..count {
                ctx.step(work(item, millis))
                    .name(format!("step-{item}"))
                    .await?;
            }
            Ok(json!({ "done": count }))
        }
        Scenario::Hostile => hostile::run(&ctx).await,
        Scenario::Large { bytes } => {
            Ok(json!({ "text": "All work and no play. ".repeat(bytes / 22) }))
        }
    }
}

#[durable_step]
async fn accept(_: StepContext, order: String) -> Result<String, BoxError> {
    tracing::info!(%order, "order accepted");
    Ok(order)
}

#[durable_step]
async fn decline(_: StepContext, message: String) -> Result<Value, BoxError> {
    tracing::error!(%message, "order declined");
    Err(message.into())
}

#[durable_step]
async fn third_time_lucky(step: StepContext) -> Result<u32, BoxError> {
    match step.attempt() {
        attempt @ 3.. => Ok(attempt),
        attempt => {
            tracing::warn!(attempt, "the bank did not answer");
            Err("the bank did not answer".into())
        }
    }
}

#[durable_step]
async fn work(_: StepContext, item: usize, millis: u64) -> Result<usize, BoxError> {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    Ok(item)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
    let layer = layer.with_current_span(false).with_span_list(false);
    // Lines of code that is being replayed were written before.
    let subscriber = tracing_subscriber::registry()
        .with(layer.with_filter(LevelFilter::INFO.and(ReplayFilter::new())));
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(lambdura::run(showcase).await?)
}
