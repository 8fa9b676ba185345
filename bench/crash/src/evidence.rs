//! The evidence at the end of a run: the service's answers, the ledger, and the notes of the clients and the keeper.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use lambda_api::{
    DurableExecutionSummary, Event, ExecutionStatus, GetDurableExecutionHistoryResponse,
    GetDurableExecutionResponse, ListDurableExecutionsByFunctionResponse,
};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use crate::callbacks::Surprise;
use crate::client::{Call, Client, encode};
use crate::keeper::Lives;
use crate::ledger::{Line, Reader};
use crate::workload::Entry;

/// Histories that are read at the same time.
const READ_AT_ONCE: usize = 8;

/// The functions whose executions are judged.
pub const STARTED_BY_CLIENTS: &str = "EveryKindFunction";
pub const STARTED_BY_EXECUTIONS: &str = "EveryKindChildFunction";

/// Everything that the checkers look at.
#[derive(Debug, Default)]
pub struct Evidence {
    pub entries: Vec<Entry>,
    /// Every execution that the service has, by its ARN.
    pub executions: BTreeMap<String, Execution>,
    pub ledger: Vec<Line>,
    pub surprises: Vec<Surprise>,
    pub lives: Lives,
}

/// An execution as the service tells it.
#[derive(Debug, Clone, Default)]
pub struct Execution {
    pub function: &'static str,
    pub told: GetDurableExecutionResponse,
    pub events: Vec<Event>,
}

impl Execution {
    /// When it ended, in milliseconds since the epoch.
    pub fn ended_at(&self) -> Option<i64> {
        self.told.end_timestamp.map(|at| at.as_millis())
    }
}

impl Evidence {
    /// Reads everything from the service.
    pub async fn read_executions(client: &Arc<Client>) -> Result<BTreeMap<String, Execution>> {
        let mut executions = BTreeMap::new();
        for function in [STARTED_BY_CLIENTS, STARTED_BY_EXECUTIONS] {
            let mut left = list(client, function, None).await?.into_iter();
            let mut reads = JoinSet::new();
            loop {
                while reads.len() < READ_AT_ONCE
                    && let Some(summary) = left.next()
                {
                    let client = Arc::clone(client);
                    let arn = summary.durable_execution_arn;
                    reads.spawn(async move { read(&client, function, arn).await });
                }
                let Some(read) = reads.join_next().await else {
                    break;
                };
                let (arn, execution) = read.context("a reader panicked")??;
                executions.insert(arn, execution);
            }
        }
        Ok(executions)
    }

    /// Lines of the ledger by execution, in the order in which they were written.
    pub fn lines(&self) -> BTreeMap<&str, Vec<&Line>> {
        let mut lines: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in &self.ledger {
            lines.entry(&line.execution).or_default().push(line);
        }
        lines
    }
}

/// The whole ledger.
pub fn read_ledger(path: &Path) -> Result<Vec<Line>> {
    Reader::new(path).read()
}

/// How many executions of the function have not ended.
pub async fn count_open(client: &Client, function: &str) -> Result<usize> {
    let mut open = 0;
    for status in [
        ExecutionStatus::Running,
        ExecutionStatus::Pausing,
        ExecutionStatus::Paused,
    ] {
        open += list(client, function, Some(&status)).await?.len();
    }
    Ok(open)
}

async fn list(
    client: &Client,
    function: &str,
    status: Option<&ExecutionStatus>,
) -> Result<Vec<DurableExecutionSummary>> {
    let mut path = format!("/2025-12-01/functions/{function}/durable-executions?MaxItems=1000");
    if let Some(status) = status {
        path += &format!("&Statuses={status}");
    }
    let mut executions = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page: ListDurableExecutionsByFunctionResponse =
            get(client, paged(&path, marker.as_deref())).await?;
        executions.extend(page.durable_executions);
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(executions);
        }
    }
}

async fn read(client: &Client, function: &'static str, arn: String) -> Result<(String, Execution)> {
    let base = format!("/2025-12-01/durable-executions/{}", encode(&arn));
    let told = get(client, base.clone()).await?;
    let path = format!("{base}/history?IncludeExecutionData=true&MaxItems=1000");
    let mut events = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page: GetDurableExecutionHistoryResponse =
            get(client, paged(&path, marker.as_deref())).await?;
        events.extend(page.events);
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    let execution = Execution {
        function,
        told,
        events,
    };
    Ok((arn, execution))
}

fn paged(path: &str, marker: Option<&str>) -> String {
    match marker {
        Some(marker) => format!("{path}&Marker={}", encode(marker)),
        None => path.to_owned(),
    }
}

async fn get<T: DeserializeOwned>(client: &Client, path: String) -> Result<T> {
    let reply = client.call(&Call::get(path.clone())).await;
    ensure!(
        reply.status == StatusCode::OK,
        "GET {path} was answered {}",
        reply.text()
    );
    serde_json::from_slice(&reply.body).with_context(|| format!("read the answer to GET {path}"))
}
