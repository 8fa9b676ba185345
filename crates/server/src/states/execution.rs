//! Executions: started, looked at, stopped.

use std::sync::Arc;

use lambda_api::{
    DurableExecutionSummary, Event, ExecutionStatus, GetDurableExecutionHistoryResponse,
    GetDurableExecutionResponse, ListDurableExecutionsByFunctionResponse,
    StopDurableExecutionResponse, headers,
};
use model::{EventSource, EventSourceKind};
use serde_json::{Value, json};
use state_machine::ItemRun;
use state_machine::name::spelled;
use uuid::Uuid;

use super::error::{StatesError, optional, required};
use super::history::{History, written};
use super::lambda::{Call, segment};
use super::machine::{self, Machine, check_stays};
use super::map_run::around;
use super::name::{self, check, execution, execution_arn, machine_arn};
use super::nested;
use super::page::page;
use super::redrive;
use super::version::started_by;
use crate::app::App;

/// Events of a history that are read for one answer: what an execution may have.
const EVENTS_MAX: usize = 25_000;

pub(super) async fn start(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineArn")?;
    let machine = machine::find_for_execution(app, arn)?;
    check_stays(&machine, arn)?;
    let name = name_of(input, &machine)?;
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
        return Err(StatesError::type_not_supported());
    }
    check_stays(&machine, arn)?;
    let name = name_of(input, &machine)?;
    invoke(app, &machine, &name, input, "RequestResponse", arn).await?;
    let execution = read(app, &machine, &name, arn).await?;
    let mut shown = described(app, &machine, &execution);
    let elapsed = execution
        .end_timestamp
        .map_or(0.0, |end| end.0 - execution.start_timestamp.0);
    let hundreds = (elapsed * 10.0).ceil().max(1.0) * 100.0;
    shown["billingDetails"] =
        json!({ "billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": hundreds });
    if let Some(shown) = shown.as_object_mut() {
        // Of those that are kept.
        shown.remove("redriveCount");
    }
    if is_metadata_only(input)? {
        without_data(&mut shown);
    }
    Ok(shown)
}

/// The execution's name, drawn if the request has none. A name of an Express machine may be used again: each execution is
/// another one.
fn name_of(input: &Value, machine: &Machine) -> Result<String, StatesError> {
    let own = match optional(input, "name")? {
        None => Uuid::new_v4().to_string(),
        Some(name) => {
            check(name)?;
            name.to_owned()
        }
    };
    Ok(match machine.is_express() {
        true => format!("{own}:{}", Uuid::new_v4()),
        false => own,
    })
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
    if !state_machine::fits_in_bytes(payload) {
        let message = "Invalid State Machine Execution Input: 'The input exceeds the maximum number of bytes allowed.'";
        return Err(StatesError::new("InvalidExecutionInput", message));
    }
    let trace = optional(input, "traceHeader")?;
    invoke_with(app, machine, name, payload, kind, (arn, trace)).await
}

/// Starts an execution with this input.
pub(super) async fn invoke_with(
    app: &Arc<App>,
    machine: &Machine,
    name: &str,
    payload: &str,
    kind: &str,
    (arn, trace): (&str, Option<&str>),
) -> Result<(), StatesError> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(payload) {
        let message = format!("Invalid State Machine Execution Input: '{error}'");
        return Err(StatesError::new("InvalidExecutionInput", message));
    }
    let spelled = spelled(name);
    let mut given = vec![
        (headers::INVOCATION_TYPE, kind),
        (headers::DURABLE_EXECUTION_NAME, &spelled),
    ];
    given.extend(trace.map(|trace| (headers::TRACE_ID, trace)));
    // A redrive has the qualifier of nobody.
    let qualifier = machine.qualifier.as_deref().filter(|it| !it.is_empty());
    let source = qualifier.map(|qualifier| EventSource {
        kind: EventSourceKind::StateMachine,
        name: format!("{}:{qualifier}", name::shown(machine.name.as_str())),
    });
    let function = machine.qualified();
    let payload = payload.as_bytes().to_vec();
    let invoked = Call::invoke(app, &function, &given, payload, source).await;
    invoked.map_err(|refusal| refusal.states(|| StatesError::no_machine(arn)))
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
        segment(&spelled(name))
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
    /// What it works on, if it is that of an item.
    pub item: Option<ItemRun>,
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

/// Whether a request wants no data. Source: API reference, `includedData`.
pub(super) fn is_metadata_only(input: &Value) -> Result<bool, StatesError> {
    match optional(input, "includedData")? {
        None | Some("ALL_DATA") => Ok(false),
        Some("METADATA_ONLY") => Ok(true),
        Some(other) => Err(StatesError::validation(format!(
            "'{other}' is no value of includedData: ALL_DATA and METADATA_ONLY are."
        ))),
    }
}

fn without_data(shown: &mut Value) {
    let members = shown.as_object_mut();
    members.expect("it is an object").retain(|name, _| {
        !["input", "inputDetails", "output", "outputDetails"].contains(&name.as_str())
    });
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
    let machine = named(app, input).await?.machine;
    machine::shown(app, &machine, is_metadata_only(input)?)
}

fn described(app: &App, machine: &Machine, execution: &GetDurableExecutionResponse) -> Value {
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
        // As its history has it.
        _ if execution.status == ExecutionStatus::TimedOut => shown["error"] = json!(asl::TIMEOUT),
        Some(error) => {
            shown["error"] = json!(error.error_type.as_deref().unwrap_or_default());
            shown["cause"] = json!(error.error_message.as_deref().unwrap_or_default());
        }
        None => {}
    }
    shown
}

/// What an execution was started with; that of an item, which is a part of another one, has more around it.
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
