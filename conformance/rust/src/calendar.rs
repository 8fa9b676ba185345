//! Work that takes months, for a clock that is wound: the same as in `calendar/python` and `calendar/node`.

use std::time::Duration;

use lambdura::{
    BoxError, CallbackId, DurableContext, RetryStrategy, StepContext, branch, durable_execution,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::handler::{Handler, boxed};

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);

pub fn handler(name: &str) -> Option<Handler> {
    match name {
        "calendar" => boxed(work),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Event {
    r#do: String,
}

#[durable_execution]
async fn work(event: Event, ctx: DurableContext) -> Result<Value, BoxError> {
    match event.r#do.as_str() {
        "branches" => branches(ctx).await,
        "subscribe" => subscribe(ctx).await,
        "approve" => approve(ctx).await,
        other => Err(format!("there is no `{other}`").into()),
    }
}

/// Three branches, which wake in the order of their times.
async fn branches(ctx: DurableContext) -> Result<Value, BoxError> {
    let later = |name: &'static str, length: Duration| {
        branch(move |ctx: DurableContext| async move {
            ctx.wait(length).name(format!("wait {name}")).await?;
            let nothing = |_: StepContext| async { Ok::<_, BoxError>(()) };
            Ok::<_, BoxError>(ctx.step(nothing).name(name).await?)
        })
    };
    let short = branch(|ctx: DurableContext| async move {
        let sleep = |_: StepContext| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok::<_, BoxError>(())
        };
        Ok::<_, BoxError>(ctx.step(sleep).name("short").await?)
    });
    let (hours, minute) = (Duration::from_hours(2), Duration::from_mins(1));
    let all = [later("hours", hours), short, later("minute", minute)];
    ctx.parallel(all).name("three").await?.into_results()?;
    Ok(Value::Null)
}

/// A charge each month, until somebody cancels or the year is over.
async fn subscribe(ctx: DurableContext) -> Result<Value, BoxError> {
    for month in 1..=12 {
        let charge = move |step: StepContext| async move {
            if month == 3 && step.attempt() == 1 {
                return Err::<(), BoxError>("the bank is closed".into());
            }
            Ok(())
        };
        let next_day = RetryStrategy::fixed(DAY).max_attempts(2);
        ctx.step(charge)
            .name(format!("charge {month}"))
            .retry(next_day)
            .await?;
        let cancelled = ctx.create_callback().name(format!("cancel {month}"));
        let cancelled = cancelled.timeout(MONTH).await?;
        let cancelled: Result<Value, _> = cancelled.await;
        // An error: nobody did within the month.
        if let Ok(why) = cancelled {
            return Ok(json!({"charged": month, "why": why}));
        }
    }
    Ok(json!({"charged": 12, "why": null}))
}

/// A score from a function that is elsewhere, a check that fails, a manager who takes his time.
async fn approve(ctx: DurableContext) -> Result<Value, BoxError> {
    let asked = ctx
        .invoke("CreditBureau", &json!({"name": "Ada"}))
        .name("bureau");
    let bureau: Value = asked.await?;
    let submit = |_: CallbackId, _: StepContext| async { Ok::<(), BoxError>(()) };
    let checked: Result<Value, _> = ctx.wait_for_callback("fraud check", submit).await;
    let suspicion = checked.err().map(|error| error.to_string());
    let answer: Value = ctx.wait_for_callback("manager", submit).await?;
    Ok(json!({"score": bureau["score"], "suspicion": suspicion, "answer": answer}))
}
