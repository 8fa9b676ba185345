//! A plain function that doubles a number and writes down that it ran.

use std::time::Duration;

use every_kind::ledger;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Call {
    name: String,
    number: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(double)).await
}

async fn double(event: LambdaEvent<Call>) -> Result<u64, Error> {
    let Call { name, number } = event.payload;
    ledger::plain(&name, &event.context.request_id)?;
    // Long enough that a server can die meanwhile.
    tokio::time::sleep(Duration::from_millis(number % 4 * 10)).await;
    Ok(number * 2)
}
