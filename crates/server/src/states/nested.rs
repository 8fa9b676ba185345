//! Executions that an execution runs to their ends.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Value, json};
use state_machine::{CALL_AND_WAIT, WATCH, Watched};

use super::execution;
use crate::app::App;

/// Stops those that a stopped execution was waiting for, as well as it goes: nobody is told of one that runs on.
pub(super) fn stop<'a>(
    app: &'a Arc<App>,
    durable_arn: &'a str,
    arn: &'a str,
) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
    Box::pin(async move {
        let events = match execution::events(app, durable_arn, arn).await {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(
                    execution = arn,
                    error = error.body().to_string(),
                    "the executions that it waited for are not stopped"
                );
                return;
            }
        };
        let mut waited_for = BTreeSet::new();
        for event in events {
            let result = event.step_succeeded_details.as_ref();
            let Some(result) = result.and_then(|it| it.result.payload.as_deref()) else {
                continue;
            };
            match event.name.as_deref() {
                Some(CALL_AND_WAIT) => {
                    let started = serde_json::from_str::<Value>(result).unwrap_or_default();
                    waited_for.extend(started["ExecutionArn"].as_str().map(str::to_owned));
                }
                Some(WATCH) => {
                    let seen = serde_json::from_str::<Watched>(result).ok();
                    let ended = seen.and_then(|it| it.ended).unwrap_or_default();
                    if let Some(arn) = ended["ExecutionArn"].as_str() {
                        waited_for.remove(arn);
                    }
                }
                _ => {}
            }
        }
        for child in waited_for {
            let stopped = execution::stop(app, &json!({ "executionArn": child })).await;
            if let Err(error) = stopped {
                let error = error.body().to_string();
                tracing::debug!(execution = child, error, "it is not stopped");
            }
        }
    })
}
