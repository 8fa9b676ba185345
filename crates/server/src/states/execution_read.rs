//! Finds, reads and shows executions.

use std::sync::Arc;

use lambda_api::{
    DurableExecutionSummary, Event, ExecutionStatus, GetDurableExecutionHistoryResponse,
    GetDurableExecutionResponse, ListDurableExecutionsByFunctionResponse,
};
use serde_json::{Value, json};
use state_machine::ItemRun;
use state_machine::name::spelled;

use super::error::{StatesError, required};
use super::lambda::{Call, segment};
use super::machine::{self, Machine};
use super::name::{self, execution, execution_arn, machine_arn};
use super::redrive_names;
use crate::app::App;

/// The most events of a history that are read for one answer: as many as an execution may have.
const EVENTS_MAX: usize = 25_000;

/// The execution of this name, if there is one.
pub(super) async fn find(
    app: &Arc<App>,
    machine: &Machine,
    name: &str,
) -> Result<Option<DurableExecutionSummary>, StatesError> {
    let path = format!(
        "/2025-12-01/functions/{}/durable-executions?DurableExecutionName={}&MaxItems=1",
        segment(machine.name.as_str()),
        segment(&spelled(name))
    );
    let listed = Call::get(path)
        .read::<ListDurableExecutionsByFunctionResponse>(app)
        .await;
    let missing = || StatesError::no_machine(machine.name.as_str());
    let listed = listed.map_err(|refusal| refusal.states(missing))?;
    Ok(listed.durable_executions.into_iter().next())
}

/// The execution of this name. `arn` is its ARN in the request.
pub(super) async fn read(
    app: &Arc<App>,
    machine: &Machine,
    name: &str,
    arn: &str,
) -> Result<GetDurableExecutionResponse, StatesError> {
    let Some(found) = find(app, machine, name).await? else {
        return Err(StatesError::no_execution(arn));
    };
    let path = format!(
        "/2025-12-01/durable-executions/{}",
        segment(&found.durable_execution_arn)
    );
    let read = Call::get(path).read(app).await;
    read.map_err(|refusal| refusal.states(|| StatesError::no_execution(arn)))
}

/// The execution in a request.
pub(super) struct Named {
    /// The machine at the revision that it runs on.
    pub machine: Machine,
    pub name: String,
    /// Its first durable execution.
    pub first: GetDurableExecutionResponse,
    /// The durable execution of each redrive.
    pub redriven: Vec<GetDurableExecutionResponse>,
    /// The item that it processes, if it is an item's execution.
    pub item: Option<ItemRun>,
}

impl Named {
    /// Its latest durable execution.
    pub fn latest(&self) -> &GetDurableExecutionResponse {
        self.redriven.last().unwrap_or(&self.first)
    }
}

/// The execution in a request, with all its redrives.
pub(super) async fn named(app: &Arc<App>, input: &Value) -> Result<Named, StatesError> {
    let arn = required(input, "executionArn")?;
    let reference = execution(arn)?;
    let home = &app.registry.home;
    let machine = machine::find(app, &machine_arn(home, reference.machine));
    let machine = machine.map_err(|_| StatesError::no_execution(arn))?;
    let first = read(app, &machine, reference.name, arn).await?;
    let mut redriven = Vec::new();
    for number in 1..=redrive_names::count(&machine, reference.name) {
        let name = redrive_names::name_of(reference.name, number);
        // A server may have died before it started this redrive.
        if find(app, &machine, &name).await?.is_none() {
            break;
        }
        redriven.push(read(app, &machine, &name, arn).await?);
    }
    // The machine at the revision that it runs on.
    let version = first.version.as_deref();
    let version = version.and_then(|version| version.parse().ok());
    let pinned = version.and_then(|version| machine.at(app, &version));
    let input = first.input_payload.as_deref();
    let item = input.and_then(|text| ItemRun::of_text(text, &machine.key(app)));
    Ok(Named {
        item,
        machine: pinned.unwrap_or(machine),
        name: reference.name.to_owned(),
        first,
        redriven,
    })
}

/// An execution in an answer, without redrives.
pub(super) fn described(
    app: &App,
    machine: &Machine,
    execution: &GetDurableExecutionResponse,
) -> Value {
    let name = &execution.durable_execution_name;
    let mut shown = json!({
        "executionArn": execution_arn(&app.registry.home, machine.name.as_str(), name),
        "stateMachineArn": machine.arn(app),
        "name": name::shown(name),
        "status": status(&execution.status),
        "startDate": execution.start_timestamp,
        "input": shown_input(app, machine, execution),
        "inputDetails": { "included": true },
        "redriveCount": 0,
    });
    if let Some(end) = execution.end_timestamp {
        shown["stopDate"] = json!(end);
    }
    if let Some(result) = &execution.result {
        shown["output"] = json!(result);
        shown["outputDetails"] = json!({ "included": true });
    }
    let trace = execution.trace_header.as_ref();
    if let Some(header) = trace.and_then(|trace| trace.x_amzn_trace_id.as_ref()) {
        shown["traceHeader"] = json!(header);
    }
    match &execution.error {
        // The same error as in its history.
        _ if execution.status == ExecutionStatus::TimedOut => shown["error"] = json!(asl::TIMEOUT),
        Some(error) => {
            shown["error"] = json!(error.error_type.as_deref().unwrap_or_default());
            shown["cause"] = json!(error.error_message.as_deref().unwrap_or_default());
        }
        None => {}
    }
    shown
}

/// The input of an execution; an item's execution has the item's input, without the data around it.
fn shown_input(app: &App, machine: &Machine, execution: &GetDurableExecutionResponse) -> String {
    let text = execution.input_payload.as_deref().unwrap_or("{}");
    let item = ItemRun::of_text(text, &machine.key(app));
    item.map_or_else(|| text.to_owned(), |item| item.input.to_string())
}

pub(super) fn status(status: &ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Succeeded => "SUCCEEDED",
        ExecutionStatus::Failed => "FAILED",
        ExecutionStatus::TimedOut => "TIMED_OUT",
        ExecutionStatus::Stopped => "ABORTED",
        _ => "RUNNING",
    }
}

/// All events of an execution, as the Lambda API shows them.
pub(super) async fn events(
    app: &Arc<App>,
    durable_arn: &str,
    arn: &str,
) -> Result<Vec<Event>, StatesError> {
    let mut events = Vec::new();
    let mut marker: Option<String> = None;
    while events.len() < EVENTS_MAX {
        let mut path = format!(
            "/2025-12-01/durable-executions/{}/history?MaxItems=1000",
            segment(durable_arn)
        );
        if let Some(marker) = &marker {
            path.push_str(&format!("&Marker={}", segment(marker)));
        }
        let page = Call::get(path)
            .read::<GetDurableExecutionHistoryResponse>(app)
            .await;
        let page = page.map_err(|refusal| refusal.states(|| StatesError::no_execution(arn)))?;
        events.extend(page.events);
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    Ok(events)
}
