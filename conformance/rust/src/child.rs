//! Suite `child`.

use std::time::Duration;

use lambdura::{
    BoxError, DurableContext, RetryStrategy, StepContext, durable_execution, durable_step,
};
use serde::Deserialize;

use crate::handler::{Handler, boxed};
use crate::serdes::Uppercase;
use crate::step::{always_fail, give_back, soon};

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "3-1" => boxed(basic),
        "3-2" => boxed(named),
        "3-3" => boxed(steps_in_sequence),
        "3-4" => boxed(step_fails),
        "3-5" => boxed(failure_is_caught),
        "3-6" => boxed(nested),
        "3-7" => boxed(step_is_retried),
        "3-8" => boxed(retries_exhausted),
        "3-9" => boxed(replay_skips),
        "3-10" => boxed(step_and_wait_inside),
        "3-11" => boxed(large_result),
        "3-12" => boxed(interrupted),
        "3-13" => boxed(wait_inside),
        "3-14" => boxed(custom_serdes),
        "3-15" => boxed(fails_without_a_step),
        "3-16" => boxed(nothing),
        "3-17" => boxed(logs_only),
        "3-18" => boxed(inside_and_after),
        _ => None,
    }
}

const PAUSE: Duration = Duration::from_secs(1);

#[durable_execution]
async fn basic(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context(
        "child",
        |ctx| async move { ctx.step(give_back(input)).await },
    );
    Ok(child.unnamed().await?)
}

#[derive(Deserialize)]
struct Named {
    name: String,
    value: String,
}

#[durable_execution]
async fn named(input: Named, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context(input.name, |ctx| async move {
        ctx.step(give_back(input.value)).await
    });
    Ok(child.await?)
}

#[durable_execution]
async fn steps_in_sequence(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context("steps", |ctx| async move {
        let first = ctx.step(give_back(input)).await?;
        ctx.step(give_back(first)).await
    });
    Ok(child.await?)
}

async fn failing_step(ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.step(always_fail()).retry(RetryStrategy::none()).await?)
}

#[durable_execution]
async fn step_fails((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(ctx.run_in_child_context("failing", failing_step).await?)
}

#[durable_execution]
async fn failure_is_caught(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    match ctx.run_in_child_context("failing", failing_step).await {
        Ok(result) => Ok(result),
        Err(_) => Ok(ctx.step(give_back(input)).name("recover").await?),
    }
}

#[durable_execution]
async fn nested(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let outer = ctx.run_in_child_context("outer", |ctx| async move {
        let value = ctx.step(give_back(input)).await?;
        let inner =
            ctx.run_in_child_context(
                "inner",
                |ctx| async move { ctx.step(give_back(value)).await },
            );
        Ok::<_, BoxError>(inner.await?)
    });
    Ok(outer.await?)
}

#[durable_step]
async fn succeed_in_the_end(step: StepContext, value: String) -> Result<String, BoxError> {
    if step.attempt() == 1 {
        return Err("not yet".into());
    }
    Ok(value)
}

#[durable_execution]
async fn step_is_retried(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context("retrying", |ctx| async move {
        ctx.step(succeed_in_the_end(input)).retry(soon()).await
    });
    Ok(child.await?)
}

#[durable_execution]
async fn retries_exhausted((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context("retrying", |ctx| async move {
        ctx.step(always_fail()).retry(soon().max_attempts(2)).await
    });
    Ok(child.await?)
}

#[durable_execution]
async fn replay_skips(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context(
        "child",
        |ctx| async move { ctx.step(give_back(input)).await },
    );
    let result = child.await?;
    ctx.wait(PAUSE).await?;
    Ok(result)
}

async fn step_then_wait(ctx: DurableContext, input: String) -> Result<String, BoxError> {
    let value = ctx.step(give_back(input)).await?;
    ctx.wait(PAUSE).await?;
    Ok(value)
}

#[durable_execution]
async fn step_and_wait_inside(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context("mixed", |ctx| step_then_wait(ctx, input));
    Ok(child.await?)
}

/// More than the 256 KiB up to which a context's result is stored, from the eight characters of the input.
const REPETITIONS: usize = 40_000;

#[durable_execution]
async fn large_result(input: String, ctx: DurableContext) -> Result<usize, BoxError> {
    let child = ctx.run_in_child_context("large", |ctx| async move {
        let logger = ctx.logger().heard_in_replay();
        logger.info(format_args!("making something large of {input}"));
        let small = ctx.step(give_back(input)).await?;
        Ok::<_, BoxError>(small.repeat(REPETITIONS))
    });
    let large = child.await?;
    ctx.wait(PAUSE).await?;
    Ok(large.len())
}

#[durable_execution]
async fn interrupted(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    // The step's attempt is the same before and after the crash; whether anything is recorded is not.
    let is_first_invocation = !ctx.is_replaying();
    let child = ctx.run_in_child_context("interrupted", |ctx| async move {
        let step = ctx.step(move |_: StepContext| {
            let input = input.clone();
            async move {
                if is_first_invocation {
                    // Starts of steps are recorded in the background, well within this time.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    std::process::exit(1);
                }
                Ok::<_, BoxError>(input)
            }
        });
        step.name("crash once").await
    });
    Ok(child.await?)
}

#[durable_execution]
async fn wait_inside(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context("waiting", |ctx| async move {
        ctx.wait(PAUSE).await?;
        Ok::<_, BoxError>(input)
    });
    let result = child.await?;
    Ok(ctx.step(give_back(result)).await?)
}

#[durable_execution]
async fn custom_serdes(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context("uppercase", |ctx| async move {
        ctx.step(give_back(input)).await
    });
    Ok(child.serdes(Uppercase).await?)
}

#[durable_execution]
async fn fails_without_a_step((): (), ctx: DurableContext) -> Result<(), BoxError> {
    let child = ctx.run_in_child_context("failing", |_| async {
        Err::<(), BoxError>("the child's own code fails".into())
    });
    Ok(child.await?)
}

#[durable_execution]
async fn nothing((): (), ctx: DurableContext) -> Result<(), BoxError> {
    let child = ctx.run_in_child_context("nothing", |_| async { Ok::<(), BoxError>(()) });
    Ok(child.await?)
}

#[durable_execution]
async fn logs_only(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context("logging", |ctx| async move {
        let logger = ctx.logger().heard_in_replay();
        logger.info(format_args!("returning {input}"));
        Ok::<_, BoxError>(input)
    });
    let result = child.await?;
    ctx.wait(PAUSE).await?;
    Ok(result)
}

#[durable_execution]
async fn inside_and_after(input: String, ctx: DurableContext) -> Result<String, BoxError> {
    let child = ctx.run_in_child_context("mixed", |ctx| step_then_wait(ctx, input));
    let result = child.await?;
    step_then_wait(ctx, result).await
}
