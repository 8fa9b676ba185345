//! Work that is long, wide, or slow. The handler is the function's `_HANDLER`.

use std::time::{Duration, Instant};

use lambdura::{BoxError, DurableContext, StepContext};
use serde::Serialize;

/// Steps whose times are compared, at the beginning and at the end.
const COMPARED: usize = 100;

/// Steps of an execution that is in flight for a while, and how long each of them takes.
const SLOW_STEPS: u32 = 10;
const SLOW_STEP: Duration = Duration::from_millis(20);

/// How long a step took when few were recorded, and when many were: medians.
#[derive(Debug, Serialize)]
struct StepTimes {
    early_micros: f64,
    late_micros: f64,
}

/// Runs `count` steps, one after the other.
async fn many_steps(count: usize, ctx: DurableContext) -> Result<StepTimes, BoxError> {
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        let began = Instant::now();
        ctx.step(move |_: StepContext| async move { Ok::<_, BoxError>(number) })
            .await?;
        times.push(began.elapsed());
    }
    if count < 2 * COMPARED {
        return Err(format!("{count} steps are too few to compare").into());
    }
    Ok(StepTimes {
        // The first steps are not counted: they pay for everything that is made once.
        early_micros: median_micros(&mut times[COMPARED / 2..COMPARED * 3 / 2]),
        late_micros: median_micros(&mut times[count - COMPARED..]),
    })
}

fn median_micros(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// Runs `count` branches at once, each of one step.
async fn fan_out(count: usize, ctx: DurableContext) -> Result<usize, BoxError> {
    let branches = ctx.map(0..count, |ctx, number| async move {
        ctx.step(move |_: StepContext| async move { Ok::<_, BoxError>(number) })
            .await
    });
    Ok(branches.await?.into_results()?.len())
}

/// Steps that take a while.
async fn slow_steps(number: u32, ctx: DurableContext) -> Result<u32, BoxError> {
    let mut sum = number;
    for _ in 0..SLOW_STEPS {
        sum = ctx
            .step(move |_: StepContext| async move {
                tokio::time::sleep(SLOW_STEP).await;
                Ok::<_, BoxError>(sum + 1)
            })
            .await?;
    }
    Ok(sum)
}

/// Waits for `seconds` between two steps.
async fn wait(seconds: u64, ctx: DurableContext) -> Result<u64, BoxError> {
    let before = move |_: StepContext| async move { Ok::<_, BoxError>(seconds) };
    let waited = ctx.step(before).name("before").await?;
    ctx.wait(Duration::from_secs(waited)).await?;
    let after = move |_: StepContext| async move { Ok::<_, BoxError>(waited) };
    Ok(ctx.step(after).name("after").await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let handler = std::env::var("_HANDLER")?;
    match handler.as_str() {
        "many-steps" => lambdura::run(many_steps).await?,
        "fan-out" => lambdura::run(fan_out).await?,
        "slow-steps" => lambdura::run(slow_steps).await?,
        "wait" => lambdura::run(wait).await?,
        other => return Err(format!("there is no handler `{other}`").into()),
    }
    Ok(())
}
