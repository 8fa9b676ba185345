//! A plain function that adds one to its event.

use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(add_one)).await
}

async fn add_one(event: LambdaEvent<u64>) -> Result<u64, Error> {
    Ok(event.payload + 1)
}
