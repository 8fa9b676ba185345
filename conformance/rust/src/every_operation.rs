//! A function that uses every operation once, for services that nobody wrote requirements for.

use std::time::Duration;

use lambdura::{
    BoxError, CallbackId, DurableContext, Jitter, Nesting, StepContext, durable_execution,
    wait_strategy,
};
use serde_json::{Value, json};

use crate::handler::{Handler, boxed};
use crate::invoke::target;
use crate::step::{give_back, soon, unreliable};

pub fn handler(name: &str) -> Option<Handler> {
    match name {
        "every-operation" => boxed(every_operation),
        _ => None,
    }
}

const PAUSE: Duration = Duration::from_secs(1);

/// More than the 256 KiB up to which a context's result is stored.
const LARGE_BYTES: usize = 300 * 1024;

#[durable_execution]
async fn every_operation(input: String, ctx: DurableContext) -> Result<Value, BoxError> {
    let retried = ctx.step(unreliable(2)).retry(soon()).await?;
    ctx.wait(PAUSE).name("pause").await?;

    let child = ctx.run_in_child_context("child", |ctx| async move {
        let value = ctx.step(give_back(input)).await?;
        ctx.wait(PAUSE).await?;
        Ok::<_, BoxError>(value)
    });
    let child = child.await?;

    let large = ctx.run_in_child_context("large", |ctx| async move {
        let letter = ctx.step(give_back("x".to_owned())).await?;
        Ok::<_, BoxError>(letter.repeat(LARGE_BYTES))
    });
    let large = large.await?.len();

    let mapped = ctx.map(["a", "b", "c"], |ctx, item| async move {
        if item == "b" {
            ctx.wait(PAUSE).await?;
        }
        Ok::<_, BoxError>(ctx.step(give_back(item.to_owned())).await?)
    });
    let mapped = mapped.name("map").max_concurrency(2).await?;
    let mapped = mapped.into_results()?;

    let flat = ctx.map(["d", "e"], |ctx, item| async move {
        ctx.wait(PAUSE).await?;
        Ok::<_, BoxError>(ctx.step(give_back(item.to_owned())).await?)
    });
    let flat = flat.name("flat").nesting(Nesting::Flat).await?;
    let flat = flat.into_results()?;

    let condition = ctx.wait_for_condition(
        0,
        |count, _: StepContext| async move { Ok::<_, BoxError>(count + 1) },
        wait_strategy(|count: &u32| *count >= 2)
            .initial_delay(PAUSE)
            .jitter(Jitter::None),
    );
    let counted = condition.name("condition").await?;

    let callback = ctx.create_callback::<String>().name("callback").await?;
    let called_back = callback.await?;
    let submitter = |_: CallbackId, _: StepContext| async { Ok::<_, BoxError>(()) };
    let answer: String = ctx.wait_for_callback("answer", submitter).await?;

    let invoke = ctx.invoke(target("ECHO_FUNCTION")?, &json!({ "hello": "world" }));
    let echoed: Value = invoke.name("invoke").await?;

    Ok(json!({
        "retried": retried,
        "child": child,
        "large": large,
        "mapped": mapped,
        "flat": flat,
        "counted": counted,
        "calledBack": called_back,
        "answer": answer,
        "echoed": echoed,
    }))
}
