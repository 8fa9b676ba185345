//! Suite `map`.

use std::time::Duration;

use lambdura::{
    Batch, BatchResult, BoxError, CompletionConfig, DurableContext, Nesting, durable_execution,
};
use serde_json::{Value, json};

use crate::handler::{Handler, boxed};
use crate::parallel::{Projection, projection, projection_without_status};
use crate::serdes::{JoinedResults, Prefixed};
use crate::step::give_back;

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "9-1" => boxed(basic),
        "9-2" => boxed(unnamed),
        "9-3" => boxed(with_index),
        "9-4" => boxed(empty),
        "9-5" => boxed(fails_fast),
        "9-6" => boxed(failure_is_asked_for),
        "9-7" => boxed(enough_successes),
        "9-8" => boxed(tolerated_failure),
        "9-9" => boxed(too_many_failures),
        "9-10" => boxed(too_large_a_share_of_failures),
        "9-11" => boxed(concurrent),
        "9-12" => boxed(flat),
        "9-13" => boxed(named_items),
        "9-14" => boxed(custom_item_serdes),
        "9-15" => boxed(item_suspends),
        "9-16" => boxed(large_results),
        "9-17" => boxed(then_wait),
        "9-18" => boxed(failure_then_wait),
        "9-19" => boxed(custom_serdes),
        "9-20" => boxed(custom_serdes_then_wait),
        _ => None,
    }
}

#[durable_execution]
async fn basic(items: Vec<String>, ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.map(items, |ctx, item| async move {
        ctx.step(give_back(format!("Hello, {item}!"))).await
    });
    let batch = batch.name("map").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn unnamed(items: Vec<i64>, ctx: DurableContext) -> Result<Vec<i64>, BoxError> {
    let batch = ctx.map(items, |_, item| async move { Ok::<_, BoxError>(item * 2) });
    Ok(batch.max_concurrency(1).await?.into_results()?)
}

#[durable_execution]
async fn with_index(items: Vec<usize>, ctx: DurableContext) -> Result<Vec<usize>, BoxError> {
    let items = items.into_iter().enumerate();
    let batch = ctx.map(items, |_, (index, item)| async move {
        Ok::<_, BoxError>(item + index)
    });
    let batch = batch.name("indexed").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn empty(items: Vec<String>, ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.map(items, |_, item| async move { Ok::<_, BoxError>(item) });
    Ok(batch.name("empty").await?.into_results()?)
}

/// Items return themselves, except `fail`, one by one.
async fn one_by_one(
    ctx: &DurableContext,
    name: &str,
    items: &[&'static str],
    completion: CompletionConfig,
) -> Result<BatchResult<String>, BoxError> {
    let items: Vec<&'static str> = items.to_vec();
    let batch = ctx.map(items, |_, item| async move {
        match item {
            "fail" => Err(BoxError::from("this item fails")),
            item => Ok(item.to_owned()),
        }
    });
    let batch = batch.name(name).max_concurrency(1);
    Ok(batch.completion(completion).await?)
}

fn tolerating(failures: usize) -> CompletionConfig {
    CompletionConfig::default().tolerated_failure_count(failures)
}

#[durable_execution]
async fn fails_fast((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let items = ["ok", "fail", "never"];
    let batch = one_by_one(&ctx, "failfast", &items, tolerating(0)).await?;
    Ok(projection(&batch))
}

#[durable_execution]
async fn failure_is_asked_for((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = one_by_one(&ctx, "throwing", &["fail", "never"], tolerating(0)).await?;
    Ok(batch.into_results()?)
}

#[durable_execution]
async fn enough_successes((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    let enough = CompletionConfig::default().min_successful(2);
    let items = ["a", "b", "c", "d"];
    let batch = one_by_one(&ctx, "min-successful", &items, enough).await?;
    Ok(json!({
        "completionReason": batch.completion_reason(),
        "successCount": batch.success_count(),
        "totalCount": batch.total_count(),
    }))
}

#[durable_execution]
async fn tolerated_failure((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let batch = one_by_one(&ctx, "tolerated", &["a", "fail", "c"], tolerating(1)).await?;
    Ok(projection(&batch))
}

#[durable_execution]
async fn too_many_failures((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let items = ["fail", "fail", "never"];
    let batch = one_by_one(&ctx, "tolerated-exceeded", &items, tolerating(1)).await?;
    Ok(projection_without_status(&batch))
}

#[durable_execution]
async fn too_large_a_share_of_failures(
    (): (),
    ctx: DurableContext,
) -> Result<Projection, BoxError> {
    let quarter = CompletionConfig::default().tolerated_failure_percentage(25.0);
    let items = ["fail", "fail", "never", "never"];
    let batch = one_by_one(&ctx, "tolerated-pct", &items, quarter).await?;
    Ok(projection_without_status(&batch))
}

#[durable_execution]
async fn concurrent((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.map(["r0", "r1", "r2"], |_, item| async move {
        Ok::<_, BoxError>(item.to_owned())
    });
    let batch = batch.name("concurrent").max_concurrency(2);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn flat((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.map(["fa", "fb"], |ctx, item| async move {
        ctx.step(give_back(item.to_owned())).await
    });
    let batch = batch.name("flat").max_concurrency(1);
    Ok(batch.nesting(Nesting::Flat).await?.into_results()?)
}

#[durable_execution]
async fn named_items(items: Vec<i64>, ctx: DurableContext) -> Result<Vec<i64>, BoxError> {
    let names: Vec<_> = items.iter().map(|item| format!("item-{item}")).collect();
    let batch = ctx.map(items, |_, item| async move { Ok::<_, BoxError>(item * 10) });
    let batch = batch.name("named-items").max_concurrency(1);
    let batch = batch.item_names(|index| names[index].clone());
    Ok(batch.await?.into_results()?)
}

/// Items in capitals, without operations, one by one.
fn uppercase(ctx: &DurableContext, name: &str, items: [&'static str; 2]) -> Batch<'static, String> {
    let batch = ctx.map(items, |_, item| async move {
        Ok::<_, BoxError>(item.to_uppercase())
    });
    batch.name(name).max_concurrency(1)
}

#[durable_execution]
async fn custom_item_serdes((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = uppercase(&ctx, "serdes", ["x", "y"]);
    let batch = batch.item_serdes(Prefixed("wrapped:"));
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn item_suspends((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.map(["r0", "r1"], |ctx, item| async move {
        if item == "r1" {
            ctx.wait(Duration::from_secs(1)).await?;
        }
        Ok::<_, BoxError>(ctx.step(give_back(item.to_owned())).await?)
    });
    let batch = batch.name("suspend").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

/// Of one item: four of them are more than the 256 KiB up to which a batch's result is stored.
const LARGE_BYTES: usize = 70 * 1024;

#[durable_execution]
async fn large_results((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    let batch = ctx.map(["a", "b", "c", "d"], |_, item| async move {
        Ok::<_, BoxError>(item.repeat(LARGE_BYTES))
    });
    let batch = batch.name("large").max_concurrency(1).await?;
    Ok(json!({
        "successCount": batch.success_count(),
        "totalCount": batch.total_count(),
    }))
}

#[durable_execution]
async fn then_wait((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = uppercase(&ctx, "then-wait", ["a", "b"]).await?;
    ctx.wait(Duration::from_secs(1)).await?;
    Ok(batch.into_results()?)
}

#[durable_execution]
async fn failure_then_wait((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let items = ["ok", "fail"];
    let batch = one_by_one(&ctx, "fail-then-wait", &items, tolerating(1)).await?;
    ctx.wait(Duration::from_secs(1)).await?;
    Ok(projection(&batch))
}

#[durable_execution]
async fn custom_serdes((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = uppercase(&ctx, "op-serde", ["x", "y"]);
    Ok(batch.serdes(JoinedResults).await?.into_results()?)
}

#[durable_execution]
async fn custom_serdes_then_wait((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = uppercase(&ctx, "op-serde-replay", ["x", "y"]);
    let batch = batch.serdes(JoinedResults).await?;
    ctx.wait(Duration::from_secs(1)).await?;
    Ok(batch.into_results()?)
}
