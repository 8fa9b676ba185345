//! Executions: started, looked at, stopped.

use std::sync::Arc;

use lambda_api::{
    DurableExecutionSummary, Event, ExecutionStatus, GetDurableExecutionHistoryResponse,
    GetDurableExecutionResponse, ListDurableExecutionsByFunctionResponse,
    StopDurableExecutionResponse, headers,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::{StatesError, optional, required};
use super::history::{History, written};
use super::lambda::{Call, segment};
use super::machine::{self, Machine, check_stays};
use super::name::{check, execution, execution_arn, machine_arn};
use super::nested;
use super::page::{limit, page};
use super::redrive;
use super::version::of_execution;
use crate::app::App;

/// Events of a history that are read for one answer: what an execution may have.
const EVENTS_MAX: usize = 25_000;

pub(super) async fn start(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineArn")?;
    let machine = machine::find_for_execution(app, arn)?;
    check_stays(&machine, arn)?;
    let name = name_of(input)?;
    if let Some(known) = find(app, &machine, &name).await?
        && known.end_timestamp.is_some()
    {
        let arn = execution_arn(&app.registry.home, machine.name.as_str(), &name);
        let message = format!("Execution Already Exists: '{arn}'");
        return Err(StatesError::new("ExecutionAlreadyExists", message));
    }
    invoke(app, &machine, &name, input, "Event", arn).await?;
    let started = find(app, &machine, &name).await?;
    Ok(json!({
        "executionArn": execution_arn(&app.registry.home, machine.name.as_str(), &name),
        "startDate": started.map(|it| it.start_timestamp),
    }))
}

pub(super) async fn start_sync(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineArn")?;
    let machine = machine::find_for_execution(app, arn)?;
    if !machine.is_express() {
        let message = format!("State Machine Type Not Supported: '{arn}' is a standard one");
        return Err(StatesError::new("StateMachineTypeNotSupported", message));
    }
    check_stays(&machine, arn)?;
    let name = name_of(input)?;
    invoke(app, &machine, &name, input, "RequestResponse", arn).await?;
    let execution = read(app, &machine, &name, arn).await?;
    let mut shown = described(app, &machine, &execution);
    let elapsed = execution
        .end_timestamp
        .map_or(0.0, |end| end.0 - execution.start_timestamp.0);
    let hundreds = (elapsed * 10.0).ceil().max(1.0) * 100.0;
    shown["billingDetails"] =
        json!({ "billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": hundreds });
    Ok(shown)
}

/// The execution's name, drawn if the request has none.
fn name_of(input: &Value) -> Result<String, StatesError> {
    match optional(input, "name")? {
        None => Ok(Uuid::new_v4().to_string()),
        Some(name) => check(name).map(|()| name.to_owned()),
    }
}

async fn invoke(
    app: &Arc<App>,
    machine: &Machine,
    name: &str,
    input: &Value,
    kind: &str,
    arn: &str,
) -> Result<(), StatesError> {
    let payload = optional(input, "input")?.unwrap_or("{}");
    invoke_with(app, machine, name, payload, kind, arn).await
}

/// Starts an execution with this input.
pub(super) async fn invoke_with(
    app: &Arc<App>,
    machine: &Machine,
    name: &str,
    payload: &str,
    kind: &str,
    arn: &str,
) -> Result<(), StatesError> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(payload) {
        let message = format!("Invalid State Machine Execution Input: '{error}'");
        return Err(StatesError::new("InvalidExecutionInput", message));
    }
    let path = format!(
        "/2015-03-31/functions/{}/invocations",
        segment(&machine.qualified())
    );
    let mut call = Call::post(path, payload.as_bytes().to_vec());
    call.headers = vec![
        (headers::INVOCATION_TYPE, kind),
        (headers::DURABLE_EXECUTION_NAME, name),
    ];
    let answer = call.answer(app).await;
    answer.map_err(|refusal| refusal.states(|| StatesError::no_machine(arn)))?;
    Ok(())
}

/// The execution of this name, if there is one.
pub(super) async fn find(
    app: &Arc<App>,
    machine: &Machine,
    name: &str,
) -> Result<Option<DurableExecutionSummary>, StatesError> {
    let path = format!(
        "/2025-12-01/functions/{}/durable-executions?DurableExecutionName={}&MaxItems=1",
        segment(machine.name.as_str()),
        segment(name)
    );
    let listed = Call::get(path)
        .read::<ListDurableExecutionsByFunctionResponse>(app)
        .await;
    let missing = || StatesError::no_machine(machine.name.as_str());
    let listed = listed.map_err(|refusal| refusal.states(missing))?;
    Ok(listed.durable_executions.into_iter().next())
}

async fn read(
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

/// The execution that a request names.
pub(super) struct Named {
    /// At the revision that it runs on.
    pub machine: Machine,
    pub name: String,
    /// As it was started.
    pub first: GetDurableExecutionResponse,
    /// Each time that it was redriven.
    pub redriven: Vec<GetDurableExecutionResponse>,
}

impl Named {
    /// How it stands.
    pub fn latest(&self) -> &GetDurableExecutionResponse {
        self.redriven.last().unwrap_or(&self.first)
    }
}

pub(super) async fn named(app: &Arc<App>, input: &Value) -> Result<Named, StatesError> {
    let arn = required(input, "executionArn")?;
    let reference = execution(arn)?;
    let home = &app.registry.home;
    let machine = machine::find(app, &machine_arn(home, reference.machine));
    let machine = machine.map_err(|_| StatesError::no_execution(arn))?;
    let first = read(app, &machine, reference.name, arn).await?;
    let mut redriven = Vec::new();
    for number in 1..=redrive::count(&machine, reference.name) {
        let name = redrive::name_of(reference.name, number);
        // A server may have died before it was started.
        if find(app, &machine, &name).await?.is_none() {
            break;
        }
        redriven.push(read(app, &machine, &name, arn).await?);
    }
    // At the revision that it runs on.
    let version = first.version.as_deref();
    let version = version.and_then(|version| version.parse().ok());
    let pinned = version.and_then(|version| machine.at(app, &version));
    Ok(Named {
        machine: pinned.unwrap_or(machine),
        name: reference.name.to_owned(),
        first,
        redriven,
    })
}

pub(super) async fn describe(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let named = named(app, input).await?;
    let Named { machine, first, .. } = &named;
    let mut shown = described(app, machine, &as_it_stands(&named));
    redrive::describe(&mut shown, &named);
    shown["startDate"] = json!(first.start_timestamp);
    Ok(shown)
}

/// The execution with the end of the last time that it was redriven.
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
    machine::shown(app, &named(app, input).await?.machine)
}

fn described(app: &App, machine: &Machine, execution: &GetDurableExecutionResponse) -> Value {
    let name = &execution.durable_execution_name;
    let mut shown = json!({
        "executionArn": execution_arn(&app.registry.home, machine.name.as_str(), name),
        "stateMachineArn": machine.arn(app),
        "name": name,
        "status": status(&execution.status),
        "startDate": execution.start_timestamp,
        "input": shown_input(execution),
        "inputDetails": { "included": true },
        "redriveCount": 0,
    });
    of_execution(app, machine, &mut shown);
    if let Some(end) = execution.end_timestamp {
        shown["stopDate"] = json!(end);
    }
    if let Some(result) = &execution.result {
        shown["output"] = json!(result);
        shown["outputDetails"] = json!({ "included": true });
    }
    if let Some(error) = &execution.error {
        shown["error"] = json!(error.error_type.as_deref().unwrap_or_default());
        shown["cause"] = json!(error.error_message.as_deref().unwrap_or_default());
    }
    shown
}

/// What an execution was started with; that of an item, which is a part of another one, has more around it.
fn shown_input(execution: &GetDurableExecutionResponse) -> String {
    let text = execution.input_payload.as_deref().unwrap_or("{}");
    let item = serde_json::from_str(text).ok();
    let item = item.and_then(|input| state_machine::item_input(&input));
    item.map_or_else(|| text.to_owned(), |item| item.to_string())
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

pub(super) async fn list(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    if input.get("mapRunArn").is_some_and(|it| !it.is_null()) {
        return super::map_run::executions(app, input).await;
    }
    let arn = required(input, "stateMachineArn")?;
    let machine = machine::find(app, arn)?;
    let limit = limit(input);
    let mut path = format!(
        "/2025-12-01/functions/{}/durable-executions?MaxItems={limit}",
        segment(machine.name.as_str())
    );
    // An alias may have two versions: those of the second follow those of the first.
    let versions = machine::versions_of(app, &machine);
    let token = optional(input, "nextToken")?;
    let (place, marker) = match token.and_then(|token| token.split_once(':')) {
        Some((place, marker)) if versions.len() > 1 => {
            (place.parse().unwrap_or(0_usize), Some(marker))
        }
        _ => (0, token),
    };
    let marker = marker.filter(|marker| !marker.is_empty());
    if let Some(version) = versions.get(place) {
        path.push_str(&format!("&Qualifier={version}"));
    }
    match optional(input, "statusFilter")? {
        None => {}
        Some("ABORTED") => path.push_str("&Statuses=STOPPED"),
        Some(wanted @ ("RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT")) => {
            path.push_str(&format!("&Statuses={wanted}"));
        }
        // Nothing is redriven here.
        Some("PENDING_REDRIVE") => return Ok(json!({ "executions": [] })),
        Some(other) => {
            return Err(StatesError::validation(format!(
                "'{other}' is not a status of an execution."
            )));
        }
    }
    if let Some(marker) = marker {
        path.push_str(&format!("&Marker={}", segment(marker)));
    }
    let listed = Call::get(path)
        .read::<ListDurableExecutionsByFunctionResponse>(app)
        .await;
    let listed = listed.map_err(|refusal| refusal.states(|| StatesError::no_machine(arn)))?;
    let shown = |name: &str, it: &DurableExecutionSummary| {
        let mut shown = json!({
            "executionArn": execution_arn(&app.registry.home, machine.name.as_str(), name),
            "stateMachineArn": machine.arn(app),
            "name": name,
            "status": status(&it.status),
            "startDate": it.start_timestamp,
        });
        if let Some(end) = it.end_timestamp {
            shown["stopDate"] = json!(end);
        }
        shown
    };
    let mut executions = Vec::new();
    let redriven = redrive::names(&machine);
    // Those that were redriven come first, as they stand: what is listed is each time by itself.
    if input.get("nextToken").is_none_or(Value::is_null) {
        let wanted = optional(input, "statusFilter")?;
        for (name, count) in &redriven {
            let first = find(app, &machine, name).await?;
            let latest = find(app, &machine, &redrive::name_of(name, *count)).await?;
            let Some(first) = first else { continue };
            let it = DurableExecutionSummary {
                start_timestamp: first.start_timestamp,
                ..latest.unwrap_or(first)
            };
            if wanted.is_none_or(|wanted| wanted == status(&it.status)) {
                let mut shown = shown(name, &it);
                shown["redriveCount"] = json!(count);
                executions.push(shown);
            }
        }
    }
    let is_redriven = |name: &str| redriven.iter().any(|(known, _)| known == name);
    for it in &listed.durable_executions {
        let name = &it.durable_execution_name;
        if !redrive::is_name(name) && !is_redriven(name) {
            executions.push(shown(name, it));
        }
    }
    let mut answer = json!({ "executions": executions });
    let next = match listed.next_marker {
        Some(marker) if versions.len() > 1 => Some(format!("{place}:{marker}")),
        None if place + 1 < versions.len() => Some(format!("{}:", place + 1)),
        next => next,
    };
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
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
    nested::stop(app, &named.latest().durable_execution_arn, arn).await;
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
        with_data: with_data.unwrap_or(true),
    };
    let mut events = written(&history, &told);
    if input.get("reverseOrder").and_then(Value::as_bool) == Some(true) {
        events.reverse();
    }
    page(input, "events", events)
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
