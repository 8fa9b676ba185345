//! The monthly invoices: three at a time, and two may fail.
//!
//! The handler is replayed from the top each time it goes on. Every item has steps of its own, so that an invoice that
//! was sent is not sent again while others are still on their way.

use lambdura::{
    BatchOutcome, BoxError, CompletionConfig, DurableContext, RetryStrategy, StepContext,
    durable_execution, durable_step,
};
use serde::{Deserialize, Serialize};

const FAILURES_TOLERATED: usize = 2;
/// What the mail service bears at a time.
const AT_A_TIME: usize = 3;
const EURO_PER_HOUR: u32 = 80;

#[derive(Debug, Deserialize)]
pub struct Month {
    month: String,
    customers: Vec<Customer>,
}

#[derive(Debug, Clone, Deserialize)]
struct Customer {
    name: String,
    email: String,
    hours: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Summary {
    month: String,
    sent: usize,
    total: u32,
    failed: Vec<String>,
}

/// To try again would not help.
#[derive(Debug, thiserror::Error)]
#[error("{0} has no e-mail address")]
struct NoAddress(String);

/// Something is wrong that is not one customer's matter: the execution fails, and somebody has a look.
#[derive(Debug, thiserror::Error)]
#[error("no invoices for {0}")]
struct TooManyFailures(String);

#[durable_execution]
pub async fn handler(event: Month, ctx: DurableContext) -> Result<Summary, BoxError> {
    let Month { month, customers } = event;
    let names: Vec<String> = customers.iter().map(|it| it.name.clone()).collect();
    let batch = ctx.map(customers, |item, customer| {
        let month = month.clone();
        async move {
            let text = item.step(write_invoice(month, customer.clone())).await?;
            // A mail service that cannot be reached is tried again; an address that is missing is not.
            let retry = RetryStrategy::exponential()
                .retry_if(|error| error.error_type() != Some("NoAddress"));
            let amount = item.step(send_invoice(customer, text)).retry(retry).await?;
            Ok::<_, BoxError>(amount)
        }
    });
    let batch = batch
        .name("invoices")
        .item_names(|index| names[index].clone())
        .max_concurrency(AT_A_TIME)
        .completion(CompletionConfig::default().tolerated_failure_count(FAILURES_TOLERATED))
        .await?;
    let failures = batch
        .items()
        .iter()
        .filter(|it| matches!(it.outcome, BatchOutcome::Failed(_)));
    let failed: Vec<String> = failures.map(|it| names[it.index].clone()).collect();
    if failed.len() > FAILURES_TOLERATED {
        return Err(TooManyFailures(failed.join(", ")).into());
    }
    let amounts: Vec<u32> = batch.results().copied().collect();
    Ok(ctx.step(summarise(month, amounts, failed)).await?)
}

#[durable_step]
async fn write_invoice(
    _: StepContext,
    month: String,
    customer: Customer,
) -> Result<String, BoxError> {
    Ok(format!(
        "{month}: {} owes {} euros",
        customer.name,
        customer.hours * EURO_PER_HOUR
    ))
}

/// A step may run twice if the process dies before its result is recorded: give the mail service a key, such as the
/// month and the customer, by which it knows a mail again.
#[durable_step]
async fn send_invoice(
    step: StepContext,
    customer: Customer,
    text: String,
) -> Result<u32, NoAddress> {
    if customer.email.is_empty() {
        return Err(NoAddress(customer.name));
    }
    step.logger().info(format!("to {}: {text}", customer.email));
    Ok(customer.hours * EURO_PER_HOUR)
}

#[durable_step]
async fn summarise(
    step: StepContext,
    month: String,
    amounts: Vec<u32>,
    failed: Vec<String>,
) -> Result<Summary, BoxError> {
    step.logger().info(format!(
        "{} invoices sent, {} failed",
        amounts.len(),
        failed.len()
    ));
    let (sent, total) = (amounts.len(), amounts.iter().sum());
    Ok(Summary {
        month,
        sent,
        total,
        failed,
    })
}
