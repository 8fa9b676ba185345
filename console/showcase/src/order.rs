//! An order that comes through everything which a durable function can do.

use std::time::Duration;

use lambdura::{
    BoxError, CallbackId, DurableContext, RetryStrategy, StepContext, branch, durable_step,
};
use serde_json::{Value, json};

/// The function that is asked for the shipping label.
const SHIPPING_FUNCTION: &str = "SHIPPING_FUNCTION";

pub async fn run(ctx: &DurableContext, order: String, pace: f64) -> Result<Value, BoxError> {
    ctx.step(validate_order(order.clone(), pace)).await?;
    let quotes = ctx.parallel(["northern-post", "southern-parcel", "river-freight"].map(
        |carrier| {
            branch(move |ctx: DurableContext| async move {
                ctx.step(request_quote(carrier.to_owned(), pace)).await
            })
            .name(carrier)
        },
    ));
    let quotes = quotes.name("carrier-quotes").await?.into_results()?;
    let retry = RetryStrategy::fixed(Duration::from_secs(1)).max_attempts(4);
    let payment = ctx.step(charge_card(pace)).retry(retry).await?;
    ctx.wait(Duration::from_secs(2))
        .name("cancellation-window")
        .await?;
    let submitter = |_: CallbackId, _: StepContext| async { Ok::<(), BoxError>(()) };
    let approval = ctx.wait_for_callback::<Value, _, _, _>("warehouse-approval", submitter);
    let approval = approval.timeout(Duration::from_secs(86_400)).await?;
    let function = std::env::var(SHIPPING_FUNCTION)
        .map_err(|error| format!("variable `{SHIPPING_FUNCTION}`: {error}"))?;
    let label = json!({ "scenario": "quick", "order": order });
    let label: Value = ctx.invoke(function, &label).name("shipping-label").await?;
    ctx.step(notify_customer(pace)).await?;
    Ok(json!({
        "order": order,
        "quotes": quotes,
        "payment": payment,
        "approval": approval,
        "label": label,
    }))
}

async fn simulated_work(seconds: f64) {
    if seconds > 0.0 {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }
}

#[durable_step]
async fn validate_order(_: StepContext, order: String, pace: f64) -> Result<(), BoxError> {
    tracing::info!(%order, "order is complete");
    simulated_work(0.4 * pace).await;
    Ok(())
}

#[durable_step]
async fn request_quote(_: StepContext, carrier: String, pace: f64) -> Result<Value, BoxError> {
    simulated_work(pace * (1.0 + f64::from(u8::try_from(carrier.len() % 3).unwrap_or(0)))).await;
    tracing::info!(%carrier, "carrier answered");
    Ok(json!({ "carrier": carrier, "cents": 400 + 31 * carrier.len() }))
}

#[durable_step]
async fn charge_card(step: StepContext, pace: f64) -> Result<Value, BoxError> {
    simulated_work(0.5 * pace).await;
    if step.attempt() < 3 {
        tracing::warn!(attempt = step.attempt(), "the payment gateway timed out");
        return Err("the payment gateway timed out".into());
    }
    Ok(json!({ "status": "captured", "attempt": step.attempt() }))
}

#[durable_step]
async fn notify_customer(_: StepContext, pace: f64) -> Result<(), BoxError> {
    simulated_work(0.3 * pace).await;
    tracing::info!("customer notified");
    Ok(())
}
