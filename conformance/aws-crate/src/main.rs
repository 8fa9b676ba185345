//! Every operation of AWS's own Rust crate, one after the other; each puts what it came to into the result.

use std::time::Duration;

use aws_durable_execution_sdk as durable;
use durable::builders::wait_for_condition::WaitDecision;
use durable::{BoxError, Branch, DurableContext, RetryDecision, Settled, StepSemantics};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    durable::run(tour).await
}

async fn tour(event: Value, ctx: DurableContext) -> Result<Value, BoxError> {
    if event["fail"] == true {
        return Err("asked to fail".into());
    }
    Ok(json!({
        "step": steps(&ctx).await?,
        "wait": waits(&ctx).await?,
        "child": children(&ctx).await?,
        "batches": batches(&ctx).await?,
        "combinators": combinators(&ctx).await?,
        "invoke": invokes(&ctx, &event).await?,
        "callbacks": callbacks(&ctx).await?,
    }))
}

async fn steps(ctx: &DurableContext) -> Result<Value, BoxError> {
    let first = ctx.step(|_| async { Ok(41_u32) }).name("first").await?;
    let flaky = ctx
        .step(|step| async move {
            let attempt = step.attempt();
            if attempt < 3 {
                return Err(format!("attempt {attempt}").into());
            }
            Ok(attempt)
        })
        .name("flaky")
        .retry_strategy(|_error, attempt| {
            if attempt < 3 {
                RetryDecision::Retry {
                    delay: Duration::from_secs(1),
                }
            } else {
                RetryDecision::Stop
            }
        })
        .semantics(StepSemantics::AtMostOncePerRetry)
        .await?;
    let lost = ctx
        .step(|_| async { Err::<u32, BoxError>("never".into()) })
        .name("lost")
        .retry_strategy(|_error, _attempt| RetryDecision::Stop)
        .await;
    Ok(json!({ "first": first + 1, "flaky": flaky, "lost": lost.is_err() }))
}

async fn waits(ctx: &DurableContext) -> Result<Value, BoxError> {
    ctx.wait(Duration::from_secs(1)).name("pause").await?;
    let polled = ctx
        .wait_for_condition(|_context, state: i32| async move { Ok(state + 1) }, 0)
        .wait_strategy_fn(|state: i32, _attempt| {
            if state >= 3 {
                WaitDecision::complete()
            } else {
                WaitDecision::continue_with(Duration::from_secs(1))
            }
        })
        .name("poll")
        .await?;
    Ok(json!(polled))
}

async fn children(ctx: &DurableContext) -> Result<Value, BoxError> {
    let child = ctx
        .run_in_child_context(|child| async move {
            Ok(child.step(|_| async { Ok(7_u32) }).name("inside").await?)
        })
        .name("child")
        .await?;
    let block = ctx
        .with_retry(|child| async move {
            Ok(child.step(|_| async { Ok(8_u32) }).name("in-block").await?)
        })
        .name("block")
        .await?;
    Ok(json!([child, block]))
}

async fn batches(ctx: &DurableContext) -> Result<Value, BoxError> {
    let mapped: Vec<u32> = ctx
        .map(vec![1_u32, 2, 3], |child, item: u32, _index| async move {
            Ok(child
                .step(move |_| async move { Ok(item * 10) })
                .name("ten")
                .await?)
        })
        .name("map")
        .max_concurrency(2)
        .await?;
    let branches: Vec<Branch<u32>> = vec![
        Branch::new("double", |child| async move {
            Ok(child.step(|_| async { Ok(42_u32) }).name("compute").await?)
        }),
        Branch::new("later", |child| async move {
            child.wait(Duration::from_secs(1)).name("cooldown").await?;
            Ok(100_u32)
        }),
    ];
    let parallel: Vec<u32> = ctx.parallel(branches).name("parallel").await?;
    Ok(json!({ "map": mapped, "parallel": parallel }))
}

async fn combinators(ctx: &DurableContext) -> Result<Value, BoxError> {
    let number = |name: &str, value: u32| {
        ctx.step(move |_| async move { Ok(value) })
            .name(name.to_owned())
            .future()
    };
    let all: Vec<u32> = ctx
        .try_join_all([number("a", 1), number("b", 2)])
        .name("all")
        .await?;
    let bad = ctx
        .step(|_| async { Err::<u32, BoxError>("bad".into()) })
        .name("bad")
        .retry_strategy(|_error, _attempt| RetryDecision::Stop)
        .future();
    let settled: Vec<Settled<u32>> = ctx
        .join_all([number("good", 3), bad])
        .name("settled")
        .await?;
    // One only: version 0.1.0 drops a loser's checkpoint in flight, and its next one presents a token that the
    // service has replaced.
    let any: u32 = ctx.select_ok([number("c", 4)]).name("any").await?;
    Ok(json!({ "all": all, "settled": settled.len(), "any": any }))
}

async fn invokes(ctx: &DurableContext, event: &Value) -> Result<Value, BoxError> {
    let function = event["plain"].as_str().unwrap_or_default().to_owned();
    let answered: Value = ctx
        .invoke::<Value, _>(function, json!({ "question": 6 }))
        .name("ask")
        .await?;
    let missing = ctx
        .invoke::<Value, _>("no-such-function:1", json!({}))
        .name("missing")
        .await;
    Ok(json!({ "answered": answered, "missing": missing.is_err() }))
}

async fn callbacks(ctx: &DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback::<String>().name("created").await?;
    let created = callback.result().await?;
    let submitted: String = ctx
        .wait_for_callback::<String, _, _>(|_step, callback_id| async move {
            println!("submitted {}", callback_id.len());
            Ok(())
        })
        .name("submitted")
        .timeout(Duration::from_secs(60))
        .await?;
    let late = ctx
        .wait_for_callback::<String, _, _>(|_step, _callback_id| async move { Ok(()) })
        .name("late")
        .timeout(Duration::from_secs(1))
        .await;
    Ok(json!([created, submitted, late.is_err()]))
}
