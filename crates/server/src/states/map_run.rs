//! Map runs: distributed Map states, and the executions that process their items.
//!
//! A run is derived from the records of its execution: the batch, its items, and the execution of each. Its ARN names
//! the durable execution and the run's operation in it.

use std::collections::HashMap;
use std::sync::Arc;

use asl::run_label;
use lambda_api::{EpochSeconds, Event, EventType};
use serde_json::{Value, json};
use state_machine::{ItemRun, Key, WRITE, operation_name, run_id};

use super::error::{StatesError, required};
use super::execution_read::{Named, events, named};
use super::name::{execution_arn, invalid, shown};
use super::page::page;
use super::redrive_names;
use crate::app::App;
use crate::functions::Home;

/// The distributed Map states of a definition, by name.
pub(super) fn distributed(states: &Value) -> HashMap<String, Value> {
    let mut found = HashMap::new();
    collect(states, &mut found);
    found
}

fn collect(states: &Value, found: &mut HashMap<String, Value>) {
    let members = states.get("States").and_then(Value::as_object);
    for (name, state) in members.into_iter().flatten() {
        let branches = state.get("Branches").and_then(Value::as_array);
        for branch in branches.into_iter().flatten() {
            collect(branch, found);
        }
        let processor = state.get("ItemProcessor").or_else(|| state.get("Iterator"));
        let Some(processor) = processor else { continue };
        collect(processor, found);
        let mode = processor.pointer("/ProcessorConfig/Mode");
        if mode.and_then(Value::as_str) == Some("DISTRIBUTED") {
            found.insert(operation_name(name), state.clone());
        }
    }
}

/// The ARN of a run, by its durable execution and its operation.
pub(super) fn arn(
    home: &Home,
    machine: &str,
    state: (&str, &Value),
    execution: &str,
    operation: &str,
) -> String {
    let Home { region, account_id } = home;
    let machine = shown(machine);
    let label = run_label(state.0, state.1.get("Label").and_then(Value::as_str));
    let id = run_id(execution, operation);
    format!("arn:aws:states:{region}:{account_id}:mapRun:{machine}/{label}:{id}")
}

/// Whether more items failed than the state tolerates.
pub(super) fn is_exceeded(state: &Value, failed: usize, total: usize) -> bool {
    let limits = limits(state);
    if limits.count.is_none() && limits.percentage.is_none() {
        return failed > 0;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are fewer than 2^53 items"
    )]
    let share = failed as f64 * 100.0 / total.max(1) as f64;
    limits.count.is_some_and(|count| failed as u64 > count)
        || limits
            .percentage
            .is_some_and(|percentage| share > percentage)
}

/// Whether the results of a state's runs are written to files.
pub(super) fn is_written(state: &Value) -> bool {
    state.pointer("/ResultWriter/Resource").is_some()
}

/// The limits of a run, where the definition states them as constants.
struct Limits {
    count: Option<u64>,
    percentage: Option<f64>,
    concurrency: u64,
}

fn limits(state: &Value) -> Limits {
    Limits {
        count: state.get("ToleratedFailureCount").and_then(Value::as_u64),
        percentage: state
            .get("ToleratedFailurePercentage")
            .and_then(Value::as_f64),
        concurrency: state
            .get("MaxConcurrency")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
    }
}

/// An item, or several that were batched, with its execution.
struct Item {
    execution: Option<String>,
    number: u64,
    started: EpochSeconds,
    ended: Option<(EpochSeconds, bool)>,
}

/// A run.
struct Run {
    arn: String,
    state: Value,
    started: EpochSeconds,
    ended: Option<EpochSeconds>,
    items: Vec<Item>,
    /// Whether its results were written, if that was tried.
    is_written: Option<bool>,
    /// Whether its execution ended before the run did.
    is_aborted: bool,
}

impl Run {
    fn status(&self) -> &'static str {
        let failed = self.items.iter().filter(|it| it.is(false)).count();
        match self.ended {
            Some(_) if is_exceeded(&self.state, failed, self.items.len()) => "FAILED",
            Some(_) if self.is_written == Some(false) => "FAILED",
            Some(_) => "SUCCEEDED",
            None if self.is_aborted => "ABORTED",
            None => "RUNNING",
        }
    }

    fn counts(&self, of: impl Fn(&Item) -> u64) -> Value {
        let sum = |wanted: &dyn Fn(&Item) -> bool| {
            let items = self.items.iter().filter(|it| wanted(it));
            items.map(&of).sum::<u64>()
        };
        let open = sum(&|it| it.ended.is_none());
        let (running, aborted) = match self.is_aborted || self.ended.is_some() {
            true => (0, open),
            false => (open, 0),
        };
        let succeeded = sum(&|it| it.is(true));
        let written = match self.is_written {
            Some(true) => sum(&|it| it.ended.is_some()),
            _ => 0,
        };
        json!({
            "pending": 0, "running": running, "succeeded": succeeded, "failed": sum(&|it| it.is(false)),
            "timedOut": 0, "aborted": aborted, "total": sum(&|_| true), "resultsWritten": written,
            "failuresNotRedrivable": 0, "pendingRedrive": 0,
        })
    }
}

impl Item {
    fn is(&self, wanted: bool) -> bool {
        self.ended.is_some_and(|(_, is_good)| is_good == wanted)
    }
}

/// All runs of an execution, oldest first.
async fn runs(app: &Arc<App>, named: &Named, execution: &str) -> Result<Vec<Run>, StatesError> {
    let definition = serde_json::from_str(&named.machine.definition()?).unwrap_or_default();
    let states = distributed(&definition);
    let mut runs = Vec::new();
    for part in [&named.first].into_iter().chain(&named.redriven) {
        let told = events(app, &part.durable_execution_arn, execution).await?;
        let is_over = part.end_timestamp.is_some();
        let durable = &part.durable_execution_name;
        let machine = named.machine.name.as_str();
        let made = |state: (&str, &Value), operation: &str| {
            arn(&app.registry.home, machine, state, durable, operation)
        };
        runs.extend(read(&told, &states, is_over, &named.machine.key(app), made));
    }
    Ok(runs)
}

fn read(
    told: &[Event],
    states: &HashMap<String, Value>,
    is_over: bool,
    key: &Key,
    arn: impl Fn((&str, &Value), &str) -> String,
) -> Vec<Run> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut runs: Vec<Run> = Vec::new();
    // The indices of a batch's run, of a state's last run, and of a context's item.
    let mut last: HashMap<&str, usize> = HashMap::new();
    let mut batches: HashMap<&str, usize> = HashMap::new();
    let mut items: HashMap<&str, (usize, usize)> = HashMap::new();
    for event in told {
        let Some(id) = event.id.as_deref() else {
            continue;
        };
        let parent = event.parent_id.as_deref().unwrap_or_default();
        match event.event_type {
            EventType::ContextStarted if event.sub_type.as_deref() == Some("Map") => {
                let name = names.get(parent).copied().unwrap_or_default();
                if let Some(state) = states.get(name) {
                    batches.insert(id, runs.len());
                    last.insert(parent, runs.len());
                    runs.push(Run {
                        arn: arn((name, state), id),
                        state: state.clone(),
                        started: event.event_timestamp,
                        ended: None,
                        items: Vec::new(),
                        is_written: None,
                        is_aborted: is_over,
                    });
                }
            }
            EventType::ContextStarted => {
                names.insert(id, event.name.as_deref().unwrap_or_default());
                if let Some(run) = batches.get(parent) {
                    items.insert(id, (*run, runs[*run].items.len()));
                    runs[*run].items.push(Item {
                        execution: None,
                        number: 1,
                        started: event.event_timestamp,
                        ended: None,
                    });
                }
            }
            EventType::ContextSucceeded | EventType::ContextFailed => {
                let is_good = event.event_type == EventType::ContextSucceeded;
                if let Some(run) = batches.get(id) {
                    runs[*run].ended = Some(event.event_timestamp);
                } else if let Some((run, item)) = items.get(id) {
                    runs[*run].items[*item].ended = Some((event.event_timestamp, is_good));
                }
            }
            EventType::StepSucceeded | EventType::StepFailed
                if event.name.as_deref() == Some(WRITE) =>
            {
                if let Some(run) = last
                    .get(parent)
                    .filter(|run| is_written(&runs[**run].state))
                {
                    runs[*run].is_written = Some(event.event_type == EventType::StepSucceeded);
                    runs[*run].ended = Some(event.event_timestamp);
                }
            }
            EventType::ChainedInvokeStarted => {
                let details = event.chained_invoke_started_details.as_ref();
                if let (Some((run, item)), Some(details)) = (items.get(parent), details) {
                    let is_batched = runs[*run].state.get("ItemBatcher").is_some();
                    let item = &mut runs[*run].items[*item];
                    item.execution.clone_from(&details.durable_execution_arn);
                    let payload = details.input.as_ref().and_then(|it| it.payload.as_deref());
                    let run = payload.and_then(|text| ItemRun::of_text(text, key));
                    let together = run
                        .as_ref()
                        .and_then(|it| it.input.get("Items")?.as_array());
                    if let Some(together) = together.filter(|_| is_batched) {
                        item.number = together.len() as u64;
                    }
                }
            }
            _ => {}
        }
    }
    runs
}

/// The run that an item's execution belongs to, by the durable execution: its ARN, and the machine's name with its
/// label. `None` where the parent execution is gone, or has no such run.
pub(super) async fn around(
    app: &Arc<App>,
    item: &ItemRun,
    durable: &str,
) -> Result<Option<(String, String)>, StatesError> {
    let Some(execution) = item.execution.get("Id").and_then(Value::as_str) else {
        return Ok(None);
    };
    let input = json!({ "executionArn": execution });
    // Boxed, because the parent may be an item's execution again.
    let found = match Box::pin(named(app, &input)).await {
        Ok(found) => found,
        Err(error) if error.is_missing_execution() => return Ok(None),
        Err(error) => return Err(error),
    };
    let runs = runs(app, &found, execution).await?;
    let is_its = |item: &Item| item.execution.as_deref() == Some(durable);
    let run = runs.into_iter().find(|run| run.items.iter().any(is_its));
    Ok(run.map(|run| {
        let machine = labelled(found.machine.name.as_str(), &run.arn);
        (run.arn, machine)
    }))
}

/// A machine's name with the label of a run, as in the ARNs of the run's executions.
fn labelled(machine: &str, run: &str) -> String {
    let label = run
        .rsplit_once(':')
        .and_then(|(head, _)| head.rsplit_once('/'));
    let machine = shown(machine);
    format!("{machine}/{}", label.map_or("", |(_, label)| label))
}

/// The execution and the run of an ARN, with the execution's own ARN.
async fn find(app: &Arc<App>, input: &Value) -> Result<(Named, Run, String), StatesError> {
    let arn = required(input, "mapRunArn")?;
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "states", _, _, "mapRun", machine, id] = parts.as_slice() else {
        return Err(invalid(arn));
    };
    let machine = machine.split('/').next().unwrap_or_default();
    let (durable, _) = id.split_once('.').ok_or_else(|| invalid(arn))?;
    let missing = || {
        let message = format!("Map Run Does Not Exist: '{arn}'");
        StatesError::new("ResourceNotFound", message)
    };
    let execution = execution_arn(
        &app.registry.home,
        machine,
        &redrive_names::of(app, machine, durable),
    );
    let found = named(app, &json!({ "executionArn": execution })).await;
    let found = found.map_err(|_| missing())?;
    let runs = runs(app, &found, &execution).await?;
    let run = runs.into_iter().find(|run| run.arn == arn);
    Ok((found, run.ok_or_else(missing)?, execution))
}

pub(super) async fn list(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "executionArn")?;
    let named = named(app, input).await?;
    let runs = runs(app, &named, arn).await?;
    let runs = runs.iter().rev().map(|run| {
        let mut shown = json!({
            "executionArn": arn,
            "mapRunArn": run.arn,
            "stateMachineArn": named.machine.arn(app),
            "startDate": run.started,
        });
        if let Some(ended) = run.ended {
            shown["stopDate"] = json!(ended);
        }
        shown
    });
    page(input, "mapRuns", runs.collect())
}

pub(super) async fn describe(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let (_, run, execution) = find(app, input).await?;
    let limits = limits(&run.state);
    let mut shown = json!({
        "mapRunArn": run.arn,
        "executionArn": execution,
        "status": run.status(),
        "startDate": run.started,
        "maxConcurrency": limits.concurrency,
        "toleratedFailurePercentage": limits.percentage.unwrap_or_default(),
        "toleratedFailureCount": limits.count.unwrap_or_default(),
        "itemCounts": run.counts(|item| item.number),
        "executionCounts": run.counts(|_| 1),
        "redriveCount": 0,
    });
    if let Some(ended) = run.ended {
        shown["stopDate"] = json!(ended);
    }
    Ok(shown)
}

/// Refuses changes: the definition sets the limits of a run, which are fixed when it begins.
pub(super) async fn update(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    find(app, input).await?;
    Err(StatesError::validation(
        "A map run keeps the limits that it began with here. Change the definition, and start another execution.",
    ))
}

/// The executions of a run, newest first.
pub(super) async fn executions(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let (named, run, _) = find(app, input).await?;
    let wanted = super::error::optional(input, "statusFilter")?;
    let machine = labelled(named.machine.name.as_str(), &run.arn);
    let mut all = Vec::new();
    for item in run.items.iter().rev() {
        let Some(durable) = &item.execution else {
            continue;
        };
        let name = durable.split('/').nth(2).unwrap_or_default();
        let status = match item.ended {
            Some((_, true)) => "SUCCEEDED",
            Some((_, false)) => "FAILED",
            None if run.is_aborted => "ABORTED",
            None => "RUNNING",
        };
        if wanted.is_some_and(|wanted| wanted != status) {
            continue;
        }
        let mut shown = json!({
            "executionArn": execution_arn(&app.registry.home, &machine, name),
            "stateMachineArn": named.machine.arn(app),
            "mapRunArn": run.arn,
            "name": name,
            "status": status,
            "startDate": item.started,
            "itemCount": item.number,
            "redriveCount": 0,
        });
        if let Some((ended, _)) = item.ended {
            shown["stopDate"] = json!(ended);
        }
        all.push(shown);
    }
    page(input, "executions", all)
}
