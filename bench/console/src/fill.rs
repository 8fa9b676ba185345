//! Executions as a busy year leaves them behind: most succeeded, some failed, a few wait.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use engine::{Chance, Context, Execution, Input, InvocationOutcome, Output};
use model::{
    ErrorObject, ExecutionArn, ExecutionId, ExecutionName, ExecutionSpec, FunctionArn,
    FunctionName, Invocation, Limits, Payload, Timestamp, Trigger, Version,
};
use store::{Durability, Executions as _, Store as _};
use store_sqlite::SqliteStore;

/// The functions of the executions. The first one is a function of the system that is measured later.
const FUNCTIONS: [&str; 4] = [
    "OrderFunction",
    "ShippingFunction",
    "InvoiceFunction",
    "RefundFunction",
];

/// Commits that are handed over before the first of them is awaited.
const AT_ONCE: usize = 1_024;

/// Milliseconds between two starts: a million take a little more than a month.
const APART: i64 = 3_000;

/// Writes so many executions.
pub async fn run(data_dir: &Path, executions: u32) -> Result<()> {
    let path = data_dir.join("lambdura.sqlite3");
    let store = SqliteStore::open(&path, Durability::Os).context("open a new store")?;
    let mut random = fastrand::Rng::with_seed(7);
    let beginning = 1_790_000_000_000;
    let mut waiting = Vec::with_capacity(AT_ONCE);
    for number in 0..executions {
        let started_at = Timestamp::from_millis(beginning + i64::from(number) * APART);
        let spec = spec(number, started_at, &mut random)?;
        let context = |at: Timestamp| Context {
            now: at,
            chance: Chance::new(u64::from(number), !u64::from(number)),
            limits: &Limits::AWS,
            owner: model::Owner(1),
        };
        let start = Arc::new(engine::start(spec, context(started_at)));
        waiting.push(store.commit(Arc::clone(&start)));
        let execution = Execution::create(&start);
        // One in five hundred stays open.
        if number % 500 != 0 {
            let Invocation::Active { request_id, .. } = execution.state.invocation.clone() else {
                bail!("an execution that starts is invoked");
            };
            let input = Input::InvocationEnded {
                request_id,
                started_at,
                outcome: InvocationOutcome::Returned(output(number)),
            };
            let end = engine::apply(&execution, input, context(started_at.plus_seconds(2)));
            let end = end.map_err(|rejection| anyhow::anyhow!("{rejection:?}"))?;
            waiting.push(store.commit(Arc::new(end)));
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

fn spec(number: u32, started_at: Timestamp, random: &mut fastrand::Rng) -> Result<ExecutionSpec> {
    let function = FUNCTIONS[number as usize % FUNCTIONS.len()];
    let id = format!(
        "{:08x}-0000-7000-8000-{:012x}",
        number,
        random.u64(..) & 0xffff_ffff_ffff
    );
    let text = |id: &str| -> String { id.replace('-', "").chars().rev().collect() };
    let input = format!(
        r#"{{"order":"A-{number}","customer":{{"name":"Customer {}","city":"Basel"}},"lines":[{{"sku":"{}","quantity":2}},{{"sku":"{}","quantity":1}}],"note":"leave it with the neighbour if nobody is in"}}"#,
        number % 997,
        text(&id),
        random.u64(..),
    );
    Ok(ExecutionSpec {
        arn: ExecutionArn {
            function: FunctionArn {
                partition: "aws".into(),
                region: "us-east-1".into(),
                account_id: "000000000000".into(),
                name: FunctionName::parse(function)?,
            },
            version: Version::Published(1),
            name: ExecutionName::parse(&format!("order-{number}"))?,
            id: ExecutionId::parse(&id)?,
        },
        started_at,
        input: Some(Payload::from(input.as_str())),
        execution_timeout_seconds: 31_622_400,
        retention_days: 90,
        result_bytes_max: 1024 * 1024,
        trace_header: None,
        tenant_id: None,
        trigger: Trigger::Invoke,
    })
}

fn output(number: u32) -> Output {
    match number % 50 {
        0 => Output::Failed(ErrorObject::new(
            "PaymentDeclined",
            format!(
                "the bank of customer {} declined order A-{number}",
                number % 997
            ),
        )),
        _ => Output::Succeeded(Some(Payload::from(
            format!(r#"{{"order":"A-{number}","status":"shipped"}}"#).as_str(),
        ))),
    }
}
