//! Suite `parallel`.

use std::time::Duration;

use lambdura::{
    BatchResult, BoxError, Branch, CompletionConfig, DurableContext, Nesting, branch,
    durable_execution,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::handler::{Handler, boxed};
use crate::serdes::Enveloped;
use crate::step::give_back;

pub fn handler(requirement: &str) -> Option<Handler> {
    match requirement {
        "8-1" => boxed(basic),
        "8-2" => boxed(unnamed),
        "8-3" => boxed(named_branches),
        "8-4" => boxed(results_of_different_types),
        "8-5" => boxed(empty),
        "8-6" => boxed(fails_fast),
        "8-7" => boxed(failure_is_asked_for),
        "8-8" => boxed(enough_successes),
        "8-9" => boxed(tolerated_failure),
        "8-10" => boxed(too_many_failures),
        "8-11" => boxed(concurrent),
        "8-12" => boxed(flat),
        "8-13" => boxed(too_large_a_share_of_failures),
        "8-14" => boxed(branch_suspends),
        "8-15" => boxed(custom_item_serdes),
        "8-16" => boxed(all_fail),
        "8-17" => boxed(successes_not_reached),
        "8-18" => boxed(tolerance_exceeded_first),
        "8-19" => boxed(concurrency_of_zero),
        "8-20" => boxed(accessors),
        "8-21" => boxed(nested),
        "8-22" => boxed(tolerated_share_of_failures),
        _ => None,
    }
}

/// A branch without operations.
fn returns(value: &'static str) -> Branch<'static, String> {
    branch(move |_| async move { Ok::<_, BoxError>(value.to_owned()) })
}

/// A branch with one step.
fn steps(value: &'static str) -> Branch<'static, String> {
    branch(move |ctx| async move { ctx.step(give_back(value.to_owned())).await })
}

fn fails() -> Branch<'static, String> {
    branch(|_| async { Err::<String, BoxError>("this branch fails".into()) })
}

/// How a batch ended, as most requirements want it.
pub fn projection<T>(batch: &BatchResult<T>) -> Projection {
    Projection {
        status: Some(json!(batch.status())),
        ..projection_without_status(batch)
    }
}

pub fn projection_without_status<T>(batch: &BatchResult<T>) -> Projection {
    Projection {
        completion_reason: json!(batch.completion_reason()),
        status: None,
        success_count: batch.success_count(),
        failure_count: batch.failure_count(),
        total_count: batch.total_count(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Projection {
    completion_reason: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Value>,
    success_count: usize,
    failure_count: usize,
    total_count: usize,
}

/// Runs the branches one by one, which makes the order of the history certain.
async fn one_by_one<const N: usize>(
    ctx: &DurableContext,
    name: &str,
    branches: [Branch<'static, String>; N],
    completion: CompletionConfig,
) -> Result<BatchResult<String>, BoxError> {
    let batch = ctx.parallel(branches).name(name).max_concurrency(1);
    Ok(batch.completion(completion).await?)
}

fn tolerating(failures: usize) -> CompletionConfig {
    CompletionConfig::default().tolerated_failure_count(failures)
}

#[durable_execution]
async fn basic((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.parallel([steps("task-1"), steps("task-2")]);
    let batch = batch.name("parallel").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn unnamed((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.parallel([returns("alpha"), returns("beta")]);
    Ok(batch.max_concurrency(1).await?.into_results()?)
}

#[durable_execution]
async fn named_branches((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let branches = [returns("one").name("first"), returns("two").name("second")];
    let batch = ctx.parallel(branches).name("named").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn results_of_different_types((): (), ctx: DurableContext) -> Result<Vec<Value>, BoxError> {
    let values = [json!("hello"), json!(42), json!({ "k": "v" })];
    let branches = values.map(|value| branch(move |_| async move { Ok::<_, BoxError>(value) }));
    let batch = ctx.parallel(branches).name("hetero").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn empty((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let none: [Branch<'static, String>; 0] = [];
    Ok(ctx.parallel(none).name("empty").await?.into_results()?)
}

#[durable_execution]
async fn fails_fast((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let branches = [returns("ok"), fails(), returns("never")];
    let batch = one_by_one(&ctx, "failfast", branches, tolerating(0)).await?;
    Ok(projection(&batch))
}

#[durable_execution]
async fn failure_is_asked_for((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let branches = [fails(), returns("never")];
    let batch = one_by_one(&ctx, "throwing", branches, tolerating(0)).await?;
    Ok(batch.into_results()?)
}

#[durable_execution]
async fn enough_successes((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    let branches = ["a", "b", "c", "d"].map(returns);
    let enough = CompletionConfig::default().min_successful(2);
    let batch = one_by_one(&ctx, "min-successful", branches, enough).await?;
    Ok(json!({
        "completionReason": batch.completion_reason(),
        "successCount": batch.success_count(),
        "totalCount": batch.total_count(),
    }))
}

#[durable_execution]
async fn tolerated_failure((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let branches = [returns("a"), fails(), returns("c")];
    let batch = one_by_one(&ctx, "tolerated", branches, tolerating(1)).await?;
    Ok(projection(&batch))
}

#[durable_execution]
async fn too_many_failures((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let branches = [fails(), fails(), returns("never")];
    let batch = one_by_one(&ctx, "tolerated-exceeded", branches, tolerating(1)).await?;
    Ok(projection_without_status(&batch))
}

#[durable_execution]
async fn concurrent((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.parallel(["r0", "r1", "r2"].map(returns));
    let batch = batch.name("concurrent").max_concurrency(2);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn flat((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.parallel([steps("fa"), steps("fb")]).name("flat");
    let batch = batch.max_concurrency(1).nesting(Nesting::Flat);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn too_large_a_share_of_failures(
    (): (),
    ctx: DurableContext,
) -> Result<Projection, BoxError> {
    let branches = [fails(), fails(), returns("never"), returns("never")];
    let quarter = CompletionConfig::default().tolerated_failure_percentage(25.0);
    let batch = one_by_one(&ctx, "tolerated-pct", branches, quarter).await?;
    Ok(projection_without_status(&batch))
}

#[durable_execution]
async fn branch_suspends((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let suspends = branch(|ctx: DurableContext| async move {
        ctx.wait(Duration::from_secs(2)).await?;
        Ok::<_, BoxError>("b1".to_owned())
    });
    let batch = ctx.parallel([steps("b0"), suspends]);
    let batch = batch.name("replay").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn custom_item_serdes((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.parallel(["x", "y"].map(returns)).name("serde");
    let batch = batch.max_concurrency(1).item_serdes(Enveloped);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn all_fail((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let branches = [fails(), fails(), fails()];
    let batch = one_by_one(&ctx, "all-fail", branches, tolerating(3)).await?;
    Ok(projection(&batch))
}

#[durable_execution]
async fn successes_not_reached((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let branches = [returns("a"), fails(), returns("c")];
    let three = CompletionConfig::default().min_successful(3);
    let batch = one_by_one(&ctx, "min-not-reached", branches, three).await?;
    Ok(projection(&batch))
}

#[durable_execution]
async fn tolerance_exceeded_first((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let branches = [fails(), fails(), returns("never"), returns("never")];
    let combined = tolerating(1).min_successful(3);
    let batch = one_by_one(&ctx, "combined", branches, combined).await?;
    Ok(projection_without_status(&batch))
}

#[durable_execution]
async fn concurrency_of_zero((): (), ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.parallel(["a", "b"].map(returns));
    let batch = batch.name("bad-concurrency").max_concurrency(0);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn accessors((): (), ctx: DurableContext) -> Result<Value, BoxError> {
    let branches = [returns("a"), fails(), returns("c")];
    let batch = one_by_one(&ctx, "accessors", branches, tolerating(1)).await?;
    Ok(json!({
        "hasFailure": batch.has_failure(),
        "successCount": batch.results().count(),
        "failureCount": batch.failure_count(),
        "errorCount": batch.errors().count(),
    }))
}

async fn inner(ctx: DurableContext) -> Result<Vec<String>, BoxError> {
    let batch = ctx.parallel([steps("i1"), steps("i2")]);
    let batch = batch.name("inner").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn nested((): (), ctx: DurableContext) -> Result<Vec<Vec<String>>, BoxError> {
    let batch = ctx.parallel([branch(inner)]);
    let batch = batch.name("outer").max_concurrency(1);
    Ok(batch.await?.into_results()?)
}

#[durable_execution]
async fn tolerated_share_of_failures((): (), ctx: DurableContext) -> Result<Projection, BoxError> {
    let branches = [fails(), returns("b"), returns("c"), returns("d")];
    let quarter = CompletionConfig::default().tolerated_failure_percentage(25.0);
    let batch = one_by_one(&ctx, "pct-boundary", branches, quarter).await?;
    Ok(projection(&batch))
}
