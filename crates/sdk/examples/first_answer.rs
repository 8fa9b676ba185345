//! Two ways to an answer and a time limit: the first end is recorded, so a replay takes it again.
//!
//! The input is how many milliseconds each of two servers takes.

use std::time::Duration;

use lambdura::{
    BoxError, DurableContext, RetryStrategy, StepContext, durable_execution, durable_step,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Delays {
    primary: u64,
    mirror: u64,
}

#[durable_step]
async fn ask(_: StepContext, server: &'static str, delay: u64) -> Result<String, BoxError> {
    tokio::time::sleep(Duration::from_millis(delay)).await;
    Ok(format!("from the {server}"))
}

#[durable_execution]
async fn handler(delays: Delays, ctx: DurableContext) -> Result<String, BoxError> {
    let ask = |server, delay| ctx.step(ask(server, delay)).retry(RetryStrategy::none());
    let answer = ctx.select_ok([ask("primary", delays.primary), ask("mirror", delays.mirror)]);
    let answer = answer.name("first answer").future().map(Some);
    let time_limit = ctx
        .wait(Duration::from_secs(5))
        .name("time limit")
        .future()
        .map(|()| None);
    let answer = ctx
        .race([answer, time_limit])
        .name("answer or time limit")
        .await?;
    Ok(answer.unwrap_or_else(|| "none in time".to_owned()))
}

#[tokio::main]
async fn main() -> Result<(), lambdura::Error> {
    lambdura::run(handler).await
}
