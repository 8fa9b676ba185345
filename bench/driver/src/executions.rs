//! Whole executions, from the invocation to the result.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use bench_driver::connection::{Answer, Connection};
use bench_driver::load::{self, Load};
use http::StatusCode;
use lambda_api::headers;
use serde_json::{Value, json};

/// The synchronous invocation of a function's alias.
pub fn path(function: &str) -> String {
    format!("/2015-03-31/functions/{function}/invocations?Qualifier=live")
}

/// Ten steps, in processes that have one invocation at a time.
pub const TEN_STEPS: &str = "TenStepsFunction";
/// The same, all invocations in one process.
pub const TEN_STEPS_TOGETHER: &str = "TenStepsTogetherFunction";

/// The loan workflow of the demo, in processes that have one invocation at a time.
pub const LOANS: &str = "LoanWorkflowFunction";
/// The same, all invocations in one process, and those of the fraud check in another.
pub const LOANS_TOGETHER: &str = "LoanWorkflowTogetherFunction";

/// Runs `count` executions of ten steps, `concurrency` at a time, and waits for the result of each.
pub async fn ten_steps(
    endpoint: SocketAddr,
    function: &'static str,
    concurrency: usize,
    count: usize,
) -> Result<Load> {
    load::run(
        connections(endpoint, concurrency).await?,
        count,
        async move |connection, piece| {
            let path = path(function);
            let result = result(connection.post(&path, &[], piece.to_string()).await?)?;
            ensure!(
                result == json!(piece + 10),
                "ten steps from {piece} led to {result}"
            );
            Ok(())
        },
    )
    .await
}

/// Runs `count` loan workflows, `concurrency` at a time: Charlie asks for 25,000 dollars, which needs no manager, passes
/// the fraud check, and is paid.
pub async fn loans(
    endpoint: SocketAddr,
    function: &'static str,
    concurrency: usize,
    count: usize,
) -> Result<Load> {
    load::run(
        connections(endpoint, concurrency).await?,
        count,
        async move |connection, _| {
            let application = json!({
                "application_id": application_id()?,
                "applicant_name": "Charlie Wilson",
                "sin": "3333",
                "loan_amount": 25_000.0,
                "address": "7 Cedar Crescent, Victoria, BC V8W 2C4",
                "phone": "250-555-0113",
            });
            let path = path(function);
            let result = result(connection.post(&path, &[], application.to_string()).await?)?;
            ensure!(
                result["status"] == "approved",
                "Charlie's application ended with {result}"
            );
            Ok(())
        },
    )
    .await
}

async fn connections(endpoint: SocketAddr, count: usize) -> Result<Vec<Connection>> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(Connection::open(endpoint).await?);
    }
    Ok(connections)
}

fn result(answer: Answer) -> Result<Value> {
    let succeeded =
        answer.status == StatusCode::OK && !answer.headers.contains_key(headers::FUNCTION_ERROR);
    ensure!(succeeded, "an execution failed: {answer:?}");
    serde_json::from_slice(&answer.body)
        .with_context(|| format!("read the result {:?}", answer.body))
}

/// `LOAN-<unix seconds>-<4 of A-Z0-9>`, never the same twice.
fn application_id() -> Result<String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("read the clock")?;
    let mut number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut suffix = String::new();
    for _ in 0..4 {
        suffix.insert(0, char::from(DIGITS[(number % 36) as usize]));
        number /= 36;
    }
    Ok(format!("LOAN-{}-{suffix}", now.as_secs()))
}
