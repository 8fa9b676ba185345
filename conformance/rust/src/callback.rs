//! Suite `callback`.

use std::time::Duration;

use lambdura::{BoxError, Callback, DurableContext, SerDes, SerDesContext, durable_execution};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::handler::{Handler, boxed};
use crate::step::give_back;

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "4-1" | "4-6" => boxed(basic),
        "4-2" => boxed(named),
        "4-3" => boxed(times_out),
        "4-4" => boxed(heartbeat_times_out),
        "4-5" => boxed(heartbeat_keeps_alive),
        "4-7" => boxed(step_in_between),
        "4-8" => boxed(step_in_between_and_timeout),
        "4-9" | "4-10" => boxed(wait_in_between),
        "4-11" => boxed(wait_in_between_and_timeout),
        "4-12" => boxed(then_wait),
        "4-13" => boxed(failure_is_caught),
        "4-14" => boxed(timeout_is_caught),
        "4-15" => boxed(typed_result),
        "4-16" => boxed(number_result),
        "4-17" => boxed(one_after_the_other),
        "4-18" => boxed(both_at_once),
        "4-19" => boxed(both_at_once_backwards),
        _ => None,
    }
}

const FIVE_SECONDS: Duration = Duration::from_secs(5);

async fn create(ctx: &DurableContext, name: String) -> Result<Callback<Value>, BoxError> {
    Ok(ctx.create_callback().name(name).await?)
}

#[durable_execution]
async fn basic(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(create(&ctx, name).await?.await?)
}

#[durable_execution]
async fn named((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    Ok(create(&ctx, "approval".to_owned()).await?.await?)
}

#[durable_execution]
async fn times_out(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback().name(name).timeout(FIVE_SECONDS);
    Ok(callback.await?.await?)
}

#[durable_execution]
async fn heartbeat_times_out(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback().name(name);
    Ok(callback.heartbeat_timeout(FIVE_SECONDS).await?.await?)
}

#[durable_execution]
async fn heartbeat_keeps_alive(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback().name(name);
    let callback = callback.heartbeat_timeout(Duration::from_secs(10));
    Ok(callback.await?.await?)
}

#[durable_execution]
async fn step_in_between(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = create(&ctx, name).await?;
    ctx.step(give_back("meanwhile".to_owned())).await?;
    Ok(callback.await?)
}

#[durable_execution]
async fn step_in_between_and_timeout(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback().name(name).timeout(FIVE_SECONDS);
    let callback = callback.await?;
    ctx.step(give_back("meanwhile".to_owned())).await?;
    Ok(callback.await?)
}

#[durable_execution]
async fn wait_in_between(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = create(&ctx, name).await?;
    ctx.wait(FIVE_SECONDS).await?;
    Ok(callback.await?)
}

#[durable_execution]
async fn wait_in_between_and_timeout(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback().name(name);
    let callback = callback.timeout(Duration::from_secs(3)).await?;
    ctx.wait(Duration::from_secs(6)).await?;
    Ok(callback.await?)
}

#[durable_execution]
async fn then_wait(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let result = create(&ctx, name).await?.await?;
    ctx.wait(Duration::from_secs(2)).await?;
    Ok(result)
}

#[durable_execution]
async fn failure_is_caught(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    let callback = create(&ctx, name).await?;
    let message = match callback.await {
        Ok(result) => format!("completed with {result}"),
        Err(error) => format!("caught: {error}"),
    };
    ctx.wait(Duration::from_secs(2)).await?;
    Ok(message)
}

#[durable_execution]
async fn timeout_is_caught(name: String, ctx: DurableContext) -> Result<String, BoxError> {
    let callback = ctx.create_callback::<Value>().name(name);
    let callback = callback.timeout(Duration::from_secs(3)).await?;
    let message = match callback.await {
        Ok(result) => format!("completed with {result}"),
        Err(error) => format!("caught: {:?}", error.kind()),
    };
    ctx.wait(Duration::from_secs(2)).await?;
    Ok(message)
}

/// What the sender sends, with its time in a form that can be counted with.
#[derive(Serialize, Deserialize)]
struct Received {
    id: String,
    message: String,
    /// Seconds since 1970.
    timestamp: i64,
}

struct ReadReceived;

impl SerDes<Received> for ReadReceived {
    fn serialize(&self, value: &Received, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(serde_json::to_string(value)?)
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<Received, BoxError> {
        #[derive(Deserialize)]
        struct Sent {
            id: String,
            message: String,
            timestamp: String,
        }

        let sent: Sent = serde_json::from_str(text)?;
        let timestamp: jiff::Timestamp = sent.timestamp.parse()?;
        Ok(Received {
            id: sent.id,
            message: sent.message,
            timestamp: timestamp.as_second(),
        })
    }
}

#[durable_execution]
async fn typed_result(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback().name(name).serdes(ReadReceived);
    let received: Received = callback.await?.await?;
    Ok(json!({ "received": received }))
}

struct ReadNumber;

impl SerDes<i64> for ReadNumber {
    fn serialize(&self, value: &i64, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(value.to_string())
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<i64, BoxError> {
        Ok(text.trim_matches('"').parse()?)
    }
}

#[durable_execution]
async fn number_result(name: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let callback = ctx.create_callback().name(name).serdes(ReadNumber);
    let count = callback.await?.await?;
    Ok(json!({ "count": count, "doubled": count * 2 }))
}

type Two = (String, String);

#[durable_execution]
async fn one_after_the_other((a, b): Two, ctx: DurableContext) -> Result<[Value; 2], BoxError> {
    let a = create(&ctx, a).await?.await?;
    let b = create(&ctx, b).await?.await?;
    Ok([a, b])
}

#[durable_execution]
async fn both_at_once((a, b): Two, ctx: DurableContext) -> Result<[Value; 2], BoxError> {
    let a = create(&ctx, a).await?;
    let b = create(&ctx, b).await?;
    Ok([a.await?, b.await?])
}

#[durable_execution]
async fn both_at_once_backwards((a, b): Two, ctx: DurableContext) -> Result<[Value; 2], BoxError> {
    let a = create(&ctx, a).await?;
    let b = create(&ctx, b).await?;
    let b = b.await?;
    Ok([a.await?, b])
}
