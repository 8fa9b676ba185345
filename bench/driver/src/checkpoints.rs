//! The cost of one checkpoint. Invocations wait while this program checkpoints in their place.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail, ensure};
use bench_driver::connection::Connection;
use bench_driver::load::{self, Load};
use http::StatusCode;
use lambda_api::{
    CheckpointDurableExecutionRequest, CheckpointDurableExecutionResponse, OperationAction,
    OperationType, OperationUpdate, headers,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::executions;

const FUNCTION: &str = "OpenInvocationFunction";

/// Characters that generated AWS clients do not encode in a path.
const LABEL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// An invocation whose function waits until this is dropped.
#[derive(Debug)]
struct OpenInvocation {
    connection: Connection,
    path: String,
    token: String,
    checkpoints: usize,
    /// Kept open: the function waits for its end.
    _function: BufReader<TcpStream>,
}

/// The data that the function hands over.
#[derive(Debug, Deserialize)]
struct HandOver {
    arn: String,
    token: String,
}

/// Makes `count` checkpoints over `concurrency` executions, each with one update: the start of a step, or its end.
pub async fn checkpoints(endpoint: SocketAddr, concurrency: usize, count: usize) -> Result<Load> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("listen for functions")?;
    let mut invocations = Vec::new();
    for _ in 0..concurrency {
        invocations.push(OpenInvocation::open(endpoint, &listener).await?);
    }
    load::run(invocations, count, async |invocation, _| {
        invocation.checkpoint().await
    })
    .await
}

impl OpenInvocation {
    async fn open(endpoint: SocketAddr, listener: &TcpListener) -> Result<Self> {
        let mut connection = Connection::open(endpoint).await?;
        let hand_to = listener
            .local_addr()
            .context("know where functions find us")?;
        let input = format!(r#"{{"hand_to":"{hand_to}"}}"#);
        let event = [(headers::INVOCATION_TYPE, "Event")];
        let answer = connection
            .post(&executions::path(FUNCTION), &event, input)
            .await?;
        ensure!(
            answer.status == StatusCode::ACCEPTED,
            "{FUNCTION} was not started: {answer:?}"
        );
        let (function, _) = listener.accept().await.context("wait for the function")?;
        let mut function = BufReader::new(function);
        let mut line = String::new();
        function
            .read_line(&mut line)
            .await
            .context("read what the function hands over")?;
        let handed: HandOver = serde_json::from_str(&line)
            .with_context(|| format!("the function handed over `{line}`"))?;
        let arn = utf8_percent_encode(&handed.arn, LABEL);
        Ok(Self {
            connection,
            path: format!("/2025-12-01/durable-executions/{arn}/checkpoint"),
            token: handed.token,
            checkpoints: 0,
            _function: function,
        })
    }

    async fn checkpoint(&mut self) -> Result<()> {
        let is_end = self.checkpoints % 2 == 1;
        let action = if is_end {
            OperationAction::Succeed
        } else {
            OperationAction::Start
        };
        let update = OperationUpdate {
            id: format!("step-{}", self.checkpoints / 2),
            name: Some("add_one".to_owned()),
            r#type: OperationType::Step,
            sub_type: Some("Step".to_owned()),
            action,
            payload: is_end.then(|| "1".to_owned()),
            ..OperationUpdate::default()
        };
        let request = CheckpointDurableExecutionRequest {
            checkpoint_token: std::mem::take(&mut self.token),
            updates: vec![update],
            client_token: None,
        };
        let body = serde_json::to_vec(&request).context("write a checkpoint")?;
        let answer = self.connection.post(&self.path, &[], body).await?;
        if answer.status != StatusCode::OK {
            bail!("a checkpoint was not accepted: {answer:?}");
        }
        let response: CheckpointDurableExecutionResponse =
            serde_json::from_slice(&answer.body).context("read the answer to a checkpoint")?;
        self.token = response
            .checkpoint_token
            .context("an accepted checkpoint has a next token")?;
        self.checkpoints += 1;
        Ok(())
    }
}
