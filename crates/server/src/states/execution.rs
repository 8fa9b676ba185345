//! `DescribeExecution`, `DescribeStateMachineForExecution`, `StopExecution`, `GetExecutionHistory`.

use std::sync::Arc;

use lambda_api::{GetDurableExecutionResponse, StopDurableExecutionResponse};
use serde_json::{Value, json};

use super::error::{StatesError, optional, required};
use super::execution_read::{Named, described, events, named};
use super::history::{History, written};
use super::included_data::{is_metadata_only, without_data};
use super::lambda::{Call, segment};
use super::machine;
use super::map_run::around;
use super::name::execution_arn;
use super::nested;
use super::page::page;
use super::redrive;
use super::version::started_by;
use crate::app::App;

pub(super) async fn describe(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let named = named(app, input).await?;
    let Named { machine, first, .. } = &named;
    let mut shown = described(app, machine, &as_it_stands(&named));
    started_by(app, machine, &first.durable_execution_arn, &mut shown).await?;
    redrive::describe(&mut shown, &named);
    shown["startDate"] = json!(first.start_timestamp);
    if let Some(item) = &named.item
        && let Some((run, machine)) = around(app, item, &first.durable_execution_arn).await?
    {
        shown["executionArn"] = json!(execution_arn(&app.registry.home, &machine, &named.name));
        shown["mapRunArn"] = json!(run);
    }
    if is_metadata_only(input)? {
        without_data(&mut shown);
    }
    Ok(shown)
}

/// The execution, with the end of its latest redrive.
fn as_it_stands(named: &Named) -> GetDurableExecutionResponse {
    let latest = named.latest();
    GetDurableExecutionResponse {
        status: latest.status.clone(),
        end_timestamp: latest.end_timestamp,
        result: latest.result.clone(),
        error: latest.error.clone(),
        ..named.first.clone()
    }
}

pub(super) async fn machine(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let machine = named(app, input).await?.machine;
    machine::shown(app, &machine, is_metadata_only(input)?)
}

pub(super) async fn stop(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let named = named(app, input).await?;
    let arn = required(input, "executionArn")?;
    let error = json!({
        "ErrorType": optional(input, "error")?,
        "ErrorMessage": optional(input, "cause")?,
    });
    let path = format!(
        "/2025-12-01/durable-executions/{}/stop",
        segment(&named.latest().durable_execution_arn)
    );
    let call = Call::post(path, error.to_string().into_bytes());
    let stopped = call.read::<StopDurableExecutionResponse>(app).await;
    let stopped = stopped.map_err(|refusal| refusal.states(|| StatesError::no_execution(arn)))?;
    nested::stop(app, &named.latest().durable_execution_arn).await;
    Ok(json!({ "stopDate": stopped.stop_timestamp }))
}

pub(super) async fn history(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let named = named(app, input).await?;
    let machine = &named.machine;
    let arn = required(input, "executionArn")?;
    let mut told = Vec::new();
    for part in [&named.first].into_iter().chain(&named.redriven) {
        let events = events(app, &part.durable_execution_arn, arn).await?;
        told.push((part.durable_execution_name.as_str(), events));
    }
    let definition: Value = serde_json::from_str(&machine.definition()?).unwrap_or_default();
    let with_data = input.get("includeExecutionData").and_then(Value::as_bool);
    let history = History {
        definition: &definition,
        home: &app.registry.home,
        machine: machine.name.as_str(),
        role: &machine.role(),
        key: &machine.key(app),
        with_data: with_data.unwrap_or(true),
    };
    let mut events = written(&history, &told);
    if input.get("reverseOrder").and_then(Value::as_bool) == Some(true) {
        events.reverse();
    }
    page(input, "events", events)
}
