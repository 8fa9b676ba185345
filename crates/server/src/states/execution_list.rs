//! `ListExecutions`: the executions of a machine, newest first.
//!
//! The Lambda API lists durable executions. An execution of a machine is the first of its durable ones, and has the
//! status of the last one; executions of items are listed only with their map run.

use std::collections::HashMap;
use std::sync::Arc;

use lambda_api::{DurableExecutionSummary, ListDurableExecutionsByFunctionResponse};
use model::{ExecutionArn, Trigger};
use serde_json::{Value, json};
use state_machine::ItemRun;

use super::error::{StatesError, optional, required};
use super::execution_read::{find, status};
use super::lambda::{Call, segment};
use super::machine::{self, Machine};
use super::name::{self, execution_arn};
use super::page::limit;
use super::redrive_names;
use super::version::started_by;
use crate::app::App;

/// The most pages of durable executions that are read for one answer: after them it ends, with a token.
const PAGES_MAX: usize = 20;

/// The filter of a request.
struct Filter<'f> {
    status: Option<&'f str>,
    /// Whether only redriven executions are wanted, or only the others.
    is_redriven: Option<bool>,
}

impl<'f> Filter<'f> {
    fn of(input: &'f Value) -> Result<Self, StatesError> {
        let status = optional(input, "statusFilter")?;
        let known = [
            "RUNNING",
            "SUCCEEDED",
            "FAILED",
            "TIMED_OUT",
            "ABORTED",
            "PENDING_REDRIVE",
        ];
        if let Some(other) = status.filter(|it| !known.contains(it)) {
            return Err(StatesError::validation(format!(
                "'{other}' is not a status of an execution."
            )));
        }
        let is_redriven = match optional(input, "redriveFilter")? {
            None => None,
            Some("REDRIVEN") => Some(true),
            Some("NOT_REDRIVEN") => Some(false),
            Some(other) => {
                return Err(StatesError::validation(format!(
                    "'{other}' is no redrive filter: REDRIVEN and NOT_REDRIVEN are."
                )));
            }
        };
        Ok(Self {
            status,
            is_redriven,
        })
    }
}

pub(super) async fn list(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let filter = Filter::of(input)?;
    if input.get("mapRunArn").is_some_and(|it| !it.is_null()) {
        return super::map_run::executions(app, input).await;
    }
    let arn = required(input, "stateMachineArn")?;
    let machine = machine::find(app, arn)?;
    if machine.is_express() {
        return Err(StatesError::type_not_supported());
    }
    // No execution here waits for a redrive by its map run.
    if filter.status == Some("PENDING_REDRIVE") {
        return Ok(json!({ "executions": [] }));
    }
    let wanted = limit(input);
    // An alias may have two versions: the executions of the second follow those of the first.
    let versions = machine::versions_of(app, &machine);
    let token = optional(input, "nextToken")?;
    let (mut place, mut marker) = match token.and_then(|token| token.split_once(':')) {
        Some((place, marker)) if versions.len() > 1 => {
            (place.parse().unwrap_or(0_usize), Some(marker.to_owned()))
        }
        _ => (0, token.map(str::to_owned)),
    };
    let redriven: HashMap<String, usize> = redrive_names::names(&machine).into_iter().collect();
    let mut executions = Vec::new();
    let mut has_more = true;
    for _ in 0..PAGES_MAX {
        marker = marker.filter(|marker| !marker.is_empty());
        let mut path = format!(
            "/2025-12-01/functions/{}/durable-executions?MaxItems={}",
            segment(machine.name.as_str()),
            wanted - executions.len(),
        );
        if let Some(version) = versions.get(place) {
            path.push_str(&format!("&Qualifier={version}"));
        }
        // A redriven execution has the status of its last durable execution, and is listed in the place of its first
        // one.
        match filter.status.filter(|_| redriven.is_empty()) {
            None => {}
            Some("ABORTED") => path.push_str("&Statuses=STOPPED"),
            Some(status) => path.push_str(&format!("&Statuses={status}")),
        }
        if let Some(marker) = &marker {
            path.push_str(&format!("&Marker={}", segment(marker)));
        }
        let listed = Call::get(path)
            .read::<ListDurableExecutionsByFunctionResponse>(app)
            .await;
        let listed = listed.map_err(|refusal| refusal.states(|| StatesError::no_machine(arn)))?;
        for it in listed.durable_executions {
            let count = redriven
                .get(&name::shown(&it.durable_execution_name))
                .copied();
            executions.extend(shown(app, &machine, it, count, &filter).await?);
        }
        marker = listed.next_marker;
        if marker.is_none() && place + 1 < versions.len() {
            place += 1;
            marker = Some(String::new());
        }
        has_more = marker.is_some();
        if !has_more || executions.len() >= wanted {
            break;
        }
    }
    let mut answer = json!({ "executions": executions });
    if let Some(marker) = marker.filter(|_| has_more) {
        answer["nextToken"] = match versions.len() > 1 {
            true => json!(format!("{place}:{marker}")),
            false => json!(marker),
        };
    }
    Ok(answer)
}

/// A durable execution as an execution of the machine; `None` if it is a part of another one, or does not match the
/// filter.
async fn shown(
    app: &Arc<App>,
    machine: &Machine,
    first: DurableExecutionSummary,
    redriven: Option<usize>,
    filter: &Filter<'_>,
) -> Result<Option<Value>, StatesError> {
    let name = name::shown(&first.durable_execution_name);
    if redrive_names::is_one(app, machine, &name) || is_of_item(app, machine, &first).await? {
        return Ok(None);
    }
    let latest = match redriven {
        Some(count) => find(app, machine, &redrive_names::name_of(&name, count)).await?,
        None => None,
    };
    let (started, durable) = (first.start_timestamp, first.durable_execution_arn.clone());
    let stands = latest.unwrap_or(first);
    let is_wanted = filter.status.is_none_or(|it| it == status(&stands.status))
        && filter
            .is_redriven
            .is_none_or(|wanted| wanted == redriven.is_some());
    if !is_wanted {
        return Ok(None);
    }
    let mut shown = json!({
        "executionArn": execution_arn(&app.registry.home, machine.name.as_str(), &name),
        "stateMachineArn": machine.arn(app),
        "name": name,
        "status": status(&stands.status),
        "startDate": started,
        "redriveCount": redriven.unwrap_or_default(),
    });
    if let Some(end) = stands.end_timestamp {
        shown["stopDate"] = json!(end);
    }
    started_by(app, machine, &durable, &mut shown).await?;
    Ok(Some(shown))
}

/// Whether an execution processes an item of a distributed Map: it has no name of its own, another execution started
/// it, and its input says so.
async fn is_of_item(
    app: &Arc<App>,
    machine: &Machine,
    it: &DurableExecutionSummary,
) -> Result<bool, StatesError> {
    let Ok(arn) = it.durable_execution_arn.parse::<ExecutionArn>() else {
        return Ok(false);
    };
    if arn.name.as_str() != arn.id.as_str() {
        return Ok(false);
    }
    let record = app.driver.store().record(&arn.id).await?;
    let Some(record) = record else {
        return Ok(false);
    };
    let input = match record.spec.trigger {
        Trigger::ChainedInvoke(_) => record.spec.input.as_ref(),
        Trigger::Invoke | Trigger::EventSource(_) => None,
    };
    let key = machine.key(app);
    Ok(input.is_some_and(|text| ItemRun::of_text(text.as_str(), &key).is_some()))
}
