//! Executions that an execution waits for: nested ones that it runs to their ends, and those of its map runs' items.
//!
//! They are stopped when their parent no longer waits: when it has ended in any way, or when its Parallel or Map state
//! failed. As on AWS, there is no guarantee: if a server dies at that moment, they go on.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::sync::Arc;

use lambda_api::{Event, EventType};
use model::{ExecutionArn, ExecutionId};
use serde_json::{Value, json};
use state_machine::{CALL_AND_WAIT, WATCH, Watched};
use store::StoreFault;

use super::error::StatesError;
use super::execution;
use super::execution_read::events;
use super::lambda::{Call, segment};
use super::machine::{self, Machine, newest};
use super::name::execution_arn;
use crate::app::App;

/// Stops the children of executions that end while this runs, until the server shuts down.
pub(crate) async fn run(app: Arc<App>) {
    let mut ends = app.driver.ends();
    let mut batches = app.ended_batches.subscribe();
    loop {
        let id = tokio::select! {
            () = app.shutdown.cancelled() => return,
            batch = batches.recv() => {
                if let Ok((arn, ended)) = batch {
                    stop_waited_for(&app, &arn, Some(&ended)).await;
                }
                continue;
            }
            ended = ends.next() => match ended {
                Some(id) => id,
                None => return,
            },
        };
        // Other servers handle the executions that end there.
        if !machine::all(&app).is_empty()
            && let Err(error) = ended(&app, &id).await
        {
            tracing::warn!(execution = %id, %error, "what it waited for is not stopped");
        }
    }
}

/// Whether a machine may wait for executions, by the text of its definition.
fn waits(machine: &Machine) -> bool {
    let definition = machine.definition().unwrap_or_default();
    definition.contains(".sync") || definition.contains("DISTRIBUTED")
}

async fn ended(app: &Arc<App>, id: &ExecutionId) -> Result<(), StoreFault> {
    let Some(execution) = app.driver.store().summary(id).await? else {
        return Ok(());
    };
    stop_waited_for(app, &execution.spec.arn, None).await;
    Ok(())
}

/// Stops the children of an ended execution, or of some ended operations of it.
async fn stop_waited_for(app: &Arc<App>, arn: &ExecutionArn, within: Option<&BTreeSet<String>>) {
    // The definition that the execution runs: the newest one may wait for no children.
    let machine = newest(app, arn.function.name.clone());
    let machine = machine.map(|newest| newest.at(app, &arn.version).unwrap_or(newest));
    if machine.is_some_and(|machine| waits(&machine)) {
        stop_all(app, arn, within).await;
    }
}

/// Stops the executions that an execution, or some operations of it, waited for; logs failures. Boxed, because the
/// stopped ones have waited for others.
fn stop_all<'a>(
    app: &'a Arc<App>,
    arn: &'a ExecutionArn,
    within: Option<&'a BTreeSet<String>>,
) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
    Box::pin(async move {
        let name = arn.function.name.as_str();
        let shown = execution_arn(&app.registry.home, name, arn.name.as_str());
        let events = match events(app, &arn.to_string(), &shown).await {
            Ok(events) => events,
            Err(error) => {
                let error = error.body().to_string();
                tracing::warn!(
                    execution = shown,
                    error,
                    "what it waited for is not stopped"
                );
                return;
            }
        };
        for child in waited_for(&events, name, within) {
            if let Err(error) = child.stop(app).await {
                let error = error.body().to_string();
                tracing::debug!(
                    execution = shown,
                    error,
                    "one that it waited for is not stopped"
                );
            }
        }
    })
}

/// Stops the executions that a stopped execution waited for, before the stop is answered.
pub(super) async fn stop(app: &Arc<App>, durable_arn: &str) {
    if let Ok(arn) = durable_arn.parse() {
        stop_all(app, &arn, None).await;
    }
}

/// An execution that a parent waits for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Child {
    /// The ARN of a machine's execution.
    Nested(String),
    /// The ARN of an item's durable execution.
    Item(String),
}

impl Child {
    async fn stop(self, app: &Arc<App>) -> Result<(), StatesError> {
        match self {
            Self::Nested(arn) => {
                let input = json!({ "executionArn": arn });
                execution::stop(app, &input).await.map(drop)
            }
            Self::Item(arn) => {
                let path = format!("/2025-12-01/durable-executions/{}/stop", segment(&arn));
                let stopped = Call::post(path, b"{}".to_vec()).answer(app).await;
                let missing = || StatesError::no_execution(&arn);
                stopped.map(drop).map_err(|refusal| refusal.states(missing))
            }
        }
    }
}

/// The executions that are still open by these events of a machine's execution, within some of its operations or in
/// all.
fn waited_for(
    events: &[Event],
    machine: &str,
    within: Option<&BTreeSet<String>>,
) -> BTreeSet<Child> {
    let mut around: HashMap<&str, &str> = HashMap::new();
    let mut items: HashMap<&str, &str> = HashMap::new();
    let mut open = BTreeSet::new();
    let own = format!(":function:{machine}:");
    for event in events {
        let Some(id) = event.id.as_deref() else {
            continue;
        };
        let parent = event.parent_id.as_deref().unwrap_or_default();
        around.insert(id, parent);
        let is_within = within.is_none_or(|within| {
            let ids = std::iter::successors(Some(parent), |id| around.get(id).copied());
            let mut ids = ids.take_while(|id| !id.is_empty());
            ids.any(|id| within.contains(id))
        });
        if !is_within {
            continue;
        }
        if let Some(started) = &event.chained_invoke_started_details {
            let arn = started.durable_execution_arn.as_deref();
            if let Some(arn) = arn.filter(|arn| arn.contains(&own)) {
                items.insert(id, arn);
            }
            continue;
        }
        if matches!(
            event.event_type,
            EventType::ChainedInvokeSucceeded
                | EventType::ChainedInvokeFailed
                | EventType::ChainedInvokeTimedOut
                | EventType::ChainedInvokeStopped
        ) {
            items.remove(id);
            continue;
        }
        let result = event.step_succeeded_details.as_ref();
        let Some(result) = result.and_then(|it| it.result.payload.as_deref()) else {
            continue;
        };
        match event.name.as_deref() {
            Some(CALL_AND_WAIT) => {
                let started = serde_json::from_str::<Value>(result).unwrap_or_default();
                let arn = started["ExecutionArn"].as_str();
                open.extend(arn.map(|arn| Child::Nested(arn.to_owned())));
            }
            Some(WATCH) => {
                let seen = serde_json::from_str::<Watched>(result).ok();
                let ended = seen.and_then(|it| it.ended).unwrap_or_default();
                if let Some(arn) = ended["ExecutionArn"].as_str() {
                    open.remove(&Child::Nested(arn.to_owned()));
                }
            }
            _ => {}
        }
    }
    open.extend(items.into_values().map(|arn| Child::Item(arn.to_owned())));
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, id: &str, parent: &str, more: Value) -> Event {
        let mut event = json!({
            "EventType": kind, "EventId": 1, "EventTimestamp": 1.0, "Id": id, "ParentId": parent,
        });
        let members = event.as_object_mut().expect("an object");
        members.extend(more.as_object().cloned().unwrap_or_default());
        serde_json::from_value(event).expect("an event")
    }

    fn step(name: &str, parent: &str, result: &Value) -> Event {
        let details = json!({ "Result": { "Payload": result.to_string() }, "RetryDetails": {} });
        let more = json!({ "Name": name, "StepSucceededDetails": details });
        event("StepSucceeded", name, parent, more)
    }

    #[test]
    fn what_is_open_is_found_within_what_has_ended() {
        let item = |function: &str| {
            format!(
                "arn:aws:lambda:us-east-1:000000000000:function:{function}:1/durable-execution/a/1"
            )
        };
        let invoked = |id: &str, arn: &str| {
            let details = json!({ "FunctionName": "f", "DurableExecutionArn": arn });
            event(
                "ChainedInvokeStarted",
                id,
                "item",
                json!({ "ChainedInvokeStartedDetails": details }),
            )
        };
        let nested =
            |arn: &str, parent| step(CALL_AND_WAIT, parent, &json!({ "ExecutionArn": arn }));
        let ended =
            json!({ "at_millis": 1, "ended": { "ExecutionArn": "done", "Status": "SUCCEEDED" } });
        let events = [
            event("ContextStarted", "parallel", "", json!({})),
            event("ContextStarted", "branch", "parallel", json!({})),
            nested("inside", "branch"),
            nested("done", "branch"),
            step(WATCH, "branch", &ended),
            nested("outside", ""),
            event("ContextStarted", "item", "map", json!({})),
            invoked("1", &item("m")),
            invoked("2", &item("other")),
        ];
        let child = |arn: &str| Child::Nested(arn.to_owned());
        let all = waited_for(&events, "m", None);
        let expected = [child("inside"), child("outside"), Child::Item(item("m"))];
        assert_eq!(all, BTreeSet::from(expected));
        let within = |id: &str| waited_for(&events, "m", Some(&BTreeSet::from([id.to_owned()])));
        assert_eq!(within("parallel"), BTreeSet::from([child("inside")]));
        assert_eq!(within("map"), BTreeSet::from([Child::Item(item("m"))]));
    }
}
