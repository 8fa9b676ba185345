//! The requests to a server, and their measurements.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bench_driver::connection::{Answer, Connection};
use bench_driver::load;
use bench_driver::processor_time::memory_of;
use bench_driver::statistics::{quantile, seconds};
use lambda_api::headers;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::server::{Server, ServerCommand};

/// Branches of one execution, and how often it is measured.
pub const BRANCHES: usize = 1_000;
const FAN_OUTS: usize = 10;

/// Steps of one execution, just below AWS's limit, and how often it is measured.
pub const STEPS: usize = 2_990;
const LONG_EXECUTIONS: usize = 3;

/// Executions that wait at once, how long, and how often it is measured.
pub const WAITS: usize = 5_000;
const WAIT_SECONDS: u64 = 2;
const BURSTS: usize = 5;

/// Executions of ten steps after which the memory is looked at.
const MEMORY_AFTER: [usize; 3] = [5_000, 25_000, 50_000];
const CALLERS: usize = 64;
const TEN_STEPS: &str = "TenStepsFunction";

/// Executions in flight when the server is killed, and how long after the last of them was accepted.
pub const IN_FLIGHT: usize = 100;
const KILLED_AFTER: Duration = Duration::from_millis(150);

/// The time within which executions that a crash cut off have to end.
const RECOVERED_WITHIN: Duration = Duration::from_secs(60);

/// One execution of many steps.
#[derive(Debug, Serialize)]
pub struct LongExecution {
    /// Seconds.
    pub took: f64,
    pub early_micros: f64,
    pub late_micros: f64,
}

/// How many seconds after their due time executions ended.
#[derive(Debug, Serialize)]
pub struct Burst {
    pub late_p50: f64,
    pub late_p99: f64,
}

#[derive(Debug, Serialize)]
pub struct Memory {
    pub executions: usize,
    pub server_bytes: u64,
    pub function_bytes: u64,
}

/// Seconds since the second server's start.
#[derive(Debug, Serialize)]
pub struct Recovery {
    pub in_flight: usize,
    pub ready: f64,
    pub all_done: f64,
    pub succeeded: usize,
}

/// Seconds of each.
pub async fn fan_outs(server: &Server) -> Result<Vec<f64>> {
    let mut connection = server.connect().await?;
    let mut times = Vec::new();
    // The first one starts the function's process.
    for turn in 0..=FAN_OUTS {
        let began = Instant::now();
        let branches: usize = invoke(&mut connection, "FanOutFunction", &json!(BRANCHES)).await?;
        ensure!(branches == BRANCHES, "{branches} branches were run");
        if turn > 0 {
            times.push(began.elapsed().as_secs_f64());
        }
    }
    Ok(times)
}

pub async fn long_executions(server: &Server) -> Result<Vec<LongExecution>> {
    #[derive(Deserialize)]
    struct StepTimes {
        early_micros: f64,
        late_micros: f64,
    }

    let mut connection = server.connect().await?;
    let mut found = Vec::new();
    for _ in 0..LONG_EXECUTIONS {
        let began = Instant::now();
        let times: StepTimes = invoke(&mut connection, "ManyStepsFunction", &json!(STEPS)).await?;
        found.push(LongExecution {
            took: began.elapsed().as_secs_f64(),
            early_micros: times.early_micros,
            late_micros: times.late_micros,
        });
    }
    Ok(found)
}

pub async fn bursts(server: &Server) -> Result<Vec<Burst>> {
    let mut found = Vec::new();
    for _ in 0..BURSTS {
        let callers = connections(server, WAITS).await?;
        let load = load::run(callers, WAITS, async |connection, _| {
            let waited: u64 = invoke(connection, "WaitFunction", &json!(WAIT_SECONDS)).await?;
            ensure!(waited == WAIT_SECONDS, "waited {waited} s");
            Ok(())
        });
        let late: Vec<f64> = seconds(&load.await?.latencies)
            .into_iter()
            .map(|took| took - WAIT_SECONDS as f64)
            .collect();
        found.push(Burst {
            late_p50: quantile(&late, 0.5),
            late_p99: quantile(&late, 0.99),
        });
    }
    Ok(found)
}

pub async fn memory(server: &Server) -> Result<Vec<Memory>> {
    let mut found = Vec::new();
    let mut done = 0;
    for after in MEMORY_AFTER {
        let callers = connections(server, CALLERS).await?;
        let load = load::run(callers, after - done, async |connection, piece| {
            let sum: usize = invoke(connection, TEN_STEPS, &json!(piece)).await?;
            ensure!(sum == piece + 10, "ten steps from {piece} led to {sum}");
            Ok(())
        });
        load.await?;
        done = after;
        found.push(Memory {
            executions: after,
            server_bytes: server.resident_bytes()?,
            function_bytes: memory_of(server.pid, TEN_STEPS),
        });
    }
    Ok(found)
}

/// Kills the server while executions are at work, starts another, and waits until all are over.
pub async fn recovery(server: Server, command: &ServerCommand) -> Result<(Server, Recovery)> {
    let mut connection = server.connect().await?;
    // The function's process is there.
    let _: u32 = invoke(&mut connection, "SlowStepsFunction", &json!(0)).await?;
    let mut arns = Vec::new();
    for number in 0..IN_FLIGHT {
        let kind = [(headers::INVOCATION_TYPE, "Event")];
        let answer = connection
            .post(&path("SlowStepsFunction"), &kind, number.to_string())
            .await?;
        let arn = answer.headers.get(headers::DURABLE_EXECUTION_ARN);
        let arn = arn.with_context(|| format!("an execution was not started: {answer:?}"))?;
        arns.push(arn.to_str().context("an ARN is text")?.to_owned());
    }
    tokio::time::sleep(KILLED_AFTER).await;
    let mut in_flight = 0;
    for arn in &arns {
        in_flight += usize::from(status(&mut connection, arn).await? == "RUNNING");
    }
    server.kill().await?;

    let server = command.start().await?;
    let mut connection = server.connect().await?;
    let mut succeeded = 0;
    for arn in &arns {
        let status = loop {
            let status = status(&mut connection, arn).await?;
            if status != "RUNNING" {
                break status;
            }
            ensure!(
                server.started.elapsed() < RECOVERED_WITHIN,
                "{arn} is still running"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        succeeded += usize::from(status == "SUCCEEDED");
    }
    let recovery = Recovery {
        in_flight,
        ready: server.ready_after.as_secs_f64(),
        all_done: server.started.elapsed().as_secs_f64(),
        succeeded,
    };
    Ok((server, recovery))
}

async fn status(connection: &mut Connection, arn: &str) -> Result<String> {
    let arn = arn.replace('/', "%2F").replace(':', "%3A");
    let path = format!("/2025-12-01/durable-executions/{arn}");
    let answer = connection.get(&path).await?;
    let body: Value = serde_json::from_slice(&answer.body).context("read an execution")?;
    let status = body["Status"].as_str();
    Ok(status
        .with_context(|| format!("no execution: {answer:?}"))?
        .to_owned())
}

async fn connections(server: &Server, count: usize) -> Result<Vec<Connection>> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(server.connect().await?);
    }
    Ok(connections)
}

fn path(function: &str) -> String {
    format!("/2015-03-31/functions/{function}/invocations?Qualifier=live")
}

/// Invokes and returns the result.
async fn invoke<T: DeserializeOwned>(
    connection: &mut Connection,
    function: &str,
    event: &Value,
) -> Result<T> {
    let answer: Answer = connection
        .post(&path(function), &[], event.to_string())
        .await?;
    let succeeded =
        answer.status.is_success() && !answer.headers.contains_key(headers::FUNCTION_ERROR);
    ensure!(succeeded, "an execution failed: {answer:?}");
    serde_json::from_slice(&answer.body)
        .with_context(|| format!("read the result {:?}", answer.body))
}
