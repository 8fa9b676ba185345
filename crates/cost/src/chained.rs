//! What an execution invoked, which is paid for as well.

use std::collections::HashMap;

use lambda_api::Event;
use serde::Serialize;

/// A chained invoke of a plain function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainInvoke {
    /// The function as its caller named it.
    pub function: String,
    /// When, in milliseconds since 1970.
    pub began_at: i64,
    /// When its caller had the answer; nothing while it runs.
    pub ended_at: Option<i64>,
}

impl PlainInvoke {
    /// How long the caller waited, in milliseconds: the invocation itself, and what it waited for. Nothing while it runs.
    pub fn milliseconds(&self) -> Option<i64> {
        Some(self.ended_at? - self.began_at)
    }
}

/// Time in which a function ran, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invocation {
    /// The function's name.
    pub function: String,
    pub began_at: i64,
    /// Nothing while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

/// The invocations of an execution's own function that have ended.
pub fn invocations(events: &[Event], function: &str) -> Vec<Invocation> {
    let details = events
        .iter()
        .filter_map(|event| event.invocation_completed_details.as_ref());
    details
        .map(|it| Invocation {
            function: function.to_owned(),
            began_at: it.start_timestamp.as_millis(),
            ended_at: Some(it.end_timestamp.as_millis()),
        })
        .collect()
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

/// The chained invokes of plain functions, in the order in which they began.
pub fn plain_invokes(events: &[Event]) -> Vec<PlainInvoke> {
    let mut all: Vec<PlainInvoke> = Vec::new();
    let mut running: HashMap<&str, usize> = HashMap::new();
    for event in events {
        let Some(id) = event.id.as_deref() else {
            continue;
        };
        let at = event.event_timestamp.as_millis();
        if let Some(it) = &event.chained_invoke_started_details
            && it.durable_execution_arn.is_none()
        {
            running.insert(id, all.len());
            all.push(PlainInvoke {
                function: it.function_name.clone(),
                began_at: at,
                ended_at: None,
            });
        }
        let is_end = event.chained_invoke_succeeded_details.is_some()
            || event.chained_invoke_failed_details.is_some()
            || event.chained_invoke_timed_out_details.is_some()
            || event.chained_invoke_stopped_details.is_some();
        if is_end && let Some(index) = running.remove(id) {
            all[index].ended_at = Some(at);
        }
    }
    all
}
