//! `RedriveExecution`: an execution that did not succeed goes on from the state that it did not get past.
//!
//! An ended durable execution stays ended. Another one goes on, of the same version: it begins at that state, with the
//! state's input. The machine's settings list these executions, and this API shows all of them as one execution, as
//! Step Functions does.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lambda_api::{Event, EventType};
use serde_json::{Map, Value, json};
use state_machine::{Key, Redrive, operation_name};

use super::error::{StatesError, optional, required};
use super::execution_read::{Named, events, find, named, status};
use super::execution_start::invoke_with;
use super::machine::{Machine, seconds};
use super::name::{self, execution_arn};
use super::redrive_names::name_of;
use crate::app::App;
use crate::functions::MachineRedrive;

/// The most redrives of one execution. Source: API reference, `redriveStatusReason`.
const REDRIVES_MAX: usize = 1_000;
/// The most redriven executions of one machine that are stored. Ours: they are one record.
const EXECUTIONS_MAX: usize = 1_000;
/// The most bytes of branches' and items' results that an input takes along; with more, the state is done from its
/// beginning.
const DONE_BYTES_MAX: usize = 128 * 1024;
/// Largest input of an asynchronous invocation. Source: Lambda quotas.
const INPUT_BYTES_MAX: usize = 1024 * 1024;

/// Shows how often an execution was redriven, and whether it can be again.
pub(super) fn describe(shown: &mut Value, named: &Named) {
    let kept = named.machine.kept();
    let times = kept.redriven.get(&named.name);
    let redriven = named.redriven.len();
    shown["redriveCount"] = json!(redriven);
    if let Some(last) = times.and_then(|times| times.get(redriven.checked_sub(1)?)) {
        let at = model::Timestamp::from_millis(last.at);
        shown["redriveDate"] = json!(seconds(at));
    }
    match refusal(named) {
        None => shown["redriveStatus"] = json!("REDRIVABLE"),
        // Source: API reference, `redriveStatus`.
        Some(reason) if named.item.is_some() && did_not_end_well(named) => {
            shown["redriveStatus"] = json!("REDRIVABLE_BY_MAP_RUN");
            shown["redriveStatusReason"] = json!(reason);
        }
        Some(reason) => {
            shown["redriveStatus"] = json!("NOT_REDRIVABLE");
            shown["redriveStatusReason"] = json!(reason);
        }
    }
}

fn did_not_end_well(named: &Named) -> bool {
    ["FAILED", "TIMED_OUT", "ABORTED"].contains(&status(&named.latest().status))
}

/// Why an execution cannot be redriven.
fn refusal(named: &Named) -> Option<String> {
    let status = status(&named.latest().status);
    if named.machine.is_express() {
        return Some(String::from(
            "Execution is of an Express state machine and cannot be redriven",
        ));
    }
    if !did_not_end_well(named) {
        return Some(format!("Execution is {status} and cannot be redriven"));
    }
    if named.item.is_some() {
        return Some(String::from(
            "Execution is a child workflow execution of a Map Run and cannot be redriven by itself",
        ));
    }
    (named.redriven.len() >= REDRIVES_MAX)
        .then(|| format!("Execution was redriven {REDRIVES_MAX} times and cannot be redriven"))
}

pub(super) async fn redrive(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "executionArn")?.to_owned();
    let token = optional(input, "clientToken")?.map(str::to_owned);
    let named = named(app, input).await?;
    let done = named.redriven.len();
    if let Some(last) = done.checked_sub(1).and_then(|last| {
        let kept = named.machine.kept();
        kept.redriven.get(&named.name)?.get(last).cloned()
    }) && token.is_some()
        && last.token == token
    {
        let at = model::Timestamp::from_millis(last.at);
        return Ok(json!({ "redriveDate": seconds(at) }));
    }
    if let Some(reason) = refusal(&named) {
        return Err(not_redrivable(&arn, &reason));
    }
    let from = events(app, &named.latest().durable_execution_arn, &arn).await?;
    let going_on =
        going_on(app, &named, &from, done + 1).map_err(|reason| not_redrivable(&arn, &reason))?;
    let trace = named.first.trace_header.clone();
    let trace = trace.and_then(|trace| trace.x_amzn_trace_id);
    let app = Arc::clone(app);
    let task = {
        let app = Arc::clone(&app);
        async move {
            let at = {
                let store = app.driver.store();
                let changes = app.registry.changes(store.as_ref(), app.driver.now()).await;
                let name = &named.machine.name;
                let mut settings = app.registry.settings(name).as_ref().clone();
                let kept = settings.machine.get_or_insert_default();
                let now = changes.now();
                let times = kept.redriven.entry(named.name.clone()).or_default();
                if times.len() > done {
                    // Another request was faster, unless a server died before the execution began: then it is started
                    // again.
                    let next = name_of(&named.name, done + 1);
                    if find(&app, &named.machine, &next).await?.is_some() {
                        let reason = "Execution is being redriven";
                        return Err(not_redrivable(&arn, reason));
                    }
                    times.truncate(done);
                }
                times.push(MachineRedrive {
                    at: now.as_millis(),
                    token,
                });
                while kept.redriven.len() > EXECUTIONS_MAX {
                    let oldest = kept
                        .redriven
                        .iter()
                        .min_by_key(|(_, times)| times.last().map(|it| it.at));
                    let oldest = oldest.map(|(name, _)| name.clone());
                    oldest.and_then(|name| kept.redriven.remove(&name));
                }
                changes.put_settings(name, settings).await?;
                now
            };
            // After the settings are stored: otherwise a server that dies in between would leave an execution that
            // belongs to none.
            let next = name_of(&named.name, done + 1);
            let pinned = Machine {
                qualifier: Some(String::new()),
                ..named.machine
            };
            let key = pinned.key(&app);
            let mut payload = going_on.event(&next, &key).to_string();
            if payload.len() > INPUT_BYTES_MAX {
                let from_the_beginning = Redrive {
                    done: BTreeMap::new(),
                    ..going_on
                };
                payload = from_the_beginning.event(&next, &key).to_string();
            }
            invoke_with(
                &app,
                &pinned,
                &next,
                &payload,
                "Event",
                (&arn, trace.as_deref()),
            )
            .await?;
            Ok(json!({ "redriveDate": seconds(at) }))
        }
    };
    app.to_the_end(task).await
}

fn not_redrivable(arn: &str, reason: &str) -> StatesError {
    let message = format!("The execution '{arn}' cannot be redriven: {reason}");
    StatesError::new("ExecutionNotRedrivable", message)
}

/// Where an execution goes on, by the events of its last run.
fn going_on(app: &App, named: &Named, told: &[Event], number: usize) -> Result<Redrive, String> {
    let definition = named.machine.definition();
    let definition: Value = definition
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or("its definition cannot be read")?;
    let latest = &name::shown(&named.latest().durable_execution_name);
    let mut stands = standing(&definition, told, latest, &named.machine.key(app))?;
    let known: usize = stands.done.values().map(|it| it.to_string().len()).sum();
    if known > DONE_BYTES_MAX {
        stands.done.clear();
    }
    let first = &named.first;
    let parse = |text: &Option<String>| {
        let text = text.as_deref().unwrap_or("{}");
        serde_json::from_str::<Value>(text).unwrap_or_default()
    };
    let started = jiff::Timestamp::from_millisecond((first.start_timestamp.0 * 1000.0) as i64);
    Ok(Redrive {
        execution: json!({
            "Id": execution_arn(&app.registry.home, named.machine.name.as_str(), &named.name),
            "Input": parse(&first.input_payload),
            "Name": named.name,
            "RoleArn": named.machine.role(),
            "StartTime": format!("{:.3}", started.unwrap_or(jiff::Timestamp::UNIX_EPOCH)),
            "RedriveCount": number,
            "RedriveTime": format!("{:.3}", jiff::Timestamp::from_millisecond(app.driver.now().as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)),
        }),
        ..stands
    })
}

/// The outermost state where an execution stopped, with the state's input.
fn standing(
    definition: &Value,
    told: &[Event],
    durable: &str,
    key: &Key,
) -> Result<Redrive, String> {
    let states = definition.get("States").and_then(Value::as_object);
    let states = states.ok_or("its definition has no states")?;
    let start = definition.get("StartAt").and_then(Value::as_str);
    let mut stands = Redrive {
        state: start.unwrap_or_default().to_owned(),
        input: json!({}),
        variables: Map::new(),
        done: BTreeMap::new(),
        execution: Value::Null,
    };
    let mut open: Option<&str> = None;
    // The parallel or map within that state, and the indices of its branches or items.
    let mut batch: Option<&str> = None;
    let mut parts: HashMap<&str, usize> = HashMap::new();
    for event in told {
        if event.event_type == EventType::ExecutionStarted {
            let details = event.execution_started_details.as_ref();
            let payload = details.and_then(|it| it.input.payload.as_deref());
            let input: Value = payload
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
            match Redrive::of(&input, durable, key) {
                Some(before) => stands = before,
                None => stands.input = input,
            }
        }
        let id = event.id.as_deref().unwrap_or_default();
        if let Some(parent) = event.parent_id.as_deref() {
            let is_start = event.event_type == EventType::ContextStarted;
            let is_batch = matches!(event.sub_type.as_deref(), Some("Map" | "Parallel"));
            if is_start && is_batch && open == Some(parent) {
                // Each attempt of the state begins anew.
                batch = Some(id);
                stands.done.clear();
            } else if is_start && batch == Some(parent) {
                let name = event.name.as_deref().unwrap_or_default();
                let index = name.rsplit(' ').next().and_then(|it| it.parse().ok());
                parts.extend(index.map(|index| (id, index)));
            } else if event.event_type == EventType::ContextSucceeded
                && batch == Some(parent)
                && let Some(index) = parts.get(id)
            {
                let details = event.context_succeeded_details.as_ref();
                let result = details.and_then(|it| it.result.payload.as_deref());
                // Parts whose results are too large to be recorded are done again.
                let result = result.and_then(|text| serde_json::from_str(text).ok());
                stands.done.extend(result.map(|result| (*index, result)));
            }
            continue;
        }
        match event.event_type {
            EventType::ContextStarted => {
                let name = event.name.as_deref().unwrap_or_default();
                // Names of operations have fewer letters: the known state counts if its name fits, else the first that
                // fits.
                let is_it = |known: &&String| operation_name(known) == name;
                let known = Some(&stands.state).filter(is_it);
                if let Some(known) = known.or_else(|| states.keys().find(is_it)).cloned() {
                    stands.state = known;
                    open = event.id.as_deref();
                }
            }
            EventType::ContextSucceeded if event.id.as_deref() == open => {
                let details = event.context_succeeded_details.as_ref();
                let payload = details.and_then(|it| it.result.payload.as_deref());
                let passed: Option<Value> =
                    payload.and_then(|text| serde_json::from_str(text).ok());
                let passed = passed.ok_or("what came out of a state is not recorded")?;
                if let Some(assigned) = passed.get("assigned").and_then(Value::as_object) {
                    stands.variables.extend(assigned.clone());
                }
                if let Some(next) = passed.get("next").and_then(Value::as_str) {
                    stands.done.clear();
                    next.clone_into(&mut stands.state);
                    stands.input = passed.get("output").cloned().unwrap_or_default();
                }
                open = None;
            }
            _ => {}
        }
    }
    Ok(stands)
}
