//! Executions that wait for a year, as many as are asked for, written past the server.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use engine::{Chance, Context, Execution, Input, InvocationOutcome, Output};
use model::{
    ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn, FunctionName, Invocation,
    Limits, OperationId, OperationType, OperationUpdate, Payload, Timestamp, Trigger, UpdateAction,
    Version,
};
use store::{Durability, Executions as _, Store as _};
use store_sqlite::SqliteStore;

/// Commits that are handed over before the first of them is awaited.
const AT_ONCE: usize = 1_024;

/// Source: the longest wait and the longest execution of AWS, in seconds.
const WAIT_SECONDS: u32 = 31_622_400;

/// Writes them into a new store.
pub async fn fill(data_dir: &Path, executions: u32) -> Result<()> {
    let path = data_dir.join("lambdura.sqlite3");
    let store = SqliteStore::open(&path, Durability::Os).context("open a new store")?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.context("read the clock")?.as_millis();
    let now = Timestamp::from_millis(i64::try_from(now).context("a time in this era")?);
    let mut waiting = Vec::with_capacity(AT_ONCE);
    for number in 0..executions {
        let spec = spec(number, now)?;
        let mut chance = u64::from(number);
        let mut context = || {
            chance += 1 << 32;
            Context {
                now,
                chance: Chance::new(chance, !chance),
                limits: &Limits::AWS,
                owner: model::Owner(1),
            }
        };
        let start = Arc::new(engine::start(spec, context()));
        waiting.push(store.commit(Arc::clone(&start)));
        let mut execution = Execution::create(&start);
        let token = engine::checkpoint_token(&execution.spec, &execution.state);
        let Invocation::Active { request_id, .. } = execution.state.invocation.clone() else {
            bail!("an execution that starts is invoked");
        };
        let inputs = [
            Input::Checkpoint {
                token: token.context("it is invoked")?,
                client_token: None,
                updates: vec![wait()?],
            },
            Input::InvocationEnded {
                request_id,
                started_at: now,
                outcome: InvocationOutcome::Returned(Output::Pending),
            },
        ];
        for input in inputs {
            let made = engine::apply(&execution, input, context());
            let made = made.map_err(|rejection| anyhow!("{rejection:?}"))?;
            execution.absorb(&made);
            waiting.push(store.commit(Arc::new(made)));
        }
        if waiting.len() >= AT_ONCE {
            for commit in waiting.drain(..) {
                commit.await.context("commit")?;
            }
        }
    }
    for commit in waiting {
        commit.await.context("commit")?;
    }
    store.close().await.context("close the store")
}

fn wait() -> Result<OperationUpdate> {
    Ok(OperationUpdate {
        name: Some("next year".into()),
        sub_type: Some("Wait".into()),
        wait_seconds: Some(WAIT_SECONDS),
        ..OperationUpdate::new(
            OperationId::parse("1")?,
            OperationType::Wait,
            UpdateAction::Start,
        )
    })
}

fn spec(number: u32, started_at: Timestamp) -> Result<ExecutionSpec> {
    Ok(ExecutionSpec {
        arn: ExecutionArn {
            function: FunctionArn {
                partition: "aws".into(),
                region: "us-east-1".into(),
                account_id: "000000000000".into(),
                name: FunctionName::parse("WaitFunction")?,
            },
            version: Version::Published(1),
            name: ExecutionName::parse(&format!("subscription-{number}"))?,
            id: ExecutionId::parse(&format!("{number:08x}-0000-7000-8000-000000000000"))?,
        },
        started_at,
        input: Some(Payload::from(WAIT_SECONDS.to_string().as_str())),
        execution_timeout_seconds: WAIT_SECONDS,
        retention_days: 90,
        result_bytes_max: 1024 * 1024,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    })
}
