//! Suite `wait_for_condition`.

use std::time::Duration;

use lambdura::{
    BackoffWaitStrategy, BoxError, DurableContext, Jitter, StepContext, WaitForCondition,
    durable_execution, durable_step, wait_strategy,
};
use serde::{Deserialize, Serialize};

use crate::handler::{Handler, boxed};
use crate::serdes::Prefixed;

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "6-1" => boxed(basic),
        "6-2" => boxed(met_at_once),
        "6-3" => boxed(named),
        "6-4" => boxed(initial_state),
        "6-5" => boxed(fixed_delay),
        "6-6" => boxed(attempts_exhausted),
        "6-7" => boxed(check_fails),
        "6-8" => boxed(failure_is_caught),
        "6-9" => boxed(object_as_state),
        "6-10" => boxed(nothing_as_state),
        "6-11" => boxed(custom_serdes),
        "6-12" => boxed(before_a_step),
        "6-13" => boxed(in_sequence),
        _ => None,
    }
}

/// The same pause after every check.
fn every<T, F: Fn(&T) -> bool>(seconds: u64, is_met: F) -> BackoffWaitStrategy<F> {
    wait_strategy(is_met)
        .initial_delay(Duration::from_secs(seconds))
        .backoff_rate(1.0)
        .jitter(Jitter::None)
}

/// Counts from `from` until `threshold`, one a check.
fn count(ctx: &DurableContext, from: i64, threshold: i64) -> WaitForCondition<'static, i64> {
    ctx.wait_for_condition(
        from,
        |state, _: StepContext| async move { Ok::<_, BoxError>(state + 1) },
        every(1, move |state: &i64| *state >= threshold),
    )
}

#[durable_execution]
async fn basic(threshold: i64, ctx: DurableContext) -> Result<i64, BoxError> {
    Ok(count(&ctx, 0, threshold).await?)
}

#[durable_execution]
async fn met_at_once(threshold: i64, ctx: DurableContext) -> Result<i64, BoxError> {
    let condition = ctx.wait_for_condition(
        5,
        |state, _: StepContext| async move { Ok::<_, BoxError>(state) },
        every(1, move |state: &i64| *state >= threshold),
    );
    Ok(condition.await?)
}

#[durable_execution]
async fn named(threshold: i64, ctx: DurableContext) -> Result<i64, BoxError> {
    Ok(count(&ctx, 0, threshold).name("poll-status").await?)
}

#[durable_execution]
async fn initial_state(threshold: i64, ctx: DurableContext) -> Result<i64, BoxError> {
    Ok(count(&ctx, 5, threshold).await?)
}

#[durable_execution]
async fn fixed_delay(threshold: i64, ctx: DurableContext) -> Result<i64, BoxError> {
    let condition = ctx.wait_for_condition(
        0,
        |state, _: StepContext| async move { Ok::<_, BoxError>(state + 1) },
        every(2, move |state: &i64| *state >= threshold),
    );
    Ok(condition.await?)
}

#[durable_execution]
async fn attempts_exhausted(from: i64, ctx: DurableContext) -> Result<i64, BoxError> {
    let condition = ctx.wait_for_condition(
        from,
        |state, _: StepContext| async move { Ok::<_, BoxError>(state + 1) },
        every(1, |_: &i64| false).max_attempts(3),
    );
    Ok(condition.await?)
}

fn failing_check(ctx: &DurableContext) -> WaitForCondition<'static, i64> {
    ctx.wait_for_condition(
        0,
        |_, _: StepContext| async { Err::<i64, BoxError>("the check fails".into()) },
        every(1, |_: &i64| false),
    )
}

#[durable_execution]
async fn check_fails((): (), ctx: DurableContext) -> Result<i64, BoxError> {
    Ok(failing_check(&ctx).await?)
}

#[durable_execution]
async fn failure_is_caught((): (), ctx: DurableContext) -> Result<String, BoxError> {
    Ok(match failing_check(&ctx).await {
        Ok(state) => state.to_string(),
        Err(_) => "recovered".to_owned(),
    })
}

#[derive(Serialize, Deserialize)]
struct Job {
    status: JobStatus,
    attempts: u32,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum JobStatus {
    Pending,
    Done,
}

#[durable_execution]
async fn object_as_state((): (), ctx: DurableContext) -> Result<Job, BoxError> {
    let submitted = Job {
        status: JobStatus::Pending,
        attempts: 0,
    };
    let check = |job: Job, _: StepContext| async move {
        let attempts = job.attempts + 1;
        let status = if attempts >= 2 {
            JobStatus::Done
        } else {
            job.status
        };
        Ok::<_, BoxError>(Job { status, attempts })
    };
    let is_done = |job: &Job| job.status == JobStatus::Done;
    let condition = ctx.wait_for_condition(submitted, check, every(1, is_done));
    Ok(condition.await?)
}

#[durable_execution]
async fn nothing_as_state((): (), ctx: DurableContext) -> Result<(), BoxError> {
    let check = |(), _: StepContext| async { Ok::<_, BoxError>(()) };
    let condition = ctx.wait_for_condition((), check, every(1, |&(): &()| true));
    Ok(condition.await?)
}

#[durable_execution]
async fn custom_serdes((): (), ctx: DurableContext) -> Result<String, BoxError> {
    let check = |state: String, _: StepContext| async move { Ok::<_, BoxError>(state + "x") };
    let is_long_enough = |state: &String| state.len() >= 2;
    let condition = ctx.wait_for_condition(String::new(), check, every(1, is_long_enough));
    Ok(condition.serdes(Prefixed("state:")).await?)
}

#[durable_step]
async fn times_ten(_: StepContext, number: i64) -> Result<i64, BoxError> {
    Ok(number * 10)
}

#[durable_execution]
async fn before_a_step(threshold: i64, ctx: DurableContext) -> Result<i64, BoxError> {
    let counted = count(&ctx, 0, threshold).await?;
    Ok(ctx.step(times_ten(counted)).await?)
}

#[durable_execution]
async fn in_sequence((): (), ctx: DurableContext) -> Result<i64, BoxError> {
    let first = count(&ctx, 0, 2).await?;
    Ok(count(&ctx, first, 4).await?)
}
