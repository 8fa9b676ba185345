//! What an execution invoked, which is paid for as well.

use std::collections::HashMap;

use lambda_api::Event;

/// A chained invoke of a plain function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainInvoke {
    /// The function as its caller named it.
    pub function: String,
    /// How long the caller waited, in milliseconds: the invocation itself, and what it waited for.
    pub milliseconds: i64,
}

/// The executions that were started by chained invokes, by ARN.
pub fn chained_executions(events: &[Event]) -> Vec<String> {
    let details = events
        .iter()
        .filter_map(|event| event.chained_invoke_started_details.as_ref());
    details
        .filter_map(|it| it.durable_execution_arn.clone())
        .collect()
}

/// The chained invokes of plain functions that have ended.
pub fn plain_invokes(events: &[Event]) -> Vec<PlainInvoke> {
    let mut begun: HashMap<&str, (&str, i64)> = HashMap::new();
    let mut ended = Vec::new();
    for event in events {
        let Some(id) = event.id.as_deref() else {
            continue;
        };
        let at = event.event_timestamp.as_millis();
        if let Some(it) = &event.chained_invoke_started_details
            && it.durable_execution_arn.is_none()
        {
            begun.insert(id, (&it.function_name, at));
        }
        let is_end = event.chained_invoke_succeeded_details.is_some()
            || event.chained_invoke_failed_details.is_some()
            || event.chained_invoke_timed_out_details.is_some()
            || event.chained_invoke_stopped_details.is_some();
        if is_end && let Some((function, since)) = begun.remove(id) {
            ended.push(PlainInvoke {
                function: function.to_owned(),
                milliseconds: at - since,
            });
        }
    }
    ended
}
