//! Hands its checkpoint token to a benchmark, which checkpoints in its place, and ends when the benchmark is done.
//!
//! This way a checkpoint's own cost is measured on a real invocation of a real execution, without an SDK in between.

use std::net::SocketAddr;

use lambda_api::{InvocationInput, InvocationOutput, InvocationStatus};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The execution's input.
#[derive(Deserialize)]
struct Input {
    /// Where the benchmark listens.
    hand_to: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(hand_over)).await
}

async fn hand_over(event: LambdaEvent<InvocationInput>) -> Result<InvocationOutput, Error> {
    let event = event.payload;
    let execution = event.initial_execution_state.operations.first();
    let details = execution.and_then(|operation| operation.execution_details.as_ref());
    let input = details.and_then(|details| details.input_payload.as_deref());
    let input: Input = serde_json::from_str(input.ok_or("the execution has no input")?)?;

    let mut benchmark = TcpStream::connect(input.hand_to).await?;
    let line = json!({ "arn": event.durable_execution_arn, "token": event.checkpoint_token });
    benchmark.write_all(format!("{line}\n").as_bytes()).await?;
    // The benchmark closes the connection when it is done.
    benchmark.read_to_end(&mut Vec::new()).await?;
    Ok(InvocationOutput {
        status: InvocationStatus::Succeeded,
        result: Some("\"done\"".to_owned()),
        error: None,
    })
}
