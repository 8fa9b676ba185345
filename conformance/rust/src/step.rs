//! Suite `step`.

use std::time::Duration;

use lambdura::{
    BoxError, DurableContext, Jitter, RetryStrategy, StepContext, durable_execution, durable_step,
};
use serde::{Deserialize, Serialize};

use crate::handler::{Handler, boxed};
use crate::serdes::Uppercase;

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "1-1" => boxed(basic),
        "1-2" => boxed(named),
        "1-3" => boxed(in_sequence),
        "1-4" => boxed(complex_object),
        "1-5" => boxed(nothing),
        "1-6" => boxed(custom_serdes),
        "1-7" => boxed(logging),
        "1-8" => boxed(then_wait),
        "1-9" => boxed(replay_skips),
        "1-10" => boxed(replay_fails_again),
        "1-11" => boxed(fails_then_succeeds),
        "1-12" => boxed(retries_exhausted),
        "1-13" => boxed(default_retries),
        "1-14" => boxed(growing_delays),
        "1-15" => boxed(retries_transient_errors),
        "1-16" => boxed(gives_up_on_transient_errors),
        "1-17" => boxed(interrupted_for_good),
        "1-18" => boxed(interrupted_and_retried),
        "1-19" => boxed(fails),
        "1-20" => boxed(failure_is_caught),
        _ => None,
    }
}

#[durable_step]
async fn greet(_: StepContext, name: String) -> Result<String, BoxError> {
    Ok(format!("Hello, {name}!"))
}

/// A step that never succeeds.
#[durable_step]
pub async fn always_fail(_: StepContext) -> Result<String, BoxError> {
    Err("this step always fails".into())
}

/// A step that fails before attempt number `until`.
#[durable_step]
pub async fn unreliable(step: StepContext, until: u32) -> Result<String, BoxError> {
    if step.attempt() < until {
        return Err(format!("attempt {} fails", step.attempt()).into());
    }
    Ok("Operation succeeded".to_owned())
}

/// Steps that are tried again are tried again soon: nobody waits for the tests longer than needed.
pub fn soon() -> RetryStrategy {
    RetryStrategy::fixed(Duration::from_secs(1))
}

#[durable_execution]
async fn basic(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(greet(name)).await?)
}

#[durable_execution]
async fn named(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(greet(name)).name("custom_step_name").await?)
}

#[durable_step]
async fn step_one(_: StepContext) -> Result<String, BoxError> {
    Ok("first".to_owned())
}

#[durable_step]
async fn step_two(_: StepContext, before: String) -> Result<String, BoxError> {
    Ok(format!("{before}_second"))
}

#[durable_execution]
async fn in_sequence((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let before = ctx.step(step_one()).await?;
    Ok(ctx.step(step_two(before)).await?)
}

#[derive(Clone, Serialize, Deserialize)]
struct User {
    name: String,
    tags: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Counted {
    count: usize,
    user: User,
}

#[durable_step]
async fn build_response(_: StepContext, user: User) -> Result<Counted, BoxError> {
    let count = user.tags.len();
    Ok(Counted { count, user })
}

#[durable_execution]
async fn complex_object(user: User, ctx: DurableContext) -> Result<Counted, BoxError> {
    Ok(ctx.step(build_response(user)).await?)
}

#[durable_step]
async fn do_nothing(_: StepContext) -> Result<(), BoxError> {
    Ok(())
}

#[durable_execution]
async fn nothing((): (), ctx: DurableContext) -> Result<(), BoxError> {
    Ok(ctx.step(do_nothing()).await?)
}

/// A step that returns what it is given.
#[durable_step]
pub async fn give_back(_: StepContext, value: String) -> Result<String, BoxError> {
    Ok(value)
}

#[durable_execution]
async fn custom_serdes(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(give_back(input)).serdes(Uppercase).await?)
}

#[durable_step]
async fn greet_aloud(step: StepContext, name: String) -> Result<String, BoxError> {
    let logger = step.logger();
    logger.info(format_args!("Greeting step started for: {name}"));
    let greeting = format!("Hello, {name}!");
    logger.info(format_args!("Greeting step completed with: {greeting}"));
    Ok(greeting)
}

#[durable_execution]
async fn logging(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(greet_aloud(name)).await?)
}

#[durable_step]
async fn compute(step: StepContext, value: String) -> Result<String, BoxError> {
    step.logger().info("step executed");
    Ok(value)
}

#[durable_execution]
async fn then_wait((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let computed = ctx.step(compute("computed".to_owned())).await?;
    ctx.wait(Duration::from_secs(2)).await?;
    Ok(computed)
}

#[durable_execution]
async fn replay_skips((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let value = ctx.step(compute("cached_value".to_owned())).await?;
    ctx.wait(Duration::from_secs(1)).await?;
    Ok(value)
}

#[durable_step]
async fn fail_aloud(step: StepContext) -> Result<(), BoxError> {
    step.logger().info("step executed");
    Err("this step fails".into())
}

#[durable_execution]
async fn replay_fails_again((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let failure = ctx.step(fail_aloud()).retry(RetryStrategy::none()).await;
    ctx.wait(Duration::from_secs(1)).await?;
    Ok(match failure {
        Ok(()) => "the step succeeded".to_owned(),
        Err(error) => format!("caught: {error}"),
    })
}

#[durable_execution]
async fn fails_then_succeeds((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(unreliable(2)).retry(soon()).await?)
}

#[durable_execution]
async fn retries_exhausted((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx
        .step(always_fail())
        .retry(soon().max_attempts(4))
        .await?)
}

#[durable_execution]
async fn default_retries((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(unreliable(3)).await?)
}

#[durable_execution]
async fn growing_delays((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let strategy = RetryStrategy::exponential()
        .max_attempts(5)
        .initial_delay(Duration::from_secs(2))
        .backoff_rate(3.0)
        .jitter(Jitter::None);
    Ok(ctx.step(unreliable(3)).retry(strategy).await?)
}

#[derive(Debug, thiserror::Error)]
#[error("come back later")]
struct TransientError;

#[durable_step]
async fn transient(step: StepContext) -> Result<String, TransientError> {
    if step.attempt() == 1 {
        return Err(TransientError);
    }
    Ok("recovered".to_owned())
}

#[durable_execution]
async fn retries_transient_errors((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let strategy = soon().retry_if(|error| error.error_type() == Some("TransientError"));
    Ok(ctx.step(transient()).retry(strategy).await?)
}

#[durable_execution]
async fn gives_up_on_transient_errors((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let strategy = soon().retry_if(|error| error.error_type() != Some("TransientError"));
    Ok(ctx.step(transient()).retry(strategy).await?)
}

/// Ends the process as a crash would, in the first attempt.
#[durable_step(name = "at_most_once_flaky_step")]
async fn crash_once(step: StepContext, input: String) -> Result<String, BoxError> {
    step.logger().info(format_args!("working on {input}"));
    if step.attempt() == 1 {
        std::process::exit(1);
    }
    Ok("succeeded on second attempt".to_owned())
}

#[durable_execution]
async fn interrupted_for_good(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let step = ctx.step(crash_once(input)).at_most_once();
    Ok(step.retry(RetryStrategy::none()).await?)
}

#[durable_execution]
async fn interrupted_and_retried(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let step = ctx.step(crash_once(input)).at_most_once();
    Ok(step.retry(soon()).await?)
}

#[durable_execution]
async fn fails((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(always_fail()).retry(RetryStrategy::none()).await?)
}

#[durable_execution]
async fn failure_is_caught((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let failed = ctx.step(always_fail()).retry(RetryStrategy::none()).await;
    let value = failed.unwrap_or_else(|_| "fallback_result".to_owned());
    Ok(ctx.step(give_back(value)).await?)
}
