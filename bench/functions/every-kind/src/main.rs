//! A durable function that does the work that its event names: one kind of work for each kind of operation.
//!
//! The result of each kind follows from its number alone (`bench/crash/src/kind.rs` says the same), however often the
//! server dies on the way.

use std::time::Duration;

use every_kind::ledger;
use lambdura::{
    BoxError, Branch, CallbackError, CallbackId, DurableContext, Jitter, RetryStrategy,
    StepContext, branch, durable_execution, durable_step, wait_strategy,
};
use serde::Deserialize;
use serde_json::{Value, json};

const CHILD: &str = "EveryKindChildFunction:live";
const PLAIN: &str = "EveryKindPlainFunction";

const SECOND: Duration = Duration::from_secs(1);

/// An execution that is to be stopped takes so many steps before it waits.
const STEPS_BEFORE_STOP: u64 = 100;

/// The event.
#[derive(Clone, Deserialize)]
struct Order {
    kind: String,
    number: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambdura::Error> {
    lambdura::run(every_kind).await
}

#[durable_execution]
async fn every_kind(order: Order, ctx: DurableContext) -> Result<Value, BoxError> {
    ledger::invocation(&ctx)?;
    let number = order.number;
    match order.kind.as_str() {
        "steps" | "sync" => steps(number, &ctx).await,
        "at-most-once" => at_most_once(number, &ctx).await,
        "retries" => retries(number, &ctx).await,
        "fails" => fails(number, &ctx).await,
        "wait" => wait(number, &ctx).await,
        "callback" => callback(number, &ctx).await,
        "created-callback" => created_callback(&ctx).await,
        "invoke-durable" => invoke_durable(number, &ctx).await,
        "invoke-plain" => invoke_plain(number, &ctx).await,
        "map" => map(number, &ctx).await,
        "parallel" => parallel(number, &ctx).await,
        "condition" => condition(&ctx).await,
        "child-context" => child_context(number, &ctx).await,
        "pause" => pause(number, &ctx).await,
        "stop" => stop(number, &ctx).await,
        "child" => child(number, &ctx).await,
        other => Err(format!("there is no kind `{other}`").into()),
    }
}

/// Long enough that a server can die meanwhile.
async fn work(number: u64) {
    tokio::time::sleep(Duration::from_millis(number % 4 * 10)).await;
}

#[durable_step]
async fn add_one(step: StepContext, number: u64) -> Result<u64, BoxError> {
    ledger::step(&step)?;
    work(number).await;
    Ok(number + 1)
}

/// Attempts that a dead server interrupted count: there are enough of them for every kill to hit one.
fn as_often_as_interrupted() -> RetryStrategy {
    RetryStrategy::fixed(SECOND).max_attempts(200)
}

async fn steps(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let number = ctx.step(add_one(number)).name("one").await?;
    let number = ctx.step(add_one(number)).name("two").await?;
    let number = ctx.step(add_one(number)).name("three").await?;
    Ok(json!(number))
}

async fn once(name: &str, number: u64, ctx: &DurableContext) -> Result<u64, BoxError> {
    let step = ctx.step(add_one(number)).name(format!("once-{name}"));
    Ok(step.at_most_once().retry(as_often_as_interrupted()).await?)
}

async fn at_most_once(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let number = once("one", number, ctx).await?;
    let number = once("two", number, ctx).await?;
    Ok(json!(number))
}

/// Fails until its third attempt.
#[durable_step]
async fn third_time(step: StepContext, number: u64) -> Result<u32, BoxError> {
    ledger::step(&step)?;
    work(number).await;
    match step.attempt() {
        attempt @ 1..3 => Err(format!("attempt {attempt} is too early").into()),
        attempt => Ok(attempt),
    }
}

async fn retries(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    // An interrupted attempt is the same attempt again.
    let third = RetryStrategy::fixed(SECOND).max_attempts(3);
    let attempt = ctx
        .step(third_time(number))
        .name("third")
        .retry(third)
        .await?;
    // An interrupted attempt has failed, so which one succeeds depends on the server.
    let step = ctx.step(third_time(number)).name("once-third");
    step.at_most_once().retry(as_often_as_interrupted()).await?;
    Ok(json!(attempt))
}

#[durable_step]
async fn broken(step: StepContext) -> Result<(), BoxError> {
    ledger::step(&step)?;
    Err("broken for good".into())
}

async fn fails(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    ctx.step(add_one(number)).name("one").await?;
    let twice = RetryStrategy::fixed(SECOND).max_attempts(2);
    ctx.step(broken()).name("broken").retry(twice).await?;
    Ok(Value::Null)
}

async fn wait(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let number = ctx.step(add_one(number)).name("one").await?;
    ctx.wait(SECOND).name("first").await?;
    let number = ctx.step(add_one(number)).name("two").await?;
    ctx.wait(2 * SECOND).name("second").await?;
    Ok(json!(number))
}

/// The answer, or the word for a refusal.
fn answer(answered: Result<Value, CallbackError>) -> Result<Value, BoxError> {
    match answered {
        Ok(answer) => Ok(answer),
        Err(refused) if refused.error_type() == Some("Refused") => Ok(json!("refused")),
        Err(other) => Err(other.into()),
    }
}

async fn callback(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let submitter = |callback_id: CallbackId, step: StepContext| async move {
        ledger::submit(&step, &callback_id)?;
        work(number).await;
        Ok::<_, BoxError>(())
    };
    answer(ctx.wait_for_callback("answer", submitter).await)
}

async fn created_callback(ctx: &DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback::<Value>().name("answer").await?;
    let callback_id = callback.id().clone();
    let tell = move |step: StepContext| {
        let callback_id = callback_id.clone();
        async move { Ok::<_, BoxError>(ledger::submit(&step, &callback_id)?) }
    };
    ctx.step(tell).name("tell").await?;
    answer(callback.await)
}

async fn invoke_durable(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let order = json!({ "kind": "child", "number": number });
    let doubled: u64 = ctx.invoke(CHILD, &order).name("child").await?;
    let number = ctx.step(add_one(doubled)).name("one").await?;
    Ok(json!(number))
}

/// The execution that `invoke-durable` invokes.
async fn child(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    ctx.step(add_one(number)).name("one").await?;
    ctx.wait(SECOND).await?;
    ctx.step(add_one(number)).name("two").await?;
    Ok(json!(number * 2))
}

async fn invoke_plain(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let call = json!({ "name": ctx.execution_arn(), "number": number });
    let doubled: u64 = ctx.invoke(PLAIN, &call).name("plain").await?;
    let number = ctx.step(add_one(doubled)).name("one").await?;
    Ok(json!(number))
}

async fn map(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let mapped = ctx.map(0..4, move |ctx, item: u64| async move {
        let result = ctx.step(add_one(number + item)).name("one").await?;
        if item == 1 {
            ctx.wait(SECOND).await?;
        }
        Ok::<_, BoxError>(ctx.step(add_one(result)).name("two").await?)
    });
    let results = mapped.name("map").await?.into_results()?;
    Ok(json!(results.iter().sum::<u64>()))
}

async fn parallel(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let branches: [Branch<'_, u64>; 3] = [
        branch(move |ctx| async move { ctx.step(add_one(number)).name("one").await }),
        branch(move |ctx| async move { once("one", number, &ctx).await }),
        branch(move |ctx| async move {
            ctx.wait(SECOND).await?;
            Ok::<_, BoxError>(ctx.step(add_one(number)).name("one").await?)
        }),
    ];
    let results = ctx
        .parallel(branches)
        .name("parallel")
        .await?
        .into_results()?;
    Ok(json!(results.iter().sum::<u64>()))
}

async fn condition(ctx: &DurableContext) -> Result<Value, BoxError> {
    let check = |count: u64, step: StepContext| async move {
        ledger::step(&step)?;
        Ok::<_, BoxError>(count + 1)
    };
    let until_three = wait_strategy(|count: &u64| *count >= 3)
        .initial_delay(SECOND)
        .backoff_rate(1.0)
        .jitter(Jitter::None);
    let count = ctx.wait_for_condition(0, check, until_three);
    Ok(json!(count.name("condition").await?))
}

async fn child_context(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let outer = ctx.run_in_child_context("outer", |ctx| async move {
        let number = ctx.step(add_one(number)).name("one").await?;
        let inner = ctx.run_in_child_context("inner", |ctx| async move {
            ctx.wait(SECOND).await?;
            Ok::<_, BoxError>(ctx.step(add_one(number)).name("two").await?)
        });
        Ok::<_, BoxError>(inner.await?)
    });
    let number = outer.await?;
    let number = ctx.step(add_one(number)).name("three").await?;
    Ok(json!(number))
}

/// Has several places to be paused at.
async fn pause(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let number = ctx.step(add_one(number)).name("one").await?;
    ctx.wait(SECOND).await?;
    let number = ctx.step(add_one(number)).name("two").await?;
    ctx.wait(SECOND).await?;
    let number = ctx.step(add_one(number)).name("three").await?;
    Ok(json!(number))
}

/// Ends only when it is stopped: half of the time in the middle of its steps, otherwise while it waits.
async fn stop(number: u64, ctx: &DurableContext) -> Result<Value, BoxError> {
    let steps = if number.is_multiple_of(2) {
        STEPS_BEFORE_STOP
    } else {
        1
    };
    for index in 0..steps {
        ctx.step(add_one(index))
            .name(format!("step-{index}"))
            .await?;
    }
    ctx.wait(3600 * SECOND).await?;
    Err("nobody stopped it".into())
}
