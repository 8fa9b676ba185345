//! `StartExecution`, `StartSyncExecution`.

use std::sync::Arc;

use lambda_api::headers;
use model::{EventSource, EventSourceKind};
use serde_json::{Value, json};
use state_machine::name::spelled;
use uuid::Uuid;

use super::error::{StatesError, optional, required};
use super::execution_read::{described, find, read};
use super::included_data::{is_metadata_only, without_data};
use super::lambda::Call;
use super::machine::{self, Machine, check_stays};
use super::name::{self, check, execution_arn};
use crate::app::App;

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
        // Only stored executions have one.
        shown.remove("redriveCount");
    }
    if is_metadata_only(input)? {
        without_data(&mut shown);
    }
    Ok(shown)
}

/// The execution's name, drawn if the request has none. A name of an Express machine may be used again: each use makes
/// another execution.
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
    // A redrive has an empty qualifier.
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
